//! A task's values, as pipelines take them.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::inference::InferenceError;
use crate::inference::tokenizer::MAX_TEXT_BYTES;
use crate::model::Bundle;
use crate::model::input::{Inputs, Value};
use crate::model::pipeline::setting::{Decimal, Text, Whole};

fn refused(variable: &str, reason: impl Into<String>) -> InferenceError {
    InferenceError::Refused {
        field: variable.to_owned(),
        reason: reason.into(),
    }
}

/// The text of a variable: its own, or that of the file that it names. An optional file that is
/// not named is the empty text.
pub(super) fn text<'a>(inputs: &'a Inputs, variable: &str) -> Result<&'a str, InferenceError> {
    match inputs.get(variable) {
        Some(Value::Text(text)) => Ok(text),
        Some(Value::File(name)) if name.is_empty() => Ok(""),
        Some(Value::File(_)) => text_of_file(variable, file(inputs, variable)?),
        _ => Err(refused(variable, "the pipeline needs a text there")),
    }
}

fn text_of_file<'a>(variable: &str, bytes: &'a [u8]) -> Result<&'a str, InferenceError> {
    if bytes.len() > MAX_TEXT_BYTES {
        let reason = format!(
            "a file of {} bytes; a text has at most {MAX_TEXT_BYTES}",
            bytes.len()
        );
        return Err(refused(variable, reason));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let reason = format!(
            "a file that is not text: its byte {} is not UTF-8",
            error.valid_up_to()
        );
        refused(variable, reason)
    })
}

/// The texts of several variables, a space between those that are not empty.
pub(super) fn joined(inputs: &Inputs, setting: &Text) -> Result<String, InferenceError> {
    let mut texts = Vec::new();
    for variable in setting.variables() {
        let text = text(inputs, variable)?;
        if !text.is_empty() {
            texts.push(text);
        }
    }
    Ok(texts.join(" "))
}

/// The bytes of the file that a variable names.
pub(super) fn file<'a>(
    inputs: &'a Inputs,
    variable: &str,
) -> Result<&'a Arc<[u8]>, InferenceError> {
    inputs
        .file(variable)
        .ok_or_else(|| refused(variable, "the pipeline needs the CID of a file there"))
}

/// A whole number, which must lie in the description's range.
pub(super) fn whole(
    inputs: &Inputs,
    setting: &Whole,
    least: u32,
    most: u32,
) -> Result<u32, InferenceError> {
    let (variable, value) = match setting {
        Whole::Fixed(value) => return Ok(*value),
        Whole::Variable(name) => (&name.variable, inputs.get(&name.variable)),
    };
    let value = match value {
        Some(Value::Int(value)) => u32::try_from(*value).ok(),
        _ => None,
    };
    value
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| refused(variable, format!("the model takes {least} to {most} there")))
}

/// A decimal number, which must lie in the description's range.
pub(super) fn decimal(
    inputs: &Inputs,
    setting: &Decimal,
    least: f64,
    most: f64,
) -> Result<f64, InferenceError> {
    let (variable, value) = match setting {
        Decimal::Fixed(value) => return Ok(*value),
        Decimal::Variable(name) => (&name.variable, inputs.get(&name.variable)),
    };
    let value = match value {
        Some(Value::Decimal(value)) => Some(*value),
        Some(Value::Int(value)) => Some(f64::from(*value)),
        _ => None,
    };
    value
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| refused(variable, format!("the model takes {least} to {most} there")))
}

/// A file of the bundle that holds JSON.
pub(super) fn json_asset<T: DeserializeOwned>(
    bundle: &Bundle,
    file: &str,
) -> Result<T, InferenceError> {
    serde_json::from_slice(asset(bundle, file)?).map_err(|error| InferenceError::Asset {
        file: file.to_owned(),
        reason: error.to_string(),
    })
}

/// The bytes of a file that a description names.
pub(in crate::inference) fn asset<'a>(
    bundle: &'a Bundle,
    file: &str,
) -> Result<&'a [u8], InferenceError> {
    let bytes = bundle.file(file).ok_or_else(|| InferenceError::Asset {
        file: file.to_owned(),
        reason: "the bundle does not hold it".into(),
    })?;
    Ok(bytes)
}
