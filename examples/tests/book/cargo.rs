//! Calls of cargo, beside the packages, targets and features that the workspace has.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{console::program, markdown::root, shown};

/// Commands of cargo that name packages and targets. All others are aliases, or programs that are
/// installed beside cargo.
const BUILDING: [&str; 5] = ["bench", "build", "doc", "run", "test"];

/// Kinds of targets that a call chooses by an option of that name.
const KINDS: [&str; 4] = ["bench", "bin", "example", "test"];

/// What cargo says of the workspace.
pub(crate) struct Workspace {
    packages: Vec<Package>,
}

struct Package {
    name: String,
    /// Whether it is meant where no package is named.
    by_default: bool,
    features: HashSet<String>,
    targets: Vec<Target>,
}

/// A program.
struct Target {
    kind: String,
    name: String,
    source: PathBuf,
    /// Features without which it is not built.
    needs: Vec<String>,
}

impl Workspace {
    pub(crate) fn read() -> Self {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(root())
            .output()
            .unwrap();
        let metadata: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let default = array(&metadata["workspace_default_members"]);
        let packages = array(&metadata["packages"]).iter();
        let packages = packages.map(|package| Package::of(package, default));
        Self {
            packages: packages.collect(),
        }
    }

    /// Whether a call is one that cargo can do here, and what it runs knows the options that it
    /// is given: `run -p arbius-sdk --features inference --example pack_model -- FOLDER`.
    pub(crate) fn understands(&self, words: &[String]) -> Result<(), String> {
        let command = words.first().map_or("", String::as_str);
        if !BUILDING.contains(&command) {
            return Ok(());
        }
        let mut parts = words[1..].splitn(2, |word| word == "--");
        let own = parts.next().unwrap_or_default();
        let passed = parts.next().unwrap_or_default();
        let help = shown::help(Path::new(env!("CARGO")), &[command, "-h"])?;
        shown::has_options(&help, own)?;

        let packages = self.packages(own)?;
        let features: Vec<_> = values(own, &["-F", "--features"])
            .into_iter()
            .flat_map(|list| list.split(','))
            .collect();
        for feature in &features {
            if !packages.iter().any(|one| one.features.contains(*feature)) {
                return Err(format!("there is no feature {feature}"));
            }
        }
        let targets = chosen(&packages, command, own)?;
        for target in &targets {
            let lacks = |need: &&String| !is_whole(own) && !features.contains(&need.as_str());
            if let Some(feature) = target.needs.iter().find(lacks) {
                return Err(format!("{} needs --features {feature}", target.name));
            }
        }
        match (command, &targets[..]) {
            ("run", [target]) => target.understands(passed),
            ("run", _) => Err("it runs not one program".to_owned()),
            _ => Ok(()),
        }
    }

    /// The packages that a call is about.
    fn packages(&self, own: &[String]) -> Result<Vec<&Package>, String> {
        let named = values(own, &["-p", "--package"]);
        if named.is_empty() {
            let everywhere = is_whole(own);
            let meant = |package: &&Package| everywhere || package.by_default;
            return Ok(self.packages.iter().filter(meant).collect());
        }
        let find = |name: &str| self.packages.iter().find(|package| package.name == name);
        let named = named.into_iter();
        named
            .map(|name| find(name).ok_or_else(|| format!("no package is called {name}")))
            .collect()
    }
}

/// The targets that a call chooses, or the program that it runs without choosing.
fn chosen<'a>(
    packages: &[&'a Package],
    command: &str,
    own: &[String],
) -> Result<Vec<&'a Target>, String> {
    let find = |meant: &dyn Fn(&Target) -> bool| {
        let mut targets = packages.iter().flat_map(|package| &package.targets);
        targets.find(|target| meant(target))
    };
    let mut chosen = Vec::new();
    for kind in KINDS {
        for name in values(own, &[&format!("--{kind}")]) {
            let target = find(&|target| target.kind == kind && target.name == name);
            chosen.push(target.ok_or_else(|| format!("there is no {kind} {name}"))?);
        }
    }
    if command == "run" && chosen.is_empty() {
        chosen.extend(find(&|target| target.kind == "bin"));
    }
    Ok(chosen)
}

