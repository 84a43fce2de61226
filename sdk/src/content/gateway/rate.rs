//! How often one visitor may ask.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::serve::Visitor;

/// Visitors that are remembered at a time. Whoever has not asked for a while has its whole
/// burst again and is forgotten; what remains takes under a megabyte.
const REMEMBERED: usize = 8_192;

/// A rate for each visitor with a burst (the generic cell rate algorithm): per visitor it
/// remembers one instant, when the requests so far would have been over at the allowed rate.
#[derive(Debug)]
pub(super) struct RateLimit {
    /// Time between requests at the allowed rate.
    interval: Duration,
    /// How far ahead of the rate a visitor may be.
    ahead: Duration,
    busy_until: Mutex<HashMap<Visitor, Instant>>,
}

impl RateLimit {
    /// So many requests a second, and so many at once after a pause.
    pub(super) fn new(per_second: NonZeroU32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.get();
        Self {
            interval,
            ahead: interval * burst.max(1),
            busy_until: Mutex::default(),
        }
    }

    /// Counts a request at `now`.
    ///
    /// # Errors
    /// How long to wait, if it is one too many; it is then not counted.
    pub(super) fn admit(&self, visitor: Visitor, now: Instant) -> Result<(), Duration> {
        let mut busy_until = self
            .busy_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let until = busy_until.get(&visitor).copied().unwrap_or(now).max(now) + self.interval;
        let over = (until - now).saturating_sub(self.ahead);
        if !over.is_zero() {
            return Err(over);
        }
        if busy_until.len() >= REMEMBERED && !busy_until.contains_key(&visitor) {
            make_room(&mut busy_until, now);
        }
        busy_until.insert(visitor, until);
        Ok(())
    }
}

/// Forgets whoever has its whole burst again, and if nobody has, whoever comes next to it.
fn make_room(busy_until: &mut HashMap<Visitor, Instant>, now: Instant) {
    busy_until.retain(|_, until| *until > now);
    if busy_until.len() >= REMEMBERED
        && let Some((&first, _)) = busy_until.iter().min_by_key(|(_, until)| **until)
    {
        busy_until.remove(&first);
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn visitor(number: u32) -> Visitor {
        Visitor::at(IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    fn limit() -> RateLimit {
        RateLimit::new(NonZeroU32::new(10).unwrap(), 3)
    }

    #[test]
    fn a_burst_is_admitted_and_then_the_rate() {
        let (limit, start) = (limit(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        for _ in 0..3 {
            assert_eq!(limit.admit(visitor(1), at(0)), Ok(()));
        }
        assert_eq!(
            limit.admit(visitor(1), at(0)),
            Err(Duration::from_millis(100))
        );
        assert_eq!(
            limit.admit(visitor(1), at(60)),
            Err(Duration::from_millis(40))
        );
        assert_eq!(limit.admit(visitor(2), at(60)), Ok(()));
        assert_eq!(limit.admit(visitor(1), at(100)), Ok(()));
        assert!(limit.admit(visitor(1), at(100)).is_err());
    }

    #[test]
    fn memory_is_bounded_however_many_come() {
        let (limit, now) = (limit(), Instant::now());
        for number in 0..3 * REMEMBERED as u32 {
            assert_eq!(limit.admit(visitor(number), now), Ok(()));
        }
        assert_eq!(limit.busy_until.lock().unwrap().len(), REMEMBERED);
        let later = now + Duration::from_secs(10);
        assert_eq!(limit.admit(visitor(u32::MAX), later), Ok(()));
        assert_eq!(limit.busy_until.lock().unwrap().len(), 1);
    }
}
