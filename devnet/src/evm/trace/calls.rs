//! The tree of calls, as go-ethereum's `callTracer` shows it.

use std::collections::BTreeMap;

use alloy_primitives::{Address, Bytes, Log, U64, U256, hex};
use revm::{
    context_interface::CreateScheme,
    interpreter::{CallInputs, CallScheme, CreateInputs, InterpreterResult},
};
use serde_json::{Map, Value, json};

use super::{CallOptions, Room, TraceTooLarge};
use crate::evm::{context::ArbContext, revert_reason};

/// What a frame weighs besides its data.
const FRAME_BYTES: usize = 256;

#[derive(Debug)]
struct CallFrame {
    /// Place of the frame that made the call.
    parent: Option<usize>,
    /// Calls made so far.
    calls: usize,
    kind: &'static str,
    from: Address,
    to: Option<Address>,
    value: Option<U256>,
    gas: u64,
    gas_used: u64,
    input: Bytes,
    output: Bytes,
    error: Option<String>,
    logs: Vec<FrameLog>,
}

#[derive(Debug)]
struct FrameLog {
    log: Log,
    /// When it was emitted, among all logs of the transaction.
    order: usize,
    /// Calls that the frame had made before.
    position: usize,
}

/// Records calls and creations.
#[derive(Debug)]
pub(crate) struct CallTracer {
    options: CallOptions,
    /// All frames in the order in which they began, so that the depth of the tree, which
    /// the traced transaction chooses, is not the depth of any recursion here.
    frames: Vec<CallFrame>,
    /// Places of the frames under way, outermost first.
    open: Vec<usize>,
    /// Frames under way that are left out.
    skipped: usize,
    logs: usize,
    room: Room,
}

impl CallTracer {
    pub(super) fn new(options: CallOptions, room: usize) -> Self {
        Self {
            options,
            frames: Vec::new(),
            open: Vec::new(),
            skipped: 0,
            logs: 0,
            room: Room::new(room),
        }
    }

    /// Whether the frame that begins is to be left out. The tree below such a frame is as well.
    fn skips(&mut self, bytes: usize) -> bool {
        let left_out = self.skipped > 0
            || (self.options.only_top_call && !self.open.is_empty())
            || !self.room.take(FRAME_BYTES + bytes);
        self.skipped += usize::from(left_out);
        left_out
    }

    fn begin(&mut self, mut frame: CallFrame) {
        frame.parent = self.open.last().copied();
        if let Some(parent) = self.innermost() {
            parent.calls += 1;
        }
        self.open.push(self.frames.len());
        self.frames.push(frame);
    }

    /// The innermost frame under way.
    fn innermost(&mut self) -> Option<&mut CallFrame> {
        let place = self.open.last()?;
        self.frames.get_mut(*place)
    }

    pub(super) fn enter_call(&mut self, ctx: &ArbContext, inputs: &CallInputs) {
        if self.skips(inputs.input.len()) {
            return;
        }
        // A delegated call is made by the account that it acts on.
        let (kind, from, value) = match inputs.scheme {
            CallScheme::Call => ("CALL", inputs.caller, Some(inputs.value.get())),
            CallScheme::StaticCall => ("STATICCALL", inputs.caller, None),
            CallScheme::DelegateCall => {
                let value = inputs.value.get();
                ("DELEGATECALL", inputs.target_address, Some(value))
            }
            CallScheme::CallCode => {
                let value = inputs.value.get();
                ("CALLCODE", inputs.target_address, Some(value))
            }
        };
        self.begin(CallFrame {
            parent: None,
            calls: 0,
            kind,
            from,
            to: Some(inputs.bytecode_address),
            value,
            gas: inputs.gas_limit,
            gas_used: 0,
            input: inputs.input.bytes(ctx),
            output: Bytes::new(),
            error: None,
            logs: Vec::new(),
        });
    }

    pub(super) fn enter_create(&mut self, inputs: &CreateInputs) {
        if self.skips(inputs.init_code().len()) {
            return;
        }
        let kind = match inputs.scheme() {
            CreateScheme::Create2 { .. } => "CREATE2",
            _ => "CREATE",
        };
        self.begin(CallFrame {
            parent: None,
            calls: 0,
            kind,
            from: inputs.caller(),
            to: None,
            value: Some(inputs.value()),
            gas: inputs.gas_limit(),
            gas_used: 0,
            input: inputs.init_code().clone(),
            output: Bytes::new(),
            error: None,
            logs: Vec::new(),
        });
    }

