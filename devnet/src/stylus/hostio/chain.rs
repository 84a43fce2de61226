//! Host functions that read or change the chain's state.

use alloy_primitives::{Address, B256, Bytes};
use wasmi::Val;

use super::{
    Hook, Interrupt, Number, PendingCall, PendingCreate, WorldCall,
    hook::part_of,
    inline::{MEMORY_GROW, STORAGE_LOAD, len_u32},
};
use crate::stylus::{
    frame::{CallRequest, CreateRequest, Fault},
    prices::{
        ACCOUNT_CODE_INK, ACCOUNT_WORD_INK, CODE_LOAD_GAS, COLD_ACCOUNT_GAS, COLD_SLOAD_GAS,
        EMIT_LOG_INK, EVM_API_INK, LOG_DATA_GAS, LOG_TOPIC_GAS, SSTORE_CLEARS_REFUND,
        SSTORE_RESET_GAS, SSTORE_SENTRY_GAS, SSTORE_SET_GAS, STORAGE_FLUSH_INK,
        TRANSIENT_ACCESS_INK, WARM_ACCESS_GAS,
    },
    world::{SlotWrite, World},
};

/// What became of a [`WorldCall`].
pub(in crate::stylus) enum Performed {
    /// The host function returns this, or nothing.
    Return(Option<Val>),
    /// Another contract must be called first.
    Call(CallRequest, PendingCall),
    /// A contract must be created first.
    Create(CreateRequest, PendingCreate),
}

/// Why a [`WorldCall`] was not carried out.
pub(in crate::stylus) enum Stop<E> {
    /// Because of the program.
    Program(Interrupt),
    /// Because the state could not be read.
    World(E),
}

impl<E> From<Interrupt> for Stop<E> {
    fn from(interrupt: Interrupt) -> Self {
        Self::Program(interrupt)
    }
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Program(Interrupt::Fault(fault))
    }
}

type Result<T, W> = core::result::Result<T, Stop<<W as World>::Error>>;

/// Carries out what a program suspended for.
pub(in crate::stylus) fn perform<W: World>(
    hook: &mut Hook<'_>,
    world: &mut W,
    call: WorldCall,
) -> Result<Performed, W> {
    match call {
        WorldCall::Call(args) => return hook.call(world, args),
        WorldCall::Create(args) => return hook.create(args).map_err(Stop::Program),
        WorldCall::StorageLoad { key, dest_at } => hook.load(world, key, dest_at)?,
        WorldCall::StorageFlush { clear } => hook.flush(world, clear)?,
        WorldCall::TransientLoad { key_at, dest_at } => hook.tload(world, key_at, dest_at)?,
        WorldCall::TransientStore { key_at, value_at } => hook.tstore(world, key_at, value_at)?,
        WorldCall::EmitLog {
            data_at,
            len,
            topics,
        } => hook.log(world, data_at, len, topics)?,
        WorldCall::Balance {
            account_at,
            dest_at,
        } => hook.balance(world, account_at, dest_at)?,
        WorldCall::CodeHash {
            account_at,
            dest_at,
        } => hook.code_hash(world, account_at, dest_at)?,
        WorldCall::PayForMemoryGrow { pages } => {
            // They count as open even when they cannot be paid for: the frame ends then.
            let before = world.pages().add(pages);
            hook.buy_gas(hook.host().params.pages_gas(pages, before))?;
            hook.trace(MEMORY_GROW, &[&pages.to_be_bytes()], &[]);
        }
        WorldCall::Code {
            account_at,
            offset,
            size,
            dest_at,
        } => {
            let written = hook.code(world, account_at, offset, size, dest_at)?;
            return Ok(Performed::Return(Some(Val::I32(written.cast_signed()))));
        }
        WorldCall::CodeSize { account_at } => {
            let size = hook.code_size(world, account_at)?;
            return Ok(Performed::Return(Some(Val::I32(size.cast_signed()))));
        }
        WorldCall::Print { text, name } => {
            world.console(hook.host().frame.contract, &text);
            hook.trace(name, &[text.as_bytes()], &[]);
        }
        WorldCall::Tee(number) => {
            let (text, value) = match number {
                Number::I32(value) => (value.to_string(), Val::I32(value)),
                Number::I64(value) => (value.to_string(), Val::I64(value)),
            };
            world.console(hook.host().frame.contract, &text);
            hook.untraced();
            return Ok(Performed::Return(Some(value)));
        }
    }
    Ok(Performed::Return(None))
}

fn account_gas(is_cold: bool) -> u64 {
    if is_cold {
        COLD_ACCOUNT_GAS
    } else {
        WARM_ACCESS_GAS
    }
}

