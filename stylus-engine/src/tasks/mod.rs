//! Tasks (protocol section 5).
//!
//! | module | what it holds |
//! |---|---|
//! | `record` | where a task lies: one word for its whole life, and its digests |
//! | `terms` | what tasks have in common and name by a key: owner and offer, batches |
//! | `submit` | submission in its forms |
//! | `open` | what an owner can do with an open task: raise its fee, retract it |
//! | `views` | what the engine says about a task |

mod open;
mod record;
mod submit;
mod terms;
mod views;

pub(crate) use open::{increase_fee, refund, retract, retraction_announced};
pub use record::TaskStorage;
pub(crate) use record::{Flags, Reveal, Task};
pub(crate) use submit::{Order, bulk_submit, bulk_submit_inputs, submit, submit_with_permit};
pub(crate) use terms::{Head, Offer};
pub(crate) use views::{model_fee, prevhash, status, status_of, task};
