//! Computing somebody else's solution again.

use super::catalogue::reproduce;
use crate::{
    content::Cid,
    contracts::Submission,
    inference::{Blame, Solver},
    model::Bundle,
};

/// What computing a task again shows about a solution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same outputs came out: vote [`Right`](crate::client::Vote::Right).
    Right,
    /// Other outputs came out: contest it, or vote [`Wrong`](crate::client::Vote::Wrong).
    Wrong {
        /// The CID of what came out here.
        computed: Cid,
    },
    /// Nothing came out, so nothing is known: do not vote. A fault of this machine is never a
    /// reason to vote against somebody.
    Inconclusive {
        /// Whose fault it is.
        blame: Blame,
        /// Why nothing came out.
        reason: String,
    },
}

/// Computes a task again and holds the outcome against the CID of a solution.
///
/// The caller has made sure that `bundle` is the model that the task asks for, and that
/// this machine reproduces the goldens of its passport ([`certify`](crate::inference::certify()));
/// without that a difference says as much about this machine as about the solver.
pub async fn verify(
    solver: &dyn Solver,
    bundle: &Bundle,
    task: &Submission,
    solution: &Cid,
) -> Verdict {
    let outputs = solver.solve(bundle, &task.input, task.seed()).await;
    match outputs.and_then(|outputs| outputs.cid()) {
        Ok(computed) if computed == *solution => Verdict::Right,
        Ok(computed) => Verdict::Wrong { computed },
        Err(error) => Verdict::Inconclusive {
            blame: error.blame(),
            reason: error.to_string(),
        },
    }
}

/// As [`verify`], after this machine has made the golden outputs of the model's passport: only
/// then does a difference say something about the solver.
pub async fn recompute(
    solver: &dyn Solver,
    bundle: &Bundle,
    task: &Submission,
    solution: &Cid,
) -> Verdict {
    match reproduce(task.model, bundle, solver).await {
        Ok(()) => verify(solver, bundle, task, solution).await,
        Err(error) => Verdict::Inconclusive {
            blame: Blame::Machine,
            reason: error.to_string(),
        },
    }
}
