//! Host functions that need another frame.
//!
//! Source: `doCall` and `create` in Nitro's `arbos/programs/api.go`, and `WasmCallCost`
//! in `core/vm/operations_acl_arbitrum.go` of its go-ethereum fork.

use alloy_primitives::{Address, Bytes, U256};
use wasmi::Val;

use super::{
    CallArgs, CreateArgs, Hook, Interrupt,
    chain::{Performed, Stop},
    inline::len_u32,
};
use crate::stylus::{
    frame::{CallKind, CallRequest, CreateRequest, Fault},
    prices::{
        CALL_INK, CALL_NEW_ACCOUNT_GAS, CALL_STIPEND, CALL_VALUE_GAS, COLD_ACCOUNT_GAS, CREATE_GAS,
        CREATE1_INK, CREATE2_INK, KECCAK_WORD_GAS, WARM_ACCESS_GAS,
    },
    world::World,
};

/// What a call returns to the program when it did not succeed, whatever the reason:
/// Nitro answers with its status for failures.
const CALL_FAILED: i32 = 2;

/// A call that is under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::stylus) struct PendingCall {
    base_gas: u64,
    gas_limit: u64,
    return_len_at: u32,
}

/// A creation that is under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::stylus) struct PendingCreate {
    gas_before: u64,
    gas_kept: u64,
    contract_at: u32,
    revert_len_at: u32,
}

impl Hook<'_> {
    pub(super) fn call<W: World>(
        &mut self,
        world: &mut W,
        args: CallArgs,
    ) -> Result<Performed, Stop<W::Error>> {
        self.buy_ink(CALL_INK)?;
        // Once for the host and once for the chain behind it.
        self.pay_for_read(args.data_len)?;
        self.pay_for_read(args.data_len)?;

        let gas_left = self.gas();
        let gas_asked = args.gas.min(gas_left);
        let target = self.read_address(args.contract_at)?;
        let input = Bytes::copy_from_slice(self.read(args.data_at, args.data_len)?);
        let value = match args.value_at {
            Some(at) => self.read_u256(at)?,
            None => U256::ZERO,
        };

        self.trace_call(args, target, &input, value);
        // A static frame cannot pay, but trying to costs nothing.
        if self.host().frame.is_static && !value.is_zero() {
            return Ok(self.fail_call(0, args)?);
        }
        let Some(base_gas) = base_gas(world, target, value, gas_left).map_err(Stop::World)? else {
            return Ok(self.fail_call(gas_left, args)?);
        };
        let mut gas_limit = gas_asked.min(all_but_one_64th(gas_left - base_gas));
        if !value.is_zero() {
            gas_limit = gas_limit.saturating_add(CALL_STIPEND);
        }

        let frame = &self.host().frame;
        let (contract, caller, value) = match args.kind {
            CallKind::Call | CallKind::Static => (target, frame.contract, value),
            CallKind::Delegate => (frame.contract, frame.caller, frame.value),
        };
        let request = CallRequest {
            kind: args.kind,
            code_address: target,
            contract,
            caller,
            value,
            input,
            gas_limit,
            is_static: frame.is_static || args.kind == CallKind::Static,
        };
        let pending = PendingCall {
            base_gas,
            gas_limit,
            return_len_at: args.return_len_at,
        };
        Ok(Performed::Call(request, pending))
    }

    /// Ends a call that could not be started.
    fn fail_call(&mut self, gas: u64, args: CallArgs) -> Result<Performed, Interrupt> {
        self.end_call(gas, Bytes::new(), args.return_len_at)?;
        self.trace_called(CALL_FAILED);
        Ok(Performed::Return(Some(Val::I32(CALL_FAILED))))
    }

    fn trace_call(&mut self, args: CallArgs, target: Address, input: &Bytes, value: U256) {
        if !self.is_traced() {
            return;
        }
        let gas = args.gas.to_be_bytes();
        let word = value.to_be_bytes::<32>();
        let value = match args.kind {
            CallKind::Call => &word[..],
            CallKind::Delegate | CallKind::Static => &[],
        };
        let name = match args.kind {
            CallKind::Call => "call_contract",
            CallKind::Delegate => "delegate_call_contract",
            CallKind::Static => "static_call_contract",
        };
        self.trace_open(name, &[target.as_slice(), &gas, value, input]);
    }

    fn trace_called(&mut self, status: i32) {
        let len = len_u32(&self.host().return_data).to_be_bytes();
        let [.., status] = status.to_be_bytes();
        self.trace_closed(&[&len, &[status]]);
    }

    fn end_call(&mut self, gas: u64, output: Bytes, return_len_at: u32) -> Result<(), Interrupt> {
        self.buy_gas(gas)?;
        let len = len_u32(&output);
        self.host_mut().return_data = output;
        self.write_u32(return_len_at, len)
    }

    pub(super) fn create(&mut self, args: CreateArgs) -> Result<Performed, Interrupt> {
        self.buy_ink(match args.salt_at {
            None => CREATE1_INK,
            Some(_) => CREATE2_INK,
        })?;
        self.pay_for_read(args.code_len)?;
        self.pay_for_read(args.code_len)?;

        let init_code = Bytes::copy_from_slice(self.read(args.code_at, args.code_len)?);
        let value = self.read_u256(args.endowment_at)?;
        let salt = args.salt_at.map(|at| self.read_word(at)).transpose()?;
        let gas_before = self.gas();
        if self.is_traced() {
            let endowment = value.to_be_bytes::<32>();
            match &salt {
                None => self.trace_open("create1", &[&endowment, &init_code]),
                Some(salt) => {
                    self.trace_open("create2", &[&endowment, salt.as_slice(), &init_code]);
                }
            }
        }

        self.require_mutable("a creation")?;
        let mut base = CREATE_GAS;
        if salt.is_some() {
            base += KECCAK_WORD_GAS * (init_code.len() as u64).div_ceil(32);
        }
        let Some(gas) = gas_before.checked_sub(base) else {
            return Err(Interrupt::Fault(Fault::CreateGas {
                needed: base,
                left: gas_before,
            }));
        };
        let gas_kept = gas / 64;
        let request = CreateRequest {
            caller: self.host().frame.contract,
            value,
            init_code,
            salt,
            gas_limit: gas - gas_kept,
        };
        let pending = PendingCreate {
            gas_before,
            gas_kept,
            contract_at: args.contract_at,
            revert_len_at: args.revert_len_at,
        };
        Ok(Performed::Create(request, pending))
    }
}

