//! The commands that the book has its readers type.

use std::{process::Command, sync::Mutex};

use crate::{
    console::{Terminal, program},
    markdown::{Block, Page, book, everything},
};

/// A command of a block, with what the page shows of its output.
struct Step {
    line: usize,
    command: String,
    shown: String,
}

#[test]
fn every_command_in_a_console_does_what_the_page_shows() {
    let only = std::env::var("ARBIUS_BOOK").unwrap_or_default();
    let pages: Vec<_> = book()
        .into_iter()
        .filter(|page| page.path.to_string_lossy().contains(&only))
        .filter(|page| page.blocks.iter().any(|block| block.language == "console"))
        .collect();
    assert!(
        !pages.is_empty(),
        "no page with a console is called `{only}`"
    );
    let wrong = Mutex::new(Vec::new());
    let next = Mutex::new(pages.iter());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(page) = next.lock().unwrap().next() else {
                        break;
                    };
                    if let Err(error) = follow(page) {
                        wrong.lock().unwrap().push(error);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Types what a page has its reader type, in order, in one folder.
fn follow(page: &Page) -> Result<(), String> {
    let mut terminal = Terminal::open();
    for block in page
        .blocks
        .iter()
        .filter(|block| block.language == "console")
    {
        let is = |attribute: &str| block.attributes.iter().any(|other| other == attribute);
        for Step {
            line,
            command,
            shown,
        } in steps(block)
        {
            println!("{}: {command}", page.at(line));
            let result = match is("background") {
                true => terminal.run_on(&command, &shown),
                false => terminal.run(&command, !is("fails"), &shown),
            };
            result.map_err(|error| format!("{}: `{command}` {error}", page.at(line)))?;
        }
    }
    Ok(())
}

/// The commands of a block: what comes after `$`, with the lines that go on after a `\`.
fn steps(block: &Block) -> Vec<Step> {
    let mut steps = Vec::<Step>::new();
    let mut continued = false;
    for (number, text) in block.text.lines().enumerate() {
        match (text.strip_prefix("$ "), steps.last_mut()) {
            (None, Some(step)) if continued => {
                step.command.push('\n');
                step.command.push_str(text);
            }
            (Some(command), _) => steps.push(Step {
                line: block.line + 1 + number,
                command: command.to_owned(),
                shown: String::new(),
            }),
            (None, Some(step)) => {
                step.shown.push_str(text);
                step.shown.push('\n');
            }
            (None, None) => {}
        }
        continued = text.ends_with('\\');
    }
    steps
}

#[test]
fn every_command_that_is_only_shown_is_one_that_arbius_has() {
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
        let shown = shown.flat_map(steps).map(|step| (step.line, step.command));
        for (line, command) in shown.chain(page.spans.clone()) {
            for words in calls(&command) {
                seen += 1;
                if let Err(error) = understood(&words) {
                    wrong.push(format!("{}: `{command}`: {error}", page.at(line)));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 0, "no command was found");
}

/// The arguments of each `arbius` that a line calls.
fn calls(line: &str) -> Vec<Vec<String>> {
    let line = line.replace("\\\n", " ").replace(';', " ; ");
    let words = shlex::split(&line).unwrap_or_default();
    let ends = |word: &&str| ["|", "&&", ";", ">", "2>", "&"].contains(word);
    let mut calls = Vec::new();
    let mut words = words.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        if word == "arbius" {
            // `cargo run --bin arbius -- demo`
            words.next_if_eq(&"--");
            let mut arguments = Vec::new();
            while let Some(word) = words.next_if(|word| !ends(word)) {
                arguments.push(word.to_owned());
            }
            calls.push(arguments);
        }
    }
    calls
}

/// Whether the program knows such arguments. What a page has in the place of a value is not
/// looked at: `ID` is no task.
fn understood(words: &[String]) -> Result<(), String> {
    let words = words
        .iter()
        .filter(|word| !["…", "..."].contains(&word.as_str()));
    let output = Command::new(program())
        .args(words)
        .arg("--help")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = error.lines().next().unwrap_or_default();
    let of_value = ["error: invalid value", "error: a value is required"];
    match output.status.success() || of_value.iter().any(|start| first.starts_with(start)) {
        true => Ok(()),
        false => Err(first.to_owned()),
    }
}

#[test]
fn a_command_that_arbius_does_not_have_is_noticed() {
    let line =
        "VAR=1 arbius mine --model a \\\n  --all-knwon | grep x; arbius status && arbius wait";
    let calls = calls(line);
    assert_eq!(calls.len(), 3);
    assert!(understood(&calls[0]).unwrap_err().contains("--all-knwon"));
    assert_eq!(understood(&calls[1]), Ok(()));
    assert!(understood(&calls[2]).is_err());
    let placeholder = ["tasks", "show", "ID", "…"].map(str::to_owned);
    assert_eq!(understood(&placeholder), Ok(()));
}

#[test]
fn a_page_whose_output_is_another_is_noticed() {
    let page = |shown: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.md");
        std::fs::write(
            &file,
            format!("```console\n$ printf 'one\\ntwo\\n'\n{shown}\n```\n"),
        )
        .unwrap();
        follow(&Page::read(&file))
    };
    assert_eq!(page("one"), Ok(()));
    assert!(page("three").unwrap_err().contains("`three`"));
}
