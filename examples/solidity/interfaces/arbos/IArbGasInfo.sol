// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IArbGasInfo
/// @notice What prices transactions.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IArbGasInfo {
    /// Wei per L2 transaction, per byte of L1 calldata, per storage unit, per gas (base,
    /// congestion, total).
    function getPricesInWei() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorage, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);

    /// Least gas price in wei.
    function getMinimumGasPrice() external view returns (uint256);

    /// Estimate of the L1 base fee in wei.
    function getL1BaseFeeEstimate() external view returns (uint256);

    /// L1 fee of the current transaction in wei.
    function getCurrentTxL1GasFees() external view returns (uint256);
}
