//! How a call of the engine fails: always with a custom error of its interface.

use alloc::vec::Vec;

/// The data that a failing call reverts with: the selector of a custom error.
///
/// A small hand-made type instead of an enum over all errors: what a derived encoding
/// of dozens of variants costs, every call would pay for in start-up gas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revert(Vec<u8>);

impl Revert {
    /// An error without arguments.
    #[cold]
    #[inline(never)]
    pub fn bare(selector: [u8; 4]) -> Self {
        Self(selector.to_vec())
    }

    /// What another contract reverted with, handed on as it is.
    pub fn relayed(data: Vec<u8>) -> Self {
        Self(data)
    }

    /// The selector, as events about skipped entries name it.
    pub fn selector(&self) -> [u8; 4] {
        let mut selector = [0; 4];
        let len = self.0.len().min(4);
        selector[..len].copy_from_slice(&self.0[..len]);
        selector
    }

    /// The revert data.
    pub fn into_data(self) -> Vec<u8> {
        self.0
    }
}

/// The [`Revert`] of an error of `IEngine` that has no arguments.
macro_rules! error {
    ($name:ident) => {
        $crate::revert::Revert::bare(
            <arbius_protocol::interfaces::engine::IEngine::$name as alloy_sol_types::SolError>::SELECTOR,
        )
    };
}

/// Leaves the function with [`error!`] unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $name:ident) => {
        if !$condition {
            return Err($crate::revert::error!($name));
        }
    };
}

pub(crate) use ensure;
pub(crate) use error;
