//! The parameters (protocol section 11), served from the table in
//! `arbius_protocol::params`: it says for each which functions read and set it, which
//! event tells and what it may be; here is where it lies.
//!
//! Values share words with what is read together with them, and the ledger marks which of
//! those that are 0 on most days are not, so that a reveal and a claim load one word of
//! parameters each.

use crate::abi::{Arg, Args, Returns, Words};
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::state::{self, Ledger, Marks};
use crate::store::Slot;
use alloc::vec::Vec;
use alloy_primitives::U256;
use arbius_protocol::params::{self, Parameter, ParameterError, Row};

/// Where the parameters are kept.
#[derive(Clone, Copy)]
pub struct ParameterStorage {
    base: u32,
}

impl ParameterStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self { base }
    }

    /// What a reveal and a vote read.
    const fn staking(self) -> u32 {
        self.base
    }

    /// What a claim reads.
    const fn claiming(self) -> u32 {
        self.base + 1
    }

    /// What a contestation reads besides, and a retraction.
    const fn disputes(self) -> u32 {
        self.base + 2
    }

    /// What is 0 on most days ([`Marks`]), and what an exit reads.
    const fn seldom(self) -> u32 {
        self.base + 3
    }

    /// What no rule reads often.
    const fn rest(self) -> u32 {
        self.base + 4
    }
}

/// The bytes of a value: `len` of them from byte `at` of a slot.
#[derive(Clone, Copy)]
struct Place {
    slot: u32,
    at: usize,
    len: usize,
}

impl Place {
    const fn new(slot: u32, at: usize, len: usize) -> Self {
        assert!(len <= 16 && at + len <= 32);
        Self { slot, at, len }
    }

    /// Of a parameter. Each is as wide as its upper bound asks for.
    #[inline(always)]
    const fn of(parameter: Parameter) -> Self {
        use Parameter as P;
        let room = STORAGE.params;
        match parameter {
            P::MinClaimSolutionTime => Self::new(room.staking(), 0, 4),
            P::ValidatorMinimumPercentage => Self::new(room.staking(), 4, 8),
            P::ValidatorMinimumFloor => Self::new(room.staking(), 12, 10),
            P::SlashAmountFloor => Self::new(room.staking(), 22, 10),

            P::SolutionFeePercentage => Self::new(room.claiming(), 0, 8),
            P::TreasuryRewardPercentage => Self::new(room.claiming(), 8, 8),
            P::TaskOwnerRewardPercentage => Self::new(room.claiming(), 16, 8),

            P::SlashAmountPercentage => Self::new(room.disputes(), 0, 8),
            P::MinContestationVotePeriodTime => Self::new(room.disputes(), 8, 4),
            P::ContestationVoteExtensionTime => Self::new(room.disputes(), 12, 4),
            P::MaxContestationValidatorStakeSince => Self::new(room.disputes(), 16, 4),
            P::RetractionFeePercentage => Self::new(room.disputes(), 20, 8),
            P::MinRetractionWaitTime => Self::new(room.disputes(), 28, 4),

            P::SolutionRateLimit => Self::new(room.seldom(), 0, 10),
            P::SolutionsStakeAmount => Self::new(room.seldom(), 10, 9),
            P::MinRewardFee => Self::new(room.seldom(), 19, 9),
            P::ExitValidatorMinUnlockTime => Self::new(room.seldom(), 28, 4),

            P::Version => Self::new(room.rest(), 0, 16),
            P::SolutionModelFeePercentage => Self::new(room.rest(), 16, 8),
        }
    }

    #[inline(always)]
    fn read(self, word: &Word) -> u128 {
        let mut bytes = [0; 16];
        bytes[..self.len].copy_from_slice(&word[self.at..self.at + self.len]);
        u128::from_le_bytes(bytes)
    }

    fn load(self) -> u128 {
        self.read(&Slot::fixed(self.slot).load())
    }

    fn store(self, value: u128) {
        let slot = Slot::fixed(self.slot);
        let mut word = slot.load();
        word[self.at..self.at + self.len].copy_from_slice(&value.to_le_bytes()[..self.len]);
        slot.store(&word);
    }
}

/// The value of a parameter whose place is known when the program is compiled.
macro_rules! read {
    ($parameter:ident, $word:expr) => {{
        const PLACE: Place = Place::of(Parameter::$parameter);
        PLACE.read($word)
    }};
}

