//! The stake that a solver must hold (protocol section 7).

use alloy_primitives::U256;

use super::MinerError;
use crate::{
    chain::{Chain, ChainError, Lane},
    client::{Stake, Validator},
    contracts::{IEngine, IToken},
};

/// Deposited beyond the minimum, percent: the minimum rises with every reward.
const HEADROOM_PERCENT: u64 = 10;

/// What is left of that when more is deposited, percent. A reveal that meets a minimum which has
/// risen since it was simulated fails, with its answers in plain sight.
const RESERVE_PERCENT: u64 = 4;

async fn read(validator: &Validator, chain: &Chain) -> Result<(Stake, U256), ChainError> {
    let minimum = chain
        .read(validator.engine(), &IEngine::getValidatorMinimumCall {})
        .await?;
    Ok((validator.stake().await?, minimum))
}

/// Asserts that the account has the minimum, for a miner that may not deposit.
///
/// # Errors
///
/// [`MinerError::StakeTooLow`] says how much to deposit.
pub(super) async fn check(validator: &Validator, chain: &Chain) -> Result<(), MinerError> {
    let (stake, minimum) = read(validator, chain).await?;
    if stake.free() >= minimum {
        return Ok(());
    }
    Err(MinerError::StakeTooLow {
        account: validator.address(),
        free: stake.free(),
        minimum,
    })
}

/// Deposits what is missing to the validator minimum and some headroom, if the account has
/// little more than the minimum free. Returns what was deposited, wei of AIUS.
///
/// # Errors
///
/// [`MinerError::CannotStake`] if the account does not hold enough for the minimum, and what a
/// transaction ends in.
pub(super) async fn ensure(
    lane: &Lane,
    validator: &Validator,
    chain: &Chain,
) -> Result<U256, MinerError> {
    let (stake, minimum) = read(validator, chain).await?;
    if stake.free() >= beyond(minimum, RESERVE_PERCENT) {
        return Ok(U256::ZERO);
    }
    // A deposit of an earlier run may be underway, and counts.
    lane.reconcile(Vec::new()).await?;
    let (stake, minimum) = read(validator, chain).await?;
    let free = stake.free();
    if free >= beyond(minimum, RESERVE_PERCENT) {
        return Ok(U256::ZERO);
    }
    let account = validator.address();
    let token = chain
        .read(validator.engine(), &IEngine::baseTokenCall {})
        .await?;
    let balance = chain
        .read(token, &IToken::balanceOfCall { account })
        .await?;
    if balance < minimum.saturating_sub(free) {
        return Err(MinerError::CannotStake {
            account,
            free,
            balance,
            minimum,
        });
    }
    let wanted = beyond(minimum, HEADROOM_PERCENT).saturating_sub(free);
    let amount = wanted.min(balance);
    if amount.is_zero() {
        return Ok(U256::ZERO);
    }
    validator.deposit(amount).await?;
    tracing::info!(%amount, %minimum, "deposited the stake");
    Ok(amount)
}

/// An amount and so many percent more.
fn beyond(amount: U256, percent: u64) -> U256 {
    amount.saturating_add(amount.saturating_mul(U256::from(percent)) / U256::from(100))
}
