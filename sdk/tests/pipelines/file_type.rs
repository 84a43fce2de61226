//! File types, by the model of the package magika.
//!
//! The package is fetched by `.ci/install-models`, which prints the folder to name in
//! `ARBIUS_TEST_MODELS`. Without it these tests are skipped, unless `ARBIUS_REQUIRE` names
//! `models`.

use arbius_sdk::inference::rten::Rten;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value as Json, json};

use crate::image_classification::task;
use crate::made::{Model, package, runtimes, sample};

fn model() -> Option<Model> {
    let folder = package("magika")?;
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    Some(Model {
        pipeline: json!({
            "kind": "file_type",
            "file": "file", "graph": "model.onnx", "tensor": "bytes", "scores": "target_label",
            "head": 1024, "tail": 1024, "block": 4096, "padding": 256, "least": 8,
            "types": "types.json", "filename": "out.json",
        }),
        inputs: json!([{"variable": "file", "type": "file", "required": true}]),
        output: ("out.json", "text"),
        files: ["model.onnx", "types.json"]
            .map(|name| (name.to_owned(), read(name)))
            .into(),
    })
}

#[test]
fn types_are_those_of_magikas_own_python_on_every_runtime() {
    let Some(model) = model() else { return };
    let cases: Json = serde_json::from_slice(&sample("magika.json")).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 20);
    for runtime in runtimes() {
        let mut loaded = model.load(runtime.as_ref()).unwrap();
        for case in cases {
            let name = &case["name"];
            let file = BASE64.decode(case["base64"].as_str().unwrap()).unwrap();
            let (input, files) = task("file", &file);
            let made = loaded
                .solve_with(input.to_string().as_bytes(), 0, &files)
                .unwrap();
            let found: Json = serde_json::from_slice(&made.files[0].bytes).unwrap();
            assert_eq!(found["label"], case["label"], "{} {name}", runtime.id());
            let off = found["score"].as_f64().unwrap() - case["score"].as_f64().unwrap();
            assert!(off.abs() < 1e-3, "{} {name}: {found} {case}", runtime.id());
        }
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    let Some(model) = model() else { return };
    assert!(model.bundle(&Rten).is_ok());
    for (field, change) in [
        ("file", (|p| p["file"] = "f".into()) as fn(&mut Json)),
        ("head", |p| p["head"] = 1023.into()),
        ("block", |p| p["block"] = 0.into()),
        ("least", |p| p["least"] = 0.into()),
        ("tensor", |p| p["tensor"] = "b".into()),
        ("types", |p| p["types"] = "t".into()),
        ("scores", |p| p["scores"] = "s".into()),
        ("filename", |p| p["filename"] = "f".into()),
    ] {
        let error = model.clone().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
    let error = model.with_file("types.json", "[]").refusal();
    assert!(error.starts_with("pipeline.types: "), "{error}");
}
