//! ArbOS constants: the fees, limits and addresses of Nova under ArbOS 61.

use alloy_primitives::{Address, address};

/// The ArbOS version that this chain behaves as. `ArbSys.arbOSVersion()` adds 55.
pub const ARBOS_VERSION: u64 = 61;

/// Wei per gas: Nova's minimum price, which no load ever raises here (a cheat may).
pub const BASE_FEE: u64 = 10_000_000;
/// Most gas that a transaction may use, whatever its limit says.
pub const MAX_TX_GAS: u64 = 32_000_000;
/// Largest transaction in bytes that the sequencer takes (Nitro:
/// `execution/gethexec/sequencer.go`, `MaxTxDataSize`).
pub const MAX_TX_SIZE: usize = 95_000;
/// Gas limit that block headers show.
pub const BLOCK_GAS_LIMIT: u64 = 1 << 50;
/// Largest deployed contract in bytes (EIP-170).
pub const MAX_CODE_SIZE: usize = 24_576;

/// Account that stands for ArbOS: activations, the data pricer and the price of data on L1
/// are in its storage.
pub const ARBOS_STATE: Address = address!("A4B05FffffFffFFFFfFFfffFfffFFfffFfFfFFFf");
/// Beneficiary of every block.
pub const SEQUENCER: Address = address!("a4b000000000000000000073657175656e636572");
/// Receives what is paid for execution and activation.
pub const NETWORK_FEE_ACCOUNT: Address = address!("00000000000000000000000000000000000A4B0f");
/// Receives what is paid for data on L1.
pub const L1_PRICER_FUNDS_POOL: Address = address!("A4B00000000000000000000000000000000000f6");
/// NodeInterface, which a node answers for by itself.
pub const NODE_INTERFACE: Address = address!("00000000000000000000000000000000000000c8");
/// ArbSys.
pub const ARB_SYS: Address = address!("0000000000000000000000000000000000000064");
/// ArbOwnerPublic.
pub const ARB_OWNER_PUBLIC: Address = address!("000000000000000000000000000000000000006b");
/// ArbGasInfo.
pub const ARB_GAS_INFO: Address = address!("000000000000000000000000000000000000006c");
/// ArbWasm.
pub const ARB_WASM: Address = address!("0000000000000000000000000000000000000071");
/// ArbWasmCache.
pub const ARB_WASM_CACHE: Address = address!("0000000000000000000000000000000000000072");
/// The one cache manager, named by `ArbWasmCache.allCacheManagers()`. On Nova it is a
/// contract that auctions cache space; here every bid wins.
pub const CACHE_MANAGER: Address = address!("0000000000000000000000000000000000A4B0cA");
/// The contract that deploys, activates and constructs a Stylus program in one call.
pub const STYLUS_DEPLOYER: Address = address!("cEcba2F1DC234f70Dd89F2041029807F8D03A990");
/// The deterministic deployment proxy that most chains carry.
pub const CREATE2_FACTORY: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
/// Its runtime code.
pub const CREATE2_FACTORY_CODE: [u8; 69] = alloy_primitives::hex!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);
