//! Calls and estimates, which change nothing.

use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Bytes, TxKind, U256};
use alloy_rpc_types_eth::TransactionRequest;

use super::{CallError, State, TransactionError};
use crate::{
    evm::{self, BlockContext, Executed, Message, Mode, Outcome, params},
    stylus::{ProgramCache, RecentPrograms},
};

/// Gas that a call may use if it does not say: what no transaction may exceed.
const CALL_GAS: u64 = params::MAX_TX_GAS;
/// The search for an estimate ends when it is this close, in thousandths.
const ESTIMATE_TOLERANCE: u64 = 15;

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
    pub(super) fn message(&self, request: &TransactionRequest) -> Result<Message, CallError> {
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
            gas_limit: request.gas.unwrap_or(most).min(most),
            gas_price: request
                .gas_price
                .or(request.max_fee_per_gas)
                .unwrap_or_default(),
            nonce: self.state.nonce(from),
            access_list: request.access_list.clone().unwrap_or_default(),
            authorizations: request.authorization_list.clone().unwrap_or_default(),
        };
        Ok(message)
    }

    fn execute(&self, message: Message) -> Result<Executed, CallError> {
        evm::execute(
            self.state.clone(),
            &self.block,
            self.chain_id,
            message,
            Mode::Simulation,
            self.programs.clone(),
            RecentPrograms::default(),
        )
        .map_err(|error| CallError::Failed(error.to_string()))
    }

    /// What the call returns.
    pub(crate) fn call(&self, request: &TransactionRequest) -> Result<Bytes, CallError> {
        let executed = self.execute(self.message(request)?)?;
        finished(executed).map(|executed| executed.output)
    }

    /// What the call touches, and the gas it uses.
    pub(crate) fn access_list(
        &self,
        request: &TransactionRequest,
    ) -> Result<(AccessList, u64), CallError> {
        let message = self.message(request)?;
        let (from, to) = (message.from, message.to.to().copied());
        let executed = finished(self.execute(message)?)?;
        // The sender, the target, the beneficiary and built-ins are warm anyway.
        let mut list = executed.accessed;
        list.0.retain(|item| {
            let warm = item.address == from
                || Some(item.address) == to
                || item.address == self.block.terms.beneficiary
                || item.address == params::ARBOS_STATE
                || evm::ARBITRUM_PRECOMPILES.contains(&item.address);
            item.address != params::ARBOS_STATE && (!warm || !item.storage_keys.is_empty())
        });
        list.0.sort_by_key(|item| item.address);
        for item in &mut list.0 {
            item.storage_keys.sort_unstable();
        }
        Ok((list, executed.gas_used))
    }

    /// A gas limit that suffices, close to the least one that does.
    ///
    /// The search is by execution: what a frame may pass on (63/64) and stipends make the
    /// need for gas differ from its use.
    pub(crate) fn estimate_gas(&self, request: &TransactionRequest) -> Result<u64, CallError> {
        let message = self.message(request)?;
        let ceiling = self.affordable(request, &message)?;
        let needed = evm::intrinsic_gas(&message)?;
        if ceiling < needed {
            return Err(CallError::GasRequired(ceiling));
        }
        let run = |gas_limit| {
            self.execute(Message {
                gas_limit,
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
                return Err(CallError::GasRequired(ceiling));
            }
            executed => finished(executed)?,
        };

        let succeeds = |gas_limit| -> Result<bool, CallError> {
            Ok(run(gas_limit)?.outcome == Outcome::Success)
        };
        let (mut low, mut high) = (first.gas_used.saturating_sub(1).max(needed - 1), ceiling);
        // Most messages need little more than they use.
        let guess = (first.gas_used.max(needed) + CALL_STIPEND).saturating_mul(64) / 63;
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
        Ok(high)
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
