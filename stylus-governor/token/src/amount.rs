//! Arithmetic on amounts as they lie in calldata and storage: words, big-endian.
//!
//! Each operation is one function for the whole program, because turning a word into a
//! number and back is most of its code.

use alloy_primitives::{B256, U256};

/// `amount` less `by`; nothing if that is below zero.
#[inline(never)]
#[must_use]
pub fn less(amount: &B256, by: &B256) -> Option<B256> {
    let rest = U256::from_be_bytes(amount.0).checked_sub(U256::from_be_bytes(by.0))?;
    Some(rest.into())
}

/// `amount` and `more`, at most the greatest amount there is.
#[inline(never)]
#[must_use]
pub fn plus(amount: &B256, more: &B256) -> B256 {
    U256::from_be_bytes(amount.0)
        .saturating_add(U256::from_be_bytes(more.0))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbius_host::number;

    #[test]
    fn subtracts_down_to_zero_and_no_further() {
        assert_eq!(less(&number(7), &number(7)), Some(number(0)));
        assert_eq!(
            less(&number(1 << 40), &number(1)),
            Some(number((1 << 40) - 1))
        );
        assert_eq!(less(&number(7), &number(8)), None);
    }

    #[test]
    fn adds_up_to_the_greatest_amount() {
        let greatest = B256::repeat_byte(0xff);
        assert_eq!(
            plus(&number(u64::MAX.into()), &number(1)),
            B256::from(U256::from(1_u128 << 64))
        );
        assert_eq!(plus(&greatest, &number(1)), greatest);
    }
}
