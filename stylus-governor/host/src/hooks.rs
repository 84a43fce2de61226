//! One wrapper for each function of the host that the contracts use.

use alloy_primitives::{Address, B256};

pub(crate) mod imports {
    //! The functions as the host declares them.

    #[cfg_attr(target_arch = "wasm32", link(wasm_import_module = "vm_hooks"))]
    unsafe extern "C" {
        pub(crate) fn account_code(
            address: *const u8,
            offset: usize,
            size: usize,
            dest: *mut u8,
        ) -> usize;
        pub(crate) fn account_code_size(address: *const u8) -> usize;
        pub(crate) fn block_timestamp() -> u64;
        pub(crate) fn call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            value: *const u8,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(crate) fn chainid() -> u64;
        pub(crate) fn contract_address(address: *mut u8);
        pub(crate) fn create1(
            code: *const u8,
            code_len: usize,
            endowment: *const u8,
            contract: *mut u8,
            revert_data_len: *mut usize,
        );
        pub(crate) fn delegate_call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(crate) fn emit_log(data: *const u8, len: usize, topics: usize);
        pub(crate) fn msg_sender(sender: *mut u8);
        pub(crate) fn msg_value(value: *mut u8);
        pub(crate) fn native_keccak256(bytes: *const u8, len: usize, output: *mut u8);
        pub(crate) fn pay_for_memory_grow(pages: u16);
        pub(crate) fn read_args(dest: *mut u8);
        pub(crate) fn read_return_data(dest: *mut u8, offset: usize, size: usize) -> usize;
        pub(crate) fn static_call_contract(
            contract: *const u8,
            calldata: *const u8,
            calldata_len: usize,
            gas: u64,
            return_data_len: *mut usize,
        ) -> u8;
        pub(crate) fn storage_cache_bytes32(key: *const u8, value: *const u8);
        pub(crate) fn storage_flush_cache(clear: bool);
        pub(crate) fn storage_load_bytes32(key: *const u8, dest: *mut u8);
        pub(crate) fn write_result(data: *const u8, len: usize);
    }
}

/// Makes the module import the function that pays for memory, without which a program
/// that can grow its memory is not activated. Growing by nothing costs under 1 gas.
pub fn import_memory_payment() {
    // SAFETY: takes no pointer.
    unsafe { imports::pay_for_memory_grow(0) };
}

/// The calldata, into a buffer of the length that the host announced to the entry point.
pub fn read_calldata(buffer: &mut [u8], len: usize) {
    assert!(buffer.len() >= len);
    // SAFETY: the host writes exactly the `len` bytes that it announced, and there is room.
    unsafe { imports::read_args(buffer.as_mut_ptr()) };
}

/// What the last call returned, as much of it as `buffer` takes; how much that is.
pub fn read_returned(buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most as many bytes as the buffer has.
    unsafe { imports::read_return_data(buffer.as_mut_ptr(), 0, buffer.len()) }
}

/// The time of the block, in seconds since 1970.
#[must_use]
pub fn timestamp() -> u64 {
    // SAFETY: takes no pointer.
    unsafe { imports::block_timestamp() }
}

/// The chain's identifier.
#[must_use]
pub fn chain_id() -> u64 {
    // SAFETY: takes no pointer.
    unsafe { imports::chainid() }
}

/// The code of an account from byte `offset` on, as much of it as `buffer` takes; how much
/// that is.
pub fn code(address: &Address, offset: usize, buffer: &mut [u8]) -> usize {
    // SAFETY: the host reads 20 bytes and writes at most as many as the buffer has.
    unsafe { imports::account_code(address.as_ptr(), offset, buffer.len(), buffer.as_mut_ptr()) }
}

/// Creates an account by running `init_code`; nothing if that fails.
#[must_use]
pub fn create(init_code: &[u8]) -> Option<Address> {
    let mut address = Address::ZERO;
    let mut returned = 0;
    // SAFETY: the host reads the code and 32 bytes, and writes 20 bytes and one `usize`.
    unsafe {
        imports::create1(
            init_code.as_ptr(),
            init_code.len(),
            B256::ZERO.as_ptr(),
            address.as_mut_ptr(),
            &raw mut returned,
        );
    }
    (address != Address::ZERO).then_some(address)
}

/// Calls `contract` with `value` wei and all gas that can be given. Returns whether it
/// succeeded and how many bytes it returned.
///
/// What was [`cache`]d is written out before, and what was read is read anew afterwards:
/// the other may call back.
#[inline(never)]
#[must_use]
pub fn call(contract: &Address, calldata: &[u8], value: &B256) -> (bool, usize) {
    let mut returned = 0;
    // SAFETY: the host reads 20 bytes, the calldata and 32 bytes, and writes one `usize`.
    let status = unsafe {
        imports::storage_flush_cache(true);
        imports::call_contract(
            contract.as_ptr(),
            calldata.as_ptr(),
            calldata.len(),
            value.as_ptr(),
            u64::MAX,
            &raw mut returned,
        )
    };
    (status == 0, returned)
}

