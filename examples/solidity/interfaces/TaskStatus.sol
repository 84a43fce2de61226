// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/tasks.rs; change that.
pragma solidity ^0.8.20;

/// @title TaskStatus
/// @notice Where a task stands, numbered as `taskStatus` returns it.
library TaskStatus {
    /// There is no such task.
    uint8 internal constant NONE = 0;
    /// It waits for a solution.
    uint8 internal constant OPEN = 1;
    /// It has a solution, which can still be contested.
    uint8 internal constant SOLVED = 2;
    /// Its solution is contested and the contestation not settled.
    uint8 internal constant CONTESTED = 3;
    /// Its solution stands, claimed or not: nothing can change it any more.
    uint8 internal constant FINAL = 4;
    /// Its solution was voted down and its fee refunded.
    uint8 internal constant REJECTED = 5;
    /// Its owner retracted it.
    uint8 internal constant RETRACTED = 6;
}
