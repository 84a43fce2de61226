//! Tracers: what a transaction did, call by call, step by step, or host call by host call.
//!
//! Formats are go-ethereum's and Nitro's (`eth/tracers` of go-ethereum, and
//! `execution/gethexec/stylus_tracer.go` of Nitro), so that the tools made for those read
//! them. A trace takes [`MAX_TRACE_BYTES`] at most.

mod calls;
mod host_calls;
mod prestate;
mod steps;

use alloy_primitives::{Address, Log, U256};
use revm::{
    context_interface::result::{HaltReason, SuccessReason},
    inspector::Inspector,
    interpreter::{
        CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome, InstructionResult,
        Interpreter, SuccessOrHalt, interpreter::EthInterpreter,
    },
};
use serde_json::{Value, json};

use self::{calls::CallTracer, host_calls::HostCallTracer, steps::StepTracer};
use super::{Executed, context::ArbContext};
use crate::{chain::State, stylus::HostCallLog};

/// Most bytes of input, output, logs and words that a trace is made of. Its JSON is a few
/// times larger.
pub const MAX_TRACE_BYTES: usize = 48 << 20;

/// What is recorded of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceKind {
    /// Every EVM instruction (go-ethereum's default tracer).
    Steps(StepOptions),
    /// The tree of calls (`callTracer`).
    Calls(CallOptions),
    /// The tree of calls with the host functions that programs called (`stylusTracer`).
    HostCalls,
    /// The accounts that were touched, as they were before, or what changed
    /// (`prestateTracer`).
    Prestate(PrestateOptions),
    /// How often each function selector was called, with the size of its arguments
    /// (`4byteTracer`).
    Selectors,
    /// Nothing (`noopTracer`).
    Nothing,
}

/// Options of [`TraceKind::Steps`], under go-ethereum's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepOptions {
    /// Leave out the stack.
    pub disable_stack: bool,
    /// Leave out the storage that SLOAD and SSTORE touch.
    pub disable_storage: bool,
    /// Show the memory.
    pub enable_memory: bool,
    /// Show what the last call returned.
    pub enable_return_data: bool,
    /// Show so many steps at most; zero for all.
    pub limit: usize,
}

/// Options of [`TraceKind::Calls`], under go-ethereum's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Leave out all calls but the transaction's own.
    pub only_top_call: bool,
    /// Show logs.
    pub with_log: bool,
}

/// Options of [`TraceKind::Prestate`], under go-ethereum's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrestateOptions {
    /// Show only what changed, before and after.
    pub diff_mode: bool,
    /// Leave out code.
    pub disable_code: bool,
    /// Leave out storage.
    pub disable_storage: bool,
    /// Show accounts that did not exist before as well.
    pub include_empty: bool,
}

/// A trace that would be too large to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the trace is too large: it holds more than {MAX_TRACE_BYTES} bytes; leave something out \
     (callTracer: onlyTopCall; default tracer: limit, disableStack, disableStorage)"
)]
pub struct TraceTooLarge;

/// Room for what is recorded.
#[derive(Clone, Copy, Debug)]
struct Room {
    left: usize,
    overflowed: bool,
}

impl Room {
    fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            overflowed: false,
        }
    }

    /// Takes room, or says that there is none. Nothing more is taken after that.
    fn take(&mut self, bytes: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) if !self.overflowed => {
                self.left = left;
                true
            }
            _ => {
                self.overflowed = true;
                false
            }
        }
    }

    fn suffices(&self) -> Result<(), TraceTooLarge> {
        match self.overflowed {
            true => Err(TraceTooLarge),
            false => Ok(()),
        }
    }
}

/// Records an execution.
#[derive(Debug)]
pub(crate) enum Tracer {
    Steps(StepTracer),
    Calls(CallTracer),
    HostCalls(HostCallTracer),
    Selectors(CallTracer),
    Prestate(PrestateOptions, usize),
    Nothing,
}

impl Tracer {
    /// A tracer that records `room` bytes at most.
    pub(crate) fn new(kind: TraceKind, room: usize) -> Self {
        match kind {
            TraceKind::Steps(options) => Self::Steps(StepTracer::new(options, room)),
            TraceKind::Calls(options) => Self::Calls(CallTracer::new(options, room)),
            TraceKind::HostCalls => Self::HostCalls(HostCallTracer::new(room)),
            TraceKind::Selectors => Self::Selectors(CallTracer::new(CallOptions::default(), room)),
            TraceKind::Prestate(options) => Self::Prestate(options, room),
            TraceKind::Nothing => Self::Nothing,
        }
    }

    /// Where programs note their host calls, if the tracer shows them.
    pub(super) fn host_call_log(&self) -> Option<HostCallLog> {
        match self {
            Self::HostCalls(tracer) => Some(tracer.log()),
            _ => None,
        }
    }

    /// Whether the tracer needs to know what was touched.
    pub(super) fn needs_accesses(&self) -> bool {
        matches!(self, Self::Prestate(..))
    }

