//! Image classification.

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::noise::stream_bytes;
use arbius_sdk::inference::png::{Pixels, encode};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{Blame, InProcess, InferenceError, Solver, TaskFiles};
use serde_json::{Value as Json, json};

use crate::made::{Model, floats, reference, runtimes, tiny_files};

const LABELS: [&str; 5] = ["cat", "dog", "house", "tree", "nothing"];

pub(crate) fn model() -> Model {
    let labels = json!(LABELS).to_string().into_bytes();
    let mut files = tiny_files(["classifier.onnx"]);
    files.insert("labels.json".into(), labels);
    Model {
        pipeline: json!({
            "kind": "image_classification",
            "picture": "picture", "graph": "classifier.onnx", "tensor": "pixel_values",
            "framing": {"resize": "stretch", "filter": "bilinear", "width": 16, "height": 16},
            "normalization": {
                "mean": [0.485, 0.456, 0.406], "deviation": [0.229, 0.224, 0.225],
                "channels": "rgb",
            },
            "scores": "logits", "activation": "softmax", "labels": "labels.json", "top": 5,
            "filename": "out.json",
        }),
        inputs: json!([{"variable": "picture", "type": "file", "required": true}]),
        output: ("out.json", "text"),
        files,
    }
}

fn picture(seed: u64) -> Vec<u8> {
    encode(Pixels::Rgb, 16, 16, &stream_bytes(seed, 9, 16 * 16 * 3)).unwrap()
}

/// A task's input that names a file, and the file.
pub(crate) fn task(variable: &str, file: &[u8]) -> (Json, TaskFiles) {
    let cid = unixfs::cid_of(file).to_string();
    (
        json!({ variable: cid }),
        TaskFiles::from([(cid, file.into())]),
    )
}

#[test]
fn scores_are_those_of_the_numpy_implementation_on_every_runtime() {
    for case in reference("image_classification")["cases"]
        .as_array()
        .unwrap()
    {
        let expected = floats(&case["probabilities"]);
        let (input, files) = task("picture", &picture(case["seed"].as_u64().unwrap()));
        for runtime in runtimes() {
            let bytes = model()
                .solve_with(runtime.as_ref(), &input, 0, &files)
                .unwrap();
            let found: Json = serde_json::from_slice(&bytes).unwrap();
            let list = found["labels"].as_array().unwrap();
            let scores: Vec<f64> = list
                .iter()
                .map(|row| row["score"].as_f64().unwrap())
                .collect();
            assert!(scores.is_sorted_by(|a, b| a >= b), "{found}");
            for row in list {
                let place = LABELS
                    .iter()
                    .position(|label| row["label"] == *label)
                    .unwrap();
                let off = (row["score"].as_f64().unwrap() - expected[place]).abs();
                assert!(off < 1e-5, "{}: {row} {expected:?}", runtime.id());
            }
        }
    }
}

