//! How many requests were sent, by method.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use alloy::rpc::json_rpc::RequestPacket;
use serde::Serialize;

/// Requests sent since the start, retries and requests of a batch counted one by one.
///
/// This is what providers bill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestCounts {
    /// By JSON-RPC method, all endpoints together.
    pub by_method: BTreeMap<String, u64>,
}

impl RequestCounts {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_method.values().sum()
    }

    /// Those of one method.
    #[must_use]
    pub fn of(&self, method: &str) -> u64 {
        self.by_method.get(method).copied().unwrap_or_default()
    }
}

/// Counts as it goes.
#[derive(Debug, Default)]
pub(super) struct Counter(Mutex<RequestCounts>);

impl Counter {
    pub(super) fn add(&self, packet: &RequestPacket) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for method in packet.method_names() {
            match counts.by_method.get_mut(method) {
                Some(count) => *count += 1,
                None => {
                    counts.by_method.insert(method.to_owned(), 1);
                }
            }
        }
    }

    pub(super) fn read(&self) -> RequestCounts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
