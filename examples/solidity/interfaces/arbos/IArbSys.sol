// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IArbSys
/// @notice The system precompile: what a contract cannot learn from the EVM's own opcodes.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IArbSys {
    /// Number of the current L2 block (`block.number` estimates that of L1).
    function arbBlockNumber() external view returns (uint256);

    /// Hash of one of the last 256 L2 blocks.
    function arbBlockHash(uint256 arbBlockNum) external view returns (bytes32);

    /// The chain's identifier.
    function arbChainID() external view returns (uint256);

    /// Version of ArbOS, plus 55.
    function arbOSVersion() external view returns (uint256);
}
