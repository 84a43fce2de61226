//! `arbius model inspect`.

use arbius_sdk::content::unixfs;
use arbius_sdk::inference::footprint;
use arbius_sdk::model::template::Kind;
use arbius_sdk::model::{Bundle, Class};
use serde_json::json;

use crate::models;
use crate::show::{self, Side};

pub(in crate::commands) fn inspect(model: &str, json: bool) -> eyre::Result<()> {
    let bundle = models::bundle(model)?;
    if json {
        return show::json(&object(&bundle)?);
    }
    let (manifest, meta) = (bundle.manifest(), &bundle.template().meta);
    show::fields(&[
        ("name", manifest.name.clone()),
        ("title", meta.title.clone()),
        ("description", meta.description.clone()),
        ("licence", manifest.license.clone()),
        ("class", class(&bundle)),
        (
            "template",
            unixfs::cid_of(bundle.template_bytes()).to_string(),
        ),
        ("bundle", bundle.cid().to_string()),
        (
            "memory",
            format!("about {}", show::bytes(footprint::of(&bundle))),
        ),
        ("goldens", bundle.passport().goldens.len().to_string()),
    ])?;
    let inputs: Vec<_> = bundle
        .template()
        .input
        .iter()
        .map(|input| {
            vec![
                input.variable.clone(),
                input.kind.name().to_owned(),
                if input.required { "yes" } else { "no" }.to_owned(),
                allowed(&input.kind),
            ]
        })
        .collect();
    show::line("")?;
    show::table(
        &[
            ("input", Side::Left),
            ("type", Side::Left),
            ("required", Side::Left),
            ("allowed", Side::Left),
        ],
        &inputs,
    )?;
    let files: Vec<_> = manifest
        .files
        .iter()
        .map(|file| {
            vec![
                file.name.clone(),
                show::thousands(file.bytes),
                file.cid.clone(),
            ]
        })
        .collect();
    show::line("")?;
    show::table(
        &[
            ("file", Side::Left),
            ("bytes", Side::Right),
            ("CID", Side::Left),
        ],
        &files,
    )?;
    Ok(())
}

fn object(bundle: &Bundle) -> eyre::Result<serde_json::Value> {
    let manifest = bundle.manifest();
    Ok(json!({
        "schema": "arbius/model-inspect/1",
        "name": manifest.name,
        "title": bundle.template().meta.title,
        "license": manifest.license,
        "class": bundle.passport().class,
        "template": unixfs::cid_of(bundle.template_bytes()).to_string(),
        "bundle": bundle.cid().to_string(),
        "memoryBytes": footprint::of(bundle),
        "pipeline": manifest.pipeline,
        "files": manifest.files,
        "goldens": bundle.passport().goldens,
        // As it stands on-chain.
        "templateJson": serde_json::from_slice::<serde_json::Value>(bundle.template_bytes())?,
    }))
}

/// A model's class in words.
fn class(bundle: &Bundle) -> String {
    match &bundle.passport().class {
        Class::Integer {} => "integer: the same bytes on any machine".to_owned(),
        Class::Pinned(pinned) => format!("pinned to {pinned}"),
    }
}

fn allowed(kind: &Kind) -> String {
    fn range<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> String {
        match (min, max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => String::new(),
        }
    }
    match kind {
        Kind::String { .. } => String::new(),
        Kind::File { .. } => "a CID".to_owned(),
        Kind::Int { min, max, .. } => range(*min, *max),
        Kind::Decimal { min, max, .. } => range(*min, *max),
        Kind::IntEnum { choices, .. } => {
            let choices: Vec<_> = choices.iter().map(ToString::to_string).collect();
            choices.join(", ")
        }
        Kind::StringEnum { choices, .. } => choices.join(", "),
    }
}
