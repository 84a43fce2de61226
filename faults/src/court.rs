//! Who cheats, who accuses in bad faith, and who votes by the truth.

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_sdk::{
    chain::ChainError,
    client::{Validator, Vote},
};
use arbius_testkit::{AIUS, Actor};

use crate::{Audit, Config, MinerProcess, Scene};

/// So much that losing every dispute leaves them validators.
const STAKE: u128 = 500 * AIUS;

/// The people around a lone miner: its disputes need others who cheat and accuse, and others who
/// vote, as one honest vote against one accused is a tie, which sides with the accused. They are
/// the chain's miners from the second on.
#[derive(Debug)]
pub struct Court {
    cheat: Validator,
    slanderer: Validator,
    author: Validator,
    jurors: Vec<Validator>,
    /// Tasks whose solutions are made up.
    made_up: BTreeSet<B256>,
    /// What the jurors have voted on.
    voted: BTreeSet<B256>,
}

impl Court {
    /// All of them stake. They may contest and vote on solutions from 120 s of the chain later on.
    ///
    /// # Errors
    ///
    /// If the chain has too few actors, and what a transaction ends in.
    pub async fn gather(scene: &Scene) -> eyre::Result<Self> {
        let mut people = Vec::new();
        for number in 1..=5 {
            let lane = scene.chain().lane(Actor::Miner(number))?.clone();
            let validator = Validator::new(lane, scene.chain().engine());
            validator.deposit(U256::from(STAKE)).await?;
            people.push(validator);
        }
        let jurors = people.split_off(3);
        let [cheat, slanderer, author] = people
            .try_into()
            .map_err(|_| eyre::eyre!("three people and two jurors"))?;
        Ok(Self {
            cheat,
            slanderer,
            author,
            jurors,
            made_up: BTreeSet::new(),
            voted: BTreeSet::new(),
        })
    }

    /// Gathers them around a miner that runs once, with this configuration: all of them may
    /// contest and vote then, and it too.
    ///
    /// # Errors
    ///
    /// As [`Self::gather`], and if the miner does not run.
    pub async fn gather_around(
        scene: &Scene,
        program: &str,
        config: &Config,
    ) -> eyre::Result<Self> {
        let mut miner = MinerProcess::start(program, config).await?;
        miner.ready().await?;
        miner.stop().await?;
        let court = Self::gather(scene).await?;
        scene.pass_validators_wait()?;
        Ok(court)
    }

    /// Who contests in bad faith.
    #[must_use]
    pub fn slanderer(&self) -> Address {
        self.slanderer.address()
    }

    /// Whether the solution of a task is made up.
    #[must_use]
    pub fn is_made_up(&self, task: &B256) -> bool {
        self.made_up.contains(task)
    }

    /// The cheat reveals a made-up solution.
    ///
    /// # Errors
    ///
    /// What a transaction ends in; `SubmitSolutionCooldown` for a time after a lost dispute.
    pub async fn make_up(&mut self, task: B256) -> Result<(), ChainError> {
        let digest = keccak256(task);
        self.cheat.commit(task, digest).await?;
        self.cheat.reveal(task, digest).await?;
        self.made_up.insert(task);
        Ok(())
    }

    /// The author reveals the right solution, and will not claim it.
    ///
    /// # Errors
    ///
    /// What a transaction ends in, or if the model does not run.
    pub async fn solve(&self, scene: &Scene, task: B256) -> eyre::Result<()> {
        let digest = scene.solution(task).await?;
        self.author.commit(task, digest).await?;
        self.author.reveal(task, digest).await?;
        Ok(())
    }

    /// The slanderer contests a right solution.
    ///
    /// # Errors
    ///
    /// What the transaction ends in.
    pub async fn slander(&self, task: B256) -> eyre::Result<()> {
        self.slanderer.contest(task).await?;
        Ok(())
    }

    /// A juror contests a made-up solution.
    ///
    /// # Errors
    ///
    /// What the transaction ends in.
    pub async fn accuse(&self, task: B256) -> eyre::Result<()> {
        match self.jurors.first() {
            Some(juror) => juror.contest(task).await?,
            None => eyre::bail!("no jurors"),
        };
        Ok(())
    }

    /// Whether all that is contestable was contested, and `miner` has voted on all of it: then
    /// time may pass.
    #[must_use]
    pub fn is_decided(&self, audit: &Audit, miner: Address) -> bool {
        let made_up = self.made_up.iter();
        made_up.chain(audit.contested.keys()).all(|task| {
            audit.contested.contains_key(task)
                && (audit.has_voted(miner, task)
                    || audit.rejected.contains(task)
                    || audit.upheld.contains(task))
        })
    }

    /// The jurors vote by the truth on what is contested and was not voted on.
    ///
    /// # Errors
    ///
    /// What a transaction ends in.
    pub async fn vote(&mut self, audit: &Audit) -> eyre::Result<()> {
        for (task, contester) in &audit.contested {
            if !self.voted.insert(*task) {
                continue;
            }
            let vote = match self.made_up.contains(task) {
                true => Vote::Wrong,
                false => Vote::Right,
            };
            // Who contests has voted with that.
            let others = self.jurors.iter().filter(|j| j.address() != *contester);
            for juror in others {
                juror.vote(*task, vote).await?;
            }
        }
        Ok(())
    }

    /// What is wrong about disputes when `miner` should have taken part in all of them, and all
    /// of them should be over: something made up that was not contested or not rejected, a vote
    /// that was forgotten or lost, an outcome that is not the truth.
    #[must_use]
    pub fn complaints(&self, audit: &Audit, miner: Address) -> Vec<String> {
        let mut complaints = Vec::new();
        for task in &self.made_up {
            if !audit.contested.contains_key(task) {
                complaints.push(format!("{task} is made up, and nobody contested it"));
            }
        }
        for task in audit.contested.keys() {
            let wrong = self.made_up.contains(task);
            let votes = audit.votes.iter().filter(|(_, voted, _)| voted == task);
            let own: Vec<bool> = votes
                .filter(|(voter, ..)| *voter == miner)
                .map(|(.., yea)| *yea)
                .collect();
            if own != [wrong] {
                complaints.push(format!(
                    "of {task} {miner} said wrong: {own:?}, not [{wrong}]"
                ));
            }
            let outcome = match wrong {
                true => &audit.rejected,
                false => &audit.upheld,
            };
            if !outcome.contains(task) {
                complaints.push(format!("the vote on {task} did not end as it should"));
            }
            if audit.unpaid(task) > 0 {
                complaints.push(format!(
                    "{} winners of {task} were not paid",
                    audit.unpaid(task)
                ));
            }
        }
        complaints
    }
}
