//! What only a development chain can do, under the names that Anvil, Hardhat and Ganache
//! have given it: `anvil_mine`, `hardhat_mine` and `evm_mine` are the same. The table of
//! them all is in this crate's README, and a test holds it to [`CHEATS`].

mod accounts;
mod blocks;
mod info;
mod pool;
mod time;
mod tokens;

use serde_json::Value;

use super::{RpcError, dispatch::Answer, params::Params};
use crate::chain::Chain;

/// One call of a cheat.
struct Call<'a> {
    chain: &'a Chain,
    params: &'a Params,
    /// Whose name was used: `evm_`, `anvil_` or `hardhat_`. The tools differ in what some
    /// methods return.
    prefix: &'a str,
}

type Cheat = fn(&Call<'_>) -> Result<Value, RpcError>;

const PREFIXES: [&str; 3] = ["evm_", "anvil_", "hardhat_"];

/// All cheats, each under all prefixes.
const CHEATS: &[(&str, Cheat)] = &[
    ("setBalance", accounts::set_balance),
    ("setAccountBalance", accounts::set_balance),
    ("addBalance", accounts::add_balance),
    ("setNonce", accounts::set_nonce),
    ("setAccountNonce", accounts::set_nonce),
    ("setCode", accounts::set_code),
    ("setAccountCode", accounts::set_code),
    ("setStorageAt", accounts::set_storage),
    ("setAccountStorageAt", accounts::set_storage),
    ("dealERC20", tokens::deal),
    ("setERC20Allowance", tokens::allow),
    ("impersonateAccount", accounts::impersonate),
    ("stopImpersonatingAccount", accounts::stop_impersonating),
    ("autoImpersonateAccount", accounts::auto_impersonate),
    ("mine", blocks::mine),
    ("mineDetailed", blocks::mine_detailed),
    ("mine_detailed", blocks::mine_detailed),
    ("setAutomine", blocks::set_automine),
    ("getAutomine", blocks::automine),
    ("setIntervalMining", blocks::set_interval),
    ("getIntervalMining", blocks::interval),
    ("rollback", blocks::rollback),
    ("reorg", blocks::reorg),
    ("setNextBlockBaseFeePerGas", blocks::set_base_fee),
    ("setMinGasPrice", blocks::set_base_fee),
    ("setL1PricePerUnit", blocks::set_l1_price),
    ("setBlockGasLimit", blocks::set_gas_limit),
    ("setCoinbase", blocks::set_coinbase),
    ("setChainId", blocks::set_chain_id),
    ("setPrevRandao", refused::prevrandao),
    ("setBlock", refused::block_number),
    ("increaseTime", time::increase),
    ("setTime", time::set),
    ("setNextBlockTimestamp", time::set_next),
    ("setBlockTimestampInterval", time::set_interval),
    ("removeBlockTimestampInterval", time::remove_interval),
    ("getGenesisTime", time::genesis),
    ("snapshot", info::snapshot),
    ("revert", info::revert),
    ("reset", info::reset),
    ("dumpState", info::dump),
    ("loadState", info::load),
    ("setRpcUrl", refused::forking),
    ("nodeInfo", info::node),
    ("metadata", info::metadata),
    ("setLoggingEnabled", info::set_logging),
    ("dropTransaction", pool::drop_one),
    ("dropAllTransactions", pool::drop_all),
    ("removePoolTransactions", pool::drop_of),
];

/// Names of all cheats, without prefix. The README of this crate says what each does.
pub fn cheat_names() -> impl Iterator<Item = &'static str> {
    CHEATS.iter().map(|(name, _)| *name)
}

pub(super) fn call(chain: &Chain, method: &str, params: &Params) -> Answer {
    let (prefix, name) = split(method)?;
    let (_, cheat) = CHEATS.iter().find(|(known, _)| *known == name)?;
    Some(cheat(&Call {
        chain,
        params,
        prefix,
    }))
}

fn split(method: &str) -> Option<(&'static str, &str)> {
    PREFIXES
        .iter()
        .find_map(|prefix| Some((*prefix, method.strip_prefix(prefix)?)))
}

/// The cheat that may have been meant by a method that does not exist.
pub(super) fn nearest(method: &str) -> Option<String> {
    let (prefix, name) = split(method)?;
    // No name is longer, and distance takes quadratic time.
    if name.len() > 64 {
        return None;
    }
    let (distance, nearest) = CHEATS
        .iter()
        .map(|(known, _)| (distance(name, known), known))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.len() / 5).then(|| format!("{prefix}{nearest}"))
}

/// Letters to insert, remove or replace, not counting case (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let other = other.as_bytes();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, known) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(!letter.eq_ignore_ascii_case(known));
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// What Anvil or Hardhat have and a chain of this kind cannot, with the reason.
mod refused {
    use super::{Call, RpcError, Value};

    pub(super) fn forking(_: &Call<'_>) -> Result<Value, RpcError> {
        Err(RpcError::refused(
            "forking is out of scope: this chain has its own state alone",
        ))
    }

    pub(super) fn prevrandao(_: &Call<'_>) -> Result<Value, RpcError> {
        Err(RpcError::refused(
            "PREVRANDAO is always 1 on Arbitrum and cannot be set",
        ))
    }

    pub(super) fn block_number(_: &Call<'_>) -> Result<Value, RpcError> {
        Err(RpcError::refused(
            "block numbers have no gaps: make blocks with anvil_mine, or take them back with \
             anvil_rollback",
        ))
    }
}
