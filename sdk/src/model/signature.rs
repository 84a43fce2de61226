//! The ports of a graph, read without judging the graph.
//!
//! [`Graph`](super::onnx::Graph) refuses what it does not know, as the class `integer`
//! needs it. To check a description against a float model only the ports are read; what
//! the operators mean is for the runtime to say.

use super::onnx::{OnnxError, Port, Reader, port};

/// Inputs and outputs of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// What must be given; inputs with a default in the graph are not among them.
    pub inputs: Vec<Port>,
    /// What comes out.
    pub outputs: Vec<Port>,
}

impl Signature {
    /// Reads the ports of an ONNX file. Those that are no tensors are left out.
    ///
    /// # Errors
    /// [`OnnxError`] if it is no ONNX file.
    pub fn read(onnx: &[u8]) -> Result<Self, OnnxError> {
        let mut body = None;
        let mut reader = Reader::new(onnx);
        while let Some((number, field)) = reader.next()? {
            if number == 7 {
                body = Some(field.bytes()?);
            }
        }
        let (mut inputs, mut outputs, mut defaults) = (Vec::new(), Vec::new(), Vec::new());
        let mut reader = Reader::new(body.ok_or(OnnxError::Empty)?);
        while let Some((number, field)) = reader.next()? {
            match number {
                5 => defaults.push(tensor_name(field.bytes()?)?),
                11 => inputs.extend(tensor_port(field.bytes()?)?),
                12 => outputs.extend(tensor_port(field.bytes()?)?),
                _ => {}
            }
        }
        inputs.retain(|port| !defaults.contains(&port.name.as_bytes()));
        Ok(Self { inputs, outputs })
    }

    /// The input of that name.
    pub fn input(&self, name: &str) -> Option<&Port> {
        self.inputs.iter().find(|port| port.name == name)
    }
}

fn tensor_port(bytes: &[u8]) -> Result<Option<Port>, OnnxError> {
    match port(bytes) {
        Ok(port) => Ok(Some(port)),
        Err(OnnxError::Unsupported(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn tensor_name(bytes: &[u8]) -> Result<&[u8], OnnxError> {
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        if number == 8 {
            return field.bytes();
        }
    }
    Ok(&[])
}
