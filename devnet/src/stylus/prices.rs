//! Every number the executor charges or limits by, with the file it was read from.
//!
//! Paths are those of Nitro v3.10.0 (<https://github.com/OffchainLabs/nitro>, commit
//! `b1cf6db81` of 5 May 2026), the release with ArbOS 60, and, where they begin with `core/`
//! or `params/`, of its go-ethereum fork (<https://github.com/OffchainLabs/go-ethereum>,
//! commit `49b38a638` of 16 April 2026). ArbOS 61 differs from 60 in the refunds of dynamic
//! pricing alone, which is switched off on Nova (the proposal to activate it, of 19 June 2026:
//! <https://forum.arbitrum.foundation/t/constitutional-aip-arbos-61-elara/30601>).
//!
//! Ink prices are in ink; everything else is in EVM gas unless it says otherwise. Each number
//! has a test that fails when it changes by one.

use wasmparser::Operator;

// --- chain parameters ---------------------------------------------------------------

/// Stylus version of new activations since ArbOS 59. `arbos/arbosState/arbosstate.go`,
/// `UpgradeArbosVersion`, and `arbos/programs/params.go`, `UpgradeToVersion`.
pub const STYLUS_VERSION: u16 = 3;
/// Ink per gas. `arbos/programs/params.go`, `initialInkPrice`.
pub const INK_PRICE: u32 = 10_000;
/// Words of stack. `arbos/programs/params.go`, the cap set by the upgrade to ArbOS 50.
pub const MAX_STACK_DEPTH: u32 = 22_000;
/// Free pages. `arbos/programs/params.go`, `InitialFreePages`.
pub const FREE_PAGES: u16 = 2;
/// Gas per page. `arbos/programs/params.go`, `InitialPageGas`.
pub const PAGE_GAS: u16 = 1_000;
/// Ramp of the exponential term, which [`MEMORY_EXPONENTS`] tabulates; it is only reported.
/// `arbos/programs/params.go`, `initialPageRamp`.
pub const PAGE_RAMP: u64 = 620_674_314;
/// Most pages open at once in a transaction, since ArbOS 59 while programs run as well as
/// when one is activated. `arbos/programs/params.go`, `initialPageLimit`, and
/// `arbos/programs/api.go`, `enforceStylusPageLimit`.
pub const PAGE_LIMIT: u16 = 128;
/// `arbos/programs/params.go`, `v2MinInitGas`.
pub const MIN_INIT_GAS: u8 = 69;
/// `arbos/programs/params.go`, `initialMinCachedGas`.
pub const MIN_CACHED_INIT_GAS: u8 = 11;
/// `arbos/programs/params.go`, `initialInitCostScalar`.
pub const INIT_COST_SCALAR: u8 = 50;
/// `arbos/programs/params.go`, `initialCachedCostScalar`.
pub const CACHED_COST_SCALAR: u8 = 50;
/// `arbos/programs/params.go`, `initialExpiryDays`.
pub const EXPIRY_DAYS: u16 = 365;
/// `arbos/programs/params.go`, `initialKeepaliveDays`.
pub const KEEPALIVE_DAYS: u16 = 31;
/// `arbos/programs/params.go`, `initialRecentCacheSize`.
pub const BLOCK_CACHE_SIZE: u16 = 32;
/// Bytes of decompressed WASM. `arbos/programs/params.go`, `arbOS60MaxWasmSize`.
pub const MAX_WASM_SIZE: u32 = 256 * 1024;
/// Fragments of a program. `arbos/programs/params.go`, `initialMaxFragmentCount`.
pub const MAX_FRAGMENT_COUNT: u8 = 4;
/// Gas in one unit of `min_init_gas`. `arbos/programs/params.go`, `MinInitGasUnits`.
pub const MIN_INIT_GAS_UNIT: u64 = 128;
/// Gas in one unit of `min_cached_init_gas`. `arbos/programs/params.go`, `MinCachedGasUnits`.
pub const MIN_CACHED_GAS_UNIT: u64 = 32;
/// Per cent in one unit of a scalar. `arbos/programs/params.go`, `CostScalarPercent`.
pub const COST_SCALAR_PERCENT: u64 = 2;

