//! Pipelines on tiny models of the real architectures, on every runtime at hand, against
//! numbers from numpy.
//!
//! `make_tiny.py` and `make_pictures.py` make the models and the numbers in `tiny/`,
//! `make_samples.py` the files and what the packages' own Python makes of them in
//! `samples/`; `.ci/full` checks that they still would. The tests of ONNX Runtime need its library, named by `ARBIUS_ONNXRUNTIME`
//! (`.ci/install-onnxruntime` fetches one and prints its path). Without it rten alone is
//! tried, unless `ARBIUS_REQUIRE` names `onnxruntime`.
#![cfg(feature = "inference")]

mod file_type;
mod image_classification;
mod latent_diffusion;
mod made;
mod noise;
mod ocr;
#[path = "../onnx_writer/mod.rs"]
mod onnx_writer;
#[path = "../parts/mod.rs"]
mod parts;
mod pictures;
mod text_embedding;
mod text_generation;
mod texts;
mod tokenizers;
