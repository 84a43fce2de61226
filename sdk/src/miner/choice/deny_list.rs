//! What an operator does not want to compute.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use alloy_primitives::{Address, B256};
use serde_json::Value;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A list of models, requesters and prompts to leave alone.
///
/// One rule a line; blank lines and those that begin with `#` say nothing:
///
/// ```text
/// model 0x5c1a…                    the model with this id
/// requester 0x70997970C51812dc3A…  tasks that this account submits or owns
/// prompt something distasteful     inputs with this text anywhere in them
/// word gun                         inputs with this word, but not with `begun`
/// ```
///
/// Texts are looked for in every string of the input's JSON, without regard to case; an
/// input that is no JSON is looked through as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyList {
    models: HashSet<B256>,
    requesters: HashSet<Address>,
    texts: Vec<String>,
    words: Vec<String>,
}

/// A deny-list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DenyListError {
    /// The file cannot be read.
    #[error("the deny-list {path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A line is no rule.
    #[error(
        "line {line} of the deny-list is no rule: {reason}; a rule is `model ID`, `requester ADDRESS`, `prompt TEXT` or `word WORD`"
    )]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl DenyList {
    /// Reads the rules.
    ///
    /// # Errors
    ///
    /// [`DenyListError::Line`] names the first line that is none.
    pub fn parse(text: &str) -> Result<Self, DenyListError> {
        let mut list = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            list.add(line).map_err(|reason| DenyListError::Line {
                line: number + 1,
                reason,
            })?;
        }
        Ok(list)
    }

    fn add(&mut self, rule: &str) -> Result<(), String> {
        let (kind, what) = rule
            .split_once(char::is_whitespace)
            .ok_or_else(|| format!("`{rule}` names nothing"))?;
        let what = what.trim();
        match kind {
            "model" => {
                let model = what.parse().map_err(|_| format!("`{what}` is no id"))?;
                self.models.insert(model);
            }
            "requester" => {
                let requester = what
                    .parse()
                    .map_err(|_| format!("`{what}` is no address"))?;
                self.requesters.insert(requester);
            }
            "prompt" => self.texts.push(what.to_lowercase()),
            "word" => self.words.push(what.to_lowercase()),
            other => return Err(format!("`{other}` is not known")),
        }
        Ok(())
    }

    /// Why tasks of a model are left alone, if they are.
    #[must_use]
    pub fn model(&self, model: B256) -> Option<String> {
        let denied = self.models.contains(&model);
        denied.then(|| format!("the deny-list names its model {model}"))
    }

    /// Why tasks of a requester are left alone, if they are.
    #[must_use]
    pub fn requester(&self, requester: Address) -> Option<String> {
        let denied = self.requesters.contains(&requester);
        denied.then(|| format!("the deny-list names its requester {requester}"))
    }

    /// Whether it names any requester.
    #[must_use]
    pub fn names_requesters(&self) -> bool {
        !self.requesters.is_empty()
    }

    /// Why an input is left alone, if it is.
    #[must_use]
    pub fn input(&self, input: &[u8]) -> Option<String> {
        if self.texts.is_empty() && self.words.is_empty() {
            return None;
        }
        match serde_json::from_slice(input) {
            Ok(value) => self.value(&value),
            Err(_) => self.text(&String::from_utf8_lossy(input)),
        }
    }

    /// Serde has bounded how deep the value is.
    fn value(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter().find_map(|value| self.value(value)),
            Value::Object(fields) => fields.values().find_map(|value| self.value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    fn text(&self, text: &str) -> Option<String> {
        let text = text.to_lowercase();
        let found = self.texts.iter().find(|denied| text.contains(*denied));
        if let Some(denied) = found {
            return Some(format!(
                "the deny-list names `{denied}`, which is in its input"
            ));
        }
        let found = self.words.iter().find(|word| has_word(&text, word));
        found.map(|word| format!("the deny-list names the word `{word}`, which is in its input"))
    }
}

/// Whether `word` is in `text` with no letter or digit before or after it.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        ![before, after]
            .into_iter()
            .flatten()
            .any(char::is_alphanumeric)
    })
}

