//! What is embedded is whole and small.

use std::collections::HashSet;

#[test]
fn every_model_is_found_by_its_name() {
    let names: HashSet<_> = arbius_models::ALL
        .iter()
        .map(|bundle| bundle.name)
        .collect();
    assert_eq!(names.len(), arbius_models::ALL.len());
    for bundle in arbius_models::ALL {
        assert_eq!(arbius_models::get(bundle.name), Some(bundle));
        assert!(
            bundle
                .file("passport.json")
                .is_some_and(|file| !file.is_empty())
        );
        assert_eq!(bundle.file("no such file"), None);
    }
    assert_eq!(arbius_models::get("no such model"), None);
}

fn onnx_bytes(bundle: &arbius_models::EmbeddedBundle) -> usize {
    let onnx = bundle
        .files
        .iter()
        .filter(|(name, _)| name.ends_with(".onnx"));
    onnx.map(|(_, bytes)| bytes.len()).sum()
}

#[test]
fn the_digits_model_is_at_most_a_megabyte_of_onnx() {
    let bytes = onnx_bytes(arbius_models::digits());
    assert!((1..=1_000_000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn the_storyteller_model_is_at_most_a_megabyte_of_onnx() {
    let bytes = onnx_bytes(arbius_models::storyteller());
    assert!((1..=1_000_000).contains(&bytes), "{bytes} bytes");
}

#[test]
fn the_stickers_model_is_at_most_four_megabytes_of_onnx() {
    let bytes = onnx_bytes(arbius_models::stickers());
    assert!((1..=4_000_000).contains(&bytes), "{bytes} bytes");
}
