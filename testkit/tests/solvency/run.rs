//! A sequence, played on the chain and in the model at once, compared after every call.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    calls::message,
    compare,
    drain::Drain,
    machine::{Machine, Outcome},
    model::{Faults, Ledger, fault_name},
    step::Step,
};

/// After how many calls the views are compared, and not only the books and what a call
/// named.
const THOROUGH: usize = 100;

/// Where steps come from.
pub(crate) trait Source {
    /// The next step, as the ledger stands.
    fn next(&mut self, ledger: &Ledger) -> Option<Step>;
}

/// Steps that are there already.
impl Source for std::vec::IntoIter<Step> {
    fn next(&mut self, _: &Ledger) -> Option<Step> {
        Iterator::next(self)
    }
}

/// What has happened in all runs, to show that they reach what they are to test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: usize,
    /// By function: calls that succeeded and calls that failed as they had to.
    pub(crate) functions: BTreeMap<String, (usize, usize)>,
    /// Errors that were met.
    pub(crate) faults: BTreeMap<String, usize>,
    pub(crate) seen: BTreeSet<&'static str>,
}

impl Tally {
    fn count(&mut self, step: &Step, outcome: &Outcome) {
        self.calls += 1;
        let (done, failed) = self.functions.entry(step.call.name()).or_default();
        match outcome {
            Outcome::Failed(fault) => {
                *failed += 1;
                *self.faults.entry(fault_name(*fault)).or_default() += 1;
            }
            _ => *done += 1,
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.calls += other.calls;
        for (name, (done, failed)) in other.functions {
            let counts = self.functions.entry(name).or_default();
            *counts = (counts.0 + done, counts.1 + failed);
        }
        for (name, count) in other.faults {
            *self.faults.entry(name).or_default() += count;
        }
        self.seen.extend(other.seen);
    }
}

/// A sequence after which model and contracts disagree.
#[derive(Clone, Debug)]
pub(crate) struct Disagreement {
    /// The steps up to and with the one that showed it.
    pub(crate) steps: Vec<Step>,
    /// How.
    pub(crate) reason: String,
}

/// Plays a sequence from the beginning, lets everybody take everything out at its end,
/// and counts in `tally` what happened.
pub(crate) fn run(
    machine: &mut Machine,
    source: &mut impl Source,
    tally: &mut Tally,
) -> Result<(), Disagreement> {
    let mut ledger = machine.restart();
    let mut steps = Vec::new();
    let result = play(machine, &mut ledger, source, &mut steps, tally).and_then(|()| {
        let tag = steps.iter().map(|step| step.tag + 1).max().unwrap_or(0);
        // Of a sequence that fails, the steps before its end are what matters.
        let mut end = Vec::new();
        play(machine, &mut ledger, &mut Drain::new(tag), &mut end, tally)
            .and_then(|()| compare::tasks(machine, &ledger))
            .and_then(|()| compare::emptied(machine, &ledger))
            .map_err(|reason| format!("{reason}\nwhile everybody withdraws: {:#?}", end.last()))
    });
    tally.seen.append(&mut ledger.seen);
    result.map_err(|reason| Disagreement { steps, reason })
}

fn play(
    machine: &Machine,
    ledger: &mut Ledger,
    source: &mut impl Source,
    steps: &mut Vec<Step>,
    tally: &mut Tally,
) -> Result<(), String> {
    let mut compared = 0;
    while let Some(first) = source.next(ledger) {
        ledger.now += first.wait;
        machine.keep_alive(ledger.now);
        ledger.block = machine.next_block();
        let (mut block, mut messages) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(step) = next.take() {
            messages.push(message(ledger, step.by, &step.call));
            let faults = ledger.apply(&step);
            if step.open {
                next = source.next(ledger);
            }
            steps.push(step.clone());
            block.push((step, faults));
        }
        let outcomes = machine.execute(ledger.now, &messages);
        for ((step, faults), outcome) in block.iter().zip(&outcomes) {
            expect(faults, outcome).map_err(|reason| format!("{reason}: {step:?}"))?;
            tally.count(step, outcome);
        }
        compare::books(machine, ledger)?;
        for (step, _) in &block {
            for task in step.call.tasks() {
                compare::task(machine, ledger, ledger.task_id(task))?;
            }
        }
        if steps.len() >= compared + THOROUGH {
            compare::views(machine, ledger)?;
            compared = steps.len();
        }
    }
    compare::views(machine, ledger)
}

/// Whether a call came out as the model says.
fn expect(faults: &Faults, outcome: &Outcome) -> Result<(), String> {
    match outcome {
        Outcome::Done if faults.none() => Ok(()),
        Outcome::Failed(fault) if faults.admits(*fault) => Ok(()),
        Outcome::Done => Err(format!("succeeded and not {:?}", faults.names())),
        Outcome::Failed(fault) => {
            let fault = fault_name(*fault);
            Err(format!("failed with {fault} and not {:?}", faults.names()))
        }
        Outcome::Broken(reason) => Err(format!("failed without an error ({reason})")),
    }
}
