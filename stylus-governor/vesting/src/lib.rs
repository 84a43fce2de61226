//! A vesting account of AIUS (protocol section 1), as a Stylus program: one program, and a
//! proxy of its own for each beneficiary.
//!
//! What the account holds and has paid vests by a schedule of tranches; the rule is
//! `arbius_protocol::vesting`. Anyone may have it pay its beneficiary what has vested. The
//! beneficiary delegates the votes of all that is there, vested or not, and may hand its
//! right on. The owner, who is the proxy's admin and for good the timelock, may take back
//! what has not vested, or give it to another beneficiary, if the account was made
//! revocable; what has vested is paid before.
//!
//! | module | what is in it |
//! |---|---|
//! | [`account`] | the rules: who may do what, and what moves |
//! | [`state`] | what the account knows, and where that lies in storage |
//! | [`token`] | calls to the token |
//! | [`dispatch`] | from a selector to a rule |

pub mod account;
pub mod dispatch;
pub mod state;
pub mod token;

#[cfg(target_arch = "wasm32")]
mod program;
