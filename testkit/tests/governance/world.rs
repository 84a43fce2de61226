//! A chain with the protocol and its DAO on it, and people who vote.

use std::time::Duration;

use alloy::{
    network::TransactionBuilder,
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::{SignerSync, local::PrivateKeySigner},
};
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::{SolCall, SolValue};
use arbius_protocol::{
    governance::{
        Action, EXECUTOR_ROLE, PROPOSER_ROLE, ProposalState, Setting, operation_id, operation_salt,
        proposal_id,
    },
    interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor},
};
use arbius_sdk::{
    contracts::{IEngine, IGovernor, IGovernorBravo, IProxy, ITimelock, IToken, IVotes},
    deploy::program,
};
pub(crate) use arbius_testkit::{AIUS, aius, event, events, send, view};
use arbius_testkit::{Actor, TestChain};

/// Asserts that a call by a person reverts with an error, which it returns.
macro_rules! refused {
    ($person:expr, $error:ty, $call:expr) => {
        arbius_testkit::refusal!($error, $call.from($person.address))
    };
}

pub(crate) use refused;

/// An actor with alloy's own wallet and fillers.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) governor: IGovernor::IGovernorInstance<DynProvider>,
    pub(crate) bravo: IGovernorBravo::IGovernorBravoInstance<DynProvider>,
    pub(crate) timelock: ITimelock::ITimelockInstance<DynProvider>,
    pub(crate) token: IToken::ITokenInstance<DynProvider>,
    pub(crate) votes: IVotes::IVotesInstance<DynProvider>,
    pub(crate) engine: IEngine::IEngineInstance<DynProvider>,
    key: PrivateKeySigner,
}

impl Person {
    /// `r ‖ s ‖ v` over a digest.
    pub(crate) fn sign(&self, digest: B256) -> Vec<u8> {
        self.key.sign_hash_sync(&digest).unwrap().as_bytes().into()
    }
}

/// What is proposed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) targets: Vec<Address>,
    pub(crate) values: Vec<U256>,
    pub(crate) calldatas: Vec<Bytes>,
    pub(crate) description: String,
}

impl Draft {
    /// One call without value.
    pub(crate) fn of(target: Address, call: &impl SolCall, description: &str) -> Self {
        let draft = Self {
            description: description.to_owned(),
            ..Self::default()
        };
        draft.and(target, 0, call.abi_encode())
    }

    /// With a call more.
    pub(crate) fn and(mut self, target: Address, value: u64, calldata: Vec<u8>) -> Self {
        self.targets.push(target);
        self.values.push(U256::from(value));
        self.calldatas.push(calldata.into());
        self
    }

    pub(crate) fn description_hash(&self) -> B256 {
        keccak256(&self.description)
    }

    fn actions(&self) -> Vec<Action<'_>> {
        let calls = self.targets.iter().zip(&self.values).zip(&self.calldatas);
        calls
            .map(|((target, value), calldata)| Action {
                target: *target,
                value: *value,
                signature: b"",
                data: calldata,
            })
            .collect()
    }

    pub(crate) fn id(&self) -> U256 {
        proposal_id(&self.actions(), self.description_hash()).into()
    }

    /// Its operation in the timelock.
    pub(crate) fn operation(&self, governor: Address) -> B256 {
        let salt = operation_salt(governor, self.description_hash());
        operation_id(&self.actions(), B256::ZERO, salt)
    }
}

/// Calls of the governor that take a whole proposal.
macro_rules! of_draft {
    ($person:expr, $function:ident, $draft:expr) => {
        $person.governor.$function(
            $draft.targets.clone(),
            $draft.values.clone(),
            $draft.calldatas.clone(),
            $draft.description_hash(),
        )
    };
}

/// Proposes a draft.
macro_rules! propose {
    ($person:expr, $draft:expr) => {
        $person.governor.propose(
            $draft.targets.clone(),
            $draft.values.clone(),
            $draft.calldatas.clone(),
            $draft.description.clone(),
        )
    };
}

pub(crate) use {of_draft, propose};

/// A chain on which the timelock owns everything and the governor drives the timelock.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) timelock: Address,
    pub(crate) governor: Address,
    /// Deployed everything and has no rights any more; holds what nobody else does.
    pub(crate) founder: Person,
    /// May cancel operations for a while; has no tokens.
    pub(crate) guardian: Person,
    /// Votes with 40,000 AIUS: just the quorum.
    pub(crate) whale: Person,
    /// Votes with 30,000 AIUS: 3 % of all.
    pub(crate) attacker: Person,
    /// Votes with 10,000 AIUS: 1 %.
    pub(crate) voter: Person,
    /// Has 10,000 AIUS and delegates to nobody.
    pub(crate) silent: Person,
}