    /// The trace of an execution that began on `before` with `gas_limit`.
    pub(crate) fn finish(
        self,
        before: &State,
        gas_limit: u64,
        executed: &Executed,
    ) -> Result<Value, TraceTooLarge> {
        match self {
            Self::Steps(tracer) => tracer.finish(executed),
            Self::Calls(tracer) => tracer.finish(gas_limit, executed.gas_used),
            Self::HostCalls(tracer) => tracer.finish(),
            Self::Selectors(tracer) => tracer.finish_selectors(),
            Self::Prestate(options, room) => prestate::show(options, room, before, executed),
            Self::Nothing => Ok(json!({})),
        }
    }
}

impl Inspector<ArbContext> for Tracer {
    fn step(&mut self, interpreter: &mut Interpreter<EthInterpreter>, ctx: &mut ArbContext) {
        if let Self::Steps(tracer) = self {
            tracer.step(interpreter, ctx);
        }
    }

    fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>, _: &mut ArbContext) {
        if let Self::Steps(tracer) = self {
            tracer.step_end(interpreter);
        }
    }

    fn log(&mut self, _: &mut ArbContext, log: Log) {
        if let Self::Calls(tracer) = self {
            tracer.log(log);
        }
    }

    fn call(&mut self, ctx: &mut ArbContext, inputs: &mut CallInputs) -> Option<CallOutcome> {
        match self {
            Self::Steps(tracer) => tracer.enter(),
            Self::Calls(tracer) | Self::Selectors(tracer) => tracer.enter_call(ctx, inputs),
            Self::HostCalls(tracer) => {
                tracer.enter(call_name(inputs.scheme), inputs.bytecode_address)
            }
            Self::Prestate(..) | Self::Nothing => {}
        }
        None
    }

    fn call_end(&mut self, ctx: &mut ArbContext, inputs: &CallInputs, outcome: &mut CallOutcome) {
        match self {
            Self::Steps(tracer) => tracer.leave(),
            Self::Calls(tracer) | Self::Selectors(tracer) => {
                let result = &outcome.result;
                tracer.leave(inputs.gas_limit, result, None, error(result.result, ctx));
            }
            Self::HostCalls(tracer) => tracer.leave(),
            Self::Prestate(..) | Self::Nothing => {}
        }
    }

    fn create(&mut self, ctx: &mut ArbContext, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        match self {
            Self::Steps(tracer) => tracer.enter(),
            Self::Calls(tracer) | Self::Selectors(tracer) => tracer.enter_create(inputs),
            Self::HostCalls(tracer) => {
                let caller = ctx.journaled_state.state.get(&inputs.caller());
                let nonce = caller.map_or(0, |caller| caller.info.nonce);
                let name = match inputs.scheme() {
                    revm::context_interface::CreateScheme::Create2 { .. } => "evm_create2",
                    _ => "evm_create1",
                };
                tracer.enter(name, inputs.created_address(nonce));
            }
            Self::Prestate(..) | Self::Nothing => {}
        }
        None
    }

    fn create_end(
        &mut self,
        ctx: &mut ArbContext,
        inputs: &CreateInputs,
        outcome: &mut CreateOutcome,
    ) {
        match self {
            Self::Steps(tracer) => tracer.leave(),
            Self::Calls(tracer) | Self::Selectors(tracer) => {
                let result = &outcome.result;
                let error = error(result.result, ctx);
                tracer.leave(inputs.gas_limit(), result, outcome.address, error);
            }
            Self::HostCalls(tracer) => tracer.leave(),
            Self::Prestate(..) | Self::Nothing => {}
        }
    }

    fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        match self {
            Self::Calls(tracer) => tracer.selfdestruct(contract, target, value),
            Self::HostCalls(tracer) => {
                tracer.enter("evm_self_destruct", target);
                tracer.leave();
            }
            _ => {}
        }
    }
}

fn call_name(scheme: CallScheme) -> &'static str {
    match scheme {
        CallScheme::Call => "evm_call_contract",
        CallScheme::CallCode => "evm_call_code",
        CallScheme::DelegateCall => "evm_delegate_call_contract",
        CallScheme::StaticCall => "evm_static_call_contract",
    }
}

/// Why a frame failed, in go-ethereum's words; none if it succeeded.
fn error(result: InstructionResult, ctx: &ArbContext) -> Option<String> {
    match SuccessOrHalt::<HaltReason>::from(result) {
        SuccessOrHalt::Success(
            SuccessReason::Stop | SuccessReason::Return | SuccessReason::SelfDestruct,
        ) => None,
        SuccessOrHalt::Halt(HaltReason::PrecompileError) if ctx.chain.failure.is_some() => {
            ctx.chain.failure.clone()
        }
        SuccessOrHalt::Halt(reason) => Some(super::halt_in_words(&reason)),
        _ => Some("execution reverted".into()),
    }
}
