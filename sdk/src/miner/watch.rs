//! From events to jobs and cases.

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;

use super::{Job, Role, Roles};
use crate::contracts::{IEngine, Submission, submissions, topic};

/// What a range of blocks says about tasks.
#[derive(Debug, Default)]
pub(super) struct Sighting {
    /// Tasks of wanted models, in order of submission.
    pub(super) submissions: Vec<Submission>,
    /// Solved tasks, in order.
    pub(super) solved: Vec<Solved>,
    /// Contested tasks and who contests them.
    pub(super) contested: Vec<(B256, Address)>,
    /// Claimed tasks and who had solved them.
    pub(super) claimed: Vec<(B256, Address)>,
}

/// A task that somebody has solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Solved {
    pub(super) task: B256,
    pub(super) solver: Address,
    /// When, seconds since 1970, where the endpoint says so.
    pub(super) time: Option<u64>,
}

/// The first topics that [`read`] understands, as far as these roles need them.
pub(super) fn topics(roles: Roles) -> Vec<B256> {
    let mut topics = vec![
        topic::<IEngine::TaskSubmitted>(),
        topic::<IEngine::TaskInput>(),
        topic::<IEngine::SolutionSubmitted>(),
        topic::<IEngine::ContestationSubmitted>(),
    ];
    if roles.has(Role::Notify) {
        topics.push(topic::<IEngine::SolutionClaimed>());
    }
    topics
}

impl Sighting {
    /// The jobs that the submissions make.
    pub(super) fn jobs(&self) -> impl Iterator<Item = Job> + '_ {
        self.submissions.iter().map(|s| {
            Job::seen(s.task, s.model, s.fee, s.input.clone(), s.block).requested_by(s.sender)
        })
    }
}

/// Reads the engine's logs.
pub(super) fn read(logs: &[Log], wanted: impl Fn(B256) -> bool) -> Sighting {
    let submissions = submissions(logs)
        .into_iter()
        .filter(|submission| wanted(submission.model))
        .collect();
    let mut sighting = Sighting {
        submissions,
        ..Sighting::default()
    };
    for log in logs.iter().filter(|log| !log.removed) {
        if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
            sighting.solved.push(Solved {
                task: event.task,
                solver: event.addr,
                time: log.block_timestamp,
            });
        } else if let Ok(event) = IEngine::ContestationSubmitted::decode_log(&log.inner) {
            sighting.contested.push((event.task, event.addr));
        } else if let Ok(event) = IEngine::SolutionClaimed::decode_log(&log.inner) {
            sighting.claimed.push((event.task, event.addr));
        }
    }
    sighting
}
