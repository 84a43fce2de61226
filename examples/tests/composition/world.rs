//! A chain, the contract, and people around it.

use std::time::Duration;

use alloy::{providers::DynProvider, rpc::types::TransactionReceipt};
use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_examples::composition::{self, IComposition, Parts};
use arbius_sdk::{
    content::cids,
    contracts::{IEngine, IToken},
};
use arbius_testkit::{Actor, TestChain, Validators, event, events, send, view};

/// The answer that ends a story here.
pub(crate) const LAST: B256 = B256::repeat_byte(0xee);

/// What a text and a picture cost here.
pub(crate) const FEE: u128 = arbius_testkit::AIUS;

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) address: Address,
    pub(crate) engine: IEngine::IEngineInstance<DynProvider>,
    pub(crate) token: IToken::ITokenInstance<DynProvider>,
    pub(crate) contract: IComposition::ICompositionInstance<DynProvider>,
}

/// The contract between two models, an author who has approved it, and three validators.
pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) contract: Address,
    pub(crate) author: Person,
    pub(crate) stranger: Person,
    validators: Validators,
    /// Owns the engine, and may pause it.
    pub(crate) owner: Person,
    pub(crate) model_owner: Person,
    pub(crate) text_model: B256,
    pub(crate) picture_model: B256,
}

/// The only task that a receipt tells was asked for.
pub(crate) fn asked(receipt: &TransactionReceipt) -> IComposition::PartAsked {
    event(receipt)
}

/// How a receipt tells that a story ended.
pub(crate) fn ended(receipt: &TransactionReceipt) -> (u8, U256) {
    let end: IComposition::StoryEnded = event(receipt);
    (end.ending as u8, end.left)
}

/// The input that a receipt tells a task has.
pub(crate) fn input(receipt: &TransactionReceipt) -> String {
    let input = event::<IEngine::TaskInput>(receipt).input;
    String::from_utf8(input.to_vec()).unwrap()
}

/// Where a later task finds the text of an answer.
pub(crate) fn path(answer: B256) -> String {
    format!("{}/out-1.txt", cids::from_digest(answer.0))
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(TestChain::builder()).await
    }

    pub(crate) async fn on(builder: arbius_testkit::TestChainBuilder) -> Self {
        Self::concluded_by(LAST, builder).await
    }

    /// A world in which another answer ends a story.
    pub(crate) async fn concluded_by(
        last_words: B256,
        builder: arbius_testkit::TestChainBuilder,
    ) -> Self {
        let chain = builder.start(|_| ()).await.unwrap();
        let owner = person(&chain, Actor::ModelOwner, Address::ZERO);
        let mut models = Vec::new();
        for template in ["text", "picture"] {
            let template = Bytes::copy_from_slice(template.as_bytes());
            let register = owner
                .engine
                .registerModel(owner.address, U256::ZERO, template);
            models.push(event::<IEngine::ModelRegistered>(&send!(register)).id);
        }
        let parts = Parts {
            engine: chain.engine(),
            text_model: models[0],
            picture_model: models[1],
            last_words,
        };
        let lane = chain.lane(Actor::ModelOwner).unwrap();
        let contract = composition::deploy(lane, parts).await.unwrap();
        let person = |actor| person(&chain, actor, contract);
        let world = Self {
            author: person(Actor::Requester),
            stranger: person(Actor::Miner(3)),
            validators: Validators::stake(&chain).await.unwrap(),
            owner: person(Actor::Owner),
            model_owner: person(Actor::ModelOwner),
            contract,
            text_model: models[0],
            picture_model: models[1],
            chain,
        };
        send!(world.author.token.approve(contract, U256::MAX));
        world
    }

    /// Begins the author's story and gives its number and first task.
    pub(crate) async fn begin(&self, chapters: u32, budget: u128) -> (U256, B256) {
        let begin = (self.author.contract).begin(
            "a fox".into(),
            "at night".into(),
            chapters,
            budget,
            FEE,
            FEE,
        );
        let receipt = send!(begin);
        (
            event::<IComposition::StoryBegun>(&receipt).story,
            asked(&receipt).task,
        )
    }

    /// Has a task answered, waits until that is final, and has the contract told.
    pub(crate) async fn answer(&self, task: B256, answer: B256) -> TransactionReceipt {
        self.solve(task, answer).await;
        self.pass(2_001);
        self.tell(task).await
    }

    /// Commits to an answer and reveals it.
    pub(crate) async fn solve(&self, task: B256, answer: B256) {
        self.validators.solve(task, answer).await.unwrap();
    }

    /// Has a task's answer voted down.
    pub(crate) async fn reject(&self, task: B256) {
        self.solve(task, B256::repeat_byte(0xbb)).await;
        self.validators.contest(task).await.unwrap();
        self.validators.reject(&self.chain, task).await.unwrap();
    }

    /// Has the contract told the outcome of a task, which it must accept.
    pub(crate) async fn tell(&self, task: B256) -> TransactionReceipt {
        let (accepted, receipt) = self.try_to_tell(task).await;
        assert!(accepted, "the contract did not accept an outcome");
        receipt
    }

    /// The same, with whether it accepted.
    pub(crate) async fn try_to_tell(&self, task: B256) -> (bool, TransactionReceipt) {
        let receipt = send!(self.stranger.engine.notifyConsumer(task));
        (
            event::<IEngine::ConsumerNotified>(&receipt).success,
            receipt,
        )
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.chain.pass(Duration::from_secs(seconds)).unwrap();
    }

    pub(crate) async fn balance(&self, of: Address) -> U256 {
        view!(self.author.token.balanceOf(of))
    }

    /// Asserts that the contract holds nothing that is nobody's, and that nothing was asked for
    /// or ended in a receipt.
    pub(crate) async fn all_is_over(&self, receipt: &TransactionReceipt) {
        assert!(events::<IComposition::PartAsked>(receipt).is_empty());
        let credit = view!(self.author.contract.owed(self.author.address));
        assert_eq!(self.balance(self.contract).await, credit);
    }
}

fn person(chain: &TestChain, actor: Actor, contract: Address) -> Person {
    let provider = chain.provider(actor).unwrap();
    Person {
        address: chain.lane(actor).unwrap().address(),
        engine: IEngine::new(chain.engine(), provider.clone()),
        token: IToken::new(chain.token(), provider.clone()),
        contract: IComposition::new(contract, provider),
    }
}
