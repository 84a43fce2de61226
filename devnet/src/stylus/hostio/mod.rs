//! The host functions a program can import.
//!
//! Functions that need nothing of the chain run inside the interpreter (`inline.rs`).
//! The others suspend the program with a [`WorldCall`], which the machine carries out
//! with the [`World`](super::World) it was lent (`chain.rs`, `calls.rs`): so the
//! interpreter never holds a borrow of the chain's state, and a call into another
//! contract takes no native recursion.
//!
//! Order and amounts of charges follow Nitro's `crates/wasm-libraries/user-host-trait`.

mod calls;
mod chain;
mod hook;
mod inline;
mod link;
mod storage;

pub(super) use calls::{PendingCall, PendingCreate, finish_call, finish_create};
pub(super) use chain::{Performed, Stop, perform};
pub(super) use hook::Hook;
pub(super) use link::{host_signature, linker};

use std::fmt;

use alloy_primitives::{Address, B256, Bytes};
use wasmi::{Global, Memory};

use self::storage::StorageCache;
use super::frame::{CallKind, Environment, Fault, Frame};
use super::params::StylusParams;
use super::trace::HostCallLog;

/// What host functions know and change.
pub(super) struct Host {
    pub(super) frame: Frame,
    pub(super) environment: Environment,
    pub(super) params: StylusParams,
    /// Set once the instance exists; until then no host function can be called.
    pub(super) handles: Option<Handles>,
    /// What `write_result` was last given.
    pub(super) output: Bytes,
    /// What the last call or creation returned.
    return_data: Bytes,
    /// The account whose code was read last, and the code.
    last_code: Option<(Address, Bytes)>,
    storage: StorageCache,
    /// EIP-3529 refund so far.
    pub(super) refund: i64,
    /// What a suspended program waits for.
    pub(super) pending: Option<WorldCall>,
    /// Set while somebody traces the program.
    pub(super) tracing: Option<Tracing>,
}

/// Where host calls are noted, and what is known of the one under way.
pub(super) struct Tracing {
    pub(super) log: HostCallLog,
    /// Ink left when the host function was called.
    started: Option<u64>,
    /// Name and arguments of a call or creation that waits for its frame.
    open: Option<(&'static str, Vec<u8>)>,
}

impl Tracing {
    pub(super) fn new(log: HostCallLog) -> Self {
        Self {
            log,
            started: None,
            open: None,
        }
    }
}

impl Host {
    pub(super) fn new(frame: Frame, environment: Environment, params: StylusParams) -> Self {
        Self {
            frame,
            environment,
            params,
            handles: None,
            output: Bytes::new(),
            return_data: Bytes::new(),
            last_code: None,
            storage: StorageCache::default(),
            refund: 0,
            pending: None,
            tracing: None,
        }
    }
}

/// Exports of the instance that host functions use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Handles {
    pub(super) memory: Memory,
    pub(super) ink_left: Global,
    pub(super) ink_status: Global,
    pub(super) stack_left: Global,
}

/// Why a host function does not return to the program.
#[derive(Clone, Debug)]
pub(super) enum Interrupt {
    /// The chain is needed; see [`Host::pending`].
    Suspend,
    /// The program asked to end with this status.
    Exit(u32),
    /// A charge could not be paid.
    OutOfInk,
    /// The program did something it may not.
    Fault(Fault),
}

impl fmt::Display for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Suspend => f.write_str("suspended"),
            Self::Exit(status) => write!(f, "exit with status {status}"),
            Self::OutOfInk => f.write_str("out of ink"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl wasmi::errors::HostError for Interrupt {}

impl From<Fault> for Interrupt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A host function that needs the chain, with the arguments the program gave. Names
/// ending in `at` are addresses in its memory.
#[derive(Clone, Debug)]
pub(super) enum WorldCall {
    /// `storage_load_bytes32` of a slot that is not in the storage cache. Its base has been paid.
    StorageLoad { key: B256, dest_at: u32 },
    /// `storage_flush_cache`
    StorageFlush { clear: bool },
    /// `transient_load_bytes32`
    TransientLoad { key_at: u32, dest_at: u32 },
    /// `transient_store_bytes32`
    TransientStore { key_at: u32, value_at: u32 },
    /// `emit_log`
    EmitLog { data_at: u32, len: u32, topics: u32 },
    /// `account_balance`
    Balance { account_at: u32, dest_at: u32 },
    /// `account_code`
    Code {
        account_at: u32,
        offset: u32,
        size: u32,
        dest_at: u32,
    },
    /// `account_code_size`
    CodeSize { account_at: u32 },
    /// `account_codehash`
    CodeHash { account_at: u32, dest_at: u32 },
    /// `pay_for_memory_grow`
    PayForMemoryGrow { pages: u16 },
    /// `call_contract`, `delegate_call_contract`, `static_call_contract`
    Call(CallArgs),
    /// `create1`, `create2`
    Create(CreateArgs),
    /// `console.log_*`, with its name in a trace.
    Print { text: String, name: &'static str },
    /// `console.tee_*`
    Tee(Number),
}

/// Arguments of the three calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallArgs {
    kind: CallKind,
    contract_at: u32,
    data_at: u32,
    data_len: u32,
    /// Only [`CallKind::Call`] has one.
    value_at: Option<u32>,
    gas: u64,
    return_len_at: u32,
}

/// Arguments of the two creations.
#[derive(Clone, Copy, Debug)]
pub(super) struct CreateArgs {
    code_at: u32,
    code_len: u32,
    endowment_at: u32,
    /// Only `create2` has one.
    salt_at: Option<u32>,
    contract_at: u32,
    revert_len_at: u32,
}

/// A number a program printed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    I32(i32),
    I64(i64),
}
