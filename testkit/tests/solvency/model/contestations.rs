//! Contestations (protocol section 8).

use alloy_primitives::Address;
use arbius_protocol::{
    contestation::{Outcome, Settlement, Tally},
    params::Parameter,
    validators::slash_amount,
};

use super::{Faults, Ledger, fault};
use crate::step::Task;

/// A dispute about a solution.
#[derive(Clone, Debug)]
pub(crate) struct Contestation {
    /// What every vote locks.
    pub(crate) slash: u128,
    pub(crate) time: u64,
    pub(crate) yeas: Vec<Address>,
    pub(crate) nays: Vec<Address>,
    /// When the vote ends and what that can be moved to, on the clock that pauses stop.
    pub(crate) end: u64,
    pub(crate) latest: u64,
    /// Seconds that a late vote adds.
    extension: u64,
    /// Locks, and shares that were not paid out yet.
    pub(crate) held: u128,
    /// Winners that were paid.
    pub(crate) settled: u32,
    /// Whether yes won, once that is known.
    pub(crate) rejected: Option<bool>,
    settlement: Option<Settlement>,
}

impl Contestation {
    /// Whether every winner was paid.
    pub(crate) fn is_settled(&self) -> bool {
        self.settlement
            .is_some_and(|settlement| self.settled >= settlement.winners)
    }

    pub(crate) fn has_voted(&self, address: Address) -> bool {
        self.yeas.contains(&address) || self.nays.contains(&address)
    }
}

impl Ledger {
    /// What a vote in a contestation that is opened now locks.
    pub(crate) fn slash(&self) -> u128 {
        slash_amount(
            self.emitted,
            self.parameter(Parameter::SlashAmountPercentage),
            self.parameter(Parameter::SlashAmountFloor),
        )
    }

    /// Whether stake and its age admit somebody to a dispute about a solution.
    fn admitted(&self, by: Address, solved: u64, slash: u128) -> Faults {
        let mut faults = Faults::default();
        let person = self.peek(by);
        let early = self.seconds(Parameter::MaxContestationValidatorStakeSince);
        let old = person.since > 0 && person.since + early <= solved;
        faults.demand(old, fault!(NotAllowed));
        let rich = person.since > 0 && person.free() >= self.minimum().max(slash);
        faults.demand(rich, fault!(MinStakedTooLow));
        faults
    }

    pub(super) fn contest(&mut self, by: Address, task: Task) -> Faults {
        let mut faults = self.pause_faults();
        let id = self.task_id(task);
        let (slash, unpaused) = (self.slash(), self.unpaused());
        let Some(entry) = self.tasks.get(&id) else {
            return faults.with(fault!(SolutionNotFound));
        };
        let Some(solution) = &entry.solution else {
            return faults.with(fault!(SolutionNotFound));
        };
        let accused = solution.solver;
        let open = entry.contestation.is_none();
        faults.demand(open, fault!(ContestationAlreadyExists));
        faults.demand(!solution.claimed, fault!(AlreadyClaimed));
        faults.demand(unpaused <= solution.contest_end, fault!(TooLate));
        faults.demand(by != accused, fault!(NotAllowed));
        faults.join(self.admitted(by, solution.time, slash));
        if !faults.none() {
            return faults;
        }
        let period = self.seconds(Parameter::MinContestationVotePeriodTime);
        self.person(by).staked -= slash;
        let mut contestation = Contestation {
            slash,
            time: self.now,
            yeas: vec![by],
            nays: Vec::new(),
            end: unpaused + period,
            latest: unpaused + 2 * period,
            extension: self.seconds(Parameter::ContestationVoteExtensionTime),
            held: slash,
            settled: 0,
            rejected: None,
            settlement: None,
        };
        if self.lock_accused(accused, slash) {
            contestation.held += slash;
            contestation.nays.push(accused);
        } else {
            self.seen.insert("an accused without stake casts no vote");
        }
        if let Some(task) = self.tasks.get_mut(&id) {
            task.contestation = Some(contestation);
        }
        faults
    }

    /// Locks a vote of the accused: from its whole stake, then from its earnings.
    fn lock_accused(&mut self, accused: Address, slash: u128) -> bool {
        let person = self.person(accused);
        if person.staked + person.earnings < slash {
            return false;
        }
        let leaving = person.free() < slash;
        let stake = slash.min(person.staked);
        person.staked -= stake;
        person.earnings -= slash - stake;
        if leaving {
            self.seen
                .insert("stake on its way out is locked for the accused");
        }
        if stake < slash {
            self.seen.insert("earnings are locked for the accused");
        }
        true
    }

