//! What a miner does, each part of it switchable.

use std::{fmt, str::FromStr};

/// One part of a miner's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Computes tasks, commits and reveals.
    Solve,
    /// Computes a share of the others' solutions again.
    Verify,
    /// Contests what two runs and the golden outputs show to be wrong.
    Contest,
    /// Computes what others have contested and votes; also answers when a solution of one's
    /// own is contested.
    Vote,
    /// Claims one's solutions and settles disputes that one has won.
    Claim,
    /// Tells the consumers of the tasks that one has solved, at one's own expense.
    Notify,
    /// Keeps and serves the outputs of others' solutions that came out the same here, also with
    /// the stores beyond this machine. One's own are always kept and served.
    Pin,
}

impl Role {
    /// Every role, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Solve,
        Self::Verify,
        Self::Contest,
        Self::Vote,
        Self::Claim,
        Self::Notify,
        Self::Pin,
    ];

    /// Its name, as the command line takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solve => "solve",
            Self::Verify => "verify",
            Self::Contest => "contest",
            Self::Vote => "vote",
            Self::Claim => "claim",
            Self::Notify => "notify",
            Self::Pin => "pin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role; the roles are {names}", names = Roles::ALL)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A set of roles. The default is what earns or protects the stake of others and of
/// oneself: all but [`Role::Notify`], which costs gas that nobody pays for, and
/// [`Role::Pin`], which takes disk space.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// None: the miner only looks on.
    pub const NONE: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(0x7f);

    /// These and one more.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, role: Role) -> Self {
        Self(self.0 & !role.bit())
    }

    /// Whether it is among them.
    #[must_use]
    pub const fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Those that are in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self::ALL.without(Role::Notify).without(Role::Pin)
    }
}

/// Names with commas between them, such as `solve,claim`; `none` for none.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Role::name).collect();
        match names.as_slice() {
            [] => f.write_str("none"),
            names => f.write_str(&names.join(",")),
        }
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What [`Roles`] prints; also `all`.
impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        match text.trim() {
            "all" => Ok(Self::ALL),
            "none" => Ok(Self::NONE),
            names => names.split(',').try_fold(Self::NONE, |roles, name| {
                Ok(roles.with(name.trim().parse()?))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_printed() {
        for roles in [
            Roles::NONE,
            Roles::ALL,
            Roles::default(),
            Roles::NONE.with(Role::Vote).with(Role::Pin),
        ] {
            assert_eq!(roles.to_string().parse(), Ok(roles));
        }
        assert_eq!(
            Roles::default().to_string(),
            "solve,verify,contest,vote,claim"
        );
        assert_eq!("all".parse(), Ok(Roles::ALL));
        assert_eq!(Roles::ALL.iter().count(), Role::ALL.len());
    }

    #[test]
    fn what_is_no_role_is_named_with_those_that_are() {
        for text in ["", "solve,", "mine", "Solve"] {
            let error = text.parse::<Roles>().unwrap_err().to_string();
            assert!(
                error.contains("are solve,verify,contest"),
                "{text}: {error}"
            );
        }
    }
}