/// The same, loaded by itself.
macro_rules! load {
    ($parameter:ident) => {{
        const PLACE: Place = Place::of(Parameter::$parameter);
        PLACE.load()
    }};
}

/// Where the start of emission lies: beside what a claim reads.
const START: Place = Place::new(STORAGE.params.claiming(), 24, 5);

/// What a reveal needs.
pub(crate) struct SolvingParams {
    /// Seconds in which a solution can be contested.
    pub(crate) claim_delay: u64,
    /// Seconds, 1e18 = 1 s, between solutions of one validator.
    pub(crate) rate_limit: u128,
    /// Wei that a pending solution locks.
    pub(crate) stake: u128,
    /// What a validator's minimum is made of.
    pub(crate) minimum: Minimum,
}

/// What a validator's minimum is made of.
pub(crate) struct Minimum {
    /// As a share of what was emitted.
    pub(crate) percentage: u128,
    /// Wei that it never falls below.
    pub(crate) floor: u128,
}

/// What a reveal needs: one load, and another where the ledger says that there is more.
#[inline(never)]
pub(crate) fn solving(marks: Marks) -> SolvingParams {
    let word = Slot::fixed(STORAGE.params.staking()).load();
    let limits = if marks.any(Marks::RATE_LIMIT | Marks::SOLUTION_STAKE) {
        Slot::fixed(STORAGE.params.seldom()).load()
    } else {
        [0; 32]
    };
    SolvingParams {
        claim_delay: read!(MinClaimSolutionTime, &word) as u64,
        rate_limit: read!(SolutionRateLimit, &limits),
        stake: read!(SolutionsStakeAmount, &limits),
        minimum: read_minimum(&word),
    }
}

/// What a validator's minimum is made of, in one load.
#[inline(never)]
pub(crate) fn minimum() -> Minimum {
    read_minimum(&Slot::fixed(STORAGE.params.staking()).load())
}

fn read_minimum(word: &Word) -> Minimum {
    Minimum {
        percentage: read!(ValidatorMinimumPercentage, word),
        floor: read!(ValidatorMinimumFloor, word),
    }
}

/// What a claim needs.
#[derive(Clone, Copy)]
pub(crate) struct ClaimingParams {
    /// The treasury's share of what is left of a fee after the model's.
    pub(crate) fee: u128,
    /// The treasury's share of what is emitted.
    pub(crate) treasury_reward: u128,
    /// The task owner's share of what is emitted.
    pub(crate) owner_reward: u128,
    /// Start of emission.
    pub(crate) start: u64,
}

/// What a claim needs, in one load.
#[inline(never)]
pub(crate) fn claiming() -> ClaimingParams {
    let word = Slot::fixed(STORAGE.params.claiming()).load();
    ClaimingParams {
        fee: read!(SolutionFeePercentage, &word),
        treasury_reward: read!(TreasuryRewardPercentage, &word),
        owner_reward: read!(TaskOwnerRewardPercentage, &word),
        start: START.read(&word) as u64,
    }
}

/// The treasury's share of model fees.
#[inline(never)]
pub(crate) fn model_fee_percentage(marks: Marks) -> u128 {
    if marks.any(Marks::MODEL_FEE_PERCENTAGE) {
        load!(SolutionModelFeePercentage)
    } else {
        0
    }
}

/// Wei that a task has to pay to earn emission.
#[inline(never)]
pub(crate) fn min_reward_fee(marks: Marks) -> u128 {
    if marks.any(Marks::MIN_REWARD_FEE) {
        load!(MinRewardFee)
    } else {
        0
    }
}

/// Wei that the slash amount never falls below.
pub(crate) fn slash_floor() -> u128 {
    load!(SlashAmountFloor)
}

/// The slash amount as a share of what was emitted.
pub(crate) fn slash_percentage() -> u128 {
    load!(SlashAmountPercentage)
}

/// The treasury's share of a retracted fee.
pub(crate) fn retraction_fee_percentage() -> u128 {
    load!(RetractionFeePercentage)
}

/// Seconds before a task can be retracted.
pub(crate) fn retraction_wait() -> u64 {
    load!(MinRetractionWaitTime) as u64
}

/// Seconds between announcing and taking a withdrawal.
pub(crate) fn exit_wait() -> u64 {
    load!(ExitValidatorMinUnlockTime) as u64
}

/// Seconds that a contestation's vote lasts.
pub(crate) fn vote_period() -> u64 {
    load!(MinContestationVotePeriodTime) as u64
}

