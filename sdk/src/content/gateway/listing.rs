//! The page of a directory: HTML without scripts, without anything from elsewhere, and with
//! every name escaped.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::content::Cid;
use crate::content::unixfs::DirectoryEntry;

/// Rows of one page. A larger directory is cut here and says so; it can be had whole as a CAR.
const ROWS: usize = 5_000;

/// What stands for itself in a path (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#777}\
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1.5rem}\
h1{font-size:1.1rem;font-weight:600;margin:0;overflow-wrap:anywhere}\
p{color:var(--soft);margin:.3rem 0 1.2rem}\
a{color:#2a7ae2;text-decoration:none}a:hover{text-decoration:underline}\
table{border-collapse:collapse;width:100%}\
td,th{border-bottom:1px solid var(--line);padding:.35rem .6rem;text-align:left}\
th{color:var(--soft);font-weight:500}\
td:first-child{overflow-wrap:anywhere}\
.cid{font-family:ui-monospace,monospace;font-size:.85rem;white-space:nowrap}.cid a{color:inherit}\
.size{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}";

/// Changes whenever the page of the same directory may look different.
pub(super) const EDITION: &str = concat!(env!("CARGO_PKG_VERSION"), "-1");

/// A directory as it is shown.
pub(super) struct Listing<'a> {
    /// The CID that the path begins with.
    pub(super) root: &'a Cid,
    /// The names from there to the directory.
    pub(super) names: &'a [String],
    /// The directory itself.
    pub(super) cid: &'a Cid,
    /// What is in it.
    pub(super) entries: &'a [DirectoryEntry],
}

impl Listing<'_> {
    /// The page.
    pub(super) fn page(&self) -> String {
        let base = self.address(self.names.len());
        let title: String = std::iter::once(self.root.to_string())
            .chain(self.names.iter().cloned())
            .fold("Index of /ipfs".to_owned(), |title, name| {
                format!("{title}/{name}")
            });
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Index of {}</h1>\n",
            escape(&title),
            self.breadcrumbs()
        );
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "<p>{}, {} in blocks · <a href=\"{base}?format=car\" download>CAR</a> · \
             <a href=\"{base}?format=raw\" download>block</a> · <span class=\"cid\">{}</span></p>",
            match self.entries.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            },
            size(
                self.entries
                    .iter()
                    .fold(0, |sum: u64, entry| sum.saturating_add(entry.tsize))
            ),
            self.cid
        );
        page.push_str(
            "<table>\n<thead><tr><th>Name</th><th>CID</th><th class=\"size\">Size</th></tr></thead>\n\
             <tbody>\n",
        );
        if !self.names.is_empty() {
            let parent = self.address(self.names.len() - 1);
            let _ = writeln!(
                page,
                "<tr><td><a href=\"{parent}\">..</a></td><td></td><td></td></tr>"
            );
        }
        for entry in self.entries.iter().take(ROWS) {
            row(&mut page, &base, entry);
        }
        page.push_str("</tbody>\n</table>\n");
        if self.entries.len() > ROWS {
            let _ = writeln!(
                page,
                "<p>{} more are not shown: the CAR has all of them.</p>",
                self.entries.len() - ROWS
            );
        }
        page.push_str("</body>\n</html>\n");
        page
    }

    /// The address of the directory that so many of the names lead to, with its slash.
    fn address(&self, depth: usize) -> String {
        let names = self.names[..depth].iter();
        names.fold(format!("/ipfs/{}/", self.root), |address, name| {
            format!("{address}{}/", encode(name))
        })
    }

    fn breadcrumbs(&self) -> String {
        let mut crumbs = format!("/ipfs/<a href=\"{}\">{}</a>", self.address(0), self.root);
        for (index, name) in self.names.iter().enumerate() {
            let address = self.address(index + 1);
            let _ = write!(crumbs, "/<a href=\"{address}\">{}</a>", escape(name));
        }
        crumbs
    }
}

fn row(page: &mut String, base: &str, entry: &DirectoryEntry) {
    let cid = entry.cid.to_string();
    let name = encode(&entry.name);
    let _ = writeln!(
        page,
        "<tr><td><a href=\"{base}{name}\">{}</a></td><td class=\"cid\"><a \
         href=\"/ipfs/{cid}?filename={name}\" title=\"{cid}\">{}…{}</a></td><td \
         class=\"size\">{}</td></tr>",
        escape(&entry.name),
        &cid[..8.min(cid.len())],
        &cid[cid.len().saturating_sub(6)..],
        size(entry.tsize),
    );
}

fn encode(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = (bytes.ilog2() / 10) as usize;
    format!(
        "{:.1} {}",
        bytes as f64 / 1024_f64.powi(power as i32),
        units[power - 1]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::unixfs::cid_of;

    fn page(names: &[&str], entries: &[(&str, u64)]) -> String {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let entry = |(name, tsize): &(&str, u64)| DirectoryEntry {
            name: (*name).to_owned(),
            cid: cid_of(name.as_bytes()),
            tsize: *tsize,
        };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        Listing {
            root: &cid_of(b"root"),
            names: &names,
            cid: &cid_of(b"directory"),
            entries: &entries,
        }
        .page()
    }

    #[test]
    fn a_name_is_text_wherever_it_stands() {
        let name = "<script>alert('\"&1')</script>";
        let page = page(&[name], &[(name, 1)]);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("alert('"), "{page}");
        assert_eq!(
            page.matches("%3Cscript%3Ealert%28%27%22%261%27%29%3C%2Fscript%3E")
                .count(),
            6
        );
    }

    #[test]
    fn a_root_has_no_parent_and_a_folder_in_it_has() {
        assert!(!page(&[], &[("a", 1)]).contains(">..<"));
        let root = cid_of(b"root");
        let parent = format!("<a href=\"/ipfs/{root}/a%20b/\">..</a>");
        assert!(page(&["a b", "c"], &[]).contains(&parent));
    }

    #[test]
    fn a_large_directory_is_cut_and_says_so() {
        let names: Vec<_> = (0..ROWS + 7).map(|number| number.to_string()).collect();
        let entries: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let page = page(&[], &entries);
        assert!(page.contains("7 more are not shown"));
        assert!(page.len() < 400 * ROWS, "{} bytes", page.len());
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (3 << 20, "3.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
