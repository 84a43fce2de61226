//! What holds after a deployment: the written list.

use std::fmt;

use serde::{Serialize, Serializer};

/// A property of a finished deployment. `docs/src/deployment.md` lists them in the same words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// Code is that of this release.
    Code,
    /// Proxies run what was deployed for them.
    Implementation,
    /// Programs can run.
    Active,
    /// Nobody initialises anything again.
    Sealed,
    /// Who upgrades.
    Upgrades,
    /// Who owns the engine.
    EngineOwner,
    /// Who owns the token's gateway.
    TokenOwner,
    /// Where the protocol's share goes.
    Treasury,
    /// Who pauses.
    Pauser,
    /// Who drives the timelock.
    Roles,
    /// Who may cancel at first.
    Guardian,
    /// What the governor governs.
    Governor,
    /// What the deployer kept.
    Deployer,
    /// What strangers are refused.
    Refusals,
    /// How much exists.
    Supply,
    /// What mining can emit.
    Reserve,
    /// Who received what.
    Allocations,
    /// How it vests.
    Vesting,
    /// The engine's parameters.
    Parameters,
    /// When the emission begins.
    StartTime,
    /// The first models.
    Models,
    /// How the DAO votes.
    Voting,
    /// The way to the parent chain.
    Bridge,
}

impl Property {
    /// Every property, in the order of the list.
    pub const ALL: [Self; 23] = [
        Self::Code,
        Self::Implementation,
        Self::Active,
        Self::Sealed,
        Self::Upgrades,
        Self::EngineOwner,
        Self::TokenOwner,
        Self::Treasury,
        Self::Pauser,
        Self::Roles,
        Self::Guardian,
        Self::Governor,
        Self::Deployer,
        Self::Refusals,
        Self::Supply,
        Self::Reserve,
        Self::Allocations,
        Self::Vesting,
        Self::Parameters,
        Self::StartTime,
        Self::Models,
        Self::Voting,
        Self::Bridge,
    ];

    /// Its name, as reports and the list have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Implementation => "implementation",
            Self::Active => "active",
            Self::Sealed => "sealed",
            Self::Upgrades => "upgrades",
            Self::EngineOwner => "engine-owner",
            Self::TokenOwner => "token-owner",
            Self::Treasury => "treasury",
            Self::Pauser => "pauser",
            Self::Roles => "roles",
            Self::Guardian => "guardian",
            Self::Governor => "governor",
            Self::Deployer => "deployer",
            Self::Refusals => "refusals",
            Self::Supply => "supply",
            Self::Reserve => "reserve",
            Self::Allocations => "allocations",
            Self::Vesting => "vesting",
            Self::Parameters => "parameters",
            Self::StartTime => "start-time",
            Self::Models => "models",
            Self::Voting => "voting",
            Self::Bridge => "bridge",
        }
    }

    /// What holds, in one sentence. The owner is the timelock.
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::Code => "Every proxy, program and fragment has exactly the code of this release.",
            Self::Implementation => {
                "Every proxy runs the implementation that was deployed for it, and the engine's \
                 first program knows the second."
            }
            Self::Active => {
                "Every program is activated in the chain's version of Stylus and has not expired."
            }
            Self::Sealed => {
                "Nobody can initialise a contract again, neither behind its proxy nor at its \
                 program's own address."
            }
            Self::Upgrades => {
                "Only the timelock can upgrade a contract, and only the timelock itself can \
                 upgrade the timelock."
            }
            Self::EngineOwner => "The engine belongs to the timelock.",
            Self::TokenOwner => {
                "The token, which names its gateway, belongs to the timelock; so do the vesting \
                 accounts that can be revoked."
            }
            Self::Treasury => "The protocol's share of fees and rewards goes to the timelock.",
            Self::Pauser => "The pauser is the account that the settings name.",
            Self::Roles => {
                "Only the governor proposes to the timelock and executes what it holds, nobody \
                 has the role to cancel, and the timelock alone administers its roles."
            }
            Self::Guardian => {
                "The guardian is the account that the settings name, or nobody, and its time \
                 ends by this engine's emission."
            }
            Self::Governor => "The governor counts this token's votes and drives this timelock.",
            Self::Deployer => {
                "The deployer holds no AIUS that it was not allocated, owns nothing and has no \
                 role."
            }
            Self::Refusals => {
                "The engine, the token, the proxies, the timelock, the governor and the vesting \
                 accounts refuse their owner's calls when the deployer or a stranger makes them."
            }
            Self::Supply => "1,000,000 AIUS exist, which is the cap.",
            Self::Reserve => {
                "The engine holds the 600,000 AIUS of mining, less what it has emitted."
            }
            Self::Allocations => {
                "Every part of the supply table is where it belongs, to the wei, and all of them \
                 make up 1,000,000 AIUS."
            }
            Self::Vesting => {
                "Every vesting account has the beneficiary, the start and the amount of the \
                 settings and the schedule of its part, and can be revoked if and only if its \
                 part can."
            }
            Self::Parameters => "Every parameter of the engine has the value of the settings.",
            Self::StartTime => "The emission begins when the settings say.",
            Self::Models => {
                "Every model of the settings is registered with its template, fee and fee \
                 address, is enabled, and has its rate."
            }
            Self::Voting => {
                "Voting delay, voting period, proposal threshold, quorum and the timelock's delay \
                 are those of the settings."
            }
            Self::Bridge => {
                "The gateway and the token on the parent chain are those of the settings, or the \
                 bridge is closed."
            }
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Property {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_list_has_every_property_in_the_same_words() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/deployment.md");
        let page = std::fs::read_to_string(path).unwrap();
        let rows: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .filter_map(|line| {
                let mut cells = line.trim_matches('|').split('|').map(str::trim);
                Some((cells.next()?.trim_matches('`'), cells.next()?))
            })
            .collect();
        let list = Property::ALL.map(|property| (property.name(), property.statement()));
        assert_eq!(rows, list);
    }
}
