//! World state in persistent maps: cloning it is constant time, so every block
//! keeps the state it ended with and a snapshot costs nothing.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use imbl::HashMap;
use revm::{
    Database, DatabaseCommit,
    bytecode::Bytecode,
    primitives::AddressMap,
    state::{Account, AccountInfo},
};

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
}

impl State {
    /// The account at `address`, if it exists.
    #[must_use]
    pub fn account(&self, address: Address) -> Option<&AccountState> {
        self.accounts.get(&address)
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

    /// Changes an account in place, creating it if need be.
    pub fn update(&mut self, address: Address, change: impl FnOnce(&mut AccountState)) {
        change(self.accounts.entry(address).or_default());
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
        self.update(address, |account| account.code_hash = hash);
    }

    /// Sets a storage slot; zero removes it.
    pub fn set_storage(&mut self, address: Address, slot: U256, value: U256) {
        self.update(address, |account| {
            if value.is_zero() {
                account.storage.remove(&slot);
            } else {
                account.storage.insert(slot, value);
            }
        });
    }

    /// Replaces an account's whole storage, as the `state` override of `eth_call` does.
    pub fn replace_storage(
        &mut self,
        address: Address,
        slots: impl IntoIterator<Item = (U256, U256)>,
    ) {
        self.update(address, |account| account.storage = HashMap::new());
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
                self.accounts.remove(&address);
                continue;
            }
            if let Some(code) = &changed.info.code
                && !code.is_empty()
            {
                self.codes.insert(changed.info.code_hash, code.clone());
            }
            let created = changed.is_created();
            self.update(address, |account| {
                if created {
                    account.storage = HashMap::new();
                }
                account.balance = changed.info.balance;
                account.nonce = changed.info.nonce;
                account.code_hash = changed.info.code_hash;
                for (slot, value) in changed.changed_storage_slots() {
                    if value.present_value.is_zero() {
                        account.storage.remove(slot);
                    } else {
                        account.storage.insert(*slot, value.present_value);
                    }
                }
            });
        }
    }
}
