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
//! - [`Deployment`]: the file that says where everything is.

pub mod check;
mod error;
mod estimate;
mod file;
mod hand_over;
pub mod health;
pub mod keepalive;
pub mod model;
pub mod program;
mod progress;
mod protocol;
pub mod settings;
mod steps;
pub mod supply;

pub use error::{DeployError, DeploymentFileError};
pub use estimate::{Estimate, Prices};
pub use file::{Account, Deployment};
pub use progress::{Begun, Done, Progress, Record, Transaction};
pub use protocol::Deployer;
pub use settings::Settings;
pub use steps::{Event, Observer, Sender, Steps};
