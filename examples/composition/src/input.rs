//! Inputs of tasks: the JSON that the two models' templates describe.

extern crate alloc;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use alloy_primitives::B256;
use alloy_sol_types::SolError;
use arbius_example_interfaces::composition::IComposition::{NotPlainText, TextTooLong};
use arbius_protocol::cid;

/// The most bytes of a topic or style.
const MOST_BYTES: usize = 200;

/// Where the text model's output lies in the folder of an answer.
const FILE: &str = "/out-1.txt";

/// Refuses what cannot stand between the quotation marks of JSON as it is.
///
/// # Errors
///
/// `TextTooLong`, `NotPlainText`.
pub(crate) fn check(text: &str) -> Result<(), Vec<u8>> {
    if text.len() > MOST_BYTES {
        let (found, most) = (text.len().try_into(), MOST_BYTES.try_into());
        return Err(TextTooLong {
            bytesGiven: found.unwrap_or_default(),
            most: most.unwrap_or_default(),
        }
        .abi_encode());
    }
    if text.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\')) {
        let text = text.to_string();
        return Err(NotPlainText { text }.abi_encode());
    }
    Ok(())
}

/// The first text's: what it is made from.
pub(crate) fn of_topic(topic: &str) -> Vec<u8> {
    [r#"{"prompt":""#, topic, r#""}"#].concat().into_bytes()
}

/// A later text's: the one before it, by the digest of its task's answer.
pub(crate) fn of_text(text: B256) -> Vec<u8> {
    [r#"{"text":""#, &cid_of(text), FILE, r#""}"#]
        .concat()
        .into_bytes()
}

/// A picture's: the text that it shows, and how.
pub(crate) fn of_picture(style: &str, text: B256) -> Vec<u8> {
    let cid = cid_of(text);
    [
        r#"{"prompt":""#,
        style,
        r#"","text":""#,
        &cid,
        FILE,
        r#""}"#,
    ]
    .concat()
    .into_bytes()
}

/// The CID of a digest in base58.
fn cid_of(digest: B256) -> String {
    bs58::encode(cid::encode(digest)).into_string()
}
