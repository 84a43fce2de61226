//! The static check of the class `integer`: the same bytes on any hardware and runtime.
//!
//! A graph is in the class when every operator, attribute and tensor type is on the list
//! below and no value can leave its type. The second half is proved, not sampled: shapes
//! are fixed, every constant is known, and so the least and the greatest value of each
//! tensor follow from those of its inputs. Overflow, division by zero, an index out of
//! range and a narrowing cast that cuts are therefore all found before anything runs.
//!
//! Why the list is short (measured on rten 0.27 and ONNX Runtime): floats differ with
//! threads, versions and optimisation levels; int8 weights are not implemented everywhere,
//! so weights are uint8 with zero point 128; convolutions that pad by themselves are padded
//! with a wrong value by rten, so padding is a `Pad` of its own; rten computes a convolution of
//! several pictures at once wrongly, so the batch is 1; rten joins no bytes.

mod operator;

use std::collections::HashMap;

use thiserror::Error;

use super::onnx::{ElementType, Graph, Node, OnnxError, Tensor};
use operator::Operator;

/// Operators a graph of the class may use.
pub const OPERATORS: [&str; 18] = [
    "Add",
    "ArgMax",
    "Cast",
    "Concat",
    "ConvInteger",
    "Div",
    "Expand",
    "Gather",
    "MatMulInteger",
    "Max",
    "Min",
    "Mul",
    "Pad",
    "ReduceMax",
    "Reshape",
    "Slice",
    "Sub",
    "Transpose",
];

/// Versions of the ONNX operator set in which those operators mean what is checked here.
pub const OPSETS: std::ops::RangeInclusive<i64> = 13..=17;

/// The most elements that any one tensor may have: no graph of the class asks for more
/// than a gigabyte at once.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// Why a graph is not of the class `integer`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IntegerError {
    /// The file cannot be read or judged.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// A rule of the class is broken.
    #[error("{place}: {rule}")]
    Rule {
        /// The node, input or constant.
        place: String,
        /// What the class demands there.
        rule: String,
    },
}

/// What is known of a tensor before the graph runs.
#[derive(Debug, Clone)]
struct Fact {
    element: ElementType,
    shape: Vec<usize>,
    low: i64,
    high: i64,
    /// The values of a constant.
    known: Option<Vec<i64>>,
}

/// What the check found out about a graph of the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Operators in the graph.
    pub nodes: usize,
    /// Elements of all constants together.
    pub parameters: usize,
    /// Elements of the largest tensor of a run.
    pub largest: usize,
    /// Multiplications and additions of one run's convolutions and matrix products.
    pub operations: u64,
}

/// Decides whether a graph is of the class `integer`.
///
/// # Errors
/// [`IntegerError`], naming the node and the rule it breaks.
pub fn check(onnx: &[u8]) -> Result<Summary, IntegerError> {
    let graph = Graph::parse(onnx)?;
    for (domain, version) in &graph.opsets {
        if !domain.is_empty() && domain != "ai.onnx" {
            return Err(rule(
                "operator sets",
                format!("`{domain}` is not ONNX's own"),
            ));
        }
        if !OPSETS.contains(version) {
            let (first, last) = (OPSETS.start(), OPSETS.end());
            return Err(rule(
                "operator sets",
                format!("version {version} is not {first} to {last}"),
            ));
        }
    }
    if graph.opsets.is_empty() {
        return Err(rule("operator sets", "none is named"));
    }
    let mut checker = Checker {
        facts: HashMap::new(),
        operations: 0,
        largest: 0,
    };
    let mut parameters = 0;
    for tensor in &graph.constants {
        parameters += tensor.shape.iter().product::<usize>();
        checker.constant(tensor)?;
    }
    for port in &graph.inputs {
        let place = format!("input `{}`", port.name);
        let (low, high) = match port.element {
            ElementType::Uint8 => (0, 255),
            ElementType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => return Err(rule(place, "inputs are uint8 or int32")),
        };
        let shape: Option<Vec<usize>> = port.shape.iter().flatten().copied().collect();
        let shape = shape.ok_or_else(|| rule(&place, "every dimension is fixed"))?;
        let fact = Fact {
            element: port.element,
            shape,
            low,
            high,
            known: None,
        };
        checker.define(&port.name, fact, &place)?;
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        let place = match node.name.as_str() {
            "" => format!("node {index} ({})", node.operator),
            name => format!("node `{name}` ({})", node.operator),
        };
        let fact = checker.node(node, &place)?;
        let [output] = node.outputs.as_slice() else {
            return Err(rule(place, "a node has one output"));
        };
        checker.define(output, fact, &place)?;
    }
    for port in &graph.outputs {
        let place = format!("output `{}`", port.name);
        let fact = checker
            .facts
            .get(&port.name)
            .ok_or_else(|| rule(&place, "nothing makes it"))?;
        if fact.element != port.element
            || !matches!(port.element, ElementType::Uint8 | ElementType::Int32)
        {
            return Err(rule(
                place,
                "outputs are uint8 or int32, as the graph makes them",
            ));
        }
    }
    Ok(Summary {
        nodes: graph.nodes.len(),
        parameters,
        largest: checker.largest,
        operations: checker.operations,
    })
}

