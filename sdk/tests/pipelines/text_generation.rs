//! Text generation with a cache.

use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{Blame, InferenceError};
use serde_json::{Value as Json, json};

use crate::made::{Model, reference, runtimes, tiny_files};

pub(crate) fn model() -> Model {
    let numbers = reference("text_generation");
    let setting = |name: &str| json!({ "variable": name });
    Model {
        pipeline: json!({
            "kind": "text_generation",
            "tokenizer": {
                "files": {"kind": "json", "file": "generation_tokenizer.json"},
                "vocabulary": numbers["vocabulary"],
            },
            "prompt": "prompt", "graph": "decoder.onnx",
            "tokens": "input_ids", "positions": "position_ids", "logits": "logits",
            "cache": {
                "layers": numbers["layers"], "heads": 2, "width": 4,
                "past": ["past_key_values.{layer}.key", "past_key_values.{layer}.value"],
                "present": ["present.{layer}.key", "present.{layer}.value"],
            },
            "context": 64, "max_tokens": setting("max_tokens"), "stop": [numbers["stop"]],
            "sampling": {
                "temperature": setting("temperature"), "top_k": setting("top_k"),
                "top_p": setting("top_p"), "repetition_penalty": setting("repetition_penalty"),
                "stream": 0,
            },
            "format": "json", "filename": "out.json",
        }),
        inputs: json!([
            {"variable": "prompt", "type": "string", "required": true},
            {"variable": "max_tokens", "type": "int", "default": 24},
            {"variable": "temperature", "type": "decimal", "default": 1},
            {"variable": "top_k", "type": "int", "default": 0},
            {"variable": "top_p", "type": "decimal", "default": 1},
            {"variable": "repetition_penalty", "type": "decimal", "default": 1},
        ]),
        output: ("out.json", "text"),
        files: tiny_files(["generation_tokenizer.json", "decoder.onnx"]),
    }
}

fn input(case: &Json) -> Json {
    let mut input = case.clone();
    for key in ["seed", "prompt_tokens", "tokens", "text"] {
        input.as_object_mut().unwrap().remove(key);
    }
    input
}

#[test]
fn texts_are_those_of_the_numpy_implementation_without_a_cache_on_every_runtime() {
    for case in reference("text_generation")["cases"].as_array().unwrap() {
        for runtime in runtimes() {
            let seed = case["seed"].as_u64().unwrap();
            let found = model().solve(runtime.as_ref(), &input(case), seed).unwrap();
            let found: Json = serde_json::from_slice(&found).unwrap();
            assert_eq!(found["tokens"], case["tokens"], "{} {case}", runtime.id());
            assert_eq!(found["text"], case["text"], "{} {case}", runtime.id());
        }
    }
}

#[test]
fn text_alone_is_written_where_the_description_says_so() {
    let case = &reference("text_generation")["cases"][0];
    let model = model().with(|p| p["format"] = "text".into());
    let found = model.solve(&Rten, &input(case), 0).unwrap();
    assert_eq!(
        String::from_utf8(found).unwrap(),
        case["text"].as_str().unwrap()
    );
}

#[test]
fn the_text_ends_at_the_limit_the_context_or_a_stop_token() {
    let tokens = |model: Model, input: Json| {
        let bytes = model.solve(&Rten, &input, 11).unwrap();
        let json: Json = serde_json::from_slice(&bytes).unwrap();
        let list = json["tokens"].as_array().unwrap();
        list.iter()
            .map(|token| token.as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    let endless = || model().with(|p| p["stop"] = json!([]));
    let all = tokens(
        endless(),
        json!({"prompt": "x", "max_tokens": 30, "temperature": 1.5}),
    );
    assert_eq!(all.len(), 30);
    let few = tokens(
        endless(),
        json!({"prompt": "x", "max_tokens": 3, "temperature": 1.5}),
    );
    assert_eq!(few, all[..3]);
    let narrow = endless().with(|p| {
        p["context"] = 10.into();
        p["max_tokens"] = 10.into();
    });
    let held = tokens(narrow, json!({"prompt": "x", "temperature": 1.5}));
    assert_eq!(held, all[..9]);
    let stops = model().with(|p| p["stop"] = json!([all[5]]));
    let first = all.iter().position(|token| *token == all[5]).unwrap();
    let stopped = tokens(stops, json!({"prompt": "x", "temperature": 1.5}));
    assert_eq!(stopped, all[..first]);
}

#[test]
fn inputs_that_the_model_does_not_take_are_refused_and_named() {
    for (field, input) in [
        ("prompt", json!({"prompt": ""})),
        ("prompt", json!({"prompt": "q".repeat(64)})),
        ("max_tokens", json!({"prompt": "x", "max_tokens": 0})),
        ("max_tokens", json!({"prompt": "x", "max_tokens": 65})),
        ("temperature", json!({"prompt": "x", "temperature": -0.1})),
        ("top_k", json!({"prompt": "x", "top_k": -1})),
        ("top_p", json!({"prompt": "x", "top_p": 1.1})),
        (
            "repetition_penalty",
            json!({"prompt": "x", "repetition_penalty": 0}),
        ),
    ] {
        let error = model().solve(&Rten, &input, 0).unwrap_err();
        assert_eq!(error.blame(), Blame::Input, "{error}");
        let named =
            matches!(&error, InferenceError::Refused { field: found, .. } if found == field);
        assert!(named, "{field}: {error}");
    }
}

#[test]
fn a_description_that_does_not_fit_is_refused_and_the_field_is_named() {
    assert!(model().bundle(&Rten).is_ok());
    for (field, change) in [
        (
            "prompt",
            (|p| p["prompt"] = "top_k".into()) as fn(&mut Json),
        ),
        ("graph", |p| p["graph"] = "d.onnx".into()),
        ("graph", |p| {
            drop(p.as_object_mut().unwrap().remove("positions"))
        }),
        ("tokens", |p| p["tokens"] = "ids".into()),
        ("attention_mask", |p| p["attention_mask"] = "mask".into()),
        ("positions", |p| {
            p["positions"] = "past_key_values.0.key".into()
        }),
        ("logits", |p| p["logits"] = "present.9.key".into()),
        ("tokenizer.vocabulary", |p| {
            p["tokenizer"]["vocabulary"] = 1000.into()
        }),
        ("cache.layers", |p| p["cache"]["layers"] = 0.into()),
        ("cache.past", |p| p["cache"]["layers"] = 3.into()),
        ("cache.past", |p| p["cache"]["past"] = json!([])),
        ("cache.past", |p| p["cache"]["heads"] = 3.into()),
        ("cache.heads", |p| p["cache"]["heads"] = 0.into()),
        ("cache.present", |p| {
            p["cache"]["present"] = json!(["a", "b"])
        }),
        ("context", |p| p["context"] = 0.into()),
        ("stop", |p| p["stop"] = json!([99_999])),
        ("max_tokens", |p| p["max_tokens"] = 65.into()),
        ("sampling.temperature", |p| {
            p["sampling"]["temperature"] = (-1).into()
        }),
        ("sampling.top_p", |p| p["sampling"]["top_p"] = 2.into()),
        ("sampling.top_k", |p| {
            p["sampling"]["top_k"] = json!({"variable": "top_p"})
        }),
        ("filename", |p| p["filename"] = "out.txt".into()),
    ] {
        let error = model().with(change).refusal();
        assert!(
            error.starts_with(&format!("pipeline.{field}: ")),
            "{field}: {error}"
        );
    }
}
