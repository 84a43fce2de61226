//! The loop: read the chain, start steps, hand over what is to be sent.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use alloy_primitives::B256;
use tokio::{task::JoinSet, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{
    Job, MinerError, Retention, State, StoreError,
    disk::{DISK_PAUSE, waits_for_disk},
    disputes::Docket,
    job::now_millis,
    machine::{Clock, Machine, Next, Remedy, StepError},
    outbox::Outbox,
    pins::Worker,
    reader::Reader,
    rebuild::{Rebuilt, rebuild},
    slot::{Done, Slot},
    watch::{self, Solved},
};
use crate::{
    chain::{Batch, Cursor, Events, Head},
    deadline,
};

/// The least pause between two looks at what is to be done.
const SHORTEST_POLL: Duration = Duration::from_millis(1);

/// How often old jobs are forgotten.
const PRUNING: Duration = Duration::from_secs(600);

/// How long to wait before an earlier run's transactions are looked at again.
const EARLIER_PAUSE: Duration = Duration::from_secs(1);

/// How often the stake is held against the minimum.
const STAKE_CHECK: Duration = Duration::from_secs(300);

/// A miner at work.
pub(super) struct Runner {
    machine: Arc<Machine>,
    reader: Reader,
    /// What was read and could not be written down yet, because the disk is full.
    held: Option<Batch>,
    /// The last block that was read.
    read: u64,
    /// The last task that was read since the start or a reorganisation: the next one's id is
    /// made of it.
    last_task: Option<B256>,
    /// What ended since then, milliseconds since 1970, is to be compared with the chain: an
    /// earlier run has not read the blocks after it, which may have been replaced since.
    unsure_since: Option<u64>,
    /// After a reorganisation, the last block that had been read before it: tasks up to there
    /// may be known.
    replayed: u64,
    head: Option<Head>,
    docket: Docket,
    slots: HashMap<B256, Slot>,
    outbox: Outbox,
    running: JoinSet<Result<Vec<Done>, MinerError>>,
    pinning: JoinSet<Result<(), MinerError>>,
}

impl Runner {
    /// Takes up where the store says. What an earlier run has sent, or was about to, has an
    /// outcome before anything new is sent. Without a store to go by it reads from the block
    /// after `start`; `Settings::from_block` lets it begin later.
    pub(super) fn resume(
        machine: Arc<Machine>,
        pinning: Vec<Worker>,
        start: u64,
    ) -> Result<Self, MinerError> {
        // A shadow sends nothing again either.
        if !machine.settings.shadow {
            machine.lane.adopt(machine.store.open_intents()?);
        }
        let outbox = Outbox::resume(Arc::clone(&machine))?;
        let first = machine.settings.from_block.unwrap_or_default();
        let start = start.max(first.saturating_sub(1));
        let cursor = match machine.store.cursor()? {
            Some(cursor) if cursor.block.saturating_add(1) >= first => cursor,
            _ => Cursor::after(start),
        };
        let read = cursor.block;
        let unsure_since = Some(cursor.unsure_since());
        let events = Events::new(
            machine.chain.clone(),
            machine.engine,
            watch::topics(machine.settings.roles),
            cursor,
        )
        .poll_every(machine.settings.poll)
        .expecting(Arc::clone(&machine.expected));
        let open = machine.store.open_jobs()?;
        let slots = open
            .iter()
            .map(|job| match outbox.holds(job.task) {
                true => (job.task, Slot::Sending { recheck: false }),
                false => (job.task, Slot::Ready { recheck: true }),
            })
            .collect();
        Ok(Self {
            reader: Reader::start(events),
            docket: Docket::resume(Arc::clone(&machine))?,
            machine,
            held: None,
            read,
            last_task: None,
            unsure_since,
            replayed: 0,
            head: None,
            slots,
            outbox,
            running: JoinSet::new(),
            pinning: pinning.into_iter().map(Worker::run).collect(),
        })
    }

    /// Works until cancelled.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Result<(), MinerError> {
        let mut ticks = tokio::time::interval(self.machine.settings.poll.max(SHORTEST_POLL));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // It was looked at just now, at the start.
        let mut stake_checks =
            tokio::time::interval_at(tokio::time::Instant::now() + STAKE_CHECK, STAKE_CHECK);
        stake_checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pruning = tokio::time::interval(PRUNING);
        pruning.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let every = self.machine.settings.recheck.max(Duration::from_secs(1));
        let mut proofs = tokio::time::interval_at(deadline::after(every).into(), every);
        proofs.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut earlier = JoinSet::new();
        earlier.spawn(settle_earlier(Arc::clone(&self.machine)));
        let mut lost = JoinSet::new();
        lost.spawn(rebuild(Arc::clone(&self.machine)));
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(settled) = earlier.join_next(), if !earlier.is_empty() => {
                    settled.map_err(|error| MinerError::Crashed(error.to_string()))??;
                }
                Some(rebuilt) = lost.join_next(), if !lost.is_empty() => {
                    let rebuilt = rebuilt.map_err(|error| MinerError::Crashed(error.to_string()))??;
                    self.take_up(rebuilt);
                }
                Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                    let done = done.map_err(|error| MinerError::Crashed(error.to_string()))??;
                    self.finish(done)?;
                }
                Some(ended) = self.pinning.join_next(), if !self.pinning.is_empty() => {
                    ended.map_err(|error| MinerError::Crashed(error.to_string()))??;
                }
                done = self.outbox.next(), if self.reader.can_read() && self.held.is_none() => {
                    self.finish(done?)?;
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
            tokio::select! {
                // It may wait for an endpoint or the disk; what it had is read again.
                () = stop.cancelled() => break,
                taken = self.take_in_held() => taken?,
            }
            // Without the chain or the disk every step would only fail, and say so.
            if self.reader.can_read() && self.held.is_none() {
                // Disputes first: they have a time of their own.
                let idle = self.count_jobs();
                self.docket.start(idle);
                self.start_steps();
            }
            self.outbox.expect_more(!self.running.is_empty());
        }
        // Steps may be dropped at any await: what they did is written down.
        self.pinning.shutdown().await;
        self.running.shutdown().await;
        self.outbox.shutdown().await;
        self.docket.shutdown().await;
        Ok(())
    }

    fn finish(&mut self, done: Vec<Done>) -> Result<(), MinerError> {
        for Done { task, slot } in done {
            let undone = matches!(
                self.slots.get(&task),
                Some(Slot::Running { recheck: true } | Slot::Sending { recheck: true })
            );
            let slot = match slot {
                Some(_) if undone => Some(Slot::Ready { recheck: true }),
                Some(Slot::Sending { .. }) => self.hand_over(task)?,
                other => other,
            };
            match slot {
                Some(slot) => self.slots.insert(task, slot),
                None => self.slots.remove(&task),
            };
        }
        Ok(())
    }

    /// Gives a job to the outbox.
    fn hand_over(&mut self, task: B256) -> Result<Option<Slot>, MinerError> {
        match self.machine.store.job(task).map_err(MinerError::from) {
            Ok(Some(job)) => {
                self.outbox.put(&job);
                Ok(Some(Slot::Sending { recheck: false }))
            }
            Ok(None) => Ok(None),
            Err(error) if waits_for_disk(&error) => Ok(Some(Slot::in_a_while(DISK_PAUSE))),
            Err(error) => Err(error),
        }
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
        for task in self.outbox.take_back() {
            self.slots.insert(task, Slot::Ready { recheck: true });
        }
        for slot in self.slots.values_mut() {
            *slot = match slot {
                Slot::Running { .. } => Slot::Running { recheck: true },
                Slot::Sending { .. } => Slot::Sending { recheck: true },
                _ => Slot::Ready { recheck: true },
            };
        }
        self.docket.rewind();
        self.look_again(undone_since)
    }

    /// Takes up again what has ended since a time, milliseconds since 1970, on account of what
    /// the chain said: the blocks that said so may be gone.
    fn look_again(&mut self, since: u64) -> Result<(), StoreError> {
        let account = self.machine.account();
        for job in self.machine.store.ended_since(since)? {
            // What ended by this machine alone ends the same way again.
            let by_chain = job.state != State::Failed || job.winner == Some(account);
            if by_chain && !self.slots.contains_key(&job.task) {
                self.reopen(job)?;
            }
        }
        self.docket.look_again(since)
    }

    /// Takes a job up again that was over.
    fn reopen(&mut self, mut job: Job) -> Result<(), StoreError> {
        job.reopen();
        self.machine.save(&job)?;
        self.slots.insert(job.task, Slot::Ready { recheck: true });
        Ok(())
    }

    /// Goes on with what damaged records were about.
    fn take_up(&mut self, rebuilt: Rebuilt) {
        let Rebuilt { jobs, disputes } = rebuilt;
        for job in jobs {
            let slot = Slot::Ready { recheck: true };
            self.slots.entry(job.task).or_insert(slot);
        }
        self.docket.open(disputes);
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
                // Only who writes finds out that the file has to be opened again, and after a
                // reorganisation reading comes first. It may still fail: the next time, then.
                let _ = self.machine.store.probe();
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
        if let Some(since) = self.unsure_since {
            self.look_again(since)?;
            self.unsure_since = None;
        }
        if batch.reorganised_from.is_some() {
            self.replayed = self.replayed.max(self.read);
            self.last_task = None;
            self.rewind(batch.undone_since).await?;
        }
        self.read = *to;
        let catalogue = &self.machine.catalogue;
        let wanted = |model| catalogue.get(model).is_some();
        let sighting = watch::read(logs, self.last_task, wanted);
        let account = self.machine.account();
        let news = self.docket.news(&sighting)?;
        let solved: HashMap<B256, Solved> = sighting
            .solved
            .iter()
            .map(|solved| (solved.task, *solved))
            .collect();
        // What others have solved already, as most of a chain's past, is no job of ours, unless
        // it is one endpoint alone that says so now. What we solved and do not know of is: the
        // store was lost.
        let alone = self.machine.chain.is_alone();
        let open = |job: &Job| {
            solved.get(&job.task).is_none_or(|solved| {
                solved.solver == account || (!alone && self.docket.is_recent(solved))
            })
        };
        let jobs: Vec<Job> = sighting.jobs().filter(open).collect();
        if self.last_task.is_some() {
            for job in jobs.iter().filter(|job| !job.proved) {
                tracing::warn!(task = %job.task,
                    "its id does not follow from the task before: an endpoint has left events out, \
                     or misreported one");
            }
        }
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
            known.extend(
                solved
                    .into_values()
                    .map(|solved| (solved.task, solved.solver)),
            );
        }
        self.last_task = sighting.last;
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
                Slot::Later { at, recheck } if *at <= now => Some((*task, *recheck)),
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
            let mut forgotten = false;
            match machine.store.prune(now_millis().saturating_sub(age), jobs) {
                Ok(0) => {}
                Ok(pruned) => {
                    forgotten = true;
                    tracing::info!(pruned, "forgot old jobs");
                }
                Err(error) => tracing::warn!(%error, "cannot forget old jobs, trying again later"),
            }
            match machine
                .store
                .prune_cases(now_millis().saturating_sub(age), jobs)
            {
                Ok(0) => {}
                Ok(pruned) => {
                    forgotten = true;
                    tracing::info!(pruned, "forgot old cases");
                }
                Err(error) => tracing::warn!(%error, "cannot forget old cases, trying again later"),
            }
            if let Err(error) = machine.tidy(forgotten).await {
                tracing::warn!(%error, "cannot let go of the outputs of old jobs, trying again later");
            }
            match machine.store.prune_pins(now_millis().saturating_sub(age)) {
                Ok(0) => {}
                Ok(pruned) => tracing::info!(pruned, "forgot old pins"),
                Err(error) => tracing::warn!(%error, "cannot forget old pins, trying again later"),
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
        let (mut count, mut idle) = (self.outbox.unrevealed(), true);
        for slot in self.slots.values() {
            if !matches!(slot, Slot::Sending { .. }) {
                count += 1;
                idle &= matches!(slot, Slot::Later { .. });
            }
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
}

/// Follows what an earlier run has sent until each has an outcome. Whoever sends waits for that
/// too, but a miner with nothing left to send would never hear of its last transactions.
async fn settle_earlier(machine: Arc<Machine>) -> Result<(), MinerError> {
    while let Err(error) = machine.lane.settled().await {
        let error = StepError::from(error);
        if error.remedy(0) == Remedy::Stop {
            return Err(error.into());
        }
        tracing::warn!(%error, "a transaction of an earlier run has no outcome yet");
        tokio::time::sleep(EARLIER_PAUSE).await;
    }
    Ok(())
}

/// Steps through a job until it is over, must wait, or fails. While the disk is full, it waits
/// where it was written down last. A job that could not be compared with the chain still has to
/// be.
async fn drive(
    machine: &Machine,
    task: B256,
    mut recheck: bool,
) -> Result<Option<Slot>, MinerError> {
    let slot = match steps(machine, task, &mut recheck).await {
        Err(error) if waits_for_disk(&error) => Some(Slot::in_a_while(DISK_PAUSE)),
        other => other?,
    };
    Ok(slot.map(|slot| slot.rechecked(recheck)))
}

async fn steps(
    machine: &Machine,
    task: B256,
    recheck: &mut bool,
) -> Result<Option<Slot>, MinerError> {
    let Some(mut job) = machine.store.job(task)? else {
        return Ok(None);
    };
    loop {
        let step = if *recheck {
            machine.recover(&mut job).await
        } else {
            machine.step(&mut job).await
        };
        match step {
            Ok(next) => {
                *recheck = false;
                if next != Next::Step {
                    return Ok(slot(next));
                }
            }
            Err(error) => return failed(machine, &mut job, error),
        }
    }
}

const fn slot(next: Next) -> Option<Slot> {
    match next {
        Next::Step => Some(Slot::Ready { recheck: false }),
        Next::Send => Some(Slot::Sending { recheck: false }),
        Next::Over => None,
    }
}

/// Notes a failure and says when to try again, or ends the job, or the miner.
fn failed(machine: &Machine, job: &mut Job, error: StepError) -> Result<Option<Slot>, MinerError> {
    match error.remedy(job.attempts) {
        Remedy::Retry => Ok(machine.put_off(job, &error.to_string())?.slot),
        Remedy::End(state) => {
            job.end(state, error.to_string());
            machine.save(job)?;
            Ok(None)
        }
        Remedy::Stop => Err(error.into()),
    }
}
