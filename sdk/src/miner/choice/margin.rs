//! Whether a task brings more than its gas costs.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, U256, utils::format_ether};
use arbius_protocol::{fixed, splits};

use super::Kept;
use crate::{
    chain::{Chain, ChainError},
    contracts::IEngine,
    miner::{Job, Margin},
};

/// Gas of a commitment, a reveal and a claim by themselves, as `benches/gas.json` has it,
/// rounded up; many in one transaction cost less. What data costs on L1 is not in it; the
/// operator's margin is for that, too.
const GAS: u64 = 190_000;

/// 1 AIUS and 1 ether in wei, and the whole of a percentage.
const ONE: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// What a model's tasks bring, and what gas costs, as they were last read.
#[derive(Debug, Default)]
pub(super) struct Terms {
    network: Option<Kept<Network>>,
    models: HashMap<B256, Kept<Model>>,
}

#[derive(Clone, Copy, Debug)]
struct Network {
    base_fee: u128,
    /// Of a task whose model has the rate 1, wei of AIUS.
    reward: u128,
    min_reward_fee: U256,
    solution_fee: u128,
    treasury_reward: u128,
    owner_reward: u128,
}

#[derive(Clone, Copy, Debug)]
struct Model {
    fee: u128,
    rate: u128,
}

impl Terms {
    /// Why a task is not worth its gas, if it is not.
    pub(super) async fn objection(
        &mut self,
        chain: &Chain,
        engine: Address,
        job: &Job,
        margin: Margin,
    ) -> Result<Option<String>, ChainError> {
        let network = match self.network.as_ref().and_then(Kept::fresh) {
            Some(network) => network,
            None => {
                let network = Network::read(chain, engine).await?;
                self.network = Some(Kept::now(network));
                network
            }
        };
        let model = match self.models.get(&job.model).and_then(Kept::fresh) {
            Some(model) => model,
            None => {
                let call = IEngine::modelsCall { id: job.model };
                let found = chain.read(engine, &call).await?;
                let model = Model {
                    fee: found.fee.saturating_to(),
                    rate: found.rate.saturating_to(),
                };
                // Only models of the catalogue come here.
                self.models.insert(job.model, Kept::now(model));
                model
            }
        };
        Ok(weigh(
            pay(job.fee, network, model),
            network.base_fee,
            margin,
        ))
    }
}

impl Network {
    async fn read(chain: &Chain, engine: Address) -> Result<Self, ChainError> {
        // The view reverts where emission is out of what the curve knows; a claim then pays
        // no reward.
        let reward = match chain.read(engine, &IEngine::getRewardCall {}).await {
            Ok(reward) => reward,
            Err(error) if error.revert().is_some() => U256::ZERO,
            Err(error) => return Err(error),
        };
        let min_reward_fee = chain.read(engine, &IEngine::minRewardFeeCall {}).await?;
        let solution_fee = chain
            .read(engine, &IEngine::solutionFeePercentageCall {})
            .await?;
        let treasury_reward = chain
            .read(engine, &IEngine::treasuryRewardPercentageCall {})
            .await?;
        let owner_reward = chain
            .read(engine, &IEngine::taskOwnerRewardPercentageCall {})
            .await?;
        Ok(Self {
            base_fee: chain.head().await?.base_fee,
            reward: reward.saturating_to(),
            min_reward_fee,
            solution_fee: solution_fee.saturating_to(),
            treasury_reward: treasury_reward.saturating_to(),
            owner_reward: owner_reward.saturating_to(),
        })
    }
}

/// What solving a task would bring now, wei of AIUS.
fn pay(fee: U256, network: Network, model: Model) -> U256 {
    // What the model's owner and the treasury share of the model fee is nothing of ours.
    let share = splits::fee(fee.saturating_to(), model.fee, 0, network.solution_fee).solver;
    let reward = if fee < network.min_reward_fee {
        0
    } else {
        let total = fixed::mul(network.reward, model.rate).unwrap_or(u128::MAX);
        splits::reward(total, network.treasury_reward, network.owner_reward).solver
    };
    U256::from(share).saturating_add(U256::from(reward))
}

fn weigh(pay: U256, base_fee: u128, margin: Margin) -> Option<String> {
    let worth = pay.saturating_mul(margin.aius_price) / ONE;
    let cost = U256::from(GAS).saturating_mul(U256::from(base_fee));
    let hundred = U256::from(100);
    let wanted = cost.saturating_mul(hundred.saturating_add(U256::from(margin.percent))) / hundred;
    (worth < wanted).then(|| {
        format!(
            "it would bring {} AIUS, worth {} ether, and its gas costs {} ether at present, \
             which with a margin of {} % is {}",
            format_ether(pay),
            format_ether(worth),
            format_ether(cost),
            margin.percent,
            format_ether(wanted)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::AIUS;

    fn network() -> Network {
        Network {
            base_fee: 10_000_000,
            reward: AIUS,
            min_reward_fee: U256::from(AIUS / 10),
            solution_fee: AIUS / 10,
            treasury_reward: AIUS / 10,
            owner_reward: 0,
        }
    }

    #[test]
    fn pays_the_solvers_share_of_fee_and_reward() {
        let model = Model {
            fee: AIUS / 2,
            rate: 2 * AIUS,
        };
        // Nine tenths of half an AIUS, and of two.
        let expected = U256::from(AIUS / 100 * 225);
        assert_eq!(pay(U256::from(AIUS), network(), model), expected);
        assert_eq!(
            pay(U256::from(AIUS / 20), network(), model),
            U256::ZERO,
            "all of it is the model's, and a task that cheap earns no reward"
        );
    }

    #[test]
    fn a_task_that_brings_less_than_its_gas_and_the_margin_is_not_worth_it() {
        // 190,000 gas at 0.01 gwei are 1.9e12 wei.
        let margin = Margin {
            aius_price: ONE / U256::from(1_000_000),
            percent: 50,
        };
        let enough = U256::from(AIUS * 285 / 100);
        assert_eq!(weigh(enough, 10_000_000, margin), None);
        let reason = weigh(enough - U256::from(AIUS / 100), 10_000_000, margin).unwrap();
        assert!(reason.contains("margin of 50 %"), "{reason}");
        assert!(weigh(enough, 100_000_000, margin).is_some(), "gas rose");
    }
}
