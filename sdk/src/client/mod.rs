//! What accounts do with the engine: submit a task, await its outcome, fetch and verify the
//! bytes; stake, contest, vote.
//!
//! - [`Requester`]: an account that submits tasks and pays for them;
//! - [`Network`]: what the engine says about models, tasks and solutions, without an account;
//! - [`Validator`]: an account that stakes, solves, contests and votes, claims, and takes
//!   stake and earnings out ([`Withdrawal`]);
//! - [`TaskFilter`], [`ListedTask`], [`Claimable`]: tasks and solutions, found by their events;
//! - [`Outputs`]: a solution's files, fetched from gateways and checked against its CID.

mod eligibility;
mod error;
mod fees;
mod listing;
mod network;
mod outputs;
mod requester;
mod validator;
mod withdrawals;

pub use eligibility::vote_refusal;
pub use error::ClientError;
pub use listing::{Claimable, ListedTask, TaskFilter};
pub use network::{ModelInfo, Network, Solution, TaskInfo};
pub use outputs::{OutputFile, Outputs};
pub use requester::{Requester, Retraction, Submitted, TaskRequest};
pub use validator::{Contestation, Stake, Validator, Vote};
pub use withdrawals::Withdrawal;
