//! Where links lead, in the book and in every other file of Markdown here.

use std::{
    collections::{HashMap, HashSet},
    path::{Component, Path, PathBuf},
};

use crate::markdown::{Page, book, everything, root};

/// Where the repository is read from by those who read the book elsewhere.
const REPOSITORY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/");

#[test]
fn every_link_leads_to_something() {
    let pages: HashMap<_, _> = everything()
        .into_iter()
        .map(|page| (page.path.clone(), page))
        .collect();
    let mut broken = Vec::new();
    for page in pages.values() {
        for (line, link) in &page.links {
            if let Err(why) = leads(&pages, page, link) {
                broken.push(format!("{}: {link}: {why}", page.at(*line)));
            }
        }
    }
    broken.sort_unstable();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_is_in_the_summary_and_every_picture_has_a_text() {
    let pages = book();
    let summary = Path::new("docs/src/SUMMARY.md");
    let listed: HashSet<_> = pages
        .iter()
        .find(|page| page.path == summary)
        .unwrap()
        .links
        .iter()
        .map(|(_, link)| Path::new("docs/src").join(link))
        .collect();
    for page in pages.iter().filter(|page| page.path != summary) {
        assert!(
            listed.contains(&page.path),
            "{} is not in {}",
            page.path.display(),
            summary.display()
        );
        assert!(
            page.silent_pictures.is_empty(),
            "{}: a picture without a text",
            page.at(page.silent_pictures[0])
        );
    }
}

/// Whether something is where a link on a page points.
fn leads(pages: &HashMap<PathBuf, Page>, page: &Page, link: &str) -> Result<(), String> {
    let in_book = page.path.starts_with("docs/src");
    let (target, anchor) = match link.split_once('#') {
        Some((target, anchor)) => (target, Some(anchor)),
        None => (link, None),
    };
    let path = if let Some(rest) = target.strip_prefix(REPOSITORY) {
        let file = rest.strip_prefix("blob/main/");
        let folder = rest.strip_prefix("tree/main/");
        match (file, folder) {
            (Some(file), _) if root().join(file).is_file() => PathBuf::from(file),
            (_, Some(folder)) if root().join(folder).is_dir() => return Ok(()),
            (None, None) => return Err("say blob/main/FILE or tree/main/FOLDER".into()),
            _ => return Err("the repository has no such file (blob) or folder (tree)".into()),
        }
    } else if target.starts_with("https://") {
        // Somebody else's; no test depends on the network.
        return Ok(());
    } else if target.contains(':') {
        return Err("only https leads out".into());
    } else if target.is_empty() {
        page.path.clone()
    } else {
        let path = normal(&page.path.parent().unwrap_or(Path::new("")).join(target));
        if in_book && !path.starts_with("docs/src") {
            return Err(format!(
                "the book as it is published ends at docs/src: link to {REPOSITORY}blob/main/…"
            ));
        }
        path
    };
    if !root().join(&path).exists() {
        return Err(format!("there is no {}", path.display()));
    }
    match (anchor, pages.get(&path)) {
        (Some(anchor), Some(page)) if !page.anchors.contains(anchor) => {
            Err(format!("{} has no heading #{anchor}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A path without `.` and `..`.
pub(crate) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}
