//! Who acts on a test chain.

/// A funded account of a test chain, by its role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Deploys, owns the engine and sets rates.
    Owner,
    /// Receives the protocol's share; also the DAO's part of the supply.
    Treasury,
    /// Registers models and receives their fees.
    ModelOwner,
    /// Submits tasks.
    Requester,
    /// Solves them; miners count from 0.
    Miner(usize),
}

impl Actor {
    /// Which of the chain's accounts it is.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Owner => 0,
            Self::Treasury => 1,
            Self::ModelOwner => 2,
            Self::Requester => 3,
            Self::Miner(number) => 4 + number,
        }
    }

    /// Whether it starts with AIUS to spend: who pays fees or stakes.
    pub(crate) const fn is_funded(index: usize) -> bool {
        index >= Self::Requester.index()
    }
}
