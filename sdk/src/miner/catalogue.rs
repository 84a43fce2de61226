//! The models that an operator has opted into.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256};

use super::{MinerError, slot::pause_after};
use crate::{
    chain::Chain,
    client::Network,
    content::{cids, unixfs},
    contracts::IEngine,
    inference::{InferenceError, Solver},
    model::Bundle,
};

/// How often golden outputs are tried to be made at the start, when what went wrong may pass.
const TRIES: u32 = 5;

/// Bundles by model id. A miner looks at tasks of these models and at no others.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{client::Network, miner::Catalogue, model::Bundle};
/// # use alloy_primitives::U256;
/// # let digits = arbius_models::digits();
/// # let builder = arbius_testkit::TestChain::builder();
/// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
/// # let deployment = local.deployment();
/// # let files = digits.files.iter().copied();
/// # let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
///
/// // What the network calls each model follows from its template.
/// let network = Network::connect(deployment).await?;
/// let catalogue = Catalogue::registered(&network, [bundle]).await?;
/// assert_eq!(catalogue.ids().count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    models: BTreeMap<B256, Arc<Bundle>>,
    /// Models that [`Catalogue::prove`] took out, and why.
    left_out: Vec<(B256, String)>,
}

/// A model that must not be mined here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// A bundle is not the model that the chain knows by the id.
    #[error(
        "the bundle given for model {model} has the template {bundle}, but the chain knows that model by {chain}; use the bundle that was registered"
    )]
    OtherTemplate {
        /// The model's id.
        model: B256,
        /// The CID of the bundle's template.
        bundle: String,
        /// The CID on the chain.
        chain: String,
    },
    /// No model has the id.
    #[error(
        "no model {model} is registered with the engine at {engine}; register it, or leave it out of the catalogue"
    )]
    Unknown {
        /// The id.
        model: B256,
        /// The engine.
        engine: Address,
    },
    /// No model has the template of a bundle.
    #[error(
        "no model with the template {template} of the bundle `{bundle}` is registered with the engine at {engine}; register it, or leave the bundle out"
    )]
    Unregistered {
        /// The bundle's name.
        bundle: String,
        /// The CID of its template.
        template: String,
        /// The engine.
        engine: Address,
    },
    /// This machine does not make the golden outputs of the model's passport.
    #[error(
        "golden {index} of model {model} came out as {found}, but its passport says {expected}; this machine must not mine it"
    )]
    NotReproduced {
        /// The model's id.
        model: B256,
        /// Which golden, from 0.
        index: usize,
        /// The CID that came out.
        found: String,
        /// The CID in the passport.
        expected: String,
    },
    /// The golden inputs could not be computed at all.
    #[error("golden {index} of model {model} cannot be computed here: {source}")]
    NotComputed {
        /// The model's id.
        model: B256,
        /// Which golden, from 0.
        index: usize,
        /// Why not.
        source: Box<InferenceError>,
    },
    /// Every one of several models failed.
    #[error("none of the {count} models can be mined here: {reasons}")]
    NoneLeft {
        /// How many there were.
        count: usize,
        /// What is wrong with each.
        reasons: String,
    },
}

impl Catalogue {
    /// An empty catalogue.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opts into the models of a network that these bundles are of: what the chain knows by the
    /// template of one of them.
    ///
    /// # Errors
    ///
    /// [`CatalogueError::Unregistered`] names the bundle that is of none, and
    /// [`MinerError::Client`] says what the endpoint answers.
    pub async fn registered(
        network: &Network,
        bundles: impl IntoIterator<Item = Bundle>,
    ) -> Result<Self, MinerError> {
        let models = network.models().await?;
        let mut catalogue = Self::new();
        for bundle in bundles {
            let template = unixfs::cid_of(bundle.template_bytes());
            let bundle = Arc::new(bundle);
            let mut found = models
                .iter()
                .filter(|model| model.template == template)
                .peekable();
            if found.peek().is_none() {
                return Err(CatalogueError::Unregistered {
                    bundle: bundle.manifest().name.clone(),
                    template: template.to_string(),
                    engine: network.engine(),
                }
                .into());
            }
            for model in found {
                catalogue = catalogue.with(model.id, Arc::clone(&bundle));
            }
        }
        Ok(catalogue)
    }

    /// Opts into a model.
    #[must_use]
    pub fn with(mut self, model: B256, bundle: Arc<Bundle>) -> Self {
        self.models.insert(model, bundle);
        self
    }

