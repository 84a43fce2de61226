//! What frames execute instead of EVM code.

use alloy_primitives::Bytes;
use revm::interpreter::{CallInputs, InstructionResult};

use super::{
    context::ArbContext, deployer::Deployer, params::STYLUS_DEPLOYER, stylus_frame::StylusFrame,
};
use crate::stylus::{CallRequest, CreateRequest, Frame, Resume, code_kind};

/// The program of a frame.
pub(super) enum Native {
    /// A WASM program.
    Stylus(Box<StylusFrame>),
    /// The built-in deployer.
    Deployer(Box<Deployer>),
    /// Code that cannot run: the frame fails and its gas is gone.
    Broken(String),
}

/// What a native frame does next.
pub(super) enum NativeStep {
    /// It waits for a call.
    Call(CallRequest),
    /// It waits for a creation.
    Create(CreateRequest),
    /// It has ended.
    Done(Ended),
}

/// How a native frame ended.
pub(super) struct Ended {
    /// revm's word for it.
    pub(super) result: InstructionResult,
    /// Return or revert data.
    pub(super) output: Bytes,
    /// Gas left; ignored when the result burns all.
    pub(super) gas_left: u64,
    /// Refund earned; ignored unless the result is a success.
    pub(super) refund: i64,
}

impl Ended {
    /// The frame fails and its gas is gone.
    pub(super) fn halt(result: InstructionResult) -> Self {
        Self {
            result,
            output: Bytes::new(),
            gas_left: 0,
            refund: 0,
        }
    }
}

impl Native {
    /// Whether a call runs something other than EVM code.
    pub(super) fn runs(inputs: &CallInputs) -> bool {
        inputs.bytecode_address == STYLUS_DEPLOYER
            || code_kind(inputs.known_bytecode.1.original_byte_slice()).is_some()
    }

    /// Starts the program of such a call. What cannot run fails when it is run.
    pub(super) fn start(ctx: &mut ArbContext, inputs: &CallInputs, calldata: Bytes) -> Self {
        let (code_hash, code) = &inputs.known_bytecode;
        let frame = Frame {
            contract: inputs.target_address,
            caller: inputs.caller,
            value: inputs.value.get(),
            calldata,
            is_static: inputs.is_static,
            reentrant: ctx.chain.is_reentrant(inputs.target_address),
            cached: false,
            gas: inputs.gas_limit,
        };
        if inputs.bytecode_address == STYLUS_DEPLOYER {
            return Self::Deployer(Box::new(Deployer::new(frame)));
        }
        match StylusFrame::start(ctx, *code_hash, code.original_byte_slice(), frame) {
            Ok(program) => Self::Stylus(Box::new(program)),
            Err(reason) => Self::Broken(reason),
        }
    }

    /// Runs until the next frame or the end.
    pub(super) fn run(&mut self, ctx: &mut ArbContext, resume: Resume) -> NativeStep {
        match self {
            Self::Stylus(program) => program.run(ctx, resume),
            Self::Deployer(deployer) => deployer.run(ctx, resume),
            Self::Broken(reason) => {
                ctx.chain.failure = Some(std::mem::take(reason));
                NativeStep::Done(Ended::halt(InstructionResult::PrecompileError))
            }
        }
    }
}
