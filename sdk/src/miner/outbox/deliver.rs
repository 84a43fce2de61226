//! A group on its way: committed to, revealed, taken apart.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy_primitives::{B256, U256};
use tokio::time::sleep;

use super::{Group, bulk::share, queue::Ended};
use crate::{
    chain::{Call, ChainError, Receipt},
    contracts::IEngine,
    miner::{
        Job, MinerError, State, StoreError,
        ask::Whom,
        disk::{DISK_PAUSE, waits_for_disk},
        machine::{Machine, Next, Remedy, StepError},
        slot::{Done, Slot, pause_after},
    },
};

/// How long to wait for the block after a commitment's before revealing without having been
/// able to simulate it: a chain on which nothing happens makes none.
const NEXT_BLOCK: Duration = Duration::from_secs(2);
const NEXT_BLOCK_POLL: Duration = Duration::from_millis(250);

/// How a group goes on.
pub(super) enum Progress {
    /// With the next step.
    Again,
    /// It is over, and every job of it has left.
    Over,
    /// As others, which are committed to anew.
    Apart(Vec<Group>),
}

/// A group on its way.
pub(super) struct Delivery {
    pub(super) machine: Arc<Machine>,
    pub(super) group: Group,
    /// Those of its jobs that have not left.
    pub(super) jobs: Vec<Job>,
    /// Those that have left, and are yet to be written down.
    left: Vec<Job>,
    pub(super) done: Vec<Done>,
    /// Whether it is known if the chain has its commitment.
    looked_up: bool,
    /// Whether the block after the commitment was waited for.
    pub(super) waited: bool,
    /// Whether it is revealed though it cannot be simulated yet.
    pub(super) unsimulated: bool,
    next_id: Arc<AtomicU64>,
}

/// Commits to a group and reveals it. Errors that pass are waited out here. Ends as soon as
/// jobs have left, with what is left to be delivered.
///
/// # Errors
///
/// What ends the miner.
pub(super) async fn deliver(
    machine: Arc<Machine>,
    group: Group,
    known: bool,
    next_id: Arc<AtomicU64>,
) -> Result<Ended, MinerError> {
    let mut delivery = loop {
        let (machine, next_id) = (Arc::clone(&machine), Arc::clone(&next_id));
        match Delivery::begin(machine, &group, known, next_id).map_err(MinerError::from) {
            Err(error) if waits_for_disk(&error) => sleep(DISK_PAUSE).await,
            begun => break begun?,
        }
    };
    let mut failures = 0;
    let rest = loop {
        match delivery.advance().await {
            Ok(Some(rest)) => break rest,
            Ok(None) => failures = 0,
            Err(error) if error.remedy(0) == Remedy::Stop => return Err(error.into()),
            Err(error) => {
                delivery.note(&error)?;
                sleep(pause_after(failures)).await;
                failures = failures.saturating_add(1);
            }
        }
    };
    let done = delivery.done;
    Ok(Ended::Delivered { done, rest })
}

impl Delivery {
    fn begin(
        machine: Arc<Machine>,
        group: &Group,
        known: bool,
        next_id: Arc<AtomicU64>,
    ) -> Result<Self, StoreError> {
        let mut jobs = Vec::with_capacity(group.entries.len());
        for entry in &group.entries {
            let job = machine.store.job(entry.task)?;
            jobs.extend(job.filter(|job| job.state < State::Revealed));
        }
        Ok(Self {
            machine,
            group: group.clone(),
            jobs,
            left: Vec::new(),
            done: Vec::new(),
            looked_up: known,
            waited: false,
            unsimulated: false,
            next_id,
        })
    }

