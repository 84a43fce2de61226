//! A file or folder on disk in, blocks and a CID out.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::import::{Batch, ImportError, Imported, Nest, Outbox};
use super::layout::{Branch, Layout, Sink, Tree};
use super::pair::{self, Pair};
use super::progress::{Progress, Reporter};
use super::{leaf, message};
use crate::content::block::Block;
use crate::content::dag_pb;
use crate::content::store::BlockStore;

/// What becomes of symbolic links in a folder. One that is named itself is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Symlinks {
    /// They are kept as links, as Kubo keeps them. Their targets are not looked at.
    #[default]
    Keep,
    /// They are refused.
    Refuse,
}

/// How [`import_path`] goes about it.
#[derive(Clone, Copy, Default)]
pub struct ImportOptions<'a> {
    /// How content becomes blocks.
    pub layout: Layout,
    /// Whether files and folders whose name begins with a dot are imported too. Kubo leaves
    /// them out unless told otherwise.
    pub hidden: bool,
    /// What becomes of symbolic links.
    pub symlinks: Symlinks,
    /// Told how far it has come, from a thread of its own.
    pub progress: Option<&'a (dyn Fn(Progress) + Send + Sync)>,
}

impl std::fmt::Debug for ImportOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportOptions")
            .field("layout", &self.layout)
            .field("hidden", &self.hidden)
            .field("symlinks", &self.symlinks)
            .finish_non_exhaustive()
    }
}

/// Puts a file, or a folder with all in it, into a store, as `ipfs add -r` does. Files are
/// read, cut and hashed in two threads of their own while the store takes the blocks before;
/// memory is constant for files of any size and grows with the entries of the folders that
/// are open. The root is put last.
///
/// # Errors
/// [`ImportError`] names the file that could not be read, or what the store did not take.
/// What was put until then stays in the store.
pub async fn import_path(
    path: impl AsRef<Path>,
    store: &dyn BlockStore,
    options: &ImportOptions<'_>,
) -> Result<Imported, ImportError> {
    let mut outbox = Outbox::to(store);
    let root = import_all(path.as_ref(), &mut outbox, options).await?;
    outbox.flush().await?;
    Ok(root)
}

async fn import_all(
    path: &Path,
    outbox: &mut Outbox<'_>,
    options: &ImportOptions<'_>,
) -> Result<Imported, ImportError> {
    let mut reporter = Reporter::new(options.progress);
    let kind = fs::metadata(path).map_err(unreadable(path))?;
    if !kind.is_dir() {
        return import_file(path, options.layout, outbox, &mut reporter).await;
    }
    let mut nest = Nest::new(options.layout);
    let mut listings = vec![listing(path, options.hidden)?];
    while let Some(left) = listings.last_mut() {
        let Some((name, path)) = left.pop() else {
            listings.pop();
            let made = nest.leave(outbox).await?;
            if listings.is_empty() {
                return Ok(made);
            }
            continue;
        };
        let kind = fs::symlink_metadata(&path)
            .map_err(unreadable(&path))?
            .file_type();
        if kind.is_dir() {
            nest.enter(&name);
            listings.push(listing(&path, options.hidden)?);
        } else if kind.is_symlink() {
            let link = import_symlink(path, options, outbox).await?;
            nest.add(&name, link);
        } else {
            let file = import_file(&path, options.layout, outbox, &mut reporter).await?;
            nest.add(&name, file);
        }
    }
    // The loop ends when the outermost listing does.
    nest.leave(outbox).await
}

/// The names in a folder and where they lie, the first last.
fn listing(folder: &Path, hidden: bool) -> Result<Vec<(String, PathBuf)>, ImportError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(ImportError::NotText { path });
        };
        if hidden || !name.starts_with('.') {
            names.push((name.to_owned(), path));
        }
    }
    names.sort_by(|a, b| b.cmp(a));
    Ok(names)
}

