//! Children on all stations behind [`Solver`].

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex as Turn, Notify};

use super::ledger::{Idle, Key, Ledger, Taken};
use super::message::RuntimeChoice;
use super::process::{Process, WorkerCommand, WorkerOptions, leaves_child_usable};
use super::station::Station;
use crate::content::Cid;
use crate::inference::model::Outputs;
use crate::inference::placement::{Misfit, Place};
use crate::inference::runtime::{Device, RuntimeId, SessionOptions};
use crate::inference::task_files::{self, FileSource};
use crate::inference::{Blame, InferenceError, Solver, footprint};
use crate::metrics::Metrics;
use crate::model::{Bundle, Class};

/// How long a station that has failed is passed over where another will do: a GPU that is gone
/// must not take every task, and one that was reset is to be used again.
const PASSED_OVER: Duration = Duration::from_secs(60);

/// Children on the devices of this machine, each with one model. They are started when they
/// are needed and keep their model; one that fails is killed and replaced, and idle ones
/// give way where memory is needed for another model. Tasks of one kind of station take
/// their turns in the order in which they came. Dropping the pool kills all children.
#[derive(Debug, Clone)]
pub struct Workers {
    shared: Arc<Shared>,
    files: Option<Arc<dyn FileSource>>,
}

#[derive(Debug)]
struct Shared {
    command: WorkerCommand,
    stations: Vec<Post>,
    /// What children of a bundle took of memory, bytes, once one has run.
    measured: Mutex<HashMap<Cid, u64>>,
    /// Room was given back.
    freed: Notify,
    /// What the last child of each station and runtime turned out to run models on.
    started: Mutex<BTreeMap<(usize, usize), RuntimeId>>,
    metrics: Metrics,
}

/// A station, its books, and what is known of its runtimes.
#[derive(Debug)]
struct Post {
    station: Station,
    ledger: Mutex<Ledger<Process>>,
    places: Mutex<Vec<Option<Place>>>,
    /// Held by the task that waits for room, so that a large model is not passed over.
    turn: Turn<()>,
    /// When it last failed to run a model, if it has run none since.
    failed: Mutex<Option<Instant>>,
}

impl Post {
    fn has_failed_lately(&self) -> bool {
        locked(&self.failed).is_some_and(|at| at.elapsed() < PASSED_OVER)
    }

    /// Takes note of a failure, unless the model or the task is to blame for it.
    fn note(&self, error: &InferenceError) {
        if error.blame() == Blame::Machine {
            *locked(&self.failed) = Some(Instant::now());
        }
    }
}

/// Where a model may run.
#[derive(Debug, Clone)]
struct Candidate {
    station: usize,
    key: Key,
}

impl Workers {
    /// A pool of at most `count` children at a time on the processor.
    pub fn new(command: WorkerCommand, options: WorkerOptions, count: NonZeroUsize) -> Self {
        let runtimes = vec![options.runtime.clone()];
        let station = Station::processor(runtimes, options, count, None);
        Self::on(command, vec![station], Metrics::new())
    }

    /// A pool on those stations. It counts the children that had to be replaced.
    pub fn on(command: WorkerCommand, stations: Vec<Station>, metrics: Metrics) -> Self {
        let posts = stations.into_iter().map(|station| Post {
            ledger: Mutex::new(Ledger::new(station.workers.get(), station.memory_bytes)),
            places: Mutex::new(vec![None; station.runtimes.len()]),
            turn: Turn::default(),
            failed: Mutex::default(),
            station,
        });
        Self {
            shared: Arc::new(Shared {
                command,
                stations: posts.collect(),
                measured: Mutex::default(),
                freed: Notify::new(),
                started: Mutex::default(),
                metrics,
            }),
            files: None,
        }
    }

    /// Names where the files that tasks name come from: children have no network.
    #[must_use]
    pub fn with_files(mut self, source: Arc<dyn FileSource>) -> Self {
        self.files = Some(source);
        self
    }

    /// Starts a child of the first station if none was started there yet, and says what it
    /// runs models on: a check, before the first task, that the program and the runtime are
    /// usable.
    ///
    /// # Errors
    /// [`InferenceError`] if no child can be started.
    pub async fn runtime(&self) -> Result<RuntimeId, InferenceError> {
        Ok(self.place(0, 0).await?.runtime)
    }

    /// Loads a bundle into a child ahead of its first task.
    ///
    /// # Errors
    /// [`InferenceError`].
    pub async fn load(&self, bundle: &Bundle) -> Result<(), InferenceError> {
        self.with_child(bundle, false, async |_| Ok(())).await
    }

    async fn run(
        &self,
        bundle: &Bundle,
        input: &[u8],
        seed: u64,
        apart: bool,
    ) -> Result<Outputs, InferenceError> {
        let files = task_files::bring(self.files.as_deref(), bundle, input).await?;
        self.with_child(bundle, apart, async |child: &mut Process| {
            child.solve(bundle, input, seed, &files).await
        })
        .await
    }

