//! Faults of the interpreter that must not reach programs.

use arbius_devnet::stylus::metered;

use super::execution::{AMPLE_INK, Bounds, End, Mode, Number, Runner, STACK_WORDS};

#[test]
fn a_select_may_compare_the_value_that_it_picks() {
    // The divisor, or 1 if it is 0, as compilers guard divisions.
    let wasm = wat::parse_str(
        r#"(module (func (export "divide") (param i32 i32) (result i32) (local $divisor i32)
             (local.set $divisor (local.get 1))
             local.get 0
             (select (i32.const 1) (local.get $divisor) (i32.eqz (local.get $divisor)))
             i32.div_u))"#,
    )
    .expect("the text is WASM");
    let mut runner = Runner::new(
        Mode::Metered,
        Bounds {
            ink: AMPLE_INK,
            stack: STACK_WORDS,
            fuel: None,
        },
    );
    let instrumented = metered::instrument(&wasm).expect("it has allowed features only");
    let instance = runner
        .instantiate(&instrumented)
        .expect("it has no imports");
    let divide = instance
        .get_func(&runner.store, "divide")
        .expect("it is exported");
    for (dividend, divisor, quotient) in [(5, 0, 5), (5, 1, 5), (5, 3, 1), (1000, 7, 142)] {
        let arguments = [Number::I32(dividend), Number::I32(divisor)];
        let expected = End::Values(vec![Number::I32(quotient)]);
        assert_eq!(runner.call(divide, &arguments), expected, "{arguments:?}");
    }
}
