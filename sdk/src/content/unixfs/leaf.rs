//! Leaves: a chunk of a file, in a node of its own or as it is.
//!
//! Hashing is nearly all of what an import costs, so the bytes of a file are read to where
//! they stay: a [`LeafBuffer`] has room for what a node writes around them.

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::layout::{Branch, Layout};
use super::message;
use crate::content::block::Block;
use crate::content::cids;

/// Room for a chunk and for the node around it.
#[derive(Debug)]
pub(super) struct LeafBuffer {
    layout: Layout,
    /// `before`, the chunk, and what follows it. Always at its full length.
    bytes: BytesMut,
    /// What stands before a full chunk; less is needed before a shorter one.
    before: usize,
    filled: usize,
}

impl LeafBuffer {
    pub(super) fn new(layout: Layout) -> Self {
        let (before, after) = around(layout, layout.chunk());
        Self {
            layout,
            bytes: BytesMut::zeroed(before.len() + layout.chunk() + after.len()),
            before: before.len(),
            filled: 0,
        }
    }

    /// A buffer in the memory of a leaf that nobody holds any more, or else a new one.
    pub(super) fn recycled(layout: Layout, leaf: Bytes) -> Self {
        let fresh = || Self::new(layout);
        let (before, after) = around(layout, layout.chunk());
        if leaf.len() != before.len() + layout.chunk() + after.len() {
            return fresh();
        }
        match leaf.try_into_mut() {
            Ok(bytes) => Self {
                layout,
                bytes,
                before: before.len(),
                filled: 0,
            },
            Err(_) => fresh(),
        }
    }

    /// Where the next bytes of the file go; empty when the chunk is full.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let start = self.before + self.filled;
        let end = self.before + self.layout.chunk();
        &mut self.bytes[start..end]
    }

    /// Says that so many bytes were written to [`LeafBuffer::room`].
    pub(super) fn advance(&mut self, bytes: usize) {
        self.filled += bytes;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// How long a full chunk is, bytes.
    pub(super) fn chunk(&self) -> usize {
        self.layout.chunk()
    }

    /// Bytes of it that are there.
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// The leaf with what the buffer holds.
    pub(super) fn into_leaf(mut self) -> (Block, Branch) {
        let (before, after) = around(self.layout, self.filled);
        let start = self.before - before.len();
        let end = self.before + self.filled;
        self.bytes[start..self.before].copy_from_slice(&before);
        self.bytes[end..end + after.len()].copy_from_slice(&after);
        let end = end + after.len();
        let whole = self.bytes.freeze();
        let data = match (start, end) {
            // Slicing would keep the memory from being used again.
            (0, end) if end == whole.len() => whole,
            _ => whole.slice(start..end),
        };
        block(self.layout, data, self.filled)
    }
}

/// The leaf of an empty file.
pub(super) fn empty(layout: Layout) -> (Block, Branch) {
    let (before, after) = around(layout, 0);
    block(layout, [before, after].concat().into(), 0)
}

#[allow(clippy::expect_used)]
fn block(layout: Layout, data: Bytes, size: usize) -> (Block, Branch) {
    let tsize = data.len() as u64;
    // SAFETY: a layout's chunk has at most 1 MiB and the node around it some 20 bytes, so
    // no leaf reaches the limit of a block, the one thing that is refused.
    let block = Block::of(layout.version(), layout.leaf_codec(), data)
        .expect("a layout's leaves are below a block's limit");
    let branch = Branch {
        cid: *block.cid(),
        size: size as u64,
        tsize,
    };
    (block, branch)
}

/// The leaf of a chunk by its hash alone, without moving its bytes.
pub(super) fn hashed(layout: Layout, chunk: &[u8]) -> Branch {
    let (before, after) = around(layout, chunk.len());
    let digest = Sha256::new()
        .chain_update(&before)
        .chain_update(chunk)
        .chain_update(&after)
        .finalize();
    Branch {
        cid: cids::of(layout.version(), layout.leaf_codec(), digest.into()),
        size: chunk.len() as u64,
        tsize: (before.len() + chunk.len() + after.len()) as u64,
    }
}

/// What a leaf has before and after a chunk of so many bytes.
fn around(layout: Layout, chunk: usize) -> (Vec<u8>, Vec<u8>) {
    match layout.raw_leaves() {
        true => (Vec::new(), Vec::new()),
        false => message::around_chunk(chunk),
    }
}
