//! What kind of file it is, told from its first bytes and its name.

/// What a file is taken for whose bytes say nothing.
pub(super) const UNKNOWN: &str = "application/octet-stream";

/// How many bytes are looked at.
pub(super) const ENOUGH: usize = 512;

/// The media type of a file whose path is `path` (may be empty) and whose first bytes are
/// `head`. The bytes decide where they can; a name is only believed for text.
pub(super) fn media_type(path: &str, head: &[u8]) -> &'static str {
    let extension = path
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'));
    let extension = extension.map(|(_, extension)| extension.to_ascii_lowercase());
    match head {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => "image/gif",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => "audio/wav",
        [b'f', b'L', b'a', b'C', ..] => "audio/flac",
        [b'O', b'g', b'g', b'S', ..] => "application/ogg",
        [b'I', b'D', b'3', ..] | [0xff, 0xfb, ..] => "audio/mpeg",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "video/webm",
        [b'g', b'l', b'T', b'F', ..] => "model/gltf-binary",
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        _ if !is_text(head) => UNKNOWN,
        _ => match extension.as_deref() {
            Some("json") => "application/json",
            Some("html" | "htm") => "text/html; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("css") => "text/css; charset=utf-8",
            Some("csv") => "text/csv; charset=utf-8",
            Some("md") => "text/markdown; charset=utf-8",
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("xml") => "application/xml",
            _ if matches!(head.trim_ascii_start(), [b'{' | b'[', ..]) => "application/json",
            _ => "text/plain; charset=utf-8",
        },
    }
}

/// UTF-8 without control characters; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() == ENOUGH,
    };
    valid
        && head
            .iter()
            .all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_before_the_name_does() {
        assert_eq!(media_type("out.txt", b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(media_type("out.png", b"hello"), "text/plain; charset=utf-8");
        assert_eq!(media_type("a/b.HTML", b"<p>"), "text/html; charset=utf-8");
        assert_eq!(
            media_type("", b" {\"prompt\":\"seven\"}"),
            "application/json"
        );
        assert_eq!(
            media_type("page.html", &[0, 159, 146, 150]),
            "application/octet-stream"
        );
        assert_eq!(media_type("", b""), "text/plain; charset=utf-8");
    }

    #[test]
    fn text_may_be_cut_within_a_character() {
        let mut head = "ä".repeat(ENOUGH).into_bytes();
        head.insert(0, b' ');
        head.truncate(ENOUGH);
        assert_eq!(media_type("", &head), "text/plain; charset=utf-8");
        assert_eq!(media_type("", &[b'a', 0xc3]), "application/octet-stream");
    }
}
