//! A device of this machine and what may run on it.

use std::num::NonZeroUsize;

use super::process::WorkerOptions;
use super::{Limits, RuntimeChoice};
use crate::inference::machine::{FoundRuntime, Gpu};
use crate::inference::runtime::{Device, SessionOptions};
use crate::model::GpuClass;

/// What CUDA takes of a GPU's memory for itself, bytes: its context, and the libraries'
/// kernels.
const CUDA_CONTEXT: u64 = 1 << 30;

/// A device and what may run on it.
#[derive(Debug, Clone)]
pub struct Station {
    /// The device.
    pub device: Device,
    /// Its class, if it is a GPU.
    pub gpu: Option<GpuClass>,
    /// Tasks that may run at a time.
    pub workers: NonZeroUsize,
    /// Memory that all models there may take together, running and idle, bytes; without,
    /// they are not counted. That of the GPU where the device is one.
    pub memory_bytes: Option<u64>,
    /// The runtimes, the preferred one first.
    pub runtimes: Vec<RuntimeChoice>,
    /// How children run, apart from the runtime and the device.
    pub options: WorkerOptions,
}

impl Station {
    /// The processor with those runtimes.
    pub fn processor(
        runtimes: Vec<RuntimeChoice>,
        options: WorkerOptions,
        workers: NonZeroUsize,
        memory_bytes: Option<u64>,
    ) -> Self {
        Self {
            device: Device::Cpu,
            gpu: None,
            workers,
            memory_bytes,
            runtimes,
            options,
        }
    }

    /// A GPU with those of the runtimes that can use it; `None` if none can. Each worker may
    /// take its share of the memory.
    pub fn gpu(
        gpu: &Gpu,
        runtimes: &[FoundRuntime],
        options: WorkerOptions,
        workers: NonZeroUsize,
    ) -> Option<Self> {
        let cuda = |found: &&FoundRuntime| found.providers.iter().any(|name| name == "cuda");
        let runtimes: Vec<_> = runtimes
            .iter()
            .filter(cuda)
            .map(|found| found.choice.clone())
            .collect();
        let workers_count = workers.get() as u64;
        let for_models = gpu
            .memory_bytes
            .saturating_sub(CUDA_CONTEXT.saturating_mul(workers_count));
        (!runtimes.is_empty()).then(|| Self {
            device: Device::Cuda {
                ordinal: gpu.ordinal,
                memory_bytes: Some(for_models / workers_count),
            },
            gpu: Some(gpu.class()),
            workers,
            memory_bytes: Some(for_models),
            runtimes,
            options,
        })
    }

    /// The most memory that one model may take, bytes.
    pub(super) fn most_for_one(&self) -> Option<u64> {
        let share = match self.device {
            Device::Cpu => self.options.limits.memory_bytes,
            Device::Cuda { memory_bytes, .. } => memory_bytes,
        };
        [share, self.memory_bytes].into_iter().flatten().min()
    }

    /// How a child with that runtime and those session options runs.
    pub(super) fn child(&self, runtime: usize, session: &SessionOptions) -> WorkerOptions {
        let memory_bytes = match self.device {
            Device::Cpu => self.options.limits.memory_bytes,
            // CUDA maps far more address space than it uses memory.
            Device::Cuda { .. } => None,
        };
        WorkerOptions {
            runtime: self.runtimes[runtime].clone(),
            session: session.clone(),
            limits: Limits {
                memory_bytes,
                ..self.options.limits.clone()
            },
            ..self.options.clone()
        }
    }
}
