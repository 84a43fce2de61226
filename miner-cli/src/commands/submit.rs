//! `arbius submit`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use alloy_primitives::{Bytes, U256};
use arbius_sdk::chain::Lane;
use arbius_sdk::client::{OutputFile, Outputs, Requester, TaskRequest};
use arbius_sdk::content::{FetchLimits, Fetcher};
use arbius_sdk::model::Template;
use eyre::{WrapErr as _, bail};
use serde_json::{Value, json};

use crate::{amount, args, key, models, show};

/// What a task pays above the model's own fee unless told otherwise: 0.1 AIUS. The model's
/// owner takes the model's fee, so that without more the solver would work for nothing.
const FOR_THE_SOLVER: u64 = 100_000_000_000_000_000;

pub(crate) async fn run(args: args::Submit, json: bool) -> eyre::Result<()> {
    // What can be wrong before anything is paid is found out before anything is paid.
    let fetcher = Fetcher::new(&args.gateways, FetchLimits::default())?;
    if let Some(out) = &args.out {
        check_writable(out)?;
    }
    let deployment = args.network.load()?;
    let signer = key::choose(&args.key, &deployment, key::REQUESTER)?;
    let chain = deployment.connect().await?;
    let requester = Requester::new(Lane::new(chain, signer), &deployment)?;
    let network = requester.network();
    let model = models::choose(network, args.model.as_deref()).await?;
    let template = Template::parse(&network.template(model.id).await?)
        .wrap_err_with(|| format!("model {} has a template that cannot be used", model.id))?;
    let input = match (&args.input, &args.prompt) {
        (Some(input), _) => input.clone(),
        (None, prompt) => models::input_of(&template, prompt.as_deref().unwrap_or_default())?,
    };
    // The seed is the chain's to give; any will do to see whether the input fits.
    let inputs = template.hydrate(input.as_bytes(), 0)?;
    if !inputs.ignored.is_empty() {
        eprintln!(
            "warning: the model has no input `{}`; it is ignored",
            inputs.ignored.join("`, `")
        );
    }
    let fee = args
        .fee
        .unwrap_or_else(|| model.fee.saturating_add(U256::from(FOR_THE_SOLVER)));

    let started = Instant::now();
    let request = TaskRequest {
        model: model.id,
        fee,
        input: Bytes::from(input.clone().into_bytes()),
        owner: None,
    };
    let submitted = requester.submit(&request).await?;
    let mut report = json!({
        "id": submitted.task,
        "model": model.id,
        "input": serde_json::from_str::<Value>(&input).unwrap_or(Value::String(input)),
        "fee": fee.to_string(),
        "transaction": submitted.transaction,
        "block": submitted.block,
        "gas": { "submit": submitted.gas },
    });
    if !json {
        show::line(format!(
            "submitted  task {} in block {} for {} AIUS, {} gas",
            submitted.task,
            submitted.block,
            amount::show(fee),
            show::thousands(submitted.gas)
        ))?;
    }
    if args.wait {
        let solution = requester
            .await_solution(submitted.task, args.timeout)
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        if !json {
            show::line(format!(
                "solved     by {} after {seconds:.1} s: {}",
                solution.solver, solution.cid
            ))?;
        }
        let outputs = Outputs::fetch(&fetcher, solution.cid).await.wrap_err(
            "the task is solved, but its output cannot be fetched; name the solver's gateway \
             with --gateway",
        )?;
        let files = match &args.out {
            Some(out) => write(out, &outputs.files)?,
            None => Vec::new(),
        };
        if !json {
            for (file, path) in outputs.files.iter().zip(&files) {
                show::line(format!(
                    "written    {} ({} bytes), checked against {}/{}",
                    path.display(),
                    show::thousands(file.bytes.len() as u64),
                    solution.cid,
                    file.name
                ))?;
            }
        }
        report["solver"] = json!(solution.solver);
        report["cid"] = json!(solution.cid.to_string());
        report["seconds"] = json!(seconds);
        report["files"] = json!(files);
    }
    if json { show::json(&report) } else { Ok(()) }
}

/// Writes outputs: one file as `out`, several into a folder of that name.
fn write(out: &Path, files: &[OutputFile]) -> eyre::Result<Vec<PathBuf>> {
    let paths: Vec<PathBuf> = match files {
        [] => bail!("the solution has no files"),
        [_] if !out.is_dir() => vec![out.to_owned()],
        // Names of a directory's entries have no slashes, so none leads out of the folder.
        _ => files.iter().map(|file| out.join(&file.name)).collect(),
    };
    for (path, file) in paths.iter().zip(files) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .wrap_err_with(|| format!("cannot make the folder {}", folder.display()))?;
        }
        fs::write(path, &file.bytes)
            .wrap_err_with(|| format!("cannot write {}", path.display()))?;
    }
    Ok(paths)
}

/// A result that was paid for should have a place to go.
fn check_writable(out: &Path) -> eyre::Result<()> {
    let folder = match out.parent() {
        _ if out.is_dir() => out,
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.exists() && !folder.is_dir() {
        bail!(
            "cannot write {}: {} is a file, not a folder",
            out.display(),
            folder.display()
        );
    }
    // A folder that is missing is made in the nearest one that is there.
    let Some(there) = folder
        .ancestors()
        .map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        })
        .find(|folder| folder.exists())
    else {
        return Ok(());
    };
    let probe = there.join(format!(".arbius-{}", std::process::id()));
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .wrap_err_with(|| format!("cannot write {}", out.display()))
}
