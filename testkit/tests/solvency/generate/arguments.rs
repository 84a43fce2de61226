//! Arguments: mostly sensible, sometimes hostile.

use alloy_primitives::Address;
use arbius_protocol::fixed::ONE;

use super::{Generator, PEOPLE};
use crate::{
    model::{Ledger, TaskEntry},
    step::{Account, Model, Number, Task},
};

impl Generator {
    /// Whether the next argument is a sensible one.
    pub(super) fn sane(&mut self) -> bool {
        self.random.chance(88)
    }

    pub(super) fn person(&mut self) -> u8 {
        // The first two are governance and the treasury.
        if self.random.chance(90) {
            self.random.between(2, u64::from(PEOPLE) - 1) as u8
        } else {
            self.random.below(u64::from(PEOPLE)) as u8
        }
    }

    pub(super) fn account(&mut self) -> Account {
        if self.random.chance(94) {
            return Account::Person(self.person());
        }
        let hostile = [Account::Zero, Account::Engine, Account::Token];
        self.random.pick(&hostile).unwrap_or(Account::Zero)
    }

    /// An amount where `all` is what there is.
    pub(super) fn amount(&mut self, all: u128) -> Number {
        if self.random.chance(70) {
            return Number::Of(self.random.up_to(all));
        }
        let hostile = [
            Number::Of(0),
            Number::Of(1),
            Number::Of(all),
            Number::Of(all.saturating_add(1)),
            Number::Of((1 << 80) - 1),
            Number::Of(1 << 80),
            Number::Of(1 << 96),
            Number::Of(u128::MAX),
            Number::Huge,
        ];
        self.random.pick(&hostile).unwrap_or(Number::Huge)
    }

    /// A fee that is not absurd, mostly.
    pub(super) fn fee(&mut self, least: u128) -> Number {
        if self.random.chance(93) {
            let more = [0, 0, 1, ONE / 3, 2 * ONE, 15 * ONE];
            return Number::Of(least + self.random.pick(&more).unwrap_or(0));
        }
        self.amount(20 * ONE)
    }

    pub(super) fn wait(&mut self) -> u64 {
        match self.random.below(1_000) {
            0..=549 => self.random.between(0, 20),
            550..=839 => self.random.between(20, 700),
            840..=949 => self.random.between(700, 5_000),
            950..=984 => self.random.between(5_000, 100_000),
            985..=996 => self.random.between(86_400, 20 * 86_400),
            _ => self.random.between(30 * 86_400, 300 * 86_400),
        }
    }

    pub(super) fn model(&mut self, ledger: &Ledger) -> Model {
        let models = ledger.model_list();
        if self.random.chance(97) {
            let usable: Vec<_> = models
                .iter()
                .filter(|model| ledger.models[&ledger.model_id(**model)].disabled.is_none())
                .copied()
                .collect();
            if let (true, Some(model)) = (self.sane(), self.random.pick(&usable)) {
                return model;
            }
            if let Some(model) = self.random.pick(&models) {
                return model;
            }
        }
        Model(u32::MAX)
    }

    /// A task that fits, or any, or none that exists. Later ones are likelier.
    pub(super) fn task(&mut self, ledger: &Ledger, fits: impl Fn(&TaskEntry) -> bool) -> Task {
        if self.sane() {
            let fitting: Vec<_> = ledger
                .task_list()
                .filter(|(_, task)| fits(task))
                .map(|(name, _)| name)
                .collect();
            let recent = fitting.len().saturating_sub(6);
            let fitting = if self.random.chance(75) {
                &fitting[recent..]
            } else {
                &fitting
            };
            if let Some(task) = self.random.pick(fitting) {
                return task;
            }
        }
        let all: Vec<_> = ledger.task_list().map(|(name, _)| name).collect();
        match self.random.pick(&all) {
            Some(task) if self.random.chance(95) => task,
            _ => Task(u32::MAX, 0),
        }
    }

    /// Somebody for whom this holds, mostly.
    pub(super) fn somebody(&mut self, ledger: &Ledger, fits: impl Fn(Address) -> bool) -> u8 {
        let fitting: Vec<u8> = (0..PEOPLE)
            .filter(|number| fits(ledger.addresses.person(*number)))
            .collect();
        match self.random.pick(&fitting) {
            Some(number) if self.sane() => number,
            _ => self.person(),
        }
    }

    /// The person of this address, mostly.
    pub(super) fn exactly(&mut self, ledger: &Ledger, address: Address) -> u8 {
        self.somebody(ledger, |person| person == address)
    }

    /// Mostly a short wait, sometimes exactly what is needed to reach a moment of the
    /// clock that pauses stop, or to miss it by a second.
    pub(super) fn wait_for(&mut self, ledger: &Ledger, moment: Option<u64>) -> u64 {
        match moment {
            Some(moment) if self.random.chance(70) => {
                let wait = moment.saturating_sub(ledger.unpaused());
                // A far moment would starve everything that waits for a near one.
                if wait > 30_000 && self.random.chance(80) {
                    return self.wait();
                }
                wait.saturating_sub(self.random.below(2))
            }
            _ => self.wait(),
        }
    }
}
