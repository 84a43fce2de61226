//! Models (protocol section 4): registration, fee and address, allow-lists, enabling,
//! emission rates.

use crate::abi::{Addresses, Words, event};
use crate::content::Content;
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config};
use crate::store::{Map, Map2, Pack, Slot, put, put_address, take, take_address};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::emission::MAX_RATE;
use arbius_protocol::fixed::ONE;
use arbius_protocol::{cid, ids};

/// Where the models are kept.
#[derive(Clone, Copy)]
pub struct ModelStorage {
    /// Two words each, by index: the identifier, [`Payee`].
    ids: Map<u64, B256>,
    /// Two words each: [`Terms`], the template's digest.
    entries: Map<B256, Terms>,
    /// Who is on which model's allow-list.
    allowed: Map2<B256, Address, bool>,
}

impl ModelStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            ids: Map::at(base),
            entries: Map::at(base + 1),
            allowed: Map2::at(base + 2),
        }
    }
}

/// What submitting needs to know of a model: fee 10, index 4, percentage 8, disabled 5,
/// flags 1.
#[derive(Clone, Copy, Default)]
pub struct Terms {
    /// Flat fee per task, in wei.
    pub fee: u128,
    /// By what tasks name the model; 0 where there is no model.
    pub index: u32,
    /// The treasury's share of the fee, where [`Payee::overridden`].
    pub percentage: u64,
    /// Since when it takes no tasks, in unpaused seconds; 0 while it does.
    pub disabled: u64,
    /// Whether only listed solvers may solve. No model gets a list after its registration,
    /// so a task that was submitted without one never has to ask for it.
    pub listed: bool,
    /// Whether it once had an allow-list that was disabled.
    pub unlisted: bool,
}

impl Pack for Terms {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.fee);
        put::<10, 4>(&mut word, self.index.into());
        put::<14, 8>(&mut word, self.percentage.into());
        put::<22, 5>(&mut word, self.disabled.into());
        word[27] = u8::from(self.listed) | u8::from(self.unlisted) << 1;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            fee: take::<0, 10>(word),
            index: take::<10, 4>(word) as u32,
            percentage: take::<14, 8>(word) as u64,
            disabled: take::<22, 5>(word) as u64,
            listed: word[27] & 1 != 0,
            unlisted: word[27] & 2 != 0,
        }
    }
}

/// What claiming needs to know, found by the index that a task holds: address 20, rate 9,
/// flags 1.
#[derive(Clone, Copy, Default)]
pub struct Payee {
    /// Who is paid the fee and may change the model.
    pub addr: Address,
    /// Emission rate, 1e18 = 1.
    pub rate: u128,
    /// Whether it has a fee percentage of its own, [`Terms::percentage`].
    pub overridden: bool,
}

impl Pack for Payee {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.addr);
        put::<20, 9>(&mut word, self.rate);
        word[29] = self.overridden.into();
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            addr: take_address::<0>(word),
            rate: take::<20, 9>(word),
            overridden: word[29] & 1 != 0,
        }
    }
}

impl Payee {
    /// Of the model that a task names by its index; of no model for 0.
    #[inline(never)]
    pub(crate) fn of(index: u32) -> Self {
        Self::slot(index).get()
    }

    fn write(&self, index: u32) {
        Self::slot(index).set(self);
    }

    fn slot(index: u32) -> Slot {
        STORAGE.models.ids.slot(index.into()).next(1)
    }
}

/// A model where it lies.
#[derive(Clone, Copy)]
pub(crate) struct Entry(Slot);

impl Entry {
    /// The place of a model, whether there is one or not.
    pub(crate) fn of(id: B256) -> Self {
        Self(STORAGE.models.entries.slot(id))
    }

    /// The place of a model and its terms.
    ///
    /// # Errors
    ///
    /// `ModelDoesNotExist`.
    #[inline(never)]
    pub(crate) fn existing(id: B256) -> Result<(Self, Terms), Revert> {
        let entry = Self::of(id);
        let terms = entry.terms();
        ensure!(terms.index != 0, ModelDoesNotExist);
        Ok((entry, terms))
    }

    pub(crate) fn terms(&self) -> Terms {
        self.0.get()
    }

    fn set_terms(&self, terms: &Terms) {
        self.0.set(terms);
    }

