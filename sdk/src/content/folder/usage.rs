//! How much of the folder's limit is taken.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::content::store::StoreError;

/// After how long the folder is measured again, for what other processes did.
const FRESH: Duration = Duration::from_secs(60);

/// Before a block is refused, the folder is measured again if that is longer ago than this.
const FRESH_ENOUGH_TO_REFUSE: Duration = Duration::from_secs(1);

/// Bytes that the blocks take, counted on only where there is a limit.
#[derive(Debug)]
pub(super) struct Usage {
    limit: Option<u64>,
    counted: Mutex<Option<Counted>>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    bytes: u64,
    at: Instant,
}

/// Bytes that are spoken for by blocks that are being written; given back on drop unless
/// they are kept.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    usage: &'a Usage,
    bytes: u64,
}

impl Usage {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            counted: Mutex::default(),
        }
    }

    /// Sets bytes aside for blocks that are going to be written.
    pub(super) fn reserve(
        &self,
        bytes: u64,
        measure: impl Fn() -> Result<u64, StoreError>,
    ) -> Result<Reserved<'_>, StoreError> {
        let Some(limit) = self.limit else {
            return Ok(Reserved {
                usage: self,
                bytes: 0,
            });
        };
        // A count is whole whatever a panicking writer did, so poison means nothing here.
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |counted: &Counted| counted.bytes.saturating_add(bytes) <= limit;
        let fresh = counted.filter(|counted| {
            let age = counted.at.elapsed();
            age < FRESH_ENOUGH_TO_REFUSE || (age < FRESH && fits(counted))
        });
        let now = match fresh {
            Some(counted) => counted,
            None => Counted {
                bytes: measure()?,
                at: Instant::now(),
            },
        };
        *counted = Some(now);
        if !fits(&now) {
            return Err(StoreError::Full {
                limit,
                used: now.bytes,
                wanted: bytes,
            });
        }
        *counted = Some(Counted {
            bytes: now.bytes + bytes,
            ..now
        });
        Ok(Reserved { usage: self, bytes })
    }

    /// Says that blocks of so many bytes are gone.
    pub(super) fn release(&self, bytes: u64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counted.as_mut() {
            counted.bytes = counted.bytes.saturating_sub(bytes);
        }
    }
}

impl Reserved<'_> {
    /// The blocks are written.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.usage.release(self.bytes);
    }
}
