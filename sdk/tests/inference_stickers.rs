//! The model that the demo offers: what it draws, and that it keeps its promise.
#![cfg(feature = "inference")]

#[path = "shipped/artist.rs"]
mod artist;
mod parts;
#[path = "../examples/draw_sheet/sheet.rs"]
mod sheet;
mod shipped;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use arbius_sdk::inference::onnxruntime::{LIBRARY_VARIABLE, OnnxRuntime};
use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::runtime::Elements;
use arbius_sdk::inference::{
    LoadedModel, Runtime, Session, SessionOptions, Tensor, certify, pack, solve,
};
use arbius_sdk::model::{Bundle, integer};
use artist::Artist;
use parts::part;
use serde::Deserialize;
use serde_json::json;
use sheet::Picture;

const SIDE: usize = 128;

/// Pixels of a sticker, in the middle of a picture of one.
const STICKER: usize = 96;

/// Pixels of a judge's picture.
const THUMBNAIL: usize = 16;

/// Bytes of the input `scene`.
const SCENE_BYTES: usize = 16;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/stickers")
}

fn bundle() -> Bundle {
    shipped::bundle(arbius_models::stickers())
}

fn artist() -> Artist {
    Artist::new(&bundle())
}

fn picture(artist: &mut Artist, prompt: &str, seed: u64) -> Picture {
    let picture = Picture::read(&artist.png(prompt, seed)).unwrap();
    assert_eq!((picture.width, picture.height), (SIDE, SIDE));
    picture
}

/// What the pictures are called, as the training script wrote it down.
#[derive(Deserialize)]
struct Names {
    /// The name of each picture.
    pictures: Vec<String>,
    /// Words that were trained, and the pictures that each means.
    keywords: BTreeMap<String, Vec<usize>>,
    /// Words that were never trained with a picture.
    held_out: BTreeMap<String, Vec<usize>>,
}

/// Says which of the pictures in the packages a drawn one is nearest to. It knows the model's
/// graph, but nothing of what is in it.
struct Judge {
    session: Box<dyn Session>,
    names: Names,
    thumbnails: Vec<Vec<f64>>,
}

impl Judge {
    fn new() -> Self {
        let stickers = arbius_models::stickers();
        let graph = stickers.file("generator.onnx").unwrap();
        let names = std::fs::read(folder().join("names.json")).unwrap();
        let names: Names = serde_json::from_slice(&names).unwrap();
        let tiles = Picture::read(&std::fs::read(folder().join("judge.png")).unwrap()).unwrap();
        let columns = tiles.width / THUMBNAIL;
        let thumbnails = (0..names.pictures.len())
            .map(|tile| {
                let (left, top) = (tile % columns * THUMBNAIL, tile / columns * THUMBNAIL);
                small(&tiles, left, top, THUMBNAIL)
            })
            .collect();
        Self {
            session: Rten.load(graph, &SessionOptions::default()).unwrap(),
            names,
            thumbnails,
        }
    }

    /// The picture that the model draws, upright and on white, for a prompt of one thing.
    fn picture_of(&mut self, words: &str) -> usize {
        let prompt = format!(" {words} on a white background ");
        let mut bytes = prompt.into_bytes();
        bytes.resize(256, 0);
        // The middle of the noise: no tilt, no shift, no choice but the model's own.
        let still = |length| Tensor::row(vec![127; length]);
        let inputs = [
            ("prompt", Tensor::row(bytes)),
            ("choice", still(self.names.pictures.len())),
            ("scene", still(SCENE_BYTES)),
        ];
        let outputs = self.session.run(&inputs, &["image"]).unwrap();
        let Elements::U8(pixels) = outputs[0].elements() else {
            panic!("the picture is not of bytes")
        };
        let drawn = Picture {
            width: SIDE,
            height: SIDE,
            pixels: pixels.to_vec(),
        };
        let edge = (SIDE - STICKER) / 2;
        let drawn = small(&drawn, edge, edge, STICKER);
        let distance = |other: &[f64]| -> f64 {
            let both = drawn.iter().zip(other);
            both.map(|(a, b)| (a - b).powi(2)).sum()
        };
        let nearest = self.thumbnails.iter().enumerate();
        nearest
            .min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))
            .unwrap()
            .0
    }

    /// The share of these words whose picture is one of those they mean, and the others.
    fn right(&mut self, words: &[(String, Vec<usize>)]) -> (f64, Vec<String>) {
        let mut wrong = Vec::new();
        for (word, meant) in words {
            let drawn = self.picture_of(word);
            if !meant.contains(&drawn) {
                wrong.push(format!("{word}: {}", self.names.pictures[drawn]));
            }
        }
        let share = 1.0 - wrong.len() as f64 / words.len() as f64;
        (share, wrong)
    }
}

