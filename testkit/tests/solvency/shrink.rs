//! A failing sequence, made short: delta debugging (Zeller and Hildebrandt, "Simplifying
//! and isolating failure-inducing input") over its steps.

use crate::{
    machine::Machine,
    run::{Disagreement, Tally, run},
    step::Step,
};

/// The shortest sequence that leaving steps out of a failing one leads to, which fails
/// as well, if perhaps otherwise. Leaving out any one more step, it does not fail.
pub(crate) fn shrink(machine: &mut Machine, found: Disagreement) -> Disagreement {
    let mut best = found;
    let mut chunk = best.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < best.steps.len() {
            let end = (at + chunk).min(best.steps.len());
            let rest = [&best.steps[..at], &best.steps[end..]].concat();
            match replay(machine, rest) {
                Some(disagreement) => {
                    best = disagreement;
                    shorter = true;
                }
                None => at = end,
            }
        }
        // At length 1, again until nothing can go.
        if chunk > 1 {
            chunk = chunk.div_ceil(2);
        } else if !shorter {
            chunk = 0;
        }
    }
    best
}

fn replay(machine: &mut Machine, steps: Vec<Step>) -> Option<Disagreement> {
    run(machine, &mut steps.into_iter(), &mut Tally::default()).err()
}
