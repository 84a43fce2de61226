//! The errors that the token reverts with.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolError;
use arbius_calldata::Malformed;
use arbius_protocol::interfaces::token::{CAP, IToken};

/// Why a call was refused; each is the error of that name in [`IToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `ERC20InsufficientBalance(sender, balance, needed)`
    InsufficientBalance(Address, U256, U256),
    /// `ERC20InvalidSender(sender)`
    InvalidSender(Address),
    /// `ERC20InvalidReceiver(receiver)`
    InvalidReceiver(Address),
    /// `ERC20InsufficientAllowance(spender, allowance, needed)`
    InsufficientAllowance(Address, U256, U256),
    /// `ERC20InvalidSpender(spender)`
    InvalidSpender(Address),
    /// `InvalidInitialization()`
    InvalidInitialization,
    /// `SupplyNotCap(supply, cap)`
    SupplyNotCap(U256),
    /// `NotPayable()`
    NotPayable,
    /// `UnknownFunction(selector)`
    UnknownFunction([u8; 4]),
    /// `MalformedCalldata()`
    MalformedCalldata,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::MalformedCalldata
    }
}

/// The longest error: a selector and three words.
pub const MAX_LEN: usize = 4 + 3 * 32;

impl Refusal {
    /// Encodes the error into `buffer` and returns the part that it takes.
    pub fn encode<'a>(&self, buffer: &'a mut [u8; MAX_LEN]) -> &'a [u8] {
        let none = B256::ZERO;
        let (selector, words, count) = match *self {
            Self::InsufficientBalance(sender, balance, needed) => (
                IToken::ERC20InsufficientBalance::SELECTOR,
                [sender.into_word(), balance.into(), needed.into()],
                3,
            ),
            Self::InvalidSender(sender) => (
                IToken::ERC20InvalidSender::SELECTOR,
                [sender.into_word(), none, none],
                1,
            ),
            Self::InvalidReceiver(receiver) => (
                IToken::ERC20InvalidReceiver::SELECTOR,
                [receiver.into_word(), none, none],
                1,
            ),
            Self::InsufficientAllowance(spender, allowance, needed) => (
                IToken::ERC20InsufficientAllowance::SELECTOR,
                [spender.into_word(), allowance.into(), needed.into()],
                3,
            ),
            Self::InvalidSpender(spender) => (
                IToken::ERC20InvalidSpender::SELECTOR,
                [spender.into_word(), none, none],
                1,
            ),
            Self::InvalidInitialization => (IToken::InvalidInitialization::SELECTOR, [none; 3], 0),
            Self::SupplyNotCap(supply) => (
                IToken::SupplyNotCap::SELECTOR,
                [supply.into(), U256::from(CAP).into(), none],
                2,
            ),
            Self::NotPayable => (IToken::NotPayable::SELECTOR, [none; 3], 0),
            Self::UnknownFunction(selector) => (
                IToken::UnknownFunction::SELECTOR,
                [B256::right_padding_from(&selector), none, none],
                1,
            ),
            Self::MalformedCalldata => (IToken::MalformedCalldata::SELECTOR, [none; 3], 0),
        };
        let (head, tail) = buffer.split_at_mut(4);
        head.copy_from_slice(&selector);
        for (part, word) in tail.chunks_exact_mut(32).zip(&words) {
            part.copy_from_slice(word.as_slice());
        }
        buffer.get(..4 + count * 32).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_each_error_as_the_interface_does() {
        let account = Address::repeat_byte(0x11);
        let (one, two) = (U256::from(1), U256::from(2));
        let cases = [
            (
                Refusal::InsufficientBalance(account, one, two),
                IToken::ERC20InsufficientBalance {
                    sender: account,
                    balance: one,
                    needed: two,
                }
                .abi_encode(),
            ),
            (
                Refusal::InvalidSender(account),
                IToken::ERC20InvalidSender { sender: account }.abi_encode(),
            ),
            (
                Refusal::InvalidReceiver(account),
                IToken::ERC20InvalidReceiver { receiver: account }.abi_encode(),
            ),
            (
                Refusal::InsufficientAllowance(account, one, two),
                IToken::ERC20InsufficientAllowance {
                    spender: account,
                    allowance: one,
                    needed: two,
                }
                .abi_encode(),
            ),
            (
                Refusal::InvalidSpender(account),
                IToken::ERC20InvalidSpender { spender: account }.abi_encode(),
            ),
            (
                Refusal::InvalidInitialization,
                IToken::InvalidInitialization {}.abi_encode(),
            ),
            (
                Refusal::SupplyNotCap(one),
                IToken::SupplyNotCap {
                    supply: one,
                    cap: U256::from(CAP),
                }
                .abi_encode(),
            ),
            (Refusal::NotPayable, IToken::NotPayable {}.abi_encode()),
            (
                Refusal::UnknownFunction([1, 2, 3, 4]),
                IToken::UnknownFunction {
                    selector: [1, 2, 3, 4].into(),
                }
                .abi_encode(),
            ),
            (
                Refusal::MalformedCalldata,
                IToken::MalformedCalldata {}.abi_encode(),
            ),
        ];
        for (refusal, expected) in cases {
            assert_eq!(
                refusal.encode(&mut [0xff; MAX_LEN]),
                expected,
                "{refusal:?}"
            );
        }
    }
}
