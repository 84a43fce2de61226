//! The files that tasks name: inputs of the type `file`.
//!
//! A task names a file by CID. Whoever runs the task brings the bytes: a [`Solver`] asks its
//! [`FileSource`] for them before it starts, so that the model itself (in a child process
//! without a network) needs nothing but memory. A source must check what it returns against
//! the CID; a [`Fetcher`] does, block by block. Files of the bundle itself need no source:
//! that is how a passport's examples carry theirs.
//!
//! [`Solver`]: super::Solver

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use thiserror::Error;

use super::{Blame, InferenceError};

use crate::content::unixfs::ReadError;
use crate::content::{Cid, FetchError, Fetcher, cids};
use crate::model::Bundle;
use crate::model::input::{InputError, Value};

/// The most bytes that one file of a task may have.
pub const MAX_FILE_BYTES: u64 = 32 << 20;

/// The most files that a task may name.
pub const MAX_FILES: usize = 16;

/// Why a file that a task names is not there.
#[derive(Debug, Error)]
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
    /// The bytes of a file, checked against its CID.
    ///
    /// # Errors
    /// [`FileError`], [`FileError::TooLarge`] above [`MAX_FILE_BYTES`].
    fn read<'a>(&'a self, cid: &'a Cid) -> BoxFuture<'a, Result<Vec<u8>, FileError>>;
}

impl FileSource for Fetcher {
    fn read<'a>(&'a self, cid: &'a Cid) -> BoxFuture<'a, Result<Vec<u8>, FileError>> {
        Box::pin(async move {
            match self.read(cid, "").await {
                Ok(bytes) => Ok(bytes),
                Err(FetchError::TooLarge { .. } | FetchError::Read(ReadError::TooLarge { .. })) => {
                    Err(FileError::TooLarge)
                }
                Err(
                    error @ (FetchError::Malformed { .. }
                    | FetchError::TooDeep { .. }
                    | FetchError::Cid(_)
                    | FetchError::Read(
                        ReadError::Malformed { .. }
                        | ReadError::WrongPart { .. }
                        | ReadError::IsDirectory { .. },
                    )),
                ) => Err(FileError::NotAFile(error.to_string())),
                Err(error) => Err(FileError::Unavailable(error.to_string())),
            }
        })
    }
}

/// Files of a task by the CID that its input names, as that text.
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
        let cid = parsed(field, text)?;
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
        let bytes = source.read(&cid).await.map_err(failed)?;
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

fn parsed(field: &str, text: &str) -> Result<Cid, InferenceError> {
    cids::parse(text).map_err(|error| {
        InputError::Type {
            field: field.to_owned(),
            found: crate::model::template::describe(&text.into()),
            expected: format!("the CID of a file: {error}"),
        }
        .into()
    })
}
