//! What a pipeline does, and which one a bundle has.

use super::Graphs;
use super::file_type::FileTypePipeline;
use super::image_classification::ImageClassificationPipeline;
use super::latent_diffusion::LatentDiffusionPipeline;
use super::ocr::OcrPipeline;
use super::text_embedding::TextEmbeddingPipeline;
use super::text_generation::TextGenerationPipeline;
use crate::inference::{InferenceError, OutputFile};
use crate::model::input::Inputs;
use crate::model::{Bundle, Pipeline};

/// A pipeline that is ready: its files are read, its graphs belong to the caller. It keeps
/// nothing from one task to the next.
pub trait Run: Send + Sync {
    /// Makes the files of one task, in the order of the template.
    ///
    /// # Errors
    /// [`InferenceError`]; its [`blame`](InferenceError::blame) says whose fault it is.
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError>;
}

/// Reads what a bundle's pipeline needs besides its graphs, such as a tokenizer.
///
/// # Errors
/// [`InferenceError::Asset`] if a file of the bundle is not what the pipeline needs.
pub fn prepare(bundle: &Bundle) -> Result<Box<dyn Run>, InferenceError> {
    Ok(match bundle.manifest().pipeline.clone() {
        Pipeline::Cog(container) => {
            return Err(InferenceError::Nowhere {
                reasons: format!("it runs in the container {}, on Cog", container.image),
            });
        }
        Pipeline::TextToImage(pipeline) => Box::new(pipeline),
        Pipeline::TextToText(pipeline) => Box::new(pipeline),
        Pipeline::LatentDiffusion(pipeline) => {
            Box::new(LatentDiffusionPipeline::new(bundle, pipeline)?)
        }
        Pipeline::TextGeneration(pipeline) => {
            Box::new(TextGenerationPipeline::new(bundle, pipeline)?)
        }
        Pipeline::ImageClassification(pipeline) => {
            Box::new(ImageClassificationPipeline::new(bundle, pipeline)?)
        }
        Pipeline::FileType(pipeline) => Box::new(FileTypePipeline::new(bundle, pipeline)?),
        Pipeline::Ocr(pipeline) => Box::new(OcrPipeline::new(bundle, pipeline)?),
        Pipeline::TextEmbedding(pipeline) => {
            Box::new(TextEmbeddingPipeline::new(bundle, pipeline)?)
        }
    })
}
