//! Every instruction of the EVM, as go-ethereum's default tracer shows it. Programs take no
//! such steps: a WASM frame shows only those of the EVM frames within it.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use revm::{
    bytecode::opcode::{OpCode, SLOAD, SSTORE},
    context_interface::result::HaltReason,
    interpreter::{
        Interpreter, InterpreterAction, SuccessOrHalt,
        interpreter::EthInterpreter,
        interpreter_types::{InputsTr, Jumps, LoopControl, MemoryTr, ReturnData},
    },
};
use serde_json::{Map, Value, json};

use super::{Room, StepOptions, TraceTooLarge};
use crate::evm::{Executed, Outcome, context::ArbContext, halt_in_words};

/// What a step weighs besides its words, and what a word does.
const STEP_BYTES: usize = 192;
const WORD_BYTES: usize = 48;

#[derive(Debug)]
struct Step {
    pc: usize,
    op: u8,
    gas: u64,
    gas_cost: u64,
    depth: usize,
    refund: u64,
    error: Option<String>,
    stack: Option<Vec<U256>>,
    memory: Option<Vec<u8>>,
    storage: Option<BTreeMap<B256, B256>>,
    return_data: Option<Bytes>,
}

/// Records steps.
#[derive(Debug)]
pub(crate) struct StepTracer {
    options: StepOptions,
    steps: Vec<Step>,
    depth: usize,
    /// Whether the latest step is still under way.
    stepping: bool,
    /// Slots seen so far, of every account.
    storage: HashMap<Address, BTreeMap<B256, B256>>,
    room: Room,
}

impl StepTracer {
    pub(super) fn new(options: StepOptions, room: usize) -> Self {
        Self {
            options,
            steps: Vec::new(),
            depth: 0,
            stepping: false,
            storage: HashMap::new(),
            room: Room::new(room),
        }
    }

    pub(super) fn enter(&mut self) {
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn step(&mut self, interpreter: &Interpreter<EthInterpreter>, ctx: &mut ArbContext) {
        let options = self.options;
        self.stepping = false;
        if options.limit > 0 && self.steps.len() >= options.limit {
            return;
        }
        let op = interpreter.bytecode.opcode();
        let storage = match options.disable_storage {
            true => None,
            false => self.storage_at(op, interpreter, ctx),
        };
        let stack = (!options.disable_stack).then(|| interpreter.stack.data().clone());
        let memory = options.enable_memory.then(|| {
            let size = interpreter.memory.size();
            interpreter.memory.slice_len(0, size).to_vec()
        });
        let return_data = options
            .enable_return_data
            .then(|| interpreter.return_data.buffer().clone());
        let words = stack.as_ref().map_or(0, Vec::len)
            + 2 * storage.as_ref().map_or(0, BTreeMap::len)
            + memory.as_ref().map_or(0, Vec::len).div_ceil(32);
        let data = return_data.as_ref().map_or(0, |data| data.len());
        if !self.room.take(STEP_BYTES + WORD_BYTES * words + data) {
            // Nothing of it can be shown any more.
            self.steps = Vec::new();
            return;
        }
        self.stepping = true;
        self.steps.push(Step {
            pc: interpreter.bytecode.pc(),
            op,
            gas: interpreter.gas.remaining(),
            gas_cost: 0,
            depth: self.depth,
            refund: interpreter.gas.refunded().max(0).cast_unsigned(),
            error: None,
            stack,
            memory,
            storage,
            return_data,
        });
    }

    /// What is known of the contract's storage once this step reads or writes it.
    fn storage_at(
        &mut self,
        op: u8,
        interpreter: &Interpreter<EthInterpreter>,
        ctx: &mut ArbContext,
    ) -> Option<BTreeMap<B256, B256>> {
        if op != SLOAD && op != SSTORE {
            return None;
        }
        let contract = interpreter.input.target_address();
        let [second, key] = padded(interpreter.stack.data())?;
        let value = match op {
            SSTORE => second,
            _ => current(ctx, contract, key),
        };
        let slots = self.storage.entry(contract).or_default();
        slots.insert(key.into(), value.into());
        Some(slots.clone())
    }

    pub(super) fn step_end(&mut self, interpreter: &mut Interpreter<EthInterpreter>) {
        if !std::mem::take(&mut self.stepping) {
            return;
        }
        let Some(step) = self.steps.last_mut() else {
            return;
        };
        step.gas_cost = step.gas.saturating_sub(interpreter.gas.remaining());
        if let Some(InterpreterAction::Return(result)) = interpreter.bytecode.action()
            && let SuccessOrHalt::Halt(reason) = SuccessOrHalt::<HaltReason>::from(result.result)
        {
            step.error = Some(halt_in_words(&reason));
        }
    }

    pub(super) fn finish(self, executed: &Executed) -> Result<Value, TraceTooLarge> {
        self.room.suffices()?;
        let output = match executed.outcome {
            Outcome::Halt { .. } => Bytes::new(),
            _ => executed.output.clone(),
        };
        let steps: Vec<_> = self.steps.into_iter().map(Step::into_json).collect();
        Ok(json!({
            "gas": executed.gas_used,
            "failed": executed.outcome != Outcome::Success,
            "returnValue": output,
            "structLogs": steps,
        }))
    }
}

/// The two words on top of a stack, the second zero if there is but one.
fn padded(stack: &[U256]) -> Option<[U256; 2]> {
    match stack {
        [.., second, top] => Some([*second, *top]),
        [top] => Some([U256::ZERO, *top]),
        [] => None,
    }
}

/// What a slot holds, without marking it as touched.
fn current(ctx: &ArbContext, contract: Address, slot: U256) -> U256 {
    let loaded = ctx.journaled_state.state.get(&contract);
    match loaded.and_then(|account| account.storage.get(&slot)) {
        Some(slot) => slot.present_value(),
        None if loaded.is_some_and(revm::state::Account::is_created) => U256::ZERO,
        None => ctx.journaled_state.database.storage(contract, slot),
    }
}

impl Step {
    fn into_json(self) -> Value {
        let name = OpCode::new(self.op).map_or_else(
            || format!("opcode {:#x} not defined", self.op),
            |op| op.as_str().to_owned(),
        );
        let mut object = Map::new();
        object.insert("pc".into(), json!(self.pc));
        object.insert("op".into(), json!(name));
        object.insert("gas".into(), json!(self.gas));
        object.insert("gasCost".into(), json!(self.gas_cost));
        object.insert("depth".into(), json!(self.depth));
        if let Some(error) = self.error {
            object.insert("error".into(), json!(error));
        }
        if let Some(stack) = self.stack {
            object.insert("stack".into(), json!(stack));
        }
        if let Some(memory) = self.memory {
            let words = memory.chunks(32);
            let words: Vec<_> = words.map(hex::encode_prefixed).collect();
            object.insert("memory".into(), json!(words));
        }
        if let Some(storage) = self.storage {
            object.insert("storage".into(), json!(storage));
        }
        if let Some(data) = self.return_data.filter(|data| !data.is_empty()) {
            object.insert("returnData".into(), json!(data));
        }
        if self.refund > 0 {
            object.insert("refund".into(), json!(self.refund));
        }
        Value::Object(object)
    }
}
