//! Claims (protocol section 6): what a final solution earns, and for whom.
//!
//! A claim credits the earnings ledger and calls nobody, so a hundred claims and one
//! withdrawal make one transfer.

use crate::abi::{Hashes, Words, event};
use crate::earnings;
use crate::host;
use crate::models::{self, Payee};
use crate::params::{self, ClaimingParams};
use crate::revert::{Revert, ensure, error};
use crate::solutions::Solution;
use crate::state::Ledger;
use crate::tasks::{self, Fees};
use crate::validators::Stake;
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use arbius_protocol::interfaces::engine::IEngine;
use arbius_protocol::tasks::{ClaimError, claimable, earns_emission};
use arbius_protocol::{emission, splits};

/// Claims of one call. Whoever makes them writes the ledger back.
pub(crate) struct Claims {
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
        let ledger = Ledger::running()?;
        let now = host::now();
        Ok(Self {
            sender: host::sender(),
            now,
            unpaused: ledger.clock().unpaused(now),
            ledger,
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
        let model = models::id_of(head.model);
        let claim = Claim {
            task,
            model,
            solver,
            payee: Payee::of(head.model),
            fees: entry.fees(),
            params: params::claiming(),
        };
        if claim.fees.fee != 0 {
            self.pay_fee(&claim);
        }
        self.pay_reward(&claim, head.owner)
    }
}

/// What one claim is about.
struct Claim {
    task: B256,
    model: B256,
    solver: Address,
    payee: Payee,
    fees: Fees,
    params: ClaimingParams,
}

impl Claim {
    /// An event about it, with its three topics.
    fn event(&self, signature: &B256) -> Words {
        let mut log = Words::event(signature);
        log.word(&self.model.0)
            .word(&self.task.0)
            .address(&self.solver);
        log
    }
}

impl Claims {
    #[inline(never)]
    fn pay_fee(&mut self, claim: &Claim) {
        let model_percentage = if claim.payee.overridden {
            models::Entry::of(claim.model).terms().percentage.into()
        } else {
            params::model_fee_percentage(self.ledger.marks)
        };
        let (fee, model_fee) = (claim.fees.fee, claim.fees.model_fee);
        let split = splits::fee(fee, model_fee, model_percentage, claim.params.fee);
        self.ledger.accrued += split.model_treasury + split.treasury;
        earnings::credit(claim.payee.addr, split.model);
        earnings::credit(claim.solver, split.solver);
        claim
            .event(&IEngine::FeesPaid::SIGNATURE_HASH)
            .uint(model_fee)
            .uint(split.model_treasury)
            .uint(split.treasury + split.solver)
            .uint(split.solver)
            .log(4);
    }

    #[inline(never)]
    fn pay_reward(&mut self, claim: &Claim, owner: Address) -> Result<(), Revert> {
        if !earns_emission(claim.fees.fee, params::min_reward_fee(self.ledger.marks)) {
            return Ok(());
        }
        let elapsed = self.now.checked_sub(claim.params.start);
        let total = emission::claim(elapsed, self.ledger.emitted, claim.payee.rate);
        if total == 0 {
            return Ok(());
        }
        let percentages = &claim.params;
        let split = splits::reward(total, percentages.treasury_reward, percentages.owner_reward);
        self.ledger.hold(total)?;
        self.ledger.emitted += total;
        self.ledger.accrued += split.treasury;
        earnings::credit(owner, split.task_owner);
        earnings::credit(claim.solver, split.solver);
        claim
            .event(&IEngine::RewardsPaid::SIGNATURE_HASH)
            .uint(total)
            .uint(split.treasury)
            .uint(split.task_owner)
            .uint(split.solver)
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
