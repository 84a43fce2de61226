//! Listens to the spans of the sdk.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use rustix::process::{Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::{Config, Edge, Moment, StepTime};

/// Lets happen what is to happen at steps, and adds up what each takes.
#[derive(Debug)]
pub(super) struct Tap {
    kill: Option<Due>,
    disk: Disk,
    times: Times,
}

/// When the disk is still to become full, the next time last.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Mutex<Vec<Due>>>);

/// A moment, and how often it was come by.
#[derive(Debug)]
struct Due {
    moment: Moment,
    came: AtomicU32,
}

/// What the steps took so far, by name.
pub(super) type Times = Arc<Mutex<BTreeMap<String, StepTime>>>;

/// Kept with a span.
struct Began {
    at: Instant,
    /// The values of its fields; nothing where no moment is waited for.
    fields: Vec<String>,
}

impl Due {
    fn new(moment: Moment) -> Self {
        let came = AtomicU32::new(0);
        Self { moment, came }
    }

    /// Whether this is the moment.
    fn comes(&self, step: &str, fields: &[String], edge: Edge) -> bool {
        let Moment { with, nth, .. } = &self.moment;
        let is_here = self.moment.step == step
            && self.moment.edge == edge
            && (with.is_empty() || fields.iter().any(|field| field.starts_with(with)));
        is_here && self.came.fetch_add(1, Ordering::SeqCst) + 1 == *nth
    }
}

impl Disk {
    fn moments(&self) -> MutexGuard<'_, Vec<Due>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has room from now on: of a miner that ends, nobody is told that it has none.
    pub(super) fn stay_free(&self) {
        let mut moments = self.moments();
        moments.clear();
        let maximum = getrlimit(Resource::Fsize).maximum;
        let free = Rlimit {
            current: maximum,
            maximum,
        };
        // To raise it to what is the most is always allowed.
        let _ = setrlimit(Resource::Fsize, free);
    }
}

impl Tap {
    pub(super) fn new(config: &Config) -> Self {
        let moments = config.full.iter().rev().cloned().map(Due::new).collect();
        Self {
            kill: config.kill.clone().map(Due::new),
            disk: Disk(Arc::new(Mutex::new(moments))),
            times: Times::default(),
        }
    }

    pub(super) fn times(&self) -> Times {
        Arc::clone(&self.times)
    }

    pub(super) fn disk(&self) -> Disk {
        self.disk.clone()
    }

    fn waits(&self) -> bool {
        self.kill.is_some() || !self.disk.moments().is_empty()
    }

    /// Comes by one end of a step.
    fn pass(&self, step: &str, fields: &[String], edge: Edge) {
        if let Some(kill) = &self.kill
            && kill.comes(step, fields, edge)
        {
            // It cannot fail: a process may always signal itself. Nothing runs after it.
            let _ = kill_process(getpid(), Signal::KILL);
            loop {
                std::thread::park();
            }
        }
        let mut moments = self.disk.moments();
        if moments.is_empty() {
            return;
        }
        let limit = getrlimit(Resource::Fsize);
        if limit.current == Some(0) {
            return;
        }
        if let Some(due) = moments.pop_if(|due| due.comes(step, fields, edge)) {
            let full = Rlimit {
                current: Some(0),
                maximum: limit.maximum,
            };
            // To lower it is always allowed.
            let _ = setrlimit(Resource::Fsize, full);
            eprintln!("the disk is full: {}", due.moment);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Tap {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        if self.waits() {
            attributes.record(&mut fields);
        }
        let Fields(fields) = fields;
        self.pass(attributes.metadata().name(), &fields, Edge::Before);
        if let Some(span) = context.span(id) {
            let at = Instant::now();
            span.extensions_mut().insert(Began { at, fields });
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
        self.pass(span.name(), &began.fields, Edge::After);
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
