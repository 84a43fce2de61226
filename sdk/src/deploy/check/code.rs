//! What runs: code, implementations, activation, and that nobody initialises it again.

use alloy::{eips::BlockId, rpc::types::TransactionRequest};
use alloy_primitives::{Address, U256, aliases::U48, keccak256};
use alloy_sol_types::SolCall;
use arbius_artifacts::Artifact;
use arbius_protocol::interfaces::token::CAP;

use super::{
    Property, Report,
    report::answer,
    subject::{CheckError, Subject},
};
use crate::{
    chain::ChainError,
    contracts::{IEngine, IGovernor, ITimelock, IToken, IVesting},
    deploy::{
        health::{Activation, Health, fragments, implementation},
        program::root_code,
        protocol::artifact,
    },
};

impl Subject<'_> {
    pub(super) async fn code(&self, report: &mut Report) -> Result<(), CheckError> {
        let proxy = artifact(arbius_artifacts::PROXY)?;
        for (name, address, program) in self.proxies() {
            self.same_code(report, name, address, proxy).await?;
            let found = implementation(self.chain, address).await?;
            report.note(
                Property::Implementation,
                format!("the implementation of `{name}`"),
                self.at(program),
                found.unwrap_or_default(),
            );
        }
        for (name, artifact_name) in self.programs() {
            let artifact = artifact(artifact_name)?;
            self.same_code(report, name, self.at(name), artifact)
                .await?;
        }
        self.address(
            report,
            Property::Implementation,
            "the engine's second program",
            self.at("engine"),
            IEngine::engineRestCall {},
            self.at("engine-rest"),
        )
        .await?;
        for (name, address) in self.contracts {
            let health = Health::of(self.chain, name, *address).await?;
            let found = match health.activation {
                Activation::Active { .. } => "active".to_owned(),
                other => format!("{other:?}"),
            };
            report.note(Property::Active, format!("`{name}`"), "active", found);
        }
        self.sealed(report).await
    }

    /// The programs that are deployed, with their artifacts.
    fn programs(&self) -> Vec<(&'static str, &'static str)> {
        let mut programs = vec![
            ("token-implementation", arbius_artifacts::TOKEN),
            ("engine-implementation", arbius_artifacts::ENGINE),
            ("engine-rest", arbius_artifacts::ENGINE_REST),
        ];
        if self.settings.dao().is_some() {
            programs.extend([
                ("timelock-implementation", arbius_artifacts::TIMELOCK),
                ("governor-implementation", arbius_artifacts::GOVERNOR),
                ("vesting-implementation", arbius_artifacts::VESTING),
            ]);
        }
        programs
    }

    async fn same_code(
        &self,
        report: &mut Report,
        name: &str,
        address: Address,
        artifact: &Artifact,
    ) -> Result<(), ChainError> {
        let code = self.chain.code(address).await?;
        let mut note = |subject: String, expected: &[u8], found: &[u8]| {
            let (expected, found) = (keccak256(expected), keccak256(found));
            report.note(Property::Code, subject, expected, found);
        };
        let [expected] = artifact.code else {
            let found: Vec<_> = fragments(&code).take(artifact.code.len()).collect();
            let root = root_code(artifact.raw_len, &found);
            note(format!("the code of `{name}`"), &root, &code);
            for (index, expected) in artifact.code.iter().enumerate() {
                let fragment = match found.get(index) {
                    Some(address) => self.chain.code(*address).await?,
                    None => Default::default(),
                };
                let subject = format!("fragment {} of `{name}`", index + 1);
                note(subject, expected, &fragment);
            }
            return Ok(());
        };
        note(format!("the code of `{name}`"), expected, &code);
        Ok(())
    }

    /// Tries to initialise every contract for a stranger.
    async fn sealed(&self, report: &mut Report) -> Result<(), CheckError> {
        let stranger = super::access::stranger();
        let token = IToken::initializeCall {
            allocations: vec![IToken::Allocation {
                account: stranger,
                amount: U256::from(CAP),
            }],
        };
        let engine = IEngine::initializeCall {
            token: self.at("token"),
            treasury: stranger,
            owner: stranger,
            rest: self.at("engine-rest"),
        };
        let timelock = ITimelock::initializeCall {
            minDelay: U256::from(86_400),
            proposers: vec![stranger],
            executors: vec![stranger],
            admin: stranger,
        };
        let governor = IGovernor::initializeCall {
            token: self.at("token"),
            timelock: self.at("timelock"),
            votingDelay: U48::from(86_400),
            votingPeriod: 604_800,
            proposalThreshold: U256::ZERO,
            quorumNumerator: U256::from(4),
        };
        let vesting = IVesting::initializeCall {
            token: self.at("token"),
            beneficiary: stranger,
            start: 0,
            revocable: false,
            schedule: vec![IVesting::Tranche {
                duration: 1,
                weight: 1,
            }],
        };
        let initialize = |name: &str| match name.split('-').next() {
            Some("token") => Some(token.abi_encode()),
            Some("engine") => Some(engine.abi_encode()),
            Some("timelock") => Some(timelock.abi_encode()),
            Some("governor") => Some(governor.abi_encode()),
            Some("vesting") => Some(vesting.abi_encode()),
            _ => None,
        };
        for (name, address) in self.contracts {
            let Some(input) = initialize(name) else {
                continue;
            };
            let request = TransactionRequest::default()
                .from(stranger)
                .to(*address)
                .input(input.into());
            let simulated = self
                .chain
                .simulate(request, "initialising again", BlockId::latest())
                .await;
            let found = match answer(simulated)? {
                Ok(_) => "accepted",
                Err(_) => "refused",
            };
            let subject = format!("a stranger's initialisation of `{name}`");
            report.note(Property::Sealed, subject, "refused", found);
        }
        Ok(())
    }
}
