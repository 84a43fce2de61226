//! Settling a vote that is over.

use alloy_primitives::{U256, utils::format_ether};
use alloy_sol_types::SolCall as _;
use arbius_protocol::contestation::VoteRefusal;

use super::{Case, Stage, steps::Next};
use crate::{
    client::Contestation,
    contracts::IEngine,
    miner::{
        Role,
        ask::Whom,
        machine::{Machine, StepError},
    },
};

/// How long the other winners leave the settlement to the contester or the accused, who has
/// most to gain: only one of them has to pay for it. Seconds.
const LEAD: u64 = 20;

/// A vote that is over.
struct Ended {
    /// Whether the votes say that the solution is wrong.
    rejected: bool,
    winners: U256,
    losers: U256,
    settled: U256,
    slash: U256,
}

impl Ended {
    fn of(
        contestation: &IEngine::contestationsReturn,
        votes: &IEngine::contestationVoteCountsReturn,
    ) -> Self {
        // Ties side with the solver.
        let rejected = votes.yeas > votes.nays;
        let (winners, losers) = if rejected {
            (votes.yeas, votes.nays)
        } else {
            (votes.nays, votes.yeas)
        };
        Self {
            rejected,
            winners,
            losers,
            settled: U256::from(contestation.finish_start_index),
            slash: contestation.slashAmount,
        }
    }

    fn text(&self) -> String {
        let outcome = if self.rejected { "wrong" } else { "right" };
        format!(
            "the votes say that the solution is {outcome}, {} to {}",
            self.winners, self.losers
        )
    }
}

impl Machine {
    /// voted → settled, once the vote is over: by whoever gets something back.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task))]
    pub(super) async fn settle(&self, case: &mut Case) -> Result<Next, StepError> {
        let task = case.task;
        let calls = [
            IEngine::contestationVoteEndCall { task }.abi_encode(),
            self.can_vote(task).abi_encode(),
            IEngine::contestationsCall { task }.abi_encode(),
            IEngine::contestationVoteCountsCall { task }.abi_encode(),
        ];
        // What is concluded from it leaves a lock, and a share, to others.
        let whom = Whom::Two { since: case.block };
        let [end, refusal, contestation, votes] = self.ask(calls, whom).await?;
        let end = self.answer::<IEngine::contestationVoteEndCall>(end).await?;
        let end = end.saturating_to();
        case.vote_end = Some(end);
        let own = case.solver == Some(self.account());
        if self.now() <= end {
            let refusal = self
                .answer::<IEngine::validatorCanVoteCall>(refusal)
                .await?;
            // A reorganisation took our vote away, and one can still vote.
            let undone = [0, VoteRefusal::NoContestation as u8];
            if !own && undone.contains(&refusal.saturating_to()) {
                return self.reach_stage(case, Stage::Contested);
            }
            return Ok(Next::At(end.saturating_add(1)));
        }
        let contestation = self
            .answer::<IEngine::contestationsCall>(contestation)
            .await?;
        if contestation.validator.is_zero() {
            let reason = "the contestation is gone from the chain";
            return self.end_case(case, Stage::Abstained, reason);
        }
        let votes = self
            .answer::<IEngine::contestationVoteCountsCall>(votes)
            .await?;
        let ended = Ended::of(&contestation, &votes);
        let outcome = ended.text();
        if ended.settled >= ended.winners {
            return self.end_case(case, Stage::Settled, outcome);
        }
        let leads = match (ended.rejected, own) {
            (true, _) => case.contester == Some(self.account()),
            (false, own) => own,
        };
        if !leads {
            match self.voted_wrong(case).await? {
                Some(wrong) if wrong == ended.rejected => {}
                Some(_) => {
                    let lost = format_ether(ended.slash);
                    let reason = format!("{outcome}: this account has lost {lost} AIUS");
                    return self.end_case(case, Stage::Settled, reason);
                }
                // The accused that could lock nothing: there was nothing to lose.
                None => return self.end_case(case, Stage::Settled, outcome),
            }
        }
        if self.settings.shadow || !self.settings.roles.has(Role::Claim) {
            let reason = format!("{outcome}; settling it is left to others");
            return self.end_case(case, Stage::Settled, reason);
        }
        let others = end.saturating_add(LEAD);
        if !leads && self.now() <= others {
            return Ok(Next::At(others.saturating_add(1)));
        }
        for receipt in self.validator().settle(case.task).await? {
            self.included(&receipt);
            self.metrics.dispute("settle");
            case.gas = case.gas.saturating_add(receipt.gas_used);
        }
        self.save_case(case)?;
        if self.settings.withdraw {
            self.withdraw().await?;
        }
        self.end_case(case, Stage::Settled, outcome)
    }

    /// How this account has voted. After a restart it may be on the chain alone.
    async fn voted_wrong(&self, case: &mut Case) -> Result<Option<bool>, StepError> {
        if case.voted_wrong.is_none() {
            let found = Contestation::of(&self.chain, self.engine, case.task).await?;
            let account = self.account();
            case.voted_wrong = found.and_then(|votes| {
                let (wrong, right) = (
                    votes.wrong.contains(&account),
                    votes.right.contains(&account),
                );
                (wrong || right).then_some(wrong)
            });
        }
        Ok(case.voted_wrong)
    }
}
