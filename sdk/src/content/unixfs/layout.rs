//! How a file becomes a tree: cut into chunks, gathered into a balanced tree.
//!
//! [`Tree`] does no I/O and holds, besides the chunk at hand, one unfinished node a level,
//! so a file of any size takes constant memory.

use crate::content::Cid;
use bytes::Bytes;

use super::message;
use crate::content::block::{Block, sha256};
use crate::content::{cids, dag_pb};

/// How a file is cut and gathered. Two layouts give one file two CIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    chunk: usize,
    width: usize,
}

impl Layout {
    /// Kubo's for CIDv0: chunks of 262,144 bytes, 174 links a node. The protocol's CIDs are
    /// made with this one.
    pub const KUBO: Self = Self {
        chunk: 262_144,
        width: 174,
    };

    /// Chunks of `chunk` bytes, `width` links a node. `None` unless `chunk` is 1 to
    /// 1,048,576 and `width` 2 to 8,192, which keeps every node below the limit of a block.
    pub fn new(chunk: usize, width: usize) -> Option<Self> {
        let fits = (1..=1 << 20).contains(&chunk) && (2..=8192).contains(&width);
        fits.then_some(Self { chunk, width })
    }

    /// Bytes of file in a leaf.
    pub fn chunk(&self) -> usize {
        self.chunk
    }

    /// Links of a full node.
    pub fn width(&self) -> usize {
        self.width
    }
}

/// The CIDv0 of a file with these bytes, in Kubo's layout. For at most 65,536 bytes it is
/// what the engine computes (`arbius_protocol::cid`).
pub fn cid_of(bytes: &[u8]) -> Cid {
    cid_of_with(Layout::KUBO, bytes)
}

/// The CIDv0 of a file with these bytes, in a given layout.
pub fn cid_of_with(layout: Layout, bytes: &[u8]) -> Cid {
    let mut tree = Tree::new(layout);
    for chunk in bytes.chunks(layout.chunk) {
        tree.push(chunk, &mut Discard);
    }
    tree.finish(&mut Discard).cid
}

/// What takes the blocks of a growing tree.
pub(super) trait Sink {
    fn block(&mut self, data: Bytes) -> Cid;
}

/// Computes CIDs and keeps nothing.
struct Discard;

impl Sink for Discard {
    fn block(&mut self, data: Bytes) -> Cid {
        cids::from_digest(sha256(&data))
    }
}

impl Sink for Vec<Block> {
    fn block(&mut self, data: Bytes) -> Cid {
        // SAFETY: a layout's leaves have at most 1 MiB and its inner nodes 8,192 links of
        // under 70 bytes, so no node reaches the limit of a block, the one thing that
        // `of_node` refuses.
        let block = Block::of_node(data).expect("a layout's nodes are below a block's limit");
        let cid = *block.cid();
        self.push(block);
        cid
    }
}

/// A finished node of the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Branch {
    pub(super) cid: Cid,
    /// Bytes of the file beneath it.
    pub(super) size: u64,
    /// Bytes of its block and all blocks beneath.
    pub(super) tsize: u64,
}

/// A balanced tree that grows chunk by chunk.
pub(super) struct Tree {
    layout: Layout,
    /// Per level, from the leaves up, the finished nodes that have no parent yet.
    levels: Vec<Vec<Branch>>,
}

impl Tree {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            levels: Vec::new(),
        }
    }

    /// Adds the next chunk: full ones, but for the last.
    pub(super) fn push(&mut self, chunk: &[u8], sink: &mut impl Sink) {
        self.add(0, leaf(chunk, sink), sink);
    }

    /// The root. A file of one chunk is its leaf, an empty file an empty leaf.
    pub(super) fn finish(mut self, sink: &mut impl Sink) -> Branch {
        let mut level = 0;
        while level < self.levels.len() {
            let is_top = level + 1 == self.levels.len();
            if let (true, [root]) = (is_top, self.levels[level].as_slice()) {
                return *root;
            }
            let parent = gather(&std::mem::take(&mut self.levels[level]), sink);
            level += 1;
            self.add(level, parent, sink);
        }
        leaf(&[], sink)
    }

    /// A full level moves up only when the next node arrives: a file that ends with it must
    /// not get a parent of a single link above it.
    fn add(&mut self, level: usize, branch: Branch, sink: &mut impl Sink) {
        if self.levels.len() == level {
            self.levels.push(Vec::with_capacity(self.layout.width));
        }
        if self.levels[level].len() == self.layout.width {
            let parent = gather(&self.levels[level], sink);
            self.levels[level].clear();
            self.add(level + 1, parent, sink);
        }
        self.levels[level].push(branch);
    }
}

fn leaf(chunk: &[u8], sink: &mut impl Sink) -> Branch {
    let data = dag_pb::Node {
        links: Vec::new(),
        data: message::leaf(chunk),
    }
    .encode();
    let tsize = data.len() as u64;
    Branch {
        cid: sink.block(data),
        size: chunk.len() as u64,
        tsize,
    }
}

fn gather(branches: &[Branch], sink: &mut impl Sink) -> Branch {
    let link = |branch: &Branch| dag_pb::Link {
        cid: branch.cid,
        name: String::new(),
        tsize: branch.tsize,
    };
    let sizes = branches.iter().map(|branch| branch.size);
    let node = dag_pb::Node {
        links: branches.iter().map(link).collect(),
        data: message::inner(sizes.clone()),
    };
    let data = node.encode();
    let tsize = data.len() as u64 + branches.iter().map(|branch| branch.tsize).sum::<u64>();
    Branch {
        cid: sink.block(data),
        size: sizes.sum(),
        tsize,
    }
}
