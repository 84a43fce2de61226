//! Initialisation and the least delay.

use alloy_primitives::B256;
use arbius_calldata::Args;
use arbius_frame::{Refused, event, is_behind_proxy, word_of};
use arbius_host::{self as host, word};
use arbius_protocol::governance::{
    CANCELLER_ROLE, DEFAULT_ADMIN_ROLE, EXECUTOR_ROLE, PROPOSER_ROLE, Setting,
};
use arbius_protocol::interfaces::timelock::ITimelock;

use crate::{layout, roles};

/// The version of the storage layout that [`initialize`] leads to.
const VERSION: u128 = 1;

/// `initialize(minDelay, proposers, executors, admin)`.
///
/// # Errors
///
/// `NotBehindProxy`, `InvalidInitialization`, `TimelockDelayOutOfBounds`,
/// `MalformedCalldata`.
///
/// # Events
///
/// `RoleGranted`, `MinDelayChange`, `Initialized`.
pub fn initialize(args: &Args<'_>) -> Result<(), Refused> {
    if !is_behind_proxy() {
        return Err(Refused::with::<ITimelock::NotBehindProxy>(&[]));
    }
    let mut state = layout::STATE.load();
    if layout::VERSION.get(&state) != 0 {
        return Err(Refused::with::<ITimelock::InvalidInitialization>(&[]));
    }
    layout::VERSION.set(&mut state, VERSION);
    layout::STATE.store(&state);
    let admin = word!(DEFAULT_ADMIN_ROLE);
    roles::give(&admin, &host::contract_address());
    let account = args.account(3)?;
    if *account != B256::ZERO {
        roles::give(&admin, account);
    }
    for proposer in args.tuples(1, 1)? {
        let account = proposer.account(0)?;
        roles::give(&word!(PROPOSER_ROLE), account);
        roles::give(&word!(CANCELLER_ROLE), account);
    }
    for executor in args.tuples(2, 1)? {
        roles::give(&word!(EXECUTOR_ROLE), executor.account(0)?);
    }
    set_delay(Setting::TIMELOCK_DELAY.at_start(), args.word(0)?)?;
    let mut event = event!(ITimelock::Initialized, &[], 1);
    event.arguments().number(VERSION);
    event.emit();
    Ok(())
}

/// `updateDelay(newDelay)`.
///
/// # Errors
///
/// `TimelockUnauthorizedCaller` unless the timelock itself calls,
/// `TimelockDelayOutOfBounds`.
///
/// # Events
///
/// `MinDelayChange`.
pub fn update_delay(delay: &B256) -> Result<(), Refused> {
    let sender = host::sender();
    if sender != host::contract_address() {
        return Err(Refused::with::<ITimelock::TimelockUnauthorizedCaller>(&[
            sender,
        ]));
    }
    set_delay(Setting::TIMELOCK_DELAY, delay)
}

fn set_delay(setting: Setting, delay: &B256) -> Result<(), Refused> {
    let number = alloy_primitives::U256::from_be_bytes(delay.0).saturating_to::<u128>();
    setting.validate(number).map_err(|bounds| {
        Refused::with::<ITimelock::TimelockDelayOutOfBounds>(&[
            *delay,
            word_of(bounds.min),
            word_of(bounds.max),
        ])
    })?;
    let mut state = layout::STATE.load();
    let mut event = event!(ITimelock::MinDelayChange, &[], 2);
    event
        .arguments()
        .number(layout::MIN_DELAY.get(&state))
        .number(number);
    layout::MIN_DELAY.set(&mut state, number);
    layout::STATE.store(&state);
    event.emit();
    Ok(())
}
