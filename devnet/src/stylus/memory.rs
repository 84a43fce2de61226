//! The price of WASM memory: pages that are open at once in a transaction.

use super::prices::MEMORY_EXPONENTS;

/// Pages of 64 KiB in use by the programs of one transaction.
///
/// The chain keeps one of these per transaction and starts each with zeroes; a
/// program's own pages are closed when it returns, whatever its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// Pages open now, over all frames that have not returned.
    pub open: u16,
    /// Most pages that were ever open at once.
    pub ever: u16,
}

impl Pages {
    /// Opens `pages` more and returns the state before that.
    pub fn add(&mut self, pages: u16) -> Self {
        let before = *self;
        self.open = self.open.saturating_add(pages);
        self.ever = self.ever.max(self.open);
        before
    }
}

/// How pages are charged (Nitro: `arbos/programs/memory.go`, `MemoryModel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryModel {
    free_pages: u16,
    page_gas: u16,
}

impl MemoryModel {
    /// A model in which the first `free_pages` of a transaction are free and each
    /// further one costs `page_gas` plus the exponential term.
    pub const fn new(free_pages: u16, page_gas: u16) -> Self {
        Self {
            free_pages,
            page_gas,
        }
    }

    /// Gas for opening `new` pages when `before` are in use.
    pub fn gas_cost(&self, new: u16, before: Pages) -> u64 {
        let new_open = before.open.saturating_add(new);
        let new_ever = before.ever.max(new_open);
        if new_ever <= self.free_pages {
            return 0;
        }
        let beyond_free = |pages: u16| pages.saturating_sub(self.free_pages);
        let adding = beyond_free(new_open).saturating_sub(beyond_free(before.open));
        let linear = u64::from(adding) * u64::from(self.page_gas);
        linear.saturating_add(exponential(new_ever).saturating_sub(exponential(before.ever)))
    }
}

/// The exponential term for `pages` that were ever open; beyond 128 pages nothing
/// can pay for it.
fn exponential(pages: u16) -> u64 {
    MEMORY_EXPONENTS
        .get(usize::from(pages))
        .map_or(u64::MAX, |&gas| u64::from(gas))
}
