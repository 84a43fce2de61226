//! Making what was written outlive a crash of the machine, waited for once.

use std::fs::File;
use std::io;
use std::path::Path;

use super::files::{failed, flush_folder};
use crate::content::store::StoreError;

/// Above so many files, all of the file system is flushed at once, where the system can: a
/// thousand small files are there in two waits for the disk instead of two thousand. Fewer are
/// flushed each by itself, so that nobody waits for what other programs are writing.
const MANY: usize = 32;

/// The file systems that are known to flush all of themselves (their `f_type`): ext4, XFS,
/// Btrfs, ZFS, F2FS, OverlayFS above one of them, tmpfs. One that another program provides may
/// not hear of it.
#[cfg(target_os = "linux")]
const WHOLE: [u32; 7] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    0x2fc1_2fc1,
    0xf2f5_2010,
    0x794c_7630,
    0x0102_1994,
];

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
        if files <= MANY {
            return Ok(Self { whole: None });
        }
        let whole = File::open(folder).map_err(failed("open", folder))?;
        Ok(Self {
            whole: can_flush_whole(&whole).then_some(whole),
        })
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

/// Whether all of the file system that a folder is on can be flushed at once.
fn can_flush_whole(folder: &File) -> bool {
    #[cfg(target_os = "linux")]
    // Its type has other widths elsewhere; the numbers have 32 bits.
    return rustix::fs::fstatfs(folder).is_ok_and(|about| WHOLE.contains(&(about.f_type as u32)));
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        false
    }
}

/// Flushes all of the file system that a folder is on.
fn flush_file_system(folder: &File) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(folder)?);
    #[cfg(not(target_os = "linux"))]
    folder.sync_all()
}
