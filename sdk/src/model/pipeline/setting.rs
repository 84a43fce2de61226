//! Texts that a task brings, and numbers that the bundle fixes or a task sets.

use serde::{Deserialize, Serialize};

use super::description::Parts;
use crate::model::BundleError;

/// A variable of the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariableName {
    /// Its name.
    pub variable: String,
}

/// A text that a task brings: the name of a variable of the template, or a list of several, whose
/// texts are joined by a space, empty ones left out. Each is a `string`, a `string_enum` or a
/// `file`, whose text it then is: UTF-8, at most 64 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of a variable or a list of names is needed"
)]
pub enum Text {
    /// One variable.
    Variable(String),
    /// Several in order.
    Joined(Vec<String>),
}

/// The most variables that make one text.
const MAX_JOINED: usize = 8;

impl Text {
    /// The names of its variables.
    pub fn variables(&self) -> &[String] {
        match self {
            Self::Variable(name) => std::slice::from_ref(name),
            Self::Joined(names) => names,
        }
    }

    /// Checks that every variable is in the template and holds a text.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(&self, parts: &Parts<'_>, field: &str) -> Result<(), BundleError> {
        let names = self.variables();
        if !(1..=MAX_JOINED).contains(&names.len()) {
            return Parts::wrong(field, format!("1 to {MAX_JOINED} variables are allowed"));
        }
        names.iter().try_for_each(|name| parts.text(field, name))
    }
}

/// A whole number: itself, or `{"variable": "steps"}` for an `int` or `int_enum` of the
/// template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a whole number of 32 bits or {\"variable\": NAME} is needed"
)]
pub enum Whole {
    /// The same for every task.
    Fixed(u32),
    /// The task's own.
    Variable(VariableName),
}

impl Whole {
    /// Checks that a fixed number lies in the range and that a variable is a number.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(
        &self,
        parts: &Parts<'_>,
        field: &str,
        least: u32,
        most: u32,
    ) -> Result<(), BundleError> {
        match self {
            Self::Fixed(value) if !(least..=most).contains(value) => {
                Parts::wrong(field, format!("{value}; {least} to {most} are allowed"))
            }
            Self::Fixed(_) => Ok(()),
            Self::Variable(name) => {
                let kinds = ["int", "int_enum"];
                parts.variable(field, &name.variable, &kinds).map(drop)
            }
        }
    }
}

/// A decimal number: itself, or `{"variable": "guidance"}` for a `decimal`, `int` or
/// `int_enum` of the template.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number or {\"variable\": NAME} is needed")]
pub enum Decimal {
    /// The same for every task.
    Fixed(f64),
    /// The task's own.
    Variable(VariableName),
}

impl Decimal {
    /// Checks that a fixed number lies in the range and that a variable is a number.
    ///
    /// # Errors
    /// [`BundleError::Field`].
    pub fn check(
        &self,
        parts: &Parts<'_>,
        field: &str,
        least: f64,
        most: f64,
    ) -> Result<(), BundleError> {
        match self {
            Self::Fixed(value) if !(least..=most).contains(value) => {
                Parts::wrong(field, format!("{value}; {least} to {most} are allowed"))
            }
            Self::Fixed(_) => Ok(()),
            Self::Variable(name) => {
                let kinds = ["decimal", "int", "int_enum"];
                parts.variable(field, &name.variable, &kinds).map(drop)
            }
        }
    }
}
