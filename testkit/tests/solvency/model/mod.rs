//! The ledger as protocol.md describes it, in plain Rust: what every account has, what
//! every call does, and which calls have to fail.
//!
//! Written from the text and not from the contract: it keeps its state in ordinary
//! collections, adds up what is held instead of counting along, and says of a call *all*
//! the reasons for which it may fail, because the text does not order them. Only pure
//! arithmetic (the emission curve, splits, a settlement's shares, hashes) is
//! `arbius_protocol`'s, which has tests of its own.

mod contestations;
mod governance;
mod models;
mod solutions;
mod tasks;
mod validators;

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, U256, keccak256};
use arbius_protocol::{
    emission::MINING,
    interfaces::engine::IEngine,
    params::{self, Parameter},
    solvency,
};

use crate::step::{Account, Call, Model, Step, Task};

pub(crate) use contestations::Contestation;
pub(crate) use models::template;
pub(crate) use solutions::{Solution, answer_cid};
pub(crate) use tasks::input;

/// The consumer that accepts what it is told; the others refuse.
const ACCEPTING_CONSUMER: usize = 0;

/// A custom error by its selector.
pub(crate) type Fault = [u8; 4];

/// The selector of an error of the engine.
macro_rules! fault {
    ($name:ident) => {
        <arbius_protocol::interfaces::engine::IEngine::$name as alloy_sol_types::SolError>::SELECTOR
    };
}
pub(crate) use fault;

/// Why a call has to fail: any of these; nothing if it has to succeed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    /// One more reason, unless `sound`.
    pub(super) fn demand(&mut self, sound: bool, fault: Fault) {
        if !sound {
            self.0.push(fault);
        }
    }

    pub(super) fn with(mut self, fault: Fault) -> Self {
        self.0.push(fault);
        self
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn none(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn admits(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// The names of the reasons.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|fault| fault_name(*fault)).collect()
    }
}

/// The name of an error of the engine.
pub(crate) fn fault_name(fault: Fault) -> String {
    IEngine::IEngineErrors::name_by_selector(fault).map_or_else(
        || alloy_primitives::hex::encode_prefixed(fault),
        str::to_owned,
    )
}

/// An announced withdrawal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) amount: u128,
    pub(crate) unlock: u64,
}

/// What somebody has. Amounts are in wei.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) tokens: u128,
    pub(crate) allowance: U256,
    pub(crate) staked: u128,
    /// Open withdrawals by number.
    pub(crate) requests: BTreeMap<u64, Request>,
    /// How many withdrawals were ever announced.
    pub(crate) announced: u64,
    pub(crate) since: u64,
    pub(crate) last_submission: u64,
    pub(crate) last_loss: u64,
    pub(crate) earnings: u128,
}

impl Person {
    /// What is on its way out.
    pub(crate) fn pending(&self) -> u128 {
        self.requests.values().map(|request| request.amount).sum()
    }

    pub(crate) fn free(&self) -> u128 {
        self.staked.saturating_sub(self.pending())
    }
}

/// A registered model.
#[derive(Clone, Debug)]
pub(crate) struct ModelEntry {
    pub(crate) addr: Address,
    pub(crate) fee: u128,
    pub(crate) rate: u128,
    /// When it was disabled, on the clock that pauses stop.
    pub(crate) disabled: Option<u64>,
    /// Whether only listed solvers may solve.
    pub(crate) listed: bool,
    /// Whether it had a list once that was opened for good.
    pub(crate) unlisted: bool,
    pub(crate) solvers: BTreeSet<Address>,
    pub(crate) percentage: Option<u128>,
}

/// A submitted task.
#[derive(Clone, Debug)]
pub(crate) struct TaskEntry {
    pub(crate) owner: Address,
    pub(crate) model: B256,
    pub(crate) fee: u128,
    /// What of the fee the engine still holds: all or nothing.
    pub(crate) escrow: u128,
    pub(crate) model_fee: u128,
    pub(crate) version: u8,
    pub(crate) input: B256,
    pub(crate) time: u64,
    pub(crate) unpaused: u64,
    pub(crate) block: u64,
    pub(crate) retracted: bool,
    /// When its retraction was announced, in plain and in unpaused time.
    pub(crate) announced: Option<(u64, u64)>,
    pub(crate) solution: Option<Solution>,
    pub(crate) contestation: Option<Contestation>,
    pub(crate) consumer: Option<Consumer>,
}

