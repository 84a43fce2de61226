//! The files that tasks name: inputs of the type `file`.
//!
//! A task names a file by its CID, or by the CID of a folder and the path in it. The second is
//! how one task's input names another's output: what goes on-chain is the CID of the folder of
//! all outputs, so `QmZ…/out-1.txt` is the text that some task made, known to a contract before
//! anybody has fetched it.
//!
//! Whoever runs the task brings the bytes: a [`Solver`] asks its [`FileSource`] for them before
//! it starts, so that the model itself (in a child process without a network) needs nothing but
//! memory. A source must check what it returns against the CID; a [`Fetcher`] and a
//! [`FolderStore`] do, block by block. Files of the bundle itself need no source: that is how a
//! passport's examples carry theirs.
//!
//! [`Solver`]: super::Solver

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use thiserror::Error;

use super::{Blame, InferenceError};

use crate::content::unixfs::{self, Node, ReadError};
use crate::content::{Cid, FetchError, Fetcher, FolderStore, cids};
use crate::model::Bundle;
use crate::model::input::{InputError, Value};

/// The most bytes that one file of a task may have.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// The most files that a task may name.
pub const MAX_FILES: usize = 16;

/// The most bytes of the path from a folder's CID to a file.
pub const MAX_PATH_BYTES: usize = 1024;

/// The most names in such a path.
pub const MAX_PATH_NAMES: usize = 16;

/// Why a file that a task names is not there.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is larger than anybody takes.
    #[error("it has more than {MAX_FILE_BYTES} bytes")]
    TooLarge,
    /// The CID leads to something else than a file, for everybody.
    #[error("it is no file: {0}")]
    NotAFile(String),
    /// It could not be had just now.
    #[error("it cannot be fetched: {0}. Try again, or add a gateway that has it")]
    Unavailable(String),
    /// There is nothing to ask for it.
    #[error("there is no source of files here; give the solver one")]
    NoSource,
}

impl FileError {
    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::TooLarge | Self::NotAFile(_) => Blame::Input,
            Self::Unavailable(_) | Self::NoSource => Blame::Machine,
        }
    }
}

/// Where the files that tasks name come from. Held as `Arc<dyn FileSource>`.
pub trait FileSource: Send + Sync + fmt::Debug {
    /// The bytes of the file that `path` leads to from `cid` (empty: of `cid` itself), checked
    /// against the CID.
    ///
    /// # Errors
    /// [`FileError`], [`FileError::TooLarge`] above [`MAX_FILE_BYTES`].
    fn read<'a>(&'a self, cid: &'a Cid, path: &'a str)
    -> BoxFuture<'a, Result<Vec<u8>, FileError>>;
}

impl FileSource for Fetcher {
    fn read<'a>(
        &'a self,
        cid: &'a Cid,
        path: &'a str,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            match self.read(cid, path).await {
                Ok(bytes) => Ok(bytes),
                Err(FetchError::TooLarge { .. }) => Err(FileError::TooLarge),
                Err(FetchError::Read(error)) => Err(unreadable(error)),
                Err(
                    error @ (FetchError::Malformed { .. }
                    | FetchError::TooDeep { .. }
                    | FetchError::Cid(_)),
                ) => Err(FileError::NotAFile(error.to_string())),
                Err(error) => Err(FileError::Unavailable(error.to_string())),
            }
        })
    }
}

/// What this machine has, such as what its own miner made.
impl FileSource for FolderStore {
    fn read<'a>(
        &'a self,
        cid: &'a Cid,
        path: &'a str,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let found = unixfs::resolve(cid, path, self).await;
            let found = found.map_err(unreadable)?;
            match found.node {
                Node::File { .. } => unixfs::read(&found.cid, self, MAX_FILE_BYTES)
                    .await
                    .map_err(unreadable),
                Node::Directory { .. } => {
                    Err(FileError::NotAFile(format!("{} is a directory", found.cid)))
                }
                Node::Symlink { .. } => Err(FileError::NotAFile(format!(
                    "{} is a symbolic link",
                    found.cid
                ))),
            }
        })
    }
}

/// Several sources, asked in their order.
#[derive(Debug, Clone, Default)]
pub struct FileSources(pub Vec<Arc<dyn FileSource>>);

impl FileSource for FileSources {
    fn read<'a>(
        &'a self,
        cid: &'a Cid,
        path: &'a str,
    ) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            let mut last = FileError::NoSource;
            for source in &self.0 {
                match source.read(cid, path).await {
                    Ok(bytes) => return Ok(bytes),
                    // Every other source would find the same content.
                    Err(error) if error.blame() == Blame::Input => return Err(error),
                    Err(error) => last = error,
                }
            }
            Err(last)
        })
    }
}

