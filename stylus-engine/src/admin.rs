//! Initialisation and the offices: owner, treasury, pauser, and the program behind this
//! one.

use crate::abi::{event, limbs, word_of};
use crate::host;
use crate::layout::STORAGE;
use crate::params;
use crate::revert::{Revert, ensure};
use crate::state::{self, Config, Ledger};
use alloy_primitives::Address;
use arbius_protocol::emission::MINING;
use arbius_protocol::interfaces::proxy::IMPLEMENTATION_SLOT;

/// Whether this storage is a proxy's, which names an implementation in it (ERC-1967). A
/// program at its own address has none; if it could be initialised, somebody else would
/// own a copy of the engine that looks like the engine.
pub(crate) fn is_behind_proxy() -> bool {
    const SLOT: [u64; 4] = limbs(&IMPLEMENTATION_SLOT);
    host::load(&word_of(SLOT[0], SLOT[1], SLOT[2], SLOT[3])) != [0; 32]
}

/// `initialize(token, treasury, owner, rest)`: sets the engine up behind its proxy, once,
/// with every parameter at its default. The owner is the first pauser.
///
/// # Errors
///
/// `NotBehindProxy`, `AlreadyInitialized`, `AddressMustBeNonZero`, `AddressNotAllowed`.
///
/// # Events
///
/// `EngineRestChanged`, `OwnershipTransferred`, `PauserTransferred`,
/// `TreasuryTransferred`, `StartBlockTimeChanged`.
pub(crate) fn initialize(
    token: Address,
    treasury: Address,
    owner: Address,
    rest: Address,
) -> Result<(), Revert> {
    ensure!(is_behind_proxy(), NotBehindProxy);
    ensure!(Config::read().token.is_zero(), AlreadyInitialized);
    state::account(token, Address::ZERO)?;
    state::account(treasury, token)?;
    state::account(owner, token)?;
    let start = host::now();
    Config {
        token,
        assets: MINING,
        ..Config::default()
    }
    .write();
    let mut ledger = Ledger::read();
    ledger.start = start;
    ledger.write();
    params::set_defaults();
    name_rest(rest)?;
    name_owner(Address::ZERO, owner);
    name_pauser(owner);
    name_treasury(treasury);
    event!(StartBlockTimeChanged).uint(start.into()).log(2);
    Ok(())
}

/// `baseToken()`: the AIUS token.
pub(crate) fn token() -> Result<Address, Revert> {
    Ok(Config::read().token)
}

/// `owner()`: who may set parameters and upgrade.
pub(crate) fn owner() -> Result<Address, Revert> {
    Ok(STORAGE.state.owner.get())
}

/// `transferOwnership(newOwner)`: hands the engine to another owner.
///
/// # Errors
///
/// `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed`.
///
/// # Events
///
/// `OwnershipTransferred`.
pub(crate) fn transfer_ownership(to: Address) -> Result<(), Revert> {
    state::only_owner()?;
    state::account(to, token()?)?;
    name_owner(STORAGE.state.owner.get(), to);
    Ok(())
}

fn name_owner(from: Address, to: Address) {
    STORAGE.state.owner.set(&to);
    event!(OwnershipTransferred)
        .address(&from)
        .address(&to)
        .log(3);
}

/// `treasury()`: where the treasury's share goes.
pub(crate) fn treasury() -> Result<Address, Revert> {
    Ok(STORAGE.state.treasury.get())
}

/// `transferTreasury(to)`: names another treasury, which is also paid what has accrued.
///
/// # Errors
///
/// `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed`.
///
/// # Events
///
/// `TreasuryTransferred`.
pub(crate) fn transfer_treasury(to: Address) -> Result<(), Revert> {
    state::only_owner()?;
    state::account(to, token()?)?;
    name_treasury(to);
    Ok(())
}

fn name_treasury(to: Address) {
    STORAGE.state.treasury.set(&to);
    event!(TreasuryTransferred).address(&to).log(2);
}

/// `pauser()`: who may pause.
pub(crate) fn pauser() -> Result<Address, Revert> {
    Ok(STORAGE.state.pauser.get())
}

/// `transferPauser(to)`: names another pauser.
///
/// # Errors
///
/// `NotOwner`, `AddressMustBeNonZero`.
///
/// # Events
///
/// `PauserTransferred`.
pub(crate) fn transfer_pauser(to: Address) -> Result<(), Revert> {
    state::only_owner()?;
    ensure!(!to.is_zero(), AddressMustBeNonZero);
    name_pauser(to);
    Ok(())
}

fn name_pauser(to: Address) {
    STORAGE.state.pauser.set(&to);
    event!(PauserTransferred).address(&to).log(2);
}

/// `engineRest()`: the program that the hot one delegates to.
pub(crate) fn rest() -> Result<Address, Revert> {
    Ok(STORAGE.state.rest.get())
}

/// `setEngineRest(rest)`: names that program, as a part of an upgrade.
///
/// # Errors
///
/// `NotOwner`, `AddressMustBeNonZero`, `AddressNotAllowed` for the engine, the token, and
/// where there is no code.
///
/// # Events
///
/// `EngineRestChanged`.
pub(crate) fn set_rest(rest: Address) -> Result<(), Revert> {
    state::only_owner()?;
    name_rest(rest)
}

fn name_rest(rest: Address) -> Result<(), Revert> {
    // Engine and token have code as well, but every call of the rest would end in them, the
    // one that could name another included.
    state::account(rest, token()?)?;
    ensure!(host::has_code(&rest), AddressNotAllowed);
    STORAGE.state.rest.set(&rest);
    event!(EngineRestChanged).address(&rest).log(2);
    Ok(())
}
