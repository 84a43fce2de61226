//! Text to image: a prompt and the seed's noise into one graph, its picture out.

use super::Graphs;
use super::graphs::wrong;
use super::prompt_and_noise;
use super::run::Run;
use crate::inference::png::{self, Pixels};
use crate::inference::runtime::Elements;
use crate::inference::{InferenceError, OutputFile};
use crate::model::input::Inputs;
use crate::model::pipeline::TextToImage;

impl Run for TextToImage {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let tensors = prompt_and_noise::tensors(&self.prompt, &self.noise, inputs)?;
        let image = graphs.run_for_one(&self.graph, &tensors, &self.image.tensor)?;
        let unfit = || {
            wrong(
                &self.graph,
                format!("a picture of shape {:?}", image.shape()),
            )
        };
        let (pixels, height, width) = match *image.shape() {
            [height, width] => (Pixels::Grey, height, width),
            [height, width, 3] => (Pixels::Rgb, height, width),
            _ => return Err(unfit()),
        };
        let Elements::U8(data) = image.elements() else {
            return Err(wrong(&self.graph, "a picture that is not uint8"));
        };
        let (Ok(columns), Ok(rows)) = (u32::try_from(width), u32::try_from(height)) else {
            return Err(unfit());
        };
        Ok(vec![OutputFile {
            name: self.image.filename.clone(),
            bytes: png::encode(pixels, columns, rows, data).ok_or_else(unfit)?,
        }])
    }
}
