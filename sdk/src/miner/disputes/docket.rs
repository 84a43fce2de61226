//! The cases that are open, and which of them is next.
//!
//! Transactions and reads of several cases go on side by side. Models are run for one case
//! at a time, beside the jobs: the one whose time is up first. What was only drawn for idle
//! times waits until no job wants the machine.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use alloy_primitives::B256;
use tokio::task::{JoinError, JoinSet};

use super::{Case, Cause, Finding, Stage, steps::Next};
use crate::{
    contracts::Submission,
    deadline,
    inference::Blame,
    miner::{
        MinerError, Role, StoreError,
        disk::{DISK_PAUSE, waits_for_disk},
        machine::{Machine, Remedy, StepError},
        notify,
        slot::pause_after,
        store::News,
        watch::{Contested, Sighting, Solved},
    },
};

/// Cases whose steps go on side by side.
const PARALLEL: usize = 8;

/// Attempts at computing a task before this machine is taken to be unable to.
const COMPUTE_ATTEMPTS: u32 = 3;

/// What is to be done about an open case.
#[derive(Clone, Copy, Debug)]
enum Slot {
    /// Steps are taken; afterwards the case is looked at anew if `recheck`.
    Running { recheck: bool },
    /// A step can be taken.
    Ready,
    /// A step failed and is tried again then.
    Later(Instant),
    /// Nothing until this time of the chain, seconds since 1970.
    At(u64),
    /// The model is to be run, to begin before `deadline` (the chain's time); only while no
    /// job wants the machine if `idle`.
    Compute { deadline: u64, idle: bool },
}

/// What has ended.
enum Done {
    /// Steps of a case.
    Case { task: B256, slot: Option<Slot> },
    /// Telling a consumer, which is to be tried again then.
    Notice { task: B256, again: Option<Instant> },
}

/// The open cases of a miner.
pub(in crate::miner) struct Docket {
    machine: Arc<Machine>,
    slots: HashMap<B256, Slot>,
    /// The case that the machine computes for.
    computing: Option<B256>,
    running: JoinSet<Result<Done, MinerError>>,
    notices: HashMap<B256, Instant>,
}

impl Docket {
    /// Takes up what the store says.
    pub(in crate::miner) fn resume(machine: Arc<Machine>) -> Result<Self, StoreError> {
        let open = machine.store.open_cases()?;
        let now = Instant::now();
        let notices = machine.store.notices()?;
        Ok(Self {
            slots: open.iter().map(|case| (case.task, Slot::Ready)).collect(),
            notices: notices.into_iter().map(|(task, _)| (task, now)).collect(),
            machine,
            computing: None,
            running: JoinSet::new(),
        })
    }

    /// What a range of blocks adds. It is to be written down together with the cursor, and
    /// handed to [`Docket::open`] afterwards.
    pub(in crate::miner) fn news(&self, sighting: &Sighting) -> Result<News, StoreError> {
        let mut news = News::default();
        let roles = self.machine.settings.roles;
        let mut cases: HashMap<B256, Case> = HashMap::new();
        if roles.has(Role::Verify) {
            for solved in sighting
                .solved
                .iter()
                .filter(|solved| self.is_recent(solved))
            {
                if let Some(case) = self.drawn(solved, &sighting.submissions, cases.len())? {
                    cases.insert(case.task, case);
                }
            }
        }
        if roles.has(Role::Vote) || roles.has(Role::Claim) {
            for contested in &sighting.contested {
                let Contested {
                    task,
                    contester,
                    block,
                } = *contested;
                let known = match cases.remove(&task) {
                    Some(case) => Some(case),
                    None => self.machine.store.case(task)?,
                };
                let case = match known {
                    Some(mut case) => {
                        case.take_up(contester);
                        case
                    }
                    None => Case::contested(task, contester),
                };
                cases.insert(task, case.told_in(block));
            }
        }
        if roles.has(Role::Notify) {
            let account = self.machine.account();
            let ours = sighting
                .claimed
                .iter()
                .filter(|(_, solver)| *solver == account);
            news.notices = ours.map(|(task, _)| *task).collect();
        }
        news.cases = cases.into_values().collect();
        Ok(news)
    }

    /// Whether a solution may still be contested, as far as its event tells: a miner that
    /// reads the chain's past has no use for the rest.
    pub(in crate::miner) fn is_recent(&self, solved: &Solved) -> bool {
        // A pause makes the contest period longer.
        let end = solved
            .time
            .map(|time| time.saturating_add(self.machine.contest_period.saturating_mul(2)));
        end.is_none_or(|end| self.machine.now() <= end)
    }

