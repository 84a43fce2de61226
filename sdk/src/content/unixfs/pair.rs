//! Two leaves at a time, each read and hashed on a core of its own.

use std::fs::File;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::layout::Branch;
use super::leaf::LeafBuffer;
use crate::content::block::Block;

/// A leaf; nothing behind the end of the file.
type Leaf = Option<(Block, Branch)>;

/// Reads a file, from a chunk to its end. A second thread reads and hashes every other chunk: a
/// chunk's bytes stay with the core that hashes them.
#[derive(Debug)]
pub(super) struct Pair {
    file: File,
    second: Option<Second>,
}

#[derive(Debug)]
struct Second {
    chunks: SyncSender<(LeafBuffer, u64)>,
    leaves: Receiver<io::Result<Leaf>>,
}

impl Pair {
    /// Starts the second thread; where the system gives none, the first does it all.
    pub(super) fn of(file: File) -> Self {
        let second = file.try_clone().ok().and_then(Second::start);
        Self { file, second }
    }

    /// The two leaves that begin at `offset`; fewer at the end of the file.
    pub(super) fn leaves(
        &mut self,
        buffers: [LeafBuffer; 2],
        offset: u64,
    ) -> io::Result<Vec<(Block, Branch)>> {
        let [one, other] = buffers;
        let behind = offset + one.chunk() as u64;
        let unsent = match &self.second {
            Some(second) => second
                .chunks
                .send((other, behind))
                .err()
                .map(|chunk| chunk.0.0),
            None => Some(other),
        };
        let one = read(&self.file, one, offset)?;
        let other = match (unsent, &self.second) {
            (Some(buffer), _) => read(&self.file, buffer, behind)?,
            // It answers everything that it took, unless it has panicked.
            (None, Some(second)) => second.leaves.recv().map_err(io::Error::other)??,
            (None, None) => None,
        };
        // What is behind a chunk that was not full was written while the file was read.
        let is_last = one
            .as_ref()
            .is_none_or(|(_, leaf)| leaf.size < behind - offset);
        let other = other.filter(|_| !is_last);
        Ok(one.into_iter().chain(other).collect())
    }
}

impl Second {
    fn start(file: File) -> Option<Self> {
        let (chunks, taken) = sync_channel::<(LeafBuffer, u64)>(1);
        let (made, leaves) = sync_channel(1);
        let work = move || {
            for (buffer, offset) in taken {
                if made.send(read(&file, buffer, offset)).is_err() {
                    break;
                }
            }
        };
        let thread = thread::Builder::new().name("arbius-import".to_owned());
        thread.spawn(work).ok()?;
        Some(Self { chunks, leaves })
    }
}

/// The leaf of the chunk at `offset`, a shorter one at the end of the file.
pub(super) fn read(file: &File, mut chunk: LeafBuffer, offset: u64) -> io::Result<Leaf> {
    while !chunk.room().is_empty() {
        let at = offset + chunk.filled() as u64;
        match read_at(file, chunk.room(), at) {
            Ok(0) => break,
            Ok(bytes) => chunk.advance(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((!chunk.is_empty()).then(|| chunk.into_leaf()))
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
