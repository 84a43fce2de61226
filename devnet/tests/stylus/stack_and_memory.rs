//! What programs are allowed to use: words of stack and pages of memory.

use crate::world::{
    GAS, HEADER, MemoryWorld, environment, expect_done, frame, hook, ink_used, program, run,
    run_in, starting_ink, with_body,
};
use arbius_devnet::stylus::{Machine, MemoryModel, Pages, Resume, Status, StylusParams};

/// A program whose function calls itself `depth` times.
fn recursing(depth: u32) -> arbius_devnet::stylus::Program {
    program(&format!(
        r#"(module
             (memory (export "memory") 1 1)
             (func $down (param $n i32)
               local.get $n
               if
                 local.get $n  i32.const 1  i32.sub  call $down
               end)
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const {depth} call $down i32.const 0))"#
    ))
}

#[test]
fn the_stack_holds_exactly_as_many_frames_as_fit_into_it() {
    // $down: at most 2 operands of its own (get, const), but the checks at the heads of
    // blocks hold 2 on top of what is there: before `if` nothing, so 2; inside nothing,
    // so 2; after `call` nothing. Worst 2, no locals, 4 for the frame: 6 words.
    // The entrypoint likewise: 6 words.
    // A frame needs more than its size to be left: with 22,000 words, the entrypoint
    // leaves 21,994, and n frames of $down fit while 21,994 - 6·(n - 1) > 6: n = 3,665.
    // A depth of d makes d + 1 frames.
    assert_eq!(run(&recursing(3_664)).status, Status::Success);
    let outcome = run(&recursing(3_665));
    assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfStack, 0));
}

#[test]
fn returning_gives_the_stack_back() {
    // 100,000 calls one after the other, through each way out of a function.
    let program = program(
        r#"(module
             (memory (export "memory") 1 1)
             (func $end (param i32))
             (func $return (param i32) local.get 0 if return end return)
             (func (export "user_entrypoint") (param i32) (result i32)
               (local $i i32)
               i32.const 100000 local.set $i
               loop $next
                 local.get $i call $end
                 local.get $i call $return
                 i32.const 0 call $return
                 local.get $i i32.const 1 i32.sub local.tee $i
                 br_if $next
               end
               i32.const 0))"#,
    );
    assert_eq!(run(&program).status, Status::Success);
}

#[test]
fn a_jump_out_of_the_function_keeps_its_frame_as_on_nitro() {
    // Nitro gives a frame back before `return` and at the end of a function, not at a
    // branch to the function's own label. 4 words of frame and 2 of the header are lost
    // by each call of $jump: 22,000 - 6 of the entrypoint, 21,994 / 6 = 3,665 calls.
    let program = |calls: u32| {
        program(&format!(
            r#"(module
                 (memory (export "memory") 1 1)
                 (func $jump br 0)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   (local $i i32)
                   i32.const {calls} local.set $i
                   loop $next
                     call $jump
                     local.get $i i32.const 1 i32.sub local.tee $i
                     br_if $next
                   end
                   i32.const 0))"#
        ))
    };
    // The entrypoint: worst 2, one local, 4: 7 words. 21,993 - 6·(n - 1) > 6: n = 3,665.
    assert_eq!(run(&program(3_665)).status, Status::Success);
    assert_eq!(run(&program(3_666)).status, Status::OutOfStack);
}

#[test]
fn locals_and_operands_make_frames_larger() {
    let status = |locals: usize, operands: usize, depth: u32| {
        let program = program(&format!(
            r#"(module
                 (memory (export "memory") 1 1)
                 (func $down (param $n i32) (local {}) {}{}
                   local.get $n
                   if
                     local.get $n  i32.const 1  i32.sub  call $down
                   end)
                 (func (export "user_entrypoint") (param i32) (result i32)
                   i32.const {depth} call $down i32.const 0))"#,
            "i64 ".repeat(locals),
            "i32.const 1 ".repeat(operands),
            "drop ".repeat(operands),
        ));
        run(&program).status
    };
    // 2 + 300 locals + 4: 306 words, of 21,994: 71 frames, the last with 574 words left.
    assert_eq!(status(300, 0, 70), Status::Success);
    assert_eq!(status(300, 0, 71), Status::OutOfStack);
    // 100 operands + 4: 104 words: 211 frames, the last with 154 words left.
    assert_eq!(status(0, 100, 210), Status::Success);
    assert_eq!(status(0, 100, 211), Status::OutOfStack);
}

