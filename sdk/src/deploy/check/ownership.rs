//! Who owns what.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use arbius_protocol::{
    governance::{CANCELLER_ROLE, DEFAULT_ADMIN_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE},
    interfaces::proxy::ADMIN_SLOT,
};

use super::{
    Property, Report,
    subject::{CheckError, Subject},
};
use crate::{
    contracts::{IBridgedToken, IEngine, IGovernor, ITimelock, IVesting},
    deploy::settings::{Dao, Governance},
};

impl Subject<'_> {
    pub(super) async fn ownership(&self, report: &mut Report) -> Result<(), CheckError> {
        let (engine, token, owner) = (self.at("engine"), self.at("token"), self.owner());
        for (name, address, _) in self.proxies() {
            let admin = Address::from_word(self.chain.storage(address, ADMIN_SLOT).await?);
            let subject = format!("the admin of `{name}`");
            report.note(Property::Upgrades, subject, owner, admin);
        }
        let treasury = match &self.settings.governance {
            Governance::Account { treasury, .. } => *treasury,
            Governance::Dao(_) => owner,
        };
        let what = "the engine's owner";
        let call = IEngine::ownerCall {};
        self.address(report, Property::EngineOwner, what, engine, call, owner)
            .await?;
        let call = IEngine::treasuryCall {};
        self.address(
            report,
            Property::Treasury,
            "the treasury",
            engine,
            call,
            treasury,
        )
        .await?;
        let (call, pauser) = (IEngine::pauserCall {}, self.settings.pauser);
        self.address(report, Property::Pauser, "the pauser", engine, call, pauser)
            .await?;
        let call = IBridgedToken::ownerCall {};
        let what = "the token's owner";
        self.address(report, Property::TokenOwner, what, token, call, owner)
            .await?;
        match self.settings.dao() {
            Some(dao) => self.dao_ownership(report, dao).await,
            None => Ok(()),
        }
    }

    async fn dao_ownership(&self, report: &mut Report, dao: &Dao) -> Result<(), CheckError> {
        let (timelock, governor) = (self.at("timelock"), self.at("governor"));
        for (name, address, program) in self.proxies() {
            if program == "vesting-implementation" {
                let what = format!("the owner of `{name}`");
                let call = IVesting::ownerCall {};
                self.address(report, Property::TokenOwner, &what, address, call, timelock)
                    .await?;
            }
        }
        let call = IGovernor::tokenCall {};
        let (what, token) = ("the governor's token", self.at("token"));
        self.address(report, Property::Governor, what, governor, call, token)
            .await?;
        let call = IGovernor::timelockCall {};
        let what = "the governor's timelock";
        self.address(report, Property::Governor, what, governor, call, timelock)
            .await?;
        let call = ITimelock::guardianCall {};
        let what = "the guardian";
        self.address(
            report,
            Property::Guardian,
            what,
            timelock,
            call,
            dao.guardian,
        )
        .await?;
        if !dao.guardian.is_zero() {
            let call = ITimelock::engineCall {};
            let (what, engine) = (
                "the engine that ends the guardian's time",
                self.at("engine"),
            );
            self.address(report, Property::Guardian, what, timelock, call, engine)
                .await?;
        }
        self.roles(report, timelock, governor).await
    }

    /// Every account that has a role, by the events that give and take them.
    async fn roles(
        &self,
        report: &mut Report,
        timelock: Address,
        governor: Address,
    ) -> Result<(), CheckError> {
        let topics = vec![
            ITimelock::RoleGranted::SIGNATURE_HASH,
            ITimelock::RoleRevoked::SIGNATURE_HASH,
        ];
        let mut holders: BTreeMap<B256, BTreeSet<Address>> = BTreeMap::new();
        for log in self.events(timelock, topics, None).await? {
            if let Ok(granted) = ITimelock::RoleGranted::decode_log(&log.inner) {
                holders
                    .entry(granted.role)
                    .or_default()
                    .insert(granted.account);
            } else if let Ok(revoked) = ITimelock::RoleRevoked::decode_log(&log.inner) {
                holders
                    .entry(revoked.role)
                    .or_default()
                    .remove(&revoked.account);
            }
        }
        let roles = [
            (DEFAULT_ADMIN_ROLE, "administer roles", Some(timelock)),
            (PROPOSER_ROLE, "propose", Some(governor)),
            (EXECUTOR_ROLE, "execute", Some(governor)),
            (CANCELLER_ROLE, "cancel", None),
        ];
        for (role, title, holder) in roles {
            let found = holders.remove(&role).unwrap_or_default();
            let subject = format!("who may {title}");
            let expected = holder.into_iter().collect();
            report.note(Property::Roles, subject, names(&expected), names(&found));
            let call = ITimelock::getRoleAdminCall { role };
            let subject = format!("the role that gives the role to {title}");
            let show = |found: B256| found.to_string();
            report
                .view(
                    Property::Roles,
                    subject,
                    self.chain,
                    (timelock, call),
                    DEFAULT_ADMIN_ROLE,
                    show,
                )
                .await?;
            // What the contract says itself, beside what it announced.
            for (account, who) in [(governor, "the governor"), (timelock, "the timelock")] {
                let call = ITimelock::hasRoleCall { role, account };
                let subject = format!("whether {who} may {title}");
                let is_holder = Some(account) == holder;
                let show = |found: bool| found.to_string();
                report
                    .view(
                        Property::Roles,
                        subject,
                        self.chain,
                        (timelock, call),
                        is_holder,
                        show,
                    )
                    .await?;
            }
        }
        for (role, found) in holders {
            let subject = format!("who has the role {role}");
            report.note(Property::Roles, subject, "nobody", names(&found));
        }
        Ok(())
    }
}

fn names(accounts: &BTreeSet<Address>) -> String {
    match accounts.is_empty() {
        true => "nobody".to_owned(),
        false => accounts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}
