//! The commands that are shown and that nobody types here: each has to be one that the program
//! it calls has.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    cargo::Workspace,
    commands::steps,
    console::program,
    links::normal,
    markdown::{everything, root},
};

/// Programs of others, whose arguments are their own affair. Whatever else a block calls is
/// asked, or a mistake.
const OTHERS: [&str; 8] = [
    ".venv/bin/pip",
    ".venv/bin/python",
    "cast",
    "curl",
    "export",
    "ipfs",
    "jq",
    "python3",
];

/// What `…` stands for before `--example`.
const ELIDED: [&str; 5] = ["cargo", "run", "--release", "-p", "arbius-examples"];

#[test]
fn every_command_that_is_only_shown_is_one_that_its_program_has() {
    let workspace = Workspace::read();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in everything() {
        // Beside the book's own consoles, nobody types what is shown.
        let typed = page.path.starts_with("docs/src");
        let shown = page
            .blocks
            .iter()
            .filter(|block| match block.language.as_str() {
                "sh" => true,
                "console" => !typed,
                _ => false,
            });
        let mut reader = Reader::new(&workspace);
        let mut note = |line: usize, command: &str, result: Result<(), String>| {
            seen += 1;
            if let Err(error) = result {
                wrong.push(format!("{}: `{command}`: {error}", page.at(line)));
            }
        };
        for step in shown.flat_map(steps) {
            note(step.line, &step.command, reader.types(&step.command));
        }
        for (line, span) in &page.spans {
            for call in calls(span).unwrap_or_default() {
                if let Some(call) = of_ours(&call) {
                    note(*line, span, reader.calls(&call));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} commands were found");
}

/// What a line calls, each with its arguments: what stands between pipes and the like, less the
/// variables that are set for it and where its output goes. Nothing if its quotes do not close.
fn calls(line: &str) -> Option<Vec<Vec<String>>> {
    let line = line.replace("\\\n", " ").replace(';', " ; ");
    let words = shlex::split(&line)?;
    let calls = words.split(|word| ["|", "&&", ";", "&"].contains(&word.as_str()));
    let calls = calls.map(|call| -> Vec<String> {
        call.iter()
            .skip_while(|word| is_setting(word) || *word == "time")
            .take_while(|word| ![">", "2>"].contains(&word.as_str()))
            .cloned()
            .collect()
    });
    Some(calls.filter(|call| !call.is_empty()).collect())
}

/// Whether a word sets a variable.
fn is_setting(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The part of a call within text that a program of ours, or cargo, is to understand.
fn of_ours(call: &[String]) -> Option<Vec<String>> {
    let words = call
        .iter()
        .map(|word| word.trim_matches(['[', ']']).to_owned());
    let words: Vec<_> = words
        .filter(|word| !word.is_empty() && *word != "…")
        .collect();
    if let Some(at) = words
        .iter()
        .position(|word| word == "arbius" || word == "cargo")
    {
        return Some(words[at..].to_vec());
    }
    let example = words.first().is_some_and(|word| word == "--example");
    example.then(|| ELIDED.map(str::to_owned).into_iter().chain(words).collect())
}

/// Who goes through the commands of a page, in the root of the repository at first.
struct Reader<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    /// Archives that npm has made.
    packed: HashSet<PathBuf>,
}

impl<'a> Reader<'a> {
    fn new(workspace: &'a Workspace) -> Self {
        let (folder, packed) = (PathBuf::new(), HashSet::new());
        Self {
            workspace,
            folder,
            packed,
        }
    }

    /// Whether every program that a command calls understands it.
    fn types(&mut self, command: &str) -> Result<(), String> {
        let calls = calls(command).ok_or("its quotes do not close")?;
        calls.iter().try_for_each(|call| self.calls(call))
    }

    fn calls(&mut self, call: &[String]) -> Result<(), String> {
        let words: Vec<_> = call.iter().map(String::as_str).collect();
        match &words[..] {
            ["arbius", ..] => arbius(&call[1..]),
            ["cargo", ..] => self.workspace.understands(&call[1..]),
            ["cd", folder] => {
                self.folder = normal(&self.folder.join(folder));
                self.has("")
            }
            ["node", script, ..] => self.has(script),
            ["npm", "pack", folder] => {
                let archive = self.folder.join(self.archive(folder)?);
                self.packed.insert(archive);
                Ok(())
            }
            ["npm", "install"] => self.has("package.json"),
            ["npm", "install", packages @ ..] => packages
                .iter()
                .filter(|package| package.ends_with(".tgz"))
                .map(|archive| normal(&self.folder.join(archive)))
                .find(|archive| !self.packed.contains(archive))
                .map_or(Ok(()), |archive| {
                    Err(format!(
                        "no `npm pack` before it makes {}",
                        archive.display()
                    ))
                }),
            [name, ..] if OTHERS.contains(name) => Ok(()),
            _ => Err(format!(
                "no test knows `{}`: see examples/tests/book/shown.rs",
                words[0]
            )),
        }
    }

    /// Whether there is a file or folder where the reader is.
    fn has(&self, name: &str) -> Result<(), String> {
        let path = normal(&self.folder.join(name));
        match root().join(&path).exists() {
            true => Ok(()),
            false => Err(format!("there is no {}", path.display())),
        }
    }

    /// What npm calls the archive of a package.
    fn archive(&self, folder: &str) -> Result<String, String> {
        let path = normal(&self.folder.join(folder)).join("package.json");
        let package = std::fs::read(root().join(&path))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let package: Value = serde_json::from_slice(&package).unwrap();
        let field = |name: &str| package[name].as_str().unwrap().replace('/', "-");
        Ok(format!(
            "{}-{}.tgz",
            field("name").trim_start_matches('@'),
            field("version")
        ))
    }
}

/// Whether `arbius` knows such arguments. What a page has in the place of a value is not
/// looked at: `ID` is no task.
pub(crate) fn arbius(words: &[String]) -> Result<(), String> {
    let program = program("arbius");
    let words = words
        .iter()
        .map(String::as_str)
        .filter(|word| !["…", "..."].contains(word));
    let words: Vec<_> = words.collect();
    let with_help = |words: &[&str]| help(&program, &[words, &["--help"]].concat());
    let Err(error) = with_help(&words) else {
        return Ok(());
    };
    let of_value = ["error: invalid value", "error: a value is required"];
    if !of_value.iter().any(|start| error.starts_with(start)) {
        return Err(error);
    }
    // It has read no further than that value: the rest is looked for in the help of the command.
    let command = words
        .iter()
        .position(|word| word.starts_with('-'))
        .unwrap_or(words.len());
    let help = (0..=command)
        .rev()
        .find_map(|end| with_help(&words[..end]).ok())
        .unwrap();
    let words: Vec<_> = words.into_iter().map(str::to_owned).collect();
    has_options(&help, &words)
}

/// What a program answers when it is asked for help, or the first line of what it refuses with.
pub(crate) fn help(program: &Path, words: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(text(&output.stderr)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()),
    }
}

/// Whether a program's help names each option among `words`.
pub(crate) fn has_options(help: &str, words: &[String]) -> Result<(), String> {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
    let named = |option: &str| {
        let mut places = help.match_indices(option);
        places.any(|(at, _)| ends(&help[at + option.len()..]))
    };
    match options(words).find(|option| !named(option)) {
        Some(option) => Err(format!("its help names no option {option}")),
        None => Ok(()),
    }
}

/// The names of the long options among `words`.
pub(crate) fn options(words: &[String]) -> impl Iterator<Item = &str> {
    let words = words
        .iter()
        .map(|word| word.split('=').next().unwrap_or_default());
    words.filter(|word| word.starts_with("--") && word.len() > 2)
}

/// Whether a word stands for one that the reader has: `NAME`.
pub(crate) fn is_placeholder(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[test]
fn a_command_that_no_program_has_is_noticed() {
    let line = "VAR=1 arbius mine --model a \\\n  --all-knwon 2> log | jq .; arbius status && time arbius wait";
    let calls = calls(line).unwrap();
    assert_eq!(calls.len(), 4);
    assert!(arbius(&calls[0][1..]).unwrap_err().contains("--all-knwon"));
    assert_eq!(calls[1], ["jq", "."]);
    assert_eq!(arbius(&calls[2][1..]), Ok(()));
    assert!(arbius(&calls[3][1..]).is_err());

    let answer = |line: &str| arbius(&shlex::split(line).unwrap());
    assert_eq!(answer("tasks show ID …"), Ok(()));
    assert_eq!(answer("mine … --monitor ADDRESS --all-known"), Ok(()));
    let error = answer("tasks show ID --no-such").unwrap_err();
    assert!(error.contains("--no-such"), "{error}");
}

#[test]
fn what_is_not_there_is_noticed() {
    let workspace = Workspace::read();
    let answer = |lines: &[&str]| {
        let mut reader = Reader::new(&workspace);
        lines.iter().try_for_each(|line| reader.types(line))
    };
    let version = env!("CARGO_PKG_VERSION");
    let install = format!("npm install --no-save ../../arbius-abi-{version}.tgz");
    let pack = "npm pack ./artifacts/npm";
    let there = [
        pack,
        "cd examples/javascript && npm install",
        &install,
        "node viem.mjs x",
    ];
    assert_eq!(answer(&there), Ok(()));
    for lines in [
        &["npm pack ./artifacts"][..],
        &[pack, "npm install ./arbius-abi-0.0.0.tgz"],
        &["cd examples/no-such"],
        &["node viem.mjs"],
        &["printed: 1"],
        &["curl 'http://127.0.0.1"],
    ] {
        assert!(answer(lines).is_err(), "{lines:?}");
    }
}

#[test]
fn a_command_within_text_is_found() {
    let found = |span: &str| {
        let calls = calls(span).unwrap();
        calls
            .iter()
            .find_map(|call| of_ours(call))
            .map(|call| call.join(" "))
    };
    assert_eq!(
        found("RUSTDOCFLAGS=x cargo doc --no-deps").unwrap(),
        "cargo doc --no-deps"
    );
    assert_eq!(
        found("… --example collection [-- --solidity]").unwrap(),
        "cargo run --release -p arbius-examples --example collection -- --solidity"
    );
    assert_eq!(found("arbius.json"), None);
    assert_eq!(found("--solidity"), None);
}