// --- data fee -----------------------------------------------------------------------

/// Second of Unix time from which Arbitrum counts. `arbos/programs/data_pricer.go`.
pub const ARBITRUM_START_TIME: u64 = 1_421_388_000;
/// Bytes of demand forgotten per second: one TiB a year, divided in two steps.
/// `arbos/programs/data_pricer.go`, `initialBytesPerSecond`.
pub const DATA_BYTES_PER_SECOND: u32 = 34_865;
/// Least wei per byte. `arbos/programs/data_pricer.go`, `initialMinPrice`.
pub const DATA_MIN_PRICE: u64 = 82_928_201;
/// Demand in bytes at which the price is e times the least. `arbos/programs/data_pricer.go`,
/// `initialInertia`.
pub const DATA_INERTIA: u64 = 21_360_419;

// --- compile-time limits ------------------------------------------------------------

/// Most pages a program may start with. `crates/prover/src/programs/config.rs`.
pub const HEAP_BOUND: u64 = 128;
/// Most operands in a frame at once. `crates/prover/src/programs/config.rs`, which also has a
/// limit of 10,240 words for a whole frame: with these operands and [`MAX_LOCALS`] no frame
/// comes near it.
pub const MAX_FRAME_CONTENTION: u32 = 4096;
/// Words that each frame costs besides operands and locals.
/// `crates/prover/src/programs/depth.rs`.
pub const FRAME_OVERHEAD: u32 = 4;
/// `crates/prover/src/binary.rs`, as are the limits that follow.
pub const MAX_DATA_SEGMENTS: usize = 128;
/// Most element segments.
pub const MAX_ELEMENT_SEGMENTS: usize = 128;
/// Most functions with a body.
pub const MAX_FUNCTIONS: usize = 4096;
/// Most globals, the meters' four included.
pub const MAX_GLOBALS: usize = 32_768;
/// Most declared locals of a function, parameters not counted.
pub const MAX_LOCALS: usize = 348;
/// Most operators of a function, those of the meters included.
pub const MAX_OPERATORS: usize = 65_536;
/// Most imports.
pub const MAX_IMPORTS: usize = 513;
/// Most initial table entries over all tables.
pub const MAX_TABLE_ENTRIES: u64 = 4096;
/// Most bytes in element segments over all tables.
pub const MAX_ELEMENT_BYTES: u64 = 4096;
/// Longest module name in bytes.
pub const MAX_NAME_LEN: usize = 512;

// --- activation ---------------------------------------------------------------------

/// Gas burned by every attempt to activate a program. `precompiles/ArbWasm.go`,
/// `ActivateProgram`.
pub const ACTIVATION_BASE_GAS: u64 = 1_659_168;
/// Gas burned on top of that, which a chain's owner may set since ArbOS 60; none is set on
/// Nova. `arbos/programs/programs.go`, `ActivationGas`.
pub const ACTIVATION_SURCHARGE_GAS: u64 = 0;
/// Gas per microsecond of activation work. `crates/prover/src/programs/mod.rs`, `us_to_gas`.
pub const ACTIVATION_GAS_PER_US: u64 = 28;

/// Reading a slot of ArbOS' state, or opening that. `arbos/storage/storage.go`,
/// `StorageReadCost`.
pub const ARBOS_READ_GAS: u64 = 800;
/// Writing a slot of ArbOS' state with something other than zero, which is all that is ever
/// written for programs. `arbos/storage/storage.go`, `StorageWriteCost`.
pub const ARBOS_WRITE_GAS: u64 = 20_000;
/// Reading the Stylus parameters, which are taken to be warm. `arbos/programs/params.go`,
/// `Params`.
pub const STYLUS_PARAMS_GAS: u64 = 100;

