//! JSON-RPC as a client meets it, over HTTP and WebSocket.

#[path = "../common/mod.rs"]
mod common;

mod client;

mod blocks;
mod bodies;
mod calls;
mod cheats;
mod filters;
mod fuzz;
mod hostile;
mod methods;
mod server;
mod transactions;
mod websocket;
