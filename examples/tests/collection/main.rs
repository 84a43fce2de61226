//! The collection of pictures on a devnet: the contract in Rust, as WASM, and the one in
//! Solidity, held to the same behaviour. A test says what holds; `both!` has it hold for both.

mod erc721;
mod hostile;
mod minting;
mod outcomes;
mod pictures;
mod refunds;
mod world;
