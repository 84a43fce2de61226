//! ArbSys: the L2 block number, and what else a contract cannot ask an opcode for.
//!
//! There is no L1 beneath this chain, so messages to it (`sendTxToL1`, `withdrawEth`)
//! are not offered.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface, sol};

use super::{Answer, Call, Failure, Purity, unknown};
use crate::evm::params::ARBOS_VERSION;

sol! {
    #[allow(missing_docs)]
    interface IArbSys {
        error InvalidBlockNumber(uint256 requested, uint256 current);

        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 arbBlockNum) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function getStorageGasAvailable() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function wasMyCallersAddressAliased() external view returns (bool);
        function myCallersAddressWithoutAliasing() external view returns (address);
    }
}

/// Added to the address of an L1 contract to get its alias on L2.
const L1_ALIAS_OFFSET: Address =
    alloy_primitives::address!("1111000000000000000000000000000000001111");
/// Blocks whose hashes can be asked for.
const HASH_HISTORY: u64 = 256;

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbSys::IArbSysCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    let purity = match method {
        Calls::mapL1SenderContractAddressToL2Alias(_) => Purity::Pure,
        _ => Purity::View,
    };
    call.admit(purity, input)?;
    let chain = &call.ctx.chain;
    let output = match method {
        Calls::arbBlockNumber(_) => {
            IArbSys::arbBlockNumberCall::abi_encode_returns(&U256::from(chain.l2_block))
        }
        Calls::arbBlockHash(asked) => {
            let current = chain.l2_block;
            let hash = u64::try_from(asked.arbBlockNum)
                .ok()
                .filter(|number| {
                    *number < current && number.saturating_add(HASH_HISTORY) >= current
                })
                .and_then(|number| usize::try_from(number).ok())
                .and_then(|number| chain.l2_hashes.get(number))
                .ok_or_else(|| {
                    Failure::error(IArbSys::InvalidBlockNumber {
                        requested: asked.arbBlockNum,
                        current: U256::from(current),
                    })
                })?;
            IArbSys::arbBlockHashCall::abi_encode_returns(hash)
        }
        Calls::arbChainID(_) => {
            IArbSys::arbChainIDCall::abi_encode_returns(&U256::from(call.ctx.cfg.chain_id))
        }
        Calls::arbOSVersion(_) => {
            IArbSys::arbOSVersionCall::abi_encode_returns(&U256::from(55 + ARBOS_VERSION))
        }
        Calls::getStorageGasAvailable(_) => {
            IArbSys::getStorageGasAvailableCall::abi_encode_returns(&U256::ZERO)
        }
        Calls::isTopLevelCall(_) => {
            IArbSys::isTopLevelCallCall::abi_encode_returns(&(chain.stack.len() <= 1))
        }
        Calls::mapL1SenderContractAddressToL2Alias(asked) => {
            IArbSys::mapL1SenderContractAddressToL2AliasCall::abi_encode_returns(&aliased(
                asked.sender,
            ))
        }
        // Only messages from L1 have aliased senders, and there are none.
        Calls::wasMyCallersAddressAliased(_) => {
            IArbSys::wasMyCallersAddressAliasedCall::abi_encode_returns(&false)
        }
        Calls::myCallersAddressWithoutAliasing(_) => {
            let caller = chain
                .stack
                .last()
                .map(|frame| frame.caller)
                .unwrap_or_default();
            IArbSys::myCallersAddressWithoutAliasingCall::abi_encode_returns(&caller)
        }
    };
    Ok(Bytes::from(output))
}

fn aliased(sender: Address) -> Address {
    let sum = U256::from_be_slice(sender.as_slice())
        .wrapping_add(U256::from_be_slice(L1_ALIAS_OFFSET.as_slice()));
    Address::from_word(sum.into())
}
