//! The model that ships: what it draws, and that it keeps its promise.
#![cfg(feature = "inference")]

#[path = "shipped/artist.rs"]
mod artist;
mod shipped;

use std::collections::BTreeMap;

use arbius_sdk::inference::rten::Rten;
use arbius_sdk::inference::runtime::Elements;
use arbius_sdk::inference::{Runtime, Session, SessionOptions, Tensor, certify, pack, solve};
use arbius_sdk::model::Bundle;
use artist::Artist;
use serde_json::json;

const SIDE: usize = 64;

fn bundle() -> Bundle {
    shipped::bundle(arbius_models::digits())
}

fn artist() -> Artist {
    Artist::new(&bundle())
}

/// The picture's grey levels, read back by a PNG decoder that others wrote.
fn picture(artist: &mut Artist, prompt: &str, seed: u64) -> Vec<u8> {
    let png = artist.png(prompt, seed);
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height), (SIDE as u32, SIDE as u32));
    assert_eq!(
        (info.color_type, info.bit_depth),
        (png::ColorType::Grayscale, png::BitDepth::Eight)
    );
    assert_eq!(pixels.len(), SIDE * SIDE);
    pixels
}

struct Judge(Box<dyn Session>);

impl Judge {
    fn new() -> Self {
        let options = SessionOptions::default();
        Self(
            Rten.load(arbius_models::DIGITS_CLASSIFIER, &options)
                .unwrap(),
        )
    }

    fn label(&mut self, picture: Vec<u8>) -> usize {
        let image = Tensor::new(vec![SIDE, SIDE], Elements::U8(picture)).unwrap();
        let outputs = self.0.run(&[("image", image)], &["logits"]).unwrap();
        let Elements::F32(logits) = outputs[0].elements() else {
            panic!("logits are floats")
        };
        let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        best.unwrap().0
    }
}

const WORDS: [&str; 10] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
];

#[test]
fn a_classifier_trained_apart_labels_what_the_prompt_asks() {
    let (mut artist, mut judge) = (artist(), Judge::new());
    let phrasings: [fn(usize) -> String; 8] = [
        |digit| digit.to_string(),
        |digit| format!("a handwritten {}", WORDS[digit]),
        |digit| format!("draw the digit {digit}"),
        |digit| WORDS[digit].to_uppercase(),
        |digit| {
            format!(
                "please paint the number {} for my grandmother's birthday",
                WORDS[digit]
            )
        },
        |digit| format!("\"{digit}\", in black ink!"),
        |digit| {
            format!(
                "What would a {} look like, written in a hurry?",
                WORDS[digit]
            )
        },
        |digit| format!("the weight of everyone's phone: {}", WORDS[digit]),
    ];
    let mut right = 0;
    let mut wrong = Vec::new();
    for round in 0..200 {
        let digit = round % 10;
        let prompt = phrasings[(round / 10) % phrasings.len()](digit);
        let label = judge.label(picture(&mut artist, &prompt, 1_000_003 * round as u64));
        if label == digit {
            right += 1;
        } else {
            wrong.push(format!("{prompt:?} looks like {label}"));
        }
    }
    assert!(right >= 180, "{right} of 200: {wrong:#?}");
}

#[test]
fn seeds_differ_in_at_least_five_percent_of_the_pixels() {
    // Two pixels differ when an eye could tell: by more than 16 of 255 grey levels.
    let mut artist = artist();
    for (digit, word) in WORDS.iter().enumerate() {
        let prompt = format!("a handwritten {word}");
        let pictures: Vec<_> = (0..6)
            .map(|seed| picture(&mut artist, &prompt, seed * 77_777 + digit as u64))
            .collect();
        let (mut total, mut pairs) = (0.0, 0);
        for (index, one) in pictures.iter().enumerate() {
            for other in &pictures[..index] {
                let differ = one
                    .iter()
                    .zip(other)
                    .filter(|(a, b)| a.abs_diff(**b) > 16)
                    .count();
                total += differ as f64 / one.len() as f64;
                pairs += 1;
            }
        }
        let mean = total / f64::from(pairs);
        assert!(mean >= 0.05, "{prompt}: {:.1} %", mean * 100.0);
    }
}

#[test]
fn a_prompt_that_names_no_digit_leaves_the_choice_to_the_seed() {
    let (mut artist, mut judge) = (artist(), Judge::new());
    let mut seen = BTreeMap::new();
    for seed in 0..60 {
        *seen
            .entry(judge.label(picture(&mut artist, "any number you like", seed)))
            .or_insert(0) += 1;
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

#[test]
fn any_text_gives_the_same_bytes_every_time() {
    let mut artist = artist();
    let long = "seven ".repeat(10_000);
    for prompt in [
        "",
        " ",
        "\0\u{1}\n",
        "七",
        "🙂🙂🙂",
        "¿siete?",
        &long,
        "DROP TABLE tasks;--",
    ] {
        let first = artist.png(prompt, 5);
        assert_eq!(first, artist.png(prompt, 5), "{prompt:?}");
        let input = json!({ "prompt": prompt }).to_string();
        let fresh = solve(&bundle(), input.as_bytes(), 5).unwrap();
        assert_eq!(first, fresh.files[0].bytes, "{prompt:?}");
    }
    assert_ne!(artist.png("7", 1), artist.png("7", 2));
    assert_ne!(artist.png("7", 1), artist.png("8", 1));
}

#[test]
fn certifies_on_the_embedded_runtime() {
    let report = certify(&bundle(), &Rten, &SessionOptions::default()).unwrap();
    assert_eq!(report.goldens, bundle().passport().goldens.len());
    assert!(report.goldens >= 5);
    assert_eq!(report.graphs[0].0, "generator.onnx");
}

#[test]
fn packing_the_folder_again_gives_what_is_committed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits");
    let packed = pack::pack(&pack::Parts::read(&folder).unwrap()).unwrap();
    let digits = arbius_models::digits();
    assert_eq!(packed.manifest, digits.manifest);
    assert_eq!(
        Some(packed.passport.as_slice()),
        digits.file("passport.json")
    );
    assert_eq!(packed.bundle.cid(), bundle().cid());
    assert_eq!(Bundle::load(&folder).unwrap().cid(), bundle().cid());
}
