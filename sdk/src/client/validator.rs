//! A validator's account: its stake, its solutions, its part in contestations (protocol
//! sections 6 to 8).

use alloy_primitives::{Address, B256, U256};
use arbius_protocol::{cid, ids};

use crate::{
    chain::{Call, Chain, ChainError, Lane, Receipt},
    contracts::{IEngine, IToken},
};

/// What a reveal may cost when it cannot be simulated yet. The reference's takes 147,052
/// gas; a program that has to be started uncached adds tens of thousands.
const REVEAL_GAS: u64 = 600_000;

/// Winners that one settling transaction pays. Each takes two storage words, so that a page
/// stays far below what a block holds.
const PAGE: u32 = 50;

/// No more accounts can have voted on a solution: each has a stake, of which the supply holds
/// some thousands.
const MOST_VOTES: u64 = 100_000;

/// What a validator says of a contested solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vote {
    /// The solution is wrong: the contestation is right.
    Wrong,
    /// The solution is what the model makes of the input.
    Right,
}

/// The stake of an account, wei of AIUS (protocol section 7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stake {
    /// What is staked, announced withdrawals included, locks not.
    pub staked: U256,
    /// What is announced to be withdrawn.
    pub withdrawing: U256,
    /// Since when there was enough of it to be a validator, seconds since 1970; 0 if it is none.
    pub since: u64,
}

impl Stake {
    /// Reads the stake of `account`.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(chain: &Chain, engine: Address, account: Address) -> Result<Self, ChainError> {
        let call = IEngine::validatorsCall { validator: account };
        let validator = chain.read(engine, &call).await?;
        let call = IEngine::validatorWithdrawPendingAmountCall { validator: account };
        Ok(Self {
            staked: validator.staked,
            withdrawing: chain.read(engine, &call).await?,
            since: validator.since.saturating_to(),
        })
    }

    /// What counts towards the minimum and can be locked.
    #[must_use]
    pub fn free(&self) -> U256 {
        self.staked.saturating_sub(self.withdrawing)
    }
}

/// A contested solution and the votes on it so far (protocol section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contestation {
    /// When it was opened, seconds since 1970.
    pub opened: u64,
    /// When the vote ends, if neither a late vote nor a pause moves it, seconds since 1970.
    pub vote_end: u64,
    /// What each vote locks, wei of AIUS.
    pub slash: U256,
    /// Who says that the solution is wrong, the contester first.
    pub wrong: Vec<Address>,
    /// Who says that it is right.
    pub right: Vec<Address>,
    /// How many winners have been paid; 0 before the settlement.
    pub settled: u32,
}

impl Contestation {
    /// Reads the contestation of `task`, if there is one.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(
        chain: &Chain,
        engine: Address,
        task: B256,
    ) -> Result<Option<Self>, ChainError> {
        let found = chain
            .read(engine, &IEngine::contestationsCall { task })
            .await?;
        if found.validator.is_zero() {
            return Ok(None);
        }
        let end = chain
            .read(engine, &IEngine::contestationVoteEndCall { task })
            .await?;
        let votes = chain
            .read(engine, &IEngine::contestationVoteCountsCall { task })
            .await?;
        if votes.yeas.max(votes.nays) > U256::from(MOST_VOTES) {
            return Err(chain.untrue(
                "eth_call",
                format!(
                    "{} and {} accounts voted on task {task}, more than there can be",
                    votes.yeas, votes.nays
                ),
            ));
        }
        let mut contestation = Self {
            opened: found.blocktime,
            vote_end: end.saturating_to(),
            slash: found.slashAmount,
            wrong: Vec::new(),
            right: Vec::new(),
            settled: found.finish_start_index,
        };
        for index in 0..votes.yeas.saturating_to::<u32>() {
            let call = IEngine::contestationVoteYeasCall {
                task,
                index: U256::from(index),
            };
            contestation.wrong.push(chain.read(engine, &call).await?);
        }
        for index in 0..votes.nays.saturating_to::<u32>() {
            let call = IEngine::contestationVoteNaysCall {
                task,
                index: U256::from(index),
            };
            contestation.right.push(chain.read(engine, &call).await?);
        }
        Ok(Some(contestation))
    }
}

/// An account that stakes, solves, contests and votes.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use alloy_primitives::U256;
/// use arbius_sdk::client::Validator;
/// # let local = arbius_testkit::TestChain::start().await?;
/// # let deployment = local.deployment();
/// # let lane = local.lane(arbius_testkit::Actor::Miner(0))?.clone();
///
/// let validator = Validator::new(lane, deployment.engine()?);
/// # arbius_sdk::client::Requester::new(local.lane(arbius_testkit::Actor::Miner(0))?.clone(), deployment)?.approve(U256::from(1000)).await?;
/// validator.deposit(U256::from(1000)).await?;
/// assert_eq!(validator.stake().await?.staked, U256::from(1000));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Validator {
    lane: Lane,
    engine: Address,
}

impl Validator {
    /// A validator of the engine at `engine` that signs with `lane`.
    #[must_use]
    pub const fn new(lane: Lane, engine: Address) -> Self {
        Self { lane, engine }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> Address {
        self.lane.address()
    }

    pub(super) const fn lane(&self) -> &Lane {
        &self.lane
    }

    /// The chain that it acts on.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        self.lane.chain()
    }

