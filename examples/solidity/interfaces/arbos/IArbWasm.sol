// SPDX-License-Identifier: MIT OR Apache-2.0
// Written by `cargo xtask solidity` from protocol/src/interfaces/arbos.rs; change that.
pragma solidity ^0.8.20;

/// @title IArbWasm
/// @notice Activation and pricing of Stylus programs.
/// @dev What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache manager
/// that auctions places in the program cache, and the deployer that calls constructors of Stylus
/// programs. Their sources are Offchain Labs' nitro and stylus-sdk-rs; only what is used here is
/// declared.
interface IArbWasm {
    /// The code at the address is no Stylus program.
    error ProgramNotWasm();

    /// The program was never activated.
    error ProgramNotActivated();

    /// The program was activated for an older version of Stylus.
    error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);

    /// The program's year is over and nobody renewed it.
    error ProgramExpired(uint64 ageInSeconds);

    /// The program is active in the current version.
    error ProgramUpToDate();

    /// The program was activated or renewed within the last days (`keepaliveDays`).
    error ProgramKeepaliveTooSoon(uint64 ageInSeconds);

    /// The call carries less ether than the data fee.
    error ProgramInsufficientValue(uint256 have, uint256 want);

    /// A program was activated.
    event ProgramActivated(
        bytes32 indexed codehash,
        bytes32 moduleHash,
        address program,
        uint256 dataFee,
        uint16 version
    );

    /// A program's year begins anew.
    event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

    /// Activates the program at an address for its data fee; what was sent beyond that comes back.
    function activateProgram(
        address program
    ) external payable returns (uint16 version, uint256 dataFee);

    /// Current version of Stylus.
    function stylusVersion() external view returns (uint16 version);

    /// Version that the code of this hash was activated for.
    function codehashVersion(bytes32 codehash) external view returns (uint16 version);

    /// Renews the code of this hash for its data fee.
    function codehashKeepalive(bytes32 codehash) external payable;

    /// Size in bytes of the machine code for this hash.
    function codehashAsmSize(bytes32 codehash) external view returns (uint32 size);

    /// Version that the program was activated for.
    function programVersion(address program) external view returns (uint16 version);

    /// Gas that starting the program costs, uncached and cached.
    function programInitGas(
        address program
    ) external view returns (uint64 gas, uint64 gasWhenCached);

    /// Pages of memory that the program starts with.
    function programMemoryFootprint(address program) external view returns (uint16 footprint);

    /// Seconds until the program expires.
    function programTimeLeft(address program) external view returns (uint64 secs);

    /// Ink that one gas buys.
    function inkPrice() external view returns (uint32 price);

    /// Deepest stack, in words, that a program may use.
    function maxStackDepth() external view returns (uint32 depth);

    /// Pages of memory that cost nothing.
    function freePages() external view returns (uint16 pages);

    /// Gas that each further page costs at first.
    function pageGas() external view returns (uint16 gas);

    /// Rate at which the price of pages grows.
    function pageRamp() external view returns (uint64 ramp);

    /// Most pages of memory that all programs of a transaction may have at once.
    function pageLimit() external view returns (uint16 limit);

    /// Least gas that starting any program costs, uncached and cached.
    function minInitGas() external view returns (uint64 gas, uint64 cached);

    /// Factor on the cost of starting programs, in percent.
    function initCostScalar() external view returns (uint64 percent);

    /// Days after which a program expires.
    function expiryDays() external view returns (uint16 count);

    /// Days after which a program may be renewed.
    function keepaliveDays() external view returns (uint16 count);

    /// Programs of recent blocks that count as cached.
    function blockCacheSize() external view returns (uint16 count);
}
