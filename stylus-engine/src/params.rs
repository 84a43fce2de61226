//! The parameters (protocol section 11), served from the table in
//! `arbius_protocol::params`: it says for each which functions read and set it, which
//! event tells and what it may be; here is where it lies.
//!
//! Values share words with what is read together with them, and the ledger marks which
//! groups are not at their defaults: as long as governance leaves them there, reveals,
//! claims and contestations load no parameter at all.

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

    /// What a claim reads: percentages.
    const fn claiming(self) -> u32 {
        self.base + 1
    }

    /// What a contestation reads besides, and a retraction.
    const fn disputes(self) -> u32 {
        self.base + 2
    }

    /// What is 0 on most days, and what an exit reads.
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

    /// Takes the place apart on the way, as a constant that is pointed at would be data.
    #[inline(always)]
    fn load(self) -> u128 {
        load(self.slot, self.at, self.len)
    }

    fn store(self, value: u128) {
        let slot = Slot::fixed(self.slot);
        let mut word = slot.load();
        word[self.at..self.at + self.len].copy_from_slice(&value.to_le_bytes()[..self.len]);
        slot.store(&word);
    }
}

#[inline(never)]
fn load(slot: u32, at: usize, len: usize) -> u128 {
    Place { slot, at, len }.read(&Slot::fixed(slot).load())
}

/// Where a parameter lies that is known only when the program runs.
#[inline(never)]
fn place(parameter: Parameter) -> Place {
    Place::of(parameter)
}

/// The default of a parameter.
const fn default(parameter: Parameter) -> u128 {
    let mut i = 0;
    while i < params::TABLE.len() {
        if params::TABLE[i].parameter as usize == parameter as usize {
            return params::TABLE[i].default;
        }
        i += 1;
    }
    panic!("every parameter has a row")
}

/// The word of a group of parameters, or nothing where all of them are at their defaults.
#[inline(never)]
fn group(marks: Marks, bits: u8, slot: u32) -> Option<Word> {
    marks.any(bits).then(|| Slot::fixed(slot).load())
}

/// The value of a parameter whose place is known when the program is compiled, in the word
/// of its group.
macro_rules! read {
    ($parameter:ident, $group:expr) => {{
        const PLACE: Place = Place::of(Parameter::$parameter);
        const DEFAULT: u128 = default(Parameter::$parameter);
        match $group {
            Some(word) => PLACE.read(word),
            None => DEFAULT,
        }
    }};
}

/// The value of a parameter that is read by itself.
macro_rules! load {
    ($parameter:ident) => {{
        const PLACE: Place = Place::of(Parameter::$parameter);
        PLACE.load()
    }};
    ($parameter:ident, $marks:expr) => {{
        const PLACE: Place = Place::of(Parameter::$parameter);
        const DEFAULT: u128 = default(Parameter::$parameter);
        const MARK: u8 = mark(Parameter::$parameter).unwrap();
        if $marks.any(MARK) {
            PLACE.load()
        } else {
            DEFAULT
        }
    }};
}

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

/// What a reveal needs.
#[inline(never)]
pub(crate) fn solving(marks: Marks) -> SolvingParams {
    let staking = group(marks, Marks::STAKING, STORAGE.params.staking());
    let limits = group(
        marks,
        Marks::RATE_LIMIT | Marks::SOLUTION_STAKE,
        STORAGE.params.seldom(),
    );
    SolvingParams {
        claim_delay: read!(MinClaimSolutionTime, &staking) as u64,
        rate_limit: read!(SolutionRateLimit, &limits),
        stake: read!(SolutionsStakeAmount, &limits),
        minimum: read_minimum(&staking),
    }
}

/// What a validator's minimum is made of.
#[inline(never)]
pub(crate) fn minimum(marks: Marks) -> Minimum {
    read_minimum(&group(marks, Marks::STAKING, STORAGE.params.staking()))
}

