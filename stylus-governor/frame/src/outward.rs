//! Calls of other contracts. All state is written out before, and what was read is read
//! anew afterwards: whoever is called may call back.

use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256};
use arbius_host as host;
use arbius_protocol::interfaces::timelock::ITimelock;

use crate::Refused;

/// Calls `to` with `value` wei. What it returns is not read.
///
/// # Errors
///
/// What it reverts with, or `FailedCall` if it says nothing.
#[inline(never)]
pub fn call(to: &Address, calldata: &[u8], value: &B256) -> Result<(), Refused> {
    match host::call(to, calldata, value) {
        (true, _) => Ok(()),
        (false, len) => Err(relayed(len)),
    }
}

/// Asks `to`, which can change nothing; what it answers.
///
/// # Errors
///
/// What it reverts with, or `FailedCall` if it says nothing.
#[inline(never)]
pub fn ask(to: &Address, calldata: &[u8]) -> Result<Vec<u8>, Refused> {
    match host::static_call(to, calldata) {
        (true, len) => Ok(returned(len)),
        (false, len) => Err(relayed(len)),
    }
}

/// Asks `to`, which can change nothing; the word that it answers with. `None` if it answers
/// with something else.
///
/// # Errors
///
/// What it reverts with, or `FailedCall` if it says nothing.
pub fn ask_word(to: &Address, calldata: &[u8]) -> Result<Option<B256>, Refused> {
    Ok(B256::try_from(ask(to, calldata)?.as_slice()).ok())
}

fn relayed(len: usize) -> Refused {
    if len == 0 {
        return Refused::with::<ITimelock::FailedCall>(&[]);
    }
    Refused::relayed(returned(len))
}

fn returned(len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    let read = host::read_returned(&mut data);
    data.truncate(read);
    data
}
