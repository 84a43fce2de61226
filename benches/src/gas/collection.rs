//! The example collection, in Rust and in Solidity: what a mint costs, and being told.

use alloy_primitives::{Address, U256};
use arbius_example_interfaces::collection::ICollection;
use arbius_examples::collection::{Implementation, Terms, deploy};
use arbius_sdk::{
    chain::Receipt,
    contracts::{IEngine, IToken},
    deploy::program,
};
use arbius_testkit::{Actor, TestkitError};
use eyre::ensure;

use super::{
    Cache,
    scenario::{CLAIM_WAIT, Cost, FEE, Scenario},
};

impl Scenario<'_> {
    /// A mint, and the outcome of its task, by each of the two contracts.
    pub(super) async fn collections(&mut self, cache: Cache) -> eyre::Result<()> {
        for (implementation, language) in [
            (Implementation::Stylus, "in Rust"),
            (Implementation::Solidity, "in Solidity"),
        ] {
            let collection = self.collection(implementation, cache).await?;
            // The first life warms every account and slot up; the second is measured.
            let mut costs = [Cost::default(); 2];
            for _ in 0..2 {
                let minted = self.mint(collection).await?;
                let told = self.tell(&minted, collection).await?;
                costs = [&minted, &told].map(|receipt| self.cost(receipt));
            }
            let [mint, tell] = costs;
            self.note(&format!("collection {language}, mint"), mint);
            self.note(&format!("collection {language}, notifyConsumer"), tell);
        }
        Ok(())
    }

    /// A collection that the requester has approved.
    async fn collection(
        &self,
        implementation: Implementation,
        cache: Cache,
    ) -> eyre::Result<Address> {
        let owner = self.lane(Actor::Owner)?;
        let terms = Terms {
            engine: self.chain.engine(),
            model: self.model,
            name: "Stickers".to_owned(),
            symbol: "STICK".to_owned(),
            file: "out-1.png".to_owned(),
            max_supply: U256::from(100),
        };
        let collection = deploy(owner, terms, implementation).await?;
        if implementation == Implementation::Stylus && cache == Cache::Warm {
            program::cache(owner, collection, U256::ZERO).await?;
        }
        let approve = IToken::approveCall {
            spender: collection,
            value: U256::MAX,
        };
        self.on(Actor::Requester, self.chain.token(), &approve)
            .await?;
        Ok(collection)
    }

    /// Mints for a prompt as long as prompts are, three words of storage.
    async fn mint(&self, collection: Address) -> Result<Receipt, TestkitError> {
        let mint = ICollection::mintCall {
            prompt: "an owl and a rocket above the city, at night, with stars".to_owned(),
            fee: U256::from(FEE),
        };
        self.on(Actor::Requester, collection, &mint).await
    }

    /// Has what was minted solved, and the collection told once it is final.
    async fn tell(&mut self, minted: &Receipt, collection: Address) -> eyre::Result<Receipt> {
        let minted = minted.events::<ICollection::Minted>(collection).next();
        let task = minted.map(|event| event.task).unwrap_or_default();
        let answer = self.answer();
        self.commit(task, answer).await?;
        self.reveal(task, answer).await?;
        self.chain.pass(CLAIM_WAIT)?;
        let engine = self.chain.engine();
        let notify = IEngine::notifyConsumerCall { task };
        let receipt = self.on(Actor::Miner(0), engine, &notify).await?;
        // The engine's call succeeds where the consumer's fails, for less gas.
        let told = receipt.events::<IEngine::ConsumerNotified>(engine).next();
        ensure!(
            told.is_some_and(|event| event.success),
            "the collection refused the outcome of its task {task}"
        );
        Ok(receipt)
    }
}
