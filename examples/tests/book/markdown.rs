//! What a page of Markdown is made of, as far as it can be checked.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A page of the book, or another file of Markdown.
#[derive(Default)]
pub(crate) struct Page {
    /// Where it lies, from the root of the repository on.
    pub(crate) path: PathBuf,
    /// What it says, as written.
    pub(crate) text: String,
    pub(crate) blocks: Vec<Block>,
    /// Code within lines, with the number of the line.
    pub(crate) spans: Vec<(usize, String)>,
    /// Targets of links and pictures, with the number of the line.
    pub(crate) links: Vec<(usize, String)>,
    /// What a link can point at within the page.
    pub(crate) anchors: HashSet<String>,
    /// Lines with a picture that has no text to stand in its place.
    pub(crate) silent_pictures: Vec<usize>,
}

/// A block of code.
pub(crate) struct Block {
    /// Where it begins.
    pub(crate) line: usize,
    /// The word after the fence, up to the first comma.
    pub(crate) language: String,
    /// What stands between commas after it.
    pub(crate) attributes: Vec<String>,
    pub(crate) text: String,
}

impl Block {
    fn new(line: usize, kind: &CodeBlockKind<'_>) -> Self {
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.as_ref(),
            CodeBlockKind::Indented => "",
        };
        let mut words = info.split(',').map(|word| word.trim().to_owned());
        Self {
            line,
            language: words.next().unwrap_or_default(),
            attributes: words.collect(),
            text: String::new(),
        }
    }
}

impl Page {
    /// Reads the file at `path`, which counts from the root of the repository on.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        let line = |at: usize| 1 + text[..at].matches('\n').count();
        let mut page = Self::default();
        let (mut block, mut heading, mut picture) = (None::<Block>, None::<String>, None::<String>);
        let mut repeated = HashMap::<String, usize>::new();
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = line(range.start);
            match event {
                Event::Start(Tag::CodeBlock(kind)) => block = Some(Block::new(line, &kind)),
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let before = repeated.entry(anchor.clone()).or_default();
                    page.anchors.insert(match before {
                        0 => anchor,
                        _ => format!("{anchor}-{before}"),
                    });
                    *before += 1;
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    page.links.push((line, dest_url.into_string()));
                    picture = Some(String::new());
                }
                Event::End(TagEnd::Image)
                    if picture.take().is_some_and(|text| text.trim().is_empty()) =>
                {
                    page.silent_pictures.push(line);
                }
                Event::Text(part) | Event::Code(part) if heading.is_some() => {
                    heading.iter_mut().for_each(|title| title.push_str(&part));
                }
                Event::Text(part) => {
                    block
                        .iter_mut()
                        .for_each(|block| block.text.push_str(&part));
                    picture.iter_mut().for_each(|text| text.push_str(&part));
                }
                Event::Code(code) => page.spans.push((line, code.into_string())),
                _ => {}
            }
        }
        page.path = path.to_owned();
        page.text = text;
        page
    }

    /// A line of the page, as a compiler would name it.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}

/// The name under which mdBook and GitHub let a heading be pointed at.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter_map(|letter| match letter {
            _ if letter.is_alphanumeric() || "-_".contains(letter) => {
                Some(letter.to_ascii_lowercase())
            }
            _ if letter.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect()
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap().to_owned()
}

/// The pages of the book.
pub(crate) fn book() -> Vec<Page> {
    let mut pages = Vec::new();
    collect(Path::new("docs/src"), &mut pages);
    pages
}

/// Every file of Markdown in the repository, the book's among them.
pub(crate) fn everything() -> Vec<Page> {
    let mut pages = Vec::new();
    collect(Path::new(""), &mut pages);
    pages
}

fn collect(folder: &Path, pages: &mut Vec<Page>) {
    let mut names: Vec<_> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), entry.file_type().unwrap()))
        .collect();
    names.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    for (name, kind) in names {
        let path = folder.join(&name);
        let name = name.to_string_lossy();
        // What is built, fetched or hidden is not the repository's.
        let foreign = name.starts_with('.') || name == "target" || name == "node_modules";
        if kind.is_dir() && !foreign {
            collect(&path, pages);
        } else if kind.is_file() && name.ends_with(".md") {
            pages.push(Page::read(&path));
        }
    }
}

#[test]
fn a_page_is_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.md");
    let text = "# A `b` c: d\n\nSee [this](x.md#y) and `arbius mine`.\n\n![](p.svg)\n\n\
                ## Again\n\n## Again\n\n```console,fails\n$ false\n```\n";
    std::fs::write(&file, text).unwrap();
    let page = Page::read(&file);
    assert_eq!(
        page.links,
        [(3, "x.md#y".to_owned()), (5, "p.svg".to_owned())]
    );
    assert_eq!(page.spans, [(3, "arbius mine".to_owned())]);
    assert_eq!(page.silent_pictures, [5]);
    let anchors = ["a-b-c-d", "again", "again-1"].map(str::to_owned);
    assert_eq!(page.anchors, HashSet::from(anchors));
    let [block] = &page.blocks[..] else {
        panic!("one block");
    };
    assert_eq!((block.line, block.language.as_str()), (11, "console"));
    assert_eq!(
        (block.attributes.join(","), block.text.as_str()),
        ("fails".into(), "$ false\n")
    );
}
