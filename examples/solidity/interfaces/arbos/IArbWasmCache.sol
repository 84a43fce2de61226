// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IArbWasmCache
/// @notice The cache of Stylus programs, which cache managers fill.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IArbWasmCache {
    /// A cache manager put a program into the cache or took it out.
    event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);

    /// Whether the account may fill the cache.
    function isCacheManager(address manager) external view returns (bool);

    /// Every account that may.
    function allCacheManagers() external view returns (address[] memory managers);

    /// Caches the program at an address; for cache managers and chain owners.
    function cacheProgram(address program) external;

    /// Takes the code of this hash out of the cache; for cache managers and chain owners.
    function evictCodehash(bytes32 codehash) external;

    /// Whether the code of this hash is cached.
    function codehashIsCached(bytes32 codehash) external view returns (bool);
}
