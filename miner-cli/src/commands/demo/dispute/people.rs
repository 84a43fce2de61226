//! Who takes part, and what each of them owns.

use std::time::Duration;

use alloy_primitives::{Address, U256};
use arbius_sdk::chain::Chain;
use arbius_sdk::client::Validator;
use arbius_sdk::contracts::{IEngine, IToken};
use arbius_testkit::{Actor, TestChain};
use serde::Serialize;

use crate::amount;
use crate::commands::demo::Progress;

/// What each validator stakes: 2 AIUS, twice the least that the young network demands.
const STAKE: u64 = 2_000_000_000_000_000_000;

/// Longer than the 120 s for which one must have been a validator before a solution that
/// one votes on.
const BEFORE_VOTES: Duration = Duration::from_secs(150);

/// A validator and its name in the story.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) validator: Validator,
}

/// Everybody.
pub(super) struct People {
    /// Solves wrongly, then contests wrongly.
    pub(super) mallory: Person,
    /// Contests what is wrong, then is contested although right.
    pub(super) alice: Person,
    /// Vote.
    pub(super) jury: [Person; 2],
    /// Who asks, and pays.
    pub(super) requester: Address,
}

/// What an account owns, wei of AIUS as decimal strings in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Funds {
    /// In the account.
    #[serde(serialize_with = "decimal")]
    pub(super) balance: U256,
    /// Staked and not locked.
    #[serde(serialize_with = "decimal")]
    pub(super) staked: U256,
    /// Owed by the engine.
    #[serde(serialize_with = "decimal")]
    pub(super) earnings: U256,
}

fn decimal<S: serde::Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

impl People {
    /// Lets four validators stake, and waits until they have been validators for long enough
    /// to vote.
    pub(super) async fn gather(chain: &TestChain, progress: &Progress) -> eyre::Result<Self> {
        let stage = progress.stage("four validators stake");
        let person = async |number: usize, name: &'static str| -> eyre::Result<Person> {
            let lane = chain.lane(Actor::Miner(number))?.clone();
            let validator = Validator::new(lane, chain.engine());
            validator.deposit(U256::from(STAKE)).await?;
            Ok(Person { name, validator })
        };
        let people = Self {
            mallory: person(0, "Mallory").await?,
            alice: person(1, "Alice").await?,
            jury: [person(2, "Bob").await?, person(3, "Carol").await?],
            requester: chain.lane(Actor::Requester)?.address(),
        };
        chain.pass(BEFORE_VOTES)?;
        stage.done(format!(
            "Mallory, Alice, Bob and Carol have staked {} AIUS each",
            amount::show(U256::from(STAKE))
        ));
        Ok(people)
    }

    /// The validators, in the order of the tables.
    pub(super) fn validators(&self) -> [&Person; 4] {
        [&self.mallory, &self.alice, &self.jury[0], &self.jury[1]]
    }

    /// What the validators own, in their order, then what the requester owns.
    pub(super) async fn funds(&self, chain: &TestChain) -> eyre::Result<Vec<Funds>> {
        let mut funds = Vec::new();
        let accounts = self.validators().map(|person| person.validator.address());
        for account in accounts.into_iter().chain([self.requester]) {
            funds.push(Funds::of(chain.chain(), chain, account).await?);
        }
        Ok(funds)
    }
}

impl Funds {
    async fn of(rpc: &Chain, chain: &TestChain, account: Address) -> eyre::Result<Self> {
        let balance = IToken::balanceOfCall { account };
        let validator = IEngine::validatorsCall { validator: account };
        let earnings = IEngine::earningsCall { account };
        Ok(Self {
            balance: rpc.read(chain.token(), &balance).await?,
            staked: rpc.read(chain.engine(), &validator).await?.staked,
            earnings: rpc.read(chain.engine(), &earnings).await?,
        })
    }
}
