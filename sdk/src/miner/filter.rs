//! Which jobs somebody wants to see.

use alloy_primitives::B256;

use super::{Job, State};

/// A choice of jobs; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In one of these states; in any if empty.
    pub states: Vec<State>,
    /// Of this model.
    pub model: Option<B256>,
    /// That were first seen at this time or later, milliseconds since 1970.
    pub since: Option<u64>,
    /// So many of the newest.
    pub limit: Option<usize>,
}

impl JobFilter {
    /// Whether a job is one of those.
    #[must_use]
    pub fn lets_through(&self, job: &Job) -> bool {
        let seen = job.history.first().map_or(0, |(_, at)| *at);
        (self.states.is_empty() || self.states.contains(&job.state))
            && self.model.is_none_or(|model| model == job.model)
            && self.since.is_none_or(|since| seen >= since)
    }
}
