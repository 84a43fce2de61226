//! The entry point that the host calls.

use crate::dispatch::answer;

/// `len` bytes of calldata are there; 0 is success, 1 a revert.
///
/// The account calls its token alone, which calls nobody, so it is not re-entered; its own
/// state is final before it pays all the same.
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    // SAFETY: the entry point, in a program without an allocator.
    unsafe { arbius_host::serve(len, answer) }
}
