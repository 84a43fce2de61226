//! Claims of what is due, and the withdrawal after them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use alloy_primitives::{B256, U256};

use super::{bulk::share, queue::Ended, reveal::is_too_large};
use crate::{
    chain::{Call, ChainError, Receipt, Revert},
    contracts::IEngine,
    miner::{
        Job, MinerError, State,
        disk::{DISK_PAUSE, waits_for_disk},
        machine::{Machine, Next, Remedy, StepError},
        slot::{Done, Slot, pause_after},
    },
};

/// Claims tasks whose contest periods are over.
///
/// # Errors
///
/// What ends the miner.
pub(super) async fn claim(machine: Arc<Machine>, tasks: Vec<B256>) -> Result<Ended, MinerError> {
    match claim_all(&machine, tasks.clone()).await {
        // While the disk is full, they stay due.
        Err(error) if waits_for_disk(&error) => {
            let slot = Some(Slot::in_a_while(DISK_PAUSE));
            Ok(Ended::Claimed {
                done: tasks.into_iter().map(|task| Done { task, slot }).collect(),
                credited: true,
            })
        }
        ended => ended,
    }
}

async fn claim_all(machine: &Machine, tasks: Vec<B256>) -> Result<Ended, MinerError> {
    let mut done = Vec::with_capacity(tasks.len());
    let mut credited = false;
    let mut ahead = vec![tasks];
    while let Some(tasks) = ahead.pop() {
        let mut jobs = Vec::with_capacity(tasks.len());
        for task in &tasks {
            match machine.store.job(*task)? {
                Some(job) => jobs.push(job),
                None => done.push(Done {
                    task: *task,
                    slot: None,
                }),
            }
        }
        let error = match machine.claim(&mut jobs).await {
            Ok((ended, any)) => {
                credited |= any;
                done.extend(ended);
                continue;
            }
            Err(error) => error,
        };
        if error.remedy(0) == Remedy::Stop {
            return Err(error.into());
        }
        if jobs.len() > 1 && is_the_bulks(&error) {
            // One bad claim must not hold up the others.
            let (first, second) = tasks.split_at(tasks.len() / 2);
            ahead.extend([first.to_vec(), second.to_vec()]);
            continue;
        }
        let reason = error.to_string();
        for job in &mut jobs {
            done.push(machine.put_off(job, &reason)?);
        }
    }
    Ok(Ended::Claimed { done, credited })
}

/// Withdraws what the engine owes, if it owes anything.
///
/// # Errors
///
/// What ends the miner.
pub(super) async fn withdraw(machine: Arc<Machine>) -> Result<Ended, MinerError> {
    match machine.withdraw().await {
        Ok(()) => Ok(Ended::Withdrawn(true)),
        Err(error) if error.remedy(0) == Remedy::Stop => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "cannot withdraw the earnings yet");
            tokio::time::sleep(pause_after(8)).await;
            Ok(Ended::Withdrawn(false))
        }
    }
}

impl Machine {
    /// Claims jobs, in one transaction. The jobs are written down as claimable first. Returns
    /// how each goes on, and whether anything was credited.
    #[tracing::instrument(level = "debug", skip_all, fields(jobs = jobs.len()))]
    async fn claim(&self, jobs: &mut [Job]) -> Result<(Vec<Done>, bool), StepError> {
        for job in jobs.iter_mut().filter(|job| job.state == State::Revealed) {
            self.measured(job, |job| job.reach(State::Claimable));
        }
        self.store.save_groups(&[], None, jobs)?;
        self.announce(jobs);
        let tasks: Vec<B256> = jobs.iter().map(|job| job.task).collect();
        let call = match tasks.as_slice() {
            [task] => Call::new(self.engine, &IEngine::claimSolutionCall { task: *task })
                .for_purpose(format!("claiming {task}")),
            _ => Call::new(self.engine, &IEngine::bulkClaimSolutionCall { tasks })
                .for_purpose(format!("claiming {} tasks", jobs.len())),
        };
        let sent = async { self.lane.send(call).await?.landed().await };
        let (claimed, skipped) = match sent.await {
            Ok(receipt) => {
                self.included(&receipt);
                let claimed = self.read_claims(&receipt, jobs);
                let skipped: HashMap<B256, [u8; 4]> = receipt
                    .events::<IEngine::SolutionClaimSkipped>(self.engine)
                    .map(|event| (event.task, event.reason.0))
                    .collect();
                (claimed, skipped)
            }
            // Alone, or all of them: the chain knows what each lacks.
            Err(error) => match (error.revert(), jobs.len()) {
                (Some(revert), 1) if !revert.is("Paused") => {
                    let reason = revert.selector().unwrap_or_default().0;
                    (
                        HashSet::new(),
                        jobs.iter().map(|job| (job.task, reason)).collect(),
                    )
                }
                (Some(revert), _) if revert.is("NothingAccepted") => Default::default(),
                _ => return Err(error.into()),
            },
        };
        let mut over = Vec::with_capacity(claimed.len());
        let mut done = Vec::with_capacity(jobs.len());
        for job in jobs.iter_mut() {
            if claimed.contains(&job.task) {
                self.measured(job, |job| job.reach(State::Claimed));
                over.push(job.clone());
                done.push(Done {
                    task: job.task,
                    slot: None,
                });
            }
        }
        self.store.save_groups(&[], None, &over)?;
        self.announce(&over);
        for job in jobs.iter_mut().filter(|job| !claimed.contains(&job.task)) {
            let reason = skipped.get(&job.task).copied().unwrap_or_default();
            let name = Revert::decode(reason.to_vec().into()).name;
            done.push(self.unclaimed(job, &name.unwrap_or_default()).await?);
        }
        Ok((done, !claimed.is_empty()))
    }

