//! AIUS, the token of Arbius (protocol section 1), as a Stylus program behind a proxy.
//!
//! An ERC-20 of 18 decimals with the errors of ERC-6093. All that can ever exist,
//! 1,000,000 AIUS, is allocated once, by `initialize`, in the same transaction that
//! creates the proxy. There is no owner, and nobody can mint, burn, pause or take tokens.
//!
//! Every task moves tokens, so the program is written for little start-up gas: against
//! the host's functions, with the whole ABI read in place and all results in one word.
//!
//! | module | what is in it |
//! |---|---|
//! | [`erc20`] | balances, allowances, the supply: the rules |
//! | [`dispatch`] | from a selector to a rule |
//! | [`layout`] | where everything lies in storage |
//! | [`amount`] | arithmetic on words |
//! | [`refusal`] | the errors, as the interface declares them |

pub mod amount;
pub mod dispatch;
pub mod erc20;
pub mod layout;
pub mod refusal;

#[cfg(target_arch = "wasm32")]
mod program;
