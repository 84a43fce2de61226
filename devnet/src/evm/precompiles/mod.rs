//! The precompiles of an Arbitrum chain beside Ethereum's.
//!
//! Each takes an ABI-encoded call. Gas follows Nitro (`precompiles/precompile.go`, `Call`):
//! a price per word of arguments and results, and that of every slot of ArbOS' state that
//! is read or written, one of them to open it.

mod arb_gas_info;
mod arb_owner_public;
mod arb_sys;
mod arb_wasm;
mod arb_wasm_cache;
mod cache_manager;

use std::convert::Infallible;

use alloy_primitives::{Address, Bytes, Log, LogData, U256};
use alloy_sol_types::SolError;
use revm::{
    context_interface::JournalTr,
    handler::{EthPrecompiles, PrecompileProvider},
    interpreter::{CallInputs, Gas, InstructionResult, InterpreterResult},
    primitives::{AddressSet, hardfork::SpecId},
};

pub(crate) use arb_wasm::IArbWasm;

use super::{
    context::ArbContext,
    params::{ARB_GAS_INFO, ARB_OWNER_PUBLIC, ARB_SYS, ARB_WASM, ARB_WASM_CACHE, CACHE_MANAGER},
};
use crate::stylus::prices::{ARBOS_READ_GAS, COPY_WORD_GAS, LOG_DATA_GAS, LOG_TOPIC_GAS};

/// Addresses of Arbitrum's precompiles (and of the cache manager, built in like one).
pub(crate) const ARBITRUM_PRECOMPILES: [Address; 6] = [
    ARB_SYS,
    ARB_OWNER_PUBLIC,
    ARB_GAS_INFO,
    ARB_WASM,
    ARB_WASM_CACHE,
    CACHE_MANAGER,
];

/// How a call of a precompile fails.
#[derive(Debug)]
enum Failure {
    /// With revert data; what gas is left goes back.
    Revert(Bytes),
    /// Without revert data; what gas is left goes back. The reason is for people.
    Fault(String),
    /// Burning all gas. The reason is for people.
    Burn(String),
}

impl Failure {
    fn error(error: impl SolError) -> Self {
        Self::Revert(error.abi_encode().into())
    }

    fn out_of_gas() -> Self {
        Self::Burn("out of gas".into())
    }
}

impl From<Infallible> for Failure {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

type Answer = Result<Bytes, Failure>;

/// How much a method may do, in Nitro's order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Purity {
    Pure,
    View,
    Write,
    Payable,
}

/// One call of a precompile.
struct Call<'a> {
    ctx: &'a mut ArbContext,
    address: Address,
    acting_as: Address,
    caller: Address,
    value: U256,
    is_static: bool,
    gas: u64,
}

impl Call<'_> {
    fn burn(&mut self, gas: u64) -> Result<(), Failure> {
        match self.gas.checked_sub(gas) {
            Some(left) => {
                self.gas = left;
                Ok(())
            }
            None => {
                self.gas = 0;
                Err(Failure::out_of_gas())
            }
        }
    }

    /// Checks what the method needs against what the call allows, and charges for its
    /// arguments and for opening ArbOS.
    fn admit(&mut self, purity: Purity, input: &[u8]) -> Result<(), Failure> {
        if purity >= Purity::View && self.acting_as != self.address {
            return Err(Failure::Burn(
                "a precompile cannot be delegate-called".into(),
            ));
        }
        if purity >= Purity::Write && self.is_static {
            return Err(Failure::Burn("state change in a static call".into()));
        }
        if purity < Purity::Payable && !self.value.is_zero() {
            return Err(Failure::Burn(
                "value sent to a method that is not payable".into(),
            ));
        }
        let words = input.len().saturating_sub(4).div_ceil(32) as u64;
        self.burn(COPY_WORD_GAS * words)?;
        if purity >= Purity::View {
            self.burn(ARBOS_READ_GAS)?;
        }
        Ok(())
    }

    fn time(&self) -> u64 {
        self.ctx.block.timestamp.saturating_to()
    }

    fn emit(&mut self, data: LogData) -> Result<(), Failure> {
        let cost = LOG_TOPIC_GAS * (1 + data.topics().len() as u64)
            + LOG_DATA_GAS * data.data.len() as u64;
        self.burn(cost)?;
        self.ctx.journaled_state.log(Log {
            address: self.address,
            data,
        });
        Ok(())
    }

    /// Moves wei from the precompile's own account.
    fn pay(&mut self, to: Address, amount: U256) -> Result<(), Failure> {
        if amount.is_zero() {
            return Ok(());
        }
        match self
            .ctx
            .journaled_state
            .transfer(self.address, to, amount)?
        {
            None => Ok(()),
            Some(_) => Err(Failure::Revert(Bytes::new())),
        }
    }

    fn is_cold(&mut self, account: Address) -> Result<bool, Failure> {
        Ok(self.ctx.journaled_state.load_account(account)?.is_cold)
    }
}

