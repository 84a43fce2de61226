//! Which programs may be activated, and what that costs.

use crate::world::{hook, run, try_activate, with_body};
use alloy_primitives::B256;
use arbius_devnet::stylus::{
    ActivationError, Program, ProgramCache, ProgramCosts, StylusParams, activate,
};

const ENTRY: &str = r#"(func (export "user_entrypoint") (param i32) (result i32) i32.const 0)"#;
const MEMORY: &str = r#"(memory (export "memory") 1 1)"#;

/// The rule that a module of `parts` breaks.
fn refused(parts: &str) -> ActivationError {
    match try_activate(&format!("(module {parts})")) {
        Ok(_) => panic!("this should be refused: {parts}"),
        Err(error) => error,
    }
}

fn accepted(parts: &str) {
    if let Err(error) = try_activate(&format!("(module {parts})")) {
        panic!("{error}: {parts}");
    }
}

/// The rule that a function with this body breaks.
fn refused_body(body: &str) -> ActivationError {
    refused(&format!("{MEMORY} {ENTRY} (func {body})"))
}

#[test]
fn the_smallest_program_is_accepted() {
    accepted(&format!("{MEMORY} {ENTRY}"));
}

#[test]
fn what_is_not_wasm_is_refused() {
    let params = StylusParams::default();
    for bytes in [
        &b""[..],
        b"\0asm",
        b"\0asm\x01\0\0",
        b"\0asm\x02\0\0\0",
        b"hello, world",
    ] {
        assert!(matches!(
            activate(bytes, &params, 128, false),
            Err(ActivationError::Malformed(_))
        ));
    }
    // An empty module is WASM, but no program.
    assert_eq!(refused(""), ActivationError::Entrypoint);
}

#[test]
fn unknown_versions_are_refused() {
    let wasm = wat::parse_str(format!("(module {MEMORY} {ENTRY})")).unwrap();
    let mut params = StylusParams::default();
    for version in [0, 4] {
        params.version = version;
        assert_eq!(
            activate(&wasm, &params, 128, false).unwrap_err(),
            ActivationError::Version(version)
        );
    }
}

#[test]
fn features_beyond_the_allowed_ones_are_refused() {
    let malformed = |error| assert!(matches!(error, ActivationError::Malformed(_)), "{error}");
    malformed(refused_body("(result i32 i32) i32.const 0 i32.const 0"));
    malformed(refused_body("i32.const 0 (block (param i32) drop)"));
    malformed(refused_body("f32.const 0 drop"));
    malformed(refused_body("(local f64)"));
    malformed(refused_body("(param f32)"));
    malformed(refused_body("v128.const i64x2 0 0 drop"));
    malformed(refused_body("(local externref)"));
    malformed(refused_body("ref.null func drop"));
    malformed(refused_body("return_call 0"));
    malformed(refused_body("i32.const 0 i32.atomic.load drop"));
    malformed(refused_body(
        "i32.const 0 i32.const 0 i32.const 0 select (result i32) drop",
    ));
    malformed(refused(&format!("{MEMORY} (memory 1) {ENTRY}")));
    malformed(refused(&format!(
        "(memory (export \"memory\") i64 1 1) {ENTRY}"
    )));
    malformed(refused(&format!("{MEMORY} {ENTRY} (tag)")));
    malformed(refused(&format!(
        "{MEMORY} {ENTRY} (global i32 i32.const 1 i32.const 2 i32.add)"
    )));
}

#[test]
fn only_two_of_the_bulk_memory_operators_are_allowed() {
    accepted(&format!(
        "{MEMORY} {ENTRY} (func i32.const 0 i32.const 0 i32.const 0 memory.fill)"
    ));
    accepted(&format!(
        "{MEMORY} {ENTRY} (func i32.const 0 i32.const 0 i32.const 0 memory.copy)"
    ));
    for (part, operator) in [
        (
            "(table 1 funcref) (elem funcref)",
            "i32.const 0 i32.const 0 i32.const 0 table.init 0",
        ),
        ("(table 1 funcref) (elem func)", "elem.drop 0"),
        (
            "(table 1 funcref)",
            "i32.const 0 i32.const 0 i32.const 0 table.copy",
        ),
    ] {
        let error = refused(&format!("{MEMORY} {ENTRY} {part} (func {operator})"));
        assert!(
            matches!(
                error,
                ActivationError::Operator(_)
                    | ActivationError::Section(_)
                    | ActivationError::Malformed(_)
            ),
            "{error}"
        );
    }
    // Passive data needs a section that counts segments, which is refused as such.
    let error = refused(&format!(
        r#"{MEMORY} {ENTRY} (data "x")
           (func i32.const 0 i32.const 0 i32.const 0 memory.init 0)"#
    ));
    assert_eq!(error, ActivationError::Section("data count"));
}

