//! A chain as bytes, and as a file.
//!
//! The bytes are a mark, the format's version, a sequence of RLP items, and a checksum of
//! all that (Keccak-256). They hold the chain as a snapshot does, with the latest state
//! alone: blocks, transactions, receipts, accounts, code, storage (and with it activations
//! and the cache), what waits, the clock, and the keys of accounts that are known. Not
//! snapshots, states of earlier blocks, impersonated accounts, nor the mining mode.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    path::Path,
    sync::Arc,
};

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, U256, keccak256};
use alloy_rlp::{Decodable, Encodable};

use super::{Block, Chain, Receipt, State, Transaction, clock::Clock, ledger::Ledger, pool::Pool};
use crate::{accounts::DevAccount, evm::BlockTerms};

const MARK: &[u8] = b"arbius-devnet state\n";
const VERSION: u32 = 1;
/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 30;
/// Most bytes that may be attached to a chain.
const MAX_ATTACHMENT: usize = 1 << 20;

/// Why bytes are no chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Other bytes than a saved chain's.
    #[error("this is no saved state of arbius-devnet (Anvil's and other tools' are not read)")]
    NotAState,
    /// Written by a later version of this crate.
    #[error(
        "the state has format {given}, this version reads {VERSION}: use a newer arbius-devnet"
    )]
    Newer {
        /// Format of the state.
        given: u32,
    },
    /// Cut off, or changed.
    #[error("the state is damaged: {0}: take it from a copy, or begin anew without it")]
    Damaged(String),
}

/// Why a chain could not be saved to a file or read from it.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file holds no chain.
    #[error("{path}: {source}")]
    State {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: StateError,
    },
    /// The file is larger than any that this crate writes.
    #[error("{path} has {size} bytes, more than {MAX_FILE}: it is no saved state")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        size: u64,
    },
}

/// More than may be attached to a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} bytes are too many to attach: at most {MAX_ATTACHMENT}")]
pub struct AttachmentTooLarge(usize);

/// Saving and loading.
impl Chain {
    /// The chain as bytes, for [`Self::load_state`].
    #[must_use]
    pub fn dump_state(&self) -> Vec<u8> {
        let (ledger, accounts) = {
            let node = self.node();
            (node.ledger.clone(), node.accounts().to_vec())
        };
        write(&ledger, &accounts)
    }

    /// Goes on from a chain that was dumped, in the place of this one.
    ///
    /// # Errors
    ///
    /// [`StateError`]; nothing has changed then.
    pub fn load_state(&self, bytes: &[u8]) -> Result<(), StateError> {
        let history = self.node().ledger.history();
        let (ledger, accounts) = read(bytes, history)?;
        self.change().load(ledger, accounts);
        Ok(())
    }

    /// Writes the chain to a file: whole, or not at all.
    ///
    /// # Errors
    ///
    /// [`StateFileError::Write`].
    pub fn save_state(&self, path: &Path) -> Result<(), StateFileError> {
        replace(path, &self.dump_state()).map_err(|source| StateFileError::Write {
            path: path.display().to_string(),
            source,
        })
    }

    /// Goes on from a chain that was saved, in the place of this one.
    ///
    /// # Errors
    ///
    /// [`StateFileError`]; nothing has changed then.
    pub fn load_state_file(&self, path: &Path) -> Result<(), StateFileError> {
        let name = || path.display().to_string();
        let read = |source| StateFileError::Read {
            path: name(),
            source,
        };
        let file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        if size > MAX_FILE {
            return Err(StateFileError::TooLarge { path: name(), size });
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes).map_err(read)?;
        self.load_state(&bytes)
            .map_err(|source| StateFileError::State {
                path: name(),
                source,
            })
    }

    /// What was attached to the chain; nothing at first.
    #[must_use]
    pub fn attachment(&self) -> Bytes {
        self.node().ledger.attachment.clone()
    }

    /// Keeps some bytes with the chain, in snapshots and saved states too. They mean nothing
    /// to it: whoever deploys contracts may write down where.
    ///
    /// # Errors
    ///
    /// [`AttachmentTooLarge`] above one MiB.
    pub fn attach(&self, bytes: Bytes) -> Result<(), AttachmentTooLarge> {
        if bytes.len() > MAX_ATTACHMENT {
            return Err(AttachmentTooLarge(bytes.len()));
        }
        self.change().ledger.attachment = bytes;
        Ok(())
    }
}

/// Writes a file beside the old one and then puts it in its place.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = folder.join(name);
    let written = File::create(&new)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed either changes nothing.
        let _ = fs::remove_file(&new);
    }
    written?;
    // So that the new name outlives a crash of the machine. Windows has no such thing.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

// --- writing ---

