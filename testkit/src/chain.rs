//! The chain, its deployment, and its actors.

use std::time::Duration;

use alloy::{
    network::EthereumWallet,
    providers::{DynProvider, Provider, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, U256};
use arbius_devnet::{Devnet, DevnetBuilder};
use arbius_sdk::{
    chain::{Call, Chain, FeePolicy, GasWithMargin, Lane, Signer},
    contracts::{IToken, IVesting},
    deploy::{
        Account, Deployer, Deployment, Event, Progress, Settings,
        settings::{Caching, Dao, FirstModel},
    },
    http,
};

use crate::{Actor, TestkitError};

/// What every funded actor starts with unless told otherwise: 10,000 AIUS.
const ALLOWANCE: u128 = 10_000 * 1_000_000_000_000_000_000;

/// The private sale's vesting account, where there is a DAO.
const SALE: &str = "vesting-private-sale";

/// How long ago vesting began on a chain with a DAO, seconds: what the private sale was
/// granted has vested, so that there is something to give to the actors.
const VESTED: u64 = 2 * 31_536_000;

/// How a test chain is made.
#[derive(Clone, Debug)]
pub struct TestChainBuilder {
    devnet: DevnetBuilder,
    cached: bool,
    allowance: U256,
    dao: Option<Dao>,
    models: Vec<FirstModel>,
}

impl Default for TestChainBuilder {
    fn default() -> Self {
        Self {
            devnet: Devnet::builder(),
            cached: true,
            allowance: U256::from(ALLOWANCE),
            dao: None,
            models: Vec::new(),
        }
    }
}

impl TestChainBuilder {
    /// The chain to deploy to, instead of a devnet with the defaults. It needs at least 4
    /// accounts, and to make blocks by itself.
    #[must_use]
    pub fn devnet(mut self, devnet: DevnetBuilder) -> Self {
        self.devnet = devnet;
        self
    }

    /// The loopback port to serve JSON-RPC at; 0, the default, is any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.devnet = self.devnet.port(port);
        self
    }

    /// How many funded accounts there are; 10 by default, of which 6 are miners.
    #[must_use]
    pub fn accounts(mut self, accounts: usize) -> Self {
        self.devnet = self.devnet.accounts(accounts.max(4));
        self
    }

    /// What each actor that pays starts with, wei of AIUS; 10,000 AIUS by default. All of
    /// them together get at most what the treasury of genesis holds.
    #[must_use]
    pub const fn allowance(mut self, amount: U256) -> Self {
        self.allowance = amount;
        self
    }

    /// Gives everything to a DAO: timelock, governor and vesting accounts are deployed as well.
    /// [`Actor::Owner`] holds the team's and the private sale's part, [`Actor::Treasury`]
    /// nothing. Without it the owner is an account, and nobody votes.
    #[must_use]
    pub fn dao(mut self, dao: Dao) -> Self {
        self.dao = Some(dao);
        self
    }

    /// Registers and rates a model before the engine is handed over; the owner registers it,
    /// and [`Actor::ModelOwner`] receives its fees.
    #[must_use]
    pub fn model(mut self, name: &str, template: &[u8], fee: U256, rate: U256) -> Self {
        self.models.push(FirstModel {
            name: name.to_owned(),
            template: template.to_vec().into(),
            // Known when the chain has accounts.
            fee_address: Address::ZERO,
            fee,
            rate,
        });
        self
    }

    /// Leaves the programs out of the chain's cache.
    #[must_use]
    pub const fn uncached(mut self) -> Self {
        self.cached = false;
        self
    }

    /// The time of the first block, seconds since 1970; now by default.
    #[must_use]
    pub fn genesis_timestamp(mut self, timestamp: u64) -> Self {
        self.devnet = self.devnet.genesis_timestamp(timestamp);
        self
    }

    /// Starts the chain, deploys the protocol and funds the actors. `step` hears of each of
    /// the deployment's transactions what it was for. A chain that goes on from a saved one
    /// which has the protocol on it is left as it is.
    ///
    /// # Errors
    ///
    /// [`TestkitError`]: the port is in use, the contracts cannot be deployed, or what is
    /// attached to a saved chain is no deployment.
    pub async fn start(
        self,
        mut step: impl FnMut(&str) + Send + 'static,
    ) -> Result<TestChain, TestkitError> {
        let devnet = self.devnet.clone().spawn().await?;
        let chain = Chain::connect_to(&devnet.url(), devnet.chain_id()).await?;
        let mut lanes = Vec::new();
        let mut accounts = Vec::new();
        for account in devnet.accounts() {
            lanes.push(Lane::new(chain.clone(), Signer::from_key(&account.key)?));
            accounts.push(Account {
                address: account.address,
                key: account.key,
            });
        }
        let attached = devnet.chain().attachment();
        if !attached.is_empty() {
            let mut deployment: Deployment = serde_json::from_slice(&attached)?;
            deployment.rpc = devnet.url();
            return Ok(TestChain {
                devnet,
                chain,
                deployment,
                lanes,
            });
        }
        let settings = self.settings(&lanes, chain.head().await?.timestamp)?;
        let key = lane(&lanes, Actor::Owner)?.address();
        let signer = accounts
            .iter()
            .find(|account| account.address == key)
            .ok_or(TestkitError::NoAccount {
                index: Actor::Owner.index(),
                accounts: accounts.len(),
            })?
            .signer()?;
        let observer = Box::new(move |event: Event<'_>| {
            if let Event::Finished { purpose, .. } = event {
                step(purpose);
            }
            Ok(())
        });
        let deployer = Deployer::new(
            chain.clone(),
            signer,
            FeePolicy::default(),
            settings,
            Progress::default(),
            observer,
        )?;
        let mut deployment = deployer.run().await?;
        deployment.accounts = accounts;
        let test_chain = TestChain {
            devnet,
            chain,
            deployment,
            lanes,
        };
        test_chain.fund(self.allowance).await?;
        // So that a chain that is saved and goes on knows where the contracts are.
        let attachment = serde_json::to_vec(&test_chain.deployment)?;
        test_chain.devnet.chain().attach(attachment.into())?;
        Ok(test_chain)
    }

    fn settings(&self, lanes: &[Lane], now: u64) -> Result<Settings, TestkitError> {
        let owner = lane(lanes, Actor::Owner)?.address();
        let mut settings = match &self.dao {
            Some(dao) => Settings::local_dao(owner, dao.clone(), now.saturating_sub(VESTED)),
            None => Settings::local(owner, lane(lanes, Actor::Treasury)?.address()),
        };
        if !self.cached {
            settings.caching = Caching::Off;
        }
        let fee_address = lane(lanes, Actor::ModelOwner)?.address();
        settings.models.clone_from(&self.models);
        for model in &mut settings.models {
            model.fee_address = fee_address;
        }
        Ok(settings)
    }
}

