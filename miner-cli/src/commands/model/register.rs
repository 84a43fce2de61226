//! `arbius model register`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use arbius_sdk::chain::Lane;
use arbius_sdk::content::unixfs;
use arbius_sdk::deploy::model::{ModelTerms, register_model};
use arbius_sdk::inference::cog::CogLimits;
use arbius_sdk::inference::machine::runtimes;
use arbius_sdk::inference::worker::WorkerCommand;
use arbius_sdk::inference::{Optimisation, Plan, Verdict, certify_everywhere, certify_on};
use eyre::bail;
use serde_json::json;

use crate::{amount, args, key, models, show, solver};

pub(in crate::commands) async fn register(args: &args::Register, json: bool) -> eyre::Result<()> {
    let bundle = models::bundle(&args.model)?;
    let name = &bundle.manifest().name;
    let deployment = args.network.load()?;
    let signer = key::choose(&args.key, &deployment, key::REQUESTER)?;
    // Whoever registers a model that nobody can mine finds out here and not from silence.
    let libraries = args.runtimes.onnxruntime.iter().map(PathBuf::as_path);
    let mut plan = Plan::new(
        WorkerCommand::current_program()?,
        runtimes::choices(libraries).collect(),
    );
    plan.threads = vec![NonZeroUsize::MIN];
    plan.optimisations = vec![Optimisation::All];
    plan.repeats = NonZeroUsize::MIN;
    let certificate = match &args.container.server {
        None => certify_everywhere(&bundle, &plan, |_| {}).await,
        Some(server) => {
            let server = solver::cog(server, &args.container.children, CogLimits::default())?;
            certify_on(&bundle, &server, plan.repeats).await
        }
    };
    if certificate.verdict != Verdict::Certified {
        bail!(
            "{name} is not registered, because this machine does not make its golden outputs: {}; \
             see `arbius model certify`",
            certificate.reasons.join("; ")
        );
    }
    let chain = deployment.connect().await?;
    let lane = Lane::new(chain, signer);
    let terms = ModelTerms {
        fee_address: args.fee_address.unwrap_or(lane.address()),
        fee: args.fee,
    };
    let template = bundle.template_bytes();
    let id = register_model(&lane, deployment.engine()?, terms, template).await?;
    if json {
        return show::json(&json!({
            "schema": "arbius/model-register/1",
            "id": id,
            "name": name,
            "template": unixfs::cid_of(template).to_string(),
            "bundle": bundle.cid().to_string(),
            "fee": terms.fee.to_string(),
            "feeAddress": terms.fee_address,
            "account": lane.address(),
        }));
    }
    show::fields(&[
        ("registered", name.clone()),
        ("id", id.to_string()),
        ("fee", format!("{} AIUS", amount::show(terms.fee))),
        ("fee address", terms.fee_address.to_string()),
        (
            "mine it",
            format!("arbius mine --model {id} --bundle {}", args.model),
        ),
    ])?;
    Ok(())
}
