//! The proxy that every contract of Arbius stands behind (ERC-1967), as a Stylus program.
//!
//! # Design
//!
//! Each call to a contract starts this program first, and a program's size is part of
//! its start-up gas. So it does as little as can be: it loads the implementation's
//! address, delegates to it, and hands on what comes back, byte for byte. It is written
//! against the host's functions, without an SDK, a router or an allocator.
//!
//! The right to upgrade lies with the account in the ERC-1967 admin slot, for good the
//! timelock of the DAO (protocol section 11), and the proxy itself answers the two calls
//! that need it, [`upgradeToAndCall`] and [`changeAdmin`]. That costs other calls two
//! comparisons of a selector, no storage access. The alternatives:
//!
//! - UUPS (ERC-1822) keeps that code in each implementation: the same bytes are loaded
//!   with each call, every contract has to get it right, and one upgrade to a program
//!   that lacks the function, or cannot run, is the last.
//! - A transparent proxy compares the caller with the admin on every call, which is one
//!   more cold storage access (2,100 gas).
//!
//! Here a proxy whose implementation is broken, expired or not yet activated can still be
//! upgraded. The price is two selectors that implementations cannot use.
//!
//! The proxy keeps no storage of its own but the two ERC-1967 slots, so the storage
//! layout is the implementation's. The value of a call stays with the proxy, and the
//! implementation sees it as `msg.value`, as it sees the caller as `msg.sender`.
//!
//! [`upgradeToAndCall`]: arbius_protocol::interfaces::proxy::IProxy::upgradeToAndCallCall
//! [`changeAdmin`]: arbius_protocol::interfaces::proxy::IProxy::changeAdminCall

mod route;

#[cfg(target_arch = "wasm32")]
mod program;

pub use route::{Route, route};
