//! Validators who answer tasks, contest and vote.

use std::time::Duration;

use alloy_primitives::B256;
use arbius_sdk::client::{Validator, Vote};

use crate::{Actor, TestChain, TestkitError, aius};

/// AIUS that each stakes: far more than all the slashes of a test.
const STAKE: u128 = 10;

/// Who votes was a validator for longer than this before the solution (protocol section 8).
const SENIORITY: Duration = Duration::from_secs(121);

/// Past the time to vote, and what a late vote extends it by.
const VOTING: Duration = Duration::from_secs(4_601);

/// The first three miners as validators, each for one part.
#[derive(Clone, Debug)]
pub struct Validators {
    /// [`Actor::Miner(0)`](Actor::Miner).
    pub solver: Validator,
    /// [`Actor::Miner(1)`](Actor::Miner).
    pub contester: Validator,
    /// [`Actor::Miner(2)`](Actor::Miner).
    pub voter: Validator,
}

impl Validators {
    /// Has them stake, and time pass until they may vote.
    ///
    /// # Errors
    ///
    /// [`TestkitError`]; none on a chain whose actors have what they began with.
    pub async fn stake(chain: &TestChain) -> Result<Self, TestkitError> {
        let validator = async |number| -> Result<Validator, TestkitError> {
            let lane = chain.lane(Actor::Miner(number))?.clone();
            let validator = Validator::new(lane, chain.engine());
            validator.deposit(aius(STAKE)).await?;
            Ok(validator)
        };
        let validators = Self {
            solver: validator(0).await?,
            contester: validator(1).await?,
            voter: validator(2).await?,
        };
        chain.pass(SENIORITY)?;
        Ok(validators)
    }

    /// Commits to the digest of an answer to a task, and reveals it.
    ///
    /// # Errors
    ///
    /// The engine's, such as `SolutionAlreadySubmitted`.
    pub async fn solve(&self, task: B256, digest: B256) -> Result<(), TestkitError> {
        self.solver.commit(task, digest).await?;
        self.solver.reveal(task, digest).await?;
        Ok(())
    }

    /// Has the answer to a task contested.
    ///
    /// # Errors
    ///
    /// The engine's, such as `SolutionNotFound`.
    pub async fn contest(&self, task: B256) -> Result<(), TestkitError> {
        self.contester.contest(task).await?;
        Ok(())
    }

    /// Has a contested answer voted down, and settles that.
    ///
    /// # Errors
    ///
    /// The engine's, such as `ContestationDoesntExist`.
    pub async fn reject(&self, chain: &TestChain, task: B256) -> Result<(), TestkitError> {
        self.voter.vote(task, Vote::Wrong).await?;
        chain.pass(VOTING)?;
        self.voter.settle(task).await?;
        Ok(())
    }
}
