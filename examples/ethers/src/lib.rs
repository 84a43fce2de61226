//! Arbius for programs that are still on ethers-rs: the sdk's feature `ethers`.
//!
//! The app is `src/main.rs`, `ask_with_ethers`, which prints what `prints.txt` says;
//! `tests/life_of_a_task.rs` does by ethers whatever becomes of a task. Both bring their network along, in processes of its own
//! (`src/network.rs`), so that what is built with ethers is small. All of it is behind the feature
//! `ethers`, so that a build of the whole workspace has none of it.

#[cfg(feature = "ethers")]
pub mod network;

/// The example of the sdk's module `ethers`, which is tested here: the sdk's own tests would
/// take far more to build with ethers.
#[cfg(all(doctest, feature = "ethers"))]
#[doc = include_str!("../../../sdk/src/ethers/example.md")]
pub struct ExampleOfTheSdk;
