//! The Stylus executor: WASM programs, run as an Arbitrum chain runs them.
//!
//! It knows nothing of blocks or transactions. The chain around it decodes and
//! activates code with it, starts a [`Machine`] per call of a program, lends it the
//! state as a [`World`], and makes the calls and creations at which it suspends.
//!
//! Results and charges are those of Nitro, from whose source they were read, except that:
//!
//! - programs that mention floating-point numbers are refused, where Nitro lets some
//!   activate that can never execute them;
//! - the compression dictionary that belongs to Nitro (dictionary byte 1) is not carried;
//! - a module hash is one of the WASM, not of Nitro's proof system;
//! - the storage cache is flushed in the order of its keys.
//!
//! Programs run on wasmi, which passes from one instruction to the next by tail calls if
//! it is built with optimisation. Debug assertions undo those, and a loop in a program
//! would then overflow the native stack: a build with both must leave the assertions of
//! wasmi out, as this workspace does (`[profile.dev.package.wasmi]`).
//!
//! - [`code`]: the code prefixes, fragments and compression;
//! - [`activate()`]: checks, instrumentation and compilation into a [`Program`];
//! - [`Machine`]: one call of a program;
//! - [`metered`]: any module with meters, for checking that they change nothing;
//! - [`params`], [`memory`], [`data_fee`], [`prices`]: what things cost, and where the
//!   numbers come from.

pub mod code;
pub mod data_fee;
pub mod frame;
pub mod memory;
pub mod metered;
pub mod params;
pub mod prices;
pub mod world;

mod activate;
mod hostio;
mod instrument;
mod machine;
mod program;
mod recent;
mod trace;

pub use activate::{Activation, ActivationError, activate};
pub use code::{CodeError, CodeKind, Root, code_kind, decode_program};
pub use data_fee::DataPricer;
pub use frame::{
    CallKind, CallRequest, CreateRequest, Environment, Fault, Frame, Outcome, Resume, Status, Step,
};
pub use machine::{Machine, MachineError};
pub use memory::{MemoryModel, Pages};
pub use params::{ProgramCosts, StylusParams};
pub use program::{Program, ProgramCache};
pub use recent::RecentPrograms;
pub use trace::{HostCall, HostCallLog};
pub use world::{Access, SlotWrite, World};
