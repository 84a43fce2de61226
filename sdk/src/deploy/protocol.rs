//! The order in which the protocol goes onto a chain.
//!
//! 1. the timelock, which is to own everything, under the deployer's administration for now;
//! 2. the token, which allocates the whole supply in the transaction that creates it;
//! 3. the engine's two programs, the rest before the hot path, which must know it, and the
//!    engine;
//! 4. the governor, and a vesting account for each beneficiary;
//! 5. what each of them is to hold, from the deployer: no account can be known to the token
//!    before it exists;
//! 6. start time, parameters, models and their rates, the bridge;
//! 7. every program into the cache, where the chain has one;
//! 8. everything to the timelock, the timelock to the governor, and the deployer's rights
//!    renounced.
//!
//! Every contract is initialised in the transaction that creates it. Without a DAO, steps 1, 4
//! and most of 8 fall away.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256, aliases::U48};
use alloy_sol_types::{SolCall, SolValue};
use arbius_artifacts::Artifact;
use arbius_protocol::{
    interfaces::proxy::{CONSTRUCTOR_SELECTOR, ProxyConstructor},
    params::Parameter,
};

use super::{
    DeployError, Deployment, Observer, Progress, Sender, Settings, Steps,
    model::{ModelTerms, register_model, set_rate},
    program,
    progress::Begun,
    settings::{Beneficiary, Caching, Dao, Governance, Grant},
    supply::Part,
};
use crate::{
    chain::{Call, Chain, FeePolicy, Signer},
    contracts::{IEngine, IGovernor, ITimelock, IToken, IVesting},
};

/// What a contract's program is called, by the contract's name.
fn implementation_of(name: &str) -> String {
    format!("{name}-implementation")
}

/// Puts the protocol onto a chain.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::{
///     chain::{Chain, FeePolicy, Signer},
///     deploy::{Deployer, Event, Progress, Settings},
/// };
/// # let devnet = arbius_testkit::devnet::Devnet::builder().spawn().await?;
/// # let (url, key) = (devnet.url(), devnet.accounts()[0].key);
///
/// let chain = Chain::connect(&url).await?;
/// let signer = Signer::from_key(&key)?;
/// // All to one account; `Settings::load` reads those of a network from a file.
/// let settings = Settings::local(signer.address(), signer.address());
/// let observer = Box::new(|event: Event<'_>| {
///     if let Event::Finished { purpose, .. } = event {
///         println!("{purpose}");
///     }
///     Ok(())
/// });
/// // `Progress::open` keeps in a file what is done, to go on from after an interruption.
/// let progress = Progress::default();
/// let deployer = Deployer::new(chain, signer, FeePolicy::default(), settings, progress, observer)?;
/// let deployment = deployer.run().await?;
/// deployment.connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Deployer {
    pub(super) steps: Steps,
    pub(super) settings: Settings,
}

impl Deployer {
    /// A deployer that signs with `signer` and goes on from `progress`. `observer` hears of
    /// every transaction.
    ///
    /// # Errors
    ///
    /// [`DeployError`] if the settings do not hold together or are for another chain.
    pub fn new(
        chain: Chain,
        signer: Signer,
        fees: FeePolicy,
        settings: Settings,
        progress: Progress,
        observer: Observer,
    ) -> Result<Self, DeployError> {
        settings.validate()?;
        if let Some(expected) = settings.chain_id
            && expected != chain.id()
        {
            let found = chain.id();
            return Err(DeployError::WrongChain { expected, found });
        }
        Ok(Self {
            steps: Steps::new(chain, signer, fees, progress, observer),
            settings,
        })
    }

    /// Deploys everything that is not there yet.
    ///
    /// # Errors
    ///
    /// [`DeployError`]; run it again with the same progress to go on.
    pub async fn run(&self) -> Result<Deployment, DeployError> {
        let chain = self.steps.lane().chain();
        let head = chain.head().await?;
        let begun = self
            .steps
            .resume(Begun {
                chain_id: chain.id(),
                deployer: self.deployer(),
                block: head.number,
                timestamp: head.timestamp,
                settings: serde_json::to_value(&self.settings).unwrap_or_default(),
                programs: self.programs()?,
            })
            .await?;
        if let Some(dao) = self.settings.dao() {
            self.timelock(dao).await?;
        }
        let token = self.token().await?;
        let engine = self.engine(token).await?;
        if let Some(dao) = self.settings.dao() {
            self.governor(token, dao).await?;
        }
        self.grants(token, begun.timestamp).await?;
        self.reserve(token, engine).await?;
        self.begin(engine).await?;
        self.open_bridge(token).await?;
        self.cache().await?;
        self.hand_over(token, engine).await?;
        Ok(Deployment {
            chain_id: chain.id(),
            rpc: chain.url().to_string(),
            fallbacks: Vec::new(),
            block: begun.block,
            contracts: self.steps.progress().record().contracts,
            accounts: Vec::new(),
        })
    }

