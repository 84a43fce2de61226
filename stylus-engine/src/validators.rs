//! Validators (protocol section 7): stake, withdrawal in two steps, minimum and slash
//! amount.

use crate::abi::{Words, event};
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::models;
use crate::params;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config, Ledger, Marks};
use crate::store::{Map, Map2, Pack, Slot, put, take};
use crate::token;
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::tasks::cooling_down;
use arbius_protocol::validators as rules;

/// Where stakes and withdrawals are kept.
#[derive(Clone, Copy)]
pub struct ValidatorStorage {
    /// Two words each: [`Stake`], [`History`].
    entries: Map<Address, Stake>,
    /// Announced withdrawals by validator and number.
    requests: Map2<Address, u64, Request>,
}

impl ValidatorStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            entries: Map::at(base),
            requests: Map2::at(base + 1),
        }
    }
}

/// What a validator has in: staked 10, pending 10, since 4, last submission 4, flags 1,
/// number 3.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Stake {
    /// Wei, pending withdrawals included and locks excluded.
    pub(crate) staked: u128,
    /// Wei of announced withdrawals.
    pub(crate) pending: u128,
    /// Since when the free stake has been sufficient; 0 if it is no validator.
    pub(crate) since: u64,
    /// When it last submitted a solution while there was a limit to their rate.
    pub(crate) last_submission: u64,
    /// Whether it ever lost a contestation as the accused, so that [`History`] has to be
    /// read.
    pub(crate) has_lost: bool,
    /// Its number as a solver ([`crate::solvers`]); 0 before its first solution.
    pub(crate) number: u32,
}

impl Pack for Stake {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.staked);
        put::<10, 10>(&mut word, self.pending);
        put::<20, 4>(&mut word, self.since.into());
        put::<24, 4>(&mut word, self.last_submission.into());
        word[28] = self.has_lost.into();
        put::<29, 3>(&mut word, self.number.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            staked: take::<0, 10>(word),
            pending: take::<10, 10>(word),
            since: take::<20, 4>(word) as u64,
            last_submission: take::<24, 4>(word) as u64,
            has_lost: word[28] & 1 != 0,
            number: take::<29, 3>(word) as u32,
        }
    }
}

impl Stake {
    /// The stake of a validator.
    #[inline(never)]
    pub(crate) fn of(validator: Address) -> Self {
        STORAGE.validators.entries.get(validator)
    }

    /// Writes it back.
    pub(crate) fn write(&self, validator: Address) {
        STORAGE.validators.entries.set(validator, self);
    }

    /// Its amounts, as the rules take them.
    pub(crate) fn amounts(&self) -> rules::Stake {
        rules::Stake {
            staked: self.staked,
            pending: self.pending,
        }
    }

    /// What is neither on its way out nor locked.
    pub(crate) fn free(&self) -> u128 {
        self.amounts().free()
    }

    /// Notes whether the free stake has become sufficient. No credit moves a time that is
    /// set, so the minimum is asked for only where none is.
    fn notice_credit(&mut self, ledger: &Ledger, now: u64) {
        if self.since == 0 {
            let minimum = current_minimum(ledger);
            self.since = rules::since_after_credit(self.since, self.free(), minimum, now);
        }
    }

    /// Adds to the stake of `validator` what the engine holds already.
    #[inline(never)]
    pub(crate) fn credit_to(validator: Address, amount: u128, ledger: &Ledger, now: u64) {
        let mut stake = Self::of(validator);
        stake.staked += amount;
        stake.notice_credit(ledger, now);
        stake.write(validator);
    }

    /// Locks a part of the free stake.
    ///
    /// # Errors
    ///
    /// `InsufficientStake`.
    pub(crate) fn lock(&mut self, amount: u128) -> Result<(), Revert> {
        ensure!(amount <= self.free(), InsufficientStake);
        self.staked -= amount;
        Ok(())
    }

    /// Whether it has lost a contestation too recently to submit.
    pub(crate) fn is_cooling_down(
        &self,
        validator: Address,
        claim_delay: u64,
        marks: Marks,
        now: u64,
    ) -> bool {
        self.has_lost
            && cooling_down(
                now,
                History::of(validator).last_loss,
                claim_delay,
                params::vote_period(marks),
            )
    }
}

/// What is rarely needed of a validator: last loss 5, withdrawals 8.
#[derive(Clone, Copy)]
pub(crate) struct History {
    /// When it last lost a contestation as the accused; 0 if it never did.
    pub(crate) last_loss: u64,
    /// How many withdrawals it has announced.
    pub(crate) withdrawals: u64,
}

impl Pack for History {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 5>(&mut word, self.last_loss.into());
        put::<5, 8>(&mut word, self.withdrawals.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            last_loss: take::<0, 5>(word) as u64,
            withdrawals: take::<5, 8>(word) as u64,
        }
    }
}

impl History {
    fn slot(validator: Address) -> Slot {
        STORAGE.validators.entries.slot(validator).next(1)
    }

    /// The history of a validator.
    pub(crate) fn of(validator: Address) -> Self {
        Self::slot(validator).get()
    }
}

