//! One dispute of each kind at a time, and what a lone miner has to do about each.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use eyre::bail;

use crate::{Audit, Court, MinerProcess, Scene};

/// Longer than a vote and the time in which the other winners leave the settlement to the one
/// with most to gain, and than the hour after the contest period in which a solution is its
/// solver's to claim.
const AFTER_ALL: Duration = Duration::from_secs(8_100);

/// Without anything coming on.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(40);

/// Tasks, each of which asks a miner for something else.
#[derive(Debug)]
pub struct Round {
    miner: Address,
    /// Made up, and not contested: the miner contests it.
    made_up: B256,
    /// Made up, and contested: the miner votes against it.
    accused: B256,
    /// Right, and contested in bad faith: the miner votes for it.
    slandered: B256,
    /// Right, and never claimed: the miner claims it for its solver.
    unclaimed: B256,
    /// The miner's own, and contested in bad faith: the miner defends it, and settles.
    own: B256,
    /// The miner's own, for a consumer: the miner tells it.
    consumed: B256,
    /// Whether the time for contesting and voting is over.
    over: bool,
}

impl Round {
    /// Lets everything happen that is to happen before the miner sees any of it.
    ///
    /// # Errors
    ///
    /// What a transaction ends in.
    pub async fn begin(scene: &mut Scene, court: &mut Court, miner: Address) -> eyre::Result<Self> {
        // Who was voted down has to pause.
        scene.chain().pass(AFTER_ALL)?;
        let first = scene.tasks().len();
        scene.submit(5).await?;
        let [made_up, accused, slandered, unclaimed, own] = scene.tasks()[first..] else {
            bail!("five tasks were submitted");
        };
        court.make_up(made_up).await?;
        court.make_up(accused).await?;
        court.solve(scene, slandered).await?;
        court.solve(scene, unclaimed).await?;
        court.accuse(accused).await?;
        court.slander(slandered).await?;
        let consumed = scene.submit_for_consumer().await?;
        Ok(Self {
            miner,
            made_up,
            accused,
            slandered,
            unclaimed,
            own,
            consumed,
            over: false,
        })
    }

    /// Lets the others do their part until the miner has done all of its own, or has ended.
    /// `look` is called now and then, and says whether it did something that the miner had to
    /// wait for.
    ///
    /// # Errors
    ///
    /// If the miner does not get on for a time.
    pub async fn follow(
        &mut self,
        scene: &Scene,
        court: &mut Court,
        miner: &mut MinerProcess,
        mut look: impl AsyncFnMut(&mut MinerProcess) -> eyre::Result<bool>,
    ) -> eyre::Result<()> {
        let mut open = Vec::new();
        let mut progress = Instant::now();
        while !miner.is_over() {
            if look(miner).await? {
                progress = Instant::now();
            }
            let audit = scene.audit();
            if audit.solved.contains_key(&self.own) && !audit.contested.contains_key(&self.own) {
                court.slander(self.own).await?;
                progress = Instant::now();
                continue;
            }
            court.vote(&audit).await?;
            let still_open = self.open(&audit);
            if still_open != open {
                open = still_open;
                progress = Instant::now();
            }
            if open.is_empty() {
                if self.over {
                    return Ok(());
                }
                if self.has_judged(miner).await {
                    self.over = true;
                    scene.chain().pass(AFTER_ALL)?;
                }
            }
            if progress.elapsed() > PATIENCE {
                bail!("still open: {open:?}\n{}", miner.log());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Whether the miner has judged what it has nothing to send about yet.
    async fn has_judged(&self, miner: &mut MinerProcess) -> bool {
        let Ok(cases) = miner.cases().await else {
            // It is dead, or just dying.
            return false;
        };
        let mut cases = cases.iter();
        cases.any(|case| case.task == self.unclaimed && case.finding.is_some())
    }

    /// What is still to happen before time may pass, or once it has.
    fn open(&self, audit: &Audit) -> Vec<&'static str> {
        let voted = |task: &B256| audit.has_voted(self.miner, task);
        let contested = [self.made_up, self.accused, self.slandered, self.own];
        let mut open = Vec::new();
        let mut expect = |so: bool, what| {
            if !so {
                open.push(what);
            }
        };
        if self.over {
            let paid = |task: &B256| audit.paid.contains_key(task) && audit.unpaid(task) == 0;
            expect(contested.iter().all(paid), "a settlement");
            expect(
                audit.claimed.contains_key(&self.unclaimed),
                "a claim for another",
            );
            expect(audit.claimed.contains_key(&self.consumed), "a claim");
            expect(
                audit.notified.contains_key(&self.consumed),
                "a notification",
            );
        } else {
            expect(
                audit.contested.contains_key(&self.made_up),
                "a contestation",
            );
            expect(contested.iter().all(voted), "a vote");
            expect(audit.solved.contains_key(&self.consumed), "a solution");
        }
        open
    }

    /// What is wrong once it is over.
    #[must_use]
    pub fn complaints(&self, audit: &Audit, court: &Court) -> Vec<String> {
        let right = [self.slandered, self.unclaimed, self.own, self.consumed];
        let mut complaints = audit.complaints(&right, &[self.miner]);
        complaints.extend(court.complaints(audit, self.miner));
        let told = audit.notified.get(&self.consumed).copied();
        if told != Some(1) {
            complaints.push(format!(
                "the consumer of {} was told {told:?}",
                self.consumed
            ));
        }
        complaints
    }

    /// The tasks that have to be cases of the miner, and over.
    #[must_use]
    pub const fn cases(&self) -> [B256; 5] {
        [
            self.made_up,
            self.accused,
            self.slandered,
            self.unclaimed,
            self.own,
        ]
    }
}