    /// A case of a solution that was just read, if it is to be looked at.
    fn drawn(
        &self,
        solved: &Solved,
        submissions: &[Submission],
        new: usize,
    ) -> Result<Option<Case>, StoreError> {
        let Solved {
            task,
            solver,
            block,
            ..
        } = *solved;
        let machine = &self.machine;
        if solver == machine.account() || self.slots.contains_key(&task) {
            return Ok(None);
        }
        let settings = &machine.settings.verification;
        let Some(cause) = machine.lot.cause(task, settings) else {
            return Ok(None);
        };
        let submitted = submissions
            .iter()
            .find(|submission| submission.task == task)
            .map(|submission| (submission.model, submission.input.clone()));
        let task_of = match submitted {
            Some(known) => Some(known),
            None => machine.store.job(task)?.map(|job| (job.model, job.input)),
        };
        let Some((model, input)) =
            task_of.filter(|(model, _)| machine.catalogue.get(*model).is_some())
        else {
            return Ok(None);
        };
        // Read again after a reorganisation, which may have brought another solution.
        let known = machine.store.case(task)?;
        if known.is_some_and(|case| !case.stage.is_over() || case.solver == Some(solver)) {
            return Ok(None);
        }
        let waiting = self.slots.values();
        let waiting = waiting.filter(|slot| !matches!(slot, Slot::At(_))).count();
        if waiting + new >= settings.queue {
            machine.skipped.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        let case = Case::seen(task, model, input, solver, cause);
        Ok(Some(case.told_in(block)))
    }

    /// Takes up what was written down.
    pub(in crate::miner) fn open(&mut self, news: News) {
        for case in news.cases {
            match self.slots.get_mut(&case.task) {
                Some(Slot::Running { recheck }) => *recheck = true,
                _ => {
                    self.slots.insert(case.task, Slot::Ready);
                }
            }
            // Nobody listening is no error.
            let _ = self.machine.case_events.send(case);
        }
        let now = Instant::now();
        for task in news.notices {
            self.notices.insert(task, now);
        }
    }

    /// Compares every open case with the chain again.
    pub(in crate::miner) fn rewind(&mut self) {
        for slot in self.slots.values_mut() {
            *slot = match slot {
                Slot::Running { .. } => Slot::Running { recheck: true },
                _ => Slot::Ready,
            };
        }
    }

    /// Takes disputes up again that were settled since a time, milliseconds since 1970: a
    /// reorganisation may have undone the settlement.
    pub(in crate::miner) fn look_again(&mut self, since: u64) -> Result<(), StoreError> {
        for mut case in self.machine.store.settled_since(since)? {
            if !self.slots.contains_key(&case.task) {
                case.reach(Stage::Voted);
                self.machine.store.save_case(&mut case)?;
                self.slots.insert(case.task, Slot::Ready);
            }
        }
        Ok(())
    }

    /// The next step that ended. Never ends by itself while nothing runs; may be dropped and
    /// called again.
    pub(in crate::miner) async fn ended(&mut self) -> Result<(), MinerError> {
        match self.running.join_next().await {
            Some(done) => self.finish(done),
            None => std::future::pending().await,
        }
    }

    fn finish(
        &mut self,
        done: Result<Result<Done, MinerError>, JoinError>,
    ) -> Result<(), MinerError> {
        let done = done.map_err(|error| MinerError::Crashed(error.to_string()))??;
        let (task, slot) = match done {
            Done::Case { task, slot } => (task, slot),
            Done::Notice { task, again } => {
                self.notices.extend(again.map(|at| (task, at)));
                return Ok(());
            }
        };
        if self.computing == Some(task) {
            self.computing = None;
        }
        let recheck = matches!(self.slots.get(&task), Some(Slot::Running { recheck: true }));
        match slot {
            _ if recheck => self.slots.insert(task, Slot::Ready),
            Some(slot) => self.slots.insert(task, slot),
            None => self.slots.remove(&task),
        };
        Ok(())
    }

    /// Starts what is due. `idle`: no job wants the machine.
    pub(in crate::miner) fn start(&mut self, idle: bool) {
        let now = self.machine.now();
        if now == 0 {
            return;
        }
        let moment = Instant::now();
        let room = PARALLEL.saturating_sub(self.running.len());
        let due: Vec<B256> = self
            .slots
            .iter()
            .filter(|(_, slot)| match slot {
                Slot::Ready => true,
                Slot::Later(at) => *at <= moment,
                Slot::At(time) => *time <= now,
                // Too late: the step says so.
                Slot::Compute { deadline, .. } => *deadline < now,
                Slot::Running { .. } => false,
            })
            .map(|(task, _)| *task)
            .take(room)
            .collect();
        for task in due {
            self.spawn(task, false);
        }
        if self.computing.is_none() {
            let first = self
                .slots
                .iter()
                .filter_map(|(task, slot)| match slot {
                    Slot::Compute {
                        deadline,
                        idle: only_idle,
                    } if idle || !only_idle => Some((*deadline, *task)),
                    _ => None,
                })
                .min();
            if let Some((_, task)) = first {
                self.computing = Some(task);
                self.spawn(task, true);
            }
        }
        self.start_notices(moment);
    }

    fn spawn(&mut self, task: B256, may_compute: bool) {
        self.slots.insert(task, Slot::Running { recheck: false });
        let machine = Arc::clone(&self.machine);
        self.running.spawn(async move {
            let slot = drive(&machine, task, may_compute).await?;
            Ok(Done::Case { task, slot })
        });
    }

    fn start_notices(&mut self, now: Instant) {
        let room = PARALLEL.saturating_sub(self.running.len());
        let due: Vec<B256> = self
            .notices
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(task, _)| *task)
            .take(room)
            .collect();
        for task in due {
            self.notices.remove(&task);
            let machine = Arc::clone(&self.machine);
            self.running.spawn(async move {
                let pause = match notify::tell(&machine, task).await {
                    Err(error) if waits_for_disk(&error) => Some(DISK_PAUSE),
                    other => other?,
                };
                let again = pause.map(deadline::after);
                Ok(Done::Notice { task, again })
            });
        }
    }

