//! The digits model: `models/digits` in the repository.

use crate::EmbeddedBundle;

/// Draws the digit that a prompt names, 64×64 grey levels; where a prompt names none, the
/// seed chooses. Class integer.
pub static DIGITS: EmbeddedBundle = EmbeddedBundle {
    name: "digits",
    template: include_bytes!("../digits/template.json"),
    manifest: include_bytes!("../digits/manifest.json"),
    files: &[
        ("generator.onnx", include_bytes!("../digits/generator.onnx")),
        ("passport.json", include_bytes!("../digits/passport.json")),
    ],
};

/// [`DIGITS`].
pub fn digits() -> &'static EmbeddedBundle {
    &DIGITS
}

/// A classifier of 64×64 pictures of digits, trained apart from the generator on other
/// scans: what the tests judge the model's pictures with. ONNX of floats; input `image`,
/// uint8 `[64, 64]`, output `logits`, float32 `[1, 10]`.
pub static DIGITS_CLASSIFIER: &[u8] = include_bytes!("../digits/classifier.onnx");
