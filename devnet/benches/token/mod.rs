//! The ERC-20 whose transfers are measured, and calls of it.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolConstructor, sol};

sol!(Token, "tests/solidity/Token.json");

/// Gas that every call here is given.
pub(crate) const GAS: u64 = 100_000;

/// Code that makes a token, all of it `owner`'s.
pub(crate) fn creation(owner: Address) -> Bytes {
    let arguments = Token::constructorCall {
        name_: "Bench".into(),
        owner,
        supply: U256::MAX,
    };
    [&Token::BYTECODE[..], &arguments.abi_encode()]
        .concat()
        .into()
}

pub(crate) fn transfer(to: Address, value: U256) -> Bytes {
    Token::transferCall { to, value }.abi_encode().into()
}

pub(crate) fn balance_of(owner: Address) -> Bytes {
    Token::balanceOfCall { owner }.abi_encode().into()
}

/// The address of the account with this number, that nobody has the key of.
pub(crate) fn account(number: u64) -> Address {
    Address::left_padding_from(&(0x1000_0000 + number).to_be_bytes())
}
