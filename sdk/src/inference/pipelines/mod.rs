//! Pipelines: a task's values into tensors, through the model's graphs, into files.
//!
//! | file | what it holds |
//! |---|---|
//! | [`run`](mod@run) | the trait that each of them implements, and which one a bundle has |
//! | [`graphs`] | a model's graphs, loaded, with checks of what goes in and comes out |
//! | `values` | a task's values, as pipelines take them |
//! | [`text_to_image`] | a prompt and noise to a picture, in one graph |
//!
//! The descriptions that a bundle's manifest holds lie in
//! [`model::pipeline`](crate::model::pipeline), under the same names.

pub mod graphs;
pub mod run;
pub mod text_to_image;
mod values;

pub use graphs::Graphs;
pub use run::{Run, prepare};
