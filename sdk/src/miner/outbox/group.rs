//! Tasks that are committed to and revealed together.

use alloy_primitives::{Address, B256, Bytes};
use arbius_protocol::{cid, ids};
use serde::{Deserialize, Serialize};

use crate::{chain::Call, contracts::IEngine, miner::Job};

/// A task and the digest of the CID that solves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::miner) struct Entry {
    /// The task.
    pub(in crate::miner) task: B256,
    /// The digest.
    pub(in crate::miner) digest: B256,
}

/// Tasks that are committed to and revealed together, in this order. It is written down before
/// the commitment is signed, and forgotten when every entry has been taken in or passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::miner) struct Group {
    /// Its number in the store.
    pub(in crate::miner) id: u64,
    /// What it commits to.
    pub(in crate::miner) entries: Vec<Entry>,
    /// The block of the commitment, once it is included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::miner) committed: Option<u64>,
}

impl Group {
    /// A group of jobs whose outputs are known.
    pub(in crate::miner) fn new<'a>(id: u64, jobs: impl Iterator<Item = &'a Job>) -> Self {
        let entries = jobs.filter_map(|job| {
            let digest = job.digest()?;
            Some(Entry {
                task: job.task,
                digest,
            })
        });
        Self {
            id,
            entries: entries.collect(),
            committed: None,
        }
    }

    /// The hash that commits to it (protocol section 3).
    pub(super) fn commitment(&self, validator: Address) -> B256 {
        match self.entries.as_slice() {
            [Entry { task, digest }] => ids::commitment(validator, *task, *digest),
            entries => {
                let pairs: Vec<_> = entries.iter().map(|e| (e.task, e.digest)).collect();
                ids::bulk_commitment(validator, &pairs)
            }
        }
    }

    /// The call that commits to it.
    pub(super) fn commit(&self, engine: Address, validator: Address) -> Call {
        let commitment = self.commitment(validator);
        Call::new(engine, &IEngine::signalCommitmentCall { commitment })
            .for_purpose(format!("committing {}", self.named()))
    }

    /// The call that reveals it.
    pub(super) fn reveal(&self, engine: Address) -> Call {
        let call = match self.entries.as_slice() {
            [Entry { task, digest }] => {
                let cid = cid::encode(*digest).into();
                Call::new(engine, &IEngine::submitSolutionCall { task: *task, cid })
            }
            entries => {
                let tasks = entries.iter().map(|entry| entry.task).collect();
                let cids = entries
                    .iter()
                    .map(|entry| Bytes::from(cid::encode(entry.digest)))
                    .collect();
                Call::new(engine, &IEngine::bulkSubmitSolutionCall { tasks, cids })
            }
        };
        call.for_purpose(format!("revealing {}", self.named()))
            .urgent()
    }

    /// What it is called in logs and purposes.
    pub(super) fn named(&self) -> String {
        match self.entries.as_slice() {
            [entry] => entry.task.to_string(),
            entries => format!("{} tasks", entries.len()),
        }
    }
}
