//! What is seen while the demo runs, on standard error: moving lines on a terminal, one
//! line a step elsewhere.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// The steps of the demo.
pub(crate) struct Progress {
    started: Instant,
    /// Present on a terminal.
    bars: Option<MultiProgress>,
}

/// A step on its way.
pub(crate) struct Stage<'a> {
    progress: &'a Progress,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let on_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self {
            started: Instant::now(),
            bars: on_terminal.then(MultiProgress::new),
        }
    }

    /// Begins a step. What it says until it is done is shown on a terminal alone.
    pub(crate) fn stage(&self, text: impl Into<String>) -> Stage<'_> {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new_spinner());
            // Both templates here parse; if one did not, the default look would do.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let stage = Stage {
            progress: self,
            bar,
        };
        stage.says(text);
        stage
    }

    fn line(&self, text: &str) {
        eprintln!("{:5.1} s  {text}", self.started.elapsed().as_secs_f64());
    }

    /// Leaves the terminal as it is, for what is printed next.
    pub(crate) fn end(&self) {
        if self.bars.is_some() {
            // The end of the last bar's line, and an empty one.
            eprintln!("\n");
        }
    }
}

impl Stage<'_> {
    /// What is happening now.
    pub(crate) fn says(&self, text: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.into());
        }
    }

    /// Says what is happening from elsewhere, for as long as it likes.
    pub(crate) fn voice(&self) -> impl Fn(String) + Send + 'static {
        let bar = self.bar.clone();
        move |text| {
            if let Some(bar) = &bar {
                bar.set_message(text);
            }
        }
    }

    /// What happened just now: a line of its own where lines do not move.
    pub(crate) fn happened(&self, text: impl Into<String>) {
        if self.bar.is_none() {
            self.progress.line(&text.into());
        }
    }

    /// Ends the step.
    pub(crate) fn done(self, text: impl Into<String>) {
        let text = text.into();
        match &self.bar {
            Some(bar) => {
                if let Ok(style) = ProgressStyle::with_template("✓ {msg}") {
                    bar.set_style(style);
                }
                bar.finish_with_message(text);
            }
            None => self.progress.line(&text),
        }
    }
}
