//! The transaction that reveals a group, and what the engine made of each entry.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::B256;

use super::{
    bulk::{reveal_gas_unsimulated, share},
    deliver::{Delivery, Progress},
};
use crate::{
    chain::{ChainError, Receipt, Revert},
    contracts::IEngine,
    miner::{State, machine::StepError, slot::Slot},
};

/// What the sender's account or the whole engine forbids for a time.
const PASSING: [&str; 3] = ["SubmitSolutionCooldown", "SolutionRateLimit", "Paused"];

impl Delivery {
    /// committed → revealed, for all that is still possible.
    #[tracing::instrument(level = "debug", skip_all, fields(group = self.group.id, tasks = self.jobs.len()))]
    pub(super) async fn reveal(&mut self) -> Result<Progress, StepError> {
        // A bulk commitment is revealed as it is or not at all.
        if self.leave_lost().await? {
            self.write(false)?;
        }
        // Nothing of it is revealed that is not to be: the others are committed to anew.
        if self.leave_withheld().await && !self.jobs.is_empty() {
            return self.regroup(self.jobs.len());
        }
        if self.jobs.is_empty() {
            return Ok(Progress::Again);
        }
        let mut call = self.group.reveal(self.machine.engine);
        let refused = if self.group.entries.len() == 1 {
            "CommitmentMustBeInPast"
        } else {
            "NothingAccepted"
        };
        if self.unsimulated {
            call = call.despite(refused, reveal_gas_unsimulated(self.group.entries.len()));
        }
        let sent = {
            let _nothing_locks_stake = self.machine.locking.read().await;
            self.send(call).await
        };
        let error = match sent {
            Ok(receipt) => return self.revealed(&receipt).await,
            Err(error) => error,
        };
        let Some(name) = error.revert().map(|revert| revert.name.clone()) else {
            return if is_too_large(&error) {
                self.take_apart(&error.to_string())
            } else {
                Err(error.into())
            };
        };
        let name = name.unwrap_or_default();
        if name == refused && !self.waited {
            // Arbitrum simulates with the number of the newest block, which may be the
            // commitment's.
            let committed = self.group.committed.unwrap_or_default();
            self.unsimulated = !self.next_block(committed).await?;
            self.waited = true;
            return Ok(Progress::Again);
        }
        self.unsimulated = false;
        match name.as_str() {
            // The endpoint that is asked now is behind the one that was asked before.
            "CommitmentMustBeInPast" => {
                self.waited = false;
                Err(error.into())
            }
            // The minimum rises with every reward and with its floor.
            "MinStakedTooLow" => {
                if self.machine.top_up().await? {
                    Ok(Progress::Again)
                } else {
                    Err(error.into())
                }
            }
            "NothingAccepted" => self.nothing_accepted().await,
            name if PASSING.contains(&name) => Err(error.into()),
            name => match self.group.entries.as_slice() {
                [entry] => {
                    let task = entry.task;
                    self.pass_over(task, name).await?;
                    Ok(Progress::Again)
                }
                _ => self.take_apart(&error.to_string()),
            },
        }
    }

    /// Reads what became of each entry.
    async fn revealed(&mut self, receipt: &Receipt) -> Result<Progress, StepError> {
        let machine = Arc::clone(&self.machine);
        let (engine, account) = (machine.engine, machine.account());
        let accepted: Vec<B256> = receipt
            .events::<IEngine::SolutionSubmitted>(engine)
            .filter(|event| event.addr == account)
            .map(|event| event.task)
            .collect();
        let skipped: HashMap<B256, [u8; 4]> = receipt
            .events::<IEngine::SolutionSkipped>(engine)
            .map(|event| (event.task, event.reason.0))
            .collect();
        if let Some(task) = accepted.first() {
            // Of one block, so that it is the same for all.
            let call = IEngine::contestEndCall { task: *task };
            let end = machine.claim_time(machine.chain.read(engine, &call).await?);
            let share = share(receipt.gas_used, accepted.len());
            for task in &accepted {
                if let Some(index) = self.jobs.iter().position(|job| job.task == *task) {
                    let mut job = self.jobs.remove(index);
                    job.gas.reveal = job.gas.reveal.saturating_add(share);
                    job.contest_end = Some(end);
                    job.winner = Some(account);
                    machine.measured(&mut job, |job| job.reach(State::Revealed));
                    self.leave(job, Some(Slot::Sending { recheck: false }));
                }
            }
        }
        self.write(false)?;
        let rest: Vec<B256> = self.jobs.iter().map(|job| job.task).collect();
        for task in rest {
            let reason = skipped.get(&task).copied();
            let name = reason.and_then(|reason| Revert::decode(reason.to_vec().into()).name);
            self.pass_over(task, &name.unwrap_or_default()).await?;
        }
        if self.jobs.is_empty() {
            return Ok(Progress::Again);
        }
        // The answers are in plain sight now: what was passed over for want of stake goes
        // again at once, under the commitment to the same pairs.
        self.write(false)?;
        machine.top_up().await?;
        Ok(Progress::Again)
    }

    /// An entry was not accepted. Its job leaves, unless it can be revealed again as it is.
    async fn pass_over(&mut self, task: B256, reason: &str) -> Result<(), StepError> {
        let state = match reason {
            "MinStakedTooLow" | "CommitmentMustBeInPast" => return Ok(()),
            // A reorganisation undid the commitment, or put the task behind it.
            "NonExistentCommitment" | "CommitmentBeforeTask" => State::Pinned,
            "TaskNotOpen" | "NotAllowedToSubmitSolution" => State::Declined,
            _ => {
                if self.leave_as_chain_says(task).await? {
                    return Ok(());
                }
                match reason {
                    // The endpoint that simulated it is ahead of the one that was read.
                    "" | "SolutionAlreadySubmitted" | "TaskDoesNotExist" => {
                        return Err(StepError::Late);
                    }
                    _ => State::Failed,
                }
            }
        };
        if let Some(index) = self.jobs.iter().position(|job| job.task == task) {
            let mut job = self.jobs.remove(index);
            let failures = job.attempts.saturating_add(1);
            let slot = if state.is_over() {
                let reason = format!("the engine refused its solution: {reason}");
                self.machine
                    .measured(&mut job, |job| job.end(state, reason));
                None
            } else {
                self.machine.measured(&mut job, |job| job.reach(state));
                job.attempts = failures;
                Some(Slot::after(failures))
            };
            self.leave(job, slot);
        }
        Ok(())
    }

    /// None of the entries is possible any more, and the simulation does not say why.
    async fn nothing_accepted(&mut self) -> Result<Progress, StepError> {
        self.look_up().await?;
        if self.group.committed.is_none() {
            // A reorganisation undid the commitment: the same group is committed to again.
            return Ok(Progress::Again);
        }
        let tasks: Vec<B256> = self.jobs.iter().map(|job| job.task).collect();
        for task in tasks {
            self.leave_as_chain_says(task).await?;
        }
        if self.jobs.is_empty() {
            return Ok(Progress::Again);
        }
        // Alone each gets its reason by name.
        self.take_apart("the engine accepts none of its solutions")
    }
}

/// Whether a transaction is beyond what a block or a node takes.
pub(super) fn is_too_large(error: &ChainError) -> bool {
    let ChainError::Refused { message, .. } = error else {
        return false;
    };
    let text = message.to_lowercase();
    [
        "gas required exceeds",
        "out of gas",
        "exceeds block gas limit",
        "oversized data",
        "gas limit reached",
    ]
    .iter()
    .any(|words| text.contains(words))
}
