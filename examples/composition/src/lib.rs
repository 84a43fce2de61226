//! A contract that lets a text model and a picture model work on one story.
//!
//! It shows what `submitTaskWithConsumer` and `notifyConsumer` of the engine are for (protocol
//! section 5): a contract that goes on by itself when a task is final. Here a text model writes
//! a line, a picture model draws it, the text model goes on from the line, and so on, until the
//! text model says that the story ends, the chapters are told, or the budget is spent.
//!
//! The contract never sees a text. What it is told of an answer is the CID of the folder with
//! the output, and that is all it needs: the next task's input names the text as
//! `CID/out-1.txt`, and "the end" has a CID that it can compare.
//!
//! | module | what it holds |
//! |---|---|
//! | `contract` | stories, and what happens to them |
//! | `input` | the tasks' inputs |
//!
//! At most one task of a story is under way at a time, and a story holds nothing but the rest
//! of its budget, which is its author's to withdraw when it ends. Tasks belong to the author, so
//! that the engine itself refunds them.

// The SDK's macros ask for features of its own tooling, and generate entry points that
// cannot carry documentation.
#![allow(missing_docs, unexpected_cfgs)]

mod contract;
mod input;

pub use contract::Composition;
