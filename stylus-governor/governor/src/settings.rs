//! Initialisation, and the parameters that a vote can change. Their bounds are
//! `arbius_protocol::governance::Setting`'s.

use alloy_primitives::{Address, B256, U256};
use arbius_calldata::Args;
use arbius_frame::{Event, Refused, call, event, is_behind_proxy, word_of};
use arbius_host as host;
use arbius_protocol::governance::{Change, Setting, value_at};
use arbius_protocol::interfaces::governor::IGovernor;

use crate::{layout, others};

/// The version of the storage layout that [`initialize`] leads to.
const VERSION: u128 = 1;

/// `initialize(token, timelock, votingDelay, votingPeriod, proposalThreshold,
/// quorumNumerator)`.
///
/// # Errors
///
/// `NotBehindProxy`, `InvalidInitialization`, `GovernorInvalidContract`,
/// `GovernorParameterOutOfBounds`.
///
/// # Events
///
/// `TimelockChange`, `VotingDelaySet`, `VotingPeriodSet`, `ProposalThresholdSet`,
/// `QuorumNumeratorUpdated`, `Initialized`.
pub fn initialize(args: &Args<'_>) -> Result<(), Refused> {
    if !is_behind_proxy() {
        return Err(Refused::with::<IGovernor::NotBehindProxy>(&[]));
    }
    if layout::TOKEN.load() != B256::ZERO {
        return Err(Refused::with::<IGovernor::InvalidInitialization>(&[]));
    }
    let token = contract(args.account(0)?)?;
    let mut word = B256::ZERO;
    word[..20].copy_from_slice(token.as_slice());
    layout::TOKEN.store(&word);
    name_timelock(args.account(1)?)?;
    name_voting_delay(Setting::VOTING_DELAY.at_start(), args.word(2)?)?;
    name_voting_period(Setting::VOTING_PERIOD.at_start(), args.word(3)?)?;
    name_threshold(Setting::PROPOSAL_THRESHOLD.at_start(), args.word(4)?)?;
    name_quorum(Setting::QUORUM_NUMERATOR.at_start(), args.word(5)?)?;
    let mut event = event!(IGovernor::Initialized, &[], 1);
    event.arguments().number(VERSION);
    event.emit();
    Ok(())
}

/// Voting delay and voting period, in seconds.
#[must_use]
pub fn voting_times() -> (u64, u32) {
    let word = layout::TIMELOCK.load();
    (
        layout::VOTING_DELAY.get(&word) as u64,
        layout::VOTING_PERIOD.get(&word) as u32,
    )
}

/// The quorum at `time`, in percent of the supply.
#[must_use]
pub fn quorum_numerator(time: &B256) -> u8 {
    let word = layout::QUORUM.load();
    value_at(
        layout::change_in(&word),
        layout::CHANGES.get(&word) as u32,
        U256::from_be_bytes(time.0).saturating_to(),
        |number| layout::change_in(&layout::earlier_change(number).load()),
    )
}

/// Refuses whoever is not the timelock.
///
/// # Errors
///
/// `GovernorOnlyExecutor`.
pub fn only_timelock() -> Result<(), Refused> {
    let sender = host::sender();
    if others::timelock().into_word() == sender {
        return Ok(());
    }
    Err(Refused::with::<IGovernor::GovernorOnlyExecutor>(&[sender]))
}

/// `setVotingDelay(newVotingDelay)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, `GovernorParameterOutOfBounds`.
///
/// # Events
///
/// `VotingDelaySet`.
pub fn set_voting_delay(value: &B256) -> Result<(), Refused> {
    only_timelock()?;
    name_voting_delay(Setting::VOTING_DELAY, value)
}

fn name_voting_delay(setting: Setting, value: &B256) -> Result<(), Refused> {
    let number = within(setting, value)?;
    let mut word = layout::TIMELOCK.load();
    changed(
        event!(IGovernor::VotingDelaySet, &[], 2),
        layout::VOTING_DELAY.get(&word),
        number,
    );
    layout::VOTING_DELAY.set(&mut word, number);
    layout::TIMELOCK.store(&word);
    Ok(())
}

/// `setVotingPeriod(newVotingPeriod)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, `GovernorParameterOutOfBounds`.
///
/// # Events
///
/// `VotingPeriodSet`.
pub fn set_voting_period(value: &B256) -> Result<(), Refused> {
    only_timelock()?;
    name_voting_period(Setting::VOTING_PERIOD, value)
}

