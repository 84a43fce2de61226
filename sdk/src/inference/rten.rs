//! rten, the embedded runtime: pure Rust, in every build.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::Tensor as RtenTensor;
use rten_tensor::prelude::*;

use super::InferenceError;
use super::runtime::{
    Device, Elements, Optimisation, Runtime, RuntimeId, Session, SessionOptions, Tensor,
};

/// Version of rten that the workspace pins; passports of `pinned` models name it.
pub const VERSION: &str = "0.27.0";

/// What rten says of an operator that it does not have.
const OPERATOR_MISSING: &str = "operator not supported";

/// The embedded runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rten;

impl Runtime for Rten {
    fn id(&self) -> RuntimeId {
        RuntimeId {
            name: "rten".into(),
            version: VERSION.into(),
        }
    }

    fn load(
        &self,
        onnx: &[u8],
        options: &SessionOptions,
    ) -> Result<Box<dyn Session>, InferenceError> {
        let runtime = self.id().to_string();
        if options.device != Device::Cpu {
            return Err(InferenceError::Provider {
                runtime,
                device: options.device.to_string(),
                reason: "it runs on the processor alone; use ONNX Runtime".into(),
            });
        }
        let failed = |reason: String| match reason {
            reason if reason.contains(OPERATOR_MISSING) => InferenceError::Operator {
                runtime: runtime.clone(),
                reason,
            },
            reason => InferenceError::Load {
                runtime: runtime.clone(),
                reason,
            },
        };
        let mut model_options = ModelOptions::with_all_ops();
        model_options
            .enable_optimization(options.optimisation != Optimisation::Disabled)
            .prepack_weights(options.optimisation == Optimisation::All);
        let model = guarded(|| model_options.load(onnx.to_vec()))
            .map_err(&failed)?
            .map_err(|error| failed(error.to_string()))?;
        let pool = Arc::new(ThreadPool::with_num_threads(options.threads.get()));
        Ok(Box::new(RtenSession {
            model,
            pool,
            runtime: self.id(),
        }))
    }
}

struct RtenSession {
    model: Model,
    pool: Arc<ThreadPool>,
    runtime: RuntimeId,
}

impl Session for RtenSession {
    fn run(
        &mut self,
        inputs: &[(&str, Tensor)],
        outputs: &[&str],
    ) -> Result<Vec<Tensor>, InferenceError> {
        let runtime = self.runtime.to_string();
        let failed = |reason: String| InferenceError::Run {
            runtime: runtime.clone(),
            reason,
        };
        // rten would take any value of the graph for an input or an output; others take the
        // graph's own only, and what runs on one runtime must run on all.
        let port = |name: &str, ports: &[NodeId], kind: &str| {
            let id = self.model.find_node(name).filter(|id| ports.contains(id));
            id.ok_or_else(|| failed(format!("the graph has no {kind} `{name}`")))
        };
        let mut given = Vec::with_capacity(inputs.len());
        for (name, tensor) in inputs {
            let id = port(name, self.model.input_ids(), "input")?;
            given.push((id, ValueOrView::Value(value(tensor).map_err(&failed)?)));
        }
        let mut wanted = Vec::with_capacity(outputs.len());
        for name in outputs {
            wanted.push(port(name, self.model.output_ids(), "output")?);
        }
        let options = RunOptions::default().with_thread_pool(Some(self.pool.clone()));
        guarded(|| self.model.run(given, &wanted, Some(options)))
            .map_err(&failed)?
            .map_err(|error| failed(error.to_string()))?
            .into_iter()
            .map(|value| tensor(value).map_err(&failed))
            .collect()
    }
}

/// Runs what may panic on a hostile graph and turns a panic into its message.
fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing that a panic could leave half changed is used afterwards: a model's weights
    // are not written to, and a failed load is dropped.
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        format!("it panicked: {}", text.unwrap_or("without a message"))
    })
}

fn value(tensor: &Tensor) -> Result<Value, String> {
    let shape = tensor.shape();
    match tensor.elements() {
        Elements::U8(data) => Value::from_shape(shape, data.clone()).map_err(|e| e.to_string()),
        Elements::I32(data) => Value::from_shape(shape, data.clone()).map_err(|e| e.to_string()),
        Elements::F32(data) => Value::from_shape(shape, data.clone()).map_err(|e| e.to_string()),
        Elements::I64(data) => {
            let narrow = data.iter().map(|number| i32::try_from(*number));
            let narrow: Result<Vec<i32>, _> = narrow.collect();
            let narrow = narrow.map_err(|_| "an int64 beyond the 32 bits that rten computes in")?;
            Value::from_shape(shape, narrow).map_err(|e| e.to_string())
        }
        Elements::Bool(data) => {
            let numbers: Vec<i32> = data.iter().map(|bit| i32::from(*bit)).collect();
            Value::from_shape(shape, numbers).map_err(|e| e.to_string())
        }
    }
}

fn tensor(value: Value) -> Result<Tensor, String> {
    fn parts<T: Clone>(tensor: RtenTensor<T>) -> (Vec<usize>, Vec<T>) {
        (tensor.shape().to_vec(), tensor.into_data())
    }
    let (shape, elements) = match value {
        Value::UInt8Tensor(tensor) => {
            let (shape, data) = parts(tensor);
            (shape, Elements::U8(data))
        }
        Value::Int32Tensor(tensor) => {
            let (shape, data) = parts(tensor);
            (shape, Elements::I32(data))
        }
        Value::FloatTensor(tensor) => {
            let (shape, data) = parts(tensor);
            (shape, Elements::F32(data))
        }
        other => return Err(format!("an output of type {:?}", other.dtype())),
    };
    Tensor::new(shape, elements).ok_or_else(|| "an output whose size is not its shape's".into())
}
