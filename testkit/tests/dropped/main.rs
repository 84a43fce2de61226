//! Callers that drop a future half-way, wherever it waits: nonces, books and lanes stay
//! sound, and the next call works as if nothing had happened.

mod content;
mod lanes;
mod miners;
mod requesters;
mod validators;
mod voters;
mod world;
