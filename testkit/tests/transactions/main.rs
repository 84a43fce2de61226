//! The transactions of a key: order, nonces, fees, what gets stuck, and what a crash leaves.

mod answers;
mod basics;
mod fees;
mod gas;
mod restarts;
mod stuck;
mod world;
