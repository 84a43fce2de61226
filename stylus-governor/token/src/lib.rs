//! AIUS, the token of Arbius (protocol section 1), as a Stylus program behind a proxy.
//!
//! An ERC-20 of 18 decimals with the errors of ERC-6093, permits (EIP-2612 over EIP-712,
//! EIP-5267), votes with their history (EIP-5805, EIP-6372) and the side of Arbitrum's
//! custom gateway. All that can ever exist, 1,000,000 AIUS, is allocated once, by
//! `initialize`, in the same transaction that creates the proxy. Nobody can mint but the
//! gateway, no more than it burned, nor pause or take tokens.
//!
//! Every task moves tokens, so the program is written for little start-up gas: against
//! the host's functions, with the whole ABI read in place and results written in words.
//! Balance and delegate of an account share a slot, so that a transfer between accounts
//! that delegate to nobody reads and writes what one of a token without votes does.
//!
//! | module | what is in it |
//! |---|---|
//! | [`erc20`] | balances, allowances, the supply: the rules |
//! | [`votes`] | delegation, and who has how many votes |
//! | [`signatures`] | permits and delegations that were signed |
//! | [`bridge`] | the gateway's side |
//! | [`history`] | an amount over time |
//! | [`account`] | balance and delegate in one word |
//! | [`layout`] | where everything lies in storage |
//! | [`dispatch`] | from a selector to a rule |
//! | [`reply`] | what functions return |
//! | [`amount`] | arithmetic on words |

pub mod account;
pub mod amount;
pub mod bridge;
pub mod dispatch;
pub mod erc20;
pub mod history;
pub mod layout;
pub mod reply;
pub mod signatures;
pub mod votes;

#[cfg(target_arch = "wasm32")]
mod program;
