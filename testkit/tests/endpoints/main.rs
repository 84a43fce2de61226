//! Chains behind several endpoints, of which some die, lag, limit or lie.

mod agreement;
mod client;
mod events;
mod failover;
mod many;
mod miner;
mod reorganisations;
mod subscription;
mod world;
