//! The host functions that programs called, as Nitro's `stylusTracer` shows them.
//!
//! A frame of the EVM within the transaction's outermost one is an entry `evm_…` with the
//! steps taken inside. The host function through which a program made a call replaces the
//! entry of that call, and has its steps.

use std::borrow::Cow;

use alloy_primitives::{Address, Bytes};
use serde_json::{Map, Value, json};

use super::{Room, TraceTooLarge};
use crate::stylus::{HostCall, HostCallLog};

/// What a frame's entry weighs.
const ENTRY_BYTES: usize = 256;

#[derive(Debug)]
struct Entry {
    name: Cow<'static, str>,
    args: Bytes,
    outs: Bytes,
    start_ink: u64,
    end_ink: u64,
    frame: Option<Callee>,
}

/// The contract that an entry called, and what happened there: as JSON already, so that the
/// depth of calls is not the depth of any recursion here.
#[derive(Debug)]
struct Callee {
    address: Address,
    steps: Value,
}

impl From<HostCall> for Entry {
    fn from(call: HostCall) -> Self {
        Self {
            name: call.name.into(),
            args: call.args,
            outs: call.outs,
            start_ink: call.start_ink,
            end_ink: call.end_ink,
            frame: None,
        }
    }
}

/// Records host calls with the frames around them.
#[derive(Debug)]
pub(crate) struct HostCallTracer {
    log: HostCallLog,
    /// Steps of the frames under way, outermost first.
    open: Vec<Vec<Entry>>,
    done: Vec<Entry>,
    room: Room,
}

impl HostCallTracer {
    pub(super) fn new(room: usize) -> Self {
        Self {
            log: HostCallLog::new(room),
            open: Vec::new(),
            done: Vec::new(),
            room: Room::new(room),
        }
    }

    pub(super) fn log(&self) -> HostCallLog {
        self.log.clone()
    }

    pub(super) fn enter(&mut self, name: &'static str, address: Address) {
        self.absorb();
        if let Some(steps) = self.open.last_mut()
            && self.room.take(ENTRY_BYTES)
        {
            steps.push(Entry {
                name: name.into(),
                args: Bytes::new(),
                outs: Bytes::new(),
                start_ink: 0,
                end_ink: 0,
                frame: Some(Callee {
                    address,
                    steps: json!([]),
                }),
            });
        }
        self.open.push(Vec::new());
    }

    pub(super) fn leave(&mut self) {
        self.absorb();
        let Some(steps) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            None => self.done = steps,
            Some(parent) => {
                if let Some(callee) = parent.last_mut().and_then(|entry| entry.frame.as_mut()) {
                    callee.steps = steps.into_iter().map(Entry::into_json).collect();
                }
            }
        }
    }

    /// Puts what programs did since the last frame began or ended where it belongs.
    fn absorb(&mut self) {
        let Some(steps) = self.open.last_mut() else {
            return;
        };
        for call in self.log.take() {
            let mut entry = Entry::from(call);
            if let Some(target) = called(&entry) {
                let made = steps.pop_if(|last| last.name.strip_prefix("evm_") == Some(&entry.name));
                // A call that could not be begun has no frame.
                entry.frame = made.and_then(|last| last.frame).or(Some(Callee {
                    address: target,
                    steps: json!([]),
                }));
            }
            steps.push(entry);
        }
    }

    pub(super) fn finish(self) -> Result<Value, TraceTooLarge> {
        self.room.suffices()?;
        if self.log.overflowed() {
            return Err(TraceTooLarge);
        }
        Ok(self.done.into_iter().map(Entry::into_json).collect())
    }
}

/// Whom a host function called, if it is one that calls: the first of its arguments.
fn called(entry: &Entry) -> Option<Address> {
    match entry.name.as_ref() {
        "call_contract" | "delegate_call_contract" | "static_call_contract" => {
            entry.args.get(..20).map(Address::from_slice)
        }
        _ => None,
    }
}

impl Entry {
    fn into_json(self) -> Value {
        let mut object = Map::new();
        object.insert("name".into(), json!(self.name));
        object.insert("args".into(), json!(self.args));
        object.insert("outs".into(), json!(self.outs));
        object.insert("startInk".into(), json!(self.start_ink));
        object.insert("endInk".into(), json!(self.end_ink));
        if let Some(callee) = self.frame {
            object.insert("address".into(), json!(callee.address));
            object.insert("steps".into(), callee.steps);
        }
        Value::Object(object)
    }
}
