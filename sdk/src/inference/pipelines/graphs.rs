//! A model's graphs, loaded, with checks of what goes in and comes out.

use std::collections::HashMap;
use std::fmt;

use crate::inference::InferenceError;
use crate::inference::runtime::{Elements, Session, Tensor};
use crate::model::Signature;
use crate::model::onnx::ElementType;

/// Every graph of a model by its file's name.
#[derive(Default)]
pub struct Graphs {
    loaded: HashMap<String, Loaded>,
}

struct Loaded {
    session: Box<dyn Session>,
    signature: Signature,
}

/// By their names.
impl fmt::Debug for Graphs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.loaded.keys()).finish()
    }
}

impl Graphs {
    /// Adds a graph.
    pub fn insert(&mut self, name: String, session: Box<dyn Session>, signature: Signature) {
        self.loaded.insert(name, Loaded { session, signature });
    }

    /// Runs a graph once and returns the outputs named, in that order.
    ///
    /// # Errors
    /// What the runtime says, and [`InferenceError::NotFinite`] if there is a number among
    /// the outputs that is none, or infinite: what would be made of it is no output.
    pub fn run(
        &mut self,
        graph: &str,
        inputs: &[(&str, Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, InferenceError> {
        let loaded = self.loaded.get_mut(graph).ok_or_else(|| missing(graph))?;
        let made = loaded.session.run(inputs, outputs)?;
        if made.len() != outputs.len() {
            return Err(wrong(
                graph,
                format!("{} outputs where {} are asked", made.len(), outputs.len()),
            ));
        }
        for (name, tensor) in outputs.iter().zip(&made) {
            if let Elements::F32(data) = tensor.elements()
                && let Some(index) = data.iter().position(|value| !value.is_finite())
            {
                return Err(InferenceError::NotFinite {
                    graph: graph.to_owned(),
                    output: (*name).to_owned(),
                    index,
                    value: data[index].to_string(),
                });
            }
        }
        Ok(made)
    }

    /// [`Graphs::run`] for one output.
    ///
    /// # Errors
    /// As [`Graphs::run`].
    pub fn run_for_one(
        &mut self,
        graph: &str,
        inputs: &[(&str, Tensor)],
        output: &str,
    ) -> Result<Tensor, InferenceError> {
        let mut made = self.run(graph, inputs, &[output])?;
        made.pop().ok_or_else(|| missing(graph))
    }

    /// A tensor of whole numbers in the type that the graph's input has.
    ///
    /// # Errors
    /// [`InferenceError::Graph`] if a number does not fit that type.
    pub fn whole_numbers(
        &self,
        graph: &str,
        input: &str,
        shape: Vec<usize>,
        numbers: &[i64],
    ) -> Result<Tensor, InferenceError> {
        let loaded = self.loaded.get(graph).ok_or_else(|| missing(graph))?;
        let element = loaded.signature.input(input).map(|port| port.element);
        let elements = match element {
            Some(ElementType::Int64) => Some(Elements::I64(numbers.to_vec())),
            Some(ElementType::Int32) => numbers
                .iter()
                .map(|number| i32::try_from(*number).ok())
                .collect::<Option<_>>()
                .map(Elements::I32),
            // Whole numbers up to 2^24 are exact.
            Some(ElementType::Float32) => numbers
                .iter()
                .map(|number| (number.unsigned_abs() <= 1 << 24).then_some(*number as f32))
                .collect::<Option<_>>()
                .map(Elements::F32),
            _ => None,
        };
        elements
            .and_then(|elements| Tensor::new(shape, elements))
            .ok_or_else(|| {
                wrong(
                    graph,
                    format!("its input `{input}` does not take the numbers that belong there"),
                )
            })
    }

    /// One number in the type that the graph's input has.
    ///
    /// # Errors
    /// [`InferenceError::Graph`] if the number does not fit that type.
    pub fn number(
        &self,
        graph: &str,
        input: &str,
        shape: Vec<usize>,
        number: f64,
    ) -> Result<Tensor, InferenceError> {
        let loaded = self.loaded.get(graph).ok_or_else(|| missing(graph))?;
        let element = loaded.signature.input(input).map(|port| port.element);
        if element != Some(ElementType::Float32) {
            // Callers give whole numbers here, or the bundle was refused.
            return self.whole_numbers(graph, input, shape, &[number as i64]);
        }
        let number = Elements::F32(vec![number as f32]);
        Tensor::new(shape, number).ok_or_else(|| wrong(graph, "a number of more than one element"))
    }

    /// The shape that the graph's file states for an input, if it does.
    pub fn input_shape(&self, graph: &str, input: &str) -> Option<&[Option<usize>]> {
        let port = self.loaded.get(graph)?.signature.input(input)?;
        port.shape.as_deref()
    }
}

fn missing(graph: &str) -> InferenceError {
    wrong(graph, "it is not loaded")
}

/// An error about a graph of the bundle.
pub(super) fn wrong(graph: &str, reason: impl Into<String>) -> InferenceError {
    InferenceError::Graph {
        graph: graph.to_owned(),
        reason: reason.into(),
    }
}

/// The floats of a graph's output, which must have that shape; `0` stands for any size.
pub(super) fn floats<'a>(
    graph: &str,
    tensor: &'a Tensor,
    shape: &[usize],
) -> Result<&'a [f32], InferenceError> {
    let found = tensor.shape();
    let fits = found.len() == shape.len()
        && found
            .iter()
            .zip(shape)
            .all(|(dim, size)| *size == 0 || dim == size);
    match tensor.elements() {
        Elements::F32(data) if fits => Ok(data),
        Elements::F32(_) => Err(wrong(
            graph,
            format!("an output of shape {found:?} where {shape:?} belongs (0: any)"),
        )),
        _ => Err(wrong(graph, "an output that is not float32")),
    }
}