#[test]
fn the_likeliest_are_written_as_canonical_json() {
    let (input, files) = task("picture", &picture(0));
    let two = model().with(|p| p["top"] = 2.into());
    let bytes = two.solve_with(&Rten, &input, 0, &files).unwrap();
    let expected =
        r#"{"labels":[{"label":"house","score":0.546855},{"label":"cat","score":0.280979}]}"#;
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn a_file_that_is_no_picture_is_refused_and_the_input_is_named() {
    for bytes in [
        &b"not a picture"[..],
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ] {
        let (input, files) = task("picture", bytes);
        let error = model().solve_with(&Rten, &input, 0, &files).unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{error}");
        assert!(matches!(&error, InferenceError::Refused { field, .. } if field == "picture"));
    }
}

#[test]
fn a_file_that_was_not_brought_is_this_machines_affair_and_a_false_cid_the_inputs() {
    let (input, files) = task("picture", &picture(0));
    let error = model().solve(&Rten, &input, 0).unwrap_err();
    assert!(matches!(&error, InferenceError::File { field, .. } if field == "picture"));
    assert_eq!(error.blame(), Blame::Machine);
    for text in ["", "no cid", "/ipfs/x"] {
        let input = json!({"picture": text});
        let error = model().solve_with(&Rten, &input, 0, &files).unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{text}: {error}");
    }
}

#[test]
fn a_file_of_the_bundle_needs_not_be_brought() {
    let file = picture(2);
    let (input, files) = task("picture", &file);
    let expected = model().solve_with(&Rten, &input, 0, &files).unwrap();
    let holds = model().with_file("example.png", file);
    assert_eq!(holds.solve(&Rten, &input, 0).unwrap(), expected);
}

#[tokio::test]
async fn a_solver_brings_the_files_from_its_source() {
    let file = picture(3);
    let (input, files) = task("picture", &file);
    let bundle = model().bundle(&Rten).unwrap();
    let input = input.to_string();
    let without = InProcess::default();
    let error = without
        .solve(&bundle, input.as_bytes(), 0)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no source of files"), "{error}");
    let expected = model().solve_with(&Rten, &serde_json::from_str(&input).unwrap(), 0, &files);
    let solver = InProcess::default().with_files(std::sync::Arc::new(Shelf(file)));
    for made in [
        solver.solve(&bundle, input.as_bytes(), 0).await.unwrap(),
        solver
            .solve_afresh(&bundle, input.as_bytes(), 0)
            .await
            .unwrap(),
    ] {
        assert_eq!(made.files[0].bytes, *expected.as_ref().unwrap());
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused() {
    let file = vec![0; arbius_sdk::inference::task_files::MAX_FILE_BYTES as usize + 1];
    let input = task("picture", &file).0.to_string();
    let bundle = model().bundle(&Rten).unwrap();
    let solver = InProcess::default().with_files(std::sync::Arc::new(Shelf(file)));
    let error = solver
        .solve(&bundle, input.as_bytes(), 0)
        .await
        .unwrap_err();
    assert_eq!(error.blame(), Blame::Input, "{error}");
    assert!(error.to_string().contains("more than"), "{error}");
}

/// A source with one file.
#[derive(Debug)]
struct Shelf(Vec<u8>);

impl arbius_sdk::inference::FileSource for Shelf {
    fn read<'a>(
        &'a self,
        cid: &'a arbius_sdk::content::Cid,
        path: &'a str,
    ) -> futures_util::future::BoxFuture<'a, Result<Vec<u8>, arbius_sdk::inference::FileError>>
    {
        assert_eq!((*cid, path), (unixfs::cid_of(&self.0), ""));
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[test]
fn numbers_that_are_none_are_an_error_and_never_a_label() {
    // A deviation so small that levels become infinite, and their sums no numbers.
    let wild = model().with(|p| p["normalization"]["deviation"] = json!([1e-40, 1.0, 1.0]));
    let (input, files) = task("picture", &picture(0));
    for runtime in runtimes() {
        let error = wild
            .solve_with(runtime.as_ref(), &input, 0, &files)
            .unwrap_err();
        let typed = matches!(&error, InferenceError::NotFinite { graph, output, .. }
            if graph == "classifier.onnx" && output == "logits");
        assert!(typed, "{}: {error}", runtime.id());
        assert_eq!(error.blame(), Blame::Machine);
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    for (field, change) in [
        ("picture", (|p| p["picture"] = "p".into()) as fn(&mut Json)),
        ("graph", |p| p["graph"] = "g.onnx".into()),
        ("tensor", |p| p["tensor"] = "t".into()),
        ("tensor", |p| {
            drop(p.as_object_mut().unwrap().remove("normalization"))
        }),
        ("framing", |p| p["framing"]["width"] = 17.into()),
        ("framing.width", |p| p["framing"]["width"] = 0.into()),
        ("framing.resize", |p| {
            p["framing"]["resize"] = json!({"shorter_side": 8})
        }),
        ("normalization.deviation", |p| {
            p["normalization"]["deviation"][1] = 0.into()
        }),
        ("scores", |p| p["scores"] = "s".into()),
        ("top", |p| p["top"] = 6.into()),
        ("labels", |p| p["labels"] = "l.json".into()),
        ("filename", |p| p["filename"] = "f".into()),
    ] {
        let error = model().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
    for labels in ["[]", "[\"one\"]", "{}", "nothing"] {
        let error = model().with_file("labels.json", labels).refusal();
        assert!(error.starts_with("pipeline.labels: "), "{labels}: {error}");
    }
}
