//! Calls that come back into the engine from within a call that it makes.
//!
//! Views answer, as the state is final before the engine calls out. What changes state is
//! refused, with one exception: a consumer that is told an outcome may submit tasks. For
//! that the engine opens a door, a word of transient storage, and shuts it while such a
//! task is submitted: the token, which is called then, is no consumer.

use crate::host::{self, Word};
use crate::revert::{Revert, ensure};
use crate::router::{Access, Route};
use alloc::vec::Vec;

/// Where the door is, in transient storage.
const DOOR: Word = [0; 32];

/// Opens or shuts the door for consumers.
pub(crate) fn set_door(open: bool) {
    let mut word = [0; 32];
    word[31] = open.into();
    host::transient_store(&DOOR, &word);
}

/// Runs a function, if it may run where the call comes from.
///
/// # Errors
///
/// `Reentrancy`, and the function's own.
pub fn run(route: &Route, arguments: &[u8]) -> Result<Vec<u8>, Revert> {
    if route.access == Access::View || !host::is_reentrant() {
        return (route.handler)(arguments);
    }
    let open = host::transient_load(&DOOR) != [0; 32];
    ensure!(open && route.access == Access::Submit, Reentrancy);
    set_door(false);
    let data = (route.handler)(arguments)?;
    set_door(true);
    Ok(data)
}
