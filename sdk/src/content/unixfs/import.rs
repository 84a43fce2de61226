//! Bytes in, blocks and a CID out.

use std::io;
use std::path::PathBuf;

use crate::content::Cid;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::directory::{Directory, DirectoryEntry, DirectoryError, directory, directory_branch};
use super::layout::{Branch, Layout, Tree, branch_of};
use super::leaf::{self, LeafBuffer};
use crate::content::block::Block;
use crate::content::store::{BlockStore, StoreError};

/// Bytes of blocks that are put into a store at a time. So few that the memory of one batch
/// that is being made, one that waits and one that is being stored stays in a core's cache.
const BATCH_BYTES: usize = 512 << 10;

/// Blocks that are put into a store at a time, so that a store on disk can flush the blocks
/// of many small files together.
const BATCH_BLOCKS: usize = 1024;

/// What an import made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The root.
    pub cid: Cid,
    /// Bytes of the file, or of all files of a directory.
    pub size: u64,
    /// Bytes of all its blocks together, counted as often as they are linked.
    pub tsize: u64,
}

/// An import that did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source could not be read.
    #[error("cannot read the content to import: {0}")]
    Read(#[source] io::Error),
    /// A file or folder on disk could not be read.
    #[error("cannot read {}: {source}", path.display())]
    ReadPath {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something on disk that is no file, folder or symbolic link, or a link where links are
    /// refused.
    #[error("{} is {kind}, which cannot be imported", path.display())]
    Kind {
        /// Which.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A name or the target of a link on disk that is not UTF-8.
    #[error("{} has a name that is not UTF-8: rename it", path.display())]
    NotText {
        /// Which, as far as it can be shown.
        path: PathBuf,
    },
    /// The store did not take a block.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The files make no directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Reads a file to its end and puts its blocks into a store, in Kubo's layout and in
/// constant memory. The root is put last, so a store that has the root has the whole file.
///
/// # Errors
/// [`ImportError`] if the source cannot be read or the store does not take a block.
pub async fn import(
    reader: impl AsyncRead + Unpin,
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    import_with(Layout::KUBO, reader, store).await
}

/// [`import`] in another layout.
///
/// # Errors
/// As [`import`].
pub async fn import_with(
    layout: Layout,
    reader: impl AsyncRead + Unpin,
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    let mut outbox = Outbox::to(store);
    let made = import_to(layout, reader, &mut outbox).await?;
    outbox.flush().await?;
    Ok(made)
}

async fn import_to(
    layout: Layout,
    mut reader: impl AsyncRead + Unpin,
    outbox: &mut Outbox<'_>,
) -> Result<Imported, ImportError> {
    let mut tree = Tree::new(layout);
    let mut batch = Batch::new(layout);
    let mut is_empty = true;
    loop {
        let mut chunk = batch.buffer();
        while !chunk.room().is_empty() {
            match reader.read(chunk.room()).await.map_err(ImportError::Read)? {
                0 => break,
                bytes => chunk.advance(bytes),
            }
        }
        if chunk.is_empty() {
            break;
        }
        is_empty = false;
        let (block, branch) = chunk.into_leaf();
        batch.made.push(block);
        tree.push(branch, &mut batch.made);
        if batch.is_full() {
            batch.spent = outbox.put(std::mem::take(&mut batch.made)).await?;
        }
    }
    if is_empty {
        batch.made.push(leaf::empty(layout).0);
    }
    let root = tree.finish(&mut batch.made);
    outbox.put(batch.made).await?;
    Ok(root.into())
}

/// Blocks that are being made, and the memory of those that a store has taken.
#[derive(Debug)]
pub(super) struct Batch {
    layout: Layout,
    pub(super) made: Vec<Block>,
    /// Their memory serves again unless the store holds on to it.
    pub(super) spent: Vec<Block>,
}

impl Batch {
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            made: Vec::new(),
            spent: Vec::new(),
        }
    }

    /// Room for the next chunk, in memory that was used before where there is some.
    pub(super) fn buffer(&mut self) -> LeafBuffer {
        match self.spent.pop() {
            Some(block) => LeafBuffer::recycled(self.layout, block.into_data()),
            None => LeafBuffer::new(self.layout),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.made.len() * self.layout.chunk() >= BATCH_BYTES || self.made.len() >= BATCH_BLOCKS
    }
}

/// Blocks on their way to a store, gathered over many small files. What is not flushed is
/// not there.
pub(super) struct Outbox<'a> {
    store: &'a dyn BlockStore,
    held: Vec<Block>,
    bytes: usize,
}

impl<'a> Outbox<'a> {
    pub(super) fn to(store: &'a dyn BlockStore) -> Self {
        Self {
            store,
            held: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes blocks, and gives back those that the store has taken.
    pub(super) async fn put(&mut self, blocks: Vec<Block>) -> Result<Vec<Block>, StoreError> {
        self.bytes += blocks.iter().map(|block| block.data().len()).sum::<usize>();
        self.held.extend(blocks);
        // A full batch of leaves must not wait for another because a small node is among them.
        if self.bytes < BATCH_BYTES / 2 && self.held.len() < BATCH_BLOCKS / 2 {
            return Ok(Vec::new());
        }
        self.flush().await
    }

    pub(super) async fn flush(&mut self) -> Result<Vec<Block>, StoreError> {
        self.store.put_many(&self.held).await?;
        self.bytes = 0;
        Ok(std::mem::take(&mut self.held))
    }
}

impl From<Branch> for Imported {
    fn from(Branch { cid, size, tsize }: Branch) -> Self {
        Self { cid, size, tsize }
    }
}

/// Puts files and the directory that wraps them into a store, as `ipfs add -w` does, and
/// gives the directory's CID: the form in which a solution's output goes on-chain. The root
/// is put last.
///
/// # Errors
/// [`ImportError`] if the names make no directory or the store does not take a block.
pub async fn put_files<N: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(N, B)],
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    let mut outbox = Outbox::to(store);
    let mut nest = Nest::new(Layout::KUBO);
    for (name, bytes) in files {
        let file = import_to(Layout::KUBO, bytes.as_ref(), &mut outbox).await?;
        nest.add(name.as_ref(), file);
    }
    let root = nest.leave(&mut outbox).await?;
    outbox.flush().await?;
    Ok(root)
}

/// Puts files in directories into a store: their names are paths with slashes, as
/// `images/1.png`. The root of all is put last.
///
/// # Errors
/// As [`put_files`]; [`DirectoryError::Doubled`] for a path that is a file and a directory.
pub async fn import_files<N: AsRef<str>, B: AsRef<[u8]>>(
    layout: Layout,
    files: &[(N, B)],
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    let mut sorted: Vec<(Vec<&str>, &[u8])> = files
        .iter()
        .map(|(path, bytes)| (path.as_ref().split('/').collect(), bytes.as_ref()))
        .collect();
    // All of a directory's files one after the other, so that each is opened once.
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut outbox = Outbox::to(store);
    let mut nest = Nest::new(layout);
    for (mut path, bytes) in sorted {
        let name = path.pop().unwrap_or_default();
        let common = nest.names().zip(&path).take_while(|(a, b)| a == *b).count();
        while nest.depth() > common {
            nest.leave(&mut outbox).await?;
        }
        for directory in &path[common..] {
            nest.enter(directory);
        }
        let file = import_to(layout, bytes, &mut outbox).await?;
        nest.add(name, file);
    }
    while nest.depth() > 0 {
        nest.leave(&mut outbox).await?;
    }
    let root = nest.leave(&mut outbox).await?;
    outbox.flush().await?;
    Ok(root)
}

/// Directories that are being imported, each in the one before.
#[derive(Debug)]
pub(super) struct Nest {
    layout: Layout,
    above: Vec<Open>,
    here: Open,
}

#[derive(Debug, Default)]
struct Open {
    name: String,
    entries: Vec<DirectoryEntry>,
    size: u64,
}

impl Nest {
    /// The root is open.
    pub(super) fn new(layout: Layout) -> Self {
        Self {
            layout,
            above: Vec::new(),
            here: Open::default(),
        }
    }

    /// How many directories beneath the root are open.
    pub(super) fn depth(&self) -> usize {
        self.above.len()
    }

    /// Their names, from the outermost in.
    fn names(&self) -> impl Iterator<Item = &str> {
        let opened = self.above.iter().chain([&self.here]).skip(1);
        opened.map(|directory| directory.name.as_str())
    }

    pub(super) fn enter(&mut self, name: &str) {
        let inner = Open {
            name: name.to_owned(),
            ..Open::default()
        };
        self.above.push(std::mem::replace(&mut self.here, inner));
    }

    pub(super) fn add(&mut self, name: &str, root: Imported) {
        self.here.size += root.size;
        self.here.entries.push(entry(name, root));
    }

    /// Closes the innermost directory, which becomes an entry of the one above it.
    pub(super) async fn leave(&mut self, outbox: &mut Outbox<'_>) -> Result<Imported, ImportError> {
        let above = self.above.pop().unwrap_or_default();
        let closed = std::mem::replace(&mut self.here, above);
        let Directory { cid, tsize, blocks } = directory(self.layout, closed.entries)?;
        outbox.put(blocks).await?;
        let made = Imported {
            cid,
            size: closed.size,
            tsize,
        };
        self.add(&closed.name, made);
        Ok(made)
    }
}

fn entry(name: &str, root: Imported) -> DirectoryEntry {
    DirectoryEntry {
        name: name.to_owned(),
        cid: root.cid,
        tsize: root.tsize,
    }
}

/// The CID that [`put_files`] gives, without a store.
///
/// # Errors
/// [`DirectoryError`] if the names make no directory.
pub fn cid_of_files<N: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(N, B)],
) -> Result<Cid, DirectoryError> {
    let layout = Layout::KUBO;
    let entries = files
        .iter()
        .map(|(name, bytes)| entry(name.as_ref(), branch_of(layout, bytes.as_ref()).into()))
        .collect();
    directory_branch(layout, entries).map(|root| root.cid)
}
