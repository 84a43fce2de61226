//! From events to jobs.

use std::collections::BTreeMap;

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256, Bytes, TxHash};
use alloy_sol_types::SolEvent;

use super::Job;
use crate::contracts::{IEngine, topic};

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

/// Reads the engine's logs. One transaction may submit many tasks: each `TaskInput` holds
/// the input of `count` tasks that were submitted one after the other, beginning with its
/// `firstId` (protocol section 5).
pub(super) fn read(logs: &[Log], wanted: impl Fn(B256) -> bool) -> Sighting {
    let mut submitted: BTreeMap<TxHash, Vec<(u64, IEngine::TaskSubmitted)>> = BTreeMap::new();
    let mut sighting = Sighting::default();
    // A reorganised-away log is marked so by some endpoints; the reorganisation itself is
    // noticed by the cursor.
    let logs = || logs.iter().filter(|log| !log.removed);
    for log in logs() {
        if let Ok(event) = IEngine::TaskSubmitted::decode_log(&log.inner) {
            let block = log.block_number.unwrap_or_default();
            let transaction = log.transaction_hash.unwrap_or_default();
            submitted
                .entry(transaction)
                .or_default()
                .push((block, event.data));
        } else if let Ok(event) = IEngine::SolutionSubmitted::decode_log(&log.inner) {
            sighting.solved.push((event.task, event.addr));
        }
    }
    for log in logs() {
        let Ok(event) = IEngine::TaskInput::decode_log(&log.inner) else {
            continue;
        };
        let transaction = log.transaction_hash.unwrap_or_default();
        let tasks = submitted.get(&transaction).map_or(&[][..], Vec::as_slice);
        let first = tasks.iter().position(|(_, task)| task.id == event.firstId);
        let count = usize::try_from(event.count).unwrap_or(usize::MAX);
        for (block, task) in tasks.iter().skip(first.unwrap_or(usize::MAX)).take(count) {
            if wanted(task.model) {
                let input = Bytes::clone(&event.input);
                sighting
                    .jobs
                    .push(Job::seen(task.id, task.model, task.fee, input, *block));
            }
        }
    }
    sighting
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Log as InnerLog, LogData, U256};

    use super::*;

    fn log(transaction: u8, data: LogData) -> Log {
        Log {
            inner: InnerLog {
                address: Address::ZERO,
                data,
            },
            transaction_hash: Some(B256::repeat_byte(transaction)),
            block_number: Some(7),
            ..Log::default()
        }
    }

    fn submitted(transaction: u8, id: u8, model: u8) -> Log {
        let event = IEngine::TaskSubmitted {
            id: B256::repeat_byte(id),
            model: B256::repeat_byte(model),
            fee: U256::from(id),
            sender: Address::ZERO,
        };
        log(transaction, event.encode_log_data())
    }

    fn input(transaction: u8, first: u8, count: u64, text: &'static [u8]) -> Log {
        let event = IEngine::TaskInput {
            firstId: B256::repeat_byte(first),
            count: U256::from(count),
            input: Bytes::from_static(text),
        };
        log(transaction, event.encode_log_data())
    }

    fn wanted(model: B256) -> bool {
        model == B256::repeat_byte(0xaa)
    }

    #[test]
    fn gives_each_task_of_a_bulk_its_input() {
        let logs = [
            submitted(1, 1, 0xaa),
            submitted(1, 2, 0xaa),
            submitted(1, 3, 0xaa),
            input(1, 1, 2, b"first"),
            input(1, 3, 1, b"second"),
            submitted(2, 4, 0xaa),
            input(2, 4, 1, b"third"),
        ];
        let jobs = read(&logs, wanted).jobs;
        let read: Vec<_> = jobs
            .iter()
            .map(|job| (job.task[0], &job.input[..]))
            .collect();
        let expected: [(u8, &[u8]); 4] =
            [(1, b"first"), (2, b"first"), (3, b"second"), (4, b"third")];
        assert_eq!(read, expected);
        assert_eq!((jobs[3].fee, jobs[3].block), (U256::from(4), 7));
    }

    #[test]
    fn leaves_out_models_nobody_opted_into_and_what_does_not_fit_together() {
        let logs = [
            submitted(1, 1, 0xbb),
            input(1, 1, 1, b"other model"),
            submitted(2, 2, 0xaa),
            input(2, 9, 1, b"no such task"),
            input(3, 2, 1, b"another transaction"),
            input(2, 2, u64::MAX, b"fits"),
        ];
        let jobs = read(&logs, wanted).jobs;
        assert_eq!(jobs.len(), 1);
        assert_eq!(&jobs[0].input[..], b"fits");
    }
}
