//! Transactions that wait, as go-ethereum's `txpool_` shows them: those whose turn it is
//! are pending, those that a missing nonce keeps back are queued.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::Transaction as _;
use alloy_primitives::Address;
use serde_json::{Value, json};

use super::{
    RpcError,
    dispatch::Answer,
    json::{quantity, waiting_transaction},
    params::Params,
};
use crate::chain::{Chain, Transaction};

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "txpool_status" => {
            let [pending, queued] = pool(chain);
            let count =
                |part: Part| quantity(part.values().map(BTreeMap::len).sum::<usize>() as u64);
            Ok(json!({ "pending": count(pending), "queued": count(queued) }))
        }
        "txpool_content" => shown(chain, waiting_transaction),
        "txpool_contentFrom" => params
            .required::<Address>(0, "sender")
            .and_then(|sender| content_from(chain, sender)),
        "txpool_inspect" => shown(chain, |transaction| Ok(json!(summary(transaction)))),
        _ => return None,
    })
}

/// Senders, and their transactions by nonce.
type Part = BTreeMap<Address, BTreeMap<u64, Arc<Transaction>>>;

/// Pending and queued transactions.
fn pool(chain: &Chain) -> [Part; 2] {
    let (mut pending, mut queued) = (Part::new(), Part::new());
    let mut next_nonces = BTreeMap::new();
    for transaction in chain.pool() {
        let sender = transaction.from();
        let next = *next_nonces
            .entry(sender)
            .or_insert_with(|| chain.pending_nonce(sender));
        let ready = transaction.nonce() < next;
        let part = if ready { &mut pending } else { &mut queued };
        part.entry(transaction.from())
            .or_default()
            .insert(transaction.nonce(), transaction);
    }
    [pending, queued]
}

fn shown(
    chain: &Chain,
    show: impl Fn(&Transaction) -> Result<Value, RpcError>,
) -> Result<Value, RpcError> {
    let [pending, queued] = pool(chain).map(|part| {
        part.iter()
            .map(|(sender, transactions)| Ok((sender.to_string(), by_nonce(transactions, &show)?)))
            .collect::<Result<serde_json::Map<_, _>, RpcError>>()
    });
    Ok(json!({ "pending": pending?, "queued": queued? }))
}

fn content_from(chain: &Chain, sender: Address) -> Result<Value, RpcError> {
    let [pending, queued] = pool(chain).map(|mut part| {
        let transactions = part.remove(&sender).unwrap_or_default();
        by_nonce(&transactions, waiting_transaction)
    });
    Ok(json!({ "pending": pending?, "queued": queued? }))
}

fn by_nonce(
    transactions: &BTreeMap<u64, Arc<Transaction>>,
    show: impl Fn(&Transaction) -> Result<Value, RpcError>,
) -> Result<Value, RpcError> {
    transactions
        .iter()
        .map(|(nonce, transaction)| Ok((nonce.to_string(), show(transaction)?)))
        .collect::<Result<serde_json::Map<_, _>, RpcError>>()
        .map(Value::Object)
}

/// A transaction in go-ethereum's words for people.
fn summary(transaction: &Transaction) -> String {
    let envelope = transaction.envelope();
    let to = envelope
        .to()
        .map_or_else(|| "contract creation".into(), |to| to.to_string());
    format!(
        "{to}: {} wei + {} gas × {} wei",
        envelope.value(),
        envelope.gas_limit(),
        envelope.max_fee_per_gas()
    )
}