#[test]
fn the_exponential_term_is_the_power_it_is_said_to_be() {
    let model = MemoryModel::new(0, 0);
    let base = f64::exp(31_874_000f64.ln() / 128.0);
    for pages in 1..=128u16 {
        let cost = model.gas_cost(pages, Pages::default());
        assert_eq!(
            cost,
            base.powi(i32::from(pages)) as u64 - 1,
            "{pages} pages"
        );
    }
    assert_eq!(model.gas_cost(129, Pages::default()), u64::MAX - 1);
}

#[test]
fn memory_is_charged_by_what_is_open_and_what_ever_was() {
    let model = StylusParams::default().memory_model();
    let pages = |open, ever| Pages { open, ever };
    // The first two pages are free.
    assert_eq!(model.gas_cost(2, pages(0, 0)), 0);
    assert_eq!(model.gas_cost(1, pages(0, 0)), 0);
    assert_eq!(model.gas_cost(1, pages(1, 1)), 0);
    // The third costs 1,000; the term is 1 up to five pages, so no difference.
    assert_eq!(model.gas_cost(1, pages(2, 2)), 1_000);
    assert_eq!(model.gas_cost(3, pages(0, 0)), 1_000);
    // Ten pages at once: 8 beyond the free ones, and 3 - 1.
    assert_eq!(model.gas_cost(10, pages(0, 0)), 8_002);
    // Again after they were closed: the term was paid already.
    assert_eq!(model.gas_cost(10, pages(0, 10)), 8_000);
    // 128 pages: 126,000 and 31,873,999 - 1.
    assert_eq!(model.gas_cost(128, pages(0, 0)), 126_000 + 31_873_998);
}

#[test]
fn a_program_pays_for_its_pages_at_the_start_and_closes_them_at_the_end() {
    let program = program(
        r#"(module (memory (export "memory") 5 5)
             (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#,
    );
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame());
    // Three pages beyond the free ones.
    let start = program.costs().start_gas(&StylusParams::default(), false) + 3_000;
    assert_eq!(outcome.gas_left, GAS - start - 1);
    assert_eq!(world.pages, Pages { open: 0, ever: 5 });
}

#[test]
fn a_start_that_cannot_be_paid_takes_all_gas_and_opens_nothing() {
    let program = with_body("i32.const 0");
    let mut frame = frame();
    frame.gas = program.costs().start_gas(&StylusParams::default(), false) - 1;
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame);
    assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfInk, 0));
    assert_eq!(world.pages, Pages::default());
}

#[test]
fn a_cached_program_starts_for_less() {
    // No functions' worth of cost beyond the least: 69 · 128 and 11 · 32, plus the
    // program's own costs at 100 %.
    let program = with_body("i32.const 0");
    let costs = *program.costs();
    let params = StylusParams::default();
    let least_cached = 11 * 32 + u64::from(costs.cached_init_cost);
    let least = 69 * 128 + u64::from(costs.init_cost);
    assert_eq!(costs.start_gas(&params, true), least_cached);
    assert_eq!(costs.start_gas(&params, false), least_cached + least);

    let mut frame = frame();
    frame.cached = true;
    let outcome = run_in(&mut MemoryWorld::default(), &program, frame);
    assert_eq!(outcome.gas_left, GAS - least_cached - 1);
}

fn growing(by: &str) -> arbius_devnet::stylus::Program {
    program(&format!(
        r#"(module {}
             (memory (export "memory") 1)
             (func (export "user_entrypoint") (param i32) (result i32)
               i32.const {by} memory.grow  i32.const 1  i32.ne))"#,
        hook("pay_for_memory_grow", "(param i32)")
    ))
}