fn name_voting_period(setting: Setting, value: &B256) -> Result<(), Refused> {
    let number = within(setting, value)?;
    let mut word = layout::TIMELOCK.load();
    changed(
        event!(IGovernor::VotingPeriodSet, &[], 2),
        layout::VOTING_PERIOD.get(&word),
        number,
    );
    layout::VOTING_PERIOD.set(&mut word, number);
    layout::TIMELOCK.store(&word);
    Ok(())
}

/// `setProposalThreshold(newProposalThreshold)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, `GovernorParameterOutOfBounds`.
///
/// # Events
///
/// `ProposalThresholdSet`.
pub fn set_threshold(value: &B256) -> Result<(), Refused> {
    only_timelock()?;
    name_threshold(Setting::PROPOSAL_THRESHOLD, value)
}

fn name_threshold(setting: Setting, value: &B256) -> Result<(), Refused> {
    let number = within(setting, value)?;
    let mut word = layout::TOKEN.load();
    changed(
        event!(IGovernor::ProposalThresholdSet, &[], 2),
        layout::THRESHOLD.get(&word),
        number,
    );
    layout::THRESHOLD.set(&mut word, number);
    layout::TOKEN.store(&word);
    Ok(())
}

/// `updateQuorumNumerator(newQuorumNumerator)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, `GovernorParameterOutOfBounds`.
///
/// # Events
///
/// `QuorumNumeratorUpdated`.
pub fn set_quorum(value: &B256) -> Result<(), Refused> {
    only_timelock()?;
    name_quorum(Setting::QUORUM_NUMERATOR, value)
}

fn name_quorum(setting: Setting, value: &B256) -> Result<(), Refused> {
    let number = within(setting, value)?;
    let mut word = layout::QUORUM.load();
    let count = layout::CHANGES.get(&word);
    let last = layout::change_in(&word);
    if let Some(number) = count.checked_sub(1) {
        let mut earlier = B256::ZERO;
        layout::put_change(&mut earlier, last);
        layout::earlier_change(number as u32).store(&earlier);
    }
    layout::CHANGES.set(&mut word, count + 1);
    let change = Change {
        since: host::timestamp(),
        value: number as u8,
    };
    layout::put_change(&mut word, change);
    layout::QUORUM.store(&word);
    let event = event!(IGovernor::QuorumNumeratorUpdated, &[], 2);
    changed(event, last.value.into(), number);
    Ok(())
}

/// `updateTimelock(newTimelock)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, `GovernorInvalidContract`.
///
/// # Events
///
/// `TimelockChange`.
pub fn set_timelock(account: &B256) -> Result<(), Refused> {
    only_timelock()?;
    name_timelock(account)
}

fn name_timelock(account: &B256) -> Result<(), Refused> {
    let timelock = contract(account)?;
    let mut event = event!(IGovernor::TimelockChange, &[], 2);
    event.arguments().address(&others::timelock()).word(account);
    let mut word = layout::TIMELOCK.load();
    word[..20].copy_from_slice(timelock.as_slice());
    layout::TIMELOCK.store(&word);
    event.emit();
    Ok(())
}

/// `relay(target, value, data)`.
///
/// # Errors
///
/// `GovernorOnlyExecutor`, and what the target reverts with.
pub fn relay(target: &B256, value: &B256, data: &[u8]) -> Result<(), Refused> {
    only_timelock()?;
    call(&Address::from_word(*target), data, value)
}

/// An account with code.
fn contract(account: &B256) -> Result<Address, Refused> {
    let address = Address::from_word(*account);
    if host::code_size(&address) == 0 {
        return Err(Refused::with::<IGovernor::GovernorInvalidContract>(&[
            *account,
        ]));
    }
    Ok(address)
}

/// The number in a word, if it is within the parameter's bounds.
#[inline(never)]
fn within(setting: Setting, value: &B256) -> Result<u128, Refused> {
    let number = U256::from_be_bytes(value.0).saturating_to();
    setting.validate(number).map_err(|bounds| {
        Refused::with::<IGovernor::GovernorParameterOutOfBounds>(&[
            *value,
            word_of(bounds.min),
            word_of(bounds.max),
        ])
    })?;
    Ok(number)
}

fn changed(mut event: Event, from: u128, to: u128) {
    event.arguments().number(from).number(to);
    event.emit();
}
