//! ArbGasInfo: what gas costs. Data on L1 is free here, as no L1 is paid.

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface, sol};

use super::{Answer, Call, Purity, unknown};
use crate::evm::params::MAX_TX_GAS;

sol! {
    #[allow(missing_docs)]
    interface IArbGasInfo {
        function getPricesInWei() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);
        function getPricesInArbGas() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation);
        function getGasAccountingParams() external view returns (uint256 speedLimitPerSecond, uint256 gasPoolMax, uint256 maxTxGasLimit);
        function getMaxTxGasLimit() external view returns (uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
    }
}

/// Gas that ArbOS prices a storage allocation at.
const STORAGE_ALLOCATION_GAS: u64 = 20_000;
/// Gas per second above which Nova's price begins to rise.
const SPEED_LIMIT: u64 = 7_000_000;

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbGasInfo::IArbGasInfoCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    call.admit(Purity::View, input)?;
    let price = U256::from(call.ctx.block.basefee);
    let storage = U256::from(STORAGE_ALLOCATION_GAS);
    let max_tx = U256::from(MAX_TX_GAS);
    let output = match method {
        Calls::getPricesInWei(_) => IArbGasInfo::getPricesInWeiCall::abi_encode_returns(
            &IArbGasInfo::getPricesInWeiReturn {
                perL2Tx: U256::ZERO,
                perL1CalldataByte: U256::ZERO,
                perStorageAllocation: price.saturating_mul(storage),
                perArbGasBase: price,
                perArbGasCongestion: U256::ZERO,
                perArbGasTotal: price,
            },
        ),
        Calls::getPricesInArbGas(_) => IArbGasInfo::getPricesInArbGasCall::abi_encode_returns(
            &IArbGasInfo::getPricesInArbGasReturn {
                perL2Tx: U256::ZERO,
                perL1CalldataByte: U256::ZERO,
                perStorageAllocation: storage,
            },
        ),
        Calls::getGasAccountingParams(_) => {
            IArbGasInfo::getGasAccountingParamsCall::abi_encode_returns(
                &IArbGasInfo::getGasAccountingParamsReturn {
                    speedLimitPerSecond: U256::from(SPEED_LIMIT),
                    gasPoolMax: max_tx,
                    maxTxGasLimit: max_tx,
                },
            )
        }
        Calls::getMaxTxGasLimit(_) => {
            IArbGasInfo::getMaxTxGasLimitCall::abi_encode_returns(&max_tx)
        }
        Calls::getMinimumGasPrice(_) => {
            IArbGasInfo::getMinimumGasPriceCall::abi_encode_returns(&price)
        }
        Calls::getL1BaseFeeEstimate(_) => {
            IArbGasInfo::getL1BaseFeeEstimateCall::abi_encode_returns(&U256::ZERO)
        }
        Calls::getL1GasPriceEstimate(_) => {
            IArbGasInfo::getL1GasPriceEstimateCall::abi_encode_returns(&U256::ZERO)
        }
        Calls::getCurrentTxL1GasFees(_) => {
            IArbGasInfo::getCurrentTxL1GasFeesCall::abi_encode_returns(&U256::ZERO)
        }
        Calls::getGasBacklog(_) => IArbGasInfo::getGasBacklogCall::abi_encode_returns(&0),
    };
    Ok(Bytes::from(output))
}
