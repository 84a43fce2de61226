//! What every description says of itself, and the checks that they share.
//!
//! A bundle is refused when it is read, not when its first task runs, if its description
//! names something that is not there: an input of the template, a file of the manifest, a
//! port of a graph. The error names the field.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::model::BundleError;
use crate::model::onnx::{ElementType, Port};
use crate::model::signature::Signature;
use crate::model::template::{Input, OutputKind, Template};

/// A file of the bundle that a description names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReference<'a> {
    /// The description's field, as a path.
    pub field: &'static str,
    /// The file.
    pub name: &'a str,
    /// Whether it is a graph to load.
    pub is_graph: bool,
}

impl<'a> FileReference<'a> {
    /// A graph.
    pub fn graph(field: &'static str, name: &'a str) -> Self {
        Self {
            field,
            name,
            is_graph: true,
        }
    }

    /// A file that the pipeline reads itself.
    pub fn asset(field: &'static str, name: &'a str) -> Self {
        Self {
            field,
            name,
            is_graph: false,
        }
    }
}

/// The description of a pipeline.
pub trait Description: fmt::Debug {
    /// Every file of the bundle that it names.
    fn files(&self) -> Vec<FileReference<'_>>;

    /// Checks every name and number in it against the rest of the bundle.
    ///
    /// # Errors
    /// [`BundleError::Field`], naming the field.
    fn check(&self, parts: &Parts<'_>) -> Result<(), BundleError>;
}

/// The rest of a bundle, as a description is checked against it.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The template.
    pub template: &'a Template,
    /// Every file by name.
    pub files: &'a BTreeMap<String, Arc<[u8]>>,
    /// The ports of every graph, by the graph's file.
    pub signatures: &'a BTreeMap<String, Signature>,
}

impl<'a> Parts<'a> {
    /// An error about a field of the description.
    ///
    /// # Errors
    /// Always.
    pub fn wrong<T>(field: &str, reason: impl Into<String>) -> Result<T, BundleError> {
        Err(BundleError::Field {
            field: format!("pipeline.{field}"),
            reason: reason.into(),
        })
    }

