//! Contracts and apps that use Arbius.
//!
//! | example | what it shows | run it |
//! |---|---|---|
//! | `requester/` | a Stylus contract that submits tasks for its callers | built by `cargo xtask contracts` |
//! | `examples/ask_through_contract.rs` | an app that asks through that contract, waits, fetches and verifies | `cargo run -p arbius-examples --example ask_through_contract -- "a seven"` |
