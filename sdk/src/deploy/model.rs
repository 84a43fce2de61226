//! The first models: registered by anyone, rated by the engine's owner (protocol sections
//! 2 and 4).

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{
    chain::{Call, ChainError, Lane},
    contracts::IEngine,
};

/// On what terms a model is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelTerms {
    /// Who receives the model fee.
    pub fee_address: Address,
    /// What every task pays to that address, wei of AIUS.
    pub fee: U256,
}

/// Registers a model by its template and returns its id. A model that this account has
/// registered with the same terms before is left as it is.
///
/// # Errors
///
/// [`ChainError::WouldRevert`] with the engine's error, for instance `AddressMustBeNonZero`.
pub async fn register_model(
    lane: &Lane,
    engine: Address,
    terms: ModelTerms,
    template: &[u8],
) -> Result<B256, ChainError> {
    let ModelTerms {
        fee_address: addr,
        fee,
    } = terms;
    let chain = lane.chain();
    let template = Bytes::copy_from_slice(template);
    let cid = chain
        .read(
            engine,
            &IEngine::generateIPFSCIDCall {
                content: template.clone(),
            },
        )
        .await?;
    let model = IEngine::Model {
        fee,
        addr,
        rate: U256::ZERO,
        cid,
    };
    let id = chain
        .read(
            engine,
            &IEngine::hashModelCall {
                model,
                sender: lane.address(),
            },
        )
        .await?;
    if !chain
        .read(engine, &IEngine::modelsCall { id })
        .await?
        .addr
        .is_zero()
    {
        return Ok(id);
    }
    let call = IEngine::registerModelCall {
        addr,
        fee,
        template,
    };
    lane.execute(Call::new(engine, &call).for_purpose("registering a model"))
        .await?;
    Ok(id)
}

/// Sets the share of the reward that tasks of a model earn, as a fraction of 1e18, at most
/// 100e18. Only the engine's owner may.
///
/// # Errors
///
/// [`ChainError::WouldRevert`] with `NotOwner`, `ModelDoesNotExist` or `PercentageTooHigh`.
pub async fn set_rate(
    lane: &Lane,
    engine: Address,
    model: B256,
    rate: U256,
) -> Result<(), ChainError> {
    let call = IEngine::setSolutionMineableRateCall { id: model, rate };
    lane.execute(Call::new(engine, &call).for_purpose("setting a model's rate"))
        .await?;
    Ok(())
}
