//! The contract.

extern crate alloc;

use alloy_primitives::{
    Address, B256, U256,
    aliases::{U8, U32, U64, U88},
};
use alloy_sol_types::SolError;
use arbius_example_calls::{
    call::read,
    engine::{require_model, token_of},
    token::{pay, take},
};
use arbius_example_interfaces::competition::ICompetition::{
    AlreadyAwarded, AlreadyEntered, AlreadyRefunded, AlreadyVoted, Awarded, BadSchedule, Entered,
    Mode, NoPrize, NoVotes, NotOrganiser, NotTaskOwner, NotWinner, NothingToWithdraw, Opened,
    Phase, Refunded, TaskNotEligible, TaskTooOld, UnknownMode, Voted, Withdrawn, WrongModel,
};
use arbius_protocol::{
    interfaces::{engine::IEngine, token::IVotes},
    tasks::TaskStatus,
};
use stylus_sdk::prelude::*;

use crate::competition::Competition;

/// Seconds for which entries can be taken at most.
const LONGEST_ENTRY: u64 = 365 * 86_400;

/// Seconds that a decision may take. The shortest is longer than a solution takes to become
/// final with the protocol's parameters, be it contested in the last moment.
const DECISION: core::ops::RangeInclusive<u64> = 6 * 3_600..=30 * 86_400;

sol_storage! {
    /// All competitions.
    #[entrypoint]
    pub struct Competitions {
        /// The engine.
        address engine;
        /// The engine's token, AIUS.
        address token;
        /// How many competitions there are; they count from 1.
        uint256 count;
        /// The competitions.
        mapping(uint256 => Competition) all;
        /// What is owed to accounts.
        mapping(address => uint256) credits;
    }
}

#[public]
impl Competitions {
    /// Binds the contract to an engine.
    ///
    /// # Errors
    ///
    /// [`NotAnEngine`](arbius_example_calls::engine::NotAnEngine) if the address does not answer as one.
    #[constructor]
    pub fn constructor(&mut self, engine: Address) -> Result<(), Vec<u8>> {
        let token = token_of(self, engine)?;
        self.engine.set(engine);
        self.token.set(token);
        Ok(())
    }

    /// Opens a competition with a prize from the caller. Returns its number.
    ///
    /// # Errors
    ///
    /// [`NoPrize`], [`BadSchedule`], [`UnknownMode`],
    /// [`ModelDoesNotExist`](arbius_example_calls::engine::ModelDoesNotExist); those of the token's
    /// `transferFrom`, as they are.
    pub fn open(
        &mut self,
        model: B256,
        prize: U256,
        entries_end: u64,
        decision_time: u64,
        mode: u8,
    ) -> Result<U256, Vec<u8>> {
        let now = self.vm().block_timestamp();
        if prize.is_zero() {
            return Err(NoPrize {}.abi_encode());
        }
        let in_time = entries_end > now && entries_end - now <= LONGEST_ENTRY;
        if !in_time || !DECISION.contains(&decision_time) {
            return Err(BadSchedule {}.abi_encode());
        }
        let decides = Mode::try_from(mode).map_err(|_| UnknownMode { mode }.abi_encode())?;
        require_model(self, self.engine.get(), model)?;
        let organiser = self.vm().msg_sender();
        take(self, self.token.get(), organiser, prize)?;

        let id = self.count.get() + U256::ONE;
        self.count.set(id);
        let mut competition = self.all.setter(id);
        competition.organiser.set(organiser);
        competition.entries_end.set(U64::from(entries_end));
        competition.model.set(model);
        // It was paid, so there are as many tokens, and they fit.
        competition.prize.set(prize.to::<U88>());
        competition.escrow.set(prize.to::<U88>());
        competition.opened.set(U64::from(now));
        competition.decision_time.set(U32::from(decision_time));
        competition.mode.set(U8::from(mode));
        self.vm().log(Opened {
            id,
            organiser,
            model,
            mode: decides,
            prize,
            entriesEnd: entries_end,
            decisionTime: decision_time,
        });
        Ok(id)
    }

