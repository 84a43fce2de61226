//! The frame loop: revm's, with frames that run WASM among those that run EVM code.
//!
//! Every call and creation is a revm frame with its own journal checkpoint. What a
//! frame executes is decided when it is made: code with a Stylus prefix runs on the
//! WASM executor, the deployer as a built-in, all else in revm's interpreter. A native
//! frame that needs another frame returns the request to the loop and is resumed with
//! the result, so nothing recurses on the host's stack. An inspector sees native frames as
//! it sees others: their start, their logs and their end.

use std::convert::Infallible;

use alloy_primitives::{B256, Bytes, U256};
use revm::{
    bytecode::{Bytecode, opcode},
    context::{Evm as RevmEvm, FrameStack},
    context_interface::{
        CreateScheme, JournalTr,
        context::{ContextError, take_error},
        result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction},
    },
    handler::{
        EthFrame, EvmTr, FrameInitOrResult, FrameResult, Handler, ItemOrResult, MainnetHandler,
        instructions::EthInstructions,
    },
    inspector::{Inspector, InspectorEvmTr, InspectorHandler, inspect_instructions},
    interpreter::{
        CallInput, CallInputs, CallScheme, CallValue, CreateInputs, FrameInput, Gas,
        InstructionResult, InterpreterAction, InterpreterResult, instructions::Instruction,
        interpreter::EthInterpreter, interpreter_action::FrameInit,
    },
    state::EvmState,
};

use super::{
    SPEC,
    context::{ActiveFrame, ArbContext},
    native::{Ended, Native, NativeStep},
    precompiles::ArbPrecompiles,
    selfdestruct,
};
use crate::stylus::{CallKind, CallRequest, CreateRequest, Resume};

type Instructions = EthInstructions<EthInterpreter, ArbContext>;
type Inner<I> = RevmEvm<ArbContext, I, Instructions, ArbPrecompiles, EthFrame<EthInterpreter>>;
type FrameError = ContextError<Infallible>;

/// Why a transaction was not executed at all.
pub(crate) type TransactError = EVMError<Infallible, InvalidTransaction>;

/// A transaction's result, what it changed, and the context it ran in.
pub(crate) type Transacted = (ExecutionResult<HaltReason>, EvmState, ArbContext);

struct NativeFrame {
    /// Its place on revm's frame stack.
    index: usize,
    program: Native,
    /// What to go on with; taken when the frame runs.
    resume: Resume,
}

/// An EVM whose contracts may be WASM. `I` is an inspector, or `()` where nobody watches.
pub(crate) struct ArbEvm<I = ()> {
    inner: Inner<I>,
    natives: Vec<NativeFrame>,
}

impl<I> ArbEvm<I> {
    /// An EVM for one transaction.
    pub(crate) fn new(ctx: ArbContext, inspector: I) -> Self {
        Self {
            inner: RevmEvm {
                ctx,
                inspector,
                instruction: instructions(),
                precompiles: ArbPrecompiles::new(SPEC),
                frame_stack: FrameStack::new_prealloc(8),
            },
            natives: Vec::new(),
        }
    }

    /// Executes the context's transaction. Returns its result, what it changed, and the
    /// context.
    pub(crate) fn transact(mut self) -> Result<Transacted, TransactError> {
        let mut handler =
            MainnetHandler::<Self, TransactError, EthFrame<EthInterpreter>>::default();
        let result = handler.run(&mut self)?;
        let state = self.inner.ctx.journaled_state.finalize();
        Ok((result, state, self.inner.ctx))
    }

    /// Executes the context's transaction while the inspector watches. Returns the inspector
    /// as well.
    pub(crate) fn transact_inspected(mut self) -> Result<(Transacted, I), TransactError>
    where
        I: Inspector<ArbContext>,
    {
        let mut handler =
            MainnetHandler::<Self, TransactError, EthFrame<EthInterpreter>>::default();
        let result = handler.inspect_run(&mut self)?;
        let state = self.inner.ctx.journaled_state.finalize();
        Ok(((result, state, self.inner.ctx), self.inner.inspector))
    }

