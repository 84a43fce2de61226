//! Time without pauses (protocol section 10).
//!
//! Waits that protect somebody (to contest, to vote, to retract, to claim) count unpaused
//! seconds alone, or a pause could eat the time to contest. A moment on this clock is the
//! time less all pauses until then ([`Clock::unpaused`]); compare two of them.
//!
//! Nothing that starts such a wait happens during a pause, so a moment can also be kept
//! as plain time together with the seconds of pause until then ([`Clock::paused`]).

use core::fmt;

/// Seconds that a pause lasts at most: 14 days. One that nobody ends runs out by itself.
pub const MAX_PAUSE: u64 = 14 * 86_400;

/// Seconds from the end of a pause to the earliest start of the next: 14 days.
pub const MIN_PAUSE_INTERVAL: u64 = 14 * 86_400;

/// The pauses so far, in seconds since the epoch. The default: there was none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// When the running or last pause began; 0 if there was none.
    pub began: u64,
    /// When it ends or ended; 0 if there was none.
    pub ends: u64,
    /// Seconds of all pauses before it.
    pub before: u64,
}

/// Why a pause cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseError {
    /// A pause runs, or one ended less than [`MIN_PAUSE_INTERVAL`] ago.
    TooSoon {
        /// When the next one may begin, in seconds since the epoch.
        from: u64,
    },
}

impl fmt::Display for PauseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooSoon { from } = self;
        write!(
            f,
            "the next pause may begin 14 days after the last one, at {from}"
        )
    }
}

impl core::error::Error for PauseError {}

impl Clock {
    /// Whether there is a pause at `now`.
    pub const fn is_paused(&self, now: u64) -> bool {
        now < self.ends
    }

    /// Seconds of pause until `now`, which is not before the last pause began.
    pub const fn paused(&self, now: u64) -> u64 {
        let until = if now < self.ends { now } else { self.ends };
        self.before.saturating_add(until.saturating_sub(self.began))
    }

    /// `now` on the clock that pauses stop.
    pub const fn unpaused(&self, now: u64) -> u64 {
        now.saturating_sub(self.paused(now))
    }

    /// When `moment` of the unpaused clock comes, if no pause comes first; when it came,
    /// if no pause has come since.
    pub const fn estimate(&self, moment: u64, now: u64) -> u64 {
        let paused = if self.is_paused(now) {
            self.paused(self.ends)
        } else {
            self.paused(now)
        };
        moment.saturating_add(paused)
    }

    /// The clock after a pause begins at `now`.
    ///
    /// # Errors
    ///
    /// [`PauseError::TooSoon`] during a pause and within [`MIN_PAUSE_INTERVAL`] after one.
    pub const fn pause(&self, now: u64) -> Result<Self, PauseError> {
        if self.ends != 0 {
            let from = self.ends.saturating_add(MIN_PAUSE_INTERVAL);
            if now < from {
                return Err(PauseError::TooSoon { from });
            }
        }
        Ok(Self {
            began: now,
            ends: now.saturating_add(MAX_PAUSE),
            before: self.paused(now),
        })
    }

    /// The clock after the pause is ended at `now`; unchanged if none runs.
    pub const fn resume(&self, now: u64) -> Self {
        if !self.is_paused(now) {
            return *self;
        }
        // A pause that is ended in the second in which it began counts as one all the
        // same: the next one has to wait.
        Self {
            began: self.began,
            ends: now,
            before: self.before,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400;

    #[test]
    fn a_network_never_paused_has_plain_time() {
        let clock = Clock::default();
        assert!(!clock.is_paused(0));
        assert_eq!(clock.unpaused(1_700_000_000), 1_700_000_000);
        assert_eq!(clock.estimate(5, 3), 5);
    }

    #[test]
    fn a_pause_stops_the_clock_and_ends_by_itself() -> Result<(), PauseError> {
        let clock = Clock::default().pause(100 * DAY)?;
        assert!(clock.is_paused(100 * DAY));
        assert!(clock.is_paused(114 * DAY - 1));
        assert!(!clock.is_paused(114 * DAY));
        assert_eq!(clock.unpaused(107 * DAY), 100 * DAY);
        assert_eq!(clock.unpaused(114 * DAY), 100 * DAY);
        assert_eq!(clock.unpaused(115 * DAY), 101 * DAY);
        Ok(())
    }

    #[test]
    fn a_pause_eats_no_time_to_contest() -> Result<(), PauseError> {
        // Contestable for 2,000 s from day 100 on, paused after the first 500.
        let start = 100 * DAY;
        let clock = Clock::default();
        let end = clock.unpaused(start) + 2_000;
        let clock = clock.pause(start + 500)?.resume(start + 500 + 3 * DAY);
        assert!(clock.unpaused(start + 2_000 + 3 * DAY) <= end);
        assert!(clock.unpaused(start + 2_001 + 3 * DAY) > end);
        assert_eq!(
            clock.estimate(end, start + 4 * DAY),
            start + 2_000 + 3 * DAY
        );
        Ok(())
    }

    #[test]
    fn pauses_cannot_follow_each_other_within_fourteen_days() -> Result<(), PauseError> {
        let clock = Clock::default().pause(100 * DAY)?;
        let from = 128 * DAY;
        assert_eq!(clock.pause(101 * DAY), Err(PauseError::TooSoon { from }));
        assert_eq!(clock.pause(from - 1), Err(PauseError::TooSoon { from }));
        assert!(clock.pause(from).is_ok());
        let ended = clock.resume(102 * DAY);
        assert_eq!(
            ended.pause(116 * DAY - 1),
            Err(PauseError::TooSoon { from: 116 * DAY })
        );
        let again = ended.pause(116 * DAY)?;
        assert_eq!(again.before, 2 * DAY);
        assert_eq!(again.unpaused(131 * DAY), 131 * DAY - 16 * DAY);
        Ok(())
    }

    #[test]
    fn ending_no_pause_changes_nothing() -> Result<(), PauseError> {
        assert_eq!(Clock::default().resume(7), Clock::default());
        let clock = Clock::default().pause(100 * DAY)?;
        assert_eq!(clock.resume(120 * DAY), clock);
        let instant = clock.resume(100 * DAY);
        assert_eq!(instant.paused(200 * DAY), 0);
        assert!(instant.pause(100 * DAY).is_err());
        Ok(())
    }
}
