//! Claiming what is due, many tasks in one transaction.

use std::collections::HashSet;

use alloy_primitives::{B256, U256};

use super::{
    Job, State,
    machine::{Machine, Next, StepError},
};
use crate::{
    chain::{Call, Receipt},
    contracts::IEngine,
};

/// Tasks in one bulk claim. A claim takes about 94,000 gas at the reference; this many stay
/// far below a block's limit.
pub(super) const BULK: usize = 50;

impl Machine {
    /// Claims jobs whose contest period is over and returns how each goes on. The jobs are
    /// written down as claimable first.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    pub(super) async fn claim(&self, jobs: &mut [Job]) -> Result<Vec<Next>, StepError> {
        for job in jobs.iter_mut().filter(|job| job.state == State::Revealed) {
            self.reach(job, State::Claimable)?;
        }
        let tasks: Vec<B256> = jobs.iter().map(|job| job.task).collect();
        let call = match tasks.as_slice() {
            [task] => Call::new(self.engine, &IEngine::claimSolutionCall { task: *task }),
            _ => Call::new(self.engine, &IEngine::bulkClaimSolutionCall { tasks }),
        };
        let call = call.for_purpose(format!("claiming {} task(s)", jobs.len()));
        let receipt = match self.lane.execute(call).await {
            Ok(receipt) => Some(receipt),
            // Anyone may claim for us after an hour, and an earlier run may have.
            Err(error) if error.is_revert("AlreadyClaimed") => None,
            Err(error) if error.is_revert("NothingAccepted") => None,
            Err(error) => return Err(error.into()),
        };
        let mut next = Vec::with_capacity(jobs.len());
        let claimed = receipt
            .as_ref()
            .map(|receipt| self.read_claims(receipt, jobs));
        for job in jobs {
            let done = claimed
                .as_ref()
                .is_some_and(|claimed| claimed.contains(&job.task));
            next.push(if done {
                self.reach(job, State::Claimed)?;
                Next::Over
            } else {
                self.recover(job).await?
            });
        }
        if receipt.is_some() && self.settings.withdraw {
            self.withdraw().await?;
        }
        Ok(next)
    }

    /// Notes what each job brought, and returns the tasks that were claimed.
    fn read_claims(&self, receipt: &Receipt, jobs: &mut [Job]) -> HashSet<B256> {
        let claimed: HashSet<B256> = receipt
            .events::<IEngine::SolutionClaimed>(self.engine)
            .map(|event| event.task)
            .collect();
        let share = receipt.gas_used / u64::try_from(claimed.len().max(1)).unwrap_or(u64::MAX);
        for job in jobs.iter_mut().filter(|job| claimed.contains(&job.task)) {
            job.gas.claim += share;
            let fees = receipt.events::<IEngine::FeesPaid>(self.engine);
            job.earned.fee = fees
                .filter(|event| event.task == job.task)
                .map(|event| event.validatorFee)
                .fold(U256::ZERO, U256::saturating_add);
            let rewards = receipt.events::<IEngine::RewardsPaid>(self.engine);
            job.earned.reward = rewards
                .filter(|event| event.task == job.task)
                .map(|event| event.validatorReward)
                .fold(U256::ZERO, U256::saturating_add);
        }
        claimed
    }

    /// Takes out what the engine owes us, if it owes us anything.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(super) async fn withdraw(&self) -> Result<(), StepError> {
        let _one_at_a_time = self.withdrawing.lock().await;
        let account = self.account();
        let owed = self
            .chain
            .read(self.engine, &IEngine::earningsCall { account })
            .await?;
        if owed > U256::ZERO {
            let call = IEngine::withdrawEarningsCall { account };
            let call = Call::new(self.engine, &call).for_purpose("withdrawing earnings");
            self.lane.execute(call).await?;
        }
        Ok(())
    }
}
