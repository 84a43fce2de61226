//! A service that asks a model for whoever sends it a prompt over HTTP.
//!
//! Its operator pays: one account submits every request as a task with a fee of its own. The
//! client gets an id at once, follows what becomes of the request as Server-Sent Events, and
//! reads the result's files, every byte of them checked against the chain.
//!
//! - [`Service`]: starts and stops it;
//! - [`Settings`], [`Limits`]: what it asks for, pays and puts up with;
//! - [`Request`], [`Step`]: one request and what became of it so far;
//! - [`Id`]: what a client asks for its request by;
//! - `api`: the HTTP interface, documented in the book;
//! - `store`, `journal`: everything is written down before it is answered or sent, so that a
//!   service that is killed goes on where it stood, and pays for nothing twice;
//! - `desk`: the requests that are open, and who watches them;
//! - `funds`: what the account has to pay with;
//! - `submitter`, `follower`, `collector`, `cleaner`: what is done with them; `refunds`: what comes
//!   back of their fees.

mod api;
mod cleaner;
mod collector;
mod desk;
mod error;
mod follower;
mod funds;
mod id;
mod journal;
mod refunds;
mod request;
mod service;
mod settings;
mod store;
mod submitter;

pub use error::{ServiceError, StoreError};
pub use id::Id;
pub use request::{OutputFile, Request, Step, TimedStep};
pub use service::Service;
pub use settings::{Limits, Settings};
