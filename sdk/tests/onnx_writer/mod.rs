//! Writes small ONNX files, right and wrong ones, for the tests of readers and runtimes.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test uses its own part of it"
)]

/// Element types by their number in `onnx.proto`.
pub const FLOAT: i64 = 1;
pub const UINT8: i64 = 2;
pub const INT8: i64 = 3;
pub const INT32: i64 = 6;
pub const INT64: i64 = 7;

/// A protocol buffer message that is being written.
#[derive(Clone, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn int(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3);
        self.varint(value as u64);
        self
    }

    pub fn bytes(mut self, field: u64, value: impl AsRef<[u8]>) -> Self {
        self.varint(field << 3 | 2);
        self.varint(value.as_ref().len() as u64);
        self.0.extend_from_slice(value.as_ref());
        self
    }

    pub fn message(self, field: u64, value: Message) -> Self {
        self.bytes(field, value.0)
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// A graph that is being written.
#[derive(Clone)]
pub struct Graph {
    body: Message,
    pub opset: i64,
}

impl Graph {
    pub fn new() -> Self {
        Self {
            body: Message::default().bytes(2, "test"),
            opset: 17,
        }
    }

    fn port(name: &str, element: i64, shape: &[i64]) -> Message {
        let dims = shape.iter().fold(Message::default(), |shape, dim| {
            let dim = match dim {
                -1 => Message::default().bytes(2, "batch"),
                dim => Message::default().int(1, *dim),
            };
            shape.message(1, dim)
        });
        let tensor = Message::default().int(1, element).message(2, dims);
        Message::default()
            .bytes(1, name)
            .message(2, Message::default().message(1, tensor))
    }

    pub fn input(mut self, name: &str, element: i64, shape: &[i64]) -> Self {
        self.body = self.body.message(11, Self::port(name, element, shape));
        self
    }

    pub fn output(mut self, name: &str, element: i64, shape: &[i64]) -> Self {
        self.body = self.body.message(12, Self::port(name, element, shape));
        self
    }

    pub fn tensor(name: &str, element: i64, shape: &[i64], values: &[i64]) -> Message {
        let raw: Vec<u8> = values
            .iter()
            .flat_map(|value| match element {
                UINT8 | INT8 => vec![*value as u8],
                INT64 => value.to_le_bytes().to_vec(),
                FLOAT => (*value as f32).to_le_bytes().to_vec(),
                _ => (*value as i32).to_le_bytes().to_vec(),
            })
            .collect();
        let dims = shape
            .iter()
            .fold(Message::default(), |tensor, dim| tensor.int(1, *dim));
        dims.int(2, element).bytes(8, name).bytes(9, raw)
    }

    pub fn constant(mut self, name: &str, element: i64, shape: &[i64], values: &[i64]) -> Self {
        self.body = self
            .body
            .message(5, Self::tensor(name, element, shape, values));
        self
    }

    pub fn raw(mut self, field: u64, message: Message) -> Self {
        self.body = self.body.message(field, message);
        self
    }

    /// A node; attributes are `(name, one number)` or `(name, several)`.
    pub fn node(
        mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Attribute<'_>)],
    ) -> Self {
        let node = inputs
            .iter()
            .fold(Message::default(), |node, input| node.bytes(1, input));
        let node = node.bytes(2, output).bytes(3, output).bytes(4, operator);
        let node = attributes.iter().fold(node, |node, (name, value)| {
            let attribute = Message::default().bytes(1, name);
            node.message(
                5,
                match value {
                    Attribute::Int(value) => attribute.int(3, *value).int(20, 2),
                    Attribute::Ints(values) => values
                        .iter()
                        .fold(attribute, |a, value| a.int(8, *value))
                        .int(20, 7),
                    Attribute::Text(text) => attribute.bytes(4, text).int(20, 3),
                },
            )
        });
        self.body = self.body.message(1, node);
        self
    }

    pub fn model(self) -> Message {
        let opset = Message::default().bytes(1, "").int(2, self.opset);
        Message::default()
            .int(1, 8)
            .message(7, self.body)
            .message(8, opset)
    }

    pub fn finish(self) -> Vec<u8> {
        self.model().finish()
    }
}

#[derive(Clone, Copy)]
pub enum Attribute<'a> {
    Int(i64),
    Ints(&'a [i64]),
    Text(&'a str),
}