/// Gas and refund of a write: EIP-2200 with the numbers of EIP-2929 and EIP-3529.
///
/// Source: `WasmStateStoreCost` in `core/vm/operations_acl_arbitrum.go` of Nitro's
/// go-ethereum fork.
fn store_cost(slot: SlotWrite, new: B256, is_cold: bool) -> (u64, i64) {
    let SlotWrite { original, current } = slot;
    let cold = if is_cold { COLD_SLOAD_GAS } else { 0 };
    if current == new {
        return (cold + WARM_ACCESS_GAS, 0);
    }
    if original == current {
        if original.is_zero() {
            return (cold + SSTORE_SET_GAS, 0);
        }
        let refund = if new.is_zero() {
            SSTORE_CLEARS_REFUND
        } else {
            0
        };
        return (cold + SSTORE_RESET_GAS, refund);
    }
    let mut refund = 0;
    if !original.is_zero() {
        if current.is_zero() {
            refund -= SSTORE_CLEARS_REFUND;
        } else if new.is_zero() {
            refund += SSTORE_CLEARS_REFUND;
        }
    }
    if original == new {
        let paid = if original.is_zero() {
            SSTORE_SET_GAS
        } else {
            SSTORE_RESET_GAS
        };
        refund += (paid - WARM_ACCESS_GAS).cast_signed();
    }
    (cold + WARM_ACCESS_GAS, refund)
}

