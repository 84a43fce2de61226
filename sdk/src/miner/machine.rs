//! One step of one job.
//!
//! A step reads the job's state, does the one thing that comes next, and writes the new
//! state down. Every step may be repeated from the start: outputs are the same bytes again,
//! a commitment that is there already counts, and a transaction that was sent before the
//! machine died is found by its intent.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::ids;
use tokio::sync::{Mutex as AsyncMutex, RwLock, Semaphore, broadcast};

use super::{
    Case, Catalogue, Job, MinerError, Role, Settings, State, StoreError,
    ask::Whom,
    choice::Choice,
    disputes::{Lot, untrusted},
    outputs,
    passports::{Passports, Run, Task},
    pins::PinQueue,
    slot::{Done, Slot},
    stake,
    store::Store,
};
use crate::{
    chain::{Chain, ChainError, Expected, Lane, Receipt},
    client::{Network, Validator},
    content::{self, BlockStore, Cid, Fetcher, FolderStore, Scope, Traversal, cids, unixfs},
    contracts::IEngine,
    inference::{Blame, InferenceError, Outputs, Solver},
    metrics::Metrics,
};

/// Attempts at computing outputs before this machine is taken to be unable to.
const SOLVE_ATTEMPTS: u32 = 4;

/// Everything that the steps of a miner share.
pub(super) struct Machine {
    pub(super) chain: Chain,
    pub(super) lane: Lane,
    pub(super) engine: Address,
    pub(super) store: Arc<Store>,
    pub(super) outputs: FolderStore,
    /// When outputs of forgotten jobs were last let go of.
    pub(super) tidied: AsyncMutex<Option<Instant>>,
    pub(super) solver: Arc<dyn Solver>,
    pub(super) catalogue: Catalogue,
    pub(super) settings: Settings,
    pub(super) metrics: Metrics,
    pub(super) choice: Choice,
    pub(super) passports: Passports,
    pub(super) lot: Lot,
    /// Where others' outputs are looked for, if anywhere.
    pub(super) fetcher: Option<Fetcher>,
    pub(super) network: Network,
    /// Stores beyond this machine that keep results and inputs.
    pub(super) pins: PinQueue,
    /// Seconds for which solutions may be contested.
    pub(super) contest_period: u64,
    pub(super) events: broadcast::Sender<Job>,
    pub(super) case_events: broadcast::Sender<Case>,
    pub(super) solving: Semaphore,
    /// Held while the stake is looked at and topped up, lest two jobs deposit the same.
    pub(super) staking: AsyncMutex<()>,
    /// Written while a contestation or a vote is sent, which lock stake, and read while solutions
    /// are revealed, which takes stake to be free: whatever is simulated is simulated with what
    /// is left. A reveal that fails for want of stake would show its answers for nothing.
    pub(super) locking: RwLock<()>,
    /// Held while earnings are looked at and withdrawn, lest two claims withdraw the same.
    pub(super) withdrawing: AsyncMutex<()>,
    /// The blocks that receipts named.
    pub(super) expected: Arc<Expected>,
    /// Solvers of tasks that were read from events.
    pub(super) solved: Mutex<HashMap<B256, Address>>,
    /// The chain's time, once its head was read.
    pub(super) clock: Mutex<Option<Clock>>,
    /// Jobs before their reveal.
    pub(super) queue: AtomicUsize,
    /// Solutions that were not looked at for want of room.
    pub(super) skipped: AtomicU64,
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Machine")
            .field("account", &self.account())
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// By how much the chain may be ahead of what is known of its time, seconds.
const CLOCK_LAG: u64 = 60;

/// The chain's time: of its newest block, and when that was seen. A quiet chain makes no
/// blocks, but the next one will have moved on by what has passed here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub(super) timestamp: u64,
    pub(super) seen: Instant,
}

