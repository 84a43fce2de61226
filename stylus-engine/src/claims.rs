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
use crate::solvers::Solver;
use crate::state::Ledger;
use crate::tasks::{Flags, Head, Offer, Task};
use crate::validators::Stake;
use alloy_primitives::{Address, B256};
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

    /// A task whose solution the sender can claim now, and the solver.
    ///
    /// # Errors
    ///
    /// `SolutionNotFound`, `HasContestation`, `AlreadyClaimed`, `NotEnoughDelay`,
    /// `SolverOnly`.
    #[inline(never)]
    fn claimable(&self, id: B256) -> Result<(Task, Solver), Revert> {
        let task = Task::find(id);
        let flags = task.flags();
        ensure!(flags.solved, SolutionNotFound);
        ensure!(!flags.contested, HasContestation);
        ensure!(!flags.claimed, AlreadyClaimed);
        let reveal = task.reveal();
        let solver = Solver::of(reveal.solver);
        let own = self.sender == solver.address;
        claimable(self.unpaused, reveal.contest_end, own).map_err(|refusal| match refusal {
            ClaimError::NotEnoughDelay { .. } => error!(NotEnoughDelay),
            ClaimError::SolverOnly { .. } => error!(SolverOnly),
        })?;
        Ok((task, solver))
    }

    /// Distributes fee and reward of a solution that stands and frees its stake.
    ///
    /// Whoever calls this has made sure that the solution stands and is not claimed: the
    /// claim itself, or a contestation that was lost.
    #[inline(never)]
    pub(crate) fn pay(&mut self, id: B256, mut task: Task, solver: Solver) {
        task.set_flags(Flags {
            claimed: true,
            ..task.flags()
        });
        let stake = task.take_stake();
        if stake != 0 {
            Stake::credit_to(solver.address, stake, &self.ledger, self.now);
        }
        event!(SolutionClaimed)
            .address(&solver.address)
            .word(&id.0)
            .log(3);

        let head = task.head();
        let offer = head.offer();
        let mut claim = Claim {
            task: id,
            model: models::id_of(offer.model),
            solver,
            payee: Payee::of(offer.model),
            offer,
            params: params::claiming(self.ledger.marks),
        };
        if claim.offer.fee != 0 {
            self.pay_fee(&mut claim);
        }
        self.pay_reward(&mut claim, &head);
        claim.solver.write(task.reveal().solver);
    }
}

/// What one claim is about.
struct Claim {
    task: B256,
    model: B256,
    solver: Solver,
    payee: Payee,
    offer: Offer,
    params: ClaimingParams,
}

impl Claim {
    /// Completes the topics of an event about it.
    #[inline(never)]
    fn name(&self, mut log: Words) -> Words {
        log.word(&self.model.0)
            .word(&self.task.0)
            .address(&self.solver.address);
        log
    }
}

impl Claims {
    #[inline(never)]
    fn pay_fee(&mut self, claim: &mut Claim) {
        let model_percentage = if claim.payee.overridden {
            models::Entry::of(claim.model).terms().percentage.into()
        } else {
            params::model_fee_percentage(self.ledger.marks)
        };
        let (fee, model_fee) = (claim.offer.fee, claim.offer.model_fee);
        let split = splits::fee(fee, model_fee, model_percentage, claim.params.fee);
        self.ledger.accrued += split.model_treasury + split.treasury;
        earnings::credit(claim.payee.addr, split.model);
        claim.solver.earned += split.solver;
        claim
            .name(event!(FeesPaid))
            .uint(model_fee)
            .uint(split.model_treasury)
            .uint(split.treasury + split.solver)
            .uint(split.solver)
            .log(4);
    }

    #[inline(never)]
    fn pay_reward(&mut self, claim: &mut Claim, head: &Head) {
        if !earns_emission(claim.offer.fee, params::min_reward_fee(self.ledger.marks)) {
            return;
        }
        let elapsed = self.now.checked_sub(self.ledger.start);
        let total = emission::claim(elapsed, self.ledger.emitted, claim.payee.rate);
        if total == 0 {
            return;
        }
        let percentages = &claim.params;
        let split = splits::reward(total, percentages.treasury_reward, percentages.owner_reward);
        // No more is ever emitted than the reserve that the engine has.
        self.ledger.emitted += total;
        self.ledger.accrued += split.treasury;
        if split.task_owner != 0 {
            earnings::credit(head.owner(), split.task_owner);
        }
        claim.solver.earned += split.solver;
        claim
            .name(event!(RewardsPaid))
            .uint(total)
            .uint(split.treasury)
            .uint(split.task_owner)
            .uint(split.solver)
            .log(4);
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
    let (record, solver) = claims.claimable(task)?;
    claims.pay(task, record, solver);
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
            Ok((record, solver)) => {
                claims.pay(task, record, solver);
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
