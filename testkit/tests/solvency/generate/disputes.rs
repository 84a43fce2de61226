//! What contesters, voters and those who settle do.

use alloy_primitives::Address;
use arbius_protocol::params::Parameter;

use super::{
    Generator, Kind,
    possible::{is_contestable, is_unsettled, is_voted_on},
};
use crate::{model::Ledger, step::Call};

impl Generator {
    pub(super) fn dispute(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let unpaused = ledger.unpaused();
        let minimum = ledger.minimum();
        let early = ledger.parameter(Parameter::MaxContestationValidatorStakeSince) as u64;
        match kind {
            Kind::Contest => {
                let task = self.task(ledger, |task| is_contestable(task, unpaused));
                let solution = ledger.task(task).and_then(|task| task.solution.as_ref());
                let needed = minimum.max(ledger.slash());
                let by = self.somebody(ledger, |address| {
                    let person = &ledger.people[&address];
                    person.free() >= needed
                        && solution.is_some_and(|solution| {
                            solution.solver != address
                                && person.since > 0
                                && person.since + early <= solution.time
                        })
                });
                let wait = if self.random.chance(75) {
                    self.random.below(30)
                } else {
                    self.wait()
                };
                self.heat = self.random.between(0, 10);
                (by, wait, Call::Contest { task })
            }
            Kind::Vote => {
                let task = self.task(ledger, |task| is_voted_on(task, unpaused));
                let entry = ledger.task(task);
                let contestation = entry.and_then(|task| task.contestation.as_ref());
                let solution = entry.and_then(|task| task.solution.as_ref());
                let by = self.somebody(ledger, |address| {
                    let person = &ledger.people[&address];
                    contestation.is_some_and(|c| {
                        !c.has_voted(address) && person.free() >= minimum.max(c.slash)
                    }) && solution.is_some_and(|solution| {
                        person.since > 0 && person.since + early <= solution.time
                    })
                });
                let accused = solution.map_or(Address::ZERO, |solution| solution.solver);
                let silent = contestation.is_some_and(|c| !c.has_voted(accused));
                if silent && self.random.chance(40) {
                    let by = self.exactly(ledger, accused);
                    return (by, self.random.below(60), Call::Vote { task, yea: false });
                }
                let late = self.random.below(700);
                let moment = contestation.map(|c| c.end.saturating_sub(late));
                let wait = if self.heat == 0 && self.random.chance(40) {
                    self.wait_for(ledger, moment)
                } else {
                    self.random.below(60)
                };
                (
                    by,
                    wait,
                    Call::Vote {
                        task,
                        yea: self.random.chance(50),
                    },
                )
            }
            _ => {
                let task = self.task(ledger, is_unsettled);
                let contestation = ledger
                    .task(task)
                    .and_then(|task| task.contestation.as_ref());
                let counts = [0, 1, 1, 1, 2, 3, 100, u32::MAX];
                let count = self.random.pick(&counts).unwrap_or(1);
                let wait = if self.random.chance(50) {
                    self.wait_for(ledger, contestation.map(|c| c.end + 1))
                } else {
                    self.wait()
                };
                (self.person(), wait, Call::Finish { task, count })
            }
        }
    }
}
