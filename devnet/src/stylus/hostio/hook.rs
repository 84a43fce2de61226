//! A host function at work: its charges and its view of the program's memory.

use alloy_primitives::{Address, B256, U256};
use wasmi::{AsContext, AsContextMut, Memory, StoreContextMut, Val};

use super::{Handles, Host, Interrupt};
use crate::stylus::{
    frame::Fault,
    prices::{read_ink, write_ink},
};

/// Borrows a running program for one host function. The ink is kept here meanwhile and
/// put back by [`Hook::run`].
pub(in crate::stylus) struct Hook<'a> {
    store: StoreContextMut<'a, Host>,
    memory: Memory,
    ink: u64,
}

impl<'a> Hook<'a> {
    /// Runs one host function.
    pub(in crate::stylus) fn run<R, E: From<Interrupt>>(
        mut store: StoreContextMut<'a, Host>,
        function: impl FnOnce(&mut Hook<'_>) -> Result<R, E>,
    ) -> Result<R, E> {
        let Some(handles) = store.data().handles else {
            let fault = Fault::Instantiation("a host function was called too early".into());
            return Err(Interrupt::Fault(fault).into());
        };
        let Handles {
            memory, ink_left, ..
        } = handles;
        let ink = match ink_left.get(store.as_context()) {
            Val::I64(ink) => ink.cast_unsigned(),
            _ => 0,
        };
        if let Some(tracing) = &mut store.data_mut().tracing {
            // A host function that suspends is run in two parts.
            tracing.started.get_or_insert(ink);
        }
        let mut hook = Hook {
            store: store.as_context_mut(),
            memory,
            ink,
        };
        let result = function(&mut hook);
        let ink = Val::I64(hook.ink.cast_signed());
        match ink_left.set(store.as_context_mut(), ink) {
            Ok(()) => result,
            Err(error) => Err(Interrupt::Fault(Fault::Trap(error.to_string())).into()),
        }
    }

    pub(super) fn host(&self) -> &Host {
        self.store.data()
    }

    pub(super) fn host_mut(&mut self) -> &mut Host {
        self.store.data_mut()
    }

    /// Whether somebody traces the program.
    pub(super) fn is_traced(&self) -> bool {
        self.host().tracing.is_some()
    }

    /// Notes the host function that is about to return, if somebody traces the program.
    pub(super) fn trace(&mut self, name: &'static str, args: &[&[u8]], outs: &[&[u8]]) {
        let ink = self.ink;
        if let Some(tracing) = &mut self.host_mut().tracing {
            let started = tracing.started.take().unwrap_or(ink);
            tracing.log.add(name, args, outs, started, ink);
        }
    }

    /// Lets a host function return unnoted, as Nitro does with some.
    pub(super) fn untraced(&mut self) {
        if let Some(tracing) = &mut self.host_mut().tracing {
            tracing.started = None;
        }
    }

    /// Keeps the arguments of a call or creation until its frame has ended.
    pub(super) fn trace_open(&mut self, name: &'static str, args: &[&[u8]]) {
        if let Some(tracing) = &mut self.host_mut().tracing {
            tracing.open = Some((name, args.concat()));
        }
    }

    /// Notes the call or creation whose arguments were kept.
    pub(super) fn trace_closed(&mut self, outs: &[&[u8]]) {
        let open = self
            .host_mut()
            .tracing
            .as_mut()
            .and_then(|tracing| tracing.open.take());
        if let Some((name, args)) = open {
            self.trace(name, &[&args], outs);
        }
    }

    /// Ink left.
    pub(super) fn ink(&self) -> u64 {
        self.ink
    }

    /// Whole gas left.
    pub(super) fn gas(&self) -> u64 {
        self.host().params.ink_to_gas(self.ink)
    }

    /// Takes ink. With too little left, there is none left.
    pub(super) fn buy_ink(&mut self, ink: u64) -> Result<(), Interrupt> {
        self.require_ink(ink)?;
        self.ink -= ink;
        Ok(())
    }

    /// Takes the ink for `gas`.
    pub(super) fn buy_gas(&mut self, gas: u64) -> Result<(), Interrupt> {
        self.buy_ink(self.host().params.gas_to_ink(gas))
    }

    /// Demands that ink is left, without taking it.
    pub(super) fn require_ink(&mut self, ink: u64) -> Result<(), Interrupt> {
        if self.ink < ink {
            self.ink = 0;
            return Err(Interrupt::OutOfInk);
        }
        Ok(())
    }

    /// Demands that gas is left, without taking it.
    pub(super) fn require_gas(&mut self, gas: u64) -> Result<(), Interrupt> {
        self.require_ink(self.host().params.gas_to_ink(gas))
    }

    /// Pays for reading `bytes` from the program.
    pub(super) fn pay_for_read(&mut self, bytes: u32) -> Result<(), Interrupt> {
        self.buy_ink(read_ink(bytes))
    }

    /// Pays for writing `bytes` to the program.
    pub(super) fn pay_for_write(&mut self, bytes: u32) -> Result<(), Interrupt> {
        self.buy_ink(write_ink(bytes))
    }

    /// `len` bytes of memory.
    pub(super) fn read(&self, at: u32, len: u32) -> Result<&[u8], Interrupt> {
        let memory = self.memory.data(&self.store);
        let start = at as usize;
        start
            .checked_add(len as usize)
            .and_then(|end| memory.get(start..end))
            .ok_or_else(|| out_of_bounds(at, len, memory.len()))
    }

    fn read_array<const N: usize>(&self, at: u32) -> Result<[u8; N], Interrupt> {
        // SAFETY of the length: `read` returned exactly as many bytes.
        let bytes = self.read(at, N as u32)?;
        bytes
            .try_into()
            .map_err(|_| out_of_bounds(at, N as u32, bytes.len()))
    }

    pub(super) fn read_word(&self, at: u32) -> Result<B256, Interrupt> {
        self.read_array(at).map(B256::new)
    }

    pub(super) fn read_u256(&self, at: u32) -> Result<U256, Interrupt> {
        self.read_array::<32>(at).map(U256::from_be_bytes)
    }

    pub(super) fn read_address(&self, at: u32) -> Result<Address, Interrupt> {
        self.read_array(at).map(Address::new)
    }

    /// Writes into memory what `source` picks from the host.
    pub(super) fn write_from(
        &mut self,
        at: u32,
        source: impl FnOnce(&Host) -> &[u8],
    ) -> Result<(), Interrupt> {
        let (memory, host) = self.memory.data_and_store_mut(&mut self.store);
        copy_into(memory, at, source(host))
    }

    /// Writes bytes into memory.
    pub(super) fn write(&mut self, at: u32, data: &[u8]) -> Result<(), Interrupt> {
        copy_into(self.memory.data_mut(&mut self.store), at, data)
    }

    pub(super) fn write_u32(&mut self, at: u32, value: u32) -> Result<(), Interrupt> {
        self.write(at, &value.to_le_bytes())
    }

    pub(super) fn write_u256(&mut self, at: u32, value: U256) -> Result<(), Interrupt> {
        self.write(at, &value.to_be_bytes::<32>())
    }
}

fn copy_into(memory: &mut [u8], at: u32, data: &[u8]) -> Result<(), Interrupt> {
    let size = memory.len();
    let start = at as usize;
    start
        .checked_add(data.len())
        .and_then(|end| memory.get_mut(start..end))
        .ok_or_else(|| out_of_bounds(at, u32::try_from(data.len()).unwrap_or(u32::MAX), size))?
        .copy_from_slice(data);
    Ok(())
}

fn out_of_bounds(offset: u32, len: u32, size: usize) -> Interrupt {
    Interrupt::Fault(Fault::OutOfBounds { offset, len, size })
}

/// The part of `data` from `offset` on, at most `size` bytes, and less where it ends.
pub(super) fn part_of(data: &[u8], offset: u32, size: u32) -> &[u8] {
    let start = (offset as usize).min(data.len());
    let end = (offset.saturating_add(size) as usize).min(data.len());
    // SAFETY of the range: offset ≤ offset + size, and both are at most the length.
    data.get(start..end).unwrap_or_default()
}
