//! What the Arbius contracts build to, embedded: the code that is deployed, the JSON ABI,
//! and what each was built from. Whoever uses them needs no WASM toolchain.
//!
//! With the feature `examples` the programs of the example contracts are embedded too.
//!
//! `cargo xtask contracts` fills this folder. With `ARBIUS_ARTIFACTS` set to another
//! folder of the same form when this crate is built, it embeds that one instead.
//!
//! ```
//! let token = arbius_artifacts::get(arbius_artifacts::TOKEN).expect("the token is embedded");
//! assert!(token.code[0].starts_with(&[0xef, 0xf0]));
//! ```

mod artifact;
#[cfg(feature = "examples")]
pub mod examples;

pub use artifact::{
    ALL, Artifact, ENGINE, ENGINE_REST, GOVERNOR, PROXY, TIMELOCK, TOKEN, VESTING, get,
};
