//! What a vesting account knows: three words of the proxy's storage.

use alloy_primitives::B256;
use arbius_host::{self as host, part, word};
use arbius_protocol::vesting::{MAX_TRANCHES, Tranche};

/// Slot of the [`Terms`].
const TERMS: B256 = B256::ZERO;

/// Slot of the [`Claim`].
const CLAIM: B256 = B256::with_last_byte(1);

/// Slot of the [`Schedule`].
const SCHEDULE: B256 = B256::with_last_byte(2);

/// What the account was made with: 4 bytes whether it is revocable, 8 of the start, 20 of
/// the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms(B256);

impl Terms {
    /// The terms of an account; `token` is an address in the low bytes of a word.
    #[must_use]
    pub fn new(token: &B256, start: u64, revocable: bool) -> Self {
        let mut word = *token;
        word[3] = revocable.into();
        word[4..12].copy_from_slice(&start.to_be_bytes());
        Self(word)
    }

    /// Those that are stored.
    #[must_use]
    pub fn load() -> Self {
        Self(host::load(&word!(TERMS)))
    }

    /// Stores them.
    pub fn store(&self) {
        host::cache(&word!(TERMS), &self.0);
    }

    /// The token that vests, in the low bytes of a word; zero before the account was made.
    #[must_use]
    pub fn token(&self) -> B256 {
        address(&self.0)
    }

    /// When the first tranche begins, in seconds since the epoch.
    #[must_use]
    pub fn start(&self) -> u64 {
        part(&self.0, 4, 8) as u64
    }

    /// Whether the owner may take back what has not vested.
    #[must_use]
    pub fn revocable(&self) -> bool {
        self.0[3] != 0
    }

    /// The same, irrevocable from now on.
    #[must_use]
    pub fn irrevocable(mut self) -> Self {
        self.0[3] = 0;
        self
    }
}

/// Who gets what vests, and what was paid: 12 bytes of the amount, 20 of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim(B256);

impl Claim {
    /// A claim of `beneficiary` who was paid nothing; an address in the low bytes of a word.
    #[must_use]
    pub const fn new(beneficiary: &B256) -> Self {
        Self(*beneficiary)
    }

    /// The one that is stored.
    #[must_use]
    pub fn load() -> Self {
        Self(host::load(&word!(CLAIM)))
    }

    /// Stores it.
    pub fn store(&self) {
        host::cache(&word!(CLAIM), &self.0);
    }

    /// Who gets what vests, in the low bytes of a word.
    #[must_use]
    pub fn beneficiary(&self) -> B256 {
        address(&self.0)
    }

    /// What was paid to all beneficiaries, in wei.
    #[must_use]
    pub fn released(&self) -> u128 {
        part(&self.0, 0, 12)
    }

    /// The claim after `amount` more was paid: 96 bits hold all that can ever exist.
    #[must_use]
    pub fn paid(mut self, amount: u128) -> Self {
        let released = self.released().saturating_add(amount).to_be_bytes();
        self.0[..12].copy_from_slice(&released[4..]);
        self
    }

    /// The claim in the hands of another beneficiary.
    #[must_use]
    pub fn handed_to(mut self, beneficiary: &B256) -> Self {
        self.0[12..].copy_from_slice(&beneficiary[12..]);
        self
    }
}

/// Up to four tranches, each 4 bytes of its duration and 4 of its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    tranches: [Tranche; MAX_TRANCHES],
    len: usize,
}

impl Schedule {
    /// One without tranches.
    pub const EMPTY: Self = Self {
        tranches: [Tranche {
            duration: 0,
            weight: 0,
        }; MAX_TRANCHES],
        len: 0,
    };

    /// Adds a tranche; false if there are four.
    pub fn push(&mut self, tranche: Tranche) -> bool {
        let Some(place) = self.tranches.get_mut(self.len) else {
            return false;
        };
        *place = tranche;
        self.len += 1;
        true
    }

    /// The tranches, in order.
    #[must_use]
    pub fn tranches(&self) -> &[Tranche] {
        self.tranches.get(..self.len).unwrap_or_default()
    }

    /// The one that is stored.
    #[must_use]
    pub fn load() -> Self {
        Self::unpack(&host::load(&word!(SCHEDULE)))
    }

    /// Stores it.
    pub fn store(&self) {
        host::cache(&word!(SCHEDULE), &self.pack());
    }

    fn pack(&self) -> B256 {
        let mut word = B256::ZERO;
        for (bytes, tranche) in word.chunks_exact_mut(8).zip(self.tranches()) {
            let (duration, weight) = bytes.split_at_mut(4);
            duration.copy_from_slice(&tranche.duration.to_be_bytes());
            weight.copy_from_slice(&tranche.weight.to_be_bytes());
        }
        word
    }

    /// A tranche that takes no time is none.
    fn unpack(word: &B256) -> Self {
        let mut schedule = Self::EMPTY;
        for at in [0, 8, 16, 24] {
            let tranche = Tranche {
                duration: part(word, at, 4) as u32,
                weight: part(word, at + 4, 4) as u32,
            };
            if tranche.duration == 0 || !schedule.push(tranche) {
                break;
            }
        }
        schedule
    }
}

/// The address in the low bytes of a word, without what lies above it.
fn address(word: &B256) -> B256 {
    let mut address = B256::ZERO;
    address[12..].copy_from_slice(&word[12..]);
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;
    use arbius_protocol::{interfaces::token::CAP, vesting::LIQUIDITY};

    #[test]
    fn terms_hold_what_they_were_made_of() {
        let token = Address::repeat_byte(0xff).into_word();
        for revocable in [true, false] {
            let terms = Terms::new(&token, u64::MAX, revocable);
            assert_eq!(
                (terms.token(), terms.start(), terms.revocable()),
                (token, u64::MAX, revocable)
            );
            let terms = terms.irrevocable();
            assert_eq!(
                (terms.token(), terms.start(), terms.revocable()),
                (token, u64::MAX, false)
            );
        }
    }

    #[test]
    fn a_claim_counts_what_was_paid_whoever_holds_it() {
        let [one, two] = [0xff, 0x11].map(|byte| Address::repeat_byte(byte).into_word());
        let claim = Claim::new(&one);
        assert_eq!((claim.beneficiary(), claim.released()), (one, 0));
        let claim = claim.paid(CAP - 1).handed_to(&two).paid(1);
        assert_eq!((claim.beneficiary(), claim.released()), (two, CAP));
    }

    #[test]
    fn schedules_come_back_from_their_word() {
        let mut schedule = Schedule::EMPTY;
        assert_eq!(Schedule::unpack(&schedule.pack()), schedule);
        for tranche in LIQUIDITY {
            assert!(schedule.push(tranche));
            assert_eq!(Schedule::unpack(&schedule.pack()), schedule);
        }
        assert_eq!(schedule.tranches(), LIQUIDITY);
        assert!(!schedule.push(LIQUIDITY[0]));
    }
}