/// What it means for a task that content cannot be read. Content is what its CID says, so most
/// of it is the same everywhere.
fn unreadable(error: ReadError) -> FileError {
    match error {
        ReadError::TooLarge { .. } => FileError::TooLarge,
        ReadError::Missing { .. } | ReadError::Store(_) => {
            FileError::Unavailable(error.to_string())
        }
        error => FileError::NotAFile(error.to_string()),
    }
}

/// Files of a task by what its input names them, as that text.
pub type TaskFiles = BTreeMap<String, Arc<[u8]>>;

/// Brings every file that a task names and the bundle does not hold.
///
/// # Errors
/// [`InferenceError::Input`] if the input does not fit the template,
/// [`InferenceError::File`] if a file cannot be had.
pub async fn bring(
    source: Option<&dyn FileSource>,
    bundle: &Bundle,
    input: &[u8],
) -> Result<TaskFiles, InferenceError> {
    let mut files = TaskFiles::new();
    if !bundle.template().takes_files() {
        return Ok(files);
    }
    let inputs = bundle.template().hydrate(input, 0)?;
    for (field, text) in named(inputs.values()) {
        if held_by(bundle, text).is_some() || files.contains_key(text) {
            continue;
        }
        let (cid, path) = parsed(field, text)?;
        let failed = |source| InferenceError::File {
            field: field.to_owned(),
            cid: text.to_owned(),
            source,
        };
        if files.len() == MAX_FILES {
            return Err(InferenceError::Refused {
                field: field.to_owned(),
                reason: format!("a task may name {MAX_FILES} files"),
            });
        }
        let source = source.ok_or(FileError::NoSource).map_err(failed)?;
        let bytes = source.read(&cid, path).await.map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(failed(FileError::TooLarge));
        }
        files.insert(text.to_owned(), bytes.into());
    }
    Ok(files)
}

/// The bytes of every file that a task names, by variable.
///
/// # Errors
/// [`InferenceError::File`] if one is neither among `files` nor in the bundle.
pub(super) fn by_variable(
    bundle: &Bundle,
    values: &BTreeMap<String, Value>,
    files: &TaskFiles,
) -> Result<BTreeMap<String, Arc<[u8]>>, InferenceError> {
    named(values)
        .map(|(field, text)| {
            parsed(field, text)?;
            let bytes = files.get(text).or_else(|| held_by(bundle, text));
            let bytes = bytes.ok_or_else(|| InferenceError::File {
                field: field.to_owned(),
                cid: text.to_owned(),
                source: FileError::NoSource,
            })?;
            Ok((field.to_owned(), bytes.clone()))
        })
        .collect()
}

/// Variables of the type `file` with the CIDs that they name. An optional one may be empty.
fn named(values: &BTreeMap<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    values.iter().filter_map(|(variable, value)| match value {
        Value::File(text) if !text.is_empty() => Some((variable.as_str(), text.as_str())),
        _ => None,
    })
}

fn held_by<'a>(bundle: &'a Bundle, cid: &str) -> Option<&'a Arc<[u8]>> {
    let files = &bundle.manifest().files;
    let entry = files.iter().find(|entry| entry.cid == cid)?;
    bundle.file(&entry.name)
}

/// A file's CID, or a folder's CID and the path in it.
fn parsed<'a>(field: &str, text: &'a str) -> Result<(Cid, &'a str), InferenceError> {
    let wrong = |reason: String| InputError::Type {
        field: field.to_owned(),
        found: crate::model::template::describe(&text.into()),
        expected: format!("the CID of a file, or of a folder with the path to one: {reason}"),
    };
    let (cid, path) = match text.split_once('/') {
        Some((cid, path)) => (cid, Some(path)),
        None => (text, None),
    };
    let cid = cids::parse(cid).map_err(|error| wrong(error.to_string()))?;
    let Some(path) = path else {
        return Ok((cid, ""));
    };
    let mut names = path.split('/');
    if path.len() > MAX_PATH_BYTES || path.split('/').count() > MAX_PATH_NAMES {
        let reason =
            format!("a path has at most {MAX_PATH_NAMES} names and {MAX_PATH_BYTES} bytes");
        return Err(wrong(reason).into());
    }
    if names.any(|name| matches!(name, "" | "." | "..")) {
        return Err(wrong("every name of a path is one of an entry".into()).into());
    }
    Ok((cid, path))
}
