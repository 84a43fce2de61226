//! The two words that nearly every call touches: the configuration and the ledger.

use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::store::{Field, Pack, put, put_address, take, take_address};
use alloy_primitives::{Address, B256, U256};
use arbius_protocol::clock::Clock;
use arbius_protocol::emission::MINING;

/// Where the configuration, the ledger and the offices are kept.
#[derive(Clone, Copy)]
pub struct StateStorage {
    /// What every call that moves tokens needs to know.
    pub config: Field<Config>,
    /// What mining has emitted and the treasury is owed.
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

/// What a call needs to know that moves tokens: token 20, assets 10, flags 1.
///
/// Ten bytes hold more than the million AIUS that can ever exist; what does not fit is
/// refused before it is written.
#[derive(Clone, Copy, Default)]
pub struct Config {
    /// The AIUS token; zero before initialisation.
    pub token: Address,
    /// What the engine's balance must cover, in wei: the whole reserve and what has come in,
    /// less what has gone out. Emission moves a part of the reserve to what is held for
    /// somebody and leaves this as it is, so that a claim need not touch it.
    pub assets: u128,
    /// Whether the reserve was seen to be funded.
    pub funded: bool,
    /// Whether there ever was a pause, so that the clock has to be read. The ledger says the
    /// same ([`Marks::EVER_PAUSED`]), for calls that read that word and not this one.
    pub ever_paused: bool,
}

/// Where amounts of AIUS in storage end: 2^80 wei.
pub const AMOUNT_LIMIT: u128 = 1 << 80;

impl Pack for Config {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.token);
        put::<20, 10>(&mut word, self.assets);
        word[30] = u8::from(self.funded) | u8::from(self.ever_paused) << 1;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            token: take_address::<0>(word),
            assets: take::<20, 10>(word),
            funded: word[30] & 1 != 0,
            ever_paused: word[30] & 2 != 0,
        }
    }
}

impl Config {
    /// The configuration as it is.
    pub(crate) fn read() -> Self {
        STORAGE.state.config.get()
    }

    /// The configuration of an engine that runs.
    ///
    /// # Errors
    ///
    /// `Paused`.
    #[inline(never)]
    pub(crate) fn running() -> Result<Self, Revert> {
        let config = Self::read();
        ensure_running(config.ever_paused)?;
        Ok(config)
    }

    /// Writes the configuration back.
    pub(crate) fn write(&self) {
        STORAGE.state.config.set(self);
    }

    /// The pauses so far.
    pub(crate) fn clock(&self) -> Clock {
        clock(self.ever_paused)
    }

    /// Books tokens that come in.
    ///
    /// # Errors
    ///
    /// `AmountTooLarge` if there cannot be so much.
    #[inline(never)]
    pub(crate) fn receive(&mut self, amount: u128) -> Result<(), Revert> {
        self.assets = self
            .assets
            .checked_add(amount)
            .filter(|assets| *assets < AMOUNT_LIMIT)
            .ok_or_else(|| error!(AmountTooLarge))?;
        self.write();
        Ok(())
    }

    /// Books tokens that go out.
    ///
    /// # Errors
    ///
    /// `InsufficientStake` if the books do not hold that much, which they always do.
    #[inline(never)]
    pub(crate) fn release(&mut self, amount: u128) -> Result<(), Revert> {
        self.assets = subtract(self.assets, amount)?;
        self.write();
        Ok(())
    }

    /// What the engine holds for somebody, accrued fees included, once `emitted` wei were
    /// emitted (protocol section 9).
    pub(crate) fn held(&self, emitted: u128) -> u128 {
        (self.assets + emitted).saturating_sub(MINING)
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

/// What is not as it is on most days, so that most calls need not load it: bits.
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
    /// What a reveal reads is not at its defaults.
    pub const STAKING: u8 = 32;
    /// What a claim reads is not at its defaults.
    pub const CLAIMING: u8 = 64;
    /// What a contestation reads is not at its defaults.
    pub const DISPUTES: u8 = 128;

    /// Whether one of these bits is set.
    pub(crate) const fn any(self, bits: u8) -> bool {
        self.0 & bits != 0
    }

    /// Sets or clears a bit.
    pub(crate) fn set(&mut self, bit: u8, on: bool) {
        self.0 = if on { self.0 | bit } else { self.0 & !bit };
    }
}

/// What mining has emitted and the treasury is owed, in wei, and what is set: emitted 10,
/// accrued 10, start 5, marks 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// What mining has emitted so far; raised by rewards alone (protocol section 2).
    pub emitted: u128,
    /// The treasury's fees that were not withdrawn yet.
    pub accrued: u128,
    /// Start of emission.
    pub start: u64,
    /// What is not as it is on most days.
    pub marks: Marks,
}

impl Pack for Ledger {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.emitted);
        put::<10, 10>(&mut word, self.accrued);
        put::<20, 5>(&mut word, self.start.into());
        word[25] = self.marks.0;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            emitted: take::<0, 10>(word),
            accrued: take::<10, 10>(word),
            start: take::<20, 5>(word) as u64,
            marks: Marks(word[25]),
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
            &[word!(Config: token, assets, funded, ever_paused)],
        );
        rows.at(
            "state.ledger",
            self.ledger,
            &[word!(Ledger: emitted, accrued, start, marks)],
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
            assets: AMOUNT_LIMIT - 1,
            funded: true,
            ever_paused: false,
        };
        let back = Config::unpack(&config.pack());
        assert_eq!(
            (back.token, back.assets, back.funded, back.ever_paused),
            (config.token, config.assets, true, false)
        );
        let mut marks = Marks::default();
        marks.set(Marks::SOLUTION_STAKE, true);
        let ledger = Ledger {
            emitted: AMOUNT_LIMIT - 1,
            accrued: 5,
            start: (1 << 40) - 1,
            marks,
        };
        assert_eq!(Ledger::unpack(&ledger.pack()), ledger);
    }

    #[test]
    fn what_is_held_is_what_the_reserve_does_not_need() {
        let mut config = Config {
            assets: MINING,
            ..Config::default()
        };
        assert_eq!(config.held(0), 0);
        config.assets += 12;
        assert_eq!(config.held(0), 12);
        assert_eq!(config.held(30), 42);
    }

    #[test]
    fn amounts_that_do_not_fit_are_refused() {
        assert!(amount(U256::from(AMOUNT_LIMIT)).is_err());
        assert!(amount(U256::MAX).is_err());
        assert_eq!(amount(U256::from(AMOUNT_LIMIT - 1)), Ok(AMOUNT_LIMIT - 1));
    }
}
