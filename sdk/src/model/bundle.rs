//! Bundles: the files behind a template, none of which is believed before it is hashed.
//!
//! A bundle is a manifest (JSON) that names every file by CID. The template names the
//! manifest by CID (`meta.bundle`), so whoever has a model's template from the chain can
//! take the rest from anywhere: a byte that differs is an error here.
//!
//! In a folder a bundle is `template.json`, `manifest.json` and the files of the manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::passport::{Class, Passport, PassportError};
use super::pipeline::Pipeline;
use super::pipeline::description::{FileReference, Parts};
use super::signature::Signature;
use super::template::{Template, TemplateError, is_plain_file_name};
use crate::content::{Cid, cids, unixfs};

/// Version of the manifest's JSON that this program writes and reads.
pub const MANIFEST_SCHEMA: u32 = 1;
/// File name of a bundle's template in a folder.
pub const TEMPLATE_FILE: &str = "template.json";
/// File name of a bundle's manifest in a folder.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The most bytes a manifest or a passport may have.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 20;

/// Why a bundle was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Its template is wrong.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Its passport is wrong.
    #[error(transparent)]
    Passport(#[from] PassportError),
    /// The template names no bundle.
    #[error(
        "the template has no `meta.bundle`; a model that runs from a bundle names its CID there"
    )]
    NoBundle,
    /// The manifest is not what the template names.
    #[error("the manifest has CID {found}; the template names {expected}: fetch it again")]
    WrongManifest {
        /// CID of the bytes at hand.
        found: Box<Cid>,
        /// What the template says.
        expected: String,
    },
    /// Not the JSON of a manifest.
    #[error("the manifest is malformed: {0}")]
    Malformed(String),
    /// Of a version that this program does not know.
    #[error("the manifest has schema {0}; this program knows {MANIFEST_SCHEMA}: upgrade it")]
    Schema(u64),
    /// A field of the manifest is wrong.
    #[error("manifest field `{field}`: {reason}")]
    Field {
        /// Path of the field.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A file of the manifest is not there.
    #[error("file `{0}` of the bundle is missing")]
    MissingFile(String),
    /// A file's bytes are not those that the manifest names.
    #[error("file `{name}` has CID {found}; the manifest names {expected}: fetch it again")]
    Corrupt {
        /// The file.
        name: String,
        /// CID of the bytes at hand.
        found: Box<Cid>,
        /// What the manifest says.
        expected: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A file of a bundle, as its manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// A plain file name.
    pub name: String,
    /// CID of its bytes.
    pub cid: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The manifest of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    schema: u32,
    /// A short name of the model.
    pub name: String,
    /// SPDX expression of the licence of the weights.
    pub license: String,
    /// How it runs.
    pub pipeline: Pipeline,
    /// The file with the passport.
    pub passport: String,
    /// Every file by CID.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    /// A manifest of those files.
    ///
    /// # Errors
    /// [`BundleError::Field`] if files repeat or what it names is not among them.
    pub fn new(
        name: String,
        license: String,
        pipeline: Pipeline,
        passport: String,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, BundleError> {
        let files = files
            .iter()
            .map(|(name, bytes)| FileEntry {
                name: name.clone(),
                cid: unixfs::cid_of(bytes).to_string(),
                bytes: bytes.len() as u64,
            })
            .collect();
        let manifest = Self {
            schema: MANIFEST_SCHEMA,
            name,
            license,
            pipeline,
            passport,
            files,
        };
        manifest.validated()
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`BundleError`] if it is none, or of another version.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let malformed = |e: serde_json::Error| BundleError::Malformed(e.to_string());
        let json: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
        // The version first: a newer one may have fields that are unknown here.
        if let Some(schema) = json.get("schema").and_then(serde_json::Value::as_u64)
            && schema != u64::from(MANIFEST_SCHEMA)
        {
            return Err(BundleError::Schema(schema));
        }
        serde_json::from_value::<Self>(json)
            .map_err(malformed)?
            .validated()
    }

    /// The entry of a file.
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.name == name)
    }

    fn validated(self) -> Result<Self, BundleError> {
        let wrong = |field: String, reason: String| Err(BundleError::Field { field, reason });
        for (index, file) in self.files.iter().enumerate() {
            let field = format!("files[{index}]");
            if !is_plain_file_name(&file.name)
                || [TEMPLATE_FILE, MANIFEST_FILE].contains(&file.name.as_str())
            {
                return wrong(
                    format!("{field}.name"),
                    format!("{:?} is not a plain file name of its own", file.name),
                );
            }
            if self
                .files
                .iter()
                .take(index)
                .any(|other| other.name == file.name)
            {
                return wrong(
                    format!("{field}.name"),
                    format!("`{}` is named twice", file.name),
                );
            }
            if let Err(error) = cids::parse(&file.cid) {
                return wrong(format!("{field}.cid"), error.to_string());
            }
        }
        let named = self.pipeline.description().files();
        let named = named
            .iter()
            .map(|file| (format!("pipeline.{}", file.field), file.name));
        for (field, name) in
            std::iter::once(("passport".into(), self.passport.as_str())).chain(named)
        {
            if self.file(name).is_none() {
                return wrong(field, format!("`{name}` is not among the files"));
            }
        }
        Ok(self)
    }
}