    /// Runs the program of the frame on top of the stack until its next action; none if
    /// that frame runs EVM code.
    fn run_native(&mut self) -> Result<Option<InterpreterAction>, FrameError> {
        let top = self.inner.frame_stack.index();
        let Some(native) = self.natives.last_mut() else {
            return Ok(None);
        };
        if Some(native.index) != top {
            return Ok(None);
        }
        let resume = std::mem::replace(&mut native.resume, Resume::Start);
        let step = native.program.run(&mut self.inner.ctx, resume);
        let gas_limit = self.inner.frame_stack.get().interpreter.gas.limit();
        to_action(&mut self.inner.ctx, step, gas_limit).map(Some)
    }

    /// Lets revm carry out what the frame on top of the stack asks for.
    fn process(
        &mut self,
        action: InterpreterAction,
    ) -> Result<FrameInitOrResult<EthFrame<EthInterpreter>>, FrameError> {
        let frame = self.inner.frame_stack.get();
        let next = frame.process_next_action::<_, FrameError>(&mut self.inner.ctx, action)?;
        if next.is_result() {
            frame.set_finished(true);
        }
        Ok(next)
    }

    /// The program of the frame on top of the stack, unless that runs EVM code.
    fn top_native(&mut self) -> Option<&mut NativeFrame> {
        let top = self.inner.frame_stack.index()?;
        self.natives.last_mut().filter(|native| native.index == top)
    }
}

impl<I> EvmTr for ArbEvm<I> {
    type Context = ArbContext;
    type Instructions = Instructions;
    type Precompiles = ArbPrecompiles;
    type Frame = EthFrame<EthInterpreter>;

    fn all(
        &self,
    ) -> (
        &ArbContext,
        &Instructions,
        &ArbPrecompiles,
        &FrameStack<EthFrame<EthInterpreter>>,
    ) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (
        &mut ArbContext,
        &mut Instructions,
        &mut ArbPrecompiles,
        &mut FrameStack<EthFrame<EthInterpreter>>,
    ) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        init: FrameInit,
    ) -> Result<ItemOrResult<&mut EthFrame<EthInterpreter>, FrameResult>, FrameError> {
        // A call's input may lie in memory that is shared with the caller's frame: for a
        // native frame it is read before anything else runs.
        let (mut native, mut delegated) = (None, false);
        if let FrameInput::Call(inputs) = &init.frame_input {
            delegated = matches!(
                inputs.scheme,
                CallScheme::DelegateCall | CallScheme::CallCode
            );
            if Native::runs(inputs) {
                native = Some((inputs.clone(), inputs.input.bytes(&self.inner.ctx)));
            }
        }
        if let ItemOrResult::Result(result) = self.inner.frame_init(init)? {
            return Ok(ItemOrResult::Result(result));
        }

        let frame = self.inner.frame_stack.get();
        let ctx = &mut self.inner.ctx;
        ctx.chain.stack.push(ActiveFrame {
            address: frame.interpreter.input.target_address,
            caller: frame.interpreter.input.caller_address,
            delegated,
        });
        if let (Some((inputs, calldata)), Some(index)) = (native, self.inner.frame_stack.index()) {
            let program = Native::start(ctx, &inputs, calldata);
            self.natives.push(NativeFrame {
                index,
                program,
                resume: Resume::Start,
            });
        }
        Ok(ItemOrResult::Item(self.inner.frame_stack.get()))
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, FrameError> {
        let action = match self.run_native()? {
            Some(action) => action,
            None => {
                let frame = self.inner.frame_stack.get();
                let action = frame.interpreter.run_plain(
                    self.inner.instruction.instruction_table(),
                    self.inner.instruction.gas_table(),
                    &mut self.inner.ctx,
                );
                reject_foreign_ef_code(frame, action)
            }
        };
        self.process(action)
    }

    fn frame_return_result(
        &mut self,
        result: FrameResult,
    ) -> Result<Option<FrameResult>, FrameError> {
        // A failure that a later success has followed is not why the outermost frame fails.
        if result.instruction_result().is_ok() {
            self.inner.ctx.chain.failure = None;
        }
        if self.inner.frame_stack.get().is_finished() {
            if self.top_native().is_some() {
                self.natives.pop();
            }
            self.inner.ctx.chain.stack.pop();
            self.inner.frame_stack.pop();
        }
        if self.inner.frame_stack.index().is_none() {
            return Ok(Some(result));
        }
        match self.top_native() {
            Some(native) => {
                native.resume = to_resume(result);
                self.inner
                    .frame_stack
                    .get()
                    .interpreter
                    .memory
                    .free_child_context();
                take_error::<FrameError, _>(&mut self.inner.ctx.error)?;
            }
            None => {
                let frame = self.inner.frame_stack.get();
                frame.return_result::<_, FrameError>(&mut self.inner.ctx, result)?;
            }
        }
        Ok(None)
    }
}

