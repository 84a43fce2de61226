//! One transaction of a block.

use alloy_primitives::U256;
use revm::context_interface::result::InvalidTransaction;

use super::TransactionError;
use crate::evm::{Executed, Message, Mode, Setting, l1_price::DataFee, params, trace::Tracer};

/// Executes a transaction and collects its fee, if its sender is to pay one.
pub(super) fn execute(
    setting: Setting<'_>,
    message: Message,
) -> Result<Executed, TransactionError> {
    let fees = Fees::of(&setting, &message);
    let mut executed = setting.execute(message).map_err(refused)?;
    fees.collect(&mut executed);
    Ok(executed)
}

/// The same while a tracer watches.
pub(super) fn trace(
    setting: Setting<'_>,
    message: Message,
    tracer: Tracer,
) -> Result<(Executed, Tracer), TransactionError> {
    let fees = Fees::of(&setting, &message);
    let (mut executed, tracer) = setting.trace(message, tracer).map_err(refused)?;
    fees.collect(&mut executed);
    Ok((executed, tracer))
}

fn refused(error: InvalidTransaction) -> TransactionError {
    match error {
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => TransactionError::IntrinsicGas {
            have: gas_limit,
            needed: initial_gas,
        },
        other => TransactionError::Invalid(other.to_string()),
    }
}

/// What a sender pays: nothing in a simulation.
#[derive(Default)]
struct Fees {
    /// Wei per gas.
    price: u128,
    /// What the data costs, which is taken before the execution.
    data: DataFee,
}

impl Fees {
    fn of(setting: &Setting<'_>, message: &Message) -> Self {
        match setting.mode {
            Mode::Transaction => Self {
                price: message.gas_price,
                data: message.data_fee,
            },
            Mode::Simulation => Self::default(),
        }
    }

    /// Puts the fees where Arbitrum's go, so that no ether is lost.
    fn collect(&self, executed: &mut Executed) {
        let gas = executed.gas_used.saturating_sub(self.data.gas);
        let execution = U256::from(self.price).saturating_mul(U256::from(gas));
        for (account, fee) in [
            (params::NETWORK_FEE_ACCOUNT, execution),
            (params::L1_PRICER_FUNDS_POOL, self.data.wei),
        ] {
            if !fee.is_zero() {
                let collected = executed.state.balance(account);
                let collected = collected.saturating_add(fee);
                executed.state.set_balance(account, collected);
            }
        }
    }
}