/// An announced withdrawal: amount 10, unlock 5.
#[derive(Clone, Copy, Default)]
struct Request {
    /// Wei asked for; 0 where there is no request.
    amount: u128,
    /// From when it can be taken, in unpaused seconds.
    unlock: u64,
}

impl Pack for Request {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.amount);
        put::<10, 5>(&mut word, self.unlock.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            amount: take::<0, 10>(word),
            unlock: take::<10, 5>(word) as u64,
        }
    }
}

/// Free stake that a validator needs once `emitted` wei were emitted.
#[inline(never)]
pub(crate) fn minimum(parameters: &params::Minimum, emitted: u128) -> u128 {
    rules::minimum(emitted, parameters.percentage, parameters.floor)
}

/// The same, with the parameters as they are.
#[inline(never)]
pub(crate) fn current_minimum(ledger: &Ledger) -> u128 {
    minimum(&params::minimum(ledger.marks), ledger.emitted)
}

/// `getValidatorMinimum()`: free stake that a validator needs now.
pub(crate) fn get_minimum() -> Result<u128, Revert> {
    Ok(current_minimum(&Ledger::read()))
}

/// `getSlashAmount()`: what a vote in a contestation opened now locks.
pub(crate) fn get_slash_amount() -> Result<u128, Revert> {
    Ok(slash_amount(&Ledger::read()))
}

/// What a vote locks in a contestation that begins now.
pub(crate) fn slash_amount(ledger: &Ledger) -> u128 {
    let (percentage, floor) = (
        params::slash_percentage(ledger.marks),
        params::slash_floor(ledger.marks),
    );
    rules::slash_amount(ledger.emitted, percentage, floor)
}

/// Notes that a validator lost a contestation as the accused: it has to pause.
pub(crate) fn note_loss(validator: Address, now: u64) {
    let mut stake = Stake::of(validator);
    stake.has_lost = true;
    stake.write(validator);
    let slot = History::slot(validator);
    let history: History = slot.get();
    slot.set(&History {
        last_loss: now,
        ..history
    });
}

/// `validatorDeposit(validator, amount)`: adds some of the sender's tokens to anyone's
/// stake. Only a credit that makes a free stake sufficient starts its time.
///
/// # Errors
///
/// `ReserveNotFunded`, `AddressMustBeNonZero`, `AddressNotAllowed`, `AmntTooSmall`,
/// `AmountTooLarge`, `TransferFailed`.
///
/// # Events
///
/// `ValidatorDeposit`.
pub(crate) fn deposit(validator: Address, amount: U256) -> Result<(), Revert> {
    let mut config = Config::running()?;
    token::ensure_funded(&mut config)?;
    state::account(validator, config.token)?;
    ensure!(!amount.is_zero(), AmntTooSmall);
    let amount = state::amount(amount)?;
    config.receive(amount)?;
    Stake::credit_to(validator, amount, &Ledger::read(), host::now());
    let sender = host::sender();
    event!(ValidatorDeposit)
        .address(&sender)
        .address(&validator)
        .uint(amount)
        .log(3);
    token::take(&config.token, &sender, amount)
}

/// `initiateValidatorWithdraw(amount)`: announces a withdrawal and returns its number.
/// Works while the engine is paused, but the wait counts unpaused seconds: stake could
/// otherwise leave during a pause, before a solution of its owner can be contested.
///
/// # Errors
///
/// `AmntTooSmall`, `AmountTooLarge`, `InsufficientStake`.
///
/// # Events
///
/// `ValidatorWithdrawInitiated`.
pub(crate) fn initiate_withdraw(amount: U256) -> Result<u64, Revert> {
    ensure!(!amount.is_zero(), AmntTooSmall);
    let amount = state::amount(amount)?;
    let validator = host::sender();
    let mut stake = Stake::of(validator);
    ensure!(amount <= stake.free(), InsufficientStake);
    stake.pending += amount;
    let minimum = current_minimum(&Ledger::read());
    stake.since = rules::since_after_announcement(stake.since, stake.free(), minimum);
    stake.write(validator);
    let slot = History::slot(validator);
    let mut history: History = slot.get();
    history.withdrawals += 1;
    slot.set(&history);
    let clock = Config::read().clock();
    let now = host::now();
    let unlock = clock.unpaused(now) + params::exit_wait();
    STORAGE
        .validators
        .requests
        .set(validator, history.withdrawals, &Request { amount, unlock });
    event!(ValidatorWithdrawInitiated)
        .address(&validator)
        .uint(history.withdrawals.into())
        .uint(clock.estimate(unlock, now).into())
        .uint(amount)
        .log(3);
    Ok(history.withdrawals)
}

/// The sender's announced withdrawal of number `count`, and where it lies.
///
/// # Errors
///
/// `RequestNotExist`.
#[inline(never)]
fn request(validator: Address, count: U256) -> Result<(Slot, Request, u64), Revert> {
    let number: u64 = count.saturating_to();
    let slot = STORAGE.validators.requests.slot(validator, number);
    let request: Request = slot.get();
    ensure!(request.amount != 0, RequestNotExist);
    Ok((slot, request, number))
}

