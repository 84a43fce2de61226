//! An endpoint that fails and lies.
//!
//! - [`Fault`]: each thing that it may do wrong, by name;
//! - [`Script`]: which request meets which fault, as it follows from a seed;
//! - [`FaultProxy`]: the listener, its switches and its counts;
//! - `rpc`: one request, its faults and its lies; `http` and `websocket` carry it.

mod fault;
mod http;
mod listener;
mod rpc;
mod script;
mod websocket;

pub use fault::Fault;
pub use listener::{FaultProxy, Leaked, hold};
pub use script::Script;
