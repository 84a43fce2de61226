//! Listens to the spans of the sdk.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use rustix::process::{Signal, getpid, kill_process};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::{Edge, KillPoint, StepTime};

/// Dies at a step, and adds up what each takes.
#[derive(Debug, Default)]
pub(super) struct Tap {
    point: Option<KillPoint>,
    times: Times,
    came: AtomicU32,
}

/// What the steps took so far, by name.
pub(super) type Times = Arc<Mutex<BTreeMap<String, StepTime>>>;

/// Kept with a span.
struct Began {
    at: Instant,
    /// Whether it is the step to die at.
    is_point: bool,
}

impl Tap {
    pub(super) fn new(point: Option<KillPoint>) -> Self {
        Self {
            point,
            ..Self::default()
        }
    }

    pub(super) fn times(&self) -> Times {
        Arc::clone(&self.times)
    }

    fn is_point(&self, attributes: &Attributes<'_>) -> bool {
        let Some(point) = &self.point else {
            return false;
        };
        if attributes.metadata().name() != point.step {
            return false;
        }
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        point.with.is_empty() || fields.0.contains(&point.with)
    }

    /// Comes by the point, on one end of the step.
    fn pass(&self, edge: Edge) {
        let Some(point) = self.point.as_ref().filter(|point| point.edge == edge) else {
            return;
        };
        if self.came.fetch_add(1, Ordering::SeqCst) + 1 == point.nth {
            // It cannot fail: a process may always signal itself. Nothing runs after it.
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Tap {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let is_point = self.is_point(attributes);
        if let Some(span) = context.span(id) {
            let at = Instant::now();
            span.extensions_mut().insert(Began { at, is_point });
        }
        if is_point {
            self.pass(Edge::Before);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let extensions = span.extensions();
        let Some(began) = extensions.get::<Began>() else {
            return;
        };
        if began.is_point {
            self.pass(Edge::After);
        }
        let micros = u64::try_from(began.at.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let time = times.entry(span.name().to_owned()).or_default();
        time.count += 1;
        time.micros = time.micros.saturating_add(micros);
    }
}

/// The values of a span's fields as text.
#[derive(Default)]
struct Fields(Vec<String>);

impl Visit for Fields {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = write!(text, "{value:?}");
        self.0.push(text);
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push(value.to_owned());
    }
}
