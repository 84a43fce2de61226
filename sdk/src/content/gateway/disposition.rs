//! `Content-Disposition`: RFC 6266, with names as RFC 8187 writes them.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 lets stand for itself (`attr-char`).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Shown in the browser, or offered to be saved, under a name.
pub(super) fn disposition(attachment: bool, name: Option<&str>) -> String {
    let mut text = if attachment { "attachment" } else { "inline" }.to_owned();
    let Some(name) = name else {
        return text;
    };
    // A name is one of a file, not a way through folders.
    let name: String = name
        .chars()
        .map(|letter| match letter {
            '/' | '\\' => '_',
            letter if letter.is_control() => '_',
            letter => letter,
        })
        .collect();
    let ascii: String = name
        .chars()
        .map(|letter| match letter {
            '"' => '_',
            letter if letter.is_ascii() => letter,
            _ => '_',
        })
        .collect();
    // Writing to a string cannot fail.
    let _ = write!(text, "; filename=\"{ascii}\"");
    if ascii != name {
        let encoded = utf8_percent_encode(&name, ATTRIBUTE);
        let _ = write!(text, "; filename*=UTF-8''{encoded}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_so_that_old_and_new_clients_read_them() {
        assert_eq!(disposition(false, None), "inline");
        assert_eq!(
            disposition(true, Some("seven 7.png")),
            "attachment; filename=\"seven 7.png\""
        );
        // The example of the path gateway's specification.
        assert_eq!(
            disposition(false, Some("testтест.jpg")),
            "inline; filename=\"test____.jpg\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.jpg"
        );
    }

    #[test]
    fn a_name_ends_neither_the_quotes_nor_the_line_nor_the_folder() {
        assert_eq!(
            disposition(true, Some("a\"; filename=\"../b\r\nX: y")),
            "attachment; filename=\"a_; filename=_.._b__X: y\"; \
             filename*=UTF-8''a%22%3B%20filename%3D%22.._b__X%3A%20y"
        );
    }
}
