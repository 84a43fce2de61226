//! Text to image by latent diffusion: text encoder, denoising loop, decoder.

use super::graphs::{Graphs, floats, wrong};
use super::run::Run;
use super::values;
use crate::inference::noise;
use crate::inference::png::{self, Pixels};
use crate::inference::runtime::{Elements, Tensor};
use crate::inference::schedulers::{Scheduler, scheduler};
use crate::inference::tokenizer::Tokenizer;
use crate::inference::{InferenceError, OutputFile};
use crate::model::Bundle;
use crate::model::input::Inputs;
use crate::model::pipeline::LatentDiffusion;
use crate::model::pipeline::latent_diffusion::{MAX_LATENTS, MAX_SIDE};
use crate::model::pipeline::schedule::{SchedulerChoice, SchedulerKind};
use crate::model::pipeline::setting::Whole;

/// Latent diffusion with its tokenizer.
#[derive(Debug)]
pub struct LatentDiffusionPipeline {
    description: LatentDiffusion,
    tokenizer: Tokenizer,
}

/// What the network is told besides the sample.
struct Guidance {
    prompt: Tensor,
    /// The states of the negative prompt and the scale.
    away_from: Option<(Tensor, f64)>,
}

impl LatentDiffusionPipeline {
    /// Reads the tokenizer.
    ///
    /// # Errors
    /// [`InferenceError::Asset`].
    pub fn new(bundle: &Bundle, description: LatentDiffusion) -> Result<Self, InferenceError> {
        let tokenizer = Tokenizer::read(bundle, &description.tokenizer)?;
        Ok(Self {
            description,
            tokenizer,
        })
    }

    /// The latents' shape of a task's picture.
    fn latent_shape(&self, inputs: &Inputs) -> Result<Vec<usize>, InferenceError> {
        let factor = self.description.vae.factor;
        let refused = |setting: &Whole, reason: String| InferenceError::Refused {
            field: match setting {
                Whole::Variable(name) => name.variable.clone(),
                Whole::Fixed(_) => self.description.prompt.clone(),
            },
            reason,
        };
        let side = |setting: &Whole| {
            let pixels = values::whole(inputs, setting, 1, MAX_SIDE)?;
            if pixels % factor == 0 {
                Ok((pixels / factor) as usize)
            } else {
                let reason = format!("{pixels}; the model takes multiples of {factor}");
                Err(refused(setting, reason))
            }
        };
        let (height, width) = (
            side(&self.description.height)?,
            side(&self.description.width)?,
        );
        let channels = self.description.unet.channels;
        if channels * height * width > MAX_LATENTS {
            return Err(refused(
                &self.description.width,
                format!("a picture of more than {MAX_LATENTS} latents"),
            ));
        }
        Ok(vec![1, channels, height, width])
    }

    fn scheduler(&self, inputs: &Inputs) -> Result<Box<dyn Scheduler>, InferenceError> {
        let schedule = &self.description.schedule;
        let steps = &self.description.steps;
        let steps = values::whole(inputs, steps, 1, schedule.training_steps)?;
        let kind = match &self.description.scheduler {
            SchedulerChoice::Fixed(kind) => *kind,
            SchedulerChoice::Variable(name) => {
                let text = values::text(inputs, &name.variable)?;
                SchedulerKind::named(text).ok_or_else(|| InferenceError::Refused {
                    field: name.variable.clone(),
                    reason: "DDIM and K_EULER are known".into(),
                })?
            }
        };
        Ok(scheduler(kind, schedule, steps))
    }

    fn states(
        &self,
        graphs: &mut Graphs,
        field: &str,
        text: &str,
    ) -> Result<Tensor, InferenceError> {
        let encoder = &self.description.text_encoder;
        let mut tokens = self.tokenizer.encode_cut(field, text, encoder.length)?;
        tokens.resize(encoder.length, encoder.padding);
        let tokens: Vec<i64> = tokens.into_iter().map(i64::from).collect();
        let shape = vec![1, encoder.length];
        let tokens = graphs.whole_numbers(&encoder.graph, &encoder.tokens, shape, &tokens)?;
        let given = [(encoder.tokens.as_str(), tokens)];
        let states = graphs.run_for_one(&encoder.graph, &given, &encoder.states)?;
        floats(&encoder.graph, &states, &[1, encoder.length, 0])?;
        Ok(states)
    }