/// Ethereum's instructions, but for what Stylus changes.
fn instructions() -> Instructions {
    let mut instructions = Instructions::new_mainnet_with_spec(SPEC);
    let gas = instructions.gas_table()[usize::from(opcode::SELFDESTRUCT)];
    instructions.insert_instruction(
        opcode::SELFDESTRUCT,
        Instruction::new(selfdestruct::selfdestruct),
        gas,
    );
    instructions
}

impl<I: Inspector<ArbContext>> InspectorEvmTr for ArbEvm<I> {
    type Inspector = I;

    fn all_inspector(
        &self,
    ) -> (
        &ArbContext,
        &Instructions,
        &ArbPrecompiles,
        &FrameStack<EthFrame<EthInterpreter>>,
        &I,
    ) {
        self.inner.all_inspector()
    }

    fn all_mut_inspector(
        &mut self,
    ) -> (
        &mut ArbContext,
        &mut Instructions,
        &mut ArbPrecompiles,
        &mut FrameStack<EthFrame<EthInterpreter>>,
        &mut I,
    ) {
        self.inner.all_mut_inspector()
    }

    fn inspect_frame_run(&mut self) -> Result<FrameInitOrResult<Self::Frame>, FrameError> {
        let logs_before = self.inner.ctx.journaled_state.logs().len();
        let action = match self.run_native()? {
            Some(action) => {
                let logs = self.inner.ctx.journaled_state.logs()[logs_before..].to_vec();
                for log in logs {
                    self.inner.inspector.log(&mut self.inner.ctx, log);
                }
                action
            }
            None => {
                let frame = self.inner.frame_stack.get();
                let action = inspect_instructions(
                    &mut self.inner.ctx,
                    &mut frame.interpreter,
                    &mut self.inner.inspector,
                    self.inner.instruction.instruction_table(),
                    self.inner.instruction.gas_table(),
                );
                reject_foreign_ef_code(frame, action)
            }
        };
        let mut next = self.process(action)?;
        if let ItemOrResult::Result(result) = &mut next {
            let (ctx, inspector) = (&mut self.inner.ctx, &mut self.inner.inspector);
            match (&self.inner.frame_stack.get().input, result) {
                (FrameInput::Call(inputs), FrameResult::Call(outcome)) => {
                    inspector.call_end(ctx, inputs, outcome);
                }
                (FrameInput::Create(inputs), FrameResult::Create(outcome)) => {
                    inspector.create_end(ctx, inputs, outcome);
                }
                // A frame ends as what it began as.
                _ => {}
            }
        }
        Ok(next)
    }
}

/// EIP-3541 with Arbitrum's exception: new code may begin with 0xEF only if it is a
/// Stylus program, root or fragment. (revm's own check is switched off.)
fn reject_foreign_ef_code(
    frame: &EthFrame<EthInterpreter>,
    mut action: InterpreterAction,
) -> InterpreterAction {
    if let InterpreterAction::Return(result) = &mut action
        && frame.data.is_create()
        && result.result.is_ok()
        && result.output.first() == Some(&0xef)
        && crate::stylus::code_kind(&result.output).is_none()
    {
        result.result = InstructionResult::CreateContractStartingWithEF;
        result.gas.spend_all();
    }
    action
}