impl World {
    pub(crate) async fn new() -> Self {
        let chain = TestChain::start().await.unwrap();
        chain.stop_clock();
        let (timelock, governor) = deploy(&chain).await;
        let person = |actor: Actor| person(&chain, actor, timelock, governor);
        let world = Self {
            founder: person(Actor::Owner),
            guardian: person(Actor::ModelOwner),
            whale: person(Actor::Miner(0)),
            attacker: person(Actor::Miner(1)),
            voter: person(Actor::Miner(2)),
            silent: person(Actor::Miner(3)),
            chain,
            timelock,
            governor,
        };
        for (person, more) in [
            (&world.whale, 30_000),
            (&world.attacker, 20_000),
            (&world.voter, 0),
        ] {
            send!(world.founder.token.transfer(person.address, aius(more)));
            send!(person.votes.delegate(person.address));
        }
        world.hand_over().await;
        world
    }

    /// Roles to the governor, everything else to the timelock, and nothing to the founder.
    async fn hand_over(&self) {
        let (founder, timelock) = (&self.founder, &self.founder.timelock);
        let engine = self.chain.engine();
        send!(timelock.setGuardian(self.guardian.address, engine));
        send!(timelock.grantRole(PROPOSER_ROLE, self.governor));
        send!(timelock.grantRole(EXECUTOR_ROLE, self.governor));
        send!(timelock.renounceRole(B256::ZERO, founder.address));
        send!(founder.engine.transferTreasury(self.timelock));
        send!(founder.engine.transferPauser(self.guardian.address));
        send!(founder.engine.transferOwnership(self.timelock));
        for proxy in [self.timelock, engine, self.chain.token()] {
            let proxy = IProxy::new(proxy, founder.engine.provider().clone());
            send!(proxy.changeAdmin(self.timelock));
        }
        self.pass(1);
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.chain.pass_exactly(time).unwrap();
    }

    /// The time of the latest block.
    pub(crate) fn now(&self) -> u64 {
        self.chain.devnet().chain().latest_block().header.timestamp
    }

    pub(crate) async fn state(&self, id: U256) -> ProposalState {
        let number = view!(self.founder.governor.state(id)) as u8;
        [
            ProposalState::Pending,
            ProposalState::Active,
            ProposalState::Canceled,
            ProposalState::Defeated,
            ProposalState::Succeeded,
            ProposalState::Queued,
            ProposalState::Expired,
            ProposalState::Executed,
        ][usize::from(number)]
    }

    /// Lets a proposal's vote begin.
    pub(crate) fn begin_vote(&self) {
        self.pass(seconds(Setting::VOTING_DELAY) + 1);
    }

    /// Lets a vote that has begun end.
    pub(crate) fn end_vote(&self) {
        self.pass(seconds(Setting::VOTING_PERIOD));
    }

    /// Lets the timelock's delay pass.
    pub(crate) fn wait_in_timelock(&self) {
        self.pass(seconds(Setting::TIMELOCK_DELAY));
    }

    /// Proposes a draft and lets the whale alone vote for it, up to success.
    pub(crate) async fn pass_vote(&self, draft: &Draft) -> U256 {
        send!(propose!(self.whale, draft));
        self.begin_vote();
        send!(self.whale.governor.castVote(draft.id(), 1));
        self.end_vote();
        assert_eq!(self.state(draft.id()).await, ProposalState::Succeeded);
        draft.id()
    }

    /// The same up to the end of the timelock's delay.
    pub(crate) async fn queue(&self, draft: &Draft) -> U256 {
        let id = self.pass_vote(draft).await;
        send!(of_draft!(self.silent, queue, draft));
        self.wait_in_timelock();
        id
    }

    /// The same up to the execution, by somebody who has no part in it.
    pub(crate) async fn enact(&self, draft: &Draft) -> TransactionReceipt {
        self.queue(draft).await;
        send!(of_draft!(self.silent, execute, draft))
    }

    /// Puts a contract at an address that, when it is called, makes one call of its own and
    /// notes what came of it; see [`World::echo`].
    pub(crate) fn puppet(&self, at: Address, target: Address, calldata: &[u8]) {
        let len = u16::try_from(calldata.len()).unwrap().to_be_bytes();
        let mut code = Vec::new();
        // codecopy(0, offset, len); the offset is patched in.
        code.extend([0x61, len[0], len[1], 0x61, 0, 0]);
        code.extend(hex!("5f39"));
        // call(gas, target, 0, 0, len, 0, 0)
        code.extend(hex!("5f5f61"));
        code.extend(len);
        code.extend(hex!("5f5f73"));
        code.extend(target);
        code.extend(hex!("5af1"));
        // sstore(0, success + 1); mstore(0, 0); returndatacopy(0, 0, returndatasize)
        code.extend(hex!("6001015f55" "5f5f52" "3d5f5f3e"));
        // sstore(1, mload(0))
        code.extend(hex!("5f51600155" "00"));
        let offset = u16::try_from(code.len()).unwrap().to_be_bytes();
        code[4..6].copy_from_slice(&offset);
        code.extend(calldata);
        self.chain.devnet().chain().set_code(at, code.into());
    }

