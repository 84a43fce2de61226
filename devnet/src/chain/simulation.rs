//! Blocks that are not made but could be: `eth_simulateV1`.

use std::sync::Arc;

use alloy_primitives::U256;
use alloy_rpc_types_eth::simulate::{MAX_SIMULATE_BLOCKS, SimBlock, SimulatePayload};

use super::{Block, CallError, Transaction, draft::Draft, handle::typed, simulate::View};
use crate::evm::params;

/// Calls in one simulation.
const MAX_CALLS: usize = 1_000;
/// Gas that all calls of a simulation may use together.
const MAX_GAS: u64 = 10 * params::MAX_TX_GAS;

/// Why nothing was simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// A call that could not be sent, or overrides that contradict each other.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Blocks go upwards.
    #[error("block numbers must be in order: {given} does not follow {previous}")]
    BlockOrder {
        /// Number asked for.
        given: U256,
        /// Number of the block before.
        previous: u64,
    },
    /// Time goes upwards too.
    #[error("block timestamps must be in order: {given} does not follow {previous}")]
    TimeOrder {
        /// Unix time asked for, in seconds.
        given: u64,
        /// Time of the block before.
        previous: u64,
    },
    /// Too many blocks, those between the given ones included.
    #[error("too many blocks: at most {MAX_SIMULATE_BLOCKS}, those that are left out included")]
    TooManyBlocks,
    /// Too many calls.
    #[error("too many calls: at most {MAX_CALLS} in all blocks together")]
    TooManyCalls,
    /// Nothing to do.
    #[error("empty input: name at least one block in blockStateCalls")]
    Empty,
    /// What is not offered.
    #[error("{option} is not available: {instead} instead")]
    Unavailable {
        /// What was asked for.
        option: &'static str,
        /// What can be done in its place.
        instead: &'static str,
    },
}

/// Blocks in the making that nobody will see but who asked.
#[derive(Debug)]
struct Simulation {
    view: View,
    last: Arc<Block>,
    blocks: Vec<Arc<Block>>,
    gas_left: u64,
}

impl View {
    /// Executes calls in blocks that follow `parent`, each on what the ones before left.
    /// The blocks' transactions are not signed.
    pub(super) fn simulate(
        self,
        parent: Arc<Block>,
        payload: &SimulatePayload,
    ) -> Result<Vec<Arc<Block>>, SimulationError> {
        if payload.trace_transfers {
            return Err(SimulationError::Unavailable {
                option: "traceTransfers",
                instead: "trace the calls with debug_traceCall and its callTracer",
            });
        }
        if payload.validation {
            return Err(SimulationError::Unavailable {
                option: "validation",
                instead: "send the transactions between evm_snapshot and evm_revert",
            });
        }
        let asked = &payload.block_state_calls;
        if asked.is_empty() {
            return Err(SimulationError::Empty);
        }
        if asked.iter().map(|block| block.calls.len()).sum::<usize>() > MAX_CALLS {
            return Err(SimulationError::TooManyCalls);
        }
        let mut simulation = Simulation {
            view: self,
            last: parent,
            blocks: Vec::new(),
            gas_left: MAX_GAS,
        };
        for block in asked {
            simulation.fill_gap(block)?;
            simulation.add(block)?;
        }
        Ok(simulation.blocks)
    }
}

impl Simulation {
    /// Makes the blocks that lie between the last one and one whose number is given.
    fn fill_gap(&mut self, block: &SimBlock) -> Result<(), SimulationError> {
        let previous = self.last.header.number;
        let Some(given) = block.block_number_override() else {
            return Ok(());
        };
        if given <= U256::from(previous) {
            return Err(SimulationError::BlockOrder { given, previous });
        }
        while U256::from(self.last.header.number) + U256::ONE < given {
            self.add(&SimBlock::default())?;
        }
        Ok(())
    }

    fn add(&mut self, asked: &SimBlock) -> Result<(), SimulationError> {
        if self.blocks.len() as u64 >= MAX_SIMULATE_BLOCKS {
            return Err(SimulationError::TooManyBlocks);
        }
        let parent = &self.last;
        let mut view = self.view.clone();
        view.block.l2_number = parent.header.number + 1;
        view.block.timestamp = parent.header.timestamp.saturating_add(1);
        if let Some(overrides) = &asked.block_overrides {
            view = view.in_block(overrides)?;
        }
        if view.block.timestamp <= parent.header.timestamp {
            return Err(SimulationError::TimeOrder {
                given: view.block.timestamp,
                previous: parent.header.timestamp,
            });
        }
        if let Some(state) = &asked.state_overrides {
            view = view.overridden(state)?;
        }

        let mut draft = Draft::of_view(&view, parent.hash);
        for call in &asked.calls {
            let mut request = call.clone();
            let from = *request.from.get_or_insert_default();
            request.nonce.get_or_insert(draft.state.nonce(from));
            request.chain_id.get_or_insert(view.chain_id);
            let gas = request.gas.unwrap_or(params::MAX_TX_GAS);
            request.gas = Some(gas.min(self.gas_left));
            view.state = draft.state.clone();
            let message = view.message(&request)?;
            let unsigned = typed(request, view.block.terms.base_fee).map_err(CallError::from)?;
            let transaction = Transaction::impersonate(from, unsigned).map_err(CallError::from)?;
            let used = draft
                .simulate(transaction, message)
                .map_err(CallError::from)?;
            self.gas_left = self.gas_left.saturating_sub(used);
        }
        let (block, state) = draft.finish();
        view.state = state;
        view.block.hashes.push_back(block.hash);
        self.view = view;
        self.last = Arc::new(block);
        self.blocks.push(self.last.clone());
        Ok(())
    }
}
