//! Blocks in, a stream out.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::header;
use crate::content::wire::varint;
use crate::content::{Block, Cid};

/// Writes a CAR block by block.
#[derive(Debug)]
pub struct CarWriter<W> {
    writer: W,
    bytes: u64,
}

impl<W: AsyncWrite + Unpin> CarWriter<W> {
    /// Writes the header, which names these roots.
    ///
    /// # Errors
    /// What the writer says.
    pub async fn new(mut writer: W, roots: &[Cid]) -> io::Result<Self> {
        let header = header::encode(roots);
        let mut head = Vec::with_capacity(header.len() + 4);
        varint(&mut head, header.len() as u64);
        head.extend(header);
        writer.write_all(&head).await?;
        Ok(Self {
            writer,
            bytes: head.len() as u64,
        })
    }

    /// Writes a block. The order of blocks and whether one may come twice is the caller's to
    /// say; readers take any.
    ///
    /// # Errors
    /// What the writer says.
    pub async fn write(&mut self, block: &Block) -> io::Result<()> {
        let cid = block.cid().to_bytes();
        let mut head = Vec::with_capacity(cid.len() + 4);
        varint(&mut head, (cid.len() + block.data().len()) as u64);
        head.extend(cid);
        self.writer.write_all(&head).await?;
        self.writer.write_all(block.data()).await?;
        self.bytes += (head.len() + block.data().len()) as u64;
        Ok(())
    }

    /// Flushes the writer and gives it back, with the number of bytes written.
    ///
    /// # Errors
    /// What the writer says.
    pub async fn finish(mut self) -> io::Result<(W, u64)> {
        self.writer.flush().await?;
        Ok((self.writer, self.bytes))
    }
}