/// `cancelValidatorWithdraw(count)`. Works while the engine is paused.
///
/// # Errors
///
/// `RequestNotExist`.
///
/// # Events
///
/// `ValidatorWithdrawCancelled`.
pub(crate) fn cancel_withdraw(count: U256) -> Result<(), Revert> {
    let validator = host::sender();
    let (slot, request, number) = request(validator, count)?;
    slot.set(&Request::default());
    let mut stake = Stake::of(validator);
    stake.pending = state::subtract(stake.pending, request.amount)?;
    stake.notice_credit(&Ledger::read(), host::now());
    stake.write(validator);
    event!(ValidatorWithdrawCancelled)
        .address(&validator)
        .uint(number.into())
        .log(3);
    Ok(())
}

/// `validatorWithdraw(count, to)`: pays a withdrawal out, as far as its stake was not
/// lost meanwhile, which can be nothing, and clears it. Works while the engine is paused.
///
/// # Errors
///
/// `RequestNotExist`, `WaitLonger`, `AddressMustBeNonZero`, `AddressNotAllowed`, `TransferFailed`.
///
/// # Events
///
/// `ValidatorWithdraw`.
pub(crate) fn withdraw(count: U256, to: Address) -> Result<(), Revert> {
    let mut config = Config::read();
    state::account(to, config.token)?;
    let validator = host::sender();
    let (slot, request, number) = request(validator, count)?;
    ensure!(
        config.clock().unpaused(host::now()) >= request.unlock,
        WaitLonger
    );
    let mut stake = Stake::of(validator);
    let paid = stake.amounts().withdrawal(request.amount);
    slot.set(&Request::default());
    stake.staked -= paid;
    stake.pending = state::subtract(stake.pending, request.amount)?;
    stake.write(validator);
    config.release(paid)?;
    event!(ValidatorWithdraw)
        .address(&validator)
        .address(&to)
        .uint(number.into())
        .uint(paid)
        .log(4);
    token::pay(&config.token, &to, paid)
}

/// `signalSupport(model, support)`: says that the sender serves a model, or no longer.
///
/// # Errors
///
/// `ModelDoesNotExist`, `MinStakedTooLow`.
///
/// # Events
///
/// `SignalSupport`.
pub(crate) fn signal_support(model: B256, support: bool) -> Result<(), Revert> {
    Config::running()?;
    models::Entry::existing(model)?;
    let sender = host::sender();
    let minimum = current_minimum(&Ledger::read());
    ensure!(Stake::of(sender).free() >= minimum, MinStakedTooLow);
    event!(SignalSupport)
        .address(&sender)
        .word(&model.0)
        .uint(support.into())
        .log(3);
    Ok(())
}

/// `validators(validator)`: stake, since when it is sufficient, and the address itself if
/// it has or had any, as who has left announced it.
pub(crate) fn validator(validator: Address) -> Result<Words, Revert> {
    let stake = Stake::of(validator);
    let known = stake != Stake::default() || History::of(validator).withdrawals != 0;
    let mut words = Words::with_capacity(3);
    words
        .uint(stake.staked)
        .uint(stake.since.into())
        .address(&if known { validator } else { Address::ZERO });
    Ok(words)
}

/// `validatorWithdrawPendingAmount(validator)`.
pub(crate) fn pending_amount(validator: Address) -> Result<u128, Revert> {
    Ok(Stake::of(validator).pending)
}

/// `pendingValidatorWithdrawRequests(validator, count)`: unlock time, if no pause moves
/// it, and amount.
pub(crate) fn pending_request(validator: Address, count: U256) -> Result<Words, Revert> {
    let request = STORAGE
        .validators
        .requests
        .get(validator, count.saturating_to());
    let unlock = if request.amount == 0 {
        0
    } else {
        let clock = Config::read().clock();
        clock.estimate(request.unlock, host::now())
    };
    let mut words = Words::with_capacity(2);
    words.uint(unlock.into()).uint(request.amount);
    Ok(words)
}

/// `pendingValidatorWithdrawRequestsCount(validator)`.
pub(crate) fn request_count(validator: Address) -> Result<u64, Revert> {
    Ok(History::of(validator).withdrawals)
}

/// `lastSolutionSubmission(validator)`: recorded only while `solutionRateLimit` is above 0,
/// which alone asks for it.
pub(crate) fn last_submission(validator: Address) -> Result<u64, Revert> {
    Ok(Stake::of(validator).last_submission)
}

/// `lastContestationLossTime(validator)`.
pub(crate) fn last_loss(validator: Address) -> Result<u64, Revert> {
    Ok(History::of(validator).last_loss)
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl ValidatorStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "validators.entries",
            self.entries,
            &[
                word!(Stake: staked, pending, since, last_submission, has_lost, number),
                word!(History: last_loss, withdrawals),
            ],
        );
        rows.at(
            "validators.requests",
            self.requests,
            &[word!(Request: amount, unlock)],
        );
    }
}
