//! Contesting a solution, which is the first vote, and voting.

use super::record::{Contestation, Count, FEW, Opening};
use crate::abi::event;
use crate::earnings;
use crate::host;
use crate::layout::STORAGE;
use crate::params;
use crate::revert::{Revert, ensure, error};
use crate::state::Ledger;
use crate::tasks::{Flags, Task};
use crate::validators::{self, Stake};
use alloy_primitives::{Address, B256};
use arbius_protocol::contestation::{
    Demand, VoteRefusal, VoteWindow, Voter, accused_lock, side_admitted,
};
use arbius_protocol::tasks::contestable;

/// What a vote on a solution of this time demands.
#[inline(never)]
pub(super) fn demand(solved: u64, slash: u128, ledger: &Ledger) -> Demand {
    Demand {
        solved,
        stake_since: params::stake_since(ledger.marks),
        minimum: validators::current_minimum(ledger),
        slash,
    }
}

/// Locks the accused's vote, if stake and earnings cover it.
fn lock_accused(accused: Address, slash: u128) -> bool {
    let mut stake = Stake::of(accused);
    // The earnings are read only where the stake does not suffice.
    let owed = if stake.staked < slash {
        earnings::of(accused)
    } else {
        0
    };
    let Some(lock) = accused_lock(stake.amounts(), owed, slash) else {
        return false;
    };
    stake.staked -= lock.stake;
    stake.write(accused);
    earnings::debit(accused, lock.earnings);
    true
}

fn log_vote(voter: &Address, task: &B256, yea: bool) {
    event!(ContestationVote)
        .address(voter)
        .word(&task.0)
        .uint(yea.into())
        .log(3);
}

/// `submitContestation(task)`: says that a solution is wrong. The contester votes yes and
/// the accused no, if it has what a vote locks.
///
/// # Errors
///
/// `SolutionNotFound`, `ContestationAlreadyExists`, `AlreadyClaimed`, `TooLate`,
/// `NotAllowed` to the accused and to who was no validator in time, `MinStakedTooLow`.
///
/// # Events
///
/// `ContestationSubmitted`, `ContestationVote` of the contester, and of the accused.
pub(crate) fn submit(task: B256) -> Result<(), Revert> {
    let ledger = Ledger::running()?;
    let mut record = Task::find(task);
    let flags = record.flags();
    ensure!(flags.solved, SolutionNotFound);
    ensure!(!flags.contested, ContestationAlreadyExists);
    ensure!(!flags.claimed, AlreadyClaimed);
    let now = host::now();
    let unpaused = ledger.clock().unpaused(now);
    let reveal = record.reveal();
    ensure!(contestable(unpaused, reveal.contest_end), TooLate);
    let (contester, accused) = (host::sender(), record.solver());
    ensure!(contester != accused, NotAllowed);

    let slash = validators::slash_amount(&ledger);
    let mut contestation = Contestation::new(
        task,
        Opening {
            contester,
            time: now,
            extension: params::vote_extension(ledger.marks),
            accused_voted: false,
            accused_first: false,
        },
        Count {
            slash,
            window: VoteWindow::open(unpaused, params::vote_period(ledger.marks)),
            yeas: 1,
            nays: 0,
            settled: 0,
        },
    );
    let mut stake = Stake::of(contester);
    let voter = Voter {
        stake: stake.amounts(),
        since: stake.since,
        earnings: 0,
        voted: false,
        accused: false,
    };
    demand(reveal.time, slash, &ledger)
        .admits(&voter)
        .map_err(|refusal| match refusal {
            VoteRefusal::NotValidator | VoteRefusal::StakeTooLow => error!(MinStakedTooLow),
            _ => error!(NotAllowed),
        })?;
    stake.lock(slash)?;
    stake.write(contester);
    record.set_flags(Flags {
        contested: true,
        ..flags
    });
    event!(ContestationSubmitted)
        .address(&contester)
        .word(&task.0)
        .log(3);
    log_vote(&contester, &task, true);

    if lock_accused(accused, slash) {
        contestation.opening.accused_voted = true;
        contestation.opening.accused_first = true;
        contestation.count.nays = 1;
        log_vote(&accused, &task, false);
    }
    contestation.write_opening();
    contestation.write_count();
    Ok(())
}

/// `voteOnContestation(task, yea)`: votes on a contested solution; `yea` says that it is
/// wrong. A vote that comes late moves the end.
///
/// # Errors
///
/// `NotAllowed`; `validatorCanVote` gives the reason, but for an accused that would vote
/// yes.
///
/// # Events
///
/// `ContestationVote`, `ContestationVoteExtended` if the end moved.
pub(crate) fn vote(task: B256, yea: bool) -> Result<(), Revert> {
    let ledger = Ledger::running()?;
    let now = host::now();
    let clock = ledger.clock();
    let unpaused = clock.unpaused(now);
    let mut contestation = Contestation::of(task);
    let record = Task::find(task);
    let (sender, accused) = (host::sender(), record.solver());
    let mut stake = Stake::of(sender);
    let voter = contestation.voter_of(sender, &stake, accused);
    let slash = contestation.count.slash;
    let admitted = demand(record.reveal().time, slash, &ledger)
        .vote(&voter, unpaused, contestation.end())
        .is_ok();
    ensure!(admitted && side_admitted(voter.accused, yea), NotAllowed);

    if voter.accused {
        ensure!(lock_accused(sender, slash), NotAllowed);
        contestation.opening.accused_voted = true;
        contestation.write_opening();
    } else {
        stake.lock(slash)?;
        stake.write(sender);
        if contestation.others() >= FEW {
            STORAGE.contestations.voted.set(task, sender, &true);
        }
    }
    let room = STORAGE.contestations;
    let count = &mut contestation.count;
    // Each vote locks stake of its own, so there are never 2^32.
    let (side, place) = if yea {
        (room.yeas, &mut count.yeas)
    } else {
        (room.nays, &mut count.nays)
    };
    side.set(task, (*place).into(), &sender);
    *place += 1;
    log_vote(&sender, &task, yea);

    let before = count.window;
    count.window = before.after_vote(unpaused, contestation.opening.extension);
    if contestation.count.window != before {
        let end = clock.estimate(contestation.count.window.end, now);
        event!(ContestationVoteExtended)
            .word(&task.0)
            .uint(end.into())
            .log(2);
    }
    contestation.write_count();
    Ok(())
}
