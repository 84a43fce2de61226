//! Where the token keeps things in the proxy's storage.
//!
//! Slots and keys are those that Solidity would use, so that its tools can read them.
//! The next 46 slots are left free for what ERC-20 may still need; votes, permits and the
//! bridge keep theirs in namespaces of their own (ERC-7201).

use alloy_primitives::B256;
use arbius_host::{self as host, word};

/// `mapping(address => uint256)` of balances.
const BALANCES: B256 = B256::ZERO;

/// `mapping(address => mapping(address => uint256))` of allowances, by owner and spender.
const ALLOWANCES: B256 = B256::with_last_byte(1);

/// The supply.
pub const TOTAL_SUPPLY: B256 = B256::with_last_byte(2);

/// The version of this layout that the storage was initialised to; 0 before.
pub const VERSION: B256 = B256::with_last_byte(3);

/// Where the balance of `account` lies.
#[must_use]
pub fn balance(account: &B256) -> B256 {
    entry(account, &word!(BALANCES))
}

/// Where lies what `spender` may spend of `owner`'s.
#[must_use]
pub fn allowance(owner: &B256, spender: &B256) -> B256 {
    entry(spender, &entry(owner, &word!(ALLOWANCES)))
}

/// The place of `key` in the mapping at `slot`: `keccak256(key ‖ slot)`.
#[inline(never)]
fn entry(key: &B256, slot: &B256) -> B256 {
    let place = [key.0, slot.0];
    host::keccak(place.as_flattened())
}
