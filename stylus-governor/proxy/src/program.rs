//! The program: its entry point and the calls it answers itself.

use alloy_primitives::{Address, B256};
use alloy_sol_types::{SolError, SolEvent};
use arbius_calldata::{Args, Malformed};
use arbius_host::{self as host, Scratch, word};
use arbius_protocol::interfaces::proxy::{ADMIN_SLOT, IMPLEMENTATION_SLOT, IProxy};

use crate::route::{Route, route};

/// What the program hands to its caller.
enum Outcome {
    /// Success, without data.
    Done,
    /// What a delegated call left: whether it succeeded, and the length of its data.
    Delegated(bool, usize),
    /// One of the proxy's own errors.
    Refused(Refusal),
}

/// The proxy's own errors, as [`IProxy`] declares them.
enum Refusal {
    InvalidImplementation(Address),
    InvalidAdmin(Address),
    NonPayable,
    Unauthorized(Address),
    MalformedCalldata,
}

impl From<Malformed> for Refusal {
    fn from(_: Malformed) -> Self {
        Self::MalformedCalldata
    }
}

/// What the host calls: `len` bytes of calldata are there; 0 is success, 1 a revert.
#[unsafe(no_mangle)]
extern "C" fn user_entrypoint(len: usize) -> usize {
    host::import_memory_payment();
    // SAFETY: the only `Scratch`, in a program without an allocator.
    let mut scratch = unsafe { Scratch::new() };
    let implementation = host::load(&word!(IMPLEMENTATION_SLOT));

    let outcome = match scratch.calldata(len) {
        Some(calldata) => {
            let answer = match route(calldata, implementation != B256::ZERO) {
                Route::Forward => forward(implementation, calldata),
                Route::Upgrade(args) => admin_only().and_then(|()| upgrade(args, 0)),
                Route::ChangeAdmin(args) => admin_only().and_then(|()| change_admin(args)),
                Route::Construct(args) => construct(args),
            };
            answer.unwrap_or_else(Outcome::Refused)
        }
        None => Outcome::Refused(Refusal::MalformedCalldata),
    };

    match outcome {
        Outcome::Done => 0,
        Outcome::Delegated(succeeded, len) => {
            // Data that does not fit into memory any more cannot be handed on.
            match scratch.returned(len) {
                Some(data) => host::write_result(data),
                None => return 1,
            }
            usize::from(!succeeded)
        }
        Outcome::Refused(refusal) => {
            refuse(&refusal);
            1
        }
    }
}

/// Hands a call to the implementation.
fn forward(implementation: B256, calldata: &[u8]) -> Result<Outcome, Refusal> {
    let implementation = Address::from_word(implementation);
    if implementation == Address::ZERO {
        return Err(Refusal::InvalidImplementation(implementation));
    }
    let (succeeded, len) = host::delegate_call(&implementation, calldata);
    Ok(Outcome::Delegated(succeeded, len))
}

/// `constructor(implementation, admin, initData)`.
fn construct(args: Args<'_>) -> Result<Outcome, Refusal> {
    set_admin(args.address(1)?)?;
    upgrade(args, 1)
}

/// Refuses whoever is not the admin.
fn admin_only() -> Result<(), Refusal> {
    let sender = host::sender();
    if host::load(&word!(ADMIN_SLOT)) == sender {
        Ok(())
    } else {
        Err(Refusal::Unauthorized(Address::from_word(sender)))
    }
}

/// Takes argument 0 as the implementation and makes the call that argument `1 + skip`
/// holds, if it holds one.
fn upgrade(args: Args<'_>, skip: usize) -> Result<Outcome, Refusal> {
    let implementation = args.address(0)?;
    let call = args.bytes(1 + skip)?;
    if host::code_size(&implementation) == 0 {
        return Err(Refusal::InvalidImplementation(implementation));
    }
    let word = implementation.into_word();
    host::cache(&word!(IMPLEMENTATION_SLOT), &word);
    // Before the call below: the implementation reads storage past this program's cache.
    host::flush();
    host::emit(&[word!(IProxy::Upgraded::SIGNATURE_HASH), word], 2);

    if call.is_empty() {
        return if host::has_value() {
            Err(Refusal::NonPayable)
        } else {
            Ok(Outcome::Done)
        };
    }
    Ok(match host::delegate_call(&implementation, call) {
        (true, _) => Outcome::Done,
        (false, len) => Outcome::Delegated(false, len),
    })
}

/// `changeAdmin(newAdmin)`.
fn change_admin(args: Args<'_>) -> Result<Outcome, Refusal> {
    if host::has_value() {
        return Err(Refusal::NonPayable);
    }
    set_admin(args.address(0)?)?;
    Ok(Outcome::Done)
}

/// Writes the admin down and says so.
fn set_admin(admin: Address) -> Result<(), Refusal> {
    if admin == Address::ZERO {
        return Err(Refusal::InvalidAdmin(admin));
    }
    let previous = host::load(&word!(ADMIN_SLOT));
    let word = admin.into_word();
    host::cache(&word!(ADMIN_SLOT), &word);
    host::flush();
    host::emit(
        &[word!(IProxy::AdminChanged::SIGNATURE_HASH), previous, word],
        1,
    );
    Ok(())
}

/// Reverts with one of the proxy's errors: a selector, and the account it is about.
fn refuse(refusal: &Refusal) {
    let (selector, account) = match refusal {
        Refusal::InvalidImplementation(account) => (
            IProxy::ERC1967InvalidImplementation::SELECTOR,
            Some(account),
        ),
        Refusal::InvalidAdmin(account) => (IProxy::ERC1967InvalidAdmin::SELECTOR, Some(account)),
        Refusal::Unauthorized(account) => (IProxy::ProxyUnauthorized::SELECTOR, Some(account)),
        Refusal::NonPayable => (IProxy::ERC1967NonPayable::SELECTOR, None),
        Refusal::MalformedCalldata => (IProxy::ProxyMalformedCalldata::SELECTOR, None),
    };
    let mut data = [0; 36];
    let (head, word) = data.split_at_mut(4);
    head.copy_from_slice(&selector);
    match account {
        Some(account) => {
            word.copy_from_slice(account.into_word().as_slice());
            host::write_result(&data);
        }
        None => host::write_result(head),
    }
}
