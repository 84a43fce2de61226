//! The governor and the timelock: the life of a proposal, and operations.

use std::{collections::BTreeMap, time::Duration};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall, SolValue as _};
use arbius_protocol::governance::{
    Action, CANCELLER_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, Setting, ballot, call_id, digest,
    domain_separator, proposal_id,
};
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor};
use arbius_sdk::{
    chain::Call,
    contracts::{IGovernor, ITimelock, IToken, IVotes},
    deploy::program,
};
use arbius_testkit::{AIUS, Actor, TestChain, TestkitError};

use super::{
    Cache,
    scenario::{START, Scenario},
};

/// Who deploys, proposes and has votes enough for any quorum; who votes besides, by itself
/// and by signature.
const PROPOSER: Actor = Actor::Owner;
const VOTER: Actor = Actor::Miner(2);
const SIGNER: Actor = Actor::Miner(3);

/// A governor and its timelock.
#[derive(Clone, Copy, Debug)]
struct Dao {
    governor: Address,
    timelock: Address,
}

/// What the steps of the governor and the timelock cost with OpenZeppelin's contracts, given
/// their creation codes by the names `governor` and `timelock`, on the same token: the
/// figures that `reference-gas.json` has.
///
/// # Errors
///
/// [`TestkitError`] if the chain does not start or a step fails.
pub async fn measure_governance_of(
    code: &BTreeMap<String, Bytes>,
) -> Result<BTreeMap<String, u64>, TestkitError> {
    let chain = TestChain::builder()
        .genesis_timestamp(START)
        .start(|_| ())
        .await?;
    let mut scenario = Scenario::prepare(&chain).await?;
    let dao = scenario.others(code).await?;
    scenario.life_of_a_proposal(dao).await?;
    let figures = scenario.into_figures().into_iter();
    Ok(figures
        .filter(|(step, _)| step.starts_with("governor") || step.starts_with("timelock"))
        .map(|(step, cost)| (step, cost.gas))
        .collect())
}

