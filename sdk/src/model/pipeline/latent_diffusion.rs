//! Text to image by latent diffusion (Rombach et al. 2022), as Stable Diffusion 1 and 2 do
//! it: a text encoder, a denoising network in a loop, a decoder.
//!
//! A graph holds its weights, so it has at most 2 GiB (a limit of protocol buffers): larger
//! networks must be exported with float16 weights. Models with two text encoders (SDXL) are
//! not described by this.

use serde::{Deserialize, Serialize};

use super::description::{Description, FileReference, Parts};
use super::schedule::{Schedule, SchedulerChoice, SchedulerKind, Spacing};
use super::setting::{Decimal, Whole};
use super::tokenizer::Tokenizer;
use crate::model::BundleError;
use crate::model::onnx::ElementType::{Float32, Int32, Int64};
use crate::model::template::OutputKind;

/// The most pixels that a side of a picture may have.
pub const MAX_SIDE: u32 = 4096;

/// The most numbers that a picture's latents may have.
pub const MAX_LATENTS: usize = 1 << 24;

/// Text to image by latent diffusion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentDiffusion {
    /// How prompts become tokens.
    pub tokenizer: Tokenizer,
    /// The template's variable with the prompt.
    pub prompt: String,
    /// The template's variable with what the picture should not be; without one the empty
    /// text stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<String>,
    /// The graph from tokens to states.
    pub text_encoder: TextEncoder,
    /// The graph that predicts noise.
    pub unet: Unet,
    /// The graph from latents to a picture.
    pub vae: VaeDecoder,
    /// Width of the picture in pixels.
    pub width: Whole,
    /// Height of the picture in pixels.
    pub height: Whole,
    /// Steps of denoising.
    pub steps: Whole,
    /// Scale of classifier-free guidance; at 1 or below the network runs once a step.
    pub guidance: Decimal,
    /// What the network was trained with.
    pub schedule: Schedule,
    /// Who walks down the schedule.
    pub scheduler: SchedulerChoice,
    /// Where the first latents come from.
    pub noise: NormalNoise,
    /// The template's output that the picture is written to.
    pub filename: String,
}

/// The graph from tokens to states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextEncoder {
    /// The bundle's file.
    pub graph: String,
    /// Its input: whole numbers, `[1, length]`.
    pub tokens: String,
    /// Its output: float32, `[1, length, width]`.
    pub states: String,
    /// Tokens that it takes, such as 77. Longer prompts are cut, the end token stays.
    pub length: usize,
    /// The token that fills up shorter prompts.
    pub padding: u32,
}

/// The graph that predicts noise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unet {
    /// The bundle's file.
    pub graph: String,
    /// Its input with the latents: float32, `[1, channels, height / factor, width / factor]`.
    pub sample: String,
    /// Its input with the step: one number.
    pub timestep: String,
    /// Its input with the text encoder's states.
    pub states: String,
    /// Its output, in the shape of the latents.
    pub output: String,
    /// Channels of the latents, such as 4.
    pub channels: usize,
}

/// The graph from latents to a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaeDecoder {
    /// The bundle's file.
    pub graph: String,
    /// Its input with the latents, divided by `scaling_factor`.
    pub latent: String,
    /// Its output: float32 from −1 to 1, `[1, 3, height, width]`.
    pub image: String,
    /// How many pixels of the picture a latent stands for, in each direction, such as 8.
    pub factor: u32,
    /// What latents were multiplied with in training, such as 0.18215.
    pub scaling_factor: f64,
}

/// Normal noise from the task's seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormalNoise {
    /// How it is drawn.
    pub generator: NormalGenerator,
    /// Which of the generator's streams is used.
    pub stream: u32,
}

/// How normal variates are drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NormalGenerator {
    /// The inverse of the normal distribution by algorithm AS 241 (Wichura 1988, PPND16) of
    /// 52-bit uniform variates from a ChaCha20 keystream, rounded to float32.
    #[serde(rename = "chacha20_as241")]
    ChaCha20As241,
}

