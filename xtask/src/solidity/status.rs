//! The numbers of `taskStatus` as constants.

use eyre::{OptionExt as _, bail};
use syn::{Expr, ExprLit, Lit};

use super::{natspec, print, source};

/// Name of the enum, and of the library.
const NAME: &str = "TaskStatus";

/// The library of the constants that the enum in the file `path` defines.
pub(crate) fn file(path: &str) -> eyre::Result<String> {
    let parsed = source::parse(path)?;
    let item = parsed
        .items
        .into_iter()
        .find_map(|item| match item {
            syn::Item::Enum(item) if item.ident == NAME => Some(item),
            _ => None,
        })
        .ok_or_eyre("the enum TaskStatus is gone")?;
    let mut text = print::head(path);
    text += &natspec::interface(NAME, &source::docs(&item.attrs), &[]);
    text += &format!("library {NAME} {{\n");
    for variant in &item.variants {
        let Some((
            _,
            Expr::Lit(ExprLit {
                lit: Lit::Int(number),
                ..
            }),
        )) = &variant.discriminant
        else {
            bail!("{} has no number", variant.ident);
        };
        text += &natspec::member(&source::docs(&variant.attrs), 4);
        let name = variant.ident.to_string().to_uppercase();
        text += &format!("    uint8 internal constant {name} = {number};\n");
    }
    Ok(text + "}\n")
}
