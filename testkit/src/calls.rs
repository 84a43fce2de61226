//! Calls through alloy's own instances of the contracts, and what came of them.
//!
//! Three macros and two functions, since what most tests ask of a call is that it succeeds,
//! that it is refused for the right reason, or what it announced.

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::U256;
use alloy_sol_types::SolEvent;
use arbius_sdk::contracts::AIUS;

/// Sends a call, which must succeed, and is its receipt.
///
/// # Panics
///
/// If the call is refused, or is included and reverts.
#[macro_export]
macro_rules! send {
    ($call:expr) => {{
        let receipt = $call
            .send()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", stringify!($call)))
            .get_receipt()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", stringify!($call)));
        assert!(receipt.status(), "{} reverted", stringify!($call));
        receipt
    }};
}

/// What a view returns.
///
/// # Panics
///
/// If it is refused.
#[macro_export]
macro_rules! view {
    ($call:expr) => {
        $call
            .call()
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", stringify!($call)))
    };
}

/// The error of this type that a call is refused with.
///
/// # Panics
///
/// If the call succeeds, or fails otherwise.
#[macro_export]
macro_rules! refusal {
    ($error:ty, $call:expr) => {{
        let error = match $call.call().await {
            Ok(_) => panic!("{} was not refused", stringify!($call)),
            Err(error) => error,
        };
        error.as_decoded_error::<$error>().unwrap_or_else(|| {
            panic!(
                "{}: {error}, and not {}",
                stringify!($call),
                stringify!($error)
            )
        })
    }};
}

/// An amount of whole AIUS, in wei.
#[must_use]
pub fn aius(amount: u128) -> U256 {
    U256::from(amount * AIUS)
}

/// The events of one type in a receipt, in order.
#[must_use]
pub fn events<E: SolEvent>(receipt: &TransactionReceipt) -> Vec<E> {
    receipt
        .logs()
        .iter()
        .filter_map(|log| E::decode_log(&log.inner).ok())
        .map(|log| log.data)
        .collect()
}

/// The only event of a type in a receipt.
///
/// # Panics
///
/// If there is none, or more than one.
pub fn event<E: SolEvent>(receipt: &TransactionReceipt) -> E {
    let mut events = events::<E>(receipt);
    assert_eq!(events.len(), 1, "{} in the receipt", E::SIGNATURE);
    events.remove(0)
}
