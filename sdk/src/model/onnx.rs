//! A strict reader of ONNX graphs.
//!
//! It is for deciding what a graph may do, not for running it, and so it refuses whatever
//! it does not know: a field that a runtime would honour and this reader would skip could
//! change what the graph means. Functions, subgraphs, sparse and external tensors, training
//! information and unknown fields are errors. Field numbers are those of `onnx.proto`.

use thiserror::Error;

/// Why the bytes are not a graph that can be judged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The bytes are not a protocol buffer, or end too early.
    #[error("not an ONNX file: {0}")]
    Malformed(&'static str),
    /// A part of the format that is not accepted.
    #[error("the ONNX file uses {0}, which cannot be judged; export the graph without it")]
    Unsupported(String),
    /// There is no graph in it.
    #[error("the ONNX file holds no graph")]
    Empty,
    /// A tensor's data does not fit its shape.
    #[error("ONNX tensor `{name}` has {found} bytes of data; its shape needs {expected}")]
    TensorSize {
        /// The tensor.
        name: String,
        /// Bytes there.
        found: usize,
        /// Bytes needed.
        expected: usize,
    },
}

/// Element types of tensors that the reader understands, by their number in `onnx.proto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementType {
    /// 1
    Float32,
    /// 2
    Uint8,
    /// 3
    Int8,
    /// 6
    Int32,
    /// 7
    Int64,
    /// 9
    Bool,
    /// 10
    Float16,
    /// Any other.
    Other(i64),
}

impl ElementType {
    /// From the number in `onnx.proto`.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Float32,
            2 => Self::Uint8,
            3 => Self::Int8,
            6 => Self::Int32,
            7 => Self::Int64,
            9 => Self::Bool,
            10 => Self::Float16,
            other => Self::Other(other),
        }
    }

    /// Bytes of one element, where they are known.
    fn size(self) -> Option<usize> {
        match self {
            Self::Uint8 | Self::Int8 | Self::Bool => Some(1),
            Self::Float16 => Some(2),
            Self::Float32 | Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::Other(_) => None,
        }
    }
}

impl std::fmt::Display for ElementType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float32 => "float32",
            Self::Uint8 => "uint8",
            Self::Int8 => "int8",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Bool => "bool",
            Self::Float16 => "float16",
            Self::Other(number) => return write!(f, "of ONNX type {number}"),
        })
    }
}

/// A constant tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Its name in the graph.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its element type.
    pub element: ElementType,
    /// Its integers, widened; `None` for types that are not integers.
    pub integers: Option<Vec<i64>>,
}

/// The value of a node's attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// One whole number.
    Int(i64),
    /// Several.
    Ints(Vec<i64>),
    /// A text.
    Text(String),
    /// Anything else, by its type number.
    Other(i64),
}

/// One operator of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name; may be empty.
    pub name: String,
    /// The operator.
    pub operator: String,
    /// The operator's domain, empty for ONNX itself.
    pub domain: String,
    /// Names of inputs; an empty name is an omitted one.
    pub inputs: Vec<String>,
    /// Names of outputs.
    pub outputs: Vec<String>,
    /// Attributes in order.
    pub attributes: Vec<(String, Attribute)>,
}

impl Node {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

/// An input or output of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its element type.
    pub element: ElementType,
    /// Its shape, if the file states one; `None` for a dimension that is not fixed.
    pub shape: Option<Vec<Option<usize>>>,
}

/// A graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Operator sets by domain.
    pub opsets: Vec<(String, i64)>,
    /// Operators in order.
    pub nodes: Vec<Node>,
    /// Constants.
    pub constants: Vec<Tensor>,
    /// Inputs.
    pub inputs: Vec<Port>,
    /// Outputs.
    pub outputs: Vec<Port>,
}