impl Clock {
    pub(super) fn now(self) -> u64 {
        self.timestamp.saturating_add(self.seen.elapsed().as_secs())
    }
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next step, at once.
    Step,
    /// What the outbox does: commit, reveal, claim.
    Send,
    /// Nothing ever.
    Over,
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("the outputs cannot be stored: {0}")]
    Pin(#[from] unixfs::ImportError),
    #[error("the block folder cannot be read: {0}")]
    Blocks(#[from] content::StoreError),
    #[error(transparent)]
    Solve(#[from] InferenceError),
    /// The stake is below the minimum and cannot be topped up.
    #[error(transparent)]
    Stake(Box<MinerError>),
    /// An endpoint behind a balancer may be a block late.
    #[error("the endpoint does not show yet what it included")]
    Late,
    /// What an endpoint says cannot be so.
    #[error("{0}")]
    Doubtful(String),
    /// The engine takes no vote of this account now.
    #[error("this account cannot vote yet: {0}")]
    CannotVote(String),
    /// A consumer that was told an outcome did not take it.
    #[error("the consumer failed when it was told")]
    Consumer,
    /// The miner's own memory fails: nothing may be done that it could forget.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What to do about a step that was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Try again later.
    Retry,
    /// The job ends.
    End(State),
    /// The miner stops.
    Stop,
}

impl Machine {
    pub(super) fn account(&self) -> Address {
        self.lane.address()
    }

    pub(super) fn validator(&self) -> Validator {
        Validator::new(self.lane.clone(), self.engine)
    }

    /// The chain's time, seconds since 1970; 0 before anything was read.
    pub(super) fn now(&self) -> u64 {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.map_or(0, Clock::now)
    }

    /// When to claim, by what an endpoint says of the end of a contest period. One that names a
    /// late time holds a claim up for a contest period, not for ever: a claim that comes too
    /// early, as after a pause, is refused in its simulation and costs nothing.
    pub(super) fn claim_time(&self, told: U256) -> u64 {
        let told = told.saturating_to();
        match self.now() {
            0 => told,
            now => told.min(now.saturating_add(self.contest_period + CLOCK_LAG)),
        }
    }

    pub(super) fn set_clock(&self, clock: Clock) {
        let mut kept = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some(clock);
    }

    /// Notes that something relies on a receipt.
    pub(super) fn included(&self, receipt: &Receipt) {
        self.expected.note(receipt.block, receipt.block_hash);
    }

    /// Notes that something relies on the state of the chain that was just read. Without an
    /// answer nothing is noted: what relies on it is over and written down already.
    pub(super) async fn rely_on_head(&self) {
        if let Ok(head) = self.chain.head().await {
            self.expected.note(head.number, head.hash);
        }
    }

    /// Whether anything that it does needs a stake, and it may deposit one.
    pub(super) fn may_stake(&self) -> bool {
        let roles = self.settings.roles;
        let needs = [Role::Solve, Role::Contest, Role::Vote];
        let needed = needs.into_iter().any(|role| roles.has(role));
        self.settings.stake && needed && !self.settings.shadow
    }

    /// Writes a job down and tells whoever listens.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task, state = %job.state))]
    pub(super) fn save(&self, job: &Job) -> Result<(), StoreError> {
        self.store.save(job)?;
        self.announce(std::slice::from_ref(job));
        Ok(())
    }

    /// Tells whoever listens where jobs stand that were written down.
    pub(super) fn announce(&self, jobs: &[Job]) {
        for job in jobs {
            tracing::info!(task = %job.task, state = %job.state, note = job.note.as_deref(), "job");
            // Nobody listening is no error.
            let _ = self.events.send(job.clone());
        }
    }

    /// Notes why something could not be done for a job, and when to try again: later each
    /// time.
    pub(super) fn put_off(&self, job: &mut Job, reason: &str) -> Result<Done, StoreError> {
        let slot = Slot::after(job.attempts);
        job.attempts = job.attempts.saturating_add(1);
        job.note = Some(reason.to_owned());
        self.save(job)?;
        Ok(Done {
            task: job.task,
            slot: Some(slot),
        })
    }

    pub(super) fn reach(&self, job: &mut Job, state: State) -> Result<Next, StepError> {
        self.measured(job, |job| job.reach(state));
        self.save(job)?;
        Ok(Next::Step)
    }

    pub(super) fn end(
        &self,
        job: &mut Job,
        state: State,
        reason: impl Into<String>,
    ) -> Result<Next, StepError> {
        self.measured(job, |job| job.end(state, reason));
        self.save(job)?;
        Ok(Next::Over)
    }

    /// Moves a job on, and counts how long that took since its last state.
    pub(super) fn measured(&self, job: &mut Job, moves: impl FnOnce(&mut Job)) {
        let before = job.history.last().map(|(_, at)| *at);
        moves(job);
        if let (Some(before), Some((state, now))) = (before, job.history.last()) {
            let took = Duration::from_millis(now.saturating_sub(before));
            self.metrics.step(state.name(), took);
        }
    }

    /// Does the next thing for a job.
    pub(super) async fn step(&self, job: &mut Job) -> Result<Next, StepError> {
        if job.state < State::Revealed
            && let Some(winner) = self.winner(job.task)
        {
            return self.concede(job, winner).await;
        }
        if let Some(reason) = self.withheld(job).await {
            return self.end(job, State::Declined, reason);
        }
        match job.state {
            State::Seen => self.plan(job).await,
            State::Planned => self.solve(job).await,
            State::Solved => self.find_blocks(job).await,
            State::Pinned | State::Committed if job.digest().is_none() => {
                self.reach(job, State::Planned)
            }
            State::Pinned if self.settings.shadow => {
                let cid = onchain_text(job);
                let reason = format!("shadow: it would commit to {cid} and reveal it");
                self.end(job, State::Declined, reason)
            }
            State::Pinned | State::Committed | State::Revealed | State::Claimable => Ok(Next::Send),
            State::Claimed | State::Lost | State::Declined | State::Failed => Ok(Next::Over),
        }
    }

    /// Why nothing is revealed, committed or computed for a job, if so.
    pub(super) async fn withheld(&self, job: &Job) -> Option<String> {
        match job.state {
            State::Seen | State::Planned | State::Solved | State::Pinned
                if !self.settings.roles.has(Role::Solve) =>
            {
                Some("solving is switched off".to_owned())
            }
            // A commitment by a machine that is no longer to be trusted is not revealed: it
            // costs nothing, and a wrong solution does.
            State::Planned | State::Solved | State::Pinned | State::Committed => {
                let reason = self.distrusts(job.model).await?;
                Some(untrusted(&reason))
            }
            _ => None,
        }
    }

    /// Who else has solved a task, as far as events were read.
    pub(super) fn winner(&self, task: B256) -> Option<Address> {
        let solved = self.solved.lock().unwrap_or_else(PoisonError::into_inner);
        solved
            .get(&task)
            .copied()
            .filter(|winner| *winner != self.account())
    }

    /// Gives a job up that somebody else has solved, as one endpoint's events say. Where there
    /// are several, two have to say so.
    pub(super) async fn concede(&self, job: &mut Job, winner: Address) -> Result<Next, StepError> {
        if self.chain.is_alone() {
            return self.lose(job, winner);
        }
        match self.standing(job, Whom::Anyone).await? {
            Some(next) => Ok(next),
            None => {
                tracing::warn!(task = %job.task, %winner,
                    "an event told of a solution that the chain does not have");
                let mut solved = self.solved.lock().unwrap_or_else(PoisonError::into_inner);
                solved.remove(&job.task);
                Ok(Next::Step)
            }
        }
    }

    pub(super) fn lose(&self, job: &mut Job, winner: Address) -> Result<Next, StepError> {
        job.winner = Some(winner);
        self.end(job, State::Lost, format!("{winner} solved it first"))
    }

    /// seen → planned: is it wanted, and does the input fit?
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    async fn plan(&self, job: &mut Job) -> Result<Next, StepError> {
        let Some(bundle) = self.catalogue.get(job.model) else {
            return self.end(
                job,
                State::Declined,
                "its model is no longer in the catalogue",
            );
        };
        let queue = self.queue.load(Ordering::Relaxed);
        let objection = self.choice.objection(job, &self.settings, queue).await?;
        if let Some(reason) = objection {
            return self.end(job, State::Declined, reason);
        }
        match bundle.template().hydrate(&job.input, ids::seed(job.task)) {
            Ok(_) => self.reach(job, State::Planned),
            Err(error) => self.end(job, State::Declined, error.to_string()),
        }
    }

    /// planned → solved → pinned: the outputs are written to the block folder in the same
    /// step, since they are in memory only here.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    async fn solve(&self, job: &mut Job) -> Result<Next, StepError> {
        let Some(bundle) = self.catalogue.get(job.model) else {
            return self.end(
                job,
                State::Declined,
                "its model is no longer in the catalogue",
            );
        };
        let task = Task {
            model: job.model,
            bundle,
            input: &job.input,
            seed: ids::seed(job.task),
        };
        let outputs = {
            // The semaphore is never closed.
            let _permit = self.solving.acquire().await;
            // Waiting may have taken long enough for somebody else to solve it.
            if let Some(winner) = self.winner(job.task) {
                return self.concede(job, winner).await;
            }
            self.infer(task, Run::Usual).await?
        };
        if self.settings.second_run {
            let again = self.compute(task, Run::Fresh).await?;
            if again != outputs {
                let reason = format!(
                    "two runs of task {} came out differently: {} and {}",
                    job.task,
                    outputs.cid()?,
                    again.cid()?
                );
                self.passports.stop(job.model, &reason);
                return self.end(job, State::Failed, reason);
            }
        }
        job.cid = Some(onchain(&outputs.cid()?)?);
        self.reach(job, State::Solved)?;
        self.pin(job, &outputs).await
    }

    /// solved → pinned.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    async fn pin(&self, job: &mut Job, outputs: &Outputs) -> Result<Next, StepError> {
        self.put(outputs).await?;
        self.pinned(job)
    }

    /// Notes that the outputs are here, and what other stores are to keep of the job. None of
    /// them is asked for anything here, so that none holds the commitment up.
    fn pinned(&self, job: &mut Job) -> Result<Next, StepError> {
        self.measured(job, |job| job.reach(State::Pinned));
        self.save_with_pins(job)?;
        Ok(Next::Step)
    }

    /// As [`Machine::save`], in one transaction with what other stores are to keep.
    #[tracing::instrument(name = "save", level = "debug", skip_all, fields(task = %job.task, state = %job.state))]
    fn save_with_pins(&self, job: &Job) -> Result<(), StoreError> {
        let new = self.store.save_with_pins(job, self.pins.of(job))?;
        self.announce(std::slice::from_ref(job));
        self.pins.hand_over(new);
        Ok(())
    }

    /// solved → pinned after a restart in between: with the blocks, or by computing again.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %job.task))]
    async fn find_blocks(&self, job: &mut Job) -> Result<Next, StepError> {
        let cid = job.cid.as_ref().map(|bytes| cids::from_onchain(bytes));
        match cid.and_then(Result::ok) {
            Some(cid) if is_whole(&cid, &self.outputs).await => {
                outputs::keep(&self.outputs, &cid).await?;
                self.pinned(job)
            }
            _ => self.reach(job, State::Planned),
        }
    }

    /// Brings the stake up to the minimum, where the settings allow. Returns whether anything
    /// was deposited.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(super) async fn top_up(&self) -> Result<bool, StepError> {
        let _one_at_a_time = self.staking.lock().await;
        let outcome = if self.settings.stake {
            stake::ensure(&self.lane, &self.validator(), &self.chain).await
        } else {
            stake::check(&self.validator(), &self.chain)
                .await
                .map(|()| U256::ZERO)
        };
        match outcome {
            Ok(deposited) => Ok(!deposited.is_zero()),
            Err(MinerError::Chain(error)) => Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "cannot reveal");
                Err(StepError::Stake(Box::new(error)))
            }
        }
    }

    /// Notes that the chain holds our solution.
    pub(super) async fn revealed(&self, job: &mut Job) -> Result<Next, StepError> {
        let call = IEngine::contestEndCall { task: job.task };
        let end = self.chain.read(self.engine, &call).await?;
        job.contest_end = Some(self.claim_time(end));
        job.winner = Some(self.account());
        self.reach(job, State::Revealed)?;
        Ok(Next::Send)
    }
}

