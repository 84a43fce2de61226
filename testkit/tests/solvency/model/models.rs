//! Models (protocol section 4).

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256};
use arbius_protocol::{cid, emission::MAX_RATE, fixed::ONE, ids};

use super::{Faults, Ledger, ModelEntry, amount, fault};
use crate::step::{Model, Number};

/// The bytes of a template.
pub(crate) fn template(number: u8) -> Vec<u8> {
    format!("template {number}").into_bytes()
}

impl Ledger {
    pub(super) fn register(
        &mut self,
        tag: u32,
        by: Address,
        addr: Address,
        fee: Number,
        number: u8,
        solvers: Option<&[u8]>,
    ) -> Faults {
        let mut faults = self.pause_faults();
        faults.join(self.account_faults(addr));
        let price = amount(fee, &mut faults);
        let digest = cid::digest(&template(number)).unwrap_or_default();
        let id = ids::model_id(by, addr, fee.wide(), digest);
        faults.demand(
            !self.models.contains_key(&id),
            fault!(ModelAlreadyRegistered),
        );
        if let (true, Some(fee)) = (faults.none(), price) {
            let solvers = solvers.map(|solvers| self.solvers(solvers));
            let entry = ModelEntry {
                addr,
                fee,
                rate: 0,
                disabled: None,
                listed: solvers.is_some(),
                unlisted: false,
                solvers: solvers.unwrap_or_default(),
                percentage: None,
            };
            self.models.insert(id, entry);
            self.model_names.insert(Model(tag), id);
        }
        faults
    }

    fn solvers(&self, numbers: &[u8]) -> BTreeSet<Address> {
        numbers
            .iter()
            .map(|number| self.addresses.person(*number))
            .collect()
    }

    /// What stands against a change of a model by its address or by governance.
    fn model_faults(&self, by: Address, id: B256) -> Faults {
        let mut faults = Faults::default();
        let Some(model) = self.models.get(&id) else {
            return faults.with(fault!(ModelDoesNotExist));
        };
        // The owner's calls work while the engine is paused.
        if by != self.owner {
            faults.demand(by == model.addr, fault!(NotModelOwner));
            faults.join(self.pause_faults());
        }
        faults
    }

    fn change_model(&mut self, id: B256, faults: &Faults, change: impl FnOnce(&mut ModelEntry)) {
        if let (true, Some(model)) = (faults.none(), self.models.get_mut(&id)) {
            change(model);
        }
    }

    pub(super) fn set_model_addr(&mut self, by: Address, model: Model, addr: Address) -> Faults {
        let id = self.model_id(model);
        let mut faults = self.model_faults(by, id);
        faults.join(self.account_faults(addr));
        self.change_model(id, &faults, |model| model.addr = addr);
        faults
    }

    pub(super) fn set_model_fee(&mut self, by: Address, model: Model, fee: Number) -> Faults {
        let id = self.model_id(model);
        let mut faults = self.model_faults(by, id);
        let price = amount(fee, &mut faults).unwrap_or_default();
        self.change_model(id, &faults, |model| model.fee = price);
        faults
    }

    pub(super) fn set_model_enabled(&mut self, by: Address, model: Model, on: bool) -> Faults {
        let id = self.model_id(model);
        let faults = self.model_faults(by, id);
        let now = self.unpaused();
        self.change_model(id, &faults, |model| {
            // Whoever disables it again does not begin the notice again.
            model.disabled = (!on).then(|| model.disabled.unwrap_or(now));
        });
        faults
    }

    fn list_faults(&self, by: Address, id: B256) -> Faults {
        let mut faults = self.model_faults(by, id);
        if let Some(model) = self.models.get(&id) {
            faults.demand(!model.unlisted, fault!(CannotReenableAllowList));
            faults.demand(model.listed || model.unlisted, fault!(AllowListNotEnabled));
        }
        faults
    }

    pub(super) fn list(&mut self, by: Address, model: Model, solvers: &[u8], add: bool) -> Faults {
        let id = self.model_id(model);
        let faults = self.list_faults(by, id);
        let solvers = self.solvers(solvers);
        self.change_model(id, &faults, |model| {
            if add {
                model.solvers.extend(solvers);
            } else {
                model.solvers.retain(|solver| !solvers.contains(solver));
            }
        });
        faults
    }

    pub(super) fn disable_allow_list(&mut self, by: Address, model: Model) -> Faults {
        let id = self.model_id(model);
        let faults = self.list_faults(by, id);
        self.change_model(id, &faults, |model| {
            model.listed = false;
            model.unlisted = true;
        });
        faults
    }

    /// What stands against a change of a model by governance alone.
    fn rate_faults(&self, by: Address, id: B256) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.demand(self.models.contains_key(&id), fault!(ModelDoesNotExist));
        faults
    }

    pub(super) fn set_rate(&mut self, by: Address, model: Model, rate: Number) -> Faults {
        let id = self.model_id(model);
        let mut faults = self.rate_faults(by, id);
        let value = rate.narrow().filter(|rate| *rate <= MAX_RATE);
        faults.demand(value.is_some(), fault!(ParameterOutOfBounds));
        self.change_model(id, &faults, |model| model.rate = value.unwrap_or_default());
        faults
    }

    pub(super) fn set_override(&mut self, by: Address, model: Model, share: Number) -> Faults {
        let id = self.model_id(model);
        let mut faults = self.rate_faults(by, id);
        let value = share.narrow().filter(|share| *share <= ONE);
        faults.demand(value.is_some(), fault!(PercentageTooHigh));
        self.change_model(id, &faults, |model| model.percentage = value);
        faults
    }

    pub(super) fn clear_override(&mut self, by: Address, model: Model) -> Faults {
        let id = self.model_id(model);
        let mut faults = self.owner_faults(by);
        let has = |model: &ModelEntry| model.percentage.is_some();
        faults.demand(
            self.models.get(&id).is_some_and(has),
            fault!(NoOverrideExists),
        );
        self.change_model(id, &faults, |model| model.percentage = None);
        faults
    }
}
