//! What a request is known by.

use std::{fmt, str::FromStr};

use alloy_primitives::FixedBytes;
use serde::{Deserialize, Serialize};

/// What a request is known by: 128 random bits, in hexadecimal. Whoever knows it may read the
/// request and its result, and nobody can guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(FixedBytes<16>);

impl Id {
    /// A new one.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.into()))
    }

    pub(crate) const fn bytes(&self) -> [u8; 16] {
        self.0.0
    }

    pub(crate) const fn of(bytes: [u8; 16]) -> Self {
        Self(FixedBytes(bytes))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Text that is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of a request is 0x and 32 hexadecimal digits")]
pub struct NoId;

impl FromStr for Id {
    type Err = NoId;

    fn from_str(text: &str) -> Result<Self, NoId> {
        let digits = text.strip_prefix("0x").ok_or(NoId)?;
        if digits.len() != 32 {
            return Err(NoId);
        }
        digits.parse().map(Self).map_err(|_| NoId)
    }
}
