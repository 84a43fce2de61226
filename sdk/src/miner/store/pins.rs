//! Pins: what stores beyond this machine are to keep.

use std::collections::BTreeMap;

use redb::{ReadableTable, TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, jobs, record, schema::META};
use crate::miner::{Job, Pin, PinCounts, PinStage};

/// The name of a store, and the digest of a content.
type Key<'a> = (&'a str, [u8; 32]);

pub(super) const PINS: TableDefinition<'_, Key<'_>, &[u8]> = TableDefinition::new("pins");
/// Those that are not over; a restart reads no others.
pub(super) const OPEN_PINS: TableDefinition<'_, Key<'_>, ()> = TableDefinition::new("open_pins");

/// Where the number of pins is that are over, those that were pruned included.
const TOTALS: &str = "pin_totals";

/// Pins pruned in one transaction, so that none is long.
const PRUNED_AT_ONCE: usize = 500;

/// Pins that are over, by store and stage.
#[derive(Default, Serialize, Deserialize)]
struct Totals(BTreeMap<String, BTreeMap<PinStage, u64>>);

impl Store {
    /// Writes down where a job stands together with what is to be kept of it: both or neither.
    /// Returns the pins that were not known.
    pub(in crate::miner) fn save_with_pins(
        &self,
        job: &Job,
        pins: Vec<Pin>,
    ) -> Result<Vec<Pin>, StoreError> {
        let write = self.begin_write()?;
        jobs::put(&write, job)?;
        let new = add(&write, pins)?;
        write.commit()?;
        Ok(new)
    }

    /// Writes pins down, and returns those that were not known.
    pub(in crate::miner) fn add_pins(&self, pins: Vec<Pin>) -> Result<Vec<Pin>, StoreError> {
        let write = self.begin_write()?;
        let new = add(&write, pins)?;
        write.commit()?;
        Ok(new)
    }

    /// Writes down where a pin stands.
    #[tracing::instrument(level = "debug", skip_all, fields(stage = %pin.stage))]
    pub(in crate::miner) fn save_pin(&self, pin: &Pin) -> Result<(), StoreError> {
        let write = self.begin_write()?;
        put(&write, pin)?;
        if pin.stage.is_over() {
            let mut meta = write.open_table(META)?;
            let mut totals: Totals = record::at(&meta, TOTALS)?.unwrap_or_default();
            let of_store = totals.0.entry(pin.store.clone()).or_default();
            *of_store.entry(pin.stage).or_default() += 1;
            meta.insert(TOTALS, record::encode(&totals)?.as_slice())?;
        }
        write.commit()?;
        Ok(())
    }

    /// The pins of a store that are not over.
    pub(in crate::miner) fn open_pins(&self, store: &str) -> Result<Vec<Pin>, StoreError> {
        let read = self.begin_read()?;
        let (open, table) = (read.open_table(OPEN_PINS)?, read.open_table(PINS)?);
        let mut pins = Vec::new();
        for entry in open.range((store, [0; 32])..=(store, [0xff; 32]))? {
            if let Some(record) = table.get(entry?.0.value())? {
                pins.extend(readable(record.value()));
            }
        }
        Ok(pins)
    }

    /// Every pin that is remembered, in the order in which they were queued.
    pub(in crate::miner) fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        let table = self.begin_read()?.open_table(PINS)?;
        let mut pins = Vec::new();
        for entry in table.iter()? {
            pins.extend(readable(entry?.1.value()));
        }
        pins.sort_by_key(|pin| pin.since);
        Ok(pins)
    }

    /// How the pins of each store stand. Reads the open ones and no others.
    pub(in crate::miner) fn pin_counts(&self) -> Result<BTreeMap<String, PinCounts>, StoreError> {
        let read = self.begin_read()?;
        let totals: Totals = record::at(&read.open_table(META)?, TOTALS)?.unwrap_or_default();
        let over = totals.0.into_iter().map(|(store, stages)| {
            let counts = PinCounts {
                stages,
                oldest: None,
            };
            (store, counts)
        });
        let mut counts: BTreeMap<String, PinCounts> = over.collect();
        let (open, table) = (read.open_table(OPEN_PINS)?, read.open_table(PINS)?);
        for entry in open.iter()? {
            let Some(record) = table.get(entry?.0.value())? else {
                continue;
            };
            let Some(pin) = readable(record.value()) else {
                continue;
            };
            let of_store = counts.entry(pin.store).or_default();
            *of_store.stages.entry(pin.stage).or_default() += 1;
            let oldest = of_store.oldest.unwrap_or(u64::MAX).min(pin.since);
            of_store.oldest = Some(oldest);
        }
        Ok(counts)
    }

    /// Forgets pins with which nothing has happened since `before`, milliseconds since 1970:
    /// those that are over, and those of stores that are no longer named. Returns how many
    /// went.
    pub(in crate::miner) fn prune_pins(&self, before: u64) -> Result<usize, StoreError> {
        let mut pruned = 0;
        loop {
            let write = self.begin_write()?;
            let went = prune_some(&write, before)?;
            write.commit()?;
            pruned += went;
            if went < PRUNED_AT_ONCE {
                return Ok(pruned);
            }
        }
    }
}

/// A pin that cannot be read is passed over: the content stays in the block folder, and is
/// pruned with the others.
fn readable(record: &[u8]) -> Option<Pin> {
    match record::decode::<Pin>(record) {
        Ok(pin) => Some(pin),
        Err(error) => {
            tracing::warn!(%error, "a pin in the store cannot be read and is not kept elsewhere");
            None
        }
    }
}

fn put(write: &WriteTransaction, pin: &Pin) -> Result<(), StoreError> {
    let key = (pin.store.as_str(), pin.digest.0);
    write
        .open_table(PINS)?
        .insert(key, record::encode(pin)?.as_slice())?;
    let mut open = write.open_table(OPEN_PINS)?;
    if pin.stage.is_over() {
        open.remove(key)?;
    } else {
        open.insert(key, ())?;
    }
    Ok(())
}

fn add(write: &WriteTransaction, pins: Vec<Pin>) -> Result<Vec<Pin>, StoreError> {
    let mut new = Vec::new();
    for pin in pins {
        let key = (pin.store.as_str(), pin.digest.0);
        let known = write.open_table(PINS)?.get(key)?.is_some_and(|record| {
            let known = record::decode::<Pin>(record.value());
            // One that was given up gets another chance when it is wanted again.
            known.is_ok_and(|known| known.stage != PinStage::Failed)
        });
        if !known {
            put(write, &pin)?;
            new.push(pin);
        }
    }
    Ok(new)
}

fn prune_some(write: &WriteTransaction, before: u64) -> Result<usize, StoreError> {
    let mut table = write.open_table(PINS)?;
    let mut going = Vec::new();
    for entry in table.iter()? {
        let (key, record) = entry?;
        // One that cannot be read is of no more use.
        let old = record::decode::<Pin>(record.value()).map_or(true, |pin| pin.changed < before);
        if old {
            let (store, digest) = key.value();
            going.push((store.to_owned(), digest));
        }
        if going.len() == PRUNED_AT_ONCE {
            break;
        }
    }
    let mut open = write.open_table(OPEN_PINS)?;
    for (store, digest) in &going {
        table.remove((store.as_str(), *digest))?;
        open.remove((store.as_str(), *digest))?;
    }
    Ok(going.len())
}
