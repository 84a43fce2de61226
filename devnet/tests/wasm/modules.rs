//! Makes modules that mean harm.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg,
    MemArgTarget, MemorySection, MemoryType, Module, RawSection, TypeSection, ValType,
};
use wasmparser::{Parser, Payload};

use super::random::Random;

/// Functions of the host that programs are given, with their numbers of parameters and
/// whether they return something. All parameters are `i32`.
const HOOKS: [(&str, usize, bool); 12] = [
    ("pay_for_memory_grow", 1, false),
    ("read_args", 1, false),
    ("write_result", 2, false),
    ("exit_early", 1, false),
    ("storage_load_bytes32", 2, false),
    ("storage_cache_bytes32", 2, false),
    ("storage_flush_cache", 1, false),
    ("emit_log", 3, false),
    ("native_keccak256", 3, false),
    ("return_data_size", 0, true),
    ("create1", 5, false),
    ("read_return_data", 3, true),
];

/// A program's code: its prefix, and the module compressed.
pub(crate) fn code(wasm: &[u8]) -> Vec<u8> {
    let mut code = vec![0xEF, 0xF0, 0x00, 0x00];
    let params = brotli::enc::BrotliEncoderParams {
        quality: 1,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &wasm[..], &mut code, &params).expect("memory can be written");
    code
}

/// A program with a few bytes changed, left out or put in, or cut off.
pub(crate) fn damaged(random: &mut Random) -> Vec<u8> {
    let mut wasm = hostile_program(random);
    damage(&mut wasm, random);
    wasm
}

/// The code of a program, damaged after compression, or a little that becomes much.
pub(crate) fn damaged_code(random: &mut Random) -> Vec<u8> {
    if random.below(20) == 0 {
        return code(&vec![random.next() as u8; 1 << (10 + random.below(15))]);
    }
    let mut code = code(&hostile_program(random));
    damage(&mut code, random);
    code
}

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        if bytes.is_empty() {
            return;
        }
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes[at] ^= 1 << random.below(8),
            2 if random.below(4) == 0 => bytes.truncate(at.max(8)),
            3 => {
                bytes.remove(at);
            }
            _ => bytes.insert(at, random.next() as u8),
        }
    }
}

/// A program's sections, out of order, left out, repeated, or with anything in them.
pub(crate) fn shuffled(random: &mut Random) -> Vec<u8> {
    let wasm = hostile_program(random);
    let mut sections: Vec<(u8, Vec<u8>)> = Parser::new(0)
        .parse_all(&wasm)
        .filter_map(|payload| payload.ok().as_ref().and_then(Payload::as_section))
        .map(|(id, range)| (id, wasm[range.start as usize..range.end as usize].to_vec()))
        .collect();
    for _ in 0..=random.below(3) {
        let at = random.below(sections.len());
        match random.below(5) {
            0 => {
                let other = random.below(sections.len());
                sections.swap(at, other);
            }
            1 if sections.len() > 1 => {
                sections.remove(at);
            }
            2 => sections.insert(at, sections[at].clone()),
            3 => {
                let len = random.below(64);
                sections.insert(at, ((random.next() % 16) as u8, random.bytes(len)));
            }
            _ => damage(&mut sections[at].1, random),
        }
    }
    let mut module = Module::new();
    for (id, data) in &sections {
        module.section(&RawSection { id: *id, data });
    }
    module.finish()
}

/// A valid program, or one just beyond what is allowed, that tries to use up something:
/// ink, stack, memory, or the patience of whoever compiles it.
pub(crate) fn hostile_program(random: &mut Random) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    for (index, (name, params, returns)) in (0u32..).zip(HOOKS) {
        types
            .ty()
            .function(vec![ValType::I32; params], returns.then_some(ValType::I32));
        imports.import("vm_hooks", name, EntityType::Function(index));
    }
    let hooks = HOOKS.len() as u32;
    types.ty().function([ValType::I32], [ValType::I32]);
    let most = if random.below(20) == 0 { 1_001 } else { 20 };
    let wide = random.below(most);
    types.ty().function(vec![ValType::I64; wide], []);

    let count = 1 + magnitude(random, 40) as u32;
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    functions.function(hooks);
    for _ in 1..count {
        functions.function(hooks + 1);
    }
    for index in 0..count {
        let locals = match random.below(30) {
            0 => u32::MAX,
            1 => 400,
            _ => magnitude(random, 300) as u32,
        };
        let mut function = Function::new([(2, ValType::I32), (locals, ValType::I64)]);
        let parameters = if index == 0 { 1 } else { wide as u32 };
        Body {
            random: &mut *random,
            functions: count,
            wide,
            scratch: parameters,
        }
        .write(&mut function.instructions());
        if index == 0 {
            let status = i32::from(random.below(3) == 0);
            function.instructions().i32_const(status);
        }
        function.instructions().end();
        code.function(&function);
    }

    let mut memories = MemorySection::new();
    let minimum = match random.below(20) {
        0 => 65_536,
        1 => 129,
        _ => magnitude(random, 128) as u64,
    };
    memories.memory(MemoryType {
        minimum,
        maximum: (random.below(2) == 0).then(|| minimum + random.below(3) as u64 * 1_000),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    for _ in 0..magnitude(random, 200) {
        globals.global(
            GlobalType {
                val_type: ValType::I32,
                mutable: true,
                shared: false,
            },
            &ConstExpr::i32_const(random.next() as i32),
        );
    }
    let mut exports = ExportSection::new();
    exports.export("user_entrypoint", ExportKind::Func, hooks);
    exports.export("memory", ExportKind::Memory, 0);
    let mut data = DataSection::new();
    for _ in 0..magnitude(random, 20) {
        let len = magnitude(random, 20_000);
        let offset = if random.below(30) == 0 { -1 } else { 0 };
        let bytes = vec![random.next() as u8; len];
        data.active(0, &ConstExpr::i32_const(offset), bytes);
    }

    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    module
        .section(&memories)
        .section(&globals)
        .section(&exports);
    module.section(&code).section(&data);
    module.finish()
}

/// A number up to `most`, of any magnitude alike.
fn magnitude(random: &mut Random, most: usize) -> usize {
    let bits = random.below(usize::BITS as usize - most.leading_zeros() as usize + 1);
    random.below(1 << bits).min(most)
}

struct Body<'r> {
    random: &'r mut Random,
    functions: u32,
    /// Parameters of every function but the first.
    wide: usize,
    /// Index of an `i32` local.
    scratch: u32,
}