/// Whether a call is about all packages, with the features that they have from one another.
fn is_whole(own: &[String]) -> bool {
    own.iter().any(|word| word == "--workspace")
}

/// What comes after options of these names, less what stands for something.
fn values<'a>(own: &'a [String], names: &[&str]) -> Vec<&'a str> {
    let pairs = own.windows(2);
    let of_these = pairs.filter(|pair| names.contains(&pair[0].as_str()));
    let values = of_these.map(|pair| pair[1].as_str());
    values
        .filter(|value| !shown::is_placeholder(value))
        .collect()
}

impl Package {
    fn of(package: &Value, default: &[Value]) -> Self {
        let targets = array(&package["targets"]).iter().map(|target| Target {
            kind: text(&target["kind"][0]),
            name: text(&target["name"]),
            source: text(&target["src_path"]).into(),
            needs: target["required-features"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
        });
        let features = package["features"].as_object().unwrap();
        Self {
            name: text(&package["name"]),
            by_default: default.contains(&package["id"]),
            features: features.keys().cloned().collect(),
            targets: targets.collect(),
        }
    }
}

impl Target {
    /// Whether the program knows the options among what it is given.
    fn understands(&self, words: &[String]) -> Result<(), String> {
        if self.name == "arbius" {
            return shown::arbius(words);
        }
        let source = std::fs::read_to_string(&self.source).unwrap();
        // What reads its arguments by itself knows the options that it names; to ask it would
        // be to run it.
        if !source.contains("use clap::") {
            let named = |option: &str| source.contains(&format!("\"{option}\""));
            return match shown::options(words).find(|option| !named(option)) {
                Some(option) => Err(format!("{option} is not in {}", self.source.display())),
                None => Ok(()),
            };
        }
        let path = match self.kind.as_str() {
            "example" => format!("examples/{}", self.name),
            _ => self.name.clone(),
        };
        shown::has_options(&shown::help(&program(&path), &["--help"])?, words)
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_call_that_cargo_cannot_do_is_noticed() {
    let workspace = Workspace::read();
    let answer = |line: &str| workspace.understands(&shlex::split(line).unwrap());
    for known in [
        "run --release --bin arbius -- mine --all-known",
        "run -p arbius-sdk --features inference --example pack_model -- models/digits",
        "run -p arbius-examples --example worklog -- --serve",
        "test --workspace --test book --test NAME a_filter -- --nocapture",
        "doc --open -p arbius-sdk --features miner,gov",
        "xtask layout --check",
    ] {
        assert_eq!(answer(known), Ok(()), "{known}");
    }
    for (wrong, why) in [
        (
            "run -p arbius-example",
            "no package is called arbius-example",
        ),
        (
            "run --release --bin arbius -- mine --all-knwon",
            "--all-knwon",
        ),
        (
            "run -p arbius-examples --example no_such",
            "no example no_such",
        ),
        ("run --example worklog", "no example worklog"),
        (
            "run -p arbius-examples --example worklog -- --sreve",
            "--sreve is not in",
        ),
        (
            "run -p arbius-examples --example verify_worklog -- --rcp URL",
            "--rcp",
        ),
        (
            "run -p arbius-example-service -- --gatewya URL",
            "--gatewya",
        ),
        (
            "run -p arbius-sdk --example pack_model",
            "needs --features inference",
        ),
        ("doc -p arbius-sdk --features gvo", "no feature gvo"),
        ("doc --opne -p arbius-sdk", "--opne"),
    ] {
        let error = answer(wrong).unwrap_err();
        assert!(error.contains(why), "{wrong}: {error}");
    }
}
