//! The book in `docs`, held to what it says: its commands are run, or their programs asked
//! whether they know them, its files parsed, its links followed. Its Rust is compiled and run by the doctests of this crate
//! (`src/book.rs`).
//!
//! `ARBIUS_BOOK=miners cargo test --workspace --test book -- --nocapture` runs the commands
//! of the pages alone whose path holds that text, and shows them.

mod blocks;
mod cargo;
mod commands;
mod console;
mod gas;
mod links;
mod markdown;
mod pattern;
mod reference;
mod shown;
