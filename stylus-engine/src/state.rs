//! The two words that nearly every call touches: the configuration and the ledger.

use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::store::{Field, Pack, put, put_address, take, take_address};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::clock::Clock;

/// Where the configuration, the ledger and the offices are kept.
#[derive(Clone, Copy)]
pub struct StateStorage {
    /// What every call needs to know.
    pub config: Field<Config>,
    /// What the engine holds.
    pub ledger: Field<Ledger>,
    /// When the engine was paused and for how long.
    pub clock: Field<Clock>,
    /// Who may set parameters and upgrade.
    pub owner: Field<Address>,
    /// Where the treasury's share goes.
    pub treasury: Field<Address>,
    /// Who may pause.
    pub pauser: Field<Address>,
    /// The program that the hot one delegates to.
    pub rest: Field<Address>,
    /// Identifier of the last task.
    pub prevhash: Field<B256>,
}

impl StateStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            config: Field::at(base),
            ledger: Field::at(base + 1),
            clock: Field::at(base + 2),
            owner: Field::at(base + 3),
            treasury: Field::at(base + 4),
            pauser: Field::at(base + 5),
            rest: Field::at(base + 6),
            prevhash: Field::at(base + 7),
        }
    }
}

/// What a call needs to know that moves tokens: token 20, flags 1.
#[derive(Clone, Copy, Default)]
pub struct Config {
    /// The AIUS token; zero before initialisation.
    pub token: Address,
    /// Whether the reserve was seen to be funded.
    pub funded: bool,
    /// Whether there ever was a pause, so that the clock has to be read. The ledger says the
    /// same ([`Marks::EVER_PAUSED`]), for calls that read that word and not this one.
    pub ever_paused: bool,
}

impl Pack for Config {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.token);
        word[20] = u8::from(self.funded) | u8::from(self.ever_paused) << 1;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            token: take_address::<0>(word),
            funded: word[20] & 1 != 0,
            ever_paused: word[20] & 2 != 0,
        }
    }
}

impl Config {
    /// The configuration of an engine that runs.
    ///
    /// # Errors
    ///
    /// `Paused`.
    #[inline(never)]
    pub(crate) fn running() -> Result<Self, Revert> {
        let config = STORAGE.state.config.get();
        ensure_running(config.ever_paused)?;
        Ok(config)
    }

    /// The pauses so far.
    pub(crate) fn clock(&self) -> Clock {
        clock(self.ever_paused)
    }
}

/// # Errors
///
/// `Paused`.
#[inline(never)]
fn ensure_running(ever_paused: bool) -> Result<(), Revert> {
    ensure!(!clock(ever_paused).is_paused(host::now()), Paused);
    Ok(())
}

/// The pauses so far, read only if there were any.
#[inline(never)]
fn clock(ever_paused: bool) -> Clock {
    if ever_paused {
        STORAGE.state.clock.get()
    } else {
        Clock::default()
    }
}

/// What is set of that which seldom is, so that most calls need not load it: bits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Marks(u8);

impl Marks {
    /// There was a pause.
    pub const EVER_PAUSED: u8 = 1;
    /// `minRewardFee` is above 0.
    pub const MIN_REWARD_FEE: u8 = 2;
    /// `solutionModelFeePercentage` is above 0.
    pub const MODEL_FEE_PERCENTAGE: u8 = 4;
    /// `solutionRateLimit` is above 0.
    pub const RATE_LIMIT: u8 = 8;
    /// `solutionsStakeAmount` is above 0.
    pub const SOLUTION_STAKE: u8 = 16;

    /// Whether one of these bits is set.
    pub(crate) const fn any(self, bits: u8) -> bool {
        self.0 & bits != 0
    }

    /// Sets or clears a bit.
    pub(crate) fn set(&mut self, bit: u8, on: bool) {
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }
}

/// What the engine holds, in wei, and what is set: held 10, emitted 10, accrued 10, marks 1.
///
/// Ten bytes hold more than the million AIUS that can ever exist; what does not fit is
/// refused before it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// Everything held for somebody (protocol section 9), accrued fees included.
    pub held: u128,
    /// What mining has emitted so far; raised by rewards alone (protocol section 2).
    pub emitted: u128,
    /// The treasury's fees that were not withdrawn yet.
    pub accrued: u128,
    /// What is set of that which seldom is.
    pub marks: Marks,
}

/// Where amounts of AIUS in storage end: 2^80 wei.
pub const AMOUNT_LIMIT: u128 = 1 << 80;

impl Pack for Ledger {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.held);
        put::<10, 10>(&mut word, self.emitted);
        put::<20, 10>(&mut word, self.accrued);
        word[30] = self.marks.0;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            held: take::<0, 10>(word),
            emitted: take::<10, 10>(word),
            accrued: take::<20, 10>(word),
            marks: Marks(word[30]),
        }
    }
}

