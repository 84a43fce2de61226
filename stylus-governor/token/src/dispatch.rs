//! From a selector to the rule that answers it.

use alloy_primitives::B256;
use alloy_sol_types::SolCall;
use arbius_calldata::{Malformed, split_selector};
use arbius_host::{self as host, word};
use arbius_protocol::interfaces::token::IToken;

use crate::{erc20, layout, refusal::Refused};

/// What a call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// No data.
    Nothing,
    /// One word: a number, an amount or a truth.
    Word(B256),
    /// A text of up to 32 bytes.
    Text(&'static str),
}

/// What a function that succeeds whenever it returns, returns.
const TRUE: Returned = Returned::Word(B256::with_last_byte(1));

/// Answers `calldata`.
///
/// # Errors
///
/// `UnknownFunction` and `MalformedCalldata` for calldata that no function takes,
/// `NotPayable` if the call came with value, and what the function itself refuses.
pub fn answer(calldata: &[u8]) -> Result<Returned, Refused> {
    if host::has_value() {
        return Err(Refused::with::<IToken::NotPayable>(&[]));
    }
    let (selector, args) = split_selector(calldata).ok_or(Malformed)?;
    let stored = |slot: B256| Ok(Returned::Word(host::load(&slot)));
    match u32::from_be_bytes(selector) {
        TRANSFER => {
            erc20::transfer(args.account(0)?, args.word(1)?)?;
            Ok(TRUE)
        }
        TRANSFER_FROM => {
            erc20::transfer_from(args.account(0)?, args.account(1)?, args.word(2)?)?;
            Ok(TRUE)
        }
        APPROVE => {
            erc20::approve(args.account(0)?, args.word(1)?)?;
            Ok(TRUE)
        }
        BALANCE_OF => stored(layout::balance(args.account(0)?)),
        ALLOWANCE => stored(layout::allowance(args.account(0)?, args.account(1)?)),
        TOTAL_SUPPLY => stored(word!(layout::TOTAL_SUPPLY)),
        CAP => Ok(Returned::Word(word!(erc20::SUPPLY))),
        DECIMALS => Ok(Returned::Word(B256::with_last_byte(18))),
        NAME => Ok(Returned::Text("Arbius")),
        SYMBOL => Ok(Returned::Text("AIUS")),
        INITIALIZE => {
            erc20::initialize(args.tuples(0, 2)?)?;
            Ok(Returned::Nothing)
        }
        _ => Err(Refused::with::<IToken::UnknownFunction>(&[
            &B256::right_padding_from(&selector),
        ])),
    }
}

const TRANSFER: u32 = selector::<IToken::transferCall>();
const TRANSFER_FROM: u32 = selector::<IToken::transferFromCall>();
const APPROVE: u32 = selector::<IToken::approveCall>();
const BALANCE_OF: u32 = selector::<IToken::balanceOfCall>();
const ALLOWANCE: u32 = selector::<IToken::allowanceCall>();
const TOTAL_SUPPLY: u32 = selector::<IToken::totalSupplyCall>();
const CAP: u32 = selector::<IToken::capCall>();
const DECIMALS: u32 = selector::<IToken::decimalsCall>();
const NAME: u32 = selector::<IToken::nameCall>();
const SYMBOL: u32 = selector::<IToken::symbolCall>();
const INITIALIZE: u32 = selector::<IToken::initializeCall>();

/// A function's selector as a number, which one comparison tells from another.
const fn selector<C: SolCall>() -> u32 {
    u32::from_be_bytes(C::SELECTOR)
}