async fn import_symlink(
    path: PathBuf,
    options: &ImportOptions<'_>,
    outbox: &mut Outbox<'_>,
) -> Result<Imported, ImportError> {
    if options.symlinks == Symlinks::Refuse {
        return Err(ImportError::Kind {
            path,
            kind: "a symbolic link",
        });
    }
    let target = fs::read_link(&path).map_err(unreadable(&path))?;
    let Some(target) = target.to_str() else {
        return Err(ImportError::NotText { path });
    };
    let node = dag_pb::Node {
        links: Vec::new(),
        data: message::symlink(target),
    };
    let data: Bytes = node.encode();
    let tsize = data.len() as u64;
    let mut made: Vec<Block> = Vec::new();
    // A path is at most some thousand bytes, so the node is below the limit of a block.
    let cid = made.block(options.layout, data);
    outbox.put(made).await?;
    Ok(Imported {
        cid,
        size: 0,
        tsize,
    })
}

async fn import_file(
    path: &Path,
    layout: Layout,
    outbox: &mut Outbox<'_>,
    reporter: &mut Reporter<'_>,
) -> Result<Imported, ImportError> {
    let kind = fs::metadata(path).map_err(unreadable(path))?;
    if !kind.is_file() {
        // Opening a pipe or a device could wait for ever or never end.
        return Err(ImportError::Kind {
            path: path.to_owned(),
            kind: "neither a file nor a folder",
        });
    }
    let file = File::open(path).map_err(unreadable(path))?;
    // One batch is being made, one being stored, and one waits in between.
    let (made, mut batches) = mpsc::channel::<(Vec<Block>, u64)>(1);
    let (kept, spent) = std::sync::mpsc::channel::<Vec<Block>>();
    let cutter = tokio::task::spawn_blocking(move || cut(file, layout, &made, &spent));
    while let Some((blocks, bytes)) = batches.recv().await {
        // Leaving on an error drops the receiver, which ends the cutter.
        let taken = outbox.put(blocks).await?;
        reporter.bytes(bytes);
        // The cutter may be done and need no more memory.
        let _ = kept.send(taken);
    }
    let root = match cutter.await {
        Ok(root) => root.map_err(unreadable(path))?,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                let stopping =
                    io::Error::new(io::ErrorKind::Interrupted, "the program is stopping");
                return Err(unreadable(path)(stopping));
            }
        },
    };
    reporter.file();
    Ok(root.into())
}

/// Reads a file to its end and hands its blocks on in batches, each with the bytes of the
/// file in it. Ends early when nobody takes them any more.
fn cut(
    file: File,
    layout: Layout,
    made: &mpsc::Sender<(Vec<Block>, u64)>,
    spent: &std::sync::mpsc::Receiver<Vec<Block>>,
) -> io::Result<Branch> {
    let mut tree = Tree::new(layout);
    let mut batch = Batch::new(layout);
    let mut pair = None;
    let chunk = layout.chunk() as u64;
    let mut size = 0;
    let mut handed_on = 0;
    loop {
        let leaves = match &mut pair {
            // A file of one chunk needs no second thread.
            None => Vec::from_iter(pair::read(&file, batch.buffer(), 0)?),
            Some(pair) => Pair::leaves(pair, [batch.buffer(), batch.buffer()], size)?,
        };
        if leaves.is_empty() {
            break;
        }
        for (block, branch) in leaves {
            size += branch.size;
            batch.made.push(block);
            tree.push(branch, &mut batch.made);
        }
        if size % chunk != 0 {
            // The last chunk was shorter.
            break;
        }
        if pair.is_none() {
            pair = Some(Pair::of(file.try_clone()?));
        }
        if batch.is_full() {
            let full = (std::mem::take(&mut batch.made), size - handed_on);
            handed_on = size;
            if made.blocking_send(full).is_err() {
                return Err(io::Error::other("the store takes no more"));
            }
            if let Ok(kept) = spent.try_recv() {
                batch.spent = kept;
            }
        }
    }
    if size == 0 {
        batch.made.push(leaf::empty(layout).0);
    }
    let root = tree.finish(&mut batch.made);
    let _ = made.blocking_send((batch.made, size - handed_on));
    Ok(root)
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ImportError + '_ {
    move |source| ImportError::ReadPath {
        path: path.to_owned(),
        source,
    }
}
