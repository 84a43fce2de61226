//! The gas table.
//!
//! - [`measure`]: runs every step on a fresh chain and reads the receipts;
//! - [`Table`]: the figures beside those of the reference, as `benches/gas.json` holds them.
//!
//! Figures are gas as receipts show it, intrinsic gas included unless the name says
//! *execution*; the L1 part of a fee is not in them.

mod scenario;
mod table;

pub use scenario::{Figures, measure};
pub use table::{Row, Table, TableError};

/// Whether the chain keeps the contracts in its cache of programs, which lowers what it
/// costs to start one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Every program was placed in the cache.
    Warm,
    /// None was.
    Cold,
}
