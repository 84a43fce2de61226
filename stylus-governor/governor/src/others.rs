//! What is asked of the token and the timelock. Either was named by whoever deployed the
//! governor or by vote; what they revert with is handed on.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use arbius_frame::{Refused, address_of, ask_word, word_of};
use arbius_protocol::encoding::Encoder;
use arbius_protocol::governance::OperationState;
use arbius_protocol::interfaces::{governor::IGovernor, timelock::ITimelock, token::IVotes};

use crate::layout;

/// The timelock.
#[must_use]
pub fn timelock() -> Address {
    address_of(&layout::TIMELOCK.load())
}

/// Votes of `account`, a word, at `time`, wei of AIUS.
///
/// # Errors
///
/// The token's: `ERC5805FutureLookup` for a time that is not past. `GovernorUnexpectedAnswer`
/// for an answer that is no number of votes.
pub fn votes(account: &B256, time: &B256) -> Result<u128, Refused> {
    ask_token(IVotes::getPastVotesCall::SELECTOR, &[*account, *time])
}

/// The supply at `time`, wei of AIUS.
///
/// # Errors
///
/// As [`votes`].
pub fn supply(time: &B256) -> Result<u128, Refused> {
    ask_token(IVotes::getPastTotalSupplyCall::SELECTOR, &[*time])
}

#[inline(never)]
fn ask_token(selector: [u8; 4], words: &[B256]) -> Result<u128, Refused> {
    // The supply, 1,000,000 AIUS, is below it: what is stored of votes has 80 bits.
    const LIMIT: u128 = 1 << 80;
    let token = address_of(&layout::TOKEN.load());
    let number = ask(&token, selector, words)?;
    u128::try_from(number)
        .ok()
        .filter(|number| *number < LIMIT)
        .ok_or_else(|| unexpected(&token))
}

/// The timelock's least delay, in seconds.
///
/// # Errors
///
/// `GovernorUnexpectedAnswer` for an answer that is no number of seconds.
pub fn least_delay() -> Result<u64, Refused> {
    let timelock = timelock();
    let delay = ask(&timelock, ITimelock::getMinDelayCall::SELECTOR, &[])?;
    u64::try_from(delay).map_err(|_| unexpected(&timelock))
}

/// The state of the timelock's operation `id` at `now`.
///
/// # Errors
///
/// The timelock's.
pub fn operation(id: &B256, now: u64) -> Result<OperationState, Refused> {
    let time = ask(&timelock(), ITimelock::getTimestampCall::SELECTOR, &[*id])?;
    Ok(OperationState::at(time.saturating_to(), now))
}

#[inline(never)]
fn ask(to: &Address, selector: [u8; 4], words: &[B256]) -> Result<U256, Refused> {
    let mut calldata = Encoder::new(&selector, words.len());
    for word in words {
        calldata.word(word);
    }
    let answer = ask_word(to, &calldata.finish())?;
    Ok(U256::from_be_bytes(answer.ok_or_else(|| unexpected(to))?.0))
}

fn unexpected(account: &Address) -> Refused {
    Refused::with::<IGovernor::GovernorUnexpectedAnswer>(&[account.into_word()])
}

/// A time as a word.
#[must_use]
pub fn time(seconds: u64) -> B256 {
    word_of(seconds.into())
}
