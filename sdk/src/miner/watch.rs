//! From events to jobs and cases.

use std::collections::{HashMap, HashSet};

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
    /// Those of them whose identifiers prove what was submitted.
    pub(super) proved: HashSet<B256>,
    /// The last task of any model.
    pub(super) last: Option<B256>,
    /// Solved tasks, in order.
    pub(super) solved: Vec<Solved>,
    /// Contested tasks, in order.
    pub(super) contested: Vec<Contested>,
    /// Claimed tasks and who had solved them.
    pub(super) claimed: Vec<(B256, Address)>,
}

/// A task that somebody has solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Solved {
    pub(super) task: B256,
    pub(super) solver: Address,
    /// In which block.
    pub(super) block: u64,
    /// When, seconds since 1970, where the endpoint says so.
    pub(super) time: Option<u64>,
}

/// A task whose solution somebody contests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contested {
    pub(super) task: B256,
    pub(super) contester: Address,
    /// In which block.
    pub(super) block: u64,
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
        let proved = |task| self.proved.contains(task);
        let submissions = self.submissions.iter();
        submissions.map(move |submission| Job::of(submission).proved(proved(&submission.task)))
    }
}

/// Reads the engine's logs, which go on after the task `before`, if that is known.
pub(super) fn read(logs: &[Log], before: Option<B256>, wanted: impl Fn(B256) -> bool) -> Sighting {
    let submissions: Vec<Submission> = submissions(logs)
        .into_iter()
        .filter(|submission| wanted(submission.model))
        .collect();
    let mut sighting = Sighting {
        last: before,
        ..Sighting::default()
    };
    let mut previous = HashMap::new();
    for log in logs.iter().filter(|log| !log.removed) {
        if let Ok(event) = IEngine::TaskSubmitted::decode_log(&log.inner) {
            previous.insert(event.id, sighting.last.replace(event.id));
        }
    }
    let proved = submissions.iter().filter(|submission| {
        let before = previous.get(&submission.task).copied().flatten();
        before.is_some_and(|before| submission.follows(before))
    });
    sighting.proved = proved.map(|submission| submission.task).collect();
    sighting.submissions = submissions;
    for log in logs.iter().filter(|log| !log.removed) {
        let block = log.block_number.unwrap_or_default();
        if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
            sighting.solved.push(Solved {
                task: event.task,
                solver: event.addr,
                block,
                time: log.block_timestamp,
            });
        } else if let Ok(event) = IEngine::ContestationSubmitted::decode_log(&log.inner) {
            sighting.contested.push(Contested {
                task: event.task,
                contester: event.addr,
                block,
            });
        } else if let Ok(event) = IEngine::SolutionClaimed::decode_log(&log.inner) {
            sighting.claimed.push((event.task, event.addr));
        }
    }
    sighting
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, Log as InnerLog, LogData, U256};
    use arbius_protocol::ids;

    use super::*;
    use crate::content::{cids, unixfs};

    const MODEL: B256 = B256::repeat_byte(0xaa);
    const FOREIGN: B256 = B256::repeat_byte(0xbb);

    fn log(data: LogData) -> Log {
        let address = Address::ZERO;
        Log {
            inner: InnerLog { address, data },
            ..Log::default()
        }
    }

    /// The events of a task that was submitted after another, and its id.
    fn submitted(previous: B256, model: B256, input: &'static [u8]) -> ([Log; 2], B256) {
        let digest = cids::digest(&unixfs::cid_of(input)).unwrap();
        let (sender, fee) = (Address::repeat_byte(3), U256::from(5));
        let id = ids::task_id(sender, previous, model, fee, digest.into());
        let announced = IEngine::TaskSubmitted {
            id,
            model,
            fee,
            sender,
        };
        let input = IEngine::TaskInput {
            firstId: id,
            count: U256::from(1),
            input: Bytes::from_static(input),
        };
        let logs = [announced.encode_log_data(), input.encode_log_data()];
        (logs.map(log), id)
    }

    #[test]
    fn a_task_is_proved_by_its_id_and_the_task_before_of_whatever_model() {
        let before = B256::repeat_byte(9);
        let (first, one) = submitted(before, MODEL, b"1");
        let (second, two) = submitted(one, FOREIGN, b"2");
        let (third, three) = submitted(two, MODEL, b"3");
        let all = [first.clone(), second, third.clone()].concat();
        let wanted = |model| model == MODEL;

        let sighting = read(&all, Some(before), wanted);
        assert_eq!(sighting.proved, HashSet::from([one, three]));
        assert_eq!(sighting.last, Some(three));
        assert!(sighting.jobs().all(|job| job.proved));
        // Without what came before, nothing proves the first.
        assert_eq!(read(&all, None, wanted).proved, HashSet::from([three]));
        // One that was left out leaves the next without proof.
        let gap = [first, third].concat();
        let sighting = read(&gap, Some(before), wanted);
        assert_eq!(sighting.proved, HashSet::from([one]));
        assert_eq!(sighting.jobs().count(), 2);
        assert_eq!(read(&[], Some(three), wanted).last, Some(three));
    }
}
