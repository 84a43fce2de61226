//! Documentation comments of Rust as NatSpec.

/// The longest line that is written.
pub(crate) const WIDTH: usize = 100;

/// The paragraphs of a documentation comment, without what only rustdoc understands.
fn paragraphs(docs: &[String]) -> Vec<String> {
    docs.split(|line| line.is_empty())
        .filter(|lines| !lines.is_empty())
        .map(|lines| plain(&lines.join(" ")))
        .collect()
}

/// A comment for what is declared: the description as `@notice`, the errors and events of a
/// function as `@dev`.
pub(crate) fn member(docs: &[String], indent: usize) -> String {
    let mut text = String::new();
    for paragraph in paragraphs(docs) {
        let end = ["Errors: ", "Events: ", "Errors and events: "]
            .iter()
            .filter_map(|start| paragraph.find(start))
            .min()
            .unwrap_or(paragraph.len());
        let (notice, dev) = paragraph.split_at(end);
        text += &wrapped(notice.trim(), "", indent);
        text += &wrapped(dev.trim(), "@dev ", indent);
    }
    text
}

/// The comment of an interface: its name, what it is, and what holds for the whole file that
/// defines it.
pub(crate) fn interface(name: &str, docs: &[String], of_file: &[String]) -> String {
    let mut text = wrapped(name, "@title ", 0);
    for paragraph in paragraphs(docs) {
        text += &wrapped(&paragraph, "@notice ", 0);
    }
    for paragraph in paragraphs(of_file) {
        text += &wrapped(&paragraph, "@dev ", 0);
    }
    text
}

/// `text` as comment lines that begin with `tag`; nothing for an empty text.
fn wrapped(text: &str, tag: &str, indent: usize) -> String {
    if text.is_empty() {
        return String::new();
    }
    let start = format!("{:indent$}///", "");
    let mut lines = String::new();
    let mut line = format!("{start} {}", tag.trim_end());
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH && line.len() > start.len() + 1 {
            lines += &line;
            lines.push('\n');
            line.clone_from(&start);
        }
        if !line.ends_with(' ') {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

/// Text without links of rustdoc: `` [`IGovernor::queueCall`] `` becomes `IGovernor.queue`
/// in backticks, `` [`text`](path) `` its text, and paths into the crate name the crate.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("[`") {
        let Some(end) = rest[start..].find("`]").map(|end| start + end) else {
            break;
        };
        plain += &rest[..start];
        let name = &rest[start + 2..end];
        rest = &rest[end + 2..];
        if rest.starts_with('(')
            && let Some(close) = rest.find(')')
        {
            rest = &rest[close + 1..];
        }
        let name = match name.split_once("::") {
            Some(("crate", path)) => format!("arbius_protocol::{path}"),
            Some((interface, call)) => {
                format!("{interface}.{}", call.strip_suffix("Call").unwrap_or(call))
            }
            None => name.to_owned(),
        };
        plain += &format!("`{name}`");
    }
    (plain + rest)
        .replace("*Own.*", "Own.")
        .replace("*own*", "own")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn errors_and_events_are_for_developers() {
        let docs = lines(&["*Own.* Does it. Errors: `No`. Events: `Done`."]);
        assert_eq!(
            member(&docs, 4),
            "    /// Own. Does it.\n    /// @dev Errors: `No`. Events: `Done`.\n"
        );
    }

    #[test]
    fn links_of_rustdoc_become_names() {
        let cases = [
            (
                "([`ITaskConsumer`](super::consumer::ITaskConsumer)).",
                "(`ITaskConsumer`).",
            ),
            ("exactly [`cap`](Self).", "exactly `cap`."),
            (
                "see [`crate::params`] and [`IGovernor::queueCall`]",
                "see `arbius_protocol::params` and `IGovernor.queue`",
            ),
            ("an open [` and an array[3]", "an open [` and an array[3]"),
        ];
        for (rust, solidity) in cases {
            assert_eq!(plain(rust), solidity);
        }
    }

    #[test]
    fn long_comments_are_wrapped_and_words_are_not_cut() {
        let docs = lines(&[&"word ".repeat(50), &"x".repeat(150)]);
        let text = member(&docs, 4);
        assert!(
            text.lines()
                .all(|line| line.len() <= WIDTH || line.contains("xxx"))
        );
        assert_eq!(text.matches("word").count(), 50);
        assert!(text.ends_with(&format!("/// {}\n", "x".repeat(150))));
    }
}
