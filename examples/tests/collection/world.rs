//! A chain with a collection on it, and people who use it.

use std::time::Duration;

use alloy::{providers::DynProvider, rpc::types::TransactionReceipt};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolValue, sol};
use arbius_example_interfaces::collection::ICollection::{self, ICollectionInstance};
use arbius_examples::collection::{Implementation, Terms, deploy};
use arbius_protocol::cid;
use arbius_sdk::{
    chain::Call,
    contracts::{IEngine, IToken},
};
use arbius_testkit::{Actor, TestChain, TestChainBuilder, Validators, aius, event, send};
use serde_json::Value;

sol! {
    #![sol(alloy_contract = alloy::contract)]

    /// The contract of the tests, `examples/solidity/test/Puppet.sol`.
    #[sol(rpc)]
    interface IPuppet {
        /// What it does when it is given a token.
        struct Part {
            address target;
            bytes data;
            bool refuses;
            bytes reason;
            bytes4 answer;
        }

        function play(Part part) external;
        function perform(address target, bytes data) external returns (bytes);
        function given() external view returns (uint256);
        function succeeded() external view returns (bool);
        function returned() external view returns (bytes);
    }

    /// The consumer of the tests, `examples/solidity/test/Scribe.sol`.
    #[sol(rpc)]
    interface IScribe {
        function want(uint256 words) external;
        function submit(bytes32 model, uint256 fee, uint32 outcomeGas) external returns (bytes32);
        function written() external view returns (uint256);
    }
}

/// What accepts a token: the selector of `onERC721Received`.
pub(crate) const ACCEPTS: [u8; 4] = [0x15, 0x0b, 0x7a, 0x02];

/// Has each test hold for the contract in Rust and for the one in Solidity, on a chain with the
/// defaults or on one that is built otherwise.
macro_rules! both {
    (on $chain:expr; $($behaviour:ident),+ $(,)?) => {
        mod stylus {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                let implementation = arbius_examples::collection::Implementation::Stylus;
                let world = $crate::world::World::on($chain, implementation).await;
                super::$behaviour(world).await;
            })+
        }
        mod solidity {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $behaviour() {
                let implementation = arbius_examples::collection::Implementation::Solidity;
                let world = $crate::world::World::on($chain, implementation).await;
                super::$behaviour(world).await;
            })+
        }
    };
    ($($behaviour:ident),+ $(,)?) => {
        $crate::world::both!(on arbius_testkit::TestChain::builder(); $($behaviour),+);
    };
}

pub(crate) use both;

/// An actor with alloy's own wallet and fillers.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) engine: IEngine::IEngineInstance<DynProvider>,
    pub(crate) token: IToken::ITokenInstance<DynProvider>,
    pub(crate) collection: ICollectionInstance<DynProvider>,
}

/// A collection of at most three tokens, over a model whose fee is 1 AIUS.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) implementation: Implementation,
    pub(crate) model: B256,
    /// Mints, and has approved the collection.
    pub(crate) alice: Person,
    /// Mints nothing.
    pub(crate) bob: Person,
    pub(crate) validators: Validators,
    pub(crate) model_owner: Person,
}

impl World {
    pub(crate) async fn on(builder: TestChainBuilder, implementation: Implementation) -> Self {
        let chain = builder.start(|_| ()).await.unwrap();
        let lane = chain.lane(Actor::ModelOwner).unwrap();
        let register = IEngine::registerModelCall {
            addr: lane.address(),
            fee: aius(1),
            template: Bytes::from_static(b"template"),
        };
        let receipt = lane.execute(Call::new(chain.engine(), &register)).await;
        let receipt = receipt.unwrap();
        let registered = receipt.events::<IEngine::ModelRegistered>(chain.engine());
        let model = registered.map(|event| event.id).next().unwrap();
        let terms = terms(&chain, model);
        let collection = deploy(lane, terms, implementation).await.unwrap();
        let person = |actor| person(&chain, actor, collection);
        let world = Self {
            alice: person(Actor::Requester),
            validators: Validators::stake(&chain).await.unwrap(),
            bob: person(Actor::Miner(3)),
            model_owner: person(Actor::ModelOwner),
            implementation,
            model,
            chain,
        };
        send!(world.alice.token.approve(collection, U256::MAX));
        world
    }

    pub(crate) fn collection(&self) -> Address {
        *self.alice.collection.address()
    }

