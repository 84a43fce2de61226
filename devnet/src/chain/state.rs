//! World state in persistent maps: cloning it is constant time, so every block
//! keeps the state it ended with and a snapshot costs nothing.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_trie::TrieAccount;
use imbl::{HashMap, HashSet};
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    primitives::AddressMap,
    state::{Account, AccountInfo},
};

use super::trie::Trie;

/// One account: what a header's state root would commit to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Balance in wei.
    pub balance: U256,
    /// Number of transactions sent, or of contracts created by a contract.
    pub nonce: u64,
    /// Keccak-256 of the code; that of the empty string for accounts without code.
    pub code_hash: B256,
    /// Storage slots that are not zero.
    pub storage: HashMap<U256, U256>,
}

impl Default for AccountState {
    fn default() -> Self {
        Self {
            balance: U256::ZERO,
            nonce: 0,
            code_hash: KECCAK256_EMPTY,
            storage: HashMap::new(),
        }
    }
}

impl AccountState {
    fn info(&self) -> AccountInfo {
        AccountInfo {
            balance: self.balance,
            nonce: self.nonce,
            code_hash: self.code_hash,
            ..AccountInfo::default()
        }
        .without_code()
    }
}

/// All accounts and all code.
#[derive(Clone, Debug, Default)]
pub struct State {
    accounts: HashMap<Address, AccountState>,
    codes: HashMap<B256, Bytecode>,
    /// What has changed since the tries were brought up to date.
    dirty: HashMap<Address, Dirty>,
    account_trie: Trie,
    storage_tries: HashMap<Address, Trie>,
}

/// Changes of an account that its tries have not seen.
#[derive(Clone, Debug, Default)]
struct Dirty {
    /// Whether all slots were dropped first.
    wiped: bool,
    slots: HashSet<U256>,
}

#[cfg(test)]
impl State {
    /// Whether a change of neither has yet parted them.
    pub(super) fn shares_all_with(&self, other: &Self) -> bool {
        self.accounts.ptr_eq(&other.accounts)
            && self.codes.ptr_eq(&other.codes)
            && self.dirty.ptr_eq(&other.dirty)
            && self.account_trie.shares_all_with(&other.account_trie)
            && self.storage_tries.ptr_eq(&other.storage_tries)
    }
}

impl State {
    /// The account at `address`, if it exists.
    #[must_use]
    pub fn account(&self, address: Address) -> Option<&AccountState> {
        self.accounts.get(&address)
    }

    /// All accounts, in no order.
    pub(super) fn accounts(&self) -> impl Iterator<Item = (&Address, &AccountState)> {
        self.accounts.iter()
    }

    /// The trie of all accounts, as of the last [`Self::root`].
    pub(super) fn account_trie(&self) -> &Trie {
        &self.account_trie
    }

    /// The trie of an account's storage, as of the last [`Self::root`].
    pub(super) fn storage_trie(&self, address: Address) -> Option<&Trie> {
        self.storage_tries.get(&address)
    }

    /// Balance in wei; zero for an account that does not exist.
    #[must_use]
    pub fn balance(&self, address: Address) -> U256 {
        self.account(address)
            .map(|account| account.balance)
            .unwrap_or_default()
    }

    /// Nonce; zero for an account that does not exist.
    #[must_use]
    pub fn nonce(&self, address: Address) -> u64 {
        self.account(address)
            .map(|account| account.nonce)
            .unwrap_or_default()
    }

    /// Code as it was deployed; empty for an account without code.
    #[must_use]
    pub fn code(&self, address: Address) -> Bytes {
        self.account(address)
            .and_then(|account| self.codes.get(&account.code_hash))
            .map(Bytecode::original_bytes)
            .unwrap_or_default()
    }

    /// Value of a storage slot.
    #[must_use]
    pub fn storage(&self, address: Address, slot: U256) -> U256 {
        self.account(address)
            .and_then(|account| account.storage.get(&slot).copied())
            .unwrap_or_default()
    }

    /// Sets a balance in wei.
    pub fn set_balance(&mut self, address: Address, balance: U256) {
        self.touch(address).balance = balance;
    }

    /// Sets a nonce.
    pub fn set_nonce(&mut self, address: Address, nonce: u64) {
        self.touch(address).nonce = nonce;
    }

    /// The account, made if need be, for a change other than of its storage.
    fn touch(&mut self, address: Address) -> &mut AccountState {
        self.dirty.entry(address).or_default();
        self.accounts.entry(address).or_default()
    }

    /// Drops all storage of an account.
    fn wipe_storage(&mut self, address: Address) {
        self.dirty.insert(
            address,
            Dirty {
                wiped: true,
                slots: HashSet::new(),
            },
        );
        self.accounts.entry(address).or_default().storage = HashMap::new();
    }

