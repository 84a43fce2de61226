//! From a selector to the rule that answers it.

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall;
use arbius_calldata::{Args, split_selector};
use arbius_host as host;
use arbius_protocol::interfaces::token::{CAP, IToken};

use crate::{erc20, layout, refusal::Refusal};

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

/// What a function that always succeeds when it returns, returns.
const TRUE: Returned = Returned::Word(B256::with_last_byte(1));

/// Answers `calldata`.
///
/// # Errors
///
/// [`Refusal::UnknownFunction`] and [`Refusal::MalformedCalldata`] for calldata that no
/// function takes, [`Refusal::NotPayable`] if the call came with value, and what the
/// function itself refuses.
pub fn answer(calldata: &[u8]) -> Result<Returned, Refusal> {
    if host::has_value() {
        return Err(Refusal::NotPayable);
    }
    let (selector, args) = split_selector(calldata).ok_or(Refusal::MalformedCalldata)?;
    call(selector, args)
}

fn call(selector: [u8; 4], args: Args<'_>) -> Result<Returned, Refusal> {
    match selector {
        IToken::transferCall::SELECTOR => {
            erc20::transfer(args.address(0)?, args.uint(1)?)?;
            Ok(TRUE)
        }
        IToken::transferFromCall::SELECTOR => {
            erc20::transfer_from(args.address(0)?, args.address(1)?, args.uint(2)?)?;
            Ok(TRUE)
        }
        IToken::balanceOfCall::SELECTOR => Ok(Returned::Word(host::load(&layout::balance(
            args.address(0)?,
        )))),
        IToken::approveCall::SELECTOR => {
            erc20::approve(args.address(0)?, args.uint(1)?)?;
            Ok(TRUE)
        }
        IToken::allowanceCall::SELECTOR => Ok(Returned::Word(host::load(&layout::allowance(
            args.address(0)?,
            args.address(1)?,
        )))),
        IToken::totalSupplyCall::SELECTOR => Ok(Returned::Word(host::load(&layout::TOTAL_SUPPLY))),
        IToken::capCall::SELECTOR => Ok(Returned::Word(U256::from(CAP).into())),
        IToken::decimalsCall::SELECTOR => Ok(Returned::Word(B256::with_last_byte(18))),
        IToken::nameCall::SELECTOR => Ok(Returned::Text("Arbius")),
        IToken::symbolCall::SELECTOR => Ok(Returned::Text("AIUS")),
        IToken::initializeCall::SELECTOR => {
            erc20::initialize(args.tuples(0, 2)?)?;
            Ok(Returned::Nothing)
        }
        _ => Err(Refusal::UnknownFunction(selector)),
    }
}
