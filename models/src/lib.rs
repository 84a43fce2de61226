//! Models that ship with Arbius, embedded as bundles.
//!
//! This crate holds bytes and nothing that runs: `arbius_sdk::model::Bundle` checks them
//! against their CIDs and `arbius_sdk::inference` runs them. How each model was made lies
//! beside it in the repository, with its data's licence.
//!
//! | model | what it does | class |
//! |---|---|---|
//! | [`digits`] | draws the digit that a prompt names, 64×64 | integer |
//! | [`stickers`] | draws what a prompt names in free words, 128×128 in colour | integer |
//! | [`storyteller`] | writes the next line of a story, from a prompt or a text file | integer |
//! | [`illustrator`] | draws what a text file says, as [`stickers`] does | integer |
//!
//! [`digits`] is small and quick: most tests run it. [`stickers`] is what a local chain and the
//! demo offer. [`storyteller`] and [`illustrator`] work for each other: each takes the output of
//! another task by its CID, which is how contracts compose models.

mod digits;
mod illustrator;
mod stickers;
mod storyteller;

pub use digits::{DIGITS, DIGITS_CLASSIFIER, digits};
pub use illustrator::{ILLUSTRATOR, illustrator};
pub use stickers::{STICKERS, stickers};
pub use storyteller::{STORYTELLER, storyteller};

/// A bundle as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedBundle {
    /// A short name, unique in this crate.
    pub name: &'static str,
    /// `template.json`: what is registered on-chain.
    pub template: &'static [u8],
    /// `manifest.json`, whose CID the template names.
    pub manifest: &'static [u8],
    /// The manifest's files by name.
    pub files: &'static [(&'static str, &'static [u8])],
}

impl EmbeddedBundle {
    /// The bytes of a file of the manifest.
    pub fn file(&self, name: &str) -> Option<&'static [u8]> {
        self.files
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, bytes)| *bytes)
    }
}

/// Every model in this crate.
pub static ALL: [&EmbeddedBundle; 4] = [&DIGITS, &STICKERS, &STORYTELLER, &ILLUSTRATOR];

/// The model of that name.
pub fn get(name: &str) -> Option<&'static EmbeddedBundle> {
    ALL.into_iter().find(|bundle| bundle.name == name)
}
