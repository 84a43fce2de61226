//! The rules of a vesting account: who may do what, and what moves.

use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent;
use arbius_calldata::Args;
use arbius_host::{self as host, Refused, number, word};
use arbius_protocol::{
    interfaces::{
        proxy::{ADMIN_SLOT, IMPLEMENTATION_SLOT},
        vesting::IVesting,
    },
    vesting::{self, MAX_TRANCHES, Tranche},
};

use crate::{
    state::{Claim, Schedule, Terms},
    token,
};

/// `initialize(token, beneficiary, start, revocable, schedule)`: makes the account, once.
///
/// # Errors
///
/// - `NotBehindProxy` for the program at its own address.
/// - `InvalidInitialization` if that happened before.
/// - `InvalidToken` where there is no code, `InvalidBeneficiary`, `InvalidSchedule`.
///
/// # Events
///
/// `VestingCreated`.
pub fn initialize(args: Args<'_>) -> Result<(), Refused> {
    if host::load(&word!(IMPLEMENTATION_SLOT)) == B256::ZERO {
        return Err(Refused::with::<IVesting::NotBehindProxy>(&[]));
    }
    if Terms::load().token() != B256::ZERO {
        return Err(Refused::with::<IVesting::InvalidInitialization>(&[]));
    }
    let (token, beneficiary) = (args.account(0)?, args.account(1)?);
    let (start, revocable) = (args.number(2)?, args.truth(3)?);
    if host::code_size(&Address::from_word(*token)) == 0 {
        return Err(Refused::with::<IVesting::InvalidToken>(&[token]));
    }
    check_beneficiary(beneficiary, token)?;
    let mut schedule = Schedule::EMPTY;
    let mut fits = true;
    for tranche in args.tuples(4, 2)? {
        fits &= schedule.push(Tranche {
            duration: tranche.uint32(0)?,
            weight: tranche.uint32(1)?,
        });
    }
    if !fits || !vesting::is_sound(schedule.tranches()) {
        return Err(Refused::with::<IVesting::InvalidSchedule>(&[]));
    }
    Terms::new(token, start, revocable).store();
    Claim::new(beneficiary).store();
    schedule.store();

    // Three topics; start, revocable, where the schedule begins, and the schedule.
    let mut log = [B256::ZERO; 6 + SCHEDULE_WORDS];
    log[0] = word!(IVesting::VestingCreated::SIGNATURE_HASH);
    log[1] = *token;
    log[2] = *beneficiary;
    log[3] = number(start.into());
    log[4] = number(revocable.into());
    log[5] = number(3 * 32);
    let len = 6 + encode(&schedule, &mut log[6..]);
    host::emit(&log[..len], 3);
    Ok(())
}

/// Words of a schedule of four tranches: how many there are, and two for each.
const SCHEDULE_WORDS: usize = 1 + 2 * MAX_TRANCHES;

/// Writes a schedule as the ABI encodes an array; returns how many words it takes.
fn encode(schedule: &Schedule, words: &mut [B256]) -> usize {
    let tranches = schedule.tranches();
    words[0] = number(tranches.len() as u128);
    for (pair, tranche) in words[1..].chunks_exact_mut(2).zip(tranches) {
        pair[0] = number(tranche.duration.into());
        pair[1] = number(tranche.weight.into());
    }
    1 + 2 * tranches.len()
}

/// Answers with the schedule.
pub fn schedule() {
    let mut words = [B256::ZERO; 1 + SCHEDULE_WORDS];
    words[0] = number(32);
    let len = 1 + encode(&Schedule::load(), &mut words[1..]);
    host::write_words(&words[..len]);
}

/// Pays the beneficiary what has vested and was not paid; returns the amount, in wei.
///
/// # Errors
///
/// `TokenCallFailed`.
///
/// # Events
///
/// `Released`, unless there is nothing to pay.
pub fn release() -> Result<u128, Refused> {
    let terms = Terms::load();
    let sums = Sums::now(&terms, &Schedule::load())?;
    let claim = Claim::load();
    claim.paid(sums.due).store();
    pay_due(&terms, &claim, &sums)?;
    Ok(sums.due)
}

/// Takes back what has not vested, for the owner, after paying the beneficiary; returns the
/// amount, in wei.
///
/// # Errors
///
/// - `OwnableUnauthorizedAccount` for anybody but the owner.
/// - `NotRevocable` for an account that was made so, or was revoked.
/// - `TokenCallFailed`.
///
/// # Events
///
/// `Released`, unless there is nothing to pay, and `Revoked`.
pub fn revoke() -> Result<u128, Refused> {
    let (caller, terms) = (host::sender(), Terms::load());
    if caller != owner() {
        return Err(unauthorized(&caller));
    }
    if !terms.revocable() {
        return Err(Refused::with::<IVesting::NotRevocable>(&[]));
    }
    let sums = Sums::now(&terms, &Schedule::load())?;
    let claim = Claim::load();
    claim.paid(sums.due).store();
    terms.irrevocable().store();
    // What is left has vested, and so has what may still arrive.
    Schedule::EMPTY.store();
    pay_due(&terms, &claim, &sums)?;
    token::pay(&terms.token(), &caller, sums.unvested)?;
    host::emit(
        &[
            word!(IVesting::Revoked::SIGNATURE_HASH),
            caller,
            number(sums.unvested),
        ],
        2,
    );
    Ok(sums.unvested)
}

