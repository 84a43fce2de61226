//! The entry point that the host calls.

use crate::dispatch::answer;

/// `len` bytes of calldata are there; 0 is success, 1 a revert.
///
/// The token calls nobody but a precompile, so it cannot be re-entered.
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    // SAFETY: the entry point, in a program without an allocator.
    unsafe { arbius_host::serve(len, answer) }
}
