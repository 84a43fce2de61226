//! What a vote can change about governance itself: defaults and bounds.
//!
//! The bounds keep a vote from ending all votes: nobody can set a quorum that is never
//! reached, a threshold that nobody holds, or waits that leave nobody time to answer.

use crate::fixed::ONE;
use core::fmt;

/// Length of an hour in seconds.
const HOUR: u128 = 3_600;

/// Length of a day in seconds.
const DAY: u128 = 24 * HOUR;

/// A parameter of governance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Value at the start.
    pub default: u128,
    /// Least value.
    pub min: u128,
    /// Greatest value.
    pub max: u128,
}

impl Setting {
    /// Seconds between a proposal and the start of its vote: time to gather and to delegate.
    pub const VOTING_DELAY: Self = Self::new(DAY, HOUR, 30 * DAY);

    /// Seconds that a vote lasts.
    pub const VOTING_PERIOD: Self = Self::new(7 * DAY, DAY, 60 * DAY);

    /// Votes that a proposal takes, wei of AIUS; at most a hundredth of all.
    pub const PROPOSAL_THRESHOLD: Self = Self::new(ONE, 0, 10_000 * ONE);

    /// The quorum, percent of the supply.
    pub const QUORUM_NUMERATOR: Self = Self::new(4, 1, 25);

    /// Seconds that an operation waits in the timelock: time to leave.
    pub const TIMELOCK_DELAY: Self = Self::new(DAY, HOUR, 30 * DAY);

    const fn new(default: u128, min: u128, max: u128) -> Self {
        Self { default, min, max }
    }

    /// The parameter as a deployment may begin with it: waits can be as short as a second, so
    /// that a local chain needs no patience. The bounds are for what votes change.
    #[must_use]
    pub const fn at_start(self) -> Self {
        Self {
            min: if self.min > 1 { 1 } else { self.min },
            ..self
        }
    }

    /// Whether the parameter may be set to `value`.
    ///
    /// # Errors
    ///
    /// [`SettingError`] with what would be right.
    pub const fn validate(self, value: u128) -> Result<(), SettingError> {
        if value < self.min || value > self.max {
            return Err(SettingError {
                min: self.min,
                max: self.max,
            });
        }
        Ok(())
    }
}

/// A value is outside a parameter's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// Least value.
    pub min: u128,
    /// Greatest value.
    pub max: u128,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value must be from {} to {}", self.min, self.max)
    }
}

impl core::error::Error for SettingError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_protocol_and_within_their_bounds() {
        for (setting, default) in [
            (Setting::VOTING_DELAY, 86_400),
            (Setting::VOTING_PERIOD, 604_800),
            (Setting::PROPOSAL_THRESHOLD, ONE),
            (Setting::QUORUM_NUMERATOR, 4),
            (Setting::TIMELOCK_DELAY, 86_400),
        ] {
            assert_eq!(setting.default, default);
            assert_eq!(setting.validate(default), Ok(()));
        }
    }

    #[test]
    fn a_deployment_may_begin_with_shorter_waits_but_not_with_none() {
        let period = Setting::VOTING_PERIOD.at_start();
        assert!(period.validate(0).is_err());
        assert_eq!(period.validate(1), Ok(()));
        assert_eq!(period.max, Setting::VOTING_PERIOD.max);
        let threshold = Setting::PROPOSAL_THRESHOLD.at_start();
        assert_eq!(threshold, Setting::PROPOSAL_THRESHOLD);
    }

    #[test]
    fn values_outside_the_bounds_are_refused() {
        let quorum = Setting::QUORUM_NUMERATOR;
        let error = Err(SettingError { min: 1, max: 25 });
        assert_eq!(quorum.validate(0), error);
        assert_eq!(quorum.validate(1), Ok(()));
        assert_eq!(quorum.validate(25), Ok(()));
        assert_eq!(quorum.validate(26), error);
    }
}
