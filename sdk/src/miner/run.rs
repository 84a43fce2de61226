//! The loop: read the chain, start steps, claim what is due.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256};
use tokio::{
    task::{JoinError, JoinSet},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use super::{
    Job, MinerError, Retention, Role, State, StoreError,
    claim::BULK,
    disputes::Docket,
    job::now_millis,
    machine::{Clock, Machine, Next, Remedy, StepError},
    reader::Reader,
    watch,
};
use crate::chain::{Batch, Cursor, Events, Head};

/// Pauses between attempts at a step.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long to wait after the disk failed.
pub(super) const DISK_PAUSE: Duration = Duration::from_secs(2);

/// How often old jobs are forgotten.
const PRUNING: Duration = Duration::from_secs(600);

/// How often the stake is held against the minimum.
const STAKE_CHECK: Duration = Duration::from_secs(300);

/// What is to be done about an open job.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// A step runs; afterwards the job is compared with the chain if `recheck`.
    Running { recheck: bool },
    /// A step can start, after comparing with the chain if `recheck`.
    Ready { recheck: bool },
    /// A step failed and is tried again then.
    Later(Instant),
    /// The contest period runs until this time of the chain, seconds since 1970.
    AwaitingClaim(u64),
}

/// How a batch of work ended for one job.
struct Done {
    task: B256,
    slot: Option<Slot>,
}

/// A miner at work.
pub(super) struct Runner {
    machine: Arc<Machine>,
    reader: Reader,
    /// What was read and could not be written down yet, because the disk is full.
    held: Option<Batch>,
    /// The last block that was read.
    read: u64,
    /// After a reorganisation, the last block that had been read before it: tasks up to there
    /// may be known.
    replayed: u64,
    head: Option<Head>,
    docket: Docket,
    slots: HashMap<B256, Slot>,
    running: JoinSet<Result<Vec<Done>, MinerError>>,
}

impl Runner {
    /// Takes up where the store says: settles open intents first. Without a store to go by it
    /// reads from the block after `start`; `Settings::from_block` lets it begin later.
    pub(super) async fn resume(machine: Arc<Machine>, start: u64) -> Result<Self, MinerError> {
        // A shadow sends nothing again either.
        if !machine.settings.shadow {
            machine
                .lane
                .reconcile(machine.store.open_intents()?)
                .await?;
        }
        let first = machine.settings.from_block.unwrap_or_default();
        let start = start.max(first.saturating_sub(1));
        let cursor = match machine.store.cursor()? {
            Some(cursor) if cursor.block.saturating_add(1) >= first => cursor,
            _ => Cursor::after(start),
        };
        let read = cursor.block;
        let events = Events::new(
            machine.chain.clone(),
            machine.engine,
            watch::topics(machine.settings.roles),
            cursor,
        )
        .poll_every(machine.settings.poll)
        .expecting(Arc::clone(&machine.newest));
        let open = machine.store.open_jobs()?;
        let slots = open
            .iter()
            .map(|job| (job.task, Slot::Ready { recheck: true }))
            .collect();
        Ok(Self {
            reader: Reader::start(events),
            docket: Docket::resume(Arc::clone(&machine))?,
            machine,
            held: None,
            read,
            replayed: 0,
            head: None,
            slots,
            running: JoinSet::new(),
        })
    }

