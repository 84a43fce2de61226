//! Settling a vote that is over, in pages.

use super::record::Contestation;
use crate::abi::event;
use crate::claims::Claims;
use crate::revert::{Revert, ensure, error};
use crate::solvers::Solver;
use crate::tasks::{self, Flags, Task};
use crate::validators::{self, Stake};
use alloy_primitives::{Address, B256};
use arbius_protocol::contestation::{Outcome, PageError, vote_over};

/// `contestationVoteFinish(task, amount)`: settles the next `amount` winners of a vote
/// that is over. The first page fixes the outcome: it refunds the fee or claims the
/// solution, and gives the solution's stake and the remainder away. Anyone may call.
///
/// # Errors
///
/// `ContestationDoesntExist`, `VotingPeriodNotEnded`, `AmntTooSmall`,
/// `SettlementComplete`.
///
/// # Events
///
/// On the first page `ContestationSettled` and the events of a claim or `TaskRefunded`;
/// `ContestationShare` for each winner; `ContestationVoteFinish`.
pub(crate) fn finish(task: B256, amount: u32) -> Result<(), Revert> {
    let mut claims = Claims::begin()?;
    let mut contestation = Contestation::of(task);
    ensure!(contestation.exists(), ContestationDoesntExist);
    ensure!(
        vote_over(claims.unpaused, contestation.count.window.end),
        VotingPeriodNotEnded
    );
    let settlement = contestation.settlement();
    let page = settlement
        .page(contestation.count.settled, amount)
        .map_err(|error| match error {
            PageError::AmountTooSmall => error!(AmntTooSmall),
            PageError::Complete => error!(SettlementComplete),
        })?;
    contestation.count.settled = page.end;
    contestation.write_count();

    let record = Task::find(task);
    let solver = Solver::of(record.reveal().solver);
    let accused = solver.address;
    let (rejected, lead) = match settlement.outcome {
        Outcome::Rejected => (true, contestation.opening.contester),
        Outcome::Upheld => (false, accused),
    };
    if page.start == 0 {
        event!(ContestationSettled)
            .word(&task.0)
            .uint(rejected.into())
            .uint(settlement.collected)
            .uint(settlement.remainder)
            .log(2);
        claims.ledger.accrued += settlement.remainder;
        if rejected {
            reject(&mut claims, task, record, accused, lead);
        } else {
            claims.pay(task, record, solver);
        }
    }
    for place in page.clone() {
        let winner = contestation.voter(rejected, place.into(), accused);
        let share = settlement.share(winner == lead);
        Stake::credit_to(winner, settlement.lock + share, &claims.ledger, claims.now);
        event!(ContestationShare)
            .address(&winner)
            .word(&task.0)
            .uint(settlement.lock)
            .uint(share)
            .log(3);
    }
    claims.ledger.write();
    event!(ContestationVoteFinish)
        .word(&task.0)
        .uint(page.start.into())
        .uint(page.end.into())
        .log(3);
    Ok(())
}

/// What a wrong solution leads to: its stake goes to the contester, the fee back to the
/// task's owner, and the solver has to pause.
fn reject(claims: &mut Claims, id: B256, mut task: Task, accused: Address, contester: Address) {
    task.set_flags(Flags {
        rejected: true,
        ..task.flags()
    });
    let stake = task.take_stake();
    if stake != 0 {
        Stake::credit_to(contester, stake, &claims.ledger, claims.now);
    }
    validators::note_loss(accused, claims.now);
    tasks::refund(id, &task);
}