fn write(ledger: &Ledger, accounts: &[DevAccount]) -> Vec<u8> {
    let mut out = MARK.to_vec();
    out.extend(VERSION.to_be_bytes());
    let to = &mut out;
    ledger.chain_id.encode(to);
    let BlockTerms {
        base_fee,
        gas_limit,
        beneficiary,
    } = ledger.terms;
    base_fee.encode(to);
    gas_limit.encode(to);
    beneficiary.encode(to);
    let Clock {
        offset,
        next,
        interval,
    } = ledger.clock;
    offset.cast_unsigned().encode(to);
    write_all(to, next.iter(), |next, to| next.encode(to));
    write_all(to, interval.iter(), |interval, to| interval.encode(to));
    ledger.attachment.encode(to);
    write_all(to, accounts.iter(), |account, to| account.key.encode(to));
    write_state(to, ledger.state());
    write_all(to, ledger.blocks(), |block, to| write_block(to, block));
    let waiting: Vec<_> = ledger.pool.iter().collect();
    write_all(to, waiting.into_iter(), |waiting, to| {
        write_transaction(to, waiting)
    });
    let checksum = keccak256(&out);
    out.extend(checksum);
    out
}

/// How many, and each.
fn write_all<T>(
    to: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = T>,
    mut write: impl FnMut(T, &mut Vec<u8>),
) {
    (items.len() as u64).encode(to);
    for item in items {
        write(item, to);
    }
}

fn write_state(to: &mut Vec<u8>, state: &State) {
    // In an order of their own, so that equal states are equal bytes.
    let mut accounts: Vec<_> = state.accounts().collect();
    accounts.sort_unstable_by_key(|(address, _)| **address);
    let mut codes: Vec<_> = accounts
        .iter()
        .filter(|(_, account)| account.code_hash != KECCAK256_EMPTY)
        .map(|(address, account)| (account.code_hash, **address))
        .collect();
    codes.sort_unstable();
    codes.dedup_by_key(|(hash, _)| *hash);
    write_all(to, codes.iter(), |(_, address), to| {
        state.code(*address).encode(to);
    });
    write_all(to, accounts.iter(), |(address, account), to| {
        address.encode(to);
        account.balance.encode(to);
        account.nonce.encode(to);
        account.code_hash.encode(to);
        let mut slots: Vec<_> = account.storage.iter().collect();
        slots.sort_unstable();
        write_all(to, slots.into_iter(), |(slot, value), to| {
            slot.encode(to);
            value.encode(to);
        });
    });
}

fn write_block(to: &mut Vec<u8>, block: &Block) {
    block.header.encode(to);
    let both = block.transactions.iter().zip(&block.receipts);
    write_all(to, both, |(transaction, receipt), to| {
        write_transaction(to, transaction);
        write_receipt(to, receipt);
    });
}

fn write_transaction(to: &mut Vec<u8>, transaction: &Transaction) {
    transaction.from().encode(to);
    Bytes::from(transaction.encoded()).encode(to);
}

/// Without what follows from the receipts before it.
fn write_receipt(to: &mut Vec<u8>, receipt: &Receipt) {
    let Receipt {
        success,
        reverted,
        gas_used,
        gas_used_for_l1,
        cumulative_gas_used: _,
        logs,
        first_log_index: _,
        contract_address,
        effective_gas_price,
        output,
        failure,
    } = receipt;
    success.encode(to);
    reverted.encode(to);
    gas_used.encode(to);
    gas_used_for_l1.encode(to);
    write_all(to, logs.iter(), |log, to| log.encode(to));
    write_all(to, contract_address.iter(), |address, to| {
        address.encode(to)
    });
    effective_gas_price.encode(to);
    output.encode(to);
    write_all(to, failure.iter(), |failure, to| failure.encode(to));
}

// --- reading ---

fn damaged(error: impl std::fmt::Display) -> StateError {
    StateError::Damaged(error.to_string())
}

