//! A chain with the protocol on it, and people who use it.

use std::time::Duration;

use alloy::providers::DynProvider;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue;
use arbius_protocol::{
    cid, ids,
    interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor},
};
use arbius_sdk::{
    contracts::{IEngine, IToken},
    deploy::program,
};
pub(crate) use arbius_testkit::{AIUS, aius, event, events, send, view};
use arbius_testkit::{Actor, TestChain};

/// The bytes of a CID whose digest is one byte, repeated.
pub(crate) fn answer(byte: u8) -> Bytes {
    cid::encode(B256::repeat_byte(byte)).to_vec().into()
}

/// An actor with alloy's own wallet and fillers.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) engine: IEngine::IEngineInstance<DynProvider>,
    pub(crate) token: IToken::ITokenInstance<DynProvider>,
}

/// A chain, its people, and one model that earns emission.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) owner: Person,
    pub(crate) treasury: Person,
    pub(crate) model_owner: Person,
    pub(crate) requester: Person,
    pub(crate) solver: Person,
    pub(crate) rival: Person,
}

/// Asserts that a call by a person reverts with an error of the engine.
macro_rules! refused {
    ($person:expr, $error:ident, $call:expr) => {
        arbius_testkit::refusal!(
            arbius_sdk::contracts::IEngine::$error,
            $call.from($person.address)
        )
    };
}

pub(crate) use refused;

impl World {
    pub(crate) async fn new() -> Self {
        let chain = TestChain::start().await.unwrap();
        chain.stop_clock();
        let person = |actor: Actor| person(&chain, actor);
        let world = Self {
            owner: person(Actor::Owner),
            treasury: person(Actor::Treasury),
            model_owner: person(Actor::ModelOwner),
            requester: person(Actor::Requester),
            solver: person(Actor::Miner(0)),
            rival: person(Actor::Miner(1)),
            chain,
        };
        for person in [&world.requester, &world.solver, &world.rival] {
            send!(person.token.approve(world.chain.engine(), U256::MAX));
        }
        world
    }

    /// Somebody else with tokens, who has approved nothing.
    pub(crate) fn miner(&self, number: usize) -> Person {
        person(&self.chain, Actor::Miner(number))
    }

    /// A world with a model of this fee and rate 1, and solver and rival as validators.
    pub(crate) async fn with_model(fee: U256) -> (Self, B256) {
        let world = Self::new().await;
        let model = world.model(fee, b"template").await;
        for validator in [&world.solver, &world.rival] {
            world.stake(validator, aius(10)).await;
        }
        (world, model)
    }

    /// Registers a model of rate 1.
    pub(crate) async fn model(&self, fee: U256, template: &'static [u8]) -> B256 {
        let call = self.model_owner.engine.registerModel(
            self.model_owner.address,
            fee,
            Bytes::from_static(template),
        );
        let id = event::<IEngine::ModelRegistered>(&send!(call)).id;
        send!(
            self.owner
                .engine
                .setSolutionMineableRate(id, U256::from(AIUS))
        );
        id
    }

    /// Another engine, behind a proxy and not initialised, as a person uses it.
    pub(crate) async fn fresh(&self, person: &Person) -> Person {
        let lane = self.chain.lane(Actor::ModelOwner).unwrap();
        let artifact = |name| arbius_artifacts::get(name).unwrap();
        let implementation = program::deploy(lane, artifact(arbius_artifacts::ENGINE))
            .await
            .unwrap();
        let proxy = program::code(lane, artifact(arbius_artifacts::PROXY))
            .await
            .unwrap();
        let arguments = ProxyConstructor {
            implementation,
            admin: self.owner.address,
            initData: Bytes::new(),
        };
        let input = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        let engine = program::deploy_with_constructor(lane, "proxy", &proxy, input, B256::ZERO)
            .await
            .unwrap();
        Person {
            address: person.address,
            engine: IEngine::new(engine, person.engine.provider().clone()),
            token: person.token.clone(),
        }
    }

    pub(crate) async fn stake(&self, validator: &Person, amount: U256) {
        send!(validator.engine.validatorDeposit(validator.address, amount));
    }

    /// Submits a task of the requester.
    pub(crate) async fn task(&self, model: B256, fee: U256, input: &'static [u8]) -> B256 {
        let call = self.requester.engine.submitTask(
            0,
            self.requester.address,
            model,
            fee,
            Bytes::from_static(input),
        );
        event::<IEngine::TaskSubmitted>(&send!(call)).id
    }

    /// Signals a person's commitment to an answer.
    pub(crate) async fn commit(&self, person: &Person, task: B256, cid: &Bytes) {
        let digest = cid::decode(cid).unwrap();
        let hash = ids::commitment(person.address, task, digest);
        send!(person.engine.signalCommitment(hash));
    }

    /// Commits and reveals.
    pub(crate) async fn solve(&self, person: &Person, task: B256, cid: Bytes) {
        self.commit(person, task, &cid).await;
        send!(person.engine.submitSolution(task, cid));
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.chain.pass_exactly(time).unwrap();
    }

    /// The time of the latest block.
    pub(crate) fn now(&self) -> u64 {
        self.chain.devnet().chain().latest_block().header.timestamp
    }

    pub(crate) async fn earnings(&self, person: &Person) -> U256 {
        view!(self.owner.engine.earnings(person.address))
    }

    pub(crate) async fn balance(&self, address: Address) -> U256 {
        view!(self.owner.token.balanceOf(address))
    }

    pub(crate) async fn status(&self, task: B256) -> u8 {
        view!(self.owner.engine.taskStatus(task))
    }

    /// Asserts that the engine has what it has yet to emit and what it holds, to the wei.
    pub(crate) async fn books_balance(&self) {
        let engine = &self.owner.engine;
        let emitted = view!(engine.emitted());
        let held = view!(engine.totalHeld());
        let balance = self.balance(self.chain.engine()).await;
        assert_eq!(balance, aius(600_000) - emitted + held, "the books");
    }
}

fn person(chain: &TestChain, actor: Actor) -> Person {
    let provider = chain.provider(actor).unwrap();
    Person {
        address: chain.lane(actor).unwrap().address(),
        engine: IEngine::new(chain.engine(), provider.clone()),
        token: IToken::new(chain.token(), provider),
    }
}