    /// Works until cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), MinerError> {
        let mut ticks = tokio::time::interval(self.machine.settings.poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // It was looked at just now, at the start.
        let mut stake_checks =
            tokio::time::interval_at(tokio::time::Instant::now() + STAKE_CHECK, STAKE_CHECK);
        stake_checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pruning = tokio::time::interval(PRUNING);
        pruning.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let every = self.machine.settings.recheck.max(Duration::from_secs(1));
        let mut proofs = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        proofs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                    self.finish(done)?;
                }
                batch = self.reader.next(), if self.held.is_none() => match batch {
                    Some(batch) => self.held = Some(batch?),
                    None => return Err(MinerError::Crashed("the reader stopped".to_owned())),
                },
                // Steps and claims may be due.
                _ = ticks.tick() => {}
                _ = pruning.tick() => self.prune(),
                ended = self.docket.ended() => ended?,
                _ = stake_checks.tick(), if self.machine.may_stake() => self.check_stake(),
                _ = proofs.tick() => self.reprove(),
            }
            self.take_in_held().await?;
            // Without the chain or the disk every step would only fail, and say so.
            if self.reader.can_read() && self.held.is_none() {
                // Claims and disputes first: they have a time of their own.
                self.start_claims();
                let idle = self.count_jobs();
                self.docket.start(idle);
                self.start_steps();
            }
        }
        // Steps may be dropped at any await: what they did is written down.
        self.running.shutdown().await;
        self.docket.shutdown().await;
        Ok(())
    }

    fn finish(
        &mut self,
        done: Result<Result<Vec<Done>, MinerError>, JoinError>,
    ) -> Result<(), MinerError> {
        let done = done.map_err(|error| MinerError::Crashed(error.to_string()))??;
        for Done { task, slot } in done {
            let undone = matches!(self.slots.get(&task), Some(Slot::Running { recheck: true }));
            match slot {
                Some(_) if undone => self.slots.insert(task, Slot::Ready { recheck: true }),
                Some(slot) => self.slots.insert(task, slot),
                None => self.slots.remove(&task),
            };
        }
        Ok(())
    }

    /// Compares every open job with the chain, and those that ended on account of what was
    /// undone.
    async fn rewind(&mut self, undone_since: u64) -> Result<(), StoreError> {
        self.machine.lane.resync().await;
        self.machine
            .solved
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        for slot in self.slots.values_mut() {
            *slot = match slot {
                Slot::Running { .. } => Slot::Running { recheck: true },
                _ => Slot::Ready { recheck: true },
            };
        }
        self.docket.rewind();
        let account = self.machine.account();
        for job in self.machine.store.ended_since(undone_since)? {
            // What ended by this machine alone ends the same way again.
            let by_chain = job.state != State::Failed || job.winner == Some(account);
            if by_chain && !self.slots.contains_key(&job.task) {
                self.reopen(job)?;
            }
        }
        Ok(())
    }

    /// Takes a job up again that was over.
    fn reopen(&mut self, mut job: Job) -> Result<(), StoreError> {
        job.reopen();
        self.machine.save(&job)?;
        self.slots.insert(job.task, Slot::Ready { recheck: true });
        Ok(())
    }

    /// Takes in what was read, or keeps it until it can be written down.
    async fn take_in_held(&mut self) -> Result<(), MinerError> {
        let Some(batch) = self.held.take() else {
            return Ok(());
        };
        match self.take_in(&batch).await {
            Err(error) if waits_for_disk(&error) => {
                self.held = Some(batch);
                tokio::time::sleep(DISK_PAUSE).await;
                Ok(())
            }
            other => other,
        }
    }

    async fn take_in(&mut self, batch: &Batch) -> Result<(), MinerError> {
        let Batch {
            logs,
            from,
            to,
            cursor,
            head,
            ..
        } = batch;
        let head = *head;
        if self.head.is_none_or(|known| known.hash != head.hash) {
            self.head = Some(head);
            self.machine.set_clock(Clock {
                timestamp: head.timestamp,
                seen: Instant::now(),
            });
        }
        if batch.reorganised_from.is_some() {
            self.replayed = self.replayed.max(self.read);
            self.rewind(batch.undone_since).await?;
        }
        self.read = *to;
        let catalogue = &self.machine.catalogue;
        let sighting = watch::read(logs, |model| catalogue.get(model).is_some());
        let account = self.machine.account();
        let news = self.docket.news(&sighting)?;
        let solved: HashMap<B256, Address> = sighting
            .solved
            .iter()
            .map(|solved| (solved.task, solved.solver))
            .collect();
        // What others have solved already, as most of a chain's past, is no job of ours. What
        // we solved and do not know of is: the store was lost.
        let open = |job: &Job| {
            solved
                .get(&job.task)
                .is_none_or(|solver| *solver == account)
        };
        let jobs: Vec<Job> = sighting.jobs().filter(open).collect();
        if *from <= self.replayed {
            for job in &jobs {
                // It was gone from the chain, and is back.
                if let Some(known) = self.machine.store.job(job.task)?
                    && known.state == State::Declined
                {
                    self.reopen(known)?;
                }
            }
        }
        let new = self.machine.store.add(jobs, &news, cursor.clone())?;
        self.docket.open(news);
        for job in new {
            let recheck = solved.contains_key(&job.task);
            self.slots.insert(job.task, Slot::Ready { recheck });
            // Nobody listening is no error.
            let _ = self.machine.events.send(job);
        }
        {
            let mut known = self
                .machine
                .solved
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            known.extend(solved);
        }
        // Only tasks with an open job are worth remembering.
        let open = &self.slots;
        let mut solved = self
            .machine
            .solved
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        solved.retain(|task, _| open.contains_key(task));
        Ok(())
    }

    fn start_steps(&mut self) {
        let now = Instant::now();
        let room = self
            .machine
            .settings
            .parallel_jobs
            .saturating_sub(self.running.len());
        let ready: Vec<(B256, bool)> = self
            .slots
            .iter()
            .filter_map(|(task, slot)| match slot {
                Slot::Ready { recheck } => Some((*task, *recheck)),
                Slot::Later(at) if *at <= now => Some((*task, false)),
                _ => None,
            })
            .take(room)
            .collect();
        for (task, recheck) in ready {
            self.slots.insert(task, Slot::Running { recheck: false });
            let machine = Arc::clone(&self.machine);
            self.running.spawn(async move {
                let slot = drive(&machine, task, recheck).await?;
                Ok(vec![Done { task, slot }])
            });
        }
    }

    /// Forgets finished jobs and cases that are old enough.
    fn prune(&mut self) {
        let machine = Arc::clone(&self.machine);
        self.running.spawn(async move {
            let Retention { age, jobs } = machine.settings.retention;
            let age = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            match machine.store.prune(now_millis().saturating_sub(age), jobs) {
                Ok(0) => {}
                Ok(pruned) => tracing::info!(pruned, "forgot old jobs"),
                Err(error) => tracing::warn!(%error, "cannot forget old jobs, trying again later"),
            }
            match machine
                .store
                .prune_cases(now_millis().saturating_sub(age), jobs)
            {
                Ok(0) => {}
                Ok(pruned) => tracing::info!(pruned, "forgot old cases"),
                Err(error) => tracing::warn!(%error, "cannot forget old cases, trying again later"),
            }
            Ok(Vec::new())
        });
    }

    /// Tops the stake up before a reveal has to wait for it.
    fn check_stake(&mut self) {
        let machine = Arc::clone(&self.machine);
        self.running.spawn(async move {
            match machine.top_up().await {
                Err(error) if error.remedy(0) == Remedy::Stop => Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, "cannot check the stake, trying again later");
                    Ok(Vec::new())
                }
                Ok(_) => Ok(Vec::new()),
            }
        });
    }

    /// Counts the jobs before their reveal, and says whether none of them wants the machine.
    fn count_jobs(&self) -> bool {
        let jobs = self.slots.values();
        let queue = jobs.filter(|slot| !matches!(slot, Slot::AwaitingClaim(_)));
        let (mut count, mut idle) = (0, true);
        for slot in queue {
            count += 1;
            idle &= matches!(slot, Slot::Later(_));
        }
        self.machine.queue.store(count, Ordering::Relaxed);
        idle
    }

    /// Makes the golden outputs again, beside everything else.
    fn reprove(&mut self) {
        let machine = Arc::clone(&self.machine);
        self.running.spawn(async move {
            machine.reprove().await;
            Ok(Vec::new())
        });
    }

    fn start_claims(&mut self) {
        let settings = &self.machine.settings;
        let now = self.machine.now();
        if now == 0 || settings.shadow || !settings.roles.has(Role::Claim) {
            return;
        }
        let due: Vec<B256> = self
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot, Slot::AwaitingClaim(end) if *end < now))
            .map(|(task, _)| *task)
            .take(BULK)
            .collect();
        if due.is_empty() {
            return;
        }
        for task in &due {
            self.slots.insert(*task, Slot::Running { recheck: false });
        }
        let machine = Arc::clone(&self.machine);
        self.running
            .spawn(async move { claim(&machine, due).await });
    }
}

