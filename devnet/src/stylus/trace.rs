//! A record of the host functions that programs call, for those who trace a transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy_primitives::Bytes;

/// One call of a host function, encoded as Nitro's tracers show it: arguments and results
/// follow each other without padding, numbers are big-endian.
///
/// Source: the `trace!` macro in Nitro's `crates/wasm-libraries/user-host-trait/lib.rs`,
/// and `run_main` in `crates/stylus/src/run.rs` for the entry and the return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostCall {
    /// Name of the host function, or `user_entrypoint` and `user_returned`.
    pub name: &'static str,
    /// What the program gave, with what its pointers point at.
    pub args: Bytes,
    /// What it got.
    pub outs: Bytes,
    /// Ink left when it was called.
    pub start_ink: u64,
    /// Ink left when it returned.
    pub end_ink: u64,
}

/// Collects the host calls of all programs of a transaction, in order. Clones share what
/// is collected.
#[derive(Clone, Debug)]
pub struct HostCallLog(Arc<Mutex<Collected>>);

#[derive(Debug)]
struct Collected {
    calls: Vec<HostCall>,
    room: usize,
    overflowed: bool,
}

impl HostCallLog {
    /// A log that takes `room` bytes of calls in all and then no more.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Collected {
            calls: Vec::new(),
            room,
            overflowed: false,
        })))
    }

    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was collected since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<HostCall> {
        std::mem::take(&mut self.collected().calls)
    }

    /// Whether there was more than there was room for.
    #[must_use]
    pub fn overflowed(&self) -> bool {
        self.collected().overflowed
    }

    pub(super) fn add(
        &self,
        name: &'static str,
        args: &[&[u8]],
        outs: &[&[u8]],
        start_ink: u64,
        end_ink: u64,
    ) {
        let mut collected = self.collected();
        let bytes = |parts: &[&[u8]]| parts.iter().map(|part| part.len()).sum::<usize>();
        let size = size_of::<HostCall>() + bytes(args) + bytes(outs);
        match collected.room.checked_sub(size) {
            Some(room) if !collected.overflowed => {
                collected.room = room;
                collected.calls.push(HostCall {
                    name,
                    args: args.concat().into(),
                    outs: outs.concat().into(),
                    start_ink,
                    end_ink,
                });
            }
            _ => collected.overflowed = true,
        }
    }
}
