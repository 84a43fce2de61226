//! How votes are counted: for and against decide, for and abstaining make the quorum.

use crate::fixed;

/// How votes are counted, as governance sites read it (OpenZeppelin's `COUNTING_MODE`).
pub const COUNTING_MODE: &str = "support=bravo&quorum=for,abstain";

/// What the quorum's numerator is a share of.
pub const QUORUM_DENOMINATOR: u8 = 100;

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Support {
    /// Against the proposal.
    Against,
    /// For it.
    For,
    /// Neither; it counts for the quorum.
    Abstain,
}

impl Support {
    /// The vote that a number stands for.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Against),
            1 => Some(Self::For),
            2 => Some(Self::Abstain),
            _ => None,
        }
    }
}

/// The votes on a proposal, wei of AIUS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Against it.
    pub against: u128,
    /// For it.
    pub in_favour: u128,
    /// Neither.
    pub abstain: u128,
}

impl Tally {
    /// The votes with `weight` more.
    #[must_use]
    pub const fn with(mut self, support: Support, weight: u128) -> Self {
        let votes = match support {
            Support::Against => &mut self.against,
            Support::For => &mut self.in_favour,
            Support::Abstain => &mut self.abstain,
        };
        *votes = votes.saturating_add(weight);
        self
    }

    /// Whether the proposal passes: at least `quorum` for or abstaining, and more for it
    /// than against it.
    pub const fn passes(&self, quorum: u128) -> bool {
        self.in_favour.saturating_add(self.abstain) >= quorum && self.in_favour > self.against
    }
}

/// The votes for or abstaining that a proposal takes, wei: `numerator` percent of `supply`.
pub fn quorum(supply: u128, numerator: u8) -> u128 {
    fixed::fraction(supply, numerator.into(), QUORUM_DENOMINATOR.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE;
    use crate::interfaces::token::CAP;

    #[test]
    fn numbers_stand_for_votes_as_in_bravo() {
        assert_eq!(Support::from_number(0), Some(Support::Against));
        assert_eq!(Support::from_number(1), Some(Support::For));
        assert_eq!(Support::from_number(2), Some(Support::Abstain));
        assert_eq!(Support::from_number(3), None);
        assert_eq!(Support::from_number(255), None);
    }

    #[test]
    fn four_percent_of_all_is_forty_thousand() {
        assert_eq!(quorum(CAP, 4), 40_000 * ONE);
        assert_eq!(quorum(CAP, 100), CAP);
        assert_eq!(quorum(99, 1), 0);
        assert_eq!(quorum(0, 4), 0);
    }

    #[test]
    fn a_vote_passes_at_the_quorum_and_not_a_wei_below() {
        let quorum = quorum(CAP, 4);
        let tally = |support, weight| Tally::default().with(support, weight);
        assert!(tally(Support::For, quorum).passes(quorum));
        assert!(!tally(Support::For, quorum - 1).passes(quorum));
        assert!(
            tally(Support::For, 1)
                .with(Support::Abstain, quorum - 1)
                .passes(quorum)
        );
        assert!(!tally(Support::Abstain, quorum).passes(quorum));
    }

    #[test]
    fn a_tie_fails_and_votes_against_make_no_quorum() {
        let tie = Tally::default()
            .with(Support::For, 100)
            .with(Support::Against, 100);
        assert!(!tie.passes(10));
        assert!(tie.with(Support::For, 1).passes(10));
        assert!(!tie.with(Support::For, 1).passes(102));
    }
}