    /// Who signs.
    pub(super) fn deployer(&self) -> Address {
        self.steps.lane().address()
    }

    /// A contract that an earlier step has made.
    pub(super) fn made(&self, name: &str) -> Result<Address, DeployError> {
        let made = self.steps.progress().contract(name);
        made.ok_or_else(|| DeployError::NoAddress {
            name: name.to_owned(),
        })
    }

    pub(super) async fn send<C: SolCall>(
        &self,
        to: Address,
        call: &C,
        purpose: impl Into<String>,
    ) -> Result<(), DeployError> {
        let call = Call::new(to, call).for_purpose(purpose);
        self.steps.perform(call).await.map(|_| ())
    }

    /// Who owns everything in the end: the timelock, or the account of the settings.
    pub(super) fn owner(&self) -> Result<Address, DeployError> {
        match &self.settings.governance {
            Governance::Account { owner, .. } => Ok(*owner),
            Governance::Dao(_) => self.made("timelock"),
        }
    }

    /// The programs that are deployed, by their names.
    fn programs(&self) -> Result<BTreeMap<String, String>, DeployError> {
        let mut names = vec![
            arbius_artifacts::PROXY,
            arbius_artifacts::TOKEN,
            arbius_artifacts::ENGINE,
            arbius_artifacts::ENGINE_REST,
        ];
        if self.settings.dao().is_some() {
            names.extend([
                arbius_artifacts::TIMELOCK,
                arbius_artifacts::GOVERNOR,
                arbius_artifacts::VESTING,
            ]);
        }
        names
            .into_iter()
            .map(|name| Ok((name.to_owned(), artifact(name)?.sha256.to_owned())))
            .collect()
    }

    /// Deploys and activates a program, as the contract called `name`.
    async fn program(&self, name: &str, artifact_name: &str) -> Result<Address, DeployError> {
        let address = program::deploy(&self.steps, artifact(artifact_name)?).await?;
        self.steps.progress().made(name, address)?;
        Ok(address)
    }

    /// Creates a proxy that is initialised at once. `admin` may upgrade it.
    async fn proxy<C: SolCall>(
        &self,
        name: &str,
        implementation: Address,
        admin: Address,
        initialize: &C,
    ) -> Result<Address, DeployError> {
        let code = program::code(&self.steps, artifact(arbius_artifacts::PROXY)?).await?;
        let arguments = ProxyConstructor {
            implementation,
            admin,
            initData: initialize.abi_encode().into(),
        };
        let constructor = [&CONSTRUCTOR_SELECTOR[..], &arguments.abi_encode_params()].concat();
        let address =
            program::deploy_with_constructor(&self.steps, name, &code, constructor, B256::ZERO)
                .await?;
        self.steps.progress().made(name, address)?;
        Ok(address)
    }

    async fn timelock(&self, dao: &Dao) -> Result<Address, DeployError> {
        let program = self
            .program(&implementation_of("timelock"), arbius_artifacts::TIMELOCK)
            .await?;
        let initialize = ITimelock::initializeCall {
            minDelay: U256::from(dao.timelock_delay),
            proposers: Vec::new(),
            executors: Vec::new(),
            admin: self.deployer(),
        };
        // It owns itself in the end, but has no address before it exists.
        self.proxy("timelock", program, self.deployer(), &initialize)
            .await
    }

    async fn token(&self) -> Result<Address, DeployError> {
        let program = self
            .program(&implementation_of("token"), arbius_artifacts::TOKEN)
            .await?;
        let direct = self.settings.grants.iter().filter(|grant| !grant.vests);
        let mut allocations: Vec<_> = direct
            .filter_map(|grant| {
                let account = grant.beneficiary.account()?;
                Some(IToken::Allocation {
                    account,
                    amount: grant.amount,
                })
            })
            .collect();
        let given = allocations
            .iter()
            .fold(U256::ZERO, |sum, part| sum.saturating_add(part.amount));
        let supply = U256::from(arbius_protocol::interfaces::token::CAP);
        allocations.push(IToken::Allocation {
            account: self.deployer(),
            amount: supply.saturating_sub(given),
        });
        let initialize = IToken::initializeCall { allocations };
        // Its admin opens the bridge; the deployer, until that is done.
        self.proxy("token", program, self.deployer(), &initialize)
            .await
    }

    async fn engine(&self, token: Address) -> Result<Address, DeployError> {
        let rest = self
            .program("engine-rest", arbius_artifacts::ENGINE_REST)
            .await?;
        let program = self
            .program(&implementation_of("engine"), arbius_artifacts::ENGINE)
            .await?;
        let treasury = match &self.settings.governance {
            Governance::Account { treasury, .. } => *treasury,
            Governance::Dao(_) => self.made("timelock")?,
        };
        let initialize = IEngine::initializeCall {
            token,
            treasury,
            owner: self.deployer(),
            rest,
        };
        self.proxy("engine", program, self.owner()?, &initialize)
            .await
    }