    /// The template's input of that name, which must be of one of those types.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn variable(
        &self,
        field: &str,
        name: &str,
        kinds: &[&str],
    ) -> Result<&'a Input, BundleError> {
        match self.template.input(name) {
            Some(input) if kinds.contains(&input.kind.name()) => Ok(input),
            Some(input) => Self::wrong(
                field,
                format!(
                    "the template's input `{name}` is a {}; the pipeline needs {}",
                    input.kind.name(),
                    kinds.join(" or ")
                ),
            ),
            None => Self::wrong(field, format!("the template has no input `{name}`")),
        }
    }

    /// Checks that the template's input of that name brings a text: its own, or a file's.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn text(&self, field: &str, name: &str) -> Result<(), BundleError> {
        self.variable(field, name, &["string", "string_enum", "file"])
            .map(drop)
    }

    /// Checks that the template's one output is of that name and kind.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn only_output(
        &self,
        field: &str,
        filename: &str,
        kind: OutputKind,
    ) -> Result<(), BundleError> {
        match self.template.output.as_slice() {
            [output] if output.filename == filename && output.kind == kind => Ok(()),
            _ => Self::wrong(
                field,
                format!(
                    "the template's one output is not the {} `{filename}`",
                    kind.name()
                ),
            ),
        }
    }

    /// A file of the bundle that holds JSON.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn json<T: serde::de::DeserializeOwned>(
        &self,
        field: &str,
        name: &str,
    ) -> Result<T, BundleError> {
        let bytes = self.files.get(name).map(|bytes| &bytes[..]);
        match serde_json::from_slice(bytes.unwrap_or_default()) {
            Ok(value) => Ok(value),
            Err(error) => Self::wrong(field, format!("`{name}`: {error}")),
        }
    }

    /// The input of a graph, which must be of one of those element types.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn graph_input(
        &self,
        field: &str,
        graph: &'a str,
        name: &str,
        elements: &[ElementType],
    ) -> Result<CheckedPort<'a>, BundleError> {
        let ports = self.signature(field, graph)?.inputs.as_slice();
        Self::port(field, graph, "input", ports, name, elements)
    }

    /// The output of a graph, which must be of one of those element types.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn graph_output(
        &self,
        field: &str,
        graph: &'a str,
        name: &str,
        elements: &[ElementType],
    ) -> Result<CheckedPort<'a>, BundleError> {
        let ports = self.signature(field, graph)?.outputs.as_slice();
        Self::port(field, graph, "output", ports, name, elements)
    }

    /// Checks that a graph has no inputs but those.
    ///
    /// # Errors
    /// [`BundleError::Field`], naming the input that nothing feeds.
    pub fn every_input_fed(
        &self,
        field: &str,
        graph: &str,
        fed: &[&str],
    ) -> Result<(), BundleError> {
        let mut inputs = self.signature(field, graph)?.inputs.iter();
        match inputs.find(|port| !fed.contains(&port.name.as_str())) {
            None => Ok(()),
            Some(port) => Self::wrong(
                field,
                format!(
                    "nothing feeds the input `{}` of `{graph}`; the pipeline feeds {}",
                    port.name,
                    fed.join(", ")
                ),
            ),
        }
    }

    fn signature(&self, field: &str, graph: &str) -> Result<&'a Signature, BundleError> {
        match self.signatures.get(graph) {
            Some(signature) => Ok(signature),
            None => Self::wrong(field, format!("`{graph}` is not among the graphs")),
        }
    }

    fn port(
        field: &str,
        graph: &'a str,
        side: &str,
        ports: &'a [Port],
        name: &str,
        elements: &[ElementType],
    ) -> Result<CheckedPort<'a>, BundleError> {
        let Some(port) = ports.iter().find(|port| port.name == name) else {
            let names: Vec<_> = ports.iter().map(|port| port.name.as_str()).collect();
            return Self::wrong(
                field,
                format!(
                    "`{graph}` has no {side} `{name}`; it has {}",
                    names.join(", ")
                ),
            );
        };
        if !elements.contains(&port.element) {
            let names: Vec<_> = elements.iter().map(ToString::to_string).collect();
            return Self::wrong(
                field,
                format!(
                    "the {side} `{name}` of `{graph}` is {}; the pipeline needs {}",
                    port.element,
                    names.join(" or ")
                ),
            );
        }
        Ok(CheckedPort { graph, port })
    }
}

/// A port of a graph whose name and type are right.
#[derive(Debug, Clone, Copy)]
pub struct CheckedPort<'a> {
    graph: &'a str,
    port: &'a Port,
}

impl CheckedPort<'_> {
    /// Checks that a tensor of that shape may go through it; `0` stands for any size.
    ///
    /// # Errors
    /// [`BundleError::Field`] with the field's name.
    pub fn accepts(&self, field: &str, shape: &[usize]) -> Result<(), BundleError> {
        let Some(dims) = &self.port.shape else {
            return Ok(());
        };
        let fits = |(dim, size): (&Option<usize>, &usize)| {
            *size == 0 || dim.is_none_or(|dim| dim == *size)
        };
        if dims.len() == shape.len() && dims.iter().zip(shape).all(fits) {
            return Ok(());
        }
        let dims: Vec<_> = dims
            .iter()
            .map(|dim| dim.map_or("?".into(), |dim| dim.to_string()))
            .collect();
        let shape: Vec<_> = shape
            .iter()
            .map(|size| match size {
                0 => "?".into(),
                size => size.to_string(),
            })
            .collect();
        Parts::wrong(
            field,
            format!(
                "`{}` of `{}` has the shape [{}]; the pipeline has [{}] for it",
                self.port.name,
                self.graph,
                dims.join(", "),
                shape.join(", ")
            ),
        )
    }
}
