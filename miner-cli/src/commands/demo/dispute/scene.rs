//! One dispute, from the task to the settlement.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use arbius_models::STICKERS;
use arbius_sdk::client::{Network, Requester, TaskRequest, Vote};
use arbius_sdk::content::{Cid, cids};
use arbius_sdk::contracts::{Submission, TaskStatus};
use arbius_sdk::inference::{InProcess, Solver};
use arbius_sdk::miner::{Verdict, verify};
use arbius_sdk::model::Bundle;
use arbius_testkit::{Actor, TestChain};
use eyre::{bail, eyre};

use super::people::{Funds, People, Person};
use crate::commands::demo::Progress;
use crate::models;

/// What each task pays: 0.5 AIUS.
const FEE: u64 = 500_000_000_000_000_000;

/// Longer than the vote period of 4,000 s and its extension.
const UNTIL_SETTLEMENT: Duration = Duration::from_secs(9_000);

/// Who is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Story {
    /// Mallory reveals a picture of something else; Alice contests.
    CheatingSolver,
    /// Alice reveals what the model draws; Mallory contests all the same.
    BadFaithContester,
}

/// What happened.
pub(super) struct Report {
    pub(super) story: Story,
    pub(super) task: B256,
    pub(super) prompt: &'static str,
    /// The CID that was revealed.
    pub(super) revealed: Cid,
    /// The CID that the jury computed.
    pub(super) computed: Cid,
    /// Who said that the solution is wrong.
    pub(super) wrong: Vec<&'static str>,
    /// Who said that it is right.
    pub(super) right: Vec<&'static str>,
    /// What each vote locked, wei of AIUS.
    pub(super) slash: U256,
    /// How the task ended.
    pub(super) outcome: TaskStatus,
    /// What the task paid, wei of AIUS.
    pub(super) fee: U256,
    /// What everybody owned before the task was submitted, in the order of [`People::funds`].
    pub(super) before: Vec<Funds>,
    /// What they owned after the settlement.
    pub(super) after: Vec<Funds>,
    pub(super) gas: Gas,
}

/// Gas of each step.
pub(super) struct Gas {
    pub(super) contest: u64,
    /// Of one vote.
    pub(super) vote: u64,
    pub(super) settle: u64,
}

/// What both disputes need.
pub(super) struct Scene<'a> {
    chain: &'a TestChain,
    people: &'a People,
    model: B256,
    bundle: Arc<Bundle>,
    solver: InProcess,
    network: Network,
    progress: &'a Progress,
}

