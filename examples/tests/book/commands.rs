//! The commands that the book has its readers type.

use std::sync::Mutex;

use crate::{
    console::Terminal,
    markdown::{Block, Page, book},
};

/// A command of a block, with what the page shows of its output.
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) command: String,
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

/// The commands of a block: what comes after `$`, with the lines that go on after a `\`. Of `sh`,
/// which shows nothing that is printed, every line.
pub(crate) fn steps(block: &Block) -> Vec<Step> {
    let mut steps = Vec::<Step>::new();
    let mut continued = false;
    for (number, text) in block.text.lines().enumerate() {
        let command = match (text.strip_prefix("$ "), block.language.as_str()) {
            (None, "sh") => Some(text),
            (command, _) => command,
        };
        match (command, steps.last_mut()) {
            (_, Some(step)) if continued => {
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
