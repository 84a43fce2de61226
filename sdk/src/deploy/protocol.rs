//! The order in which the protocol goes onto a chain.
//!
//! 1. the token's program and its proxy, which allocates the whole supply at once;
//! 2. the engine's two programs, the rest before the hot path, which must know it;
//! 3. the engine's proxy, initialised in the transaction that creates it;
//! 4. the mining reserve, from the deployer to the engine: neither proxy can know the
//!    other's address before it exists, so the token allocates the reserve to the deployer;
//! 5. every program into the cache, where the chain has one.
//!
//! Each step is skipped if it is already done, so a deployment that was interrupted goes
//! on from its [`Progress`].

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{SolCall, SolValue};
use arbius_artifacts::Artifact;
use arbius_protocol::interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor};
use serde::{Deserialize, Serialize};

use super::{DeployError, Deployment, Genesis, genesis, program};
use crate::{
    chain::{Call, Lane},
    contracts::{IEngine, IToken},
};

/// One contract or action of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The token's program, active.
    TokenImplementation,
    /// The token: its proxy, with the supply allocated.
    Token,
    /// The engine's second program, active.
    EngineRest,
    /// The engine's hot program, active.
    EngineImplementation,
    /// The engine: its proxy, initialised.
    Engine,
    /// The engine holds what mining will emit.
    Reserve,
    /// The programs are cached, as far as the chain allows.
    Cache,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 7] = [
        Self::TokenImplementation,
        Self::Token,
        Self::EngineRest,
        Self::EngineImplementation,
        Self::Engine,
        Self::Reserve,
        Self::Cache,
    ];

    /// The name of the contract that the step makes, as deployment files have it.
    #[must_use]
    pub const fn contract(self) -> Option<&'static str> {
        match self {
            Self::TokenImplementation => Some("token-implementation"),
            Self::Token => Some("token"),
            Self::EngineRest => Some("engine-rest"),
            Self::EngineImplementation => Some("engine-implementation"),
            Self::Engine => Some("engine"),
            Self::Reserve | Self::Cache => None,
        }
    }
}

/// What of a deployment is done. Serializable, so that it survives an interruption.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The newest block when the deployment began.
    pub block: Option<u64>,
    /// Contracts by name.
    pub contracts: BTreeMap<String, Address>,
}

/// Puts the protocol onto the chain of a lane.
#[derive(Debug)]
pub struct Deployer<'a> {
    lane: &'a Lane,
    genesis: Genesis,
    cached: bool,
}

impl<'a> Deployer<'a> {
    /// A deployer that signs with `lane`.
    ///
    /// # Errors
    ///
    /// [`DeployError`] if the genesis does not make up the supply or names nobody.
    pub fn new(lane: &'a Lane, genesis: Genesis) -> Result<Self, DeployError> {
        genesis.validate()?;
        Ok(Self {
            lane,
            genesis,
            cached: true,
        })
    }

    /// Leaves the programs out of the chain's cache; for measuring.
    #[must_use]
    pub const fn uncached(mut self) -> Self {
        self.cached = false;
        self
    }

    /// Deploys everything that `progress` does not have yet. `done` hears of each step and
    /// may save the progress; if it fails, the deployment stops there.
    ///
    /// # Errors
    ///
    /// [`DeployError`]; run it again with the last progress to go on.
    pub async fn run(
        &self,
        mut progress: Progress,
        mut done: impl FnMut(Step, &Progress) -> Result<(), Box<dyn std::error::Error + Send + Sync>>,
    ) -> Result<Deployment, DeployError> {
        let block = match progress.block {
            Some(block) => block,
            None => *progress
                .block
                .insert(self.lane.chain().head().await?.number),
        };
        for step in Step::ALL {
            match step.contract() {
                Some(name) => match progress.contracts.get(name) {
                    Some(address) => self.check(name, *address).await?,
                    None => {
                        let address = self.create(step, &progress).await?;
                        progress.contracts.insert(name.to_owned(), address);
                    }
                },
                None if step == Step::Reserve => self.fund(&progress).await?,
                None if self.cached => self.cache(&progress).await?,
                None => {}
            }
            tracing::info!(?step, "deployment step done");
            done(step, &progress).map_err(DeployError::Save)?;
        }
        Ok(Deployment {
            chain_id: self.lane.chain().id(),
            rpc: self.lane.chain().url().to_string(),
            fallbacks: Vec::new(),
            block,
            contracts: progress.contracts,
            accounts: Vec::new(),
        })
    }