    /// The engine that it is a validator of.
    #[must_use]
    pub const fn engine(&self) -> Address {
        self.engine
    }

    /// Its stake.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn stake(&self) -> Result<Stake, ChainError> {
        Stake::of(self.lane.chain(), self.engine, self.address()).await
    }

    /// Adds `amount` wei of AIUS to its stake, and approves that before where the allowance
    /// is short.
    ///
    /// # Errors
    ///
    /// What the transactions end in.
    pub async fn deposit(&self, amount: U256) -> Result<Receipt, ChainError> {
        let chain = self.lane.chain();
        let token = chain.read(self.engine, &IEngine::baseTokenCall {}).await?;
        let allowance = IToken::allowanceCall {
            owner: self.address(),
            spender: self.engine,
        };
        if chain.read(token, &allowance).await? < amount {
            let approve = IToken::approveCall {
                spender: self.engine,
                value: amount,
            };
            let approve = Call::new(token, &approve).for_purpose("approving the stake");
            self.lane.execute(approve).await?;
        }
        let deposit = IEngine::validatorDepositCall {
            validator: self.address(),
            amount,
        };
        let deposit = Call::new(self.engine, &deposit).for_purpose("depositing the stake");
        self.lane.execute(deposit).await
    }

    /// Commits to a solution of `task`, `digest` being that of its CID
    /// ([`cids::digest`](crate::content::cids::digest)): nobody can read it out of that yet.
    ///
    /// # Errors
    ///
    /// `CommitmentExists` if it was committed to before, and what the transaction ends in.
    pub async fn commit(&self, task: B256, digest: B256) -> Result<Receipt, ChainError> {
        let commitment = ids::commitment(self.address(), task, digest);
        let call = IEngine::signalCommitmentCall { commitment };
        let call = Call::new(self.engine, &call).for_purpose(format!("committing {task}"));
        self.lane.execute(call).await
    }

    /// Reveals the solution that was committed to, in a block after the commitment's.
    ///
    /// # Errors
    ///
    /// Those of `submitSolution`, by name, and what the transaction ends in.
    pub async fn reveal(&self, task: B256, digest: B256) -> Result<Receipt, ChainError> {
        let cid = cid::encode(digest).into();
        let call = IEngine::submitSolutionCall { task, cid };
        let call = Call::new(self.engine, &call)
            .for_purpose(format!("revealing {task}"))
            .urgent()
            .despite("CommitmentMustBeInPast", REVEAL_GAS);
        self.lane.execute(call).await
    }

    /// Contests the solution of `task`, and votes with that.
    ///
    /// Do so only after computing the task yourself: who is outvoted loses the slash amount.
    ///
    /// # Errors
    ///
    /// Those of `submitContestation`, by name, and what the transaction ends in.
    pub async fn contest(&self, task: B256) -> Result<Receipt, ChainError> {
        let call = IEngine::submitContestationCall { task };
        let call = Call::new(self.engine, &call)
            .for_purpose(format!("contesting {task}"))
            .urgent();
        self.lane.execute(call).await
    }

    /// Votes on the contested solution of `task`.
    ///
    /// # Errors
    ///
    /// `NotAllowed` if it may not vote, and what the transaction ends in.
    pub async fn vote(&self, task: B256, vote: Vote) -> Result<Receipt, ChainError> {
        let yea = vote == Vote::Wrong;
        let call = IEngine::voteOnContestationCall { task, yea };
        let call = Call::new(self.engine, &call)
            .for_purpose(format!("voting on {task}"))
            .urgent();
        self.lane.execute(call).await
    }

    /// Settles a contestation whose vote is over, to its last winner, in as many
    /// transactions as that takes. Anyone may do so, and may go on where another stopped.
    ///
    /// # Errors
    ///
    /// `ContestationDoesntExist`, `VotingPeriodNotEnded`, and what a transaction ends in.
    pub async fn settle(&self, task: B256) -> Result<Vec<Receipt>, ChainError> {
        let mut receipts = Vec::new();
        let mut settled = None;
        loop {
            let call = IEngine::contestationVoteFinishCall { task, amount: PAGE };
            let call = Call::new(self.engine, &call).for_purpose(format!("settling {task}"));
            match self.lane.execute(call).await {
                Ok(receipt) => receipts.push(receipt),
                Err(error) if error.is_revert("SettlementComplete") => return Ok(receipts),
                Err(error) => return Err(error),
            }
            let chain = self.lane.chain();
            let before = settled;
            let now = chain
                .read(self.engine, &IEngine::contestationsCall { task })
                .await?
                .finish_start_index;
            settled = Some(now);
            let votes = chain
                .read(self.engine, &IEngine::contestationVoteCountsCall { task })
                .await?;
            // The winners are the larger side, in a tie the second of two equal ones.
            if U256::from(now) >= votes.yeas.max(votes.nays) {
                return Ok(receipts);
            }
            if before.is_some_and(|before| now <= before) {
                // Each transaction costs gas: what leads nowhere is not repeated for ever.
                return Err(chain.untrue(
                    "eth_call",
                    format!("settling {task} paid nobody beyond winner {now}"),
                ));
            }
        }
    }
}
