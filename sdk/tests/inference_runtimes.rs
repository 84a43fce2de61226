//! The same bytes on every runtime, and typed errors for what a runtime cannot run.
//!
//! The tests of ONNX Runtime need its library, named by `ARBIUS_ONNXRUNTIME`
//! (`.ci/install-onnxruntime` fetches one and prints its path). Without it they are skipped,
//! unless `ARBIUS_REQUIRE` names `onnxruntime`.
#![cfg(feature = "inference")]

mod onnx_writer;
mod parts;
mod shipped;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use arbius_sdk::inference::machine::gpu;
use arbius_sdk::inference::onnxruntime::{LIBRARY_VARIABLE, OnnxRuntime, OnnxRuntimeError};
use arbius_sdk::inference::rten::{self, Rten};
use arbius_sdk::inference::runtime::{Elements, Optimisation};
use arbius_sdk::inference::{
    Blame, Device, InferenceError, LoadedModel, Runtime, SessionOptions, Tensor, certify,
};
use arbius_sdk::model::Bundle;
use onnx_writer::Attribute::Ints;
use onnx_writer::{FLOAT, Graph, INT32, UINT8};
use parts::part;
use serde_json::json;

fn bundle() -> Bundle {
    shipped::bundle(arbius_models::digits())
}

/// ONNX Runtime, or `None` where the test may be skipped.
fn onnxruntime() -> Option<OnnxRuntime> {
    let library = part("onnxruntime", LIBRARY_VARIABLE)?;
    Some(OnnxRuntime::load(library.as_ref()).unwrap())
}

fn options() -> impl Iterator<Item = SessionOptions> {
    [1, 2].into_iter().flat_map(|threads| {
        Optimisation::LEVELS.map(|optimisation| SessionOptions {
            threads: NonZeroUsize::new(threads).unwrap(),
            optimisation,
            ..SessionOptions::default()
        })
    })
}

/// One hash over what a model draws for many prompts and seeds.
fn drawn(runtime: &dyn Runtime, options: &SessionOptions) -> Vec<Vec<u8>> {
    let mut model = LoadedModel::load(runtime, &bundle(), options).unwrap();
    (0..20)
        .map(|seed| {
            let prompt = ["7", "a handwritten two", "", "Eight!", "größer"][seed % 5];
            let input = json!({ "prompt": prompt }).to_string();
            model
                .solve(input.as_bytes(), seed as u64 * 7919)
                .unwrap()
                .files
                .remove(0)
                .bytes
        })
        .collect()
}

#[test]
fn rten_gives_the_same_bytes_for_any_threads_and_level() {
    let expected = drawn(&Rten, &SessionOptions::default());
    for options in options() {
        assert!(drawn(&Rten, &options) == expected, "{options:?}");
        certify(&bundle(), &Rten, &options).unwrap();
    }
}

#[test]
fn onnx_runtime_gives_the_bytes_of_rten_for_any_threads_and_level() {
    let Some(runtime) = onnxruntime() else { return };
    let expected = drawn(&Rten, &SessionOptions::default());
    for options in options() {
        assert!(
            drawn(&runtime, &options) == expected,
            "{} {options:?}",
            runtime.id()
        );
        certify(&bundle(), &runtime, &options).unwrap();
    }
}

/// A convolution with an explicit Pad, the one operator where runtimes are known to differ
/// when it pads by itself.
fn convolution() -> Vec<u8> {
    let ones = Ints(&[1, 1]);
    let full = [
        ("pads", Ints(&[0; 4])),
        ("strides", ones),
        ("dilations", ones),
    ];
    let weights: Vec<i64> = (0..9).map(|i| i * 31 % 256).collect();
    Graph::new()
        .input("x", UINT8, &[1, 1, 5, 5])
        .constant("w", UINT8, &[1, 1, 3, 3], &weights)
        .constant("zero", UINT8, &[], &[0])
        .constant("middle", UINT8, &[], &[128])
        .constant("pads", onnx_writer::INT64, &[8], &[0, 0, 1, 1, 0, 0, 1, 1])
        .node("Pad", &["x", "pads", "zero"], "p", &[])
        .node("ConvInteger", &["p", "w", "zero", "middle"], "y", &full)
        .output("y", INT32, &[1, 1, 5, 5])
        .finish()
}

