//! What is known of an endpoint's health, and how it is shown.

use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::{Fault, rate::Bucket};

/// Weight of the newest measurement in the mean of latencies.
const NEWEST: f64 = 0.2;

/// Failures in a row after which an endpoint is left alone for a while.
const PATIENCE: u32 = 3;

/// For how long, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// For how long an endpoint that was caught at answering wrongly, or that serves another
/// chain, is not asked before it is looked at again.
const QUARANTINE: Duration = Duration::from_secs(300);
const OTHER_CHAIN: Duration = Duration::from_secs(10);

/// An endpoint this slow is asked only if the others are no better.
const SLOW: Duration = Duration::from_secs(5);

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointState {
    /// It answers.
    Healthy,
    /// Nothing was asked of it yet.
    Untried,
    /// It answers, but takes seconds.
    Slow,
    /// It refuses requests for being too many, and is left alone for a moment.
    Limited,
    /// Its newest block is behind the others': it is not asked while another can be.
    Lagging,
    /// It failed several times in a row, and is tried again after a pause.
    Failing,
    /// It was caught at answering wrongly: it is not asked.
    Quarantined,
    /// It serves another chain: it is not asked.
    WrongChain,
}

impl EndpointState {
    /// Whether requests are sent to it while nothing better is there.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        !matches!(self, Self::Quarantined | Self::WrongChain)
    }
}

impl fmt::Display for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Untried => "untried",
            Self::Slow => "slow",
            Self::Limited => "limited",
            Self::Lagging => "lagging",
            Self::Failing => "failing",
            Self::Quarantined => "quarantined",
            Self::WrongChain => "wrong chain",
        })
    }
}

/// One endpoint, for status commands and metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EndpointStatus {
    /// Its URL without credentials, query, and whatever in the path may be a key.
    pub url: String,
    /// How it stands.
    pub state: EndpointState,
    /// What was last wrong with it, if anything is wrong now.
    pub reason: Option<String>,
    /// How long it takes to answer, milliseconds: a mean in which newer answers weigh more.
    pub latency_ms: Option<u64>,
    /// Requests sent to it.
    pub requests: u64,
    /// Those that it did not answer.
    pub failures: u64,
    /// Failures since its last answer.
    pub consecutive_failures: u32,
    /// Its newest block, when it was last seen.
    pub head: Option<u64>,
    /// How many blocks that is behind the best of the endpoints.
    pub behind: Option<u64>,
    /// Requests per second that it is sent at most, as set or as learnt from refusals.
    pub rate_limit: Option<f64>,
    /// How long it is left alone, milliseconds.
    pub retry_in_ms: Option<u64>,
}

/// What is known of one endpoint.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) bucket: Bucket,
    /// Whether its chain id was checked since it last went away.
    pub(super) verified: bool,
    pub(super) head: Option<u64>,
    /// How far that was behind, when the heads were last compared.
    pub(super) lag: Option<Lag>,
    latency: Option<f64>,
    requests: u64,
    failures: u64,
    consecutive: u32,
    /// It failed too often: nothing is sent before this, then one request.
    open_until: Option<Instant>,
    quarantined: Option<(Instant, String)>,
    wrong_chain: Option<(Instant, u64, u64)>,
    last: Option<String>,
}

impl Health {
    pub(super) fn new(rate: Option<f64>, now: Instant) -> Self {
        Self {
            bucket: Bucket::new(rate, now),
            verified: false,
            head: None,
            lag: None,
            latency: None,
            requests: 0,
            failures: 0,
            consecutive: 0,
            open_until: None,
            quarantined: None,
            wrong_chain: None,
            last: None,
        }
    }

    pub(super) fn sent(&mut self, requests: usize) {
        self.requests += requests as u64;
    }

    pub(super) fn answered(&mut self, took: Duration, now: Instant) {
        let took = took.as_secs_f64();
        self.latency = Some(match self.latency {
            Some(mean) => mean + NEWEST * (took - mean),
            None => took,
        });
        self.consecutive = 0;
        self.open_until = None;
        self.last = None;
        self.bucket.answered(now);
    }

    /// Takes a failure in. Returns whether this one was the one too many.
    pub(super) fn failed(&mut self, fault: &Fault, now: Instant) -> bool {
        self.failures += 1;
        self.last = Some(fault.to_string());
        match fault {
            Fault::Limited(pause, _) => self.bucket.refused(*pause, now),
            Fault::WrongChain { expected, found } => {
                self.verified = false;
                self.wrong_chain = Some((now + OTHER_CHAIN, *expected, *found));
            }
            _ => {}
        }
        if !fault.counts() {
            return false;
        }
        self.consecutive = self.consecutive.saturating_add(1);
        if self.consecutive < PATIENCE {
            return false;
        }
        // It may come back as another chain.
        self.verified = false;
        let doublings = (self.consecutive - PATIENCE).min(16);
        let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
        self.open_until = Some(now + jittered(pause));
        self.consecutive == PATIENCE
    }

    pub(super) fn quarantine(&mut self, reason: String, now: Instant) {
        self.last = Some(reason.clone());
        self.quarantined = Some((now + QUARANTINE, reason));
    }

    /// Its block is that of the others.
    pub(super) fn agrees(&mut self, now: Instant) {
        if self.barred(now).is_none() {
            self.quarantined = None;
        }
    }

    /// What forbids asking it at all.
    pub(super) fn barred(&self, now: Instant) -> Option<Fault> {
        if let Some((until, reason)) = &self.quarantined
            && *until > now
        {
            return Some(Fault::Quarantined(reason.clone()));
        }
        match self.wrong_chain {
            Some((until, expected, found)) if until > now => {
                Some(Fault::WrongChain { expected, found })
            }
            _ => None,
        }
    }

