//! A local network to run an app on: chain, contracts, models, and a miner that offers them.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_models::EmbeddedBundle;
use arbius_sdk::{
    client::Requester,
    content::{FetchLimits, Fetcher, FolderStore},
    deploy::model::{ModelTerms, register_model, set_rate},
    inference::InProcess,
    miner::{BLOCKS_FOLDER, Catalogue, Miner, MinerHandle, Role, Roles, Settings},
    model::Bundle,
};
use arbius_testkit::{AIUS, Actor, TestChain};
use eyre::{OptionExt as _, Result};
use tempfile::TempDir;

/// How often the miner looks at the chain, which makes blocks only when something happens.
const POLL: Duration = Duration::from_millis(50);

/// A network of one's own, in this process; it is gone when this is dropped.
pub struct Network {
    /// The chain with the contracts and the actors.
    pub chain: TestChain,
    /// [`Actor::Miner(0)`](Actor::Miner), which offers all models.
    pub miner: MinerHandle,
    models: Vec<(&'static str, B256)>,
    _folder: TempDir,
}

impl Network {
    /// Starts a chain, deploys the protocol, registers `models` without a fee and at the full
    /// rate, and starts a miner that offers them all.
    ///
    /// # Errors
    ///
    /// What the chain, the models' bundles or the miner refuse.
    pub async fn start(models: &[&'static EmbeddedBundle]) -> Result<Self> {
        let chain = TestChain::start().await?;
        let mut catalogue = Catalogue::new();
        let mut registered = Vec::new();
        for model in models {
            let files = model.files.iter().copied();
            let bundle = Arc::new(Bundle::from_bytes(model.template, model.manifest, files)?);
            let id = register(&chain, model).await?;
            registered.push((model.name, id));
            catalogue = catalogue.with(id, bundle);
        }
        let folder = tempfile::tempdir()?;
        // Tasks may name what the miner made before.
        let own = Arc::new(FolderStore::open(folder.path().join(BLOCKS_FOLDER))?);
        let miner = Miner::builder()
            .deployment(chain.deployment().clone())
            .signer(chain.signer(Actor::Miner(0))?)
            .solver(Arc::new(InProcess::default().with_files(own)))
            .catalogue(catalogue)
            .folder(folder.path())
            .gateway(([127, 0, 0, 1], 0).into())
            .settings(Settings {
                poll: POLL,
                // Contracts are told what became of their tasks.
                roles: Roles::default().with(Role::Notify),
                ..Settings::default()
            })
            .spawn()
            .await?;
        Ok(Self {
            chain,
            miner,
            models: registered,
            _folder: folder,
        })
    }

    /// The id of a model by its name, such as `stickers`.
    ///
    /// # Errors
    ///
    /// If the network was started without it.
    pub fn model(&self, name: &str) -> Result<B256> {
        self.models
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, id)| *id)
            .ok_or_eyre(format!("the network was started without a model `{name}`"))
    }

    /// [`Actor::Requester`] as a client of the network.
    ///
    /// # Errors
    ///
    /// None on a chain that this made.
    pub fn requester(&self) -> Result<Requester> {
        let lane = self.chain.lane(Actor::Requester)?.clone();
        Ok(Requester::new(lane, self.chain.deployment())?)
    }

    /// What fetches solutions from the miner, and verifies them.
    ///
    /// # Errors
    ///
    /// If no HTTP client can be made.
    pub fn fetcher(&self) -> Result<Fetcher> {
        Ok(Fetcher::new(self.miner.gateway(), FetchLimits::default())?)
    }
}

/// Registers a model without a fee and at the full rate, and returns its id.
///
/// # Errors
///
/// What the chain refuses.
pub async fn register(chain: &TestChain, model: &EmbeddedBundle) -> Result<B256> {
    let owner = chain.lane(Actor::ModelOwner)?;
    let terms = ModelTerms {
        fee_address: owner.address(),
        fee: U256::ZERO,
    };
    let engine = chain.engine();
    let id = register_model(owner, engine, terms, model.template).await?;
    set_rate(chain.lane(Actor::Owner)?, engine, id, U256::from(AIUS)).await?;
    Ok(id)
}
