//! Telling the consumers of one's tasks their outcome.

use std::time::Duration;

use alloy_primitives::B256;
use arbius_protocol::tasks::gas_to_notify;

use super::{
    MinerError,
    machine::{Machine, Remedy, StepError},
};
use crate::{chain::Call, contracts::IEngine};

/// Attempts at telling one consumer. A consumer that fails is its owner's affair: anyone may
/// tell it later.
const ATTEMPTS: u32 = 5;

const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Gas of a transaction that notifies, beside what is passed on and the engine keeps for
/// it: the transaction itself, starting the engine's two programs, and its books.
const OVERHEAD: u64 = 120_000;

/// Tells the consumer of a task that we have solved, if it has one that waits. Returns after
/// which pause to try again, if so.
pub(super) async fn tell(machine: &Machine, task: B256) -> Result<Option<Duration>, MinerError> {
    let error = match machine.notify(task).await {
        Ok(()) => {
            machine.store.close_notice(task)?;
            return Ok(None);
        }
        Err(error) if error.remedy(0) == Remedy::Stop => return Err(error.into()),
        Err(error) => error,
    };
    let known = machine.store.notices()?;
    let attempts = known
        .into_iter()
        .find(|(open, _)| *open == task)
        .map_or(0, |(_, attempts)| attempts)
        + 1;
    if attempts >= ATTEMPTS {
        tracing::warn!(%task, %error, "its consumer could not be told; anyone may do so later");
        machine.store.close_notice(task)?;
        return Ok(None);
    }
    machine.store.put_off_notice(task, attempts)?;
    Ok(Some(FIRST_PAUSE.saturating_mul(1 << attempts.min(8))))
}

impl Machine {
    #[tracing::instrument(level = "debug", skip_all, fields(%task))]
    async fn notify(&self, task: B256) -> Result<(), StepError> {
        let call = IEngine::taskConsumerCall { task };
        let found = self.chain.read(self.engine, &call).await?;
        if found.consumer.is_zero() || found.notified {
            return Ok(());
        }
        let gas = gas_to_notify(found.gasLimit.into()).saturating_add(OVERHEAD);
        if gas > self.settings.notify_gas {
            tracing::info!(%task, consumer = %found.consumer, gas,
                "its consumer is not told: that takes more gas than the settings allow");
            return Ok(());
        }
        if self.settings.shadow {
            tracing::info!(%task, consumer = %found.consumer, "shadow: its consumer would be told now");
            return Ok(());
        }
        let call = IEngine::notifyConsumerCall { task };
        let call =
            Call::new(self.engine, &call).for_purpose(format!("notifying the consumer of {task}"));
        match self.lane.execute(call).await {
            Ok(receipt) => {
                self.included(&receipt);
                let told = receipt
                    .events::<IEngine::ConsumerNotified>(self.engine)
                    .any(|event| event.success);
                if told {
                    Ok(())
                } else {
                    Err(StepError::Consumer)
                }
            }
            Err(error) if error.is_revert("AlreadyNotified") => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
