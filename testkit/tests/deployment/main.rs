//! Deploying the protocol, and what stands when it is done.

mod broken;
mod programs;
mod resume;
mod world;
mod wrong_chain;
