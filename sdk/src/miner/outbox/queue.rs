//! What waits to be sent, what is underway, and what leaves.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use alloy_primitives::B256;
use tokio::task::{JoinError, JoinSet};

use super::{Group, claim, deliver};
use crate::miner::{
    Job, MinerError, Role, State,
    disk::{DISK_PAUSE, waits_for_disk},
    machine::Machine,
    slot::Done,
};

/// Groups that are committed to and revealed at a time. While so many are underway, more
/// gathers for the next.
const GROUPS_AT_ONCE: usize = 4;

/// How a piece of work ended.
pub(super) enum Ended {
    /// Jobs have left a group.
    Delivered {
        /// What became of each.
        done: Vec<Done>,
        /// What is still to be delivered.
        rest: Vec<Group>,
    },
    /// Claims were made, or put off.
    Claimed {
        /// What became of each job.
        done: Vec<Done>,
        /// Whether earnings were credited.
        credited: bool,
    },
    /// Earnings were withdrawn; or were not, and have to be tried again.
    Withdrawn(bool),
}

/// What the miner sends about its solutions.
pub(in crate::miner) struct Outbox {
    machine: Arc<Machine>,
    /// Jobs that are pinned, and since when each waits to be committed to.
    pinned: VecDeque<(B256, Instant)>,
    /// Jobs that are revealed, by the end of their contest periods.
    revealed: BTreeSet<(u64, B256)>,
    /// Every job that is here.
    held: HashSet<B256>,
    running: JoinSet<Result<Ended, MinerError>>,
    groups: usize,
    /// Jobs that are being claimed, in one transaction at a time.
    claiming: usize,
    withdrawing: bool,
    /// Earnings were credited since they were withdrawn.
    owed: bool,
    /// More jobs are on their way here.
    more: bool,
    next_id: Arc<AtomicU64>,
    /// Until when no group is formed, because the disk is full.
    pause: Option<Instant>,
}

impl Outbox {
    /// Takes up the groups that an earlier run left.
    ///
    /// # Errors
    ///
    /// [`MinerError::Store`].
    pub(in crate::miner) fn resume(machine: Arc<Machine>) -> Result<Self, MinerError> {
        let groups = machine.store.groups()?;
        let next_id = groups.last().map_or(0, |group| group.id + 1);
        let mut outbox = Self {
            machine,
            pinned: VecDeque::new(),
            revealed: BTreeSet::new(),
            held: HashSet::new(),
            running: JoinSet::new(),
            groups: 0,
            claiming: 0,
            withdrawing: false,
            owed: true,
            more: false,
            next_id: Arc::new(AtomicU64::new(next_id)),
            pause: None,
        };
        for group in groups {
            tracing::info!(
                group = group.id,
                tasks = group.entries.len(),
                committed = group.committed,
                "taking up a group of an earlier run"
            );
            for entry in &group.entries {
                let job = outbox.machine.store.job(entry.task)?;
                // Those that the earlier run was done with have nothing to wait for here.
                if job.is_some_and(|job| job.state < State::Revealed) {
                    outbox.held.insert(entry.task);
                }
            }
            outbox.deliver(group, false);
        }
        Ok(outbox)
    }

    /// Whether a job is here.
    pub(in crate::miner) fn holds(&self, task: B256) -> bool {
        self.held.contains(&task)
    }

    /// Takes a job over: it is committed to and revealed, or claimed once that is possible,
    /// and comes back by [`Outbox::next`].
    pub(in crate::miner) fn put(&mut self, job: &Job) {
        if !self.held.insert(job.task) {
            return;
        }
        match job.state {
            State::Revealed | State::Claimable => {
                let end = job.contest_end.unwrap_or_default();
                self.revealed.insert((end, job.task));
            }
            // Committed to by a version that had no groups: alone, and looked up first.
            State::Committed => {
                let group = Group::new(self.new_id(), std::iter::once(job));
                self.deliver(group, false);
            }
            _ => self.pinned.push_back((job.task, Instant::now())),
        }
    }

    /// Gives back every job with which nothing is underway: the chain has changed, and each
    /// has to be compared with it.
    pub(in crate::miner) fn take_back(&mut self) -> Vec<B256> {
        let pinned = self.pinned.drain(..).map(|(task, _)| task);
        let mut tasks: Vec<B256> = pinned.collect();
        tasks.extend(
            std::mem::take(&mut self.revealed)
                .into_iter()
                .map(|(_, task)| task),
        );
        for task in &tasks {
            self.held.remove(task);
        }
        tasks
    }

    /// Says whether more jobs are on their way: then the first one waits a moment for them.
    pub(in crate::miner) const fn expect_more(&mut self, more: bool) {
        self.more = more;
    }

    /// How many jobs are here that are not revealed yet.
    pub(in crate::miner) fn unrevealed(&self) -> usize {
        let revealed = self.revealed.len() + self.claiming;
        self.held.len().saturating_sub(revealed)
    }

