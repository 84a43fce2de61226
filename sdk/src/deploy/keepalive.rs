//! Keeping programs alive: anyone may, for a data fee.

use alloy::rpc::types::TransactionRequest;
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface as _};
use arbius_protocol::interfaces::arbos::{ARB_WASM, IArbWasm::IArbWasmErrors};

use super::{
    DeployError, Done, Sender,
    health::{Activation, Health, Lifetimes},
    program,
};
use crate::{
    chain::{Call, ChainError},
    contracts::IArbWasm,
};

/// What became of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Its year begins anew.
    Renewed(Done),
    /// It had expired, or was for another version of Stylus, and is active again.
    Activated(Done),
    /// It can be renewed in this many seconds, and not before.
    TooYoung(u64),
    /// It is no program that can be renewed.
    Impossible,
}

/// What keeping a program alive would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Renewing it, for this data fee in wei.
    Renewal(U256),
    /// Activating it again.
    Activation,
    /// Waiting this many seconds.
    Patience(u64),
    /// It is no program.
    Nothing,
}

/// What keeping a program alive would take now.
///
/// # Errors
///
/// What the endpoint answers.
pub async fn need(
    sender: &impl Sender,
    health: &Health,
    lifetimes: &Lifetimes,
) -> Result<Need, ChainError> {
    match health.activation {
        Activation::Missing | Activation::NotAProgram => Ok(Need::Nothing),
        Activation::Expired { .. } | Activation::Outdated { .. } | Activation::NotActivated => {
            Ok(Need::Activation)
        }
        Activation::Active { time_left } => match lifetimes.renewable_in(time_left) {
            0 => renewal(sender, health, lifetimes).await,
            wait => Ok(Need::Patience(wait)),
        },
    }
}

/// Renews a program, or activates it again where renewing is too late. What is sent beyond
/// the data fee comes back.
///
/// # Errors
///
/// [`DeployError`]; somebody else may have been quicker, then nothing is lost.
pub async fn keep_alive(
    sender: &impl Sender,
    health: &Health,
    lifetimes: &Lifetimes,
) -> Result<Renewal, DeployError> {
    let fee = match need(sender, health, lifetimes).await? {
        Need::Nothing => return Ok(Renewal::Impossible),
        Need::Patience(wait) => return Ok(Renewal::TooYoung(wait)),
        Need::Activation => {
            let done = program::activate(sender, &health.name, health.address).await?;
            return Ok(done.map_or(Renewal::TooYoung(lifetimes.keepalive), Renewal::Activated));
        }
        Need::Renewal(fee) => fee,
    };
    let call = IArbWasm::codehashKeepaliveCall {
        codehash: health.codehash,
    };
    let call = Call::new(ARB_WASM, &call)
        .with_value(program::with_margin(fee))
        .for_purpose(format!("keeping `{}` alive", health.name));
    Ok(Renewal::Renewed(sender.perform(call).await?))
}

/// What renewing a program costs beside gas: ArbWasm says so to whoever offers nothing. A
/// program of the same code may have been renewed since it was looked at.
async fn renewal(
    sender: &impl Sender,
    health: &Health,
    lifetimes: &Lifetimes,
) -> Result<Need, ChainError> {
    let lane = sender.lane();
    let call = IArbWasm::codehashKeepaliveCall {
        codehash: health.codehash,
    };
    let request = TransactionRequest {
        from: Some(lane.address()),
        to: Some(ARB_WASM.into()),
        input: Bytes::from(call.abi_encode()).into(),
        ..Default::default()
    };
    let purpose = format!("asking what keeping `{}` alive costs", health.name);
    let latest = alloy::eips::BlockId::latest();
    let error = match lane.chain().simulate(request, &purpose, latest).await {
        Ok(_) => return Ok(Need::Renewal(U256::ZERO)),
        Err(error) => error,
    };
    let errors = error
        .revert()
        .map(|revert| IArbWasmErrors::abi_decode(&revert.data));
    match errors {
        Some(Ok(IArbWasmErrors::ProgramInsufficientValue(wanted))) => {
            Ok(Need::Renewal(wanted.want))
        }
        Some(Ok(IArbWasmErrors::ProgramKeepaliveTooSoon(young))) => Ok(Need::Patience(
            lifetimes.keepalive.saturating_sub(young.ageInSeconds),
        )),
        _ => Err(error),
    }
}