/// A devnet with the protocol on it. Dropping it stops the chain.
#[derive(Debug)]
pub struct TestChain {
    devnet: Devnet,
    chain: Chain,
    deployment: Deployment,
    lanes: Vec<Lane>,
}

impl TestChain {
    /// A test chain with the defaults.
    ///
    /// # Errors
    ///
    /// [`TestkitError`].
    pub async fn start() -> Result<Self, TestkitError> {
        Self::builder().start(|_| ()).await
    }

    /// A test chain with settings of one's own.
    #[must_use]
    pub fn builder() -> TestChainBuilder {
        TestChainBuilder::default()
    }

    /// The chain itself.
    #[must_use]
    pub const fn devnet(&self) -> &Devnet {
        &self.devnet
    }

    /// A connection to it.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Where the contracts are, with the accounts and their keys.
    #[must_use]
    pub const fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The engine's address.
    #[must_use]
    pub fn engine(&self) -> Address {
        // SAFETY: `Deployer::run` succeeded, so every contract of its steps is there.
        self.deployment
            .engine()
            .expect("the deployment has an engine")
    }

    /// The token's address.
    #[must_use]
    pub fn token(&self) -> Address {
        // SAFETY: as in `engine`.
        self.deployment.token().expect("the deployment has a token")
    }

