// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IStylusDeployer
/// @notice Deploys, activates and constructs a Stylus program in one transaction.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IStylusDeployer {
    /// The constructor of `newContract` reverted with `data`.
    error ContractInitializationError(address newContract, bytes data);

    /// A program was deployed.
    event ContractDeployed(address deployedContract);

    /// Deploys `bytecode` with CREATE2 if `salt` is not zero (with CREATE otherwise), activates the
    /// program if it is not active, then calls it with `initData` and `initValue` wei. What was
    /// sent beyond that and the data fee comes back.
    function deploy(
        bytes calldata bytecode,
        bytes calldata initData,
        uint256 initValue,
        bytes32 salt
    ) external payable returns (address);
}