/// Reads what `write` wrote. Takes memory in proportion to the bytes, whatever they say.
fn read(bytes: &[u8], history: usize) -> Result<(Ledger, Vec<DevAccount>), StateError> {
    let rest = bytes.strip_prefix(MARK).ok_or(StateError::NotAState)?;
    let (version, _) = rest
        .split_first_chunk::<4>()
        .ok_or_else(|| damaged("it is cut off"))?;
    match u32::from_be_bytes(*version) {
        VERSION => {}
        given if given > VERSION => return Err(StateError::Newer { given }),
        given => return Err(damaged(format!("there is no format {given}"))),
    }
    let (content, checksum) = bytes
        .split_last_chunk::<32>()
        .filter(|(content, _)| content.len() >= MARK.len() + 4)
        .ok_or_else(|| damaged("it is cut off"))?;
    if keccak256(content) != B256::from(*checksum) {
        return Err(damaged("the checksum does not match"));
    }
    let from = &mut &content[MARK.len() + 4..];
    let chain_id = item(from)?;
    let terms = BlockTerms {
        base_fee: item(from)?,
        gas_limit: item(from)?,
        beneficiary: item(from)?,
    };
    let clock = Clock {
        offset: item::<u64>(from)?.cast_signed(),
        next: at_most_one(from)?,
        interval: at_most_one(from)?,
    };
    let attachment = item(from)?;
    let accounts = all(from, |from| {
        DevAccount::from_key(item(from)?).ok_or_else(|| damaged("a key is none"))
    })?;
    let state = read_state(from)?;
    let blocks = read_blocks(from)?;
    let mut pool = Pool::default();
    for transaction in all(from, read_transaction)? {
        pool.insert(Arc::new(transaction)).map_err(damaged)?;
    }
    if !from.is_empty() {
        return Err(damaged("there is more than there should be"));
    }
    let mut ledger = Ledger::restore(chain_id, blocks, state, clock, history)
        .ok_or_else(|| damaged("it has no blocks"))?;
    ledger.terms = terms;
    ledger.attachment = attachment;
    ledger.pool = pool;
    Ok((ledger, accounts))
}

fn item<T: Decodable>(from: &mut &[u8]) -> Result<T, StateError> {
    T::decode(from).map_err(damaged)
}

/// What `write_all` wrote. No memory is set aside for what may not be there.
fn all<T>(
    from: &mut &[u8],
    mut read: impl FnMut(&mut &[u8]) -> Result<T, StateError>,
) -> Result<Vec<T>, StateError> {
    let count = item::<u64>(from)?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(read(from)?);
    }
    Ok(items)
}

fn at_most_one<T: Decodable>(from: &mut &[u8]) -> Result<Option<T>, StateError> {
    let mut items = all(from, item)?;
    match items.len() {
        0 | 1 => Ok(items.pop()),
        count => Err(damaged(format!("{count} values where one is possible"))),
    }
}

fn read_state(from: &mut &[u8]) -> Result<State, StateError> {
    let codes: std::collections::HashMap<B256, Bytes> = all(from, |from| {
        let code: Bytes = item(from)?;
        Ok((keccak256(&code), code))
    })?
    .into_iter()
    .collect();
    let mut state = State::default();
    all(from, |from| {
        let address: Address = item(from)?;
        state.set_balance(address, item(from)?);
        state.set_nonce(address, item(from)?);
        let hash: B256 = item(from)?;
        if hash != KECCAK256_EMPTY {
            let code = codes
                .get(&hash)
                .ok_or_else(|| damaged(format!("the code of {address} is missing")))?;
            state.set_code(address, code.clone());
        }
        all(from, |from| {
            let slot: U256 = item(from)?;
            state.set_storage(address, slot, item(from)?);
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(state)
}

fn read_blocks(from: &mut &[u8]) -> Result<Vec<Block>, StateError> {
    let mut parent = B256::ZERO;
    let mut number = 0;
    all(from, |from| {
        let header: Header = item(from)?;
        if header.number != number || header.parent_hash != parent {
            return Err(damaged(format!(
                "block {number} does not follow the one before"
            )));
        }
        let mut transactions = Vec::new();
        let mut receipts: Vec<Receipt> = Vec::new();
        all(from, |from| {
            transactions.push(Arc::new(read_transaction(from)?));
            let receipt = read_receipt(from, receipts.last())?;
            receipts.push(receipt);
            Ok(())
        })?;
        let block = Block::restore(header, transactions, receipts);
        parent = block.hash;
        number += 1;
        Ok(block)
    })
}

fn read_transaction(from: &mut &[u8]) -> Result<Transaction, StateError> {
    let sender: Address = item(from)?;
    let raw: Bytes = item(from)?;
    Transaction::restore(sender, &raw).map_err(damaged)
}

fn read_receipt(from: &mut &[u8], before: Option<&Receipt>) -> Result<Receipt, StateError> {
    let success = item(from)?;
    let reverted = item(from)?;
    let gas_used: u64 = item(from)?;
    let gas_used_for_l1 = item(from)?;
    let logs: Vec<Log> = all(from, item)?;
    let (gas_before, logs_before) = before.map_or((0, 0), |before| {
        (
            before.cumulative_gas_used,
            before.first_log_index + before.logs.len() as u64,
        )
    });
    Ok(Receipt {
        success,
        reverted,
        gas_used,
        gas_used_for_l1,
        cumulative_gas_used: gas_before
            .checked_add(gas_used)
            .ok_or_else(|| damaged("a block uses more gas than there is"))?,
        logs,
        first_log_index: logs_before,
        contract_address: at_most_one(from)?,
        effective_gas_price: item(from)?,
        output: item(from)?,
        failure: at_most_one(from)?,
    })
}
