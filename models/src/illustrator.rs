//! The illustrator model: `models/illustrator` in the repository.

use crate::EmbeddedBundle;
use crate::stickers::GENERATOR;

/// Draws what a text file says, such as the output of another task: the graph of
/// [`STICKERS`](crate::STICKERS) behind another template. Class integer.
pub static ILLUSTRATOR: EmbeddedBundle = EmbeddedBundle {
    name: "illustrator",
    template: include_bytes!("../illustrator/template.json"),
    manifest: include_bytes!("../illustrator/manifest.json"),
    files: &[
        ("generator.onnx", GENERATOR),
        ("line.txt", include_bytes!("../illustrator/line.txt")),
        (
            "passport.json",
            include_bytes!("../illustrator/passport.json"),
        ),
    ],
};

/// [`ILLUSTRATOR`].
pub fn illustrator() -> &'static EmbeddedBundle {
    &ILLUSTRATOR
}
