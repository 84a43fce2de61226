//! Contestations (protocol section 8): contesting a solution, voting, and settling in
//! pages.
//!
//! A lock leaves a stake and stays among what the engine holds; a settlement gives the
//! winners their locks and what the losers lost, as stake. So voting and paging move
//! nothing in or out of the ledger, however a settlement is paged.
//!
//! Contester and accused, whom every contestation has, are known from its first word and
//! from the solution. Only the others' votes are written down one by one.

use crate::abi::{Words, event};
use crate::claims::Claims;
use crate::earnings;
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::params;
use crate::revert::{Revert, ensure, error};
use crate::solutions::Solution;
use crate::state::Ledger;
use crate::store::{Map, Map2, Pack, Slot, put, put_address, take, take_address};
use crate::tasks;
use crate::validators::{self, Stake};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::contestation::{
    Demand, Outcome, PageError, Settlement, Tally, VoteRefusal, VoteWindow, Voter, accused_lock,
    side_admitted, vote_over,
};
use arbius_protocol::tasks::contestable;

/// Where contestations and votes are kept.
#[derive(Clone, Copy)]
pub struct ContestationStorage {
    /// Two words each: [`Opening`], [`Count`].
    entries: Map<B256, Opening>,
    /// Who voted yes, by task and place; the contester at place 0 is not written.
    yeas: Map2<B256, u64, Address>,
    /// Who voted no, by task and place; an accused that voted at once is not written.
    nays: Map2<B256, u64, Address>,
    /// Who of the others has voted, but for the first [`FEW`].
    voted: Map2<B256, Address, bool>,
}

/// So many votes of others than contester and accused are found by looking through the
/// lists: cheaper than a mark for each (2,100 gas a vote against 22,100), as long as they
/// are few.
const FEW: u32 = 4;

impl ContestationStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
            yeas: Map2::at(base + 1),
            nays: Map2::at(base + 2),
            voted: Map2::at(base + 3),
        }
    }
}

/// How it began: contester 20, time 5, extension 4, flags 1.
#[derive(Clone, Copy)]
struct Opening {
    /// Who contests; zero where there is no contestation.
    contester: Address,
    /// Time of the contestation.
    time: u64,
    /// Seconds that a late vote adds, fixed when it began.
    extension: u64,
    /// Whether the accused has voted.
    accused_voted: bool,
    /// Whether it did so at once, so that the first no is its.
    accused_first: bool,
}

impl Pack for Opening {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.contester);
        put::<20, 5>(&mut word, self.time.into());
        put::<25, 4>(&mut word, self.extension.into());
        word[29] = u8::from(self.accused_voted) | u8::from(self.accused_first) << 1;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            contester: take_address::<0>(word),
            time: take::<20, 5>(word) as u64,
            extension: take::<25, 4>(word) as u64,
            accused_voted: word[29] & 1 != 0,
            accused_first: word[29] & 2 != 0,
        }
    }
}

/// How the vote stands: lock 10, end 5, latest end 5, yeas 4, nays 4, settled 4.
#[derive(Clone, Copy)]
struct Count {
    /// Wei that each vote locks, fixed when it began.
    slash: u128,
    /// Until when votes are taken, in unpaused seconds.
    window: VoteWindow,
    yeas: u32,
    nays: u32,
    /// How many winners are settled.
    settled: u32,
}

impl Pack for Count {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.slash);
        put::<10, 5>(&mut word, self.window.end.into());
        put::<15, 5>(&mut word, self.window.latest.into());
        put::<20, 4>(&mut word, self.yeas.into());
        put::<24, 4>(&mut word, self.nays.into());
        put::<28, 4>(&mut word, self.settled.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            slash: take::<0, 10>(word),
            window: VoteWindow {
                end: take::<10, 5>(word) as u64,
                latest: take::<15, 5>(word) as u64,
            },
            yeas: take::<20, 4>(word) as u32,
            nays: take::<24, 4>(word) as u32,
            settled: take::<28, 4>(word) as u32,
        }
    }
}

/// A contestation where it lies.
struct Contestation {
    task: B256,
    slot: Slot,
    opening: Opening,
    count: Count,
}

impl Contestation {
    /// The contestation of a task, whether there is one or not.
    #[inline(never)]
    fn of(task: B256) -> Self {
        let slot = STORAGE.contestations.entries.slot(task);
        Self {
            task,
            slot,
            opening: slot.get(),
            count: slot.next(1).get(),
        }
    }

    fn exists(&self) -> bool {
        !self.opening.contester.is_zero()
    }

    fn write_opening(&self) {
        self.slot.set(&self.opening);
    }

