//! `debug_`: traces of transactions, calls and blocks.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64, b256, keccak256};
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionRequest,
    state::{EvmOverrides, StateOverride},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{RpcError, dispatch::Answer, params::Params};
use crate::{
    chain::{Chain, TraceCallOptions, TraceError},
    evm::trace::{CallOptions, PrestateOptions, StepOptions, TraceKind},
};

/// Names that `tracer` may have.
const TRACERS: &str = "callTracer, prestateTracer, stylusTracer, 4byteTracer, noopTracer";

/// Keccak-256 of the script that cargo-stylus 0.10 sends as its tracer, white space left
/// out. It records what `stylusTracer` does, for nodes that lack that.
const CARGO_STYLUS_SCRIPT: B256 =
    b256!("f8508724b38d6317ccf19127fd8e847c4c0dfc448d57c65cb20c9b6174c37c50");

/// Options of a trace, of which others than these are not known here. `timeout` and
/// `reexec` need nothing done: time is bounded by gas, and every state is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    tracer: Option<String>,
    tracer_config: Option<Value>,
    disable_stack: bool,
    disable_storage: bool,
    enable_memory: bool,
    enable_return_data: bool,
    limit: usize,
    state_overrides: Option<StateOverride>,
    block_overrides: Option<Box<BlockOverrides>>,
    tx_index: Option<U64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CallConfig {
    only_top_call: bool,
    with_log: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PrestateConfig {
    diff_mode: bool,
    disable_code: bool,
    disable_storage: bool,
    include_empty: bool,
}

impl Options {
    fn kind(&self) -> Result<TraceKind, RpcError> {
        let Some(tracer) = &self.tracer else {
            return Ok(TraceKind::Steps(StepOptions {
                disable_stack: self.disable_stack,
                disable_storage: self.disable_storage,
                enable_memory: self.enable_memory,
                enable_return_data: self.enable_return_data,
                limit: self.limit,
            }));
        };
        Ok(match tracer.as_str() {
            "callTracer" => {
                let config: CallConfig = self.config()?;
                TraceKind::Calls(CallOptions {
                    only_top_call: config.only_top_call,
                    with_log: config.with_log,
                })
            }
            "prestateTracer" => {
                let config: PrestateConfig = self.config()?;
                TraceKind::Prestate(PrestateOptions {
                    diff_mode: config.diff_mode,
                    disable_code: config.disable_code,
                    disable_storage: config.disable_storage,
                    include_empty: config.include_empty,
                })
            }
            "stylusTracer" => TraceKind::HostCalls,
            "4byteTracer" => TraceKind::Selectors,
            "noopTracer" => TraceKind::Nothing,
            script if script.contains('{') => script_kind(script)?,
            unknown => {
                return Err(RpcError::invalid_params(format!(
                    "tracer not found: {unknown:?}; there are {TRACERS}, and the default one \
                     without a name"
                )));
            }
        })
    }

    fn config<T: DeserializeOwned + Default>(&self) -> Result<T, RpcError> {
        match &self.tracer_config {
            None | Some(Value::Null) => Ok(T::default()),
            Some(config) => serde_json::from_value(config.clone())
                .map_err(|error| RpcError::invalid_params(format!("tracerConfig: {error}"))),
        }
    }
}

/// What a tracer in JavaScript would record. Only one that is known can be told.
fn script_kind(script: &str) -> Result<TraceKind, RpcError> {
    let text: String = script.split_whitespace().collect();
    if keccak256(text) == CARGO_STYLUS_SCRIPT {
        return Ok(TraceKind::HostCalls);
    }
    Err(RpcError::invalid_params(format!(
        "tracers in JavaScript are not run here; there are {TRACERS} (cargo stylus asks for \
         its own with --use-native-tracer)"
    )))
}

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "debug_traceTransaction" => trace_transaction(chain, params),
        "debug_traceCall" => trace_call(chain, params),
        "debug_traceBlockByNumber" => params
            .required::<BlockNumberOrTag>(0, "block")
            .and_then(|number| trace_block(chain, number.into(), params)),
        "debug_traceBlockByHash" => params
            .required::<B256>(0, "hash")
            .and_then(|hash| trace_block(chain, hash.into(), params)),
        _ => return None,
    })
}

fn options(params: &Params, index: usize) -> Result<Options, RpcError> {
    Ok(params.optional(index, "options")?.unwrap_or_default())
}

fn trace_transaction(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let hash = params.required::<B256>(0, "hash")?;
    Ok(chain.trace_transaction(hash, options(params, 1)?.kind()?)?)
}

fn trace_call(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let request = params.required::<TransactionRequest>(0, "call")?;
    let block = params.optional::<BlockId>(1, "block")?.unwrap_or_default();
    let options = options(params, 2)?;
    let kind = options.kind()?;
    let options = TraceCallOptions {
        overrides: EvmOverrides {
            state: options.state_overrides,
            block: options.block_overrides,
        },
        after_transactions: options.tx_index.map(|index| index.to()),
    };
    Ok(chain.trace_call(block, &request, &options, kind)?)
}

fn trace_block(chain: &Chain, id: BlockId, params: &Params) -> Result<Value, RpcError> {
    let traces = chain.trace_block(id, options(params, 1)?.kind()?)?;
    Ok(traces
        .into_iter()
        .map(|(hash, trace)| json!({ "txHash": hash, "result": trace }))
        .collect())
}

impl From<TraceError> for RpcError {
    fn from(error: TraceError) -> Self {
        match error {
            TraceError::Call(error) => error.into(),
            TraceError::Block(error) => error.into(),
            other => Self::refused(other.to_string()),
        }
    }
}
