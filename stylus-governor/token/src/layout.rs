//! Where the token keeps things in the proxy's storage.
//!
//! Slots and keys are those that Solidity would use, so that its tools can read them.
//! The next 46 slots are left free for what ERC-20 may still need; votes, permits and the
//! bridge keep theirs in namespaces of their own (ERC-7201).

use alloy_primitives::{Address, B256};
use arbius_host as host;

/// `mapping(address => uint256)` of balances.
const BALANCES: B256 = slot(0);

/// `mapping(address => mapping(address => uint256))` of allowances, by owner and spender.
const ALLOWANCES: B256 = slot(1);

/// The supply.
pub const TOTAL_SUPPLY: B256 = slot(2);

/// The version of this layout that the storage was initialised to; 0 before.
pub const VERSION: B256 = slot(3);

/// Where the balance of `account` lies.
#[must_use]
pub fn balance(account: Address) -> B256 {
    entry(account, &BALANCES)
}

/// Where lies what `spender` may spend of `owner`'s.
#[must_use]
pub fn allowance(owner: Address, spender: Address) -> B256 {
    entry(spender, &entry(owner, &ALLOWANCES))
}

/// Slot `index`, for up to 256 of them.
const fn slot(index: u8) -> B256 {
    B256::with_last_byte(index)
}

/// The place of `key` in the mapping at `slot`: `keccak256(key ‖ slot)`.
fn entry(key: Address, slot: &B256) -> B256 {
    let mut place = [0; 64];
    let (head, tail) = place.split_at_mut(32);
    head.copy_from_slice(key.into_word().as_slice());
    tail.copy_from_slice(slot.as_slice());
    host::keccak(&place)
}
