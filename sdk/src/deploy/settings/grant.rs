//! Who receives what of the supply.

use alloy_primitives::{Address, U256};
use serde::Serialize;

use crate::deploy::supply::Part;

/// Something of the supply for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Which part of the supply it is of.
    pub part: Part,
    /// Tells grants of one part apart: lower-case letters, digits and dashes. Empty where the
    /// part has one alone.
    pub name: String,
    /// Whose it is.
    pub beneficiary: Beneficiary,
    /// How much, wei of AIUS.
    pub amount: U256,
    /// Whether it goes into a vesting account, by the part's schedule, or is paid out at once.
    pub vests: bool,
}

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Beneficiary {
    /// The DAO's timelock, whose address the deployment finds.
    Timelock,
    /// An account that is known.
    Account(Address),
}

impl Beneficiary {
    /// The account, if it is known before the deployment.
    #[must_use]
    pub const fn account(self) -> Option<Address> {
        match self {
            Self::Timelock => None,
            Self::Account(address) => Some(address),
        }
    }
}

impl Grant {
    /// What people call it, such as `team alice` or `dao`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.name.as_str() {
            "" => self.part.to_string(),
            name => format!("{} {name}", self.part),
        }
    }

    /// The name of its vesting account among the deployment's contracts, if it vests.
    #[must_use]
    pub fn contract(&self) -> Option<String> {
        self.vests
            .then(|| format!("vesting-{}", self.title().replace(' ', "-")))
    }
}