    /// Root of the state trie (Yellow Paper, section 4.1). Only what has changed since the
    /// last call is hashed.
    pub fn root(&mut self) -> B256 {
        for (address, dirty) in std::mem::take(&mut self.dirty) {
            let key = keccak256(address);
            let Some(account) = self.accounts.get(&address) else {
                self.account_trie.remove(key);
                self.storage_tries.remove(&address);
                continue;
            };
            let mut storage = match self.storage_tries.remove(&address) {
                Some(trie) if !dirty.wiped => trie,
                _ => Trie::default(),
            };
            for slot in dirty.slots {
                let key = keccak256(B256::from(slot));
                match account.storage.get(&slot) {
                    Some(value) => storage.insert(key, alloy_rlp::encode(value)),
                    None => storage.remove(key),
                }
            }
            let leaf = TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: storage.root(),
                code_hash: account.code_hash,
            };
            self.account_trie.insert(key, alloy_rlp::encode(leaf));
            if !account.storage.is_empty() {
                self.storage_tries.insert(address, storage);
            }
        }
        self.account_trie.root()
    }

    /// Replaces an account's code, as `anvil_setCode` does.
    pub fn set_code(&mut self, address: Address, code: Bytes) {
        let hash = if code.is_empty() {
            KECCAK256_EMPTY
        } else {
            keccak256(&code)
        };
        if !code.is_empty() {
            // A delegation designator must be read as one; any other bytes are plain
            // code, Stylus programs included.
            let bytecode = if code.starts_with(&[0xef, 0x01, 0x00]) && code.len() == 23 {
                Bytecode::new_raw_checked(code.clone())
                    .unwrap_or_else(|_| Bytecode::new_legacy(code))
            } else {
                Bytecode::new_legacy(code)
            };
            self.codes.insert(hash, bytecode);
        }
        self.touch(address).code_hash = hash;
    }

    /// Sets a storage slot; zero removes it.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.dirty.entry(address).or_default().slots.insert(slot);
        let storage = &mut self.accounts.entry(address).or_default().storage;
        if value.is_zero() {
            storage.remove(&slot);
        } else {
            storage.insert(slot, value);
        }
    }

    /// Replaces an account's whole storage, as the `state` override of `eth_call` does.
    pub fn replace_storage(
        &mut self,
        address: Address,
        slots: impl IntoIterator<Item = (U256, U256)>,
    ) {
        self.wipe_storage(address);
        for (slot, value) in slots {
            self.set_storage(address, slot, value);
        }
    }
}

impl Database for State {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.account(address).map(AccountState::info))
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.codes.get(&code_hash).cloned().unwrap_or_default())
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, Infallible> {
        Ok(State::storage(self, address, index))
    }

    /// The BLOCKHASH opcode counts in L1 blocks on Arbitrum (as NUMBER does) and gives a
    /// value that nobody should take for randomness. There is no L1 below this chain, so
    /// the value is derived from the number alone.
    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        let mut preimage = *b"arbius-devnet L1 block \0\0\0\0\0\0\0\0";
        preimage[23..].copy_from_slice(&number.to_be_bytes());
        Ok(keccak256(preimage))
    }
}

impl DatabaseCommit for State {
    fn commit(&mut self, changes: AddressMap<Account>) {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            // EIP-161: an account that is empty after a transaction touched it is gone, as
            // is one that destroyed itself in the transaction that created it (EIP-6780).
            if changed.is_selfdestructed() || changed.is_empty() {
                self.dirty.insert(
                    address,
                    Dirty {
                        wiped: true,
                        slots: HashSet::new(),
                    },
                );
                self.accounts.remove(&address);
                continue;
            }
            if let Some(code) = &changed.info.code
                && !code.is_empty()
            {
                self.codes.insert(changed.info.code_hash, code.clone());
            }
            if changed.is_created() {
                self.wipe_storage(address);
            }
            let account = self.touch(address);
            account.balance = changed.info.balance;
            account.nonce = changed.info.nonce;
            account.code_hash = changed.info.code_hash;
            for (slot, value) in changed.changed_storage_slots() {
                self.set_storage(address, *slot, value.present_value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root computed from all accounts at once.
    fn expected(state: &State) -> B256 {
        let accounts = state.accounts.iter().map(|(address, account)| {
            let slots = account
                .storage
                .iter()
                .map(|(slot, value)| (B256::from(*slot), *value));
            let leaf = TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: alloy_trie::root::storage_root_unhashed(slots),
                code_hash: account.code_hash,
            };
            (*address, leaf)
        });
        alloy_trie::root::state_root_unhashed(accounts)
    }

    #[test]
    fn the_root_follows_every_change() {
        let (one, two) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let mut state = State::default();
        let check = |state: &mut State| assert_eq!(state.root(), expected(state));
        check(&mut state);
        state.set_balance(one, U256::from(5));
        state.set_code(two, Bytes::from_static(&[1, 2, 3]));
        check(&mut state);
        for slot in 0..50u64 {
            state.set_storage(two, U256::from(slot), U256::from(slot * slot));
        }
        check(&mut state);
        let before = state.clone();
        for slot in 0..50u64 {
            state.set_storage(two, U256::from(slot), U256::ZERO);
        }
        state.set_nonce(one, 9);
        check(&mut state);
        let mut past = before;
        check(&mut past);
        past.replace_storage(two, [(U256::from(3), U256::from(4))]);
        check(&mut past);
        past.set_storage(two, U256::from(3), U256::ZERO);
        past.replace_storage(two, []);
        check(&mut past);
    }
}
