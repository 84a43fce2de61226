//! A chain with a model on it, perhaps a miner, and the service.

use std::{sync::Arc, time::Duration};

use alloy_primitives::{B256, U256};
use arbius_example_service::{Limits, Service, Settings};
use arbius_faults::FaultProxy;
use arbius_sdk::{
    client::{Requester, TaskFilter},
    content::{Gateway, MemoryStore, cids, unixfs},
    deploy::model::{ModelTerms, register_model},
    inference::InProcess,
    miner::{self, Catalogue, Miner, MinerHandle},
    model::Bundle,
};
use arbius_testkit::{AIUS, Actor, TestChain, Validators};
use reqwest::StatusCode;

use crate::client::Client;

pub(crate) struct World {
    pub(crate) chain: TestChain,
    pub(crate) model: B256,
    pub(crate) folder: tempfile::TempDir,
    bundle: Arc<Bundle>,
    /// Where solvers by hand put their results.
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) gateway: Gateway,
}

impl World {
    pub(crate) async fn new() -> Self {
        let chain = TestChain::start().await.unwrap();
        let digits = arbius_models::digits();
        let files = digits.files.iter().copied();
        let bundle = Bundle::from_bytes(digits.template, digits.manifest, files).unwrap();
        let lane = chain.lane(Actor::ModelOwner).unwrap();
        let terms = ModelTerms {
            fee_address: lane.address(),
            fee: U256::ZERO,
        };
        let model = register_model(lane, chain.engine(), terms, digits.template)
            .await
            .unwrap();
        let store = Arc::new(MemoryStore::new());
        let listen = ([127, 0, 0, 1], 0).into();
        let gateway = Gateway::start(listen, Arc::clone(&store) as Arc<_>)
            .await
            .unwrap();
        Self {
            chain,
            model,
            folder: tempfile::tempdir().unwrap(),
            bundle: Arc::new(bundle),
            store,
            gateway,
        }
    }

    /// A miner, and the gateway that it serves its results at.
    pub(crate) async fn miner(&self) -> (MinerHandle, String) {
        let miner = Miner::builder()
            .deployment(self.chain.deployment().clone())
            .signer(self.chain.signer(Actor::Miner(0)).unwrap())
            .solver(Arc::new(InProcess::default()))
            .catalogue(Catalogue::new().with(self.model, Arc::clone(&self.bundle)))
            .folder(self.folder.path().join("miner"))
            .gateway(([127, 0, 0, 1], 0).into())
            .settings(miner::Settings {
                poll: Duration::from_millis(50),
                ..miner::Settings::default()
            })
            .spawn()
            .await
            .unwrap();
        let gateway = miner.gateway().unwrap();
        (miner, gateway)
    }

    /// The service as it is by default, but quick to look.
    pub(crate) fn settings(&self, gateways: Vec<String>) -> Settings {
        Settings {
            deployment: self.chain.deployment().clone(),
            signer: self.chain.signer(Actor::Requester).unwrap(),
            model: self.model,
            fee: U256::from(AIUS),
            gateways,
            folder: self.folder.path().join("service"),
            listen: ([127, 0, 0, 1], 0).into(),
            token: None,
            limits: Limits {
                pace: Duration::from_millis(100),
                ..Limits::default()
            },
        }
    }

    /// The service in this process, over the gateway of solvers by hand.
    pub(crate) async fn service(&self) -> (Service, Client) {
        self.service_with(|_| ()).await
    }

    pub(crate) async fn service_with(
        &self,
        change: impl FnOnce(&mut Settings),
    ) -> (Service, Client) {
        let mut settings = self.settings(vec![self.gateway.url()]);
        change(&mut settings);
        let service = Service::start(settings).await.unwrap();
        let client = Client::of(service.url());
        (service, client)
    }

    /// An endpoint between the service and the chain, honest so far.
    pub(crate) async fn endpoint(&self) -> FaultProxy {
        FaultProxy::start(&self.chain.devnet().url()).await.unwrap()
    }

    /// How many tasks there are on the chain.
    pub(crate) async fn tasks(&self) -> usize {
        let lane = self.chain.lane(Actor::Requester).unwrap().clone();
        let requester = Requester::new(lane, self.chain.deployment()).unwrap();
        let every = TaskFilter::default();
        requester.network().tasks(&every).await.unwrap().len()
    }
}

/// The task of a request, once it is one.
pub(crate) async fn task(client: &Client, id: &str) -> B256 {
    let events = client.events(id, None, "submitted").await;
    let task = events.last().unwrap().data["task"].as_str().unwrap();
    task.parse().unwrap()
}

/// A result of a solver that names its files as it likes.
pub(crate) const FILES: [(&str, &str); 2] = [("50 % of what? #1.txt", "half"), ("out.txt", "all")];

/// Commits to these files, which the gateway has, and reveals them.
pub(crate) async fn solve(world: &World, validators: &Validators, task: B256) {
    let result = unixfs::put_files(&FILES, &*world.store).await.unwrap();
    let digest = cids::digest(&result.cid).unwrap().into();
    validators.solve(task, digest).await.unwrap();
}

/// Why the service says that it is not well, if it does.
pub(crate) async fn unwell(client: &Client) -> Option<String> {
    let (status, health) = client.get("/v1/health").await;
    let reason = health["reason"].as_str().unwrap_or_default();
    (status == StatusCode::SERVICE_UNAVAILABLE).then(|| reason.to_owned())
}

/// Waits until the service says that it is well: what it says is some moments old.
pub(crate) async fn is_well(client: &Client) {
    until("its health is good", async || {
        client.get("/v1/health").await.0 == StatusCode::OK
    })
    .await;
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..3_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never: {what}");
}
