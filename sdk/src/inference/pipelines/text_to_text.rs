//! Text to text: a prompt and the seed's noise into one graph, its text out.

use super::Graphs;
use super::graphs::wrong;
use super::prompt_and_noise;
use super::run::Run;
use crate::inference::runtime::Elements;
use crate::inference::{InferenceError, OutputFile};
use crate::model::input::Inputs;
use crate::model::pipeline::TextToText;

impl Run for TextToText {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let tensors = prompt_and_noise::tensors(&self.prompt, &self.noise, inputs)?;
        let text = graphs.run_for_one(&self.graph, &tensors, &self.text.tensor)?;
        let Elements::U8(data) = text.elements() else {
            return Err(wrong(&self.graph, "a text that is not uint8"));
        };
        let bytes: Vec<u8> = data.iter().copied().filter(|byte| *byte != 0).collect();
        if let Err(error) = std::str::from_utf8(&bytes) {
            let place = error.valid_up_to();
            let reason = format!("a text whose byte {place} is not UTF-8");
            return Err(wrong(&self.graph, reason));
        }
        Ok(vec![OutputFile {
            name: self.text.filename.clone(),
            bytes,
        }])
    }
}