impl Graph {
    /// Reads the graph of an ONNX file.
    ///
    /// # Errors
    /// [`OnnxError`] for anything that is not a plain graph with its weights inside.
    pub fn parse(bytes: &[u8]) -> Result<Self, OnnxError> {
        let mut opsets = Vec::new();
        let mut body = None;
        let mut reader = Reader::new(bytes);
        while let Some((number, field)) = reader.next()? {
            match number {
                1..=6 | 14 => {}
                7 if body.is_none() => body = Some(field.bytes()?),
                8 => opsets.push(opset(field.bytes()?)?),
                7 => return Err(unsupported("two graphs")),
                20 => return Err(unsupported("training information")),
                25 => return Err(unsupported("functions of its own")),
                other => return Err(unknown("model", other)),
            }
        }
        let mut graph = Self {
            opsets,
            nodes: Vec::new(),
            constants: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        let mut reader = Reader::new(body.ok_or(OnnxError::Empty)?);
        while let Some((number, field)) = reader.next()? {
            match number {
                1 => graph.nodes.push(node(field.bytes()?)?),
                // Name, documentation, inferred types and metadata mean nothing to a run.
                2 | 10 | 13 | 16 => {}
                5 => graph.constants.push(tensor(field.bytes()?)?),
                11 => graph.inputs.push(shaped(port(field.bytes()?)?)?),
                12 => graph.outputs.push(shaped(port(field.bytes()?)?)?),
                14 => return Err(unsupported("quantisation annotations")),
                15 => return Err(unsupported("sparse tensors")),
                other => return Err(unknown("graph", other)),
            }
        }
        if graph.nodes.is_empty() {
            return Err(OnnxError::Empty);
        }
        Ok(graph)
    }
}

fn unsupported(what: &str) -> OnnxError {
    OnnxError::Unsupported(what.to_owned())
}

fn unknown(message: &str, number: u64) -> OnnxError {
    OnnxError::Unsupported(format!("field {number} of its {message}"))
}

fn opset(bytes: &[u8]) -> Result<(String, i64), OnnxError> {
    let (mut domain, mut version) = (String::new(), 0);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => domain = field.text()?,
            2 => version = field.int()?,
            other => return Err(unknown("operator set", other)),
        }
    }
    Ok((domain, version))
}

fn node(bytes: &[u8]) -> Result<Node, OnnxError> {
    let mut node = Node {
        name: String::new(),
        operator: String::new(),
        domain: String::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        attributes: Vec::new(),
    };
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => node.inputs.push(field.text()?),
            2 => node.outputs.push(field.text()?),
            3 => node.name = field.text()?,
            4 => node.operator = field.text()?,
            5 => node.attributes.push(attribute(field.bytes()?)?),
            6 | 9 => {}
            7 => node.domain = field.text()?,
            other => return Err(unknown("node", other)),
        }
    }
    Ok(node)
}

fn attribute(bytes: &[u8]) -> Result<(String, Attribute), OnnxError> {
    let (mut name, mut kind, mut int, mut text) = (String::new(), 0, 0, String::new());
    let mut ints = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => name = field.text()?,
            3 => int = field.int()?,
            4 => text = field.text()?,
            8 => field.ints(&mut ints)?,
            20 => kind = field.int()?,
            2 | 7 | 13 => {}
            5 => return Err(unsupported("tensors as attributes")),
            6 | 11 => return Err(unsupported("subgraphs")),
            other => return Err(unknown("attribute", other)),
        }
    }
    let value = match kind {
        2 => Attribute::Int(int),
        3 => Attribute::Text(text),
        7 => Attribute::Ints(ints),
        other => Attribute::Other(other),
    };
    Ok((name, value))
}

fn tensor(bytes: &[u8]) -> Result<Tensor, OnnxError> {
    let (mut name, mut dims, mut number_of_type) = (String::new(), Vec::new(), 0);
    let (mut raw, mut listed): (Option<&[u8]>, Vec<i64>) = (None, Vec::new());
    let mut floats = 0;
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => field.ints(&mut dims)?,
            2 => number_of_type = field.int()?,
            4 => floats += field.fixed32s()?,
            5 | 7 => field.ints(&mut listed)?,
            8 => name = field.text()?,
            9 => raw = Some(field.bytes()?),
            12 | 16 => {}
            13 => return Err(unsupported("external data")),
            14 if field.int()? == 0 => {}
            14 => return Err(unsupported("external data")),
            other => return Err(unknown("tensor", other)),
        }
    }
    let element = ElementType::from_number(number_of_type);
    let mut shape = Vec::with_capacity(dims.len());
    let mut count: usize = 1;
    for dim in dims {
        let dim = usize::try_from(dim).map_err(|_| unsupported("negative dimensions"))?;
        count = count
            .checked_mul(dim)
            .ok_or_else(|| unsupported("a tensor beyond memory"))?;
        shape.push(dim);
    }
    let Some(size) = element.size() else {
        return Ok(Tensor {
            name,
            shape,
            element,
            integers: None,
        });
    };
    let expected = count
        .checked_mul(size)
        .ok_or_else(|| unsupported("a tensor beyond memory"))?;
    let found = match raw {
        Some(raw) => raw.len(),
        None => (listed.len() + floats) * size,
    };
    if found != expected {
        return Err(OnnxError::TensorSize {
            name,
            found,
            expected,
        });
    }
    let integers = match (element, raw) {
        (ElementType::Float32 | ElementType::Float16, _) => None,
        (_, None) => Some(listed),
        (ElementType::Int8, Some(raw)) => {
            Some(raw.iter().map(|&b| i64::from(b.cast_signed())).collect())
        }
        (ElementType::Int32, Some(raw)) => Some(
            raw.as_chunks()
                .0
                .iter()
                .map(|&b| i64::from(i32::from_le_bytes(b)))
                .collect(),
        ),
        (ElementType::Int64, Some(raw)) => Some(
            raw.as_chunks()
                .0
                .iter()
                .map(|&b| i64::from_le_bytes(b))
                .collect(),
        ),
        (_, Some(raw)) => Some(raw.iter().map(|&b| i64::from(b)).collect()),
    };
    Ok(Tensor {
        name,
        shape,
        element,
        integers,
    })
}