/// What a program is measured by when it is activated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProgramSize {
    /// Bytes of WASM.
    pub wasm: u64,
    /// Functions with a body.
    pub functions: u64,
    /// Parameters and results over all of them.
    pub signature_words: u64,
    /// Operators over all of them, those of Nitro's meters included.
    pub operators: u64,
    /// Globals, the meters' included.
    pub globals: u64,
    /// Bytes that data segments write.
    pub data: u64,
    /// Bytes of data segments, headers included.
    pub data_segments: u64,
    /// Bytes of element segments, headers included.
    pub element_segments: u64,
    /// Pages of memory at the start.
    pub pages: u64,
}

/// Gas an activation burns, each part rounded down by itself as Nitro does.
/// `crates/prover/src/programs/mod.rs`, `Module::activate`.
pub fn activation_gas(size: &ProgramSize) -> u64 {
    let microseconds = size.wasm * 31_733 / 100_000
        + size.functions * 17_263 / 100_000
        + size.data * 17_376 / 100_000
        + size.element_segments * 17_376 / 100_000
        + size.pages * 2_217
        + size.operators * 535 / 1_000;
    microseconds * ACTIVATION_GAS_PER_US
}

/// Predicted bytes of machine code. `crates/prover/src/binary.rs`, `instrument`.
pub fn asm_estimate(size: &ProgramSize) -> u64 {
    512_000
        + size.functions * 996_829 / 1_000
        + size.signature_words * 11_416 / 1_000
        + size.wasm * 62_628 / 10_000
}

/// Cost of a cached start. `crates/prover/src/binary.rs`, `instrument`.
pub fn cached_init_cost(size: &ProgramSize) -> u64 {
    size.functions * 13_420 / 100_000
        + size.signature_words * 89 / 100_000
        + size.wasm * 122 / 100_000
        + size.globals * 1_628 / 1_000
        + (size.data_segments + size.element_segments) * 75_244 / 100_000
        + size.pages * 5
}

/// Cost of an uncached start; in version 1 the cached cost is a part of it.
/// `crates/prover/src/binary.rs`, `instrument`.
pub fn init_cost(size: &ProgramSize, version: u16) -> u64 {
    let cached = if version == 1 {
        cached_init_cost(size)
    } else {
        0
    };
    cached
        + size.functions * 8_252 / 1_000
        + size.signature_words * 1_059 / 1_000
        + size.wasm * 1_286 / 10_000
}

// --- WASM operators -----------------------------------------------------------------

/// Ink for the check at the head of each basic block. `crates/prover/src/programs/config.rs`.
pub const BLOCK_HEADER_INK: u64 = 2450;
/// Ink per byte of `memory.fill`. `crates/prover/src/programs/config.rs`.
pub const MEMORY_FILL_INK: u64 = 100;
/// Ink per byte of `memory.copy`. `crates/prover/src/programs/config.rs`.
pub const MEMORY_COPY_INK: u64 = 100;