/// Who wants to be told the outcome of a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consumer {
    pub(crate) address: Address,
    pub(crate) gas: u32,
    pub(crate) told: bool,
}

/// The addresses that steps speak of.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) engine: Address,
    pub(crate) token: Address,
    pub(crate) people: Vec<Address>,
    pub(crate) consumers: Vec<Address>,
}

impl Addresses {
    pub(crate) fn person(&self, number: u8) -> Address {
        self.people[usize::from(number) % self.people.len()]
    }

    pub(crate) fn of(&self, account: Account) -> Address {
        match account {
            Account::Person(number) => self.person(number),
            Account::Consumer(number) => self.consumers[usize::from(number) % self.consumers.len()],
            Account::Zero => Address::ZERO,
            Account::Engine => self.engine,
            Account::Token => self.token,
        }
    }
}

/// Everything that the engine and the token know.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) addresses: Addresses,
    /// Time and L2 block of the call.
    pub(crate) now: u64,
    pub(crate) block: u64,
    /// Pauses so far, as beginning and end.
    pub(crate) pauses: Vec<(u64, u64)>,
    pub(crate) owner: Address,
    pub(crate) treasury: Address,
    pub(crate) pauser: Address,
    pub(crate) parameters: [u128; params::COUNT],
    pub(crate) start: u64,
    pub(crate) emitted: u128,
    pub(crate) accrued: u128,
    /// Tokens that the engine has, and those of them that were sent unasked and not swept.
    pub(crate) balance: u128,
    pub(crate) donated: u128,
    pub(crate) people: BTreeMap<Address, Person>,
    pub(crate) models: BTreeMap<B256, ModelEntry>,
    pub(crate) tasks: BTreeMap<B256, TaskEntry>,
    /// Who signalled which hash, in which block, in order.
    pub(crate) commitments: BTreeMap<B256, Vec<(Address, u64)>>,
    pub(crate) previous: B256,
    model_names: BTreeMap<Model, B256>,
    task_names: BTreeMap<Task, B256>,
    /// What has happened that a run must not leave out.
    pub(crate) seen: BTreeSet<&'static str>,
}

