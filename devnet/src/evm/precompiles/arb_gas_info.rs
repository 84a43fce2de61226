//! ArbGasInfo: what gas costs, and data on L1 (Nitro: `precompiles/ArbGasInfo.go`).

use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface, sol};

use super::{Answer, Call, Failure, Purity, unknown};
use crate::{
    evm::{l1_price, params::MAX_TX_GAS},
    stylus::prices::ARBOS_READ_GAS,
};

sol! {
    #[allow(missing_docs)]
    interface IArbGasInfo {
        function getPricesInWei() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);
        function getPricesInWeiWithAggregator(address aggregator) external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);
        function getPricesInArbGas() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation);
        function getPricesInArbGasWithAggregator(address aggregator) external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorageAllocation);
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
/// Bytes of a simple transaction after compression (`AssumedSimpleTxSize`).
const SIMPLE_TX_BYTES: u64 = 140;

/// What things cost in wei.
struct Prices {
    transaction: U256,
    byte: U256,
    allocation: U256,
    gas: U256,
}

impl Prices {
    fn of(call: &Call<'_>) -> Self {
        let gas = U256::from(call.ctx.block.basefee);
        let unit = U256::from(price_per_unit(call));
        let byte = unit * U256::from(l1_price::UNITS_PER_BYTE);
        Self {
            transaction: byte * U256::from(SIMPLE_TX_BYTES),
            byte,
            allocation: gas * U256::from(STORAGE_ALLOCATION_GAS),
            gas,
        }
    }

    fn in_wei(self) -> Bytes {
        IArbGasInfo::getPricesInWeiCall::abi_encode_returns(&IArbGasInfo::getPricesInWeiReturn {
            perL2Tx: self.transaction,
            perL1CalldataByte: self.byte,
            perStorageAllocation: self.allocation,
            // The least price is the price, as no load raises it here.
            perArbGasBase: self.gas,
            perArbGasCongestion: U256::ZERO,
            perArbGasTotal: self.gas,
        })
        .into()
    }

    fn in_gas(self) -> Bytes {
        IArbGasInfo::getPricesInArbGasCall::abi_encode_returns(
            &IArbGasInfo::getPricesInArbGasReturn {
                perL2Tx: self.transaction.checked_div(self.gas).unwrap_or_default(),
                perL1CalldataByte: self.byte.checked_div(self.gas).unwrap_or_default(),
                perStorageAllocation: U256::from(STORAGE_ALLOCATION_GAS),
            },
        )
        .into()
    }
}

/// No transaction changes it, so that the state before this one tells it.
fn price_per_unit(call: &Call<'_>) -> u64 {
    l1_price::price_per_unit(&call.ctx.journaled_state.database)
}

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbGasInfo::IArbGasInfoCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    call.admit(Purity::View, input)?;
    let max_tx = U256::from(MAX_TX_GAS);
    let word = |number: U256| Bytes::from(number.to_be_bytes::<32>());
    Ok(match method {
        Calls::getPricesInWei(_) | Calls::getPricesInWeiWithAggregator(_) => {
            read(call, 2)?;
            Prices::of(call).in_wei()
        }
        Calls::getPricesInArbGas(_) | Calls::getPricesInArbGasWithAggregator(_) => {
            read(call, 1)?;
            Prices::of(call).in_gas()
        }
        Calls::getGasAccountingParams(_) => {
            read(call, 2)?;
            IArbGasInfo::getGasAccountingParamsCall::abi_encode_returns(
                &IArbGasInfo::getGasAccountingParamsReturn {
                    speedLimitPerSecond: U256::from(SPEED_LIMIT),
                    gasPoolMax: max_tx,
                    maxTxGasLimit: max_tx,
                },
            )
            .into()
        }
        Calls::getMaxTxGasLimit(_) => {
            read(call, 1)?;
            word(max_tx)
        }
        Calls::getMinimumGasPrice(_) => {
            read(call, 1)?;
            word(U256::from(call.ctx.block.basefee))
        }
        Calls::getL1BaseFeeEstimate(_) | Calls::getL1GasPriceEstimate(_) => {
            read(call, 1)?;
            word(U256::from(price_per_unit(call)))
        }
        Calls::getCurrentTxL1GasFees(_) => word(call.ctx.chain.data_fee.wei),
        Calls::getGasBacklog(_) => {
            read(call, 1)?;
            word(U256::ZERO)
        }
    })
}

/// Charges for so many slots of ArbOS' state.
fn read(call: &mut Call<'_>, slots: u64) -> Result<(), Failure> {
    call.burn(slots * ARBOS_READ_GAS)
}