    /// Lends a child with the bundle loaded. It comes back only when it is in a known state:
    /// a future that is dropped in the middle takes its child along.
    async fn with_child<T>(
        &self,
        bundle: &Bundle,
        apart: bool,
        work: impl AsyncFnOnce(&mut Process) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let mut candidates = self.candidates(bundle).await?;
        let failed = |candidate: &Candidate| self.post(candidate).has_failed_lately();
        if !candidates.iter().all(failed) {
            candidates.retain(|candidate| !failed(candidate));
        }
        let bytes = self.expected(bundle);
        let (lease, candidate, child) = self.room(&candidates, bytes, apart).await;
        let mut child = match child {
            Some(mut child) => match child.is_alive() {
                true => child,
                false => {
                    self.shared.metrics.worker_restart();
                    self.start(&candidate).await?
                }
            },
            None => self.start(&candidate).await?,
        };
        let result = match child.load(bundle).await {
            Ok(()) => work(&mut child).await,
            Err(error) => Err(error),
        };
        match &result {
            Ok(_) => *locked(&self.post(&candidate).failed) = None,
            Err(error) => self.post(&candidate).note(error),
        }
        let usable = match &result {
            Ok(_) => true,
            Err(error) => leaves_child_usable(error),
        };
        if usable {
            let bytes = self.measure(bundle, &child).unwrap_or(bytes);
            let key = candidate.key;
            lease.keep(Idle { child, key, bytes });
        } else {
            self.shared.metrics.worker_restart();
        }
        result
    }

    /// Where a model may run, the preferred place first: where its passport allows it and
    /// it fits.
    async fn candidates(&self, bundle: &Bundle) -> Result<Vec<Candidate>, InferenceError> {
        let mut candidates = Vec::new();
        let mut reasons = Vec::new();
        let mut refused = None;
        for (station, post) in self.shared.stations.iter().enumerate() {
            for (runtime, choice) in post.station.runtimes.iter().enumerate() {
                if !may_be_for(bundle, choice, post.station.device) {
                    let device = post.station.device;
                    reasons.push(format!(
                        "{} on {device} is not what it runs on",
                        choice.name()
                    ));
                    continue;
                }
                let place = match self.place(station, runtime).await {
                    Ok(place) => place,
                    Err(error) => {
                        reasons.push(error.to_string());
                        refused = Some(error);
                        continue;
                    }
                };
                match place.fits(bundle, &post.station.options.session) {
                    Ok(session) => {
                        let bundle = Some(*bundle.template_cid());
                        let key = Key {
                            runtime,
                            session,
                            bundle,
                        };
                        candidates.push(Candidate { station, key });
                        // One runtime of a device is enough.
                        break;
                    }
                    Err(misfit) => {
                        reasons.push(format!("{place}: {misfit}"));
                        refused = Some(refusal(bundle, &place, misfit));
                    }
                }
            }
        }
        match (candidates.is_empty(), refused) {
            (false, _) => Ok(candidates),
            // Where there is one reason only, it is said with its type.
            (true, Some(error)) if reasons.len() == 1 => Err(error),
            (true, _) => Err(InferenceError::Nowhere {
                reasons: reasons.join("; "),
            }),
        }
    }

    /// What a station's runtime turned out to be. The first to ask starts a child, which
    /// stays for the next task.
    async fn place(&self, station: usize, runtime: usize) -> Result<Place, InferenceError> {
        let Some(post) = self.shared.stations.get(station) else {
            let reasons = "it has no stations".into();
            return Err(InferenceError::Nowhere { reasons });
        };
        if let Some(place) = locked(&post.places).get(runtime).cloned().flatten() {
            return Ok(place);
        }
        let candidate = Candidate {
            station,
            key: Key {
                runtime,
                session: SessionOptions {
                    device: post.station.device,
                    ..post.station.options.session.clone()
                },
                bundle: None,
            },
        };
        let candidates = [candidate];
        let (lease, candidate, child) = self.room(&candidates, footprint::EMPTY, false).await;
        // Somebody else may have asked meanwhile.
        if let Some(place) = locked(&post.places).get(runtime).cloned().flatten() {
            lease.give_back(child, candidate.key);
            return Ok(place);
        }
        let child = self.start(&candidate).await?;
        let place = Place {
            runtime: child.runtime().clone(),
            providers: child.providers().to_vec(),
            device: post.station.device,
            gpu: post.station.gpu.clone(),
            memory_bytes: post.station.most_for_one(),
        };
        if let Some(known) = locked(&post.places).get_mut(runtime) {
            *known = Some(place.clone());
        }
        lease.give_back(Some(child), candidate.key);
        Ok(place)
    }

