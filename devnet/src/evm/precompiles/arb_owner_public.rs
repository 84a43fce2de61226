//! ArbOwnerPublic: chain settings that anyone may read.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolInterface, sol};

use super::{Answer, Call, Purity, unknown};
use crate::{
    evm::{l1_price, params::NETWORK_FEE_ACCOUNT},
    stylus::prices::STYLUS_PARAMS_GAS,
};

sol! {
    #[allow(missing_docs)]
    interface IArbOwnerPublic {
        function getAllChainOwners() external view returns (address[] memory);
        function isChainOwner(address addr) external view returns (bool);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getBrotliCompressionLevel() external view returns (uint64);
        function getScheduledUpgrade() external view returns (uint64 arbosVersion, uint64 scheduledForTimestamp);
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getMaxStylusContractFragments() external view returns (uint8);
    }
}

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbOwnerPublic::IArbOwnerPublicCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    call.admit(Purity::View, input)?;
    let output = match method {
        // Settings are fixed: nobody owns this chain.
        Calls::getAllChainOwners(_) => {
            IArbOwnerPublic::getAllChainOwnersCall::abi_encode_returns(&Vec::<Address>::new())
        }
        Calls::isChainOwner(_) => IArbOwnerPublic::isChainOwnerCall::abi_encode_returns(&false),
        Calls::getNetworkFeeAccount(_) => {
            IArbOwnerPublic::getNetworkFeeAccountCall::abi_encode_returns(&NETWORK_FEE_ACCOUNT)
        }
        Calls::getInfraFeeAccount(_) => {
            IArbOwnerPublic::getInfraFeeAccountCall::abi_encode_returns(&NETWORK_FEE_ACCOUNT)
        }
        Calls::getBrotliCompressionLevel(_) => {
            IArbOwnerPublic::getBrotliCompressionLevelCall::abi_encode_returns(
                &l1_price::BROTLI_LEVEL,
            )
        }
        Calls::getScheduledUpgrade(_) => {
            IArbOwnerPublic::getScheduledUpgradeCall::abi_encode_returns(
                &IArbOwnerPublic::getScheduledUpgradeReturn {
                    arbosVersion: 0,
                    scheduledForTimestamp: 0,
                },
            )
        }
        // EIP-7623's floor does not apply on this chain.
        Calls::isCalldataPriceIncreaseEnabled(_) => {
            IArbOwnerPublic::isCalldataPriceIncreaseEnabledCall::abi_encode_returns(&false)
        }
        Calls::getMaxStylusContractFragments(_) => {
            call.burn(STYLUS_PARAMS_GAS)?;
            IArbOwnerPublic::getMaxStylusContractFragmentsCall::abi_encode_returns(
                &call.ctx.chain.stylus.max_fragment_count,
            )
        }
    };
    Ok(Bytes::from(output))
}
