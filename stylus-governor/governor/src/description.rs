//! The content identifier of a description (protocol section 3), by which it can be found
//! outside the chain.

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, address};
use arbius_frame::{Refused, ask_word, word_of};
use arbius_protocol::cid;
use arbius_protocol::interfaces::governor::IGovernor;

/// The precompile that computes sha2-256, for a fifth of what the program would pay.
const SHA256: Address = address!("0000000000000000000000000000000000000002");

/// Digest of the content identifier of `description`.
///
/// # Errors
///
/// `GovernorDescriptionTooLong`, `GovernorOutOfGas`.
pub fn digest(description: &[u8]) -> Result<B256, Refused> {
    let Ok((before, after)) = cid::frame(description.len()) else {
        return Err(Refused::with::<IGovernor::GovernorDescriptionTooLong>(&[
            word_of(description.len() as u128),
            word_of(cid::MAX_CONTENT as u128),
        ]));
    };
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let mut block = Vec::with_capacity(before.len() + description.len() + after.len());
    block.extend_from_slice(before);
    block.extend_from_slice(description);
    block.extend_from_slice(after);
    match ask_word(&SHA256, &block) {
        Ok(Some(digest)) => Ok(digest),
        _ => Err(Refused::with::<IGovernor::GovernorOutOfGas>(&[])),
    }
}