    /// The ids, in order.
    pub fn ids(&self) -> impl Iterator<Item = B256> + '_ {
        self.models.keys().copied()
    }

    /// The models with their bundles, in order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (B256, &Arc<Bundle>)> {
        self.models.iter().map(|(id, bundle)| (*id, bundle))
    }

    /// The bundle of a model, if it was opted into.
    #[must_use]
    pub fn get(&self, model: B256) -> Option<&Arc<Bundle>> {
        self.models.get(&model)
    }

    /// Models that this machine does not reproduce, and why.
    pub(super) fn left_out(&self) -> &[(B256, String)] {
        &self.left_out
    }

    /// Checks every bundle against the template that the chain knows.
    pub(super) async fn check(&self, chain: &Chain, engine: Address) -> Result<(), MinerError> {
        for (&model, bundle) in &self.models {
            let registered = chain
                .read(engine, &IEngine::modelsCall { id: model })
                .await?;
            if registered.addr.is_zero() {
                return Err(CatalogueError::Unknown { model, engine }.into());
            }
            let ours = unixfs::cid_of(bundle.template_bytes());
            let theirs = cids::from_onchain(&registered.cid);
            if theirs.as_ref().ok() != Some(&ours) {
                let chain = theirs.map_or_else(|error| error.to_string(), |cid| cid.to_string());
                let bundle = ours.to_string();
                return Err(CatalogueError::OtherTemplate {
                    model,
                    bundle,
                    chain,
                }
                .into());
            }
        }
        Ok(())
    }

    /// Computes every golden of every passport: what this machine cannot reproduce, it must
    /// not commit to. What may pass, such as a child that was killed, is tried again a few
    /// times with growing pauses. A model that fails is left out with a warning, so that it
    /// does not keep the others from being mined.
    ///
    /// # Errors
    ///
    /// The model's error if it was the only one, [`CatalogueError::NoneLeft`] if all of
    /// several failed.
    pub(super) async fn prove(&mut self, solver: &dyn Solver) -> Result<(), CatalogueError> {
        let mut failed = Vec::new();
        for (&model, bundle) in &self.models {
            if let Err(error) = reproduce_in_the_end(model, bundle, solver).await {
                tracing::warn!(
                    %model,
                    name = bundle.manifest().name,
                    bundle = %bundle.cid(),
                    %error,
                    "left out a model that this machine cannot be trusted with"
                );
                failed.push((model, error));
            }
        }
        for (model, error) in &failed {
            self.models.remove(model);
            self.left_out.push((*model, error.to_string()));
        }
        if !self.models.is_empty() {
            return Ok(());
        }
        let count = failed.len();
        match failed.pop() {
            None => Ok(()),
            Some((_, error)) if count == 1 => Err(error),
            Some((_, last)) => {
                let mut reasons: Vec<_> =
                    failed.iter().map(|(_, error)| error.to_string()).collect();
                reasons.push(last.to_string());
                let reasons = reasons.join("; ");
                Err(CatalogueError::NoneLeft { count, reasons })
            }
        }
    }
}

/// [`reproduce`], tried again while what goes wrong may pass.
async fn reproduce_in_the_end(
    model: B256,
    bundle: &Bundle,
    solver: &dyn Solver,
) -> Result<(), CatalogueError> {
    for tried in 1..TRIES {
        match reproduce(model, bundle, solver).await {
            Err(CatalogueError::NotComputed { source, .. }) if source.may_pass() => {
                let pause = pause_after(tried);
                tracing::warn!(
                    %model,
                    error = %source,
                    ?pause,
                    "could not make the golden outputs, trying again"
                );
                tokio::time::sleep(pause).await;
            }
            made => return made,
        }
    }
    reproduce(model, bundle, solver).await
}

/// Asserts that this machine makes what a model's passport says. The first golden is made
/// in a fresh process, the others wherever the solver likes.
pub(super) async fn reproduce(
    model: B256,
    bundle: &Bundle,
    solver: &dyn Solver,
) -> Result<(), CatalogueError> {
    for (index, golden) in bundle.passport().goldens.iter().enumerate() {
        let input = golden.input.to_string();
        let failed = |error| CatalogueError::NotComputed {
            model,
            index,
            source: Box::new(error),
        };
        let input = input.as_bytes();
        let run = match index {
            0 => solver.solve_afresh(bundle, input, golden.seed),
            _ => solver.solve(bundle, input, golden.seed),
        };
        let outputs = run.await.map_err(failed)?;
        let found = outputs.cid().map_err(failed)?.to_string();
        if found != golden.cid {
            let expected = golden.cid.clone();
            return Err(CatalogueError::NotReproduced {
                model,
                index,
                found,
                expected,
            });
        }
    }
    Ok(())
}
