//! Tasks as the engine's events announce them.

use std::collections::BTreeMap;

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256, Bytes, TxHash, U256};
use alloy_sol_types::SolEvent;
use arbius_protocol::ids;

use super::IEngine;
use crate::content::{cids, unixfs};

/// A submitted task with its input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The task's id.
    pub task: B256,
    /// The model that it asks for.
    pub model: B256,
    /// Its fee, wei of AIUS.
    pub fee: U256,
    /// Who submitted it: an account or a contract.
    pub sender: Address,
    /// The input.
    pub input: Bytes,
    /// The block that includes it.
    pub block: u64,
}

impl Submission {
    /// The seed that the model runs with (protocol section 3).
    #[must_use]
    pub fn seed(&self) -> u64 {
        ids::seed(self.task)
    }

    /// Whether the identifier proves the rest: it is a hash of model, fee, sender and input,
    /// and of the task that was submitted before it (protocol section 3). Whoever reads all of
    /// the engine's events needs to believe nobody about what was submitted.
    #[must_use]
    pub fn follows(&self, previous: B256) -> bool {
        let Ok(input) = cids::digest(&unixfs::cid_of(&self.input)) else {
            return false;
        };
        ids::task_id(self.sender, previous, self.model, self.fee, input.into()) == self.task
    }
}

/// Reads the engine's logs, which must hold whole transactions, in order.
///
/// One transaction may submit many tasks: each `TaskInput` holds the input of `count` tasks
/// that were submitted one after the other, beginning with its `firstId` (protocol section
/// 5). Events of other kinds are passed over.
#[must_use]
pub fn submissions(logs: &[Log]) -> Vec<Submission> {
    let mut submitted: BTreeMap<TxHash, Vec<(u64, IEngine::TaskSubmitted)>> = BTreeMap::new();
    let mut inputs = Vec::new();
    // Some endpoints mark logs that a reorganisation took away.
    for log in logs.iter().filter(|log| !log.removed) {
        let transaction = log.transaction_hash.unwrap_or_default();
        if let Ok(event) = IEngine::TaskSubmitted::decode_log(&log.inner) {
            let block = log.block_number.unwrap_or_default();
            submitted
                .entry(transaction)
                .or_default()
                .push((block, event.data));
        } else if let Ok(event) = IEngine::TaskInput::decode_log(&log.inner) {
            inputs.push((transaction, event.data));
        }
    }
    let mut submissions = Vec::new();
    for (transaction, input) in inputs {
        let tasks = submitted.get(&transaction).map_or(&[][..], Vec::as_slice);
        let first = tasks.iter().position(|(_, task)| task.id == input.firstId);
        let count = usize::try_from(input.count).unwrap_or(usize::MAX);
        let named = tasks.iter().skip(first.unwrap_or(usize::MAX)).take(count);
        submissions.extend(named.map(|(block, task)| Submission {
            task: task.id,
            model: task.model,
            fee: task.fee,
            sender: task.sender,
            input: input.input.clone(),
            block: *block,
        }));
    }
    submissions
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Log as InnerLog, LogData};

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

    fn submitted(transaction: u8, id: u8) -> Log {
        let event = IEngine::TaskSubmitted {
            id: B256::repeat_byte(id),
            model: B256::repeat_byte(0xaa),
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

    #[test]
    fn gives_each_task_of_a_bulk_its_input() {
        let logs = [
            submitted(1, 1),
            submitted(1, 2),
            submitted(1, 3),
            input(1, 1, 2, b"first"),
            input(1, 3, 1, b"second"),
            // The order of the two events within a call does not matter.
            input(2, 4, 1, b"third"),
            submitted(2, 4),
        ];
        let submissions = submissions(&logs);
        let read: Vec<_> = submissions
            .iter()
            .map(|s| (s.task[0], &s.input[..]))
            .collect();
        let expected: [(u8, &[u8]); 4] =
            [(1, b"first"), (2, b"first"), (3, b"second"), (4, b"third")];
        assert_eq!(read, expected);
        assert_eq!(
            (submissions[3].fee, submissions[3].block),
            (U256::from(4), 7)
        );
    }

    #[test]
    fn an_identifier_proves_what_was_submitted_and_after_what() {
        let before = B256::repeat_byte(9);
        let model = B256::repeat_byte(0xaa);
        let input = Bytes::from_static(b"{}");
        let digest = cids::digest(&unixfs::cid_of(&input)).unwrap();
        let real = Submission {
            task: ids::task_id(Address::ZERO, before, model, U256::from(5), digest.into()),
            model,
            fee: U256::from(5),
            sender: Address::ZERO,
            input,
            block: 7,
        };
        assert!(real.follows(before));
        assert!(!real.follows(real.task));
        let others = [
            Submission {
                input: Bytes::from_static(b"[]"),
                ..real.clone()
            },
            Submission {
                model: before,
                ..real.clone()
            },
            Submission {
                fee: U256::ZERO,
                ..real.clone()
            },
        ];
        assert!(others.iter().all(|other| !other.follows(before)));
    }

    #[test]
    fn leaves_out_what_does_not_fit_together() {
        let mut gone = submitted(4, 5);
        gone.removed = true;
        let logs = [
            submitted(2, 2),
            input(2, 9, 1, b"no such task"),
            input(3, 2, 1, b"another transaction"),
            input(2, 2, u64::MAX, b"fits"),
            gone,
            input(4, 5, 1, b"taken away"),
        ];
        let submissions = submissions(&logs);
        assert_eq!(submissions.len(), 1);
        assert_eq!(&submissions[0].input[..], b"fits");
    }
}
