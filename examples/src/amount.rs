//! Amounts for people to read.

use alloy_primitives::{U256, utils::format_ether};

/// An amount of wei in AIUS, without the zeros that say nothing.
#[must_use]
pub fn in_aius(wei: U256) -> String {
    let amount = format_ether(wei);
    let amount = amount.trim_end_matches('0').trim_end_matches('.');
    amount.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_end_with_a_digit_that_says_something() {
        let shown = |wei: u128| in_aius(U256::from(wei));
        assert_eq!(shown(100 * 10_u128.pow(18)), "100");
        assert_eq!(shown(45 * 10_u128.pow(16)), "0.45");
        assert_eq!(shown(1), "0.000000000000000001");
        assert_eq!(shown(0), "0");
    }
}
