//! `cargo xtask contracts --rooms`: what each module of the engine costs in bytes.
//!
//! A program is linked once more with the names of its functions left in. The functions
//! that are deployed have the same numbers, and so each of them is given to a module. What
//! the compiler inlined counts where it went.

use std::{collections::BTreeMap, fs};

use eyre::{Context as _, bail, ensure};
use wasmparser::{KnownCustom, Name, Parser, Payload};

use crate::{
    contracts::{
        compile::{self, Symbols},
        spec::Contract,
        toolchain::Toolchain,
        wasm,
    },
    workspace,
};

/// The crate whose modules are told apart.
const CRATE: &str = "arbius_engine";

/// Where its functions are assigned to selectors: a handler belongs to the module of the
/// function in its row.
const ROUTES: &str = "stylus-engine/src/program.rs";

/// Where the table is kept, between these two lines.
const PAGE: &str = "stylus-engine/README.md";
const BEGIN: &str = "<!-- rooms: written by `cargo xtask contracts --rooms` -->";
const END: &str = "<!-- rooms: end -->";

/// Modules that share a row, with the row's name.
const ROWS: &[(&str, &[&str])] = &[
    ("`admin`, `clock`", &["admin", "clock"]),
    ("`earnings`, `treasury`", &["earnings", "treasury"]),
    (
        "`state`, `params`, `layout`",
        &["state", "params", "layout"],
    ),
    (
        "`token`, `arbsys`, `content`",
        &["token", "arbsys", "content"],
    ),
    (
        "`program`, `router`, `reentrancy`, `abi`, `store`, `host`, `revert`",
        &[
            "program",
            "router",
            "reentrancy",
            "abi",
            "store",
            "host",
            "revert",
        ],
    ),
];
const RULES: &str = "rules and identifiers of `arbius-protocol`";
const OTHERS: &str = "allocator, vectors, arithmetic";
const DATA: &str = "data: selectors, constants";
const REST: &str = "types, imports, function table";
const ALL: &str = "**together**";

/// Bytes by row.
type Rows = BTreeMap<String, usize>;

/// Measures `contracts`, prints the table and writes it into the page.
pub(crate) fn run(contracts: &[&Contract], toolchain: &Toolchain) -> eyre::Result<()> {
    let measured: Vec<_> = contracts
        .iter()
        .filter(|contract| contract.package.replace('-', "_") == CRATE)
        .map(|contract| Ok((contract.name, measure(contract, toolchain)?)))
        .collect::<eyre::Result<_>>()?;
    let table = render(&measured);
    print!("{table}");
    let path = workspace::root().join(PAGE);
    let page = fs::read_to_string(&path).wrap_err_with(|| format!("{PAGE} cannot be read"))?;
    fs::write(&path, replaced(&page, &table)?).wrap_err_with(|| format!("{PAGE} cannot be written"))
}

/// The bytes of one program by row.
fn measure(contract: &Contract, toolchain: &Toolchain) -> eyre::Result<Rows> {
    let linked = compile::link(contract, toolchain, Symbols::Kept)?;
    let deployed = wasm::convert(&linked)?;
    ensure!(
        deployed == compile::compile(contract, toolchain)?,
        "{} differs from what is deployed when it is linked with names",
        contract.name
    );
    let path = workspace::root().join(ROUTES);
    let routes = fs::read_to_string(path).wrap_err_with(|| format!("{ROUTES} cannot be read"))?;
    rows(&linked, &deployed, &routes)
}

fn rows(linked: &[u8], deployed: &[u8], routes: &str) -> eyre::Result<Rows> {
    let names = names(linked)?;
    let handlers = Handlers::of(routes);
    let mut rows = Rows::new();
    let mut counted = 0;
    let mut add = |row: String, bytes: usize| {
        counted += bytes;
        *rows.entry(row).or_default() += bytes;
    };
    let mut number = 0;
    for payload in Parser::new(0).parse_all(deployed) {
        match payload? {
            Payload::ImportSection(imports) => {
                number = u32::try_from(imports.into_imports().count())?;
            }
            Payload::CodeSectionEntry(body) => {
                let name = names.get(&number).map_or("", String::as_str);
                let range = body.range();
                add(
                    row(name, &handlers),
                    usize::try_from(range.end - range.start)?,
                );
                number += 1;
            }
            Payload::DataSection(data) => {
                let range = data.range();
                add(DATA.to_owned(), usize::try_from(range.end - range.start)?);
            }
            _ => {}
        }
    }
    let rest = deployed.len() - counted;
    rows.insert(REST.to_owned(), rest);
    rows.insert(ALL.to_owned(), deployed.len());
    Ok(rows)
}

/// The functions' names by number.
fn names(linked: &[u8]) -> eyre::Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    for payload in Parser::new(0).parse_all(linked) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        let KnownCustom::Name(sections) = section.as_known() else {
            continue;
        };
        for section in sections {
            if let Name::Function(functions) = section? {
                for function in functions {
                    let function = function?;
                    let name = rustc_demangle::demangle(function.name);
                    names.insert(function.index, format!("{name:#}"));
                }
            }
        }
    }
    ensure!(!names.is_empty(), "the linked program has no names");
    Ok(names)
}