    pub(super) fn vote(&mut self, by: Address, task: Task, yea: bool) -> Faults {
        let mut faults = self.pause_faults();
        let id = self.task_id(task);
        let unpaused = self.unpaused();
        let Some(entry) = self.tasks.get(&id) else {
            return faults.with(fault!(NotAllowed));
        };
        let (Some(solution), Some(contestation)) = (&entry.solution, &entry.contestation) else {
            return faults.with(fault!(NotAllowed));
        };
        let (accused, slash) = (solution.solver == by, contestation.slash);
        let open = unpaused <= contestation.end && contestation.settlement.is_none();
        let person = self.peek(by);
        let admitted = if accused {
            !yea && person.staked + person.earnings >= slash
        } else {
            self.admitted(by, solution.time, slash).none()
        };
        let valid = open && !contestation.has_voted(by) && admitted;
        faults.demand(valid, fault!(NotAllowed));
        if !faults.none() {
            return faults;
        }
        if accused {
            self.lock_accused(by, slash);
            self.seen.insert("the accused votes later");
        } else {
            self.person(by).staked -= slash;
        }
        let mut extended = false;
        if let Some(contestation) = self.contestation_mut(id) {
            contestation.held += slash;
            if yea {
                contestation.yeas.push(by);
            } else {
                contestation.nays.push(by);
            }
            let end = contestation.latest.min(unpaused + contestation.extension);
            extended = end > contestation.end;
            contestation.end = contestation.end.max(end);
        }
        if extended {
            self.seen.insert("a late vote moves the end");
        }
        faults
    }

    fn contestation_mut(&mut self, id: alloy_primitives::B256) -> Option<&mut Contestation> {
        self.tasks.get_mut(&id)?.contestation.as_mut()
    }

    pub(super) fn finish(&mut self, task: Task, count: u32) -> Faults {
        let mut faults = self.pause_faults();
        let id = self.task_id(task);
        let unpaused = self.unpaused();
        let Some(contestation) = self
            .tasks
            .get(&id)
            .and_then(|task| task.contestation.as_ref())
        else {
            return faults.with(fault!(ContestationDoesntExist));
        };
        faults.demand(count > 0, fault!(AmntTooSmall));
        faults.demand(unpaused > contestation.end, fault!(VotingPeriodNotEnded));
        faults.demand(!contestation.is_settled(), fault!(SettlementComplete));
        if !faults.none() {
            return faults;
        }
        let Some(accused) = self.solver(id) else {
            return faults;
        };
        let settlement = match contestation.settlement {
            Some(settlement) => settlement,
            None => self.decide(id, accused),
        };
        self.pay_winners(id, accused, &settlement, count);
        faults
    }

    fn solver(&self, id: alloy_primitives::B256) -> Option<Address> {
        Some(self.tasks.get(&id)?.solution.as_ref()?.solver)
    }

    /// The first page: outcome, refund or claim, the solution's stake, the remainder.
    fn decide(&mut self, id: alloy_primitives::B256, accused: Address) -> Settlement {
        let now = self.now;
        let task = self.tasks.get_mut(&id).expect("the task was found");
        let contestation = task.contestation.as_mut().expect("it is contested");
        let (yeas, nays) = (
            contestation.yeas.len() as u32,
            contestation.nays.len() as u32,
        );
        let accused_voted = contestation.nays.contains(&accused);
        let settlement = Tally {
            yeas,
            nays,
            accused_voted,
            slash: contestation.slash,
        }
        .settle();
        let rejected = settlement.outcome == Outcome::Rejected;
        contestation.settlement = Some(settlement);
        contestation.rejected = Some(rejected);
        contestation.held -= settlement.remainder;
        let contester = contestation.yeas[0];
        self.accrued += settlement.remainder;
        if rejected {
            let solution = task.solution.as_mut().expect("it is solved");
            let stake = std::mem::take(&mut solution.stake);
            let (owner, fee) = (task.owner, std::mem::take(&mut task.escrow));
            self.credit_earnings(owner, fee);
            self.credit_stake(contester, stake);
            self.person(accused).last_loss = now;
        } else {
            self.pay_claim(id);
        }
        self.seen.insert(match (rejected, yeas == nays) {
            (true, _) => "yes wins",
            (false, true) => "a tie sides with the solver",
            (false, false) => "no wins",
        });
        if settlement.winners == 1 {
            self.seen.insert("a lone winner takes all");
        }
        if !rejected && !accused_voted {
            self.seen.insert("no wins without the accused");
        }
        if settlement.remainder > 0 {
            self.seen.insert("a remainder goes to the treasury");
        }
        settlement
    }

    fn pay_winners(
        &mut self,
        id: alloy_primitives::B256,
        accused: Address,
        settlement: &Settlement,
        count: u32,
    ) {
        let contestation = self.contestation_mut(id).expect("it is contested");
        let rejected = settlement.outcome == Outcome::Rejected;
        let (winners, lead) = if rejected {
            (contestation.yeas.clone(), contestation.yeas[0])
        } else {
            (contestation.nays.clone(), accused)
        };
        let from = contestation.settled;
        let to = from.saturating_add(count).min(settlement.winners);
        contestation.settled = to;
        for winner in &winners[from as usize..to as usize] {
            let share = settlement.share(*winner == lead);
            let contestation = self.contestation_mut(id).expect("it is contested");
            contestation.held -= settlement.lock + share;
            self.credit_stake(*winner, settlement.lock + share);
        }
        if to < settlement.winners {
            self.seen.insert("a settlement takes several pages");
        }
    }
}
