//! Finding, and getting, a toolchain that builds WASM with its own standard library.
//!
//! Two are known to work: the pinned one of `rust-toolchain.toml`, once rustup has added
//! `rust-src` to it, and the one that Debian ships for its web browsers (`rustc-web`,
//! `cargo-web`, `rust-web-src`, `lld-19`), for machines where rustup cannot download. Either
//! has a clippy of its own (`rust-web-clippy`), which reads no other compiler's output.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use eyre::eyre;

use crate::{contracts::spec::TARGET, process, workspace};

/// Debian's packages.
const DEBIAN_PACKAGES: &[&str] = &[
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-clippy",
    "lld-19",
];

/// What the linker of those says of itself, and no other does.
const DEBIAN: &str = "Debian LLD";

/// The versions of LLVM whose linker may be on the path under a name of its own.
const LLD_VERSIONS: std::ops::RangeInclusive<u32> = 17..=23;

/// A toolchain that builds contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// Its cargo.
    pub(crate) cargo: PathBuf,
    /// Its rustc.
    pub(crate) rustc: PathBuf,
    /// Its `cargo clippy`, if it is installed.
    pub(crate) clippy: Option<PathBuf>,
    /// The linker to name; `None` for the `rust-lld` that comes with rustc.
    pub(crate) linker: Option<PathBuf>,
    /// Where it keeps the sources of the standard library.
    pub(crate) sources: PathBuf,
    /// What identifies it: compiler and linker, with their versions.
    pub(crate) version: String,
}

/// No toolchain on this machine builds contracts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no toolchain here can build WASM contracts ({0}): run `cargo xtask contracts --install`, \
     which adds rust-src and {TARGET} to the pinned toolchain or, where rustup cannot download, \
     installs {packages}",
    packages = DEBIAN_PACKAGES.join(", ")
)]
pub(crate) struct NoToolchain(String);

/// A compiler on this machine, and whether it can build contracts.
#[derive(Clone, Debug)]
struct Candidate {
    origin: Origin,
    /// The toolchain, or what it lacks.
    found: Result<Toolchain, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The one that runs this program, which rustup pins.
    Pinned,
    /// The one that the system's packages installed.
    System,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pinned => "the pinned toolchain",
            Self::System => "the system's toolchain",
        })
    }
}

/// Finds a toolchain; the one that is called `preferred`, if that is among them.
///
/// # Errors
///
/// [`NoToolchain`] if none can build contracts; it says what each lacks.
pub(crate) fn find(preferred: Option<&str>) -> Result<Toolchain, NoToolchain> {
    choose(
        &[
            examine(Origin::Pinned, &workspace::cargo(), Path::new("rustc")),
            examine(
                Origin::System,
                Path::new("/usr/bin/cargo"),
                Path::new("/usr/bin/rustc"),
            ),
        ],
        preferred,
    )
}