#[test]
fn imports_must_be_functions_that_the_chain_offers() {
    assert!(matches!(
        refused(&format!(r#"(import "vm_hooks" "sleep" (func)) {MEMORY} {ENTRY}"#)),
        ActivationError::UnknownImport { name, .. } if name == "sleep"
    ));
    assert!(matches!(
        refused(&format!(r#"(import "env" "read_args" (func (param i32))) {MEMORY} {ENTRY}"#)),
        ActivationError::UnknownImport { module, .. } if module == "env"
    ));
    assert!(matches!(
        refused(&format!("{} {MEMORY} {ENTRY}", hook("read_args", "(param i64)"))),
        ActivationError::ImportSignature { name, .. } if name == "read_args"
    ));
    assert!(matches!(
        refused(&format!(
            "{} {MEMORY} {ENTRY}",
            hook("read_args", "(param i32) (result i32)")
        )),
        ActivationError::ImportSignature { .. }
    ));
    assert!(matches!(
        refused(&format!(
            r#"(import "vm_hooks" "memory" (memory 1 1)) {ENTRY}"#
        )),
        ActivationError::ImportKind { .. }
    ));
}

#[test]
fn the_console_is_there_for_debugging_only() {
    let wat =
        format!(r#"(module (import "console" "log_i32" (func (param i32))) {MEMORY} {ENTRY})"#);
    let wasm = wat::parse_str(wat).unwrap();
    let params = StylusParams::default();
    assert!(activate(&wasm, &params, 128, true).is_ok());
    assert!(matches!(
        activate(&wasm, &params, 128, false),
        Err(ActivationError::UnknownImport { .. })
    ));
}

#[test]
fn the_entrypoint_must_be_a_function_from_i32_to_i32() {
    for entry in [
        "",
        "(func (param i32) (result i32) i32.const 0)",
        r#"(func (export "main") (param i32) (result i32) i32.const 0)"#,
        r#"(func (export "user_entrypoint") (result i32) i32.const 0)"#,
        r#"(func (export "user_entrypoint") (param i32))"#,
        r#"(func (export "user_entrypoint") (param i64) (result i32) i32.const 0)"#,
        r#"(global (export "user_entrypoint") i32 i32.const 0)"#,
    ] {
        assert_eq!(
            refused(&format!("{MEMORY} {entry}")),
            ActivationError::Entrypoint,
            "{entry}"
        );
    }
    let imported = r#"(import "vm_hooks" "account_code_size" (func $f (param i32) (result i32)))
                      (export "user_entrypoint" (func $f))"#;
    assert_eq!(
        refused(&format!("{imported} {MEMORY}")),
        ActivationError::Entrypoint
    );
}

#[test]
fn the_memory_must_be_there_exported_and_paid_for() {
    assert_eq!(refused(ENTRY), ActivationError::Memory);
    assert_eq!(
        refused(&format!("(memory 1 1) {ENTRY}")),
        ActivationError::Memory
    );
    assert_eq!(
        refused(&format!(r#"(memory (export "mem") 1 1) {ENTRY}"#)),
        ActivationError::Memory
    );
    assert_eq!(
        refused(&format!(r#"(memory (export "memory") 1) {ENTRY}"#)),
        ActivationError::UnpaidGrowth
    );
    accepted(&format!(
        r#"{} (memory (export "memory") 1) {ENTRY}"#,
        hook("pay_for_memory_grow", "(param i32)")
    ));
}

#[test]
fn the_memory_must_fit_into_what_is_left() {
    accepted(&format!(r#"(memory (export "memory") 128 128) {ENTRY}"#));
    assert_eq!(
        refused(&format!(r#"(memory (export "memory") 129 129) {ENTRY}"#)),
        ActivationError::Pages {
            pages: 129,
            limit: 128
        }
    );
    let wasm = wat::parse_str(format!(
        r#"(module (memory (export "memory") 9 9) {ENTRY})"#
    ))
    .unwrap();
    let params = StylusParams::default();
    // No chain's own limit may be beyond what the compiler takes.
    let huge = wat::parse_str(format!(
        r#"(module (memory (export "memory") 129 129) {ENTRY})"#
    ));
    assert_eq!(
        activate(&huge.unwrap(), &params, 200, false).unwrap_err(),
        ActivationError::Pages {
            pages: 129,
            limit: 128
        }
    );
    assert!(activate(&wasm, &params, 9, false).is_ok());
    assert_eq!(
        activate(&wasm, &params, 8, false).unwrap_err(),
        ActivationError::Pages { pages: 9, limit: 8 }
    );
}

#[test]
fn start_functions_are_refused() {
    assert_eq!(
        refused(&format!("{MEMORY} {ENTRY} (func $s) (start $s)")),
        ActivationError::Start
    );
}

#[test]
fn names_of_the_chain_are_reserved() {
    assert_eq!(
        refused(&format!(
            r#"{MEMORY} {ENTRY} (func (export "stylus_ink_left"))"#
        )),
        ActivationError::Reserved("stylus_ink_left".into())
    );
    // What counts is what follows the last double underscore.
    assert_eq!(
        refused(&format!(r#"{MEMORY} {ENTRY} (func (export "a__stylus"))"#)),
        ActivationError::Reserved("stylus".into())
    );
    accepted(&format!(r#"{MEMORY} {ENTRY} (func (export "mystylus"))"#));
    assert_eq!(
        refused(&format!(
            r#"{} {MEMORY} {ENTRY} (func (export "x__read_args"))"#,
            hook("read_args", "(param i32)")
        )),
        ActivationError::ImportExported("read_args".into())
    );
}

#[test]
fn segments_must_fit() {
    accepted(&format!(
        r#"{MEMORY} {ENTRY} (data (i32.const 65533) "abc")"#
    ));
    assert!(matches!(
        refused(&format!(
            r#"{MEMORY} {ENTRY} (data (i32.const 65534) "abc")"#
        )),
        ActivationError::Segment {
            offset: 65_534,
            len: 3,
            size: 65_536,
            ..
        }
    ));
    assert!(matches!(
        refused(&format!(r#"{MEMORY} {ENTRY} (data (i32.const -1) "")"#)),
        ActivationError::Segment {
            offset: 0xFFFF_FFFF,
            ..
        }
    ));
    assert!(matches!(
        refused(&format!(
            "{MEMORY} {ENTRY} (table 2 funcref) (elem (i32.const 1) 0 0)"
        )),
        ActivationError::Segment {
            offset: 1,
            len: 2,
            size: 2,
            ..
        }
    ));
}

#[test]
fn counts_are_limited() {
    let too_many =
        |parts: &str, count: u64, limit: u64| match refused(&format!("{MEMORY} {ENTRY} {parts}")) {
            ActivationError::TooMany {
                count: c, limit: l, ..
            } => assert_eq!((c, l), (count, limit)),
            other => panic!("{other}"),
        };
    too_many(&"(func)".repeat(4096), 4097, 4096);
    too_many(&r#"(data (i32.const 0) "x")"#.repeat(129), 129, 128);
    let table = "(table 1 funcref)";
    too_many(
        &format!("{table} {}", "(elem (i32.const 0))".repeat(129)),
        129,
        128,
    );
    // A segment of n functions takes 4 bytes and its length (1 or 2) and then one a function.
    let segment = |n: usize| {
        format!(
            "(table 4096 funcref) (elem (i32.const 0) {})",
            "0 ".repeat(n)
        )
    };
    accepted(&format!("{MEMORY} {ENTRY} {}", segment(4_090)));
    too_many(&segment(4_091), 4_097, 4_096);
    // The meters add four globals.
    too_many(&"(global i32 i32.const 0)".repeat(32_765), 32_769, 32_768);
    too_many("(table 4097 funcref)", 4097, 4096);
    too_many(&format!("(func (local {}))", "i32 ".repeat(349)), 349, 348);
    accepted(&format!(
        "{MEMORY} {ENTRY} (func (local {}))",
        "i32 ".repeat(348)
    ));
    let imports = hook("msg_reentrant", "(result i32)")
        .replace("$msg_reentrant", "")
        .repeat(514);
    assert!(matches!(
        refused(&format!("{imports} {MEMORY} {ENTRY}")),
        ActivationError::TooMany {
            count: 514,
            limit: 513,
            ..
        }
    ));
}

#[test]
fn operators_are_counted_with_the_meters() {
    // A function: 12 to enter, 12 for the one block, the nops, `end`, 5 to leave.
    let with_nops = |nops: usize| format!("{MEMORY} {ENTRY} (func {})", "nop ".repeat(nops));
    accepted(&with_nops(65_536 - 30));
    assert!(matches!(
        refused(&with_nops(65_536 - 29)),
        ActivationError::TooMany {
            count: 65_537,
            limit: 65_536,
            ..
        }
    ));
}

#[test]
fn frames_are_limited() {
    // 4,095 constants, and the header of the block that follows `drop`s: the first
    // block's header stands before any of them, so the worst is the constants alone.
    let with_operands = |count: usize| {
        format!(
            "{MEMORY} {ENTRY} (func {}{})",
            "i32.const 0 ".repeat(count),
            "drop ".repeat(count)
        )
    };
    accepted(&with_operands(4096));
    assert!(matches!(
        refused(&with_operands(4097)),
        ActivationError::Frame {
            function: 1,
            words: 4097,
            limit: 4096
        }
    ));
}

#[test]
fn names_that_are_not_names_are_refused() {
    let mut wasm = wat::parse_str(format!("(module {MEMORY} {ENTRY})")).unwrap();
    // A custom section "name" whose only subsection is cut off.
    wasm.extend([0, 7, 4, b'n', b'a', b'm', b'e', 0, 9]);
    assert!(matches!(
        activate(&wasm, &StylusParams::default(), 128, false),
        Err(ActivationError::Malformed(_))
    ));
    let name = "n".repeat(513);
    assert!(matches!(
        try_activate(&format!("(module ${name} {MEMORY} {ENTRY})")),
        Err(ActivationError::TooMany {
            count: 513,
            limit: 512,
            ..
        })
    ));
}

#[test]
fn costs_follow_the_size_of_the_program() {
    let wat = format!(
        r#"(module {MEMORY} {ENTRY} (global i32 i32.const 0) (data (i32.const 0) "{}")
             (func (param i32 i64)) (func (param i32) (result i32) local.get 0))"#,
        "x".repeat(1000)
    );
    let wasm = wat::parse_str(&wat).unwrap();
    let (len, functions, words) = (wasm.len() as u64, 3, 6);
    let activation = activate(&wasm, &StylusParams::default(), 128, false).unwrap();
    // Three functions; 2 + 2 + 2 parameters and results; 1 + 4 globals; one page; a data
    // segment of 1,000 bytes with 6 before them (flag, two for the offset, `end`, two for
    // the length).
    assert_eq!(
        *activation.program.costs(),
        ProgramCosts {
            version: 3,
            init_cost: (functions * 8_252 / 1_000 + words * 1_059 / 1_000 + len * 1_286 / 10_000)
                as u16,
            cached_init_cost: (functions * 13_420 / 100_000
                + words * 89 / 100_000
                + len * 122 / 100_000
                + 5 * 1_628 / 1_000
                + 1_006 * 75_244 / 100_000
                + 5) as u16,
            footprint: 1,
            asm_estimate: (512_000
                + functions * 996_829 / 1_000
                + words * 11_416 / 1_000
                + len * 62_628 / 10_000) as u32,
        }
    );
    // Operators: each function has 12 to enter, 12 for its one block, 5 to leave, and its
    // own: const end, end, get end.
    let operators = functions * 29 + 2 + 1 + 2;
    let microseconds = len * 31_733 / 100_000
        + functions * 17_263 / 100_000
        + 1_000 * 17_376 / 100_000
        + 2_217
        + operators * 535 / 1_000;
    assert_eq!(activation.gas, microseconds * 28);
}

#[test]
fn version_1_charges_the_cached_start_within_the_other() {
    let wasm = wat::parse_str(format!("(module {MEMORY} {ENTRY})")).unwrap();
    let mut params = StylusParams::default();
    let costs_of =
        |params: &StylusParams| *activate(&wasm, params, 128, false).unwrap().program.costs();
    let v2 = costs_of(&params);
    params.version = 1;
    let v1 = costs_of(&params);
    assert_eq!(v1.init_cost, v2.init_cost + v2.cached_init_cost);
    assert_eq!(v1.start_gas(&params, false), v1.init_gas(&params));
    assert_eq!(v1.start_gas(&params, true), v1.cached_gas(&params));
}

#[test]
fn equal_programs_have_equal_hashes() {
    let (a, b) = (with_body("i32.const 0"), with_body("i32.const 1"));
    assert_eq!(a.module_hash(), with_body("i32.const 0").module_hash());
    assert_ne!(a.module_hash(), b.module_hash());
}

#[test]
fn the_cache_forgets_what_was_not_used_for_longest() {
    let cache = ProgramCache::new(std::num::NonZeroUsize::new(2).unwrap());
    let hash = B256::repeat_byte;
    let program: Program = with_body("i32.const 0");
    cache.insert(hash(1), program.clone());
    cache.insert(hash(2), program.clone());
    assert!(cache.get(&hash(1)).is_some());
    cache.clone().insert(hash(3), program.clone());
    assert!(cache.get(&hash(2)).is_none());
    let kept = cache.get(&hash(1)).expect("it was used last");
    assert_eq!(run(&kept), run(&program));
}

#[test]
fn machines_and_programs_can_move_between_threads() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<arbius_devnet::stylus::Machine>();
    send::<Program>();
    sync::<Program>();
    sync::<ProgramCache>();
}
