//! How a template's inputs become tensors and tensors become files, as a bundle says it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`kind`] | [`Pipeline`]: which of them a bundle has |
//! | [`cog`] | a model in a container |
//! | [`description`] | what every description says of itself, and the checks they share |
//! | [`text_to_image`] | one graph from a prompt and noise to a picture |
//!
//! Each description has its counterpart of the same name in
//! [`inference::pipelines`](crate::inference::pipelines), which runs it. A new pipeline is
//! a file here, a file there, and a line in [`kind`] and in that room's `prepare`.

pub mod cog;
pub mod description;
pub mod kind;
pub mod text_to_image;

pub use cog::Cog;
pub use description::Description;
pub use kind::Pipeline;
pub use text_to_image::{
    ImageTensor, NoiseGenerator, NoiseTensor, PromptTensor, TextEncoding, TextToImage,
};
