//! A local Arbitrum-like chain that runs Stylus WASM and EVM contracts side by side.
//!
//! It behaves as an Arbitrum Nova node does for whoever develops contracts: programs are
//! deployed with their prefix, activated through ArbWasm, metered in ink, and call and
//! create EVM contracts, and are called and created by them, to any depth. There is no L1
//! beneath it, blocks come at once, and time, balances and code can be set.
//!
//! - [`Devnet`] is a chain with a JSON-RPC server on a loopback port;
//! - [`chain`] has the chain itself, which can be held without a server: [`chain::Chain`];
//! - [`stylus`] executes WASM;
//! - [`evm`] joins it with revm: frames, Arbitrum's precompiles, the built-in deployer;
//! - [`rpc`] is the server.
//!
//! ```
//! use alloy_primitives::{U256, address};
//! use arbius_devnet::Devnet;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let devnet = Devnet::builder().spawn().await?;
//! println!("JSON-RPC at {}", devnet.url());
//!
//! // Tests hold the chain itself and need no HTTP.
//! let chain = devnet.chain();
//! let somebody = address!("00000000000000000000000000000000000000aa");
//! let before = chain.snapshot();
//! chain.set_balance(somebody, U256::from(5));
//! chain.mine();
//! assert_eq!(chain.balance(somebody), U256::from(5));
//! assert!(chain.revert(before));
//! assert_eq!(chain.block_number(), 0);
//! # Ok::<(), arbius_devnet::DevnetError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod chain;
pub mod evm;
pub mod rpc;
pub mod stylus;

mod accounts;
mod devnet;

pub use accounts::DevAccount;
pub use devnet::{Devnet, DevnetBuilder, DevnetError};
