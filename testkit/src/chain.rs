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
    chain::{Call, Chain, Lane, Signer},
    contracts::IToken,
    deploy::{Account, Deployer, Deployment, Genesis, Progress, Step},
    http,
};

use crate::{Actor, TestkitError};

/// What every funded actor starts with unless told otherwise: 10,000 AIUS.
const ALLOWANCE: u128 = 10_000 * 1_000_000_000_000_000_000;

/// How a test chain is made.
#[derive(Clone, Debug)]
pub struct TestChainBuilder {
    devnet: DevnetBuilder,
    cached: bool,
    allowance: U256,
}

impl Default for TestChainBuilder {
    fn default() -> Self {
        Self {
            devnet: Devnet::builder(),
            cached: true,
            allowance: U256::from(ALLOWANCE),
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

    /// Starts the chain, deploys the protocol and funds the actors. `step` hears of the
    /// deployment's steps. A chain that goes on from a saved one which has the protocol on
    /// it is left as it is.
    ///
    /// # Errors
    ///
    /// [`TestkitError`]: the port is in use, the contracts cannot be deployed, or what is
    /// attached to a saved chain is no deployment.
    pub async fn start(self, mut step: impl FnMut(Step)) -> Result<TestChain, TestkitError> {
        let devnet = self.devnet.spawn().await?;
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
        let owner = lane(&lanes, Actor::Owner)?;
        let treasury = lane(&lanes, Actor::Treasury)?.address();
        let deployer = Deployer::new(owner, Genesis::local(owner.address(), treasury))?;
        let deployer = if self.cached {
            deployer
        } else {
            deployer.uncached()
        };
        let mut deployment = deployer
            .run(Progress::default(), |done, _| {
                step(done);
                Ok(())
            })
            .await?;
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

    /// An alloy provider that signs as an actor, with alloy's own fillers.
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
        Ok(ProviderBuilder::new()
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

    /// Gives every paying actor AIUS.
    async fn fund(&self, value: U256) -> Result<(), TestkitError> {
        let owner = self.lane(Actor::Owner)?;
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