#[test]
fn a_padded_convolution_is_what_arithmetic_says_on_every_runtime() {
    let image: Vec<u8> = (0..25).map(|i| (i * 41 % 256) as u8).collect();
    let at = |row: i32, column: i32| match (row, column) {
        (0..5, 0..5) => i32::from(image[(row * 5 + column) as usize]),
        _ => 0,
    };
    let mut expected = Vec::new();
    for row in 0..5 {
        for column in 0..5 {
            let taps =
                (0..9).map(|i| at(row + i / 3 - 1, column + i % 3 - 1) * (i * 31 % 256 - 128));
            expected.push(taps.sum::<i32>());
        }
    }
    let mut runtimes: Vec<Box<dyn Runtime>> = vec![Box::new(Rten)];
    if let Some(runtime) = onnxruntime() {
        runtimes.push(Box::new(runtime));
    }
    for runtime in runtimes {
        for options in options() {
            let mut session = runtime.load(&convolution(), &options).unwrap();
            let x = Tensor::new(vec![1, 1, 5, 5], Elements::U8(image.clone())).unwrap();
            let outputs = session.run(&[("x", x)], &["y"]).unwrap();
            assert_eq!(
                outputs[0].elements(),
                &Elements::I32(expected.clone()),
                "{}",
                runtime.id()
            );
        }
    }
}

/// What must be an error and never a crash, on any runtime.
fn refuses_bad_models(runtime: &dyn Runtime) {
    let options = SessionOptions::default();
    let good = convolution();
    let unknown_operator = Graph::new()
        .input("x", FLOAT, &[1])
        .node("Hyperdrive", &["x"], "y", &[])
        .output("y", FLOAT, &[1])
        .finish();
    for (what, onnx) in [
        ("nothing", Vec::new()),
        ("text", b"this is no model".to_vec()),
        ("a picture", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("half a model", good[..good.len() / 2].to_vec()),
        (
            "noise",
            arbius_sdk::inference::noise::stream_bytes(1, 1, 5000),
        ),
        ("an unknown operator", unknown_operator),
    ] {
        match runtime.load(&onnx, &options).map(|mut session| {
            let x = Tensor::new(vec![1], Elements::F32(vec![0.0])).unwrap();
            session.run(&[("x", x)], &["y"])
        }) {
            Err(InferenceError::Load { .. } | InferenceError::Operator { .. })
            | Ok(Err(InferenceError::Run { .. })) => {}
            other => panic!("{what}: {:?}", other.map(|_| "ran")),
        }
    }
    let x = |shape: Vec<usize>, elements| Tensor::new(shape, elements).unwrap();
    let mut session = runtime.load(&good, &options).unwrap();
    for (what, name, tensor, output) in [
        (
            "a wrong name",
            "z",
            x(vec![1, 1, 5, 5], Elements::U8(vec![0; 25])),
            "y",
        ),
        (
            "a wrong shape",
            "x",
            x(vec![1, 1, 4, 5], Elements::U8(vec![0; 20])),
            "y",
        ),
        (
            "a wrong rank",
            "x",
            x(vec![25], Elements::U8(vec![0; 25])),
            "y",
        ),
        (
            "a wrong type",
            "x",
            x(vec![1, 1, 5, 5], Elements::I32(vec![0; 25])),
            "y",
        ),
        (
            "an unknown output",
            "x",
            x(vec![1, 1, 5, 5], Elements::U8(vec![0; 25])),
            "q",
        ),
    ] {
        let result = session.run(&[(name, tensor)], &[output]);
        assert!(
            matches!(result, Err(InferenceError::Run { .. })),
            "{what}: {result:?}"
        );
    }
    let after = session.run(
        &[("x", x(vec![1, 1, 5, 5], Elements::U8(vec![0; 25])))],
        &["y"],
    );
    assert!(
        after.is_ok(),
        "a session must survive its errors: {after:?}"
    );
}

#[test]
fn rten_answers_bad_models_and_tensors_with_errors() {
    refuses_bad_models(&Rten);
}

#[test]
fn onnx_runtime_answers_bad_models_and_tensors_with_errors() {
    if let Some(runtime) = onnxruntime() {
        refuses_bad_models(&runtime);
    }
}

#[test]
fn a_missing_or_false_library_is_a_typed_error() {
    let missing = OnnxRuntime::load("/nowhere/libonnxruntime.so".as_ref()).unwrap_err();
    assert!(
        matches!(missing, OnnxRuntimeError::Missing { .. }),
        "{missing}"
    );
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, b"not a library").unwrap();
    let error = OnnxRuntime::load(file.path()).unwrap_err();
    // A process that already holds ONNX Runtime refuses a second library unread.
    let expected = matches!(
        error,
        OnnxRuntimeError::Unusable { .. } | OnnxRuntimeError::Second { .. }
    );
    assert!(expected, "{error}");
}

