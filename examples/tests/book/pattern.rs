//! Output as a page shows it, beside the output that there was.

/// What stands for anything: within a line for some of it, alone for any lines.
const ANYTHING: &str = "…";

/// The first line of `shown` that does not come where it should in `printed`: each after
/// those before it, with other lines between them as there may be.
pub(crate) fn missing<'a>(shown: &'a str, printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines();
    shown
        .lines()
        .filter(|line| !line.trim().is_empty() && line.trim() != ANYTHING)
        .find(|line| !printed.any(|printed| fits(line.trim(), printed.trim())))
}

/// Whether a line is as shown, but for what `…` stands for.
fn fits(shown: &str, printed: &str) -> bool {
    let Some((first, shown)) = shown.split_once(ANYTHING) else {
        return shown == printed;
    };
    let (between, last) = shown.rsplit_once(ANYTHING).unwrap_or(("", shown));
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    for part in between.split(ANYTHING) {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

#[test]
fn what_is_shown_comes_in_order_and_whole() {
    let printed = "task 0x12\nsolver 0x34\ngas 180,360 of 200,000\n";
    for shown in ["task 0x12\ngas …\n", "…\nsolver …\n", "gas … of …00\n", ""] {
        assert_eq!(missing(shown, printed), None, "{shown}");
    }
    for (shown, line) in [
        ("gas …\ntask …\n", "task …"),
        ("task 0x1\n", "task 0x1"),
        ("gas … of …01\n", "gas … of …01"),
        ("solver 0x34 …\n", "solver 0x34 …"),
    ] {
        assert_eq!(missing(shown, printed), Some(line));
    }
}
