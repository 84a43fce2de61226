//! The figures of a run beside those of the reference, and the snapshot that CI compares.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::Figures;

/// The deployed reference's figures, with how they were taken.
const REFERENCE: &str = include_str!("../../reference-gas.json");

/// A rise above this, in percent of the snapshot, has to be accepted by writing it anew.
const TOLERATED_PERCENT: u64 = 1;

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Gas with the programs in the chain's cache.
    pub cached: u64,
    /// Gas without.
    pub uncached: u64,
    /// Units of data on L1 (16 for each byte of the compressed transactions), which are paid
    /// besides; none where the step is a part of a transaction.
    pub data: Option<u64>,
    /// Gas of the reference; none where it has no such step.
    pub reference: Option<u64>,
    /// Cached over reference.
    pub ratio: Option<f64>,
}

/// What every step costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// By name; the names of the reference where it has the step.
    pub steps: BTreeMap<String, Row>,
}

/// What can be wrong with a gas table.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The snapshot cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The snapshot.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold a gas table.
    #[error("{path} holds no gas table: {source}; write it anew with `cargo xtask gas`")]
    Format {
        /// The file.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// Steps cost more than the snapshot allows, or are not in it.
    #[error(
        "these steps rose by more than {TOLERATED_PERCENT} % over the snapshot, or are new or \
         gone:\n{0}\nif that is meant, write it anew with `cargo xtask gas`"
    )]
    Risen(String),
}

impl Table {
    /// Puts the figures of a cached and of an uncached chain beside the reference's.
    ///
    /// # Errors
    ///
    /// [`TableError::Format`] if the embedded reference is damaged.
    pub fn new(cached: &Figures, uncached: &Figures) -> Result<Self, TableError> {
        let reference: BTreeMap<String, serde_json::Value> = serde_json::from_str(REFERENCE)
            .map_err(|source| TableError::Format {
                path: "benches/reference-gas.json".to_owned(),
                source,
            })?;
        let known = |step: &str| {
            // What is ours alone is held against the step of the reference that it replaces.
            let of_reference = if step.starts_with("lifecycle") {
                "lifecycle 100 B (submit + commit + solve + claim)"
            } else if step.starts_with("generateIPFSCID 64 KiB") {
                "generateIPFSCID 64 KiB, execution"
            } else if step.starts_with("submitTask 64 KiB, execution") {
                "submitTask 64 KiB, execution"
            } else if step.starts_with("submitTask 16 KiB, execution") {
                "submitTask 16 KiB, execution"
            } else {
                step
            };
            reference
                .get(of_reference)
                .and_then(serde_json::Value::as_u64)
        };
        let steps = cached
            .iter()
            .filter_map(|(step, &cost)| {
                let cached = cost.gas;
                let uncached = uncached.get(step)?.gas;
                let reference = known(step);
                let ratio = reference.map(|gas| rounded(cached as f64 / gas as f64));
                Some((
                    step.clone(),
                    Row {
                        cached,
                        uncached,
                        data: cost.data,
                        reference,
                        ratio,
                    },
                ))
            })
            .collect();
        Ok(Self { steps })
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    ///
    /// [`TableError::File`] or [`TableError::Format`].
    pub fn load(path: &Path) -> Result<Self, TableError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| TableError::File {
            path: name.clone(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|source| TableError::Format { path: name, source })
    }

    /// Writes the snapshot.
    ///
    /// # Errors
    ///
    /// [`TableError::File`].
    pub fn save(&self, path: &Path) -> Result<(), TableError> {
        let file = |source| TableError::File {
            path: path.display().to_string(),
            source,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| file(error.into()))?;
        fs::write(path, text + "\n").map_err(file)
    }

    /// Holds this run against a snapshot.
    ///
    /// # Errors
    ///
    /// [`TableError::Risen`] with the steps, if any rose by more than 1 %, is not in the
    /// snapshot, or is missing from this run.
    pub fn check(&self, snapshot: &Self) -> Result<(), TableError> {
        let mut wrong = Vec::new();
        for (step, now) in &self.steps {
            match snapshot.steps.get(step) {
                None => wrong.push(format!("  {step}: not in the snapshot")),
                Some(before) => {
                    let data = |row: &Row| row.data.unwrap_or_default();
                    let pairs = [
                        ("cached", before.cached, now.cached),
                        ("uncached", before.uncached, now.uncached),
                        ("data", data(before), data(now)),
                    ];
                    for (figure, before, now) in pairs {
                        if now * 100 > before * (100 + TOLERATED_PERCENT) {
                            wrong.push(format!("  {step}, {figure}: {before} before, {now} now"));
                        }
                    }
                }
            }
        }
        for step in snapshot.steps.keys() {
            if !self.steps.contains_key(step) {
                wrong.push(format!("  {step}: not measured any more"));
            }
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(TableError::Risen(wrong.join("\n")))
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.keys().map(String::len).max().unwrap_or(0);
        writeln!(
            out,
            "{:width$} {:>10} {:>10} {:>10} {:>10} {:>6}",
            "step", "cached", "uncached", "L1 data", "reference", "ratio"
        )?;
        for (step, row) in &self.steps {
            let or_none =
                |figure: Option<u64>| figure.map_or("-".to_owned(), |figure| figure.to_string());
            let (data, reference) = (or_none(row.data), or_none(row.reference));
            let ratio = row
                .ratio
                .map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
            writeln!(
                out,
                "{step:width$} {:>10} {:>10} {data:>10} {reference:>10} {ratio:>6}",
                row.cached, row.uncached
            )?;
        }
        Ok(())
    }
}

/// Three digits after the point: finer would change with every build.
fn rounded(ratio: f64) -> f64 {
    (ratio * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(gas: u64) -> Table {
        let figures = Figures::from([("token transfer".to_owned(), gas.into())]);
        Table::new(&figures, &figures).unwrap()
    }

    #[test]
    fn a_step_is_held_against_the_reference_of_the_same_name() {
        let row = table(22_081).steps["token transfer"];
        assert_eq!(row.reference, Some(44_162));
        assert_eq!(row.ratio, Some(0.5));
    }

    #[test]
    fn a_rise_of_more_than_a_percent_is_refused_and_named() {
        let snapshot = table(100_000);
        assert!(table(101_000).check(&snapshot).is_ok());
        let refused = table(101_001).check(&snapshot).unwrap_err().to_string();
        assert!(refused.contains("token transfer, cached: 100000 before, 101001 now"));
    }

    #[test]
    fn a_step_that_is_new_or_gone_is_refused() {
        assert!(table(1).check(&Table::default()).is_err());
        assert!(Table::default().check(&table(1)).is_err());
    }
}
