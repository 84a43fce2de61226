//! Execution of one message: revm, with WASM contracts, Arbitrum's precompiles and its
//! rules for gas.

pub(crate) mod l1_price;
pub mod params;
pub mod trace;

mod context;
mod deployer;
mod frames;
mod native;
mod precompiles;
mod programs;
mod selfdestruct;
mod stylus_frame;
mod world;

use std::convert::Infallible;

use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256};
use alloy_sol_types::{Panic, Revert, SolError};
use revm::{
    Context, DatabaseCommit, Journal,
    context::{BlockEnv, CfgEnv, TxEnv, either::Either, transaction::TransactionType},
    context_interface::result::{
        EVMError, ExecutionResult, HaltReason, InvalidTransaction, OutOfGasError, Output,
    },
    handler::PrecompileProvider,
    primitives::{AddressSet, hardfork::SpecId},
    state::EvmState,
};

pub(crate) use precompiles::ARBITRUM_PRECOMPILES;

use self::{
    context::{ArbContext, ArbOs},
    frames::{ArbEvm, TransactError, Transacted},
    l1_price::DataFee,
    precompiles::ArbPrecompiles,
    trace::Tracer,
};
use crate::{
    chain::{State, TransactionError},
    stylus::{ProgramCache, RecentPrograms},
};

/// The EVM rules of ArbOS 61.
const SPEC: SpecId = SpecId::OSAKA;

/// The block that a message is executed in.
#[derive(Clone, Debug)]
pub(crate) struct BlockContext {
    /// Number on this chain.
    pub(crate) l2_number: u64,
    /// Estimate of L1's block number: what NUMBER answers.
    pub(crate) l1_number: u64,
    /// Unix time in seconds.
    pub(crate) timestamp: u64,
    /// Hashes of all blocks before it, by number.
    pub(crate) hashes: imbl::Vector<B256>,
    /// What it has in common with its neighbours.
    pub(crate) terms: BlockTerms,
}

/// What all blocks have in common until somebody changes it, which only a development
/// chain allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockTerms {
    /// Wei per gas.
    pub(crate) base_fee: u64,
    /// Gas limit that the header shows and that no block exceeds.
    pub(crate) gas_limit: u64,
    /// What COINBASE answers.
    pub(crate) beneficiary: Address,
}

impl Default for BlockTerms {
    fn default() -> Self {
        Self {
            base_fee: params::BASE_FEE,
            gas_limit: params::BLOCK_GAS_LIMIT,
            beneficiary: params::SEQUENCER,
        }
    }
}

/// How strictly a message is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A transaction: nonce and fees count.
    Transaction,
    /// A call or an estimate: no nonce, no fees, any sender.
    Simulation,
}

/// What is executed.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) from: Address,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    /// For the data and the execution together.
    pub(crate) gas_limit: u64,
    /// What is paid for the data, before anything is executed.
    pub(crate) data_fee: DataFee,
    /// Wei per gas that is charged and that GASPRICE answers.
    pub(crate) gas_price: u128,
    pub(crate) nonce: u64,
    pub(crate) access_list: AccessList,
    pub(crate) authorizations: Vec<SignedAuthorization>,
    /// Whether nobody signed it: then a contract may send it, as it may not with a key
    /// (EIP-3607).
    pub(crate) unsigned: bool,
}

impl Message {
    /// The most gas that it can use. The limit on a transaction's gas counts execution alone.
    pub(crate) fn most_gas(&self) -> u64 {
        let most = params::MAX_TX_GAS.saturating_add(self.data_fee.gas);
        self.gas_limit.min(most)
    }

    /// Gas for the execution, if its limit covers the data.
    fn execution_gas(&self) -> Option<u64> {
        self.most_gas().checked_sub(self.data_fee.gas)
    }
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It succeeded.
    Success,
    /// It reverted; the output is the revert data. The reason is set where there is more
    /// to say than the data does.
    Revert {
        /// Why, in words.
        reason: Option<String>,
    },
    /// It failed and its gas is gone.
    Halt {
        /// Why, in words.
        reason: String,
        /// Whether more gas could have helped.
        out_of_gas: bool,
    },
}

/// What an execution did.
#[derive(Clone, Debug)]
pub(crate) struct Executed {
    pub(crate) outcome: Outcome,
    /// Gas used after refunds, that of the data included.
    pub(crate) gas_used: u64,
    /// Return data, revert data, or the code of a created contract.
    pub(crate) output: Bytes,
    pub(crate) logs: Vec<Log>,
    /// The contract that a creation made.
    pub(crate) created: Option<Address>,
    /// State afterwards.
    pub(crate) state: State,
    /// Programs that the block has started so far.
    pub(crate) recent: RecentPrograms,
    /// Accounts that were loaded, in order of their addresses, if they were to be listed.
    pub(crate) touched: Vec<Touched>,
}

/// An account that an execution loaded.
#[derive(Clone, Debug)]
pub(crate) struct Touched {
    pub(crate) address: Address,
    /// Slots that were read or written, in order.
    pub(crate) slots: Vec<U256>,
    /// Whether it was made by this execution.
    pub(crate) created: bool,
}

