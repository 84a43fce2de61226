//! The two models that work for each other: one writes lines, one draws them.
#![cfg(feature = "inference")]

mod parts;
mod shipped;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arbius_models::EmbeddedBundle;
use arbius_sdk::content::unixfs;
use arbius_sdk::inference::onnxruntime::{LIBRARY_VARIABLE, OnnxRuntime};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::{LoadedModel, Runtime, SessionOptions, TaskFiles, certify, pack};
use arbius_sdk::model::integer;
use parts::part;
use serde_json::{Value as Json, json};

/// Words of a line that are no thing, colour, size or place.
const LITTLE_WORDS: [&str; 6] = ["a", "an", "and", "with", "next", "to"];

fn models() -> [&'static EmbeddedBundle; 2] {
    [arbius_models::storyteller(), arbius_models::illustrator()]
}

fn folder(model: &EmbeddedBundle) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../models")
        .join(model.name)
}

fn load(model: &EmbeddedBundle) -> LoadedModel {
    let bundle = shipped::bundle(model);
    LoadedModel::load(&Rten, &bundle, &SessionOptions::default()).unwrap()
}

fn made(model: &mut LoadedModel, input: &Json, seed: u64, files: &TaskFiles) -> Vec<u8> {
    let input = input.to_string();
    let outputs = model.solve_with(input.as_bytes(), seed, files).unwrap();
    outputs.files[0].bytes.clone()
}

fn line(storyteller: &mut LoadedModel, before: &str, seed: u64) -> String {
    let bytes = made(
        storyteller,
        &json!({ "prompt": before }),
        seed,
        &TaskFiles::new(),
    );
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_line_keeps_to_the_one_before_and_is_the_end_now_and_then() {
    let mut storyteller = load(arbius_models::storyteller());
    let mut lines = Vec::new();
    for before in [
        "a story about a fox",
        "a small fox in the forest",
        "a fox and an owl",
    ] {
        lines.extend((0..60).map(|seed| line(&mut storyteller, before, seed)));
    }
    let ends = lines.iter().filter(|line| *line == "the end").count();
    assert!((5..50).contains(&ends), "{ends} of {}", lines.len());
    let kept = lines.iter().filter(|line| line.contains("fox")).count();
    assert!(kept >= 70, "{kept} of {}", lines.len());
    let different: HashSet<_> = lines.iter().collect();
    assert!(different.len() >= 90, "{different:?}");
}

#[test]
fn a_line_is_made_of_the_stickers_model_s_own_words() {
    let names = std::fs::read(folder(arbius_models::stickers()).join("names.json")).unwrap();
    let names: Json = serde_json::from_slice(&names).unwrap();
    let pictures = names["pictures"].as_array().unwrap();
    let pictures: HashSet<&str> = pictures.iter().filter_map(Json::as_str).collect();
    let is_thing = |word: &str| {
        let singular = [word.strip_suffix("es"), word.strip_suffix('s')];
        pictures.contains(word)
            || singular
                .into_iter()
                .flatten()
                .any(|word| pictures.contains(word))
            || word
                .strip_suffix("ies")
                .is_some_and(|stem| pictures.contains(format!("{stem}y").as_str()))
    };
    let mut storyteller = load(arbius_models::storyteller());
    let mut said = "a rocket in space".to_owned();
    let mut named = 0;
    for seed in 0..100 {
        said = line(&mut storyteller, &said, seed);
        assert!(said.len() <= 256 && said.trim() == said, "{said:?}");
        let words = said.split(' ').filter(|word| !LITTLE_WORDS.contains(word));
        named += usize::from(said == "the end" || words.into_iter().any(is_thing));
    }
    assert!(named >= 97, "{named} of 100");
}

#[test]
fn a_text_says_the_same_from_a_file_and_by_itself() {
    let text = "a small fox at sunset";
    let cid = unixfs::cid_of(text.as_bytes()).to_string();
    let files = TaskFiles::from([(cid.clone(), Arc::from(text.as_bytes()))]);
    let mut storyteller = load(arbius_models::storyteller());
    for (seed, opening) in [(1, ""), (2, "tell me of")] {
        let from_file = json!({ "prompt": opening, "text": cid });
        let whole = format!("{opening} {text}");
        assert_eq!(
            made(&mut storyteller, &from_file, seed, &files),
            line(&mut storyteller, whole.trim(), seed).into_bytes()
        );
    }
    let mut stickers = load(arbius_models::stickers());
    let mut illustrator = load(arbius_models::illustrator());
    let drawn = made(
        &mut illustrator,
        &json!({ "prompt": "two", "text": cid }),
        3,
        &files,
    );
    let prompt = json!({ "prompt": format!("two {text}") });
    assert!(drawn == made(&mut stickers, &prompt, 3, &TaskFiles::new()));
}

#[test]
fn any_text_gives_a_line_and_the_same_one_every_time() {
    let mut storyteller = load(arbius_models::storyteller());
    let long = "elephant ".repeat(7_000);
    for prompt in [
        "",
        " ",
        "\0\u{1}\n",
        "象",
        "🐘🐘🐘",
        &long,
        "DROP TABLE tasks;--",
    ] {
        let first = line(&mut storyteller, prompt, 5);
        assert!(!first.is_empty(), "{prompt:?}");
        assert_eq!(
            first,
            line(&mut load(arbius_models::storyteller()), prompt, 5)
        );
    }
}

#[test]
fn both_are_of_the_class_integer_and_certify_on_every_runtime_at_hand() {
    let mut runtimes: Vec<Box<dyn Runtime>> = vec![Box::new(Rten)];
    if let Some(library) = part("onnxruntime", LIBRARY_VARIABLE) {
        runtimes.push(Box::new(OnnxRuntime::load(library.as_ref()).unwrap()));
    }
    for model in models() {
        integer::check(model.file("generator.onnx").unwrap()).unwrap();
        let bundle = shipped::bundle(model);
        for runtime in &runtimes {
            for threads in [1, 3].map(|threads| NonZeroUsize::new(threads).unwrap()) {
                let options = SessionOptions {
                    threads,
                    ..SessionOptions::default()
                };
                let report = certify(&bundle, runtime.as_ref(), &options).unwrap();
                assert_eq!(report.goldens, bundle.passport().goldens.len());
            }
        }
    }
}

#[test]
fn packing_the_folders_again_gives_what_is_committed() {
    for model in models() {
        let packed = pack::pack(&pack::Parts::read(&folder(model)).unwrap()).unwrap();
        assert_eq!(packed.manifest, model.manifest, "{}", model.name);
        assert_eq!(packed.template, model.template, "{}", model.name);
        let passport = model.file("passport.json");
        assert_eq!(Some(packed.passport.as_slice()), passport, "{}", model.name);
    }
}
