//! Offices, parameters, pauses, the treasury's books, and the token (protocol sections 9
//! to 11).

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolError;
use arbius_protocol::{
    fixed::ONE,
    interfaces::token::IToken,
    params::{self, Parameter, Unit},
};

use super::{Faults, Ledger, fault};
use crate::step::Number;

/// Longest pause, and shortest time from its end to the next, in seconds.
const FOURTEEN_DAYS: u64 = 14 * 86_400;

impl Ledger {
    pub(super) fn owner_faults(&self, by: Address) -> Faults {
        let mut faults = Faults::default();
        faults.demand(by == self.owner, fault!(NotOwner));
        faults
    }

    pub(super) fn transfer_ownership(&mut self, by: Address, to: Address) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.join(self.account_faults(to));
        if faults.none() {
            self.owner = to;
        }
        faults
    }

    pub(super) fn transfer_treasury(&mut self, by: Address, to: Address) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.join(self.account_faults(to));
        if faults.none() {
            self.treasury = to;
        }
        faults
    }

    pub(super) fn transfer_pauser(&mut self, by: Address, to: Address) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.demand(!to.is_zero(), fault!(AddressMustBeNonZero));
        if faults.none() {
            self.pauser = to;
        }
        faults
    }

    pub(super) fn set_paused(&mut self, by: Address, on: bool) -> Faults {
        let mut faults = Faults::default();
        faults.demand(by == self.pauser, fault!(NotPauser));
        let now = self.now;
        if on {
            let rested = |(_, end): &(u64, u64)| now >= end + FOURTEEN_DAYS;
            faults.demand(self.pauses.last().is_none_or(rested), fault!(PauseTooSoon));
            if faults.none() {
                self.pauses.push((now, now + FOURTEEN_DAYS));
            }
        } else if let (true, Some((_, end))) = (faults.none(), self.pauses.last_mut()) {
            *end = now.min(*end);
        }
        faults
    }

    pub(super) fn set_start(&mut self, by: Address, time: u64) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.demand(self.emitted == 0, fault!(EmissionStarted));
        faults.demand(time < 1 << 40, fault!(ParameterOutOfBounds));
        if faults.none() {
            self.start = time;
        }
        faults
    }

    /// `setEngineRest` with an address that carries no program: none of those that steps
    /// can name does.
    pub(super) fn set_rest(&mut self, by: Address, rest: Address) -> Faults {
        let mut faults = self.owner_faults(by);
        faults.demand(!rest.is_zero(), fault!(AddressMustBeNonZero));
        faults.with(fault!(AddressNotAllowed))
    }

    pub(super) fn set_parameter(&mut self, by: Address, number: u8, value: Number) -> Faults {
        let mut faults = self.owner_faults(by);
        let row = &params::TABLE[usize::from(number) % params::COUNT];
        let mut changed = self.parameters;
        let admissible = value.narrow().is_some_and(|value| {
            changed[row.parameter as usize] = value;
            (row.min..=row.max).contains(&value) && sane(&changed)
        });
        faults.demand(admissible, fault!(ParameterOutOfBounds));
        if row.unit == Unit::Percentage {
            faults.demand(admissible, fault!(PercentageTooHigh));
        }
        if faults.none() {
            self.parameters = changed;
        }
        faults
    }

    pub(super) fn withdraw_accrued(&mut self) -> Faults {
        let mut faults = Faults::default();
        faults.demand(self.accrued > 0, fault!(NothingToWithdraw));
        let amount = std::mem::take(&mut self.accrued);
        self.pay_tokens(self.treasury, amount);
        faults
    }

    pub(super) fn sweep(&mut self) -> Faults {
        let mut faults = self.pause_faults();
        faults.demand(self.donated > 0, fault!(NothingToWithdraw));
        if faults.none() {
            self.accrued += std::mem::take(&mut self.donated);
        }
        faults
    }

    // ──────────────────────────────── token ─────────────────────────────────

    pub(super) fn approve(&mut self, by: Address, number: Number) -> Faults {
        self.person(by).allowance = number.wide();
        Faults::default()
    }

    /// Sends tokens to anybody; to the engine, that is a donation.
    pub(super) fn send(&mut self, by: Address, to: Address, number: Number) -> Faults {
        let mut faults = Faults::default();
        let nobody = to.is_zero() || to == self.addresses.token;
        faults.demand(!nobody, IToken::ERC20InvalidReceiver::SELECTOR);
        let covered = number.wide() <= U256::from(self.peek(by).tokens);
        faults.demand(covered, IToken::ERC20InsufficientBalance::SELECTOR);
        if let (true, Some(amount)) = (faults.none(), number.narrow()) {
            self.person(by).tokens -= amount;
            if to == self.addresses.engine {
                self.balance += amount;
                self.donated += amount;
                if amount > 0 {
                    self.seen.insert("somebody donates to the engine");
                }
            } else {
                self.person(to).tokens += amount;
            }
        }
        faults
    }
}

/// What binds parameters to each other (protocol sections 2, 7 and 8).
fn sane(values: &[u128; params::COUNT]) -> bool {
    use Parameter as P;
    let of = |parameter: P| values[parameter as usize];
    let period = of(P::MinContestationVotePeriodTime);
    // A withdrawal waits for claim delay, vote period, and its extensions, which together
    // stay within one period.
    of(P::ExitValidatorMinUnlockTime) >= of(P::MinClaimSolutionTime) + 2 * period
        && of(P::ContestationVoteExtensionTime) <= period
        && of(P::TreasuryRewardPercentage) + of(P::TaskOwnerRewardPercentage) <= ONE
        && of(P::SlashAmountPercentage) <= of(P::ValidatorMinimumPercentage) / 4
        && of(P::SlashAmountFloor) <= of(P::ValidatorMinimumFloor) / 4
}
