//! The settings themselves.

use std::collections::BTreeSet;

use alloy_primitives::{Address, Bytes, U256};
use arbius_protocol::{emission::MAX_RATE, governance::Setting};
use serde::Serialize;

use super::{Grant, Parameters};
use crate::deploy::{DeployError, supply::Part};

/// What a deployment is to end in.
///
/// As JSON it says all that decides what is on the chain in the end, so that a deployment that
/// goes on can be held against what it was begun with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The chain that it is for, EIP-155; any, if nothing.
    pub chain_id: Option<u64>,
    /// Endpoints of that chain, in order of preference. They may hold keys, and are no part of
    /// what is on the chain.
    #[serde(skip)]
    pub endpoints: Vec<String>,
    /// Whether programs go into the chain's cache.
    pub caching: Caching,
    /// Who owns the protocol in the end.
    pub governance: Governance,
    /// Who may pause the engine (protocol section 10).
    pub pauser: Address,
    /// When the emission begins, seconds since 1970; if nothing, when the engine is made.
    pub start_time: Option<u64>,
    /// The engine's parameters.
    pub parameters: Parameters,
    /// Everything of the supply but mining.
    pub grants: Vec<Grant>,
    /// When vesting begins, seconds since 1970; if nothing, when the deployment does.
    pub vesting_start: Option<u64>,
    /// The token's side of a bridge; closed, if nothing.
    pub bridge: Option<Bridge>,
    /// The first models, in order.
    pub models: Vec<FirstModel>,
}

/// Whether programs go into the cache that Arbitrum chains have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Caching {
    /// They do not; for measuring.
    Off,
    /// They do, where a place costs at most so much, wei a program.
    UpTo(U256),
}

/// Who owns the protocol in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Governance {
    /// One account, and another is the treasury: for tests, which vote on nothing.
    Account {
        /// Sets parameters and rates, and upgrades.
        owner: Address,
        /// Receives the protocol's share of fees and rewards.
        treasury: Address,
    },
    /// The timelock that only the governor drives (protocol section 11).
    Dao(Dao),
}

/// How the DAO votes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dao {
    /// Seconds from a proposal to the vote on it.
    pub voting_delay: u64,
    /// Seconds that a vote lasts.
    pub voting_period: u64,
    /// Votes that a proposer needs, wei of AIUS.
    pub proposal_threshold: U256,
    /// Part of the supply that has to vote, percent.
    pub quorum_percent: u64,
    /// Seconds from a passed vote to its execution.
    pub timelock_delay: u64,
    /// Who may cancel queued operations until 100,000 AIUS are emitted; nobody, if zero.
    pub guardian: Address,
}

/// The token's side of Arbitrum's custom gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bridge {
    /// The gateway on this chain.
    pub gateway: Address,
    /// The token on the parent chain.
    pub l1_token: Address,
}

/// A model that is there from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FirstModel {
    /// What people call it.
    pub name: String,
    /// Its template, as it goes on-chain.
    pub template: Bytes,
    /// Who receives its fee.
    pub fee_address: Address,
    /// What every task pays to that address, wei of AIUS.
    pub fee: U256,
    /// The share of the reward that its tasks earn, as a fraction of 1e18.
    pub rate: U256,
}

impl Settings {
    /// Checks that the supply is whole, every address somebody's, and every parameter within
    /// its bounds.
    ///
    /// # Errors
    ///
    /// [`DeployError::Allocations`], [`DeployError::ZeroAddress`], [`DeployError::Parameter`],
    /// [`DeployError::Duplicate`], [`DeployError::Rate`].
    pub fn validate(&self) -> Result<(), DeployError> {
        self.no_zero_addresses()?;
        self.whole_supply()?;
        self.parameters
            .changes()
            .map_err(|(parameter, source)| DeployError::Parameter {
                name: parameter.name(),
                source,
            })?;
        if let Some(dao) = self.dao() {
            dao.validate()?;
        }
        let mut names = BTreeSet::new();
        for name in self.grants.iter().filter_map(Grant::contract) {
            if !names.insert(name.clone()) {
                return Err(DeployError::Duplicate { name });
            }
        }
        for model in &self.models {
            if !names.insert(model.purpose_name()) {
                return Err(DeployError::Duplicate {
                    name: model.name.clone(),
                });
            }
            if model.rate > U256::from(MAX_RATE) {
                return Err(DeployError::Rate {
                    model: model.name.clone(),
                });
            }
        }
        Ok(())
    }

