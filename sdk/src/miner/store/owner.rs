//! Whose store it is.

use alloy_primitives::Address;

/// Whose store it is: it is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::miner) struct Owner {
    pub(in crate::miner) chain: u64,
    pub(in crate::miner) engine: Address,
    pub(in crate::miner) account: Address,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            chain,
            engine,
            account,
        } = self;
        write!(f, "account {account} at engine {engine} on chain {chain}")
    }
}