    pub(super) fn is_right_chain(&mut self) {
        self.verified = true;
        self.wrong_chain = None;
    }

    /// How it stands.
    pub(super) fn state(&self, now: Instant) -> EndpointState {
        match self.barred(now) {
            Some(Fault::WrongChain { .. }) => return EndpointState::WrongChain,
            Some(_) => return EndpointState::Quarantined,
            None => {}
        }
        // Whoever was quarantined comes last until its block is compared again.
        if self.open_until.is_some() || self.quarantined.is_some() {
            EndpointState::Failing
        } else if self.lag.is_some_and(|lag| lag.too_far) {
            EndpointState::Lagging
        } else if self.bucket.is_blocked(now) {
            EndpointState::Limited
        } else if self.latency.is_some_and(|mean| mean > SLOW.as_secs_f64()) {
            EndpointState::Slow
        } else if self.latency.is_none() {
            EndpointState::Untried
        } else {
            EndpointState::Healthy
        }
    }

    /// Until when it is left alone after failures: then one request may find out.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.open_until
    }

    /// Whether its pause is over and one request may find out whether it is back; the others
    /// keep away for another pause meanwhile.
    pub(super) fn take_probe(&mut self, now: Instant) -> bool {
        match self.open_until {
            Some(until) if until <= now => {
                self.open_until = Some(now + FIRST_PAUSE);
                true
            }
            _ => false,
        }
    }

    pub(super) fn status(&mut self, url: &str, now: Instant) -> EndpointStatus {
        let state = self.state(now);
        let until = match (&self.quarantined, self.wrong_chain) {
            (Some((until, _)), _) if state == EndpointState::Quarantined => Some(*until),
            (_, Some((until, ..))) if state == EndpointState::WrongChain => Some(until),
            _ => self.open_until,
        };
        let pause = match until {
            Some(until) => until.saturating_duration_since(now),
            None if self.bucket.is_blocked(now) => self.bucket.wait(now),
            None => Duration::ZERO,
        };
        // An answer that was on its way clears what failed last, but not why it is kept away.
        let reason = match &self.quarantined {
            Some((_, reason)) if state == EndpointState::Quarantined => Some(reason.clone()),
            _ => self.last.clone(),
        };
        EndpointStatus {
            url: url.to_owned(),
            state,
            reason,
            latency_ms: self.latency.map(|mean| (mean * 1000.0).round() as u64),
            requests: self.requests,
            failures: self.failures,
            consecutive_failures: self.consecutive,
            head: self.head,
            behind: self.lag.map(|lag| lag.blocks),
            rate_limit: self.bucket.rate(),
            retry_in_ms: (!pause.is_zero())
                .then(|| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// How far an endpoint's head is behind the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lag {
    pub(super) blocks: u64,
    pub(super) too_far: bool,
}

/// Up to a quarter more, so that many programs do not come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    let nanos = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    pause + pause * (nanos % 1000) / 4000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone() -> Fault {
        Fault::Unreachable("connection refused".to_owned())
    }

    #[test]
    fn is_left_alone_after_three_failures_and_probed_once_a_pause() {
        let start = Instant::now();
        let mut health = Health::new(None, start);
        assert_eq!(health.state(start), EndpointState::Untried);
        assert!(!health.failed(&gone(), start));
        assert!(!health.failed(&gone(), start));
        assert!(health.failed(&gone(), start), "the third is one too many");
        assert!(!health.failed(&gone(), start), "and is told once");
        assert_eq!(health.state(start), EndpointState::Failing);
        assert!(!health.take_probe(start));
        let later = start + Duration::from_secs(3);
        assert!(health.take_probe(later));
        assert!(!health.take_probe(later), "one at a time");
        health.answered(Duration::from_millis(10), later);
        assert_eq!(health.state(later), EndpointState::Healthy);
        assert!(!health.verified, "it may have come back as another chain");
    }

    #[test]
    fn pauses_grow_to_a_minute_and_no_further() {
        let start = Instant::now();
        let mut health = Health::new(None, start);
        for _ in 0..100 {
            health.failed(&gone(), start);
        }
        let pause = health.open_until.unwrap() - start;
        assert!(
            pause >= LONGEST_PAUSE && pause <= LONGEST_PAUSE * 5 / 4,
            "{pause:?}"
        );
    }

    #[test]
    fn large_answers_and_limits_are_no_failures_in_a_row() {
        let start = Instant::now();
        let mut health = Health::new(None, start);
        for _ in 0..5 {
            health.failed(&Fault::TooLarge(1), start);
            health.failed(&Fault::Limited(None, String::new()), start);
        }
        assert_eq!(health.state(start), EndpointState::Limited);
        assert_eq!(health.status("x", start).consecutive_failures, 0);
    }

    #[test]
    fn quarantine_ends_when_its_time_is_over_and_the_blocks_are_the_same() {
        let start = Instant::now();
        let mut health = Health::new(None, start);
        health.quarantine("it told of another block 7".to_owned(), start);
        assert!(!health.state(start).is_usable());
        let status = health.status("x", start);
        assert!(status.reason.unwrap().contains("block 7"));
        assert!(status.retry_in_ms.is_some());
        let later = start + QUARANTINE;
        assert_eq!(health.state(later), EndpointState::Failing);
        health.agrees(start);
        assert_eq!(health.state(later), EndpointState::Failing, "not early");
        health.agrees(later);
        assert_eq!(health.state(later), EndpointState::Untried);
    }
}
