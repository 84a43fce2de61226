//! One program and the list of all.

/// Name of the engine's program for the hot path: submit, commit, solve, claim.
pub const ENGINE: &str = "engine";

/// Name of the engine's second program, which the first delegates the rest to.
pub const ENGINE_REST: &str = "engine-rest";

/// Name of the DAO's governor.
pub const GOVERNOR: &str = "governor";

/// Name of the ERC-1967 proxy.
pub const PROXY: &str = "proxy";

/// Name of the DAO's timelock.
pub const TIMELOCK: &str = "timelock";

/// Name of the AIUS token.
pub const TOKEN: &str = "token";

/// Name of the vesting account.
pub const VESTING: &str = "vesting";

/// A Stylus program, ready to be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its name, such as [`ENGINE`].
    pub name: &'static str,
    /// The code of the accounts that hold it, prefixes included. One: the program itself
    /// (prefix `EFF00000`). Several: its fragments in order (prefix `EFF001`); then the
    /// program is a root account (`EFF00200`, [`raw_len`](Self::raw_len), the addresses
    /// of the fragments), which only whoever deploys it can make.
    pub code: &'static [&'static [u8]],
    /// Bytes of WASM that the code decompresses to.
    pub raw_len: u32,
    /// Its JSON ABI. Both programs of the engine have the engine's.
    pub abi: &'static str,
    /// SHA-256 of the WASM, in hex.
    pub sha256: &'static str,
    /// Hash of the sources it was built from, as `cargo xtask contracts --check` computes it.
    pub source_hash: &'static str,
    /// The compiler and linker that built it.
    pub toolchain: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/all.rs"));

/// The artifact called `name`, if there is one.
#[must_use]
pub fn get(name: &str) -> Option<&'static Artifact> {
    ALL.iter().find(|artifact| artifact.name == name)
}
