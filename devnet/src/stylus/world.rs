//! What a running program needs of the chain around it.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::memory::Pages;

/// Something read from the state, and whether the transaction touched it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<T> {
    /// What was read.
    pub value: T,
    /// True for the first access in the transaction, which costs more (EIP-2929).
    pub is_cold: bool,
}

/// What a storage slot held before a write; the price of the write follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotWrite {
    /// Value at the start of the transaction.
    pub original: B256,
    /// Value just before this write.
    pub current: B256,
}

/// The chain's state as a program sees it at this moment.
///
/// Every access marks what it touches as warm, as in EIP-2929. The executor prices
/// accesses; an implementation charges nothing. A write is undone by the caller when
/// the frame does not succeed, and logs and transient storage likewise. The executor
/// never writes in a static frame.
pub trait World {
    /// Why the state could not be read: a fault of the node, never of the program.
    type Error;

    /// Reads a slot of `contract`.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn sload(&mut self, contract: Address, key: B256) -> Result<Access<B256>, Self::Error>;

    /// Writes a slot of `contract` and says what it held.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn sstore(
        &mut self,
        contract: Address,
        key: B256,
        value: B256,
    ) -> Result<Access<SlotWrite>, Self::Error>;

    /// Reads a transient slot of `contract` (EIP-1153).
    fn tload(&mut self, contract: Address, key: B256) -> B256;

    /// Writes a transient slot of `contract` (EIP-1153).
    fn tstore(&mut self, contract: Address, key: B256, value: B256);

    /// Emits a log with at most four topics.
    fn log(&mut self, contract: Address, topics: Vec<B256>, data: Bytes);

    /// Balance of an account in wei.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn balance(&mut self, account: Address) -> Result<Access<U256>, Self::Error>;

    /// Code of an account as it is stored: a program's compressed bytes, not its WASM.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn code(&mut self, account: Address) -> Result<Access<Bytes>, Self::Error>;

    /// Hash of an account's code; zero for an account that does not exist (EIP-1052).
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn code_hash(&mut self, account: Address) -> Result<Access<B256>, Self::Error>;

    /// Touches the target of a call and says whether the account is empty (EIP-161).
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    fn is_empty(&mut self, account: Address) -> Result<Access<bool>, Self::Error>;

    /// The transaction's count of WASM pages.
    fn pages(&mut self) -> &mut Pages;

    /// A line that a program printed through the `console` functions, which only
    /// programs activated for debugging may import.
    fn console(&mut self, contract: Address, line: &str) {
        tracing::info!(target: "stylus::console", %contract, "{line}");
    }
}
