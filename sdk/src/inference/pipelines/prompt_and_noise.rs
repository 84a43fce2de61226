//! A task's prompt and its seed's noise, as a graph takes them.

use super::values;
use crate::inference::runtime::Tensor;
use crate::inference::{InferenceError, noise};
use crate::model::input::Inputs;
use crate::model::pipeline::{NoiseTensor, PromptTensor, TextEncoding};

/// The graph's inputs by name.
pub(super) fn tensors<'a>(
    prompt: &'a PromptTensor,
    noise: &'a [NoiseTensor],
    inputs: &Inputs,
) -> Result<Vec<(&'a str, Tensor)>, InferenceError> {
    let text = values::joined(inputs, &prompt.variable)?;
    let encoded = encode(&text, prompt.encoding, prompt.length);
    let mut tensors = vec![(prompt.tensor.as_str(), Tensor::row(encoded))];
    for tensor in noise {
        let drawn = noise::draw(tensor.generator, inputs.seed, tensor.stream, tensor.length);
        tensors.push((&tensor.tensor, Tensor::row(drawn)));
    }
    Ok(tensors)
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
