//! Tokenizers: those of the bundle's files, and files that are none.

use arbius_sdk::inference::InferenceError;
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::tokenizer::{MAX_TEXT_BYTES, Tokenizer};
use arbius_sdk::model::pipeline::tokenizer::Tokenizer as Description;
use serde_json::{Value as Json, json};

use crate::latent_diffusion::model;
use crate::made::reference;

fn description(json: &Json) -> Description {
    serde_json::from_value(json["tokenizer"].clone()).unwrap()
}

#[test]
fn clips_tokenizer_cuts_text_as_the_reference_does() {
    let model = model("ddim", "epsilon", "leading");
    let bundle = model.bundle(&Rten).unwrap();
    let tokenizer = Tokenizer::read(&bundle, &description(&model.pipeline)).unwrap();
    for case in reference("latent_diffusion")["cases"].as_array().unwrap() {
        let prompt = case["prompt"].as_str().unwrap();
        let mut tokens = tokenizer.encode_cut("prompt", prompt, 77).unwrap();
        let end = reference("latent_diffusion")["end"].as_u64().unwrap() as u32;
        assert_eq!(tokens.last(), Some(&end));
        tokens.resize(77, end);
        assert_eq!(json!(tokens), case["tokens"], "{prompt}");
    }
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let model = model("ddim", "epsilon", "leading");
    let mut vocabulary: Json = serde_json::from_slice(&model.files["vocab.json"]).unwrap();
    vocabulary["another"] = 40_000.into();
    let other = model.with_file("vocab.json", vocabulary.to_string());
    let error = other.load(&Rten).err().unwrap();
    assert!(matches!(&error, InferenceError::Asset { file, .. } if file == "vocab.json"));
    assert!(error.to_string().contains("another model"), "{error}");
}

#[test]
fn files_that_are_no_tokenizer_are_refused() {
    let model = model("ddim", "epsilon", "leading");
    for (file, bytes) in [
        ("vocab.json", &b"[]"[..]),
        ("vocab.json", b"{}"),
        ("vocab.json", b"{\"a\": \"b\"}"),
        ("vocab.json", b"\xff"),
        ("merges.txt", b"\xff\xff"),
        ("merges.txt", b"not there"),
        ("merges.txt", b"three words here"),
    ] {
        let error = model.clone().with_file(file, bytes).load(&Rten).err();
        let is_asset = matches!(&error, Some(InferenceError::Asset { .. }));
        assert!(is_asset, "{file} {bytes:?}: {error:?}");
    }
}

#[test]
fn a_tokenizer_that_cuts_at_random_is_refused() {
    let model = model("ddim", "epsilon", "leading");
    let mut rules: Json =
        serde_json::from_slice(&crate::made::tiny("generation_tokenizer.json")).unwrap();
    let with = |rules: &Json| {
        let files = json!({"kind": "json", "file": "tokenizer.json"});
        let model = model.clone().with(|p| p["tokenizer"]["files"] = files);
        model
            .with_file("tokenizer.json", rules.to_string())
            .load(&Rten)
    };
    assert!(with(&rules).is_ok());
    rules["model"]["dropout"] = 0.1.into();
    let error = with(&rules).err().unwrap().to_string();
    assert!(error.contains("at random"), "{error}");
}

#[test]
fn a_text_that_is_too_long_is_refused() {
    let model = model("ddim", "epsilon", "leading");
    let bundle = model.bundle(&Rten).unwrap();
    let tokenizer = Tokenizer::read(&bundle, &description(&model.pipeline)).unwrap();
    let text = "x".repeat(MAX_TEXT_BYTES);
    assert!(tokenizer.encode("prompt", &text).is_ok());
    let error = tokenizer.encode("prompt", &(text + "x")).unwrap_err();
    assert!(matches!(error, InferenceError::Refused { field, .. } if field == "prompt"));
}
