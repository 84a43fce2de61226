//! Hashing everything again.

use std::fs;
use std::path::PathBuf;

use super::Inner;
use super::collect::Seen;
use super::files::{digest_in, entries, failed, hex};
use super::pins::{Pin, PinMode};
use crate::content::store::StoreError;
use crate::content::{Cid, CidVersion, cids};

/// What a check does about damaged blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repair {
    /// Say which they are.
    #[default]
    Report,
    /// Move their files to the folder `damaged`.
    Quarantine,
    /// Remove their files.
    Remove,
}

/// A block whose file holds other bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DamagedBlock {
    /// The CID that its bytes should have: version 1, raw.
    pub cid: Cid,
    /// Where its file is; after [`Repair::Remove`], where it was.
    pub path: PathBuf,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    /// Blocks that were read, the damaged among them.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blocks that are not what they should be.
    pub damaged: Vec<DamagedBlock>,
    /// Pins that keep something that is not all here, each with a block that is missing or
    /// damaged.
    pub incomplete: Vec<(Cid, Cid)>,
    /// Files among the blocks that are none. They are left alone.
    pub strangers: Vec<PathBuf>,
}

impl Checked {
    /// Whether nothing is damaged and nothing pinned is missing.
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.incomplete.is_empty()
    }
}

impl Inner {
    pub(super) fn check(
        &self,
        repair: Repair,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        for shard in self.files.shards()? {
            for path in entries(&shard)? {
                let Some(digest) = digest_in(&path) else {
                    checked.strangers.push(path);
                    continue;
                };
                let cid = cids::of(CidVersion::V1, cids::RAW, digest);
                match self.get(cid) {
                    Ok(Some(block)) => checked.bytes += block.data().len() as u64,
                    // A collection was faster.
                    Ok(None) => continue,
                    Err(StoreError::Damaged { .. }) => {
                        checked.bytes += fs::metadata(&path).map_or(0, |file| file.len());
                        if let Some(path) = self.repair(cid, path, repair)? {
                            checked.damaged.push(DamagedBlock { cid, path });
                        }
                    }
                    Err(error) => return Err(error),
                }
                checked.blocks += 1;
                progress(checked.blocks, checked.bytes);
            }
        }
        for Pin { cid, mode, .. } in self.pins()? {
            let whole = match mode {
                // Each by itself: what is missing beneath two pins is missing beneath both.
                PinMode::Recursive => self.walk(&cid, &mut Seen::default()),
                PinMode::Direct if self.files.block(&cid)?.is_file() => Ok(()),
                PinMode::Direct => Err(StoreError::Incomplete {
                    root: Box::new(cid),
                    missing: Box::new(cid),
                }),
            };
            match whole {
                Ok(()) => {}
                Err(StoreError::Incomplete { root, missing }) => {
                    checked.incomplete.push((*root, *missing));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(checked)
    }

    /// Does what is to be done about a damaged block and says where its file is then; `None`
    /// if somebody healed it meanwhile.
    fn repair(
        &self,
        cid: Cid,
        path: PathBuf,
        repair: Repair,
    ) -> Result<Option<PathBuf>, StoreError> {
        if repair == Repair::Report {
            return Ok(Some(path));
        }
        // Nobody may put the block between this look and the removal.
        let _alone = self.files.lock_alone()?;
        match self.get(cid) {
            Err(StoreError::Damaged { .. }) => {}
            Ok(_) => return Ok(None),
            Err(error) => return Err(error),
        }
        let bytes = fs::metadata(&path).map_or(0, |file| file.len());
        let at = match repair {
            Repair::Quarantine => {
                let folder = &self.files.damaged;
                fs::create_dir_all(folder).map_err(failed("create the folder", folder))?;
                let aside = folder.join(hex(&cids::digest(&cid)?));
                fs::rename(&path, &aside).map_err(failed("move", &path))?;
                aside
            }
            Repair::Remove | Repair::Report => {
                fs::remove_file(&path).map_err(failed("remove", &path))?;
                path
            }
        };
        self.usage.release(bytes);
        Ok(Some(at))
    }
}