    fn digest(&self) -> B256 {
        self.0.next(1).get()
    }
}

/// The identifier of the model that a task names by its index.
pub(crate) fn id_of(index: u32) -> B256 {
    STORAGE.models.ids.get(index.into())
}

/// Whether `solver` may solve tasks of a model.
pub(crate) fn may_solve(id: B256, solver: Address) -> bool {
    !Entry::of(id).terms().listed || STORAGE.models.allowed.get(id, solver)
}

/// `models(id)`: all zero if there is none.
pub(crate) fn model(id: B256) -> Result<Words, Revert> {
    let entry = Entry::of(id);
    let terms = entry.terms();
    let payee = Payee::of(terms.index);
    let mut words = Words::with_capacity(7);
    words.uint(terms.fee).address(&payee.addr).uint(payee.rate);
    if terms.index == 0 {
        words.bytes(4, &[]);
    } else {
        words.bytes(4, &cid::encode(entry.digest()));
    }
    Ok(words)
}

/// `registerModel(addr, fee, template)`: anyone registers a model.
///
/// # Errors
///
/// `AddressMustBeNonZero`, `AddressNotAllowed`, `AmountTooLarge`, `ContentTooLarge`,
/// `ModelAlreadyRegistered`.
///
/// # Events
///
/// `ModelRegistered`, `ModelTemplate`.
pub(crate) fn register(addr: Address, price: U256, template: &[u8]) -> Result<B256, Revert> {
    enter(addr, price, template, false)
}

/// `registerModelWithAllowList(addr, fee, template, solvers)`: registers a model that
/// only the listed solvers may solve.
///
/// # Errors
///
/// As [`register`].
///
/// # Events
///
/// `ModelRegistered`, `ModelTemplate`, `ModelAllowListRequirementChanged`, and
/// `ModelAllowListUpdated` for each solver.
pub(crate) fn register_with_allow_list(
    addr: Address,
    price: U256,
    template: &[u8],
    solvers: Addresses<'_>,
) -> Result<B256, Revert> {
    let id = enter(addr, price, template, true)?;
    log_requirement(id, true);
    list(id, &solvers, true)?;
    Ok(id)
}

fn enter(addr: Address, price: U256, template: &[u8], listed: bool) -> Result<B256, Revert> {
    let config = Config::running()?;
    state::account(addr, config.token)?;
    let fee = state::amount(price)?;
    let template = Content::new(template)?;
    let id = ids::model_id(host::sender(), addr, price, template.digest);
    let entry = Entry::of(id);
    ensure!(entry.terms().index == 0, ModelAlreadyRegistered);
    let index = take_index(id);
    entry.set_terms(&Terms {
        fee,
        index,
        listed,
        ..Terms::default()
    });
    let payee = Payee {
        addr,
        ..Payee::default()
    };
    payee.write(index);
    entry.0.next(1).set(&template.digest);
    event!(ModelRegistered).word(&id.0).log(2);
    template.log(event!(ModelTemplate), &id, None);
    Ok(id)
}

/// Gives a model the number by which tasks name it in four bytes: what its identifier
/// begins with, or the next number that is free. A counter would cost a write more.
fn take_index(id: B256) -> u32 {
    let [a, b, c, d, ..] = id.0;
    let mut index = u32::from_be_bytes([a, b, c, d]);
    loop {
        // 0 stands for no model.
        index = index.max(1);
        let slot = STORAGE.models.ids.slot(index.into());
        if slot.get::<B256>().is_zero() {
            slot.set(&id);
            return index;
        }
        index = index.wrapping_add(1);
    }
}

/// A model that the sender may change.
struct Owned {
    entry: Entry,
    terms: Terms,
    payee: Payee,
}

/// The model, if the sender may change it: its address or the owner of the engine.
///
/// # Errors
///
/// `Paused` unless it is the owner of the engine, `ModelDoesNotExist`, `NotModelOwner`.
#[inline(never)]
fn owned(id: B256) -> Result<Owned, Revert> {
    let (entry, terms) = Entry::existing(id)?;
    let payee = Payee::of(terms.index);
    let sender = host::sender();
    if sender != STORAGE.state.owner.get() {
        ensure!(sender == payee.addr, NotModelOwner);
        Config::running()?;
    }
    Ok(Owned {
        entry,
        terms,
        payee,
    })
}