impl Scenario<'_> {
    /// The DAO's contracts behind proxies, and their steps.
    pub(super) async fn governance(&mut self, cache: Cache) -> Result<(), TestkitError> {
        let admin = self.lane(PROPOSER)?.address();
        let initialize = ITimelock::initializeCall {
            minDelay: U256::from(Setting::TIMELOCK_DELAY.default),
            proposers: vec![],
            executors: vec![],
            admin,
        };
        let timelock = self
            .program(arbius_artifacts::TIMELOCK, initialize.abi_encode(), cache)
            .await?;
        let initialize = IGovernor::initializeCall {
            token: self.chain.token(),
            timelock,
            votingDelay: alloy_primitives::Uint::from(Setting::VOTING_DELAY.default),
            votingPeriod: Setting::VOTING_PERIOD.default as u32,
            proposalThreshold: U256::from(Setting::PROPOSAL_THRESHOLD.default),
            quorumNumerator: U256::from(Setting::QUORUM_NUMERATOR.default),
        };
        let governor = self
            .program(arbius_artifacts::GOVERNOR, initialize.abi_encode(), cache)
            .await?;
        self.life_of_a_proposal(Dao { governor, timelock }).await
    }

    /// A program behind a proxy, initialised with a call.
    async fn program(
        &self,
        name: &str,
        initialize: Vec<u8>,
        cache: Cache,
    ) -> Result<Address, TestkitError> {
        let lane = self.lane(PROPOSER)?;
        let artifact = |name| arbius_artifacts::get(name).expect("the artifact exists");
        let implementation = program::deploy(lane, artifact(name)).await?;
        let arguments = ProxyConstructor {
            implementation,
            admin: lane.address(),
            initData: initialize.into(),
        };
        let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        let proxy = program::code(lane, artifact(arbius_artifacts::PROXY)).await?;
        let salt = keccak256(&constructor);
        let account =
            program::deploy_with_constructor(lane, name, &proxy, constructor, salt).await?;
        if cache == Cache::Warm {
            program::cache(lane, implementation, U256::ZERO).await?;
        }
        Ok(account)
    }

    /// OpenZeppelin's contracts.
    async fn others(&self, code: &BTreeMap<String, Bytes>) -> Result<Dao, TestkitError> {
        let lane = self.lane(PROPOSER)?;
        let create = async |name: &str, arguments: Vec<u8>| {
            let code = code.get(name).cloned().unwrap_or_default();
            let call = Call::create([&code[..], &arguments].concat().into());
            let receipt = lane.execute(call).await?;
            Ok::<_, TestkitError>(receipt.created.unwrap_or_default())
        };
        let nobody = Vec::<Address>::new();
        let delay = U256::from(Setting::TIMELOCK_DELAY.default);
        let arguments = (delay, nobody.clone(), nobody, lane.address());
        let timelock = create("timelock", arguments.abi_encode_params()).await?;
        let arguments = (self.chain.token(), timelock);
        let governor = create("governor", arguments.abi_encode_params()).await?;
        Ok(Dao { governor, timelock })
    }

    /// Each step twice, of which the second is noted.
    async fn life_of_a_proposal(&mut self, dao: Dao) -> Result<(), TestkitError> {
        for actor in [PROPOSER, VOTER, SIGNER] {
            let delegatee = self.lane(actor)?.address();
            self.on(
                actor,
                self.chain.token(),
                &IVotes::delegateCall { delegatee },
            )
            .await?;
        }
        let own = self.lane(PROPOSER)?.address();
        for (role, account) in [
            (PROPOSER_ROLE, dao.governor),
            (EXECUTOR_ROLE, dao.governor),
            (PROPOSER_ROLE, own),
            (EXECUTOR_ROLE, own),
            (CANCELLER_ROLE, own),
        ] {
            let grant = ITimelock::grantRoleCall { role, account };
            self.on(PROPOSER, dao.timelock, &grant).await?;
        }
        // Votes of a second ago are what counts.
        self.chain.pass(Duration::from_secs(2))?;
        for round in 0..2 {
            self.proposal(dao, round).await?;
            self.operation(dao, round).await?;
        }
        Ok(())
    }

    /// A proposal of one call, up to its execution, and one that is taken back.
    async fn proposal(&mut self, dao: Dao, round: u8) -> Result<(), TestkitError> {
        let approve = self.approval()?;
        let description = format!("{round}: {}", "why it is good ".repeat(9));
        let action = Action {
            target: self.chain.token(),
            value: U256::ZERO,
            signature: b"",
            data: &approve,
        };
        let id = U256::from_be_bytes(proposal_id(&[action], keccak256(&description)).0);
        let lists = || {
            let calldatas = vec![Bytes::from(approve.clone())];
            (vec![action.target], vec![U256::ZERO], calldatas)
        };
        let (targets, values, calldatas) = lists();
        let propose = IGovernor::proposeCall {
            targets,
            values,
            calldatas,
            description: description.clone(),
        };
        let receipt = self.on(PROPOSER, dao.governor, &propose).await?;
        self.note(
            "governor propose, 1 call, 140 B of words",
            self.cost(&receipt),
        );
        let withdrawn = IGovernor::proposeCall {
            description: format!("{description}, withdrawn"),
            ..propose
        };
        self.on(PROPOSER, dao.governor, &withdrawn).await?;
        let cancel = IGovernor::cancelCall {
            targets: withdrawn.targets,
            values: withdrawn.values,
            calldatas: withdrawn.calldatas,
            descriptionHash: keccak256(&withdrawn.description),
        };
        let receipt = self.on(PROPOSER, dao.governor, &cancel).await?;
        self.note("governor cancel", self.cost(&receipt));

        self.wait(Setting::VOTING_DELAY)?;
        let vote = IGovernor::castVoteCall {
            proposalId: id,
            support: 1,
        };
        let receipt = self.on(PROPOSER, dao.governor, &vote).await?;
        self.note(
            "governor castVote, the proposal's first",
            self.cost(&receipt),
        );
        let receipt = self.on(VOTER, dao.governor, &vote).await?;
        self.note("governor castVote", self.cost(&receipt));
        let voter = self.lane(SIGNER)?.address();
        let domain = domain_separator(self.chain.chain().id(), dao.governor);
        let ballot = ballot(id.into(), 1, voter, round.into());
        let signature = self.sign_hash(SIGNER, &digest(domain, ballot))?;
        let signed = IGovernor::castVoteBySigCall {
            proposalId: id,
            support: 1,
            voter,
            signature: signature.as_bytes().to_vec().into(),
        };
        let receipt = self.on(VOTER, dao.governor, &signed).await?;
        self.note("governor castVoteBySig", self.cost(&receipt));

        self.wait(Setting::VOTING_PERIOD)?;
        let (targets, values, calldatas) = lists();
        let queue = IGovernor::queueCall {
            targets,
            values,
            calldatas,
            descriptionHash: keccak256(&description),
        };
        let receipt = self.on(VOTER, dao.governor, &queue).await?;
        self.note("governor queue, 1 call", self.cost(&receipt));
        self.wait(Setting::TIMELOCK_DELAY)?;
        let execute = IGovernor::executeCall {
            targets: queue.targets,
            values: queue.values,
            calldatas: queue.calldatas,
            descriptionHash: queue.descriptionHash,
        };
        let receipt = self.on(VOTER, dao.governor, &execute).await?;
        self.note("governor execute, 1 call", self.cost(&receipt));
        Ok(())
    }

    /// An operation of one call, executed, and one that is canceled.
    async fn operation(&mut self, dao: Dao, round: u8) -> Result<(), TestkitError> {
        let approve = self.approval()?;
        let (target, none) = (self.chain.token(), B256::ZERO);
        let schedule = |salt| ITimelock::scheduleCall {
            target,
            value: U256::ZERO,
            data: approve.clone().into(),
            predecessor: none,
            salt,
            delay: U256::from(Setting::TIMELOCK_DELAY.default),
        };
        let [made, canceled] = [1, 2].map(|n| B256::with_last_byte(2 * round + n));
        let receipt = self.on(PROPOSER, dao.timelock, &schedule(made)).await?;
        self.note("timelock schedule", self.cost(&receipt));
        self.on(PROPOSER, dao.timelock, &schedule(canceled)).await?;
        let action = Action {
            target,
            value: U256::ZERO,
            signature: b"",
            data: &approve,
        };
        let cancel = ITimelock::cancelCall {
            id: call_id(&action, none, canceled),
        };
        let receipt = self.on(PROPOSER, dao.timelock, &cancel).await?;
        self.note("timelock cancel", self.cost(&receipt));
        self.wait(Setting::TIMELOCK_DELAY)?;
        let execute = ITimelock::executeCall {
            target,
            value: U256::ZERO,
            payload: approve.into(),
            predecessor: none,
            salt: made,
        };
        let receipt = self.on(PROPOSER, dao.timelock, &execute).await?;
        self.note("timelock execute", self.cost(&receipt));
        Ok(())
    }

    /// What is proposed: a call of the token, as any other.
    fn approval(&self) -> Result<Vec<u8>, TestkitError> {
        let call = IToken::approveCall {
            spender: self.lane(VOTER)?.address(),
            value: U256::from(AIUS),
        };
        Ok(call.abi_encode())
    }

    /// Lets a wait pass, and a second more.
    fn wait(&self, setting: Setting) -> Result<(), TestkitError> {
        let seconds = u64::try_from(setting.default).unwrap_or(u64::MAX);
        self.chain
            .pass(Duration::from_secs(seconds.saturating_add(1)))
    }
}
