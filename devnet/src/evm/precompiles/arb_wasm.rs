//! ArbWasm: activates programs and tells what Stylus costs.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolEvent, SolInterface, sol};
use revm::context_interface::JournalTr;

use super::{Answer, Call, Failure, Purity, unknown};
use crate::{
    evm::{
        params::{MAX_CODE_SIZE, NETWORK_FEE_ACCOUNT},
        programs::{ProgramError, ProgramRecord, Programs, code_of},
    },
    stylus::{
        self, CodeKind, ProgramCosts, Root, StylusParams,
        code::fragment_read_gas,
        code_kind, decode_program,
        prices::{self, ARBOS_READ_GAS, ARBOS_WRITE_GAS, COLD_ACCOUNT_GAS, STYLUS_PARAMS_GAS},
    },
};

sol! {
    #[allow(missing_docs)]
    interface IArbWasm {
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);

        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);

        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function codehashKeepalive(bytes32 codehash) external payable;
        function stylusVersion() external view returns (uint16 version);
        function codehashVersion(bytes32 codehash) external view returns (uint16 version);
        function codehashAsmSize(bytes32 codehash) external view returns (uint32 size);
        function programVersion(address program) external view returns (uint16 version);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16 footprint);
        function programTimeLeft(address program) external view returns (uint64 _secs);
        function inkPrice() external view returns (uint32 price);
        function maxStackDepth() external view returns (uint32 depth);
        function freePages() external view returns (uint16 pages);
        function pageGas() external view returns (uint16 gas);
        function pageRamp() external view returns (uint64 ramp);
        function pageLimit() external view returns (uint16 limit);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function initCostScalar() external view returns (uint64 percent);
        function expiryDays() external view returns (uint16 _days);
        function keepaliveDays() external view returns (uint16 _days);
        function blockCacheSize() external view returns (uint16 count);
        function activationGas() external view returns (uint64 gas);
    }
}

/// Whether programs may import the `console` functions: not on Nova, so not here.
const DEBUG: bool = false;

pub(super) fn call(call: &mut Call<'_>, input: &[u8]) -> Answer {
    use IArbWasm::IArbWasmCalls as Calls;

    let method = Calls::abi_decode(input).map_err(|_| unknown(input))?;
    let purity = match method {
        Calls::activateProgram(_) | Calls::codehashKeepalive(_) => Purity::Payable,
        _ => Purity::View,
    };
    call.admit(purity, input)?;
    if let Calls::activateProgram(asked) = &method {
        return activate(call, asked.program);
    }
    if matches!(method, Calls::activationGas(_)) {
        call.burn(ARBOS_READ_GAS)?;
    } else {
        call.burn(STYLUS_PARAMS_GAS)?;
    }
    let stylus = call.ctx.chain.stylus;
    let output = match method {
        Calls::activateProgram(asked) => return activate(call, asked.program),
        Calls::codehashKeepalive(asked) => return keep_alive(call, asked.codehash),
        Calls::stylusVersion(_) => IArbWasm::stylusVersionCall::abi_encode_returns(&stylus.version),
        Calls::codehashVersion(asked) => {
            let record = active(call, asked.codehash)?;
            IArbWasm::codehashVersionCall::abi_encode_returns(&record.version)
        }
        Calls::codehashAsmSize(asked) => {
            let record = active(call, asked.codehash)?;
            IArbWasm::codehashAsmSizeCall::abi_encode_returns(&record.costs().asm_estimate)
        }
        Calls::programVersion(asked) => {
            let record = active_at(call, asked.program)?;
            IArbWasm::programVersionCall::abi_encode_returns(&record.version)
        }
        Calls::programInitGas(asked) => {
            let costs = active_at(call, asked.program)?.costs();
            IArbWasm::programInitGasCall::abi_encode_returns(&IArbWasm::programInitGasReturn {
                gas: costs.start_gas(&stylus, false),
                gasWhenCached: costs.cached_gas(&stylus),
            })
        }
        Calls::programMemoryFootprint(asked) => {
            let record = active_at(call, asked.program)?;
            IArbWasm::programMemoryFootprintCall::abi_encode_returns(&record.footprint)
        }
        Calls::programTimeLeft(asked) => {
            let left = active_at(call, asked.program)?.time_left(call.time(), &stylus);
            IArbWasm::programTimeLeftCall::abi_encode_returns(&left)
        }
        Calls::inkPrice(_) => IArbWasm::inkPriceCall::abi_encode_returns(&stylus.ink_price),
        Calls::maxStackDepth(_) => {
            IArbWasm::maxStackDepthCall::abi_encode_returns(&stylus.max_stack_depth)
        }
        Calls::freePages(_) => IArbWasm::freePagesCall::abi_encode_returns(&stylus.free_pages),
        Calls::pageGas(_) => IArbWasm::pageGasCall::abi_encode_returns(&stylus.page_gas),
        Calls::pageRamp(_) => IArbWasm::pageRampCall::abi_encode_returns(&prices::PAGE_RAMP),
        Calls::pageLimit(_) => IArbWasm::pageLimitCall::abi_encode_returns(&stylus.page_limit),
        Calls::minInitGas(_) => {
            IArbWasm::minInitGasCall::abi_encode_returns(&IArbWasm::minInitGasReturn {
                gas: u64::from(stylus.min_init_gas) * prices::MIN_INIT_GAS_UNIT,
                cached: u64::from(stylus.min_cached_init_gas) * prices::MIN_CACHED_GAS_UNIT,
            })
        }
        Calls::initCostScalar(_) => IArbWasm::initCostScalarCall::abi_encode_returns(
            &(u64::from(stylus.init_cost_scalar) * prices::COST_SCALAR_PERCENT),
        ),
        Calls::expiryDays(_) => IArbWasm::expiryDaysCall::abi_encode_returns(&stylus.expiry_days),
        Calls::keepaliveDays(_) => {
            IArbWasm::keepaliveDaysCall::abi_encode_returns(&stylus.keepalive_days)
        }
        Calls::blockCacheSize(_) => {
            IArbWasm::blockCacheSizeCall::abi_encode_returns(&stylus.block_cache_size)
        }
        Calls::activationGas(_) => {
            IArbWasm::activationGasCall::abi_encode_returns(&prices::ACTIVATION_SURCHARGE_GAS)
        }
    };
    Ok(Bytes::from(output))
}

