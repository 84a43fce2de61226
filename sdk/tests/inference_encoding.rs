//! Numbers from seeds and bytes from pictures: both are pinned, because CIDs depend on them.
#![cfg(feature = "inference")]

use arbius_sdk::inference::noise::{chacha20_block, draw, stream_bytes};
use arbius_sdk::inference::png::{Pixels, encode};
use arbius_sdk::model::pipeline::NoiseGenerator::ChaCha20MeanOfFour;
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn chacha20_is_that_of_rfc_8439() {
    // Section 2.3.2.
    let key = std::array::from_fn(|index| index as u8);
    let nonce = [0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0];
    assert_eq!(
        hex(&chacha20_block(&key, 1, &nonce)),
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e\
         d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    );
    // Appendix A.1, test vector 1.
    assert_eq!(
        hex(&chacha20_block(&[0; 32], 0, &[0; 12])),
        "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7\
         da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    );
}

#[test]
fn a_seed_is_the_key_and_a_stream_the_nonce() {
    assert_eq!(hex(&stream_bytes(0, 0, 8)), "76b8e0ada0f13d90");
    let long = stream_bytes(42, 7, 200);
    assert_eq!(long[..100], stream_bytes(42, 7, 100));
    let (mut key, mut nonce) = ([0; 32], [0; 12]);
    (key[0], nonce[0]) = (42, 7);
    assert_eq!(long[128..192], chacha20_block(&key, 2, &nonce));
    assert_ne!(long, stream_bytes(42, 8, 200));
    assert_ne!(long, stream_bytes(43, 7, 200));
    assert!(stream_bytes(1, 1, 0).is_empty());
}

#[test]
fn noise_has_the_mean_and_the_spread_it_is_named_for() {
    assert_eq!(
        draw(ChaCha20MeanOfFour, 0, 0, 2),
        [0xae, 0x97],
        "first keystream bytes of seed 0"
    );
    let noise = draw(ChaCha20MeanOfFour, 2024, 3, 100_000);
    let mean = noise.iter().map(|n| f64::from(*n)).sum::<f64>() / noise.len() as f64;
    let variance = noise
        .iter()
        .map(|n| (f64::from(*n) - mean).powi(2))
        .sum::<f64>()
        / noise.len() as f64;
    assert!((mean - 127.125).abs() < 0.5, "{mean}");
    assert!((variance.sqrt() - 36.95).abs() < 0.5, "{}", variance.sqrt());
}

#[test]
fn a_picture_has_these_bytes_and_no_others() {
    let png = encode(Pixels::Grey, 3, 2, &[0, 128, 255, 1, 2, 3]).unwrap();
    assert_eq!(
        hex(&png),
        "89504e470d0a1a0a\
         0000000d49484452000000030000000208000000\
         00b81f39c6\
         00000013494441547801010800f7ff\
         000080ff00010203080d018602e95716\
         0000000049454e44ae426082"
    );
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    assert!(encode(Pixels::Grey, 2, 2, &[0; 3]).is_none());
    assert!(encode(Pixels::Grey, 0, 2, &[]).is_none());
    assert!(encode(Pixels::Rgb, 1, 1, &[0]).is_none());
    assert!(encode(Pixels::Rgb, u32::MAX, u32::MAX, &[0]).is_none());
}

fn decode(png: &[u8]) -> (u32, u32, png::ColorType, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, info.color_type, pixels)
}

#[test]
fn pictures_beyond_one_stored_block_are_read_by_others() {
    for (pixels, colour, width, height) in [
        (Pixels::Grey, png::ColorType::Grayscale, 300, 300),
        (Pixels::Rgb, png::ColorType::Rgb, 257, 511),
        (Pixels::Grey, png::ColorType::Grayscale, 65_534, 1),
        (Pixels::Grey, png::ColorType::Grayscale, 65_535, 1),
    ] {
        let size = (width * height) as usize * pixels.bytes();
        let data = stream_bytes(u64::from(width), 0, size);
        let png = encode(pixels, width, height, &data).unwrap();
        assert_eq!(decode(&png), (width, height, colour, data));
    }
}

proptest! {
    #[test]
    fn any_small_picture_survives(width in 1u32..40, height in 1u32..40, rgb: bool, seed: u64) {
        let pixels = if rgb { Pixels::Rgb } else { Pixels::Grey };
        let data = stream_bytes(seed, 0, (width * height) as usize * pixels.bytes());
        let png = encode(pixels, width, height, &data).unwrap();
        let (w, h, _, read) = decode(&png);
        prop_assert_eq!((w, h, read), (width, height, data));
    }
}