/// Steps through a job until it is over, must wait, or fails. While the disk is full, it waits
/// where it was written down last.
async fn drive(machine: &Machine, task: B256, recheck: bool) -> Result<Option<Slot>, MinerError> {
    match steps(machine, task, recheck).await {
        Err(error) if waits_for_disk(&error) => Ok(Some(Slot::Later(Instant::now() + DISK_PAUSE))),
        other => other,
    }
}

/// Whether an error is the disk's and may pass.
pub(super) fn waits_for_disk(error: &MinerError) -> bool {
    let passing = matches!(error, MinerError::Store(error) if error.is_passing());
    if passing {
        tracing::error!(%error, "nothing can be written down, so nothing is begun");
    }
    passing
}

async fn steps(machine: &Machine, task: B256, recheck: bool) -> Result<Option<Slot>, MinerError> {
    let Some(mut job) = machine.store.job(task)? else {
        return Ok(None);
    };
    let mut recheck = recheck;
    loop {
        let step = if recheck {
            machine.recover(&mut job).await
        } else {
            machine.step(&mut job).await
        };
        match step {
            Ok(Next::Step) => recheck = false,
            Ok(next) => return Ok(slot(&job, next)),
            Err(error) => return failed(machine, &mut job, error),
        }
    }
}

/// Claims what is due. While the disk is full, it stays due.
async fn claim(machine: &Machine, tasks: Vec<B256>) -> Result<Vec<Done>, MinerError> {
    match claim_all(machine, &tasks).await {
        Err(error) if waits_for_disk(&error) => {
            let slot = Some(Slot::Later(Instant::now() + DISK_PAUSE));
            Ok(tasks.into_iter().map(|task| Done { task, slot }).collect())
        }
        other => other,
    }
}

