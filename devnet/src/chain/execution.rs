//! One transaction of a block.

use alloy_primitives::U256;

use super::TransactionError;
use crate::evm::{Executed, Message, Mode, Setting, params, trace::Tracer};

/// Executes a transaction and collects its fee, if its sender is to pay one.
pub(super) fn execute(
    setting: Setting<'_>,
    message: Message,
) -> Result<Executed, TransactionError> {
    let price = paid_price(&setting, &message);
    let mut executed = setting
        .execute(message)
        .map_err(|error| TransactionError::Invalid(error.to_string()))?;
    collect_fee(&mut executed, price);
    Ok(executed)
}

/// The same while a tracer watches.
pub(super) fn trace(
    setting: Setting<'_>,
    message: Message,
    tracer: Tracer,
) -> Result<(Executed, Tracer), TransactionError> {
    let price = paid_price(&setting, &message);
    let (mut executed, tracer) = setting
        .trace(message, tracer)
        .map_err(|error| TransactionError::Invalid(error.to_string()))?;
    collect_fee(&mut executed, price);
    Ok((executed, tracer))
}

/// Wei that the sender pays per gas: nothing in a simulation.
fn paid_price(setting: &Setting<'_>, message: &Message) -> u128 {
    match setting.mode {
        Mode::Transaction => message.gas_price,
        Mode::Simulation => 0,
    }
}

/// Puts the whole fee where Arbitrum's goes, so that no ether is lost.
fn collect_fee(executed: &mut Executed, price: u128) {
    if price == 0 {
        return;
    }
    let fee = U256::from(price).saturating_mul(U256::from(executed.gas_used));
    let state = &mut executed.state;
    let collected = state.balance(params::NETWORK_FEE_ACCOUNT);
    state.set_balance(params::NETWORK_FEE_ACCOUNT, collected.saturating_add(fee));
}
