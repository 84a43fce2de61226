//! The host's functions that the proxy uses, each behind a safe wrapper, and its memory.
//!
//! Shapes and prices: the Stylus `vm_hooks` module (ArbOS `user-host-trait`).

use core::arch::wasm32::{memory_grow, memory_size};

use alloy_primitives::{Address, B256};

/// Bytes in a page of WASM memory.
const PAGE: usize = 1 << 16;

mod imports {
    #[link(wasm_import_module = "vm_hooks")]
    unsafe extern "C" {
        pub(super) fn account_code_size(address: *const u8) -> usize;
        pub(super) fn delegate_call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(super) fn emit_log(data: *const u8, len: usize, topics: usize);
        pub(super) fn msg_sender(sender: *mut u8);
        pub(super) fn msg_value(value: *mut u8);
        pub(super) fn pay_for_memory_grow(pages: u16);
        pub(super) fn read_args(dest: *mut u8);
        pub(super) fn read_return_data(dest: *mut u8, offset: usize, size: usize) -> usize;
        pub(super) fn storage_cache_bytes32(key: *const u8, value: *const u8);
        pub(super) fn storage_flush_cache(clear: bool);
        pub(super) fn storage_load_bytes32(key: *const u8, dest: *mut u8);
        pub(super) fn write_result(data: *const u8, len: usize);
    }
}

unsafe extern "C" {
    /// Where the linker's own data ends and free memory begins.
    static __heap_base: u8;
}

/// The free memory of the program, as one buffer that each use takes anew.
pub(crate) struct Scratch(());

impl Scratch {
    /// Takes the free memory.
    ///
    /// # Safety
    ///
    /// Nothing else may use the memory from `__heap_base` on: at most one `Scratch`
    /// exists at a time, and the program has no allocator.
    pub(crate) const unsafe fn new() -> Self {
        Self(())
    }

    /// The first `len` bytes, with whatever they held before. `None` if the memory
    /// cannot grow that far.
    fn take(&mut self, len: usize) -> Option<&mut [u8]> {
        let start = &raw const __heap_base as usize;
        let end = start.checked_add(len)?;
        let have = memory_size::<0>() * PAGE;
        if end > have && memory_grow::<0>((end - have).div_ceil(PAGE)) == usize::MAX {
            return None;
        }
        // SAFETY: the range lies in the memory, above all that the linker placed, and
        // `&mut self` makes it exclusive for as long as the slice lives (see `new`).
        // Any byte pattern is a valid `u8`, and WASM memory is never uninitialised.
        Some(unsafe { core::slice::from_raw_parts_mut(start as *mut u8, len) })
    }

    /// The calldata, `len` bytes as the host announced them.
    pub(crate) fn calldata(&mut self, len: usize) -> Option<&[u8]> {
        let buffer = self.take(len)?;
        // SAFETY: the host writes exactly the `len` bytes that it announced.
        unsafe { imports::read_args(buffer.as_mut_ptr()) };
        Some(buffer)
    }

    /// What the last call returned, `len` bytes as it announced them.
    pub(crate) fn returned(&mut self, len: usize) -> Option<&[u8]> {
        let buffer = self.take(len)?;
        // SAFETY: the host writes at most `len` bytes.
        unsafe { imports::read_return_data(buffer.as_mut_ptr(), 0, len) };
        Some(buffer)
    }
}

/// Makes the module import the function that pays for memory, without which a program
/// that can grow its memory is not activated. Growing by nothing costs under 1 gas.
pub(crate) fn import_memory_payment() {
    // SAFETY: takes no pointer.
    unsafe { imports::pay_for_memory_grow(0) };
}

/// Bytes of code at `address`.
pub(crate) fn code_size(address: &Address) -> usize {
    // SAFETY: the host reads 20 bytes.
    unsafe { imports::account_code_size(address.as_ptr()) }
}

/// Delegates `calldata` to `contract` with all gas that can be given. Returns whether it
/// succeeded and how many bytes it returned.
pub(crate) fn delegate_call(contract: &Address, calldata: &[u8]) -> (bool, usize) {
    let mut returned = 0;
    // SAFETY: the host reads 20 bytes and the calldata, and writes one `usize`.
    let status = unsafe {
        imports::delegate_call_contract(
            contract.as_ptr(),
            calldata.as_ptr(),
            calldata.len(),
            u64::MAX,
            &raw mut returned,
        )
    };
    (status == 0, returned)
}

/// Emits `log`: its topics, 32 bytes each, then its data.
pub(crate) fn emit(log: &[u8], topics: usize) {
    // SAFETY: the host reads the slice.
    unsafe { imports::emit_log(log.as_ptr(), log.len(), topics) };
}

/// Who called.
pub(crate) fn sender() -> Address {
    let mut sender = Address::ZERO;
    // SAFETY: the host writes 20 bytes.
    unsafe { imports::msg_sender(sender.as_mut_ptr()) };
    sender
}

/// Whether the call came with value.
pub(crate) fn has_value() -> bool {
    let mut value = B256::ZERO;
    // SAFETY: the host writes 32 bytes.
    unsafe { imports::msg_value(value.as_mut_ptr()) };
    value != B256::ZERO
}

/// The word in a storage slot.
pub(crate) fn load(slot: &B256) -> B256 {
    let mut word = B256::ZERO;
    // SAFETY: the host reads 32 bytes and writes 32.
    unsafe { imports::storage_load_bytes32(slot.as_ptr(), word.as_mut_ptr()) };
    word
}

/// Puts a word into a storage slot, at once: a call that follows sees it.
pub(crate) fn store(slot: &B256, word: &B256) {
    // SAFETY: the host reads 32 bytes twice.
    unsafe {
        imports::storage_cache_bytes32(slot.as_ptr(), word.as_ptr());
        imports::storage_flush_cache(false);
    }
}

/// Sets what the call returns, or reverts with.
pub(crate) fn write_result(data: &[u8]) {
    // SAFETY: the host reads the slice.
    unsafe { imports::write_result(data.as_ptr(), data.len()) };
}
