//! Stake, withdrawals and earnings (protocol sections 6 and 7).

use alloy_primitives::Address;
use arbius_protocol::params::Parameter;

use super::{AMOUNT_LIMIT, Faults, Ledger, Request, amount, fault};
use crate::step::{Model, Number};

impl Ledger {
    /// Adds to a stake what the engine holds already. A credit that makes it sufficient
    /// starts its time, and no other does.
    pub(super) fn credit_stake(&mut self, validator: Address, amount: u128) {
        if amount > 0 {
            self.person(validator).staked += amount;
            self.notice_credit(validator);
        }
    }

    fn notice_credit(&mut self, validator: Address) {
        let (minimum, now) = (self.minimum(), self.now);
        let person = self.person(validator);
        if person.since == 0 && person.free() >= minimum {
            person.since = now;
        }
    }

    pub(super) fn deposit(&mut self, by: Address, validator: Address, number: Number) -> Faults {
        let mut faults = self.pause_faults();
        faults.join(self.account_faults(validator));
        faults.demand(number != Number::Of(0), fault!(AmntTooSmall));
        let deposit = amount(number, &mut faults);
        let wanted = deposit.unwrap_or(u128::MAX);
        faults.demand(self.can_take(by, wanted), fault!(TransferFailed));
        let fits = self.assets().saturating_add(wanted) < AMOUNT_LIMIT;
        faults.demand(fits, fault!(AmountTooLarge));
        if let (true, Some(deposit)) = (faults.none(), deposit) {
            self.take_tokens(by, deposit);
            self.credit_stake(validator, deposit);
        }
        faults
    }

    pub(super) fn announce(&mut self, by: Address, number: Number) -> Faults {
        let mut faults = Faults::default();
        faults.demand(number != Number::Of(0), fault!(AmntTooSmall));
        let wanted = amount(number, &mut faults);
        let enough = wanted.is_some_and(|wanted| wanted <= self.peek(by).free());
        faults.demand(enough, fault!(InsufficientStake));
        if let (true, Some(wanted)) = (faults.none(), wanted) {
            // On the clock that pauses stop: a pause must not let stake out of reach.
            let unlock = self.unpaused() + self.seconds(Parameter::ExitValidatorMinUnlockTime);
            let minimum = self.minimum();
            let person = self.person(by);
            person.announced += 1;
            let request = Request {
                amount: wanted,
                unlock,
            };
            person.requests.insert(person.announced, request);
            if person.free() < minimum {
                person.since = 0;
            }
        }
        faults
    }

    pub(super) fn cancel(&mut self, by: Address, number: u64) -> Faults {
        let mut faults = Faults::default();
        let exists = self.person(by).requests.remove(&number).is_some();
        faults.demand(exists, fault!(RequestNotExist));
        if exists {
            self.notice_credit(by);
        }
        faults
    }

    pub(super) fn take(&mut self, by: Address, number: u64, to: Address) -> Faults {
        let mut faults = self.account_faults(to);
        let person = self.peek(by);
        let Some(request) = person.requests.get(&number) else {
            return faults.with(fault!(RequestNotExist));
        };
        faults.demand(self.unpaused() >= request.unlock, fault!(WaitLonger));
        if faults.none() {
            let paid = request.amount.min(person.staked);
            if paid < request.amount {
                self.seen
                    .insert("a withdrawal pays what a slash left of it");
            }
            let person = self.person(by);
            person.requests.remove(&number);
            person.staked -= paid;
            self.pay_tokens(to, paid);
        }
        faults
    }

    pub(super) fn signal_support(&mut self, by: Address, model: Model) -> Faults {
        let mut faults = self.pause_faults();
        let exists = self.models.contains_key(&self.model_id(model));
        faults.demand(exists, fault!(ModelDoesNotExist));
        faults.demand(
            self.peek(by).free() >= self.minimum(),
            fault!(MinStakedTooLow),
        );
        faults
    }

    pub(super) fn withdraw_earnings(&mut self, account: Address) -> Faults {
        let mut faults = Faults::default();
        let owed = self.peek(account).earnings;
        faults.demand(owed > 0, fault!(NothingToWithdraw));
        if faults.none() {
            self.person(account).earnings = 0;
            self.pay_tokens(account, owed);
        }
        faults
    }

    pub(super) fn stake_earnings(&mut self, by: Address, number: Number) -> Faults {
        let mut faults = self.pause_faults();
        faults.demand(number != Number::Of(0), fault!(AmntTooSmall));
        let moved = amount(number, &mut faults);
        let enough = moved.is_some_and(|moved| moved <= self.peek(by).earnings);
        faults.demand(enough, fault!(NothingToWithdraw));
        if let (true, Some(moved)) = (faults.none(), moved) {
            self.person(by).earnings -= moved;
            self.credit_stake(by, moved);
        }
        faults
    }
}
