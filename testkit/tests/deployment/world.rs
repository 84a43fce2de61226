//! A bare chain and whoever deploys to it.

use std::path::Path;

use alloy_primitives::{Address, U256};
use arbius_devnet::Devnet;
use arbius_protocol::params::Parameter;
use arbius_sdk::{
    chain::{Chain, FeePolicy, Signer},
    deploy::{
        DeployError, Deployer, Deployment, Event, Progress, Settings,
        settings::{Bridge, Dao, FirstModel},
    },
};

pub(crate) type Stop = Box<dyn std::error::Error + Send + Sync>;

/// A bare chain.
pub(crate) struct World {
    pub(crate) devnet: Devnet,
    pub(crate) chain: Chain,
}

impl World {
    pub(crate) async fn start() -> Self {
        let devnet = Devnet::builder().spawn().await.unwrap();
        let chain = Chain::connect(&devnet.url()).await.unwrap();
        Self { devnet, chain }
    }

    pub(crate) fn signer(&self) -> Signer {
        Signer::from_key(&self.devnet.accounts()[0].key).unwrap()
    }

    pub(crate) fn deployer(&self) -> Address {
        self.devnet.accounts()[0].address
    }

    /// Settings without a DAO.
    pub(crate) fn settings(&self) -> Settings {
        Settings::local(self.deployer(), Address::repeat_byte(0x7e))
    }

    /// Settings that have something of everything.
    pub(crate) fn dao_settings(&self) -> Settings {
        let account = |index: usize| self.devnet.accounts()[index].address;
        let now = self.devnet.chain().next_timestamp();
        let dao = Dao {
            guardian: account(6),
            ..Dao::default()
        };
        let mut settings = Settings::local_dao(account(5), dao, now - 86_400);
        settings.pauser = account(4);
        settings.start_time = Some(now - 3_600);
        let parameter = Parameter::MinClaimSolutionTime;
        settings.parameters.set(parameter, 120);
        settings.bridge = Some(Bridge {
            gateway: account(8),
            l1_token: Address::repeat_byte(0x11),
        });
        settings.models = vec![FirstModel {
            name: "first".to_owned(),
            template: b"{\"first\": 1}".to_vec().into(),
            fee_address: account(3),
            fee: U256::from(7),
            rate: U256::from(10_u64.pow(18)),
        }];
        settings
    }

    /// One run of a deployment, as one process makes it: with a connection, a lane and a
    /// reading of the progress of its own.
    pub(crate) async fn run(
        &self,
        settings: &Settings,
        progress: &Path,
        observer: impl FnMut(Event<'_>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<Deployment, DeployError> {
        self.run_with(settings, Progress::open(progress)?, observer)
            .await
    }

    pub(crate) async fn run_with(
        &self,
        settings: &Settings,
        progress: Progress,
        observer: impl FnMut(Event<'_>) -> Result<(), Stop> + Send + 'static,
    ) -> Result<Deployment, DeployError> {
        let chain = Chain::connect(&self.devnet.url()).await.unwrap();
        let deployer = Deployer::new(
            chain,
            self.signer(),
            FeePolicy::default(),
            settings.clone(),
            progress,
            Box::new(observer),
        )?;
        deployer.run().await
    }

    /// How many transactions the deployer has sent.
    pub(crate) async fn sent(&self) -> u64 {
        self.chain.nonce(self.deployer(), true).await.unwrap()
    }
}
