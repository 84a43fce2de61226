// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title ICacheManager
/// @notice The contract that sells places in the program cache by auction.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface ICacheManager {
    /// The program is larger than what the cache can hold beside what is queued.
    error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);

    /// The program is cached.
    error AlreadyCached(bytes32 codehash);

    /// The bid is below the least that would be accepted.
    error BidTooSmall(uint192 bid, uint192 min);

    /// Bids are not taken for now.
    error BidsArePaused();

    /// The program was never activated.
    error ProgramNotActivated();

    /// Bids the call's value for a place for the program.
    function placeBid(address program) external payable;

    /// Least bid in wei that would be accepted for the program now.
    function getMinBid(address program) external view returns (uint192 min);
}
