//! Who receives the supply, and who owns what at the start (protocol section 1).

use alloy_primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use super::DeployError;

/// One AIUS in wei.
const AIUS: u64 = 1_000_000_000_000_000_000;

/// What is left for allocations beside mining: 400,000 AIUS, in wei.
pub const ALLOCATED: U256 = aius(400_000);

/// What mining emits over time and the engine holds from the start: 600,000 AIUS, in wei.
pub const MINING: U256 = aius(600_000);

const fn aius(amount: u64) -> U256 {
    let wei = amount as u128 * AIUS as u128;
    U256::from_limbs([wei as u64, (wei >> 64) as u64, 0, 0])
}

/// A named part of the supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allocation {
    /// What it is for, for instance `liquidity`.
    pub name: String,
    /// Who receives it.
    pub account: Address,
    /// Wei of AIUS.
    pub amount: U256,
}

/// The state that the protocol starts in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Genesis {
    /// Owns the engine: sets parameters and model rates until governance takes over.
    pub owner: Address,
    /// May upgrade the proxies until governance takes over.
    pub proxy_admin: Address,
    /// Receives the protocol's share of fees and rewards.
    pub treasury: Address,
    /// Everything but mining: 400,000 AIUS in all.
    pub allocations: Vec<Allocation>,
}

impl Genesis {
    /// A genesis for local chains: one account owns everything, the parts of protocol
    /// section 1 keep their names and amounts, and `treasury` is an account of its own.
    #[must_use]
    pub fn local(owner: Address, treasury: Address) -> Self {
        let part = |name: &str, account, amount| Allocation {
            name: name.to_owned(),
            account,
            amount: aius(amount),
        };
        Self {
            owner,
            proxy_admin: owner,
            treasury,
            allocations: vec![
                part("dao", treasury, 100_000),
                part("team", owner, 100_000),
                part("private sale", owner, 100_000),
                part("liquidity incentives", owner, 90_000),
                part("initial liquidity", owner, 10_000),
            ],
        }
    }

    /// Checks that the supply is whole and that every address is somebody's.
    ///
    /// # Errors
    ///
    /// [`DeployError::Allocations`] or [`DeployError::ZeroAddress`].
    pub fn validate(&self) -> Result<(), DeployError> {
        let named = [
            ("owner", self.owner),
            ("proxy admin", self.proxy_admin),
            ("treasury", self.treasury),
        ];
        let parts = self
            .allocations
            .iter()
            .map(|part| (part.name.as_str(), part.account));
        for (role, address) in named.into_iter().chain(parts) {
            if address.is_zero() {
                return Err(DeployError::ZeroAddress {
                    role: role.to_owned(),
                });
            }
        }
        let found = self
            .allocations
            .iter()
            .fold(U256::ZERO, |sum, part| sum.saturating_add(part.amount));
        if found != ALLOCATED {
            return Err(DeployError::Allocations {
                found,
                expected: ALLOCATED,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_genesis_makes_up_the_supply() {
        let genesis = Genesis::local(Address::repeat_byte(1), Address::repeat_byte(2));
        genesis.validate().unwrap();
        assert_eq!(MINING + ALLOCATED, U256::from(1_000_000) * U256::from(AIUS));
    }

    #[test]
    fn refuses_a_supply_that_is_not_whole_and_addresses_of_nobody() {
        let mut genesis = Genesis::local(Address::repeat_byte(1), Address::repeat_byte(2));
        genesis.allocations[0].amount += U256::from(1);
        assert!(matches!(
            genesis.validate(),
            Err(DeployError::Allocations { .. })
        ));
        genesis.allocations[0].amount = U256::MAX;
        assert!(matches!(
            genesis.validate(),
            Err(DeployError::Allocations { .. })
        ));
        let mut genesis = Genesis::local(Address::repeat_byte(1), Address::ZERO);
        let error = genesis.validate().unwrap_err().to_string();
        assert!(error.contains("treasury"), "{error}");
        genesis.treasury = Address::repeat_byte(2);
        assert!(genesis.validate().unwrap_err().to_string().contains("dao"));
    }
}
