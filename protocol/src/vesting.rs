//! What has vested of a vesting account at a time, and the schedules of genesis (protocol
//! section 1).
//!
//! A schedule is a few tranches, one after the other. Each vests its part of the whole
//! evenly, second by second; one tranche is plain linear vesting.

use crate::fixed::fraction;

/// A year of the schedules: 365 days, in seconds, as in section 2.
pub const YEAR: u32 = 31_536_000;

/// How many tranches a schedule has at most.
pub const MAX_TRANCHES: usize = 4;

/// A part of a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tranche {
    /// How long it lasts, in seconds.
    pub duration: u32,
    /// Its part of the whole: this weight of the sum of all weights.
    pub weight: u32,
}

/// The DAO's schedule: 4 years, evenly.
pub const DAO: [Tranche; 1] = years(4);

/// The team's schedule: 4 years, evenly.
pub const TEAM: [Tranche; 1] = years(4);

/// The private sale's schedule: 2 years, evenly.
pub const PRIVATE_SALE: [Tranche; 1] = years(2);

/// The schedule of the liquidity incentives: 36,000, 27,000, 18,000 and 9,000 AIUS over
/// four years, each evenly over its year.
pub const LIQUIDITY: [Tranche; 4] = [year(36), year(27), year(18), year(9)];

const fn years(years: u32) -> [Tranche; 1] {
    [Tranche {
        duration: years * YEAR,
        weight: 1,
    }]
}

const fn year(weight: u32) -> Tranche {
    Tranche {
        duration: YEAR,
        weight,
    }
}

/// Whether a vesting account can have this schedule: one to [`MAX_TRANCHES`] tranches, each
/// longer than 0 seconds, with weights that are not all 0 and whose sum fits 32 bits.
pub fn is_sound(schedule: &[Tranche]) -> bool {
    (1..=MAX_TRANCHES).contains(&schedule.len())
        && schedule.iter().all(|tranche| tranche.duration > 0)
        && weights(schedule).is_some_and(|sum| sum > 0)
}

/// How long all tranches last together, in seconds.
pub fn duration(schedule: &[Tranche]) -> u64 {
    schedule.iter().fold(0, |sum: u64, tranche| {
        sum.saturating_add(tranche.duration.into())
    })
}

/// What has vested of `total` (wei of AIUS) at `now`, if the first tranche begins at
/// `start` (seconds since the epoch).
///
/// Nothing before the start, all from the end of the last tranche on, never less later
/// than before. At the end of a tranche it is `⌊total × weights so far / all weights⌋`,
/// within one the part of the difference that the time is of the tranche, rounded down.
/// Everything, at any time, if the schedule is not [sound](is_sound), as that of an account
/// that was revoked.
pub fn vested(total: u128, start: u64, now: u64, schedule: &[Tranche]) -> u128 {
    let Some(all) = weights(schedule).filter(|sum| *sum > 0) else {
        return total;
    };
    let Some(mut elapsed) = now.checked_sub(start) else {
        return 0;
    };
    let (mut before, mut weight) = (0, 0);
    for tranche in schedule {
        // The sum of all fits, so this does.
        weight += tranche.weight;
        let after = fraction(total, weight, all);
        match u32::try_from(elapsed) {
            Ok(elapsed) if elapsed < tranche.duration => {
                return before + fraction(after - before, elapsed, tranche.duration);
            }
            _ => {
                elapsed -= u64::from(tranche.duration);
                before = after;
            }
        }
    }
    before
}

/// The sum of all weights, if it fits 32 bits.
fn weights(schedule: &[Tranche]) -> Option<u32> {
    schedule
        .iter()
        .try_fold(0_u32, |sum, tranche| sum.checked_add(tranche.weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;

    const START: u64 = 1_800_000_000;

    fn at(years: f64) -> u64 {
        START + (years * f64::from(YEAR)) as u64
    }

    #[test]
    fn one_tranche_vests_evenly() {
        let total = 100_000 * ONE;
        for (now, expected) in [
            (0, 0),
            (START - 1, 0),
            (START, 0),
            (START + 1, total / (2 * u128::from(YEAR))),
            (at(0.5), total / 4),
            (at(1.0), total / 2),
            (at(2.0) - 1, total - total / (2 * u128::from(YEAR)) - 1),
            (at(2.0), total),
            (u64::MAX, total),
        ] {
            assert_eq!(
                vested(total, START, now, &PRIVATE_SALE),
                expected,
                "at {now}"
            );
        }
    }

    #[test]
    fn liquidity_vests_by_yearly_amounts() {
        let total = 90_000 * ONE;
        for (years, expected) in [
            (0.0, 0),
            (0.5, 18_000),
            (1.0, 36_000),
            (1.5, 49_500),
            (2.0, 63_000),
            (3.0, 81_000),
            (3.5, 85_500),
            (4.0, 90_000),
        ] {
            let vested = vested(total, START, at(years), &LIQUIDITY);
            assert_eq!(vested, expected * ONE, "after {years} years");
        }
    }

    #[test]
    fn an_account_without_a_schedule_has_vested() {
        assert_eq!(vested(7, START, 0, &[]), 7);
    }

    #[test]
    fn schedules_that_are_not_sound_are_told_apart() {
        let tranche = |duration, weight| Tranche { duration, weight };
        for sound in [&DAO[..], &TEAM, &PRIVATE_SALE, &LIQUIDITY] {
            assert!(is_sound(sound));
        }
        assert!(is_sound(&[tranche(1, 0), tranche(1, u32::MAX)]));
        for unsound in [
            &[][..],
            &[tranche(0, 1)],
            &[tranche(1, 0)],
            &[tranche(1, 1), tranche(1, u32::MAX)],
            &[tranche(1, 1); 5],
        ] {
            assert!(!is_sound(unsound), "{unsound:?}");
        }
        assert_eq!(duration(&LIQUIDITY), 4 * u64::from(YEAR));
    }
}
