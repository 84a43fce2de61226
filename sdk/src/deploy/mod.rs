//! The whole protocol onto a Stylus chain, by ordinary transactions.
//!
//! - [`program`]: code, fragments, activation and caching of one Stylus program;
//! - [`genesis`]: who receives the supply and who owns what at the start;
//! - [`model`]: the first models and their rates;
//! - [`protocol`]: the order of it all, resumable after any step;
//! - [`Deployment`]: the file that says where everything is.

mod error;
mod file;
pub mod genesis;
pub mod model;
pub mod program;
pub mod protocol;

pub use error::{DeployError, DeploymentFileError};
pub use file::{Account, Deployment};
pub use genesis::{Allocation, Genesis};
pub use protocol::{Deployer, Progress, Step};
