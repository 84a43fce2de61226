//! Prompts, and the inputs of tasks that they make.

use alloy_primitives::U256;
use alloy_sol_types::SolError;
use arbius_example_interfaces::collection::ICollection;

/// The longest prompt, in bytes: it is stored, a slot for each 32.
const MAX_PROMPT: usize = 256;

/// Lets a prompt pass.
///
/// # Errors
///
/// `PromptLength`, `NotText`.
pub(crate) fn checked(prompt: &str) -> Result<&str, Vec<u8>> {
    if prompt.is_empty() || prompt.len() > MAX_PROMPT {
        return Err(ICollection::PromptLength {
            length: U256::from(prompt.len()),
            max: U256::from(MAX_PROMPT),
        }
        .abi_encode());
    }
    text(prompt)
}

/// Lets text pass that JSON can hold with no more than quotes and backslashes escaped.
///
/// # Errors
///
/// `NotText`.
pub(crate) fn text(text: &str) -> Result<&str, Vec<u8>> {
    if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
        return Err(ICollection::NotText {}.abi_encode());
    }
    Ok(text)
}

/// The input of a task: JSON of one member. What else the model's template asks for takes its
/// default.
pub(crate) fn input(prompt: &str) -> Vec<u8> {
    let mut json = String::from(r#"{"prompt":""#);
    escape(&mut json, prompt);
    json += r#""}"#;
    json.into_bytes()
}

/// Adds [`text`] to a JSON string.
pub(crate) fn escape(json: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            json.push('\\');
        }
        json.push(character);
    }
}
