//! Text to image: a prompt and the seed's noise into one graph, its picture out.

use super::png::{self, Pixels};
use super::runtime::{Elements, Session, Tensor};
use super::{InferenceError, OutputFile, noise};
use crate::model::input::{Inputs, Value};
use crate::model::pipeline::{TextEncoding, TextToImage};

/// The most elements that a bundle may ask of any one input tensor.
pub const MAX_INPUT_ELEMENTS: usize = 1 << 24;

/// Runs the pipeline once.
///
/// # Errors
/// [`InferenceError`], naming the graph or the input that is wrong.
pub fn run(
    pipeline: &TextToImage,
    session: &mut dyn Session,
    inputs: &Inputs,
) -> Result<OutputFile, InferenceError> {
    let graph = |reason: String| InferenceError::Graph {
        graph: pipeline.graph.clone(),
        reason,
    };
    let bounded = |length: usize| match length {
        1..=MAX_INPUT_ELEMENTS => Ok(length),
        _ => Err(graph(format!(
            "a tensor of {length} elements; 1 to {MAX_INPUT_ELEMENTS} are allowed"
        ))),
    };
    let prompt = match inputs.get(&pipeline.prompt.variable) {
        Some(Value::Text(text)) => text,
        _ => {
            return Err(InferenceError::Refused {
                field: pipeline.prompt.variable.clone(),
                reason: "the pipeline needs a text there".into(),
            });
        }
    };
    let length = bounded(pipeline.prompt.length)?;
    let encoded = encode(prompt, pipeline.prompt.encoding, length);
    let mut tensors = vec![(pipeline.prompt.tensor.as_str(), Tensor::row(encoded))];
    for tensor in &pipeline.noise {
        let length = bounded(tensor.length)?;
        let drawn = noise::draw(tensor.generator, inputs.seed, tensor.stream, length);
        tensors.push((&tensor.tensor, Tensor::row(drawn)));
    }
    let outputs = session.run(&tensors, &[&pipeline.image.tensor])?;
    let [image] = outputs.as_slice() else {
        return Err(graph(format!(
            "{} outputs where one is asked",
            outputs.len()
        )));
    };
    let (pixels, height, width) = match *image.shape() {
        [height, width] => (Pixels::Grey, height, width),
        [height, width, 3] => (Pixels::Rgb, height, width),
        _ => return Err(graph(format!("a picture of shape {:?}", image.shape()))),
    };
    let Elements::U8(data) = image.elements() else {
        return Err(graph("a picture that is not uint8".into()));
    };
    let (Ok(columns), Ok(rows)) = (u32::try_from(width), u32::try_from(height)) else {
        return Err(graph(format!("a picture of shape {:?}", image.shape())));
    };
    let bytes = png::encode(pixels, columns, rows, data)
        .ok_or_else(|| graph(format!("a picture of shape {:?}", image.shape())))?;
    Ok(OutputFile {
        name: pipeline.image.filename.clone(),
        bytes,
    })
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
