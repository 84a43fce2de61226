// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IArbOwnerPublic
/// @notice What anybody may ask about the chain's configuration.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IArbOwnerPublic {
    /// Most fragments that a Stylus program may be cut into.
    function getMaxStylusContractFragments() external view returns (uint8);

    /// Level that the chain compresses batches with.
    function getBrotliCompressionLevel() external view returns (uint64);
}