/// A model with all of its bytes, every one of them checked.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use arbius_sdk::model::{Bundle, BundleError};
///
/// let digits = arbius_models::digits();
/// let files = digits.files.iter().copied();
/// let bundle = Bundle::from_bytes(digits.template, digits.manifest, files)?;
/// println!("{} by {}", bundle.cid(), bundle.manifest().license);
///
/// // Every file is what the manifest says, or there is no bundle.
/// let damaged = digits.files.iter().map(|(name, bytes)| (*name, &bytes[1..]));
/// assert!(Bundle::from_bytes(digits.template, digits.manifest, damaged).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Bundle {
    cid: Cid,
    template_cid: Cid,
    template: Template,
    template_bytes: Arc<[u8]>,
    manifest: Manifest,
    manifest_bytes: Arc<[u8]>,
    passport: Passport,
    files: BTreeMap<String, Arc<[u8]>>,
    signatures: Arc<BTreeMap<String, Signature>>,
}

impl Bundle {
    /// Checks a bundle whose bytes are at hand. `read` gives the bytes of a file by name.
    ///
    /// # Errors
    /// [`BundleError`], naming the file or the field that is wrong.
    pub fn from_parts(
        template: &[u8],
        manifest: &[u8],
        mut read: impl FnMut(&FileEntry) -> Result<Vec<u8>, BundleError>,
    ) -> Result<Self, BundleError> {
        let parsed = Template::parse(template)?;
        let named = parsed.meta.bundle.clone().ok_or(BundleError::NoBundle)?;
        let expected = cids::parse(&named).map_err(|error| TemplateError::Wrong {
            field: "meta.bundle".into(),
            found: format!("{named:?}"),
            expected: error.to_string(),
        })?;
        let cid = unixfs::cid_of(manifest);
        if cid != expected {
            return Err(BundleError::WrongManifest {
                found: Box::new(cid),
                expected: named,
            });
        }
        let parts = Manifest::parse(manifest)?;
        let mut files: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
        for entry in &parts.files {
            let bytes = read(entry)?;
            let found = unixfs::cid_of(&bytes);
            if bytes.len() as u64 != entry.bytes || found.to_string() != entry.cid {
                return Err(BundleError::Corrupt {
                    name: entry.name.clone(),
                    found: Box::new(found),
                    expected: entry.cid.clone(),
                });
            }
            files.insert(entry.name.clone(), bytes.into());
        }
        let passport = files
            .get(&parts.passport)
            .ok_or_else(|| BundleError::MissingFile(parts.passport.clone()))?;
        let mut signatures = BTreeMap::new();
        for FileReference { field, name, .. } in graphs(&parts.pipeline) {
            let bytes = files
                .get(name)
                .ok_or_else(|| BundleError::MissingFile(name.to_owned()))?;
            let signature = Signature::read(bytes).map_err(|error| BundleError::Field {
                field: format!("pipeline.{field}"),
                reason: format!("`{name}`: {error}"),
            })?;
            signatures.insert(name.to_owned(), signature);
        }
        let bundle = Self {
            cid,
            template_cid: unixfs::cid_of(template),
            passport: Passport::parse(passport)?,
            template: parsed,
            template_bytes: template.into(),
            manifest: parts,
            manifest_bytes: manifest.into(),
            files,
            signatures: Arc::new(signatures),
        };
        bundle.class_fits_pipeline()?;
        bundle.manifest.pipeline.description().check(&Parts {
            template: &bundle.template,
            files: &bundle.files,
            signatures: &bundle.signatures,
        })?;
        Ok(bundle)
    }

