//! Submitting tasks and awaiting their outcome.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use arbius_protocol::cid::MAX_CONTENT;

use super::{
    ClientError, Network, Solution, Validator,
    fees::{Fees, Promised},
};
use crate::{
    chain::{Call, ChainError, Lane, Receipt},
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
#[non_exhaustive]
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

/// What became of taking a task back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retraction {
    /// It is announced: nobody has solved the task yet, and somebody still may. It takes
    /// effect with another call, 600 seconds later.
    Announced,
    /// The task is retracted, and the engine owes its owner the fee, less the treasury's part;
    /// wei of AIUS. [`Requester::withdraw_earnings`] takes it out.
    Refunded(U256),
}

/// An account that submits tasks and pays for them. Clones share what they know of the fees
/// that are on their way, so use clones of one requester to submit several tasks at a time.
///
/// Dropping one of its futures half-way leaves nothing behind that is in the way of the next:
/// what was not sent is not sent any more, and what was sent may still be included
/// ([`Lane::send`]). Who must know later whether a task was submitted gives the submission a
/// name ([`Requester::submit_as`]) and the lane a [`Journal`](crate::chain::Journal).
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use alloy_primitives::U256;
/// use arbius_sdk::{
///     client::{ClientError, Requester, TaskRequest},
///     contracts::TaskStatus,
/// };
/// # let digits = arbius_models::digits();
/// # let builder = arbius_testkit::TestChain::builder();
/// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
/// # let deployment = local.deployment();
/// # let lane = local.lane(arbius_testkit::Actor::Requester)?.clone();
///
/// let requester = Requester::new(lane, deployment)?;
/// let model = requester.network().models().await?[0].id;
/// let request = TaskRequest {
///     model,
///     fee: U256::from(1000),
///     input: br#"{"prompt": "a handwritten seven"}"#.to_vec().into(),
///     owner: None,
/// };
/// let submitted = requester.submit(&request).await?;
///
/// // Nobody mines here, so the time runs out, and the task stays as it is.
/// let waited = requester.await_solution(submitted.task, Duration::from_millis(200)).await;
/// assert!(matches!(waited, Err(ClientError::TimedOut { status: TaskStatus::Open, .. })));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Requester {
    network: Network,
    lane: Lane,
    fees: Fees,
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
            fees: Fees::default(),
        })
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.lane.address()
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
        self.submit_as(request, "submitting a task").await
    }

    /// As [`Requester::submit`], with words of the caller's own for the transaction that
    /// submits the task: by them it is found again in the journal of the lane
    /// ([`Intent::purpose`](crate::chain::Intent::purpose)).
    ///
    /// # Errors
    ///
    /// As [`Requester::submit`].
    pub async fn submit_as(
        &self,
        request: &TaskRequest,
        purpose: &str,
    ) -> Result<Submitted, ClientError> {
        self.check(request).await?;
        // Others of this account that are on their way take their fees from the same allowance.
        let promised = self.allow(request.fee).await?;
        let call = IEngine::submitTaskCall {
            version: 0,
            owner: request.owner.unwrap_or(self.address()),
            model: request.model,
            fee: request.fee,
            input: request.input.clone(),
        };
        let call = Call::new(self.network.engine(), &call).for_purpose(purpose);
        let executed = self.lane.execute(call).await;
        if !matches!(executed, Err(ChainError::NoReceipt { .. })) {
            promised.settle();
        }
        self.submitted(&executed?)
    }

    /// The task that a transaction submitted, from its receipt: for who finds a submission
    /// again that an earlier run of the program sent.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotAnnounced`] if the transaction reverted or did something else.
    pub fn submitted(&self, receipt: &Receipt) -> Result<Submitted, ClientError> {
        let (engine, transaction) = (self.network.engine(), receipt.hash);
        let event = receipt.events::<IEngine::TaskSubmitted>(engine).next();
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

    /// Takes an unsolved task of this account back (protocol section 5): announces that first,
    /// and ends it with a second call, 600 seconds later.
    ///
    /// ```
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use std::time::Duration;
    /// # use alloy_primitives::U256;
    /// use arbius_sdk::client::{Requester, Retraction};
    /// # let digits = arbius_models::digits();
    /// # let builder = arbius_testkit::TestChain::builder();
    /// # let local = builder.model("digits", digits.template, U256::ZERO, U256::ONE).start(|_| ()).await?;
    /// # let lane = local.lane(arbius_testkit::Actor::Requester)?.clone();
    /// # let requester = Requester::new(lane, local.deployment())?;
    /// # let model = requester.network().models().await?[0].id;
    /// # let input = br#"{"prompt": "a handwritten seven"}"#.to_vec().into();
    /// # let request = arbius_sdk::client::TaskRequest { model, fee: U256::from(1000), input, owner: None };
    ///
    /// let task = requester.submit(&request).await?.task;
    /// # local.pass(Duration::from_secs(10_001))?;
    /// // Nobody has solved it for 10,000 seconds.
    /// assert_eq!(requester.retract(task).await?, Retraction::Announced);
    /// # local.pass(Duration::from_secs(601))?;
    /// let refund = U256::from(900);
    /// assert_eq!(requester.retract(task).await?, Retraction::Refunded(refund));
    /// assert_eq!(requester.withdraw_earnings().await?, refund);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of `retractTask`, by name: `TaskNotOpen` if somebody solved it, `NotEnoughDelay`
    /// soon after the submission, `WaitLonger` soon after the announcement; and what the
    /// transaction ends in.
    pub async fn retract(&self, task: B256) -> Result<Retraction, ClientError> {
        let engine = self.network.engine();
        let call = IEngine::retractTaskCall { task };
        let call = Call::new(engine, &call).for_purpose(format!("retracting {task}"));
        let receipt = self.lane.execute(call).await?;
        let mut refunds = receipt.events::<IEngine::TaskRefunded>(engine);
        Ok(match refunds.next() {
            Some(refund) => Retraction::Refunded(refund.amount),
            None => Retraction::Announced,
        })
    }

    /// Takes out what the engine owes the account: the fees of tasks that were retracted or
    /// whose solution was rejected, if nothing else. Returns how much, wei of AIUS.
    ///
    /// # Errors
    ///
    /// What the endpoint answers and the transaction ends in.
    pub async fn withdraw_earnings(&self) -> Result<U256, ClientError> {
        let account = Validator::new(self.lane.clone(), self.network.engine());
        Ok(account.withdraw_earnings().await?)
    }

    /// Sees to it that the allowance covers `fee` and the fees of all submissions of this
    /// account that are on their way.
    async fn allow(&self, fee: U256) -> Result<Promised, ClientError> {
        let promised = self.fees.promise(fee);
        let _one_at_a_time = self.fees.approving().await;
        let call = IToken::allowanceCall {
            owner: self.address(),
            spender: self.network.engine(),
        };
        let chain = self.network.chain();
        let allowance = chain.read(self.network.token(), &call).await?;
        let needed = self.fees.needed(self.lane.status().underway == 0);
        if allowance < needed {
            self.approve(needed).await?;
        }
        Ok(promised)
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
    /// Once it has seen the task, it outlasts endpoints that fail for a while.
    ///
    /// # Errors
    ///
    /// [`ClientError::TimedOut`]; [`ClientError::Unsuccessful`] if the task is retracted; what
    /// an endpoint answers to the first question, or still does when the time is over.
    pub async fn await_solution(
        &self,
        task: B256,
        timeout: Duration,
    ) -> Result<Solution, ClientError> {
        let mut wait = Wait::new(task, timeout);
        loop {
            let looked = async {
                if let Some(solution) = self.network.solution(task).await? {
                    return Ok(Look::Over(solution));
                }
                match self.network.status(task).await? {
                    status @ TaskStatus::Retracted => {
                        Err(ClientError::Unsuccessful { task, status })
                    }
                    status => Ok(Look::Still(status)),
                }
            };
            if let Some(solution) = wait.after(looked.await).await? {
                return Ok(solution);
            }
        }
    }

    /// Waits until nothing can change the outcome any more (the final result).
    ///
    /// Once it has seen the task, it outlasts endpoints that fail for a while.
    ///
    /// # Errors
    ///
    /// [`ClientError::TimedOut`]; [`ClientError::Unsuccessful`] if the task is retracted or
    /// its solution rejected; what an endpoint answers to the first question, or still does when
    /// the time is over.
    pub async fn await_final(
        &self,
        task: B256,
        timeout: Duration,
    ) -> Result<Solution, ClientError> {
        let mut wait = Wait::new(task, timeout);
        loop {
            let looked = async {
                let status = self.network.status(task).await?;
                match status {
                    TaskStatus::Final => {
                        let solution = self.network.solution(task).await?;
                        let solution =
                            solution.ok_or(ClientError::Unsuccessful { task, status })?;
                        Ok(Look::Over(solution))
                    }
                    TaskStatus::Retracted | TaskStatus::Rejected => {
                        Err(ClientError::Unsuccessful { task, status })
                    }
                    TaskStatus::None
                    | TaskStatus::Open
                    | TaskStatus::Solved
                    | TaskStatus::Contested => Ok(Look::Still(status)),
                }
            };
            if let Some(solution) = wait.after(looked.await).await? {
                return Ok(solution);
            }
        }
    }
}

/// How a task that is waited for stands.
enum Look {
    Over(Solution),
    Still(TaskStatus),
}

/// Waiting for a task, look by look.
struct Wait {
    task: B256,
    timeout: Duration,
    start: Instant,
    pause: Duration,
    /// What it was when it was last seen.
    seen: Option<TaskStatus>,
}

impl Wait {
    fn new(task: B256, timeout: Duration) -> Self {
        Self {
            task,
            timeout,
            start: Instant::now(),
            pause: FIRST_PAUSE,
            seen: None,
        }
    }

    /// The solution that a look showed; or sleeps until the next, or says that the time is up.
    async fn after(
        &mut self,
        looked: Result<Look, ClientError>,
    ) -> Result<Option<Solution>, ClientError> {
        let failure = match looked {
            Ok(Look::Over(solution)) => return Ok(Some(solution)),
            Ok(Look::Still(status)) => {
                self.seen = Some(status);
                None
            }
            Err(error) if self.seen.is_some() && may_pass(&error) => Some(error),
            Err(error) => return Err(error),
        };
        let waited = self.start.elapsed();
        if waited >= self.timeout {
            return Err(failure.unwrap_or(ClientError::TimedOut {
                task: self.task,
                status: self.seen.unwrap_or(TaskStatus::None),
                waited,
            }));
        }
        if let Some(error) = failure {
            tracing::warn!(task = %self.task, %error, "cannot see how a task stands, trying again");
        }
        tokio::time::sleep(self.pause.min(self.timeout - waited)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(None)
    }
}

/// Whether a task that was there may be seen again: an endpoint is away, or some blocks behind.
fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Chain(error) => error.is_transient(),
        ClientError::UnknownTask { .. } => true,
        _ => false,
    }
}
