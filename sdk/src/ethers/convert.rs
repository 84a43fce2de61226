//! Values between alloy's types, which the rest of this crate takes, and ethers'.

use alloy::rpc::types::Log as AlloyLog;
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use ethers::types::{Bytes as EthersBytes, H160, H256, Log as EthersLog, U256 as EthersU256};

/// What ethers' types can be made of.
pub trait ToEthers {
    /// Its type in ethers.
    type Ethers;

    /// The same value in ethers.
    fn to_ethers(&self) -> Self::Ethers;
}

/// What alloy's types can be made of.
///
/// The bindings have `[u8; 32]` for identifiers, for which `B256::from` is the way here and
/// [`FixedBytes::0`](alloy_primitives::FixedBytes) the way back.
pub trait ToAlloy {
    /// Its type in alloy.
    type Alloy;

    /// The same value in alloy.
    fn to_alloy(&self) -> Self::Alloy;
}

impl ToEthers for Address {
    type Ethers = H160;

    fn to_ethers(&self) -> H160 {
        H160(self.into_array())
    }
}

impl ToAlloy for H160 {
    type Alloy = Address;

    fn to_alloy(&self) -> Address {
        Address::new(self.0)
    }
}

impl ToEthers for B256 {
    type Ethers = H256;

    fn to_ethers(&self) -> H256 {
        H256(self.0)
    }
}

impl ToAlloy for H256 {
    type Alloy = B256;

    fn to_alloy(&self) -> B256 {
        B256::new(self.0)
    }
}

impl ToEthers for U256 {
    type Ethers = EthersU256;

    fn to_ethers(&self) -> EthersU256 {
        EthersU256(self.into_limbs())
    }
}

impl ToAlloy for EthersU256 {
    type Alloy = U256;

    fn to_alloy(&self) -> U256 {
        U256::from_limbs(self.0)
    }
}

impl ToEthers for Bytes {
    type Ethers = EthersBytes;

    fn to_ethers(&self) -> EthersBytes {
        EthersBytes(self.0.clone())
    }
}

impl ToAlloy for EthersBytes {
    type Alloy = Bytes;

    fn to_alloy(&self) -> Bytes {
        Bytes(self.0.clone())
    }
}

/// So that [`submissions`](crate::contracts::submissions) reads what an ethers provider gave.
///
/// An index or block number that no chain can have, beyond 64 bits, becomes the largest.
impl ToAlloy for EthersLog {
    type Alloy = AlloyLog;

    fn to_alloy(&self) -> AlloyLog {
        let topics = self.topics.iter().map(ToAlloy::to_alloy).collect();
        let index = |index: &EthersU256| u64::try_from(index.to_alloy()).unwrap_or(u64::MAX);
        AlloyLog {
            inner: alloy_primitives::Log {
                address: self.address.to_alloy(),
                data: LogData::new_unchecked(topics, self.data.to_alloy()),
            },
            block_hash: self.block_hash.as_ref().map(ToAlloy::to_alloy),
            block_number: self.block_number.map(|number| number.as_u64()),
            block_timestamp: None,
            transaction_hash: self.transaction_hash.as_ref().map(ToAlloy::to_alloy),
            transaction_index: self.transaction_index.map(|index| index.as_u64()),
            log_index: self.log_index.as_ref().map(index),
            removed: self.removed.unwrap_or(false),
        }
    }
}
