//! Inputs of tasks: the JSON that the two models' templates describe.

extern crate alloc;

use alloc::{string::String, vec::Vec};
use alloy_primitives::{B256, U256};
use alloy_sol_types::SolError;
use arbius_example_calls::input::{escape, require_text};
use arbius_example_interfaces::composition::IComposition::TextTooLong;
use arbius_protocol::cid;

/// The most bytes of a topic or style.
const MOST_BYTES: usize = 200;

/// Where the text model's output lies in the folder of an answer.
const FILE: &str = "/out-1.txt";

/// Lets a topic or style pass.
///
/// # Errors
///
/// `TextTooLong`, `NotText`.
pub(crate) fn check(text: &str) -> Result<(), Vec<u8>> {
    if text.len() > MOST_BYTES {
        return Err(TextTooLong {
            bytesGiven: U256::from(text.len()),
            most: U256::from(MOST_BYTES),
        }
        .abi_encode());
    }
    require_text(text)
}

/// A later text's: the one before it, by the digest of its task's answer. The first text's is
/// its topic, as a prompt.
pub(crate) fn of_text(text: B256) -> Vec<u8> {
    [r#"{"text":""#, &cid_of(text), FILE, r#""}"#]
        .concat()
        .into_bytes()
}

/// A picture's: the text that it shows, and how.
pub(crate) fn of_picture(style: &str, text: B256) -> Vec<u8> {
    let mut json = String::from(r#"{"prompt":""#);
    escape(&mut json, style);
    json += r#"","text":""#;
    json += &cid_of(text);
    json += FILE;
    json += r#""}"#;
    json.into_bytes()
}

/// The CID of a digest in base58.
fn cid_of(digest: B256) -> String {
    bs58::encode(cid::encode(digest)).into_string()
}