/// What messages are executed upon.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) state: State,
    pub(crate) block: &'a BlockContext,
    pub(crate) chain_id: u64,
    pub(crate) mode: Mode,
    pub(crate) programs: ProgramCache,
    /// Programs that the block has started before.
    pub(crate) recent: RecentPrograms,
}

impl Setting<'_> {
    /// Executes a message.
    ///
    /// # Errors
    ///
    /// [`InvalidTransaction`] when the message may not be executed at all: gas below what
    /// its data or the intrinsic cost need, oversized init code, a sender with code, or a chain id of another
    /// chain.
    pub(crate) fn execute(self, message: Message) -> Result<Executed, InvalidTransaction> {
        let transacted = ArbEvm::new(self.context(message)?, ()).transact();
        Ok(executed(transacted.map_err(invalid)?, false))
    }

    /// Executes a message and lists what it touched.
    ///
    /// # Errors
    ///
    /// As [`Self::execute`].
    pub(crate) fn execute_listing(self, message: Message) -> Result<Executed, InvalidTransaction> {
        let transacted = ArbEvm::new(self.context(message)?, ()).transact();
        Ok(executed(transacted.map_err(invalid)?, true))
    }

    /// Executes a message while a tracer watches.
    ///
    /// # Errors
    ///
    /// As [`Self::execute`].
    pub(crate) fn trace(
        self,
        message: Message,
        tracer: Tracer,
    ) -> Result<(Executed, Tracer), InvalidTransaction> {
        let mut ctx = self.context(message)?;
        ctx.chain.host_calls = tracer.host_call_log();
        let (transacted, tracer) = ArbEvm::new(ctx, tracer)
            .transact_inspected()
            .map_err(invalid)?;
        let listing = tracer.needs_accesses();
        Ok((executed(transacted, listing), tracer))
    }

    fn context(mut self, mut message: Message) -> Result<ArbContext, InvalidTransaction> {
        message.gas_limit =
            message
                .execution_gas()
                .ok_or(InvalidTransaction::CallGasCostMoreThanGasLimit {
                    initial_gas: message.data_fee.gas,
                    gas_limit: message.gas_limit,
                })?;
        if self.mode == Mode::Transaction {
            self.pay_for_data(&message)?;
        }
        let arbos = ArbOs::new(
            self.block.l2_number,
            self.block.hashes.clone(),
            self.programs,
            self.recent,
            message.data_fee,
        );
        let mut ctx: ArbContext =
            Context::<BlockEnv, TxEnv, CfgEnv, State, Journal<State>, ()>::new(self.state, SPEC)
                .with_chain(arbos);
        ctx.block = block_env(self.block);
        configure(&mut ctx.cfg, self.chain_id, self.mode);
        ctx.cfg.disable_eip3607 = message.unsigned;
        ctx.tx = tx_env(self.chain_id, message);
        Ok(ctx)
    }

    /// Takes from the sender what the data costs. Who executes the message collects it.
    fn pay_for_data(&mut self, message: &Message) -> Result<(), InvalidTransaction> {
        let fee = message.data_fee.wei;
        if fee.is_zero() {
            return Ok(());
        }
        let balance = self.state.balance(message.from);
        let left =
            balance
                .checked_sub(fee)
                .ok_or_else(|| InvalidTransaction::LackOfFundForMaxFee {
                    fee: Box::new(fee),
                    balance: Box::new(balance),
                })?;
        self.state.set_balance(message.from, left);
        Ok(())
    }
}

fn invalid(error: TransactError) -> InvalidTransaction {
    match error {
        EVMError::Transaction(invalid) => invalid,
        EVMError::Header(header) => InvalidTransaction::Str(header.to_string().into()),
        EVMError::Database(never) => never_fails(never),
        EVMError::Custom(reason) => InvalidTransaction::Str(reason.into()),
        other => InvalidTransaction::Str(other.to_string().into()),
    }
}

fn touched(changes: &EvmState) -> Vec<Touched> {
    let mut touched: Vec<_> = changes
        .iter()
        .map(|(address, account)| {
            let mut slots: Vec<_> = account.storage.keys().copied().collect();
            slots.sort_unstable();
            Touched {
                address: *address,
                slots,
                created: account.is_created(),
            }
        })
        .collect();
    touched.sort_unstable_by_key(|touched| touched.address);
    touched
}

fn executed((result, changes, ctx): Transacted, listing: bool) -> Executed {
    let touched = match listing {
        true => touched(&changes),
        false => Vec::new(),
    };
    let gas_used = result.tx_gas_used().saturating_add(ctx.chain.data_fee.gas);
    let failure = ctx.chain.failure;
    let mut state = ctx.journaled_state.database;
    state.commit(changes);

    let (outcome, output, logs, created) = match result {
        ExecutionResult::Success { logs, output, .. } => {
            let created = match &output {
                Output::Create(_, address) => *address,
                Output::Call(_) => None,
            };
            (Outcome::Success, output.into_data(), logs, created)
        }
        ExecutionResult::Revert { output, .. } => {
            let reason = failure.filter(|_| output.is_empty());
            (Outcome::Revert { reason }, output, Vec::new(), None)
        }
        ExecutionResult::Halt { reason, .. } => {
            let out_of_gas = matches!(reason, HaltReason::OutOfGas(_));
            let reason = failure
                .filter(|_| matches!(reason, HaltReason::PrecompileError))
                .unwrap_or_else(|| halt_in_words(&reason));
            (
                Outcome::Halt { reason, out_of_gas },
                Bytes::new(),
                Vec::new(),
                None,
            )
        }
    };
    Executed {
        outcome,
        gas_used,
        output,
        logs,
        created,
        state,
        recent: ctx.chain.recent,
        touched,
    }
}

