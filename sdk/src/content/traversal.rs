//! A way through all blocks beneath a root.

use std::collections::HashSet;
use std::ops::Range;

use super::Cid;
use super::block::Block;
use super::cids;
use super::dag_pb::Node;
use super::store::BlockStore;
use super::unixfs::{self, Contents, Held, MAX_DEPTH, MalformedError, Part, ReadError};

/// Blocks that may be known and not yet read. A flat directory of the largest kind has some
/// 50,000 entries; a chain of nodes with as many links each, whose blocks need not even exist,
/// could be made to fill any memory.
pub const MAX_AHEAD: usize = 1 << 19;

/// How much of what lies beneath a root is wanted: the `dag-scope` of the trustless gateway
/// specification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// The root's own block.
    Block,
    /// What it takes to read the root itself: of a file the blocks that hold these bytes, or
    /// all of them, and those above them; of a directory the blocks that list its entries,
    /// without the entries.
    Entity(Option<Range<u64>>),
    /// Everything.
    #[default]
    All,
}

/// The blocks beneath a root, depth first and in the order of their links, a node before
/// what it links to, and each once unless told otherwise. What a CID itself holds (the identity
/// hash) is no block of its own and left out; what it links to is not.
///
/// Memory grows with the blocks that were read, some 50 bytes each, and with those that are
/// known and not read yet, of which there are at most [`MAX_AHEAD`].
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::content::{MemoryStore, Scope, Traversal, unixfs::{self, Layout}};
///
/// let store = MemoryStore::new();
/// let root = unixfs::import_files(Layout::KUBO, &[("a", "one"), ("b", "two")], &store).await?.cid;
/// let mut traversal = Traversal::new(root, Scope::All);
/// let mut blocks = 0;
/// while traversal.next(&store).await?.is_some() {
///     blocks += 1;
/// }
/// assert_eq!(blocks, 3); // the directory and two files
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Traversal {
    scope: Scope,
    /// What is still to be read, the next on top.
    ahead: Vec<Ahead>,
    /// By codec too: the same bytes may be a leaf under one and a node under another.
    seen: HashSet<(u64, [u8; 32])>,
    duplicates: bool,
}

#[derive(Debug)]
struct Ahead {
    cid: Cid,
    /// Where the bytes beneath it begin in the file.
    start: u64,
    depth: usize,
}

impl Traversal {
    /// A way through what lies beneath `root`.
    pub fn new(root: Cid, scope: Scope) -> Self {
        Self::of_many(&[root], scope)
    }

    /// A way through what lies beneath each of `roots`, one after the other.
    pub fn of_many(roots: &[Cid], scope: Scope) -> Self {
        let ahead = roots.iter().rev().map(|cid| Ahead {
            cid: *cid,
            start: 0,
            depth: 0,
        });
        Self {
            scope,
            ahead: ahead.collect(),
            seen: HashSet::new(),
            duplicates: false,
        }
    }

    /// Gives a block as often as it occurs, and remembers none. A small tree may have one
    /// block at 2^60 places: whoever walks it so has to stop by itself.
    #[must_use]
    pub fn with_duplicates(mut self) -> Self {
        self.duplicates = true;
        self
    }

    /// The next block, or `None` at the end.
    ///
    /// # Errors
    /// [`ReadError::Missing`] if the store does not have it, [`ReadError::Malformed`] if what
    /// it links to cannot be told, [`ReadError::TooManyLinks`] if it is too much to remember;
    /// the next call then goes on with the block after it.
    pub async fn next(&mut self, store: &dyn BlockStore) -> Result<Option<Block>, ReadError> {
        while let Some(here) = self.ahead.pop() {
            let cid = here.cid;
            let inline = Block::inline(&cid);
            if inline.is_none()
                && !self.duplicates
                && !self.seen.insert((cid.codec(), cids::digest(&cid)?))
            {
                continue;
            }
            let is_inline = inline.is_some();
            let block = match inline {
                Some(block) => block,
                None => store.get(&cid).await?.ok_or(ReadError::Missing { cid })?,
            };
            let below = self.ahead.len();
            match &self.scope {
                Scope::Block => {}
                Scope::All => {
                    let links = links(&block)?;
                    self.ahead.extend(links.into_iter().map(|cid| Ahead {
                        cid,
                        start: 0,
                        depth: 0,
                    }));
                }
                Scope::Entity(range) => {
                    let beneath = of_entity(&block, &here, range.as_ref())?;
                    self.ahead.extend(beneath);
                }
            }
            if self.ahead.len() > MAX_AHEAD {
                self.ahead.truncate(below);
                return Err(ReadError::TooManyLinks { cid });
            }
            self.ahead[below..].reverse();
            if !is_inline {
                return Ok(Some(block));
            }
        }
        Ok(None)
    }
}

/// What a block links to, whatever is in it.
pub(super) fn links(block: &Block) -> Result<Vec<Cid>, ReadError> {
    let malformed = |reason| ReadError::Malformed {
        cid: *block.cid(),
        reason,
    };
    match block.cid().codec() {
        cids::RAW => Ok(Vec::new()),
        cids::DAG_PB => {
            let node = Node::decode(block.data());
            let node = node.map_err(|error| malformed(MalformedError::Node(error)))?;
            Ok(node.links.into_iter().map(|link| link.cid).collect())
        }
        codec => Err(malformed(MalformedError::Codec { codec })),
    }
}

/// What of an entity lies directly beneath a block of it.
fn of_entity(
    block: &Block,
    here: &Ahead,
    range: Option<&Range<u64>>,
) -> Result<Vec<Ahead>, ReadError> {
    let cid = *block.cid();
    let contents = unixfs::parse(block).map_err(|reason| ReadError::Malformed { cid, reason })?;
    let depth = here.depth + 1;
    let mut beneath = Vec::new();
    match contents {
        Contents::File { data, parts, .. } => {
            if depth > MAX_DEPTH + 1 {
                return Err(ReadError::WrongPart { cid });
            }
            let mut start = here.start.saturating_add(data.len() as u64);
            for Part { cid, size } in parts {
                let end = start.saturating_add(size);
                if range.is_none_or(|range| start < range.end && range.start < end) {
                    beneath.push(Ahead { cid, start, depth });
                }
                start = end;
            }
        }
        Contents::Shard(shard) => {
            let shards = shard.held().filter_map(|held| match held {
                Held::Shard(cid) => Some(*cid),
                Held::Entry(_) => None,
            });
            beneath.extend(shards.map(|cid| Ahead {
                cid,
                start: 0,
                depth,
            }));
        }
        Contents::Directory(_) | Contents::Symlink { .. } => {}
    }
    Ok(beneath)
}
