//! A machine that is wrong itself.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arbius_sdk::{
    inference::{Blame, InProcess, InferenceError, Outputs, RuntimeId, Solver},
    model::Bundle,
};

/// A fault that is there or not.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn on(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn off(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A machine whose faults can be switched on.
#[derive(Default)]
pub(crate) struct Faulty {
    /// Every output is that of another seed, golden outputs too.
    pub(crate) broken: Switch,
    /// Outputs of fresh processes differ from the others.
    pub(crate) flickers: Switch,
    /// Nothing comes out.
    pub(crate) fails: Switch,
    /// Every run waits until this ends.
    pub(crate) hangs: Switch,
    /// Runs that were begun.
    pub(crate) runs: AtomicUsize,
    /// Which version of the runtime it says that it has.
    pub(crate) version: AtomicUsize,
    solver: InProcess,
}

type Solved<'a> = Pin<Box<dyn Future<Output = Result<Outputs, InferenceError>> + Send + 'a>>;

impl Faulty {
    fn run<'a>(
        &'a self,
        bundle: &'a Bundle,
        input: &'a [u8],
        seed: u64,
        fresh: bool,
    ) -> Solved<'a> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if self.fails.is_on() {
            let error = InferenceError::Reported {
                blame: Blame::Machine,
                message: "out of memory".to_owned(),
            };
            return Box::pin(async move { Err(error) });
        }
        let off = self.broken.is_on()
            || (fresh && self.flickers.is_on() && !is_golden(bundle, input, seed));
        let (hangs, solve) = (
            self.hangs.clone(),
            self.solver.solve(bundle, input, seed ^ u64::from(off)),
        );
        Box::pin(async move {
            while hangs.is_on() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            solve.await
        })
    }
}

fn is_golden(bundle: &Bundle, input: &[u8], seed: u64) -> bool {
    let mut goldens = bundle.passport().goldens.iter();
    goldens.any(|golden| golden.seed == seed && golden.input.to_string().as_bytes() == input)
}

impl Solver for Faulty {
    fn solve<'a>(&'a self, bundle: &'a Bundle, input: &'a [u8], seed: u64) -> Solved<'a> {
        self.run(bundle, input, seed, false)
    }

    fn solve_afresh<'a>(&'a self, bundle: &'a Bundle, input: &'a [u8], seed: u64) -> Solved<'a> {
        self.run(bundle, input, seed, true)
    }

    fn runtime_id(&self) -> Option<RuntimeId> {
        Some(RuntimeId {
            name: "test".to_owned(),
            version: self.version.load(Ordering::SeqCst).to_string(),
        })
    }
}
