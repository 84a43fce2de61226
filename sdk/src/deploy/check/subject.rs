//! What is checked: a deployment, what it was begun with, and its settings.

use std::collections::BTreeMap;

use alloy::rpc::types::Log;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolCall;

use super::{Property, Report};
use crate::{
    chain::{Chain, ChainError, Logs},
    deploy::{Begun, DeployError, Record, Settings},
};

/// The closing check cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The chain does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// This build has other contracts than were deployed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// There is nothing to check.
    #[error("the deployment was never begun, so there is nothing to check; run `arbius deploy`")]
    NotBegun,
    /// The progress is of another chain.
    #[error("the deployment is on chain {expected}, and the endpoint serves chain {found}")]
    WrongChain {
        /// Where it is.
        expected: u64,
        /// What the endpoint has.
        found: u64,
    },
}

/// A deployment that is checked.
pub(super) struct Subject<'a> {
    pub(super) chain: &'a Chain,
    pub(super) settings: &'a Settings,
    pub(super) contracts: &'a BTreeMap<String, Address>,
    pub(super) begun: &'a Begun,
}

/// Reads back everything that `settings` asked for and `record` says was done.
///
/// # Errors
///
/// [`CheckError`]: nothing can be said. What is not as it should be is in the report.
pub async fn check(
    chain: &Chain,
    settings: &Settings,
    record: &Record,
) -> Result<Report, CheckError> {
    let begun = record.begun.as_ref().ok_or(CheckError::NotBegun)?;
    if begun.chain_id != chain.id() {
        return Err(CheckError::WrongChain {
            expected: begun.chain_id,
            found: chain.id(),
        });
    }
    let subject = Subject {
        chain,
        settings,
        contracts: &record.contracts,
        begun,
    };
    let mut report = Report::default();
    subject.code(&mut report).await?;
    subject.ownership(&mut report).await?;
    subject.access(&mut report).await?;
    subject.supply(&mut report).await?;
    subject.choices(&mut report).await?;
    report.findings.sort_by_key(|finding| finding.property);
    Ok(report)
}

impl Subject<'_> {
    /// A contract's address; the zero address, where no code is, if it was never made.
    pub(super) fn at(&self, name: &str) -> Address {
        self.contracts.get(name).copied().unwrap_or_default()
    }

    /// Who owns everything.
    pub(super) fn owner(&self) -> Address {
        match &self.settings.governance {
            crate::deploy::settings::Governance::Account { owner, .. } => *owner,
            crate::deploy::settings::Governance::Dao(_) => self.at("timelock"),
        }
    }

    /// The contracts behind proxies, with the names of their implementations.
    pub(super) fn proxies(&self) -> impl Iterator<Item = (&str, Address, &'static str)> {
        let behind = |name: &str| match name {
            "token" => Some("token-implementation"),
            "engine" => Some("engine-implementation"),
            "timelock" => Some("timelock-implementation"),
            "governor" => Some("governor-implementation"),
            "vesting-implementation" => None,
            name if name.starts_with("vesting-") => Some("vesting-implementation"),
            _ => None,
        };
        self.contracts
            .iter()
            .filter_map(move |(name, address)| Some((name.as_str(), *address, behind(name)?)))
    }

    /// Notes that an address is what it should be.
    pub(super) async fn address<C>(
        &self,
        report: &mut Report,
        property: Property,
        subject: &str,
        to: Address,
        call: C,
        expected: Address,
    ) -> Result<(), ChainError>
    where
        C: SolCall<Return = Address>,
    {
        report
            .view(
                property,
                subject,
                self.chain,
                (to, call),
                expected,
                |found| found.to_string(),
            )
            .await
    }

    /// Events of a contract since the deployment began.
    pub(super) async fn events(
        &self,
        emitter: Address,
        topics: Vec<B256>,
        about: Option<B256>,
    ) -> Result<Vec<Log>, ChainError> {
        let mut logs = Logs::new(self.chain.clone(), emitter, topics);
        if let Some(argument) = about {
            logs = logs.about(argument);
        }
        logs.to_head(self.begun.block).await
    }
}
