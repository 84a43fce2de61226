//! Traces, as tools read them: formats are go-ethereum's and Nitro's.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod host_calls;
mod prestate;
mod replay;
mod requests;
mod steps;

use alloy_primitives::{Address, B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use arbius_devnet::{
    chain::{Chain, MinedTransaction},
    evm::trace::{CallOptions, TraceKind},
};
use common::{alice, request, send_with_gas};
use serde_json::Value;

const CALLS: TraceKind = TraceKind::Calls(CallOptions {
    only_top_call: false,
    with_log: false,
});
const CALLS_WITH_LOGS: TraceKind = TraceKind::Calls(CallOptions {
    only_top_call: false,
    with_log: true,
});

/// Sends a call and traces it.
fn traced(chain: &Chain, to: Address, input: impl Into<Bytes>, kind: TraceKind) -> Value {
    let mined = mined(chain, request(alice(chain), to, input));
    trace(chain, &mined, kind)
}

fn mined(chain: &Chain, request: TransactionRequest) -> MinedTransaction {
    send_with_gas(chain, request, 3_000_000)
}

fn trace(chain: &Chain, mined: &MinedTransaction, kind: TraceKind) -> Value {
    let hash: B256 = mined.transaction().hash();
    chain.trace_transaction(hash, kind).unwrap()
}

/// A JSON quantity.
fn number(value: &Value) -> u64 {
    let digits = value.as_str().unwrap().strip_prefix("0x").unwrap();
    u64::from_str_radix(digits, 16).unwrap()
}