/// The row that a function belongs to.
fn row(name: &str, handlers: &Handlers) -> String {
    // The one name that is not mangled, and so says no module: it is `program`'s.
    if name == "user_entrypoint" {
        return row("arbius_engine::program::user_entrypoint", handlers);
    }
    // `<arbius_engine::tasks::Head as …>::pack` is the module's whose type comes first.
    let path = name.trim_start_matches(['<', '&']);
    if path.starts_with("arbius_protocol::") {
        return RULES.to_owned();
    }
    let Some(path) = path
        .strip_prefix(CRATE)
        .and_then(|rest| rest.strip_prefix("::"))
    else {
        return OTHERS.to_owned();
    };
    let module = handlers.module(path).unwrap_or_else(|| {
        let end = path.find(|c: char| !c.is_alphanumeric() && c != '_');
        path[..end.unwrap_or(path.len())].to_owned()
    });
    ROWS.iter()
        .find(|(_, modules)| modules.contains(&module.as_str()))
        .map_or_else(|| format!("`{module}`"), |(row, _)| (*row).to_owned())
}

/// The modules of the tables of routes, row by row: handlers are closures, which the
/// compiler numbers in that order.
struct Handlers(BTreeMap<String, Vec<String>>);

impl Handlers {
    fn of(routes: &str) -> Self {
        let mut tables = BTreeMap::new();
        for table in routes.split("\nroutes! {").skip(1) {
            // The function that the table makes is named in the line above its first row.
            let name = table
                .lines()
                .map(str::trim)
                .find(|line| !line.is_empty() && !line.starts_with("///"));
            let Some(name) = name.and_then(|line| line.strip_suffix(':')) else {
                continue;
            };
            let modules = table
                .lines()
                .filter_map(|line| line.split_once("Call => "))
                .filter_map(|(_, function)| function.split_once("::"))
                .map(|(module, _)| module.to_owned())
                .collect();
            tables.insert(name.to_owned(), modules);
        }
        Self(tables)
    }

    /// The module of the handler whose path this is, if it is one.
    fn module(&self, path: &str) -> Option<String> {
        let path = path.strip_prefix("program::")?;
        let (table, closure) = path.split_once("::{closure#")?;
        let number: usize = closure.split('}').next()?.parse().ok()?;
        self.0.get(table)?.get(number).cloned()
    }
}

fn render(measured: &[(&str, Rows)]) -> String {
    let mut names: Vec<&String> = measured.iter().flat_map(|(_, rows)| rows.keys()).collect();
    names.sort_by_key(|name| {
        let last = [RULES, OTHERS, REST, DATA, ALL];
        let place = last
            .iter()
            .position(|row| row == name)
            .map_or(0, |at| at + 1);
        let most: usize = measured
            .iter()
            .filter_map(|(_, rows)| rows.get(*name))
            .sum();
        (place, usize::MAX - most)
    });
    names.dedup();
    let mut table = String::from("| room |");
    for (program, _) in measured {
        table += &format!(" `{program}` |");
    }
    table += "\n|---|";
    table += &"---:|".repeat(measured.len());
    for name in names {
        table += &format!("\n| {name} |");
        for (_, rows) in measured {
            table += &match rows.get(name) {
                Some(bytes) if name == ALL => format!(" **{}** |", grouped(*bytes)),
                Some(bytes) => format!(" {} |", grouped(*bytes)),
                None => " – |".to_owned(),
            };
        }
    }
    table + "\n"
}

/// 12345 as 12,345.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The page with the table between its two lines.
fn replaced(page: &str, table: &str) -> eyre::Result<String> {
    let parts = page
        .split_once(BEGIN)
        .and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        bail!("{PAGE} lacks the lines `{BEGIN}` and `{END}`, between which the table goes");
    };
    Ok(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "
routes! {
    /// What the hot program answers itself.
    hot:
    View fCall => tasks::f [];
    Write gCall => admin::g [id: B256];
}
";

    #[test]
    fn a_function_belongs_to_its_module_and_a_handler_to_its_function_s() {
        let handlers = Handlers::of(TABLES);
        for (name, expected) in [
            ("arbius_engine::tasks::record::find", "`tasks`"),
            ("<arbius_engine::models::Terms as Pack>::pack", "`models`"),
            ("arbius_engine::clock::now", "`admin`, `clock`"),
            ("arbius_engine::program::hot::{closure#0}", "`tasks`"),
            (
                "arbius_engine::program::hot::{closure#1}",
                "`admin`, `clock`",
            ),
            ("arbius_protocol::ids::task_id", RULES),
            ("core::slice::index", OTHERS),
            ("", OTHERS),
        ] {
            assert_eq!(row(name, &handlers), expected, "{name}");
        }
    }

    #[test]
    fn the_largest_rooms_come_first_and_the_sum_last() {
        let rows = |pairs: &[(&str, usize)]| -> Rows {
            pairs
                .iter()
                .map(|(row, n)| ((*row).to_owned(), *n))
                .collect()
        };
        let measured = [
            ("a", rows(&[("`x`", 10), (DATA, 5), (ALL, 1_015)])),
            ("b", rows(&[("`x`", 10), ("`y`", 1_000), (ALL, 1_010)])),
        ];
        let table = render(&measured);
        let rooms: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            rooms,
            [
                "| `y` | – | 1,000 |",
                "| `x` | 10 | 10 |",
                "| data: selectors, constants | 5 | – |",
                "| **together** | **1,015** | **1,010** |",
            ]
        );
    }

    #[test]
    fn the_table_replaces_the_one_before_it_and_nothing_else() {
        let page = format!("above\n{BEGIN}\n\nold\n\n{END}\nbelow\n");
        let new = replaced(&page, "new\n").unwrap();
        assert_eq!(new, format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"));
        assert_eq!(replaced(&new, "new\n").unwrap(), new);
        assert!(replaced("none", "new").is_err());
    }
}
