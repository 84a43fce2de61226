//! Bytes in, blocks and a CID out.

use std::io;

use crate::content::Cid;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::directory::{DirectoryEntry, DirectoryError, directory};
use super::layout::{Branch, Layout, Tree};
use crate::content::block::Block;
use crate::content::store::{BlockStore, StoreError};

/// What an import made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The root.
    pub cid: Cid,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of all its blocks together.
    pub tsize: u64,
}

/// An import that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source could not be read.
    #[error("cannot read the content to import: {0}")]
    Read(#[source] io::Error),
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
    mut reader: impl AsyncRead + Unpin,
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    let mut tree = Tree::new(layout);
    let mut made: Vec<Block> = Vec::new();
    let mut chunk = Vec::with_capacity(layout.chunk());
    loop {
        chunk.clear();
        let mut next = (&mut reader).take(layout.chunk() as u64);
        next.read_to_end(&mut chunk)
            .await
            .map_err(ImportError::Read)?;
        if chunk.is_empty() {
            break;
        }
        tree.push(&chunk, &mut made);
        keep(&mut made, store).await?;
    }
    let Branch { cid, size, tsize } = tree.finish(&mut made);
    keep(&mut made, store).await?;
    Ok(Imported { cid, size, tsize })
}

async fn keep(made: &mut Vec<Block>, store: &dyn BlockStore) -> Result<(), StoreError> {
    for block in made.drain(..) {
        store.put(&block).await?;
    }
    Ok(())
}

/// Puts files and the directory that wraps them into a store, as `ipfs add -w` does, and
/// gives the directory's CID: the form in which a solution's output goes on-chain.
///
/// # Errors
/// [`ImportError`] if the names make no directory or the store does not take a block.
pub async fn put_files<N: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(N, B)],
    store: &dyn BlockStore,
) -> Result<Imported, ImportError> {
    let mut entries = Vec::with_capacity(files.len());
    let mut size = 0;
    for (name, bytes) in files {
        let file = import(bytes.as_ref(), store).await?;
        size += file.size;
        let name = name.as_ref().to_owned();
        entries.push(DirectoryEntry {
            name,
            cid: file.cid,
            tsize: file.tsize,
        });
    }
    let (block, tsize) = directory(entries)?;
    store.put(&block).await?;
    Ok(Imported {
        cid: *block.cid(),
        size,
        tsize,
    })
}

/// The CID that [`put_files`] gives, without a store.
///
/// # Errors
/// [`DirectoryError`] if the names make no directory.
pub fn cid_of_files<N: AsRef<str>, B: AsRef<[u8]>>(
    files: &[(N, B)],
) -> Result<Cid, DirectoryError> {
    let entry = |(name, bytes): &(N, B)| {
        let mut tree = Tree::new(Layout::KUBO);
        let mut made: Vec<Block> = Vec::new();
        for chunk in bytes.as_ref().chunks(Layout::KUBO.chunk()) {
            tree.push(chunk, &mut made);
            made.clear();
        }
        let Branch { cid, tsize, .. } = tree.finish(&mut made);
        DirectoryEntry {
            name: name.as_ref().to_owned(),
            cid,
            tsize,
        }
    };
    directory(files.iter().map(entry).collect()).map(|(block, _)| *block.cid())
}
