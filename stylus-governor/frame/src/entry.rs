//! From the host's entry point to a function that answers calldata.

use alloc::vec::Vec;
use alloy_primitives::B256;
use arbius_host::{self as host, word};
use arbius_protocol::encoding::Encoder;
use arbius_protocol::interfaces::{proxy::IMPLEMENTATION_SLOT, timelock::ITimelock};

use crate::Refused;

/// What the programs allocate from.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: mini_alloc::MiniAlloc = mini_alloc::MiniAlloc::INIT;

/// What a call returns, or reverts with.
pub type Answer = Result<Vec<u8>, Refused>;

/// Answers the call that the host announced with `len` bytes of calldata; 0 is success, 1
/// a revert.
#[cfg(target_arch = "wasm32")]
pub fn run(len: usize, answer: fn(&[u8]) -> Answer) -> usize {
    host::import_memory_payment();
    let mut calldata = alloc::vec![0; len];
    host::read_calldata(&mut calldata, len);
    let (data, status) = match answer(&calldata) {
        Ok(data) => {
            host::flush();
            (data, 0)
        }
        Err(refused) => (refused.into_data(), 1),
    };
    host::write_result(&data);
    status
}

/// Whether this storage is a proxy's, which names an implementation in it (ERC-1967). A
/// program at its own address has none; if it could be initialised, a stranger would own
/// a contract that looks like the DAO's.
#[must_use]
pub fn is_behind_proxy() -> bool {
    host::load(&word!(IMPLEMENTATION_SLOT)) != B256::ZERO
}

/// Refuses value that came with the call.
///
/// # Errors
///
/// `NotPayable`.
pub fn refuse_value() -> Result<(), Refused> {
    if host::has_value() {
        return Err(Refused::with::<ITimelock::NotPayable>(&[]));
    }
    Ok(())
}

/// A text as a function returns it.
#[must_use]
pub fn text(text: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(&[], 1);
    encoder.bytes(text.as_bytes());
    encoder.finish()
}
