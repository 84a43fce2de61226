//! Text embedding.

use arbius_sdk::inference::InferenceError;
use arbius_sdk::inference::rten::Rten;
use serde_json::{Value as Json, json};

use crate::made::{Model, floats, reference, runtimes, tiny_files};

fn model() -> Model {
    Model {
        pipeline: json!({
            "kind": "text_embedding",
            "tokenizer": {
                "files": {"kind": "json", "file": "embedding_tokenizer.json"},
                "start": 2, "end": 3,
                "vocabulary": reference("text_embedding")["vocabulary"],
            },
            "text": "text", "graph": "embedding.onnx", "tokens": "input_ids",
            "attention_mask": "attention_mask", "token_types": "token_type_ids",
            "states": "last_hidden_state", "length": 16, "pooling": "mean", "normalize": true,
            "format": "json", "filename": "out.json",
        }),
        inputs: json!([{"variable": "text", "type": "string", "required": true}]),
        output: ("out.json", "text"),
        files: tiny_files(["embedding_tokenizer.json", "embedding.onnx"]),
    }
}

#[test]
fn vectors_are_those_of_the_numpy_implementation_on_every_runtime() {
    for case in reference("text_embedding")["cases"].as_array().unwrap() {
        for (pooling, key) in [("mean", "mean"), ("first", "first")] {
            let model = model().with(|p| p["pooling"] = pooling.into());
            for runtime in runtimes() {
                let input = json!({"text": case["text"]});
                let bytes = model.solve(runtime.as_ref(), &input, 0).unwrap();
                let found: Json = serde_json::from_slice(&bytes).unwrap();
                let found = floats(&found["embedding"]);
                let expected = floats(&case[key]);
                assert_eq!(found.len(), expected.len());
                for (found, expected) in found.iter().zip(&expected) {
                    let off = (found - expected).abs();
                    assert!(off < 1e-5, "{}: {found} {expected} {case}", runtime.id());
                }
            }
        }
    }
}

#[test]
fn json_and_floats_hold_the_same_vector() {
    let input = json!({"text": "the cat"});
    let json: Json = serde_json::from_slice(&model().solve(&Rten, &input, 0).unwrap()).unwrap();
    let mut binary = model().with(|p| {
        p["format"] = "floats".into();
        p["filename"] = "out.bin".into();
    });
    binary.output = ("out.bin", "file");
    let bytes = binary.solve(&Rten, &input, 0).unwrap();
    let floats: Vec<f32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    let listed = self::floats(&json["embedding"]);
    assert_eq!(floats.len(), 8);
    assert_eq!(floats, listed.iter().map(|x| *x as f32).collect::<Vec<_>>());
}

#[test]
fn a_text_without_tokens_is_refused() {
    let bare = model().with(|p| {
        p["tokenizer"]["start"].take();
        p["tokenizer"]["end"].take();
    });
    let error = bare.solve(&Rten, &json!({"text": " "}), 0).unwrap_err();
    assert!(matches!(error, InferenceError::Refused { field, .. } if field == "text"));
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    for (field, change) in [
        ("text", (|p| p["text"] = "t".into()) as fn(&mut Json)),
        ("tokenizer.start", |p| p["tokenizer"]["start"] = 22.into()),
        ("tokenizer.files.file", |p| {
            p["tokenizer"]["files"]["file"] = "t".into()
        }),
        ("length", |p| p["length"] = 1.into()),
        ("tokens", |p| p["tokens"] = "ids".into()),
        ("graph", |p| {
            drop(p.as_object_mut().unwrap().remove("token_types"))
        }),
        ("states", |p| p["states"] = "pooled".into()),
        ("filename", |p| p["format"] = "floats".into()),
    ] {
        let error = model().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
}