#[test]
fn growing_pays_for_each_page_beyond_the_free_ones() {
    // 9 pages more make 10: 8 beyond the free ones and 3 - 1 for the term, in gas; and
    // const 1, grow 8,050, const 1, ne 170, end 1.
    let program = growing("9");
    let mut world = MemoryWorld::default();
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(outcome.status, Status::Success);
    assert_eq!(
        ink_used(&program, &outcome),
        HEADER + 8_223 + 8_002 * 10_000
    );
    assert_eq!(world.pages, Pages { open: 0, ever: 10 });
}

#[test]
fn growing_by_nothing_costs_a_host_call() {
    let program = growing("0");
    assert_eq!(ink_used(&program, &run(&program)), HEADER + 8_223 + 8_400);
}

#[test]
fn no_gas_buys_more_than_128_pages() {
    let program = growing("128");
    let mut frame = frame();
    frame.gas = u64::MAX / 20_000;
    let outcome = run_in(&mut MemoryWorld::default(), &program, frame);
    assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfInk, 0));
}

#[test]
fn growth_beyond_16_bits_takes_all_ink() {
    // Nitro's `test_memory_grow_overflow_compatibility` (crates/stylus/src/test/native.rs):
    // since ArbOS 59 these are no longer cut off to 0 and 1 pages.
    for pages in ["65536", "65537", "-1"] {
        let outcome = run(&growing(pages));
        assert_eq!((outcome.status, outcome.gas_left), (Status::OutOfInk, 0));
    }
}

#[test]
fn a_caller_s_pages_count_for_its_callee() {
    let program = with_body("i32.const 0");
    let mut world = MemoryWorld {
        pages: Pages { open: 4, ever: 4 },
        ..MemoryWorld::default()
    };
    let outcome = run_in(&mut world, &program, frame());
    assert_eq!(
        outcome.ink_left,
        starting_ink(&program) - 1_000 * 10_000 - HEADER - 2
    );
    assert_eq!(world.pages, Pages { open: 4, ever: 5 });
}

#[test]
fn pages_of_the_whole_call_stack_are_limited() {
    // Nitro's `testNestedStylusCumulativeFootprint` (system_tests/program_test.go), with a
    // limit that gas does not reach first: 10 pages are open, 20 may be.
    let params = StylusParams {
        page_limit: 20,
        ..StylusParams::default()
    };
    let run_with = |program: &arbius_devnet::stylus::Program, open: u16| {
        let mut world = MemoryWorld {
            pages: Pages { open, ever: open },
            ..MemoryWorld::default()
        };
        let mut machine = Machine::start(program, frame(), &environment(), &params);
        let outcome = expect_done(machine.run(&mut world, Resume::Start).unwrap());
        (outcome.status, outcome.gas_left > 0, world.pages)
    };
    let of = |pages: u32| {
        program(&format!(
            r#"(module (memory (export "memory") {pages} {pages})
                 (func (export "user_entrypoint") (param i32) (result i32) i32.const 0))"#
        ))
    };
    let (status, gas_left, pages) = run_with(&of(10), 10);
    assert_eq!((status, gas_left), (Status::Success, true));
    assert_eq!((pages.open, pages.ever), (10, 20));
    // The frame fails before its pages are opened.
    let (status, gas_left, pages) = run_with(&of(11), 10);
    assert_eq!((status, gas_left), (Status::OutOfInk, false));
    assert_eq!((pages.open, pages.ever), (10, 10));

    // Likewise for pages that are asked for later; those count as having been open.
    let (status, ..) = run_with(&growing("9"), 10);
    assert_eq!(status, Status::Success);
    let (status, gas_left, pages) = run_with(&growing("10"), 10);
    assert_eq!((status, gas_left), (Status::OutOfInk, false));
    assert_eq!((pages.open, pages.ever), (10, 21));
}
