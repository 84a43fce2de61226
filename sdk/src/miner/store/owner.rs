//! Whose store it is.

use alloy_primitives::Address;

/// Whose store it is: it is never used for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::miner) struct Owner {
    pub(in crate::miner) chain: u64,
    pub(in crate::miner) engine: Address,
    pub(in crate::miner) account: Address,
}

impl std::str::FromStr for Owner {
    type Err = ();

    /// Reads what [`Display`](std::fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix("account ").ok_or(())?;
        let (account, text) = text.split_once(" at engine ").ok_or(())?;
        let (engine, chain) = text.split_once(" on chain ").ok_or(())?;
        Ok(Self {
            chain: chain.parse().map_err(|_| ())?,
            engine: engine.parse().map_err(|_| ())?,
            account: account.parse().map_err(|_| ())?,
        })
    }
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
