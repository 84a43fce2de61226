//! JSON-RPC 2.0 over HTTP, batches included.
//!
//! What clients use: `web3_clientVersion`, `web3_sha3`, `net_*`, and of `eth_*`: chain id,
//! accounts, block number, prices and fee history; balance, code, storage and transaction
//! count at any block; calls with state overrides, estimates and access lists; blocks,
//! transactions and receipts by number, hash and index; sending, signed or by an account
//! that is known here; logs and polled filters.
//!
//! What only a development chain offers, under `evm_`, `anvil_` and `hardhat_` alike:
//! `snapshot`, `revert`, `mine`, `increaseTime`, `setNextBlockTimestamp`, `setAutomine`,
//! `getAutomine`, `setBalance`, `setCode`, `setNonce`, `setStorageAt`,
//! `impersonateAccount`, `stopImpersonatingAccount`.
//!
//! Errors are go-ethereum's where clients look at them: code 3 with the data of a revert,
//! -32000 for what the chain refuses, JSON-RPC's own for malformed requests. At most 16 MiB
//! and 1,000 requests travel at once.

mod cheats;
mod dispatch;
mod error;
mod eth;
mod filters;
mod json;
mod params;

pub(crate) mod server;

pub use error::RpcError;
