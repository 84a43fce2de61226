//! ArbWasmCache.
//!
//! On Nova only managers may cache. Here any account may, so that tests can compare
//! cached with uncached calls.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolCall, SolEvent, SolInterface, sol};

use super::{Answer, Call, Failure, Purity, arb_wasm, cache_manager, unknown};
use crate::{
    evm::{
        params::CACHE_MANAGER,
        programs::{ProgramRecord, Programs, code_of},
    },
    stylus::prices::{ARBOS_READ_GAS, ARBOS_WRITE_GAS, COLD_ACCOUNT_GAS, STYLUS_PARAMS_GAS},
};

sol! {
    #[allow(missing_docs)]
    interface IArbWasmCache {
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);

        function isCacheManager(address manager) external view returns (bool);
        function allCacheManagers() external view returns (address[] memory managers);
        function cacheCodehash(bytes32 codehash) external;
        function cacheProgram(address addr) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);
    }
}

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbWasmCache::IArbWasmCacheCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    let purity = match method {
        Calls::cacheCodehash(_) | Calls::cacheProgram(_) | Calls::evictCodehash(_) => Purity::Write,
        _ => Purity::View,
    };
    call.admit(purity, input)?;
    call.burn(ARBOS_READ_GAS)?;
    let output = match method {
        Calls::isCacheManager(asked) => {
            IArbWasmCache::isCacheManagerCall::abi_encode_returns(&(asked.manager == CACHE_MANAGER))
        }
        Calls::allCacheManagers(_) => {
            // How many there are has been paid for; this is for the one.
            call.burn(ARBOS_READ_GAS)?;
            IArbWasmCache::allCacheManagersCall::abi_encode_returns(&vec![CACHE_MANAGER])
        }
        Calls::cacheCodehash(asked) => {
            set_cached(call, call.caller, asked.codehash, true)?;
            Vec::new()
        }
        Calls::cacheProgram(asked) => {
            cache_program(call, call.caller, asked.addr)?;
            Vec::new()
        }
        Calls::evictCodehash(asked) => {
            set_cached(call, call.caller, asked.codehash, false)?;
            Vec::new()
        }
        Calls::codehashIsCached(asked) => {
            let record = Programs(&mut call.ctx.journaled_state).get(asked.codehash)?;
            IArbWasmCache::codehashIsCachedCall::abi_encode_returns(&record.cached)
        }
    };
    Ok(Bytes::from(output))
}

fn cache_program(call: &mut Call<'_>, manager: Address, program: Address) -> Result<(), Failure> {
    call.burn(COLD_ACCOUNT_GAS)?;
    let (code_hash, _) = code_of(&mut call.ctx.journaled_state, program)?;
    set_cached(call, manager, code_hash, true)
}

/// Puts a program into the cache or takes it out, in the name of a manager.
pub(super) fn set_cached(
    call: &mut Call<'_>,
    manager: Address,
    code_hash: B256,
    cached: bool,
) -> Result<(), Failure> {
    call.burn(STYLUS_PARAMS_GAS + ARBOS_READ_GAS)?;
    let record = Programs(&mut call.ctx.journaled_state).get(code_hash)?;
    if cached {
        record
            .cacheable(call.time(), &call.ctx.chain.stylus)
            .map_err(arb_wasm::program_failure)?;
    }
    if record.cached == cached {
        return Ok(());
    }
    call.emit(
        IArbWasmCache::UpdateProgramCache {
            manager,
            codehash: code_hash,
            cached,
        }
        .encode_log_data(),
    )?;
    // Whoever caches pays for starting the program once more, and for looking up its module.
    call.burn(u64::from(record.init_cost) + ARBOS_READ_GAS + ARBOS_WRITE_GAS)?;
    Programs(&mut call.ctx.journaled_state).set(code_hash, ProgramRecord { cached, ..record })?;
    cache_manager::note_cached(call, &record, cached)
}