    /// The transactions of an actor. Do not use a miner's while a miner runs with its key.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NoAccount`].
    pub fn lane(&self, actor: Actor) -> Result<&Lane, TestkitError> {
        lane(&self.lanes, actor)
    }

    /// The key of an actor.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NoAccount`].
    pub fn signer(&self, actor: Actor) -> Result<Signer, TestkitError> {
        Ok(self.account(actor)?.signer()?)
    }

    /// An alloy provider that signs as an actor, with alloy's own fillers but for gas, to which
    /// it adds a margin ([`GasWithMargin`]): a clock that runs changes what a call needs.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NoAccount`], [`TestkitError::Provider`].
    pub fn provider(&self, actor: Actor) -> Result<DynProvider, TestkitError> {
        let key = self.account(actor)?.key;
        let signer = PrivateKeySigner::from_bytes(&key)
            .map_err(|error| TestkitError::Provider(error.into()))?;
        let client = http::client().map_err(|error| TestkitError::Provider(error.into()))?;
        let url = self
            .devnet
            .url()
            .parse()
            .map_err(|error| TestkitError::Provider(Box::new(error)))?;
        Ok(ProviderBuilder::default()
            .filler(GasWithMargin::new(FeePolicy::default()))
            .with_cached_nonce_management()
            .fetch_chain_id()
            .wallet(EthereumWallet::from(signer))
            .connect_reqwest(client, url)
            .erased())
    }

    fn account(&self, actor: Actor) -> Result<&Account, TestkitError> {
        let (index, accounts) = (actor.index(), self.deployment.accounts.len());
        self.deployment
            .accounts
            .get(index)
            .ok_or(TestkitError::NoAccount { index, accounts })
    }

    /// Lets time pass at once, and makes a block, so that every view sees it.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Clock`] if the clock would leave what a chain can hold.
    pub fn pass(&self, time: Duration) -> Result<(), TestkitError> {
        self.devnet.chain().increase_time(time.as_secs())?;
        self.devnet.chain().mine();
        Ok(())
    }

    /// Stops the clock: from now on time passes by [`TestChain::pass_exactly`] alone, so that what
    /// holds to the second holds however long the machine takes from one call to the next.
    pub fn stop_clock(&self) {
        self.devnet.chain().set_block_timestamp_interval(Some(0));
    }

    /// Makes a block exactly so long after the newest, in whole seconds.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Clock`] if the clock would leave what a chain can hold.
    pub fn pass_exactly(&self, time: Duration) -> Result<(), TestkitError> {
        let chain = self.devnet.chain();
        let newest = chain.latest_block().header.timestamp;
        chain.set_next_block_timestamp(newest.saturating_add(time.as_secs()))?;
        chain.mine();
        Ok(())
    }

    /// Gives every paying actor AIUS.
    async fn fund(&self, value: U256) -> Result<(), TestkitError> {
        let owner = self.lane(Actor::Owner)?;
        if let Ok(sale) = self.deployment.contract(SALE) {
            let release = Call::new(sale, &IVesting::releaseCall {});
            owner.execute(release).await?;
        }
        for (_, lane) in self
            .lanes
            .iter()
            .enumerate()
            .filter(|(i, _)| Actor::is_funded(*i))
        {
            let call = IToken::transferCall {
                to: lane.address(),
                value,
            };
            owner
                .execute(Call::new(self.token(), &call).for_purpose("funding an actor"))
                .await?;
        }
        Ok(())
    }
}

fn lane(lanes: &[Lane], actor: Actor) -> Result<&Lane, TestkitError> {
    let (index, accounts) = (actor.index(), lanes.len());
    lanes
        .get(index)
        .ok_or(TestkitError::NoAccount { index, accounts })
}
