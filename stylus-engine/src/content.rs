//! Content on its way through the engine: hashed, then told in an event.
//!
//! The chain hashes for a fifth of what a program would pay, as a precompile, so the
//! block around the content has to lie in memory in one piece. It is laid out once, in
//! the place where the log of the content will need it.

use crate::abi::Words;
use crate::host::{self, CallKind, Word};
use crate::revert::{Revert, error};
use alloc::vec::Vec;
use alloy_primitives::{Address, B256, address};
use arbius_protocol::cid;

/// The precompile that computes sha2-256.
const SHA256: Address = address!("0000000000000000000000000000000000000002");

/// Room before the content: for what its block begins with, then for topics and words.
const HEADER: usize = 5 * 32;

/// Content with its digest, and room before it.
pub(crate) struct Content {
    /// Digest of the block that holds the content.
    pub(crate) digest: B256,
    /// [`HEADER`] bytes, the content, zeros up to a whole word.
    buffer: Vec<u8>,
    len: usize,
}

impl Content {
    /// Hashes `content` as one UnixFS file block.
    ///
    /// # Errors
    ///
    /// `ContentTooLarge`, `HashUnavailable` if there is too little gas.
    #[inline(never)]
    pub(crate) fn new(content: &[u8]) -> Result<Self, Revert> {
        let (before, after) = cid::frame(content.len()).map_err(|_| error!(ContentTooLarge))?;
        let (before, after) = (before.as_bytes(), after.as_bytes());
        // The frame is shorter than the header, and padding is shorter than a word.
        let start = HEADER - before.len();
        let mut buffer = Vec::with_capacity(HEADER + content.len() + 32);
        buffer.resize(start, 0);
        buffer.extend_from_slice(before);
        buffer.extend_from_slice(content);
        buffer.extend_from_slice(after);
        let hash = host::call(CallKind::Static, &SHA256, &buffer[start..], 32);
        let digest = hash
            .ok()
            .and_then(|hash| B256::try_from(hash.as_slice()).ok())
            .ok_or_else(|| error!(HashUnavailable))?;
        buffer.truncate(HEADER + content.len());
        buffer.resize(HEADER + content.len().next_multiple_of(32), 0);
        Ok(Self {
            digest,
            buffer,
            len: content.len(),
        })
    }

    /// Emits the content as the last, `bytes` argument of an event with one indexed
    /// argument, after the words that stand before it in the data, at most one. The event
    /// comes as the log of it that [`event!`](crate::abi::event) starts.
    #[inline(never)]
    pub(crate) fn log(mut self, event: Words, indexed: &B256, before: Option<u64>) {
        let mut at = HEADER;
        let mut prepend = |word: Word| {
            at -= 32;
            self.buffer[at..at + 32].copy_from_slice(&word);
        };
        prepend(number(self.len as u64));
        prepend(number(if before.is_some() { 64 } else { 32 }));
        if let Some(before) = before {
            prepend(number(before));
        }
        prepend(indexed.0);
        at -= 32;
        self.buffer[at..at + 32].copy_from_slice(&event.into_data());
        host::log(&self.buffer[at..], 2);
    }
}

/// A number as a word of the ABI.
fn number(value: u64) -> Word {
    let mut word = [0; 32];
    word[24..].copy_from_slice(&value.to_be_bytes());
    word
}
