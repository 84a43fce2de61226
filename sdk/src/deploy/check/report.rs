//! What the closing check found.

use std::fmt;

use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use serde::Serialize;

use super::Property;
use crate::chain::{Chain, ChainError};

/// Something that was read from the chain, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The property that it belongs to.
    pub property: Property,
    /// What was read.
    pub subject: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

impl Finding {
    /// Whether it is as it should be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            property,
            subject,
            expected,
            found,
        } = self;
        write!(f, "{property}: {subject} is {found}, not {expected}")
    }
}

/// All that the closing check has read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// In the order of the list of properties.
    pub findings: Vec<Finding>,
}

impl Report {
    /// What is not as it should be.
    pub fn differences(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.holds())
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences().next().is_none()
    }

    /// How many things were read for a property, and how many of them are as they should be.
    #[must_use]
    pub fn counts(&self, property: Property) -> (usize, usize) {
        let of = self.findings.iter().filter(|one| one.property == property);
        of.fold((0, 0), |(read, held), finding| {
            (read + 1, held + usize::from(finding.holds()))
        })
    }

    pub(super) fn note(
        &mut self,
        property: Property,
        subject: impl Into<String>,
        expected: impl ToString,
        found: impl ToString,
    ) {
        self.findings.push(Finding {
            property,
            subject: subject.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// Reads a view and notes what it should be. A view that reverts is a difference, no error.
    pub(super) async fn view<C: SolCall>(
        &mut self,
        property: Property,
        subject: impl Into<String>,
        chain: &Chain,
        (to, call): (Address, C),
        expected: impl ToString,
        show: impl FnOnce(C::Return) -> String,
    ) -> Result<(), ChainError> {
        let found = match answer(chain.read(to, &call).await)? {
            Ok(answer) => show(answer),
            Err(reason) => reason,
        };
        self.note(property, subject, expected, found);
        Ok(())
    }
}

/// A contract's answer, or how it refused in words; an error only if nobody answered.
pub(super) fn answer<T>(read: Result<T, ChainError>) -> Result<Result<T, String>, ChainError> {
    match read {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => match (error.revert(), &error) {
            (Some(revert), _) => Ok(Err(format!("refused: {revert}"))),
            // What cannot run, because it has expired for instance, is no revert.
            (None, ChainError::Undecodable { .. } | ChainError::Refused { .. }) => {
                Ok(Err(error.to_string()))
            }
            (None, _) => Err(error),
        },
    }
}
