//! Pipelines: a task's values into tensors, through the model's graphs, into files.
//!
//! | file | what it holds |
//! |---|---|
//! | [`run`](mod@run) | the trait that each of them implements, and which one a bundle has |
//! | [`graphs`] | a model's graphs, loaded, with checks of what goes in and comes out |
//! | `values` | a task's values, as pipelines take them |
//! | `prompt_and_noise` | a task's prompt and its seed's noise, as a graph takes them |
//! | [`text_to_image`] | a prompt and noise to a picture, in one graph |
//! | [`text_to_text`] | a prompt and noise to a text, in one graph |
//! | [`latent_diffusion`] | a prompt to a picture: text encoder, denoising loop, decoder |
//! | [`text_generation`] | a text that goes on, token by token, with a cache |
//! | [`text_embedding`] | a text to a vector |
//! | [`image_classification`] | a picture to labels |
//! | [`file_type`] | the bytes of a file to the name of its type |
//! | [`ocr`] | a picture to the text in it |
//!
//! The descriptions that a bundle's manifest holds lie in
//! [`model::pipeline`](crate::model::pipeline), under the same names.

pub mod file_type;
pub mod graphs;
pub mod image_classification;
pub mod latent_diffusion;
pub mod ocr;
mod prompt_and_noise;
pub mod run;
pub mod text_embedding;
pub mod text_generation;
pub mod text_to_image;
pub mod text_to_text;
pub(super) mod values;

pub use graphs::Graphs;
pub use run::{Run, prepare};