    /// Waits for room at one of the candidates' stations, and takes a child that has the
    /// model loaded if one is idle.
    async fn room(
        &self,
        candidates: &[Candidate],
        bytes: u64,
        apart: bool,
    ) -> (Lease, Candidate, Option<Process>) {
        let first = candidates.first().map_or(0, |candidate| candidate.station);
        let _turn = self.shared.stations[first].turn.lock().await;
        loop {
            let freed = self.shared.freed.notified();
            tokio::pin!(freed);
            // From here on nothing that is given back is missed.
            freed.as_mut().enable();
            if let Some((candidate, taken)) = self.take(candidates, bytes, apart) {
                let lease = Lease {
                    shared: Arc::clone(&self.shared),
                    station: candidate.station,
                    bytes,
                    idle: None,
                };
                drop(taken.evicted);
                return (lease, candidate, taken.child);
            }
            freed.await;
        }
    }

    fn take(
        &self,
        candidates: &[Candidate],
        bytes: u64,
        apart: bool,
    ) -> Option<(Candidate, Taken<Process>)> {
        let ledger = |candidate: &Candidate| locked(&self.post(candidate).ledger);
        let loaded = candidates
            .iter()
            .filter(|candidate| ledger(candidate).has(&candidate.key));
        let others = candidates
            .iter()
            .filter(|candidate| !ledger(candidate).has(&candidate.key));
        loaded.chain(others).find_map(|candidate| {
            let taken = ledger(candidate).take(&candidate.key, bytes, apart)?;
            Some((candidate.clone(), taken))
        })
    }

    fn post(&self, candidate: &Candidate) -> &Post {
        &self.shared.stations[candidate.station]
    }

    async fn start(&self, candidate: &Candidate) -> Result<Process, InferenceError> {
        let post = self.post(candidate);
        let options = post
            .station
            .child(candidate.key.runtime, &candidate.key.session);
        let child = Process::start(&self.shared.command, &options).await;
        let child = child.inspect_err(|error| post.note(error))?;
        let place = (candidate.station, candidate.key.runtime);
        locked(&self.shared.started).insert(place, child.runtime().clone());
        Ok(child)
    }

    /// What a child with the bundle takes of memory, bytes: what one took, or else an
    /// estimate.
    fn expected(&self, bundle: &Bundle) -> u64 {
        let measured = locked(&self.shared.measured)
            .get(bundle.template_cid())
            .copied();
        measured.unwrap_or_else(|| footprint::of(bundle))
    }

    fn measure(&self, bundle: &Bundle, child: &Process) -> Option<u64> {
        // What it takes of a GPU's memory the processor's does not tell.
        if child.device() != Device::Cpu {
            return None;
        }
        let bytes = child.peak_memory()?;
        let mut measured = locked(&self.shared.measured);
        let most = measured.entry(*bundle.template_cid()).or_default();
        *most = bytes.max(*most);
        Some(*most)
    }
}

/// Whether the runtime could be what a model runs on, before it is started.
fn may_be_for(bundle: &Bundle, choice: &RuntimeChoice, device: Device) -> bool {
    match &bundle.passport().class {
        Class::Integer {} => device == Device::Cpu,
        Class::Pinned(pinned) => {
            pinned.runtime == choice.name() && pinned.provider == device.provider()
        }
    }
}

fn refusal(bundle: &Bundle, place: &Place, misfit: Misfit) -> InferenceError {
    match (misfit, &bundle.passport().class) {
        (Misfit::Memory { needs, has }, _) => InferenceError::Memory {
            needs,
            has,
            place: place.device.to_string(),
        },
        (_, Class::Pinned(pinned)) => InferenceError::Pinned {
            pinned: pinned.to_string(),
            found: place.to_string(),
        },
        (misfit, Class::Integer {}) => InferenceError::Nowhere {
            reasons: misfit.to_string(),
        },
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Room at a station, given back when it is dropped.
#[derive(Debug)]
struct Lease {
    shared: Arc<Shared>,
    station: usize,
    bytes: u64,
    idle: Option<Idle<Process>>,
}

impl Lease {
    /// Gives the room back, and the child with its model.
    fn keep(mut self, idle: Idle<Process>) {
        self.idle = Some(idle);
    }

    /// Gives the room back, and a child as it was taken.
    fn give_back(mut self, child: Option<Process>, key: Key) {
        let bytes = self.bytes;
        self.idle = child.map(|child| Idle { child, key, bytes });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let ledger = &self.shared.stations[self.station].ledger;
        let evicted = locked(ledger).give_back(self.bytes, self.idle.take());
        drop(evicted);
        self.shared.freed.notify_waiters();
    }
}

impl Solver for Workers {
    fn solve<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(self.run(bundle, input, seed, false))
    }

    fn solve_afresh<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
    ) -> BoxFuture<'a, Result<Outputs, InferenceError>> {
        Box::pin(self.run(bundle, input, seed, true))
    }

    /// All runtimes that children were started on, in the order of the stations.
    fn runtime_id(&self) -> Option<RuntimeId> {
        let started = locked(&self.shared.started);
        let mut all: Vec<_> = started.values().collect();
        all.dedup();
        let join = |part: fn(&RuntimeId) -> &str| {
            let parts: Vec<_> = all.iter().map(|id| part(id)).collect();
            parts.join("+")
        };
        (!all.is_empty()).then(|| RuntimeId {
            name: join(|id| &id.name),
            version: join(|id| &id.version),
        })
    }
}