/// The error that a program's state is reported with.
pub(super) fn program_failure(error: ProgramError) -> Failure {
    match error {
        ProgramError::NotActivated => Failure::error(IArbWasm::ProgramNotActivated {}),
        ProgramError::NeedsUpgrade {
            version,
            stylus_version,
        } => Failure::error(IArbWasm::ProgramNeedsUpgrade {
            version,
            stylusVersion: stylus_version,
        }),
        ProgramError::Expired { age } => {
            Failure::error(IArbWasm::ProgramExpired { ageInSeconds: age })
        }
    }
}

/// The record of a program that may run.
pub(super) fn active(call: &mut Call<'_>, code_hash: B256) -> Result<ProgramRecord, Failure> {
    call.burn(ARBOS_READ_GAS)?;
    let record = Programs(&mut call.ctx.journaled_state).get(code_hash)?;
    record
        .active(call.time(), &call.ctx.chain.stylus)
        .map_err(program_failure)
}

fn active_at(call: &mut Call<'_>, program: Address) -> Result<ProgramRecord, Failure> {
    call.burn(COLD_ACCOUNT_GAS)?;
    let (code_hash, _) = code_of(&mut call.ctx.journaled_state, program)?;
    active(call, code_hash)
}

fn activate(call: &mut Call<'_>, program: Address) -> Answer {
    call.burn(ARBOS_READ_GAS + prices::ACTIVATION_SURCHARGE_GAS)?;
    call.burn(prices::ACTIVATION_BASE_GAS)?;
    let accounts = &call.ctx.journaled_state.inner.state;
    if accounts
        .get(&program)
        .is_some_and(|account| account.is_selfdestructed())
    {
        return Err(Failure::Fault(format!(
            "{program} has destroyed itself in this transaction"
        )));
    }
    call.burn(STYLUS_PARAMS_GAS + ARBOS_READ_GAS)?;
    let time = call.time();
    let stylus = call.ctx.chain.stylus;
    let (code_hash, code) = code_of(&mut call.ctx.journaled_state, program)?;
    let before = Programs(&mut call.ctx.journaled_state).get(code_hash)?;
    if before.version == stylus.version && !before.is_expired(time, &stylus) {
        return Err(Failure::error(IArbWasm::ProgramUpToDate {}));
    }
    let wasm = wasm_of(call, &code, &stylus)?;

    // What is open already counts against the pages a program may have.
    let page_limit = stylus.page_limit.saturating_sub(call.ctx.chain.pages.open);
    let activation = stylus::activate(&wasm, &stylus, page_limit, DEBUG)
        .map_err(|error| Failure::Burn(format!("program activation failed: {error}")))?;
    call.burn(activation.gas)?;
    let costs = *activation.program.costs();
    let module_hash = activation.program.module_hash();

    if before.cached {
        // The module that leaves the cache is looked up.
        call.burn(ARBOS_READ_GAS)?;
    }
    call.burn(ARBOS_WRITE_GAS)?;
    let mut programs = Programs(&mut call.ctx.journaled_state);
    programs.set_module_hash(code_hash, module_hash)?;
    let fee = data_fee(call, &costs, time)?;
    call.burn(ARBOS_WRITE_GAS)?;
    let record = ProgramRecord::new(&costs, time, before.cached);
    Programs(&mut call.ctx.journaled_state).set(code_hash, record)?;
    call.ctx
        .chain
        .programs
        .insert(code_hash, activation.program);

    pay_data_fee(call, fee)?;
    call.emit(
        IArbWasm::ProgramActivated {
            codehash: code_hash,
            moduleHash: module_hash,
            program,
            dataFee: fee,
            version: costs.version,
        }
        .encode_log_data(),
    )?;
    let answer = IArbWasm::activateProgramReturn {
        version: costs.version,
        dataFee: fee,
    };
    Ok(IArbWasm::activateProgramCall::abi_encode_returns(&answer).into())
}

