//! The emission's views (protocol section 2). The curve itself is in
//! `arbius_protocol::emission`.

use crate::abi::event;
use crate::host;
use crate::revert::{Revert, ensure, error};
use crate::state::{self, Ledger};
use alloy_primitives::U256;
use arbius_protocol::emission::{self, EmissionError};

/// `emitted()` and `getPsuedoTotalSupply()`: what mining has emitted so far.
pub(crate) fn emitted() -> Result<u128, Revert> {
    Ok(Ledger::read().emitted)
}

/// `startBlockTime()`: the start of emission.
pub(crate) fn start() -> Result<u64, Revert> {
    Ok(Ledger::read().start)
}

/// `setStartBlockTime(time)`: moves the start while nothing has been emitted.
///
/// # Errors
///
/// `NotOwner`, `EmissionStarted`, `ParameterOutOfBounds` from 2^40 on.
///
/// # Events
///
/// `StartBlockTimeChanged`.
pub(crate) fn set_start(time: u64) -> Result<(), Revert> {
    state::only_owner()?;
    let mut ledger = Ledger::read();
    ensure!(ledger.emitted == 0, EmissionStarted);
    ensure!(time >> 40 == 0, ParameterOutOfBounds);
    ledger.start = time;
    ledger.write();
    event!(StartBlockTimeChanged).uint(time.into()).log(2);
    Ok(())
}

/// `targetTs(t)`: what mining should have emitted `t` seconds after the start.
pub(crate) fn target(t: U256) -> Result<u128, Revert> {
    Ok(emission::target_supply(t.saturating_to()))
}

/// `diffMul(t, ts)`: the difficulty multiplier `t` seconds after the start, `ts` emitted.
///
/// # Errors
///
/// `MinVals`.
pub(crate) fn difficulty(t: U256, ts: U256) -> Result<u128, Revert> {
    emission::difficulty(t.saturating_to(), ts.saturating_to()).map_err(refused)
}

/// `reward(t, ts)`: the reward in wei `t` seconds after the start, `ts` emitted.
///
/// # Errors
///
/// `MinVals`, `EmissionExceeded`.
pub(crate) fn reward(t: U256, ts: U256) -> Result<u128, Revert> {
    emission::reward(t.saturating_to(), ts.saturating_to()).map_err(refused)
}

/// `getReward()`: the reward of a claim made now, for a model of rate 1.
///
/// # Errors
///
/// `MinVals` before the start.
pub(crate) fn current_reward() -> Result<u128, Revert> {
    let ledger = Ledger::read();
    let t = host::now()
        .checked_sub(ledger.start)
        .ok_or_else(|| error!(MinVals))?;
    emission::reward(t, ledger.emitted).map_err(refused)
}

#[cold]
fn refused(error: EmissionError) -> Revert {
    match error {
        EmissionError::Undefined => error!(MinVals),
        EmissionError::Exceeded => error!(EmissionExceeded),
    }
}
