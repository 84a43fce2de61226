//! What the engine says about models, tasks and solutions.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEvent;

use super::{ClientError, Contestation};
use crate::{
    chain::{Chain, Logs},
    content::{Cid, cids},
    contracts::{IEngine, Submission, TaskStatus, submissions, topic},
    deploy::Deployment,
};

/// The engine of a deployment, for reading.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use alloy_primitives::U256;
/// use arbius_sdk::client::Network;
/// # let digits = arbius_models::digits();
/// # let builder = arbius_testkit::TestChain::builder();
/// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
/// # let deployment = local.deployment();
///
/// let network = Network::connect(deployment).await?;
/// for model in network.models().await? {
///     let template = network.template(model.id).await?;
///     println!("{} costs {} wei: {} bytes", model.id, model.fee, template.len());
/// #   assert_eq!(&template[..], digits.template);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    chain: Chain,
    engine: Address,
    token: Address,
    start: u64,
}

/// A registered model (protocol section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its id.
    pub id: B256,
    /// Who receives its fee.
    pub fee_address: Address,
    /// What each task pays to that address, wei of AIUS.
    pub fee: U256,
    /// The share of the reward that its tasks earn, as a fraction of 1e18.
    pub rate: U256,
    /// Whether it takes tasks.
    pub enabled: bool,
    /// The CID of its template.
    pub template: Cid,
}

/// A solution (protocol section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Solution {
    /// Who solved it.
    pub solver: Address,
    /// When it was revealed, seconds since 1970.
    pub time: u64,
    /// Whether it was claimed.
    pub claimed: bool,
    /// Until when it may be contested, seconds since 1970.
    pub contest_end: u64,
    /// The CID of the directory of output files.
    pub cid: Cid,
}

/// A task and how it stands (protocol section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its id.
    pub id: B256,
    /// The model that it asks for.
    pub model: B256,
    /// What it pays, wei of AIUS.
    pub fee: U256,
    /// Who owns it.
    pub owner: Address,
    /// When it was submitted, seconds since 1970.
    pub time: u64,
    /// The version of the input's format.
    pub version: u8,
    /// The CID of its input.
    pub input: Cid,
    /// How it stands.
    pub status: TaskStatus,
    /// Its solution, once there is one.
    pub solution: Option<Solution>,
}

impl Network {
    /// Connects to a deployment.
    ///
    /// # Errors
    ///
    /// [`ClientError::Deployment`]: unreachable, another chain, no engine there.
    pub async fn connect(deployment: &Deployment) -> Result<Self, ClientError> {
        let chain = deployment.connect().await?;
        Self::new(chain, deployment)
    }

    /// A deployment over a connection that there is already.
    ///
    /// # Errors
    ///
    /// [`ClientError::Deployment`] if engine or token is not in it.
    pub fn new(chain: Chain, deployment: &Deployment) -> Result<Self, ClientError> {
        let (engine, token) = (deployment.engine()?, deployment.token()?);
        Ok(Self {
            chain,
            engine,
            token,
            start: deployment.block,
        })
    }

    /// The connection.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The engine's address.
    #[must_use]
    pub const fn engine(&self) -> Address {
        self.engine
    }

    /// The token's address.
    #[must_use]
    pub const fn token(&self) -> Address {
        self.token
    }

    /// One model.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownModel`].
    pub async fn model(&self, id: B256) -> Result<ModelInfo, ClientError> {
        let model = self
            .chain
            .read(self.engine, &IEngine::modelsCall { id })
            .await?;
        if model.addr.is_zero() {
            return Err(ClientError::UnknownModel {
                model: id,
                engine: self.engine,
            });
        }
        let enabled = self
            .chain
            .read(self.engine, &IEngine::modelEnabledCall { id })
            .await?;
        Ok(ModelInfo {
            id,
            fee_address: model.addr,
            fee: model.fee,
            rate: model.rate,
            enabled,
            template: read_cid(&model.cid, || format!("model {id}"))?,
        })
    }

