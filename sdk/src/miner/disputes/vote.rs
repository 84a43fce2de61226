//! Voting on what somebody contests.

use alloy_primitives::B256;
use alloy_sol_types::SolCall as _;
use arbius_protocol::contestation::VoteRefusal;

use super::{
    Case, Finding, Stage,
    identify::{Known, LATE_ATTEMPTS},
    steps::Next,
};
use crate::{
    client::{Vote, vote_refusal},
    contracts::IEngine,
    miner::{
        Role,
        ask::Whom,
        machine::{Machine, StepError},
    },
};

/// [`VoteRefusal::StakeTooLow`] as `validatorCanVote` says it.
const STAKE_TOO_LOW: u8 = VoteRefusal::StakeTooLow as u8;

impl Machine {
    /// contested → voted.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task))]
    pub(super) async fn vote(&self, case: &mut Case, may_compute: bool) -> Result<Next, StepError> {
        let task = case.task;
        let calls = [
            IEngine::contestationsCall { task }.abi_encode(),
            IEngine::contestationVoteEndCall { task }.abi_encode(),
            self.can_vote(task).abi_encode(),
            IEngine::contestationVotedCall {
                task,
                validator: self.account(),
            }
            .abi_encode(),
        ];
        let [found, end, refusal, voted] = self.ask(calls, Whom::Two { since: case.block }).await?;
        let found = self.answer::<IEngine::contestationsCall>(found).await?;
        let end = self.answer::<IEngine::contestationVoteEndCall>(end).await?;
        let refusal = self
            .answer::<IEngine::validatorCanVoteCall>(refusal)
            .await?;
        let refusal: u8 = refusal.saturating_to();
        let voted = self.answer::<IEngine::contestationVotedCall>(voted).await?;
        if found.validator.is_zero() && case.attempts < LATE_ATTEMPTS {
            return Err(StepError::Late);
        }
        if found.validator.is_zero() {
            return self.end_case(
                case,
                Stage::Abstained,
                "the contestation is gone from the chain",
            );
        }
        case.contester = Some(found.validator);
        case.vote_end = Some(end.saturating_to());
        match self.identify(case).await? {
            Known::Here => {}
            Known::Foreign => {
                self.store.forget_case(task)?;
                return Ok(Next::Over);
            }
            Known::Gone => {
                let reason = "the contested solution is gone from the chain";
                return self.end_case(case, Stage::Abstained, reason);
            }
        }
        let own = case.solver == Some(self.account());
        if refusal == u8::from(VoteRefusal::Voted) && !own {
            return self.reach_stage(case, Stage::Voted);
        }
        if refusal == u8::from(VoteRefusal::Ended) {
            // A vote of an earlier run may have arrived unseen.
            return self.vote_is_over(case, own || voted);
        }
        if !own && !self.settings.roles.has(Role::Vote) {
            return self.end_case(case, Stage::Abstained, "voting is switched off");
        }
        let Some(finding) = case.finding.clone() else {
            if self.now() > self.latest_start(case) {
                let reason = "the vote ends before this machine can compute the task";
                return match own {
                    true => self.reach_stage(case, Stage::Voted),
                    false => self.end_case(case, Stage::Missed, reason),
                };
            }
            if may_compute {
                case.finding = Some(self.judge(case).await?);
                self.save_case(case)?;
                return Ok(Next::Step);
            }
            return Ok(Next::Compute);
        };
        if own {
            return self.defend(case, &finding, refusal).await;
        }
        let vote = match &finding {
            Finding::Right => Vote::Right,
            Finding::Wrong { .. } => Vote::Wrong,
            Finding::Inconclusive { reason } => {
                let reason = format!("this machine cannot say whether it is right: {reason}");
                return self.end_case(case, Stage::Abstained, reason);
            }
        };
        if self.settings.shadow {
            let reason = format!("shadow: it would be voted {} now", word(vote));
            return self.end_case(case, Stage::Abstained, reason);
        }
        if let Some(reason) = case.model.and_then(|model| self.passports.stopped(model)) {
            let reason = super::judge::untrusted(&reason);
            return self.end_case(case, Stage::Abstained, reason);
        }
        match refusal {
            0 => self.cast(case, vote).await,
            STAKE_TOO_LOW => self.wait_for_stake().await,
            code => self.end_case(case, Stage::Abstained, refused(code)),
        }
    }