impl Body<'_> {
    fn write(&mut self, out: &mut InstructionSink<'_>) {
        for _ in 0..1 + self.random.below(6) {
            self.statement(out, 3);
        }
    }

    /// Something that leaves the operand stack as it was.
    fn statement(&mut self, out: &mut InstructionSink<'_>, depth: usize) {
        match self.random.below(14) {
            // For ever, or until something runs out.
            0 | 1 if depth > 0 => {
                out.loop_(BlockType::Empty);
                self.statement(out, depth - 1);
                if self.random.below(2) == 0 {
                    out.br(0);
                } else {
                    self.value(out);
                    out.br_if(0);
                }
                out.end();
            }
            2 if depth > 0 => {
                self.value(out);
                out.if_(BlockType::Empty);
                self.statement(out, depth - 1);
                out.else_();
                self.statement(out, depth - 1);
                out.end();
            }
            3 => {
                let nested = magnitude(self.random, 3_000);
                for _ in 0..nested {
                    out.block(BlockType::Empty);
                }
                for _ in 0..nested {
                    out.end();
                }
            }
            4 => {
                let targets = magnitude(self.random, 20_000);
                out.block(BlockType::Empty);
                self.value(out);
                out.br_table(vec![0; targets], 0).end();
            }
            // Functions call each other, and themselves, without end.
            5 | 6 => {
                for _ in 0..self.wide {
                    out.i64_const(7);
                }
                if self.functions > 1 {
                    let callee = 1 + self.random.below(self.functions as usize - 1) as u32;
                    out.call(HOOKS.len() as u32 + callee);
                } else {
                    for _ in 0..self.wide {
                        out.drop();
                    }
                    out.i32_const(0).call(HOOKS.len() as u32).drop();
                }
            }
            7 => {
                self.value(out);
                out.memory_grow(0).local_set(self.scratch);
            }
            8 => {
                for _ in 0..3 {
                    self.value(out);
                }
                if self.random.below(2) == 0 {
                    out.memory_fill(0);
                } else {
                    out.memory_copy(0, 0);
                }
            }
            9 => {
                self.value(out);
                self.value(out);
                out.i32_store(MemArg {
                    offset: magnitude(self.random, 1 << 32) as u64 & 0xFFFF_FFFF,
                    align: 0,
                    target: MemArgTarget::Memory(0),
                    ordering: None,
                });
            }
            10 | 11 => {
                let hook = self.random.below(HOOKS.len());
                let (_, params, returns) = HOOKS[hook];
                for _ in 0..params {
                    self.value(out);
                }
                out.call(hook as u32);
                if returns {
                    out.local_set(self.scratch);
                }
            }
            12 if self.random.below(4) == 0 => {
                out.unreachable();
            }
            _ => {
                self.value(out);
                out.local_set(self.scratch);
            }
        }
    }

    /// Leaves one `i32` on the stack.
    fn value(&mut self, out: &mut InstructionSink<'_>) {
        match self.random.below(6) {
            0 => {
                out.local_get(self.scratch);
            }
            1 => {
                out.i32_const(self.random.next() as i32);
            }
            2 => {
                out.i32_const(magnitude(self.random, 1 << 31) as i32);
            }
            3 => {
                self.value(out);
                self.value(out);
                match self.random.below(4) {
                    0 => out.i32_div_s(),
                    1 => out.i32_rem_u(),
                    2 => out.i32_rotl(),
                    _ => out.i32_sub(),
                };
            }
            4 => {
                out.memory_size(0);
            }
            _ => {
                out.i32_const(magnitude(self.random, 600) as i32);
            }
        }
    }
}
