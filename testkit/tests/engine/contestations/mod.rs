//! Contestations (protocol section 8): who may contest and vote, what it costs, how the
//! vote ends and who gets what.

mod settlement;
mod time;
mod voting;

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{Address, B256, U256};
use arbius_sdk::contracts::IEngine;

use crate::world::{AIUS, Person, World, aius, answer, event, events, refused, send, view};

/// What a vote locks on a young network.
const SLASH: u128 = AIUS / 8;

/// What each validator starts with.
const STAKE: u128 = 10 * AIUS;

/// A solved task whose solution can be contested, and who may have a say.
struct Dispute {
    world: World,
    model: B256,
    task: B256,
    /// Validators for long: neither the solver nor the rival.
    voters: Vec<Person>,
}

impl Dispute {
    /// The solver has solved a task of fee 10, which the rival can contest. Solutions lock
    /// `solution_stake`.
    async fn new(voters: usize, solution_stake: u128) -> Self {
        let (world, model) = World::with_model(U256::ZERO).await;
        let voters: Vec<Person> = (0..voters).map(|n| world.miner(2 + n)).collect();
        for voter in &voters {
            send!(
                world
                    .rival
                    .engine
                    .validatorDeposit(voter.address, U256::from(STAKE))
            );
        }
        if solution_stake != 0 {
            send!(
                world
                    .owner
                    .engine
                    .setSolutionsStakeAmount(U256::from(solution_stake))
            );
        }
        world.pass(120);
        let task = world.task(model, aius(10), b"in").await;
        world.solve(&world.solver, task, answer(1)).await;
        Self {
            world,
            model,
            task,
            voters,
        }
    }

    async fn contest(&self) -> TransactionReceipt {
        send!(self.world.rival.engine.submitContestation(self.task))
    }

    async fn vote(&self, voter: &Person, yea: bool) -> TransactionReceipt {
        send!(voter.engine.voteOnContestation(self.task, yea))
    }

    /// Settles up to `amount` winners; anyone may.
    async fn settle(&self, amount: u32) -> TransactionReceipt {
        send!(
            self.world
                .requester
                .engine
                .contestationVoteFinish(self.task, amount)
        )
    }

    async fn staked(&self, person: &Person) -> u128 {
        view!(self.world.owner.engine.validators(person.address))
            .staked
            .to()
    }

    async fn can_vote(&self, person: &Person) -> u64 {
        view!(
            self.world
                .owner
                .engine
                .validatorCanVote(person.address, self.task)
        )
        .to()
    }

    /// The shares that a page paid beside the locks, in order.
    fn shares(receipt: &TransactionReceipt) -> Vec<(Address, u128)> {
        events::<IEngine::ContestationShare>(receipt)
            .into_iter()
            .map(|paid| {
                assert_eq!(paid.lock, U256::from(SLASH));
                (paid.validator, paid.share.to())
            })
            .collect()
    }
}
