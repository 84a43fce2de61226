//! The gas table.
//!
//! - [`measure`]: runs every step on a fresh chain and reads the receipts;
//! - [`measure_governance_of`]: runs the governor's and the timelock's steps with
//!   OpenZeppelin's contracts;
//! - [`Table`]: the figures beside those of the reference, as `benches/gas.json` holds them.
//!
//! Figures are gas as receipts show it, intrinsic gas included unless the name says
//! *execution*. What the data of a transaction costs on L1 stands beside them in units, since
//! its price in gas changes: a unit costs the chain's price per unit over its base fee.

mod collection;
mod governance;
mod scenario;
mod table;
mod token;

pub use governance::measure_governance_of;
pub use scenario::{Cost, Figures, measure};
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
