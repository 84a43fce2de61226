//! From events to jobs.

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;

use super::Job;
use crate::contracts::{IEngine, submissions, topic};

/// What a range of blocks says about tasks.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    /// Tasks of wanted models, in order of submission.
    pub(super) jobs: Vec<Job>,
    /// Solved tasks and who solved them.
    pub(super) solved: Vec<(B256, Address)>,
}

/// The first topics that [`read`] understands.
pub(super) fn topics() -> Vec<B256> {
    vec![
        topic::<IEngine::TaskSubmitted>(),
        topic::<IEngine::TaskInput>(),
        topic::<IEngine::SolutionSubmitted>(),
    ]
}

/// Reads the engine's logs.
pub(super) fn read(logs: &[Log], wanted: impl Fn(B256) -> bool) -> Sighting {
    let jobs = submissions(logs)
        .into_iter()
        .filter(|submission| wanted(submission.model))
        .map(|s| Job::seen(s.task, s.model, s.fee, s.input, s.block))
        .collect();
    let solved = logs
        .iter()
        .filter(|log| !log.removed)
        .filter_map(|log| IEngine::SolutionSubmitted::decode_log(&log.inner).ok())
        .map(|event| (event.task, event.addr))
        .collect();
    Sighting { jobs, solved }
}
