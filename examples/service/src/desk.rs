//! The requests that are open, and who watches them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use arbius_sdk::{
    chain::Lane,
    client::{Network, Requester},
    content::{Fetcher, FolderStore},
    model::Template,
    serve::Visitor,
};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{Id, Limits, Request, Settings, Step, StoreError, funds::LastLook, store::Store};

/// What all parts of the service share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<Store>,
    pub(crate) requester: Requester,
    pub(crate) lane: Lane,
    pub(crate) template: Template,
    pub(crate) fetcher: Fetcher,
    pub(crate) results: FolderStore,
    pub(crate) stop: CancellationToken,
    pub(crate) funds: LastLook,
    /// Is notified when the engine owes a fee back.
    pub(crate) refunds: Notify,
    open: Mutex<HashMap<Id, Open>>,
    /// Why the last submission that was tried has to be tried again.
    obstacle: Mutex<Option<String>>,
    /// Held by who changes which results are pinned and which are written down.
    results_change: AsyncMutex<()>,
    /// Requests that wait for their turn. Bounded by how many may be open.
    to_submit: mpsc::UnboundedSender<Id>,
    /// Tasks to be followed. Bounded as well.
    to_follow: mpsc::UnboundedSender<Id>,
    /// Results to be fetched. Bounded as well.
    to_collect: mpsc::UnboundedSender<Id>,
}

/// The other ends of a desk's queues.
#[derive(Debug)]
pub(crate) struct Queues {
    pub(crate) to_submit: mpsc::UnboundedReceiver<Id>,
    pub(crate) to_follow: mpsc::UnboundedReceiver<Id>,
    pub(crate) to_collect: mpsc::UnboundedReceiver<Id>,
}

/// A request that is not over.
#[derive(Debug)]
struct Open {
    visitor: Option<Visitor>,
    /// How many steps it has; dropped when it is over.
    steps: watch::Sender<usize>,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// Too many are open.
    All,
    /// The visitor has too many open.
    Visitor,
}

/// The parts that a desk is made of.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) store: Arc<Store>,
    pub(crate) requester: Requester,
    pub(crate) lane: Lane,
    pub(crate) template: Template,
    pub(crate) fetcher: Fetcher,
    pub(crate) results: FolderStore,
}

impl Desk {
    pub(crate) fn new(parts: Parts) -> (Arc<Self>, Queues) {
        let (to_submit, submitted) = mpsc::unbounded_channel();
        let (to_follow, followed) = mpsc::unbounded_channel();
        let (to_collect, collected) = mpsc::unbounded_channel();
        let desk = Self {
            settings: parts.settings,
            store: parts.store,
            requester: parts.requester,
            lane: parts.lane,
            template: parts.template,
            fetcher: parts.fetcher,
            results: parts.results,
            stop: CancellationToken::new(),
            funds: LastLook::default(),
            refunds: Notify::new(),
            open: Mutex::default(),
            obstacle: Mutex::default(),
            results_change: AsyncMutex::default(),
            to_submit,
            to_follow,
            to_collect,
        };
        let queues = Queues {
            to_submit: submitted,
            to_follow: followed,
            to_collect: collected,
        };
        (Arc::new(desk), queues)
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    pub(crate) const fn network(&self) -> &Network {
        self.requester.network()
    }

    /// Waits until nobody else changes which results are kept: what is pinned and what is
    /// written down have to agree when it is dropped.
    pub(crate) async fn results_change(&self) -> AsyncMutexGuard<'_, ()> {
        self.results_change.lock().await
    }

    /// Takes up a request of an earlier run where it stands.
    pub(crate) fn take_up(&self, request: &Request) {
        let steps = watch::Sender::new(request.steps.len());
        let visitor = None;
        self.lock().insert(request.id, Open { visitor, steps });
        let id = request.id;
        if request.task().is_none() {
            send(&self.to_submit, id);
            return;
        }
        send(&self.to_follow, id);
        if request.solution().is_some() && request.files().is_none() {
            send(&self.to_collect, id);
        }
    }

    /// Takes a new request, if there is room: writes it down and queues it. Gives the one
    /// that was made with its key before, if there is one.
    pub(crate) fn take(
        &self,
        request: Request,
        visitor: Option<Visitor>,
    ) -> Result<Result<Request, Full>, StoreError> {
        {
            let mut open = self.lock();
            if open.len() >= self.limits().open {
                return Ok(Err(Full::All));
            }
            let same = |other: &&Open| visitor.is_some() && other.visitor == visitor;
            if open.values().filter(same).count() >= self.limits().open_each {
                return Ok(Err(Full::Visitor));
            }
            // Before it is written down, so that no two take the last place.
            let steps = watch::Sender::new(request.steps.len());
            open.insert(request.id, Open { visitor, steps });
        }
        match self.store.add(&request) {
            Ok(None) => {
                self.route(&request);
                Ok(Ok(request))
            }
            not_added => {
                self.lock().remove(&request.id);
                Ok(Ok(not_added?.unwrap_or(request)))
            }
        }
    }

    /// Adds a step to a request, unless `fits` refuses or it is over, and tells whoever
    /// watches it. Returns the request then.
    pub(crate) fn step(
        &self,
        id: Id,
        step: Step,
        fits: impl FnOnce(&Request) -> bool,
    ) -> Result<Option<Request>, StoreError> {
        let changed = self.store.change(id, |request| {
            let fits = !request.is_over() && fits(request);
            if fits {
                request.take(step, now_millis());
            }
            fits
        })?;
        if let Some(request) = &changed {
            let mut open = self.lock();
            if let Some(entry) = open.get(&id) {
                entry.steps.send_replace(request.steps.len());
            }
            if request.is_over() {
                open.remove(&id);
            }
            drop(open);
            tracing::info!(%id, step = request.last().map(Step::name));
            self.route(request);
        }
        Ok(changed)
    }

    /// Tells of further steps of a request; of none if it is over.
    pub(crate) fn watch(&self, id: Id) -> Option<watch::Receiver<usize>> {
        self.lock().get(&id).map(|entry| entry.steps.subscribe())
    }

    /// Says why a submission has to be tried again, or that one went through.
    pub(crate) fn set_obstacle(&self, obstacle: Option<String>) {
        *self.obstacle.lock().unwrap_or_else(PoisonError::into_inner) = obstacle;
    }

    /// Why submissions do not go through at present, if they do not.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner);
        obstacle.clone()
    }

    /// How many requests are not over.
    pub(crate) fn open_count(&self) -> usize {
        self.lock().len()
    }

    /// Hands a request to whoever has to do something with it now.
    fn route(&self, request: &Request) {
        let queue = match request.last() {
            Some(Step::Queued) => &self.to_submit,
            Some(Step::Submitted { .. }) => &self.to_follow,
            Some(Step::Solved { .. }) => &self.to_collect,
            Some(Step::Rejected | Step::Retracted) => return self.refunds.notify_one(),
            _ => return,
        };
        send(queue, request.id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send(queue: &mpsc::UnboundedSender<Id>, id: Id) {
    // Nobody is there any more when the service stops; the next run takes it up.
    let _ = queue.send(id);
}

pub(crate) fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis().try_into().unwrap_or(u64::MAX))
}