impl From<StepError> for MinerError {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Store(error) => Self::Store(error),
            StepError::Chain(error) => Self::Chain(error),
            StepError::Stake(error) => *error,
            other => Self::Crashed(other.to_string()),
        }
    }
}

impl StepError {
    /// What to do after `attempts` failures of the same step.
    pub(super) fn remedy(&self, attempts: u32) -> Remedy {
        let later = Remedy::Retry;
        match self {
            // A disk has room again one day, and until then nothing is done that could not be
            // written down.
            Self::Store(error) if error.is_passing() => later,
            Self::Chain(ChainError::Journal(error)) if error.passing => later,
            Self::Store(_) | Self::Chain(ChainError::Journal(_) | ChainError::Signer(_)) => {
                Remedy::Stop
            }
            // The endpoints' trouble, which the reader tells of, and no job's.
            Self::Chain(
                ChainError::WrongChain { .. }
                | ChainError::OtherChain { .. }
                | ChainError::Pruned { .. },
            ) => later,
            Self::Chain(error) => match error.revert() {
                Some(revert) => match revert.name.as_deref() {
                    // Time, stake or the pauser will change these.
                    Some(
                        "MinStakedTooLow"
                        | "InsufficientStake"
                        | "StakeInsufficient"
                        | "SubmitSolutionCooldown"
                        | "SolutionRateLimit"
                        | "Paused"
                        | "CommitmentMustBeInPast"
                        | "NotEnoughDelay"
                        | "WaitLonger"
                        | "ClaimSolutionCooldown"
                        | "HasContestation"
                        | "SolverOnly",
                    ) => later,
                    Some("NotAllowedToSubmitSolution" | "TaskDoesNotExist" | "TaskNotOpen") => {
                        Remedy::End(State::Declined)
                    }
                    _ => Remedy::End(State::Failed),
                },
                None if error.is_transient() => later,
                None => Remedy::End(State::Failed),
            },
            Self::Pin(_)
            | Self::Blocks(_)
            | Self::Stake(_)
            | Self::Late
            | Self::Doubtful(_)
            | Self::CannotVote(_)
            | Self::Consumer => later,
            Self::Solve(error) => match error.blame() {
                Blame::Input => Remedy::End(State::Declined),
                Blame::Machine if attempts < SOLVE_ATTEMPTS => later,
                Blame::Model | Blame::Machine => Remedy::End(State::Failed),
            },
        }
    }
}

pub(super) fn named(outputs: &Outputs) -> Vec<(&str, &[u8])> {
    outputs
        .files
        .iter()
        .map(|file| (file.name.as_str(), file.bytes.as_slice()))
        .collect()
}

/// The CID that the outputs of a job have, in words.
fn onchain_text(job: &Job) -> String {
    let cid = job.cid.as_ref().map(|cid| cids::from_onchain(cid));
    cid.and_then(Result::ok)
        .map_or_else(String::new, |cid| cid.to_string())
}

pub(super) fn onchain(cid: &Cid) -> Result<Bytes, InferenceError> {
    let bytes =
        cids::to_onchain(cid).map_err(|error| InferenceError::Outputs(error.to_string()))?;
    Ok(Bytes::copy_from_slice(&bytes))
}

/// Whether every block beneath `root` is in the store and what its CID says.
async fn is_whole(root: &Cid, store: &dyn BlockStore) -> bool {
    let mut blocks = Traversal::new(*root, Scope::All);
    loop {
        match blocks.next(store).await {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
