//! Ink: what operators and basic blocks cost.
//!
//! Each test works its number out from the price table in `stylus/prices.rs`, so that a
//! slip in either shows.

use crate::world::{
    GAS, HEADER, INK, MemoryWorld, frame, ink_used, program, run, run_in, with_body,
};
use arbius_devnet::stylus::{Program, Status, StylusParams};

fn cost_of(program: &Program) -> u64 {
    let outcome = run(program);
    assert_eq!(outcome.status, Status::Success);
    ink_used(program, &outcome)
}

/// Ink of `body` in a function that then returns 0: what is beyond `const` and `end`.
fn body_ink(body: &str) -> u64 {
    cost_of(&with_body(&format!("{body} i32.const 0"))) - (HEADER + 1 + 1)
}

#[test]
fn a_block_costs_its_header_and_its_operators() {
    // One block: const 1, end 1.
    assert_eq!(cost_of(&with_body("i32.const 0")), HEADER + 2);
}

#[test]
fn a_block_is_charged_before_it_runs() {
    // The operators after a trap are paid for all the same: unreachable 1, drop 9,
    // const 1, end 1.
    let program = with_body("unreachable drop i32.const 0");
    let outcome = run(&program);
    assert!(matches!(outcome.status, Status::Failure(_)));
    assert_eq!(ink_used(&program, &outcome), HEADER + 12);
}

#[test]
fn a_loop_is_a_block_for_each_round() {
    // Ten rounds that count a local down.
    let program = with_body(
        "(local $i i32)
         i32.const 10  local.set $i
         (loop $next
           local.get $i  i32.const 1  i32.sub  local.tee $i
           br_if $next)
         i32.const 0",
    );
    // Up to loop: const 1, set 210, loop 1.
    let before = HEADER + 212;
    // A round: get 75, const 1, sub 70, tee 75, br_if 765.
    let round = HEADER + 986;
    // After the last br_if: end of loop 1. Then const 1, end 1.
    let after = (HEADER + 1) + (HEADER + 2);
    assert_eq!(cost_of(&program), before + 10 * round + after);
}

#[test]
fn only_the_branch_taken_is_paid() {
    let if_on = |condition| {
        with_body(&format!(
            "i32.const {condition}
             (if (result i32) (then i32.const 0 i32.popcnt) (else i32.const 0))"
        ))
    };
    // Up to if: const 1, if 765.
    let before = HEADER + 766;
    // Then: const 1, popcnt 2650, else 1. Jumping over the else leads behind the end of if.
    let then = HEADER + 2652;
    // Else: const 1, end 1.
    let otherwise = HEADER + 2;
    // The end of the function.
    let after = HEADER + 1;
    assert_eq!(cost_of(&if_on(1)), before + then + after);
    assert_eq!(cost_of(&if_on(0)), before + otherwise + after);
}

