//! Contesting a solution that is wrong.

use super::{Case, Finding, Stage, identify::Known, steps::Next};
use crate::miner::{
    Role,
    machine::{Machine, StepError},
};

impl Machine {
    /// judged → voted: who contests votes with that.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task))]
    pub(super) async fn contest(&self, case: &mut Case) -> Result<Next, StepError> {
        // Once more before anybody is accused: the solution that was looked at must be the
        // chain's.
        if self.identify(case).await? != Known::Here {
            let reason = "the solution is gone from the chain";
            return self.end_case(case, Stage::Missed, reason);
        }
        let Some(Finding::Wrong { computed }) = case.finding.clone() else {
            return self.reach_stage(case, Stage::Seen);
        };
        let found = format!("{computed} comes out here");
        if !self.settings.roles.has(Role::Contest) {
            let reason = format!("{found}; contesting is switched off");
            return self.end_case(case, Stage::Reported, reason);
        }
        if self.settings.shadow {
            let reason = format!("{found}; shadow: it would be contested now");
            return self.end_case(case, Stage::Reported, reason);
        }
        if let Some(reason) = case.model.and_then(|model| self.passports.stopped(model)) {
            let reason = super::judge::untrusted(&reason);
            return self.end_case(case, Stage::Inconclusive, reason);
        }
        let sent = {
            let _one_at_a_time = self.locking.write().await;
            self.validator().contest(case.task).await
        };
        let error = match sent {
            Ok(receipt) => {
                self.included(&receipt);
                self.metrics.dispute("contest");
                case.gas = case.gas.saturating_add(receipt.gas_used);
                case.contester = Some(self.account());
                case.voted_wrong = Some(true);
                return self.reach_stage(case, Stage::Voted);
            }
            Err(error) => error,
        };
        let name = error.revert().and_then(|revert| revert.name.as_deref());
        match name {
            // Ours from before a restart, or another's who was first: then we vote.
            Some("ContestationAlreadyExists") => self.reach_stage(case, Stage::Contested),
            Some("TooLate" | "AlreadyClaimed") => {
                let reason = format!("{found}, but {error}");
                self.end_case(case, Stage::Missed, reason)
            }
            Some("NotAllowed") => {
                let reason = format!(
                    "{found}; this account cannot contest it: it has not been a validator for \
                     long enough before the solution"
                );
                self.end_case(case, Stage::Reported, reason)
            }
            Some("MinStakedTooLow") if self.top_up().await? => Ok(Next::Step),
            _ => Err(error.into()),
        }
    }
}