    /// Enters a task of the caller that has a solution.
    ///
    /// # Errors
    ///
    /// [`WrongPhase`](arbius_example_interfaces::competition::ICompetition::WrongPhase),
    /// [`AlreadyEntered`], [`WrongModel`], [`NotTaskOwner`], [`TaskTooOld`], [`TaskNotEligible`].
    pub fn enter(&mut self, id: U256, task: B256) -> Result<(), Vec<u8>> {
        let (now, sender) = (self.vm().block_timestamp(), self.vm().msg_sender());
        let competition = self.all.getter(id);
        competition.require(Phase::Entering, now)?;
        if competition.entrant(task).is_ok() {
            return Err(AlreadyEntered { task }.abi_encode());
        }
        let known = read(self, self.engine.get(), &IEngine::tasksCall { id: task })?;
        let model = known.model;
        if model != competition.model.get() {
            return Err(WrongModel { model }.abi_encode());
        }
        if known.owner != sender {
            return Err(NotTaskOwner { owner: known.owner }.abi_encode());
        }
        if known.blocktime < competition.opened.get().to::<u64>() {
            return Err(TaskTooOld { task }.abi_encode());
        }
        // One that is contested may yet stand. What may win is asked when it matters.
        let standing = [TaskStatus::Solved, TaskStatus::Contested, TaskStatus::Final];
        self.require_status(task, &standing)?;

        let mut competition = self.all.setter(id);
        let entries = competition.entries.get();
        competition.entries.set(entries + U32::ONE);
        competition.order.setter(U256::from(entries)).set(task);
        competition.entry.setter(task).entrant.set(sender);
        self.vm().log(Entered {
            id,
            task,
            entrant: sender,
        });
        Ok(())
    }

    /// Chooses the winner, as the organiser, and credits it the prize.
    ///
    /// # Errors
    ///
    /// [`WrongPhase`](arbius_example_interfaces::competition::ICompetition::WrongPhase),
    /// [`NotOrganiser`], [`TaskNotEligible`] and
    /// [`NotEntered`](arbius_example_interfaces::competition::ICompetition::NotEntered).
    pub fn choose(&mut self, id: U256, task: B256) -> Result<(), Vec<u8>> {
        let now = self.vm().block_timestamp();
        let competition = self.all.getter(id);
        competition.require(Phase::Choosing, now)?;
        if self.vm().msg_sender() != competition.organiser.get() {
            return Err(NotOrganiser {}.abi_encode());
        }
        let entrant = competition.entrant(task)?;
        self.require_status(task, &[TaskStatus::Final])?;

        let mut competition = self.all.setter(id);
        competition.chosen.set(true);
        let amount = competition.everything();
        self.give(id, task, entrant, amount);
        Ok(())
    }

    /// Gives all votes that the caller had when entries closed to one task.
    ///
    /// # Errors
    ///
    /// [`WrongPhase`](arbius_example_interfaces::competition::ICompetition::WrongPhase),
    /// [`AlreadyVoted`], [`NoVotes`], [`TaskNotEligible`] and
    /// [`NotEntered`](arbius_example_interfaces::competition::ICompetition::NotEntered).
    pub fn vote(&mut self, id: U256, task: B256) -> Result<(), Vec<u8>> {
        let (now, voter) = (self.vm().block_timestamp(), self.vm().msg_sender());
        let competition = self.all.getter(id);
        competition.require(Phase::Voting, now)?;
        competition.entrant(task)?;
        if competition.voted.get(voter) {
            return Err(AlreadyVoted { voter }.abi_encode());
        }
        self.require_status(task, &[TaskStatus::Final])?;
        // The last second in which entries were taken: past from the first vote on, and before
        // anyone knew all entries. Tokens that change hands later vote once.
        let votes = IVotes::getPastVotesCall {
            account: voter,
            timepoint: U256::from(competition.entries_end.get()) - U256::ONE,
        };
        let weight = read(self, self.token.get(), &votes)?;
        if weight.is_zero() {
            return Err(NoVotes { voter }.abi_encode());
        }

        let mut competition = self.all.setter(id);
        competition.voted.setter(voter).set(true);
        competition.count(task, weight);
        self.vm().log(Voted {
            id,
            task,
            voter,
            weight,
        });
        Ok(())
    }

    /// Credits a task that won the vote its share.
    ///
    /// # Errors
    ///
    /// [`WrongPhase`](arbius_example_interfaces::competition::ICompetition::WrongPhase),
    /// [`NotWinner`], [`AlreadyAwarded`] and
    /// [`NotEntered`](arbius_example_interfaces::competition::ICompetition::NotEntered).
    pub fn award(&mut self, id: U256, task: B256) -> Result<(), Vec<u8>> {
        let now = self.vm().block_timestamp();
        let mut competition = self.all.setter(id);
        competition.require(Phase::Decided, now)?;
        let entrant = competition.entrant(task)?;
        let entry = competition.entry.getter(task);
        if entry.awarded.get() {
            return Err(AlreadyAwarded { task }.abi_encode());
        }
        if competition.chosen.get() || entry.votes.get() != competition.most.get() {
            return Err(NotWinner { task }.abi_encode());
        }
        let amount = competition.share();
        self.give(id, task, entrant, amount);
        Ok(())
    }

