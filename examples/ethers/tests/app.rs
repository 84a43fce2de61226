//! The app as its readers run it.

use std::process::Command;

#[path = "../../tests/book/pattern.rs"]
mod pattern;

/// What the book shows of it, with `…` for what differs each time.
const SHOWN: &str = include_str!("../prints.txt");

#[test]
fn the_app_prints_what_the_book_shows_and_keeps_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ask_with_ethers"))
        .arg("a red car")
        .current_dir(&folder)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");

    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(pattern::missing(SHOWN, &printed), None, "{printed}");
    let (lines, shown) = (printed.lines().count(), SHOWN.lines().count());
    assert_eq!(lines, shown, "{printed}");
    let picture = std::fs::read(folder.path().join("out-1.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
}
