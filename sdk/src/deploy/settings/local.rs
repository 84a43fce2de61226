//! Settings for chains of one's own.

use alloy_primitives::{Address, U256};

use super::{Beneficiary, Caching, Dao, Governance, Grant, Parameters, Settings};
use crate::deploy::supply::Part;

impl Settings {
    /// For tests: `owner` owns everything and receives what is not the DAO's or mining's, at
    /// once; `treasury` is an account of its own. Nobody votes.
    #[must_use]
    pub fn local(owner: Address, treasury: Address) -> Self {
        let receiver = |part| match part {
            Part::Dao => treasury,
            _ => owner,
        };
        let grants = parts().map(|part| Grant {
            part,
            name: String::new(),
            beneficiary: Beneficiary::Account(receiver(part)),
            amount: U256::from(part.amount()),
            vests: false,
        });
        Self {
            chain_id: None,
            endpoints: Vec::new(),
            caching: Caching::UpTo(U256::ZERO),
            governance: Governance::Account { owner, treasury },
            pauser: owner,
            start_time: None,
            parameters: Parameters::default(),
            grants: grants.collect(),
            vesting_start: None,
            bridge: None,
            models: Vec::new(),
        }
    }

    /// For local chains with a DAO: `holder` is the beneficiary of team and private sale, which
    /// vest from `vesting_start` on, and receives the initial liquidity; it is the pauser too.
    #[must_use]
    pub fn local_dao(holder: Address, dao: Dao, vesting_start: u64) -> Self {
        let grants = parts().map(|part| Grant {
            part,
            name: String::new(),
            beneficiary: match part {
                Part::Dao | Part::LiquidityIncentives => Beneficiary::Timelock,
                _ => Beneficiary::Account(holder),
            },
            amount: U256::from(part.amount()),
            vests: part.schedule().is_some(),
        });
        Self {
            governance: Governance::Dao(dao),
            grants: grants.collect(),
            vesting_start: Some(vesting_start),
            ..Self::local(holder, holder)
        }
    }
}

fn parts() -> impl Iterator<Item = Part> {
    Part::ALL.into_iter().filter(|part| *part != Part::Mining)
}