    /// Every model, in order of registration.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn models(&self) -> Result<Vec<ModelInfo>, ClientError> {
        let mut models = Vec::new();
        let mut logs = self.logs_of(&[topic::<IEngine::ModelRegistered>()]);
        for log in logs.to_head(self.start).await? {
            if let Ok(event) = IEngine::ModelRegistered::decode_log(&log.inner) {
                models.push(self.model(event.id).await?);
            }
        }
        Ok(models)
    }

    /// The template that a model was registered with.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownModel`].
    pub async fn template(&self, model: B256) -> Result<Bytes, ClientError> {
        let logs = self.logs_of(&[topic::<IEngine::ModelTemplate>()]);
        let found = logs.about(model).to_head(self.start).await?;
        found
            .iter()
            .find_map(|log| IEngine::ModelTemplate::decode_log(&log.inner).ok())
            .map(|event| event.data.template)
            .ok_or(ClientError::UnknownModel {
                model,
                engine: self.engine,
            })
    }

    /// One task.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownTask`].
    pub async fn task(&self, id: B256) -> Result<TaskInfo, ClientError> {
        let status = self.status(id).await?;
        let task = self
            .chain
            .read(self.engine, &IEngine::tasksCall { id })
            .await?;
        Ok(TaskInfo {
            id,
            model: task.model,
            fee: task.fee,
            owner: task.owner,
            time: task.blocktime,
            version: task.version,
            input: read_cid(&task.cid, || format!("task {id}"))?,
            status,
            solution: self.solution(id).await?,
        })
    }

    /// How a task was submitted, and its input.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownTask`].
    pub async fn submission(&self, id: B256) -> Result<Submission, ClientError> {
        let unknown = ClientError::UnknownTask {
            task: id,
            engine: self.engine,
        };
        let mut logs = self.logs_of(&[topic::<IEngine::TaskSubmitted>()]).about(id);
        let Some(log) = logs.to_head(self.start).await?.into_iter().next() else {
            return Err(unknown);
        };
        let Some(hash) = log.transaction_hash else {
            return Err(unknown);
        };
        let receipt = self.chain.receipt(hash).await?;
        let logs = receipt.map(|receipt| receipt.logs).unwrap_or_default();
        let announced: Vec<_> = logs
            .into_iter()
            .filter(|log| log.address() == self.engine)
            .collect();
        submissions(&announced)
            .into_iter()
            .find(|submission| submission.task == id)
            .ok_or(unknown)
    }

    /// How a task stands.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownTask`].
    pub async fn status(&self, id: B256) -> Result<TaskStatus, ClientError> {
        let call = IEngine::taskStatusCall { id };
        match TaskStatus::try_from(self.chain.read(self.engine, &call).await?)? {
            TaskStatus::None => Err(ClientError::UnknownTask {
                task: id,
                engine: self.engine,
            }),
            status => Ok(status),
        }
    }

    /// A task's solution, if there is one.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn solution(&self, task: B256) -> Result<Option<Solution>, ClientError> {
        let solution = self
            .chain
            .read(self.engine, &IEngine::solutionsCall { task })
            .await?;
        if solution.validator.is_zero() {
            return Ok(None);
        }
        let end = self
            .chain
            .read(self.engine, &IEngine::contestEndCall { task })
            .await?;
        Ok(Some(Solution {
            solver: solution.validator,
            time: solution.blocktime,
            claimed: solution.claimed,
            contest_end: end.saturating_to(),
            cid: read_cid(&solution.cid, || format!("the solution of task {task}"))?,
        }))
    }

    /// The contestation of a task's solution, if there is one.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn contestation(&self, task: B256) -> Result<Option<Contestation>, ClientError> {
        Ok(Contestation::of(&self.chain, self.engine, task).await?)
    }

    /// The engine's events of these kinds.
    pub(super) fn logs_of(&self, topics: &[B256]) -> Logs {
        Logs::new(self.chain.clone(), self.engine, topics.to_vec())
    }

    /// The first block with anything of the protocol in it that is not before `block`.
    pub(super) fn since(&self, block: u64) -> u64 {
        self.start.max(block)
    }
}

/// A CID as the engine keeps it.
fn read_cid(bytes: &[u8], what: impl FnOnce() -> String) -> Result<Cid, ClientError> {
    cids::from_onchain(bytes).map_err(|error| ClientError::MalformedCid {
        what: what(),
        reason: error.to_string(),
    })
}
