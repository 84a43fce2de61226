//! What there is to be done.

use super::Kind;
use crate::model::{Ledger, Solution, TaskEntry};

/// Whether a task waits for a solution.
pub(super) fn is_open(task: &TaskEntry) -> bool {
    !task.retracted && task.solution.is_none()
}

pub(super) fn is_claimable(task: &TaskEntry) -> bool {
    task.contestation.is_none() && task.solution.as_ref().is_some_and(|s| !s.claimed)
}

pub(super) fn is_contestable(task: &TaskEntry, unpaused: u64) -> bool {
    let in_time = |s: &Solution| !s.claimed && unpaused <= s.contest_end;
    task.contestation.is_none() && task.solution.as_ref().is_some_and(in_time)
}

pub(super) fn is_voted_on(task: &TaskEntry, unpaused: u64) -> bool {
    task.contestation
        .as_ref()
        .is_some_and(|c| unpaused <= c.end)
}

pub(super) fn is_unsettled(task: &TaskEntry) -> bool {
    task.contestation.as_ref().is_some_and(|c| !c.is_settled())
}

pub(super) fn is_untold(task: &TaskEntry) -> bool {
    task.consumer.is_some_and(|consumer| !consumer.told)
}

/// Whether there is anything that a call of this kind could be about.
pub(super) fn is_possible(kind: Kind, ledger: &Ledger) -> bool {
    let unpaused = ledger.unpaused();
    let any = |fits: &dyn Fn(&TaskEntry) -> bool| ledger.tasks.values().any(fits);
    match kind {
        Kind::RaiseFee | Kind::Retract | Kind::Signal | Kind::SignalBulk | Kind::Reveal => {
            any(&is_open)
        }
        Kind::Notify => any(&is_untold),
        Kind::Claim | Kind::BulkClaim => any(&is_claimable),
        Kind::Contest => any(&|task| is_contestable(task, unpaused)),
        Kind::Vote => any(&|task| is_voted_on(task, unpaused)),
        Kind::Finish => any(&is_unsettled),
        Kind::Cancel | Kind::Take => ledger.people.values().any(|p| !p.requests.is_empty()),
        Kind::StakeEarnings => ledger.people.values().any(|p| p.earnings > 0),
        Kind::Sweep => ledger.donated > 0,
        _ => true,
    }
}
