//! Sessions: options in, tensors in and out.

use std::sync::Arc;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::value::{DynValue, TensorElementType, TensorRef, ValueType};

use super::providers;
use crate::inference::InferenceError;
use crate::inference::runtime::{
    Device, Elements, Optimisation, RuntimeId, Session, SessionOptions, Tensor,
};

/// What ONNX Runtime says of an operator that it does not have, or not for the types or the
/// version that the graph asks for.
const OPERATOR_MISSING: [&str; 3] = [
    "is not a registered function/op",
    "Could not find an implementation for",
    "No Op registered for",
];

/// What ONNX Runtime says where a GPU, or a library that drives it, fails.
const DEVICE_FAILED: [&str; 3] = ["CUDA failure", "CUDNN failure", "CUBLAS failure"];

/// A failure with what ONNX Runtime says of it. One of the GPU is no matter of the graph.
fn explained(
    runtime: &RuntimeId,
    device: Device,
    reason: String,
    of_graph: fn(String, String) -> InferenceError,
) -> InferenceError {
    let runtime = runtime.to_string();
    if device != Device::Cpu && DEVICE_FAILED.iter().any(|text| reason.contains(text)) {
        let device = device.to_string();
        return InferenceError::Provider {
            runtime,
            device,
            reason,
        };
    }
    if OPERATOR_MISSING.iter().any(|text| reason.contains(text)) {
        return InferenceError::Operator { runtime, reason };
    }
    of_graph(runtime, reason)
}

/// Session options in ONNX Runtime's words.
fn builder(environment: &Environment, options: &SessionOptions) -> Result<SessionBuilder, String> {
    let level = match options.optimisation {
        Optimisation::Disabled => GraphOptimizationLevel::Disable,
        Optimisation::Basic => GraphOptimizationLevel::Level1,
        Optimisation::Extended => GraphOptimizationLevel::Level2,
        Optimisation::Layout => GraphOptimizationLevel::Level3,
        Optimisation::All => GraphOptimizationLevel::All,
    };
    let text = |error: ort::Error<SessionBuilder>| error.to_string();
    let builder = SessionBuilder::new(environment).map_err(|error| error.to_string())?;
    match builder.with_optimization_level(level) {
        // Older versions know layouts only as a part of everything.
        Err(error) if options.optimisation == Optimisation::Layout => error
            .recover()
            .with_optimization_level(GraphOptimizationLevel::All),
        other => other,
    }
    .map_err(text)?
    .with_intra_threads(options.threads.get())
    .map_err(text)?
    .with_inter_threads(1)
    .map_err(text)?
    .with_parallel_execution(false)
    .map_err(text)?
    .with_intra_op_spinning(false)
    .map_err(text)?
    .with_deterministic_compute(true)
    .map_err(text)
    .and_then(traced)
}

/// Hands what the library logs of the session, its options among it, on to `tracing`, if
/// somebody wants to see it. Its warnings go to standard error otherwise.
fn traced(builder: SessionBuilder) -> Result<SessionBuilder, String> {
    if !tracing::enabled!(target: "onnxruntime", tracing::Level::DEBUG) {
        return Ok(builder);
    }
    let text = |error: ort::Error<SessionBuilder>| error.to_string();
    let logger = |level, _: &str, _: &str, place: &str, message: &str| match level {
        LogLevel::Verbose | LogLevel::Info => {
            tracing::debug!(target: "onnxruntime", place, "{message}");
        }
        LogLevel::Warning => tracing::warn!(target: "onnxruntime", place, "{message}"),
        LogLevel::Error | LogLevel::Fatal => {
            tracing::error!(target: "onnxruntime", place, "{message}");
        }
    };
    builder
        .with_log_level(LogLevel::Info)
        .map_err(text)?
        .with_logger(Arc::new(logger))
        .map_err(text)
}

/// Loads a graph.
///
/// # Errors
/// As [`Runtime::load`](crate::inference::Runtime::load).
pub(super) fn load(
    environment: &Environment,
    id: RuntimeId,
    onnx: &[u8],
    options: &SessionOptions,
) -> Result<Box<dyn Session>, InferenceError> {
    let failed = |reason: String| {
        explained(&id, options.device, reason, |runtime, reason| {
            InferenceError::Load { runtime, reason }
        })
    };
    let builder = builder(environment, options).map_err(failed)?;
    let mut builder = providers::on_device(builder, options.device).map_err(|reason| {
        InferenceError::Provider {
            runtime: id.to_string(),
            device: options.device.to_string(),
            reason,
        }
    })?;
    let session = builder
        .commit_from_memory(onnx)
        .map_err(|error| failed(error.to_string()))?;
    Ok(Box::new(OnnxSession {
        session,
        runtime: id,
        device: options.device,
    }))
}

