//! What somebody does to the engine, as data: so that a sequence can be generated, run
//! against model and chain, shortened by leaving steps out, and kept.
//!
//! Tasks and models are named by the step that made them and not by their identifiers,
//! which depend on everything that came before. What a step names that no step made is
//! an identifier that nobody knows.

use alloy_primitives::U256;

/// One transaction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// The step's name, by which others refer to what it makes.
    pub(crate) tag: u32,
    /// Seconds that pass before it, unless it shares the block of the step before.
    pub(crate) wait: u64,
    /// Whether the next step goes into the same block.
    pub(crate) open: bool,
    /// The person who sends it.
    pub(crate) by: u8,
    /// What is called.
    pub(crate) call: Call,
}

/// A model, by the step that registered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Model(pub(crate) u32);

/// A task, by the step that submitted it and its place among that step's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Task(pub(crate) u32, pub(crate) u16);

/// An amount or another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// This one.
    Of(u128),
    /// 2^256 − 1.
    Huge,
}

impl Number {
    /// The number as the ABI carries it.
    pub(crate) fn wide(self) -> U256 {
        match self {
            Self::Of(value) => U256::from(value),
            Self::Huge => U256::MAX,
        }
    }

    /// The number, if 128 bits hold it.
    pub(crate) fn narrow(self) -> Option<u128> {
        match self {
            Self::Of(value) => Some(value),
            Self::Huge => None,
        }
    }
}

/// An address where one is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// Somebody who acts.
    Person(u8),
    /// A contract that can be told a task's outcome.
    Consumer(u8),
    /// The zero address.
    Zero,
    /// The engine itself.
    Engine,
    /// The token.
    Token,
}

/// How a single task is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `submitTask`.
    Plain,
    /// `submitTaskWithPermit`, whose permit the token refuses: the allowance has to do.
    RefusedPermit,
    /// `submitTaskWithConsumer`.
    Consumer(Account, u32),
}

/// A function of the engine, or of the token, and its arguments.
#[derive(Clone, Debug, PartialEq)]
#[rustfmt::skip]
pub(crate) enum Call {
    // Models.
    Register { addr: Account, fee: Number, template: u8 },
    RegisterListed { addr: Account, fee: Number, template: u8, solvers: Vec<u8> },
    SetModelAddr { model: Model, addr: Account },
    SetModelFee { model: Model, fee: Number },
    SetModelEnabled { model: Model, enabled: bool },
    List { model: Model, solvers: Vec<u8> },
    Unlist { model: Model, solvers: Vec<u8> },
    DisableAllowList { model: Model },
    SetRate { model: Model, rate: Number },
    SetOverride { model: Model, percentage: Number },
    ClearOverride { model: Model },
    // Tasks.
    Submit { owner: Account, model: Model, fee: Number, input: u8, form: Form },
    BulkSubmit { owner: Account, model: Model, fee: Number, input: u8, count: u8 },
    BulkSubmitInputs { owner: Account, model: Model, fee: Number, inputs: Vec<u8> },
    RaiseFee { task: Task, amount: Number },
    Retract { task: Task },
    Notify { task: Task },
    // Solutions.
    Signal { validator: u8, task: Task, answer: u8 },
    SignalBulk { validator: u8, pairs: Vec<(Task, u8)> },
    Solve { task: Task, answer: u8 },
    BulkSolve { pairs: Vec<(Task, u8)> },
    Claim { task: Task },
    BulkClaim { tasks: Vec<Task> },
    // Earnings and stake.
    WithdrawEarnings { account: Account },
    StakeEarnings { amount: Number },
    Deposit { validator: Account, amount: Number },
    Announce { amount: Number },
    Cancel { number: u64 },
    Take { number: u64, to: Account },
    SignalSupport { model: Model, support: bool },
    // Contestations.
    Contest { task: Task },
    Vote { task: Task, yea: bool },
    Finish { task: Task, count: u32 },
    // Governance.
    SetParameter { parameter: u8, value: Number },
    TransferOwnership { to: Account },
    TransferTreasury { to: Account },
    TransferPauser { to: Account },
    SetPaused { paused: bool },
    SetStart { time: u64 },
    SetRest { rest: Account },
    Initialize,
    // The treasury's books.
    WithdrawAccrued,
    Sweep,
    // The token.
    Approve { amount: Number },
    Send { to: Account, amount: Number },
}

impl Call {
    /// The name of the function, for tallies.
    pub(crate) fn name(&self) -> String {
        let text = format!("{self:?}");
        let name = text.split([' ', '{']).next().unwrap_or_default();
        match self {
            Self::Submit { form, .. } => match form {
                Form::Plain => name.to_owned(),
                Form::RefusedPermit => format!("{name}WithPermit"),
                Form::Consumer(..) => format!("{name}WithConsumer"),
            },
            Self::Send {
                to: Account::Engine,
                ..
            } => "Donate".to_owned(),
            _ => name.to_owned(),
        }
    }

    /// The tasks that the call names.
    pub(crate) fn tasks(&self) -> Vec<Task> {
        match self {
            Self::RaiseFee { task, .. }
            | Self::Retract { task }
            | Self::Notify { task }
            | Self::Signal { task, .. }
            | Self::Solve { task, .. }
            | Self::Claim { task }
            | Self::Contest { task }
            | Self::Vote { task, .. }
            | Self::Finish { task, .. } => vec![*task],
            Self::SignalBulk { pairs, .. } | Self::BulkSolve { pairs } => {
                pairs.iter().map(|(task, _)| *task).collect()
            }
            Self::BulkClaim { tasks } => tasks.clone(),
            _ => Vec::new(),
        }
    }
}

/// A sequence as Rust source, to be kept among the regressions.
pub(crate) fn source(steps: &[Step]) -> String {
    let mut text = String::from("vec![\n");
    for Step {
        tag,
        wait,
        open,
        by,
        call,
    } in steps
    {
        let call = format!("{call:?}").replace('[', "vec![");
        text += &format!("    step({tag}, {wait}, {open}, {by}, {call}),\n");
    }
    text + "]"
}
