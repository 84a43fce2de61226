//! The first models: registered by anyone, rated by the engine's owner (protocol sections
//! 2 and 4).

use alloy_primitives::{Address, B256, Bytes, U256};

use super::{DeployError, Sender};
use crate::{chain::Call, contracts::IEngine};

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
/// [`ChainError::WouldRevert`](crate::chain::ChainError::WouldRevert) with the engine's error,
/// for instance `AddressMustBeNonZero`.
pub async fn register_model(
    sender: &impl Sender,
    engine: Address,
    terms: ModelTerms,
    template: &[u8],
) -> Result<B256, DeployError> {
    let ModelTerms {
        fee_address: addr,
        fee,
    } = terms;
    let lane = sender.lane();
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
    sender
        .perform(Call::new(engine, &call).for_purpose(format!("registering model {id}")))
        .await?;
    Ok(id)
}

/// Sets the share of the reward that tasks of a model earn, as a fraction of 1e18, at most
/// 100e18. Only the engine's owner may.
///
/// # Errors
///
/// [`ChainError::WouldRevert`](crate::chain::ChainError::WouldRevert) with `NotOwner`,
/// `ModelDoesNotExist` or `PercentageTooHigh`.
pub async fn set_rate(
    sender: &impl Sender,
    engine: Address,
    model: B256,
    rate: U256,
) -> Result<(), DeployError> {
    let call = IEngine::setSolutionMineableRateCall { id: model, rate };
    sender
        .perform(Call::new(engine, &call).for_purpose(format!("rating model {model}")))
        .await?;
    Ok(())
}
