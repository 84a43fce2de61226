//! Execution providers.

use std::ffi::CStr;
use std::ptr;

use ort::session::builder::SessionBuilder;

use crate::inference::runtime::Device;

/// Options of the CUDA provider that the class `pinned` fixes, as ONNX Runtime names them.
/// No TensorFloat-32, which rounds products to ten bits; the same algorithms for
/// convolutions in every run, where the default searches for the fastest by the clock; and
/// the memory layout that the graph has.
pub const CUDA_OPTIONS: [(&str, &str); 4] = [
    ("use_tf32", "0"),
    ("cudnn_conv_algo_search", "DEFAULT"),
    ("cudnn_conv_use_max_workspace", "0"),
    ("prefer_nhwc", "0"),
];

/// ONNX Runtime's names of providers, and what passports call them.
const NAMES: [(&str, &str); 2] = [
    ("CPUExecutionProvider", "cpu"),
    ("CUDAExecutionProvider", "cuda"),
];

/// The providers that the library was built with, the processor first: by the names of
/// passports, or else by its own.
pub(super) fn available() -> Vec<String> {
    let mut found = named();
    for (theirs, ours) in NAMES {
        for name in &mut found {
            if name == theirs {
                *name = ours.to_owned();
            }
        }
    }
    found.sort_by_key(|name| (name != Device::Cpu.provider(), name.clone()));
    found
}

fn named() -> Vec<String> {
    let api = ort::api();
    let (mut names, mut count) = (ptr::null_mut(), 0);
    // SAFETY: both pointers are to variables of the types that the call writes.
    let status = unsafe { (api.GetAvailableProviders)(&raw mut names, &raw mut count) };
    if !status.0.is_null() {
        // SAFETY: a status that is not null is freed once.
        unsafe { (api.ReleaseStatus)(status.0) };
        return Vec::new();
    }
    let length = usize::try_from(count).unwrap_or(0);
    if names.is_null() {
        return Vec::new();
    }
    // SAFETY: the call has written a list of that many strings that end with a zero byte.
    let found = unsafe { std::slice::from_raw_parts(names, length) }
        .iter()
        .map(|name| {
            // SAFETY: as above.
            let name = unsafe { CStr::from_ptr(*name) };
            name.to_string_lossy().into_owned()
        })
        .collect();
    // SAFETY: the list that the call gave, freed once.
    let freed = unsafe { (api.ReleaseAvailableProviders)(names, count) };
    if !freed.0.is_null() {
        // SAFETY: a status that is not null is freed once.
        unsafe { (api.ReleaseStatus)(freed.0) };
    }
    found
}

/// Lets a session run on the device, and nowhere else.
pub(super) fn on_device(builder: SessionBuilder, device: Device) -> Result<SessionBuilder, String> {
    match device {
        Device::Cpu => Ok(builder),
        Device::Cuda {
            ordinal,
            memory_bytes,
        } => on_cuda(builder, ordinal, memory_bytes),
    }
}

#[cfg(not(feature = "cuda"))]
fn on_cuda(_: SessionBuilder, _: u32, _: Option<u64>) -> Result<SessionBuilder, String> {
    Err("this program was built without the feature `cuda`".into())
}

#[cfg(feature = "cuda")]
fn on_cuda(
    builder: SessionBuilder,
    ordinal: u32,
    memory_bytes: Option<u64>,
) -> Result<SessionBuilder, String> {
    use ort::ep::{CUDA, ExecutionProvider as _};

    if !CUDA::is_available().unwrap_or(false) {
        return Err(
            "this build of the library has no CUDA provider; take it from the PyPI \
             wheel onnxruntime-gpu"
                .into(),
        );
    }
    let provider = provider(ordinal, memory_bytes).build().error_on_failure();
    builder
        .with_execution_providers([provider])
        .map_err(|error| error.to_string())
}

/// The CUDA provider of that GPU with [`CUDA_OPTIONS`].
#[cfg(feature = "cuda")]
fn provider(ordinal: u32, memory_bytes: Option<u64>) -> ort::ep::CUDA {
    use ort::ep::{ArbitrarilyConfigurableExecutionProvider as _, CUDA};

    let mut provider = CUDA::default()
        .with_arbitrary_config("device_id", ordinal)
        // Grows by what is asked for, so that what is accounted for is what is taken.
        .with_arbitrary_config("arena_extend_strategy", "kSameAsRequested");
    for (name, value) in CUDA_OPTIONS {
        provider = provider.with_arbitrary_config(name, value);
    }
    match memory_bytes {
        Some(bytes) => provider.with_arbitrary_config("gpu_mem_limit", bytes),
        None => provider,
    }
}

#[cfg(all(test, feature = "cuda"))]
mod tests {
    #[test]
    fn the_cuda_provider_is_asked_for_what_the_class_fixes() {
        let asked = format!("{:?}", super::provider(3, Some(1 << 30)));
        for (name, value) in super::CUDA_OPTIONS
            .into_iter()
            .chain([("device_id", "3"), ("gpu_mem_limit", "1073741824")])
        {
            assert!(
                asked.contains(&format!("\"{name}\": \"{value}\""))
                    || asked.contains(&format!("(\"{name}\", \"{value}\")")),
                "{name}={value} is not in {asked}"
            );
        }
    }
}
