//! What people do with stake, earnings and tokens.

use alloy_primitives::{Address, U256};
use arbius_protocol::fixed::ONE;

use super::{Generator, Kind, possible::is_claimable};
use crate::{
    model::Ledger,
    step::{Account, Call, Number},
};

impl Generator {
    pub(super) fn stake(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let by = match kind {
            Kind::Cancel | Kind::Take => {
                self.somebody(ledger, |a| !ledger.people[&a].requests.is_empty())
            }
            Kind::StakeEarnings => self.somebody(ledger, |a| ledger.people[&a].earnings > 0),
            // Whoever has just solved would like to be out of reach.
            Kind::Announce if self.random.chance(60) => {
                let task = self.task(ledger, is_claimable);
                let solution = ledger.task(task).and_then(|task| task.solution.as_ref());
                self.exactly(
                    ledger,
                    solution.map_or(Address::ZERO, |solution| solution.solver),
                )
            }
            Kind::Deposit if self.random.chance(50) => {
                let minimum = ledger.minimum();
                self.somebody(ledger, |a| {
                    let person = &ledger.people[&a];
                    person.free() < minimum && person.tokens > 0
                })
            }
            _ => self.person(),
        };
        let person = ledger.people[&ledger.addresses.person(by)].clone();
        let requests: Vec<u64> = person.requests.keys().copied().collect();
        let number = match self.random.pick(&requests) {
            Some(number) if self.sane() => number,
            _ => self.random.below(4),
        };
        let wait = self.wait();
        match kind {
            Kind::Deposit => {
                let validator = if self.random.chance(75) {
                    Account::Person(by)
                } else {
                    self.account()
                };
                let enough = ledger.minimum().saturating_mul(3);
                let all = if self.random.chance(90) {
                    enough
                } else {
                    person.tokens
                };
                (
                    by,
                    wait,
                    Call::Deposit {
                        validator,
                        amount: self.amount(all),
                    },
                )
            }
            Kind::Announce => {
                let free = person.free();
                let all = self.random.chance(40);
                let amount = if all {
                    Number::Of(free)
                } else {
                    self.amount(free)
                };
                (by, wait, Call::Announce { amount })
            }
            Kind::Cancel => (by, wait, Call::Cancel { number }),
            Kind::Take => {
                let to = if self.random.chance(70) {
                    Account::Person(by)
                } else {
                    self.account()
                };
                let unlock = person.requests.get(&number).map(|request| request.unlock);
                let wait = match unlock {
                    Some(unlock) if self.random.chance(40) => {
                        unlock.saturating_sub(ledger.unpaused())
                    }
                    _ => wait,
                };
                (by, wait, Call::Take { number, to })
            }
            Kind::StakeEarnings => (
                by,
                wait,
                Call::StakeEarnings {
                    amount: self.amount(person.earnings),
                },
            ),
            Kind::WithdrawEarnings => {
                let rich = self.somebody(ledger, |a| ledger.people[&a].earnings > 0);
                (
                    by,
                    wait,
                    Call::WithdrawEarnings {
                        account: Account::Person(rich),
                    },
                )
            }
            _ => {
                let model = self.model(ledger);
                (
                    by,
                    wait,
                    Call::SignalSupport {
                        model,
                        support: self.random.chance(50),
                    },
                )
            }
        }
    }

    pub(super) fn move_tokens(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let (by, wait) = (self.person(), self.wait());
        let tokens = ledger.people[&ledger.addresses.person(by)].tokens;
        let call = match kind {
            Kind::WithdrawAccrued => Call::WithdrawAccrued,
            Kind::Sweep => Call::Sweep,
            Kind::Approve => {
                let poor = self.somebody(ledger, |a| ledger.people[&a].allowance < U256::from(ONE));
                let amount = if self.random.chance(60) {
                    Number::Huge
                } else {
                    self.amount(100 * ONE)
                };
                return (poor, wait, Call::Approve { amount });
            }
            Kind::Donate => {
                let amount = if self.random.chance(80) {
                    Number::Of(self.random.up_to(ONE))
                } else {
                    self.amount(tokens / 100)
                };
                Call::Send {
                    to: Account::Engine,
                    amount,
                }
            }
            _ => Call::Send {
                to: self.account(),
                amount: self.amount(tokens / 4),
            },
        };
        (by, wait, call)
    }
}
