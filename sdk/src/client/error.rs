//! What can go wrong for an app.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};

use crate::{
    chain::ChainError,
    contracts::{TaskStatus, UnknownStatus},
    deploy::DeploymentFileError,
};

/// An error of requesting a task or of reading its outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The chain, the endpoint or a contract refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The deployment is of no use.
    #[error(transparent)]
    Deployment(#[from] DeploymentFileError),
    /// No model has this id.
    #[error(
        "no model {model} is registered with the engine at {engine}; `arbius model list` shows those that are"
    )]
    UnknownModel {
        /// The id.
        model: B256,
        /// The engine asked.
        engine: Address,
    },
    /// The model's owner or governance has switched it off.
    #[error("model {model} is disabled and takes no tasks; choose another")]
    ModelDisabled {
        /// The id.
        model: B256,
    },
    /// The fee does not even pay the model's own.
    #[error(
        "a fee of {fee} wei of AIUS is below the model's own fee of {model_fee} wei; offer at least that"
    )]
    FeeBelowModelFee {
        /// The offered fee, wei of AIUS.
        fee: U256,
        /// The model's fee, wei of AIUS.
        model_fee: U256,
    },
    /// The input is larger than the engine takes.
    #[error("the input has {size} bytes; the engine takes at most {limit}")]
    InputTooLarge {
        /// Its size, bytes.
        size: usize,
        /// The limit, bytes.
        limit: usize,
    },
    /// The account cannot pay the fee.
    #[error(
        "{account} holds {balance} wei of AIUS, but the fee is {fee} wei; send it the difference or offer less"
    )]
    InsufficientTokens {
        /// The requester.
        account: Address,
        /// Its balance, wei of AIUS.
        balance: U256,
        /// The fee, wei of AIUS.
        fee: U256,
    },
    /// The transaction succeeded without announcing a task.
    #[error("transaction {transaction} announced no task at {engine}; is that an Arbius engine?")]
    NotAnnounced {
        /// The transaction.
        transaction: B256,
        /// The engine.
        engine: Address,
    },
    /// No task has this id.
    #[error("no task {task} was submitted to the engine at {engine}")]
    UnknownTask {
        /// The id.
        task: B256,
        /// The engine asked.
        engine: Address,
    },
    /// Nothing happened in time.
    #[error(
        "task {task} is still {} after {}; {}",
        word(*.status), seconds(*.waited), what_to_do(*.status)
    )]
    TimedOut {
        /// The task.
        task: B256,
        /// Its status.
        status: TaskStatus,
        /// How long was waited.
        waited: Duration,
    },
    /// The task ended without a solution that stands.
    #[error(
        "task {task} was {}: there is no solution to fetch, and the engine owes its owner the fee, which `arbius claim --withdraw` or `Requester::withdraw_earnings` takes out",
        word(*.status)
    )]
    Unsuccessful {
        /// The task.
        task: B256,
        /// How it ended.
        status: TaskStatus,
    },
    /// The engine is newer than this program.
    #[error(transparent)]
    UnknownStatus(#[from] UnknownStatus),
    /// The engine returned a CID that is none.
    #[error("the engine's CID of {what} cannot be read: {reason}")]
    MalformedCid {
        /// Whose CID.
        what: String,
        /// Why not.
        reason: String,
    },
    /// The bytes could not be fetched or are not those of the CID.
    #[error("{cid} cannot be fetched: {reason}")]
    Fetch {
        /// What was to be fetched.
        cid: String,
        /// Why not.
        reason: String,
    },
}

const fn word(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::None => "unknown to the engine",
        TaskStatus::Open => "open",
        TaskStatus::Solved => "solved, but not final",
        TaskStatus::Contested => "contested",
        TaskStatus::Final => "final",
        TaskStatus::Rejected => "rejected",
        TaskStatus::Retracted => "retracted",
    }
}

const fn what_to_do(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Solved => {
            "it can be fetched already, and is final when the time to contest it is over"
        }
        TaskStatus::Contested => "wait for the end of the vote",
        _ => "wait longer, or raise its fee if nobody solves it (`increaseTaskFee` of the engine)",
    }
}

fn seconds(waited: Duration) -> String {
    format!("{:.1} s", waited.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_times_are_in_words_and_seconds() {
        let task = B256::repeat_byte(1);
        let text = ClientError::TimedOut {
            task,
            status: TaskStatus::Open,
            waited: Duration::from_nanos(6_003_153_474),
        }
        .to_string();
        assert!(text.contains("is still open after 6.0 s; wait"), "{text}");
        let status = TaskStatus::Retracted;
        let text = ClientError::Unsuccessful { task, status }.to_string();
        assert!(text.contains("was retracted: there is no"), "{text}");
    }
}
