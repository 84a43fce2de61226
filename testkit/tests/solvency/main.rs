//! Solvency, attacked (protocol section 9).
//!
//! Many people call everything that the engine can do, in random order, with hostile
//! amounts, while time passes, pauses come and go and governance changes parameters. A
//! model of the ledger in plain Rust, written from the protocol's text, runs beside the
//! WASM on a local chain. After every call both agree on whether it succeeded and why
//! not, on every balance, and the engine has what it has yet to emit and what it holds.
//! At the end of each run everybody withdraws everything, and the reserve is left.
//!
//! | module | what it holds |
//! |---|---|
//! | [`model`] | the ledger as the text has it |
//! | [`machine`], [`calls`] | the contracts on a chain, and what is sent to them |
//! | [`layout`] | where the books lie in storage |
//! | [`step`] | a call as data, a sequence as source |
//! | [`generate`] | sequences from a seed |
//! | [`drain`] | the end of a run |
//! | [`run`], [`compare`] | both at once, compared |
//! | [`shrink`] | a failing sequence, made short |
//! | [`regressions`] | sequences that failed once, or nearly |
//!
//! `ARBIUS_FUZZ_CASES` says how many sequences are run (45 by default, of 400 calls and
//! what it takes to withdraw everything), `ARBIUS_FUZZ_SEED` the first one's seed.

mod calls;
mod compare;
mod drain;
mod generate;
mod layout;
mod machine;
mod model;
mod regressions;
mod run;
mod shrink;
mod step;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use generate::Generator;
use machine::Machine;
use run::{Tally, run};
use shrink::shrink;

/// Calls of a sequence, before everybody withdraws.
const LENGTH: u32 = 400;

/// Sequences of a run: 20,000 calls with the withdrawals.
const CASES: u64 = 45;

/// What the runs of CI have to have met, or they would test less than they say.
const OUTCOMES: &[&str] = &[
    "a bulk claim skips an entry",
    "a bulk commitment is revealed",
    "a bulk reveal skips an entry",
    "a claim emits",
    "a consumer is told",
    "a consumer refuses to be told",
    "a hash is signalled by a second sender",
    "a late vote moves the end",
    "a lone winner takes all",
    "a raised fee takes back an announced retraction",
    "a remainder goes to the treasury",
    "a settlement takes several pages",
    "a small fee earns no emission",
    "a solution locks stake",
    "a task is retracted in two steps",
    "a task of a disabled model is retracted",
    "a tie sides with the solver",
    "a withdrawal pays what a slash left of it",
    "an accused without stake casts no vote",
    "earnings are locked for the accused",
    "no wins",
    "no wins without the accused",
    "somebody donates to the engine",
    "stake on its way out is locked for the accused",
    "the accused votes later",
    "yes wins",
];

/// Functions that no call can succeed with.
const REFUSED: &[&str] = &["Initialize", "SetRest"];

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn sequences_that_were_kept_still_agree() {
    let mut machine = Machine::new().await;
    for (name, steps) in regressions::all() {
        if let Err(found) = run(&mut machine, &mut steps.into_iter(), &mut Tally::default()) {
            panic!("{name}: {}", found.reason);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_stays_solvent_and_agrees_with_the_model_after_every_call() {
    let (cases, first) = (
        setting("ARBIUS_FUZZ_CASES", CASES),
        setting("ARBIUS_FUZZ_SEED", 1),
    );
    println!("{cases} sequences of {LENGTH} calls, seeds from {first} on");
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    let machines = [Machine::new().await, Machine::new().await];
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let workers = machines.map(|mut machine| {
            let next = &next;
            scope.spawn(move || {
                let mut tally = Tally::default();
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= cases {
                        return tally;
                    }
                    play(&mut machine, first.wrapping_add(case), &mut tally);
                }
            })
        });
        for worker in workers {
            tally.join(worker.join().expect("a sequence that fails says so above"));
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    println!("{} calls in {seconds:.0} s", tally.calls);
    for (name, (done, failed)) in &tally.functions {
        println!("{name:24} {done:7} succeeded {failed:7} refused");
    }
    println!("{:#?}\n{:#?}", tally.faults, tally.seen);
    assert!(tally.calls as u64 >= cases * u64::from(LENGTH));
    // Fewer sequences than usual are for a look at one seed.
    if cases >= CASES {
        assert_reached(&tally);
    }
}

/// One sequence; if it fails, the shortest that leaving steps out of it leads to.
fn play(machine: &mut Machine, seed: u64, tally: &mut Tally) {
    let Err(found) = run(machine, &mut Generator::new(seed, LENGTH), tally) else {
        return;
    };
    let (length, reason) = (found.steps.len(), found.reason.clone());
    eprintln!("seed {seed}: after {length} steps: {reason}\nmaking it short");
    let found = shrink(machine, found);
    panic!(
        "seed {seed}: {}\nafter these steps, to be kept in regressions.rs:\n{}",
        found.reason,
        step::source(&found.steps)
    );
}

/// Asserts that every function succeeded at least once, failed at least once where it
/// can, and that every outcome has occurred.
fn assert_reached(tally: &Tally) {
    let never: Vec<_> = tally
        .functions
        .iter()
        .filter(|(name, (done, _))| *done == 0 && !REFUSED.contains(&name.as_str()))
        .collect();
    assert!(never.is_empty(), "never succeeded: {never:?}");
    let missing: Vec<_> = OUTCOMES
        .iter()
        .filter(|outcome| !tally.seen.contains(**outcome))
        .collect();
    assert!(missing.is_empty(), "never occurred: {missing:?}");
}