/// Ink for one operator, or none for one that no program may contain.
///
/// `indirect_params` is the number of parameters of a `call_indirect`'s type.
///
/// `crates/prover/src/programs/meter.rs`, `pricing_v1`.
pub fn operator_ink(
    operator: &Operator<'_>,
    indirect_params: impl FnOnce(u32) -> usize,
) -> Option<u64> {
    use Operator as O;
    let ink = match operator {
        O::Unreachable | O::Return | O::Nop | O::I32Const { .. } | O::I64Const { .. } => 1,
        O::Block { .. } | O::Loop { .. } | O::Else | O::End => 1,
        O::Drop => 9,
        O::Br { .. } | O::BrIf { .. } | O::If { .. } => 765,
        O::BrTable { targets } => 2400 + 325 * u64::from(targets.len()),
        O::Select => 1250,
        O::Call { .. } => 3800,
        O::CallIndirect { type_index, .. } => 13_610 + 650 * indirect_params(*type_index) as u64,

        O::LocalGet { .. } | O::LocalTee { .. } => 75,
        O::LocalSet { .. } => 210,
        O::GlobalGet { .. } => 225,
        O::GlobalSet { .. } => 575,

        O::I32Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. } => 670,
        O::I64Load { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. } => 680,
        O::I32Store { .. } | O::I32Store8 { .. } | O::I32Store16 { .. } => 825,
        O::I64Store { .. } | O::I64Store8 { .. } | O::I64Store16 { .. } | O::I64Store32 { .. } => {
            950
        }
        O::MemorySize { .. } => 3000,
        O::MemoryGrow { .. } => 8050,
        O::MemoryCopy { .. } | O::MemoryFill { .. } => 950,

        O::I32Eqz
        | O::I32Eq
        | O::I32Ne
        | O::I32LtS
        | O::I32LtU
        | O::I32GtS
        | O::I32GtU
        | O::I32LeS
        | O::I32LeU
        | O::I32GeS
        | O::I32GeU => 170,
        O::I64Eqz
        | O::I64Eq
        | O::I64Ne
        | O::I64LtS
        | O::I64LtU
        | O::I64GtS
        | O::I64GtU
        | O::I64LeS
        | O::I64LeU
        | O::I64GeS
        | O::I64GeU => 225,

        O::I32Clz | O::I32Ctz | O::I64Clz | O::I64Ctz => 210,
        O::I32Popcnt => 2650,
        O::I64Popcnt => 6000,
        O::I32Add | O::I32Sub => 70,
        O::I64Add | O::I64Sub => 100,
        O::I32Mul | O::I64Mul => 160,
        O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU => 1120,
        O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU => 1270,
        O::I32And
        | O::I32Or
        | O::I32Xor
        | O::I32Shl
        | O::I32ShrS
        | O::I32ShrU
        | O::I32Rotl
        | O::I32Rotr => 70,
        O::I64And
        | O::I64Or
        | O::I64Xor
        | O::I64Shl
        | O::I64ShrS
        | O::I64ShrU
        | O::I64Rotl
        | O::I64Rotr => 100,

        O::I32WrapI64
        | O::I64ExtendI32S
        | O::I64ExtendI32U
        | O::I32Extend8S
        | O::I32Extend16S
        | O::I64Extend8S
        | O::I64Extend16S
        | O::I64Extend32S => 100,
        _ => return None,
    };
    Some(ink)
}

// --- host functions -----------------------------------------------------------------

/// Ink of any host function. `crates/arbutil/src/pricing.rs`, as are all ink prices of
/// host functions here.
pub const HOSTIO_INK: u64 = 8_400;
/// Ink per pointer.
pub const PTR_INK: u64 = 13_440 - HOSTIO_INK;
/// Ink of reaching the chain.
pub const EVM_API_INK: u64 = 59_673;
/// Ink of a division.
pub const DIV_INK: u64 = 20_000;
/// Ink of a multiplication modulo something.
pub const MUL_MOD_INK: u64 = 24_100;
/// Ink of an addition modulo something.
pub const ADD_MOD_INK: u64 = 21_000;

