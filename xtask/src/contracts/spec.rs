//! Which contracts there are, and how each of them is built.

/// One program: a contract crate, and what it is built with.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The name of its artifact.
    pub(crate) name: &'static str,
    /// The crate it is built from.
    pub(crate) package: &'static str,
    /// The features of that crate, which choose the entry point among other things.
    pub(crate) features: &'static [&'static str],
    /// What it answers.
    pub(crate) interface: Interface,
    /// `opt-level` of the whole program.
    pub(crate) opt_level: &'static str,
    /// Bytes of stack. Stack, static data and heap should stay within one page of 64 KiB:
    /// the third page that a chain of calls holds is the first that costs gas.
    pub(crate) stack: u32,
}

/// Where the interface of a contract is defined.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interface {
    /// In `arbius-protocol`, by the name that is known there.
    Protocol(&'static str),
    /// In `arbius-example-interfaces`: the contract is an example of using the protocol.
    Example(&'static str),
}

/// All contracts, in the order in which they are built and listed.
pub(crate) const CONTRACTS: &[Contract] = &[
    Contract {
        name: "proxy",
        package: "arbius-proxy",
        features: &[],
        interface: Interface::Protocol("proxy"),
        opt_level: "s",
        stack: 4096,
    },
    Contract {
        name: "token",
        package: "arbius-token",
        features: &[],
        interface: Interface::Protocol("token"),
        opt_level: "s",
        stack: 8192,
    },
    Contract {
        name: "vesting",
        package: "arbius-vesting",
        features: &[],
        interface: Interface::Protocol("vesting"),
        opt_level: "s",
        stack: 8192,
    },
    Contract {
        name: "timelock",
        package: "arbius-timelock",
        features: &[],
        interface: Interface::Protocol("timelock"),
        opt_level: "s",
        stack: 8192,
    },
    Contract {
        name: "governor",
        package: "arbius-governor",
        features: &[],
        interface: Interface::Protocol("governor"),
        opt_level: "s",
        stack: 8192,
    },
    Contract {
        name: "engine",
        package: "arbius-engine",
        features: &["hot"],
        interface: Interface::Protocol("engine"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "engine-rest",
        package: "arbius-engine",
        features: &["rest"],
        interface: Interface::Protocol("engine"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "collection",
        package: "arbius-collection",
        features: &[],
        interface: Interface::Example("collection"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "composition",
        package: "arbius-composition",
        features: &[],
        interface: Interface::Example("composition"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "requester",
        package: "arbius-requester",
        features: &[],
        interface: Interface::Example("requester"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "competition",
        package: "arbius-competition",
        features: &[],
        interface: Interface::Example("competition"),
        opt_level: "s",
        stack: 16384,
    },
    Contract {
        name: "worklog",
        package: "arbius-worklog",
        features: &[],
        interface: Interface::Example("worklog"),
        opt_level: "s",
        stack: 16384,
    },
];

/// The WASM target of Stylus programs.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The cargo profile that [`Contract::cargo_args`] defines.
pub(crate) const PROFILE: &str = "contract";

/// Builds the standard library along with the program, which then needs no precompiled
/// target.
const BUILD_STD: &str = "-Zbuild-std=std,panic_abort";

/// What is passed to cargo besides, to build. Only the nightly switches of a stable compiler
/// make these available, which is why no manifest of the workspace can hold them.
///
/// The standard library is optimised for size and loses its panic messages.
const CARGO_ARGS: &[&str] = &[
    BUILD_STD,
    "-Zbuild-std-features=optimize_for_size",
    "-Zpanic-immediate-abort",
];

/// The profile, less what a contract chooses.
const PROFILE_KEYS: &[(&str, &str)] = &[
    ("inherits", "\"release\""),
    ("lto", "\"fat\""),
    ("codegen-units", "1"),
    ("panic", "\"immediate-abort\""),
    ("strip", "\"symbols\""),
    ("debug", "false"),
    ("incremental", "false"),
    // A sum that overflows is a defect that must revert, never wrap.
    ("overflow-checks", "true"),
];

/// What is always passed to rustc. Stylus knows neither reference types nor
/// multi-value; source locations would only serve panic messages.
pub(crate) const RUSTC_FLAGS: &[&str] = &[
    "-Ctarget-feature=-reference-types,-multivalue",
    "-Zlocation-detail=none",
];

impl Contract {
    /// Whether it is an example, not a part of the protocol.
    pub(crate) const fn is_example(&self) -> bool {
        matches!(self.interface, Interface::Example(_))
    }

    /// The arguments of `cargo rustc` that make this program, less where to put it.
    pub(crate) fn cargo_args(&self) -> Vec<String> {
        let mut args: Vec<String> = ["rustc", "--locked", "--lib", "--crate-type", "cdylib"]
            .iter()
            .chain(&["--profile", PROFILE])
            .chain(CARGO_ARGS)
            .map(ToString::to_string)
            .collect();
        args.extend(self.crate_args());
        for (key, value) in PROFILE_KEYS {
            args.extend([
                "--config".to_owned(),
                format!("profile.{PROFILE}.{key}={value}"),
            ]);
        }
        args.extend([
            "--config".to_owned(),
            format!("profile.{PROFILE}.opt-level={:?}", self.opt_level),
        ]);
        args
    }

    /// The arguments of `cargo clippy` that read the code of this program as it is built, less
    /// where to put what that leaves.
    pub(crate) fn lint_args(&self) -> Vec<String> {
        let mut args: Vec<String> = ["clippy", "--locked", "--quiet", "--lib", BUILD_STD]
            .map(str::to_owned)
            .into();
        args.extend(self.crate_args());
        args
    }

    /// The crate, its features, and the target.
    fn crate_args(&self) -> Vec<String> {
        let mut args = vec!["--target", TARGET, "--package", self.package];
        args.push("--no-default-features");
        let mut args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        if !self.features.is_empty() {
            args.extend(["--features".to_owned(), self.features.join(",")]);
        }
        args
    }

    /// The flags for rustc that are for this program alone, not for what it depends on,
    /// so that all contracts share one build of that.
    pub(crate) fn final_flags(&self) -> Vec<String> {
        vec![format!("-Clink-arg=-zstack-size={}", self.stack)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn contracts_have_distinct_names() {
        let names: BTreeSet<_> = CONTRACTS.iter().map(|contract| contract.name).collect();
        assert_eq!(names.len(), CONTRACTS.len());
    }

    #[test]
    fn passes_the_cdylib_alone_so_that_lto_works() {
        for contract in CONTRACTS {
            let args = contract.cargo_args();
            let types: Vec<_> = args
                .windows(2)
                .filter(|pair| pair[0] == "--crate-type")
                .map(|pair| pair[1].as_str())
                .collect();
            assert_eq!(types, ["cdylib"]);
        }
    }

    #[test]
    fn leaves_heap_in_the_first_page() {
        for contract in CONTRACTS {
            assert!(contract.stack <= 32 * 1024, "{}", contract.name);
            assert_eq!(contract.stack % 16, 0, "{}", contract.name);
        }
    }
}