    /// Mints for Alice: the token and the task.
    pub(crate) async fn mint(&self, prompt: &str) -> (U256, B256) {
        let call = self.alice.collection.mint(prompt.to_owned(), aius(5));
        let minted: ICollection::Minted = event(&send!(call));
        (minted.tokenId, minted.task)
    }

    /// Commits to an answer and reveals it.
    pub(crate) async fn solve(&self, task: B256, answer: &Bytes) {
        let digest = cid::decode(answer).unwrap();
        self.validators.solve(task, digest).await.unwrap();
    }

    /// A token whose picture is final.
    pub(crate) async fn minted(&self, prompt: &str) -> (U256, B256) {
        let (token, task) = self.mint(prompt).await;
        self.solve(task, &answer(1)).await;
        self.pass(2_001);
        (token, task)
    }

    /// A token whose task is rejected by vote.
    pub(crate) async fn rejected(&self, prompt: &str) -> (U256, B256) {
        let (token, task) = self.mint(prompt).await;
        self.solve(task, &answer(1)).await;
        self.validators.contest(task).await.unwrap();
        self.validators.reject(&self.chain, task).await.unwrap();
        (token, task)
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.chain.pass(Duration::from_secs(seconds)).unwrap();
    }

    /// Has the engine tell the collection an outcome: whether that was accepted.
    pub(crate) async fn tell(&self, task: B256) -> (bool, TransactionReceipt) {
        let receipt = send!(self.bob.engine.notifyConsumer(task));
        let told: IEngine::ConsumerNotified = event(&receipt);
        (told.success, receipt)
    }

    /// What a token says of itself.
    pub(crate) async fn metadata(&self, token: U256) -> Value {
        let uri = self.bob.collection.tokenURI(token).call().await.unwrap();
        arbius_examples::collection::metadata(&uri).unwrap()
    }

    /// A contract that tests lead, with 10 AIUS that the collection may take.
    pub(crate) async fn puppet(&self) -> IPuppet::IPuppetInstance<DynProvider> {
        let puppet = include_str!("../../solidity/test/Puppet.json");
        let puppet = self.create(puppet, &[]).await;
        let puppet = IPuppet::new(puppet, self.bob.engine.provider().clone());
        send!(self.alice.token.transfer(*puppet.address(), aius(10)));
        let approve = self.alice.token.approve(self.collection(), U256::MAX);
        send!(puppet.perform(self.chain.token(), approve.calldata().clone()));
        puppet
    }

    /// A consumer in Solidity that tests lead, with 10 AIUS for its tasks.
    pub(crate) async fn scribe(&self) -> IScribe::IScribeInstance<DynProvider> {
        let scribe = include_str!("../../solidity/test/Scribe.json");
        let arguments = self.chain.engine().abi_encode();
        let scribe = self.create(scribe, &arguments).await;
        send!(self.alice.token.transfer(scribe, aius(10)));
        IScribe::new(scribe, self.bob.engine.provider().clone())
    }

    /// Makes a contract out of what is committed of it compiled.
    async fn create(&self, compiled: &str, arguments: &[u8]) -> Address {
        let compiled: Value = serde_json::from_str(compiled).unwrap();
        let code: Bytes = compiled["bytecode"].as_str().unwrap().parse().unwrap();
        let creation = Call::create([&code[..], arguments].concat().into());
        let lane = self.chain.lane(Actor::ModelOwner).unwrap();
        let receipt = lane.execute(creation).await.unwrap();
        receipt.created.unwrap()
    }

    pub(crate) async fn balance(&self, account: Address) -> U256 {
        self.bob.token.balanceOf(account).call().await.unwrap()
    }
}

/// What every collection here is made with.
pub(crate) fn terms(chain: &TestChain, model: B256) -> Terms {
    Terms {
        engine: chain.engine(),
        model,
        name: r#"Sti"ck\ers"#.to_owned(),
        symbol: "STICK".to_owned(),
        file: "out-1.png".to_owned(),
        max_supply: U256::from(3),
    }
}

/// The bytes of a CID whose digest is one byte, repeated.
pub(crate) fn answer(byte: u8) -> Bytes {
    cid::encode(B256::repeat_byte(byte)).to_vec().into()
}

fn person(chain: &TestChain, actor: Actor, collection: Address) -> Person {
    let provider = chain.provider(actor).unwrap();
    Person {
        address: chain.lane(actor).unwrap().address(),
        engine: IEngine::new(chain.engine(), provider.clone()),
        token: IToken::new(chain.token(), provider.clone()),
        collection: ICollection::new(collection, provider),
    }
}
