//! What a deployment takes on a chain, by the transactions of one that was made elsewhere.

use alloy_primitives::U256;
use arbius_protocol::interfaces::arbos::ARB_GAS_INFO;
use serde::Serialize;

use super::Record;
use crate::{
    chain::{Chain, ChainError},
    contracts::IArbGasInfo,
};

/// What a chain charges now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prices {
    /// Wei for a gas.
    pub gas: U256,
    /// Wei for a byte of a transaction that is posted to the parent chain; the chain compresses
    /// first, but programs are compressed already.
    pub l1_byte: U256,
}

impl Prices {
    /// Asks the chain.
    ///
    /// # Errors
    ///
    /// What the endpoint answers.
    pub async fn of(chain: &Chain) -> Result<Self, ChainError> {
        let prices = chain
            .read(ARB_GAS_INFO, &IArbGasInfo::getPricesInWeiCall {})
            .await?;
        Ok(Self {
            gas: U256::from(chain.head().await?.base_fee),
            l1_byte: prices.perL1CalldataByte,
        })
    }
}

/// What a deployment takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// How many transactions.
    pub transactions: usize,
    /// Their gas, without what the parent chain costs.
    pub gas: u64,
    /// Their bytes.
    pub bytes: usize,
    /// What activating the programs costs beside, wei.
    pub data_fees: U256,
    /// All of it at these prices, wei.
    pub cost: U256,
}

impl Estimate {
    /// Adds up the transactions that are done, at a chain's prices.
    #[must_use]
    pub fn of(record: &Record, prices: &Prices) -> Self {
        let mut sum = Self {
            transactions: 0,
            gas: 0,
            bytes: 0,
            data_fees: U256::ZERO,
            cost: U256::ZERO,
        };
        for transaction in &record.transactions {
            let Some(done) = &transaction.done else {
                continue;
            };
            sum.transactions += 1;
            sum.gas = sum.gas.saturating_add(done.gas_used);
            sum.bytes = sum.bytes.saturating_add(transaction.size);
            sum.data_fees = sum.data_fees.saturating_add(done.data_fee);
        }
        let gas = U256::from(sum.gas).saturating_mul(prices.gas);
        let bytes = U256::from(sum.bytes).saturating_mul(prices.l1_byte);
        sum.cost = gas.saturating_add(bytes).saturating_add(sum.data_fees);
        sum
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;
    use crate::deploy::{Done, Transaction};

    #[test]
    fn adds_gas_bytes_and_data_fees_of_what_is_done() {
        let transaction = |done| Transaction {
            purpose: String::new(),
            size: 100,
            intent: None,
            done,
        };
        let done = Done {
            hash: B256::ZERO,
            block: 1,
            gas_used: 1_000,
            gas_price: U256::from(999),
            data_fee: U256::from(7),
            created: None,
        };
        let mut record = Record::default();
        record.transactions = vec![
            transaction(Some(done.clone())),
            transaction(None),
            transaction(Some(done)),
        ];
        let prices = Prices {
            gas: U256::from(10),
            l1_byte: U256::from(3),
        };
        let estimate = Estimate::of(&record, &prices);
        assert_eq!((estimate.transactions, estimate.gas), (2, 2_000));
        assert_eq!((estimate.bytes, estimate.data_fees), (200, U256::from(14)));
        assert_eq!(estimate.cost, U256::from(20_000 + 600 + 14));
    }
}
