//! The whole protocol onto a Stylus chain, by ordinary transactions.
//!
//! - [`settings`]: what a deployment is to end in, from a TOML file;
//! - [`supply`]: the supply table (protocol section 1);
//! - [`Deployer`]: the order of it all;
//! - [`Progress`]: what is done, so that a deployment goes on after any interruption;
//! - [`Steps`], [`Sender`]: its transactions, each sent once;
//! - [`program`]: code, fragments, activation and caching of one Stylus program;
//! - [`model`]: the first models and their rates;
//! - [`Estimate`]: what a deployment takes, by one that was rehearsed;
//! - [`mod@check`]: reads everything back, property by property;
//! - [`mod@health`], [`keepalive`]: how the programs are, and their yearly renewal;
//! - [`Deployment`]: the file that says where everything is. It is there without the feature
//!   `deploy` too, which brings the rest.

#[cfg(feature = "deploy")]
pub mod check;
#[cfg(feature = "deploy")]
mod error;
#[cfg(feature = "deploy")]
mod estimate;
mod file;
mod file_error;
#[cfg(feature = "deploy")]
mod hand_over;
#[cfg(feature = "deploy")]
pub mod health;
#[cfg(feature = "deploy")]
pub mod keepalive;
#[cfg(feature = "deploy")]
pub mod model;
#[cfg(feature = "deploy")]
pub mod program;
#[cfg(feature = "deploy")]
mod progress;
#[cfg(feature = "deploy")]
mod protocol;
#[cfg(feature = "deploy")]
pub mod settings;
#[cfg(feature = "deploy")]
mod steps;
#[cfg(feature = "deploy")]
pub mod supply;

#[cfg(feature = "deploy")]
pub use error::DeployError;
#[cfg(feature = "deploy")]
pub use estimate::{Estimate, Prices};
pub use file::{Account, Deployment};
pub use file_error::DeploymentFileError;
#[cfg(feature = "deploy")]
pub use progress::{Begun, Done, Progress, Record, Transaction};
#[cfg(feature = "deploy")]
pub use protocol::Deployer;
#[cfg(feature = "deploy")]
pub use settings::Settings;
#[cfg(feature = "deploy")]
pub use steps::{Event, Observer, Sender, Steps};
