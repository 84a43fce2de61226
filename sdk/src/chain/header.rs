//! The header of a block, as far as this crate needs it.

use alloy_primitives::{B256, Bloom, U64, U256};
use serde::Deserialize;

use super::Head;

/// What `eth_getBlockByNumber` and `newHeads` tell of a block.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    number: U64,
    pub(super) hash: B256,
    #[serde(rename = "parentHash")]
    pub(super) parent: B256,
    timestamp: U64,
    #[serde(default, rename = "baseFeePerGas")]
    base_fee: Option<U256>,
    /// Whose events are in it; absent on chains that keep none.
    #[serde(default, rename = "logsBloom")]
    pub(super) bloom: Option<Bloom>,
}

impl Header {
    /// Its number: on Arbitrum the L2 number.
    pub(super) fn number(&self) -> u64 {
        self.number.to()
    }

    /// Its time, seconds since 1970.
    pub(super) fn timestamp(&self) -> u64 {
        self.timestamp.to()
    }
}

impl From<&Header> for Head {
    fn from(header: &Header) -> Self {
        Self {
            number: header.number(),
            hash: header.hash,
            timestamp: header.timestamp(),
            base_fee: header.base_fee.unwrap_or_default().saturating_to(),
        }
    }
}