    fn write_count(&self) {
        self.slot.next(1).set(&self.count);
    }

    /// The voter at a place of one side; zero where there is none.
    #[inline(never)]
    fn voter(&self, yea: bool, place: u64, accused: Address) -> Address {
        if yea {
            if place == 0 {
                return self.opening.contester;
            }
            return STORAGE.contestations.yeas.get(self.task, place);
        }
        if place == 0 && self.opening.accused_first {
            return accused;
        }
        STORAGE.contestations.nays.get(self.task, place)
    }

    /// Votes of others than contester and accused.
    fn others(&self) -> u32 {
        (self.count.yeas + self.count.nays)
            .saturating_sub(1 + u32::from(self.opening.accused_voted))
    }

    fn has_voted(&self, voter: Address, accused: Address) -> bool {
        if voter == accused {
            return self.opening.accused_voted;
        }
        // Contester and accused each stand in one of the lists, too.
        let first = |yea, votes: u32| {
            (0..votes.min(FEW + 1)).any(|place| self.voter(yea, place.into(), accused) == voter)
        };
        first(true, self.count.yeas)
            || first(false, self.count.nays)
            || self.others() > FEW && STORAGE.contestations.voted.get(self.task, voter)
    }

    /// What the rules need to know about somebody who wants to vote.
    #[inline(never)]
    fn voter_of(&self, address: Address, stake: &Stake, accused: Address) -> Voter {
        Voter {
            stake: stake.amounts(),
            since: stake.since,
            earnings: if address == accused {
                earnings::of(address)
            } else {
                0
            },
            voted: self.has_voted(address, accused),
            accused: address == accused,
        }
    }

    /// When the vote ends, unpaused, if there is one.
    fn end(&self) -> Option<u64> {
        self.exists().then_some(self.count.window.end)
    }

    fn settlement(&self) -> Settlement {
        Tally {
            yeas: self.count.yeas,
            nays: self.count.nays,
            accused_voted: self.opening.accused_voted,
            slash: self.count.slash,
        }
        .settle()
    }
}

