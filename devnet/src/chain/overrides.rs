//! What a call may assume instead of what is on the chain.

use alloy_rpc_types_eth::{
    BlockOverrides,
    state::{EvmOverrides, StateOverride},
};

use super::{CallError, TransactionError, simulate::View};

impl View {
    /// Applies overrides of the block and of the state.
    pub(super) fn with(mut self, overrides: &EvmOverrides) -> Result<Self, CallError> {
        if let Some(block) = &overrides.block {
            self = self.in_block(block)?;
        }
        if let Some(state) = &overrides.state {
            self = self.overridden(state)?;
        }
        Ok(self)
    }

    /// Puts the call in another block. As on Arbitrum `number` is the number that ArbSys
    /// gives, while NUMBER answers L1's, which cannot be overridden.
    pub(super) fn in_block(mut self, overrides: &BlockOverrides) -> Result<Self, CallError> {
        if overrides.block_hash.is_some()
            || overrides.beacon_root.is_some()
            || overrides.random.is_some()
        {
            return Err(TransactionError::Incomplete(
                "blockHash, beaconRoot and prevRandao cannot be overridden: they are fixed on \
                 Arbitrum"
                    .into(),
            )
            .into());
        }
        if let Some(number) = overrides.number {
            self.block.l2_number = number.saturating_to();
        }
        if let Some(time) = overrides.time {
            self.block.timestamp = time;
        }
        if let Some(limit) = overrides.gas_limit {
            self.block.terms.gas_limit = limit;
        }
        if let Some(beneficiary) = overrides.coinbase {
            self.block.terms.beneficiary = beneficiary;
        }
        if let Some(fee) = overrides.base_fee {
            self.block.terms.base_fee = fee.saturating_to();
        }
        Ok(self)
    }

    /// Replaces balances, nonces, code and storage.
    pub(super) fn overridden(mut self, overrides: &StateOverride) -> Result<Self, CallError> {
        for (address, change) in overrides {
            if change.state.is_some() && change.state_diff.is_some() {
                return Err(CallError::Transaction(TransactionError::Incomplete(
                    format!("the override of {address} has both state and stateDiff"),
                )));
            }
            if let Some(balance) = change.balance {
                self.state.set_balance(*address, balance);
            }
            if let Some(nonce) = change.nonce {
                self.state.set_nonce(*address, nonce);
            }
            if let Some(code) = &change.code {
                self.state.set_code(*address, code.clone());
            }
            if let Some(slots) = &change.state {
                let slots = slots
                    .iter()
                    .map(|(slot, value)| ((*slot).into(), (*value).into()));
                self.state.replace_storage(*address, slots);
            }
            for (slot, value) in change.state_diff.iter().flatten() {
                self.state
                    .set_storage(*address, (*slot).into(), (*value).into());
            }
        }
        Ok(self)
    }
}
