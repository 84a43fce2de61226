//! What the environment asks of a test.

use std::{
    collections::hash_map::RandomState, env, fmt::Display, fs, hash::BuildHasher, path::PathBuf,
    str::FromStr,
};

/// How much is tried: `ARBIUS_SOAK` is `ci`, the default, or `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soak {
    /// What fits a minute or two.
    Ci,
    /// Everything, for as long as it takes.
    Full,
}

impl Soak {
    /// What the environment says.
    ///
    /// # Panics
    ///
    /// If `ARBIUS_SOAK` is something else.
    #[must_use]
    pub fn from_environment() -> Self {
        match env::var("ARBIUS_SOAK").as_deref() {
            Ok("full") => Self::Full,
            Ok("ci") | Err(_) => Self::Ci,
            Ok(other) => panic!("ARBIUS_SOAK is `{other}`; it can be ci or full"),
        }
    }

    /// One of two values.
    pub fn choose<T>(self, ci: T, full: T) -> T {
        match self {
            Self::Ci => ci,
            Self::Full => full,
        }
    }
}

/// The seed in `ARBIUS_FUZZ_SEED`, or one of its own; it is printed, so that a run can be
/// repeated.
///
/// # Panics
///
/// If the variable is no number.
#[must_use]
pub fn seed() -> u64 {
    let seed = number("ARBIUS_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 32);
    println!("ARBIUS_FUZZ_SEED={seed}");
    seed
}

/// The folder in `ARBIUS_SOAK_LOGS`, where each miner's whole log is kept; without it only its
/// end is, in memory. It is made if missing.
///
/// # Panics
///
/// If it cannot be made.
#[must_use]
pub fn logs() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("ARBIUS_SOAK_LOGS")?);
    if let Err(error) = fs::create_dir_all(&folder) {
        panic!("ARBIUS_SOAK_LOGS is {}: {error}", folder.display());
    }
    Some(folder)
}

/// A number in the environment.
///
/// # Panics
///
/// If the variable is there and no number.
#[must_use]
pub fn number<T: FromStr<Err: Display>>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(error) => panic!("{variable} is `{text}`: {error}"),
    }
}