/// Gas of starting a call, or none if it is more than `budget`.
fn base_gas<W: World>(
    world: &mut W,
    target: Address,
    value: U256,
    budget: u64,
) -> Result<Option<u64>, W::Error> {
    if WARM_ACCESS_GAS > budget {
        return Ok(None);
    }
    let account = world.is_empty(target)?;
    let mut total = if account.is_cold {
        COLD_ACCOUNT_GAS
    } else {
        WARM_ACCESS_GAS
    };
    if !value.is_zero() {
        if account.value {
            total += CALL_NEW_ACCOUNT_GAS;
        }
        total += CALL_VALUE_GAS;
    }
    Ok((total <= budget).then_some(total))
}

/// EIP-150, rounded as Nitro does: 63/64 of the gas, not the gas less its 64th.
fn all_but_one_64th(gas: u64) -> u64 {
    gas.saturating_mul(63) / 64
}

/// The rest of a call host function, after its frame ended.
pub(in crate::stylus) fn finish_call(
    hook: &mut Hook<'_>,
    pending: PendingCall,
    success: bool,
    output: Bytes,
    gas_left: u64,
) -> Result<Val, Interrupt> {
    let used = pending.gas_limit.saturating_sub(gas_left);
    hook.end_call(
        pending.base_gas.saturating_add(used),
        output,
        pending.return_len_at,
    )?;
    let status = if success { 0 } else { CALL_FAILED };
    hook.trace_called(status);
    Ok(Val::I32(status))
}

/// The rest of a creation host function, after its frame ended.
pub(in crate::stylus) fn finish_create(
    hook: &mut Hook<'_>,
    pending: PendingCreate,
    address: Option<Address>,
    revert_data: Bytes,
    gas_left: u64,
) -> Result<(), Interrupt> {
    let back = gas_left.saturating_add(pending.gas_kept);
    let output = match address {
        Some(_) => Bytes::new(),
        None => revert_data,
    };
    hook.end_call(
        pending.gas_before.saturating_sub(back),
        output,
        pending.revert_len_at,
    )?;
    let address = address.unwrap_or_default();
    hook.write(pending.contract_at, address.as_slice())?;
    let len = len_u32(&hook.host().return_data).to_be_bytes();
    hook.trace_closed(&[address.as_slice(), &len]);
    Ok(())
}
