//! What each operator of the class makes of what is known of its inputs.

use super::{Fact, IntegerError, rule};
use crate::model::onnx::{Attribute, ElementType, Node};

/// One node with what is known of its inputs.
pub(super) struct Operator<'a> {
    node: &'a Node,
    inputs: &'a [&'a Fact],
    place: &'a str,
}

impl<'a> Operator<'a> {
    pub(super) fn new(node: &'a Node, inputs: &'a [&'a Fact], place: &'a str) -> Self {
        Self {
            node,
            inputs,
            place,
        }
    }

    /// What the node makes of them, and how many multiplications it takes.
    pub(super) fn infer(&self) -> Result<(Fact, u64), IntegerError> {
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

    fn list<'f>(&self, fact: &'f Fact, what: &str) -> Result<&'f [i64], IntegerError> {
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
        if batch != 1 {
            return Err(self.broken(
                "a convolution is of one picture at a time: rten computes several wrongly",
            ));
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