    async fn governor(&self, token: Address, dao: &Dao) -> Result<Address, DeployError> {
        let program = self
            .program(&implementation_of("governor"), arbius_artifacts::GOVERNOR)
            .await?;
        let timelock = self.made("timelock")?;
        let initialize = IGovernor::initializeCall {
            token,
            timelock,
            votingDelay: U48::saturating_from(dao.voting_delay),
            votingPeriod: u32::try_from(dao.voting_period).unwrap_or(u32::MAX),
            proposalThreshold: dao.proposal_threshold,
            quorumNumerator: U256::from(dao.quorum_percent),
        };
        self.proxy("governor", program, timelock, &initialize).await
    }

    /// Makes the vesting accounts and gives everybody what the token has not given yet.
    async fn grants(&self, token: Address, begun: u64) -> Result<(), DeployError> {
        if self.settings.grants.iter().any(|grant| grant.vests) {
            self.program(&implementation_of("vesting"), arbius_artifacts::VESTING)
                .await?;
        }
        for grant in &self.settings.grants {
            let to = match grant.contract() {
                Some(name) => self.vesting(&name, grant, token, begun).await?,
                None => match grant.beneficiary {
                    // The token itself has paid those at genesis.
                    Beneficiary::Account(_) => continue,
                    Beneficiary::Timelock => self.made("timelock")?,
                },
            };
            let value = grant.amount;
            let purpose = format!("allocating {}", grant.title());
            self.send(token, &IToken::transferCall { to, value }, purpose)
                .await?;
        }
        Ok(())
    }

    async fn vesting(
        &self,
        name: &str,
        grant: &Grant,
        token: Address,
        begun: u64,
    ) -> Result<Address, DeployError> {
        let program = self.made(&implementation_of("vesting"))?;
        let schedule = grant.part.schedule().unwrap_or_default();
        let initialize = IVesting::initializeCall {
            token,
            beneficiary: match grant.beneficiary {
                Beneficiary::Account(account) => account,
                Beneficiary::Timelock => self.made("timelock")?,
            },
            start: self.settings.vesting_start.unwrap_or(begun),
            revocable: grant.part.is_revocable(),
            schedule: schedule
                .iter()
                .map(|tranche| IVesting::Tranche {
                    duration: tranche.duration,
                    weight: tranche.weight,
                })
                .collect(),
        };
        self.proxy(name, program, self.owner()?, &initialize).await
    }

    async fn reserve(&self, token: Address, engine: Address) -> Result<(), DeployError> {
        let call = IToken::transferCall {
            to: engine,
            value: U256::from(Part::Mining.amount()),
        };
        self.send(token, &call, "funding the mining reserve").await
    }

    /// Start time, parameters, models.
    async fn begin(&self, engine: Address) -> Result<(), DeployError> {
        if let Some(start) = self.settings.start_time {
            let call = IEngine::setStartBlockTimeCall {
                startBlockTime: start,
            };
            self.send(engine, &call, "setting the start time").await?;
        }
        // The settings were validated.
        let changes = self.settings.parameters.changes().unwrap_or_default();
        for (parameter, value) in changes {
            let call = set_parameter(engine, parameter, value)
                .for_purpose(format!("setting {}", parameter.name()));
            self.steps.perform(call).await?;
        }
        for model in &self.settings.models {
            let terms = ModelTerms {
                fee_address: model.fee_address,
                fee: model.fee,
            };
            let id = register_model(&self.steps, engine, terms, &model.template).await?;
            if !model.rate.is_zero() {
                set_rate(&self.steps, engine, id, model.rate).await?;
            }
        }
        Ok(())
    }

    async fn cache(&self) -> Result<(), DeployError> {
        let Caching::UpTo(most) = self.settings.caching else {
            return Ok(());
        };
        // All proxies run the same code, and the cache goes by code.
        let record = self.steps.progress().record();
        let programs = record
            .contracts
            .iter()
            .filter(|(name, _)| name.ends_with("-implementation") || *name == "engine-rest")
            .map(|(_, address)| *address);
        for program in [self.made("token")?].into_iter().chain(programs) {
            program::cache(&self.steps, program, most).await?;
        }
        Ok(())
    }
}

/// A call that sets a parameter of the engine.
fn set_parameter(engine: Address, parameter: Parameter, value: u128) -> Call {
    let setter = parameter.row().setter;
    let input = [&setter[..], &U256::from(value).to_be_bytes::<32>()].concat();
    Call::with_input(engine, input.into())
}

pub(super) fn artifact(name: &str) -> Result<&'static Artifact, DeployError> {
    arbius_artifacts::get(name).ok_or_else(|| DeployError::NoArtifact {
        name: name.to_owned(),
    })
}
