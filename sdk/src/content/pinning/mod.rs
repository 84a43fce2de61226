//! Places that keep content for others to fetch: behind one trait, several at once.
//!
//! A [`PinStore`] is asked to keep everything beneath a root, and says how far it has got in
//! the four states of the IPFS Pinning Service API. All of them are strangers: a CID that one
//! names is compared with ours, a block that one gives is hashed, no answer is read beyond a
//! limit, every request has a time, and no redirect is followed, since the token would go
//! with it.
//!
//! | store | it is given | read back |
//! |---|---|---|
//! | [`FolderPins`] | blocks, put into a folder and pinned there | from the folder |
//! | [`Kubo`] | a CAR, by the node's RPC API | from the node |
//! | [`PinningService`] | a CID; it fetches the blocks itself, from a Kubo node of ours if there is one | through gateways |
//! | [`Pinata`] | a CAR, or the files of a folder by the older API | through gateways |
//!
//! - [`Replicas`]: several of them, with a [`WritePolicy`], read from the first that answers
//!   right;
//! - [`prove`], [`confirm`]: reading back what a store says that it has;
//! - [`Token`]: what opens a service, and is never shown.

mod confirm;
mod error;
mod folder;
mod kubo;
mod pin_store;
mod pinata;
mod pinning_service;
mod replicas;
mod requests;
mod token;
mod upload;

pub use confirm::{Confirmed, Standing, confirm, prove};
pub use error::PinError;
pub use folder::FolderPins;
pub use kubo::Kubo;
pub use pin_store::{PinFuture, PinState, PinStore, PinTimes, Pinned, UnknownPinState};
pub use pinata::{Pinata, PinataApi};
pub use pinning_service::PinningService;
pub use replicas::{Replicas, WritePolicy};
pub use token::{Token, TokenError};
