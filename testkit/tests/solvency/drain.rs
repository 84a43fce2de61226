//! The end of every run: everybody takes everything out that is theirs.

use alloy_primitives::Address;

use crate::{
    model::{Ledger, TaskEntry},
    run::Source,
    step::{Account, Call, Number, Step, Task},
};

/// A source of the steps that are left until the engine holds nothing for anybody.
#[derive(Clone, Debug)]
pub(crate) struct Drain {
    tag: u32,
}

impl Drain {
    /// A drain whose steps are named from `tag` on.
    pub(crate) const fn new(tag: u32) -> Self {
        Self { tag }
    }
}

impl Source for Drain {
    fn next(&mut self, ledger: &Ledger) -> Option<Step> {
        let (by, wait, call) = next(ledger)?;
        self.tag += 1;
        Some(Step {
            tag: self.tag,
            wait,
            open: false,
            by,
            call,
        })
    }
}

fn next(ledger: &Ledger) -> Option<(u8, u64, Call)> {
    let tasks = ledger
        .task_list()
        .find_map(|(name, task)| close(ledger, name, task));
    tasks
        .or_else(|| (0..ledger.addresses.people.len() as u8).find_map(|who| leave(ledger, who)))
        .or_else(|| {
            if ledger.donated > 0 {
                Some((0, until(ledger, 0), Call::Sweep))
            } else if ledger.accrued > 0 {
                Some((0, 1, Call::WithdrawAccrued))
            } else {
                None
            }
        })
}

/// What brings a task to its end, if it is not there.
fn close(ledger: &Ledger, name: Task, task: &TaskEntry) -> Option<(u8, u64, Call)> {
    if task.retracted {
        return None;
    }
    let Some(solution) = &task.solution else {
        let delay = ledger.parameter(arbius_protocol::params::Parameter::MinRetractionWaitTime);
        let moment = match task.announced {
            Some((_, at)) => at + 600,
            None => task.unpaused + delay as u64,
        };
        let call = Call::Retract { task: name };
        return Some((number(ledger, task.owner), until(ledger, moment), call));
    };
    match &task.contestation {
        Some(contestation) if contestation.is_settled() => None,
        Some(contestation) => {
            let wait = until(ledger, contestation.end + 1);
            Some((
                2,
                wait,
                Call::Finish {
                    task: name,
                    count: 2,
                },
            ))
        }
        None if solution.claimed => None,
        None => {
            let wait = until(ledger, solution.contest_end + 1);
            Some((
                number(ledger, solution.solver),
                wait,
                Call::Claim { task: name },
            ))
        }
    }
}

/// What brings somebody nearer to having nothing in.
fn leave(ledger: &Ledger, who: u8) -> Option<(u8, u64, Call)> {
    let person = &ledger.people[&ledger.addresses.person(who)];
    if person.earnings > 0 {
        let account = Account::Person(who);
        return Some((who, 1, Call::WithdrawEarnings { account }));
    }
    if person.staked == 0 {
        return None;
    }
    if person.free() > 0 {
        return Some((
            who,
            1,
            Call::Announce {
                amount: Number::Of(person.free()),
            },
        ));
    }
    let (number, request) = person
        .requests
        .iter()
        .min_by_key(|(_, request)| request.unlock)?;
    let (number, to) = (*number, Account::Person(who));
    Some((
        who,
        until(ledger, request.unlock),
        Call::Take { number, to },
    ))
}

/// Seconds until a moment of the clock that pauses stop, and until no pause runs.
fn until(ledger: &Ledger, moment: u64) -> u64 {
    let pause = ledger
        .pauses
        .last()
        .map_or(0, |(_, end)| end.saturating_sub(ledger.now));
    pause + moment.saturating_sub(ledger.unpaused())
}

fn number(ledger: &Ledger, address: Address) -> u8 {
    let people = &ledger.addresses.people;
    people
        .iter()
        .position(|person| *person == address)
        .unwrap_or(0) as u8
}
