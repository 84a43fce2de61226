//! The free memory of a program.

use core::arch::wasm32::{memory_grow, memory_size};

use crate::hooks::imports;

/// Bytes in a page of WASM memory.
const PAGE: usize = 1 << 16;

unsafe extern "C" {
    /// Where the linker's own data ends and free memory begins.
    static __heap_base: u8;
}

/// The free memory of a program, as one buffer that each use takes anew.
#[derive(Debug)]
pub struct Scratch(());

impl Scratch {
    /// Takes the free memory.
    ///
    /// # Safety
    ///
    /// Nothing else may use the memory from `__heap_base` on: at most one `Scratch`
    /// exists at a time, and the program has no allocator.
    #[must_use]
    pub const unsafe fn new() -> Self {
        Self(())
    }

    /// The first `len` bytes, with whatever they held before. `None` if the memory
    /// cannot grow that far.
    fn take(&mut self, len: usize) -> Option<&mut [u8]> {
        let start = &raw const __heap_base as usize;
        let end = start.checked_add(len)?;
        let have = memory_size::<0>() * PAGE;
        if end > have && memory_grow::<0>((end - have).div_ceil(PAGE)) == usize::MAX {
            return None;
        }
        // SAFETY: the range lies in the memory, above all that the linker placed, and
        // `&mut self` makes it exclusive for as long as the slice lives (see `new`).
        // Any byte pattern is a valid `u8`, and WASM memory is never uninitialised.
        Some(unsafe { core::slice::from_raw_parts_mut(start as *mut u8, len) })
    }

    /// The calldata, `len` bytes as the host announced them to the entry point.
    pub fn calldata(&mut self, len: usize) -> Option<&[u8]> {
        let buffer = self.take(len)?;
        // SAFETY: the host writes exactly the `len` bytes that it announced.
        unsafe { imports::read_args(buffer.as_mut_ptr()) };
        Some(buffer)
    }

    /// What the last call returned, `len` bytes as it announced them.
    pub fn returned(&mut self, len: usize) -> Option<&[u8]> {
        let buffer = self.take(len)?;
        // SAFETY: the host writes at most `len` bytes.
        unsafe { imports::read_return_data(buffer.as_mut_ptr(), 0, len) };
        Some(buffer)
    }
}
