//! What time it is on the chain.

use std::time::{SystemTime, UNIX_EPOCH};

use super::ControlError;

/// The chain's clock: the wall clock, put forward or back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    /// Seconds by which it differs from the wall clock.
    pub(super) offset: i64,
    /// Timestamp that the next block must have.
    pub(super) next: Option<u64>,
    /// Seconds from each block to the next, whatever the wall clock says.
    pub(super) interval: Option<u64>,
}

impl Clock {
    /// A clock that shows `timestamp` now.
    pub(super) fn showing(timestamp: u64) -> Self {
        let mut clock = Self::default();
        clock.show(timestamp);
        clock
    }

    fn show(&mut self, timestamp: u64) {
        let offset = i128::from(timestamp) - i128::from(wall_clock());
        self.offset = i64::try_from(offset).unwrap_or_default();
    }

    /// Timestamp of a block made now after one at `latest`.
    pub(super) fn next_timestamp(&self, latest: u64) -> u64 {
        if let Some(fixed) = self.next {
            return fixed;
        }
        if let Some(interval) = self.interval {
            return latest.saturating_add(interval).min(MAX_TIMESTAMP);
        }
        let now = i128::from(wall_clock()) + i128::from(self.offset);
        u64::try_from(now).unwrap_or_default().max(latest)
    }

    /// Puts the clock forward and gives the new offset.
    pub(super) fn advance(&mut self, seconds: u64) -> Result<i64, ControlError> {
        let offset = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| self.offset.checked_add(seconds))
            .ok_or(ControlError::TimeOverflow(seconds))?;
        self.offset = offset;
        Ok(offset)
    }

    /// Fixes the timestamp of the block after one at `latest`.
    pub(super) fn fix_next(&mut self, timestamp: u64, latest: u64) -> Result<(), ControlError> {
        check(timestamp, latest)?;
        self.next = Some(timestamp);
        Ok(())
    }

    /// Makes the clock show a time, not before the block at `latest`, and run on.
    pub(super) fn set(&mut self, timestamp: u64, latest: u64) -> Result<(), ControlError> {
        check(timestamp, latest)?;
        self.next = None;
        self.show(timestamp);
        Ok(())
    }

    /// A block was made: the clock runs on from a timestamp that was fixed.
    pub(super) fn block_made(&mut self, timestamp: u64) {
        if self.next.take().is_some() {
            self.show(timestamp);
        }
    }
}

/// Times beyond this do not fit the clock's arithmetic.
const MAX_TIMESTAMP: u64 = i64::MAX as u64;

fn check(timestamp: u64, latest: u64) -> Result<(), ControlError> {
    if timestamp < latest {
        return Err(ControlError::TimeBackwards {
            given: timestamp,
            latest,
        });
    }
    if timestamp > MAX_TIMESTAMP {
        return Err(ControlError::TimeOverflow(timestamp));
    }
    Ok(())
}

/// The wall clock in Unix seconds.
pub(crate) fn wall_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|time| time.as_secs())
        .unwrap_or_default()
}
