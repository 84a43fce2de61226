// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/consumer.rs; change that.
pragma solidity ^0.8.20;

/// @title ITaskConsumer
/// @notice A contract that `submitTaskWithConsumer` of the engine named.
/// @dev What a contract implements to be told the outcome of the tasks it submitted.
interface ITaskConsumer {
    /// Called by the engine, at most once with success, after the outcome of `task` is final.
    /// `outcome` is the task's status: 4 final, with the CID of the solution; 5 rejected or 6
    /// retracted, with no CID. Check that the caller is the engine. If this reverts or runs out of
    /// the gas it was promised, anyone may try again; nothing else waits for it.
    function onTaskOutcome(bytes32 task, uint8 outcome, bytes calldata cid) external;
}
