//! Which model is meant, and the bundles in this binary.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_primitives::B256;
use arbius_models::EmbeddedBundle;
use arbius_sdk::client::{ModelInfo, Network};
use arbius_sdk::content::unixfs;
use arbius_sdk::model::{Bundle, Template};
use eyre::{WrapErr as _, bail, eyre};

/// A bundle in this binary, checked.
pub(crate) fn embedded(bundle: &EmbeddedBundle) -> eyre::Result<Arc<Bundle>> {
    let files = bundle.files.iter().copied();
    Bundle::from_bytes(bundle.template, bundle.manifest, files)
        .map(Arc::new)
        .wrap_err_with(|| format!("the model `{}` in this program is damaged", bundle.name))
}

/// The bundles in this binary and those in `folders`, with their folders.
pub(crate) fn bundles(folders: &[PathBuf]) -> eyre::Result<Vec<(Arc<Bundle>, Option<&Path>)>> {
    let mut bundles = Vec::new();
    for bundle in arbius_models::ALL {
        bundles.push((embedded(bundle)?, None));
    }
    for folder in folders {
        let bundle = Bundle::load(folder)
            .wrap_err_with(|| format!("{} is no bundle of a model", folder.display()))?;
        bundles.push((Arc::new(bundle), Some(folder.as_path())));
    }
    Ok(bundles)
}

/// The bundle that `named` means: the name of one in this binary, or a folder.
pub(crate) fn bundle(named: &str) -> eyre::Result<Arc<Bundle>> {
    if let Some(bundle) = arbius_models::ALL
        .iter()
        .find(|bundle| bundle.name == named)
    {
        return embedded(bundle);
    }
    let folder = Path::new(named);
    if !folder.is_dir() {
        let names: Vec<_> = arbius_models::ALL
            .iter()
            .map(|bundle| bundle.name)
            .collect();
        bail!(
            "`{named}` is neither a folder nor a model in this program; name a bundle's folder, \
             or one of {}",
            names.join(", ")
        );
    }
    Bundle::load(folder)
        .map(Arc::new)
        .wrap_err_with(|| format!("{named} is no bundle of a model"))
}

/// Whether a bundle is that of a model.
pub(crate) fn is_of(bundle: &Bundle, model: &ModelInfo) -> bool {
    unixfs::cid_of(bundle.template_bytes()) == model.template
}

/// The name in this binary of a model with this template.
pub(crate) fn name_of(model: &ModelInfo) -> Option<&'static str> {
    arbius_models::ALL
        .iter()
        .find(|bundle| unixfs::cid_of(bundle.template) == model.template)
        .map(|bundle| bundle.name)
}

/// The model that `named` means: an id, a name, or nothing where there is only one.
pub(crate) async fn choose(network: &Network, named: Option<&str>) -> eyre::Result<ModelInfo> {
    if let Some(id) = named.and_then(|text| text.strip_prefix("0x")) {
        let malformed = || eyre!("`0x{id}` is no model id, which is 0x and 64 hexadecimal digits");
        if id.len() != 64 {
            return Err(malformed());
        }
        let id: B256 = id.parse().map_err(|_| malformed())?;
        return Ok(network.model(id).await?);
    }
    let models = network.models().await?;
    let mut fitting = models.iter().filter(|model| match named {
        Some(name) => name_of(model) == Some(name),
        None => model.enabled,
    });
    match (fitting.next(), fitting.next(), named) {
        (Some(model), None, _) => Ok(model.clone()),
        (None, _, None) => bail!("no model takes tasks here; register one first"),
        (Some(_), Some(_), None) => {
            bail!(
                "several models take tasks here: name one with --model, from {}",
                list(&models)
            )
        }
        (Some(_), Some(_), Some(name)) => {
            bail!(
                "several models are `{name}`: name one by its id, from {}",
                list(&models)
            )
        }
        (None, _, Some(name)) => {
            bail!("no model is called `{name}`; there is {}", list(&models))
        }
    }
}

/// A model by its name, if it has one, and its id.
pub(crate) fn describe(model: &ModelInfo) -> String {
    match name_of(model) {
        Some(name) => format!("{name} ({})", model.id),
        None => model.id.to_string(),
    }
}

fn list(models: &[ModelInfo]) -> String {
    let names: Vec<String> = models.iter().map(describe).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The input that asks a model for `prompt`.
pub(crate) fn input_of(template: &Template, prompt: &str) -> eyre::Result<String> {
    if template.input("prompt").is_none() {
        let names: Vec<&str> = template
            .input
            .iter()
            .map(|input| input.variable.as_str())
            .collect();
        bail!(
            "this model takes no prompt; give its inputs ({}) with --input '{{…}}'",
            names.join(", ")
        );
    }
    Ok(serde_json::json!({ "prompt": prompt }).to_string())
}
