//! The closing check: everything that a deployment was to end in, read back from the chain.
//!
//! - [`Property`]: the written list of what holds;
//! - [`Finding`], [`Report`]: what was read, and whether it is as it should be;
//! - [`check`]: reads everything.
//!
//! A property that is broken is named with what was read; nothing stops the reading but a
//! chain that does not answer.

mod access;
mod choices;
mod code;
mod ownership;
mod property;
mod report;
mod subject;
mod supply;

pub use property::Property;
pub use report::{Finding, Report};
pub use subject::{CheckError, check};
