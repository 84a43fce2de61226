//! Commitments, solutions and claims (protocol sections 2 and 6).

use alloy_primitives::{Address, B256};
use arbius_protocol::{
    cid, emission, fixed::mul, ids, params::Parameter, splits, validators::minimum,
};

use super::{Faults, Ledger, fault};
use crate::step::Task;

/// Seconds after its contest end in which a solution is its solver's alone to claim.
const SOLVER_ONLY: u64 = 3_600;

/// A revealed solution.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub(crate) solver: Address,
    pub(crate) answer: B256,
    pub(crate) time: u64,
    /// On the clock that pauses stop.
    pub(crate) contest_end: u64,
    /// What is locked for it.
    pub(crate) stake: u128,
    pub(crate) claimed: bool,
}

/// The digest of an answer.
pub(crate) fn answer(number: u8) -> B256 {
    B256::repeat_byte(number)
}

/// The bytes of its CID.
pub(crate) fn answer_cid(number: u8) -> Vec<u8> {
    cid::encode(answer(number)).to_vec()
}

impl Ledger {
    /// The hash that commits somebody to an answer.
    pub(crate) fn commitment(&self, validator: Address, task: Task, number: u8) -> B256 {
        ids::commitment(validator, self.task_id(task), answer(number))
    }

