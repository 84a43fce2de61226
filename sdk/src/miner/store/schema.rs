//! The tables of a store, and which layout of them a file has.

use redb::TableDefinition;

/// The layout of the file. Raise it together with a migration.
pub(super) const SCHEMA: u64 = 1;

/// The layout, the owner, the cursor: values that there is one of.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
