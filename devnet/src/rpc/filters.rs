//! Logs and filters.

use alloy_primitives::U256;
use alloy_rpc_types_eth::Filter;
use serde_json::{Value, json};

use super::{RpcError, dispatch::Answer, json::to_json, params::Params};
use crate::chain::{Chain, LogQueryError, News};

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_getLogs" => params
            .required::<Filter>(0, "filter")
            .and_then(|filter| to_json(chain.logs(&filter)?)),
        "eth_newFilter" => params
            .required::<Filter>(0, "filter")
            .and_then(|filter| installed(chain.install_log_filter(filter))),
        "eth_newBlockFilter" => installed(chain.install_block_filter()),
        "eth_newPendingTransactionFilter" => installed(chain.install_transaction_filter()),
        "eth_uninstallFilter" => params
            .required::<U256>(0, "filter id")
            .map(|id| json!(chain.uninstall_filter(id))),
        "eth_getFilterChanges" => params
            .required::<U256>(0, "filter id")
            .and_then(|id| news(chain, id)),
        "eth_getFilterLogs" => params
            .required::<U256>(0, "filter id")
            .and_then(|id| to_json(chain.filter_logs(id)?)),
        _ => return None,
    })
}

fn installed(id: Result<U256, LogQueryError>) -> Result<Value, RpcError> {
    Ok(json!(id?))
}

fn news(chain: &Chain, id: U256) -> Result<Value, RpcError> {
    match chain.filter_news(id)? {
        News::Logs(logs) => to_json(logs),
        News::Hashes(hashes) => to_json(hashes),
    }
}