    /// A claim was not possible: the job goes on where the chain says it stands.
    async fn unclaimed(&self, job: &mut Job, reason: &str) -> Result<Done, StepError> {
        if reason == "NotEnoughDelay" {
            // A pause has moved the end.
            let call = IEngine::contestEndCall { task: job.task };
            let end = self.claim_time(self.chain.read(self.engine, &call).await?);
            if job.contest_end.is_none_or(|known| known < end) {
                job.contest_end = Some(end);
                self.save(job)?;
                return Ok(Done {
                    task: job.task,
                    slot: Some(Slot::Sending { recheck: false }),
                });
            }
        }
        let slot = match self.recover(job).await? {
            Next::Over => None,
            Next::Send if job.state == State::Claimable => {
                let reason = format!("the engine refused its claim: {reason}");
                return Ok(self.put_off(job, &reason)?);
            }
            Next::Step | Next::Send => Some(Slot::Ready { recheck: false }),
        };
        Ok(Done {
            task: job.task,
            slot,
        })
    }

    /// Notes what each job brought, and returns the tasks that were claimed.
    fn read_claims(&self, receipt: &Receipt, jobs: &mut [Job]) -> HashSet<B256> {
        let claimed: HashSet<B256> = receipt
            .events::<IEngine::SolutionClaimed>(self.engine)
            .map(|event| event.task)
            .collect();
        let mut fees: HashMap<B256, U256> = HashMap::new();
        for event in receipt.events::<IEngine::FeesPaid>(self.engine) {
            let fee = fees.entry(event.task).or_default();
            *fee = fee.saturating_add(event.validatorFee);
        }
        let mut rewards: HashMap<B256, U256> = HashMap::new();
        for event in receipt.events::<IEngine::RewardsPaid>(self.engine) {
            let reward = rewards.entry(event.task).or_default();
            *reward = reward.saturating_add(event.validatorReward);
        }
        let share = share(receipt.gas_used, claimed.len());
        for job in jobs.iter_mut().filter(|job| claimed.contains(&job.task)) {
            job.gas.claim = job.gas.claim.saturating_add(share);
            job.earned.fee = fees.get(&job.task).copied().unwrap_or_default();
            job.earned.reward = rewards.get(&job.task).copied().unwrap_or_default();
            self.metrics.earned(job.earned.fee, job.earned.reward);
        }
        claimed
    }

    /// Takes out what the engine owes us, if it owes us anything.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(in crate::miner) async fn withdraw(&self) -> Result<(), StepError> {
        let _one_at_a_time = self.withdrawing.lock().await;
        let account = self.account();
        let owed = self
            .chain
            .read(self.engine, &IEngine::earningsCall { account })
            .await?;
        if owed > U256::ZERO {
            let call = IEngine::withdrawEarningsCall { account };
            let call = Call::new(self.engine, &call).for_purpose("withdrawing earnings");
            let receipt = self.lane.send(call).await?.landed().await?;
            self.included(&receipt);
        }
        Ok(())
    }
}

/// Whether an error is the whole bulk's, so that a part of it may do.
fn is_the_bulks(error: &StepError) -> bool {
    match error {
        StepError::Chain(error) if is_too_large(error) => true,
        StepError::Chain(
            error @ (ChainError::WouldRevert { .. } | ChainError::Reverted { .. }),
        ) => !error.is_revert("Paused"),
        _ => false,
    }
}
