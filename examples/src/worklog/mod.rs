//! The contract for timestamped proof of work (`examples/worklog`), and how a third party
//! verifies what it lists.

mod announced;
mod deploy;
mod report;
mod verify;

pub use arbius_example_interfaces::worklog::IWorklog;
pub use deploy::deploy;
pub use report::{Entry, Report, Verdict};
pub use verify::{Log, VerifyError, verify, verify_with_all};
