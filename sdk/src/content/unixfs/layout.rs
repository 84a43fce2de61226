//! How a file becomes a tree: cut into chunks, gathered into a balanced tree.
//!
//! [`Tree`] does no I/O and holds, besides the chunk at hand, one unfinished node a level,
//! so a file of any size takes constant memory.

use crate::content::{Cid, CidVersion};
use bytes::Bytes;

use super::{leaf, message};
use crate::content::block::{Block, sha256};
use crate::content::{cids, dag_pb};

/// How content becomes blocks: how a file is cut and gathered, and how the CIDs are
/// written. Two layouts give one file two CIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    chunk: usize,
    width: usize,
    version: CidVersion,
    raw_leaves: bool,
    shard_by: ShardBy,
}

/// What is measured of a directory to decide whether it is sharded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShardBy {
    /// Names and CIDs, without what the node writes around them.
    Links,
    /// The node.
    Node,
}

impl Layout {
    /// What `ipfs add` makes, the profile `unixfs-v0-2015` (IPIP-499): CIDv0, dag-pb leaves,
    /// chunks of 262,144 bytes, 174 links a node. The protocol's CIDs are made with this
    /// one.
    pub const KUBO: Self = Self {
        chunk: 262_144,
        width: 174,
        version: CidVersion::V0,
        raw_leaves: false,
        shard_by: ShardBy::Links,
    };

    /// What `ipfs add --cid-version=1` makes: CIDv1, raw leaves, and else as
    /// [`Layout::KUBO`].
    pub const KUBO_V1: Self = Self {
        version: CidVersion::V1,
        raw_leaves: true,
        ..Self::KUBO
    };

    /// The profile `unixfs-v1-2025` (IPIP-499): CIDv1, raw leaves, chunks of 1 MiB, 1,024
    /// links a node, directories sharded by the size of their node.
    pub const UNIXFS_V1_2025: Self = Self {
        chunk: 1 << 20,
        width: 1024,
        shard_by: ShardBy::Node,
        ..Self::KUBO_V1
    };

    /// [`Layout::KUBO`] with chunks of `chunk` bytes and `width` links a node. `None` unless
    /// `chunk` is 1 to 1,048,576 and `width` 2 to 8,192, which keeps every node below the
    /// limit of a block.
    pub fn new(chunk: usize, width: usize) -> Option<Self> {
        Self::KUBO.with_chunk(chunk)?.with_width(width)
    }

    /// The same with chunks of so many bytes; `None` unless they are 1 to 1,048,576.
    pub fn with_chunk(self, chunk: usize) -> Option<Self> {
        let fits = (1..=1 << 20).contains(&chunk);
        fits.then_some(Self { chunk, ..self })
    }

    /// The same with at most so many links a node; `None` unless they are 2 to 8,192.
    pub fn with_width(self, width: usize) -> Option<Self> {
        let fits = (2..=8192).contains(&width);
        fits.then_some(Self { width, ..self })
    }

    /// The same with CIDs of this version. Raw leaves have CIDv1 under either.
    pub const fn with_version(self, version: CidVersion) -> Self {
        Self { version, ..self }
    }

    /// The same with leaves that are the bytes themselves, or in a dag-pb node each.
    pub const fn with_raw_leaves(self, raw_leaves: bool) -> Self {
        Self { raw_leaves, ..self }
    }

    /// Bytes of file in a leaf.
    pub const fn chunk(&self) -> usize {
        self.chunk
    }

    /// Links of a full node.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The version of its CIDs.
    pub const fn version(&self) -> CidVersion {
        self.version
    }

    /// Whether leaves are the bytes themselves.
    pub const fn raw_leaves(&self) -> bool {
        self.raw_leaves
    }

    pub(super) const fn leaf_codec(&self) -> u64 {
        match self.raw_leaves {
            true => cids::RAW,
            false => cids::DAG_PB,
        }
    }

    pub(super) const fn shard_by(&self) -> ShardBy {
        self.shard_by
    }
}

impl Default for Layout {
    /// [`Layout::KUBO`].
    fn default() -> Self {
        Self::KUBO
    }
}

/// The CIDv0 of a file with these bytes, in Kubo's layout. For at most 65,536 bytes it is
/// what the engine computes (`arbius_protocol::cid`).
pub fn cid_of(bytes: &[u8]) -> Cid {
    cid_of_with(Layout::KUBO, bytes)
}

/// The CID of a file with these bytes, in a given layout.
pub fn cid_of_with(layout: Layout, bytes: &[u8]) -> Cid {
    branch_of(layout, bytes).cid
}

/// The root that a file with these bytes gets.
pub(super) fn branch_of(layout: Layout, bytes: &[u8]) -> Branch {
    let mut tree = Tree::new(layout);
    for chunk in bytes.chunks(layout.chunk) {
        tree.push(leaf::hashed(layout, chunk), &mut Discard);
    }
    tree.finish(&mut Discard)
}

/// What takes the nodes of a growing tree.
pub(super) trait Sink {
    fn block(&mut self, layout: Layout, data: Bytes) -> Cid;
}

/// Computes CIDs and keeps nothing.
pub(super) struct Discard;

impl Sink for Discard {
    fn block(&mut self, layout: Layout, data: Bytes) -> Cid {
        cids::of(layout.version, cids::DAG_PB, sha256(&data))
    }
}

impl Sink for Vec<Block> {
    #[allow(clippy::expect_used)]
    fn block(&mut self, layout: Layout, data: Bytes) -> Cid {
        // SAFETY: a file's inner nodes have at most 8,192 links of under 80 bytes, and the
        // nodes of directories are measured before they come here, so none is above the
        // limit of a block, the one thing that is refused.
        let block = Block::of(layout.version, cids::DAG_PB, data)
            .expect("a layout's nodes are below a block's limit");
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

/// A balanced tree that grows leaf by leaf.
#[derive(Debug)]
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

    /// Adds the next leaf: of a full chunk, but for the last.
    pub(super) fn push(&mut self, leaf: Branch, sink: &mut impl Sink) {
        self.add(0, leaf, sink);
    }

    /// The root. A file of one chunk is its leaf, an empty file an empty leaf, which is
    /// [`leaf::empty`] and is not given to the sink.
    pub(super) fn finish(mut self, sink: &mut impl Sink) -> Branch {
        let mut level = 0;
        while level < self.levels.len() {
            let is_top = level + 1 == self.levels.len();
            if let (true, [root]) = (is_top, self.levels[level].as_slice()) {
                return *root;
            }
            let parent = gather(self.layout, &std::mem::take(&mut self.levels[level]), sink);
            level += 1;
            self.add(level, parent, sink);
        }
        leaf::hashed(self.layout, &[])
    }

    /// A full level moves up only when the next node arrives: a file that ends with it must
    /// not get a parent of a single link above it.
    fn add(&mut self, level: usize, branch: Branch, sink: &mut impl Sink) {
        if self.levels.len() == level {
            self.levels.push(Vec::with_capacity(self.layout.width));
        }
        if self.levels[level].len() == self.layout.width {
            let parent = gather(self.layout, &self.levels[level], sink);
            self.levels[level].clear();
            self.add(level + 1, parent, sink);
        }
        self.levels[level].push(branch);
    }
}

fn gather(layout: Layout, branches: &[Branch], sink: &mut impl Sink) -> Branch {
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
        cid: sink.block(layout, data),
        size: sizes.sum(),
        tsize,
    }
}
