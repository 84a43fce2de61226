//! The storage layout: one for both programs, in rooms of 32 slots.
//!
//! | slots | room | |
//! |---|---|---|
//! | 0–31 | [`state`](crate::state) | configuration, ledger, clock, offices, `prevhash` |
//! | 32–63 | [`params`](crate::params) | the parameters, packed by who reads them together |
//! | 64–95 | [`models`](crate::models) | models, by identifier and by index; allow-lists |
//! | 96–127 | [`tasks`](crate::tasks) | tasks with their solutions; announced retractions; batches, owners, offers |
//! | 128–159 | [`solutions`](crate::solutions) | commitments |
//! | 160–191 | [`validators`](crate::validators) | stakes in two words each; announced withdrawals |
//! | 192–223 | [`earnings`](crate::earnings) | what is owed to whom |
//! | 224–255 | [`contestations`](crate::contestations) | contestations in two words each; votes |
//! | 256–287 | [`consumers`](crate::consumers) | contracts to be told an outcome |
//! | 288–319 | [`solvers`](crate::solvers) | solvers by number, with what they have earned |
//!
//! `layout.json` beside the sources says for every field where it lies. It is made from
//! this code by `cargo xtask layout`, which refuses to move a field that is there, and a
//! test compares the two.
//!
//! What a room does not use of its 32 slots is its gap: fields may be added behind those
//! it has, and none is ever moved or given another meaning.

#[cfg(test)]
pub(crate) mod written;

use crate::consumers::ConsumerStorage;
use crate::contestations::ContestationStorage;
use crate::earnings::EarningsStorage;
use crate::models::ModelStorage;
use crate::params::ParameterStorage;
use crate::solutions::SolutionStorage;
use crate::solvers::SolverStorage;
use crate::state::StateStorage;
use crate::tasks::TaskStorage;
use crate::validators::ValidatorStorage;

/// The rooms' storage.
#[derive(Clone, Copy)]
pub struct Layout {
    /// Configuration, ledger, clock, offices.
    pub state: StateStorage,
    /// Parameters.
    pub params: ParameterStorage,
    /// Models and allow-lists.
    pub models: ModelStorage,
    /// Tasks, their solutions, retractions.
    pub tasks: TaskStorage,
    /// Commitments.
    pub solutions: SolutionStorage,
    /// Stakes and withdrawals.
    pub validators: ValidatorStorage,
    /// The earnings ledger.
    pub earnings: EarningsStorage,
    /// Contestations and votes.
    pub contestations: ContestationStorage,
    /// Contracts to be told outcomes.
    pub consumers: ConsumerStorage,
    /// Solvers by number.
    pub solvers: SolverStorage,
}

/// Where everything lies.
pub const STORAGE: Layout = Layout {
    state: StateStorage::at(0),
    params: ParameterStorage::at(32),
    models: ModelStorage::at(64),
    tasks: TaskStorage::at(96),
    solutions: SolutionStorage::at(128),
    validators: ValidatorStorage::at(160),
    earnings: EarningsStorage::at(192),
    contestations: ContestationStorage::at(224),
    consumers: ConsumerStorage::at(256),
    solvers: SolverStorage::at(288),
};
