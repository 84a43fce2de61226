//! Every parameter that a vote can change, as data: default, bounds, setter, getter,
//! event (protocol sections 2, 6, 7, 8 and 11).
//!
//! The engine serves all setters and getters from [`TABLE`]; deployments and miners read
//! defaults and bounds from it. Seconds, wei and percentages of 1e18, as [`Unit`] says.

use crate::fixed::ONE;
use crate::interfaces::engine::IEngine as I;
use crate::validators::least_exit_time;
use alloy_primitives::B256;
use alloy_sol_types::{SolCall, SolEvent};
use core::fmt;

/// A parameter; its number is its place in [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Parameter {
    /// Seconds after a solution in which it can be contested.
    MinClaimSolutionTime,
    /// Seconds after submission before a task can be retracted.
    MinRetractionWaitTime,
    /// Seconds that a contestation's vote lasts at least.
    MinContestationVotePeriodTime,
    /// Seconds for which a vote goes on after a late vote.
    ContestationVoteExtensionTime,
    /// Seconds before a solution from which on one must have been a validator to vote.
    MaxContestationValidatorStakeSince,
    /// Seconds between announcing and taking a withdrawal of stake.
    ExitValidatorMinUnlockTime,
    /// Seconds, 1e18 = 1 s, that each accepted solution keeps its solver from submitting.
    SolutionRateLimit,
    /// Wei that each pending solution locks.
    SolutionsStakeAmount,
    /// Wei of fee below which a task earns no emission.
    MinRewardFee,
    /// The treasury's share of what is left of a fee after the model's.
    SolutionFeePercentage,
    /// The treasury's share of the model's fee.
    SolutionModelFeePercentage,
    /// The treasury's share of a retracted fee.
    RetractionFeePercentage,
    /// The treasury's share of what is emitted.
    TreasuryRewardPercentage,
    /// The task owner's share of what is emitted.
    TaskOwnerRewardPercentage,
    /// A validator's minimum as a share of what was emitted.
    ValidatorMinimumPercentage,
    /// Wei that a validator's minimum never falls below.
    ValidatorMinimumFloor,
    /// The slash amount as a share of what was emitted.
    SlashAmountPercentage,
    /// Wei that the slash amount never falls below.
    SlashAmountFloor,
    /// Version of the protocol that miners should follow.
    Version,
}

/// What a parameter's number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Seconds with 18 decimals.
    FixedSeconds,
    /// Wei of AIUS.
    Wei,
    /// A fraction of 1e18.
    Percentage,
    /// A plain number.
    Number,
}

/// A row of [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which parameter.
    pub parameter: Parameter,
    /// What its number counts.
    pub unit: Unit,
    /// Value at the start.
    pub default: u128,
    /// Least value.
    pub min: u128,
    /// Greatest value.
    pub max: u128,
    /// Selector of the function that sets it, of one `uint256`.
    pub setter: [u8; 4],
    /// Selector of the function that returns it, as a `uint256`.
    pub getter: [u8; 4],
    /// First topic of the event that says its new value.
    pub event: B256,
    /// Whether that event carries the value as its second topic, or else as data.
    pub indexed: bool,
}

/// How many parameters there are.
pub const COUNT: usize = 19;

/// Length of a day.
const DAY: u128 = 86_400;

/// A row whose selectors and topic are those of the interface.
macro_rules! row {
    ($parameter:ident, $unit:ident, $default:expr, $min:expr, $max:expr, $setter:ident, $getter:ident, $event:ident, $indexed:literal) => {
        Row {
            parameter: Parameter::$parameter,
            unit: Unit::$unit,
            default: $default,
            min: $min,
            max: $max,
            setter: I::$setter::SELECTOR,
            getter: I::$getter::SELECTOR,
            event: I::$event::SIGNATURE_HASH,
            indexed: $indexed,
        }
    };
}

