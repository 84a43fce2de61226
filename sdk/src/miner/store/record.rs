//! How a value is written: as JSON, so that a field may be added without a migration.

use redb::ReadableTable;

use super::StoreError;

/// The bytes of a record.
pub(super) fn encode<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    Ok(serde_json::to_vec(value)?)
}

/// What a record says.
pub(super) fn decode<T: serde::de::DeserializeOwned>(record: &[u8]) -> Result<T, StoreError> {
    Ok(serde_json::from_slice(record)?)
}

/// What the record of a name says, where there is one.
pub(super) fn at<T: serde::de::DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let record = table.get(key)?;
    record.map(|record| decode(record.value())).transpose()
}
