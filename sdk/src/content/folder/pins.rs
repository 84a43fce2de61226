//! What is kept through collections.
//!
//! A pin is a file of its own, so that two processes can set and take away pins at the same
//! time and none is lost.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Inner;
use super::collect::Seen;
use super::files::{entries, failed, flush_folder};
use crate::content::store::StoreError;
use crate::content::{Cid, cids};

/// The longest name of a pin, in bytes; Kubo's limit is the same.
const MAX_NAME_BYTES: usize = 255;

/// No pin's file is longer.
const MAX_PIN_BYTES: u64 = 4096;

/// How much a pin keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinMode {
    /// The block and everything beneath it.
    Recursive,
    /// The block alone.
    Direct,
}

/// A block that is kept, and perhaps what lies beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The block, by the CID that it was pinned under.
    pub cid: Cid,
    /// How much is kept.
    pub mode: PinMode,
    /// What it is to whoever pinned it, at most 255 bytes.
    pub name: Option<String>,
}

/// A pin as its file has it. The mode is in the file's name, so that whoever lists the files
/// knows what each keeps.
#[derive(Serialize, Deserialize)]
struct Written {
    cid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Inner {
    pub(super) fn pin(&self, mut pin: Pin) -> Result<Pin, StoreError> {
        if let Some(name) = &pin.name
            && name.len() > MAX_NAME_BYTES
        {
            return Err(StoreError::Pin {
                path: self.pin_file(&pin.cid, pin.mode)?,
                reason: format!("its name is longer than {MAX_NAME_BYTES} bytes"),
            });
        }
        // From the look at the blocks to the pin that keeps them, nothing may be removed.
        let _lock = self.files.lock_together()?;
        if let Some(before) = self.pinned(&pin.cid)? {
            if before.mode == PinMode::Recursive {
                pin.mode = PinMode::Recursive;
            }
            pin.name = pin.name.or(before.name);
        }
        match pin.mode {
            PinMode::Recursive => self.walk(&pin.cid, &mut Seen::default())?,
            PinMode::Direct if self.files.block(&pin.cid)?.is_file() => {}
            PinMode::Direct => {
                return Err(StoreError::Incomplete {
                    root: Box::new(pin.cid),
                    missing: Box::new(pin.cid),
                });
            }
        }
        let path = self.pin_file(&pin.cid, pin.mode)?;
        let written = Written {
            cid: pin.cid.to_string(),
            name: pin.name.clone(),
        };
        let text = serde_json::to_vec(&written).map_err(|error| StoreError::Pin {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        self.files.write_whole(&path, &text)?;
        if pin.mode == PinMode::Recursive {
            self.remove_pin(&pin.cid, PinMode::Direct)?;
        }
        Ok(pin)
    }

    pub(super) fn unpin(&self, cid: &Cid) -> Result<bool, StoreError> {
        let direct = self.remove_pin(cid, PinMode::Direct)?;
        Ok(self.remove_pin(cid, PinMode::Recursive)? || direct)
    }

    fn remove_pin(&self, cid: &Cid, mode: PinMode) -> Result<bool, StoreError> {
        let path = self.pin_file(cid, mode)?;
        match fs::remove_file(&path) {
            Ok(()) => flush_folder(&self.files.pins).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("remove", &path)(error)),
        }
    }

    pub(super) fn pins(&self) -> Result<Vec<Pin>, StoreError> {
        let mut pins: Vec<Pin> = Vec::new();
        for path in self.pin_files()? {
            pins.extend(read(&path)?);
        }
        // A recursive pin that was killed before it removed the direct one comes after it.
        pins.dedup_by(|later, earlier| {
            let same = v1(&later.cid) == v1(&earlier.cid);
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Ok(pins)
    }

    pub(super) fn pinned(&self, cid: &Cid) -> Result<Option<Pin>, StoreError> {
        match read(&self.pin_file(cid, PinMode::Recursive)?)? {
            None => read(&self.pin_file(cid, PinMode::Direct)?),
            pin => Ok(pin),
        }
    }

    /// The pins' files, in order.
    pub(super) fn pin_files(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut files = entries(&self.files.pins)?;
        files.sort();
        Ok(files)
    }

    /// One file for a CID under both versions: they name the same block.
    fn pin_file(&self, cid: &Cid, mode: PinMode) -> Result<PathBuf, StoreError> {
        cids::digest(cid)?;
        let name = format!("{}.{}", v1(cid), mode.extension());
        Ok(self.files.pins.join(name))
    }
}

impl PinMode {
    const fn extension(self) -> &'static str {
        match self {
            Self::Recursive => "recursive",
            Self::Direct => "direct",
        }
    }
}

fn v1(cid: &Cid) -> Cid {
    Cid::new_v1(cid.codec(), *cid.hash())
}

/// The pin in a file; `None` if the file is not there, or no more.
pub(super) fn read(path: &Path) -> Result<Option<Pin>, StoreError> {
    let mut text = String::new();
    let read =
        fs::File::open(path).and_then(|file| file.take(MAX_PIN_BYTES).read_to_string(&mut text));
    match read {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    }
    let damaged = |reason: String| StoreError::Pin {
        path: path.to_owned(),
        reason,
    };
    let mode = [PinMode::Recursive, PinMode::Direct]
        .into_iter()
        .find(|mode| path.extension().is_some_and(|end| end == mode.extension()))
        .ok_or_else(|| damaged("its name ends in neither .recursive nor .direct".into()))?;
    let written: Written =
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let cid = cids::parse(&written.cid).map_err(|error| damaged(error.to_string()))?;
    Ok(Some(Pin {
        cid,
        mode,
        name: written.name,
    }))
}
