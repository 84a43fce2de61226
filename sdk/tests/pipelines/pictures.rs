//! Pictures that tasks bring.

use arbius_sdk::inference::InferenceError;
use arbius_sdk::inference::noise::stream_bytes;
use arbius_sdk::inference::picture::{MAX_PIXELS, Picture};
use arbius_sdk::inference::png::{Pixels, encode};
use arbius_sdk::model::pipeline::picture::{Filter, Framing, Resize};
use serde_json::Value as Json;

use crate::made::{floats, tiny};

fn pillow() -> Json {
    serde_json::from_slice(&tiny("pictures.json")).unwrap()
}

fn bytes(json: &Json) -> Vec<u8> {
    floats(json).into_iter().map(|level| level as u8).collect()
}

fn noise(width: u32, height: u32, seed: u64) -> Picture {
    let pixels = stream_bytes(seed, 7, (width * height * 3) as usize);
    Picture::new(width, height, pixels).unwrap()
}

fn refused(file: &[u8]) -> String {
    match Picture::decode("picture", file) {
        Err(InferenceError::Refused { field, reason }) if field == "picture" => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn resized_pixels_are_those_of_pillow_to_the_last_bit() {
    for case in pillow()["resized"].as_array().unwrap() {
        let filter = serde_json::from_value(case["filter"].clone()).unwrap();
        let size = floats(&case["size"]);
        let found = noise(23, 17, 1).resized(size[0] as u32, size[1] as u32, filter);
        let text = format!("{} {:?}", case["filter"], size);
        assert_eq!(found.pixels(), bytes(&case["pixels"]), "{text}");
    }
}

#[test]
fn linear_weighs_the_two_nearest_and_nothing_else() {
    let row = [0, 0, 0, 100, 100, 100, 200, 200, 200, 40, 40, 40];
    let picture = Picture::new(4, 1, row.to_vec()).unwrap();
    let half = picture.resized(2, 1, Filter::Linear);
    assert_eq!(half.pixels(), [50, 50, 50, 120, 120, 120]);
    let double = picture.resized(8, 1, Filter::Linear);
    let red: Vec<u8> = double.pixels().iter().step_by(3).copied().collect();
    assert_eq!(red, [0, 25, 75, 125, 175, 160, 80, 40]);
}

#[test]
fn a_png_is_read_to_the_last_bit() {
    let picture = noise(23, 17, 3);
    let file = encode(Pixels::Rgb, 23, 17, picture.pixels()).unwrap();
    assert_eq!(Picture::decode("picture", &file).unwrap(), picture);
    let grey = encode(Pixels::Grey, 2, 1, &[9, 250]).unwrap();
    let read = Picture::decode("picture", &grey).unwrap();
    assert_eq!(read.pixels(), [9, 9, 9, 250, 250, 250]);
}

/// The pixels of a JPEG depend on who reads it; ours must never change.
#[test]
fn a_jpeg_is_read_as_pillow_reads_it_but_for_rounding_and_always_alike() {
    let picture = Picture::decode("picture", &tiny("photo.jpg")).unwrap();
    assert_eq!((picture.width(), picture.height()), (48, 32));
    let expected = bytes(&pillow()["photo"]);
    let off = picture.pixels().iter().zip(&expected);
    let off = off.map(|(a, b)| f64::from(a.abs_diff(*b)));
    assert!(off.clone().sum::<f64>() / (expected.len() as f64) < 2.0);
    let sum = picture
        .pixels()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, level| {
            (sum ^ u64::from(*level)).wrapping_mul(0x0100_0000_01b3)
        });
    assert_eq!(sum, 0xa352_2c3b_5a40_4488, "{sum:#x}");
}

#[test]
fn framing_keeps_the_middle() {
    let picture = noise(64, 32, 5);
    let framing = |resize, width, height| Framing {
        resize,
        filter: Filter::Bilinear,
        width,
        height,
    };
    let middle = picture.framed(&framing(Resize::ShorterSide(32), 32, 32));
    let first_row = &picture.pixels()[16 * 3..48 * 3];
    assert_eq!(&middle.pixels()[..96], first_row);
    let stretched = picture.framed(&framing(Resize::Stretch, 16, 16));
    assert_eq!(stretched, picture.resized(16, 16, Filter::Bilinear));
    let thread = noise(4000, 1, 5).framed(&framing(Resize::ShorterSide(16), 16, 16));
    assert_eq!((thread.width(), thread.height()), (16, 16));
}

#[test]
fn four_quarter_turns_are_none_and_two_are_upside_down() {
    let picture = noise(5, 3, 1);
    let half = picture.turned().turned();
    assert_eq!(half, picture.turned_over());
    assert_eq!(half.turned().turned(), picture);
    assert_eq!(
        (picture.turned().width(), picture.turned().height()),
        (3, 5)
    );
    // The right edge becomes the top.
    assert_eq!(picture.turned().pixels()[..3], picture.pixels()[12..15]);
}

#[test]
fn files_that_are_no_picture_are_refused() {
    assert!(refused(b"").contains("neither"));
    assert!(refused(b"GIF89a").contains("neither"));
    let png = encode(Pixels::Rgb, 23, 17, noise(23, 17, 3).pixels()).unwrap();
    let jpeg = tiny("photo.jpg");
    for whole in [&png, &jpeg] {
        for length in [4, 20, whole.len() / 2] {
            // A cut JPEG may be readable so far as it goes; it must not be a crash.
            drop(Picture::decode("picture", &whole[..length]));
        }
        let mut state = 1u64;
        for _ in 0..300 {
            let mut damaged = whole.clone();
            for _ in 0..4 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let place = (state >> 33) as usize % damaged.len();
                damaged[place] = (state >> 20) as u8;
            }
            drop(Picture::decode("picture", &damaged));
        }
    }
    assert!(refused(&png[..png.len() / 2]).contains("PNG"));
    assert!(refused(&jpeg[..20]).contains("JPEG"));
}

#[test]
fn a_picture_that_announces_too_many_pixels_is_refused_before_it_is_read() {
    let mut png = encode(Pixels::Grey, 1, 1, &[0]).unwrap();
    for (width, height) in [(1u32 << 20, 1u32), (1 << 13, 1 << 13), (1 << 31, 1 << 31)] {
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        let reason = refused(&png);
        let bounded = reason.contains(&MAX_PIXELS.to_string()) || reason.contains("imit");
        assert!(bounded, "{width} × {height}: {reason}");
    }
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