    /// Checks a bundle whose files are in memory.
    ///
    /// # Errors
    /// [`BundleError`], naming the file or the field that is wrong.
    pub fn from_bytes<'a>(
        template: &[u8],
        manifest: &[u8],
        files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, BundleError> {
        let files: BTreeMap<&str, &[u8]> = files.into_iter().collect();
        Self::from_parts(template, manifest, |entry| {
            let bytes = files.get(entry.name.as_str());
            bytes
                .map(|b| b.to_vec())
                .ok_or_else(|| BundleError::MissingFile(entry.name.clone()))
        })
    }

    /// Reads a bundle from a folder.
    ///
    /// # Errors
    /// [`BundleError`], naming the file or the field that is wrong.
    pub fn load(folder: &Path) -> Result<Self, BundleError> {
        let template = read_file(&folder.join(TEMPLATE_FILE), MAX_MANIFEST_BYTES)?;
        let manifest = read_file(&folder.join(MANIFEST_FILE), MAX_MANIFEST_BYTES)?;
        // The size that the manifest names is checked before the bytes are read.
        Self::from_parts(&template, &manifest, |entry| {
            read_file(&folder.join(&entry.name), entry.bytes)
        })
    }

    /// A container is never of the class `integer`: there is no graph to decide that from.
    fn class_fits_pipeline(&self) -> Result<(), BundleError> {
        let on_cog =
            matches!(&self.passport.class, Class::Pinned(pinned) if pinned.runtime == "cog");
        let is_container = matches!(self.manifest.pipeline, Pipeline::Cog(_));
        if on_cog == is_container {
            return Ok(());
        }
        let reason = match is_container {
            true => "a model in a container has a passport that is pinned to cog",
            false => "a passport that is pinned to cog is for a model in a container",
        };
        Err(BundleError::Field {
            field: "pipeline.kind".into(),
            reason: reason.into(),
        })
    }

    /// CID of the manifest, and so of everything in the bundle.
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// CID of the template, which the chain knows the model by, and so of everything: two
    /// templates may name one bundle and ask for other inputs.
    pub fn template_cid(&self) -> &Cid {
        &self.template_cid
    }

    /// The template.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The template's bytes, which the chain knows the model by.
    pub fn template_bytes(&self) -> &[u8] {
        &self.template_bytes
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's bytes.
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// The passport.
    pub fn passport(&self) -> &Passport {
        &self.passport
    }

    /// Whether the model promises the same bytes on any machine.
    pub fn is_integer(&self) -> bool {
        matches!(self.passport.class, Class::Integer {})
    }

    /// The bytes of a file.
    pub fn file(&self, name: &str) -> Option<&Arc<[u8]>> {
        self.files.get(name)
    }

    /// The ports of a graph.
    pub fn signature(&self, graph: &str) -> Option<&Signature> {
        self.signatures.get(graph)
    }

    /// All files by name.
    pub fn files(&self) -> &BTreeMap<String, Arc<[u8]>> {
        &self.files
    }
}

fn graphs(pipeline: &Pipeline) -> impl Iterator<Item = FileReference<'_>> {
    let files = pipeline.description().files().into_iter();
    files.filter(|file| file.is_graph)
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let failed = |source| BundleError::Read {
        path: path.to_owned(),
        source,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > limit {
        return Err(failed(std::io::Error::other(format!(
            "{size} bytes, more than {limit}"
        ))));
    }
    std::fs::read(path).map_err(failed)
}