fn to_action(
    ctx: &mut ArbContext,
    step: NativeStep,
    gas_limit: u64,
) -> Result<InterpreterAction, FrameError> {
    Ok(match step {
        NativeStep::Call(request) => {
            InterpreterAction::NewFrame(FrameInput::Call(Box::new(call_inputs(ctx, request)?)))
        }
        NativeStep::Create(request) => {
            InterpreterAction::NewFrame(FrameInput::Create(Box::new(create_inputs(request))))
        }
        NativeStep::Done(Ended {
            result,
            output,
            gas_left,
            refund,
        }) => {
            let mut gas = Gas::new(gas_limit);
            gas.set_remaining(if result.is_ok_or_revert() {
                gas_left
            } else {
                0
            });
            if result.is_ok() {
                gas.record_refund(refund);
            }
            InterpreterAction::Return(InterpreterResult {
                result,
                output,
                gas,
            })
        }
    })
}

fn call_inputs(ctx: &mut ArbContext, request: CallRequest) -> Result<CallInputs, FrameError> {
    let known_bytecode = executable_code(ctx, request.code_address)?;
    Ok(CallInputs {
        input: CallInput::Bytes(request.input),
        return_memory_offset: 0..0,
        gas_limit: request.gas_limit,
        reservoir: 0,
        bytecode_address: request.code_address,
        known_bytecode,
        target_address: request.contract,
        caller: request.caller,
        value: match request.kind {
            CallKind::Call => CallValue::Transfer(request.value),
            CallKind::Static => CallValue::Transfer(U256::ZERO),
            CallKind::Delegate => CallValue::Apparent(request.value),
        },
        scheme: match request.kind {
            CallKind::Call => CallScheme::Call,
            CallKind::Static => CallScheme::StaticCall,
            CallKind::Delegate => CallScheme::DelegateCall,
        },
        is_static: request.is_static,
        charged_new_account_state_gas: false,
    })
}

/// The code that a call of `address` runs: its own, or that of the account it has
/// delegated to (EIP-7702).
fn executable_code(
    ctx: &mut ArbContext,
    address: alloy_primitives::Address,
) -> Result<(B256, Bytecode), FrameError> {
    let journal = &mut ctx.journaled_state;
    let info = &journal.load_account_with_code(address)?.info;
    let code = info.code.clone().unwrap_or_default();
    let Some(delegate) = code.eip7702_address() else {
        return Ok((info.code_hash, code));
    };
    let info = &journal.load_account_with_code(delegate)?.info;
    Ok((info.code_hash, info.code.clone().unwrap_or_default()))
}

fn create_inputs(request: CreateRequest) -> CreateInputs {
    let scheme = match request.salt {
        Some(salt) => CreateScheme::Create2 { salt: salt.into() },
        None => CreateScheme::Create,
    };
    CreateInputs::new(
        request.caller,
        scheme,
        request.value,
        request.init_code,
        request.gas_limit,
        0,
    )
}

fn to_resume(result: FrameResult) -> Resume {
    let gas = *result.gas();
    let status = result.instruction_result();
    let gas_left = if status.is_ok_or_revert() {
        gas.remaining()
    } else {
        0
    };
    let refund = if status.is_ok() { gas.refunded() } else { 0 };
    match result {
        FrameResult::Call(outcome) => Resume::Called {
            success: status.is_ok(),
            output: outcome.result.output,
            gas_left,
            refund,
        },
        FrameResult::Create(outcome) => Resume::Created {
            address: outcome.address.filter(|_| status.is_ok()),
            output: if status == InstructionResult::Revert {
                outcome.result.output
            } else {
                Bytes::new()
            },
            gas_left,
            refund,
        },
    }
}
