//! One competition: what is stored of it, where it stands, who leads.

extern crate alloc;

use alloy_primitives::{
    Address, B256, U256,
    aliases::{U32, U88},
};
use alloy_sol_types::SolError;
use arbius_example_interfaces::competition::ICompetition::{Mode, NotEntered, Phase, WrongPhase};
use stylus_sdk::prelude::*;

sol_storage! {
    /// A competition.
    pub struct Competition {
        /// Who opened it.
        address organiser;
        /// When entries end.
        uint64 entries_end;
        /// How many tasks were entered.
        uint32 entries;
        /// The model whose tasks compete.
        bytes32 model;
        /// The whole prize, wei.
        uint88 prize;
        /// When it was opened.
        uint64 opened;
        /// Seconds that the decision may take.
        uint32 decision_time;
        /// Who decides: a [`Mode`].
        uint8 mode;
        /// Whether the organiser has chosen.
        bool chosen;
        /// What is left of the prize, wei.
        uint88 escrow;
        /// The most votes that an entry has.
        uint88 most;
        /// How many entries have them, less those that were given their share.
        uint32 leaders;
        /// The entries.
        mapping(bytes32 => Entry) entry;
        /// The entries in their order.
        mapping(uint256 => bytes32) order;
        /// Who voted.
        mapping(address => bool) voted;
    }

    /// An entry.
    pub struct Entry {
        /// Who entered it, and owns the task.
        address entrant;
        /// Its votes.
        uint88 votes;
        /// Whether it was given its share.
        bool awarded;
    }
}

impl Competition {
    /// Where it stands at a time.
    pub(crate) fn phase(&self, now: u64) -> Phase {
        let entries_end = self.entries_end.get().to::<u64>();
        if self.organiser.get().is_zero() {
            return Phase::None;
        }
        if now < entries_end {
            return Phase::Entering;
        }
        if self.chosen.get() {
            return Phase::Decided;
        }
        if self.entries.get().is_zero() {
            return Phase::Void;
        }
        let decision_time = self.decision_time.get().to::<u64>();
        let mut voting_begins = entries_end;
        if self.mode.get().to::<u8>() == Mode::Organiser as u8 {
            voting_begins += decision_time;
            if now < voting_begins {
                return Phase::Choosing;
            }
        }
        if now < voting_begins + decision_time {
            Phase::Voting
        } else if self.most.get().is_zero() {
            Phase::Void
        } else {
            Phase::Decided
        }
    }

    /// # Errors
    ///
    /// [`WrongPhase`] if it stands elsewhere.
    pub(crate) fn require(&self, phase: Phase, now: u64) -> Result<(), Vec<u8>> {
        let current = self.phase(now);
        if current == phase {
            Ok(())
        } else {
            Err(WrongPhase { phase: current }.abi_encode())
        }
    }

    /// # Errors
    ///
    /// [`NotEntered`] if the task does not compete.
    pub(crate) fn entrant(&self, task: B256) -> Result<Address, Vec<u8>> {
        let entrant = self.entry.getter(task).entrant.get();
        if entrant.is_zero() {
            Err(NotEntered { task }.abi_encode())
        } else {
            Ok(entrant)
        }
    }

    /// Gives an entry votes, of which there are never more than tokens.
    pub(crate) fn count(&mut self, task: B256, weight: U256) {
        let votes = self.entry.getter(task).votes.get() + weight.to::<U88>();
        self.entry.setter(task).votes.set(votes);
        let most = self.most.get();
        if votes > most {
            self.most.set(votes);
            self.leaders.set(U32::ONE);
        } else if votes == most {
            let leaders = self.leaders.get() + U32::ONE;
            self.leaders.set(leaders);
        }
    }

    /// Takes the next leader's share out of the escrow. What does not divide goes to those
    /// who come last, so that the shares are the prize to the wei.
    pub(crate) fn share(&mut self) -> U256 {
        let (escrow, leaders) = (self.escrow.get(), self.leaders.get());
        let share = escrow / leaders.to::<U88>();
        self.escrow.set(escrow - share);
        self.leaders.set(leaders - U32::ONE);
        U256::from(share)
    }

    /// Takes all that is left out of the escrow.
    pub(crate) fn everything(&mut self) -> U256 {
        let escrow = self.escrow.get();
        self.escrow.set(U88::ZERO);
        U256::from(escrow)
    }
}
