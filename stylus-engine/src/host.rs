//! What the engine asks of the Stylus virtual machine, as safe functions.
//!
//! Keys, values and topics stay the 32 bytes that the host takes: no conversion to and
//! from integers on the way to storage. The functions exist on chain alone; elsewhere the
//! crate compiles, and whatever calls them does not link.

use alloc::vec::Vec;
use alloy_primitives::Address;

/// What the engine's programs allocate from. Nothing is freed: a program's memory lives as
/// long as one call.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

mod hostio {
    //! The functions as the host declares them (ArbOS, module `vm_hooks`).

    #[cfg_attr(target_arch = "wasm32", link(wasm_import_module = "vm_hooks"))]
    unsafe extern "C" {
        pub(super) fn account_code_size(address: *const u8) -> usize;
        pub(super) fn block_timestamp() -> u64;
        pub(super) fn call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            value: *const u8,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(super) fn contract_address(address: *mut u8);
        pub(super) fn delegate_call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(super) fn emit_log(data: *const u8, len: usize, topics: usize);
        pub(super) fn evm_gas_left() -> u64;
        pub(super) fn msg_reentrant() -> u32;
        pub(super) fn msg_sender(sender: *mut u8);
        #[cfg(target_arch = "wasm32")]
        pub(super) fn msg_value(value: *mut u8);
        #[cfg(target_arch = "wasm32")]
        pub(super) fn pay_for_memory_grow(pages: u16);
        #[cfg(target_arch = "wasm32")]
        pub(super) fn read_args(dest: *mut u8);
        pub(super) fn read_return_data(dest: *mut u8, offset: usize, size: usize) -> usize;
        pub(super) fn static_call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(super) fn storage_cache_bytes32(key: *const u8, value: *const u8);
        pub(super) fn storage_flush_cache(clear: u32);
        pub(super) fn storage_load_bytes32(key: *const u8, dest: *mut u8);
        pub(super) fn transient_load_bytes32(key: *const u8, dest: *mut u8);
        pub(super) fn transient_store_bytes32(key: *const u8, value: *const u8);
        #[cfg(target_arch = "wasm32")]
        pub(super) fn write_result(data: *const u8, len: usize);
    }
}

/// A storage word, a topic or a word of the ABI: 32 bytes.
pub type Word = [u8; 32];

/// The calldata of this call, `len` bytes as announced to the entry point.
#[cfg(target_arch = "wasm32")]
pub(crate) fn read_args(len: usize) -> Vec<u8> {
    let mut input = Vec::with_capacity(len);
    // SAFETY: the buffer has room for `len` bytes, and the host writes exactly that many.
    unsafe {
        hostio::read_args(input.as_mut_ptr());
        input.set_len(len);
    }
    input
}

/// Hands `data` to the caller as return or revert data.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write_result(data: &[u8]) {
    // SAFETY: pointer and length are those of one live slice.
    unsafe { hostio::write_result(data.as_ptr(), data.len()) }
}

/// Names the host call that instrumentation inserts where memory grows: a program that
/// never imports it does not activate.
#[cfg(target_arch = "wasm32")]
pub(crate) fn import_memory_growth() {
    // SAFETY: paying for no page has no effect.
    unsafe { hostio::pay_for_memory_grow(0) }
}

/// Whether the engine is already running further up the call stack.
pub(crate) fn is_reentrant() -> bool {
    // SAFETY: takes and writes no memory.
    unsafe { hostio::msg_reentrant() != 0 }
}

/// Whether wei of the chain's own coin came with the call.
#[cfg(target_arch = "wasm32")]
pub(crate) fn carries_value() -> bool {
    let mut value = [0; 32];
    // SAFETY: the host writes 32 bytes, which is what the buffer holds.
    unsafe { hostio::msg_value(value.as_mut_ptr()) };
    value != [0; 32]
}

/// The storage word at `key`.
#[inline(never)]
pub(crate) fn load(key: &Word) -> Word {
    let mut word = [0; 32];
    // SAFETY: the host reads 32 bytes of the key and writes 32 bytes of the word.
    unsafe { hostio::storage_load_bytes32(key.as_ptr(), word.as_mut_ptr()) };
    word
}

/// Puts `word` at `key`; the host writes it out before calls and at the end.
#[inline(never)]
pub(crate) fn store(key: &Word, word: &Word) {
    // SAFETY: the host reads 32 bytes of each.
    unsafe { hostio::storage_cache_bytes32(key.as_ptr(), word.as_ptr()) }
}