    /// Sends what is due and waits until jobs leave. May be dropped and called again at any
    /// time, and has to be after [`Outbox::put`].
    ///
    /// # Errors
    ///
    /// What ends the miner: its store fails, or its key.
    pub(in crate::miner) async fn next(&mut self) -> Result<Vec<Done>, MinerError> {
        loop {
            self.start()?;
            let deadline = self.deadline();
            let ended = tokio::select! {
                Some(ended) = self.running.join_next() => ended,
                () = wait_until(deadline) => continue,
            };
            let done = self.end(ended)?;
            if !done.is_empty() {
                return Ok(done);
            }
        }
    }

    /// Stops what is underway. What it did is written down.
    pub(in crate::miner) async fn shutdown(&mut self) {
        self.running.shutdown().await;
    }

    fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    fn end(
        &mut self,
        ended: Result<Result<Ended, MinerError>, JoinError>,
    ) -> Result<Vec<Done>, MinerError> {
        let ended = ended.map_err(|error| MinerError::Crashed(error.to_string()))??;
        let done = match ended {
            Ended::Delivered { done, rest } => {
                self.groups -= 1;
                for group in rest {
                    self.deliver(group, true);
                }
                done
            }
            Ended::Claimed { done, credited } => {
                self.claiming = 0;
                self.owed |= credited;
                done
            }
            Ended::Withdrawn(withdrawn) => {
                self.withdrawing = false;
                self.owed |= !withdrawn;
                Vec::new()
            }
        };
        for Done { task, .. } in &done {
            self.held.remove(task);
        }
        Ok(done)
    }

    /// When the first job has waited for others long enough.
    fn deadline(&self) -> Option<Instant> {
        let (_, since) = self.pinned.front()?;
        let waits = self.groups < GROUPS_AT_ONCE;
        let window = since.checked_add(self.machine.settings.bulk.window)?;
        waits.then(|| self.pause.map_or(window, |pause| pause.max(window)))
    }

    /// Whether a group is to be formed.
    fn is_due(&self) -> bool {
        if self.pause.is_some_and(|pause| pause > Instant::now()) {
            return false;
        }
        let full = self.pinned.len() >= self.machine.settings.bulk.reveals();
        let waited = self
            .deadline()
            .is_some_and(|deadline| deadline <= Instant::now());
        self.groups < GROUPS_AT_ONCE && !self.pinned.is_empty() && (full || waited || !self.more)
    }

    fn start(&mut self) -> Result<(), MinerError> {
        if self.machine.settings.shadow {
            return Ok(());
        }
        while self.is_due() {
            match self.form() {
                Err(error) if waits_for_disk(&error) => {
                    self.pause = Some(Instant::now() + DISK_PAUSE);
                }
                formed => formed?,
            }
        }
        let due = self.due_claims();
        if !due.is_empty() {
            self.claiming = due.len();
            let machine = Arc::clone(&self.machine);
            self.running.spawn(claim::claim(machine, due));
        } else if self.owed && self.claiming == 0 && !self.withdrawing {
            // After the last of a row of claims, one withdrawal for all of them.
            self.owed = false;
            if self.machine.settings.withdraw {
                self.withdrawing = true;
                let machine = Arc::clone(&self.machine);
                self.running.spawn(claim::withdraw(machine));
            }
        }
        Ok(())
    }

    /// Forms a group of what has waited longest, and writes it down before anything of it is signed.
    fn form(&mut self) -> Result<(), MinerError> {
        let most = self.machine.settings.bulk.reveals().min(self.pinned.len());
        let mut jobs = Vec::with_capacity(most);
        for (task, _) in self.pinned.iter().take(most) {
            jobs.extend(self.machine.store.job(*task)?);
        }
        let group = Group::new(self.new_id(), jobs.iter());
        self.machine
            .store
            .save_groups(std::slice::from_ref(&group), None, &[])?;
        self.pinned.drain(..most);
        self.deliver(group, true);
        Ok(())
    }

    /// Sets a group going; `known` says that it is known whether the chain has its commitment.
    fn deliver(&mut self, group: Group, known: bool) {
        // What an earlier run committed to is revealed by the next one that may send.
        if self.machine.settings.shadow {
            return;
        }
        self.groups += 1;
        let machine = Arc::clone(&self.machine);
        let next_id = Arc::clone(&self.next_id);
        self.running
            .spawn(deliver::deliver(machine, group, known, next_id));
    }

    /// The jobs whose contest periods are over, as many as are claimed at a time. The end
    /// itself still counts to the period.
    fn due_claims(&mut self) -> Vec<B256> {
        let mut due = Vec::new();
        let now = self.machine.now();
        if self.claiming > 0 || !self.machine.settings.roles.has(Role::Claim) {
            return due;
        }
        while due.len() < self.machine.settings.bulk.claims()
            && let Some((end, task)) = self.revealed.first().copied()
            && end < now
        {
            self.revealed.pop_first();
            due.push(task);
        }
        due
    }
}

async fn wait_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