#[test]
fn operators_cost_what_the_table_says() {
    let i32_binary = |op: &str| body_ink(&format!("i32.const 7 i32.const 3 {op} drop")) - 11;
    let i64_binary = |op: &str| body_ink(&format!("i64.const 7 i64.const 3 {op} drop")) - 11;
    let i32_unary = |op: &str| body_ink(&format!("i32.const 7 {op} drop")) - 10;
    let i64_unary = |op: &str| body_ink(&format!("i64.const 7 {op} drop")) - 10;

    for op in [
        "add", "sub", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr",
    ] {
        assert_eq!(i32_binary(&format!("i32.{op}")), 70, "i32.{op}");
        assert_eq!(i64_binary(&format!("i64.{op}")), 100, "i64.{op}");
    }
    for op in [
        "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
    ] {
        assert_eq!(i32_binary(&format!("i32.{op}")), 170, "i32.{op}");
        assert_eq!(i64_binary(&format!("i64.{op}")), 225, "i64.{op}");
    }
    for op in ["div_s", "div_u", "rem_s", "rem_u"] {
        assert_eq!(i32_binary(&format!("i32.{op}")), 1120, "i32.{op}");
        assert_eq!(i64_binary(&format!("i64.{op}")), 1270, "i64.{op}");
    }
    assert_eq!(i32_binary("i32.mul"), 160);
    assert_eq!(i64_binary("i64.mul"), 160);
    assert_eq!(i32_unary("i32.eqz"), 170);
    assert_eq!(i64_unary("i64.eqz"), 225);
    for op in ["clz", "ctz"] {
        assert_eq!(i32_unary(&format!("i32.{op}")), 210);
        assert_eq!(i64_unary(&format!("i64.{op}")), 210);
    }
    assert_eq!(i32_unary("i32.popcnt"), 2650);
    assert_eq!(i64_unary("i64.popcnt"), 6000);
    for op in [
        "i32.extend8_s",
        "i32.extend16_s",
        "i64.extend_i32_s",
        "i64.extend_i32_u",
    ] {
        assert_eq!(i32_unary(op), 100, "{op}");
    }
    for op in [
        "i32.wrap_i64",
        "i64.extend8_s",
        "i64.extend16_s",
        "i64.extend32_s",
    ] {
        assert_eq!(i64_unary(op), 100, "{op}");
    }

    for op in [
        "i32.load",
        "i32.load8_s",
        "i32.load8_u",
        "i32.load16_s",
        "i32.load16_u",
    ] {
        assert_eq!(i32_unary(op), 670, "{op}");
    }
    for op in [
        "load", "load8_s", "load8_u", "load16_s", "load16_u", "load32_s", "load32_u",
    ] {
        assert_eq!(i32_unary(&format!("i64.{op}")), 680, "i64.{op}");
    }
    for op in ["i32.store", "i32.store8", "i32.store16"] {
        assert_eq!(
            body_ink(&format!("i32.const 0 i32.const 0 {op}")) - 2,
            825,
            "{op}"
        );
    }
    for op in ["i64.store", "i64.store8", "i64.store16", "i64.store32"] {
        assert_eq!(
            body_ink(&format!("i32.const 0 i64.const 0 {op}")) - 2,
            950,
            "{op}"
        );
    }

    assert_eq!(body_ink("nop"), 1);
    assert_eq!(body_ink("memory.size drop"), 3000 + 9);
    assert_eq!(body_ink("i32.const 0 memory.grow drop"), 1 + 8050 + 9);
    assert_eq!(
        body_ink("i32.const 1 i32.const 2 i32.const 0 select drop"),
        3 + 1250 + 9
    );
    assert_eq!(body_ink("local.get 0 local.set 0"), 75 + 210);
    assert_eq!(body_ink("local.get 0 local.tee 0 drop"), 75 + 75 + 9);
}

#[test]
fn globals_cost_what_the_table_says() {
    let program = program(
        r#"(module
             (global $g (mut i64) (i64.const 5))
             (memory (export "memory") 1 1)
             (func (export "user_entrypoint") (param i32) (result i32)
               global.get $g  global.set $g  i32.const 0))"#,
    );
    // get 225, set 575, const 1, end 1.
    assert_eq!(cost_of(&program), HEADER + 802);
}

#[test]
fn a_call_ends_a_block_and_the_callee_begins_one() {
    let program = program(
        r#"(module
             (memory (export "memory") 1 1)
             (func $zero (result i32) i32.const 0)
             (func (export "user_entrypoint") (param i32) (result i32) call $zero))"#,
    );
    // call 3800 | const 1, end 1 | end 1
    assert_eq!(
        cost_of(&program),
        (HEADER + 3800) + (HEADER + 2) + (HEADER + 1)
    );
}

#[test]
fn an_indirect_call_costs_by_its_parameters() {
    let program = program(
        r#"(module
             (type $pair (func (param i32 i64) (result i32)))
             (table 1 funcref)
             (elem (i32.const 0) $f)
             (memory (export "memory") 1 1)
             (func $f (type $pair) i32.const 0)
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const 1  i64.const 2  i32.const 0  call_indirect (type $pair)))"#,
    );
    // three consts and call_indirect 13,610 + 2 · 650 | const 1, end 1 | end 1
    assert_eq!(
        cost_of(&program),
        (HEADER + 3 + 14_910) + (HEADER + 2) + (HEADER + 1)
    );
}

