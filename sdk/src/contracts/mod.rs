//! The contracts of Arbius, as a program sees them: alloy's types for every call, event
//! and error.
//!
//! | interface | contract |
//! |---|---|
//! | [`IEngine`] | the engine: models, tasks, solutions, stakes, contestations, earnings |
//! | [`ITaskConsumer`] | what a contract implements to be told a task's outcome |
//! | [`IToken`], [`IPermit`], [`IVotes`], [`IBridgedToken`] | AIUS, all at one address |
//! | [`IVesting`] | an account from which AIUS vests |
//! | [`IGovernor`], [`IGovernorBravo`] | the DAO's governor, both at one address |
//! | [`ITimelock`] | what waits before it is executed; the treasury |
//! | [`IProxy`] | the proxy that each of them stands behind |
//! | [`IArbSys`], [`IArbWasm`], [`IArbWasmCache`], [`IArbGasInfo`], [`IArbOwnerPublic`] | ArbOS's own, at [`ARB_SYS`] and so on |
//! | [`ICacheManager`], [`IStylusDeployer`] | Offchain Labs' contracts around Stylus programs |
//!
//! They are those of `arbius-protocol`, the one place where they are written. An interface
//! is a module: `IEngine::submitTaskCall` is a call, `IEngine::TaskSubmitted` an event,
//! `IEngine::IEngineErrors` all its errors. Where a contract of a network is, its
//! [`Deployment`](crate::deploy::Deployment) knows by name.
//!
//! Calls go through [`Chain::read`](crate::chain::Chain::read) and
//! [`Lane`](crate::chain::Lane), which look after endpoints, nonces and fees. For programs
//! that would rather have alloy's own instances, [`engine`], [`token`] and the others give
//! them to read with, and `IEngine::new(address, provider)` over any provider to send with.
//! For programs on ethers-rs there is the feature `ethers`.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use arbius_sdk::contracts;
//! # let local = arbius_testkit::TestChain::start().await?;
//! # let deployment = local.deployment();
//!
//! let chain = deployment.connect().await?;
//! let engine = contracts::engine(deployment.engine()?, &chain);
//! assert!(!engine.paused().call().await?);
//! let token = contracts::token(deployment.token()?, &chain);
//! assert_eq!(token.decimals().call().await?, 18);
//! # Ok(())
//! # }
//! ```

mod instances;
pub mod signed;
mod submission;

pub use arbius_protocol::interfaces::{
    arbos::{
        ARB_GAS_INFO, ARB_OWNER_PUBLIC, ARB_SYS, ARB_WASM, ARB_WASM_CACHE, IArbGasInfo,
        IArbOwnerPublic, IArbSys, IArbWasm, IArbWasmCache, ICacheManager, IStylusDeployer,
        STYLUS_DEPLOYER,
    },
    consumer::ITaskConsumer,
    engine::IEngine,
    governor::{IGovernor, IGovernorBravo},
    proxy::IProxy,
    timelock::ITimelock,
    token::{IBridgedToken, IPermit, IToken, IVotes},
    vesting::IVesting,
};

pub use arbius_protocol::tasks::{TaskStatus, UnknownStatus};

pub use instances::{engine, governor, timelock, token, vesting, votes};
pub use submission::{Submission, submissions};

/// One AIUS in wei.
pub const AIUS: u128 = 1_000_000_000_000_000_000;

/// The first topic of an event type, as log filters take it.
#[cfg(any(feature = "client", feature = "miner"))]
pub(crate) const fn topic<E: alloy_sol_types::SolEvent>() -> alloy_primitives::B256 {
    E::SIGNATURE_HASH
}
