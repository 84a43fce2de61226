//! Calls and estimates, which change nothing.

use alloy_eips::eip2930::{AccessList, AccessListItem, AccessListResult};
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;
use revm::context_interface::result::InvalidTransaction;

use super::{CallError, State, TransactionError};
use crate::{
    evm::{
        self, BlockContext, Executed, Message, Mode, Outcome, Setting,
        l1_price::{self, DataFee, Unsent},
        params,
    },
    stylus::{ProgramCache, RecentPrograms},
};

/// Gas that a call may use if it does not say: what no transaction may exceed.
const CALL_GAS: u64 = params::MAX_TX_GAS;
/// The search for an estimate ends when it is this close, in thousandths.
const ESTIMATE_TOLERANCE: u64 = 15;
/// How often a call is tried until its access list no longer changes.
const MAX_ACCESS_LIST_ROUNDS: usize = 16;

/// The chain as a call sees it. Cheap to make, and independent of what happens to the
/// chain meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(super) state: State,
    pub(super) block: BlockContext,
    pub(super) chain_id: u64,
    pub(super) programs: ProgramCache,
}

impl View {
    /// Wei per unit of data on L1.
    pub(super) fn l1_price(&self) -> u64 {
        l1_price::price_per_unit(&self.state)
    }

    /// What a request asks to execute. If it names its gas, that is for its data too, as on
    /// Arbitrum; otherwise all the gas of a call is for its execution.
    pub(super) fn message(&self, request: &TransactionRequest) -> Result<Message, CallError> {
        let message = self.message_without_data(request)?;
        Ok(match request.gas {
            None => message,
            Some(_) => self.with_data(message, request, DataFee::of_call),
        })
    }

    /// A message with what its data costs, and the gas that the request then allows.
    pub(super) fn with_data(
        &self,
        message: Message,
        request: &TransactionRequest,
        fee: fn(u64, u64, &Unsent<'_>) -> DataFee,
    ) -> Message {
        let unsent = Unsent {
            message: &message,
            nonce: request.nonce,
            tip: request.max_priority_fee_per_gas.or(request.gas_price),
        };
        let data_fee = fee(self.l1_price(), self.block.terms.base_fee, &unsent);
        let most = message.gas_limit.saturating_add(data_fee.gas);
        Message {
            gas_limit: request.gas.unwrap_or(most).min(most),
            data_fee,
            ..message
        }
    }

    /// A message with as much gas as a call may use, which pays for no data.
    pub(super) fn message_without_data(
        &self,
        request: &TransactionRequest,
    ) -> Result<Message, CallError> {
        let from = request.from.unwrap_or_default();
        if let Some(given) = request.chain_id
            && given != self.chain_id
        {
            return Err(TransactionError::WrongChain {
                given,
                expected: self.chain_id,
            }
            .into());
        }
        let value = request.value.unwrap_or_default();
        let have = self.state.balance(from);
        if value > have {
            return Err(TransactionError::InsufficientFunds {
                address: from,
                have,
                want: value,
            }
            .into());
        }
        let most = CALL_GAS.min(self.block.terms.gas_limit);
        let message = Message {
            from,
            to: request.to.unwrap_or(TxKind::Create),
            value,
            input: request.input.input().cloned().unwrap_or_default(),
            gas_limit: most,
            data_fee: DataFee::default(),
            gas_price: request
                .gas_price
                .or(request.max_fee_per_gas)
                .unwrap_or_default(),
            nonce: self.state.nonce(from),
            access_list: request.access_list.clone().unwrap_or_default(),
            authorizations: request.authorization_list.clone().unwrap_or_default(),
            unsigned: true,
        };
        Ok(message)
    }

    pub(super) fn setting(&self) -> Setting<'_> {
        Setting {
            state: self.state.clone(),
            block: &self.block,
            chain_id: self.chain_id,
            mode: Mode::Simulation,
            programs: self.programs.clone(),
            recent: RecentPrograms::default(),
        }
    }

    fn execute(&self, message: Message) -> Result<Executed, CallError> {
        self.setting().execute(message).map_err(not_executed)
    }

    /// What the call returns.
    pub(crate) fn call(&self, request: &TransactionRequest) -> Result<Bytes, CallError> {
        if request.to == Some(TxKind::Call(params::NODE_INTERFACE)) {
            return self.ask_node(request);
        }
        let executed = self.execute(self.message(request)?)?;
        finished(executed).map(|executed| executed.output)
    }

