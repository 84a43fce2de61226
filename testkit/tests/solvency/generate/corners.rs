//! Plans for what chance alone would rarely bring about.

use arbius_protocol::params::Parameter;

use super::{Generator, PEOPLE, possible::is_contestable};
use crate::{
    model::Ledger,
    step::{Account, Call, Number},
};

impl Generator {
    /// Plans what chance alone would rarely bring about: that a solver cannot, or can but
    /// just, lock what a vote takes, or that its stake is on its way out by then.
    pub(super) fn corner(&mut self, ledger: &Ledger) {
        let unpaused = ledger.unpaused();
        let task = self.task(ledger, |task| is_contestable(task, unpaused));
        let Some(solution) = ledger.task(task).and_then(|task| task.solution.as_ref()) else {
            return;
        };
        let accused = &ledger.people[&solution.solver];
        let solver = self.exactly(ledger, solution.solver);
        let early = ledger.parameter(Parameter::MaxContestationValidatorStakeSince) as u64;
        let others: Vec<u8> = (0..PEOPLE)
            .filter(|number| {
                let address = ledger.addresses.person(*number);
                let person = &ledger.people[&address];
                let old = person.since > 0 && person.since + early <= solution.time;
                address != solution.solver && old && person.free() >= ledger.minimum()
            })
            .collect();
        let (Some(contester), Some(voter)) = (self.random.pick(&others), self.random.pick(&others))
        else {
            return;
        };
        let contest = (contester, 5, Call::Contest { task });
        if self.random.chance(40) {
            let amount = Number::Of(accused.free());
            self.plan.push_back((solver, 1, Call::Announce { amount }));
            self.plan.push_back(contest);
            self.plan
                .push_back((voter, 5, Call::Vote { task, yea: true }));
            return;
        }
        // All that the accused has, or a wei more.
        let slash = accused.staked + accused.earnings + self.random.up_to(1);
        let owner = self.exactly(ledger, ledger.owner);
        let set = |parameter: Parameter, value: u128| {
            let (parameter, value) = (parameter as u8, Number::Of(value));
            (owner, 1, Call::SetParameter { parameter, value })
        };
        let deposit = |by: u8, to: u8, amount: u128| {
            let (validator, amount) = (Account::Person(to), Number::Of(amount));
            (by, 1, Call::Deposit { validator, amount })
        };
        let floor = Parameter::ValidatorMinimumFloor;
        let lock = Parameter::SlashAmountFloor;
        self.plan.extend([
            set(floor, 4 * slash),
            set(lock, slash),
            deposit(contester, contester, 4 * slash),
            contest,
            deposit(voter, voter, 4 * slash),
            (
                voter,
                5,
                Call::Vote {
                    task,
                    yea: self.random.chance(50),
                },
            ),
        ]);
        if self.random.chance(50) {
            self.plan.push_back(deposit(solver, solver, slash));
            self.plan
                .push_back((solver, 5, Call::Vote { task, yea: false }));
        }
        self.plan.push_back(set(lock, lock.row().default));
        self.plan.push_back(set(floor, floor.row().default));
    }
}
