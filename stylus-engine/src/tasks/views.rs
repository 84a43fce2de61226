//! What the engine says about a task.

use super::record::Task;
use crate::abi::Words;
use crate::host;
use crate::layout::STORAGE;
use crate::models;
use crate::revert::Revert;
use crate::state::Config;
use alloy_primitives::B256;
use arbius_protocol::cid;
use arbius_protocol::tasks::{self as rules, TaskStatus};

/// `taskModelFee(task)`: the model fee that was fixed into the task.
pub(crate) fn model_fee(id: B256) -> Result<u128, Revert> {
    Ok(Task::find(id).head().offer().model_fee)
}

/// `prevhash()`: identifier of the last task.
pub(crate) fn prevhash() -> Result<B256, Revert> {
    Ok(STORAGE.state.prevhash.get())
}

/// `tasks(id)`: all zero if there is none.
pub(crate) fn task(id: B256) -> Result<Words, Revert> {
    let task = Task::find(id);
    let head = task.head();
    let offer = head.offer();
    let mut words = Words::with_capacity(9);
    words
        .word(&models::id_of(offer.model).0)
        .uint(offer.fee)
        .address(&head.owner())
        .uint(head.time.into())
        .uint(offer.version.into());
    if task.exists() {
        words.bytes(6, &cid::encode(task.input()));
    } else {
        words.bytes(6, &[]);
    }
    Ok(words)
}

/// `taskStatus(id)`: where a task stands.
pub(crate) fn status(id: B256) -> Result<u8, Revert> {
    Ok(status_of(id).into())
}

/// Where a task stands.
pub(crate) fn status_of(id: B256) -> TaskStatus {
    let clock = Config::read().clock();
    rules::status(Task::find(id).progress(), clock.unpaused(host::now()))
}
