//! What Arbius uses of Arbitrum's own contracts: the precompiles of ArbOS, the cache
//! manager that auctions places in the program cache, and the deployer that calls
//! constructors of Stylus programs. Their sources are Offchain Labs' nitro and
//! stylus-sdk-rs; only what is used here is declared.

use alloy_primitives::{Address, address};

/// Address of [`IArbSys`].
pub const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");

/// Address of [`IArbOwnerPublic`].
pub const ARB_OWNER_PUBLIC: Address = address!("000000000000000000000000000000000000006b");

/// Address of [`IArbGasInfo`].
pub const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006c");

/// Address of [`IArbWasm`].
pub const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");

/// Address of [`IArbWasmCache`].
pub const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");

/// Address of [`IStylusDeployer`] on every Arbitrum chain that has it.
pub const STYLUS_DEPLOYER: Address = address!("cEcba2F1DC234f70Dd89F2041029807F8D03A990");

super::interface! {
    /// The system precompile: what a contract cannot learn from the EVM's own opcodes.
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

    /// Activation and pricing of Stylus programs.
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
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        /// A program's year begins anew.
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

        /// Activates the program at an address for its data fee; what was sent beyond that comes back.
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
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
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
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

    /// The cache of Stylus programs, which cache managers fill.
    interface IArbWasmCache {
        /// A cache manager put a program into the cache or took it out.
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);

        /// Whether the account may fill the cache.
        function isCacheManager(address manager) external view returns (bool);
        /// Every account that may.
        function allCacheManagers() external view returns (address[] managers);
        /// Caches the program at an address; for cache managers and chain owners.
        function cacheProgram(address program) external;
        /// Takes the code of this hash out of the cache; for cache managers and chain owners.
        function evictCodehash(bytes32 codehash) external;
        /// Whether the code of this hash is cached.
        function codehashIsCached(bytes32 codehash) external view returns (bool);
    }

    /// The contract that sells places in the program cache by auction.
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

    /// What prices transactions.
    interface IArbGasInfo {
        /// Wei per L2 transaction, per byte of L1 calldata, per storage unit, per gas (base, congestion, total).
        function getPricesInWei() external view returns (uint256 perL2Tx, uint256 perL1CalldataByte, uint256 perStorage, uint256 perArbGasBase, uint256 perArbGasCongestion, uint256 perArbGasTotal);
        /// Least gas price in wei.
        function getMinimumGasPrice() external view returns (uint256);
        /// Estimate of the L1 base fee in wei.
        function getL1BaseFeeEstimate() external view returns (uint256);
        /// L1 fee of the current transaction in wei.
        function getCurrentTxL1GasFees() external view returns (uint256);
    }

    /// What anybody may ask about the chain's configuration.
    interface IArbOwnerPublic {
        /// Most fragments that a Stylus program may be cut into.
        function getMaxStylusContractFragments() external view returns (uint8);
        /// Level that the chain compresses batches with.
        function getBrotliCompressionLevel() external view returns (uint64);
    }

    /// Deploys, activates and constructs a Stylus program in one transaction.
    interface IStylusDeployer {
        /// The constructor of `newContract` reverted with `data`.
        error ContractInitializationError(address newContract, bytes data);

        /// A program was deployed.
        event ContractDeployed(address deployedContract);

        /// Deploys `bytecode` with CREATE2 if `salt` is not zero (with CREATE otherwise),
        /// activates the program if it is not active, then calls it with `initData` and
        /// `initValue` wei. What was sent beyond that and the data fee comes back.
        function deploy(bytes bytecode, bytes initData, uint256 initValue, bytes32 salt) external payable returns (address);
    }
}
