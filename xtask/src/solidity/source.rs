//! Reading `sol!` definitions out of Rust files.

use std::fs;

use eyre::{Context as _, ensure};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};
use syn_solidity::{Item, ItemContract};

use crate::workspace;

/// What a Rust file defines.
pub(crate) struct Source {
    /// The file's own documentation, a line each.
    pub(crate) docs: Vec<String>,
    /// Its interfaces, in order.
    pub(crate) interfaces: Vec<ItemContract>,
}

/// Reads the interfaces in a file of the repository: those in `sol!`, or in a macro named
/// `interface!` that wraps it.
pub(crate) fn read(path: &str) -> eyre::Result<Source> {
    let file = parse(path)?;
    let mut interfaces = Vec::new();
    for item in &file.items {
        let syn::Item::Macro(invocation) = item else {
            continue;
        };
        let path_of_macro = &invocation.mac.path;
        let named = |name| {
            path_of_macro
                .segments
                .last()
                .is_some_and(|last| last.ident == name)
        };
        if !named("interface") && !named("sol") {
            continue;
        }
        let definitions: syn_solidity::File = syn::parse2(invocation.mac.tokens.clone())
            .wrap_err_with(|| format!("{path} holds Solidity that does not parse"))?;
        interfaces.extend(definitions.items.into_iter().filter_map(|item| match item {
            Item::Contract(contract) if contract.is_interface() => Some(contract),
            _ => None,
        }));
    }
    ensure!(
        !interfaces.is_empty(),
        "{path} defines no interface by `sol!`"
    );
    Ok(Source {
        docs: docs(&file.attrs),
        interfaces,
    })
}

/// A Rust file of the repository, parsed.
pub(crate) fn parse(path: &str) -> eyre::Result<syn::File> {
    let file = workspace::root().join(path);
    let text =
        fs::read_to_string(&file).wrap_err_with(|| format!("{} cannot be read", file.display()))?;
    syn::parse_file(&text).wrap_err_with(|| format!("{path} does not parse as Rust"))
}

/// The lines of a documentation comment.
pub(crate) fn docs(attributes: &[Attribute]) -> Vec<String> {
    attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(line),
                    ..
                }) => Some(line.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}