    fn guidance(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Guidance, InferenceError> {
        let field = &self.description.prompt;
        let prompt = self.states(graphs, field, values::text(inputs, field)?)?;
        let scale = values::decimal(inputs, &self.description.guidance, 0.0, 100.0)?;
        let away_from = if scale > 1.0 {
            let (field, text) = match &self.description.negative_prompt {
                Some(field) => (field, values::text(inputs, field)?),
                None => (field, ""),
            };
            Some((self.states(graphs, field, text)?, scale))
        } else {
            None
        };
        Ok(Guidance { prompt, away_from })
    }

    /// What the network predicts for a sample at a step.
    fn predict(
        &self,
        graphs: &mut Graphs,
        shape: &[usize],
        sample: &[f32],
        timestep: f64,
        guidance: &Guidance,
    ) -> Result<Vec<f32>, InferenceError> {
        let unet = &self.description.unet;
        let timestep = {
            let rank = graphs
                .input_shape(&unet.graph, &unet.timestep)
                .map(<[_]>::len);
            let shape = if rank == Some(0) { vec![] } else { vec![1] };
            graphs.number(&unet.graph, &unet.timestep, shape, timestep)?
        };
        let mut run = |states: &Tensor| {
            let given = [
                (unet.sample.as_str(), tensor(&unet.graph, shape, sample)?),
                (unet.timestep.as_str(), timestep.clone()),
                (unet.states.as_str(), states.clone()),
            ];
            let made = graphs.run_for_one(&unet.graph, &given, &unet.output)?;
            Ok::<_, InferenceError>(floats(&unet.graph, &made, shape)?.to_vec())
        };
        let towards = run(&guidance.prompt)?;
        let Some((negative, scale)) = &guidance.away_from else {
            return Ok(towards);
        };
        let away = run(negative)?;
        let guided = away.iter().zip(&towards).map(|(away, towards)| {
            let (away, towards) = (f64::from(*away), f64::from(*towards));
            (away + scale * (towards - away)) as f32
        });
        Ok(guided.collect())
    }

    fn picture(
        &self,
        graphs: &mut Graphs,
        shape: &[usize],
        latents: &[f32],
    ) -> Result<Vec<u8>, InferenceError> {
        let vae = &self.description.vae;
        let scaled: Vec<f32> = latents
            .iter()
            .map(|latent| (f64::from(*latent) / vae.scaling_factor) as f32)
            .collect();
        let given = [(vae.latent.as_str(), tensor(&vae.graph, shape, &scaled)?)];
        let image = graphs.run_for_one(&vae.graph, &given, &vae.image)?;
        let factor = vae.factor as usize;
        let (height, width) = match shape {
            [_, _, height, width] => (height * factor, width * factor),
            _ => return Err(wrong(&vae.graph, "latents that are no picture")),
        };
        let planes = floats(&vae.graph, &image, &[1, 3, height, width])?;
        let area = height * width;
        let bytes: Vec<u8> = (0..area)
            .flat_map(|pixel| [pixel, pixel + area, pixel + 2 * area])
            .map(|place| level(planes[place]))
            .collect();
        // A side has at most `MAX_SIDE` pixels: it fits.
        png::encode(Pixels::Rgb, width as u32, height as u32, &bytes)
            .ok_or_else(|| wrong(&vae.graph, "a picture beyond the encoder's limit"))
    }
}

/// A level of colour from −1 … 1, rounded half to even.
fn level(value: f32) -> u8 {
    let share = (f64::from(value) / 2.0 + 0.5).clamp(0.0, 1.0);
    // From 0 to 255: it fits.
    (share * 255.0).round_ties_even() as u8
}

fn tensor(graph: &str, shape: &[usize], data: &[f32]) -> Result<Tensor, InferenceError> {
    Tensor::new(shape.to_vec(), Elements::F32(data.to_vec()))
        .ok_or_else(|| wrong(graph, "latents that do not fit their shape"))
}

impl Run for LatentDiffusionPipeline {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let shape = self.latent_shape(inputs)?;
        let scheduler = self.scheduler(inputs)?;
        let guidance = self.guidance(graphs, inputs)?;
        let noise = &self.description.noise;
        let count = shape.iter().product();
        let scale = scheduler.initial_scale();
        let mut sample: Vec<f32> =
            noise::normals(noise.generator, inputs.seed, noise.stream, count)
                .into_iter()
                .map(|variate| (f64::from(variate) * scale) as f32)
                .collect();
        for (step, timestep) in scheduler.timesteps().iter().enumerate() {
            let scaled = scheduler.scaled(step, &sample);
            let predicted = self.predict(graphs, &shape, &scaled, *timestep, &guidance)?;
            sample = scheduler.next(step, &sample, &predicted);
        }
        Ok(vec![OutputFile {
            name: self.description.filename.clone(),
            bytes: self.picture(graphs, &shape, &sample)?,
        }])
    }
}