/// Ethereum's precompiles and Arbitrum's.
pub(crate) struct ArbPrecompiles {
    ethereum: EthPrecompiles,
    addresses: AddressSet,
}

impl ArbPrecompiles {
    pub(crate) fn new(spec: SpecId) -> Self {
        let ethereum = EthPrecompiles::new(spec);
        let mut addresses = ethereum.warm_addresses().clone();
        addresses.extend(ARBITRUM_PRECOMPILES);
        Self {
            ethereum,
            addresses,
        }
    }
}

impl PrecompileProvider<ArbContext> for ArbPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, spec: SpecId) -> bool {
        if spec == self.ethereum.spec {
            return false;
        }
        *self = Self::new(spec);
        true
    }

    fn run(
        &mut self,
        ctx: &mut ArbContext,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        let method = match inputs.bytecode_address {
            ARB_SYS => arb_sys::call,
            ARB_GAS_INFO => arb_gas_info::call,
            ARB_OWNER_PUBLIC => arb_owner_public::call,
            ARB_WASM => arb_wasm::call,
            ARB_WASM_CACHE => arb_wasm_cache::call,
            CACHE_MANAGER => cache_manager::call,
            _ => return self.ethereum.run(ctx, inputs),
        };
        let input = inputs.input.bytes(ctx);
        let mut call = Call {
            ctx,
            address: inputs.bytecode_address,
            acting_as: inputs.target_address,
            caller: inputs.caller,
            value: inputs.call_value(),
            is_static: inputs.is_static,
            gas: inputs.gas_limit,
        };
        let answer = method(&mut call, &input).and_then(|output| {
            call.burn(COPY_WORD_GAS * output.len().div_ceil(32) as u64)?;
            Ok(output)
        });
        let (result, output, left) = match answer {
            Ok(output) => (InstructionResult::Return, output, call.gas),
            Err(Failure::Revert(output)) => {
                let cost = COPY_WORD_GAS * output.len().div_ceil(32) as u64;
                (
                    InstructionResult::Revert,
                    output,
                    call.gas.saturating_sub(cost),
                )
            }
            Err(Failure::Fault(reason)) => {
                let left = call.gas;
                ctx.chain.failure = Some(reason);
                (InstructionResult::Revert, Bytes::new(), left)
            }
            Err(Failure::Burn(reason)) => {
                ctx.chain.failure = Some(reason);
                (InstructionResult::Revert, Bytes::new(), 0)
            }
        };
        let mut gas = Gas::new(inputs.gas_limit);
        gas.set_remaining(left);
        Ok(Some(InterpreterResult {
            result,
            output,
            gas,
        }))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.addresses
    }
}

/// Selectors that a precompile does not know burn all gas, as on Arbitrum.
fn unknown(input: &[u8]) -> Failure {
    let selector = input.get(..4).map(alloy_primitives::hex::encode);
    Failure::Burn(match selector {
        Some(selector) => format!("this precompile has no method 0x{selector} with such arguments"),
        None => "a precompile needs a 4-byte selector".into(),
    })
}
