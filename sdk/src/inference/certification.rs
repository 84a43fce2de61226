//! Certifying a model on everything at hand, with a report.
//!
//! Of the class `integer` the static check decides; runs only confirm it: every runtime,
//! thread count and optimisation level, each in a fresh process and several times. A
//! `pinned` model is run in fresh processes on what it is pinned to, if that is here.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::machine::{FoundRuntime, gpu, runtimes};
use super::placement::Place;
use super::runtime::{Device, Optimisation, SessionOptions};
use super::worker::process::Process;
use super::worker::{RuntimeChoice, WorkerCommand, WorkerError, WorkerOptions};
use super::{Blame, InferenceError, Outputs, Solver, TaskFiles};
use crate::model::integer::{self, Summary};
use crate::model::{Bundle, Class};

/// Version of a certificate's JSON.
pub const CERTIFICATE_SCHEMA: &str = "arbius/certificate/1";

/// What to run a model on.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How children are started.
    pub command: WorkerCommand,
    /// How they run, apart from the runtime and the session options.
    pub options: WorkerOptions,
    /// The runtimes at hand.
    pub runtimes: Vec<RuntimeChoice>,
    /// Thread counts for models of the class `integer`.
    pub threads: Vec<NonZeroUsize>,
    /// Optimisation levels for models of the class `integer`.
    pub optimisations: Vec<Optimisation>,
    /// How often every golden is made in each process.
    pub repeats: NonZeroUsize,
    /// How many fresh processes a `pinned` model is run in.
    pub processes: NonZeroUsize,
}

impl Plan {
    /// Those runtimes with one, two and four threads, every optimisation level, twice in
    /// each process.
    pub fn new(command: WorkerCommand, runtimes: Vec<RuntimeChoice>) -> Self {
        let few = |count| NonZeroUsize::MIN.saturating_add(count);
        Self {
            command,
            options: WorkerOptions::default(),
            runtimes,
            threads: vec![few(0), few(1), few(3)],
            optimisations: Optimisation::LEVELS.to_vec(),
            repeats: few(1),
            processes: few(2),
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The model keeps its promise on everything that it was run on.
    Certified,
    /// It does not. Do not mine it, and do not register it.
    Refused,
    /// This machine cannot tell.
    Inconclusive,
}

/// What the static check says of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GraphReport {
    /// The bundle's file.
    pub graph: String,
    /// Operators in it.
    pub operators: usize,
    /// Elements of all its constants.
    pub parameters: usize,
    /// Elements of the largest tensor of a run.
    pub largest_tensor: usize,
    /// Multiplications and additions of one run.
    pub operations: u64,
}

impl GraphReport {
    fn new(graph: &str, summary: Summary) -> Self {
        Self {
            graph: graph.to_owned(),
            operators: summary.nodes,
            parameters: summary.parameters,
            largest_tensor: summary.largest,
            operations: summary.operations,
        }
    }
}

/// One fresh process.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Name and version of the runtime.
    pub runtime: String,
    /// The device.
    pub device: String,
    /// Threads within an operator.
    pub threads: usize,
    /// The optimisation level.
    pub optimisation: &'static str,
    /// Goldens that came out right, in all repeats together.
    pub right: usize,
    /// What went wrong, if anything.
    pub problem: Option<String>,
    /// How long starting and loading took, milliseconds.
    pub load_ms: f64,
    /// How long the slowest golden took, milliseconds.
    pub slowest_ms: f64,
}

/// The report of a certification.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// [`CERTIFICATE_SCHEMA`].
    pub schema: &'static str,
    /// The model's name.
    pub name: String,
    /// CID of its bundle.
    pub bundle: String,
    /// Its class, as its passport states it.
    pub class: Class,
    /// What came of it.
    pub verdict: Verdict,
    /// Why it is not certified.
    pub reasons: Vec<String>,
    /// Goldens in the passport.
    pub goldens: usize,
    /// What the static check says, for the class `integer`.
    pub graphs: Vec<GraphReport>,
    /// Every fresh process.
    pub runs: Vec<RunReport>,
}