    /// The innermost frame ends. `created` is the account that a creation was for.
    pub(super) fn leave(
        &mut self,
        gas_limit: u64,
        result: &InterpreterResult,
        created: Option<Address>,
        error: Option<String>,
    ) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        let fits = self.room.take(result.output.len());
        let Some(frame) = self.innermost() else {
            return;
        };
        let left = match result.result.is_ok_or_revert() {
            true => result.gas.remaining(),
            false => 0,
        };
        frame.gas_used = gas_limit.saturating_sub(left);
        if fits {
            frame.output = result.output.clone();
        }
        if error.is_none() {
            frame.to = frame.to.or(created);
        }
        frame.error = error;
        self.open.pop();
    }

    pub(super) fn log(&mut self, log: Log) {
        if !self.options.with_log || self.skipped > 0 {
            return;
        }
        if !self.room.take(FRAME_BYTES + log.data.data.len()) {
            return;
        }
        let order = self.logs;
        if let Some(frame) = self.innermost() {
            frame.logs.push(FrameLog {
                log,
                order,
                position: frame.calls,
            });
            self.logs += 1;
        }
    }

    pub(super) fn selfdestruct(&mut self, contract: Address, target: Address, value: U256) {
        if self.skips(0) {
            self.skipped -= 1;
            return;
        }
        self.begin(CallFrame {
            parent: None,
            calls: 0,
            kind: "SELFDESTRUCT",
            from: contract,
            to: Some(target),
            value: Some(value),
            gas: 0,
            gas_used: 0,
            input: Bytes::new(),
            output: Bytes::new(),
            error: None,
            logs: Vec::new(),
        });
        self.open.pop();
    }

    /// The tree. The outermost frame shows the transaction's gas, what it cost before it
    /// ran included.
    pub(super) fn finish(mut self, gas_limit: u64, gas_used: u64) -> Result<Value, TraceTooLarge> {
        self.room.suffices()?;
        let Some(root) = self.frames.first_mut() else {
            return Ok(Value::Null);
        };
        root.gas = gas_limit;
        root.gas_used = gas_used;
        let kept = self.drop_undone_logs();

        // Whoever is called began after its caller, so that its JSON is made before.
        let mut calls: Vec<Vec<Value>> = self.frames.iter().map(|_| Vec::new()).collect();
        let mut tree = Value::Null;
        while let Some(frame) = self.frames.pop() {
            let mut made = calls.pop().unwrap_or_default();
            made.reverse();
            let parent = frame.parent;
            tree = frame.into_json(&kept, made);
            if let Some(siblings) = parent.and_then(|parent| calls.get_mut(parent)) {
                siblings.push(std::mem::take(&mut tree));
            }
        }
        Ok(tree)
    }

    /// Drops the logs that a failure undid, and lists the places of the others in order.
    fn drop_undone_logs(&mut self) -> Vec<usize> {
        let mut kept = Vec::new();
        let mut undone: Vec<bool> = Vec::with_capacity(self.frames.len());
        for frame in &mut self.frames {
            let by_parent = frame.parent.and_then(|parent| undone.get(parent));
            let is_undone = frame.error.is_some() || by_parent == Some(&true);
            if is_undone {
                frame.logs.clear();
            }
            kept.extend(frame.logs.iter().map(|log| log.order));
            undone.push(is_undone);
        }
        kept.sort_unstable();
        kept
    }

    /// How often which selector was called with how many bytes of arguments.
    pub(super) fn finish_selectors(self) -> Result<Value, TraceTooLarge> {
        self.room.suffices()?;
        let mut counts = BTreeMap::<String, u64>::new();
        for frame in &self.frames {
            let is_call = !matches!(frame.kind, "CREATE" | "CREATE2" | "SELFDESTRUCT");
            if let (true, Some((selector, arguments))) = (is_call, frame.input.split_at_checked(4))
            {
                let key = format!("0x{}-{}", hex::encode(selector), arguments.len());
                *counts.entry(key).or_default() += 1;
            }
        }
        Ok(json!(counts))
    }
}

impl CallFrame {
    fn into_json(self, kept_logs: &[usize], calls: Vec<Value>) -> Value {
        let mut object = Map::new();
        object.insert("type".into(), json!(self.kind));
        object.insert("from".into(), json!(self.from));
        if let Some(to) = self.to {
            object.insert("to".into(), json!(to));
        }
        if let Some(value) = self.value {
            object.insert("value".into(), json!(value));
        }
        object.insert("gas".into(), json!(U64::from(self.gas)));
        object.insert("gasUsed".into(), json!(U64::from(self.gas_used)));
        object.insert("input".into(), json!(self.input));
        let reverted = self.error.as_deref() == Some("execution reverted");
        if !self.output.is_empty() && (reverted || self.error.is_none()) {
            object.insert("output".into(), json!(self.output));
        }
        if reverted && let Some(reason) = revert_reason(&self.output) {
            object.insert("revertReason".into(), json!(reason));
        }
        if let Some(error) = self.error {
            object.insert("error".into(), json!(error));
        }
        if !self.logs.is_empty() {
            let logs = self.logs.into_iter().map(|log| log.into_json(kept_logs));
            object.insert("logs".into(), logs.collect());
        }
        if !calls.is_empty() {
            object.insert("calls".into(), Value::Array(calls));
        }
        Value::Object(object)
    }
}

impl FrameLog {
    fn into_json(self, kept: &[usize]) -> Value {
        let index = kept.partition_point(|order| *order < self.order);
        json!({
            "address": self.log.address,
            "topics": self.log.data.topics(),
            "data": self.log.data.data,
            "position": U64::from(self.position),
            "index": U64::from(index),
        })
    }
}
