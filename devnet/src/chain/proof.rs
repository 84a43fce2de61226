//! Merkle proofs of accounts and slots (EIP-1186).

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};

use super::{State, trie::Trie};

/// What an account holds, with the trie nodes that prove it against a state root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountProof {
    /// Root of the state trie.
    pub state_root: B256,
    /// Nodes from the state root to the account, or to where it would be.
    pub proof: Vec<Bytes>,
    /// Root of the account's storage.
    pub storage_root: B256,
    /// One for each slot asked for.
    pub slots: Vec<SlotProof>,
}

/// What a slot holds, with the trie nodes that prove it against the account's storage root.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotProof {
    /// Value; zero for a slot that is not there.
    pub value: U256,
    /// Nodes from the storage root to the slot, or to where it would be.
    pub proof: Vec<Bytes>,
}

impl State {
    /// Proves what an account and some of its slots hold, or that they do not exist.
    pub fn prove(&mut self, address: Address, slots: &[U256]) -> AccountProof {
        let state_root = self.root();
        let storage = self.storage_trie(address).cloned().unwrap_or_default();
        AccountProof {
            state_root,
            proof: path(self.account_trie(), keccak256(address)),
            storage_root: storage.root(),
            slots: slots
                .iter()
                .map(|slot| SlotProof {
                    value: self.storage(address, *slot),
                    proof: path(&storage, keccak256(B256::from(*slot))),
                })
                .collect(),
        }
    }
}

fn path(trie: &Trie, key: B256) -> Vec<Bytes> {
    trie.path(key).into_iter().map(Bytes::from).collect()
}
