//! What a miner's folder takes.

use std::{fs, io, path::Path};

use super::Disk;
use crate::miner::{BLOCKS_FOLDER, store::STORE_FILE};

/// What a disk gives at least to a file that is not empty, bytes.
const PAGE: usize = 4096;

impl Disk {
    /// Looks at a folder. It reads the names of all blocks, so not too often.
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            store: fs::metadata(folder.join(STORE_FILE)).map_or(0, |file| file.len()),
            blocks: beneath(&folder.join(BLOCKS_FOLDER)),
            free: free(folder),
        }
    }

    /// Asserts that a file can be written in a folder. It has no name and leaves nothing behind.
    pub(super) fn probe(folder: &Path) -> io::Result<()> {
        use std::io::Write as _;

        let mut file = tempfile::tempfile_in(folder)?;
        file.write_all(&[0; PAGE])?;
        file.sync_data()
    }
}

/// The size of all files beneath a folder.
fn beneath(folder: &Path) -> u64 {
    let mut bytes = 0_u64;
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        // What vanishes meanwhile takes no room.
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => ahead.push(entry.path()),
                Ok(found) => bytes = bytes.saturating_add(found.len()),
                Err(_) => {}
            }
        }
    }
    bytes
}

#[cfg(target_os = "linux")]
fn free(folder: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt as _;

    let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut found = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path ends with a zero byte, and the structure is as large as the call wants.
    let done = unsafe { libc::statvfs(path.as_ptr(), found.as_mut_ptr()) };
    if done != 0 {
        return None;
    }
    // SAFETY: the call succeeded, so it has filled the structure in.
    let found = unsafe { found.assume_init() };
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(target_os = "linux"))]
const fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_files_at_every_depth_and_what_is_left() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("blocks/blocks/0a")).unwrap();
        fs::write(folder.path().join("blocks/blocks/0a/x"), [0; 300]).unwrap();
        fs::write(folder.path().join("blocks/y"), [0; 21]).unwrap();
        fs::write(folder.path().join(STORE_FILE), [0; 7]).unwrap();
        let disk = Disk::of(folder.path());
        assert_eq!((disk.store, disk.blocks), (7, 321));
        assert_eq!(disk.free.is_some(), cfg!(target_os = "linux"));
        let missing = folder.path().join("missing");
        assert_eq!(Disk::of(&missing).blocks, 0);
        Disk::probe(folder.path()).unwrap();
        let after = Disk::of(folder.path());
        assert_eq!((after.store, after.blocks), (7, 321), "nothing stays");
        assert!(Disk::probe(&missing).is_err());
    }
}
