//! How a chain begins.

use alloy_primitives::{B256, Bytes, U256};

use super::{
    Block, State,
    block::{BlockParts, l1_block_number},
    clock::{Clock, wall_clock},
    ledger::Ledger,
};
use crate::{
    accounts::DevAccount,
    evm::{self, BlockTerms, l1_price, params},
};

/// How a chain begins, and what stays so if it is reset.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Chain id.
    pub chain_id: u64,
    /// Timestamp of the genesis block in Unix seconds, from which the clock runs on; the
    /// present if there is none.
    pub timestamp: Option<u64>,
    /// Accounts with known keys.
    pub accounts: Vec<DevAccount>,
    /// Balance of each of them in wei.
    pub balance: U256,
    /// Wei per gas.
    pub base_fee: u64,
    /// Gas limit of blocks.
    pub gas_limit: u64,
    /// Wei per unit that transactions pay for their data on L1; a unit is a sixteenth of a
    /// compressed byte.
    pub l1_price_per_unit: u64,
    /// Number of newest blocks whose states are kept, at least one. Blocks, receipts and
    /// logs are all kept.
    pub history: usize,
}

impl Default for Genesis {
    fn default() -> Self {
        Self {
            chain_id: DEFAULT_CHAIN_ID,
            timestamp: None,
            accounts: DevAccount::first(DEFAULT_ACCOUNTS),
            balance: U256::from(10_000) * U256::from(10).pow(U256::from(18)),
            base_fee: params::BASE_FEE,
            gas_limit: params::BLOCK_GAS_LIMIT,
            l1_price_per_unit: 0,
            history: DEFAULT_HISTORY,
        }
    }
}

/// Chain id that Arbitrum's own development nodes use.
const DEFAULT_CHAIN_ID: u64 = 412_346;
const DEFAULT_ACCOUNTS: usize = 10;
/// Enough for whoever looks back, little enough to run for days.
const DEFAULT_HISTORY: usize = 1_024;

impl Genesis {
    fn terms(&self) -> BlockTerms {
        BlockTerms {
            base_fee: self.base_fee,
            gas_limit: self.gas_limit,
            ..BlockTerms::default()
        }
    }

    /// A chain of the first block alone.
    pub(super) fn ledger(&self) -> Ledger {
        let mut state = self.state();
        let timestamp = self.timestamp.unwrap_or_else(wall_clock);
        let block = Block::seal(BlockParts {
            parent: B256::ZERO,
            number: 0,
            timestamp,
            l1_number: l1_block_number(timestamp),
            terms: self.terms(),
            state_root: state.root(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        });
        let clock = Clock::showing(timestamp);
        let mut ledger = Ledger::new(self.chain_id, block, state, clock, self.history);
        ledger.terms = self.terms();
        ledger
    }

    fn state(&self) -> State {
        let mut state = State::default();
        for account in &self.accounts {
            state.set_balance(account.address, self.balance);
        }
        // Built-ins have code for whoever asks (EXTCODESIZE); it is never run.
        for address in evm::ARBITRUM_PRECOMPILES
            .into_iter()
            .chain([params::STYLUS_DEPLOYER])
        {
            state.set_code(address, Bytes::from_static(&[0xfe]));
            state.set_nonce(address, 1);
        }
        state.set_code(
            params::CREATE2_FACTORY,
            Bytes::from_static(&params::CREATE2_FACTORY_CODE),
        );
        state.set_nonce(params::CREATE2_FACTORY, 1);
        // An account that only has storage would be cleared as empty.
        state.set_nonce(params::ARBOS_STATE, 1);
        l1_price::set_price_per_unit(&mut state, self.l1_price_per_unit);
        state
    }
}