/// The candidate called `preferred`, else the first that works.
fn choose(candidates: &[Candidate], preferred: Option<&str>) -> Result<Toolchain, NoToolchain> {
    let working = || candidates.iter().filter_map(|one| one.found.as_ref().ok());
    working()
        .find(|one| Some(one.version.as_str()) == preferred)
        .or_else(|| working().next())
        .cloned()
        .ok_or_else(|| {
            NoToolchain(
                candidates
                    .iter()
                    .filter_map(|one| {
                        let lack = one.found.as_ref().err()?;
                        Some(format!("{} {lack}", one.origin))
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
            )
        })
}

/// Looks at what a compiler has.
fn examine(origin: Origin, cargo: &Path, rustc: &Path) -> Candidate {
    Candidate {
        origin,
        found: complete(cargo, rustc),
    }
}

/// The toolchain of `rustc`, or what it lacks.
fn complete(cargo: &Path, rustc: &Path) -> Result<Toolchain, String> {
    let ask = |what: &[&str]| {
        process::output(
            Command::new(rustc)
                .current_dir(workspace::root())
                .args(what),
        )
        .map_err(|_| "is not installed".to_owned())
    };
    let version = ask(&["--version"])?;
    let verbose = ask(&["--version", "--verbose"])?;
    let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
    let host = verbose
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap_or_default();

    let sources = sysroot.join("lib/rustlib/src/rust");
    if !sources.join("library/Cargo.lock").is_file() {
        return Err("lacks rust-src".to_owned());
    }
    let own = sysroot.join(format!("lib/rustlib/{host}/bin/rust-lld"));
    let (linker, linker_version) = if own.is_file() {
        (None, "its own rust-lld".to_owned())
    } else {
        let linker = wasm_ld().ok_or_else(|| "lacks wasm-ld".to_owned())?;
        let version = process::output(Command::new(&linker).arg("--version"))
            .map_err(|_| "has a wasm-ld that does not run".to_owned())?;
        (Some(linker), version.trim().to_owned())
    };
    // Called by its own name: `cargo clippy` takes the first one on the path.
    let clippy = cargo.with_file_name("cargo-clippy");
    let has_clippy = process::output(Command::new(&clippy).arg("--version")).is_ok();
    Ok(Toolchain {
        cargo: cargo.to_owned(),
        rustc: rustc.to_owned(),
        clippy: has_clippy.then_some(clippy),
        linker,
        sources,
        version: format!("{}, {linker_version}", version.trim()),
    })
}

/// LLVM's linker for WASM on the path, the newest first.
fn wasm_ld() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let names = std::iter::once("wasm-ld".to_owned()).chain(
        LLD_VERSIONS
            .rev()
            .map(|version| format!("wasm-ld-{version}")),
    );
    names.into_iter().find_map(|name| on_path(&paths, &name))
}

/// The first file called `name` in the folders of `paths`.
fn on_path(paths: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(paths)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Gets a toolchain by the first route that works, unless the one called `preferred` is there
/// already. The route to that one is tried first: artifacts can be compared byte by byte only
/// under the toolchain that they were built with.
///
/// # Errors
///
/// If neither rustup nor apt-get could get one.
pub(crate) fn install(preferred: Option<&str>) -> eyre::Result<Toolchain> {
    let complete = || {
        let found = find(preferred).ok();
        found.filter(|toolchain| toolchain.clippy.is_some())
    };
    if let Some(toolchain) = complete()
        && preferred.is_none_or(|preferred| toolchain.version == preferred)
    {
        return Ok(toolchain);
    }
    let mut failures = Vec::new();
    for (name, route) in routes(preferred) {
        match route() {
            Ok(()) => {
                if let Some(toolchain) = complete() {
                    return Ok(toolchain);
                }
            }
            Err(error) => {
                eprintln!("{name} could not add what is needed.");
                failures.push(format!("{name} said \"{error}\""));
            }
        }
    }
    Err(eyre!(
        "no route worked: {}; install rust-src for the pinned toolchain, or {}, and run this again",
        failures.join(", "),
        DEBIAN_PACKAGES.join(", ")
    ))
}

/// A way to get a toolchain.
type Route = fn() -> eyre::Result<()>;

/// All ways, that to the toolchain called `preferred` first.
fn routes(preferred: Option<&str>) -> [(&'static str, Route); 2] {
    let rustup: (_, Route) = ("rustup", rustup_route);
    let apt: (_, Route) = ("apt-get", apt_route);
    match preferred {
        Some(version) if version.contains(DEBIAN) => [apt, rustup],
        _ => [rustup, apt],
    }
}

/// Adds what is missing to the pinned toolchain.
fn rustup_route() -> eyre::Result<()> {
    for what in [
        ["component", "add", "rust-src"],
        ["component", "add", "clippy"],
        ["target", "add", TARGET],
    ] {
        process::run(
            Command::new("rustup")
                .current_dir(workspace::root())
                .args(what),
        )?;
    }
    Ok(())
}

/// Installs Debian's packages, through sudo unless this is root.
fn apt_route() -> eyre::Result<()> {
    let root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = if root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("apt-get");
        sudo
    };
    process::run(
        command
            .args(["install", "--yes", "--no-install-recommends"])
            .args(DEBIAN_PACKAGES),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toolchain(version: &str) -> Toolchain {
        Toolchain {
            cargo: "cargo".into(),
            rustc: "rustc".into(),
            clippy: None,
            linker: None,
            sources: "src".into(),
            version: version.to_owned(),
        }
    }

    fn candidate(origin: Origin, found: Result<&str, &str>) -> Candidate {
        Candidate {
            origin,
            found: found.map(toolchain).map_err(str::to_owned),
        }
    }

    #[test]
    fn takes_the_pinned_toolchain_first() {
        let both = [
            candidate(Origin::Pinned, Ok("one")),
            candidate(Origin::System, Ok("two")),
        ];
        assert_eq!(choose(&both, None), Ok(toolchain("one")));
    }

    #[test]
    fn takes_the_toolchain_that_the_artifacts_were_built_with() {
        let both = [
            candidate(Origin::Pinned, Ok("one")),
            candidate(Origin::System, Ok("two")),
        ];
        assert_eq!(choose(&both, Some("two")), Ok(toolchain("two")));
        assert_eq!(choose(&both, Some("three")), Ok(toolchain("one")));
    }

    #[test]
    fn looks_first_where_the_toolchain_of_the_artifacts_comes_from() {
        let names = |preferred| routes(preferred).map(|(name, _)| name);
        assert_eq!(names(None), ["rustup", "apt-get"]);
        assert_eq!(
            names(Some("rustc 1.95.0 (x), its own rust-lld")),
            ["rustup", "apt-get"]
        );
        assert_eq!(
            names(Some("rustc 1.96.0 (x), Debian LLD 19.1.7")),
            ["apt-get", "rustup"]
        );
    }

    #[test]
    fn falls_back_on_the_system() {
        let system = [
            candidate(Origin::Pinned, Err("lacks rust-src")),
            candidate(Origin::System, Ok("two")),
        ];
        assert_eq!(choose(&system, None), Ok(toolchain("two")));
    }

    #[test]
    fn says_what_is_missing_and_how_to_get_it() {
        let none = [
            candidate(Origin::Pinned, Err("lacks rust-src")),
            candidate(Origin::System, Err("lacks wasm-ld")),
        ];
        let message = choose(&none, None).unwrap_err().to_string();
        for part in [
            "the pinned toolchain lacks rust-src",
            "the system's toolchain lacks wasm-ld",
            "cargo xtask contracts --install",
            "rust-web-src",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn names_what_a_compiler_lacks() {
        let missing = complete(Path::new("cargo"), Path::new("/nonexistent/rustc"));
        assert_eq!(missing, Err("is not installed".to_owned()));
    }
}