impl Certificate {
    fn of(bundle: &Bundle) -> Self {
        Self {
            schema: CERTIFICATE_SCHEMA,
            name: bundle.manifest().name.clone(),
            bundle: bundle.cid().to_string(),
            class: bundle.passport().class.clone(),
            verdict: Verdict::Certified,
            reasons: Vec::new(),
            goldens: bundle.passport().goldens.len(),
            graphs: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// Takes note of a reason. What is refused stays so.
    fn object(&mut self, verdict: Verdict, reason: String) {
        if self.verdict != Verdict::Refused {
            self.verdict = verdict;
        }
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// Certifies a model. `told` hears of each run as it ends.
///
/// What goes wrong is in the certificate; nothing is an error.
pub async fn certify_everywhere(
    bundle: &Bundle,
    plan: &Plan,
    mut told: impl FnMut(&RunReport),
) -> Certificate {
    let mut certificate = Certificate::of(bundle);
    if bundle.is_integer() && !check_graphs(bundle, &mut certificate) {
        return certificate;
    }
    for choice in &plan.runtimes {
        let found = match runtimes::find(&plan.command, choice.clone()).await {
            Ok(found) => found,
            Err(error) => {
                let reason = format!("{} cannot be used: {error}", choice.name());
                certificate.object(Verdict::Inconclusive, reason);
                continue;
            }
        };
        for session in sessions(bundle, plan, &found) {
            let (run, verdict) = run(bundle, plan, &found, &session).await;
            told(&run);
            if let Some(problem) = &run.problem {
                let reason = format!("{} ({session}): {problem}", run.runtime);
                certificate.object(verdict, reason);
            }
            certificate.runs.push(run);
        }
    }
    if certificate.runs.is_empty() {
        let reason = match &bundle.passport().class {
            Class::Integer {} => "there is no runtime to run it on".to_owned(),
            Class::Pinned(pinned) => {
                format!("this machine is not what the model is pinned to: {pinned}")
            }
        };
        certificate.object(Verdict::Inconclusive, reason);
    }
    certificate
}

/// Certifies a model on a solver, such as the Cog server of a model in a container: every
/// golden, so many times.
///
/// What goes wrong is in the certificate; nothing is an error.
pub async fn certify_on(
    bundle: &Bundle,
    solver: &dyn Solver,
    repeats: NonZeroUsize,
) -> Certificate {
    let mut certificate = Certificate::of(bundle);
    if bundle.is_integer() && !check_graphs(bundle, &mut certificate) {
        return certificate;
    }
    let mut run = RunReport {
        runtime: String::new(),
        device: "the solver's".into(),
        threads: 0,
        optimisation: "the solver's",
        right: 0,
        problem: None,
        load_ms: 0.0,
        slowest_ms: 0.0,
    };
    let result = async {
        for _ in 0..repeats.get() {
            for index in 0..bundle.passport().goldens.len() {
                make(bundle, index, &mut run, async |input, seed| {
                    solver.solve(bundle, input, seed).await
                })
                .await?;
            }
        }
        Ok::<(), InferenceError>(())
    }
    .await;
    if let Some(id) = solver.runtime_id() {
        run.runtime = id.to_string();
    }
    if let Err(error) = result {
        let reason = error.to_string();
        certificate.object(verdict_of(&error), reason.clone());
        run.problem = Some(reason);
    }
    certificate.runs.push(run);
    certificate
}

/// The static check; `false` if it refuses the class.
fn check_graphs(bundle: &Bundle, certificate: &mut Certificate) -> bool {
    for name in bundle.manifest().pipeline.graphs() {
        let onnx = bundle.file(name).map(|onnx| &onnx[..]).unwrap_or_default();
        match integer::check(onnx) {
            Ok(summary) => certificate.graphs.push(GraphReport::new(name, summary)),
            Err(error) => {
                let reason = format!("refused the class integer: graph `{name}`: {error}");
                certificate.object(Verdict::Refused, reason);
                return false;
            }
        }
    }
    true
}

/// With what options a model is run on a runtime, once for each process.
fn sessions(bundle: &Bundle, plan: &Plan, found: &FoundRuntime) -> Vec<SessionOptions> {
    if bundle.is_integer() {
        let levels = plan.optimisations.iter();
        return levels
            .flat_map(|optimisation| {
                plan.threads.iter().map(|threads| SessionOptions {
                    threads: *threads,
                    optimisation: *optimisation,
                    device: Device::Cpu,
                })
            })
            .collect();
    }
    let gpus = gpu::find().map(|gpus| gpus.devices).unwrap_or_default();
    let cpu = (Device::Cpu, None);
    let devices = gpus.iter().map(|gpu| {
        let device = Device::Cuda {
            ordinal: gpu.ordinal,
            memory_bytes: None,
        };
        (device, Some(gpu.class()))
    });
    let fitting = std::iter::once(cpu)
        .chain(devices)
        .filter_map(|(device, gpu)| {
            let place = Place {
                runtime: found.id.clone(),
                providers: found.providers.clone(),
                device,
                gpu,
                memory_bytes: None,
            };
            place.fits(bundle, &SessionOptions::default()).ok()
        });
    let fitting: Vec<_> = fitting.collect();
    (0..plan.processes.get())
        .flat_map(|_| fitting.clone())
        .collect()
}

/// Runs every golden in a fresh process. The verdict says what a problem means.
async fn run(
    bundle: &Bundle,
    plan: &Plan,
    found: &FoundRuntime,
    session: &SessionOptions,
) -> (RunReport, Verdict) {
    let mut report = RunReport {
        runtime: found.id.to_string(),
        device: session.device.to_string(),
        threads: session.threads.get(),
        optimisation: session.optimisation.name(),
        right: 0,
        problem: None,
        load_ms: 0.0,
        slowest_ms: 0.0,
    };
    let result = goldens(bundle, plan, found, session, &mut report).await;
    let verdict = result.as_ref().err().map_or(Verdict::Certified, verdict_of);
    report.problem = result.err().map(|error| error.to_string());
    (report, verdict)
}

async fn goldens(
    bundle: &Bundle,
    plan: &Plan,
    found: &FoundRuntime,
    session: &SessionOptions,
    report: &mut RunReport,
) -> Result<(), InferenceError> {
    let options = WorkerOptions {
        runtime: found.choice.clone(),
        session: session.clone(),
        ..plan.options.clone()
    };
    let started = Instant::now();
    let mut child = Process::start(&plan.command, &options).await?;
    child.load(bundle).await?;
    report.load_ms = milliseconds(started.elapsed());
    for _ in 0..plan.repeats.get() {
        for index in 0..bundle.passport().goldens.len() {
            make(bundle, index, report, async |input, seed| {
                child.solve(bundle, input, seed, &TaskFiles::new()).await
            })
            .await?;
        }
    }
    Ok(())
}

/// Makes one golden and counts it if it comes out right.
async fn make(
    bundle: &Bundle,
    index: usize,
    report: &mut RunReport,
    solve: impl AsyncFnOnce(&[u8], u64) -> Result<Outputs, InferenceError>,
) -> Result<(), InferenceError> {
    let passport = bundle.passport();
    let (Some(golden), Ok(expected)) = (passport.goldens.get(index), passport.golden_cid(index))
    else {
        return Err(WorkerError::Protocol(format!("there is no golden {index}")).into());
    };
    let input = golden.input.to_string();
    let started = Instant::now();
    let outputs = solve(input.as_bytes(), golden.seed).await?;
    report.slowest_ms = report.slowest_ms.max(milliseconds(started.elapsed()));
    let found = outputs.cid()?;
    if found != expected {
        return Err(InferenceError::Golden {
            index,
            found: Box::new(found),
            expected: Box::new(expected),
        });
    }
    report.right += 1;
    Ok(())
}

/// What a failure means for the model.
fn verdict_of(error: &InferenceError) -> Verdict {
    match error {
        // On any runtime, or on this one: the bytes are the promise.
        InferenceError::Golden { .. } => Verdict::Refused,
        error if error.blame() != Blame::Machine => Verdict::Refused,
        _ => Verdict::Inconclusive,
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
