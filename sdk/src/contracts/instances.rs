//! The contracts as alloy's own instances, over the connection of a [`Chain`].

use alloy::providers::RootProvider;
use alloy_primitives::Address;

use super::{IEngine, IGovernor, ITimelock, IToken, IVesting, IVotes};
use crate::chain::Chain;

/// The engine as an alloy contract instance.
#[must_use]
pub fn engine(address: Address, chain: &Chain) -> IEngine::IEngineInstance<RootProvider> {
    IEngine::new(address, chain.provider().clone())
}

/// The token as an alloy contract instance: its ERC-20 side.
#[must_use]
pub fn token(address: Address, chain: &Chain) -> IToken::ITokenInstance<RootProvider> {
    IToken::new(address, chain.provider().clone())
}

/// The token as an alloy contract instance: the votes that it counts.
#[must_use]
pub fn votes(address: Address, chain: &Chain) -> IVotes::IVotesInstance<RootProvider> {
    IVotes::new(address, chain.provider().clone())
}

/// The governor as an alloy contract instance.
#[must_use]
pub fn governor(address: Address, chain: &Chain) -> IGovernor::IGovernorInstance<RootProvider> {
    IGovernor::new(address, chain.provider().clone())
}

/// The timelock as an alloy contract instance.
#[must_use]
pub fn timelock(address: Address, chain: &Chain) -> ITimelock::ITimelockInstance<RootProvider> {
    ITimelock::new(address, chain.provider().clone())
}

/// A vesting account as an alloy contract instance.
#[must_use]
pub fn vesting(address: Address, chain: &Chain) -> IVesting::IVestingInstance<RootProvider> {
    IVesting::new(address, chain.provider().clone())
}