#[test]
fn a_second_library_in_one_process_is_a_typed_error() {
    let Some(runtime) = onnxruntime() else { return };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("libonnxruntime-copy.so");
    std::fs::copy(runtime.path(), &copy).unwrap();
    let error = OnnxRuntime::load(&copy).unwrap_err();
    assert!(matches!(&error, OnnxRuntimeError::Second { .. }), "{error}");
    assert!(error.to_string().contains("worker process"));
    assert_eq!(
        OnnxRuntime::load(runtime.path()).unwrap().id(),
        runtime.id()
    );
}

#[test]
fn the_version_of_rten_is_the_one_that_is_built_in() {
    let lock = include_str!("../../Cargo.lock");
    let entry = format!("name = \"rten\"\nversion = \"{}\"\n", rten::VERSION);
    assert!(
        lock.contains(&entry),
        "rten::VERSION is not that of Cargo.lock"
    );
}

/// What is written while it is the thread's subscriber's writer.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_session_options_of_pinned_reach_onnx_runtime() {
    let Some(runtime) = onnxruntime() else { return };
    for (threads, optimisation, levels) in [
        (1, Optimisation::Disabled, &[0][..]),
        (1, Optimisation::Basic, &[1]),
        (3, Optimisation::Extended, &[2]),
        // Everything has a number of its own in each version.
        (2, Optimisation::All, &[3, 4, 99]),
    ] {
        let options = SessionOptions {
            threads: NonZeroUsize::new(threads).unwrap(),
            optimisation,
            ..SessionOptions::default()
        };
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("onnxruntime=debug")
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let file = bundle().file("generator.onnx").unwrap().clone();
        tracing::subscriber::with_default(subscriber, || {
            runtime.load(&file, &options).map(drop).unwrap();
        });
        // What the library itself says of the session that it has made.
        let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let line = log.lines().find(|line| line.contains("Session Options {"));
        let line = line.unwrap_or_else(|| panic!("no options in {log}"));
        for expected in [
            "execution_mode:0 ".to_owned(),
            format!("intra_op_param:OrtThreadPoolParams {{ thread_pool_size: {threads} "),
            "inter_op_param:OrtThreadPoolParams { thread_pool_size: 1 ".to_owned(),
            "use_deterministic_compute:1".to_owned(),
            "session.intra_op.allow_spinning".to_owned(),
        ] {
            assert!(line.contains(&expected), "no `{expected}` in {line}");
        }
        let reached = levels
            .iter()
            .any(|level| line.contains(&format!("graph_optimization_level:{level} ")));
        assert!(reached, "{optimisation:?} is none of {levels:?} in {line}");
    }
}

#[test]
fn a_session_that_asks_for_cuda_and_cannot_have_it_fails() {
    let on_cuda = SessionOptions {
        device: Device::Cuda {
            ordinal: 0,
            memory_bytes: None,
        },
        ..SessionOptions::default()
    };
    let file = bundle().file("generator.onnx").unwrap().clone();
    let mut runtimes: Vec<Box<dyn Runtime>> = vec![Box::new(Rten)];
    runtimes.extend(onnxruntime().map(|runtime| Box::new(runtime) as Box<dyn Runtime>));
    for runtime in runtimes {
        let providers = runtime.providers();
        assert_eq!(providers[0], "cpu", "{}", runtime.id());
        // A library for GPUs on a machine without one cannot either.
        if providers.iter().any(|name| name == "cuda") && gpu::find().is_ok() {
            continue;
        }
        let error = runtime.load(&file, &on_cuda).map(drop).unwrap_err();
        let refused =
            matches!(&error, InferenceError::Provider { device, .. } if device == "cuda:0");
        assert!(refused && error.blame() == Blame::Machine, "{error}");
        assert!(error.to_string().contains("arbius doctor"), "{error}");
    }
}

#[test]
fn an_operator_that_a_runtime_lacks_is_said_to_be_that() {
    let graph = Graph::new()
        .input("x", FLOAT, &[1])
        .node("Frobnicate", &["x"], "y", &[])
        .output("y", FLOAT, &[1])
        .finish();
    let mut runtimes: Vec<Box<dyn Runtime>> = vec![Box::new(Rten)];
    runtimes.extend(onnxruntime().map(|runtime| Box::new(runtime) as Box<dyn Runtime>));
    for runtime in runtimes {
        let error = runtime
            .load(&graph, &SessionOptions::default())
            .map(drop)
            .unwrap_err();
        let lacks = matches!(&error, InferenceError::Operator { reason, .. } if reason.contains("Frobnicate"));
        assert!(lacks && error.blame() == Blame::Machine, "{error}");
        assert!(error.to_string().contains("Another runtime"), "{error}");
    }
}
