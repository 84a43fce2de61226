//! NodeInterface: a contract that no chain has and that nodes answer for, to tell what gas a
//! transaction needs for its data (Nitro: `execution/nodeinterface`).

use alloy_primitives::{Address, Bytes, TxKind, U256, hex};
use alloy_rpc_types_eth::{TransactionInput, TransactionRequest};
use alloy_sol_types::{SolCall, SolInterface, sol};

use super::{CallError, simulate::View};
use crate::evm::{l1_price::DataFee, params};

sol! {
    #[allow(missing_docs)]
    interface INodeInterface {
        function gasEstimateComponents(address to, bool contractCreation, bytes calldata data) external payable returns (uint64 gasEstimate, uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
        function gasEstimateL1Component(address to, bool contractCreation, bytes calldata data) external payable returns (uint64 gasEstimateForL1, uint256 baseFee, uint256 l1BaseFeeEstimate);
    }
}

impl View {
    /// Answers a call of NodeInterface. Sender and value are those of the transaction that it
    /// asks about.
    pub(super) fn ask_node(&self, request: &TransactionRequest) -> Result<Bytes, CallError> {
        use INodeInterface::INodeInterfaceCalls as Calls;

        let input = request.input.input().cloned().unwrap_or_default();
        let method = Calls::abi_decode(&input).map_err(|_| {
            CallError::Failed(format!(
                "of NodeInterface there are gasEstimateComponents and gasEstimateL1Component \
                 here, and no method 0x{} with such arguments",
                hex::encode(input.get(..4).unwrap_or(&input))
            ))
        })?;
        let base_fee = U256::from(self.block.terms.base_fee);
        let l1_price = U256::from(self.l1_price());
        Ok(match method {
            Calls::gasEstimateComponents(asked) => {
                let asked = about(request, asked.to, asked.contractCreation, asked.data)?;
                INodeInterface::gasEstimateComponentsCall::abi_encode_returns(
                    &INodeInterface::gasEstimateComponentsReturn {
                        gasEstimate: self.estimate_gas(&asked)?,
                        gasEstimateForL1: self.estimate_data_gas(&asked)?,
                        baseFee: base_fee,
                        l1BaseFeeEstimate: l1_price,
                    },
                )
            }
            Calls::gasEstimateL1Component(asked) => {
                let asked = about(request, asked.to, asked.contractCreation, asked.data)?;
                INodeInterface::gasEstimateL1ComponentCall::abi_encode_returns(
                    &INodeInterface::gasEstimateL1ComponentReturn {
                        gasEstimateForL1: self.estimate_data_gas(&asked)?,
                        baseFee: base_fee,
                        l1BaseFeeEstimate: l1_price,
                    },
                )
            }
        }
        .into())
    }

    fn estimate_data_gas(&self, request: &TransactionRequest) -> Result<u64, CallError> {
        let message = self.message_without_data(request)?;
        let message = self.with_data(message, request, DataFee::estimate);
        Ok(message.data_fee.gas)
    }
}

/// The transaction that is asked about.
fn about(
    request: &TransactionRequest,
    to: Address,
    creation: bool,
    data: Bytes,
) -> Result<TransactionRequest, CallError> {
    if to == params::NODE_INTERFACE && !creation {
        return Err(CallError::Failed(
            "cannot estimate a call of NodeInterface: no chain has it".into(),
        ));
    }
    Ok(TransactionRequest {
        from: request.from,
        to: Some(match creation {
            true => TxKind::Create,
            false => TxKind::Call(to),
        }),
        value: request.value,
        input: TransactionInput::new(data),
        ..TransactionRequest::default()
    })
}
