//! The rules of the DAO (protocol section 11): proposals, votes, what waits in the
//! timelock, and who may stop it.
//!
//! | module | rules |
//! |---|---|
//! | `actions` | the calls of a proposal, its identifier, the operation that it becomes |
//! | `record` | a proposal's actions as they are stored |
//! | `proposal` | the states of a proposal |
//! | `counting` | votes and quorum |
//! | `history` | a quorum that changes over time |
//! | `suffix` | descriptions that name their proposer |
//! | `ballot` | what voters sign (EIP-712) |
//! | `operation` | the states of an operation, the roles, the guardian's end |
//! | `settings` | what a vote can change, with defaults and bounds |

mod actions;
mod ballot;
mod counting;
mod history;
mod operation;
mod proposal;
mod record;
mod settings;
mod suffix;

pub use actions::{Action, batch, call_id, operation_id, operation_salt, proposal_id};
pub use ballot::{
    BALLOT_TYPEHASH, BRAVO_BALLOT_TYPEHASH, DOMAIN_TYPEHASH, EXTENDED_BALLOT_TYPEHASH, NAME,
    VERSION, ballot, bravo_ballot, digest, domain_separator, extended_ballot,
};
pub use counting::{COUNTING_MODE, QUORUM_DENOMINATOR, Support, Tally, quorum};
pub use history::{Change, value_at};
pub use operation::{
    CANCELLER_ROLE, DEFAULT_ADMIN_ROLE, DONE, EXECUTOR_ROLE, GUARDIAN_END, OperationState,
    PROPOSER_ROLE, guardian_is_active,
};
pub use proposal::{Proposal, ProposalState};
pub use record::{Record, RecordError};
pub use settings::{Setting, SettingError};
pub use suffix::may_propose;
