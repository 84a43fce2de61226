//! `arbius model certify`.

use std::path::PathBuf;

use arbius_sdk::inference::certification::RunReport;
use arbius_sdk::inference::cog::CogLimits;
use arbius_sdk::inference::machine::runtimes;
use arbius_sdk::inference::worker::WorkerCommand;
use arbius_sdk::inference::{Certificate, Plan, Verdict, certify_everywhere, certify_on};
use eyre::bail;

use crate::show::{self, Side};
use crate::{args, models, solver};

pub(in crate::commands) async fn certify(args: &args::Certify, json: bool) -> eyre::Result<()> {
    let bundle = models::bundle(&args.model)?;
    let libraries = args.runtimes.onnxruntime.iter().map(PathBuf::as_path);
    let mut plan = Plan::new(
        WorkerCommand::current_program()?,
        runtimes::choices(libraries).collect(),
    );
    plan.threads.clone_from(&args.threads);
    plan.repeats = args.repeats;
    plan.options.limits.memory_bytes = Some(args.worker.memory);
    let certificate = match &args.container.server {
        None => certify_everywhere(&bundle, &plan, |_| {}).await,
        Some(server) => {
            let server = solver::cog(server, &args.container.children, CogLimits::default())?;
            certify_on(&bundle, &server, args.repeats).await
        }
    };
    match json {
        true => show::json(&certificate)?,
        false => print(&certificate)?,
    }
    let name = &certificate.name;
    match certificate.verdict {
        Verdict::Certified => Ok(()),
        Verdict::Refused => bail!("{name} does not keep its promise: {}", first(&certificate)),
        Verdict::Inconclusive => bail!(
            "this machine cannot say whether {name} keeps its promise: {}",
            first(&certificate)
        ),
    }
}

fn first(certificate: &Certificate) -> &str {
    certificate.reasons.first().map_or("", String::as_str)
}

fn print(certificate: &Certificate) -> eyre::Result<()> {
    for graph in &certificate.graphs {
        show::line(format!(
            "{}: {} integer operators, {} parameters, {} multiplications",
            graph.graph,
            graph.operators,
            show::thousands(graph.parameters as u64),
            show::thousands(graph.operations)
        ))?;
    }
    if !certificate.runs.is_empty() {
        show::line("")?;
        table(&certificate.runs)?;
        show::line("")?;
    }
    let verdict = match certificate.verdict {
        Verdict::Certified => "certified",
        Verdict::Refused => "REFUSED",
        Verdict::Inconclusive => "inconclusive",
    };
    let right: usize = certificate.runs.iter().map(|run| run.right).sum();
    let processes = match certificate.runs.len() {
        1 => "1 process".to_owned(),
        count => format!("{count} fresh processes"),
    };
    show::line(format!(
        "{verdict}: {} gave {right} golden outputs as its passport has them, in {processes}",
        certificate.name
    ))?;
    for reason in &certificate.reasons {
        show::line(format!("  {reason}"))?;
    }
    Ok(())
}

fn table(runs: &[RunReport]) -> eyre::Result<()> {
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            vec![
                run.runtime.clone(),
                run.device.clone(),
                match run.threads {
                    // The solver's own affair.
                    0 => "-".to_owned(),
                    count => count.to_string(),
                },
                run.optimisation.to_owned(),
                run.right.to_string(),
                format!("{:.1}", run.load_ms),
                format!("{:.1}", run.slowest_ms),
                if run.problem.is_none() { "yes" } else { "NO" }.to_owned(),
            ]
        })
        .collect();
    Ok(show::table(
        &[
            ("runtime", Side::Left),
            ("device", Side::Left),
            ("threads", Side::Right),
            ("optimisation", Side::Left),
            ("right", Side::Right),
            ("load (ms)", Side::Right),
            ("slowest (ms)", Side::Right),
            ("keeps it", Side::Left),
        ],
        &rows,
    )?)
}
