//! Blocks of code that are not commands: each is compiled, parsed, or taken from a file
//! that is.

use std::path::{Path, PathBuf};

use crate::markdown::{Block, Page, book, root};

/// The module whose doctests the book's Rust is.
const DOCTESTS: &str = include_str!("../../src/book.rs");

#[test]
fn every_block_is_checked_by_somebody() {
    let mut wrong = Vec::new();
    for page in book() {
        for block in &page.blocks {
            if let Err(why) = checked(&page, block) {
                wrong.push(format!("{}: {why}", page.at(block.line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn checked(page: &Page, block: &Block) -> Result<(), String> {
    let attributes: Vec<_> = block.attributes.iter().map(String::as_str).collect();
    let included = included(page, &block.text)?;
    match (block.language.as_str(), &attributes[..]) {
        // Its file is compiled; rustdoc would see the line that includes it.
        ("rust", ["ignore"]) if included => Ok(()),
        ("rust", []) if !included => listed(page),
        ("rust", _) => Err(
            "what is included is `rust,ignore`, and all else plain `rust`, compiled and run".into(),
        ),
        ("console", [] | ["fails"] | ["background"]) | ("sh", []) => Ok(()),
        // What includes a file leaves its check to those who compile or run that, or compare it
        // with what a program prints.
        (_, []) if included => Ok(()),
        ("toml", []) => parses(block.text.parse::<toml::Table>()),
        ("json", []) => parses(serde_json::from_str::<serde_json::Value>(&block.text)),
        (language, attributes) => Err(format!(
            "nothing checks a block of `{language}` with {attributes:?}: include a file that CI \
             compiles, runs or compares with what is printed, or say what it is (rust, console, \
             sh, toml, json)"
        )),
    }
}

/// Whether a block is nothing but a part of a file, which is there.
fn included(page: &Page, text: &str) -> Result<bool, String> {
    let Some(include) = text.trim().strip_prefix("{{#include ") else {
        return match text.contains("{{#") {
            true => Err("a block includes a file or has words of its own, not both".into()),
            false => Ok(false),
        };
    };
    let include = include.strip_suffix("}}").ok_or("one inclusion a block")?;
    let (file, anchor) = match include.split_once(':') {
        // Lines go by numbers, anchors by names.
        Some((file, lines)) if lines.starts_with(|first: char| !first.is_alphabetic()) => {
            (file, None)
        }
        Some((file, anchor)) => (file, Some(anchor)),
        None => (include, None),
    };
    let path: PathBuf = root()
        .join(page.path.parent().unwrap_or(Path::new("")))
        .join(file);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
    match anchor {
        Some(anchor) if !text.contains(&format!("ANCHOR: {anchor}\n")) => {
            Err(format!("{file} has no anchor {anchor}"))
        }
        _ => Ok(true),
    }
}

/// Whether the doctests know the page.
fn listed(page: &Page) -> Result<(), String> {
    let path = page.path.display();
    match DOCTESTS.contains(&format!("\"../../{path}\"")) {
        true => Ok(()),
        false => Err(format!("examples/src/book.rs does not list {path}")),
    }
}

fn parses<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}
