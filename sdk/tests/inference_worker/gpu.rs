//! Children on GPUs that this machine need not have: what the pool does with them is real, what
//! they compute is the name of their device.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use arbius_sdk::inference::machine::{FoundRuntime, Gpu};
use arbius_sdk::inference::runtime::RuntimeId;
use arbius_sdk::inference::worker::frame::{self, Frame};
use arbius_sdk::inference::worker::message::{Request, Response};
use arbius_sdk::inference::worker::{RuntimeChoice, Station, Workers};
use arbius_sdk::inference::{Blame, Device, InferenceError, Solver};
use arbius_sdk::metrics::Metrics;
use arbius_sdk::model::{Bundle, Class, Pinned};

use crate::devices::another;
use crate::{INPUT, block_on, bundle, command, options};

/// A child on a GPU: it starts to compute when as many files as GPUs lie in the folder, and
/// fails where the file `gone` names its device.
pub(crate) fn play(folder: &Path) -> ExitCode {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut device = Device::Cpu;
    while let Ok(Some(asked)) = frame::read(&mut input, 1 << 30) {
        let gone = std::fs::read_to_string(folder.join("gone")).unwrap_or_default();
        let is_gone = gone.lines().any(|line| line == device.to_string());
        let (response, blobs) = match serde_json::from_slice(&asked.header).unwrap() {
            Request::Hello { session, .. } => {
                device = session.device;
                let response = Response::Ready {
                    runtime: runtime().id,
                    providers: runtime().providers,
                };
                (response, Vec::new())
            }
            _ if is_gone => {
                let error = InferenceError::Provider {
                    runtime: runtime().id.to_string(),
                    device: device.to_string(),
                    reason: "CUDA failure 100: no CUDA-capable device is detected".into(),
                };
                let response = Response::Failed {
                    blame: error.blame(),
                    message: error.to_string(),
                };
                (response, Vec::new())
            }
            Request::Load { .. } => {
                let bundle = on_gpu().template_cid().to_string();
                (Response::Loaded { bundle }, Vec::new())
            }
            Request::Solve { .. } => {
                std::fs::write(folder.join(format!("{device}.runs")), []).unwrap();
                while ["cuda:0.runs", "cuda:1.runs"]
                    .iter()
                    .any(|file| !folder.join(file).exists())
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                let files = vec!["out-1.png".to_owned()];
                let name = device.to_string().into_bytes();
                (Response::Solved { files }, vec![name])
            }
        };
        let header = serde_json::to_vec(&response).unwrap();
        frame::write(&mut output, &Frame { header, blobs }).unwrap();
    }
    ExitCode::SUCCESS
}

fn runtime() -> FoundRuntime {
    FoundRuntime {
        choice: RuntimeChoice::OnnxRuntime {
            library: "libonnxruntime.so".into(),
        },
        id: RuntimeId {
            name: "onnxruntime".into(),
            version: "1.31.1".into(),
        },
        providers: vec!["cpu".into(), "cuda".into()],
    }
}

fn gpu(ordinal: u32) -> Gpu {
    Gpu {
        ordinal,
        name: "NVIDIA A10".into(),
        memory_bytes: 24 << 30,
        compute_capability: "8.6".into(),
    }
}

/// A model that is pinned to such GPUs.
fn on_gpu() -> Bundle {
    let class = Class::Pinned(Pinned {
        runtime: "onnxruntime".into(),
        version: "1.31.1".into(),
        provider: "cuda".into(),
        threads: std::num::NonZeroUsize::MIN,
        optimisation: "all".into(),
        gpu: Some(gpu(0).class()),
    });
    another("on a GPU", class, bundle().file("generator.onnx").unwrap())
}

/// A pool on two GPUs, one task at a time on each.
fn pool(folder: &Path) -> Workers {
    let one = std::num::NonZeroUsize::MIN;
    let station = |ordinal| Station::gpu(&gpu(ordinal), &[runtime()], options(), one).unwrap();
    let command = command(&format!("gpu-in:{}", folder.display()));
    Workers::on(command, vec![station(0), station(1)], Metrics::new())
}

async fn device_of(workers: &Workers) -> Result<String, InferenceError> {
    let outputs = workers.solve(&on_gpu(), INPUT, 1).await?;
    Ok(String::from_utf8(outputs.files[0].bytes.clone()).unwrap())
}

pub(crate) fn several_gpus_compute_at_once() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let workers = pool(folder.path());
        // Neither ends before the other has begun.
        let tasks = futures_util::future::join(device_of(&workers), device_of(&workers));
        let (one, other) = tasks.await;
        let mut devices = [one.unwrap(), other.unwrap()];
        devices.sort();
        assert_eq!(devices, ["cuda:0", "cuda:1"]);
    });
}

pub(crate) fn a_gpu_that_disappears_leaves_its_tasks_to_the_others() {
    block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("cuda:0.runs", "");
        write("cuda:1.runs", "");
        let workers = pool(folder.path());
        assert_eq!(device_of(&workers).await.unwrap(), "cuda:0");
        write("gone", "cuda:0");
        let error = device_of(&workers).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Machine, "{error}");
        let text = error.to_string();
        for words in ["cannot run on cuda:0", "no CUDA-capable", "arbius doctor"] {
            assert!(text.contains(words), "{text}");
        }
        for _ in 0..3 {
            assert_eq!(device_of(&workers).await.unwrap(), "cuda:1");
        }
        // With none left it is an error each time, and the pool goes on once one is back.
        write("gone", "cuda:0\ncuda:1");
        for _ in 0..3 {
            device_of(&workers).await.unwrap_err();
        }
        write("gone", "");
        device_of(&workers).await.unwrap();
    });
}
