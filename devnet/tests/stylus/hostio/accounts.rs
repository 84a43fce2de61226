//! Other accounts: balances and code.

use alloy_primitives::{Address, U256, keccak256};

use super::*;

const ACCOUNT: Address = Address::repeat_byte(0xAC);

#[test]
fn accounts_are_cold_then_warm() {
    let mut world = MemoryWorld::default();
    world.balances.insert(ACCOUNT, U256::from(1_000u64));
    world.codes.insert(ACCOUNT, Bytes::from_static(b"code"));
    let data = ACCOUNT.as_slice();
    let ink = BASE + 2 * POINTER + API;
    let balance = HostCall::new("account_balance", "i32 i32", &[0, out()])
        .with_data(data)
        .returning(32);
    let (cold, output) = balance.output_in(&mut world);
    assert_eq!(U256::from_be_slice(&output), U256::from(1_000u64));
    assert_eq!(cold, ink + 2_600 * INK);
    assert_eq!(balance.output_in(&mut world).0, ink + 100 * INK);

    let hash = HostCall::new("account_codehash", "i32 i32", &[0, out()])
        .with_data(data)
        .returning(32);
    let (warm, output) = hash.output_in(&mut world);
    assert_eq!(
        output,
        Bytes::copy_from_slice(keccak256(b"code").as_slice())
    );
    assert_eq!(warm, ink + 100 * INK);
    assert_eq!(hash.output().0, ink + 2_600 * INK);
}

#[test]
fn code_costs_its_load_and_its_length() {
    let code = Bytes::from((0..100u8).collect::<Vec<_>>());
    let mut world = MemoryWorld::default();
    world.codes.insert(ACCOUNT, code.clone());
    let size = HostCall::new("account_code_size", "i32", &[0])
        .with_data(ACCOUNT.as_slice())
        .with_result("i32");
    let (cold, output) = size.output_in(&mut world);
    assert_eq!(output, Bytes::from(vec![100, 0, 0, 0]));
    assert_eq!(cold, BASE + API + 3_300 * INK);

    // The whole code is paid for, whatever part is asked for.
    let part = |offset, size| {
        HostCall::new("account_code", "i32 i32 i32 i32", &[0, offset, size, out()])
            .with_data(ACCOUNT.as_slice())
            .returning(8)
    };
    let mut read = part(10, 4);
    read.result = Some("i32");
    read.args[3] = out() + 4;
    let (warm, output) = read.output_in(&mut world);
    assert_eq!(output[..], [4, 0, 0, 0, 10, 11, 12, 13]);
    assert_eq!(warm, BASE + API + 800 * INK + 5_040 + 30 * 68);
    let mut beyond = part(98, 40);
    beyond.result = Some("i32");
    beyond.args[3] = out() + 4;
    assert_eq!(
        beyond.output_in(&mut world).1[..],
        [2, 0, 0, 0, 98, 99, 0, 0]
    );
}

#[test]
fn the_code_read_last_is_free_to_read_again() {
    let program = program(&format!(
        r#"(module {}
             (memory (export "memory") 1 1)
             (func $size i32.const 0 call $account_code_size drop)
             (func (export "user_entrypoint") (param i32) (result i32)
               call $size call $size i32.const 0))"#,
        hook("account_code_size", "(param i32) (result i32)")
    ));
    // call | const call | drop end
    let around = (HEADER + 3_800) + (HEADER + 3_801) + (HEADER + 10);
    let gas = |world: &mut MemoryWorld| {
        let outcome = run_in(world, &program, frame());
        (ink_used(&program, &outcome) - 2 * (around + BASE + API) - END) / INK
    };
    let mut world = MemoryWorld::default();
    assert_eq!(gas(&mut world), 3_300 + 800, "no code is not remembered");
    let mut world = MemoryWorld::default();
    world
        .codes
        .insert(Address::ZERO, Bytes::from_static(b"code"));
    assert_eq!(gas(&mut world), 3_300);
}
