//! What requesters and solvers do.

use alloy_primitives::Address;
use arbius_protocol::{fixed::ONE, params::Parameter};

use super::{
    Generator, Intent, Kind,
    possible::{is_claimable, is_open, is_untold},
};
use crate::{
    model::Ledger,
    step::{Account, Call, Form},
};

impl Generator {
    pub(super) fn submit(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let by = self.person();
        let model = self.model(ledger);
        let least = ledger
            .models
            .get(&ledger.model_id(model))
            .map_or(0, |model| model.fee);
        let fee = self.fee(least);
        let owner = if self.random.chance(60) {
            Account::Person(by)
        } else {
            self.account()
        };
        let input = self.random.below(8) as u8;
        let call = match kind {
            Kind::BulkSubmit => {
                let count = self.random.below(6) as u8;
                Call::BulkSubmit {
                    owner,
                    model,
                    fee,
                    input,
                    count,
                }
            }
            Kind::BulkSubmitInputs => {
                let count = self.random.below(5) as u8;
                let inputs = (0..count).map(|n| input + n / 2).collect();
                Call::BulkSubmitInputs {
                    owner,
                    model,
                    fee,
                    inputs,
                }
            }
            _ => {
                let form = match self.random.below(10) {
                    0..=5 => Form::Plain,
                    6 => Form::RefusedPermit,
                    _ => {
                        let number = self.random.below(3) as u8;
                        let consumer = match self.random.below(8) {
                            0 => self.account(),
                            _ => Account::Consumer(number),
                        };
                        let gas = [0, 30_000, 100_000, 1_000_000, u32::MAX];
                        Form::Consumer(consumer, self.random.pick(&gas).unwrap_or(0))
                    }
                };
                Call::Submit {
                    owner,
                    model,
                    fee,
                    input,
                    form,
                }
            }
        };
        (by, self.wait(), call)
    }

    pub(super) fn change_task(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        if matches!(kind, Kind::Notify) {
            let task = self.task(ledger, is_untold);
            return (self.person(), self.wait(), Call::Notify { task });
        }
        let announced = self.random.chance(50);
        let task = self.task(ledger, |task| {
            is_open(task) && task.announced.is_some() == announced
        });
        let entry = ledger.task(task);
        let owner = entry.map_or(Address::ZERO, |task| task.owner);
        let by = self.exactly(ledger, owner);
        if matches!(kind, Kind::RaiseFee) {
            let amount = self.amount(5 * ONE);
            return (by, self.wait(), Call::RaiseFee { task, amount });
        }
        let delay = ledger.parameter(Parameter::MinRetractionWaitTime) as u64;
        let moment = entry.map(|task| match task.announced {
            Some((_, at)) => at + 600,
            None => task.unpaused + delay,
        });
        (by, self.wait_for(ledger, moment), Call::Retract { task })
    }

    pub(super) fn solve(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        if matches!(kind, Kind::Reveal) {
            // What was signalled lately is likelier still to be possible.
            let recent = self.intents.len().saturating_sub(30);
            let minimum = ledger.minimum();
            let possible: Vec<_> = self.intents[recent..]
                .iter()
                .filter(|intent| {
                    let solver = ledger.addresses.person(intent.validator);
                    ledger.people[&solver].free() >= minimum
                        && intent
                            .pairs
                            .iter()
                            .any(|(task, _)| ledger.task(*task).is_some_and(is_open))
                })
                .collect();
            let intent = self.random.pick(&possible).cloned();
            let wait = self.random.between(0, 60);
            if let (true, Some(Intent { validator, pairs })) = (self.sane(), intent) {
                let single = pairs.len() == 1 && self.random.chance(80);
                let call = match pairs.first() {
                    Some((task, answer)) if single => Call::Solve {
                        task: *task,
                        answer: *answer,
                    },
                    _ => Call::BulkSolve { pairs },
                };
                return (validator, wait, call);
            }
            let (task, answer) = (self.task(ledger, is_open), self.random.below(3) as u8);
            return (self.person(), wait, Call::Solve { task, answer });
        }
        let minimum = ledger.minimum();
        let validator = self.somebody(ledger, |person| ledger.people[&person].free() >= minimum);
        let count = match kind {
            Kind::SignalBulk => self.random.between(1, 4),
            _ => 1,
        };
        let pairs: Vec<_> = (0..count)
            .map(|_| (self.task(ledger, is_open), self.random.between(1, 3) as u8))
            .collect();
        let by = if self.random.chance(80) {
            validator
        } else {
            self.person()
        };
        let (task, answer) = pairs[0];
        self.intents.push(Intent {
            validator,
            pairs: pairs.clone(),
        });
        let call = match kind {
            Kind::SignalBulk => Call::SignalBulk { validator, pairs },
            _ => Call::Signal {
                validator,
                task,
                answer,
            },
        };
        (by, self.wait(), call)
    }

    pub(super) fn claim(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let task = self.task(ledger, is_claimable);
        let solution = ledger.task(task).and_then(|task| task.solution.as_ref());
        let solver = solution.map_or(Address::ZERO, |solution| solution.solver);
        let by = if self.random.chance(70) {
            self.exactly(ledger, solver)
        } else {
            self.person()
        };
        let wait = if self.random.chance(40) {
            let late = if self.random.chance(30) { 3_600 } else { 0 };
            self.wait_for(
                ledger,
                solution.map(|solution| solution.contest_end + 1 + late),
            )
        } else {
            self.wait()
        };
        if matches!(kind, Kind::Claim) {
            return (by, wait, Call::Claim { task });
        }
        let more = self.random.below(5);
        let mut tasks: Vec<_> = (0..more).map(|_| self.task(ledger, is_claimable)).collect();
        if self.random.chance(95) {
            tasks.push(task);
        }
        (by, wait, Call::BulkClaim { tasks })
    }
}