    async fn check(&self, name: &str, address: Address) -> Result<(), DeployError> {
        let chain = self.lane.chain();
        if chain.code(address).await?.is_empty() {
            let (name, chain) = (name.to_owned(), chain.id());
            return Err(DeployError::StaleProgress {
                name,
                address,
                chain,
            });
        }
        Ok(())
    }

    async fn create(&self, step: Step, progress: &Progress) -> Result<Address, DeployError> {
        match step {
            Step::TokenImplementation => {
                program::deploy(self.lane, artifact(arbius_artifacts::TOKEN)?).await
            }
            Step::EngineRest => {
                program::deploy(self.lane, artifact(arbius_artifacts::ENGINE_REST)?).await
            }
            Step::EngineImplementation => {
                program::deploy(self.lane, artifact(arbius_artifacts::ENGINE)?).await
            }
            Step::Token => {
                let implementation = made(progress, Step::TokenImplementation)?;
                self.proxy("token", implementation, self.token_initialisation())
                    .await
            }
            Step::Engine => {
                let implementation = made(progress, Step::EngineImplementation)?;
                let call = IEngine::initializeCall {
                    token: made(progress, Step::Token)?,
                    treasury: self.genesis.treasury,
                    owner: self.genesis.owner,
                    rest: made(progress, Step::EngineRest)?,
                };
                self.proxy("engine", implementation, call.abi_encode())
                    .await
            }
            Step::Reserve | Step::Cache => Err(DeployError::NoAddress {
                name: format!("{step:?}"),
            }),
        }
    }

    fn token_initialisation(&self) -> Vec<u8> {
        let reserve = IToken::Allocation {
            account: self.lane.address(),
            amount: genesis::MINING,
        };
        let parts = self
            .genesis
            .allocations
            .iter()
            .map(|part| IToken::Allocation {
                account: part.account,
                amount: part.amount,
            });
        IToken::initializeCall {
            allocations: parts.chain([reserve]).collect(),
        }
        .abi_encode()
    }

    async fn proxy(
        &self,
        name: &str,
        implementation: Address,
        init_data: Vec<u8>,
    ) -> Result<Address, DeployError> {
        let code = program::code(self.lane, artifact(arbius_artifacts::PROXY)?).await?;
        let arguments = ProxyConstructor {
            implementation,
            admin: self.genesis.proxy_admin,
            initData: init_data.into(),
        };
        let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        program::deploy_with_constructor(self.lane, name, &code, constructor, B256::ZERO).await
    }

    /// Moves the reserve, or what is missing of it, from the deployer to the engine.
    async fn fund(&self, progress: &Progress) -> Result<(), DeployError> {
        let (engine, token) = (made(progress, Step::Engine)?, made(progress, Step::Token)?);
        let chain = self.lane.chain();
        let emitted = chain.read(engine, &IEngine::emittedCall {}).await?;
        let held = chain
            .read(token, &IToken::balanceOfCall { account: engine })
            .await?;
        // Mining that has begun lowers what the engine holds; then it was funded before.
        let missing = genesis::MINING.saturating_sub(held);
        if missing == U256::ZERO || emitted > U256::ZERO {
            return Ok(());
        }
        let call = IToken::transferCall {
            to: engine,
            value: missing,
        };
        let call = Call::new(token, &call).for_purpose("funding the mining reserve");
        self.lane.execute(call).await?;
        Ok(())
    }

    async fn cache(&self, progress: &Progress) -> Result<(), DeployError> {
        // Both proxies run the same code, and the cache goes by code.
        for step in [
            Step::Token,
            Step::TokenImplementation,
            Step::EngineRest,
            Step::EngineImplementation,
        ] {
            program::cache(self.lane, made(progress, step)?).await?;
        }
        Ok(())
    }
}

fn artifact(name: &str) -> Result<&'static Artifact, DeployError> {
    arbius_artifacts::get(name).ok_or_else(|| DeployError::NoArtifact {
        name: name.to_owned(),
    })
}

fn made(progress: &Progress, step: Step) -> Result<Address, DeployError> {
    step.contract()
        .and_then(|name| progress.contracts.get(name).copied())
        .ok_or_else(|| DeployError::NoAddress {
            name: format!("{step:?}"),
        })
}
