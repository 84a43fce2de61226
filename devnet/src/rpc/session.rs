//! The subscriptions of one WebSocket.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::U256;
use alloy_rpc_types_eth::Filter;
use serde_json::{Value, json};

use super::{
    RpcError,
    json::{self, to_json},
    params::Params,
};
use crate::chain::{Chain, Event, check_terms, terms};

/// Addresses and topics that the subscriptions of one connection name together.
const MAX_TERMS: usize = 10_000;

/// What a subscription tells of.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    NewHeads,
    Logs(Arc<Filter>),
    PendingHashes,
    PendingTransactions,
    /// There is nothing to catch up with, so that this stays silent, as go-ethereum's does
    /// while nothing changes.
    Syncing,
}

impl Subject {
    fn parse(params: &Params) -> Result<Self, RpcError> {
        let name = params.required::<String>(0, "subscription name")?;
        match name.as_str() {
            "newHeads" => Ok(Self::NewHeads),
            "logs" => {
                let filter: Filter = params.optional(1, "filter")?.unwrap_or_default();
                check_terms(&filter)?;
                Ok(Self::Logs(Arc::new(filter)))
            }
            "newPendingTransactions" => match params.optional(1, "full transactions")? {
                Some(true) => Ok(Self::PendingTransactions),
                _ => Ok(Self::PendingHashes),
            },
            "syncing" => Ok(Self::Syncing),
            // What go-ethereum answers to a name that it does not have.
            _ => Err(RpcError::unknown_subscription(&name)),
        }
    }

    fn terms(&self) -> usize {
        match self {
            Self::Logs(filter) => terms(filter),
            _ => 0,
        }
    }

    /// What the subscriber hears of an event.
    pub(super) fn news<'a>(
        &'a self,
        event: &'a Event,
    ) -> Box<dyn Iterator<Item = Result<Value, RpcError>> + Send + 'a> {
        match (self, event) {
            (Self::NewHeads, Event::Block(block)) => {
                Box::new(std::iter::once(json::block_header(block)))
            }
            (Self::Logs(filter), event) => Box::new(event.matching(filter).map(to_json)),
            (Self::PendingHashes, Event::Pending(transaction)) => {
                Box::new(std::iter::once(Ok(json!(transaction.hash()))))
            }
            (Self::PendingTransactions, Event::Pending(transaction)) => {
                Box::new(std::iter::once(json::waiting_transaction(transaction)))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) subject: Subject,
    /// Place of the next event that the subscriber has not heard of.
    pub(super) place: u64,
    /// Whether the client knows of the subscription already.
    announced: bool,
}

/// The subscriptions of one connection; they end with it.
#[derive(Debug)]
pub(super) struct Session {
    limit: usize,
    subscriptions: Mutex<BTreeMap<U256, Subscription>>,
}

impl Session {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            subscriptions: Mutex::default(),
        }
    }

    fn subscriptions(&self) -> MutexGuard<'_, BTreeMap<U256, Subscription>> {
        self.subscriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// `eth_subscribe`. The subscription is silent until it is announced: a client that
    /// hears of an id before it was given the id drops what it hears.
    pub(super) fn subscribe(&self, chain: &Chain, params: &Params) -> Result<U256, RpcError> {
        let subject = Subject::parse(params)?;
        let mut subscriptions = self.subscriptions();
        if subscriptions.len() >= self.limit {
            return Err(RpcError::limit(format!(
                "too many subscriptions: a connection has at most {}; end some with \
                 eth_unsubscribe, or open another connection",
                self.limit
            )));
        }
        let terms: usize = subscriptions
            .values()
            .map(|subscription| subscription.subject.terms())
            .sum();
        if terms + subject.terms() > MAX_TERMS {
            return Err(RpcError::limit(format!(
                "too much to look for: the subscriptions of a connection name at most {MAX_TERMS} \
                 addresses and topics in all"
            )));
        }
        let (id, place) = chain.new_subscription();
        subscriptions.insert(
            id,
            Subscription {
                subject,
                place,
                announced: false,
            },
        );
        Ok(id)
    }

    /// `eth_unsubscribe`: whether there was such a subscription.
    pub(super) fn unsubscribe(&self, id: U256) -> bool {
        self.subscriptions().remove(&id).is_some()
    }

    /// The client has been told these ids.
    pub(super) fn announced(&self, ids: &[U256]) {
        let mut subscriptions = self.subscriptions();
        for id in ids {
            if let Some(subscription) = subscriptions.get_mut(id) {
                subscription.announced = true;
            }
        }
    }

    /// Subscriptions that have not heard of everything before `next`.
    pub(super) fn behind(&self, next: u64) -> Vec<(U256, Subscription)> {
        self.subscriptions()
            .iter()
            .filter(|(_, subscription)| subscription.announced && subscription.place < next)
            .map(|(id, subscription)| (*id, subscription.clone()))
            .collect()
    }

    /// The subscriber has heard of everything before `place`.
    pub(super) fn heard(&self, id: U256, place: u64) {
        if let Some(subscription) = self.subscriptions().get_mut(&id) {
            subscription.place = place;
        }
    }
}

/// A notification of `eth_subscribe`.
pub(super) fn notification(id: U256, news: &Value) -> String {
    json!({
        "jsonrpc": "2.0",
        "method": "eth_subscription",
        "params": { "subscription": id, "result": news },
    })
    .to_string()
}