/// The WASM that code stands for. Code that does not decode fails the call without burning
/// the rest of its gas: nothing was compiled yet.
fn wasm_of(call: &mut Call<'_>, code: &[u8], stylus: &StylusParams) -> Result<Vec<u8>, Failure> {
    let broken = |error: stylus::CodeError| Failure::Fault(error.to_string());
    match code_kind(code) {
        Some(CodeKind::Program) => decode_program(code, stylus.max_wasm_size).map_err(broken),
        Some(CodeKind::Root) => {
            let root = Root::parse(code).map_err(broken)?;
            root.check(stylus).map_err(broken)?;
            let mut codes = Vec::with_capacity(root.fragments.len());
            for fragment in &root.fragments {
                let is_cold = call.is_cold(*fragment)?;
                // A fragment of the largest size must be affordable before it is read.
                if call.gas < fragment_read_gas(is_cold, MAX_CODE_SIZE) {
                    call.burn(u64::MAX)?;
                }
                let (_, code) = code_of(&mut call.ctx.journaled_state, *fragment)?;
                call.burn(fragment_read_gas(is_cold, code.len()))?;
                codes.push(code);
            }
            root.assemble(&codes).map_err(broken)
        }
        Some(CodeKind::Fragment) => Err(broken(stylus::CodeError::IsFragment)),
        None => Err(Failure::error(IArbWasm::ProgramNotWasm {})),
    }
}

fn keep_alive(call: &mut Call<'_>, code_hash: B256) -> Answer {
    let time = call.time();
    let record = active(call, code_hash)?;
    if !record.may_be_kept_alive(time, &call.ctx.chain.stylus) {
        return Err(Failure::error(IArbWasm::ProgramKeepaliveTooSoon {
            ageInSeconds: record.age(time),
        }));
    }
    let fee = data_fee(call, &record.costs(), time)?;
    call.burn(ARBOS_WRITE_GAS)?;
    Programs(&mut call.ctx.journaled_state).set(code_hash, record.renewed(time))?;
    pay_data_fee(call, fee)?;
    call.emit(
        IArbWasm::ProgramLifetimeExtended {
            codehash: code_hash,
            dataFee: fee,
        }
        .encode_log_data(),
    )?;
    Ok(Bytes::new())
}

fn data_fee(call: &mut Call<'_>, costs: &ProgramCosts, time: u64) -> Result<U256, Failure> {
    // Five slots of the pricer are read and two written, neither of them with zero.
    call.burn(5 * ARBOS_READ_GAS + 2 * ARBOS_WRITE_GAS)?;
    Ok(Programs(&mut call.ctx.journaled_state).charge_data_fee(costs.asm_estimate, time)?)
}

/// Takes the fee from the value that came with the call and sends the rest back, without
/// calling the payer.
fn pay_data_fee(call: &mut Call<'_>, fee: U256) -> Result<(), Failure> {
    let Some(rest) = call.value.checked_sub(fee) else {
        return Err(Failure::error(IArbWasm::ProgramInsufficientValue {
            have: call.value,
            want: fee,
        }));
    };
    // Who receives fees is a slot of ArbOS' state.
    call.burn(ARBOS_READ_GAS)?;
    call.ctx.journaled_state.load_account(NETWORK_FEE_ACCOUNT)?;
    call.pay(NETWORK_FEE_ACCOUNT, fee)?;
    call.pay(call.caller, rest)
}
