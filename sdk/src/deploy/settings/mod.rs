//! What a deployment is to end in: everything that is chosen, by whoever deploys.
//!
//! - [`Settings`]: all of it, from a commented TOML file ([`Settings::load`]) or, for a chain
//!   of one's own, from [`Settings::local`] and [`Settings::local_dao`];
//! - [`Governance`]: who owns the protocol in the end;
//! - [`Grant`]: who receives what of the supply, and how;
//! - [`Parameters`]: the engine's parameters;
//! - [`FirstModel`]: a model that is registered and rated before the engine is handed over.

mod file;
mod grant;
mod local;
mod parameters;
mod quantity;
mod terms;

pub use file::SettingsError;
pub use grant::{Beneficiary, Grant};
pub use parameters::Parameters;
pub use terms::{Bridge, Caching, Dao, FirstModel, Governance, Settings};
