//! What goes into a program's call and what comes out of it.

use alloy_primitives::{Address, B256, Bytes, U256};

/// One call of a program.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Account whose storage, balance and logs the program acts on. In a delegate
    /// call that is the account that made it, not the one that holds the code.
    pub contract: Address,
    /// `msg.sender`.
    pub caller: Address,
    /// `msg.value` in wei. A delegate call keeps its parent's.
    pub value: U256,
    /// Input of the call.
    pub calldata: Bytes,
    /// Whether state must not change (inside a static call at any depth).
    pub is_static: bool,
    /// Whether `contract` has another open call further up, not counting delegate calls.
    pub reentrant: bool,
    /// Whether the program is in the chain's cache or ran earlier in this block.
    pub cached: bool,
    /// Gas given to the call, from which the start of the program is paid too.
    pub gas: u64,
}

/// What all programs of a transaction see alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Chain id.
    pub chain_id: u64,
    /// Base fee of the block in wei.
    pub base_fee: U256,
    /// Beneficiary of the block.
    pub coinbase: Address,
    /// Gas limit of the block.
    pub block_gas_limit: u64,
    /// Block number as WASM sees it: the L1 block number.
    pub l1_block_number: u64,
    /// Time of the block in Unix seconds.
    pub timestamp: u64,
    /// Gas price of the transaction in wei.
    pub gas_price: U256,
    /// Account that signed the transaction.
    pub origin: Address,
}

/// What makes a suspended machine go on.
#[derive(Clone, Debug)]
pub enum Resume {
    /// The first run.
    Start,
    /// The frame that [`Step::Call`] asked for has ended.
    Called {
        /// Whether it succeeded.
        success: bool,
        /// What it returned or reverted with.
        output: Bytes,
        /// What it left of its gas limit: all of it when it could not be entered
        /// (depth, balance), nothing when it failed without reverting.
        gas_left: u64,
        /// Refund it earned; ignored unless it succeeded.
        refund: i64,
    },
    /// The frame that [`Step::Create`] asked for has ended.
    Created {
        /// The new account, if it was made.
        address: Option<Address>,
        /// Revert data, empty otherwise.
        output: Bytes,
        /// What it left of its gas limit, as in [`Resume::Called`].
        gas_left: u64,
        /// Refund it earned; ignored unless it succeeded.
        refund: i64,
    },
}

/// Why a machine stopped running.
#[derive(Clone, Debug)]
pub enum Step {
    /// It waits for a call; continue with [`Resume::Called`].
    Call(CallRequest),
    /// It waits for a creation; continue with [`Resume::Created`].
    Create(CreateRequest),
    /// The program has ended.
    Done(Outcome),
}

/// The three ways to call a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// `CALL`
    Call,
    /// `DELEGATECALL`
    Delegate,
    /// `STATICCALL`
    Static,
}

/// A call a program wants made. All fields are those of the new frame.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// Which kind of call.
    pub kind: CallKind,
    /// Account whose code runs.
    pub code_address: Address,
    /// Account the code acts on.
    pub contract: Address,
    /// `msg.sender` of the new frame.
    pub caller: Address,
    /// `msg.value` of the new frame in wei. It is moved only by [`CallKind::Call`]; a
    /// delegate call shows its parent's value without moving it.
    pub value: U256,
    /// Input.
    pub input: Bytes,
    /// Gas limit, the stipend of a call with value included.
    pub gas_limit: u64,
    /// Whether the new frame must not change state.
    pub is_static: bool,
}

/// A contract a program wants made.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    /// Account that creates.
    pub caller: Address,
    /// Wei the new account gets.
    pub value: U256,
    /// Code that returns the code.
    pub init_code: Bytes,
    /// Salt of `CREATE2`, or none for `CREATE`.
    pub salt: Option<B256>,
    /// Gas limit.
    pub gas_limit: u64,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It returned 0.
    Success,
    /// It returned something else; the output is revert data.
    Revert,
    /// It trapped or misused a host function. The frame reverts without data and keeps
    /// what gas is left.
    Failure(Fault),
    /// It ran out of ink: the frame fails and its gas is gone.
    OutOfInk,
    /// It used more stack than [`super::StylusParams::max_stack_depth`]: the frame fails
    /// and its gas is gone.
    OutOfStack,
}

/// Why a program failed without running out of anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A WASM trap.
    #[error("the program trapped: {0}")]
    Trap(String),
    /// A pointer given to a host function does not lie within the program's memory.
    #[error(
        "a host function was given {len} bytes at {offset:#x}, outside the program's memory of {size} bytes"
    )]
    OutOfBounds {
        /// Where the access starts.
        offset: u32,
        /// How many bytes it covers.
        len: u32,
        /// Size of the memory.
        size: usize,
    },
    /// A state change inside a static call.
    #[error("{0} changes the state, which a static call may not")]
    WriteProtection(&'static str),
    /// More than four topics, or less data than topics.
    #[error(
        "a log of {topics} topics cannot be made of {len} bytes: at most 4 topics of 32 bytes each come first"
    )]
    BadTopics {
        /// Topics asked for.
        topics: u32,
        /// Bytes given.
        len: u32,
    },
    /// Less gas than the base cost of a creation.
    #[error("a creation costs {needed} gas and {left} are left")]
    CreateGas {
        /// Base cost.
        needed: u64,
        /// Gas left.
        left: u64,
    },
    /// The program could not be set up in the interpreter.
    #[error("the program could not be instantiated: {0}")]
    Instantiation(String),
}

/// What a program left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Status,
    /// Return or revert data.
    pub output: Bytes,
    /// Gas left to give back to the caller; zero unless the status keeps gas.
    pub gas_left: u64,
    /// EIP-3529 refund that the frame and its successful children earned. To be
    /// recorded only when the frame succeeded.
    pub refund: i64,
    /// Ink left when the program ended, before it was rounded down to gas and before
    /// the return data was paid for.
    pub ink_left: u64,
}