    fn no_zero_addresses(&self) -> Result<(), DeployError> {
        let mut named = vec![("the pauser".to_owned(), self.pauser)];
        if let Governance::Account { owner, treasury } = &self.governance {
            named.push(("the owner".to_owned(), *owner));
            named.push(("the treasury".to_owned(), *treasury));
        }
        if let Some(bridge) = &self.bridge {
            named.push(("the gateway".to_owned(), bridge.gateway));
            named.push(("the token on the parent chain".to_owned(), bridge.l1_token));
        }
        let grants = self.grants.iter().filter_map(|grant| {
            let account = grant.beneficiary.account()?;
            Some((format!("beneficiary of {}", grant.title()), account))
        });
        let models = self.models.iter().map(|model| {
            let role = format!("fee address of the model {}", model.name);
            (role, model.fee_address)
        });
        match named
            .into_iter()
            .chain(grants)
            .chain(models)
            .find(|(_, address)| address.is_zero())
        {
            Some((role, _)) => Err(DeployError::ZeroAddress { role }),
            None => Ok(()),
        }
    }

    fn whole_supply(&self) -> Result<(), DeployError> {
        for part in Part::ALL.into_iter().filter(|part| *part != Part::Mining) {
            let found = self
                .grants
                .iter()
                .filter(|grant| grant.part == part)
                .fold(U256::ZERO, |sum, grant| sum.saturating_add(grant.amount));
            let expected = U256::from(part.amount());
            if found != expected {
                return Err(DeployError::Allocations {
                    part,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }

    /// The DAO, if one is to own the protocol.
    #[must_use]
    pub const fn dao(&self) -> Option<&Dao> {
        match &self.governance {
            Governance::Dao(dao) => Some(dao),
            Governance::Account { .. } => None,
        }
    }
}

impl FirstModel {
    fn purpose_name(&self) -> String {
        format!("model {}", self.name)
    }
}

impl Default for Dao {
    /// What protocol section 11 has, without a guardian.
    fn default() -> Self {
        // All of them are small enough.
        let number = |setting: Setting| u64::try_from(setting.default).unwrap_or(u64::MAX);
        Self {
            voting_delay: number(Setting::VOTING_DELAY),
            voting_period: number(Setting::VOTING_PERIOD),
            proposal_threshold: U256::from(Setting::PROPOSAL_THRESHOLD.default),
            quorum_percent: number(Setting::QUORUM_NUMERATOR),
            timelock_delay: number(Setting::TIMELOCK_DELAY),
            guardian: Address::ZERO,
        }
    }
}

impl Dao {
    /// Checks that every value is one to start with. A vote can set the waits to what is
    /// longer only, as a settings file can: short ones are for local chains.
    fn validate(&self) -> Result<(), DeployError> {
        for (name, setting, value) in self.values() {
            setting
                .at_start()
                .validate(value)
                .map_err(|source| DeployError::Governance { name, source })?;
        }
        Ok(())
    }

    /// Every value, by its name in a settings file.
    pub(super) fn values(&self) -> [(&'static str, Setting, u128); 5] {
        let threshold = u128::try_from(self.proposal_threshold).unwrap_or(u128::MAX);
        let (delay, period) = (self.voting_delay.into(), self.voting_period.into());
        let (quorum, wait) = (self.quorum_percent.into(), self.timelock_delay.into());
        [
            ("voting-delay", Setting::VOTING_DELAY, delay),
            ("voting-period", Setting::VOTING_PERIOD, period),
            ("proposal-threshold", Setting::PROPOSAL_THRESHOLD, threshold),
            ("quorum", Setting::QUORUM_NUMERATOR, quorum),
            ("timelock-delay", Setting::TIMELOCK_DELAY, wait),
        ]
    }
}
