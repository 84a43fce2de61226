//! The tables of a store, which layout of them a file has, and how one becomes the next.
//!
//! | layout | tables | since |
//! |---|---|---|
//! | 1 | `meta`, `jobs`, `open`, `intents` | 0.1.0, first light |
//! | 2 | and `ended` (finished jobs by time), totals in `meta`, `damaged`, and what the roles and bulk transactions remember | 0.1.0 |
//! | 3 | and `pins`, `open_pins`: what stores beyond this machine are to keep | 0.1.0 |
//!
//! A record may get another field without a new layout, if it has a default. A new layout is a
//! step in [`STEPS`]; all the steps that a file needs are taken in one transaction, so that a
//! program that is killed in between leaves the file as it was.

use redb::{Key, ReadableTable, TableDefinition, Value, WriteTransaction};

use super::{
    StoreError,
    cases::{CASES, NOTICES, OPEN_CASES},
    damaged::DAMAGED,
    groups::GROUPS,
    intents::INTENTS,
    jobs::{ENDED, JOBS, OPEN, ended_key},
    pins::{OPEN_PINS, PINS},
    record,
    totals::{self, Totals},
};
use crate::miner::Job;

/// The layout of the file. Raise it together with a step in [`STEPS`].
pub(super) const SCHEMA: u64 = 3;

/// The layout, who wrote it last, the owner, the cursor, the totals: values that there is one
/// of.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// How a layout becomes the next.
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// How layout `n` becomes `n + 1`, from the first on.
const STEPS: [Step; SCHEMA as usize - 1] = [from_1_to_2, from_2_to_3];

/// Something that is done with every table.
pub(super) trait TableVisitor {
    /// Does it.
    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError>;
}

/// Shows every table of the present layout to `visitor`: a table that is not named here is
/// neither made nor backed up.
pub(super) fn each_table(visitor: &mut impl TableVisitor) -> Result<(), StoreError> {
    visitor.visit(META)?;
    visitor.visit(JOBS)?;
    visitor.visit(OPEN)?;
    visitor.visit(ENDED)?;
    visitor.visit(INTENTS)?;
    visitor.visit(GROUPS)?;
    visitor.visit(CASES)?;
    visitor.visit(OPEN_CASES)?;
    visitor.visit(NOTICES)?;
    visitor.visit(PINS)?;
    visitor.visit(OPEN_PINS)?;
    visitor.visit(DAMAGED)
}

/// Makes every table that is missing.
pub(super) struct MakeTables<'a>(pub(super) &'a WriteTransaction);

impl TableVisitor for MakeTables<'_> {
    fn visit<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.0.open_table(table)?;
        Ok(())
    }
}

/// Brings a file that has layout `found` to the present one, and notes which version did.
pub(super) fn bring_forward(
    write: &WriteTransaction,
    found: Option<u64>,
) -> Result<(), StoreError> {
    each_table(&mut MakeTables(write))?;
    if let Some(found) = found {
        let done = usize::try_from(found.saturating_sub(1)).unwrap_or(usize::MAX);
        for (index, step) in STEPS.iter().enumerate().skip(done) {
            step(write)?;
            tracing::info!(from = index + 1, to = index + 2, "the store was migrated");
        }
    }
    let mut meta = write.open_table(META)?;
    meta.insert("schema", record::encode(&SCHEMA)?.as_slice())?;
    meta.insert(
        "writer",
        record::encode(&env!("CARGO_PKG_VERSION"))?.as_slice(),
    )?;
    Ok(())
}

/// Finished jobs are listed by the time they ended, and counted.
fn from_1_to_2(write: &WriteTransaction) -> Result<(), StoreError> {
    let jobs = write.open_table(JOBS)?;
    let mut ended = write.open_table(ENDED)?;
    let mut all = Totals::default();
    for entry in jobs.iter()? {
        let (_, value) = entry?;
        // A record that cannot be read is left to whoever looks for damage.
        let Ok(job) = record::decode::<Job>(value.value()) else {
            continue;
        };
        if job.state.is_over() {
            ended.insert(ended_key(&job), ())?;
            all.add(&job);
        }
    }
    totals::write(write, &all)
}

/// The new tables are empty: what was solved before is kept by this machine alone.
fn from_2_to_3(_: &WriteTransaction) -> Result<(), StoreError> {
    Ok(())
}
