//! Numbers of 256 bits, and hashing.

use alloy_primitives::{U256, b256, keccak256};

use super::*;

#[test]
fn mathematics_is_that_of_the_evm() {
    let wide = |value: U256| value.to_be_bytes::<32>();
    let compute = |name: &'static str, operands: &[U256]| {
        let data: Vec<u8> = operands.iter().flat_map(|operand| wide(*operand)).collect();
        let args: Vec<i64> = (0..operands.len() as i64).map(|i| i * 32).collect();
        let params = if operands.len() == 2 {
            "i32 i32"
        } else {
            "i32 i32 i32"
        };
        // The result replaces the first operand: copy it to where tests look.
        let call = HostCall::new(name, params, &args).with_data(&data);
        let program = call.program();
        let outcome = run(&program);
        assert_eq!(outcome.status, Status::Success);
        let (ink, _) = call.run();
        let read = program_returning_first_word(name, params, &args, &data);
        (ink, U256::from_be_slice(&run(&read).output))
    };
    let n = |value: u64| U256::from(value);
    let zero = U256::ZERO;
    let max = U256::MAX;

    let div_ink = BASE + 3 * POINTER + 20_000;
    assert_eq!(compute("math_div", &[n(100), n(7)]), (div_ink, n(14)));
    assert_eq!(compute("math_div", &[n(100), zero]), (div_ink, zero));
    assert_eq!(compute("math_mod", &[n(100), n(7)]), (div_ink, n(2)));
    assert_eq!(compute("math_mod", &[n(100), zero]), (div_ink, zero));

    // 33 steps of 17,500, less one for each leading zero byte of the exponent, and 3,000.
    let pow_ink = |steps: u64| BASE + 3 * POINTER + 3_000 + steps * 17_500;
    assert_eq!(compute("math_pow", &[n(3), n(5)]), (pow_ink(2), n(243)));
    assert_eq!(compute("math_pow", &[n(3), zero]), (pow_ink(1), n(1)));
    assert_eq!(compute("math_pow", &[n(2), n(256)]), (pow_ink(3), zero));
    assert_eq!(compute("math_pow", &[max, max]), (pow_ink(33), max));

    let add_ink = BASE + 4 * POINTER + 21_000;
    assert_eq!(
        compute("math_add_mod", &[max, max, n(7)]),
        (add_ink, (max % n(7) * n(2)) % n(7))
    );
    assert_eq!(
        compute("math_add_mod", &[n(1), n(1), zero]),
        (add_ink, zero)
    );
    let mul_ink = BASE + 4 * POINTER + 24_100;
    assert_eq!(compute("math_mul_mod", &[max, max, n(12)]), (mul_ink, n(9)));
    assert_eq!(
        compute("math_mul_mod", &[n(2), n(3), zero]),
        (mul_ink, zero)
    );
}

fn program_returning_first_word(
    name: &'static str,
    params: &str,
    args: &[i64],
    data: &[u8],
) -> Program {
    let args: String = args.iter().map(|arg| format!("i32.const {arg} ")).collect();
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    program(&format!(
        r#"(module {} {}
             (memory (export "memory") 1 1)
             (data (i32.const 0) "{data}")
             (func (export "user_entrypoint") (param i32) (result i32)
               {args} call ${name}
               i32.const 0 i32.const 32 call $write_result
               i32.const 0))"#,
        hook(name, &format!("(param {params})")),
        hook("write_result", "(param i32 i32)"),
    ))
}

#[test]
fn hashing_costs_by_the_word_from_the_third_on() {
    for (len, words) in [(0u64, 0u64), (64, 0), (65, 1), (96, 1), (320, 8)] {
        let call =
            HostCall::new("native_keccak256", "i32 i32 i32", &[0, len as i64, out()]).returning(32);
        let (ink, output) = call.output();
        assert_eq!(ink, 121_800 + 21_000 * words, "{len} bytes");
        assert_eq!(
            output,
            Bytes::copy_from_slice(keccak256(vec![0; len as usize]).as_slice())
        );
    }
    let empty = b256!("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    let call = HostCall::new("native_keccak256", "i32 i32 i32", &[0, 0, out()]).returning(32);
    assert_eq!(call.output().1, Bytes::from(empty.0));
}
