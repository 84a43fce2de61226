//! The stake that a solver must hold (protocol section 7).

use alloy_primitives::{Address, U256};

use super::MinerError;
use crate::{
    chain::{Call, ChainError, Lane},
    contracts::{IEngine, IToken},
};

/// Deposited beyond the minimum, percent: the minimum rises with every reward.
const HEADROOM_PERCENT: u64 = 10;

/// How much of an account's stake counts, and how much has to.
#[derive(Clone, Copy, Debug)]
struct Stake {
    free: U256,
    minimum: U256,
}

async fn read(lane: &Lane, engine: Address) -> Result<Stake, ChainError> {
    let (chain, validator) = (lane.chain(), lane.address());
    let minimum = chain
        .read(engine, &IEngine::getValidatorMinimumCall {})
        .await?;
    let staked = chain
        .read(engine, &IEngine::validatorsCall { validator })
        .await?
        .staked;
    let call = IEngine::validatorWithdrawPendingAmountCall { validator };
    let free = staked.saturating_sub(chain.read(engine, &call).await?);
    Ok(Stake { free, minimum })
}

/// Asserts that the account has the minimum, for a miner that may not deposit.
///
/// # Errors
///
/// [`MinerError::StakeTooLow`] says how much to deposit.
pub(super) async fn check(lane: &Lane, engine: Address) -> Result<(), MinerError> {
    let Stake { free, minimum } = read(lane, engine).await?;
    if free >= minimum {
        return Ok(());
    }
    Err(MinerError::StakeTooLow {
        account: lane.address(),
        free,
        minimum,
    })
}

/// Deposits what is missing to the validator minimum and some headroom, if the account has
/// less than the minimum free. Returns what was deposited, wei of AIUS.
///
/// # Errors
///
/// [`MinerError::CannotStake`] if the account does not hold enough, and what a transaction
/// ends in.
pub(super) async fn ensure(lane: &Lane, engine: Address) -> Result<U256, MinerError> {
    let (chain, validator) = (lane.chain(), lane.address());
    let Stake { free, minimum } = read(lane, engine).await?;
    if free >= minimum {
        return Ok(U256::ZERO);
    }
    let token = chain.read(engine, &IEngine::baseTokenCall {}).await?;
    let balance = chain
        .read(token, &IToken::balanceOfCall { account: validator })
        .await?;
    let missing = minimum - free;
    if balance < missing {
        return Err(MinerError::CannotStake {
            account: validator,
            free,
            balance,
            minimum,
        });
    }
    let amount = (missing + minimum * U256::from(HEADROOM_PERCENT) / U256::from(100)).min(balance);
    let allowance = IToken::allowanceCall {
        owner: validator,
        spender: engine,
    };
    if chain.read(token, &allowance).await? < amount {
        let approve = IToken::approveCall {
            spender: engine,
            value: amount,
        };
        lane.execute(Call::new(token, &approve).for_purpose("approving the stake"))
            .await?;
    }
    let deposit = IEngine::validatorDepositCall { validator, amount };
    lane.execute(Call::new(engine, &deposit).for_purpose("depositing the stake"))
        .await?;
    tracing::info!(%amount, %minimum, "deposited the stake");
    Ok(amount)
}