/// Writes out what [`store`] has put aside.
pub(crate) fn flush() {
    // SAFETY: takes no memory.
    unsafe { hostio::storage_flush_cache(0) }
}

/// The word at `key` that lasts as long as the transaction (EIP-1153).
pub(crate) fn transient_load(key: &Word) -> Word {
    let mut word = [0; 32];
    // SAFETY: the host reads 32 bytes of the key and writes 32 bytes of the word.
    unsafe { hostio::transient_load_bytes32(key.as_ptr(), word.as_mut_ptr()) };
    word
}

/// Puts `word` at `key` until the transaction ends.
pub(crate) fn transient_store(key: &Word, word: &Word) {
    // SAFETY: the host reads 32 bytes of each.
    unsafe { hostio::transient_store_bytes32(key.as_ptr(), word.as_ptr()) }
}

/// The gas that is left for this call.
pub(crate) fn gas_left() -> u64 {
    // SAFETY: takes and writes no memory.
    unsafe { hostio::evm_gas_left() }
}

/// Emits a log whose first `topics` words are its topics.
pub(crate) fn log(data: &[u8], topics: usize) {
    // SAFETY: pointer and length are those of one live slice.
    unsafe { hostio::emit_log(data.as_ptr(), data.len(), topics) }
}

/// Who called the engine.
#[inline(never)]
pub(crate) fn sender() -> Address {
    let mut address = Address::ZERO;
    // SAFETY: the host writes 20 bytes, which is what an address holds.
    unsafe { hostio::msg_sender(address.as_mut_ptr()) };
    address
}

/// The engine's own address: the proxy's, as its programs run inside delegate calls.
#[inline(never)]
pub(crate) fn this() -> Address {
    let mut address = Address::ZERO;
    // SAFETY: the host writes 20 bytes, which is what an address holds.
    unsafe { hostio::contract_address(address.as_mut_ptr()) };
    address
}

/// The time of the block, in seconds since 1970.
pub(crate) fn now() -> u64 {
    // SAFETY: takes and writes no memory.
    unsafe { hostio::block_timestamp() }
}

/// Whether there is code at `address`.
pub(crate) fn has_code(address: &Address) -> bool {
    // SAFETY: the host reads 20 bytes, which is what an address holds.
    unsafe { hostio::account_code_size(address.as_ptr()) != 0 }
}

/// How another contract is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// With an effect.
    Call,
    /// Reading only.
    Static,
    /// Running the other's code as the engine.
    Delegate,
}

/// Calls `to` with all gas that may be passed on. `Ok` holds what it returned, `Err`
/// what it reverted with; of either at most `limit` bytes are copied.
///
/// Storage is flushed before, so that the callee sees the engine's state as it is.
pub fn call(kind: CallKind, to: &Address, input: &[u8], limit: usize) -> Result<Vec<u8>, Vec<u8>> {
    call_with(kind, to, input, u64::MAX, limit)
}

/// The same with `gas` gas, or what may be passed on if that is less.
#[inline(never)]
pub(crate) fn call_with(
    kind: CallKind,
    to: &Address,
    input: &[u8],
    gas: u64,
    limit: usize,
) -> Result<Vec<u8>, Vec<u8>> {
    let value = [0; 32];
    let (target, data, len) = (to.as_ptr(), input.as_ptr(), input.len());
    let mut returned = 0;
    // SAFETY: the host reads 20 bytes of the target, `len` bytes of the input and 32 bytes
    // of the value, and writes one length; nothing of the engine's storage is held in
    // memory across the call, as every access loads it anew.
    let status = unsafe {
        // A delegate may write, so what the host remembers of storage is dropped as well.
        hostio::storage_flush_cache((kind != CallKind::Static).into());
        match kind {
            CallKind::Call => {
                hostio::call_contract(target, data, len, value.as_ptr(), gas, &mut returned)
            }
            CallKind::Static => hostio::static_call_contract(target, data, len, gas, &mut returned),
            CallKind::Delegate => {
                hostio::delegate_call_contract(target, data, len, gas, &mut returned)
            }
        }
    };
    let size = returned.min(limit);
    let mut output = Vec::with_capacity(size);
    // SAFETY: the buffer has room for `size` bytes, and the host says how many it wrote.
    unsafe {
        let written = hostio::read_return_data(output.as_mut_ptr(), 0, size);
        output.set_len(written.min(size));
    }
    if status == 0 { Ok(output) } else { Err(output) }
}