/// `storage_load_bytes32`, `storage_cache_bytes32`.
pub const STORAGE_ACCESS_INK: u64 = HOSTIO_INK + 2 * PTR_INK;
/// `storage_flush_cache`.
pub const STORAGE_FLUSH_INK: u64 = HOSTIO_INK + EVM_API_INK;
/// `transient_load_bytes32`, `transient_store_bytes32`.
pub const TRANSIENT_ACCESS_INK: u64 = HOSTIO_INK + 2 * PTR_INK + EVM_API_INK;
/// `call_contract`, `delegate_call_contract`, `static_call_contract`.
pub const CALL_INK: u64 = HOSTIO_INK + 3 * PTR_INK + EVM_API_INK;
/// `create1`.
pub const CREATE1_INK: u64 = HOSTIO_INK + 3 * PTR_INK + EVM_API_INK;
/// `create2`.
pub const CREATE2_INK: u64 = HOSTIO_INK + 4 * PTR_INK + EVM_API_INK;
/// `read_return_data`.
pub const READ_RETURN_DATA_INK: u64 = HOSTIO_INK + EVM_API_INK;
/// `emit_log`.
pub const EMIT_LOG_INK: u64 = HOSTIO_INK + EVM_API_INK;
/// `account_balance`, `account_codehash`.
pub const ACCOUNT_WORD_INK: u64 = HOSTIO_INK + 2 * PTR_INK + EVM_API_INK;
/// `account_code`, `account_code_size`.
pub const ACCOUNT_CODE_INK: u64 = HOSTIO_INK + EVM_API_INK;
/// `math_div`, `math_mod`.
pub const MATH_DIV_INK: u64 = HOSTIO_INK + 3 * PTR_INK + DIV_INK;
/// `math_pow`, before the exponent is paid for.
pub const MATH_POW_INK: u64 = HOSTIO_INK + 3 * PTR_INK;
/// `math_add_mod`.
pub const MATH_ADD_MOD_INK: u64 = HOSTIO_INK + 4 * PTR_INK + ADD_MOD_INK;
/// `math_mul_mod`.
pub const MATH_MUL_MOD_INK: u64 = HOSTIO_INK + 4 * PTR_INK + MUL_MOD_INK;

/// Ink for writing `bytes` into a program's memory. `write_price`.
pub fn write_ink(bytes: u32) -> u64 {
    5_040 + 30 * u64::from(bytes.saturating_sub(32))
}

/// Ink for reading `bytes` from a program's memory. `read_price`.
pub fn read_ink(bytes: u32) -> u64 {
    16_381 + 55 * u64::from(bytes.saturating_sub(32))
}

/// Ink for hashing `bytes`. `keccak_price`.
pub fn keccak_ink(bytes: u32) -> u64 {
    121_800 + 21_000 * u64::from(bytes.div_ceil(32).saturating_sub(2))
}

/// Ink for a power with this big-endian exponent: each byte from its first that is
/// not zero on costs. `pow_price`.
pub fn pow_ink(exponent: &[u8; 32]) -> u64 {
    let leading_zeroes = exponent.iter().take_while(|&&byte| byte == 0).count() as u64;
    3_000 + (33 - leading_zeroes) * 17_500
}

// --- EVM gas ------------------------------------------------------------------------

