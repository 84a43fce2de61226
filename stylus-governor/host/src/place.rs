//! Where entries of mappings lie in storage.

use alloy_primitives::B256;

use crate::hooks::keccak_words;

/// The place of `key` in the mapping at `slot`, where Solidity would put it:
/// `keccak256(key ‖ slot)`.
#[inline(never)]
#[must_use]
pub fn entry(key: &B256, slot: &B256) -> B256 {
    keccak_words(&[*key, *slot])
}