/// `setModelAddr(id, addr)`: changes who is paid the model's fee.
///
/// # Errors
///
/// `ModelDoesNotExist`, `NotModelOwner`, `AddressMustBeNonZero`, `AddressNotAllowed`.
///
/// # Events
///
/// `ModelAddrChanged`.
pub(crate) fn set_addr(id: B256, addr: Address) -> Result<(), Revert> {
    let Owned { terms, payee, .. } = owned(id)?;
    state::account(addr, Config::read().token)?;
    Payee { addr, ..payee }.write(terms.index);
    event!(ModelAddrChanged).word(&id.0).address(&addr).log(2);
    Ok(())
}

/// `setModelFee(id, fee)`: changes the fee of tasks to come; those submitted keep theirs.
///
/// # Errors
///
/// `ModelDoesNotExist`, `NotModelOwner`, `AmountTooLarge`.
///
/// # Events
///
/// `ModelFeeChanged`.
pub(crate) fn set_fee(id: B256, price: U256) -> Result<(), Revert> {
    let Owned { entry, terms, .. } = owned(id)?;
    let fee = state::amount(price)?;
    entry.set_terms(&Terms { fee, ..terms });
    event!(ModelFeeChanged).word(&id.0).uint(fee).log(2);
    Ok(())
}

/// `modelEnabled(id)`: whether the model takes tasks.
pub(crate) fn enabled(id: B256) -> Result<bool, Revert> {
    let terms = Entry::of(id).terms();
    Ok(terms.index != 0 && terms.disabled == 0)
}

/// `setModelEnabled(id, enabled)`. Disabling a model gives notice to its solvers: the time
/// at which it was disabled stays until it is enabled.
///
/// # Errors
///
/// `ModelDoesNotExist`, `NotModelOwner`.
///
/// # Events
///
/// `ModelEnabledChanged`.
pub(crate) fn set_enabled(id: B256, enabled: bool) -> Result<(), Revert> {
    let Owned { entry, terms, .. } = owned(id)?;
    let disabled = if enabled {
        0
    } else if terms.disabled != 0 {
        terms.disabled
    } else {
        let clock = Config::read().clock();
        clock.unpaused(host::now())
    };
    entry.set_terms(&Terms { disabled, ..terms });
    event!(ModelEnabledChanged)
        .word(&id.0)
        .uint(enabled.into())
        .log(2);
    Ok(())
}

/// `modelRequiresAllowList(id)`.
pub(crate) fn requires_allow_list(id: B256) -> Result<bool, Revert> {
    Ok(Entry::of(id).terms().listed)
}

/// `isSolverAllowed(id, solver)`.
pub(crate) fn is_solver_allowed(id: B256, solver: Address) -> Result<bool, Revert> {
    Ok(may_solve(id, solver))
}

/// `addToModelAllowList(id, solvers)`.
///
/// # Errors
///
/// `ModelDoesNotExist`, `NotModelOwner`, `AllowListNotEnabled`, `CannotReenableAllowList`
/// where the list was disabled.
///
/// # Events
///
/// `ModelAllowListUpdated` for each.
pub(crate) fn add_to_allow_list(id: B256, solvers: Addresses<'_>) -> Result<(), Revert> {
    with_allow_list(id)?;
    list(id, &solvers, true)
}

/// `removeFromModelAllowList(id, solvers)`.
///
/// # Errors
///
/// As [`add_to_allow_list`].
///
/// # Events
///
/// `ModelAllowListUpdated` for each.
pub(crate) fn remove_from_allow_list(id: B256, solvers: Addresses<'_>) -> Result<(), Revert> {
    with_allow_list(id)?;
    list(id, &solvers, false)
}

/// `disableModelAllowList(id)`: opens the model to all solvers, for good.
///
/// # Errors
///
/// As [`add_to_allow_list`].
///
/// # Events
///
/// `ModelAllowListRequirementChanged`.
pub(crate) fn disable_allow_list(id: B256) -> Result<(), Revert> {
    let Owned { entry, terms, .. } = with_allow_list(id)?;
    entry.set_terms(&Terms {
        listed: false,
        unlisted: true,
        ..terms
    });
    log_requirement(id, false);
    Ok(())
}

