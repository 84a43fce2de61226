//! What the settings chose: parameters, models, votes, the bridge.

use alloy_primitives::{Address, Bytes, U256};
use arbius_protocol::{cid, params::TABLE};

use super::{
    Property, Report,
    access::aius,
    report::answer,
    subject::{CheckError, Subject},
};
use crate::{
    chain::ChainError,
    contracts::{IBridgedToken, IEngine, IGovernor, ITimelock},
    deploy::settings::{Dao, FirstModel},
};

impl Subject<'_> {
    pub(super) async fn choices(&self, report: &mut Report) -> Result<(), CheckError> {
        self.parameters(report).await?;
        self.start_time(report).await?;
        for model in &self.settings.models {
            self.model(report, model).await?;
        }
        if let Some(dao) = self.settings.dao() {
            self.voting(report, dao).await?;
        }
        let token = self.at("token");
        let (gateway, l1_token) = match self.settings.bridge {
            Some(bridge) => (bridge.gateway, bridge.l1_token),
            None => (Address::ZERO, Address::ZERO),
        };
        let (bridge, call) = (Property::Bridge, IBridgedToken::gatewayCall {});
        self.address(report, bridge, "the gateway", token, call, gateway)
            .await?;
        let call = IBridgedToken::l1AddressCall {};
        let what = "the token on the parent chain";
        self.address(report, bridge, what, token, call, l1_token)
            .await?;
        Ok(())
    }

    async fn parameters(&self, report: &mut Report) -> Result<(), CheckError> {
        for row in &TABLE {
            let expected = self.settings.parameters.get(row.parameter);
            let read = self.chain.getter(self.at("engine"), row.getter).await;
            let found = match answer(read)? {
                Ok(found) => found.to_string(),
                Err(reason) => reason,
            };
            let name = row.parameter.name();
            report.note(Property::Parameters, name, expected, found);
        }
        Ok(())
    }

    async fn start_time(&self, report: &mut Report) -> Result<(), CheckError> {
        let now = self.chain.head().await?.timestamp;
        let read = self
            .chain
            .read(self.at("engine"), &IEngine::startBlockTimeCall {})
            .await;
        let (expected, found) = match (self.settings.start_time, answer(read)?) {
            (_, Err(reason)) => ("a time".to_owned(), reason),
            (Some(expected), Ok(found)) => (expected.to_string(), found.to_string()),
            // When the engine was made, which was between these.
            (None, Ok(found)) if (self.begun.timestamp..=now).contains(&found) => {
                (found.to_string(), found.to_string())
            }
            (None, Ok(found)) => {
                let from = self.begun.timestamp;
                (format!("from {from} to {now}"), found.to_string())
            }
        };
        report.note(Property::StartTime, "the start time", expected, found);
        Ok(())
    }

    async fn model(&self, report: &mut Report, model: &FirstModel) -> Result<(), CheckError> {
        let engine = self.at("engine");
        let cid = cid::digest(&model.template).map(cid::encode);
        let terms = IEngine::Model {
            fee: model.fee,
            addr: model.fee_address,
            rate: U256::ZERO,
            // One that is too long was never registered, which is what is then found.
            cid: cid.map(Bytes::from).unwrap_or_default(),
        };
        let call = IEngine::hashModelCall {
            model: terms,
            sender: self.begun.deployer,
        };
        let id = match answer(self.chain.read(engine, &call).await)? {
            Ok(id) => id,
            Err(reason) => {
                let subject = format!("the model `{}`", model.name);
                report.note(Property::Models, subject, "registered", reason);
                return Ok(());
            }
        };
        let describe = |fee: U256, to: Address, rate: U256| {
            let rate = alloy_primitives::utils::format_ether(rate);
            format!("{} to {to}, at {rate} of the reward", aius(fee))
        };
        let subject = format!("the model `{}`", model.name);
        let expected = describe(model.fee, model.fee_address, model.rate);
        let call = IEngine::modelsCall { id };
        report
            .view(
                Property::Models,
                subject,
                self.chain,
                (engine, call),
                expected,
                |found| describe(found.fee, found.addr, found.rate),
            )
            .await?;
        let subject = format!("whether the model `{}` is enabled", model.name);
        let call = IEngine::modelEnabledCall { id };
        report
            .view(
                Property::Models,
                subject,
                self.chain,
                (engine, call),
                true,
                |found| found.to_string(),
            )
            .await?;
        Ok(())
    }

    async fn voting(&self, report: &mut Report, dao: &Dao) -> Result<(), CheckError> {
        let (chain, voting) = (self.chain, Property::Voting);
        let (governor, timelock) = (self.at("governor"), self.at("timelock"));
        let show = |found: U256| found.to_string();
        macro_rules! view {
            ($subject:literal, $to:expr, $call:expr, $expected:expr) => {
                report
                    .view(voting, $subject, chain, ($to, $call), $expected, show)
                    .await?
            };
        }
        let (delay, period) = (dao.voting_delay, dao.voting_period);
        view!(
            "the voting delay",
            governor,
            IGovernor::votingDelayCall {},
            delay
        );
        view!(
            "the voting period",
            governor,
            IGovernor::votingPeriodCall {},
            period
        );
        let threshold = dao.proposal_threshold;
        let call = IGovernor::proposalThresholdCall {};
        view!("the proposal threshold", governor, call, threshold);
        // The overload without a time.
        let call = IGovernor::quorumNumerator_0Call {};
        view!("the quorum in percent", governor, call, dao.quorum_percent);
        let call = IGovernor::quorumDenominatorCall {};
        view!("what the quorum is a part of", governor, call, 100);
        let call = ITimelock::getMinDelayCall {};
        view!("the timelock's delay", timelock, call, dao.timelock_delay);
        Ok(())
    }
}

impl crate::chain::Chain {
    /// The number that a view without arguments returns.
    async fn getter(&self, to: Address, selector: [u8; 4]) -> Result<U256, ChainError> {
        let request = alloy::rpc::types::TransactionRequest::default()
            .to(to)
            .input(alloy_primitives::Bytes::copy_from_slice(&selector).into());
        let latest = alloy::eips::BlockId::latest();
        let output = self
            .simulate(request, "reading a parameter", latest)
            .await?;
        U256::try_from_be_slice(&output).ok_or_else(|| ChainError::Undecodable {
            address: to,
            call: "a parameter",
            data: output,
        })
    }
}
