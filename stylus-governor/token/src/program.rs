//! The entry point that the host calls.

use arbius_host::{self as host, Scratch};

use crate::dispatch::{Returned, answer};

/// `len` bytes of calldata are there; 0 is success, 1 a revert.
///
/// The token calls nobody, so it cannot be re-entered.
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    host::import_memory_payment();
    // SAFETY: the only `Scratch`, in a program without an allocator.
    let mut scratch = unsafe { Scratch::new() };
    let Some(calldata) = scratch.calldata(len) else {
        // Calldata that does not fit into memory is longer than any block can carry.
        return 1;
    };
    let Ok(returned) = answer(calldata) else {
        // The error is written already.
        return 1;
    };
    host::flush();
    write(returned);
    0
}

/// Hands a result to the caller.
fn write(returned: Returned) {
    match returned {
        Returned::Nothing => {}
        Returned::Word(word) => host::write_result(word.as_slice()),
        Returned::Text(text) => {
            // Where the text begins, its length, and the text, padded to a word.
            let mut data = [0; 96];
            data[31] = 32;
            let len = text.len().min(32);
            data[63] = len as u8;
            data[64..64 + len].copy_from_slice(&text.as_bytes()[..len]);
            host::write_result(&data);
        }
    }
}
