//! When a time that somebody has chosen will be over.

use std::time::{Duration, Instant};

/// What "for ever" is held to be: clocks cannot count as far as a [`Duration`] reaches.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// The moment at which `time` from now will have passed. Adding to an [`Instant`] panics where
/// the clock cannot count that far, and how long something may take is for callers to choose.
pub(crate) fn after(time: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(time)
        .or_else(|| now.checked_add(FOR_EVER))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_too_long() {
        let year = Duration::from_secs(365 * 24 * 3600);
        assert!(after(Duration::MAX) > Instant::now() + year);
        assert!(after(Duration::ZERO) <= Instant::now());
    }
}
