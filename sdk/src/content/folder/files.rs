//! Where everything lies in the folder, and writing that survives a crash.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tempfile::NamedTempFile;

use crate::content::store::StoreError;
use crate::content::{Cid, cids};

/// How a folder is laid out that this program writes. Before there was a version file, 0,
/// blocks lay as they do now and there were no pins.
const LAYOUT: u32 = 1;

/// Files under `incoming` that are older than this were left by a killed writer.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// How long it is waited for others to let go of the folder.
const PATIENCE: Duration = Duration::from_secs(30);

/// The parts of the folder.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) blocks: PathBuf,
    pub(super) pins: PathBuf,
    pub(super) damaged: PathBuf,
    incoming: PathBuf,
    lock: PathBuf,
    collecting: PathBuf,
}

/// A lock on the folder, let go of when it is dropped. `None` on a file system without locks.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Option<File>,
}

impl Files {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let files = Self {
            blocks: folder.join("blocks"),
            pins: folder.join("pins"),
            damaged: folder.join("damaged"),
            incoming: folder.join("incoming"),
            lock: folder.join("lock"),
            collecting: folder.join("collecting"),
        };
        let version = folder.join("version");
        let known = files.is_known(&version)?;
        for path in [&files.blocks, &files.incoming, &files.pins] {
            fs::create_dir_all(path).map_err(failed("create the folder", path))?;
        }
        for path in [&files.lock, &files.collecting] {
            File::options()
                .create(true)
                .append(true)
                .open(path)
                .map_err(failed("create", path))?;
        }
        files.remove_abandoned()?;
        if !known {
            // Last: a folder with a version has everything that belongs to it.
            files.write_whole(&version, format!("{LAYOUT}\n").as_bytes())?;
        }
        Ok(files)
    }

    /// Whether the folder has the version that this program writes.
    fn is_known(&self, version: &Path) -> Result<bool, StoreError> {
        let text = match fs::read_to_string(version) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            // A file on the way to the folder: creating the folder says so better.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(false),
            Err(error) => return Err(failed("read", version)(error)),
        };
        match text.trim().parse::<u32>() {
            Ok(LAYOUT) => Ok(true),
            _ => Err(StoreError::Layout {
                path: version.to_owned(),
                found: text.trim().chars().take(20).collect(),
                known: LAYOUT,
            }),
        }
    }

    /// The file of a block.
    pub(super) fn block(&self, cid: &Cid) -> Result<PathBuf, StoreError> {
        Ok(self.block_of(&cids::digest(cid)?))
    }

    /// The file of the block with this digest.
    pub(super) fn block_of(&self, digest: &[u8; 32]) -> PathBuf {
        let name = hex(digest);
        self.blocks.join(&name[62..]).join(name)
    }

    /// A new file under a name that nobody looks for.
    pub(super) fn new_incoming(&self) -> Result<NamedTempFile, StoreError> {
        NamedTempFile::new_in(&self.incoming).map_err(failed("create a file in", &self.incoming))
    }

    /// Puts a small file in its place, whole or not at all.
    pub(super) fn write_whole(&self, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = self.new_incoming()?;
        file.write_all(bytes).map_err(failed("write", path))?;
        file.as_file().sync_all().map_err(failed("flush", path))?;
        file.persist(path)
            .map_err(|error| failed("write", path)(error.error))?;
        flush_folder(path.parent().unwrap_or(path))
    }

    /// Shared with all who write; keeps collections from removing anything.
    pub(super) fn lock_together(&self) -> Result<Lock, StoreError> {
        let file = File::open(&self.lock).map_err(failed("open", &self.lock))?;
        match file.lock_shared() {
            Ok(()) => Ok(Lock { _file: Some(file) }),
            // Blocks can be kept there; they cannot be collected.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Lock { _file: None }),
            Err(error) => Err(failed("lock", &self.lock)(error)),
        }
    }

    /// Nobody writes while it is held.
    pub(super) fn lock_alone(&self) -> Result<Lock, StoreError> {
        self.lock_exclusively(&self.lock, PATIENCE)
    }

    /// Nobody else collects while it is held.
    pub(super) fn lock_collection(&self) -> Result<Lock, StoreError> {
        self.lock_exclusively(&self.collecting, Duration::ZERO)
    }

    fn lock_exclusively(&self, path: &Path, patience: Duration) -> Result<Lock, StoreError> {
        let file = File::open(path).map_err(failed("open", path))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: Some(file) }),
                Err(TryLockError::WouldBlock) if began.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse {
                        path: self.blocks.clone(),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", path)(error)),
            }
        }
    }

    fn remove_abandoned(&self) -> Result<(), StoreError> {
        for path in entries(&self.incoming)? {
            let age = fs::metadata(&path)
                .and_then(|file| file.modified())
                .ok()
                .and_then(|written| SystemTime::now().duration_since(written).ok());
            if age.is_some_and(|age| age > ABANDONED_AFTER) {
                tracing::debug!(path = %path.display(), "removing what a killed writer left");
                // Another process that opens the same store may have been faster.
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// The subfolders of `blocks`, in order.
    pub(super) fn shards(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut shards = entries(&self.blocks)?;
        shards.retain(|path| path.is_dir());
        shards.sort();
        Ok(shards)
    }
}

/// What lies in a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(failed("list the folder", folder))
}

/// The digest that a block's file is named by; `None` for a file that is none of ours.
pub(super) fn digest_in(path: &Path) -> Option<[u8; 32]> {
    let name = path.file_name()?.to_str()?;
    let shard = path.parent()?.file_name()?.to_str()?;
    let mut digest = [0; 32];
    if name.len() != 64 || !name.is_ascii() || !name.ends_with(shard) || shard.len() != 2 {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * at..2 * at + 2], 16).ok()?;
    }
    // Upper case and signs would be read as well.
    (hex(&digest) == name).then_some(digest)
}

pub(super) fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes renames and new entries in a folder outlive a crash of the machine. Windows has no
/// such call for folders and needs none.
pub(super) fn flush_folder(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("flush", path))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

pub(super) fn failed<'a>(
    action: &'static str,
    path: &'a Path,
) -> impl Fn(io::Error) -> StoreError + 'a {
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::DiskFull {
                path: path.to_owned(),
                source,
            }
        }
        _ => StoreError::Io {
            action,
            path: path.to_owned(),
            source,
        },
    }
}
