//! The table of sizes.

use crate::contracts::{
    manifest::Entry,
    pack::{MAX_COMPRESSED, MAX_FRAGMENTS, MAX_RAW},
};

/// Sizes of each program and their share of the limits, as aligned text.
pub(crate) fn render(entries: &[&Entry]) -> String {
    let header = [
        "contract",
        "raw B",
        "of limit",
        "compressed B",
        "of limit",
        "fragments",
    ];
    let rows = entries.iter().map(|entry| {
        [
            entry.name.clone(),
            entry.raw.to_string(),
            share(entry.raw, MAX_RAW),
            entry.compressed.to_string(),
            share(entry.compressed, MAX_COMPRESSED),
            format!("{} of {MAX_FRAGMENTS}", entry.fragments),
        ]
    });
    let rows: Vec<_> = std::iter::once(header.map(str::to_owned))
        .chain(rows)
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    rows.iter()
        .map(|row| {
            row.iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect::<Vec<_>>()
                .join("  ")
                + "\n"
        })
        .collect()
}

/// `part` of `whole` in per cent, rounded up: 100 % is only reached at the limit.
fn share(part: usize, whole: usize) -> String {
    format!("{} %", (part * 100).div_ceil(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_numbers_and_names_the_limits() {
        let entry = Entry {
            name: "engine".to_owned(),
            example: false,
            raw: 65_536,
            compressed: 24_577,
            fragments: 2,
            source_hash: String::new(),
            toolchain: String::new(),
            sha256: String::new(),
        };
        assert_eq!(
            render(&[&entry]),
            "contract  raw B  of limit  compressed B  of limit  fragments\n\
             engine    65536      50 %         24577      51 %     2 of 2\n"
        );
    }
}
