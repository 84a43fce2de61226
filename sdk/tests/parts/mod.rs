//! What tests need that is not everywhere. Without it they skip themselves and say so, unless
//! `ARBIUS_REQUIRE` names it.

use std::ffi::OsString;

/// What an environment variable says of a part, or `None` where the test may be skipped.
pub(crate) fn part(name: &str, variable: &str) -> Option<OsString> {
    let found = std::env::var_os(variable).filter(|value| !value.is_empty());
    if found.is_none() {
        let required = std::env::var("ARBIUS_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|part| part.trim() == name),
            "ARBIUS_REQUIRE names {name}, but {variable} is not set"
        );
        eprintln!("skipped: {variable} is not set");
    }
    found
}
