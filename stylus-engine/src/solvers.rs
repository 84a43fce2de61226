//! Solvers by number: whoever has revealed a solution has a number of three bytes, by which
//! its solutions name it, and one word that holds its address and what its solutions have
//! earned. So a claim finds and pays a solver in that word alone.

use crate::host::Word;
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure};
use crate::store::{Field, Map, Pack, Slot, put, put_address, take, take_address};
use alloy_primitives::Address;

/// Where the numbers are kept.
#[derive(Clone, Copy)]
pub struct SolverStorage {
    /// How many were given out; the first is 1.
    count: Field<u32>,
    /// Who has which.
    entries: Map<u64, Solver>,
}

impl SolverStorage {
    pub(crate) const fn at(base: u32) -> Self {
        Self {
            count: Field::at(base),
            entries: Map::at(base + 1),
        }
    }
}

/// Where numbers end: three bytes hold them. Each takes a validator that commits to a
/// solution and reveals it, some 200,000 gas, so all of them take 3 × 10^12.
const LIMIT: u32 = 1 << 24;

/// A solver: address 20, earned 10.
#[derive(Clone, Copy)]
pub(crate) struct Solver {
    /// Who it is; zero for a number that nobody has.
    pub(crate) address: Address,
    /// What claims of its solutions have credited and it was not paid yet, in wei. The rest
    /// of what it is owed lies where everybody's earnings do ([`crate::earnings`]).
    pub(crate) earned: u128,
}

impl Pack for Solver {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put_address::<0>(&mut word, self.address);
        put::<20, 10>(&mut word, self.earned);
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            address: take_address::<0>(word),
            earned: take::<20, 10>(word),
        }
    }
}

impl Solver {
    /// The solver of a number; of no number for 0.
    #[inline(never)]
    pub(crate) fn of(number: u32) -> Self {
        Self::slot(number).get()
    }

    /// Writes it back.
    #[inline(never)]
    pub(crate) fn write(&self, number: u32) {
        Self::slot(number).set(self);
    }

    fn slot(number: u32) -> Slot {
        STORAGE.solvers.entries.slot(number.into())
    }
}

/// Gives the next number to a validator that has none.
///
/// # Errors
///
/// `NotAllowedToSubmitSolution` once there is none left.
#[inline(never)]
pub(crate) fn enter(address: Address) -> Result<u32, Revert> {
    let number = STORAGE.solvers.count.get() + 1;
    ensure!(number < LIMIT, NotAllowedToSubmitSolution);
    STORAGE.solvers.count.set(&number);
    Solver { address, earned: 0 }.write(number);
    Ok(number)
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl SolverStorage {
    pub(crate) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at("solvers.count", self.count, &[word!(u32)]);
        rows.at(
            "solvers.entries",
            self.entries,
            &[word!(Solver: address, earned)],
        );
    }
}
