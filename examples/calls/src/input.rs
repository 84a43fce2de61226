//! What strangers write, in the JSON of a task's input.
//!
//! One rule for every contract here: text is taken as it is, unless control characters of ASCII
//! are in it, and its quotation marks and backslashes are escaped. In Solidity `Utf8.isText` and
//! OpenZeppelin's `Strings.escapeJSON` come to the same.

use alloc::{string::String, vec::Vec};

use alloy_sol_types::{SolError, sol};

sol! {
    /// Text has control characters in it.
    #[derive(Debug, PartialEq, Eq)]
    error NotText();
}

/// Passes if JSON can hold a text with no more than what [`escape`] does.
///
/// # Errors
///
/// [`NotText`].
pub fn require_text(text: &str) -> Result<(), Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(NotText {}.abi_encode());
    }
    Ok(())
}

/// Adds a text that [`require_text`] lets pass to a string of JSON.
pub fn escape(json: &mut String, text: &str) {
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            json.push('\\');
        }
        json.push(character);
    }
}

/// The input of a task for a prompt that [`require_text`] lets pass: `{"prompt":"…"}`. What else
/// the model's template asks for takes its default.
#[must_use]
pub fn of_prompt(prompt: &str) -> Vec<u8> {
    let mut json = String::from(r#"{"prompt":""#);
    escape(&mut json, prompt);
    json += r#""}"#;
    json.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn text_is_what_has_no_control_characters_of_ascii() {
        for code in 0..=0x9f_u8 {
            let text = ["a", &char::from(code).to_string(), "b"].concat();
            let refused = require_text(&text).is_err();
            // JSON takes what is above DEL as it is (RFC 8259, section 7).
            assert_eq!(refused, code < 0x20 || code == 0x7f, "{code:#x}");
        }
        assert_eq!(require_text(""), Ok(()));
        assert_eq!(require_text(r#"ein "Bär", 熊, 🐻 \"#), Ok(()));
        assert_eq!(require_text("\n"), Err(NotText::SELECTOR.to_vec()));
    }

    #[test]
    fn any_text_comes_out_of_the_json_as_it_went_in() {
        for prompt in [
            "",
            "a red car",
            r#"a "red" car"#,
            r#"\"#,
            r#"\" ends here"}"#,
            r"\u0000, \n",
            "a/b",
            "ein Bär, 熊, 🐻\u{80}\u{2028}",
        ] {
            assert_eq!(require_text(prompt), Ok(()), "{prompt}");
            let read: serde_json::Value = serde_json::from_slice(&of_prompt(prompt)).unwrap();
            assert_eq!(read, serde_json::json!({ "prompt": prompt }));
        }
        // Nothing is escaped that need not be: whoever knows the prompt knows the bytes.
        assert_eq!(of_prompt("a/é"), r#"{"prompt":"a/é"}"#.as_bytes());
        assert_eq!(of_prompt(r#""\"#), br#"{"prompt":"\"\\"}"#);
    }
}
