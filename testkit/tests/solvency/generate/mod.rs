//! Sequences: what people might do next, sensible or hostile, as the ledger stands.

mod arguments;
mod corners;
mod disputes;
mod governance;
mod possible;
mod stake;
mod tasks;

use std::collections::VecDeque;

use arbius_protocol::fixed::ONE;
use arbius_testkit::Random;

use crate::{
    model::Ledger,
    run::Source,
    step::{Account, Call, Model, Number, Step, Task},
};
use possible::is_possible;

/// How many people there are.
pub(crate) const PEOPLE: u8 = 10;

/// What somebody can do, with how often it is done.
#[derive(Clone, Copy, Debug)]
#[rustfmt::skip]
enum Kind {
    Submit, BulkSubmit, BulkSubmitInputs, RaiseFee, Retract, Notify,
    Signal, SignalBulk, Reveal, Claim, BulkClaim,
    Contest, Vote, Finish,
    Deposit, Announce, Cancel, Take, StakeEarnings, WithdrawEarnings, SignalSupport,
    Register, RegisterListed, ChangeModel, ChangeList, SetRate, Override,
    SetParameter, Office, Pause, Start, Initialize,
    WithdrawAccrued, Sweep, Approve, Send, Donate,
}

#[rustfmt::skip]
const WEIGHTS: &[(Kind, u64)] = &[
    (Kind::Submit, 70), (Kind::BulkSubmit, 14), (Kind::BulkSubmitInputs, 14),
    (Kind::RaiseFee, 16), (Kind::Retract, 40), (Kind::Notify, 16),
    (Kind::Signal, 75), (Kind::SignalBulk, 18), (Kind::Reveal, 110),
    (Kind::Claim, 60), (Kind::BulkClaim, 22),
    (Kind::Contest, 65), (Kind::Vote, 110), (Kind::Finish, 75),
    (Kind::Deposit, 30), (Kind::Announce, 26), (Kind::Cancel, 9), (Kind::Take, 22),
    (Kind::StakeEarnings, 16), (Kind::WithdrawEarnings, 20), (Kind::SignalSupport, 6),
    (Kind::Register, 8), (Kind::RegisterListed, 4), (Kind::ChangeModel, 16),
    (Kind::ChangeList, 12), (Kind::SetRate, 6), (Kind::Override, 8),
    (Kind::SetParameter, 36), (Kind::Office, 8), (Kind::Pause, 8), (Kind::Start, 2),
    (Kind::Initialize, 1),
    (Kind::WithdrawAccrued, 10), (Kind::Sweep, 8), (Kind::Approve, 8), (Kind::Send, 6),
    (Kind::Donate, 8),
];

/// Somebody who has signalled what can be revealed.
#[derive(Clone, Debug)]
struct Intent {
    validator: u8,
    pairs: Vec<(Task, u8)>,
}

/// A source of `length` random steps.
#[derive(Clone, Debug)]
pub(crate) struct Generator {
    random: Random,
    tag: u32,
    length: u32,
    intents: Vec<Intent>,
    /// For how many steps a dispute is on everybody's mind.
    heat: u64,
    /// What comes next, whatever else might.
    plan: VecDeque<(u8, u64, Call)>,
}

impl Generator {
    pub(crate) fn new(seed: u64, length: u32) -> Self {
        Self {
            random: Random::new(seed),
            tag: 0,
            length,
            intents: Vec::new(),
            heat: 0,
            plan: VecDeque::new(),
        }
    }
}

impl Source for Generator {
    fn next(&mut self, ledger: &Ledger) -> Option<Step> {
        if self.tag >= self.length {
            return None;
        }
        let (by, wait, call) = match self.opening() {
            Some((by, call)) => (by, 10, call),
            None => {
                if self.plan.is_empty() && self.random.chance(3) {
                    self.corner(ledger);
                }
                match self.plan.pop_front() {
                    Some(planned) => planned,
                    None => self.invent(ledger),
                }
            }
        };
        let step = Step {
            tag: self.tag,
            wait,
            open: self.tag >= OPENING && self.random.chance(6),
            by,
            call,
        };
        self.tag += 1;
        Some(step)
    }
}

/// How many steps a network starts with: two models, rates, and validators.
const OPENING: u32 = 12;

impl Generator {
    fn opening(&mut self) -> Option<(u8, Call)> {
        let tag = self.tag;
        Some(match tag {
            0 | 1 => {
                let fee = Number::Of(u128::from(tag) * ONE);
                let addr = Account::Person(2);
                (
                    2,
                    Call::Register {
                        addr,
                        fee,
                        template: tag as u8,
                    },
                )
            }
            2 | 3 => {
                // Low, or emission soon raises the minimum out of everybody's reach.
                let rate = Number::Of(self.random.up_to(ONE / 4));
                (
                    0,
                    Call::SetRate {
                        model: Model(tag - 2),
                        rate,
                    },
                )
            }
            4..OPENING => {
                let by = (tag - 2) as u8;
                // Some have little more than the minimum, so that a vote or two is all.
                let amount = match tag % 3 {
                    0 => ONE + self.random.up_to(ONE / 4),
                    _ => u128::from(self.random.between(16, 60)) * ONE,
                };
                let amount = Number::Of(amount);
                (
                    by,
                    Call::Deposit {
                        validator: Account::Person(by),
                        amount,
                    },
                )
            }
            _ => return None,
        })
    }

    /// Who does what, after which time.
    fn invent(&mut self, ledger: &Ledger) -> (u8, u64, Call) {
        if ledger.paused() && self.random.chance(20) {
            let by = self.exactly(ledger, ledger.pauser);
            return (by, self.wait(), Call::SetPaused { paused: false });
        }
        let mut kind = self.kind();
        if self.heat > 0 {
            self.heat -= 1;
            if is_possible(Kind::Vote, ledger) && self.random.chance(75) {
                kind = Kind::Vote;
            }
        }
        // Mostly what can succeed, where something has to be there for it.
        while !is_possible(kind, ledger) && self.random.chance(92) {
            kind = self.kind();
        }
        match kind {
            Kind::Submit | Kind::BulkSubmit | Kind::BulkSubmitInputs => self.submit(ledger, kind),
            Kind::RaiseFee | Kind::Retract | Kind::Notify => self.change_task(ledger, kind),
            Kind::Signal | Kind::SignalBulk | Kind::Reveal => self.solve(ledger, kind),
            Kind::Claim | Kind::BulkClaim => self.claim(ledger, kind),
            Kind::Contest | Kind::Vote | Kind::Finish => self.dispute(ledger, kind),
            Kind::Deposit
            | Kind::Announce
            | Kind::Cancel
            | Kind::Take
            | Kind::StakeEarnings
            | Kind::WithdrawEarnings
            | Kind::SignalSupport => self.stake(ledger, kind),
            Kind::Register
            | Kind::RegisterListed
            | Kind::ChangeModel
            | Kind::ChangeList
            | Kind::SetRate
            | Kind::Override => self.change_model(ledger, kind),
            Kind::SetParameter => self.set_parameter(ledger),
            Kind::Office | Kind::Pause | Kind::Start | Kind::Initialize => {
                self.govern(ledger, kind)
            }
            Kind::WithdrawAccrued | Kind::Sweep | Kind::Approve | Kind::Send | Kind::Donate => {
                self.move_tokens(ledger, kind)
            }
        }
    }

    fn kind(&mut self) -> Kind {
        let total: u64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.random.below(total);
        for (kind, weight) in WEIGHTS {
            if at < *weight {
                return *kind;
            }
            at -= weight;
        }
        Kind::Sweep
    }
}