fn rule(place: impl Into<String>, rule: impl Into<String>) -> IntegerError {
    IntegerError::Rule {
        place: place.into(),
        rule: rule.into(),
    }
}

struct Checker {
    facts: HashMap<String, Fact>,
    operations: u64,
    largest: usize,
}

impl Checker {
    fn define(&mut self, name: &str, fact: Fact, place: &str) -> Result<(), IntegerError> {
        let count = fact
            .shape
            .iter()
            .try_fold(1usize, |count, dim| count.checked_mul(*dim));
        match count {
            Some(0) => return Err(rule(place, "no tensor is empty")),
            Some(count) if count <= MAX_ELEMENTS => self.largest = self.largest.max(count),
            _ => {
                return Err(rule(
                    place,
                    format!("a tensor has at most {MAX_ELEMENTS} elements"),
                ));
            }
        }
        let (low, high) = match fact.element {
            ElementType::Uint8 => (0, 255),
            ElementType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
            ElementType::Int64 => (i64::MIN, i64::MAX),
            _ => {
                return Err(rule(
                    place,
                    "tensors are uint8 or int32, and int64 for shapes",
                ));
            }
        };
        if fact.low < low || fact.high > high {
            return Err(rule(
                place,
                format!(
                    "values {} to {} can leave their type; bound them before",
                    fact.low, fact.high
                ),
            ));
        }
        if self.facts.insert(name.to_owned(), fact).is_some() {
            return Err(rule(place, format!("`{name}` is defined twice")));
        }
        Ok(())
    }

    fn constant(&mut self, tensor: &Tensor) -> Result<(), IntegerError> {
        let place = format!("constant `{}`", tensor.name);
        let values = tensor
            .integers
            .clone()
            .ok_or_else(|| rule(&place, "tensors are uint8 or int32, and int64 for shapes"))?;
        // `define` refuses empty tensors, so there is a least and a greatest value.
        let low = values.iter().copied().min().unwrap_or(0);
        let high = values.iter().copied().max().unwrap_or(0);
        let fact = Fact {
            element: tensor.element,
            shape: tensor.shape.clone(),
            low,
            high,
            known: Some(values),
        };
        self.define(&tensor.name, fact, &place)
    }

    fn node(&mut self, node: &Node, place: &str) -> Result<Fact, IntegerError> {
        if !(node.domain.is_empty() || node.domain == "ai.onnx")
            || !OPERATORS.contains(&node.operator.as_str())
        {
            return Err(rule(
                place,
                format!("the operators are {}", OPERATORS.join(", ")),
            ));
        }
        let mut inputs = Vec::with_capacity(node.inputs.len());
        for name in &node.inputs {
            let fact = self.facts.get(name);
            inputs
                .push(fact.ok_or_else(|| rule(place, format!("nothing defines `{name}` before")))?);
        }
        let (fact, operations) = Operator::new(node, &inputs, place).infer()?;
        self.operations = self.operations.saturating_add(operations);
        Ok(fact)
    }
}