/// A square of a picture as the means of 16×16 blocks.
fn small(picture: &Picture, left: usize, top: usize, side: usize) -> Vec<f64> {
    let block = side / THUMBNAIL;
    let mut means = vec![0.0; THUMBNAIL * THUMBNAIL * 3];
    for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
        for channel in 0..3 {
            let value = picture.pixels[((top + y) * picture.width + left + x) * 3 + channel];
            means[(y / block * THUMBNAIL + x / block) * 3 + channel] += f64::from(value);
        }
    }
    let pixels = (block * block) as f64;
    means.iter().map(|sum| sum / pixels).collect()
}

/// Every `step`-th entry.
fn some(words: &BTreeMap<String, Vec<usize>>, step: usize) -> Vec<(String, Vec<usize>)> {
    let pairs = words.iter().step_by(step);
    pairs
        .map(|(word, meant)| (word.clone(), meant.clone()))
        .collect()
}

#[test]
fn a_name_draws_the_picture_that_bears_it() {
    let mut judge = Judge::new();
    let names = judge.names.pictures.iter().cloned();
    let names: BTreeMap<_, _> = names.zip((0..).map(|picture| vec![picture])).collect();
    let (share, wrong) = judge.right(&some(&names, 6));
    assert!(share >= 0.95, "{share}: {wrong:#?}");
}

#[test]
fn keywords_draw_a_picture_that_they_mean() {
    let mut judge = Judge::new();
    let keywords = some(&judge.names.keywords, 25);
    let (share, wrong) = judge.right(&keywords);
    assert!(share >= 0.8, "{share}: {wrong:#?}");
}

#[test]
fn words_that_were_held_out_are_answered_far_more_often_than_by_chance() {
    let mut judge = Judge::new();
    let held_out = some(&judge.names.held_out, 3);
    let (share, wrong) = judge.right(&held_out);
    // A picture at random is right for one word in hundreds.
    assert!(share >= 0.05, "{share}: {wrong:#?}");
}

#[test]
fn the_prompt_says_how_many_and_where() {
    let mut artist = artist();
    // Corners show what is behind, the middle of each half what stands there.
    let corner = |picture: &Picture| picture.pixels[..3].to_vec();
    assert_eq!(
        corner(&picture(&mut artist, "a duck on a white background", 1)),
        [255; 3]
    );
    let night = corner(&picture(&mut artist, "a duck at night", 1));
    assert!(night[0] < 60 && night[2] < 120, "{night:?}");
    let differs = |picture: &Picture, x: usize| {
        let pixel = (SIDE / 2 * SIDE + x) * 3;
        let behind = SIDE / 2 * SIDE * 3;
        picture.pixels[pixel..pixel + 3] != picture.pixels[behind..behind + 3]
    };
    for seed in 0..5 {
        let one = picture(&mut artist, "a pumpkin on a white background", seed);
        assert!(differs(&one, SIDE / 2), "seed {seed}");
        let two = picture(&mut artist, "two pumpkins on a white background", seed);
        assert!(
            differs(&two, SIDE / 4) && differs(&two, SIDE * 3 / 4),
            "seed {seed}"
        );
    }
}

