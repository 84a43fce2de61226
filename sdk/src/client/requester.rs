//! Submitting tasks and awaiting their outcome.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::cid::MAX_CONTENT;

use super::{ClientError, Network, Solution};
use crate::{
    chain::{Call, Lane},
    contracts::{IEngine, IToken, TaskStatus},
    deploy::Deployment,
};

/// Pauses between looks at a task.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A task to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRequest {
    /// The model's id.
    pub model: B256,
    /// What to pay, wei of AIUS, the model's own fee included.
    pub fee: U256,
    /// The input, JSON as the model's template describes it.
    pub input: Bytes,
    /// Who owns the task; the requester itself if `None`.
    pub owner: Option<Address>,
}

/// A submitted task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The task's id.
    pub task: B256,
    /// The transaction that submitted it.
    pub transaction: B256,
    /// The block that includes it.
    pub block: u64,
    /// Gas used, the approval not included.
    pub gas: u64,
}

/// An account that submits tasks and pays for them.
#[derive(Clone, Debug)]
pub struct Requester {
    network: Network,
    lane: Lane,
}

impl Requester {
    /// A requester that signs with `lane`, which must be on the deployment's chain.
    ///
    /// # Errors
    ///
    /// [`ClientError::Deployment`] if engine or token is not in the deployment.
    pub fn new(lane: Lane, deployment: &Deployment) -> Result<Self, ClientError> {
        Ok(Self {
            network: Network::new(lane.chain().clone(), deployment)?,
            lane,
        })
    }

    /// The network it submits to.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Lets the engine take up to `amount` wei of AIUS in fees. [`Requester::submit`] does
    /// that by itself for one task at a time; before many tasks, once is cheaper.
    ///
    /// # Errors
    ///
    /// What the transaction ends in.
    pub async fn approve(&self, amount: U256) -> Result<(), ClientError> {
        let call = IToken::approveCall {
            spender: self.network.engine(),
            value: amount,
        };
        let call = Call::new(self.network.token(), &call).for_purpose("approving the fee");
        self.lane.execute(call).await?;
        Ok(())
    }

    /// Submits a task, approving the fee first where the allowance is short.
    ///
    /// # Errors
    ///
    /// [`ClientError::UnknownModel`], [`ClientError::ModelDisabled`],
    /// [`ClientError::FeeBelowModelFee`], [`ClientError::InputTooLarge`] and
    /// [`ClientError::InsufficientTokens`] before anything is sent.
    pub async fn submit(&self, request: &TaskRequest) -> Result<Submitted, ClientError> {
        self.check(request).await?;
        let (engine, token) = (self.network.engine(), self.network.token());
        let owner = self.lane.address();
        let call = IToken::allowanceCall {
            owner,
            spender: engine,
        };
        if self.network.chain().read(token, &call).await? < request.fee {
            self.approve(request.fee).await?;
        }
        let call = IEngine::submitTaskCall {
            version: 0,
            owner: request.owner.unwrap_or(owner),
            model: request.model,
            fee: request.fee,
            input: request.input.clone(),
        };
        let receipt = self
            .lane
            .execute(Call::new(engine, &call).for_purpose("submitting a task"))
            .await?;
        let event = receipt.events::<IEngine::TaskSubmitted>(engine).next();
        let transaction = receipt.hash;
        let task = event
            .ok_or(ClientError::NotAnnounced {
                transaction,
                engine,
            })?
            .id;
        Ok(Submitted {
            task,
            transaction,
            block: receipt.block,
            gas: receipt.gas_used,
        })
    }

    async fn check(&self, request: &TaskRequest) -> Result<(), ClientError> {
        let (size, limit) = (request.input.len(), MAX_CONTENT);
        if size > limit {
            return Err(ClientError::InputTooLarge { size, limit });
        }
        let model = self.network.model(request.model).await?;
        if !model.enabled {
            return Err(ClientError::ModelDisabled {
                model: request.model,
            });
        }
        let fee = request.fee;
        if fee < model.fee {
            return Err(ClientError::FeeBelowModelFee {
                fee,
                model_fee: model.fee,
            });
        }
        let account = self.lane.address();
        let call = IToken::balanceOfCall { account };
        let balance = self
            .network
            .chain()
            .read(self.network.token(), &call)
            .await?;
        if balance < fee {
            return Err(ClientError::InsufficientTokens {
                account,
                balance,
                fee,
            });
        }
        Ok(())
    }

    /// Waits for a solution, which may still be contested (the optimistic result).
    ///
    /// # Errors
    ///
    /// [`ClientError::TimedOut`]; [`ClientError::Unsuccessful`] if the task is retracted.
    pub async fn await_solution(
        &self,
        task: B256,
        timeout: Duration,
    ) -> Result<Solution, ClientError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            if let Some(solution) = self.network.solution(task).await? {
                return Ok(solution);
            }
            let status = self.network.status(task).await?;
            if status == TaskStatus::Retracted {
                return Err(ClientError::Unsuccessful { task, status });
            }
            pause = rest(task, status, start, timeout, pause).await?;
        }
    }

    /// Waits until nothing can change the outcome any more (the final result).
    ///
    /// # Errors
    ///
    /// [`ClientError::TimedOut`]; [`ClientError::Unsuccessful`] if the task is retracted or
    /// its solution rejected.
    pub async fn await_final(
        &self,
        task: B256,
        timeout: Duration,
    ) -> Result<Solution, ClientError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let status = self.network.status(task).await?;
            match status {
                TaskStatus::Final => {
                    let solution = self.network.solution(task).await?;
                    return solution.ok_or(ClientError::Unsuccessful { task, status });
                }
                TaskStatus::Retracted | TaskStatus::Rejected => {
                    return Err(ClientError::Unsuccessful { task, status });
                }
                TaskStatus::None
                | TaskStatus::Open
                | TaskStatus::Solved
                | TaskStatus::Contested => {}
            }
            pause = rest(task, status, start, timeout, pause).await?;
        }
    }
}

/// Sleeps and returns the next pause, or says that the time is up.
async fn rest(
    task: B256,
    status: TaskStatus,
    start: Instant,
    timeout: Duration,
    pause: Duration,
) -> Result<Duration, ClientError> {
    let waited = start.elapsed();
    if waited >= timeout {
        return Err(ClientError::TimedOut {
            task,
            status,
            waited,
        });
    }
    tokio::time::sleep(pause.min(timeout - waited)).await;
    Ok((pause * 2).min(LONGEST_PAUSE))
}
