//! `arbius doctor`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use arbius_sdk::inference::cog::CogLimits;
use arbius_sdk::inference::machine::limits::SystemLimits;
use arbius_sdk::inference::machine::{FoundRuntime, Gpus, gpu, memory, runtimes};
use arbius_sdk::inference::placement::Place;
use arbius_sdk::inference::worker::{RuntimeChoice, Station, WorkerCommand, WorkerOptions};
use arbius_sdk::inference::{
    Certificate, Device, Plan, SessionOptions, Verdict, certify_everywhere, certify_on,
};
use arbius_sdk::model::{Bundle, Class, Pipeline};
use eyre::bail;
use serde::Serialize;

use crate::show::{self, Side};
use crate::{args, models, solver};

/// What is shown, as `--json` has it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema: &'static str,
    version: &'static str,
    machine: Machine,
    gpus: Option<Gpus>,
    /// Why no GPU can be used.
    gpu_problem: Option<String>,
    runtimes: Vec<RuntimeReport>,
    models: Vec<ModelReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Machine {
    system: &'static str,
    architecture: &'static str,
    cores: usize,
    memory_bytes: Option<u64>,
    memory_available_bytes: Option<u64>,
    limits: SystemLimits,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuntimeReport {
    name: &'static str,
    version: Option<String>,
    providers: Vec<String>,
    library: Option<PathBuf>,
    /// Why it cannot be used.
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ModelReport {
    name: String,
    bundle: String,
    class: Class,
    mineable: bool,
    /// Where it was run.
    places: Vec<String>,
    /// How long its slowest golden took, milliseconds.
    slowest_ms: Option<f64>,
    /// Why it may not be mined.
    reasons: Vec<String>,
    /// What would help.
    remedies: Vec<String>,
}

pub(crate) async fn run(args: &args::Doctor, json: bool) -> eyre::Result<()> {
    let bundles = models::bundles(&args.bundles)?;
    for (named, _) in &args.cogs.servers {
        let is_named = |(bundle, _): &(Arc<Bundle>, _)| bundle.manifest().name == *named;
        if !bundles.iter().any(is_named) {
            bail!("--cog names {named}, which is no model here; name its folder with --bundle");
        }
    }
    let command = WorkerCommand::current_program()?;
    let libraries = args.runtimes.onnxruntime.iter().map(PathBuf::as_path);
    let (mut found, mut reports) = (Vec::new(), Vec::new());
    for choice in runtimes::choices(libraries) {
        let asked = runtimes::find(&command, choice.clone()).await;
        let library = match &choice {
            RuntimeChoice::Rten => None,
            RuntimeChoice::OnnxRuntime { library } => Some(library.clone()),
        };
        reports.push(RuntimeReport {
            name: choice.name(),
            version: asked.as_ref().ok().map(|found| found.id.version.clone()),
            providers: match &asked {
                Ok(found) => found.providers.clone(),
                Err(_) => Vec::new(),
            },
            library,
            problem: asked.as_ref().err().map(ToString::to_string),
        });
        found.extend(asked.ok());
    }
    let gpus = gpu::find();
    let (gpus, gpu_problem) = match gpus {
        Ok(gpus) => (Some(gpus), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let mut models = Vec::new();
    let places = places(&found, gpus.as_ref(), args.worker.memory);
    for (bundle, _) in &bundles {
        models.push(match server_of(bundle, args) {
            Some(server) => examine_container(bundle, server, args).await?,
            None => examine(bundle, &command, &found, &places, args).await,
        });
    }
    let report = Report {
        schema: "arbius/doctor/1",
        version: env!("CARGO_PKG_VERSION"),
        machine: Machine {
            system: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory::total(),
            memory_available_bytes: memory::available(),
            limits: SystemLimits::of_this_process(),
        },
        gpus,
        gpu_problem,
        runtimes: reports,
        models,
    };
    match json {
        true => show::json(&report)?,
        false => print(&report)?,
    }
    if !report.models.iter().any(|model| model.mineable) {
        bail!("this machine may mine none of the models that it knows");
    }
    Ok(())
}

/// Every runtime on every device.
fn places(found: &[FoundRuntime], gpus: Option<&Gpus>, worker_memory: u64) -> Vec<Place> {
    let mut places = Vec::new();
    for runtime in found {
        let place = |device, gpu, memory_bytes| Place {
            runtime: runtime.id.clone(),
            providers: runtime.providers.clone(),
            device,
            gpu,
            memory_bytes,
        };
        places.push(place(Device::Cpu, None, Some(worker_memory)));
        for gpu in gpus.map(|gpus| &gpus.devices[..]).unwrap_or_default() {
            let options = WorkerOptions::default();
            let alone = NonZeroUsize::MIN;
            let runtime = std::slice::from_ref(runtime);
            let Some(station) = Station::gpu(gpu, runtime, options, alone) else {
                continue;
            };
            places.push(place(
                station.device,
                Some(gpu.class()),
                station.memory_bytes,
            ));
        }
    }
    places
}

/// Whether a model may be mined here, and if not, why and what would help.
async fn examine(
    bundle: &Bundle,
    command: &WorkerCommand,
    found: &[FoundRuntime],
    places: &[Place],
    args: &args::Doctor,
) -> ModelReport {
    let mut report = ModelReport::of(bundle);
    let mut choices = Vec::new();
    for place in places {
        match place.fits(bundle, &SessionOptions::default()) {
            Ok(_) => {
                report.places.push(place.to_string());
                let runtime = found.iter().find(|found| found.id == place.runtime);
                let choice = runtime.map(|found| found.choice.clone());
                choices.extend(choice.filter(|choice| !choices.contains(choice)));
            }
            Err(misfit) => {
                report.reasons.push(format!("{place}: {misfit}"));
                let remedy = misfit.remedy();
                if !report.remedies.contains(&remedy) {
                    report.remedies.push(remedy);
                }
            }
        }
    }
    if report.places.is_empty() {
        return report;
    }
    // One place is enough to mine it, so what is wrong with the others is of no interest.
    report.reasons.clear();
    report.remedies.clear();
    let one = NonZeroUsize::MIN;
    let mut plan = Plan::new(command.clone(), choices);
    plan.threads = vec![one];
    plan.optimisations = vec![SessionOptions::default().optimisation];
    (plan.repeats, plan.processes) = (one, one);
    plan.options.limits.memory_bytes = Some(args.worker.memory);
    report.judged(certify_everywhere(bundle, &plan, |_| {}).await)
}

/// The server that was named for a model in a container.
fn server_of<'a>(bundle: &Bundle, args: &'a args::Doctor) -> Option<&'a args::CogServer> {
    let mut servers = args.cogs.servers.iter();
    let (_, server) = servers.find(|(named, _)| *named == bundle.manifest().name)?;
    matches!(bundle.manifest().pipeline, Pipeline::Cog(_)).then_some(server)
}

/// The same for a model on a Cog server.
async fn examine_container(
    bundle: &Bundle,
    server: &args::CogServer,
    args: &args::Doctor,
) -> eyre::Result<ModelReport> {
    let mut report = ModelReport::of(bundle);
    let cog = solver::cog(server, &args.cogs.children, CogLimits::default())?;
    report.places.push(match server {
        args::CogServer::At(url) => format!("the Cog server at {url}"),
        args::CogServer::In(folder) => format!("a Cog server started in {}", folder.display()),
    });
    Ok(report.judged(certify_on(bundle, &cog, NonZeroUsize::MIN).await))
}

impl ModelReport {
    fn of(bundle: &Bundle) -> Self {
        Self {
            name: bundle.manifest().name.clone(),
            bundle: bundle.cid().to_string(),
            class: bundle.passport().class.clone(),
            mineable: false,
            places: Vec::new(),
            slowest_ms: None,
            reasons: Vec::new(),
            remedies: Vec::new(),
        }
    }

    /// What came of running it.
    fn judged(mut self, certificate: Certificate) -> Self {
        self.mineable = certificate.verdict == Verdict::Certified;
        let slowest = certificate.runs.iter().map(|run| run.slowest_ms);
        self.slowest_ms = slowest.max_by(f64::total_cmp);
        self.reasons = certificate.reasons;
        if !self.mineable {
            let remedy = match certificate.verdict {
                Verdict::Refused => "nothing on this machine: see `arbius model certify`",
                _ => "see `arbius model certify` for every run",
            };
            self.remedies.push(remedy.to_owned());
        }
        self
    }
}

fn print(report: &Report) -> eyre::Result<()> {
    let machine = &report.machine;
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "unknown".to_owned(), show::bytes);
    let limit = |limit: Option<u64>| limit.map_or_else(|| "no limit".to_owned(), show::thousands);
    let gpus = report.gpus.as_ref().map(|gpus| {
        format!(
            "driver {}, CUDA {}",
            gpus.driver.as_deref().unwrap_or("unknown"),
            gpus.cuda
        )
    });
    show::fields(&[
        ("arbius", report.version.to_owned()),
        (
            "system",
            format!("{} on {}", machine.system, machine.architecture),
        ),
        ("cores", machine.cores.to_string()),
        (
            "memory",
            format!(
                "{}, {} of it available",
                size(machine.memory_bytes),
                size(machine.memory_available_bytes)
            ),
        ),
        (
            "limits",
            format!(
                "{} open files, {} processes, address space: {}",
                limit(machine.limits.open_files),
                limit(machine.limits.processes),
                machine
                    .limits
                    .address_space
                    .map_or_else(|| "no limit".to_owned(), show::bytes)
            ),
        ),
        (
            "GPUs",
            gpus.or_else(|| report.gpu_problem.clone())
                .unwrap_or_default(),
        ),
    ])?;
    if let Some(gpus) = report.gpus.as_ref().filter(|gpus| !gpus.devices.is_empty()) {
        let rows: Vec<_> = gpus
            .devices
            .iter()
            .map(|gpu| {
                vec![
                    format!("cuda:{}", gpu.ordinal),
                    gpu.name.clone(),
                    show::bytes(gpu.memory_bytes),
                    gpu.compute_capability.clone(),
                ]
            })
            .collect();
        show::line("")?;
        show::table(
            &[
                ("GPU", Side::Left),
                ("name", Side::Left),
                ("memory", Side::Right),
                ("capability", Side::Right),
            ],
            &rows,
        )?;
    }
    let rows: Vec<_> = report.runtimes.iter().map(runtime_row).collect();
    show::line("")?;
    show::table(
        &[
            ("runtime", Side::Left),
            ("version", Side::Left),
            ("providers", Side::Left),
            ("library", Side::Left),
        ],
        &rows,
    )?;
    for runtime in &report.runtimes {
        if let Some(problem) = &runtime.problem {
            show::line(format!("{} cannot be used: {problem}", runtime.name))?;
        }
    }
    show::line("")?;
    for model in &report.models {
        print_model(model)?;
    }
    Ok(())
}

fn runtime_row(runtime: &RuntimeReport) -> Vec<String> {
    let RuntimeReport {
        name,
        version,
        providers,
        library,
        ..
    } = runtime;
    vec![
        (*name).to_owned(),
        version.as_deref().unwrap_or("-").to_owned(),
        providers.join(", "),
        library.as_deref().map_or_else(
            || "in this program".to_owned(),
            |path| path.display().to_string(),
        ),
    ]
}

fn print_model(model: &ModelReport) -> eyre::Result<()> {
    let class = match &model.class {
        Class::Integer {} => "integer".to_owned(),
        Class::Pinned(pinned) => format!("pinned to {pinned}"),
    };
    if model.mineable {
        let slowest = model.slowest_ms.unwrap_or_default();
        show::line(format!(
            "{} ({class}) may be mined here, on {}; up to {slowest:.1} ms a task",
            model.name,
            model.places.join(" and ")
        ))?;
        return Ok(());
    }
    show::line(format!("{} ({class}) MAY NOT be mined here", model.name))?;
    for reason in &model.reasons {
        show::line(format!("  because  {reason}"))?;
    }
    for remedy in &model.remedies {
        show::line(format!("  remedy   {remedy}"))?;
    }
    Ok(())
}
