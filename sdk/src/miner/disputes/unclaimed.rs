//! Claiming for others what they have not claimed.

use alloy_sol_types::SolCall as _;

use super::{Case, Stage, steps::Next};
use crate::{
    chain::Call,
    contracts::IEngine,
    miner::{
        Role,
        ask::Whom,
        machine::{Machine, StepError},
    },
};

/// Seconds after a contest end in which a solution is its solver's to claim (protocol
/// section 6).
const SOLVERS_HOUR: u64 = 3_600;

impl Machine {
    /// unclaimed → agreed: an hour after its solver could have claimed it.
    #[tracing::instrument(level = "debug", skip_all, fields(task = %case.task))]
    pub(super) async fn claim_for(&self, case: &mut Case) -> Result<Next, StepError> {
        let task = case.task;
        let calls = [
            IEngine::solutionsCall { task }.abi_encode(),
            IEngine::contestEndCall { task }.abi_encode(),
        ];
        let [solution, end] = self.ask(calls, Whom::Anyone).await?;
        let solution = self.answer::<IEngine::solutionsCall>(solution).await?;
        let end: u64 = self
            .answer::<IEngine::contestEndCall>(end)
            .await?
            .saturating_to();
        let due = end.saturating_add(SOLVERS_HOUR + 1);
        if self.now() < due {
            return Ok(Next::At(due));
        }
        if solution.claimed || solution.validator.is_zero() {
            return self.end_case(case, Stage::Agreed, "the same came out here");
        }
        if self.settings.shadow || !self.settings.roles.has(Role::Claim) {
            let reason = "the same came out here; claiming it is left to others";
            return self.end_case(case, Stage::Agreed, reason);
        }
        let call = IEngine::claimSolutionCall { task };
        let call =
            Call::new(self.engine, &call).for_purpose(format!("claiming {task} for its solver"));
        let receipt = match self.lane.execute(call).await {
            Ok(receipt) => receipt,
            // The next look finds out what happened to it.
            Err(error) if error.is_revert("AlreadyClaimed") => return Ok(Next::Step),
            Err(error) if error.is_revert("HasContestation") => {
                let reason = "the same came out here; it is contested";
                return self.end_case(case, Stage::Agreed, reason);
            }
            Err(error) => return Err(error.into()),
        };
        self.included(&receipt);
        case.gas = case.gas.saturating_add(receipt.gas_used);
        self.end_case(
            case,
            Stage::Agreed,
            "the same came out here; claimed for its solver",
        )
    }
}
