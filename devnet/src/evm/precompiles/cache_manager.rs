//! The cache manager that ArbWasmCache names.
//!
//! On Nova a contract auctions the cache: the highest bids for each byte of native code
//! stay. Here the cache is as large, and every bid wins until it is full; nothing is
//! evicted for a higher bid, and bids do not decay. Interface and errors are those of
//! Nitro's `CacheManager`, so that the same client caches a program on both.

use alloy_primitives::{Address, Bytes, U256, aliases::U192};
use alloy_sol_types::{SolCall, SolEvent, SolInterface, sol};
use revm::context_interface::JournalTr;

use super::{Answer, Call, Failure, Purity, arb_wasm, arb_wasm_cache, unknown};
use crate::{
    evm::{
        params::{ARB_WASM_CACHE, CACHE_MANAGER},
        programs::{ProgramRecord, code_of},
    },
    stylus::prices::{ARBOS_READ_GAS, COLD_ACCOUNT_GAS},
};

sol! {
    #[allow(missing_docs)]
    interface ICacheManager {
        event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size);

        error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);
        error AlreadyCached(bytes32 codehash);

        function placeBid(address program) external payable;
        function getMinBid(address program) external view returns (uint192 min);
        function getMinBid(uint64 size) external view returns (uint192 min);
        function cacheSize() external view returns (uint64 size);
        function queueSize() external view returns (uint64 size);
        function decay() external view returns (uint64 rate);
        function isPaused() external view returns (bool paused);
    }
}

/// Bytes of native code that the cache holds: 512 MiB, as on Nova.
const CACHE_SIZE: u64 = 512 << 20;
/// What a program counts for at least.
const MIN_PROGRAM_SIZE: u64 = 4_096;
/// Where the manager keeps how much of the cache is taken.
const QUEUE_SIZE_SLOT: U256 = U256::ZERO;

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use ICacheManager::ICacheManagerCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    let purity = match method {
        Calls::placeBid(_) => Purity::Payable,
        _ => Purity::View,
    };
    call.admit(purity, input)?;
    let output = match method {
        Calls::placeBid(asked) => {
            place_bid(call, asked.program)?;
            Vec::new()
        }
        Calls::getMinBid_0(asked) => {
            let (code_hash, _) = code_of(&mut call.ctx.journaled_state, asked.program)?;
            let record = arb_wasm::active(call, code_hash)?;
            min_bid(call, size_of(&record))?;
            ICacheManager::getMinBid_0Call::abi_encode_returns(&U192::ZERO)
        }
        Calls::getMinBid_1(asked) => {
            min_bid(call, asked.size)?;
            ICacheManager::getMinBid_1Call::abi_encode_returns(&U192::ZERO)
        }
        Calls::cacheSize(_) => ICacheManager::cacheSizeCall::abi_encode_returns(&CACHE_SIZE),
        Calls::queueSize(_) => {
            call.burn(ARBOS_READ_GAS)?;
            ICacheManager::queueSizeCall::abi_encode_returns(&queue_size(call)?)
        }
        Calls::decay(_) => ICacheManager::decayCall::abi_encode_returns(&0),
        Calls::isPaused(_) => ICacheManager::isPausedCall::abi_encode_returns(&false),
    };
    Ok(Bytes::from(output))
}

/// Caches a program. The manager keeps the value of the bid.
fn place_bid(call: &mut Call<'_>, program: Address) -> Result<(), Failure> {
    call.burn(COLD_ACCOUNT_GAS)?;
    let (codehash, _) = code_of(&mut call.ctx.journaled_state, program)?;
    let record = arb_wasm::active(call, codehash)?;
    if record.cached {
        return Err(Failure::error(ICacheManager::AlreadyCached { codehash }));
    }
    let size = size_of(&record);
    min_bid(call, size)?;
    // The precompile logs what it does under its own address.
    call.address = ARB_WASM_CACHE;
    let cached = arb_wasm_cache::set_cached(call, CACHE_MANAGER, codehash, true);
    call.address = CACHE_MANAGER;
    cached?;
    let bid = ICacheManager::InsertBid {
        codehash,
        program,
        bid: U192::saturating_from(call.value),
        size,
    };
    call.emit(bid.encode_log_data())
}

/// Fails if there is no room for so much: any bid wins where there is.
fn min_bid(call: &mut Call<'_>, size: u64) -> Result<(), Failure> {
    call.burn(ARBOS_READ_GAS)?;
    let taken = queue_size(call)?;
    if taken.saturating_add(size) > CACHE_SIZE {
        return Err(Failure::error(ICacheManager::AsmTooLarge {
            asm: U256::from(size),
            queueSize: U256::from(taken),
            cacheSize: U256::from(CACHE_SIZE),
        }));
    }
    Ok(())
}

fn size_of(record: &ProgramRecord) -> u64 {
    u64::from(record.costs().asm_estimate).max(MIN_PROGRAM_SIZE)
}

/// How many bytes are cached. The manager's own methods pay for knowing it.
fn queue_size(call: &mut Call<'_>) -> Result<u64, Failure> {
    let journal = &mut call.ctx.journaled_state;
    journal.load_account(CACHE_MANAGER)?;
    Ok(journal
        .sload(CACHE_MANAGER, QUEUE_SIZE_SLOT)?
        .data
        .saturating_to())
}

/// Counts a program in that was cached, or out that was evicted, whoever did it. ArbWasmCache,
/// which calls this, does not pay for it: it knows nothing of the manager's books.
pub(super) fn note_cached(
    call: &mut Call<'_>,
    record: &ProgramRecord,
    cached: bool,
) -> Result<(), Failure> {
    let (taken, size) = (queue_size(call)?, size_of(record));
    let taken = match cached {
        true => taken.saturating_add(size),
        false => taken.saturating_sub(size),
    };
    let journal = &mut call.ctx.journaled_state;
    journal.touch_account(CACHE_MANAGER);
    journal.sstore(CACHE_MANAGER, QUEUE_SIZE_SLOT, U256::from(taken))?;
    Ok(())
}
