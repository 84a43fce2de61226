//! Sequences that are run before all others: those that failed once, made short, and
//! some that are easily got wrong.

use arbius_protocol::params::Parameter;
use arbius_testkit::AIUS;

use crate::step::{Account::*, Call, Call::*, Form::*, Model, Number::*, Step, Task};

/// A step, as [`crate::step::source`] writes it.
const fn step(tag: u32, wait: u64, open: bool, by: u8, call: Call) -> Step {
    Step {
        tag,
        wait,
        open,
        by,
        call,
    }
}

/// All of them, with what each is about.
pub(crate) fn all() -> Vec<(&'static str, Vec<Step>)> {
    vec![
        ("the engine as its own second program", own_rest()),
        (
            "a pause between two pages of a settlement",
            paused_settlement(),
        ),
        ("a solver that wants to be out of reach", leaver()),
        ("a solver that has nothing to lock", pauper()),
    ]
}

/// A model of fee 1, validators 4 to 8 of different means, and a task for 3 that 4 solved.
#[rustfmt::skip]
fn solved() -> Vec<Step> {
    vec![
        step(0, 0, false, 2, Register { addr: Person(2), fee: Of(AIUS), template: 0 }),
        step(1, 1, false, 0, SetRate { model: Model(0), rate: Of(AIUS) }),
        step(2, 1, false, 4, Deposit { validator: Person(4), amount: Of(AIUS) }),
        step(3, 1, false, 5, Deposit { validator: Person(5), amount: Of(20 * AIUS) }),
        step(4, 1, false, 6, Deposit { validator: Person(6), amount: Of(20 * AIUS) }),
        step(5, 1, false, 7, Deposit { validator: Person(7), amount: Of(20 * AIUS) }),
        step(6, 1, false, 8, Deposit { validator: Person(8), amount: Of(20 * AIUS) }),
        step(7, 200, false, 3, Submit { owner: Person(3), model: Model(0), fee: Of(3 * AIUS), input: 0, form: Plain }),
        step(8, 1, false, 4, Signal { validator: 4, task: Task(7, 0), answer: 1 }),
        step(9, 1, false, 4, Solve { task: Task(7, 0), answer: 1 }),
    ]
}

/// Found at seed 9: engine and token have code, and the engine took them.
#[rustfmt::skip]
fn own_rest() -> Vec<Step> {
    vec![
        step(0, 0, false, 0, SetRest { rest: Engine }),
        step(1, 1, false, 0, SetRest { rest: Token }),
        step(2, 1, false, 0, SetPaused { paused: true }),
    ]
}

/// The winners of the pages to come wait for the pause's end, and lose nothing.
#[rustfmt::skip]
fn paused_settlement() -> Vec<Step> {
    let task = Task(7, 0);
    let dispute = vec![
        step(10, 5, false, 5, Contest { task }),
        step(11, 5, false, 6, Vote { task, yea: true }),
        step(12, 5, true, 7, Vote { task, yea: true }),
        step(13, 5, false, 8, Vote { task, yea: false }),
        step(14, 4_001, false, 9, Finish { task, count: 1 }),
        step(15, 1, false, 0, SetPaused { paused: true }),
        step(16, 1, false, 9, Finish { task, count: 1 }),
        step(17, 1, false, 3, WithdrawEarnings { account: Person(3) }),
        step(18, 15 * 86_400, false, 9, Finish { task, count: 1 }),
        step(19, 1, false, 9, Finish { task, count: u32::MAX }),
        step(20, 1, false, 9, Finish { task, count: 1 }),
    ];
    [solved(), dispute].concat()
}

/// Announced withdrawals are locked and lost, and what is left of them is paid.
#[rustfmt::skip]
fn leaver() -> Vec<Step> {
    let task = Task(7, 0);
    let dispute = vec![
        step(10, 5, false, 4, Announce { amount: Of(AIUS) }),
        step(11, 5, false, 5, Contest { task }),
        step(12, 5, false, 6, Vote { task, yea: true }),
        step(13, 90_000, false, 4, Take { number: 1, to: Person(4) }),
        step(14, 1, false, 9, Finish { task, count: 9 }),
        step(15, 1, false, 4, Take { number: 1, to: Person(4) }),
    ];
    [solved(), dispute].concat()
}

/// Governance raises what a vote locks above all that the accused has: the contestation
/// runs without its vote, which it casts when it can.
#[rustfmt::skip]
fn pauper() -> Vec<Step> {
    let task = Task(7, 0);
    let (floor, lock) = (Parameter::ValidatorMinimumFloor as u8, Parameter::SlashAmountFloor as u8);
    let dispute = vec![
        step(10, 1, false, 0, SetParameter { parameter: floor, value: Of(8 * AIUS) }),
        step(11, 1, false, 0, SetParameter { parameter: lock, value: Of(2 * AIUS) }),
        step(12, 1, false, 5, Contest { task }),
        step(13, 1, false, 4, Vote { task, yea: false }),
        step(14, 1, false, 4, Deposit { validator: Person(4), amount: Of(AIUS) }),
        step(15, 1, false, 4, Vote { task, yea: true }),
        step(16, 1, false, 4, Vote { task, yea: false }),
        step(17, 1, false, 4, Vote { task, yea: false }),
        step(18, 4_001, false, 9, Finish { task, count: 1 }),
    ];
    [solved(), dispute].concat()
}