#[test]
fn a_jump_table_costs_by_its_targets() {
    let program = with_body(
        "(block $a (block $b (block $c
           local.get 0  br_table $a $b $c $a)))
         i32.const 0",
    );
    // block 1 three times, get 75, br_table 2,400 + 3 · 325 (the default target is free),
    // to the outermost block's end | const 1, end 1
    assert_eq!(cost_of(&program), (HEADER + 3 + 75 + 3375) + (HEADER + 2));
}

#[test]
fn a_return_ends_the_function_at_once() {
    // const 1, return 1
    assert_eq!(cost_of(&with_body("i32.const 0 return")), HEADER + 2);
}

#[test]
fn filling_and_copying_cost_by_the_byte() {
    // Three consts and 950; 100 for each byte.
    for bytes in [0u64, 1, 31, 5000] {
        let fill = format!("i32.const 0 i32.const 1 i32.const {bytes} memory.fill");
        assert_eq!(body_ink(&fill), 3 + 950 + 100 * bytes);
        let copy = format!("i32.const 0 i32.const 9 i32.const {bytes} memory.copy");
        assert_eq!(body_ink(&copy), 3 + 950 + 100 * bytes);
    }
}

#[test]
fn filling_happens_after_paying() {
    // 4 GiB of filling cost 429 billion ink; 10 million gas buy 100 billion.
    let program = with_body("i32.const 0 i32.const 1 i32.const -1 memory.fill i32.const 0");
    let outcome = run(&program);
    assert_eq!(outcome.status, Status::OutOfInk);
    assert_eq!(outcome.gas_left, 0);
    assert_eq!(outcome.ink_left, 0);
}

#[test]
fn metered_instructions_still_do_their_work() {
    // Fills ten bytes with 3, copies five of them to 100, and sums two words.
    let program = with_body(
        "i32.const 0 i32.const 3 i32.const 10 memory.fill
         i32.const 100 i32.const 2 i32.const 5 memory.copy
         i32.const 0 i32.load8_u
         i32.const 104 i32.load8_u i32.add
         i32.const 105 i32.load8_u i32.add",
    );
    // 3 + 3 + 0: not zero, so a revert; the exact value shows through exit codes only,
    // hence the comparison.
    assert_eq!(run(&program).status, Status::Revert);
    let equal = with_body(
        "i32.const 0 i32.const 3 i32.const 10 memory.fill
         i32.const 100 i32.const 2 i32.const 5 memory.copy
         i32.const 0 i32.load8_u
         i32.const 104 i32.load8_u i32.add
         i32.const 105 i32.load8_u i32.add
         i32.const 6 i32.ne",
    );
    assert_eq!(run(&equal).status, Status::Success);
}

#[test]
fn the_last_ink_is_enough_and_one_gas_less_is_not() {
    // An uncached start and one unit of gas, which buys 10,000 ink. The body uses
    // 2,450 + 7,548 + 2 = 10,000: 838 times drop(const), 10 each, is 8,380: too much;
    // 754 of them 7,540, nop 8 times 8.
    let body = format!(
        "{}{}i32.const 0",
        "i32.const 1 drop ".repeat(754),
        "nop ".repeat(8)
    );
    let program = with_body(&body);
    let start = program.costs().start_gas(&StylusParams::default(), false);
    let with_gas = |gas| {
        let mut frame = frame();
        frame.gas = gas;
        run_in(&mut MemoryWorld::default(), &program, frame)
    };
    let exact = with_gas(start + 1);
    assert_eq!((exact.status, exact.ink_left), (Status::Success, 0));
    let short = with_gas(start);
    assert_eq!((short.status, short.gas_left), (Status::OutOfInk, 0));
}

#[test]
fn gas_left_is_rounded_down() {
    let program = with_body("i32.const 0");
    let outcome = run(&program);
    let start = program.costs().start_gas(&StylusParams::default(), false);
    // 2,452 ink used: one unit of gas has been broken into.
    assert_eq!(outcome.gas_left, GAS - start - 1);
    assert_eq!(outcome.ink_left, (GAS - start) * INK - 2_452);
}

#[test]
fn an_endless_loop_ends_when_the_ink_does() {
    let program = with_body("(loop $again br $again) i32.const 0");
    let outcome = run(&program);
    assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfInk, 0));
}
