//! The stickers model: `models/stickers` in the repository.

use crate::EmbeddedBundle;

/// The graph, which [`ILLUSTRATOR`](crate::ILLUSTRATOR) runs too.
pub(crate) static GENERATOR: &[u8] = include_bytes!("../stickers/generator.onnx");

/// Draws the things that a prompt names in free words, 128×128 in colour: how many, in which
/// colour and where, if the prompt says so; the seed chooses the rest. Class integer.
pub static STICKERS: EmbeddedBundle = EmbeddedBundle {
    name: "stickers",
    template: include_bytes!("../stickers/template.json"),
    manifest: include_bytes!("../stickers/manifest.json"),
    files: &[
        ("generator.onnx", GENERATOR),
        ("passport.json", include_bytes!("../stickers/passport.json")),
    ],
};

/// [`STICKERS`].
pub fn stickers() -> &'static EmbeddedBundle {
    &STICKERS
}
