//! Reading text in pictures, by the models of the package rapidocr-onnxruntime.
//!
//! As for `file_type.rs`, `ARBIUS_TEST_MODELS` names the folder that `.ci/install-models` fetches.

use arbius_sdk::inference::Blame;
use arbius_sdk::inference::rten::Rten;
use serde_json::{Value as Json, json};

use crate::image_classification::task;
use crate::made::{Model, floats, package, runtimes, sample};

fn model() -> Option<Model> {
    let folder = package("rapidocr")?;
    let names = [
        "detector.onnx",
        "orientation.onnx",
        "recognizer.onnx",
        "characters.json",
    ];
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    Some(Model {
        pipeline: json!({
            "kind": "ocr", "picture": "picture", "longer_side": 2000,
            "normalization": {
                "mean": [0.5, 0.5, 0.5], "deviation": [0.5, 0.5, 0.5], "channels": "bgr",
            },
            "detector": {
                "graph": "detector.onnx", "tensor": "x", "map": "sigmoid_0.tmp_0",
                "shorter_side": 736, "threshold": 0.3, "box_threshold": 0.5, "unclip": 1.6,
                "dilate": true,
            },
            "orientation": {
                "graph": "orientation.onnx", "tensor": "x",
                "scores": "save_infer_model/scale_0.tmp_1", "height": 48, "width": 192,
                "threshold": 0.9,
            },
            "recognizer": {
                "graph": "recognizer.onnx", "tensor": "x", "scores": "softmax_11.tmp_0",
                "height": 48, "width": 320, "characters": "characters.json", "threshold": 0.5,
            },
            "filename": "out.json",
        }),
        inputs: json!([{"variable": "picture", "type": "file", "required": true}]),
        output: ("out.json", "text"),
        files: names.map(|name| (name.to_owned(), read(name))).into(),
    })
}

#[test]
fn texts_are_those_of_rapidocrs_own_python_on_every_runtime() {
    let Some(model) = model() else { return };
    let cases: Json = serde_json::from_slice(&sample("rapidocr.json")).unwrap();
    for runtime in runtimes() {
        let mut loaded = model.load(runtime.as_ref()).unwrap();
        for case in cases.as_array().unwrap() {
            let name = case["file"].as_str().unwrap();
            let (input, files) = task("picture", &sample(name));
            let made = loaded
                .solve_with(input.to_string().as_bytes(), 0, &files)
                .unwrap();
            let found: Json = serde_json::from_slice(&made.files[0].bytes).unwrap();
            let (found, expected) = (&found["lines"], &case["lines"]);
            let text = format!("{} {name}: {found}", runtime.id());
            assert_eq!(
                found.as_array().unwrap().len(),
                expected.as_array().unwrap().len(),
                "{text}"
            );
            for (found, expected) in found
                .as_array()
                .unwrap()
                .iter()
                .zip(expected.as_array().unwrap())
            {
                assert_eq!(found["text"], expected["text"], "{text}");
                let off = found["score"].as_f64().unwrap() - expected["score"].as_f64().unwrap();
                // OpenCV resizes with fewer digits and moves corners to whole pixels between.
                assert!(off.abs() < 0.03, "{text}");
                for corner in 0..4 {
                    let ours = floats(&found["box"][corner]);
                    let theirs = floats(&expected["box"][corner]);
                    for (a, b) in ours.iter().zip(&theirs) {
                        assert!((a - b).abs() <= 3.0, "{text}: {expected}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_file_that_is_no_picture_is_refused() {
    let Some(model) = model() else { return };
    let (input, files) = task("picture", b"no picture");
    let error = model.solve_with(&Rten, &input, 0, &files).unwrap_err();
    assert_eq!(error.blame(), Blame::Input);
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    let Some(model) = model() else { return };
    assert!(model.bundle(&Rten).is_ok());
    for (field, change) in [
        ("picture", (|p| p["picture"] = "p".into()) as fn(&mut Json)),
        ("longer_side", |p| p["longer_side"] = 0.into()),
        ("detector.graph", |p| p["detector"]["graph"] = "d".into()),
        ("detector.tensor", |p| p["detector"]["tensor"] = "y".into()),
        ("detector.map", |p| p["detector"]["map"] = "m".into()),
        ("detector.shorter_side", |p| {
            p["detector"]["shorter_side"] = 3000.into()
        }),
        ("detector.threshold", |p| {
            p["detector"]["threshold"] = 2.into()
        }),
        ("detector.unclip", |p| p["detector"]["unclip"] = 11.into()),
        ("orientation.scores", |p| {
            p["orientation"]["scores"] = "s".into()
        }),
        ("recognizer.height", |p| {
            p["recognizer"]["height"] = 0.into()
        }),
        ("recognizer.characters", |p| {
            p["recognizer"]["characters"] = "c".into()
        }),
        ("recognizer.scores", |p| {
            p["recognizer"]["scores"] = "s".into()
        }),
        ("filename", |p| p["filename"] = "f".into()),
    ] {
        let error = model.clone().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
    let error = model.with_file("characters.json", "[\"a\"]").refusal();
    assert!(
        error.starts_with("pipeline.recognizer.characters: "),
        "{error}"
    );
}
