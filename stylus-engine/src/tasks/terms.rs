//! What tasks have in common: their owners and what they offer, each written once and named
//! by a key of eight bytes, and the heads of batches.
//!
//! A requester that comes back with terms it had before reads two words where it would
//! write one for the first time.

use crate::host::Word;
use crate::layout::STORAGE;
use crate::store::{Map, Pack, put, take};
use alloy_primitives::{Address, B256, FixedBytes};

/// Where tables of common words are kept.
#[derive(Clone, Copy)]
pub(crate) struct TermStorage {
    /// Two words each, by the first 20 bytes of a batch's first task: [`Head`], the digest
    /// of the input.
    batches: Map<FixedBytes<20>, Head>,
    /// Owners of tasks.
    owners: Map<u64, Address>,
    /// What tasks offer.
    offers: Map<u64, Offer>,
}

impl TermStorage {
    pub(super) const fn at(base: u32) -> Self {
        Self {
            batches: Map::at(base),
            owners: Map::at(base + 1),
            offers: Map::at(base + 2),
        }
    }
}

/// Whose a task is, what it offers and when it came: owner 8, offer 8, time 4.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    /// Key of the owner, who may retract the task and is refunded.
    pub(crate) owner: u64,
    /// Key of the offer.
    pub(crate) offer: u64,
    /// Time of submission.
    pub(crate) time: u64,
}

impl Pack for Head {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 8>(&mut word, self.owner.into());
        put::<8, 8>(&mut word, self.offer.into());
        put::<16, 4>(&mut word, self.time.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            owner: take::<0, 8>(word) as u64,
            offer: take::<8, 8>(word) as u64,
            time: take::<16, 4>(word) as u64,
        }
    }
}

impl Head {
    /// Of a task that comes now.
    pub(super) fn new(owner: Address, offer: &Offer, time: u64) -> Self {
        Self {
            owner: STORAGE.tasks.terms.owners.intern(&owner),
            offer: offer.intern(),
            time,
        }
    }

    /// The owner; zero for no task's.
    pub(crate) fn owner(&self) -> Address {
        STORAGE.tasks.terms.owners.get(self.owner)
    }

    /// What it offers; nothing for no task's.
    pub(crate) fn offer(&self) -> Offer {
        STORAGE.tasks.terms.offers.get(self.offer)
    }
}

/// What a task offers for what: fee 10, model fee 10, model 4, version 1.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    /// The fee, model fee included, in wei.
    pub(crate) fee: u128,
    /// The model's fee as it was at submission, in wei.
    pub(crate) model_fee: u128,
    /// Index of the model, which is not 0.
    pub(crate) model: u32,
    /// Version of the task format.
    pub(crate) version: u8,
}

impl Pack for Offer {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 10>(&mut word, self.fee);
        put::<10, 10>(&mut word, self.model_fee);
        put::<20, 4>(&mut word, self.model.into());
        word[24] = self.version;
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            fee: take::<0, 10>(word),
            model_fee: take::<10, 10>(word),
            model: take::<20, 4>(word) as u32,
            version: word[24],
        }
    }
}

impl Offer {
    /// Its key.
    pub(super) fn intern(&self) -> u64 {
        STORAGE.tasks.terms.offers.intern(self)
    }
}

/// Tasks that were submitted in one call with the same input, by the first 20 bytes of the
/// first one's identifier.
///
/// Identifiers are a chain: each is a hash over the one before it. So nobody can look for
/// two that begin alike by trying pairs, as whatever changes the first changes what the
/// second is made of; meeting a batch that is there takes 2^160 hashes.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    pub(super) first: FixedBytes<20>,
}

impl Pack for Batch {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        word[..20].copy_from_slice(self.first.as_slice());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            first: FixedBytes::from_slice(&word[..20]),
        }
    }
}

impl Batch {
    /// Opens the batch that begins with a task.
    pub(super) fn open(first: B256, head: &Head, input: B256) -> Self {
        let batch = Self::unpack(&first.0);
        let slot = STORAGE.tasks.terms.batches.slot(batch.first);
        slot.set(head);
        slot.next(1).set(&input);
        batch
    }

    /// What its tasks have in common.
    pub(super) fn head(self) -> Head {
        STORAGE.tasks.terms.batches.get(self.first)
    }

    /// The digest of their input.
    pub(super) fn input(self) -> B256 {
        STORAGE.tasks.terms.batches.slot(self.first).next(1).get()
    }
}

/// What [`crate::layout::written`] reads.
#[cfg(test)]
impl TermStorage {
    pub(super) fn write_down(&self, rows: &mut crate::layout::written::Rows) {
        use crate::layout::written::word;
        rows.at(
            "tasks.batches",
            self.batches,
            &[word!(Head: owner, offer, time), word!(B256 as input)],
        );
        rows.at("tasks.owners", self.owners, &[word!(Address)]);
        rows.at(
            "tasks.offers",
            self.offers,
            &[word!(Offer: fee, model_fee, model, version)],
        );
    }
}
