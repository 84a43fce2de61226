//! A CID in, a file or folder on disk out.
//!
//! Everything is written under a temporary name beside its destination and renamed when it
//! is whole, so that the destination either is not there or holds all of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::content::Cid;
use tokio::io::AsyncWriteExt;

use super::export::Walk;
use super::message::Contents;
use super::progress::{Progress, Reporter};
use super::resolve::{ReadError, list, load};
use crate::content::store::BlockStore;

/// What an export may take.
#[derive(Clone, Copy)]
pub struct ExportLimits<'a> {
    /// Bytes of all files together. One block may be linked from many places, so that what
    /// comes out can be far more than what is in the store.
    pub bytes: u64,
    /// Files, folders and links together.
    pub entries: usize,
    /// Told how far it has come.
    pub progress: Option<&'a (dyn Fn(Progress) + Send + Sync)>,
}

impl Default for ExportLimits<'_> {
    /// 64 GiB in 1,000,000 entries.
    fn default() -> Self {
        Self {
            bytes: 64 << 30,
            entries: 1_000_000,
            progress: None,
        }
    }
}

impl std::fmt::Debug for ExportLimits<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportLimits")
            .field("bytes", &self.bytes)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// An export to disk that did not succeed. The destination is not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportPathError {
    /// There is something at the destination.
    #[error("{} is there already: choose another name or remove it", path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// A symbolic link that could lead out of the exported folder.
    #[error(
        "{cid} is a symbolic link to `{target}`, which could lead out of the folder: only links \
         downwards, without `..`, are written"
    )]
    Symlink {
        /// The link.
        cid: Cid,
        /// Where it points, cut to 80 characters.
        target: String,
    },
    /// More entries than were allowed.
    #[error("{cid} has more than {limit} files and folders")]
    TooManyEntries {
        /// What was to be exported.
        cid: Cid,
        /// The most that was allowed.
        limit: usize,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The content could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Writes what `cid` names, a file or a folder with all in it, to `path`, where there must be
/// nothing yet. Symbolic links are written if they lead downwards.
///
/// # Errors
/// [`ExportPathError`]; there is nothing at `path` then.
pub async fn export_path(
    cid: &Cid,
    store: &dyn BlockStore,
    path: impl AsRef<Path>,
    limits: &ExportLimits<'_>,
) -> Result<Exported, ExportPathError> {
    let path = path.as_ref();
    if fs::symlink_metadata(path).is_ok() {
        return Err(ExportPathError::Exists {
            path: path.to_owned(),
        });
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // In a folder of its own it is removed with all in it, whatever goes wrong.
    let unfinished = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempdir_in(folder)
        .map_err(unwritable(folder))?;
    let whole = unfinished.path().join("content");
    let exported = write_tree(cid, store, &whole, limits).await?;
    // A rename replaces a file, and an empty folder, that came meanwhile.
    if fs::symlink_metadata(path).is_ok() {
        return Err(ExportPathError::Exists {
            path: path.to_owned(),
        });
    }
    fs::rename(&whole, path).map_err(unwritable(path))?;
    Ok(exported)
}

async fn write_tree(
    root: &Cid,
    store: &dyn BlockStore,
    path: &Path,
    limits: &ExportLimits<'_>,
) -> Result<Exported, ExportPathError> {
    let too_many = || ExportPathError::TooManyEntries {
        cid: *root,
        limit: limits.entries,
    };
    let mut reporter = Reporter::new(limits.progress);
    let mut entries = 0;
    let mut ahead = vec![(*root, path.to_owned())];
    while let Some((cid, path)) = ahead.pop() {
        entries += 1;
        if entries + ahead.len() > limits.entries {
            return Err(too_many());
        }
        match load(&cid, store).await? {
            Contents::File { .. } => {
                write_file(&cid, store, &path, limits, &mut reporter).await?;
            }
            Contents::Symlink { target } => write_symlink(cid, &target, &path)?,
            Contents::Directory(_) | Contents::Shard(_) => {
                fs::create_dir(&path).map_err(unwritable(&path))?;
                let left = limits.entries - entries;
                for entry in list(&cid, store, left).await?.into_iter().rev() {
                    ahead.push((entry.cid, path.join(entry.name)));
                }
            }
        }
    }
    let Progress { files, bytes } = reporter.so_far;
    Ok(Exported { files, bytes })
}

async fn write_file(
    cid: &Cid,
    store: &dyn BlockStore,
    path: &Path,
    limits: &ExportLimits<'_>,
    reporter: &mut Reporter<'_>,
) -> Result<(), ExportPathError> {
    let left = limits.bytes - reporter.so_far.bytes;
    let mut walk = Walk::through(*cid, left);
    let file = tokio::fs::File::create_new(path).await;
    let mut file = file.map_err(unwritable(path))?;
    while let Some(data) = walk.next(store).await? {
        file.write_all(&data).await.map_err(unwritable(path))?;
        reporter.bytes(data.len() as u64);
    }
    // A file of tokio writes in the background: only this tells whether all went well.
    file.flush().await.map_err(unwritable(path))?;
    reporter.file();
    Ok(())
}

/// A link without `..` and root leads to what lies beneath it, through whatever other such
/// links; so nothing that follows it leaves the folder.
fn write_symlink(cid: Cid, target: &str, path: &Path) -> Result<(), ExportPathError> {
    let downwards = Path::new(target).components().all(|part| {
        matches!(
            part,
            std::path::Component::Normal(_) | std::path::Component::CurDir
        )
    });
    if target.is_empty() || !downwards || cfg!(not(unix)) {
        return Err(ExportPathError::Symlink {
            cid,
            target: target.chars().take(80).collect(),
        });
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, path).map_err(unwritable(path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> ExportPathError + '_ {
    move |source| ExportPathError::Write {
        path: path.to_owned(),
        source,
    }
}