impl Ledger {
    /// A deployed engine that nobody has used yet.
    pub(crate) fn new(addresses: Addresses, owner: Address, treasury: Address, start: u64) -> Self {
        let people = addresses
            .people
            .iter()
            .map(|address| (*address, Person::default()))
            .collect();
        let mut parameters = [0; params::COUNT];
        for row in &params::TABLE {
            parameters[row.parameter as usize] = row.default;
        }
        Self {
            addresses,
            now: start,
            block: 0,
            pauses: Vec::new(),
            owner,
            treasury,
            pauser: owner,
            parameters,
            start,
            emitted: 0,
            accrued: 0,
            balance: MINING,
            donated: 0,
            people,
            models: BTreeMap::new(),
            tasks: BTreeMap::new(),
            commitments: BTreeMap::new(),
            previous: B256::ZERO,
            model_names: BTreeMap::new(),
            task_names: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    // ──────────────────────────────── names ─────────────────────────────────

    pub(crate) fn model_id(&self, model: Model) -> B256 {
        let unknown = || keccak256(format!("no model {}", model.0));
        self.model_names
            .get(&model)
            .copied()
            .unwrap_or_else(unknown)
    }

    pub(crate) fn task_id(&self, task: Task) -> B256 {
        let unknown = || keccak256(format!("no task {} {}", task.0, task.1));
        self.task_names.get(&task).copied().unwrap_or_else(unknown)
    }

    /// The models and tasks that exist, by name.
    pub(crate) fn model_list(&self) -> Vec<Model> {
        self.model_names.keys().copied().collect()
    }

    pub(crate) fn task_list(&self) -> impl Iterator<Item = (Task, &TaskEntry)> {
        self.task_names
            .iter()
            .filter_map(|(name, id)| Some((*name, self.tasks.get(id)?)))
    }

    pub(crate) fn task(&self, task: Task) -> Option<&TaskEntry> {
        self.tasks.get(&self.task_id(task))
    }

    // ──────────────────────────────── books ─────────────────────────────────

    /// Everything that the engine holds for somebody (protocol section 9).
    pub(crate) fn held(&self) -> u128 {
        let people: u128 = self.people.values().map(|p| p.staked + p.earnings).sum();
        let tasks: u128 = self
            .tasks
            .values()
            .map(|task| {
                let locked = task.solution.as_ref().map_or(0, |solution| solution.stake);
                let disputed = task.contestation.as_ref().map_or(0, |c| c.held);
                task.escrow + locked + disputed
            })
            .sum();
        people + tasks + self.accrued
    }

    /// What the engine's balance must cover.
    fn assets(&self) -> u128 {
        solvency::backing(self.emitted, self.held())
    }

    pub(crate) fn parameter(&self, parameter: Parameter) -> u128 {
        self.parameters[parameter as usize]
    }

    fn seconds(&self, parameter: Parameter) -> u64 {
        u64::try_from(self.parameter(parameter)).unwrap_or(u64::MAX)
    }

    fn person(&mut self, address: Address) -> &mut Person {
        self.people.entry(address).or_default()
    }

    fn peek(&self, address: Address) -> Person {
        self.people.get(&address).cloned().unwrap_or_default()
    }

    fn credit_earnings(&mut self, address: Address, amount: u128) {
        if amount > 0 {
            self.person(address).earnings += amount;
        }
    }

    /// Takes tokens from somebody into the engine.
    fn take_tokens(&mut self, from: Address, amount: u128) {
        let person = self.person(from);
        person.tokens -= amount;
        if person.allowance != U256::MAX {
            person.allowance -= U256::from(amount);
        }
        self.balance += amount;
    }

    /// Pays tokens out of the engine.
    fn pay_tokens(&mut self, to: Address, amount: u128) {
        self.balance -= amount;
        self.person(to).tokens += amount;
    }

    /// Whether somebody has and allows the engine so much.
    fn can_take(&self, from: Address, amount: u128) -> bool {
        let person = self.peek(from);
        person.tokens >= amount && person.allowance >= U256::from(amount)
    }

    // ──────────────────────────────── clock ─────────────────────────────────

    pub(crate) fn paused(&self) -> bool {
        self.pauses.last().is_some_and(|(_, end)| self.now < *end)
    }

    /// Seconds since the epoch in which the engine was not paused.
    pub(crate) fn unpaused(&self) -> u64 {
        let paused: u64 = self
            .pauses
            .iter()
            .map(|(began, end)| self.now.min(*end).saturating_sub(*began))
            .sum();
        self.now - paused
    }

    /// When a moment of that clock comes, if no pause comes first.
    pub(crate) fn estimate(&self, moment: u64) -> u64 {
        let paused: u64 = self.pauses.iter().map(|(began, end)| end - began).sum();
        moment + paused
    }

    // ──────────────────────────────── calls ─────────────────────────────────

    /// Does what a step does, or says why it cannot be done.
    pub(crate) fn apply(&mut self, step: &Step) -> Faults {
        let by = self.addresses.person(step.by);
        let at = |account: Account| self.addresses.of(account);
        match &step.call {
            Call::Register {
                addr,
                fee,
                template,
            } => {
                let addr = at(*addr);
                self.register(step.tag, by, addr, *fee, *template, None)
            }
            Call::RegisterListed {
                addr,
                fee,
                template,
                solvers,
            } => {
                let addr = at(*addr);
                self.register(step.tag, by, addr, *fee, *template, Some(solvers))
            }
            Call::SetModelAddr { model, addr } => {
                let addr = at(*addr);
                self.set_model_addr(by, *model, addr)
            }
            Call::SetModelFee { model, fee } => self.set_model_fee(by, *model, *fee),
            Call::SetModelEnabled { model, enabled } => {
                self.set_model_enabled(by, *model, *enabled)
            }
            Call::List { model, solvers } => self.list(by, *model, solvers, true),
            Call::Unlist { model, solvers } => self.list(by, *model, solvers, false),
            Call::DisableAllowList { model } => self.disable_allow_list(by, *model),
            Call::SetRate { model, rate } => self.set_rate(by, *model, *rate),
            Call::SetOverride { model, percentage } => self.set_override(by, *model, *percentage),
            Call::ClearOverride { model } => self.clear_override(by, *model),
            Call::Submit {
                owner,
                model,
                fee,
                input,
                form,
            } => {
                let owner = at(*owner);
                self.submit(step.tag, by, owner, *model, *fee, *input, *form)
            }
            Call::BulkSubmit {
                owner,
                model,
                fee,
                input,
                count,
            } => {
                let (owner, inputs) = (at(*owner), vec![*input; usize::from(*count)]);
                self.submit_all(step.tag, by, owner, *model, *fee, &inputs)
            }
            Call::BulkSubmitInputs {
                owner,
                model,
                fee,
                inputs,
            } => {
                let owner = at(*owner);
                self.submit_all(step.tag, by, owner, *model, *fee, inputs)
            }
            Call::RaiseFee { task, amount } => self.raise_fee(by, *task, *amount),
            Call::Retract { task } => self.retract(by, *task),
            Call::Notify { task } => self.notify(*task),
            Call::Signal {
                validator,
                task,
                answer,
            } => self.signal(by, *validator, *task, *answer),
            Call::SignalBulk { validator, pairs } => self.signal_bulk(by, *validator, pairs),
            Call::Solve { task, answer } => self.solve(by, *task, *answer),
            Call::BulkSolve { pairs } => self.solve_all(by, pairs),
            Call::Claim { task } => self.claim(by, *task),
            Call::BulkClaim { tasks } => self.claim_all(by, tasks),
            Call::WithdrawEarnings { account } => {
                let account = at(*account);
                self.withdraw_earnings(account)
            }
            Call::StakeEarnings { amount } => self.stake_earnings(by, *amount),
            Call::Deposit { validator, amount } => {
                let validator = at(*validator);
                self.deposit(by, validator, *amount)
            }
            Call::Announce { amount } => self.announce(by, *amount),
            Call::Cancel { number } => self.cancel(by, *number),
            Call::Take { number, to } => {
                let to = at(*to);
                self.take(by, *number, to)
            }
            Call::SignalSupport { model, .. } => self.signal_support(by, *model),
            Call::Contest { task } => self.contest(by, *task),
            Call::Vote { task, yea } => self.vote(by, *task, *yea),
            Call::Finish { task, count } => self.finish(*task, *count),
            Call::SetParameter { parameter, value } => self.set_parameter(by, *parameter, *value),
            Call::TransferOwnership { to } => {
                let to = at(*to);
                self.transfer_ownership(by, to)
            }
            Call::TransferTreasury { to } => {
                let to = at(*to);
                self.transfer_treasury(by, to)
            }
            Call::TransferPauser { to } => {
                let to = at(*to);
                self.transfer_pauser(by, to)
            }
            Call::SetPaused { paused } => self.set_paused(by, *paused),
            Call::SetStart { time } => self.set_start(by, *time),
            Call::SetRest { rest } => {
                let rest = at(*rest);
                self.set_rest(by, rest)
            }
            Call::Initialize => Faults::default().with(fault!(AlreadyInitialized)),
            Call::WithdrawAccrued => self.withdraw_accrued(),
            Call::Sweep => self.sweep(),
            Call::Approve { amount } => self.approve(by, *amount),
            Call::Send { to, amount } => {
                let to = at(*to);
                self.send(by, to, *amount)
            }
        }
    }

    /// What only somebody who acts may be: nobody's address, the engine's, the token's.
    fn account_faults(&self, address: Address) -> Faults {
        let mut faults = Faults::default();
        faults.demand(!address.is_zero(), fault!(AddressMustBeNonZero));
        let own = address == self.addresses.engine || address == self.addresses.token;
        faults.demand(!own, fault!(AddressNotAllowed));
        faults
    }

    fn pause_faults(&self) -> Faults {
        let mut faults = Faults::default();
        faults.demand(!self.paused(), fault!(Paused));
        faults
    }
}

/// Where amounts end that the engine can book: more than a million AIUS.
const AMOUNT_LIMIT: u128 = 1 << 80;

/// An amount from outside, if it can be booked.
fn amount(number: crate::step::Number, faults: &mut Faults) -> Option<u128> {
    let amount = number.narrow().filter(|amount| *amount < AMOUNT_LIMIT);
    faults.demand(amount.is_some(), fault!(AmountTooLarge));
    amount
}
