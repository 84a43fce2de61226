//! The supply table (protocol section 1): what exists, and which part is for what.

use std::fmt;

use arbius_protocol::{fixed::ONE, vesting};
use serde::Serialize;

/// A part of the supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What mining emits over time; the engine holds it from the start.
    Mining,
    /// The DAO's treasury.
    Dao,
    /// Whoever builds the protocol.
    Team,
    /// Whoever paid for building it.
    PrivateSale,
    /// Rewards for liquidity.
    LiquidityIncentives,
    /// The first liquidity on an exchange.
    InitialLiquidity,
}

impl Part {
    /// Every part, in the table's order. Their amounts make up the supply.
    pub const ALL: [Self; 6] = [
        Self::Mining,
        Self::Dao,
        Self::Team,
        Self::PrivateSale,
        Self::LiquidityIncentives,
        Self::InitialLiquidity,
    ];

    /// How much it is, wei of AIUS.
    #[must_use]
    pub const fn amount(self) -> u128 {
        match self {
            Self::Mining => 600_000 * ONE,
            Self::Dao | Self::Team | Self::PrivateSale => 100_000 * ONE,
            Self::LiquidityIncentives => 90_000 * ONE,
            Self::InitialLiquidity => 10_000 * ONE,
        }
    }

    /// Its name, as settings files and contracts' names have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mining => "mining",
            Self::Dao => "dao",
            Self::Team => "team",
            Self::PrivateSale => "private-sale",
            Self::LiquidityIncentives => "liquidity-incentives",
            Self::InitialLiquidity => "initial-liquidity",
        }
    }

    /// By which schedule it vests; nothing if it is paid out at once.
    #[must_use]
    pub const fn schedule(self) -> Option<&'static [vesting::Tranche]> {
        match self {
            Self::Mining | Self::InitialLiquidity => None,
            Self::Dao => Some(&vesting::DAO),
            Self::Team => Some(&vesting::TEAM),
            Self::PrivateSale => Some(&vesting::PRIVATE_SALE),
            Self::LiquidityIncentives => Some(&vesting::LIQUIDITY),
        }
    }

    /// Whether a vote can take back what has not vested.
    #[must_use]
    pub const fn is_revocable(self) -> bool {
        matches!(self, Self::Team | Self::LiquidityIncentives)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use arbius_protocol::interfaces::token::CAP;

    use super::*;

    #[test]
    fn the_parts_make_up_the_supply() {
        let sum: u128 = Part::ALL.iter().map(|part| part.amount()).sum();
        assert_eq!(sum, CAP);
        assert_eq!(Part::Mining.amount(), arbius_protocol::emission::MINING);
    }
}