/// Names who gets what vests from now on, after paying what has to whom it belongs. The
/// votes go back to nobody.
///
/// # Errors
///
/// - `OwnableUnauthorizedAccount` for anybody but the beneficiary and, of an account that is
///   revocable, the owner.
/// - `InvalidBeneficiary`, `TokenCallFailed`.
///
/// # Events
///
/// `Released`, unless there is nothing to pay, and `BeneficiaryChanged`.
pub fn set_beneficiary(beneficiary: &B256) -> Result<(), Refused> {
    let (caller, terms, claim) = (host::sender(), Terms::load(), Claim::load());
    let previous = claim.beneficiary();
    if caller != previous && !(terms.revocable() && caller == owner()) {
        return Err(unauthorized(&caller));
    }
    let token = terms.token();
    check_beneficiary(beneficiary, &token)?;
    let sums = Sums::now(&terms, &Schedule::load())?;
    claim.paid(sums.due).handed_to(beneficiary).store();
    pay_due(&terms, &claim, &sums)?;
    host::emit(
        &[
            word!(IVesting::BeneficiaryChanged::SIGNATURE_HASH),
            previous,
            *beneficiary,
        ],
        3,
    );
    token::delegate(&token, &B256::ZERO)
}

/// Delegates the votes of all that the account holds.
///
/// # Errors
///
/// `NotBeneficiary` for anybody else, `TokenCallFailed`.
pub fn delegate(delegatee: &B256) -> Result<(), Refused> {
    let caller = host::sender();
    if caller != Claim::load().beneficiary() {
        return Err(Refused::with::<IVesting::NotBeneficiary>(&[&caller]));
    }
    token::delegate(&Terms::load().token(), delegatee)
}

/// Who may revoke: whoever may upgrade the account could do that anyway, so the right is
/// the proxy's admin's and goes with it.
#[must_use]
pub fn owner() -> B256 {
    host::load(&word!(ADMIN_SLOT))
}

/// When everything has vested, in seconds since the epoch.
#[must_use]
pub fn end() -> u64 {
    Terms::load().start().saturating_add(duration())
}

/// How long all tranches last, in seconds.
#[must_use]
pub fn duration() -> u64 {
    vesting::duration(Schedule::load().tranches())
}

/// What has vested and was not paid, in wei.
///
/// # Errors
///
/// `TokenCallFailed`.
pub fn releasable() -> Result<u128, Refused> {
    Ok(Sums::now(&Terms::load(), &Schedule::load())?.due)
}

/// What has vested by `timestamp`, paid or not, in wei.
///
/// # Errors
///
/// `TokenCallFailed`.
pub fn vested(timestamp: u64) -> Result<u128, Refused> {
    let sums = Sums::at(&Terms::load(), &Schedule::load(), timestamp)?;
    Ok(sums.vested)
}

/// The parts of what an account holds and has paid.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// What has vested, paid or not.
    vested: u128,
    /// Of that, what was not paid.
    due: u128,
    /// What has not.
    unvested: u128,
}

impl Sums {
    fn now(terms: &Terms, schedule: &Schedule) -> Result<Self, Refused> {
        Self::at(terms, schedule, host::timestamp())
    }

    #[inline(never)]
    fn at(terms: &Terms, schedule: &Schedule, time: u64) -> Result<Self, Refused> {
        let balance = token::balance(&terms.token())?;
        let released = Claim::load().released();
        let total = balance.saturating_add(released);
        let vested = vesting::vested(total, terms.start(), time, schedule.tranches());
        Ok(Self {
            vested,
            // The bridge can burn tokens of any account: then less has vested than was paid.
            due: vested.saturating_sub(released),
            unvested: total - vested,
        })
    }
}

/// Pays what is due to the beneficiary of `claim` and says so.
fn pay_due(terms: &Terms, claim: &Claim, sums: &Sums) -> Result<(), Refused> {
    if sums.due == 0 {
        return Ok(());
    }
    let beneficiary = claim.beneficiary();
    token::pay(&terms.token(), &beneficiary, sums.due)?;
    host::emit(
        &[
            word!(IVesting::Released::SIGNATURE_HASH),
            beneficiary,
            number(sums.due),
        ],
        2,
    );
    Ok(())
}

/// Refuses beneficiaries that could not be paid.
fn check_beneficiary(beneficiary: &B256, token: &B256) -> Result<(), Refused> {
    if [B256::ZERO, *token, host::contract_address()].contains(beneficiary) {
        return Err(Refused::with::<IVesting::InvalidBeneficiary>(&[
            beneficiary,
        ]));
    }
    Ok(())
}

fn unauthorized(caller: &B256) -> Refused {
    Refused::with::<IVesting::OwnableUnauthorizedAccount>(&[caller])
}