/// Every parameter, in the order of [`Parameter`].
#[rustfmt::skip]
pub static TABLE: [Row; COUNT] = [
    row!(MinClaimSolutionTime, Seconds, 2_000, 60, 7 * DAY, setMinClaimSolutionTimeCall, minClaimSolutionTimeCall, MinClaimSolutionTimeChanged, true),
    row!(MinRetractionWaitTime, Seconds, 10_000, 60, 30 * DAY, setMinRetractionWaitTimeCall, minRetractionWaitTimeCall, MinRetractionWaitTimeChanged, true),
    row!(MinContestationVotePeriodTime, Seconds, 4_000, 60, 7 * DAY, setMinContestationVotePeriodTimeCall, minContestationVotePeriodTimeCall, MinContestationVotePeriodTimeChanged, true),
    row!(ContestationVoteExtensionTime, Seconds, 600, 0, DAY, setContestationVoteExtensionTimeCall, contestationVoteExtensionTimeCall, ContestationVoteExtensionTimeChanged, true),
    row!(MaxContestationValidatorStakeSince, Seconds, 120, 0, 7 * DAY, setMaxContestationValidatorStakeSinceCall, maxContestationValidatorStakeSinceCall, MaxContestationValidatorStakeSinceChanged, true),
    row!(ExitValidatorMinUnlockTime, Seconds, DAY, 0, 90 * DAY, setExitValidatorMinUnlockTimeCall, exitValidatorMinUnlockTimeCall, ExitValidatorMinUnlockTimeChanged, true),
    row!(SolutionRateLimit, FixedSeconds, 0, 0, DAY * ONE, setSolutionRateLimitCall, solutionRateLimitCall, SolutionRateLimitChanged, true),
    row!(SolutionsStakeAmount, Wei, 0, 0, 1_000 * ONE, setSolutionsStakeAmountCall, solutionsStakeAmountCall, SolutionsStakeAmountChanged, true),
    row!(MinRewardFee, Wei, 0, 0, 1_000 * ONE, setMinRewardFeeCall, minRewardFeeCall, MinRewardFeeChanged, true),
    row!(SolutionFeePercentage, Percentage, ONE / 10, 0, ONE, setSolutionFeePercentageCall, solutionFeePercentageCall, SolutionFeePercentageChanged, true),
    row!(SolutionModelFeePercentage, Percentage, 0, 0, ONE, setSolutionModelFeePercentageCall, solutionModelFeePercentageCall, SolutionModelFeePercentageChanged, false),
    row!(RetractionFeePercentage, Percentage, ONE / 10, 0, ONE, setRetractionFeePercentageCall, retractionFeePercentageCall, RetractionFeePercentageChanged, true),
    row!(TreasuryRewardPercentage, Percentage, ONE / 10, 0, ONE, setTreasuryRewardPercentageCall, treasuryRewardPercentageCall, TreasuryRewardPercentageChanged, true),
    row!(TaskOwnerRewardPercentage, Percentage, 0, 0, ONE, setTaskOwnerRewardPercentageCall, taskOwnerRewardPercentageCall, TaskOwnerRewardPercentageChanged, true),
    row!(ValidatorMinimumPercentage, Percentage, ONE / 1_250, 4, ONE / 10, setValidatorMinimumPercentageCall, validatorMinimumPercentageCall, ValidatorMinimumPercentageChanged, true),
    row!(ValidatorMinimumFloor, Wei, ONE, 4, 10_000 * ONE, setValidatorMinimumFloorCall, validatorMinimumFloorCall, ValidatorMinimumFloorChanged, true),
    row!(SlashAmountPercentage, Percentage, ONE / 10_000, 1, ONE / 40, setSlashAmountPercentageCall, slashAmountPercentageCall, SlashAmountPercentageChanged, true),
    row!(SlashAmountFloor, Wei, ONE / 8, 1, 2_500 * ONE, setSlashAmountFloorCall, slashAmountFloorCall, SlashAmountFloorChanged, true),
    row!(Version, Number, 0, 0, u128::MAX, setVersionCall, versionCall, VersionChanged, false),
];

