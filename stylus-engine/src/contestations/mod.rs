//! Contestations (protocol section 8): contesting a solution, voting, and settling in
//! pages.
//!
//! A lock leaves a stake and stays among what the engine holds; a settlement gives the
//! winners their locks and what the losers lost, as stake. So voting and paging move
//! nothing in or out of the engine, however a settlement is paged.
//!
//! | module | what it holds |
//! |---|---|
//! | `record` | where a contestation and its votes lie |
//! | `vote` | contesting a solution, which is the first vote, and voting |
//! | `settle` | settling in pages |
//! | `views` | what the engine says about a contestation |

mod record;
mod settle;
mod views;
mod vote;

pub use record::ContestationStorage;
pub(crate) use settle::finish;
pub(crate) use views::{can_vote, contestation, counts, ended, nay, vote_end, voted, yea};
pub(crate) use vote::{submit, vote};
