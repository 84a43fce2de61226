//! What only a machine with an NVIDIA GPU can show: `cargo test --features gpu-tests`, with
//! `ARBIUS_ONNXRUNTIME` naming the library of the PyPI wheel onnxruntime-gpu.
#![cfg(feature = "gpu-tests")]

mod onnx_writer;

use arbius_sdk::inference::machine::gpu;
use arbius_sdk::inference::onnxruntime::OnnxRuntime;
use arbius_sdk::inference::runtime::Elements;
use arbius_sdk::inference::{Device, InferenceError, Runtime, SessionOptions, Tensor};
use onnx_writer::{FLOAT, Graph};

/// `y = x · w` in floats, large enough for rounding to show.
fn product() -> Vec<u8> {
    let weights: Vec<i64> = (0..512 * 512).map(|index| index * 31 % 19 - 9).collect();
    Graph::new()
        .input("x", FLOAT, &[64, 512])
        .constant("w", FLOAT, &[512, 512], &weights)
        .node("MatMul", &["x", "w"], "y", &[])
        .output("y", FLOAT, &[64, 512])
        .finish()
}

fn run(device: Device) -> Result<Vec<f32>, InferenceError> {
    let options = SessionOptions {
        device,
        ..SessionOptions::default()
    };
    let runtime = OnnxRuntime::from_environment()?;
    let mut session = runtime.load(&product(), &options)?;
    let data = (0..64 * 512)
        .map(|index| (index % 977) as f32 / 977.0)
        .collect();
    let input = Tensor::new(vec![64, 512], Elements::F32(data)).unwrap();
    let output = session.run(&[("x", input)], &["y"])?.remove(0);
    match output.elements() {
        Elements::F32(data) => Ok(data.clone()),
        other => panic!("{other:?}"),
    }
}

fn cuda(ordinal: u32) -> Device {
    Device::Cuda {
        ordinal,
        memory_bytes: Some(1 << 30),
    }
}

#[test]
fn every_gpu_is_found_with_its_name_memory_and_capability() {
    let gpus = gpu::find().unwrap();
    assert!(!gpus.devices.is_empty());
    for gpu in &gpus.devices {
        assert!(gpu.memory_bytes > 1 << 30, "{gpu:?}");
        assert!(gpu.compute_capability.contains('.'), "{gpu:?}");
        assert_eq!(gpu::class_of(gpu.ordinal), Some(gpu.class()));
    }
    assert_eq!(gpu::class_of(999), None);
}

#[test]
fn a_gpu_repeats_its_bytes_and_rounds_no_products_to_tensorfloat() {
    let ordinal = gpu::find().unwrap().devices[0].ordinal;
    let first = run(cuda(ordinal)).unwrap();
    for _ in 0..10 {
        assert!(run(cuda(ordinal)).unwrap() == first);
    }
    let exact = run(Device::Cpu).unwrap();
    // TensorFloat-32 keeps ten bits, which is off by far more than that.
    let worst = first
        .iter()
        .zip(&exact)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max);
    assert!(worst < 2e-3, "{worst}");
}

#[test]
fn a_gpu_that_is_not_there_is_an_error() {
    let error = run(cuda(999)).unwrap_err();
    assert!(
        matches!(
            error,
            InferenceError::Provider { .. } | InferenceError::Load { .. }
        ),
        "{error}"
    );
}
