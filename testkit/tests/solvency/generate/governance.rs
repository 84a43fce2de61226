//! What owners of models and of the engine do.

use arbius_protocol::{
    fixed::ONE,
    params::{self, Parameter},
};

use super::{Generator, Kind};
use crate::{
    model::Ledger,
    step::{Call, Model, Number},
};

impl Generator {
    pub(super) fn change_model(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let wait = self.wait();
        let solvers: Vec<u8> = (0..self.random.below(5)).map(|_| self.person()).collect();
        if matches!(kind, Kind::Register | Kind::RegisterListed) {
            let (by, addr) = (self.person(), self.account());
            let (fee, template) = (self.fee(0), self.random.below(40) as u8);
            let call = match kind {
                Kind::Register => Call::Register {
                    addr,
                    fee,
                    template,
                },
                _ => Call::RegisterListed {
                    addr,
                    fee,
                    template,
                    solvers,
                },
            };
            return (by, wait, call);
        }
        let models = ledger.model_list();
        let listed: Vec<_> = models
            .iter()
            .filter(|model| ledger.models[&ledger.model_id(**model)].listed)
            .copied()
            .collect();
        let wants_list = matches!(kind, Kind::ChangeList);
        let model = match self.random.pick(&listed) {
            Some(model) if wants_list && self.sane() => model,
            _ => self.random.pick(&models).unwrap_or(Model(u32::MAX)),
        };
        let addr = ledger
            .models
            .get(&ledger.model_id(model))
            .map(|model| model.addr);
        let addr = addr.unwrap_or_default();
        let owner = self.exactly(ledger, ledger.owner);
        let by = if self.random.chance(70) {
            self.exactly(ledger, addr)
        } else {
            owner
        };
        let part = self.random.below(20);
        let call = match (kind, part) {
            (Kind::ChangeModel, 0..=5) => Call::SetModelAddr {
                model,
                addr: self.account(),
            },
            (Kind::ChangeModel, 6..=11) => Call::SetModelFee {
                model,
                fee: self.fee(0),
            },
            (Kind::ChangeModel, 12..=13) => Call::SetModelEnabled {
                model,
                enabled: false,
            },
            (Kind::ChangeModel, _) => {
                let disabled: Vec<_> = models
                    .iter()
                    .filter(|model| ledger.models[&ledger.model_id(**model)].disabled.is_some())
                    .copied()
                    .collect();
                let model = self.random.pick(&disabled).unwrap_or(model);
                let addr = ledger
                    .models
                    .get(&ledger.model_id(model))
                    .map(|model| model.addr);
                let by = self.exactly(ledger, addr.unwrap_or_default());
                return (
                    by,
                    wait,
                    Call::SetModelEnabled {
                        model,
                        enabled: true,
                    },
                );
            }
            (Kind::ChangeList, 0..=11) => Call::List { model, solvers },
            (Kind::ChangeList, 12..=17) => Call::Unlist { model, solvers },
            (Kind::ChangeList, _) => Call::DisableAllowList { model },
            (Kind::SetRate, _) => {
                let rate = match self.random.below(10) {
                    0 => self.amount(100 * ONE),
                    1 => Number::Of(self.random.up_to(100 * ONE)),
                    _ => Number::Of(self.random.up_to(ONE)),
                };
                return (owner, wait, Call::SetRate { model, rate });
            }
            (Kind::Override, 0..=12) => {
                let percentage = self.amount(ONE);
                return (owner, wait, Call::SetOverride { model, percentage });
            }
            _ => {
                let overridden: Vec<_> = models
                    .iter()
                    .filter(|m| ledger.models[&ledger.model_id(**m)].percentage.is_some())
                    .copied()
                    .collect();
                let model = self.random.pick(&overridden).unwrap_or(model);
                return (owner, wait, Call::ClearOverride { model });
            }
        };
        (by, wait, call)
    }

    pub(super) fn set_parameter(&mut self, ledger: &Ledger) -> (u8, u64, Call) {
        let parameter = self.random.below(params::COUNT as u64) as u8;
        let row = &params::TABLE[usize::from(parameter)];
        let value = match self.random.below(20) {
            // A slash amount that some validators do not have.
            0..=9 if row.parameter == Parameter::ValidatorMinimumFloor => Number::Of(16 * ONE),
            0..=9 if row.parameter == Parameter::SlashAmountFloor => Number::Of(4 * ONE),
            // Back to the start, or a run would soon have nobody who can do anything.
            0..=9 => Number::Of(row.default),
            10 => Number::Of(row.min),
            11 => Number::Of(row.max),
            12 => Number::Of(row.min.saturating_sub(1)),
            13 => Number::Of(row.max.saturating_add(1)),
            14 => Number::Huge,
            15..=17 => Number::Of(self.random.up_to(row.default.saturating_mul(4))),
            _ => Number::Of(row.min + self.random.up_to((row.max - row.min) / 50)),
        };
        let by = self.exactly(ledger, ledger.owner);
        (by, self.wait(), Call::SetParameter { parameter, value })
    }

    pub(super) fn govern(&mut self, ledger: &Ledger, kind: Kind) -> (u8, u64, Call) {
        let wait = self.wait();
        let owner = self.exactly(ledger, ledger.owner);
        match kind {
            Kind::Office => {
                let to = self.account();
                let call = match self.random.below(4) {
                    0 => Call::TransferOwnership { to },
                    1 => Call::TransferTreasury { to },
                    2 => Call::TransferPauser { to },
                    _ => Call::SetRest { rest: to },
                };
                (owner, wait, call)
            }
            Kind::Pause => {
                let by = self.exactly(ledger, ledger.pauser);
                (
                    by,
                    wait,
                    Call::SetPaused {
                        paused: self.random.chance(80),
                    },
                )
            }
            Kind::Start => {
                let times = [0, ledger.now, ledger.now + 1_000, 1 << 40, u64::MAX];
                let time = self.random.pick(&times).unwrap_or(0);
                (owner, wait, Call::SetStart { time })
            }
            _ => (owner, wait, Call::Initialize),
        }
    }
}
