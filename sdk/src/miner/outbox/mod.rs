//! What the miner sends about its solutions: commitments, reveals, claims, withdrawals, for
//! many tasks in one transaction each.
//!
//! | file | what it holds |
//! |---|---|
//! | `bulk` | how many go together, and how long one waits for others |
//! | `group` | tasks that are committed to and revealed together, as it is written down |
//! | `queue` | [`Outbox`]: what waits, what is underway, what leaves |
//! | `deliver` | a group on its way: committed to, revealed, taken apart |
//! | `reveal` | the transaction that reveals, and what the engine made of each entry |
//! | `claim` | claims of what is due, and the withdrawal after them |
//!
//! A bulk commitment binds the exact pairs of tasks and CIDs in their order (protocol section
//! 3), so the group is in the store before its commitment is signed, and is revealed as it is:
//! the engine passes over what is no longer possible and says so for each. A group that cannot
//! be revealed at all is taken apart, and its tasks are committed to anew.

mod bulk;
mod claim;
mod deliver;
mod group;
mod queue;
mod reveal;

pub use bulk::Bulk;
pub(super) use group::Group;
pub(super) use queue::Outbox;
