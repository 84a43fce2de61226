//! Making what was written outlive a crash of the machine, waited for once.

use std::fs::File;
use std::io;
use std::path::Path;

use super::files::{failed, flush_folder};
use crate::content::store::StoreError;

/// Above so many files, all of the file system is flushed at once, where the system can: a
/// thousand small files are there in two waits for the disk instead of two thousand. Fewer are
/// flushed each by itself, so that nobody waits for what other programs are writing.
#[cfg(target_os = "linux")]
const MANY: usize = 32;
#[cfg(not(target_os = "linux"))]
const MANY: usize = usize::MAX;

/// A flush of several new files, and then of the folders that they were moved to.
#[derive(Debug)]
pub(super) struct Flush {
    /// Something on the file system, where all of it is flushed.
    whole: Option<File>,
}

impl Flush {
    /// For so many files in or beneath `folder`. Made before they are written: Linux tells of a
    /// disk that failed meanwhile whoever had the file system open before.
    pub(super) fn of(folder: &Path, files: usize) -> Result<Self, StoreError> {
        let whole = match files > MANY {
            true => Some(File::open(folder).map_err(failed("open", folder))?),
            false => None,
        };
        Ok(Self { whole })
    }

    /// Makes the files' bytes outlive a crash.
    pub(super) fn files<'a>(
        &self,
        files: impl Iterator<Item = &'a Path>,
    ) -> Result<(), StoreError> {
        self.all(files, |path| {
            // Windows flushes what is open for writing alone.
            let file = File::options().append(true).open(path);
            file.and_then(|file| file.sync_all())
                .map_err(failed("flush", path))
        })
    }

    /// Makes new entries in the folders outlive a crash.
    pub(super) fn folders<'a>(
        &self,
        folders: impl Iterator<Item = &'a Path>,
    ) -> Result<(), StoreError> {
        self.all(folders, flush_folder)
    }

    fn all<'a>(
        &self,
        mut paths: impl Iterator<Item = &'a Path>,
        each: impl Fn(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match (&self.whole, paths.next()) {
            (_, None) => Ok(()),
            (Some(whole), Some(first)) => flush_file_system(whole).map_err(failed("flush", first)),
            (None, Some(first)) => each(first).and_then(|()| paths.try_for_each(each)),
        }
    }
}

/// Flushes all of the file system that a folder is on.
fn flush_file_system(folder: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(folder)?);
    #[cfg(not(target_os = "linux"))]
    folder.sync_all()
}
