//! What can go wrong while a model runs, and whose fault it is.

use thiserror::Error;

use super::cog::CogError;
use super::onnxruntime::OnnxRuntimeError;
use super::task_files::FileError;
use super::worker::WorkerError;
use crate::content::Cid;
use crate::model::input::InputError;
use crate::model::integer::IntegerError;
use crate::model::template::TemplateError;

/// Whose fault a failure is, and so what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The task's input: nobody can solve it. Leave the task.
    Input,
    /// The model: it will fail again everywhere. Leave the model.
    Model,
    /// This machine, now: try again, or let another machine do it. Never a reason to vote
    /// against somebody.
    Machine,
}

impl Blame {
    /// Its name, as metrics show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Model => "model",
            Self::Machine => "machine",
        }
    }
}

/// Why a model did not run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The task's input does not fit the template.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The task's input fits the template but not the pipeline.
    #[error("input `{field}`: {reason}")]
    Refused {
        /// The variable.
        field: String,
        /// What would be right.
        reason: String,
    },
    /// A file that the task names is not there.
    #[error("input `{field}` names the file {cid}: {source}")]
    File {
        /// The variable.
        field: String,
        /// The CID that it names.
        cid: String,
        /// Why the bytes are not there.
        source: FileError,
    },
    /// A file of the bundle is not what the pipeline needs.
    #[error(
        "file `{file}` of the bundle: {reason}. Leave the model until its author has mended it"
    )]
    Asset {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A graph returned something that is no number.
    #[error(
        "graph `{graph}` returned {value} as element {index} of `{output}`, where every number must be finite; nothing is made of it. Another runtime or machine may do better; if none does, leave the model"
    )]
    NotFinite {
        /// The bundle's file.
        graph: String,
        /// The graph's output.
        output: String,
        /// Which element, in row-major order.
        index: usize,
        /// `NaN`, `inf` or `-inf`.
        value: String,
    },
    /// The model claims the class `integer` and is not of it.
    #[error("graph `{graph}` is not of the class integer that its passport claims: {source}")]
    NotInteger {
        /// The bundle's file.
        graph: String,
        /// The rule that is broken.
        source: IntegerError,
    },
    /// The model is pinned to something that this runtime is not.
    #[error("the model is pinned to {pinned}; this is {found}. Mine it on a machine that has it")]
    Pinned {
        /// What the passport demands.
        pinned: String,
        /// What is here.
        found: String,
    },
    /// The graph does not have the tensors that the pipeline names.
    #[error("graph `{graph}`: {reason}. Leave the model until its author has mended it")]
    Graph {
        /// The bundle's file.
        graph: String,
        /// What is wrong.
        reason: String,
    },
    /// A runtime refused to load a graph.
    #[error(
        "{runtime} cannot load the graph: {reason}. Leave the model until its author has mended it, or try another version of the runtime"
    )]
    Load {
        /// Name and version.
        runtime: String,
        /// What it says.
        reason: String,
    },
    /// A runtime failed while running a graph.
    #[error(
        "{runtime} failed while running the graph: {reason}. Another version of the runtime may do better; if none does, leave the model"
    )]
    Run {
        /// Name and version.
        runtime: String,
        /// What it says.
        reason: String,
    },
    /// A runtime has no implementation of an operator of the graph. Another may.
    #[error(
        "{runtime} lacks an operator of the graph: {reason}. Another runtime, or a later version of this one, may have it: see `arbius doctor`"
    )]
    Operator {
        /// Name and version.
        runtime: String,
        /// What it says.
        reason: String,
    },
    /// A runtime cannot use the device.
    #[error(
        "{runtime} cannot run on {device}: {reason}. See `arbius doctor` for the devices that it can use"
    )]
    Provider {
        /// Name and version.
        runtime: String,
        /// The device.
        device: String,
        /// What it says.
        reason: String,
    },
    /// The model does not fit into the memory that it may have here.
    #[error(
        "the model needs about {needs} MiB and may have {has} MiB on {place}; raise the memory limit, or mine it on a machine with more"
    )]
    Memory {
        /// What loading it is expected to take, MiB.
        needs: u64,
        /// What there is for it, MiB.
        has: u64,
        /// Where.
        place: String,
    },
    /// No runtime on any device of this machine is right for the model.
    #[error("this machine cannot run the model: {reasons}")]
    Nowhere {
        /// Why not, of each runtime and device.
        reasons: String,
    },
    /// A Cog server failed.
    #[error(transparent)]
    Cog(#[from] CogError),
    /// ONNX Runtime is not usable here.
    #[error(transparent)]
    OnnxRuntime(#[from] OnnxRuntimeError),
    /// A worker process failed.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// A worker process reports a failure of its own inference.
    #[error("{message}")]
    Reported {
        /// Whose fault it is.
        blame: Blame,
        /// The error's text.
        message: String,
    },
    /// The machine does not reproduce the model's goldens.
    #[error(
        "golden {index} came out as {found}, the passport says {expected}; do not mine this model on this machine"
    )]
    Golden {
        /// Its place in the passport, from 0.
        index: usize,
        /// CID of what came out.
        found: Box<Cid>,
        /// CID that the passport names.
        expected: Box<Cid>,
    },
    /// The outputs' names make no directory.
    #[error("the template's outputs cannot be stored: {0}")]
    Outputs(String),
    /// A template had to be written and was refused.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl InferenceError {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Input(_) | Self::Refused { .. } => Blame::Input,
            Self::File { source, .. } => source.blame(),
            Self::Cog(error) => error.blame(),
            Self::NotInteger { .. }
            | Self::Asset { .. }
            | Self::Graph { .. }
            | Self::Load { .. }
            | Self::Outputs(_)
            | Self::Template(_) => Blame::Model,
            // A model may do that to anybody, and so may a GPU that fails. The task is given
            // up after a few tries, and nobody is voted against for it.
            Self::NotFinite { .. }
            | Self::Pinned { .. }
            | Self::Operator { .. }
            | Self::Provider { .. }
            | Self::Memory { .. }
            | Self::Nowhere { .. }
            | Self::Run { .. }
            | Self::OnnxRuntime(_)
            | Self::Worker(_)
            | Self::Golden { .. } => Blame::Machine,
            Self::Reported { blame, .. } => *blame,
        }
    }

    /// Whether it may go away by itself, as when the system has killed a child for memory that
    /// something else took: trying again here, a little later, makes sense.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Worker(error) => matches!(
                error,
                WorkerError::Died { .. }
                    | WorkerError::OutOfMemory { .. }
                    | WorkerError::TimedOut { .. }
            ),
            Self::Cog(error) => matches!(
                error,
                CogError::Died { .. }
                    | CogError::Unreachable { .. }
                    | CogError::TimedOut { .. }
                    | CogError::Status { .. }
            ),
            Self::File { source, .. } => matches!(source, FileError::Unavailable(_)),
            _ => false,
        }
    }
}
