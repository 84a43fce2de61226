//! Writing an interface as a Solidity file.

use std::collections::BTreeSet;

use eyre::bail;
use syn_solidity::{
    Item, ItemContract, ItemEnum, ItemFunction, ItemStruct, Type, VariableDeclaration,
};

use super::{
    natspec::{self, WIDTH},
    source,
};

/// The version of the language that every file takes: the first whose compiler knows all
/// that is used here, NatSpec of enums among it.
pub(crate) const PRAGMA: &str = "pragma solidity ^0.8.20;";

/// Spaces before what an interface declares.
const INDENT: usize = 4;

/// The file of an interface that `source` defines.
pub(crate) fn file(source: &str, docs: &[String], item: &ItemContract) -> eyre::Result<String> {
    if item.inheritance.is_some() {
        bail!("inheritance is not printed yet: its imports would have to be found");
    }
    let structs: BTreeSet<String> = item
        .body
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some(item.name.to_string()),
            _ => None,
        })
        .collect();
    let mut text = head(source);
    let name = item.name.to_string();
    text += &natspec::interface(&name, &source::docs(&item.attrs), docs);
    text += &format!("interface {name} {{\n");
    for (index, item) in item.body.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text += &member(item, &structs)?;
    }
    Ok(text + "}\n")
}

/// What every file begins with.
pub(crate) fn head(source: &str) -> String {
    format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\n\
         // Written by `cargo xtask solidity` from {source}; change that.\n\
         {PRAGMA}\n\n"
    )
}

/// What an interface declares, with its comment.
fn member(item: &Item, structs: &BTreeSet<String>) -> eyre::Result<String> {
    let (attributes, declaration) = match item {
        Item::Function(item) => (&item.attrs, function(item, structs)),
        Item::Event(item) => {
            let parameters = item.parameters.iter().map(ToString::to_string).collect();
            let end = if item.is_anonymous() {
                ") anonymous;"
            } else {
                ");"
            };
            (
                &item.attrs,
                call(&format!("event {}(", item.name), parameters, end),
            )
        }
        Item::Error(item) => {
            let parameters = item.parameters.iter().map(ToString::to_string).collect();
            (
                &item.attrs,
                call(&format!("error {}(", item.name), parameters, ");"),
            )
        }
        Item::Struct(item) => (&item.attrs, structure(item)),
        Item::Enum(item) => (&item.attrs, enumeration(item)),
        other => bail!("{other} is not printed yet"),
    };
    let comment = natspec::member(&source::docs(attributes), INDENT);
    Ok(format!("{comment}{declaration}\n"))
}

fn function(item: &ItemFunction, structs: &BTreeSet<String>) -> String {
    let name = item
        .name
        .as_ref()
        .map_or_else(String::new, |name| format!(" {name}"));
    let parameters = located(&item.parameters, "calldata", structs);
    let mut end = format!(") {}", item.attributes);
    if let Some(returns) = &item.returns {
        let returns = located(&returns.returns, "memory", structs).join(", ");
        end += &format!(" returns ({returns})");
    }
    end.push(';');
    call(&format!("{}{name}(", item.kind), parameters, &end)
}

/// Parameters, those that are not values with the place where they lie.
fn located<'a>(
    parameters: impl IntoIterator<Item = &'a VariableDeclaration>,
    place: &str,
    structs: &BTreeSet<String>,
) -> Vec<String> {
    let located = |parameter: &VariableDeclaration| {
        let lies = match &parameter.ty {
            Type::String(_) | Type::Bytes(_) | Type::Array(_) => true,
            Type::Custom(path) => structs.contains(&path.last().to_string()),
            _ => false,
        };
        let mut text = parameter.ty.to_string();
        if lies {
            text += &format!(" {place}");
        }
        if let Some(name) = &parameter.name {
            text += &format!(" {name}");
        }
        text
    };
    parameters.into_iter().map(located).collect()
}

/// A declaration with parameters, on one line if that holds it.
fn call(start: &str, parameters: Vec<String>, end: &str) -> String {
    let line = format!("{:INDENT$}{start}{}{end}", "", parameters.join(", "));
    if line.len() <= WIDTH || parameters.is_empty() {
        return line;
    }
    let inner = 2 * INDENT;
    let parameters: Vec<_> = parameters
        .iter()
        .map(|parameter| format!("{:inner$}{parameter}", ""))
        .collect();
    format!(
        "{:INDENT$}{start}\n{}\n{:INDENT$}{end}",
        "",
        parameters.join(",\n"),
        ""
    )
}

fn structure(item: &ItemStruct) -> String {
    let mut text = format!("{:INDENT$}struct {} {{\n", "", item.name);
    for field in item.fields.iter() {
        text += &natspec::member(&source::docs(&field.attrs), 2 * INDENT);
        text += &format!("{:1$}{field};\n", "", 2 * INDENT);
    }
    text + &format!("{:INDENT$}}}", "")
}

fn enumeration(item: &ItemEnum) -> String {
    let variants: Vec<_> = item
        .variants
        .iter()
        .map(|variant| {
            let comment = natspec::member(&source::docs(&variant.attrs), 2 * INDENT);
            format!("{comment}{:1$}{variant}", "", 2 * INDENT)
        })
        .collect();
    format!(
        "{:INDENT$}enum {} {{\n{}\n{:INDENT$}}}",
        "",
        item.name,
        variants.join(",\n"),
        ""
    )
}