impl Description for LatentDiffusion {
    fn files(&self) -> Vec<FileReference<'_>> {
        let mut files = self.tokenizer.references();
        files.push(FileReference::graph(
            "text_encoder.graph",
            &self.text_encoder.graph,
        ));
        files.push(FileReference::graph("unet.graph", &self.unet.graph));
        files.push(FileReference::graph("vae.graph", &self.vae.graph));
        files
    }

    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        parts.text("prompt", &self.prompt)?;
        if let Some(negative) = &self.negative_prompt {
            parts.text("negative_prompt", negative)?;
        }
        let padding = Some(self.text_encoder.padding);
        self.tokenizer.check(&[("text_encoder.padding", padding)])?;
        let schedulers = self.scheduler.check(parts, "scheduler")?;
        self.schedule.check("schedule")?;
        self.check_text_encoder(parts)?;
        self.check_unet(parts, &schedulers)?;
        self.check_vae(parts)?;
        self.width.check(parts, "width", 1, MAX_SIDE)?;
        self.height.check(parts, "height", 1, MAX_SIDE)?;
        self.steps
            .check(parts, "steps", 1, self.schedule.training_steps)?;
        self.guidance.check(parts, "guidance", 0.0, 100.0)?;
        parts.only_output("filename", &self.filename, OutputKind::Image)
    }
}

impl LatentDiffusion {
    fn check_text_encoder(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let TextEncoder {
            graph,
            tokens,
            states,
            length,
            ..
        } = &self.text_encoder;
        if !(2..=4096).contains(length) {
            return Parts::wrong("text_encoder.length", "2 to 4096 are allowed");
        }
        parts
            .graph_input("text_encoder.tokens", graph, tokens, &[Int32, Int64])?
            .accepts("text_encoder.length", &[1, *length])?;
        parts
            .graph_output("text_encoder.states", graph, states, &[Float32])?
            .accepts("text_encoder.states", &[1, *length, 0])?;
        parts.every_input_fed("text_encoder.graph", graph, &[tokens])
    }

    fn check_unet(
        &self,
        parts: &Parts<'_>,
        schedulers: &[SchedulerKind],
    ) -> Result<(), BundleError> {
        let unet = &self.unet;
        if !(1..=64).contains(&unet.channels) {
            return Parts::wrong("unet.channels", "1 to 64 are allowed");
        }
        let latents = [1, unet.channels, 0, 0];
        parts
            .graph_input("unet.sample", &unet.graph, &unet.sample, &[Float32])?
            .accepts("unet.sample", &latents)?;
        // Euler takes steps between the whole ones with this spacing.
        let fractions = schedulers.contains(&SchedulerKind::Euler)
            && self.schedule.spacing == Spacing::Linspace;
        let numbers: &[_] = match fractions {
            true => &[Float32],
            false => &[Float32, Int32, Int64],
        };
        parts.graph_input("unet.timestep", &unet.graph, &unet.timestep, numbers)?;
        parts
            .graph_input("unet.states", &unet.graph, &unet.states, &[Float32])?
            .accepts("unet.states", &[1, self.text_encoder.length, 0])?;
        parts
            .graph_output("unet.output", &unet.graph, &unet.output, &[Float32])?
            .accepts("unet.output", &latents)?;
        let fed = [&*unet.sample, &unet.timestep, &unet.states];
        parts.every_input_fed("unet.graph", &unet.graph, &fed)
    }

    fn check_vae(&self, parts: &Parts<'_>) -> Result<(), BundleError> {
        let vae = &self.vae;
        if !(1..=64).contains(&vae.factor) {
            return Parts::wrong("vae.factor", "1 to 64 are allowed");
        }
        if !vae.scaling_factor.is_normal() {
            return Parts::wrong("vae.scaling_factor", "a number other than 0 is needed");
        }
        parts
            .graph_input("vae.latent", &vae.graph, &vae.latent, &[Float32])?
            .accepts("vae.latent", &[1, self.unet.channels, 0, 0])?;
        parts
            .graph_output("vae.image", &vae.graph, &vae.image, &[Float32])?
            .accepts("vae.image", &[1, 3, 0, 0])?;
        parts.every_input_fed("vae.graph", &vae.graph, &[&vae.latent])
    }
}