/// A deny-list in a file, read again when the file changes.
#[derive(Debug)]
pub(super) struct DenyFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    list: Arc<DenyList>,
    /// What the file looked like when it was read.
    stamp: Option<Stamp>,
    looked: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    length: u64,
}

impl DenyFile {
    pub(super) fn open(path: PathBuf) -> Result<Self, DenyListError> {
        let stamp = stamp(&path);
        let list = Arc::new(read(&path)?);
        let state = Mutex::new(State {
            list,
            stamp,
            looked: Instant::now(),
        });
        Ok(Self { path, state })
    }

    /// The list as the file has it now. A file that is gone or damaged leaves the last list
    /// in force: what was denied stays denied.
    pub(super) fn read(&self) -> Arc<DenyList> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK {
            state.looked = Instant::now();
            let stamp = stamp(&self.path);
            if stamp != state.stamp {
                state.stamp = stamp;
                match read(&self.path) {
                    Ok(list) => {
                        tracing::info!(path = %self.path.display(), "read the deny-list again");
                        state.list = Arc::new(list);
                    }
                    Err(error) => {
                        tracing::error!(%error, "the deny-list stays as it was");
                    }
                }
            }
        }
        Arc::clone(&state.list)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some(Stamp {
        modified: file.modified().ok()?,
        length: file.len(),
    })
}

fn read(path: &Path) -> Result<DenyList, DenyListError> {
    let text = fs::read_to_string(path).map_err(|source| DenyListError::File {
        path: path.to_owned(),
        source,
    })?;
    DenyList::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_rule_names_what_it_found() {
        let list = DenyList::parse(
            "# rules\n\nmodel 0x0101010101010101010101010101010101010101010101010101010101010101\n\
             requester 0x0202020202020202020202020202020202020202\n\
             prompt  Something Distasteful \nword gun\n",
        )
        .unwrap();
        assert!(list.model(B256::repeat_byte(1)).is_some());
        assert!(list.model(B256::repeat_byte(2)).is_none());
        assert!(list.requester(Address::repeat_byte(2)).is_some());
        assert!(list.requester(Address::repeat_byte(1)).is_none());
        let input = |text: &str| list.input(text.as_bytes());
        assert!(
            input(r#"{"prompt": "how SOMETHING distasteful"}"#)
                .unwrap()
                .contains("`something distasteful`")
        );
        // Escapes hide nothing, and depth neither.
        assert!(input(r#"{"prompts": [{"text": "a gu\u006e!"}]}"#).is_some());
        assert!(input(r#"{"prompt": "it has begun; the guns"}"#).is_none());
        assert!(input("a Gun, and no JSON").is_some());
        assert!(input(r#"{"gun": 5}"#).is_none(), "a field is no prompt");
    }

    #[test]
    fn what_is_no_rule_is_named_by_its_line() {
        for text in [
            "model 12",
            "requester 0x12",
            "prompt",
            "word ",
            "text something",
            "0x12",
        ] {
            let error = DenyList::parse(&format!("# one\n{text}")).unwrap_err();
            assert!(
                matches!(error, DenyListError::Line { line: 2, .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_file_is_read_again_when_it_changes_and_kept_when_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deny.txt");
        assert!(DenyFile::open(path.clone()).is_err());
        fs::write(&path, "word one").unwrap();
        let file = DenyFile::open(path.clone()).unwrap();
        let later = || {
            let mut state = file.state.lock().unwrap();
            state.looked = state.looked.checked_sub(LOOK).unwrap();
        };
        assert!(file.read().input(b"one").is_some());
        fs::write(&path, "word three").unwrap();
        later();
        assert!(file.read().input(b"one").is_none());
        assert!(file.read().input(b"three").is_some());
        for damage in [Some("nonsense, and more of it"), None] {
            match damage {
                Some(text) => fs::write(&path, text).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            later();
            assert!(file.read().input(b"three").is_some());
        }
    }
}
