//! Claims (protocol section 6): what a final solution earns, and for whom.
//!
//! A claim credits the earnings ledger and calls nobody, so a hundred claims and one
//! withdrawal make one transfer.

use crate::abi::{Hashes, event};
use crate::earnings;
use crate::host;
use crate::models::{self, Payee, Terms};
use crate::params::{self, ClaimingParams};
use crate::revert::{Revert, ensure, error};
use crate::solutions::Solution;
use crate::state::{Config, Ledger};
use crate::tasks::{self, Fees, Head};
use crate::validators::Stake;
use alloy_primitives::{Address, B256};
use arbius_protocol::tasks::{ClaimError, claimable, earns_emission};
use arbius_protocol::{emission, splits};

/// Claims of one call. Whoever makes them writes the ledger back.
pub(crate) struct Claims {
    config: Config,
    params: ClaimingParams,
    pub(crate) ledger: Ledger,
    sender: Address,
    pub(crate) now: u64,
    pub(crate) unpaused: u64,
}

impl Claims {
    /// What claims need to know, read once.
    ///
    /// # Errors
    ///
    /// `Paused`.
    #[inline(never)]
    pub(crate) fn begin() -> Result<Self, Revert> {
        let config = Config::running()?;
        let now = host::now();
        Ok(Self {
            params: params::claiming(),
            ledger: Ledger::read(),
            sender: host::sender(),
            now,
            unpaused: config.clock().unpaused(now),
            config,
        })
    }

    /// A solution that the sender can claim now.
    ///
    /// # Errors
    ///
    /// `SolutionNotFound`, `HasContestation`, `AlreadyClaimed`, `NotEnoughDelay`,
    /// `SolverOnly`.
    #[inline(never)]
    fn claimable(&self, task: B256) -> Result<Solution, Revert> {
        let solution = Solution::of(task);
        let mark = &solution.mark;
        ensure!(solution.exists(), SolutionNotFound);
        ensure!(!mark.contested, HasContestation);
        ensure!(!mark.claimed, AlreadyClaimed);
        claimable(self.unpaused, mark.contest_end, self.sender == mark.solver).map_err(
            |refusal| match refusal {
                ClaimError::NotEnoughDelay { .. } => error!(NotEnoughDelay),
                ClaimError::SolverOnly { .. } => error!(SolverOnly),
            },
        )?;
        Ok(solution)
    }

    /// Distributes fee and reward of a solution that stands and frees its stake.
    ///
    /// Whoever calls this has made sure that the solution stands and is not claimed: the
    /// claim itself, or a contestation that was lost.
    pub(crate) fn pay(&mut self, task: B256, mut solution: Solution) -> Result<(), Revert> {
        let solver = solution.mark.solver;
        solution.set_claimed();
        let stake = solution.take_stake();
        if stake != 0 {
            Stake::credit_to(solver, stake, self.ledger.emitted, self.now);
        }
        event!(SolutionClaimed)
            .address(&solver)
            .word(&task.0)
            .log(3);

        let (entry, head) = tasks::Entry::find(task);
        let fees = entry.fees();
        let model = models::id_of(head.model);
        let model_entry = models::Entry::of(model);
        let terms = model_entry.terms();
        if fees.fee != 0 {
            self.pay_fee(task, model, &terms, &model_entry.payee(), &fees, solver)?;
        }
        self.pay_reward(task, model, &terms, &head, &fees, solver)
    }
}

impl Claims {
    #[inline(never)]
    fn pay_fee(
        &mut self,
        task: B256,
        model: B256,
        terms: &Terms,
        payee: &Payee,
        fees: &Fees,
        solver: Address,
    ) -> Result<(), Revert> {
        let model_percentage = if terms.overridden {
            payee.percentage.into()
        } else {
            params::model_fee_percentage()
        };
        let split = splits::fee(fees.fee, fees.model_fee, model_percentage, self.params.fee);
        self.ledger.accrued += split.model_treasury + split.treasury;
        earnings::credit(payee.addr, split.model);
        earnings::credit(solver, split.solver);
        event!(FeesPaid)
            .word(&model.0)
            .word(&task.0)
            .address(&solver)
            .uint(fees.model_fee)
            .uint(split.model_treasury)
            .uint(split.treasury + split.solver)
            .uint(split.solver)
            .log(4);
        Ok(())
    }

    #[inline(never)]
    fn pay_reward(
        &mut self,
        task: B256,
        model: B256,
        terms: &Terms,
        head: &Head,
        fees: &Fees,
        solver: Address,
    ) -> Result<(), Revert> {
        if !earns_emission(fees.fee, self.config.min_reward_fee) {
            return Ok(());
        }
        let elapsed = self.now.checked_sub(self.params.start);
        let total = emission::claim(elapsed, self.ledger.emitted, terms.rate);
        if total == 0 {
            return Ok(());
        }
        let split = splits::reward(total, self.params.treasury_reward, self.params.owner_reward);
        let (treasury, owner, share) = (split.treasury, split.task_owner, split.solver);
        self.ledger.hold(total)?;
        self.ledger.emitted += total;
        self.ledger.accrued += treasury;
        earnings::credit(head.owner, owner);
        earnings::credit(solver, share);
        event!(RewardsPaid)
            .word(&model.0)
            .word(&task.0)
            .address(&solver)
            .uint(total)
            .uint(treasury)
            .uint(owner)
            .uint(share)
            .log(4);
        Ok(())
    }
}

/// `claimSolution(task)`: credits fee and reward of an uncontested solution after its
/// contest end; in the first hour to nobody's call but the solver's.
///
/// Whatever the model or its parameters did meanwhile, the fee is split with the model
/// fee that was fixed at submission. Where the emission is undefined or used up, the
/// claim goes through without a reward.
///
/// # Errors
///
/// `SolutionNotFound`, `HasContestation`, `AlreadyClaimed`, `NotEnoughDelay`,
/// `SolverOnly`.
///
/// # Events
///
/// `SolutionClaimed`, `FeesPaid` if there was a fee, `RewardsPaid` if anything was
/// emitted.
pub(crate) fn claim(task: B256) -> Result<(), Revert> {
    let mut claims = Claims::begin()?;
    let solution = claims.claimable(task)?;
    claims.pay(task, solution)?;
    claims.ledger.write();
    Ok(())
}

/// `bulkClaimSolution(tasks)`: claims several, passing over those that cannot be claimed.
///
/// # Errors
///
/// `EmptyBatch`, `NothingAccepted`.
///
/// # Events
///
/// Those of [`claim`], or `SolutionClaimSkipped`, for each.
pub(crate) fn bulk_claim(tasks: Hashes<'_>) -> Result<(), Revert> {
    ensure!(!tasks.is_empty(), EmptyBatch);
    let mut claims = Claims::begin()?;
    let mut accepted = false;
    for task in tasks.iter() {
        match claims.claimable(task) {
            Ok(solution) => {
                claims.pay(task, solution)?;
                accepted = true;
            }
            Err(reason) => event!(SolutionClaimSkipped)
                .word(&task.0)
                .bytes4(reason.selector())
                .log(2),
        }
    }
    ensure!(accepted, NothingAccepted);
    claims.ledger.write();
    Ok(())
}
