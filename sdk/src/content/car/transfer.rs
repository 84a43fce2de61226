//! Between a stream and a store.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite, BufReader};

use super::read::{CarError, CarLimits, CarReader};
use super::write::CarWriter;
use crate::content::Cid;
use crate::content::block::Block;
use crate::content::store::{BlockStore, StoreError};
use crate::content::traversal::{Scope, Traversal};
use crate::content::unixfs::ReadError;

/// Bytes of blocks that are put into a store at a time.
const BATCH_BYTES: usize = 4 << 20;

/// And how many of them, for blocks of a few bytes.
const BATCH_BLOCKS: usize = 1024;

/// What an export wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CarExported {
    /// Blocks.
    pub blocks: u64,
    /// Bytes of the stream.
    pub bytes: u64,
}

/// What an import brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarImported {
    /// The CIDs that the header names. All that lies beneath them is in the store.
    pub roots: Vec<Cid>,
    /// Blocks, counted as often as they came.
    pub blocks: u64,
    /// Bytes of the stream.
    pub bytes: u64,
}

/// An export or import that did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarTransferError {
    /// The stream is no CAR, or holds what cannot be believed.
    #[error(transparent)]
    Car(#[from] CarError),
    /// The stream could not be written.
    #[error("cannot write the CAR: {0}")]
    Write(#[source] io::Error),
    /// What is to be exported could not be read, or what was imported lacks something: the
    /// blocks that came are in the store.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store did not take a block.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes everything beneath `roots` as a CAR: depth first, in the order of links, and each
/// block once, as `ipfs dag export` does it.
///
/// # Errors
/// [`CarTransferError`]; what was written by then is a CAR that lacks something.
pub async fn export(
    roots: &[Cid],
    store: &dyn BlockStore,
    writer: impl AsyncWrite + Unpin,
) -> Result<CarExported, CarTransferError> {
    let mut car = CarWriter::new(writer, roots)
        .await
        .map_err(CarTransferError::Write)?;
    let mut traversal = Traversal::of_many(roots, Scope::All);
    let mut blocks = 0;
    while let Some(block) = traversal.next(store).await? {
        car.write(&block).await.map_err(CarTransferError::Write)?;
        blocks += 1;
    }
    let (_, bytes) = car.finish().await.map_err(CarTransferError::Write)?;
    Ok(CarExported { blocks, bytes })
}

/// Puts the blocks of a CAR into a store and sees to it that all beneath its roots is there,
/// from the CAR or from before. A CAR that holds a part on purpose is read with
/// [`CarReader`].
///
/// # Errors
/// [`CarTransferError`]; the blocks before the error stay in the store. They are what their
/// CIDs say.
pub async fn import(
    reader: impl AsyncRead + Unpin,
    store: &dyn BlockStore,
    limits: CarLimits,
) -> Result<CarImported, CarTransferError> {
    let mut car = CarReader::new(BufReader::new(reader), limits).await?;
    let mut batch: Vec<Block> = Vec::new();
    let (mut blocks, mut held) = (0, 0);
    while let Some(block) = car.next().await? {
        blocks += 1;
        held += block.data().len();
        batch.push(block);
        if held >= BATCH_BYTES || batch.len() == BATCH_BLOCKS {
            store.put_many(&batch).await?;
            batch.clear();
            held = 0;
        }
    }
    store.put_many(&batch).await?;
    let mut traversal = Traversal::of_many(car.roots(), Scope::All);
    while traversal.next(store).await?.is_some() {}
    Ok(CarImported {
        roots: car.roots().to_vec(),
        blocks,
        bytes: car.bytes(),
    })
}
