//! Prompts, and the inputs of tasks that they make.

use alloy_primitives::U256;
use alloy_sol_types::SolError;
use arbius_example_calls::input::{of_prompt, require_text};
use arbius_example_interfaces::collection::ICollection::PromptLength;

/// The longest prompt, in bytes: it is stored, a slot for each 32.
const MAX_PROMPT: usize = 256;

/// The input of a task for a prompt.
///
/// # Errors
///
/// `PromptLength`, `NotText`.
pub(crate) fn input(prompt: &str) -> Result<Vec<u8>, Vec<u8>> {
    if prompt.is_empty() || prompt.len() > MAX_PROMPT {
        return Err(PromptLength {
            length: U256::from(prompt.len()),
            max: U256::from(MAX_PROMPT),
        }
        .abi_encode());
    }
    require_text(prompt)?;
    Ok(of_prompt(prompt))
}