/// What a vote on a solution of this time demands.
#[inline(never)]
fn demand(solved: u64, slash: u128, emitted: u128) -> Demand {
    Demand {
        solved,
        stake_since: params::stake_since(),
        minimum: validators::current_minimum(emitted),
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
    let mut solution = Solution::of(task);
    ensure!(solution.exists(), SolutionNotFound);
    ensure!(!solution.mark.contested, ContestationAlreadyExists);
    ensure!(!solution.mark.claimed, AlreadyClaimed);
    let now = host::now();
    let unpaused = ledger.clock().unpaused(now);
    ensure!(contestable(unpaused, solution.mark.contest_end), TooLate);
    let (contester, accused) = (host::sender(), solution.mark.solver);
    ensure!(contester != accused, NotAllowed);

    let slash = validators::slash_amount(ledger.emitted);
    let mut contestation = Contestation {
        task,
        slot: STORAGE.contestations.entries.slot(task),
        opening: Opening {
            contester,
            time: now,
            extension: params::vote_extension(),
            accused_voted: false,
            accused_first: false,
        },
        count: Count {
            slash,
            window: VoteWindow::open(unpaused, params::vote_period()),
            yeas: 1,
            nays: 0,
            settled: 0,
        },
    };
    let mut stake = Stake::of(contester);
    let voter = Voter {
        stake: stake.amounts(),
        since: stake.since,
        earnings: 0,
        voted: false,
        accused: false,
    };
    demand(solution.mark.time, slash, ledger.emitted)
        .admits(&voter)
        .map_err(|refusal| match refusal {
            VoteRefusal::NotValidator | VoteRefusal::StakeTooLow => error!(MinStakedTooLow),
            _ => error!(NotAllowed),
        })?;
    stake.lock(slash)?;
    stake.write(contester);
    solution.set_contested();
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
    let solution = Solution::of(task);
    let (sender, accused) = (host::sender(), solution.mark.solver);
    let mut stake = Stake::of(sender);
    let voter = contestation.voter_of(sender, &stake, accused);
    let slash = contestation.count.slash;
    let admitted = demand(solution.mark.time, slash, ledger.emitted)
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

    let solution = Solution::of(task);
    let accused = solution.mark.solver;
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
            reject(&mut claims, task, solution, lead);
        } else {
            claims.pay(task, solution)?;
        }
    }
    for place in page.clone() {
        let winner = contestation.voter(rejected, place.into(), accused);
        let share = settlement.share(winner == lead);
        Stake::credit_to(
            winner,
            settlement.lock + share,
            claims.ledger.emitted,
            claims.now,
        );
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
fn reject(claims: &mut Claims, task: B256, mut solution: Solution, contester: Address) {
    solution.set_rejected();
    let stake = solution.take_stake();
    if stake != 0 {
        Stake::credit_to(contester, stake, claims.ledger.emitted, claims.now);
    }
    validators::note_loss(solution.mark.solver, claims.now);
    tasks::refund(task);
}

/// `contestations(task)`: all zero if there is none.
pub(crate) fn contestation(task: B256) -> Result<Words, Revert> {
    let contestation = Contestation::of(task);
    let mut words = Words::with_capacity(4);
    words
        .address(&contestation.opening.contester)
        .uint(contestation.opening.time.into())
        .uint(contestation.count.settled.into())
        .uint(contestation.count.slash);
    Ok(words)
}

/// `contestationVoteYeas(task, index)`: zero where nobody voted.
pub(crate) fn yea(task: B256, index: U256) -> Result<Address, Revert> {
    Ok(Contestation::of(task).voter(true, index.saturating_to(), Address::ZERO))
}

/// `contestationVoteNays(task, index)`: zero where nobody voted.
pub(crate) fn nay(task: B256, index: U256) -> Result<Address, Revert> {
    let accused = Solution::of(task).mark.solver;
    Ok(Contestation::of(task).voter(false, index.saturating_to(), accused))
}

/// `contestationVoteCounts(task)`: how many voted yes and no.
pub(crate) fn counts(task: B256) -> Result<Words, Revert> {
    let count = Contestation::of(task).count;
    let mut words = Words::with_capacity(2);
    words.uint(count.yeas.into()).uint(count.nays.into());
    Ok(words)
}

/// `contestationVoted(task, validator)`: whether it has voted.
pub(crate) fn voted(task: B256, validator: Address) -> Result<bool, Revert> {
    let contestation = Contestation::of(task);
    let accused = Solution::of(task).mark.solver;
    Ok(contestation.exists() && contestation.has_voted(validator, accused))
}

/// `contestationVoteEnd(task)`: when the vote ends, if neither a late vote nor a pause
/// moves it; 0 without a contestation.
pub(crate) fn vote_end(task: B256) -> Result<u64, Revert> {
    let clock = STORAGE.state.config.get().clock();
    Ok(Contestation::of(task)
        .end()
        .map_or(0, |end| clock.estimate(end, host::now())))
}

/// `votingPeriodEnded(task)`: whether the vote is over; false without a contestation.
pub(crate) fn ended(task: B256) -> Result<bool, Revert> {
    let now = STORAGE.state.config.get().clock().unpaused(host::now());
    Ok(Contestation::of(task)
        .end()
        .is_some_and(|end| vote_over(now, end)))
}

/// `validatorCanVote(validator, task)`: 0, or the number of the first reason against it.
pub(crate) fn can_vote(validator: Address, task: B256) -> Result<u8, Revert> {
    let contestation = Contestation::of(task);
    let solution = Solution::of(task);
    let stake = Stake::of(validator);
    let voter = contestation.voter_of(validator, &stake, solution.mark.solver);
    let now = STORAGE.state.config.get().clock().unpaused(host::now());
    let verdict = demand(
        solution.mark.time,
        contestation.count.slash,
        Ledger::read().emitted,
    )
    .vote(&voter, now, contestation.end());
    Ok(verdict.map_or_else(u8::from, |()| 0))
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ContestationStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "contestations.entries",
            self.entries,
            &[
                word!(Opening: contester, time, extension, accused_voted, accused_first),
                word!(Count: slash, window.end, window.latest, yeas, nays, settled),
            ],
        );
        rows.at("contestations.yeas", self.yeas, &[word!(Address)]);
        rows.at("contestations.nays", self.nays, &[word!(Address)]);
        rows.at("contestations.voted", self.voted, &[word!(bool)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_words_survive_packing() {
        let opening = Opening {
            contester: Address::repeat_byte(9),
            time: (1 << 40) - 1,
            extension: 600,
            accused_voted: true,
            accused_first: false,
        };
        let back = Opening::unpack(&opening.pack());
        assert_eq!(
            (back.contester, back.time, back.extension),
            (opening.contester, opening.time, 600)
        );
        assert_eq!((back.accused_voted, back.accused_first), (true, false));
        let count = Count {
            slash: (1 << 80) - 1,
            window: VoteWindow { end: 7, latest: 9 },
            yeas: u32::MAX,
            nays: 3,
            settled: 2,
        };
        let back = Count::unpack(&count.pack());
        assert_eq!((back.slash, back.window), (count.slash, count.window));
        assert_eq!((back.yeas, back.nays, back.settled), (u32::MAX, 3, 2));
    }
}