    /// What the call touches beyond what is warm anyway, and what it then uses. A call that
    /// fails has an access list too.
    pub(crate) fn access_list(
        &self,
        request: &TransactionRequest,
    ) -> Result<AccessListResult, CallError> {
        let mut message = self.message(request)?;
        // With another list the call has other gas left and may touch something else.
        for _ in 0..MAX_ACCESS_LIST_ROUNDS {
            let executed = self
                .setting()
                .execute_listing(message.clone())
                .map_err(not_executed)?;
            let list = access_list(&message, self.block.terms.beneficiary, &executed);
            if list == message.access_list {
                return Ok(AccessListResult {
                    access_list: list,
                    gas_used: U256::from(executed.gas_used),
                    error: match executed.outcome {
                        Outcome::Success => None,
                        Outcome::Revert { .. } => Some("execution reverted".into()),
                        Outcome::Halt { reason, .. } => Some(reason),
                    },
                });
            }
            message.access_list = list;
        }
        Err(CallError::Failed(format!(
            "the access list does not settle: what the call touches still depends on the list \
             after {MAX_ACCESS_LIST_ROUNDS} rounds"
        )))
    }

    /// A gas limit that suffices, close to the least one that does.
    ///
    /// The search is by execution: what a frame may pass on (63/64) and stipends make the
    /// need for gas differ from its use. What the data may cost is added to what is found.
    pub(crate) fn estimate_gas(&self, request: &TransactionRequest) -> Result<u64, CallError> {
        let message = self.message_without_data(request)?;
        let message = self.with_data(message, request, DataFee::estimate);
        let data_gas = message.data_fee.gas;
        let affordable = self.affordable(request, &message)?;
        let ceiling = affordable
            .checked_sub(data_gas)
            .ok_or(CallError::GasRequired(affordable))?;
        let needed = evm::intrinsic_gas(&message)?;
        if ceiling < needed {
            return Err(CallError::GasRequired(affordable));
        }
        let run = |gas: u64| {
            self.execute(Message {
                gas_limit: gas.saturating_add(data_gas),
                ..message.clone()
            })
        };
        let first = match run(ceiling)? {
            Executed {
                outcome: Outcome::Halt {
                    out_of_gas: true, ..
                },
                ..
            } => {
                return Err(CallError::GasRequired(affordable));
            }
            executed => finished(executed)?,
        };
        let used = first.gas_used.saturating_sub(data_gas);

        let succeeds = |gas_limit| -> Result<bool, CallError> {
            Ok(run(gas_limit)?.outcome == Outcome::Success)
        };
        // What runs no code, as a transfer, needs exactly what it uses.
        if used <= needed && succeeds(needed)? {
            return Ok(needed.saturating_add(data_gas));
        }
        let (mut low, mut high) = (used.saturating_sub(1).max(needed - 1), ceiling);
        // Most messages need little more than they use.
        let guess = (used.max(needed) + CALL_STIPEND).saturating_mul(64) / 63;
        if guess < high {
            if succeeds(guess)? {
                high = guess;
            } else {
                low = guess;
            }
        }
        while low + 1 < high && (high - low).saturating_mul(1_000) / high >= ESTIMATE_TOLERANCE {
            // Needs are nearer to the lower end than to a ceiling of millions.
            let middle = (low.midpoint(high)).min(low.saturating_mul(2));
            if succeeds(middle)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(high.saturating_add(data_gas))
    }

    /// The most gas that the request allows and the sender can pay.
    fn affordable(
        &self,
        request: &TransactionRequest,
        message: &Message,
    ) -> Result<u64, CallError> {
        let price = U256::from(message.gas_price);
        if price.is_zero() || request.from.is_none() {
            return Ok(message.gas_limit);
        }
        let funds = self
            .state
            .balance(message.from)
            .saturating_sub(message.value);
        let gas = funds / price;
        Ok(u64::try_from(gas)
            .unwrap_or(u64::MAX)
            .min(message.gas_limit))
    }
}

const CALL_STIPEND: u64 = 2_300;

/// The accounts and slots that an execution touched, but for accounts that every
/// transaction has warm: the sender, the target, precompiles, and what it creates itself.
fn access_list(message: &Message, beneficiary: Address, executed: &Executed) -> AccessList {
    let precompiles = evm::precompiles();
    let is_warm = |address: &Address| {
        *address == message.from
            || Some(address) == message.to.to()
            || *address == beneficiary
            || precompiles.contains(address)
    };
    executed
        .touched
        .iter()
        .filter(|touched| touched.address != params::ARBOS_STATE && !touched.created)
        .filter(|touched| !is_warm(&touched.address) || !touched.slots.is_empty())
        .map(|touched| AccessListItem {
            address: touched.address,
            storage_keys: touched.slots.iter().map(|slot| (*slot).into()).collect(),
        })
        .collect::<Vec<_>>()
        .into()
}

fn not_executed(error: InvalidTransaction) -> CallError {
    CallError::Failed(error.to_string())
}

fn finished(executed: Executed) -> Result<Executed, CallError> {
    match executed.outcome {
        Outcome::Success => Ok(executed),
        Outcome::Revert { reason } => Err(CallError::Reverted {
            data: executed.output,
            reason,
        }),
        Outcome::Halt { reason, .. } => Err(CallError::Failed(reason)),
    }
}
