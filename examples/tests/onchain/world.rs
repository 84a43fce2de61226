//! A chain with the protocol on it, a model, two validators, and people.

use std::time::Duration;

use alloy::providers::DynProvider;
use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_sdk::{
    chain::Lane,
    contracts::{IEngine, IToken, IVotes},
};
use arbius_testkit::{Actor, TestChain, Validators, aius, event, send, view};

/// When chains begin: the start of an hour.
pub(crate) const GENESIS: u64 = 500_000 * 3_600;

/// Seconds after which an uncontested solution is final.
pub(crate) const CONTEST: u64 = 2_001;

/// Somebody, with alloy's own wallet and fillers.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) provider: DynProvider,
    pub(crate) engine: IEngine::IEngineInstance<DynProvider>,
    pub(crate) token: IToken::ITokenInstance<DynProvider>,
    pub(crate) votes: IVotes::IVotesInstance<DynProvider>,
}

/// A chain, its people, and a model.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) model: B256,
    /// Has 10,000 AIUS, as everyone here.
    pub(crate) ann: Person,
    pub(crate) bob: Person,
    pub(crate) cleo: Person,
    pub(crate) dan: Person,
    validators: Validators,
}

impl World {
    pub(crate) async fn new() -> Self {
        let chain = TestChain::builder()
            .genesis_timestamp(GENESIS)
            .accounts(12)
            .start(|_| ())
            .await
            .unwrap();
        let person = |actor| person(&chain, actor);
        let owner = person(Actor::ModelOwner);
        let register =
            owner
                .engine
                .registerModel(owner.address, U256::ZERO, Bytes::from_static(b"template"));
        let model = event::<IEngine::ModelRegistered>(&send!(register)).id;
        let world = Self {
            model,
            ann: person(Actor::Requester),
            bob: person(Actor::Miner(3)),
            cleo: person(Actor::Miner(4)),
            dan: person(Actor::Miner(5)),
            validators: Validators::stake(&chain).await.unwrap(),
            chain,
        };
        for person in [&world.ann, &world.bob, &world.cleo, &world.dan] {
            send!(person.token.approve(world.chain.engine(), U256::MAX));
        }
        world
    }

    pub(crate) fn lane(&self) -> &Lane {
        self.chain.lane(Actor::Owner).unwrap()
    }

    /// A task that a person owns and pays for.
    pub(crate) async fn task(&self, person: &Person, model: B256, input: &'static str) -> B256 {
        let input = Bytes::from_static(input.as_bytes());
        let submit = person
            .engine
            .submitTask(0, person.address, model, aius(1), input);
        event::<IEngine::TaskSubmitted>(&send!(submit)).id
    }

    /// A task of a person with a solution.
    pub(crate) async fn solved(&self, person: &Person, input: &'static str) -> B256 {
        let task = self.task(person, self.model, input).await;
        self.solve(task).await;
        task
    }

    /// Solves a task, with the digest [`answer`].
    pub(crate) async fn solve(&self, task: B256) {
        self.validators.solve(task, answer(task)).await.unwrap();
    }

    /// Contests a solution.
    pub(crate) async fn contest(&self, task: B256) {
        self.validators.contest(task).await.unwrap();
    }

    /// Has a contested solution voted down and the vote settled.
    pub(crate) async fn reject(&self, task: B256) {
        self.validators.reject(&self.chain, task).await.unwrap();
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.chain.pass(Duration::from_secs(seconds)).unwrap();
    }

    /// The time of the newest block.
    pub(crate) fn now(&self) -> u64 {
        self.chain.devnet().chain().latest_block().header.timestamp
    }

    /// Where a task stands.
    pub(crate) async fn status(&self, task: B256) -> u8 {
        view!(self.ann.engine.taskStatus(task))
    }

    pub(crate) async fn balance(&self, account: Address) -> U256 {
        view!(self.ann.token.balanceOf(account))
    }
}

/// The digest of the answer to a task: any will do, and each has its own.
pub(crate) fn answer(task: B256) -> B256 {
    !task
}

fn person(chain: &TestChain, actor: Actor) -> Person {
    let provider = chain.provider(actor).unwrap();
    Person {
        address: chain.lane(actor).unwrap().address(),
        engine: IEngine::new(chain.engine(), provider.clone()),
        token: IToken::new(chain.token(), provider.clone()),
        votes: IVotes::new(chain.token(), provider.clone()),
        provider,
    }
}

/// Asserts that a call by a person is refused with an error of this value.
macro_rules! refused {
    ($person:expr, $error:expr, $call:expr) => {{
        let expected = $error;
        let found = match $call.from($person.address).call().await {
            Ok(_) => panic!("{} was not refused", stringify!($call)),
            Err(error) => error,
        };
        let data = found.as_revert_data().unwrap_or_default();
        assert_eq!(
            data,
            alloy_primitives::Bytes::from(alloy_sol_types::SolError::abi_encode(&expected)),
            "{}: {found}, and not {expected:?}",
            stringify!($call)
        );
    }};
}

pub(crate) use refused;
