//! How a program reverts: always with an error of its interface.

use alloy_primitives::B256;
use alloy_sol_types::SolError;
use arbius_calldata::Malformed;
use arbius_protocol::interfaces::token::IToken;

use crate::hooks::write_result;

/// The longest error: a selector and three words.
const MAX_LEN: usize = 4 + 3 * 32;

/// The call is refused, and the error that says why is what it reverts with.
///
/// It carries nothing itself, so that it costs nothing to hand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(());

impl Refused {
    /// Refuses with the error `E`, whose arguments are `words`: three at most.
    #[inline]
    #[must_use]
    pub fn with<E: SolError>(words: &[&B256]) -> Self {
        raise(E::SELECTOR, words)
    }

    /// Refuses a selector that no function has.
    #[must_use]
    pub fn unknown(selector: u32) -> Self {
        Self::with::<IToken::UnknownFunction>(&[&B256::right_padding_from(&selector.to_be_bytes())])
    }
}

/// The error has the same name, and so the same selector, in every interface.
impl From<Malformed> for Refused {
    fn from(_: Malformed) -> Self {
        Self::with::<IToken::MalformedCalldata>(&[])
    }
}

#[inline(never)]
fn raise(selector: [u8; 4], words: &[&B256]) -> Refused {
    write_result(encode(selector, words, &mut [0; MAX_LEN]));
    Refused(())
}

/// The error as the ABI encodes it, in the part of `buffer` that it takes.
fn encode<'a>(selector: [u8; 4], words: &[&B256], buffer: &'a mut [u8; MAX_LEN]) -> &'a [u8] {
    let (head, tail) = buffer.split_at_mut(4);
    head.copy_from_slice(&selector);
    for (part, word) in tail.chunks_exact_mut(32).zip(words) {
        part.copy_from_slice(word.as_slice());
    }
    buffer.get(..4 + words.len() * 32).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{Address, U256};
    use arbius_protocol::interfaces::vesting::IVesting;

    #[test]
    fn encodes_errors_as_the_interface_does() {
        let account = Address::repeat_byte(0x11);
        let (one, two) = (U256::from(1), U256::from(2));
        let words = [account.into_word(), one.into(), two.into()];
        assert_eq!(
            encode(
                IToken::ERC20InsufficientBalance::SELECTOR,
                &[&words[0], &words[1], &words[2]],
                &mut [0xff; MAX_LEN]
            ),
            IToken::ERC20InsufficientBalance {
                sender: account,
                balance: one,
                needed: two,
            }
            .abi_encode()
        );
        assert_eq!(
            encode(IToken::NotPayable::SELECTOR, &[], &mut [0xff; MAX_LEN]),
            IToken::NotPayable {}.abi_encode()
        );
    }

    #[test]
    fn errors_that_every_contract_has_are_the_same_in_each() {
        assert_eq!(
            IToken::MalformedCalldata::SELECTOR,
            IVesting::MalformedCalldata::SELECTOR
        );
        assert_eq!(IToken::NotPayable::SELECTOR, IVesting::NotPayable::SELECTOR);
        assert_eq!(
            IToken::UnknownFunction::SELECTOR,
            IVesting::UnknownFunction::SELECTOR
        );
    }
}