impl Story {
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::CheatingSolver => "A solver cheats",
            Self::BadFaithContester => "An honest solution is contested",
        }
    }

    const fn prompt(self) -> &'static str {
        match self {
            Self::CheatingSolver => "a castle at sunset",
            Self::BadFaithContester => "a fox and a balloon",
        }
    }
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        chain: &'a TestChain,
        people: &'a People,
        model: B256,
        progress: &'a Progress,
    ) -> eyre::Result<Self> {
        Ok(Self {
            chain,
            people,
            model,
            bundle: models::embedded(&STICKERS)?,
            solver: InProcess::default(),
            network: Network::new(chain.chain().clone(), chain.deployment())?,
            progress,
        })
    }

    /// Plays one story through and tells what came of it.
    pub(super) async fn play(&self, story: Story) -> eyre::Result<Report> {
        let People { mallory, alice, .. } = self.people;
        let (accused, contester) = match story {
            Story::CheatingSolver => (mallory, alice),
            Story::BadFaithContester => (alice, mallory),
        };
        let before = self.people.funds(self.chain).await?;
        let task = self.ask(story.prompt()).await?;
        let revealed = self.solve(story, accused, &task).await?;
        let contest = self.contest(story, contester, &task, &revealed).await?;
        let (computed, vote) = self.vote(&task, &revealed).await?;
        let settle = self.settle(task.task).await?;

        let contestation = self.network.contestation(task.task).await?;
        let contestation = contestation.ok_or_else(|| eyre!("the contestation is gone"))?;
        Ok(Report {
            story,
            task: task.task,
            prompt: story.prompt(),
            revealed,
            computed,
            wrong: self.names(&contestation.wrong),
            right: self.names(&contestation.right),
            slash: contestation.slash,
            outcome: self.network.status(task.task).await?,
            fee: task.fee,
            before,
            after: self.people.funds(self.chain).await?,
            gas: Gas {
                contest,
                vote,
                settle,
            },
        })
    }

    /// Submits a task and reads it back as every validator does: from the engine's events.
    async fn ask(&self, prompt: &str) -> eyre::Result<Submission> {
        let stage = self.progress.stage("submitting a task");
        let requester = self.chain.lane(Actor::Requester)?.clone();
        let requester = Requester::new(requester, self.chain.deployment())?;
        let request = TaskRequest {
            model: self.model,
            fee: U256::from(FEE),
            input: models::input_of(self.bundle.template(), prompt)?
                .into_bytes()
                .into(),
            owner: None,
        };
        let task = requester.submit(&request).await?.task;
        stage.done(format!("“{prompt}” is submitted as task {task}"));
        Ok(self.network.submission(task).await?)
    }

    /// Commits and reveals: what the model draws, or what it draws for another seed.
    async fn solve(&self, story: Story, solver: &Person, task: &Submission) -> eyre::Result<Cid> {
        let stage = self
            .progress
            .stage(format!("{} solves the task", solver.name));
        let seed = match story {
            Story::BadFaithContester => task.seed(),
            Story::CheatingSolver => task.seed() ^ 1,
        };
        let outputs = self.solver.solve(&self.bundle, &task.input, seed).await?;
        let cid = outputs.cid()?;
        let digest = B256::new(cids::digest(&cid)?);
        solver.validator.commit(task.task, digest).await?;
        solver.validator.reveal(task.task, digest).await?;
        stage.done(match story {
            Story::CheatingSolver => {
                format!("{} reveals {cid}: the picture of another seed", solver.name)
            }
            Story::BadFaithContester => {
                format!("{} reveals {cid}: what the model draws", solver.name)
            }
        });
        Ok(cid)
    }

    /// Contests the solution. Whoever is honest has computed it first.
    async fn contest(
        &self,
        story: Story,
        contester: &Person,
        task: &Submission,
        revealed: &Cid,
    ) -> eyre::Result<u64> {
        let stage = self
            .progress
            .stage(format!("{} looks at it", contester.name));
        let verdict = verify(&self.solver, &self.bundle, task, revealed).await;
        let reason = match (story, verdict) {
            (Story::CheatingSolver, Verdict::Wrong { computed }) => {
                format!("{} computes {computed} and contests", contester.name)
            }
            (Story::BadFaithContester, Verdict::Right) => {
                format!(
                    "{} computes the same and contests all the same",
                    contester.name
                )
            }
            (_, verdict) => bail!("computing the task again shows {verdict:?}"),
        };
        let receipt = contester.validator.contest(task.task).await?;
        stage.done(reason);
        Ok(receipt.gas_used)
    }

    /// Lets the jury compute the task again and vote as that comes out. Returns what they
    /// computed and what one vote cost.
    async fn vote(&self, task: &Submission, revealed: &Cid) -> eyre::Result<(Cid, u64)> {
        let mut found = None;
        for juror in &self.people.jury {
            let stage = self
                .progress
                .stage(format!("{} computes the task again", juror.name));
            let verdict = verify(&self.solver, &self.bundle, task, revealed).await;
            let (vote, computed, word) = match verdict {
                Verdict::Right => (Vote::Right, *revealed, "right"),
                Verdict::Wrong { computed } => (Vote::Wrong, computed, "wrong"),
                Verdict::Inconclusive { reason, .. } => {
                    bail!("{} cannot compute the task: {reason}", juror.name)
                }
            };
            let receipt = juror.validator.vote(task.task, vote).await?;
            stage.done(format!(
                "{} computes {computed} and votes: {word}",
                juror.name
            ));
            found = Some((computed, receipt.gas_used));
        }
        found.ok_or_else(|| eyre!("there is no jury"))
    }

    /// Waits for the end of the vote and settles.
    async fn settle(&self, task: B256) -> eyre::Result<u64> {
        let stage = self.progress.stage("the vote ends");
        self.chain.pass(UNTIL_SETTLEMENT)?;
        // Anyone may: here it is a juror.
        let receipts = self.people.jury[0].validator.settle(task).await?;
        let gas = receipts.iter().map(|receipt| receipt.gas_used).sum();
        stage.done("the vote is over and settled; the chain's clock moved on for it");
        Ok(gas)
    }

    fn names(&self, accounts: &[Address]) -> Vec<&'static str> {
        let name = |account: &Address| {
            let people = self.people.validators();
            let found = people
                .iter()
                .find(|person| person.validator.address() == *account);
            found.map_or("?", |person| person.name)
        };
        accounts.iter().map(name).collect()
    }
}