    /// Credits the prize of a void competition back to its organiser.
    ///
    /// # Errors
    ///
    /// [`WrongPhase`](arbius_example_interfaces::competition::ICompetition::WrongPhase),
    /// [`AlreadyRefunded`].
    pub fn refund(&mut self, id: U256) -> Result<(), Vec<u8>> {
        let now = self.vm().block_timestamp();
        let mut competition = self.all.setter(id);
        competition.require(Phase::Void, now)?;
        let amount = competition.everything();
        if amount.is_zero() {
            return Err(AlreadyRefunded {}.abi_encode());
        }
        let organiser = competition.organiser.get();
        self.credit(organiser, amount);
        self.vm().log(Refunded {
            id,
            organiser,
            amount,
        });
        Ok(())
    }

    /// Pays an account what it is owed.
    ///
    /// # Errors
    ///
    /// [`NothingToWithdraw`]; those of the token's `transfer`, as they are.
    pub fn withdraw(&mut self, account: Address) -> Result<(), Vec<u8>> {
        let amount = self.credits.get(account);
        if amount.is_zero() {
            return Err(NothingToWithdraw { account }.abi_encode());
        }
        self.credits.setter(account).set(U256::ZERO);
        pay(self, self.token.get(), account, amount)?;
        self.vm().log(Withdrawn { account, amount });
        Ok(())
    }

    /// How many competitions were opened.
    pub fn competitions(&self) -> U256 {
        self.count.get()
    }

    /// Organiser, model, mode, prize, when it was opened, when entries end, how long the
    /// decision may take, and how many tasks were entered.
    #[allow(clippy::type_complexity)]
    pub fn competition(&self, id: U256) -> (Address, B256, u8, U256, u64, u64, u64, U256) {
        let competition = self.all.getter(id);
        (
            competition.organiser.get(),
            competition.model.get(),
            competition.mode.get().to(),
            U256::from(competition.prize.get()),
            competition.opened.get().to(),
            competition.entries_end.get().to(),
            competition.decision_time.get().to(),
            U256::from(competition.entries.get()),
        )
    }

    /// Where a competition stands now.
    pub fn phase(&self, id: U256) -> u8 {
        self.all.getter(id).phase(self.vm().block_timestamp()) as u8
    }

    /// The most votes, how many tasks have them and were not given their share yet, and what is
    /// left of the prize.
    pub fn standing(&self, id: U256) -> (U256, U256, U256) {
        let competition = self.all.getter(id);
        (
            U256::from(competition.most.get()),
            U256::from(competition.leaders.get()),
            U256::from(competition.escrow.get()),
        )
    }

    /// Who entered a task, its votes, and whether it was given its share.
    pub fn entry(&self, id: U256, task: B256) -> (Address, U256, bool) {
        let competition = self.all.getter(id);
        let entry = competition.entry.getter(task);
        (
            entry.entrant.get(),
            U256::from(entry.votes.get()),
            entry.awarded.get(),
        )
    }

    /// The `index`-th task that was entered; zero past the last.
    pub fn entry_at(&self, id: U256, index: U256) -> B256 {
        self.all.getter(id).order.get(index)
    }

    /// Whether an account has voted.
    pub fn has_voted(&self, id: U256, account: Address) -> bool {
        self.all.getter(id).voted.get(account)
    }

    /// What an account can withdraw.
    pub fn owed(&self, account: Address) -> U256 {
        self.credits.get(account)
    }

    /// The engine whose tasks compete.
    pub fn engine(&self) -> Address {
        self.engine.get()
    }

    /// The engine's token.
    pub fn token(&self) -> Address {
        self.token.get()
    }
}

impl Competitions {
    /// # Errors
    ///
    /// [`TaskNotEligible`] if the engine says anything else of the task.
    fn require_status(&self, task: B256, allowed: &[TaskStatus]) -> Result<(), Vec<u8>> {
        let call = IEngine::taskStatusCall { id: task };
        let status = read(self, self.engine.get(), &call)?;
        if allowed.iter().any(|one| u8::from(*one) == status) {
            Ok(())
        } else {
            Err(TaskNotEligible { task, status }.abi_encode())
        }
    }

    /// Credits an entry what it won.
    fn give(&mut self, id: U256, task: B256, entrant: Address, amount: U256) {
        self.all.setter(id).entry.setter(task).awarded.set(true);
        self.credit(entrant, amount);
        self.vm().log(Awarded {
            id,
            task,
            entrant,
            amount,
        });
    }

    /// Owes an account more.
    fn credit(&mut self, account: Address, amount: U256) {
        let owed = self.credits.get(account) + amount;
        self.credits.setter(account).set(owed);
    }
}