    /// Takes the next step. Returns what is left to be delivered, once jobs have left or the
    /// group is over.
    async fn advance(&mut self) -> Result<Option<Vec<Group>>, StepError> {
        let progress = match self.step().await {
            Err(error) if self.done.is_empty() => return Err(error),
            Err(error) => {
                self.note(&error)?;
                Progress::Again
            }
            Ok(progress) => progress,
        };
        Ok(match progress {
            Progress::Over => Some(Vec::new()),
            Progress::Apart(halves) => Some(halves),
            Progress::Again if self.done.is_empty() => None,
            Progress::Again => Some(self.rest()?),
        })
    }

    /// Writes everything down, and returns the group if any of its jobs are still in it.
    fn rest(&mut self) -> Result<Vec<Group>, StoreError> {
        let over = self.jobs.is_empty();
        self.write(over)?;
        Ok(if over {
            Vec::new()
        } else {
            vec![self.group.clone()]
        })
    }

    async fn step(&mut self) -> Result<Progress, StepError> {
        if self.jobs.is_empty() {
            self.write(true)?;
            return Ok(Progress::Over);
        }
        if !self.looked_up {
            // Its commitment may be on its way still.
            self.machine.lane.settled().await?;
            self.look_up().await?;
            self.looked_up = true;
        }
        if self.group.committed.is_some() {
            self.reveal().await
        } else {
            self.commit().await
        }
    }

    /// Asks the chain whether the group is committed to.
    pub(super) async fn look_up(&mut self) -> Result<(), StepError> {
        let commitment = self.group.commitment(self.machine.account());
        let call = IEngine::commitmentsCall { commitment };
        let block = self.machine.chain.read(self.machine.engine, &call).await?;
        let committed = (block != U256::ZERO).then(|| block.saturating_to());
        self.group.committed = committed;
        let state = match committed {
            Some(_) => State::Committed,
            None => State::Pinned,
        };
        self.reach_all(state)?;
        Ok(())
    }

