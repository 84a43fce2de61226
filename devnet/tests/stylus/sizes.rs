//! What a program's size costs: each factor by itself, in a size that makes it a whole number.

use arbius_devnet::stylus::{
    DataPricer,
    prices::{ProgramSize, activation_gas, asm_estimate, cached_init_cost, init_cost},
};

const NONE: ProgramSize = ProgramSize {
    wasm: 0,
    functions: 0,
    signature_words: 0,
    operators: 0,
    globals: 0,
    data: 0,
    data_segments: 0,
    element_segments: 0,
    pages: 0,
};

fn wasm(wasm: u64) -> ProgramSize {
    ProgramSize { wasm, ..NONE }
}

fn functions(functions: u64) -> ProgramSize {
    ProgramSize { functions, ..NONE }
}

fn signatures(signature_words: u64) -> ProgramSize {
    ProgramSize {
        signature_words,
        ..NONE
    }
}

fn elements(element_segments: u64) -> ProgramSize {
    ProgramSize {
        element_segments,
        ..NONE
    }
}

fn pages(pages: u64) -> ProgramSize {
    ProgramSize { pages, ..NONE }
}

#[test]
fn activation_is_paid_by_the_microsecond() {
    // 28 gas each. 100,000 bytes of WASM take 31,733, functions 17,263, bytes of data or of
    // element segments 17,376; a page 2,217; 1,000 operators 535.
    assert_eq!(activation_gas(&NONE), 0);
    assert_eq!(activation_gas(&wasm(100_000)), 888_524);
    assert_eq!(activation_gas(&functions(100_000)), 483_364);
    let data = |data| ProgramSize { data, ..NONE };
    assert_eq!(activation_gas(&data(100_000)), 486_528);
    assert_eq!(activation_gas(&elements(100_000)), 486_528);
    assert_eq!(activation_gas(&pages(1)), 62_076);
    let operators = |operators| ProgramSize { operators, ..NONE };
    assert_eq!(activation_gas(&operators(1_000)), 14_980);
    // Each part is rounded down by itself: 0.99 microseconds of three kinds are none.
    let crumbs = ProgramSize {
        wasm: 3,
        functions: 5,
        data: 5,
        ..NONE
    };
    assert_eq!(activation_gas(&crumbs), 0);
}

#[test]
fn machine_code_is_estimated() {
    assert_eq!(asm_estimate(&NONE), 512_000);
    assert_eq!(asm_estimate(&functions(1_000)), 512_000 + 996_829);
    assert_eq!(asm_estimate(&signatures(1_000)), 512_000 + 11_416);
    assert_eq!(asm_estimate(&wasm(10_000)), 512_000 + 62_628);
}

#[test]
fn a_cached_start_costs_by_size() {
    assert_eq!(cached_init_cost(&NONE), 0);
    assert_eq!(cached_init_cost(&functions(100_000)), 13_420);
    assert_eq!(cached_init_cost(&signatures(100_000)), 89);
    assert_eq!(cached_init_cost(&wasm(100_000)), 122);
    let globals = |globals| ProgramSize { globals, ..NONE };
    assert_eq!(cached_init_cost(&globals(1_000)), 1_628);
    let data = |data_segments| ProgramSize {
        data_segments,
        ..NONE
    };
    assert_eq!(cached_init_cost(&data(100_000)), 75_244);
    assert_eq!(cached_init_cost(&elements(100_000)), 75_244);
    assert_eq!(cached_init_cost(&pages(1)), 5);
}

#[test]
fn an_uncached_start_costs_by_size() {
    for version in [2, 3] {
        assert_eq!(init_cost(&NONE, version), 0);
        assert_eq!(init_cost(&functions(1_000), version), 8_252);
        assert_eq!(init_cost(&signatures(1_000), version), 1_059);
        assert_eq!(init_cost(&wasm(10_000), version), 1_286);
        assert_eq!(init_cost(&pages(1), version), 0);
    }
    // In version 1 the cached start is a part of it.
    assert_eq!(init_cost(&pages(1), 1), 5);
}

#[test]
fn the_data_fee_follows_demand() {
    // Bytes of demand over 21,360,419 are the exponent, here 1: ten thousand in basis points.
    // The series of twelve terms gives 27,182; 82,928,201 wei times that, over 10,000, is
    // 225,415,435 wei per byte.
    let mut pricer = DataPricer::default();
    assert_eq!((pricer.demand, pricer.updated_at), (0, 1_421_388_000));
    let now = 1_800_000_000;
    assert_eq!(pricer.update(21_360_419, now), 225_415_435 * 21_360_419);
    // 34,865 bytes are forgotten each second.
    pricer.update(0, now + 2);
    assert_eq!(pricer.demand, 21_360_419 - 2 * 34_865);
    assert_eq!(pricer.updated_at, now + 2);
}