/// Gas that a message costs before anything runs.
///
/// # Errors
///
/// A message that no gas makes valid.
pub(crate) fn intrinsic_gas(message: &Message) -> Result<u64, TransactionError> {
    let mut env = tx_env(0, message.clone());
    env.gas_limit = u64::MAX;
    if env.kind.is_create() && env.data.len() > 2 * params::MAX_CODE_SIZE {
        return Err(TransactionError::Invalid(format!(
            "max initcode size exceeded: code size {} limit {}",
            env.data.len(),
            2 * params::MAX_CODE_SIZE
        )));
    }
    revm::handler::validation::validate_initial_tx_gas(env, SPEC, true, false, u64::MAX, None)
        .map(|gas| gas.initial_total_gas())
        .map_err(|error| TransactionError::Invalid(error.to_string()))
}

/// Addresses that run native code and that every transaction has warm.
pub(crate) fn precompiles() -> AddressSet {
    ArbPrecompiles::new(SPEC).warm_addresses().clone()
}

fn never_fails(never: Infallible) -> InvalidTransaction {
    match never {}
}

fn block_env(block: &BlockContext) -> BlockEnv {
    let mut env = BlockEnv {
        number: U256::from(block.l1_number),
        beneficiary: block.terms.beneficiary,
        timestamp: U256::from(block.timestamp),
        gas_limit: block.terms.gas_limit,
        basefee: block.terms.base_fee,
        difficulty: U256::ONE,
        // Arbitrum's PREVRANDAO is the constant 1.
        prevrandao: Some(B256::with_last_byte(1)),
        ..BlockEnv::default()
    };
    env.set_blob_excess_gas_and_price(
        0,
        revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE,
    );
    env
}

fn configure(cfg: &mut CfgEnv, chain_id: u64, mode: Mode) {
    cfg.chain_id = chain_id;
    cfg.limit_contract_code_size = Some(params::MAX_CODE_SIZE);
    // The limit on a transaction's gas is Arbitrum's, applied when the message is made.
    cfg.tx_gas_limit_cap = Some(u64::MAX);
    // Code that begins with 0xEF is judged in `frames`.
    cfg.disable_eip3541 = true;
    cfg.disable_eip7623 = true;
    // Fees were checked against the offer before; what is charged is the base fee.
    cfg.disable_base_fee = true;
    if mode == Mode::Simulation {
        cfg.disable_nonce_check = true;
        cfg.disable_fee_charge = true;
        cfg.disable_balance_check = true;
    }
}

fn tx_env(chain_id: u64, message: Message) -> TxEnv {
    // Priority fees are not paid on Arbitrum, so that the two-part price of EIP-1559 has
    // been reduced to one price here, whatever the transaction's type.
    let tx_type = if message.authorizations.is_empty() {
        TransactionType::Eip2930
    } else {
        TransactionType::Eip7702
    };
    TxEnv {
        tx_type: tx_type as u8,
        caller: message.from,
        gas_limit: message.gas_limit,
        gas_price: message.gas_price,
        kind: message.to,
        value: message.value,
        data: message.input,
        nonce: message.nonce,
        chain_id: Some(chain_id),
        access_list: message.access_list,
        gas_priority_fee: None,
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: message
            .authorizations
            .into_iter()
            .map(Either::Left)
            .collect(),
    }
}

/// What Solidity's own errors say was wrong.
pub(crate) fn revert_reason(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    Panic::abi_decode(data).ok().map(|panic| panic.to_string())
}

/// Failures as go-ethereum words them, which tools look for.
fn halt_in_words(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(OutOfGasError::MemoryLimit) => "memory limit exceeded".into(),
        HaltReason::OutOfGas(_) => "out of gas".into(),
        HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => "invalid opcode".into(),
        HaltReason::InvalidJump => "invalid jump destination".into(),
        HaltReason::StackOverflow => "stack limit reached".into(),
        HaltReason::StackUnderflow => "stack underflow".into(),
        HaltReason::CreateCollision => "contract address collision".into(),
        HaltReason::CreateContractSizeLimit => {
            format!(
                "max code size exceeded: a contract has at most {} bytes",
                params::MAX_CODE_SIZE
            )
        }
        HaltReason::CreateContractStartingWithEF => {
            "invalid code: must not begin with 0xef unless it is a Stylus program".into()
        }
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".into()
        }
        HaltReason::CallTooDeep => "max call depth exceeded".into(),
        HaltReason::OutOfFunds => "insufficient balance for transfer".into(),
        other => format!("{other:?}"),
    }
}