impl Hook<'_> {
    /// Refuses state changes inside a static call.
    pub(super) fn require_mutable(&self, what: &'static str) -> core::result::Result<(), Fault> {
        if self.host().frame.is_static {
            return Err(Fault::WriteProtection(what));
        }
        Ok(())
    }

    fn contract(&self) -> Address {
        self.host().frame.contract
    }

    /// The rest of `storage_load_bytes32`, when the cache has no answer.
    fn load<W: World>(&mut self, world: &mut W, key: B256, dest_at: u32) -> Result<(), W> {
        let cached = self.host_mut().storage.read_gas();
        let slot = world.sload(self.contract(), key).map_err(Stop::World)?;
        let access = if slot.is_cold {
            COLD_SLOAD_GAS
        } else {
            WARM_ACCESS_GAS
        };
        self.host_mut().storage.loaded(key, slot.value);
        let api_gas = self.host().params.ink_to_gas(EVM_API_INK);
        self.buy_gas(cached + access + api_gas)?;
        self.write(dest_at, slot.value.as_slice())?;
        self.trace(STORAGE_LOAD, &[key.as_slice()], &[slot.value.as_slice()]);
        Ok(())
    }

    fn flush<W: World>(&mut self, world: &mut W, clear: bool) -> Result<(), W> {
        self.buy_ink(STORAGE_FLUSH_INK)?;
        self.require_gas(SSTORE_SENTRY_GAS)?;
        let contract = self.contract();
        let left = self.gas();
        let dirty = self.host_mut().storage.flush(clear);
        if !dirty.is_empty() {
            self.require_mutable("storage_flush_cache")?;
        }
        let mut total = 0u64;
        for (key, value) in dirty {
            let slot = world.sstore(contract, key, value).map_err(Stop::World)?;
            let (gas, refund) = store_cost(slot.value, value, slot.is_cold);
            self.host_mut().refund += refund;
            total = total.saturating_add(gas);
            if total > left {
                break;
            }
        }
        self.buy_gas(total)?;
        self.trace("storage_flush_cache", &[&[u8::from(clear)]], &[]);
        Ok(())
    }

    fn tload<W: World>(&mut self, world: &mut W, key_at: u32, dest_at: u32) -> Result<(), W> {
        self.buy_ink(TRANSIENT_ACCESS_INK)?;
        self.buy_gas(WARM_ACCESS_GAS)?;
        let key = self.read_word(key_at)?;
        let value = world.tload(self.contract(), key);
        self.write(dest_at, value.as_slice())?;
        self.trace(
            "transient_load_bytes32",
            &[key.as_slice()],
            &[value.as_slice()],
        );
        Ok(())
    }

    fn tstore<W: World>(&mut self, world: &mut W, key_at: u32, value_at: u32) -> Result<(), W> {
        self.buy_ink(TRANSIENT_ACCESS_INK)?;
        self.buy_gas(WARM_ACCESS_GAS)?;
        let key = self.read_word(key_at)?;
        let value = self.read_word(value_at)?;
        self.require_mutable("transient_store_bytes32")?;
        world.tstore(self.contract(), key, value);
        self.trace(
            "transient_store_bytes32",
            &[key.as_slice(), value.as_slice()],
            &[],
        );
        Ok(())
    }

    fn log<W: World>(
        &mut self,
        world: &mut W,
        data_at: u32,
        len: u32,
        topics: u32,
    ) -> Result<(), W> {
        self.buy_ink(EMIT_LOG_INK)?;
        if topics > 4 || len < topics * 32 {
            return Err(Fault::BadTopics { topics, len }.into());
        }
        self.pay_for_read(len)?;
        self.buy_gas(
            (1 + u64::from(topics)) * LOG_TOPIC_GAS + u64::from(len - topics * 32) * LOG_DATA_GAS,
        )?;
        let data = self.read(data_at, len)?;
        // `len` covers the topics, as checked above.
        let (words, data) = data.split_at(topics as usize * 32);
        let hashes: Vec<B256> = words.as_chunks::<32>().0.iter().map(B256::from).collect();
        let data = Bytes::copy_from_slice(data);
        self.require_mutable("emit_log")?;
        if self.is_traced() {
            let words = hashes.concat();
            self.trace("emit_log", &[&topics.to_be_bytes(), &words, &data], &[]);
        }
        world.log(self.contract(), hashes, data);
        Ok(())
    }

    fn balance<W: World>(&mut self, world: &mut W, account_at: u32, dest_at: u32) -> Result<(), W> {
        self.buy_ink(ACCOUNT_WORD_INK)?;
        self.require_gas(COLD_ACCOUNT_GAS)?;
        let account = self.read_address(account_at)?;
        let balance = world.balance(account).map_err(Stop::World)?;
        self.buy_gas(account_gas(balance.is_cold))?;
        self.write_u256(dest_at, balance.value)?;
        self.trace(
            "account_balance",
            &[account.as_slice()],
            &[&balance.value.to_be_bytes::<32>()],
        );
        Ok(())
    }

    fn code_hash<W: World>(
        &mut self,
        world: &mut W,
        account_at: u32,
        dest_at: u32,
    ) -> Result<(), W> {
        self.buy_ink(ACCOUNT_WORD_INK)?;
        self.require_gas(COLD_ACCOUNT_GAS)?;
        let account = self.read_address(account_at)?;
        let hash = world.code_hash(account).map_err(Stop::World)?;
        self.buy_gas(account_gas(hash.is_cold))?;
        self.write(dest_at, hash.value.as_slice())?;
        self.trace(
            "account_codehash",
            &[account.as_slice()],
            &[hash.value.as_slice()],
        );
        Ok(())
    }

    fn code<W: World>(
        &mut self,
        world: &mut W,
        account_at: u32,
        offset: u32,
        size: u32,
        dest_at: u32,
    ) -> Result<u32, W> {
        let (account, code) = self.load_code(world, account_at)?;
        self.pay_for_write(len_u32(&code))?;
        let part = part_of(&code, offset, size);
        self.write(dest_at, part)?;
        self.trace(
            "account_code",
            &[
                account.as_slice(),
                &offset.to_be_bytes(),
                &size.to_be_bytes(),
            ],
            &[part],
        );
        Ok(len_u32(part))
    }

    fn code_size<W: World>(&mut self, world: &mut W, account_at: u32) -> Result<u32, W> {
        let (account, code) = self.load_code(world, account_at)?;
        let size = len_u32(&code);
        self.trace(
            "account_code_size",
            &[account.as_slice()],
            &[&size.to_be_bytes()],
        );
        Ok(size)
    }

    /// Reads and pays for the code of an account, which is free for the one whose code
    /// was read last, unless it had none.
    fn load_code<W: World>(
        &mut self,
        world: &mut W,
        account_at: u32,
    ) -> Result<(Address, Bytes), W> {
        self.buy_ink(ACCOUNT_CODE_INK)?;
        self.require_gas(COLD_ACCOUNT_GAS)?;
        let account = self.read_address(account_at)?;
        if let Some((last, code)) = &self.host().last_code
            && *last == account
        {
            return Ok((account, code.clone()));
        }
        let code = world.code(account).map_err(Stop::World)?;
        self.buy_gas(CODE_LOAD_GAS + account_gas(code.is_cold))?;
        if !code.value.is_empty() {
            self.host_mut().last_code = Some((account, code.value.clone()));
        }
        Ok((account, code.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of EIP-2200, with the numbers that EIP-3529 lists for them.
    #[test]
    fn writes_cost_what_eip_3529_lists() {
        let word = |byte: u8| B256::with_last_byte(byte);
        let cost = |original, current, new| {
            let slot = SlotWrite {
                original: word(original),
                current: word(current),
            };
            store_cost(slot, word(new), false)
        };
        assert_eq!(cost(0, 0, 0), (100, 0));
        assert_eq!(cost(0, 0, 1), (20_000, 0));
        assert_eq!(cost(1, 1, 0), (2_900, 4_800));
        assert_eq!(cost(1, 1, 2), (2_900, 0));
        assert_eq!(cost(1, 1, 1), (100, 0));
        assert_eq!(cost(0, 1, 0), (100, 19_900));
        assert_eq!(cost(0, 1, 2), (100, 0));
        assert_eq!(cost(1, 0, 1), (100, 2_800 - 4_800));
        assert_eq!(cost(1, 0, 2), (100, -4_800));
        assert_eq!(cost(1, 2, 0), (100, 4_800));
        assert_eq!(cost(1, 2, 1), (100, 2_800));
        assert_eq!(cost(1, 2, 3), (100, 0));
    }

    #[test]
    fn a_cold_write_pays_the_load_as_well() {
        let slot = SlotWrite {
            original: B256::ZERO,
            current: B256::ZERO,
        };
        assert_eq!(store_cost(slot, B256::with_last_byte(1), true), (22_100, 0));
    }
}