impl Parameter {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // SAFETY: the number of a parameter is its place in the table, which a test holds
        // together; the index is a variant's and below COUNT.
        &TABLE[self as usize]
    }

    /// Its name, which is its getter's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MinClaimSolutionTime => "minClaimSolutionTime",
            Self::MinRetractionWaitTime => "minRetractionWaitTime",
            Self::MinContestationVotePeriodTime => "minContestationVotePeriodTime",
            Self::ContestationVoteExtensionTime => "contestationVoteExtensionTime",
            Self::MaxContestationValidatorStakeSince => "maxContestationValidatorStakeSince",
            Self::ExitValidatorMinUnlockTime => "exitValidatorMinUnlockTime",
            Self::SolutionRateLimit => "solutionRateLimit",
            Self::SolutionsStakeAmount => "solutionsStakeAmount",
            Self::MinRewardFee => "minRewardFee",
            Self::SolutionFeePercentage => "solutionFeePercentage",
            Self::SolutionModelFeePercentage => "solutionModelFeePercentage",
            Self::RetractionFeePercentage => "retractionFeePercentage",
            Self::TreasuryRewardPercentage => "treasuryRewardPercentage",
            Self::TaskOwnerRewardPercentage => "taskOwnerRewardPercentage",
            Self::ValidatorMinimumPercentage => "validatorMinimumPercentage",
            Self::ValidatorMinimumFloor => "validatorMinimumFloor",
            Self::SlashAmountPercentage => "slashAmountPercentage",
            Self::SlashAmountFloor => "slashAmountFloor",
            Self::Version => "version",
        }
    }
}

/// The row of the parameter that a function sets, if it sets one.
pub fn by_setter(selector: [u8; 4]) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.setter == selector)
}

/// The row of the parameter that a function returns, if it returns one.
pub fn by_getter(selector: [u8; 4]) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.getter == selector)
}

/// Why a value is not admissible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterError {
    /// A percentage above 1e18, alone or together with its partner (`PercentageTooHigh`).
    PercentageTooHigh {
        /// The greatest value as things are.
        max: u128,
    },
    /// A value outside its bounds (`ParameterOutOfBounds`).
    OutOfBounds {
        /// The least value as things are.
        min: u128,
        /// The greatest value as things are.
        max: u128,
    },
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PercentageTooHigh { max } => {
                write!(
                    f,
                    "the percentage is {max} at most, where 1000000000000000000 is all"
                )
            }
            Self::OutOfBounds { min, max } => write!(f, "the value is {min} to {max}"),
        }
    }
}

impl core::error::Error for ParameterError {}

/// The least and the greatest value that `parameter` may be set to, given the others:
///
/// - a withdrawal waits for claim delay, vote period and its extensions at least;
/// - an extension is one vote period at most;
/// - treasury and task owner get no more than all of a reward together;
/// - the slash amount is a quarter of the validator minimum at most, floors and
///   percentages alike.
pub fn bounds(parameter: Parameter, current: impl Fn(Parameter) -> u128) -> (u128, u128) {
    use Parameter as P;
    let &Row {
        mut min, mut max, ..
    } = parameter.row();
    let seconds = |p| u64::try_from(current(p)).unwrap_or(u64::MAX);
    // What is left to exit time when the other delay is taken off.
    let exit_less = |delay: u128| current(P::ExitValidatorMinUnlockTime).saturating_sub(delay);
    match parameter {
        P::ExitValidatorMinUnlockTime => {
            let least = least_exit_time(
                seconds(P::MinClaimSolutionTime),
                seconds(P::MinContestationVotePeriodTime),
            );
            min = min.max(least.into());
        }
        P::MinClaimSolutionTime => {
            let vote = current(P::MinContestationVotePeriodTime).saturating_mul(2);
            max = max.min(exit_less(vote));
        }
        P::MinContestationVotePeriodTime => {
            max = max.min(exit_less(current(P::MinClaimSolutionTime)) / 2);
            min = min.max(current(P::ContestationVoteExtensionTime));
        }
        P::ContestationVoteExtensionTime => {
            max = max.min(current(P::MinContestationVotePeriodTime))
        }
        P::TreasuryRewardPercentage => {
            max = max.min(ONE.saturating_sub(current(P::TaskOwnerRewardPercentage)));
        }
        P::TaskOwnerRewardPercentage => {
            max = max.min(ONE.saturating_sub(current(P::TreasuryRewardPercentage)));
        }
        P::ValidatorMinimumPercentage => {
            min = min.max(current(P::SlashAmountPercentage).saturating_mul(4))
        }
        P::ValidatorMinimumFloor => min = min.max(current(P::SlashAmountFloor).saturating_mul(4)),
        P::SlashAmountPercentage => max = max.min(current(P::ValidatorMinimumPercentage) / 4),
        P::SlashAmountFloor => max = max.min(current(P::ValidatorMinimumFloor) / 4),
        _ => {}
    }
    (min, max)
}