/// `params/protocol_params.go`, `ColdSloadCostEIP2929`.
pub const COLD_SLOAD_GAS: u64 = 2_100;
/// `params/protocol_params.go`, `WarmStorageReadCostEIP2929`: a warm slot, a warm account,
/// `TLOAD` and `TSTORE`.
pub const WARM_ACCESS_GAS: u64 = 100;
/// `params/protocol_params.go`, `ColdAccountAccessCostEIP2929`.
pub const COLD_ACCOUNT_GAS: u64 = 2_600;
/// `params/protocol_params.go`, `SstoreSentryGasEIP2200`.
pub const SSTORE_SENTRY_GAS: u64 = 2_300;
/// `params/protocol_params.go`, `SstoreSetGasEIP2200`.
pub const SSTORE_SET_GAS: u64 = 20_000;
/// `params/protocol_params.go`, `SstoreResetGasEIP2200` less the cold load it includes.
pub const SSTORE_RESET_GAS: u64 = 5_000 - COLD_SLOAD_GAS;
/// `params/protocol_params.go`, `SstoreClearsScheduleRefundEIP3529`.
pub const SSTORE_CLEARS_REFUND: i64 = 4_800;
/// `params/protocol_params.go`, `LogGas` and `LogTopicGas`.
pub const LOG_TOPIC_GAS: u64 = 375;
/// `params/protocol_params.go`, `LogDataGas`.
pub const LOG_DATA_GAS: u64 = 8;
/// `params/protocol_params.go`, `CallValueTransferGas`.
pub const CALL_VALUE_GAS: u64 = 9_000;
/// `params/protocol_params.go`, `CallNewAccountGas`.
pub const CALL_NEW_ACCOUNT_GAS: u64 = 25_000;
/// `params/protocol_params.go`, `CallStipend`.
pub const CALL_STIPEND: u64 = 2_300;
/// `params/protocol_params.go`, `CreateGas`.
pub const CREATE_GAS: u64 = 32_000;
/// `params/protocol_params.go`, `Keccak256WordGas`.
pub const KECCAK_WORD_GAS: u64 = 6;
/// `params/protocol_params.go`, `CopyGas`.
pub const COPY_WORD_GAS: u64 = 3;
/// `params/protocol_params.go`, `MemoryGas`.
pub const MEMORY_WORD_GAS: u64 = 3;
/// `params/protocol_params.go`, `QuadCoeffDiv`.
pub const MEMORY_QUADRATIC_DIVISOR: u64 = 512;
/// What loading an account's code costs on top of touching it, with Nova's code limit of
/// 24,576 bytes. `core/vm/operations_acl_arbitrum.go`, `WasmAccountTouchCost`.
pub const CODE_LOAD_GAS: u64 = 700;
/// Gas that must be left over for the storage cache. `crates/arbutil/src/evm/storage.rs`.
pub const STORAGE_CACHE_SENTRY_GAS: u64 = 10;

/// Gas of the `n`-th read through the storage cache, counted from 1.
/// `crates/arbutil/src/evm/storage.rs`, `read_gas`.
pub fn cached_read_gas(n: u64) -> u64 {
    match n {
        0..=32 => 0,
        33..=128 => 2,
        _ => 10,
    }
}

/// Gas of the `n`-th write into the storage cache, counted from 1.
/// `crates/arbutil/src/evm/storage.rs`, `write_gas`.
pub fn cached_write_gas(n: u64) -> u64 {
    match n {
        0..=8 => 0,
        9..=64 => 7,
        _ => 10,
    }
}

/// Gas that returning `len` bytes costs in the EVM, the least it may cost here.
/// `arbos/programs/programs.go`, `evmMemoryCost`.
pub fn return_data_gas(len: usize) -> u64 {
    let words = (len as u64).div_ceil(32);
    (words * MEMORY_WORD_GAS).saturating_add(words.saturating_mul(words) / MEMORY_QUADRATIC_DIVISOR)
}

/// Exponential cost of the pages that were ever open. `arbos/programs/memory.go`,
/// `memoryExponents`: 31,874,000 to the power of pages / 128, rounded down.
pub const MEMORY_EXPONENTS: [u32; 129] = [
    1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 6, 7, 8, 9, 11, 12, 14, 17, 19, 22, 25, 29, 33, 38,
    43, 50, 57, 65, 75, 85, 98, 112, 128, 147, 168, 193, 221, 253, 289, 331, 379, 434, 497, 569,
    651, 745, 853, 976, 1117, 1279, 1463, 1675, 1917, 2194, 2511, 2874, 3290, 3765, 4309, 4932,
    5645, 6461, 7395, 8464, 9687, 11087, 12689, 14523, 16621, 19024, 21773, 24919, 28521, 32642,
    37359, 42758, 48938, 56010, 64104, 73368, 83971, 96106, 109994, 125890, 144082, 164904, 188735,
    216010, 247226, 282953, 323844, 370643, 424206, 485509, 555672, 635973, 727880, 833067, 953456,
    1091243, 1248941, 1429429, 1636000, 1872423, 2143012, 2452704, 2807151, 3212820, 3677113,
    4208502, 4816684, 5512756, 6309419, 7221210, 8264766, 9459129, 10826093, 12390601, 14181199,
    16230562, 18576084, 21260563, 24332984, 27849408, 31873999,
];
