//! How a template's inputs become tensors and tensors become files, as a bundle says it.
//!
//! | file | what it holds |
//! |---|---|
//! | [`kind`] | [`Pipeline`]: which of them a bundle has |
//! | [`cog`] | a model in a container |
//! | [`description`] | what every description says of itself, and the checks they share |
//! | [`setting`] | texts that a task brings, numbers that the bundle fixes or a task sets |
//! | [`schedule`] | the noise schedule of a diffusion model |
//! | [`tokenizer`] | the tokenizer's files and special tokens |
//! | [`picture`] | how a picture becomes a tensor |
//! | [`prompt_and_noise`] | what a graph is fed that makes everything in one run |
//! | [`text_to_image`], [`text_to_text`], [`latent_diffusion`], [`text_generation`], [`text_embedding`], [`image_classification`], [`file_type`], [`ocr`] | one description each |
//!
//! Each description has its counterpart of the same name in
//! [`inference::pipelines`](crate::inference::pipelines), which runs it. A new pipeline is
//! a file here, a file there, and a line in [`kind`] and in that room's `prepare`.

pub mod cog;
pub mod description;
pub mod file_type;
pub mod image_classification;
pub mod kind;
pub mod latent_diffusion;
pub mod ocr;
pub mod picture;
pub mod prompt_and_noise;
pub mod schedule;
pub mod setting;
pub mod text_embedding;
pub mod text_generation;
pub mod text_to_image;
pub mod text_to_text;
pub mod tokenizer;

pub use cog::Cog;
pub use description::Description;
pub use file_type::FileType;
pub use image_classification::ImageClassification;
pub use kind::Pipeline;
pub use latent_diffusion::{LatentDiffusion, NormalGenerator};
pub use ocr::Ocr;
pub use prompt_and_noise::{NoiseGenerator, NoiseTensor, PromptTensor, TextEncoding};
pub use text_embedding::TextEmbedding;
pub use text_generation::TextGeneration;
pub use text_to_image::{ImageTensor, TextToImage};
pub use text_to_text::{TextTensor, TextToText};
