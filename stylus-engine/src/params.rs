//! The parameters (protocol section 11), served from the table in
//! `arbius_protocol::params`: it says for each which functions read and set it, which
//! event tells and what it may be; here is where it lies.
//!
//! Values share words with what is read together with them, so that a reveal loads two
//! words of parameters and a claim one.

use crate::abi::{Arg, Args, Returns, Words};
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::state;
use crate::store::Slot;
use alloc::vec::Vec;
use alloy_primitives::U256;
use arbius_protocol::params::{self, Parameter, ParameterError, Row};

/// Where the parameters are kept, but for `minRewardFee`, which every claim finds in the
/// configuration.
#[derive(Clone, Copy)]
pub struct ParameterStorage {
    base: u32,
}

impl ParameterStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self { base }
    }

    /// What a reveal reads.
    const fn solving(self) -> u32 {
        self.base
    }

    /// What a claim reads.
    const fn claiming(self) -> u32 {
        self.base + 1
    }

    /// Floors of stake and slash, and the treasury's share of model fees.
    const fn floors(self) -> u32 {
        self.base + 2
    }

    /// What concerns retraction, exit and contestation.
    const fn rare(self) -> u32 {
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
            P::MinClaimSolutionTime => Self::new(room.solving(), 0, 4),
            P::SolutionRateLimit => Self::new(room.solving(), 4, 10),
            P::SolutionsStakeAmount => Self::new(room.solving(), 14, 9),
            P::ValidatorMinimumPercentage => Self::new(room.solving(), 23, 8),

            P::SolutionFeePercentage => Self::new(room.claiming(), 0, 8),
            P::TreasuryRewardPercentage => Self::new(room.claiming(), 8, 8),
            P::TaskOwnerRewardPercentage => Self::new(room.claiming(), 16, 8),

            P::ValidatorMinimumFloor => Self::new(room.floors(), 0, 10),
            P::SlashAmountFloor => Self::new(room.floors(), 10, 10),
            P::SolutionModelFeePercentage => Self::new(room.floors(), 20, 8),

            P::SlashAmountPercentage => Self::new(room.rare(), 0, 8),
            P::RetractionFeePercentage => Self::new(room.rare(), 8, 8),
            P::MinRetractionWaitTime => Self::new(room.rare(), 16, 4),
            P::ExitValidatorMinUnlockTime => Self::new(room.rare(), 20, 4),
            P::MinContestationVotePeriodTime => Self::new(room.rare(), 24, 4),
            P::ContestationVoteExtensionTime => Self::new(room.rare(), 28, 4),

            P::Version => Self::new(room.rest(), 0, 16),
            P::MaxContestationValidatorStakeSince => Self::new(room.rest(), 16, 4),

            P::MinRewardFee => Self::new(
                state::MIN_REWARD_FEE.0,
                state::MIN_REWARD_FEE.1,
                state::MIN_REWARD_FEE.2,
            ),
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
    /// The validator minimum as a share of what was emitted.
    pub(crate) minimum_percentage: u128,
}

/// What a reveal needs, in one load.
#[inline(never)]
pub(crate) fn solving() -> SolvingParams {
    let word = Slot::fixed(STORAGE.params.solving()).load();
    SolvingParams {
        claim_delay: read!(MinClaimSolutionTime, &word) as u64,
        rate_limit: read!(SolutionRateLimit, &word),
        stake: read!(SolutionsStakeAmount, &word),
        minimum_percentage: read!(ValidatorMinimumPercentage, &word),
    }
}

/// What a claim needs.
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
pub(crate) fn model_fee_percentage() -> u128 {
    load!(SolutionModelFeePercentage)
}

/// Wei that a validator's minimum never falls below.
pub(crate) fn minimum_floor() -> u128 {
    load!(ValidatorMinimumFloor)
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
    Words::event(&row.event)
        .uint(value)
        .log(if row.indexed { 2 } else { 1 });
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ParameterStorage {
    pub(crate) fn write_down(self, rows: &mut crate::layout::written::Rows) {
        // The one that is left out lies in the configuration and is written down there.
        for row in params::TABLE
            .iter()
            .filter(|row| row.parameter != Parameter::MinRewardFee)
        {
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