/// Whether `parameter` may be set to `value`, given the others' current values.
///
/// # Errors
///
/// [`ParameterError`] with what would be right. For percentages that are bounded by 1e18
/// alone or in a sum it is [`PercentageTooHigh`](ParameterError::PercentageTooHigh), as in
/// the deployed reference.
pub fn validate(
    parameter: Parameter,
    value: u128,
    current: impl Fn(Parameter) -> u128,
) -> Result<(), ParameterError> {
    let (min, max) = bounds(parameter, current);
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let row = parameter.row();
    if row.unit == Unit::Percentage && row.max == ONE {
        return Err(ParameterError::PercentageTooHigh { max });
    }
    Err(ParameterError::OutOfBounds { min, max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Parameter as P;

    fn defaults(parameter: Parameter) -> u128 {
        parameter.row().default
    }

    #[test]
    fn a_parameters_number_is_its_place_in_the_table() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.parameter as usize, i);
            assert_eq!(row.parameter.row(), row);
        }
        assert_eq!(P::Version as usize + 1, COUNT);
    }

    #[test]
    fn names_selectors_and_topics_belong_together() {
        for row in &TABLE {
            let name = row.parameter.name();
            let (first, rest) = name.split_at(1);
            let capital = first.to_uppercase() + rest;
            let hash = |signature: String| alloy_primitives::keccak256(signature);
            assert_eq!(row.getter, hash(format!("{name}()"))[..4], "{name}");
            assert_eq!(
                row.setter,
                hash(format!("set{capital}(uint256)"))[..4],
                "{name}"
            );
            assert_eq!(
                row.event,
                hash(format!("{capital}Changed(uint256)")),
                "{name}"
            );
            assert_eq!(by_getter(row.getter), Some(row));
            assert_eq!(by_setter(row.setter), Some(row));
        }
        assert_eq!(by_getter([0; 4]), None);
        assert_eq!(by_setter([0; 4]), None);
    }

    #[test]
    fn events_carry_the_value_where_the_reference_has_it() {
        let plain: Vec<_> = TABLE
            .iter()
            .filter(|row| !row.indexed)
            .map(|row| row.parameter)
            .collect();
        assert_eq!(plain, [P::SolutionModelFeePercentage, P::Version]);
    }

    #[test]
    fn defaults_are_within_their_own_bounds() {
        for row in &TABLE {
            assert_eq!(
                validate(row.parameter, row.default, defaults),
                Ok(()),
                "{row:?}"
            );
        }
    }

    #[test]
    fn defaults_are_those_of_the_protocol() {
        let of = |p| defaults(p);
        assert_eq!(of(P::MinClaimSolutionTime), 2_000);
        assert_eq!(of(P::MinRetractionWaitTime), 10_000);
        assert_eq!(of(P::MinContestationVotePeriodTime), 4_000);
        assert_eq!(of(P::ContestationVoteExtensionTime), 600);
        assert_eq!(of(P::MaxContestationValidatorStakeSince), 120);
        assert_eq!(of(P::ExitValidatorMinUnlockTime), 86_400);
        assert_eq!(of(P::SlashAmountPercentage), 100_000_000_000_000);
        assert_eq!(of(P::ValidatorMinimumPercentage), 800_000_000_000_000);
        assert_eq!(of(P::SolutionFeePercentage), 100_000_000_000_000_000);
        assert_eq!(of(P::RetractionFeePercentage), 100_000_000_000_000_000);
        assert_eq!(of(P::TreasuryRewardPercentage), 100_000_000_000_000_000);
        assert_eq!(of(P::ValidatorMinimumFloor), ONE);
        assert_eq!(of(P::SlashAmountFloor), 125_000_000_000_000_000);
        for zero in [
            P::SolutionsStakeAmount,
            P::SolutionRateLimit,
            P::SolutionModelFeePercentage,
            P::TaskOwnerRewardPercentage,
            P::MinRewardFee,
        ] {
            assert_eq!(of(zero), 0);
        }
    }

    #[test]
    fn the_slash_amount_stays_between_nothing_and_a_quarter_of_the_minimum() {
        let quarter = ONE / 1_250 / 4;
        assert_eq!(
            validate(P::SlashAmountPercentage, quarter, defaults),
            Ok(())
        );
        assert_eq!(
            validate(P::SlashAmountPercentage, quarter + 1, defaults),
            Err(ParameterError::OutOfBounds {
                min: 1,
                max: quarter
            })
        );
        assert!(validate(P::SlashAmountPercentage, 0, defaults).is_err());
        assert!(validate(P::SlashAmountFloor, 0, defaults).is_err());
        assert!(validate(P::SlashAmountFloor, ONE / 4, defaults).is_ok());
        assert!(validate(P::SlashAmountFloor, ONE / 4 + 1, defaults).is_err());
        assert!(validate(P::ValidatorMinimumFloor, ONE / 2, defaults).is_ok());
        assert!(validate(P::ValidatorMinimumFloor, ONE / 2 - 1, defaults).is_err());
        assert!(validate(P::ValidatorMinimumPercentage, ONE / 2_500, defaults).is_ok());
        assert!(validate(P::ValidatorMinimumPercentage, ONE / 2_500 - 1, defaults).is_err());
    }

    #[test]
    fn stake_never_leaves_before_a_contestation_could_end() {
        assert!(validate(P::ExitValidatorMinUnlockTime, 10_000, defaults).is_ok());
        assert_eq!(
            validate(P::ExitValidatorMinUnlockTime, 9_999, defaults),
            Err(ParameterError::OutOfBounds {
                min: 10_000,
                max: 90 * DAY
            })
        );
        assert!(validate(P::MinClaimSolutionTime, 86_400 - 8_000, defaults).is_ok());
        assert!(validate(P::MinClaimSolutionTime, 86_400 - 7_999, defaults).is_err());
        assert!(validate(P::MinContestationVotePeriodTime, 42_200, defaults).is_ok());
        assert!(validate(P::MinContestationVotePeriodTime, 42_201, defaults).is_err());
        assert!(validate(P::MinContestationVotePeriodTime, 599, defaults).is_err());
        assert!(validate(P::ContestationVoteExtensionTime, 4_000, defaults).is_ok());
        assert!(validate(P::ContestationVoteExtensionTime, 4_001, defaults).is_err());
    }

    #[test]
    fn shares_of_a_reward_stay_within_the_reward() {
        assert_eq!(
            validate(P::TaskOwnerRewardPercentage, ONE / 10 * 9 + 1, defaults),
            Err(ParameterError::PercentageTooHigh { max: ONE / 10 * 9 })
        );
        assert!(validate(P::TaskOwnerRewardPercentage, ONE / 10 * 9, defaults).is_ok());
        assert!(validate(P::TreasuryRewardPercentage, ONE, defaults).is_ok());
        assert_eq!(
            validate(P::SolutionFeePercentage, ONE + 1, defaults),
            Err(ParameterError::PercentageTooHigh { max: ONE })
        );
    }

    #[test]
    fn whatever_is_set_keeps_every_other_parameter_within_its_bounds() {
        // From the defaults, each parameter moved to either end of what it may be.
        for row in &TABLE {
            let (min, max) = bounds(row.parameter, defaults);
            assert!(min <= max, "{row:?}");
            for value in [min, max] {
                let current = |p| {
                    if p == row.parameter {
                        value
                    } else {
                        defaults(p)
                    }
                };
                for other in &TABLE {
                    let result = validate(other.parameter, current(other.parameter), current);
                    assert_eq!(result, Ok(()), "{:?} = {value}: {other:?}", row.parameter);
                }
            }
        }
    }
}