impl Ledger {
    /// The ledger of an engine that runs.
    ///
    /// # Errors
    ///
    /// `Paused`.
    #[inline(never)]
    pub(crate) fn running() -> Result<Self, Revert> {
        let ledger = Self::read();
        ensure_running(ledger.marks.any(Marks::EVER_PAUSED))?;
        Ok(ledger)
    }

    /// The pauses so far.
    pub(crate) fn clock(&self) -> Clock {
        clock(self.marks.any(Marks::EVER_PAUSED))
    }

    /// The ledger as it is.
    pub(crate) fn read() -> Self {
        STORAGE.state.ledger.get()
    }

    /// Writes the ledger back.
    pub(crate) fn write(&self) {
        STORAGE.state.ledger.set(self);
    }

    /// Adds to what is held.
    ///
    /// # Errors
    ///
    /// `AmountTooLarge` if there cannot be so much.
    pub(crate) fn hold(&mut self, amount: u128) -> Result<(), Revert> {
        self.held = self
            .held
            .checked_add(amount)
            .filter(|held| *held < AMOUNT_LIMIT)
            .ok_or_else(|| error!(AmountTooLarge))?;
        Ok(())
    }

    /// Takes what leaves the engine from what is held.
    ///
    /// # Errors
    ///
    /// `InsufficientStake` if the books do not hold that much, which they always do.
    pub(crate) fn release(&mut self, amount: u128) -> Result<(), Revert> {
        self.held = subtract(self.held, amount)?;
        Ok(())
    }
}

/// `a − b`, for books where `b` is a part of `a`.
///
/// # Errors
///
/// `InsufficientStake` if it is not.
#[inline(never)]
pub(crate) fn subtract(a: u128, b: u128) -> Result<u128, Revert> {
    a.checked_sub(b).ok_or_else(|| error!(InsufficientStake))
}

/// An amount from outside.
///
/// # Errors
///
/// `AmountTooLarge` from 2^80 wei on.
#[inline(never)]
pub(crate) fn amount(value: U256) -> Result<u128, Revert> {
    u128::try_from(value)
        .ok()
        .filter(|amount| *amount < AMOUNT_LIMIT)
        .ok_or_else(|| error!(AmountTooLarge))
}

/// Checks an address that is to own, be paid or act (protocol section 3).
///
/// # Errors
///
/// `AddressMustBeNonZero`, `AddressNotAllowed` for the engine and the token.
#[inline(never)]
pub(crate) fn account(address: Address, token: Address) -> Result<Address, Revert> {
    ensure!(!address.is_zero(), AddressMustBeNonZero);
    ensure!(
        address != token && address != host::this(),
        AddressNotAllowed
    );
    Ok(address)
}

/// Checks that the sender owns the engine.
///
/// # Errors
///
/// `NotOwner`.
#[inline(never)]
pub(crate) fn only_owner() -> Result<(), Revert> {
    ensure!(host::sender() == STORAGE.state.owner.get(), NotOwner);
    Ok(())
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl StateStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "state.config",
            self.config,
            &[word!(Config: token, funded, ever_paused)],
        );
        rows.at(
            "state.ledger",
            self.ledger,
            &[word!(Ledger: held, emitted, accrued, marks)],
        );
        rows.at(
            "state.clock",
            self.clock,
            &[word!(Clock: began, ends, before)],
        );
        rows.at("state.owner", self.owner, &[word!(Address)]);
        rows.at("state.treasury", self.treasury, &[word!(Address)]);
        rows.at("state.pauser", self.pauser, &[word!(Address)]);
        rows.at("state.rest", self.rest, &[word!(Address)]);
        rows.at("state.prevhash", self.prevhash, &[word!(B256)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_and_ledger_survive_packing() {
        let config = Config {
            token: Address::repeat_byte(7),
            funded: true,
            ever_paused: false,
        };
        let back = Config::unpack(&config.pack());
        assert_eq!(
            (back.token, back.funded, back.ever_paused),
            (config.token, true, false)
        );
        let mut marks = Marks::default();
        marks.set(Marks::SOLUTION_STAKE, true);
        let ledger = Ledger {
            held: AMOUNT_LIMIT - 1,
            emitted: 3,
            accrued: 5,
            marks,
        };
        assert_eq!(Ledger::unpack(&ledger.pack()), ledger);
    }

    #[test]
    fn the_ledger_refuses_what_does_not_fit() {
        let mut ledger = Ledger {
            held: AMOUNT_LIMIT - 1,
            emitted: 0,
            accrued: 0,
            marks: Marks::default(),
        };
        assert!(ledger.hold(1).is_err());
        assert!(ledger.hold(u128::MAX).is_err());
        assert!(amount(U256::from(AMOUNT_LIMIT)).is_err());
        assert!(amount(U256::MAX).is_err());
        assert_eq!(amount(U256::from(AMOUNT_LIMIT - 1)), Ok(AMOUNT_LIMIT - 1));
    }
}