    /// Our own solution is contested. The engine has cast our vote if it could lock what that
    /// takes; otherwise it is cast here once it can.
    async fn defend(
        &self,
        case: &mut Case,
        finding: &Finding,
        refusal: u8,
    ) -> Result<Next, StepError> {
        let task = case.task;
        match finding {
            Finding::Right => {
                if case.attempts == 0 {
                    tracing::info!(%task, contester = ?case.contester,
                        "a solution of ours is contested; it came out the same again");
                }
                if !self.settings.shadow && self.settings.roles.has(Role::Vote) {
                    match refusal {
                        0 => return self.cast(case, Vote::Right).await,
                        STAKE_TOO_LOW => return self.wait_for_stake().await,
                        _ => {}
                    }
                }
            }
            Finding::Wrong { computed } => {
                tracing::error!(%task, %computed, contester = ?case.contester,
                    "a solution of OURS is contested, and this machine now makes something else");
                if let Some(model) = case.model {
                    let reason = format!(
                        "it revealed another output for task {task} than it makes now; find out \
                         why before it mines this model again"
                    );
                    self.passports.stop(model, &reason);
                }
            }
            Finding::Inconclusive { reason } => {
                tracing::error!(%task, reason, contester = ?case.contester,
                    "a solution of ours is contested, and this machine cannot say whether it is right");
            }
        }
        if refusal == u8::from(VoteRefusal::Voted) {
            case.voted_wrong = Some(false);
        }
        self.reach_stage(case, Stage::Voted)
    }

    /// Tops the stake up where that is allowed. Otherwise one may vote as soon as somebody
    /// has; until then it is tried again.
    async fn wait_for_stake(&self) -> Result<Next, StepError> {
        if self.top_up().await? {
            return Ok(Next::Step);
        }
        Err(StepError::CannotVote(VoteRefusal::StakeTooLow.to_string()))
    }

    async fn cast(&self, case: &mut Case, vote: Vote) -> Result<Next, StepError> {
        let sent = {
            let _one_at_a_time = self.locking.write().await;
            self.validator().vote(case.task, vote).await
        };
        let receipt = match sent {
            Ok(receipt) => receipt,
            // The reason is asked for again: voted before a restart, ended, too little stake.
            Err(error) if error.is_revert("NotAllowed") => {
                return Err(StepError::CannotVote(error.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        self.included(&receipt);
        self.metrics.dispute(match vote {
            Vote::Wrong => "vote_wrong",
            Vote::Right => "vote_right",
        });
        case.gas = case.gas.saturating_add(receipt.gas_used);
        case.voted_wrong = Some(vote == Vote::Wrong);
        self.reach_stage(case, Stage::Voted)
    }

    /// What is left of a dispute whose vote is over.
    fn vote_is_over(&self, case: &mut Case, took_part: bool) -> Result<Next, StepError> {
        if took_part || case.voted_wrong.is_some() || case.contester == Some(self.account()) {
            self.reach_stage(case, Stage::Voted)
        } else {
            self.end_case(
                case,
                Stage::Missed,
                "the vote was over before this miner could vote",
            )
        }
    }

    /// Asks whether this account may vote: 0, or the number of the reason why not.
    pub(super) fn can_vote(&self, task: B256) -> IEngine::validatorCanVoteCall {
        IEngine::validatorCanVoteCall {
            validator: self.account(),
            task,
        }
    }
}

const fn word(vote: Vote) -> &'static str {
    match vote {
        Vote::Wrong => "wrong",
        Vote::Right => "right",
    }
}

/// The reason behind a code of `validatorCanVote`.
fn refused(code: u8) -> String {
    let reason = vote_refusal(code).unwrap_or_default();
    format!("this account may not vote: {reason}")
}
