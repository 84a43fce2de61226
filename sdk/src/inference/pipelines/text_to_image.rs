//! Text to image: a prompt and the seed's noise into one graph, its picture out.

use super::Graphs;
use super::graphs::wrong;
use super::run::Run;
use super::values;
use crate::inference::png::{self, Pixels};
use crate::inference::runtime::{Elements, Tensor};
use crate::inference::{InferenceError, OutputFile, noise};
use crate::model::input::Inputs;
use crate::model::pipeline::{TextEncoding, TextToImage};

impl Run for TextToImage {
    fn run(&self, graphs: &mut Graphs, inputs: &Inputs) -> Result<Vec<OutputFile>, InferenceError> {
        let prompt = values::text(inputs, &self.prompt.variable)?;
        let encoded = encode(prompt, self.prompt.encoding, self.prompt.length);
        let mut tensors = vec![(self.prompt.tensor.as_str(), Tensor::row(encoded))];
        for tensor in &self.noise {
            let drawn = noise::draw(tensor.generator, inputs.seed, tensor.stream, tensor.length);
            tensors.push((&tensor.tensor, Tensor::row(drawn)));
        }
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

fn encode(text: &str, encoding: TextEncoding, length: usize) -> Vec<u8> {
    match encoding {
        TextEncoding::SpacedBytes => {
            let spaced = std::iter::once(b' ').chain(text.bytes());
            let mut bytes: Vec<u8> = spaced.take(length.saturating_sub(1)).collect();
            bytes.push(b' ');
            bytes.resize(length, 0);
            bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_between_spaces_and_is_cut_to_the_tensor() {
        let encode = |text, length| encode(text, TextEncoding::SpacedBytes, length);
        assert_eq!(encode("7", 6), b" 7 \0\0\0");
        assert_eq!(encode("seven", 7), b" seven ");
        assert_eq!(encode("seventeen", 7), b" seven ");
        assert_eq!(encode("", 4), b"  \0\0");
        assert_eq!(encode("ö", 4), b" \xc3\xb6 ");
        assert_eq!(encode("x", 1), b" ");
    }
}