    /// pinned → committed, for all of the group.
    #[tracing::instrument(level = "debug", skip_all, fields(group = self.group.id, tasks = self.jobs.len()))]
    async fn commit(&mut self) -> Result<Progress, StepError> {
        // As long as nothing binds us, what others have solved is left out, what this machine
        // is no longer trusted with, and what it was told wrongly.
        if self.leave_lost().await? | self.leave_withheld().await | self.leave_misreported().await?
        {
            self.group = Group::new(self.group.id, self.jobs.iter());
            if self.jobs.is_empty() {
                return Ok(Progress::Again);
            }
            self.write(false)?;
        }
        let machine = Arc::clone(&self.machine);
        let call = self.group.commit(machine.engine, machine.account());
        match self.send(call).await {
            Ok(receipt) => {
                let share = share(receipt.gas_used, self.jobs.len());
                for job in &mut self.jobs {
                    job.gas.commit = job.gas.commit.saturating_add(share);
                }
                self.group.committed = Some(receipt.block);
                self.waited = false;
                self.reach_all(State::Committed)?;
                Ok(Progress::Again)
            }
            // Ours from before a restart: the preimage is nobody else's.
            Err(error) if error.is_revert("CommitmentExists") => {
                self.look_up().await?;
                if self.group.committed.is_none() {
                    return Err(StepError::Late);
                }
                Ok(Progress::Again)
            }
            // While gas is dear, others gather for the next group.
            Err(error @ ChainError::FeeAboveCeiling { .. }) => {
                self.put_off(&error.to_string(), |_| true);
                Ok(Progress::Again)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a transaction and waits for its receipt, as long as that takes.
    pub(super) async fn send(&self, call: Call) -> Result<Receipt, ChainError> {
        let receipt = self.machine.lane.send(call).await?.landed().await?;
        self.machine.included(&receipt);
        Ok(receipt)
    }

    /// Lets the jobs go that somebody else is known to have solved. Returns whether there were
    /// any.
    pub(super) async fn leave_lost(&mut self) -> Result<bool, StoreError> {
        let machine = Arc::clone(&self.machine);
        let before = self.jobs.len();
        for index in (0..before).rev() {
            let Some(job) = self.jobs.get_mut(index) else {
                continue;
            };
            let Some(winner) = machine.winner(job.task) else {
                continue;
            };
            let slot = match machine.concede(job, winner).await {
                Ok(Next::Over) => None,
                Ok(Next::Send) => Some(Slot::Sending { recheck: false }),
                Ok(Next::Step) => continue,
                Err(StepError::Store(error)) => return Err(error),
                // Nobody confirms it: the engine passes over what was lost.
                Err(error) => {
                    tracing::debug!(task = %job.task, %error, "cannot tell whether it is lost");
                    continue;
                }
            };
            let job = self.jobs.remove(index);
            self.leave(job, slot);
        }
        Ok(self.jobs.len() < before)
    }

    /// Lets the jobs go that an endpoint's event has misreported. Returns whether there were
    /// any.
    async fn leave_misreported(&mut self) -> Result<bool, StoreError> {
        let machine = Arc::clone(&self.machine);
        let wrong = match machine.misreported(&mut self.jobs).await {
            Ok(wrong) => wrong,
            Err(StepError::Store(error)) => return Err(error),
            Err(error) => return Ok(self.put_off(&error.to_string(), |job| !job.proved)),
        };
        for mut job in self
            .jobs
            .extract_if(.., |job| wrong.contains(&job.task))
            .collect::<Vec<_>>()
        {
            tracing::error!(task = %job.task, model = %job.model,
                "an endpoint told of another task than was submitted");
            let reason = "an endpoint told of another task than was submitted under this id";
            machine.measured(&mut job, |job| job.end(State::Declined, reason));
            self.leave(job, None);
        }
        Ok(!wrong.is_empty())
    }

    /// Lets some jobs go that are tried again later. Returns whether there were any.
    fn put_off(&mut self, reason: &str, which: impl Fn(&Job) -> bool) -> bool {
        let going: Vec<Job> = self.jobs.extract_if(.., |job| which(job)).collect();
        let any = !going.is_empty();
        for mut job in going {
            job.attempts = job.attempts.saturating_add(1);
            job.note = Some(reason.to_owned());
            let slot = Slot::after(job.attempts);
            self.leave(job, Some(slot));
        }
        any
    }

    /// Lets the jobs go that are not to be revealed any more: their model is no longer
    /// reproduced here. Returns whether there were any.
    pub(super) async fn leave_withheld(&mut self) -> bool {
        let machine = Arc::clone(&self.machine);
        let before = self.jobs.len();
        for index in (0..before).rev() {
            let reason = match self.jobs.get(index) {
                Some(job) => machine.withheld(job).await,
                None => None,
            };
            if let Some(reason) = reason {
                let mut job = self.jobs.remove(index);
                machine.measured(&mut job, |job| job.end(State::Declined, reason));
                self.leave(job, None);
            }
        }
        self.jobs.len() < before
    }

    /// Lets a job go, as it is; it is written down with the group.
    pub(super) fn leave(&mut self, job: Job, slot: Option<Slot>) {
        self.done.push(Done {
            task: job.task,
            slot,
        });
        self.left.push(job);
    }

    /// Lets a job go on where the chain says it stands, after the engine has refused what was
    /// sent for it. Nothing is decided if the task is open.
    pub(super) async fn leave_as_chain_says(&mut self, task: B256) -> Result<bool, StepError> {
        let machine = Arc::clone(&self.machine);
        let Some(index) = self.jobs.iter().position(|job| job.task == task) else {
            return Ok(true);
        };
        let job = &mut self.jobs[index];
        let next = match machine.standing(job, Whom::Anyone).await? {
            // It contradicts the refusal: one endpoint may be hiding something.
            None if !machine.chain.is_alone() => {
                let whom = Whom::Two { since: job.block };
                machine.standing(job, whom).await?
            }
            next => next,
        };
        let Some(next) = next else {
            return Ok(false);
        };
        let job = self.jobs.remove(index);
        let slot = match next {
            Next::Over => None,
            _ => Some(Slot::Sending { recheck: false }),
        };
        self.leave(job, slot);
        Ok(true)
    }

    /// Takes the group apart into halves, whose jobs are committed to anew; nothing of it was
    /// revealed. A job that had a group of its own ends with the reason.
    pub(super) fn take_apart(&mut self, reason: &str) -> Result<Progress, StepError> {
        tracing::warn!(
            group = self.group.id,
            tasks = self.jobs.len(),
            reason,
            "a group cannot be revealed as it is"
        );
        if self.group.entries.len() == 1 {
            for mut job in std::mem::take(&mut self.jobs) {
                let end = |job: &mut Job| job.end(State::Failed, reason);
                self.machine.measured(&mut job, end);
                self.leave(job, None);
            }
            return Ok(Progress::Again);
        }
        self.regroup(self.jobs.len().div_ceil(2))
    }

    /// Forms groups of at most so many jobs of those that are left, which are committed to
    /// anew.
    pub(super) fn regroup(&mut self, most: usize) -> Result<Progress, StepError> {
        let mut groups = Vec::new();
        for jobs in self.jobs.chunks(most.max(1)) {
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            groups.push(Group::new(id, jobs.iter()));
        }
        let machine = Arc::clone(&self.machine);
        let mut jobs = self.left.clone();
        jobs.extend(self.jobs.iter().cloned().map(|mut job| {
            machine.measured(&mut job, |job| job.reach(State::Pinned));
            job
        }));
        let store = &machine.store;
        store.save_groups(&groups, Some(self.group.id), &jobs)?;
        machine.announce(&jobs);
        self.left.clear();
        self.jobs.clear();
        Ok(Progress::Apart(groups))
    }

    /// Waits for a block after that of the commitment. Returns whether there is one.
    pub(super) async fn next_block(&self, committed: u64) -> Result<bool, StepError> {
        let wait = async {
            while self.machine.chain.head().await?.number <= committed {
                sleep(NEXT_BLOCK_POLL).await;
            }
            Ok::<(), ChainError>(())
        };
        match tokio::time::timeout(NEXT_BLOCK, wait).await {
            Ok(there) => there.map(|()| true).map_err(StepError::from),
            Err(_) => Ok(false),
        }
    }

    fn reach_all(&mut self, state: State) -> Result<(), StoreError> {
        let machine = &self.machine;
        for job in self.jobs.iter_mut().filter(|job| job.state != state) {
            machine.measured(job, |job| job.reach(state));
        }
        self.write(false)
    }

    /// Writes the group and its jobs down, those that have left too.
    pub(super) fn write(&mut self, over: bool) -> Result<(), StoreError> {
        let left = self.left.len();
        let mut jobs = std::mem::take(&mut self.left);
        jobs.extend(self.jobs.iter().cloned());
        let (groups, closed) = if over {
            (&[][..], Some(self.group.id))
        } else {
            (std::slice::from_ref(&self.group), None)
        };
        let written = self.machine.store.save_groups(groups, closed, &jobs);
        if written.is_err() {
            jobs.truncate(left);
            self.left = jobs;
            return written;
        }
        self.machine.announce(&jobs);
        Ok(())
    }

    /// Notes with every job why it does not go on.
    fn note(&mut self, error: &StepError) -> Result<(), StoreError> {
        let reason = error.to_string();
        tracing::warn!(group = self.group.id, tasks = self.jobs.len(), %error, "trying again later");
        let known = |job: &Job| job.note.as_deref() == Some(reason.as_str());
        if self.jobs.iter().all(known) {
            return Ok(());
        }
        for job in &mut self.jobs {
            job.attempts = job.attempts.saturating_add(1);
            job.note = Some(reason.clone());
        }
        match self.write(false) {
            // Nothing hangs on a note.
            Err(error) if error.is_passing() => Ok(()),
            written => written,
        }
    }
}