    /// Ends everything that runs, where it stands.
    pub(in crate::miner) async fn shutdown(&mut self) {
        self.running.shutdown().await;
    }
}

/// Steps through a case until it is over, must wait, or fails. While the disk is full, it
/// waits where it was written down last.
async fn drive(
    machine: &Machine,
    task: B256,
    may_compute: bool,
) -> Result<Option<Slot>, MinerError> {
    match steps(machine, task, may_compute).await {
        Err(error) if waits_for_disk(&error) => Ok(Some(Slot::Later(Instant::now() + DISK_PAUSE))),
        other => other,
    }
}

async fn steps(
    machine: &Machine,
    task: B256,
    may_compute: bool,
) -> Result<Option<Slot>, MinerError> {
    let Some(mut case) = machine.store.case(task)? else {
        return Ok(None);
    };
    loop {
        let undecided = case.finding.is_none();
        match machine.step_case(&mut case, may_compute).await {
            // The machine is the next one's; what follows from a finding is the network's.
            Ok(Next::Step) if may_compute && undecided && case.finding.is_some() => {
                return Ok(Some(Slot::Ready));
            }
            Ok(Next::Step) => {}
            Ok(Next::Over) => return Ok(None),
            Ok(Next::At(time)) => {
                machine.save_case(&mut case)?;
                return Ok(Some(Slot::At(time)));
            }
            Ok(Next::Compute) => {
                machine.save_case(&mut case)?;
                return Ok(Some(Slot::Compute {
                    deadline: machine.latest_start(&case),
                    idle: case.cause == Cause::Idle,
                }));
            }
            Err(error) => return failed(machine, &mut case, error),
        }
    }
}

/// Notes a failure and says when to try again. Only time ends a case that is still open.
fn failed(
    machine: &Machine,
    case: &mut Case,
    error: StepError,
) -> Result<Option<Slot>, MinerError> {
    if error.remedy(0) == Remedy::Stop {
        return Err(error.into());
    }
    let pause = pause_after(case.attempts);
    case.attempts = case.attempts.saturating_add(1);
    if let StepError::Solve(error) = &error
        && (case.attempts >= COMPUTE_ATTEMPTS || error.blame() != Blame::Machine)
    {
        // It says nothing about the solution.
        let reason = error.to_string();
        let finding = Finding::Inconclusive { reason };
        machine.metrics.verdict(finding.name());
        case.finding = Some(finding);
    } else {
        case.note = Some(error.to_string());
    }
    machine.save_case(case)?;
    Ok(Some(Slot::Later(deadline::after(pause))))
}