#[test]
fn every_seed_draws_another_picture_and_chooses_what_is_open() {
    let mut artist = artist();
    let drawn: HashSet<_> = (0..20).map(|seed| artist.png("a fox", seed)).collect();
    assert_eq!(drawn.len(), 20);
    // What differs is seen: more than 16 of 255 levels in a twentieth of the pixels.
    let (one, other) = (
        picture(&mut artist, "a fox", 1),
        picture(&mut artist, "a fox", 2),
    );
    let pairs = one.pixels.iter().zip(&other.pixels);
    let far = pairs.filter(|(a, b)| a.abs_diff(**b) > 16).count();
    assert!(
        far * 20 >= one.pixels.len(),
        "{far} of {}",
        one.pixels.len()
    );
}

#[test]
fn any_text_gives_the_same_bytes_every_time() {
    let mut artist = artist();
    let long = "elephant ".repeat(7_000);
    for prompt in [
        "",
        " ",
        "\0\u{1}\n",
        "象",
        "🐘🐘🐘",
        "¿elefante?",
        &long,
        "DROP TABLE tasks;--",
    ] {
        let first = artist.png(prompt, 5);
        assert_eq!(first, artist.png(prompt, 5), "{prompt:?}");
        let input = json!({ "prompt": prompt }).to_string();
        let fresh = solve(&bundle(), input.as_bytes(), 5).unwrap();
        assert_eq!(first, fresh.files[0].bytes, "{prompt:?}");
    }
}

#[test]
fn the_graph_is_of_the_class_integer_and_certifies_on_the_embedded_runtime() {
    let graph = arbius_models::stickers().file("generator.onnx").unwrap();
    let summary = integer::check(graph).unwrap();
    assert!(summary.operations < 500_000_000, "{summary:?}");
    let report = certify(&bundle(), &Rten, &SessionOptions::default()).unwrap();
    assert_eq!(report.goldens, bundle().passport().goldens.len());
    assert!(report.goldens >= 5);
}

#[test]
fn onnx_runtime_draws_the_same_bytes() {
    let Some(library) = part("onnxruntime", LIBRARY_VARIABLE) else {
        return;
    };
    let runtime = OnnxRuntime::load(library.as_ref()).unwrap();
    let options = SessionOptions::default();
    let mut other = LoadedModel::load(&runtime, &bundle(), &options).unwrap();
    let mut artist = artist();
    let prompts = std::fs::read_to_string(folder().join("sheet.txt")).unwrap();
    for (seed, prompt) in (100..).zip(prompts.lines()) {
        let input = json!({ "prompt": prompt }).to_string();
        let outputs = other.solve(input.as_bytes(), seed).unwrap();
        assert!(
            outputs.files[0].bytes == artist.png(prompt, seed),
            "{prompt}"
        );
    }
    certify(&bundle(), &runtime, &options).unwrap();
}

#[test]
fn the_sheet_in_the_docs_is_what_the_model_draws() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/models/stickers.png");
    let shown = Picture::read(&std::fs::read(docs).unwrap()).unwrap();
    assert!(shown == sheet::draw(&folder()).unwrap());
    let prompts = std::fs::read_to_string(folder().join("sheet.txt")).unwrap();
    assert_eq!(prompts.lines().count(), 24);
}

#[test]
fn packing_the_folder_again_gives_what_is_committed() {
    let packed = pack::pack(&pack::Parts::read(&folder()).unwrap()).unwrap();
    let stickers = arbius_models::stickers();
    assert_eq!(packed.manifest, stickers.manifest);
    let passport = stickers.file("passport.json");
    assert_eq!(Some(packed.passport.as_slice()), passport);
    assert_eq!(packed.bundle.cid(), bundle().cid());
}