fn with_allow_list(id: B256) -> Result<Owned, Revert> {
    let model = owned(id)?;
    ensure!(!model.terms.unlisted, CannotReenableAllowList);
    ensure!(model.terms.listed, AllowListNotEnabled);
    Ok(model)
}

fn log_requirement(id: B256, required: bool) {
    event!(ModelAllowListRequirementChanged)
        .word(&id.0)
        .uint(required.into())
        .log(2);
}

fn list(id: B256, solvers: &Addresses<'_>, allowed: bool) -> Result<(), Revert> {
    for solver in solvers.iter() {
        let solver = solver?;
        STORAGE.models.allowed.set(id, solver, &allowed);
        event!(ModelAllowListUpdated)
            .word(&id.0)
            .address(&solver)
            .uint(allowed.into())
            .log(3);
    }
    Ok(())
}

/// `setSolutionMineableRate(id, rate)`: the emission rate, which is governance's alone.
///
/// # Errors
///
/// `NotOwner`, `ModelDoesNotExist`, `ParameterOutOfBounds` above 100e18.
///
/// # Events
///
/// `SolutionMineableRateChange`.
pub(crate) fn set_rate(id: B256, rate: U256) -> Result<(), Revert> {
    state::only_owner()?;
    let (_, terms) = Entry::existing(id)?;
    let rate: u128 = rate.saturating_to();
    ensure!(rate <= MAX_RATE, ParameterOutOfBounds);
    let payee = Payee::of(terms.index);
    Payee { rate, ..payee }.write(terms.index);
    event!(SolutionMineableRateChange)
        .word(&id.0)
        .uint(rate)
        .log(2);
    Ok(())
}

/// `solutionModelFeePercentageOverride(id)`.
pub(crate) fn percentage_override(id: B256) -> Result<u64, Revert> {
    Ok(Entry::of(id).terms().percentage)
}

/// `hasSolutionModelFeePercentageOverride(id)`.
pub(crate) fn has_percentage_override(id: B256) -> Result<bool, Revert> {
    Ok(Payee::of(Entry::of(id).terms().index).overridden)
}

/// `setSolutionModelFeePercentageOverride(id, percentage)`.
///
/// # Errors
///
/// `NotOwner`, `ModelDoesNotExist`, `PercentageTooHigh`.
///
/// # Events
///
/// `SolutionModelFeePercentageOverrideSet`.
pub(crate) fn set_percentage_override(id: B256, percentage: U256) -> Result<(), Revert> {
    state::only_owner()?;
    let (entry, terms) = Entry::existing(id)?;
    let percentage: u64 = percentage.saturating_to();
    ensure!(u128::from(percentage) <= ONE, PercentageTooHigh);
    override_percentage(entry, terms, Some(percentage));
    event!(SolutionModelFeePercentageOverrideSet)
        .word(&id.0)
        .uint(percentage.into())
        .log(2);
    Ok(())
}

/// Gives a model a percentage of its own, or takes it away.
fn override_percentage(entry: Entry, terms: Terms, percentage: Option<u64>) {
    let payee = Payee {
        overridden: percentage.is_some(),
        ..Payee::of(terms.index)
    };
    payee.write(terms.index);
    entry.set_terms(&Terms {
        percentage: percentage.unwrap_or_default(),
        ..terms
    });
}

/// `clearSolutionModelFeePercentageOverride(id)`.
///
/// # Errors
///
/// `NotOwner`, `NoOverrideExists`.
///
/// # Events
///
/// `SolutionModelFeePercentageOverrideCleared`.
pub(crate) fn clear_percentage_override(id: B256) -> Result<(), Revert> {
    state::only_owner()?;
    let entry = Entry::of(id);
    let terms = entry.terms();
    ensure!(Payee::of(terms.index).overridden, NoOverrideExists);
    override_percentage(entry, terms, None);
    event!(SolutionModelFeePercentageOverrideCleared)
        .word(&id.0)
        .log(2);
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ModelStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "models.ids",
            self.ids,
            &[word!(B256 as id), word!(Payee: addr, rate, overridden)],
        );
        rows.at(
            "models.entries",
            self.entries,
            &[
                word!(Terms: fee, index, percentage, disabled, listed, unlisted),
                word!(B256 as template),
            ],
        );
        rows.at("models.allowed", self.allowed, &[word!(bool)]);
    }
}
