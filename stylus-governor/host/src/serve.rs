//! From the entry point to the function that was called, and back.

use arbius_calldata::{Args, Malformed, split_selector};
use arbius_protocol::interfaces::token::IToken;

use crate::{
    hooks::{flush, has_value, import_memory_payment},
    refusal::Refused,
    scratch::Scratch,
};

/// Answers a call with `len` bytes of calldata by `answer`, which gets the selector and the
/// arguments and writes the result. Returns what the entry point returns: 0 for success, 1
/// for a revert.
///
/// A call that comes with value is refused. What is [`cache`](crate::cache)d is written out
/// at the end.
///
/// # Safety
///
/// To be called once, by the entry point of a program without an allocator and without
/// another [`Scratch`].
pub unsafe fn serve(
    len: usize,
    answer: impl FnOnce(u32, Args<'_>) -> Result<(), Refused>,
) -> usize {
    import_memory_payment();
    // SAFETY: the only `Scratch`, in a program without an allocator, as the caller says.
    let mut scratch = unsafe { Scratch::new() };
    let Some(calldata) = scratch.calldata(len) else {
        // Calldata that does not fit into memory is longer than any block can carry.
        return 1;
    };
    // An error is written where it is found.
    usize::from(answered(calldata, answer).is_err())
}

fn answered(
    calldata: &[u8],
    answer: impl FnOnce(u32, Args<'_>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    if has_value() {
        return Err(Refused::with::<IToken::NotPayable>(&[]));
    }
    let (selector, args) = split_selector(calldata).ok_or(Malformed)?;
    answer(u32::from_be_bytes(selector), args)?;
    flush();
    Ok(())
}