struct OnnxSession {
    session: OrtSession,
    runtime: RuntimeId,
    device: Device,
}

impl Session for OnnxSession {
    fn run(
        &mut self,
        inputs: &[(&str, Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, InferenceError> {
        let (id, device) = (&self.runtime, self.device);
        let failed = |reason: String| {
            explained(id, device, reason, |runtime, reason| InferenceError::Run {
                runtime,
                reason,
            })
        };
        let mut given: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let value = value(tensor).map_err(|error| failed(error.to_string()))?;
            given.push((name, value));
        }
        let made = self
            .session
            .run(given)
            .map_err(|error| failed(error.to_string()))?;
        outputs
            .iter()
            .map(|name| {
                let value = made
                    .get(name)
                    .ok_or_else(|| failed(format!("no output `{name}`")))?;
                tensor(value).map_err(&failed)
            })
            .collect()
    }
}

/// A view of a tensor: what the runtime reads is not copied for it.
fn value(tensor: &Tensor) -> ort::Result<SessionInputValue<'_>> {
    let shape = tensor.shape().to_vec();
    Ok(match tensor.elements() {
        Elements::U8(data) => TensorRef::from_array_view((shape, &data[..]))?.into(),
        Elements::I32(data) => TensorRef::from_array_view((shape, &data[..]))?.into(),
        Elements::I64(data) => TensorRef::from_array_view((shape, &data[..]))?.into(),
        Elements::Bool(data) => TensorRef::from_array_view((shape, &data[..]))?.into(),
        Elements::F32(data) => TensorRef::from_array_view((shape, &data[..]))?.into(),
    })
}

fn tensor(value: &DynValue) -> Result<Tensor, String> {
    fn parts<T: ort::value::PrimitiveTensorElementType + Copy>(
        value: &DynValue,
    ) -> Result<(Vec<usize>, Vec<T>), String> {
        let (shape, data) = value
            .try_extract_tensor::<T>()
            .map_err(|error| error.to_string())?;
        let shape: Option<_> = shape.iter().map(|dim| usize::try_from(*dim).ok()).collect();
        Ok((shape.ok_or("an output of negative size")?, data.to_vec()))
    }
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err(format!("an output that is no tensor: {:?}", value.dtype()));
    };
    let (shape, elements) = match ty {
        TensorElementType::Uint8 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::U8(data))
        }
        TensorElementType::Int32 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::I32(data))
        }
        TensorElementType::Int64 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::I64(data))
        }
        TensorElementType::Bool => {
            let (shape, data) = parts(value)?;
            (shape, Elements::Bool(data))
        }
        TensorElementType::Float32 => {
            let (shape, data) = parts(value)?;
            (shape, Elements::F32(data))
        }
        other => return Err(format!("an output of type {other:?}")),
    };
    Tensor::new(shape, elements).ok_or_else(|| "an output whose size is not its shape's".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(device: Device, reason: &str) -> InferenceError {
        let id = RuntimeId {
            name: "onnxruntime".into(),
            version: "1.31.1".into(),
        };
        explained(&id, device, reason.into(), |runtime, reason| {
            InferenceError::Run { runtime, reason }
        })
    }

    #[test]
    fn a_gpu_that_fails_is_no_fault_of_the_graph() {
        let cuda = Device::Cuda {
            ordinal: 1,
            memory_bytes: None,
        };
        // As `cudaErrorNoDevice` and `cudaErrorUnknown` arrive here.
        for reason in [
            "Non-zero status code returned while running MatMul node. CUDA failure 100: no \
             CUDA-capable device is detected ; GPU=1",
            "CUBLAS failure 14: CUBLAS_STATUS_INTERNAL_ERROR ; GPU=1",
        ] {
            let error = kind(cuda, reason);
            let lost =
                matches!(&error, InferenceError::Provider { device, .. } if device == "cuda:1");
            assert!(
                lost && error.to_string().contains("arbius doctor"),
                "{error}"
            );
        }
        let error = kind(cuda, "Got invalid dimensions for input: x");
        assert!(matches!(error, InferenceError::Run { .. }), "{error}");
        // A graph on the processor may say what it likes.
        let error = kind(Device::Cpu, "CUDA failure 100");
        assert!(matches!(error, InferenceError::Run { .. }), "{error}");
    }
}