/// Asks `contract`, which can change nothing, with all gas that can be given. Returns
/// whether it succeeded and how many bytes it returned. What was [`cache`]d is written out
/// before.
#[inline(never)]
#[must_use]
pub fn static_call(contract: &Address, calldata: &[u8]) -> (bool, usize) {
    let mut returned = 0;
    // SAFETY: the host reads 20 bytes and the calldata, and writes one `usize`.
    let status = unsafe {
        imports::storage_flush_cache(false);
        imports::static_call_contract(
            contract.as_ptr(),
            calldata.as_ptr(),
            calldata.len(),
            u64::MAX,
            &raw mut returned,
        )
    };
    (status == 0, returned)
}

/// Bytes of code at `address`.
#[must_use]
pub fn code_size(address: &Address) -> usize {
    // SAFETY: the host reads 20 bytes.
    unsafe { imports::account_code_size(address.as_ptr()) }
}

/// The address that the program runs as, in the low bytes of a word: a proxy's, when that
/// delegated to it.
#[must_use]
pub fn contract_address() -> B256 {
    let mut word = B256::ZERO;
    // SAFETY: the host writes 20 bytes, the last of the word.
    unsafe { imports::contract_address(low_bytes(&mut word)) };
    word
}

/// Delegates `calldata` to `contract` with all gas that can be given. Returns whether it
/// succeeded and how many bytes it returned.
///
/// Words that were only [`cache`]d must be [`flush`]ed before: the other program has a
/// cache of its own.
#[must_use]
pub fn delegate_call(contract: &Address, calldata: &[u8]) -> (bool, usize) {
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

/// Emits a log of `words`, of which the first `topics` are its topics.
pub fn emit(words: &[B256], topics: usize) {
    // SAFETY: `B256` is 32 bytes and nothing else, so the slice is that many times 32
    // bytes without gaps, which the host reads.
    unsafe { imports::emit_log(words.as_ptr().cast(), size_of_val(words), topics) };
}

/// Emits a log of `data`, whose first words are its `topics` topics.
pub fn log(data: &[u8], topics: usize) {
    // SAFETY: the host reads the slice.
    unsafe { imports::emit_log(data.as_ptr(), data.len(), topics) };
}

/// Who called, in the low bytes of a word.
#[must_use]
pub fn sender() -> B256 {
    let mut word = B256::ZERO;
    // SAFETY: the host writes 20 bytes, the last of the word.
    unsafe { imports::msg_sender(low_bytes(&mut word)) };
    word
}

/// The last 20 bytes of a word, where an address lies.
fn low_bytes(word: &mut B256) -> *mut u8 {
    word.0[12..].as_mut_ptr()
}

/// Whether the call came with value.
#[must_use]
pub fn has_value() -> bool {
    value() != B256::ZERO
}

/// The wei that came with the call.
#[must_use]
pub fn value() -> B256 {
    let mut value = B256::ZERO;
    // SAFETY: the host writes 32 bytes.
    unsafe { imports::msg_value(value.as_mut_ptr()) };
    value
}

/// Keccak-256 of `data`.
#[must_use]
pub fn keccak(data: &[u8]) -> B256 {
    let mut hash = B256::ZERO;
    // SAFETY: the host reads the slice and writes 32 bytes.
    unsafe { imports::native_keccak256(data.as_ptr(), data.len(), hash.as_mut_ptr()) };
    hash
}

/// Keccak-256 of `words`, one after the other.
#[must_use]
pub fn keccak_words(words: &[B256]) -> B256 {
    let mut hash = B256::ZERO;
    // SAFETY: `B256` is 32 bytes and nothing else, so the slice is that many times 32
    // bytes without gaps, which the host reads; it writes 32 bytes.
    unsafe {
        imports::native_keccak256(words.as_ptr().cast(), size_of_val(words), hash.as_mut_ptr());
    }
    hash
}

/// The word in a storage slot.
#[must_use]
pub fn load(slot: &B256) -> B256 {
    let mut word = B256::ZERO;
    // SAFETY: the host reads 32 bytes and writes 32.
    unsafe { imports::storage_load_bytes32(slot.as_ptr(), word.as_mut_ptr()) };
    word
}

/// Puts a word into a storage slot, for [`flush`] to write out.
pub fn cache(slot: &B256, word: &B256) {
    // SAFETY: the host reads 32 bytes twice.
    unsafe { imports::storage_cache_bytes32(slot.as_ptr(), word.as_ptr()) };
}

/// Writes out what was [`cache`]d: before another contract is called, and at the end.
pub fn flush() {
    // SAFETY: takes no pointer.
    unsafe { imports::storage_flush_cache(false) };
}

/// Sets what the call returns: `words`, one after the other.
pub fn write_words(words: &[B256]) {
    // SAFETY: as in `emit`.
    unsafe { imports::write_result(words.as_ptr().cast(), size_of_val(words)) };
}

/// Sets what the call returns, or reverts with.
pub fn write_result(data: &[u8]) {
    // SAFETY: the host reads the slice.
    unsafe { imports::write_result(data.as_ptr(), data.len()) };
}
