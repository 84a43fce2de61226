//! Where the timelock keeps things in the proxy's storage. Slots are never given another
//! meaning; what is to come goes behind the last.
//!
//! | slot | |
//! |---|---|
//! | 0 | version of the layout in bytes 0 to 7, least delay in seconds in bytes 8 to 15 |
//! | 1 | guardian, in the first 20 bytes |
//! | 2 | engine, in the first 20 bytes |
//! | 3 | mapping from operations to when they can be executed |
//! | 4 | mapping from roles to mappings from accounts to whether they have the role |

use alloy_primitives::B256;
use arbius_frame::{Part, Slot};

/// Version and least delay.
pub const STATE: Slot = Slot::fixed(0);

/// Version of this layout that the storage was initialised to; 0 before.
pub const VERSION: Part<0, 8> = Part;

/// Least delay in seconds.
pub const MIN_DELAY: Part<8, 8> = Part;

/// The guardian.
pub const GUARDIAN: Slot = Slot::fixed(1);

/// The engine.
pub const ENGINE: Slot = Slot::fixed(2);

/// When an operation can be executed, as a number; 0 if it is unset, 1 if it is done.
#[must_use]
pub fn timestamp(id: &B256) -> Slot {
    Slot::fixed(3).entry(id)
}

/// Whether `account`, a word, has a role: 1 if so.
#[must_use]
pub fn member(role: &B256, account: &B256) -> Slot {
    Slot::fixed(4).entry(role).entry(account)
}