/// Seconds for which a vote goes on after a late one.
pub(crate) fn vote_extension() -> u64 {
    load!(ContestationVoteExtensionTime) as u64
}

/// Seconds before a solution from which on one must have been a validator to vote on it.
pub(crate) fn stake_since() -> u64 {
    load!(MaxContestationValidatorStakeSince) as u64
}

/// Start of emission.
pub(crate) fn start() -> u64 {
    START.load() as u64
}

/// Moves the start of emission, which is below 2^40.
pub(crate) fn set_start(start: u64) {
    START.store(start.into());
}

/// Sets every parameter to its default.
pub(crate) fn set_defaults() {
    for row in &params::TABLE {
        if row.default != 0 {
            Place::of(row.parameter).store(row.default);
        }
    }
}

/// The ledger's mark of a parameter that is 0 on most days.
const fn mark(parameter: Parameter) -> Option<u8> {
    match parameter {
        Parameter::MinRewardFee => Some(Marks::MIN_REWARD_FEE),
        Parameter::SolutionModelFeePercentage => Some(Marks::MODEL_FEE_PERCENTAGE),
        Parameter::SolutionRateLimit => Some(Marks::RATE_LIMIT),
        Parameter::SolutionsStakeAmount => Some(Marks::SOLUTION_STAKE),
        _ => None,
    }
}

/// Answers the getters and setters of all parameters.
///
/// # Errors
///
/// `UnknownFunction` for any other selector; a setter's `Reentrancy`, `NotOwner`, `ParameterOutOfBounds`
/// and `PercentageTooHigh`.
///
/// # Events
///
/// A setter's own.
pub fn answer(selector: [u8; 4], arguments: &[u8]) -> Result<Vec<u8>, Revert> {
    if let Some(row) = params::by_getter(selector) {
        return Ok(Place::of(row.parameter).load().encode());
    }
    let row = params::by_setter(selector).ok_or_else(|| error!(UnknownFunction))?;
    ensure!(!host::is_reentrant(), Reentrancy);
    set(row, U256::read(&mut Args::new(arguments))?).map(Returns::encode)
}

fn set(row: &Row, value: U256) -> Result<(), Revert> {
    state::only_owner()?;
    // No bound is above what 128 bits hold, but a version's is exactly that.
    let value = u128::try_from(value).map_err(|_| error!(ParameterOutOfBounds))?;
    params::validate(row.parameter, value, |other| Place::of(other).load()).map_err(|error| {
        match error {
            ParameterError::PercentageTooHigh { .. } => error!(PercentageTooHigh),
            ParameterError::OutOfBounds { .. } => error!(ParameterOutOfBounds),
        }
    })?;
    Place::of(row.parameter).store(value);
    if let Some(bit) = mark(row.parameter) {
        let mut ledger = Ledger::read();
        ledger.marks.set(bit, value != 0);
        ledger.write();
    }
    Words::event(&row.event)
        .uint(value)
        .log(if row.indexed { 2 } else { 1 });
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ParameterStorage {
    pub(crate) fn write_down(self, rows: &mut crate::layout::written::Rows) {
        for row in &params::TABLE {
            let place = Place::of(row.parameter);
            let name = std::format!("params.{}", row.parameter.name());
            rows.fixed(name, place.slot, place.bits());
        }
        rows.fixed("params.startBlockTime".into(), START.slot, START.bits());
    }
}

#[cfg(test)]
impl Place {
    /// The bits of its word that it uses.
    fn bits(self) -> Word {
        let mut word = [0; 32];
        word[self.at..self.at + self.len].fill(0xFF);
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_marked_is_zero_at_first() {
        for row in &params::TABLE {
            assert!(mark(row.parameter).is_none() || row.default == 0);
        }
    }

    #[test]
    fn every_parameter_fits_its_place() {
        for row in &params::TABLE {
            let place = Place::of(row.parameter);
            assert!(
                place.len == 16 || row.max >> (8 * place.len) == 0,
                "{}",
                row.parameter.name()
            );
        }
    }

    #[test]
    fn no_two_parameters_share_a_byte() {
        let mut places: Vec<Place> = params::TABLE
            .iter()
            .map(|row| Place::of(row.parameter))
            .collect();
        places.push(START);
        for (i, a) in places.iter().enumerate() {
            for b in &places[i + 1..] {
                assert!(a.slot != b.slot || a.at + a.len <= b.at || b.at + b.len <= a.at);
            }
        }
    }
}
