//! A task's input: JSON that is checked against the model's template.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use thiserror::Error;

use super::template::{Input, Kind, MAX_TEMPLATE_BYTES, Template, describe, whole};

/// The most bytes that a task's input may have: what the chain stores of content, protocol
/// section 3.
pub const MAX_INPUT_BYTES: usize = MAX_TEMPLATE_BYTES;

/// Why a task's input was refused. Nobody should ever solve such a task: the same input is
/// as wrong to every other miner.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum InputError {
    /// Longer than anything that the chain stores.
    #[error("the task's input has {0} bytes; the chain stores at most {MAX_INPUT_BYTES}")]
    TooLarge(usize),
    /// Not JSON.
    #[error("the task's input is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("the task's input is {0}; expected an object of the template's variables")]
    NotAnObject(String),
    /// A required variable is missing.
    #[error("input `{field}` is missing; the template requires a {kind}")]
    Missing {
        /// The variable.
        field: String,
        /// The type the template gives it.
        kind: &'static str,
    },
    /// A variable is of the wrong type.
    #[error("input `{field}` is {found}; the template expects {expected}")]
    Type {
        /// The variable.
        field: String,
        /// What was given.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// A number lies outside its range, or a value is not among the choices.
    #[error("input `{field}` is {found}; the template allows {allowed}")]
    Range {
        /// The variable.
        field: String,
        /// What was given.
        found: String,
        /// What would be allowed.
        allowed: String,
    },
}

/// The value of one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `string`, `string_enum`.
    Text(String),
    /// `int`, `int_enum`.
    Int(i32),
    /// `decimal`.
    Decimal(f64),
    /// `file`: the text that names it, a CID or a CID with a path.
    File(String),
}

/// Every input of a template with its value, and the task's seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    values: BTreeMap<String, Value>,
    files: BTreeMap<String, Arc<[u8]>>,
    /// The task's seed, protocol section 2: below 2^53 − 16.
    pub seed: u64,
    /// Keys that the template does not know. The network ignores them, as the reference
    /// does; a client may want to warn of a misspelt one.
    pub ignored: Vec<String>,
}

impl Inputs {
    /// The value of an input; every variable of the template has one.
    pub fn get(&self, variable: &str) -> Option<&Value> {
        self.values.get(variable)
    }

    /// The bytes of the file that a variable names, if they were attached.
    pub fn file(&self, variable: &str) -> Option<&Arc<[u8]>> {
        self.files.get(variable)
    }

    /// Attaches the bytes of files by variable. Whoever attaches them has checked them
    /// against the CIDs that the values name.
    #[must_use]
    pub fn with_files(mut self, files: BTreeMap<String, Arc<[u8]>>) -> Self {
        self.files = files;
        self
    }

    /// All values by variable.
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.values
    }
}

impl Template {
    /// Checks a task's input and fills in the defaults.
    ///
    /// # Errors
    /// [`InputError`], naming the variable that is wrong.
    pub fn hydrate(&self, input: &[u8], seed: u64) -> Result<Inputs, InputError> {
        if input.len() > MAX_INPUT_BYTES {
            return Err(InputError::TooLarge(input.len()));
        }
        let json: Json =
            serde_json::from_slice(input).map_err(|e| InputError::NotJson(e.to_string()))?;
        let given = json
            .as_object()
            .ok_or_else(|| InputError::NotAnObject(describe(&json)))?;
        let mut values = BTreeMap::new();
        for input in &self.input {
            let value = match given.get(&input.variable) {
                Some(json) => check(input, json)?,
                None => default(input).ok_or_else(|| InputError::Missing {
                    field: input.variable.clone(),
                    kind: input.kind.name(),
                })?,
            };
            values.insert(input.variable.clone(), value);
        }
        let ignored = given
            .keys()
            .filter(|key| !values.contains_key(*key))
            .cloned()
            .collect();
        Ok(Inputs {
            values,
            files: BTreeMap::new(),
            seed,
            ignored,
        })
    }
}

fn default(input: &Input) -> Option<Value> {
    if input.required {
        return None;
    }
    match &input.kind {
        Kind::String { default } | Kind::StringEnum { default, .. } => {
            default.clone().map(Value::Text)
        }
        Kind::Int { default, .. } | Kind::IntEnum { default, .. } => default.map(Value::Int),
        Kind::Decimal { default, .. } => default.map(Value::Decimal),
        Kind::File { default } => default.clone().map(Value::File),
    }
}

fn check(input: &Input, json: &Json) -> Result<Value, InputError> {
    let field = || input.variable.clone();
    let wrong_type = |expected: &str| InputError::Type {
        field: field(),
        found: describe(json),
        expected: expected.to_owned(),
    };
    let outside = |allowed: String| InputError::Range {
        field: field(),
        found: describe(json),
        allowed,
    };
    let text = || {
        json.as_str()
            .map(str::to_owned)
            .ok_or_else(|| wrong_type("a text"))
    };
    let int = || whole(json).ok_or_else(|| wrong_type("a whole number of 32 bits"));
    match &input.kind {
        Kind::String { .. } => text().map(Value::Text),
        Kind::File { .. } => text().map(Value::File),
        Kind::Int { min, max, .. } => {
            let value = int()?;
            if !inside(value, *min, *max) {
                return Err(outside(interval(*min, *max)));
            }
            Ok(Value::Int(value))
        }
        Kind::Decimal { min, max, .. } => {
            let value = json.as_f64().ok_or_else(|| wrong_type("a number"))?;
            if !inside(value, *min, *max) {
                return Err(outside(interval(*min, *max)));
            }
            Ok(Value::Decimal(value))
        }
        Kind::IntEnum { choices, .. } => {
            let value = int()?;
            if !choices.contains(&value) {
                return Err(outside(format!("one of {choices:?}")));
            }
            Ok(Value::Int(value))
        }
        Kind::StringEnum { choices, .. } => {
            let value = text()?;
            if !choices.contains(&value) {
                return Err(outside(format!("one of {choices:?}")));
            }
            Ok(Value::Text(value))
        }
    }
}

fn inside<T: PartialOrd>(value: T, min: Option<T>, max: Option<T>) -> bool {
    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}

fn interval<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number".into(),
    }
}