fn shaped(port: Port) -> Result<Port, OnnxError> {
    match port.shape {
        Some(_) => Ok(port),
        None => Err(unsupported("ports without a shape")),
    }
}

pub(super) fn port(bytes: &[u8]) -> Result<Port, OnnxError> {
    let (mut name, mut kind) = (String::new(), None);
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => name = field.text()?,
            2 => kind = Some(field.bytes()?),
            3 | 4 => {}
            other => return Err(unknown("input or output", other)),
        }
    }
    let mut tensor_type = None;
    let mut reader = Reader::new(kind.unwrap_or_default());
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => tensor_type = Some(field.bytes()?),
            6 => {}
            _ => return Err(unsupported("inputs or outputs that are no tensors")),
        }
    }
    let (mut element, mut dims) = (ElementType::Other(0), None);
    let mut reader = Reader::new(tensor_type.unwrap_or_default());
    while let Some((number, field)) = reader.next()? {
        match number {
            1 => element = ElementType::from_number(field.int()?),
            2 => dims = Some(field.bytes()?),
            other => return Err(unknown("tensor type", other)),
        }
    }
    Ok(Port {
        name,
        element,
        shape: dims.map(shape).transpose()?,
    })
}

fn shape(bytes: &[u8]) -> Result<Vec<Option<usize>>, OnnxError> {
    let mut shape = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        if number != 1 {
            return Err(unknown("shape", number));
        }
        let mut size = None;
        let mut dim = Reader::new(field.bytes()?);
        while let Some((number, field)) = dim.next()? {
            match number {
                1 => size = usize::try_from(field.int()?).ok(),
                2 | 3 => {}
                other => return Err(unknown("dimension", other)),
            }
        }
        shape.push(size);
    }
    Ok(shape)
}

/// Fields of one protocol buffer message.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// The value of a field as it lies on the wire.
pub(super) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed32,
    Fixed64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, OnnxError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => {
                self.take(8)?;
                Field::Fixed64
            }
            2 => {
                let length = usize::try_from(self.varint()?)
                    .map_err(|_| OnnxError::Malformed("a length beyond memory"))?;
                Field::Bytes(self.take(length)?)
            }
            5 => {
                self.take(4)?;
                Field::Fixed32
            }
            _ => return Err(OnnxError::Malformed("an unknown wire type")),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], OnnxError> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.bytes.len());
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or(OnnxError::Malformed("the end of the data too early"))?;
        self.at += count;
        Ok(slice)
    }

    fn varint(&mut self) -> Result<u64, OnnxError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = *self
                .bytes
                .get(self.at)
                .ok_or(OnnxError::Malformed("the end of the data inside a number"))?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(OnnxError::Malformed("a number of more than 64 bits"))
    }
}

impl<'a> Field<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], OnnxError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(OnnxError::Malformed("a number where bytes belong")),
        }
    }

    fn text(self) -> Result<String, OnnxError> {
        String::from_utf8(self.bytes()?.to_vec())
            .map_err(|_| OnnxError::Malformed("text that is not UTF-8"))
    }

    fn int(&self) -> Result<i64, OnnxError> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(OnnxError::Malformed("bytes where a number belongs")),
        }
    }

    /// Appends a repeated whole number, which may be packed or not.
    fn ints(&self, list: &mut Vec<i64>) -> Result<(), OnnxError> {
        match self {
            Self::Varint(value) => list.push(value.cast_signed()),
            Self::Bytes(bytes) => {
                let mut packed = Reader::new(bytes);
                while packed.at < bytes.len() {
                    list.push(packed.varint()?.cast_signed());
                }
            }
            _ => return Err(OnnxError::Malformed("a float where numbers belong")),
        }
        Ok(())
    }

    /// How many 32-bit floats a field holds, packed or not.
    fn fixed32s(&self) -> Result<usize, OnnxError> {
        match self {
            Self::Fixed32 => Ok(1),
            Self::Bytes(bytes) => Ok(bytes.len() / 4),
            _ => Err(OnnxError::Malformed("a number where floats belong")),
        }
    }
}