fn read_minimum(staking: &Option<Word>) -> Minimum {
    Minimum {
        percentage: read!(ValidatorMinimumPercentage, staking),
        floor: read!(ValidatorMinimumFloor, staking),
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
}

/// What a claim needs.
#[inline(never)]
pub(crate) fn claiming(marks: Marks) -> ClaimingParams {
    let claiming = group(marks, Marks::CLAIMING, STORAGE.params.claiming());
    ClaimingParams {
        fee: read!(SolutionFeePercentage, &claiming),
        treasury_reward: read!(TreasuryRewardPercentage, &claiming),
        owner_reward: read!(TaskOwnerRewardPercentage, &claiming),
    }
}

/// The treasury's share of model fees.
#[inline(never)]
pub(crate) fn model_fee_percentage(marks: Marks) -> u128 {
    load!(SolutionModelFeePercentage, marks)
}

/// Wei that a task has to pay to earn emission.
#[inline(never)]
pub(crate) fn min_reward_fee(marks: Marks) -> u128 {
    load!(MinRewardFee, marks)
}

/// Wei that the slash amount never falls below.
pub(crate) fn slash_floor(marks: Marks) -> u128 {
    load!(SlashAmountFloor, marks)
}

/// The slash amount as a share of what was emitted.
pub(crate) fn slash_percentage(marks: Marks) -> u128 {
    load!(SlashAmountPercentage, marks)
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
pub(crate) fn vote_period(marks: Marks) -> u64 {
    load!(MinContestationVotePeriodTime, marks) as u64
}

/// Seconds for which a vote goes on after a late one.
pub(crate) fn vote_extension(marks: Marks) -> u64 {
    load!(ContestationVoteExtensionTime, marks) as u64
}

/// Seconds before a solution from which on one must have been a validator to vote on it.
pub(crate) fn stake_since(marks: Marks) -> u64 {
    load!(MaxContestationValidatorStakeSince, marks) as u64
}

/// Sets every parameter to its default.
pub(crate) fn set_defaults() {
    for row in &params::TABLE {
        if row.default != 0 {
            place(row.parameter).store(row.default);
        }
    }
}

/// The ledger's mark of the group that a parameter belongs to, which says that some
/// parameter of it is not at its default.
const fn mark(parameter: Parameter) -> Option<u8> {
    use Parameter as P;
    match parameter {
        P::MinRewardFee => Some(Marks::MIN_REWARD_FEE),
        P::SolutionModelFeePercentage => Some(Marks::MODEL_FEE_PERCENTAGE),
        P::SolutionRateLimit => Some(Marks::RATE_LIMIT),
        P::SolutionsStakeAmount => Some(Marks::SOLUTION_STAKE),
        P::MinClaimSolutionTime | P::ValidatorMinimumPercentage | P::ValidatorMinimumFloor => {
            Some(Marks::STAKING)
        }
        P::SolutionFeePercentage | P::TreasuryRewardPercentage | P::TaskOwnerRewardPercentage => {
            Some(Marks::CLAIMING)
        }
        P::SlashAmountPercentage
        | P::SlashAmountFloor
        | P::MinContestationVotePeriodTime
        | P::ContestationVoteExtensionTime
        | P::MaxContestationValidatorStakeSince => Some(Marks::DISPUTES),
        P::RetractionFeePercentage
        | P::MinRetractionWaitTime
        | P::ExitValidatorMinUnlockTime
        | P::Version => None,
    }
}

/// Whether some parameter with this mark is not at its default.
fn differs(bit: u8) -> bool {
    params::TABLE
        .iter()
        .filter(|row| mark(row.parameter) == Some(bit))
        .any(|row| place(row.parameter).load() != row.default)
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
        return Ok(place(row.parameter).load().encode());
    }
    let row = params::by_setter(selector).ok_or_else(|| error!(UnknownFunction))?;
    ensure!(!host::is_reentrant(), Reentrancy);
    set(row, U256::read(&mut Args::new(arguments))?).map(Returns::encode)
}

fn set(row: &Row, value: U256) -> Result<(), Revert> {
    state::only_owner()?;
    // No bound is above what 128 bits hold, but a version's is exactly that.
    let value = u128::try_from(value).map_err(|_| error!(ParameterOutOfBounds))?;
    params::validate(row.parameter, value, |other| place(other).load()).map_err(
        |error| match error {
            ParameterError::PercentageTooHigh { .. } => error!(PercentageTooHigh),
            ParameterError::OutOfBounds { .. } => error!(ParameterOutOfBounds),
        },
    )?;
    place(row.parameter).store(value);
    if let Some(bit) = mark(row.parameter) {
        let mut ledger = Ledger::read();
        ledger.marks.set(bit, differs(bit));
        ledger.write();
    }
    let mut log = Words::with_capacity(2);
    log.word(&row.event.0)
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

    /// Programs take a group without a mark to be at the defaults that they know, so these
    /// are a part of the storage layout: what the first program knew, all that follow know.
    #[test]
    fn the_defaults_are_those_that_engines_were_initialised_with() {
        let marked: Vec<_> = params::TABLE
            .iter()
            .filter(|row| mark(row.parameter).is_some())
            .map(|row| (row.parameter.name(), row.default))
            .collect();
        assert_eq!(
            marked,
            [
                ("minClaimSolutionTime", 2_000),
                ("minContestationVotePeriodTime", 4_000),
                ("contestationVoteExtensionTime", 600),
                ("maxContestationValidatorStakeSince", 120),
                ("solutionRateLimit", 0),
                ("solutionsStakeAmount", 0),
                ("minRewardFee", 0),
                ("solutionFeePercentage", 100_000_000_000_000_000),
                ("solutionModelFeePercentage", 0),
                ("treasuryRewardPercentage", 100_000_000_000_000_000),
                ("taskOwnerRewardPercentage", 0),
                ("validatorMinimumPercentage", 800_000_000_000_000),
                ("validatorMinimumFloor", 1_000_000_000_000_000_000),
                ("slashAmountPercentage", 100_000_000_000_000),
                ("slashAmountFloor", 125_000_000_000_000_000),
            ],
            "an upgrade that changes a default has to change it in storage as well"
        );
    }

    #[test]
    fn a_group_lies_in_one_word() {
        for (bits, slot) in [
            (Marks::STAKING, STORAGE.params.staking()),
            (Marks::CLAIMING, STORAGE.params.claiming()),
            (Marks::RATE_LIMIT, STORAGE.params.seldom()),
            (Marks::SOLUTION_STAKE, STORAGE.params.seldom()),
        ] {
            let places: Vec<_> = params::TABLE
                .iter()
                .filter(|row| mark(row.parameter) == Some(bits))
                .map(|row| Place::of(row.parameter).slot)
                .collect();
            assert!(!places.is_empty() && places.iter().all(|place| *place == slot));
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
        let places: Vec<Place> = params::TABLE
            .iter()
            .map(|row| Place::of(row.parameter))
            .collect();
        for (i, a) in places.iter().enumerate() {
            for b in &places[i + 1..] {
                assert!(a.slot != b.slot || a.at + a.len <= b.at || b.at + b.len <= a.at);
            }
        }
    }
}