    /// The hash that commits somebody to several.
    pub(crate) fn bulk_commitment(&self, validator: Address, pairs: &[(Task, u8)]) -> B256 {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(task, number)| (self.task_id(*task), answer(*number)))
            .collect();
        ids::bulk_commitment(validator, &pairs)
    }

    pub(super) fn signal(&mut self, by: Address, validator: u8, task: Task, answer: u8) -> Faults {
        let validator = self.addresses.person(validator);
        self.enter_signal(by, self.commitment(validator, task, answer))
    }

    pub(super) fn signal_bulk(
        &mut self,
        by: Address,
        validator: u8,
        pairs: &[(Task, u8)],
    ) -> Faults {
        let validator = self.addresses.person(validator);
        self.enter_signal(by, self.bulk_commitment(validator, pairs))
    }

    fn enter_signal(&mut self, by: Address, hash: B256) -> Faults {
        let mut faults = self.pause_faults();
        let block = self.block;
        let signals = self.commitments.entry(hash).or_default();
        let again = signals.iter().any(|(sender, _)| *sender == by);
        faults.demand(!again, fault!(CommitmentExists));
        if faults.none() {
            if !signals.is_empty() {
                self.seen.insert("a hash is signalled by a second sender");
            }
            signals.push((by, block));
        }
        faults
    }

    /// The block of the commitment that counts for a validator: its own before the first.
    fn committed(&self, hash: B256, validator: Address) -> Option<u64> {
        let signals = self.commitments.get(&hash)?;
        let own = signals.iter().find(|(sender, _)| *sender == validator);
        own.or(signals.first()).map(|(_, block)| *block)
    }

    /// A validator's minimum now.
    pub(crate) fn minimum(&self) -> u128 {
        minimum(
            self.emitted,
            self.parameter(Parameter::ValidatorMinimumPercentage),
            self.parameter(Parameter::ValidatorMinimumFloor),
        )
    }

    /// What stands against any solution of this sender.
    fn solver_faults(&self, by: Address) -> Faults {
        let mut faults = self.pause_faults();
        let person = self.peek(by);
        let pause = self.seconds(Parameter::MinClaimSolutionTime)
            + self.seconds(Parameter::MinContestationVotePeriodTime);
        let rested = person.last_loss == 0 || self.now > person.last_loss + pause;
        faults.demand(rested, fault!(SubmitSolutionCooldown));
        let needed = self
            .minimum()
            .max(self.parameter(Parameter::SolutionsStakeAmount));
        faults.demand(person.free() >= needed, fault!(MinStakedTooLow));
        faults
    }

    fn rate_limited(&self, by: Address, accepted: u128) -> bool {
        let limit = self.parameter(Parameter::SolutionRateLimit);
        let passed = self.now - self.peek(by).last_submission;
        limit > 0 && u128::from(passed) <= mul(limit, accepted).unwrap_or(u128::MAX)
    }

    /// Only the limit asks when somebody submitted, so it is noted only while there is one.
    fn note_submission(&mut self, by: Address) {
        if self.parameter(Parameter::SolutionRateLimit) > 0 {
            self.person(by).last_submission = self.now;
        }
    }

    /// What stands against one solution.
    fn entry_faults(&self, by: Address, task: Task, number: u8, bulk: Option<u64>) -> Faults {
        let mut faults = Faults::default();
        let id = self.task_id(task);
        let Some(entry) = self.tasks.get(&id) else {
            return faults.with(fault!(TaskDoesNotExist));
        };
        faults.demand(!entry.retracted, fault!(TaskNotOpen));
        faults.demand(entry.solution.is_none(), fault!(SolutionAlreadySubmitted));
        let single = self.committed(ids::commitment(by, id, answer(number)), by);
        let mut commitments = [bulk, single].into_iter().flatten().peekable();
        if commitments.peek().is_none() {
            faults.demand(false, fault!(NonExistentCommitment));
        } else {
            let doubts: Vec<_> = commitments
                .map(|block| (block >= self.block, block < entry.block))
                .collect();
            if doubts.iter().all(|(late, early)| *late || *early) {
                for (late, early) in doubts {
                    faults.demand(!late, fault!(CommitmentMustBeInPast));
                    faults.demand(!early, fault!(CommitmentBeforeTask));
                }
            }
        }
        let model = &self.models[&entry.model];
        let allowed = !model.listed || model.solvers.contains(&by);
        faults.demand(allowed, fault!(NotAllowedToSubmitSolution));
        let needed = self
            .minimum()
            .max(self.parameter(Parameter::SolutionsStakeAmount));
        faults.demand(self.peek(by).free() >= needed, fault!(MinStakedTooLow));
        faults
    }

    fn enter_solution(&mut self, by: Address, task: Task, number: u8) {
        let stake = self.parameter(Parameter::SolutionsStakeAmount);
        let contest_end = self.unpaused() + self.seconds(Parameter::MinClaimSolutionTime);
        let (id, now) = (self.task_id(task), self.now);
        self.person(by).staked -= stake;
        if stake > 0 {
            self.seen.insert("a solution locks stake");
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.solution = Some(Solution {
                solver: by,
                answer: answer(number),
                time: now,
                contest_end,
                stake,
                claimed: false,
            });
        }
    }

    pub(super) fn solve(&mut self, by: Address, task: Task, number: u8) -> Faults {
        let mut faults = self.solver_faults(by);
        faults.join(self.entry_faults(by, task, number, None));
        faults.demand(!self.rate_limited(by, 1), fault!(SolutionRateLimit));
        if faults.none() {
            self.enter_solution(by, task, number);
            self.note_submission(by);
        }
        faults
    }

    pub(super) fn solve_all(&mut self, by: Address, pairs: &[(Task, u8)]) -> Faults {
        let mut faults = self.solver_faults(by);
        faults.demand(!pairs.is_empty(), fault!(EmptyBatch));
        if !faults.none() {
            // That nothing can be accepted may be found first as well.
            return faults.with(fault!(NothingAccepted));
        }
        let before = self.clone();
        let bulk = self.committed(self.bulk_commitment(by, pairs), by);
        let mut accepted = 0;
        for (task, number) in pairs {
            if self.entry_faults(by, *task, *number, bulk).none() {
                self.enter_solution(by, *task, *number);
                accepted += 1;
            }
        }
        faults.demand(accepted > 0, fault!(NothingAccepted));
        faults.demand(!self.rate_limited(by, accepted), fault!(SolutionRateLimit));
        if !faults.none() {
            *self = before;
            return faults;
        }
        if bulk.is_some() && pairs.len() > 1 {
            self.seen.insert("a bulk commitment is revealed");
        }
        if accepted < pairs.len() as u128 {
            self.seen.insert("a bulk reveal skips an entry");
        }
        self.note_submission(by);
        faults
    }

    fn claim_faults(&self, by: Address, task: Task) -> Faults {
        let mut faults = Faults::default();
        let Some(task) = self.task(task) else {
            return faults.with(fault!(SolutionNotFound));
        };
        let Some(solution) = &task.solution else {
            return faults.with(fault!(SolutionNotFound));
        };
        faults.demand(task.contestation.is_none(), fault!(HasContestation));
        faults.demand(!solution.claimed, fault!(AlreadyClaimed));
        let now = self.unpaused();
        faults.demand(now > solution.contest_end, fault!(NotEnoughDelay));
        let own = solution.solver == by || now > solution.contest_end + SOLVER_ONLY;
        faults.demand(own, fault!(SolverOnly));
        faults
    }

    pub(super) fn claim(&mut self, by: Address, task: Task) -> Faults {
        let mut faults = self.pause_faults();
        faults.join(self.claim_faults(by, task));
        if faults.none() {
            self.pay_claim(self.task_id(task));
        }
        faults
    }

    pub(super) fn claim_all(&mut self, by: Address, tasks: &[Task]) -> Faults {
        let mut faults = self.pause_faults();
        faults.demand(!tasks.is_empty(), fault!(EmptyBatch));
        if !faults.none() {
            return faults;
        }
        let mut accepted = 0;
        for task in tasks {
            if self.claim_faults(by, *task).none() {
                self.pay_claim(self.task_id(*task));
                accepted += 1;
            }
        }
        faults.demand(accepted > 0, fault!(NothingAccepted));
        if accepted > 0 && accepted < tasks.len() {
            self.seen.insert("a bulk claim skips an entry");
        }
        faults
    }

    /// Distributes fee and reward of a solution that stands and frees its stake.
    pub(super) fn pay_claim(&mut self, id: B256) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return;
        };
        let Some(solution) = &mut task.solution else {
            return;
        };
        solution.claimed = true;
        let solver = solution.solver;
        let stake = std::mem::take(&mut solution.stake);
        let fee = std::mem::take(&mut task.escrow);
        let (owner, model_fee) = (task.owner, task.model_fee);
        let model = self.models[&task.model].clone();
        self.credit_stake(solver, stake);

        let percentage = model
            .percentage
            .unwrap_or_else(|| self.parameter(Parameter::SolutionModelFeePercentage));
        let solution_fee = self.parameter(Parameter::SolutionFeePercentage);
        let split = splits::fee(fee, model_fee, percentage, solution_fee);
        self.accrued += split.model_treasury + split.treasury;
        self.credit_earnings(model.addr, split.model);
        self.credit_earnings(solver, split.solver);

        if fee < self.parameter(Parameter::MinRewardFee) {
            self.seen.insert("a small fee earns no emission");
            return;
        }
        let elapsed = self.now.checked_sub(self.start);
        let total = emission::claim(elapsed, self.emitted, model.rate);
        if total == 0 {
            return;
        }
        let split = splits::reward(
            total,
            self.parameter(Parameter::TreasuryRewardPercentage),
            self.parameter(Parameter::TaskOwnerRewardPercentage),
        );
        self.emitted += total;
        self.accrued += split.treasury;
        self.credit_earnings(owner, split.task_owner);
        self.credit_earnings(solver, split.solver);
        self.seen.insert("a claim emits");
    }
}
