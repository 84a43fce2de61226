//! One step of one case.

use super::{Case, Cause, Finding, Stage, fetch::ATTEMPTS, identify::Known};
use crate::miner::{
    StoreError,
    machine::{Machine, StepError},
};

/// What comes after a step of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The next step, at once.
    Step,
    /// The model is to be run, when it is this case's turn.
    Compute,
    /// Nothing until this time of the chain, seconds since 1970.
    At(u64),
    /// Nothing ever.
    Over,
}

impl Machine {
    /// Writes a case down and tells whoever listens. What was read about it meanwhile comes
    /// into it: it may be contested now.
    pub(super) fn save_case(&self, case: &mut Case) -> Result<(), StoreError> {
        self.store.save_case(case)?;
        tracing::info!(task = %case.task, stage = %case.stage, note = case.note.as_deref(), "case");
        // Nobody listening is no error.
        let _ = self.case_events.send(case.clone());
        Ok(())
    }

    pub(super) fn reach_stage(&self, case: &mut Case, stage: Stage) -> Result<Next, StepError> {
        case.reach(stage);
        self.save_case(case)?;
        Ok(Next::Step)
    }

    pub(super) fn end_case(
        &self,
        case: &mut Case,
        stage: Stage,
        reason: impl Into<String>,
    ) -> Result<Next, StepError> {
        case.end(stage, reason);
        self.save_case(case)?;
        // Unless somebody has contested it meanwhile.
        Ok(match case.stage.is_over() {
            true => Next::Over,
            false => Next::Step,
        })
    }

    /// Until when computing may begin, in the chain's time.
    pub(super) fn latest_start(&self, case: &Case) -> u64 {
        let end = match case.stage {
            Stage::Contested | Stage::Voted => case.vote_end,
            _ => case.contest_end,
        };
        let reserve = self.settings.verification.reserve.as_secs();
        end.unwrap_or_default().saturating_sub(reserve)
    }

    /// Does the next thing for a case.
    pub(super) async fn step_case(
        &self,
        case: &mut Case,
        may_compute: bool,
    ) -> Result<Next, StepError> {
        match case.stage {
            Stage::Seen => self.look_at(case, may_compute).await,
            Stage::Judged => self.contest(case).await,
            Stage::Contested => self.vote(case, may_compute).await,
            Stage::Voted => self.settle(case).await,
            Stage::Unclaimed => self.claim_for(case).await,
            _ => Ok(Next::Over),
        }
    }

    /// seen → judged, or over.
    async fn look_at(&self, case: &mut Case, may_compute: bool) -> Result<Next, StepError> {
        if let Some(finding) = case.finding.clone() {
            return self.conclude(case, finding);
        }
        // Cases wait in line for the machine, and an endpoint that stalls must not hold the line
        // up: what a case is about was asked before it joined, and is asked again before
        // anybody is accused, or it is too late, as a pause makes the contest period longer.
        let in_time = self.now() <= self.latest_start(case);
        let known = if may_compute && case.is_complete() && in_time {
            Known::Here
        } else {
            self.identify(case).await?
        };
        match known {
            Known::Here => {}
            Known::Foreign => {
                self.store.forget_case(case.task)?;
                return Ok(Next::Over);
            }
            Known::Gone => {
                let reason = "the solution is gone from the chain";
                return self.end_case(case, Stage::Missed, reason);
            }
        }
        if self.now() > self.latest_start(case) {
            let reason = "the contest period ended before this machine came to it";
            return self.end_case(case, Stage::Missed, reason);
        }
        if case.cause == Cause::Fetch {
            return self.try_fetch(case).await;
        }
        if !may_compute {
            return Ok(Next::Compute);
        }
        let finding = self.judge(case).await?;
        case.finding = Some(finding);
        self.save_case(case)?;
        Ok(Next::Step)
    }

    async fn try_fetch(&self, case: &mut Case) -> Result<Next, StepError> {
        if self.can_fetch(case).await {
            let settings = &self.settings.verification;
            if self.lot.percent(case.task) < settings.idle_percent {
                case.cause = Cause::Idle;
                return Ok(Next::Compute);
            }
            let reason = "its outputs can be fetched; it was not computed again";
            return self.end_case(case, Stage::Agreed, reason);
        }
        case.attempts = case.attempts.saturating_add(1);
        if case.attempts < ATTEMPTS {
            return Ok(Next::At(self.fetch_again_at(case, self.now())));
        }
        tracing::warn!(task = %case.task, solver = ?case.solver,
            "no gateway has the outputs of a solution; it is computed again");
        case.attempts = 0;
        case.cause = Cause::Unfetchable;
        Ok(Next::Compute)
    }

    fn conclude(&self, case: &mut Case, finding: Finding) -> Result<Next, StepError> {
        match finding {
            Finding::Right if self.settings.claim_for_others => {
                self.reach_stage(case, Stage::Unclaimed)
            }
            Finding::Right => self.end_case(case, Stage::Agreed, "the same came out here"),
            Finding::Wrong { .. } => self.reach_stage(case, Stage::Judged),
            Finding::Inconclusive { reason } => self.end_case(case, Stage::Inconclusive, reason),
        }
    }
}
