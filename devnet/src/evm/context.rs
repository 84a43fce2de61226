//! What an executing transaction knows of the chain besides revm's own environments.

use alloy_primitives::{Address, B256};
use revm::{
    Context, Journal,
    context::{BlockEnv, CfgEnv, TxEnv},
};

use super::l1_price::DataFee;
use crate::{
    chain::State,
    stylus::{HostCallLog, Pages, ProgramCache, RecentPrograms, StylusParams},
};

/// revm's context over this chain's database.
pub(crate) type ArbContext = Context<BlockEnv, TxEnv, CfgEnv, State, Journal<State>, ArbOs>;

/// One contract on the call stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActiveFrame {
    /// The account whose storage is in use.
    pub(crate) address: Address,
    /// Who called it.
    pub(crate) caller: Address,
    /// Whether another contract's code acts for that account (DELEGATECALL, CALLCODE).
    pub(crate) delegated: bool,
}

/// The chain's side of an execution (the `CHAIN` of revm's context).
#[derive(Clone, Debug)]
pub(crate) struct ArbOs {
    /// Number of the L2 block that is being made. (The block environment's number is L1's.)
    pub(crate) l2_block: u64,
    /// Hashes of all L2 blocks so far, by number.
    pub(crate) l2_hashes: imbl::Vector<B256>,
    /// The chain's Stylus settings.
    pub(crate) stylus: StylusParams,
    /// Compiled programs, shared by everything that runs on this chain.
    pub(crate) programs: ProgramCache,
    /// Programs started in this block.
    pub(crate) recent: RecentPrograms,
    /// Memory pages in use in this transaction.
    pub(crate) pages: Pages,
    /// What this transaction has paid for its data.
    pub(crate) data_fee: DataFee,
    /// The call stack of this transaction, outermost first.
    pub(crate) stack: Vec<ActiveFrame>,
    /// Why the latest native frame failed, for the error message of an outermost failure.
    pub(crate) failure: Option<String>,
    /// Where programs note their host calls, if somebody traces the transaction.
    pub(crate) host_calls: Option<HostCallLog>,
}

impl ArbOs {
    /// A fresh view for a transaction in L2 block `l2_block`.
    pub(crate) fn new(
        l2_block: u64,
        l2_hashes: imbl::Vector<B256>,
        programs: ProgramCache,
        recent: RecentPrograms,
        data_fee: DataFee,
    ) -> Self {
        Self {
            l2_block,
            l2_hashes,
            stylus: StylusParams::default(),
            programs,
            recent,
            pages: Pages::default(),
            data_fee,
            stack: Vec::new(),
            failure: None,
            host_calls: None,
        }
    }

    /// Whether the contract at `address` is on the call stack more than once by its own
    /// code: what `msg_reentrant` answers.
    pub(crate) fn is_reentrant(&self, address: Address) -> bool {
        self.stack
            .iter()
            .filter(|frame| frame.address == address && !frame.delegated)
            .count()
            > 1
    }
}
