//! What the engine says about a contestation.

use super::record::Contestation;
use super::vote::demand;
use crate::abi::Words;
use crate::host;
use crate::revert::Revert;
use crate::state::{Config, Ledger};
use crate::tasks::Task;
use crate::validators::Stake;
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::contestation::vote_over;

/// `contestations(task)`: all zero if there is none.
pub(crate) fn contestation(task: B256) -> Result<Words, Revert> {
    let contestation = Contestation::of(task);
    let mut words = Words::with_capacity(4);
    words
        .address(&contestation.opening.contester)
        .uint(contestation.opening.time.into())
        .uint(contestation.count.settled.into())
        .uint(contestation.count.slash);
    Ok(words)
}

/// `contestationVoteYeas(task, index)`: zero where nobody voted.
pub(crate) fn yea(task: B256, index: U256) -> Result<Address, Revert> {
    Ok(Contestation::of(task).voter(true, index.saturating_to(), Address::ZERO))
}

/// `contestationVoteNays(task, index)`: zero where nobody voted.
pub(crate) fn nay(task: B256, index: U256) -> Result<Address, Revert> {
    let accused = Task::find(task).solver();
    Ok(Contestation::of(task).voter(false, index.saturating_to(), accused))
}

/// `contestationVoteCounts(task)`: how many voted yes and no.
pub(crate) fn counts(task: B256) -> Result<Words, Revert> {
    let count = Contestation::of(task).count;
    let mut words = Words::with_capacity(2);
    words.uint(count.yeas.into()).uint(count.nays.into());
    Ok(words)
}

/// `contestationVoted(task, validator)`: whether it has voted.
pub(crate) fn voted(task: B256, validator: Address) -> Result<bool, Revert> {
    let contestation = Contestation::of(task);
    let accused = Task::find(task).solver();
    Ok(contestation.exists() && contestation.has_voted(validator, accused))
}

/// `contestationVoteEnd(task)`: when the vote ends, if neither a late vote nor a pause
/// moves it; 0 without a contestation.
pub(crate) fn vote_end(task: B256) -> Result<u64, Revert> {
    let clock = Config::read().clock();
    Ok(Contestation::of(task)
        .end()
        .map_or(0, |end| clock.estimate(end, host::now())))
}

/// `votingPeriodEnded(task)`: whether the vote is over; false without a contestation.
pub(crate) fn ended(task: B256) -> Result<bool, Revert> {
    let now = Config::read().clock().unpaused(host::now());
    Ok(Contestation::of(task)
        .end()
        .is_some_and(|end| vote_over(now, end)))
}

/// `validatorCanVote(validator, task)`: 0, or the number of the first reason against it.
pub(crate) fn can_vote(validator: Address, task: B256) -> Result<u8, Revert> {
    let contestation = Contestation::of(task);
    let record = Task::find(task);
    let accused = record.solver();
    let stake = Stake::of(validator);
    let voter = contestation.voter_of(validator, &stake, accused);
    let now = Config::read().clock().unpaused(host::now());
    let solved = if record.flags().solved {
        record.reveal().time
    } else {
        0
    };
    let verdict = demand(solved, contestation.count.slash, &Ledger::read()).vote(
        &voter,
        now,
        contestation.end(),
    );
    Ok(verdict.map_or_else(u8::from, |()| 0))
}