    /// What came of a puppet's call: the selector that it reverted with, if it did; nothing
    /// if it made none.
    pub(crate) fn echo(&self, at: Address) -> Option<Result<(), [u8; 4]>> {
        let chain = self.chain.devnet().chain();
        let word = chain.storage(at, U256::from(1)).to_be_bytes::<32>();
        match chain.storage(at, U256::ZERO).saturating_to::<u64>() {
            0 => None,
            1 => Some(Err([word[0], word[1], word[2], word[3]])),
            _ => Some(Ok(())),
        }
    }

    /// What a call by a person returns.
    pub(crate) async fn call(
        &self,
        person: &Person,
        to: Address,
        calldata: Bytes,
    ) -> Result<Bytes, alloy::contract::Error> {
        self.call_with(person, to, calldata, 0).await
    }

    /// The same with wei.
    pub(crate) async fn call_with(
        &self,
        person: &Person,
        to: Address,
        calldata: Bytes,
        wei: u64,
    ) -> Result<Bytes, alloy::contract::Error> {
        let request = TransactionRequest::default()
            .with_from(person.address)
            .with_to(to)
            .with_value(U256::from(wei))
            .with_input(calldata);
        Ok(person.token.provider().call(request).await?)
    }

    /// Calls a contract without calldata or value.
    pub(crate) async fn poke(&self, at: Address) {
        self.send_ether(&self.silent, at, 0).await.unwrap();
    }

    /// Sends wei without calldata.
    pub(crate) async fn send_ether(
        &self,
        person: &Person,
        to: Address,
        wei: u64,
    ) -> Result<(), alloy::contract::Error> {
        let request = TransactionRequest::default()
            .with_from(person.address)
            .with_to(to)
            .with_value(U256::from(wei));
        let sent = person.token.provider().send_transaction(request).await?;
        assert!(sent.get_receipt().await?.status());
        Ok(())
    }

    pub(crate) async fn ether(&self, address: Address) -> U256 {
        let provider = self.founder.token.provider();
        provider.get_balance(address).await.unwrap()
    }
}

/// The default of a wait, in seconds.
pub(crate) fn seconds(setting: Setting) -> u64 {
    setting.default.try_into().unwrap()
}

/// The call that sets the governor up with the protocol's defaults.
pub(crate) fn initialize(token: Address, timelock: Address) -> IGovernor::initializeCall {
    IGovernor::initializeCall {
        token,
        timelock,
        votingDelay: alloy_primitives::Uint::from(Setting::VOTING_DELAY.default),
        votingPeriod: Setting::VOTING_PERIOD.default as u32,
        proposalThreshold: U256::from(Setting::PROPOSAL_THRESHOLD.default),
        quorumNumerator: U256::from(Setting::QUORUM_NUMERATOR.default),
    }
}

/// Deploys timelock and governor, the founder administering the first.
async fn deploy(chain: &TestChain) -> (Address, Address) {
    let founder = chain.lane(Actor::Owner).unwrap().address();
    let call = ITimelock::initializeCall {
        minDelay: U256::from(Setting::TIMELOCK_DELAY.default),
        proposers: vec![],
        executors: vec![],
        admin: founder,
    };
    let timelock = proxy(chain, "timelock", founder, call.abi_encode()).await;
    let call = initialize(chain.token(), timelock);
    let governor = proxy(chain, "governor", timelock, call.abi_encode()).await;
    (timelock, governor)
}

/// A proxy of one of the programs, initialised with a call. Whoever deploys it has no part
/// in the rest, so that nobody's transactions get in its way.
pub(crate) async fn proxy(
    chain: &TestChain,
    name: &str,
    admin: Address,
    init_data: Vec<u8>,
) -> Address {
    let lane = chain.lane(Actor::Treasury).unwrap();
    let artifact = arbius_artifacts::get(name).unwrap();
    let implementation = program::deploy(lane, artifact).await.unwrap();
    let artifact = arbius_artifacts::get(arbius_artifacts::PROXY).unwrap();
    let code = program::code(lane, artifact).await.unwrap();
    let arguments = ProxyConstructor {
        implementation,
        admin,
        initData: init_data.into(),
    };
    let input = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
    let salt = keccak256(&input);
    program::deploy_with_constructor(lane, name, &code, input, salt)
        .await
        .unwrap()
}

fn person(chain: &TestChain, actor: Actor, timelock: Address, governor: Address) -> Person {
    let provider = chain.provider(actor).unwrap();
    let account = &chain.deployment().accounts[actor.index()];
    Person {
        address: account.address,
        governor: IGovernor::new(governor, provider.clone()),
        bravo: IGovernorBravo::new(governor, provider.clone()),
        timelock: ITimelock::new(timelock, provider.clone()),
        token: IToken::new(chain.token(), provider.clone()),
        votes: IVotes::new(chain.token(), provider.clone()),
        engine: IEngine::new(chain.engine(), provider),
        key: PrivateKeySigner::from_bytes(&account.key).unwrap(),
    }
}
