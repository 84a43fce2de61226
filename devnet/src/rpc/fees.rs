//! Prices, and what they were.

use alloy_eips::BlockNumberOrTag;
use serde_json::{Value, json};

use super::{RpcError, dispatch::Answer, json::quantity, params::Params};
use crate::chain::Chain;

/// Blocks in one `eth_feeHistory`, as in go-ethereum.
const MAX_FEE_HISTORY: u64 = 1_024;
/// Percentiles in one `eth_feeHistory`, as in go-ethereum.
const MAX_PERCENTILES: usize = 100;

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    Some(match method {
        "eth_gasPrice" => Ok(quantity(chain.base_fee())),
        // Nobody is paid a tip on Arbitrum, and there are no blobs.
        "eth_maxPriorityFeePerGas" | "eth_blobBaseFee" => Ok(quantity(0)),
        "eth_feeHistory" => fee_history(chain, params),
        _ => return None,
    })
}

fn fee_history(chain: &Chain, params: &Params) -> Result<Value, RpcError> {
    let count = params
        .required_number(0, "block count")?
        .min(MAX_FEE_HISTORY);
    let newest = params
        .optional::<BlockNumberOrTag>(1, "newest block")?
        .unwrap_or_default();
    let percentiles = params
        .optional::<Vec<f64>>(2, "percentiles")?
        .unwrap_or_default();
    check_percentiles(&percentiles)?;
    let latest = chain.block_number();
    if let BlockNumberOrTag::Number(number) = newest
        && number > latest
    {
        return Err(RpcError::refused(format!(
            "request beyond head block: requested {number}, head {latest}"
        )));
    }
    let newest = chain.block(newest.into())?.header.number.min(latest);
    let count = count.min(newest + 1);
    if count == 0 {
        return Ok(json!({ "oldestBlock": "0x0", "gasUsedRatio": [] }));
    }
    let oldest = newest + 1 - count;
    let (mut fees, mut used) = (Vec::new(), Vec::new());
    for number in oldest..=newest {
        let header = &chain.block(number.into())?.header;
        fees.push(quantity(header.base_fee_per_gas.unwrap_or_default()));
        used.push(header.gas_used as f64 / header.gas_limit.max(1) as f64);
    }
    // The fee of the block that follows.
    fees.push(match chain.block((newest + 1).into()) {
        Ok(next) => quantity(next.header.base_fee_per_gas.unwrap_or_default()),
        Err(_) => quantity(chain.base_fee()),
    });
    // There are no blobs on Arbitrum.
    let no_blobs = vec![quantity(0); fees.len()];
    let mut history = json!({
        "oldestBlock": quantity(oldest),
        "baseFeePerGas": fees,
        "gasUsedRatio": used,
        "baseFeePerBlobGas": no_blobs,
        "blobGasUsedRatio": vec![0.0; used.len()],
    });
    if !percentiles.is_empty() {
        // Nobody is paid a tip on Arbitrum, whatever was offered.
        history["reward"] = json!(vec![vec![quantity(0); percentiles.len()]; used.len()]);
    }
    Ok(history)
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    if percentiles.len() > MAX_PERCENTILES {
        return Err(RpcError::refused(format!(
            "invalid reward percentile: {} of them, at most {MAX_PERCENTILES}",
            percentiles.len()
        )));
    }
    if let Some(percentile) = percentiles
        .iter()
        .find(|percentile| !(0.0..=100.0).contains(*percentile))
    {
        return Err(RpcError::refused(format!(
            "invalid reward percentile: {percentile} is not between 0 and 100"
        )));
    }
    if let Some([before, after]) = percentiles
        .windows(2)
        .filter_map(|pair| <[f64; 2]>::try_from(pair).ok())
        .find(|[before, after]| before >= after)
    {
        return Err(RpcError::refused(format!(
            "invalid reward percentile: {after} does not follow {before} in ascending order"
        )));
    }
    Ok(())
}
