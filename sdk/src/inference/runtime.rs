//! What every runtime offers: load a graph, say its ports, run it.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::InferenceError;

/// A runtime by name and exact version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RuntimeId {
    /// `rten` or `onnxruntime`.
    pub name: String,
    /// Such as `0.27.0`.
    pub version: String,
}

impl std::fmt::Display for RuntimeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// How much a runtime may rewrite a graph before it runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimisation {
    /// Run it as it is written.
    Disabled,
    /// Rewrites that keep the meaning of every operator.
    Basic,
    /// Fusions as well.
    Extended,
    /// Memory layouts as well.
    Layout,
    /// Everything the runtime has.
    #[default]
    All,
}

impl Optimisation {
    /// All levels, from none to everything.
    pub const LEVELS: [Self; 5] = [
        Self::Disabled,
        Self::Basic,
        Self::Extended,
        Self::Layout,
        Self::All,
    ];

    /// The name that a passport uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Basic => "basic",
            Self::Extended => "extended",
            Self::Layout => "layout",
            Self::All => "all",
        }
    }

    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::LEVELS.into_iter().find(|level| level.name() == name)
    }
}

/// Where a graph is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU, by the CUDA provider of ONNX Runtime.
    Cuda {
        /// Its number in CUDA's order.
        ordinal: u32,
        /// The most of its memory that the provider may take, bytes.
        memory_bytes: Option<u64>,
    },
}

impl Device {
    /// The execution provider's name in a passport.
    pub fn provider(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda { .. } => "cuda",
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda { ordinal, .. } => write!(f, "cuda:{ordinal}"),
        }
    }
}

/// How a graph is run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionOptions {
    /// Threads within an operator.
    pub threads: NonZeroUsize,
    /// Graph optimisation.
    pub optimisation: Optimisation,
    /// Where.
    pub device: Device,
}

impl Default for SessionOptions {
    /// One thread of the processor, everything optimised.
    fn default() -> Self {
        Self {
            threads: NonZeroUsize::MIN,
            optimisation: Optimisation::All,
            device: Device::Cpu,
        }
    }
}

impl std::fmt::Display for SessionOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let threads = match self.threads.get() {
            1 => "1 thread".to_owned(),
            threads => format!("{threads} threads"),
        };
        write!(
            f,
            "{}, {threads}, optimisation {}",
            self.device,
            self.optimisation.name()
        )
    }
}

/// Elements of a tensor in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// uint8
    U8(Vec<u8>),
    /// int32
    I32(Vec<i32>),
    /// int64. rten computes int64 as int32: what goes in must fit, and what comes out is
    /// [`Elements::I32`].
    I64(Vec<i64>),
    /// bool, as bytes of 0 and 1 in ONNX. rten computes it as int32.
    Bool(Vec<bool>),
    /// float32
    F32(Vec<f32>),
}

impl Elements {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(data) => data.len(),
            Self::I32(data) => data.len(),
            Self::I64(data) => data.len(),
            Self::Bool(data) => data.len(),
            Self::F32(data) => data.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A tensor, independent of any runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    elements: Elements,
}

impl Tensor {
    /// A tensor of that shape; `None` if the number of elements is not that of the shape.
    pub fn new(shape: Vec<usize>, elements: Elements) -> Option<Self> {
        let count = shape
            .iter()
            .try_fold(1usize, |count, dim| count.checked_mul(*dim))?;
        (count == elements.len()).then_some(Self { shape, elements })
    }

    /// A row of bytes, of shape `[1, length]`.
    pub fn row(bytes: Vec<u8>) -> Self {
        Self {
            shape: vec![1, bytes.len()],
            elements: Elements::U8(bytes),
        }
    }

    /// Its shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its elements in row-major order.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }
}

/// A runtime for ONNX graphs.
pub trait Runtime: Send + Sync {
    /// Its name and exact version.
    fn id(&self) -> RuntimeId;

    /// The execution providers that it was built with, by the names that passports use
    /// (`cpu`, `cuda`) or else its own.
    fn providers(&self) -> Vec<String> {
        vec![Device::Cpu.provider().into()]
    }

    /// Loads a graph.
    ///
    /// # Errors
    /// [`InferenceError::Load`] with what the runtime says, [`InferenceError::Operator`] if
    /// it lacks an operator, [`InferenceError::Provider`] if it cannot use the device.
    fn load(
        &self,
        onnx: &[u8],
        options: &SessionOptions,
    ) -> Result<Box<dyn Session>, InferenceError>;
}

/// A graph that is loaded.
pub trait Session: Send {
    /// Runs the graph once and returns the outputs named, in that order.
    ///
    /// # Errors
    /// [`InferenceError::Run`] if a tensor's name, type or shape is not the graph's, or the
    /// run fails.
    fn run(
        &mut self,
        inputs: &[(&str, Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, InferenceError>;
}
