//! The number of the L2 block, which only the precompile ArbSys knows: what the virtual
//! machine calls the block number is an estimate of L1's.

use crate::host::{self, CallKind};
use crate::revert::{Revert, error};
use alloy_sol_types::SolCall;
use arbius_protocol::interfaces::arbos::{ARB_SYS, IArbSys};

/// The L2 block that this call is part of.
///
/// # Errors
///
/// `BlockNumberUnavailable` where there is no ArbSys.
#[inline(never)]
pub(crate) fn block_number() -> Result<u64, Revert> {
    let selector = IArbSys::arbBlockNumberCall::SELECTOR;
    let answer = host::call(CallKind::Static, &ARB_SYS, &selector, 32).unwrap_or_default();
    match answer.last_chunk::<8>() {
        Some(number) if answer.len() == 32 => Ok(u64::from_be_bytes(*number)),
        _ => Err(error!(BlockNumberUnavailable)),
    }
}
