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
//! with a wrong value by rten, so padding is a `Pad` of its own; rten joins no bytes.

use std::collections::HashMap;

use thiserror::Error;

use super::onnx::{Attribute, ElementType, Graph, Node, OnnxError, Tensor};

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
        let shape: Option<Vec<usize>> = port.shape.iter().copied().collect();
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
        let operator = Operator {
            node,
            inputs: &inputs,
            place,
        };
        let (fact, operations) = operator.infer()?;
        self.operations = self.operations.saturating_add(operations);
        Ok(fact)
    }
}

/// One node with what is known of its inputs.
struct Operator<'a> {
    node: &'a Node,
    inputs: &'a [&'a Fact],
    place: &'a str,
}

impl Operator<'_> {
    fn infer(&self) -> Result<(Fact, u64), IntegerError> {
        let fact = match self.node.operator.as_str() {
            "MatMulInteger" => return self.matmul(),
            "ConvInteger" => return self.conv(),
            "Add" | "Sub" | "Mul" | "Div" | "Min" | "Max" => self.arithmetic()?,
            "Cast" => self.cast()?,
            "Concat" => self.concat()?,
            "Gather" => self.gather()?,
            "Slice" => self.slice()?,
            "Reshape" => self.reshape()?,
            "Expand" => self.expand()?,
            "Transpose" => self.transpose()?,
            "Pad" => self.pad()?,
            _ => self.reduce()?,
        };
        Ok((fact, 0))
    }

    fn broken(&self, text: impl Into<String>) -> IntegerError {
        rule(self.place, text)
    }

    fn inputs<const N: usize>(&self) -> Result<[&Fact; N], IntegerError> {
        <[&Fact; N]>::try_from(self.inputs).map_err(|_| {
            self.broken(format!(
                "it has {} inputs; the class uses {N}",
                self.inputs.len()
            ))
        })
    }

    /// The attributes, none but those named.
    fn attributes(&self, allowed: &[&str]) -> Result<(), IntegerError> {
        for (index, (name, _)) in self.node.attributes.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                return Err(self.broken(format!("attribute `{name}` is not on the list")));
            }
            // Which of two a runtime believes is its own choice.
            if self
                .node
                .attributes
                .iter()
                .take(index)
                .any(|(other, _)| other == name)
            {
                return Err(self.broken(format!("attribute `{name}` is given twice")));
            }
        }
        Ok(())
    }

    fn int(&self, name: &str, default: i64) -> Result<i64, IntegerError> {
        match self.node.attribute(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(*value),
            Some(_) => Err(self.broken(format!("attribute `{name}` is not a whole number"))),
        }
    }

    fn ints(&self, name: &str) -> Result<Option<&[i64]>, IntegerError> {
        match self.node.attribute(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(_) => Err(self.broken(format!("attribute `{name}` is not a list of numbers"))),
        }
    }

    fn axis(&self, axis: i64, rank: usize) -> Result<usize, IntegerError> {
        let absolute = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(absolute)
            .ok()
            .filter(|axis| *axis < rank)
            .ok_or_else(|| self.broken(format!("axis {axis} of a tensor with {rank} dimensions")))
    }

    fn list<'a>(&self, fact: &'a Fact, what: &str) -> Result<&'a [i64], IntegerError> {
        match (&fact.known, fact.element) {
            (Some(values), ElementType::Int64) => Ok(values),
            _ => Err(self.broken(format!("its {what} are constants of int64"))),
        }
    }

    fn same_kind(&self, from: &Fact, shape: Vec<usize>) -> Fact {
        Fact {
            element: from.element,
            shape,
            low: from.low,
            high: from.high,
            known: None,
        }
    }

    /// Activation, weight and the magnitude of one product, for the two operators that
    /// multiply uint8 by uint8 into int32.
    fn weighted(&self) -> Result<(&Fact, &Fact, i64), IntegerError> {
        let [x, weight, x_zero, weight_zero] = self.inputs()?;
        let (Some(weights), ElementType::Uint8) = (&weight.known, weight.element) else {
            return Err(self.broken("weights are constants of uint8"));
        };
        if x.element != ElementType::Uint8 {
            return Err(self.broken("activations are uint8"));
        }
        let scalar = |fact: &Fact| match (&fact.known, fact.element, fact.shape.as_slice()) {
            (Some(values), ElementType::Uint8, []) => values.first().copied(),
            _ => None,
        };
        if scalar(x_zero) != Some(0) || scalar(weight_zero) != Some(128) {
            return Err(self.broken("zero points are the uint8 scalars 0 and 128"));
        }
        let magnitude = weights.iter().map(|w| (w - 128).abs()).max().unwrap_or(0);
        Ok((x, weight, magnitude * x.high))
    }

    fn matmul(&self) -> Result<(Fact, u64), IntegerError> {
        self.attributes(&[])?;
        let (x, weight, product) = self.weighted()?;
        let (&[rows, depth], &[weight_depth, columns]) = (&x.shape[..], &weight.shape[..]) else {
            return Err(self.broken("both sides are matrices"));
        };
        if depth != weight_depth {
            return Err(self.broken(format!("{depth} columns meet {weight_depth} rows")));
        }
        let bound = product.saturating_mul(depth as i64);
        let fact = accumulator(vec![rows, columns], bound);
        Ok((fact, rows as u64 * depth as u64 * columns as u64))
    }

    fn conv(&self) -> Result<(Fact, u64), IntegerError> {
        self.attributes(&["kernel_shape", "pads", "strides", "dilations", "group"])?;
        let (x, weight, product) = self.weighted()?;
        // Given in full, because not every runtime fills in what ONNX lets one leave out.
        let full = |name: &str| {
            self.ints(name)?
                .ok_or_else(|| self.broken(format!("attribute `{name}` is given")))
        };
        if full("pads")?.iter().any(|pad| *pad != 0) {
            return Err(self.broken("convolutions have no padding of their own; use Pad before"));
        }
        for name in ["strides", "dilations"] {
            if full(name)? != [1, 1] {
                return Err(self.broken(format!("{name} are 1")));
            }
        }
        if self.int("group", 1)? != 1 {
            return Err(self.broken("there is one group"));
        }
        let (&[batch, channels, height, width], &[out, depth, kernel_h, kernel_w]) =
            (&x.shape[..], &weight.shape[..])
        else {
            return Err(self.broken("convolutions have two spatial dimensions"));
        };
        let kernel = [kernel_h as i64, kernel_w as i64];
        if self
            .ints("kernel_shape")?
            .is_some_and(|shape| shape != kernel)
        {
            return Err(self.broken("kernel_shape is that of the weights"));
        }
        if channels != depth || kernel_h > height || kernel_w > width {
            return Err(self.broken("weights do not fit the input"));
        }
        let taps = depth * kernel_h * kernel_w;
        let shape = vec![batch, out, height - kernel_h + 1, width - kernel_w + 1];
        let outputs = shape.iter().product::<usize>() as u64;
        Ok((
            accumulator(shape, product.saturating_mul(taps as i64)),
            outputs * taps as u64,
        ))
    }

    fn arithmetic(&self) -> Result<Fact, IntegerError> {
        self.attributes(&[])?;
        let [a, b] = self.inputs()?;
        if a.element != ElementType::Int32 || b.element != ElementType::Int32 {
            return Err(self.broken("arithmetic is done in int32; cast before"));
        }
        let shape = self.broadcast(&a.shape, &b.shape)?;
        let (low, high) = match self.node.operator.as_str() {
            "Add" => (a.low + b.low, a.high + b.high),
            "Sub" => (a.low - b.high, a.high - b.low),
            "Mul" => hull([
                a.low * b.low,
                a.low * b.high,
                a.high * b.low,
                a.high * b.high,
            ]),
            "Min" => (a.low.min(b.low), a.high.min(b.high)),
            "Max" => (a.low.max(b.low), a.high.max(b.high)),
            _ => {
                if b.known.is_none() || b.low < 1 {
                    return Err(self.broken("divisors are constants of at least 1"));
                }
                hull([
                    a.low / b.low,
                    a.low / b.high,
                    a.high / b.low,
                    a.high / b.high,
                ])
            }
        };
        Ok(Fact {
            element: ElementType::Int32,
            shape,
            low,
            high,
            known: None,
        })
    }

    fn broadcast(&self, a: &[usize], b: &[usize]) -> Result<Vec<usize>, IntegerError> {
        let rank = a.len().max(b.len());
        let dim = |shape: &[usize], index: usize| {
            (index + shape.len())
                .checked_sub(rank)
                .and_then(|i| shape.get(i))
                .copied()
                .unwrap_or(1)
        };
        (0..rank)
            .map(|index| match (dim(a, index), dim(b, index)) {
                (x, y) if x == y => Ok(x),
                (1, other) | (other, 1) => Ok(other),
                _ => Err(self.broken(format!("shapes {a:?} and {b:?} do not fit together"))),
            })
            .collect()
    }

    fn cast(&self) -> Result<Fact, IntegerError> {
        self.attributes(&["to"])?;
        let [x] = self.inputs()?;
        let element = ElementType::from_number(self.int("to", 0)?);
        if !matches!(element, ElementType::Uint8 | ElementType::Int32) {
            return Err(self.broken("casts go to uint8 or int32"));
        }
        Ok(Fact {
            element,
            known: None,
            ..(*x).clone()
        })
    }

    fn concat(&self) -> Result<Fact, IntegerError> {
        self.attributes(&["axis"])?;
        let Some((first, others)) = self.inputs.split_first() else {
            return Err(self.broken("it joins nothing"));
        };
        let axis = self.axis(self.int("axis", 0)?, first.shape.len())?;
        let mut joined = self.same_kind(first, first.shape.clone());
        for other in others {
            let fits = other.element == joined.element
                && joined.element == ElementType::Int32
                && other.shape.len() == joined.shape.len()
                && (0..joined.shape.len()).all(|i| i == axis || other.shape[i] == joined.shape[i]);
            if !fits {
                return Err(self.broken("it joins int32 tensors of fitting shapes"));
            }
            joined.shape[axis] = joined.shape[axis].saturating_add(other.shape[axis]);
            joined.low = joined.low.min(other.low);
            joined.high = joined.high.max(other.high);
        }
        Ok(joined)
    }

    fn gather(&self) -> Result<Fact, IntegerError> {
        self.attributes(&["axis"])?;
        let [data, indices] = self.inputs()?;
        let axis = self.axis(self.int("axis", 0)?, data.shape.len())?;
        let length = data.shape[axis];
        if indices.low < 0 || indices.high >= length as i64 {
            return Err(self.broken(format!(
                "indices {} to {} can leave its {length} entries",
                indices.low, indices.high
            )));
        }
        let mut shape = data.shape[..axis].to_vec();
        shape.extend(&indices.shape);
        shape.extend(&data.shape[axis + 1..]);
        Ok(self.same_kind(data, shape))
    }

    fn slice(&self) -> Result<Fact, IntegerError> {
        self.attributes(&[])?;
        let [x, starts, ends, axes] = self.inputs()?;
        let (starts, ends) = (self.list(starts, "starts")?, self.list(ends, "ends")?);
        let axes = self.list(axes, "axes")?;
        let mut shape = x.shape.clone();
        if starts.len() != axes.len() || ends.len() != axes.len() {
            return Err(self.broken("starts, ends and axes are equally many"));
        }
        for ((start, end), axis) in starts.iter().zip(ends).zip(axes) {
            let axis = self.axis(*axis, shape.len())?;
            let length = x.shape[axis] as i64;
            if !(0 <= *start && start < end && *end <= length) {
                return Err(self.broken(format!("{start} to {end} is no part of {length} entries")));
            }
            shape[axis] = (end - start) as usize;
        }
        Ok(self.same_kind(x, shape))
    }

    fn sizes(&self, list: &[i64]) -> Result<Vec<usize>, IntegerError> {
        list.iter()
            .map(|size| usize::try_from(*size).ok().filter(|size| *size > 0))
            .collect::<Option<_>>()
            .ok_or_else(|| self.broken("shapes are given in full, without 0 or -1"))
    }

    fn reshape(&self) -> Result<Fact, IntegerError> {
        self.attributes(&[])?;
        let [x, shape] = self.inputs()?;
        let shape = self.sizes(self.list(shape, "dimensions")?)?;
        let count = shape
            .iter()
            .try_fold(1usize, |count, dim| count.checked_mul(*dim));
        if count != Some(x.shape.iter().product()) {
            return Err(self.broken(format!("{:?} does not become {shape:?}", x.shape)));
        }
        Ok(self.same_kind(x, shape))
    }

    fn expand(&self) -> Result<Fact, IntegerError> {
        self.attributes(&[])?;
        let [x, shape] = self.inputs()?;
        let shape = self.sizes(self.list(shape, "dimensions")?)?;
        Ok(self.same_kind(x, self.broadcast(&x.shape, &shape)?))
    }

    fn transpose(&self) -> Result<Fact, IntegerError> {
        self.attributes(&["perm"])?;
        let [x] = self.inputs()?;
        let order = self
            .ints("perm")?
            .ok_or_else(|| self.broken("perm is given"))?;
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..x.shape.len() as i64) {
            return Err(self.broken(format!(
                "{order:?} is no order of {} dimensions",
                x.shape.len()
            )));
        }
        let shape = order.iter().map(|&axis| x.shape[axis as usize]).collect();
        Ok(self.same_kind(x, shape))
    }

    fn pad(&self) -> Result<Fact, IntegerError> {
        self.attributes(&["mode"])?;
        if !matches!(self.node.attribute("mode"), None | Some(Attribute::Text(_)))
            || matches!(self.node.attribute("mode"), Some(Attribute::Text(mode)) if mode != "constant")
        {
            return Err(self.broken("padding is constant"));
        }
        let [x, pads, value] = self.inputs()?;
        let pads = self.list(pads, "pads")?;
        let Some(values) = value.known.as_ref().filter(|_| value.element == x.element) else {
            return Err(self.broken("the padding value is a constant of the tensor's type"));
        };
        if pads.len() != 2 * x.shape.len() || values.len() != 1 {
            return Err(self.broken("pads are two per dimension, with one value"));
        }
        let mut padded = self.same_kind(x, x.shape.clone());
        for (index, pad) in pads.iter().enumerate() {
            let pad = usize::try_from(*pad).map_err(|_| self.broken("pads are not negative"))?;
            let dim = &mut padded.shape[index % x.shape.len()];
            *dim = dim.saturating_add(pad);
        }
        padded.low = padded.low.min(value.low);
        padded.high = padded.high.max(value.high);
        Ok(padded)
    }

    /// `ReduceMax` and `ArgMax`.
    fn reduce(&self) -> Result<Fact, IntegerError> {
        let [x] = self.inputs()?;
        if x.element != ElementType::Int32 {
            return Err(self.broken("it reduces int32"));
        }
        let keep = self.int("keepdims", 1)? == 1;
        let (axes, low, high, element) = if self.node.operator == "ArgMax" {
            self.attributes(&["axis", "keepdims", "select_last_index"])?;
            if self.int("select_last_index", 0)? != 0 {
                return Err(self.broken("among equals it takes the first"));
            }
            let axis = self.axis(self.int("axis", 0)?, x.shape.len())?;
            (vec![axis], 0, x.shape[axis] as i64 - 1, ElementType::Int64)
        } else {
            self.attributes(&["axes", "keepdims"])?;
            let axes = self
                .ints("axes")?
                .ok_or_else(|| self.broken("axes are given"))?;
            let axes: Result<Vec<_>, _> = axes
                .iter()
                .map(|axis| self.axis(*axis, x.shape.len()))
                .collect();
            (axes?, x.low, x.high, ElementType::Int32)
        };
        let shape = (0..x.shape.len())
            .filter_map(|axis| match (axes.contains(&axis), keep) {
                (false, _) => Some(x.shape[axis]),
                (true, true) => Some(1),
                (true, false) => None,
            })
            .collect();
        Ok(Fact {
            element,
            shape,
            low,
            high,
            known: None,
        })
    }
}

fn accumulator(shape: Vec<usize>, bound: i64) -> Fact {
    Fact {
        element: ElementType::Int32,
        shape,
        low: -bound,
        high: bound,
        known: None,
    }
}

fn hull(values: [i64; 4]) -> (i64, i64) {
    values
        .iter()
        .fold((i64::MAX, i64::MIN), |(low, high), value| {
            (low.min(*value), high.max(*value))
        })
}
