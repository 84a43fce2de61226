//! A task's values, as pipelines take them.

use crate::inference::InferenceError;
use crate::model::input::{Inputs, Value};

fn refused(variable: &str, reason: impl Into<String>) -> InferenceError {
    InferenceError::Refused {
        field: variable.to_owned(),
        reason: reason.into(),
    }
}

/// The text of a variable.
pub(super) fn text<'a>(inputs: &'a Inputs, variable: &str) -> Result<&'a str, InferenceError> {
    match inputs.get(variable) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(refused(variable, "the pipeline needs a text there")),
    }
}
