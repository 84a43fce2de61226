//! How many requests an endpoint is sent per second: as many as were set, and fewer once it
//! refuses some.

use std::time::{Duration, Instant};

/// Below this a limit is no longer halved, requests per second.
const LEAST: f64 = 2.0;

/// For how long an endpoint is left alone that refuses without saying for how long.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest time that an endpoint's own `Retry-After` is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How often, and by how much, a learnt limit is raised while nothing is refused.
const RAISE_EVERY: Duration = Duration::from_secs(5);
const RAISE_BY: f64 = 1.5;

/// A token bucket that holds a second's worth, and learns from refusals: each halves the
/// rate, quiet raises it again.
#[derive(Debug)]
pub(super) struct Bucket {
    configured: Option<f64>,
    /// What was learnt, if it is less than what was configured.
    learnt: Option<f64>,
    tokens: f64,
    filled: Instant,
    /// Requests in the second that `window` began, and in the one before.
    sent: f64,
    sent_before: f64,
    window: Instant,
    blocked_until: Option<Instant>,
    raised: Instant,
}

impl Bucket {
    pub(super) fn new(configured: Option<f64>, now: Instant) -> Self {
        Self {
            configured,
            learnt: None,
            tokens: configured.map_or(0.0, |rate| rate.max(1.0)),
            filled: now,
            sent: 0.0,
            sent_before: 0.0,
            window: now,
            blocked_until: None,
            raised: now,
        }
    }

    /// The rate that holds at the moment, requests per second.
    pub(super) fn rate(&self) -> Option<f64> {
        self.learnt.or(self.configured)
    }

    /// How long to wait before the next request.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        if let Some(until) = self.blocked_until {
            if until > now {
                return until - now;
            }
            self.blocked_until = None;
        }
        let Some(rate) = self.rate() else {
            return Duration::ZERO;
        };
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * rate).min(rate.max(1.0));
        self.filled = now;
        if self.tokens >= 1.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64((1.0 - self.tokens) / rate)
        }
    }

    /// Counts requests that are sent now.
    pub(super) fn take(&mut self, requests: usize, now: Instant) {
        let requests = requests as f64;
        // A batch may overdraw; the next request then waits for it.
        self.tokens -= requests;
        if now.saturating_duration_since(self.window) >= Duration::from_secs(1) {
            self.sent_before = self.sent;
            self.sent = 0.0;
            self.window = now;
        }
        self.sent += requests;
    }

    /// The endpoint refused: fewer from now on, and none for a while.
    pub(super) fn refused(&mut self, retry_after: Option<Duration>, now: Instant) {
        // Requests that were on their way together are refused together, for one reason.
        if !self.is_blocked(now) {
            let measured = self.sent.max(self.sent_before).max(1.0);
            let before = self.rate().map_or(measured, |rate| rate.min(measured));
            // Who set less than that knows why.
            let least = self
                .configured
                .map_or(LEAST, |configured| configured.min(LEAST));
            self.learnt = Some((before / 2.0).max(least));
            self.raised = now;
        }
        let pause = retry_after.unwrap_or(PAUSE).min(LONGEST_PAUSE);
        let until = self
            .blocked_until
            .map_or(now + pause, |until| until.max(now + pause));
        self.blocked_until = Some(until);
        self.tokens = 1.0;
        self.filled = until;
    }

    /// The endpoint answered: the limit may have been a moment's.
    pub(super) fn answered(&mut self, now: Instant) {
        let Some(learnt) = self.learnt else { return };
        if now.saturating_duration_since(self.raised) < RAISE_EVERY {
            return;
        }
        self.raised = now;
        let raised = learnt * RAISE_BY;
        // Far above what is asked for, a limit means nothing.
        let unbound = 4.0 * self.sent.max(self.sent_before).max(10.0);
        self.learnt = match self.configured {
            Some(configured) if raised >= configured => None,
            None if raised > unbound => None,
            _ => Some(raised),
        };
    }

    /// Whether it is being held back by a refusal.
    pub(super) fn is_blocked(&self, now: Instant) -> bool {
        self.blocked_until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn lets_as_many_through_as_were_set_and_then_makes_wait() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(4.0), start);
        for _ in 0..4 {
            assert_eq!(bucket.wait(start), Duration::ZERO);
            bucket.take(1, start);
        }
        assert_eq!(bucket.wait(start), Duration::from_millis(250));
        assert_eq!(
            bucket.wait(start + Duration::from_millis(250)),
            Duration::ZERO
        );
        // What was not used is not saved up for longer than a second.
        let later = start + 60 * SECOND;
        let mut through = 0;
        while bucket.wait(later).is_zero() {
            bucket.take(1, later);
            through += 1;
        }
        assert_eq!(through, 4);
    }

    #[test]
    fn waits_as_long_as_it_is_told_and_halves_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(None, start);
        assert_eq!((bucket.rate(), bucket.wait(start)), (None, Duration::ZERO));
        bucket.take(20, start);
        bucket.refused(Some(7 * SECOND), start);
        assert_eq!(
            (bucket.rate(), bucket.wait(start)),
            (Some(10.0), 7 * SECOND)
        );
        assert!(bucket.wait(start + 7 * SECOND).is_zero());
        bucket.refused(None, start + 8 * SECOND);
        assert_eq!(bucket.rate(), Some(5.0));
        bucket.refused(None, start + 8 * SECOND);
        assert_eq!(bucket.rate(), Some(5.0), "refused together");
        for later in 1..20 {
            bucket.refused(None, start + (8 + 2 * later) * SECOND);
        }
        assert_eq!(bucket.rate(), Some(LEAST));
    }

    #[test]
    fn an_absurd_retry_after_is_not_believed() {
        let start = Instant::now();
        let mut bucket = Bucket::new(None, start);
        bucket.refused(Some(Duration::from_secs(u64::MAX / 4)), start);
        assert_eq!(bucket.wait(start), LONGEST_PAUSE);
    }

    #[test]
    fn a_learnt_limit_is_forgotten_after_some_quiet() {
        let start = Instant::now();
        let mut bucket = Bucket::new(Some(8.0), start);
        bucket.take(8, start);
        bucket.refused(None, start);
        assert_eq!(bucket.rate(), Some(4.0));
        bucket.answered(start + RAISE_EVERY);
        assert_eq!(bucket.rate(), Some(6.0));
        bucket.answered(start + RAISE_EVERY * 2);
        assert_eq!(bucket.rate(), Some(8.0));
    }
}
