//! Where the token keeps things in the proxy's storage.
//!
//! Slots and keys are those that Solidity would use, so that its tools can read them. The
//! next 46 slots after those of ERC-20 are left free for what that may still need; votes,
//! signatures and the bridge keep theirs in namespaces of their own (ERC-7201).

use alloy_primitives::{B256, b256};
use arbius_host::{entry, word};

/// `mapping(address => Account)`: what an account holds and whom it delegates to, in one
/// word (see [`crate::account`]). For whoever delegates to nobody that word is the balance.
const ACCOUNTS: B256 = B256::ZERO;

/// `mapping(address => mapping(address => uint256))` of allowances, by owner and spender.
const ALLOWANCES: B256 = B256::with_last_byte(1);

/// The supply.
pub const TOTAL_SUPPLY: B256 = B256::with_last_byte(2);

/// The version of this layout that the storage was initialised to; 0 before.
pub const VERSION: B256 = B256::with_last_byte(3);

/// `mapping(address => History)` of votes, by delegate (see [`crate::history`]): the
/// namespace `arbius.storage.votes`.
const VOTES: B256 = b256!("d51f4c1f16a53c51aebe3509db7b667a7d60100e827ed75375cbbafd09499400");

/// The history of the supply, in the same namespace.
pub const SUPPLY_HISTORY: B256 =
    b256!("d51f4c1f16a53c51aebe3509db7b667a7d60100e827ed75375cbbafd09499401");

/// `mapping(address => uint256)` of the numbers that the next signatures carry: the
/// namespace `arbius.storage.signatures`.
const NONCES: B256 = b256!("435124f9bc35135cebff14ca65054e6da9712960022e2dd0e8c503842682f400");

/// The gateway on this chain: the namespace `arbius.storage.bridge`.
pub const GATEWAY: B256 = b256!("d3468c1d7113e8786ac7a4f45a7c74863f721c5c1afbf4c73a1bb2edff5ed900");

/// The token on the parent chain, in the same namespace.
pub const L1_ADDRESS: B256 =
    b256!("d3468c1d7113e8786ac7a4f45a7c74863f721c5c1afbf4c73a1bb2edff5ed901");

/// Where balance and delegate of `account` lie.
#[must_use]
pub fn account(account: &B256) -> B256 {
    entry(account, &word!(ACCOUNTS))
}

/// Where lies what `spender` may spend of `owner`'s.
#[must_use]
pub fn allowance(owner: &B256, spender: &B256) -> B256 {
    entry(spender, &entry(owner, &word!(ALLOWANCES)))
}

/// Where the history of the votes of `delegate` lies.
#[must_use]
pub fn votes(delegate: &B256) -> B256 {
    entry(delegate, &word!(VOTES))
}

/// Where lies the number that the next signature of `account` carries.
#[must_use]
pub fn nonce(account: &B256) -> B256 {
    entry(account, &word!(NONCES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{U256, keccak256};

    /// The first slot of a namespace (ERC-7201).
    fn namespace(id: &str) -> U256 {
        let inner = U256::from_be_bytes(keccak256(id).0) - U256::from(1);
        U256::from_be_bytes(keccak256(inner.to_be_bytes::<32>()).0) & !U256::from(0xff)
    }

    #[test]
    fn namespaces_are_those_of_their_names() {
        for (id, slots) in [
            ("arbius.storage.votes", &[VOTES, SUPPLY_HISTORY][..]),
            ("arbius.storage.signatures", &[NONCES]),
            ("arbius.storage.bridge", &[GATEWAY, L1_ADDRESS]),
        ] {
            for (offset, slot) in slots.iter().enumerate() {
                let expected = namespace(id) + U256::from(offset);
                assert_eq!(U256::from_be_bytes(slot.0), expected, "{id}");
            }
        }
    }
}
