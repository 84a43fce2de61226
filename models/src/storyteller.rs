//! The storyteller model: `models/storyteller` in the repository.

use crate::EmbeddedBundle;

/// Writes the next line of a story from the line before, which is a prompt for
/// [`STICKERS`](crate::STICKERS); the seed chooses. The line before is a text, a file, or the
/// output of another task. Class integer.
pub static STORYTELLER: EmbeddedBundle = EmbeddedBundle {
    name: "storyteller",
    template: include_bytes!("../storyteller/template.json"),
    manifest: include_bytes!("../storyteller/manifest.json"),
    files: &[
        (
            "generator.onnx",
            include_bytes!("../storyteller/generator.onnx"),
        ),
        ("line.txt", include_bytes!("../storyteller/line.txt")),
        (
            "passport.json",
            include_bytes!("../storyteller/passport.json"),
        ),
    ],
};

/// [`STORYTELLER`].
pub fn storyteller() -> &'static EmbeddedBundle {
    &STORYTELLER
}
