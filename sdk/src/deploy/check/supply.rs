//! Where the supply is.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use arbius_protocol::interfaces::token::CAP;

use super::{
    Property, Report,
    access::aius,
    report::answer,
    subject::{CheckError, Subject},
};
use crate::{
    contracts::{IEngine, IToken, IVesting},
    deploy::{
        settings::{Beneficiary, Grant},
        supply::Part,
    },
};

impl Subject<'_> {
    pub(super) async fn supply(&self, report: &mut Report) -> Result<(), CheckError> {
        let (token, cap) = (self.at("token"), U256::from(CAP));
        let what = "what exists";
        let call = IToken::totalSupplyCall {};
        report
            .view(
                Property::Supply,
                what,
                self.chain,
                (token, call),
                aius(cap),
                aius,
            )
            .await?;
        let what = "what can exist";
        let call = IToken::capCall {};
        report
            .view(
                Property::Supply,
                what,
                self.chain,
                (token, call),
                aius(cap),
                aius,
            )
            .await?;
        let mut placed = self.reserve(report).await?;
        let genesis = self.genesis().await?;
        for (account, amount) in self.direct() {
            let found = genesis.get(&account).copied().unwrap_or_default();
            let subject = format!("what {account} received at genesis");
            let (expected, found) = (aius(amount), aius(found.min(amount)));
            report.note(Property::Allocations, subject, expected, found);
            placed = placed
                .saturating_add(amount.min(genesis.get(&account).copied().unwrap_or_default()));
        }
        for grant in self.settings.grants.iter().filter(|grant| grant.vests) {
            placed = placed.saturating_add(self.vesting(report, grant).await?);
        }
        report.note(
            Property::Allocations,
            "the sum of all parts",
            aius(cap),
            aius(placed),
        );
        Ok(())
    }

    /// What the settings give to accounts at once.
    fn direct(&self) -> BTreeMap<Address, U256> {
        let mut direct = BTreeMap::new();
        for grant in self.settings.grants.iter().filter(|grant| !grant.vests) {
            if let Beneficiary::Account(account) = grant.beneficiary {
                let sum: &mut U256 = direct.entry(account).or_default();
                *sum = sum.saturating_add(grant.amount);
            }
        }
        direct
    }

    /// What the token allocated when it was made. Whoever received something may have spent
    /// it since, which is nobody else's business.
    async fn genesis(&self) -> Result<BTreeMap<Address, U256>, CheckError> {
        let topics = vec![IToken::Transfer::SIGNATURE_HASH];
        let logs = self
            .events(self.at("token"), topics, Some(B256::ZERO))
            .await?;
        let first = logs.iter().filter_map(|log| log.block_number).min();
        let mut received = BTreeMap::new();
        for log in logs.iter().filter(|log| log.block_number == first) {
            if let Ok(transfer) = IToken::Transfer::decode_log(&log.inner) {
                let sum: &mut U256 = received.entry(transfer.to).or_default();
                *sum = sum.saturating_add(transfer.value);
            }
        }
        Ok(received)
    }

    /// The part of mining that is where it belongs, wei of AIUS, what was emitted included.
    async fn reserve(&self, report: &mut Report) -> Result<U256, CheckError> {
        let (engine, token) = (self.at("engine"), self.at("token"));
        let mining = U256::from(Part::Mining.amount());
        let held = self
            .chain
            .read(token, &IToken::balanceOfCall { account: engine })
            .await;
        let owed = self.chain.read(engine, &IEngine::totalHeldCall {}).await;
        let emitted = self.chain.read(engine, &IEngine::emittedCall {}).await;
        let subject = "what the engine holds for mining";
        match (answer(held)?, answer(owed)?, answer(emitted)?) {
            (Ok(held), Ok(owed), Ok(emitted)) => {
                let expected = mining.saturating_sub(emitted);
                // Anyone may send it more.
                let found = held.saturating_sub(owed).min(expected);
                report.note(Property::Reserve, subject, aius(expected), aius(found));
                Ok(found.saturating_add(emitted.min(mining)))
            }
            (Err(reason), _, _) | (_, Err(reason), _) | (_, _, Err(reason)) => {
                report.note(Property::Reserve, subject, aius(mining), reason);
                Ok(U256::ZERO)
            }
        }
    }

    /// A vesting account; returns what of its grant is where it belongs, wei of AIUS.
    async fn vesting(&self, report: &mut Report, grant: &Grant) -> Result<U256, CheckError> {
        let name = grant.contract().unwrap_or_default();
        let (account, token) = (self.at(&name), self.at("token"));
        let held = self
            .chain
            .read(token, &IToken::balanceOfCall { account })
            .await;
        let released = self.chain.read(account, &IVesting::releasedCall {}).await;
        let subject = format!("what `{name}` holds and has paid out");
        let placed = match (answer(held)?, answer(released)?) {
            (Ok(held), Ok(released)) => {
                // Anyone may send it more.
                let found = held.saturating_add(released).min(grant.amount);
                let (expected, shown) = (aius(grant.amount), aius(found));
                report.note(Property::Allocations, subject, expected, shown);
                found
            }
            (Err(reason), _) | (_, Err(reason)) => {
                report.note(Property::Allocations, subject, aius(grant.amount), reason);
                U256::ZERO
            }
        };
        self.terms(report, grant, &name, account).await?;
        Ok(placed)
    }

    async fn terms(
        &self,
        report: &mut Report,
        grant: &Grant,
        name: &str,
        account: Address,
    ) -> Result<(), CheckError> {
        let (chain, vesting) = (self.chain, Property::Vesting);
        let beneficiary = match grant.beneficiary {
            Beneficiary::Account(account) => account,
            Beneficiary::Timelock => self.at("timelock"),
        };
        let subject = |what: &str| format!("{what} of `{name}`");
        let (what, call) = (subject("the beneficiary"), IVesting::beneficiaryCall {});
        self.address(report, vesting, &what, account, call, beneficiary)
            .await?;
        let (what, call) = (subject("the token"), IVesting::tokenCall {});
        self.address(report, vesting, &what, account, call, self.at("token"))
            .await?;
        let start = self.settings.vesting_start.unwrap_or(self.begun.timestamp);
        let (what, call) = (subject("the start"), IVesting::startCall {});
        report
            .view(vesting, what, chain, (account, call), start, |found| {
                found.to_string()
            })
            .await?;
        let (what, call) = (subject("the revocability"), IVesting::revocableCall {});
        let revocable = grant.part.is_revocable();
        report
            .view(vesting, what, chain, (account, call), revocable, |found| {
                found.to_string()
            })
            .await?;
        let schedule = grant.part.schedule().unwrap_or_default();
        let expected = schedule.iter().map(|one| (one.duration, one.weight));
        let (what, call) = (subject("the schedule"), IVesting::scheduleCall {});
        report
            .view(
                vesting,
                what,
                chain,
                (account, call),
                tranches(expected),
                |found| tranches(found.iter().map(|one| (one.duration, one.weight))),
            )
            .await?;
        Ok(())
    }
}

/// Tranches in words: `31536000 s with weight 36, …`.
fn tranches(tranches: impl Iterator<Item = (u32, u32)>) -> String {
    tranches
        .map(|(duration, weight)| format!("{duration} s with weight {weight}"))
        .collect::<Vec<_>>()
        .join(", ")
}
