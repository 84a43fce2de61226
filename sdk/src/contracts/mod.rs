//! The contracts of Arbius, as a program sees them.
//!
//! The interfaces are those of `arbius-protocol`, the one place where they are written.
//! Their call types go through [`Chain::read`](crate::chain::Chain::read) and
//! [`Lane`](crate::chain::Lane); [`engine`] and [`token`] give alloy's own instances to
//! apps that prefer those.

mod submission;

use alloy::providers::RootProvider;
use alloy_primitives::Address;
pub use arbius_protocol::interfaces::{
    arbos::{
        IArbGasInfo, IArbOwnerPublic, IArbSys, IArbWasm, IArbWasmCache, ICacheManager,
        IStylusDeployer,
    },
    engine::IEngine,
    governor::{IGovernor, IGovernorBravo},
    proxy::IProxy,
    timelock::ITimelock,
    token::{IBridgedToken, IPermit, IToken, IVotes},
    vesting::IVesting,
};

pub use arbius_protocol::tasks::{TaskStatus, UnknownStatus};

pub use submission::{Submission, submissions};

use crate::chain::Chain;

/// The engine as an alloy contract instance.
#[must_use]
pub fn engine(address: Address, chain: &Chain) -> IEngine::IEngineInstance<RootProvider> {
    IEngine::new(address, chain.provider().clone())
}

/// The token as an alloy contract instance.
#[must_use]
pub fn token(address: Address, chain: &Chain) -> IToken::ITokenInstance<RootProvider> {
    IToken::new(address, chain.provider().clone())
}

/// The first topic of an event type, as log filters take it.
#[cfg(any(feature = "client", feature = "miner"))]
pub(crate) const fn topic<E: alloy_sol_types::SolEvent>() -> alloy_primitives::B256 {
    E::SIGNATURE_HASH
}
