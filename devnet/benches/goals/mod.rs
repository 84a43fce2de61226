//! What the benches measure, beside what it should be: one line of JSON for each figure.

use std::{
    ops::{Bound, RangeBounds},
    process::ExitCode,
};

use serde_json::json;

/// The figures of one bench.
#[derive(Debug)]
pub(crate) struct Goals {
    bench: &'static str,
    missed: bool,
}

impl Goals {
    pub(crate) fn of(bench: &'static str) -> Self {
        Self {
            bench,
            missed: false,
        }
    }

    /// Prints the median of what was measured, and whether it is within its bounds, if it
    /// has any (`..` has none).
    pub(crate) fn report(
        &mut self,
        measure: &str,
        mut figures: Vec<f64>,
        unit: &str,
        bounds: impl RangeBounds<f64>,
    ) {
        figures.sort_unstable_by(f64::total_cmp);
        let median = figures[figures.len() / 2];
        let met = bounds.contains(&median);
        self.missed |= !met;
        let goal = match (bounds.start_bound(), bounds.end_bound()) {
            (Bound::Included(least), _) => Some(format!("at least {least}")),
            (_, Bound::Included(most)) => Some(format!("at most {most}")),
            _ => None,
        };
        let line = json!({
            "bench": self.bench,
            "measure": measure,
            "figure": rounded(median),
            "unit": unit,
            "goal": goal,
            "met": met,
        });
        println!("{line}");
    }

    /// Fails if a goal was missed and the program was started with `--check`.
    pub(crate) fn conclude(self) -> ExitCode {
        if self.missed && std::env::args().any(|argument| argument == "--check") {
            return ExitCode::FAILURE;
        }
        ExitCode::SUCCESS
    }
}

/// Three digits after the point are more than such figures are good for.
fn rounded(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}