async fn claim_all(machine: &Machine, tasks: &[B256]) -> Result<Vec<Done>, MinerError> {
    let mut jobs = Vec::with_capacity(tasks.len());
    for task in tasks {
        jobs.extend(machine.store.job(*task)?);
    }
    let error = match machine.claim(&mut jobs).await {
        Ok(outcomes) => {
            let mut done = Vec::with_capacity(jobs.len());
            for (job, next) in jobs.iter_mut().zip(outcomes) {
                let slot = match next {
                    Next::AwaitClaim => {
                        Some(postpone(machine, job, "the engine skipped its claim")?)
                    }
                    other => slot(job, other),
                };
                done.push(Done {
                    task: job.task,
                    slot,
                });
            }
            return Ok(done);
        }
        Err(error) => error,
    };
    if error.remedy(0) == Remedy::Stop {
        return Err(error.into());
    }
    // One bad claim must not hold up the others: each is compared with the chain, which knows
    // whether it was contested, rejected or claimed meanwhile, and tried again by itself.
    let reason = error.to_string();
    let mut done = Vec::with_capacity(jobs.len());
    for job in &mut jobs {
        let slot = match machine.recover(job).await {
            Ok(Next::AwaitClaim) => Some(postpone(machine, job, &reason)?),
            Ok(next) => slot(job, next),
            Err(error) => failed(machine, job, error)?,
        };
        done.push(Done {
            task: job.task,
            slot,
        });
    }
    Ok(done)
}

fn slot(job: &Job, next: Next) -> Option<Slot> {
    match next {
        Next::Step => Some(Slot::Ready { recheck: false }),
        Next::AwaitClaim => Some(Slot::AwaitingClaim(job.contest_end.unwrap_or_default())),
        Next::Over => None,
    }
}

/// Notes a failure and says when to try again, or ends the job, or the miner.
fn failed(machine: &Machine, job: &mut Job, error: StepError) -> Result<Option<Slot>, MinerError> {
    match error.remedy(job.attempts) {
        Remedy::Retry => Ok(Some(postpone(machine, job, &error.to_string())?)),
        Remedy::End(state) => {
            job.end(state, error.to_string());
            machine.save(job)?;
            Ok(None)
        }
        Remedy::Stop => Err(error.into()),
    }
}

/// Notes why a step was not done, and when to try again: later each time.
fn postpone(machine: &Machine, job: &mut Job, reason: &str) -> Result<Slot, StoreError> {
    let pause = FIRST_PAUSE
        .saturating_mul(1 << job.attempts.min(16))
        .min(LONGEST_PAUSE);
    job.attempts = job.attempts.saturating_add(1);
    job.note = Some(reason.to_owned());
    machine.save(job)?;
    Ok(Slot::Later(Instant::now() + pause))
}
