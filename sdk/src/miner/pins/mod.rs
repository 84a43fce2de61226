//! Keeping results and inputs with stores beyond this machine.
//!
//! The CID of a result is known before anything is uploaded, so nothing waits for an upload: a
//! job that has reached `pinned` leaves a [`Pin`] for each store in the miner's own store, in
//! the same transaction, and goes on to its commitment. One worker for each store sends, asks
//! how far it is, and reads back, at its own pace; a store that hangs holds up neither a
//! commitment nor another store, and what was not done when the miner was killed is done after
//! it.
//!
//! - [`Pin`], [`PinStage`]: one content on its way to one store;
//! - `queue`: what hands pins to the workers;
//! - `worker`: the pins of one store, with their pauses;
//! - `attempt`: one step of one pin.

mod attempt;
mod pin;
mod queue;
mod worker;

pub use pin::{Pin, PinContent, PinCounts, PinStage};
pub(super) use queue::PinQueue;
pub(super) use worker::Worker;
