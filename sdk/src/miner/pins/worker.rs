//! The pins of one store.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError},
    time::Duration,
};

use alloy_primitives::B256;
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::Instant,
};

use super::{
    Pin, PinStage,
    attempt::{Setback, attempt, is_lost},
    queue::{Trouble, Waiting},
};
use crate::{
    content::pinning::{PinError, PinStore, Standing},
    deadline,
    miner::{MinerError, Pinning, job::now_millis, machine::Machine},
};

/// The longest that a store is left alone because of what one request told of it.
const LONGEST_CLOSED: Duration = Duration::from_secs(300);

/// The longest pause between two questions how far a store is.
const LONGEST_POLL: Duration = Duration::from_secs(300);

/// Sends the pins of one store and follows them.
pub(in crate::miner) struct Worker {
    machine: Arc<Machine>,
    store: Arc<dyn PinStore>,
    new: mpsc::UnboundedReceiver<Pin>,
    trouble: Trouble,
    /// Those that are not over.
    open: HashMap<B256, Pin>,
    /// Those of them that wait, by the time when they are due.
    due: BTreeSet<(u64, B256)>,
    running: JoinSet<(B256, Result<Standing, Setback>)>,
    /// How often in a row the store itself was in trouble.
    troubles: u32,
    closed_until: Instant,
}

impl Worker {
    /// Takes up what an earlier run has left.
    pub(in crate::miner) fn resume(
        machine: Arc<Machine>,
        waiting: Waiting,
    ) -> Result<Self, MinerError> {
        let open = machine.store.open_pins(waiting.store.name())?;
        let mut worker = Self {
            machine,
            store: waiting.store,
            new: waiting.pins,
            trouble: waiting.trouble,
            open: HashMap::new(),
            due: BTreeSet::new(),
            running: JoinSet::new(),
            troubles: 0,
            closed_until: Instant::now(),
        };
        for pin in open {
            worker.take(pin);
        }
        Ok(worker)
    }

    /// Works until it is dropped.
    pub(in crate::miner) async fn run(mut self) -> Result<(), MinerError> {
        loop {
            self.drop_surplus();
            self.start();
            let wake = self.wake();
            tokio::select! {
                pin = self.new.recv() => match pin {
                    Some(pin) => self.take(pin),
                    None => return Ok(()),
                },
                Some(done) = self.running.join_next(), if !self.running.is_empty() => {
                    self.finish(done)?;
                }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    fn settings(&self) -> &Pinning {
        &self.machine.settings.pinning
    }

    fn take(&mut self, pin: Pin) {
        self.due.insert((pin.due, pin.digest));
        self.open.insert(pin.digest, pin);
    }

    /// Gives up the oldest beyond what may wait: what was solved last is asked for first.
    fn drop_surplus(&mut self) {
        let most = self.settings().queue.max(1);
        while self.open.len() > most {
            let oldest = self.due.iter().map(|(_, digest)| &self.open[digest]);
            let Some(oldest) = oldest.min_by_key(|pin| pin.since).map(|pin| pin.digest) else {
                return;
            };
            if let Some(mut pin) = self.open.remove(&oldest) {
                self.due.remove(&(pin.due, pin.digest));
                let note = format!("more than {most} wait for this store");
                pin.reach(PinStage::Failed, Some(note));
                self.write(&pin);
            }
        }
    }

    /// Starts what is due. While the store is in trouble, one attempt finds out how it is.
    fn start(&mut self) {
        if Instant::now() < self.closed_until {
            return;
        }
        let most = match self.troubles {
            0 => self.settings().parallel.max(1),
            _ => 1,
        };
        let now = now_millis();
        while self.running.len() < most
            && let Some(&(due, digest)) = self.due.first()
            && due <= now
        {
            self.due.remove(&(due, digest));
            let Some(pin) = self.open.get(&digest).cloned() else {
                continue;
            };
            let (machine, store) = (Arc::clone(&self.machine), Arc::clone(&self.store));
            self.running.spawn(async move {
                let outcome = attempt(&machine, &*store, &pin).await;
                (digest, outcome)
            });
        }
    }

    /// When there will be something to start.
    fn wake(&self) -> Instant {
        // A clock that was put back makes nothing wait for longer than this.
        let longest = self.settings().longest_pause;
        let next = self.due.first().map_or(longest, |(due, _)| {
            Duration::from_millis(due.saturating_sub(now_millis())).min(longest)
        });
        let at = |time| Instant::from_std(deadline::after(time));
        at(next).max(self.closed_until.min(at(longest)))
    }

    fn finish(
        &mut self,
        done: Result<(B256, Result<Standing, Setback>), JoinError>,
    ) -> Result<(), MinerError> {
        let (digest, outcome) = done.map_err(|error| MinerError::Crashed(error.to_string()))?;
        let Some(mut pin) = self.open.remove(&digest) else {
            return Ok(());
        };
        self.count(&pin, &outcome);
        match outcome {
            Ok(standing) => {
                self.opened();
                self.move_on(&mut pin, standing);
            }
            Err(setback) if setback.is_final() => {
                pin.reach(PinStage::Failed, Some(setback.to_string()));
            }
            Err(setback) => self.put_off(&mut pin, &setback),
        }
        let age = now_millis().saturating_sub(pin.since);
        if !pin.stage.is_over() && Duration::from_millis(age) > self.settings().give_up {
            let note = pin.note.take();
            let note = note.unwrap_or_else(|| "the store never said that it has it".to_owned());
            pin.reach(PinStage::Failed, Some(format!("given up: {note}")));
        }
        self.write(&pin);
        if !pin.stage.is_over() {
            self.take(pin);
        }
        Ok(())
    }

    fn count(&self, pin: &Pin, outcome: &Result<Standing, Setback>) {
        let name = match outcome {
            Ok(Standing::Underway(_)) => "sent",
            Ok(Standing::Claimed) => "pinned",
            Ok(Standing::Confirmed(_)) => "confirmed",
            Err(_) => "failed",
        };
        let metrics = &self.machine.metrics;
        metrics.pin_attempt(&pin.store, name);
        if matches!(outcome, Ok(Standing::Claimed | Standing::Confirmed(_))) {
            let took = now_millis().saturating_sub(pin.since);
            metrics.pinned(&pin.store, Duration::from_millis(took));
        }
    }

    fn move_on(&self, pin: &mut Pin, standing: Standing) {
        match standing {
            Standing::Underway(ticket) => {
                pin.reach(PinStage::Sent, None);
                pin.ticket = ticket;
                pin.attempts = pin.attempts.saturating_add(1);
                pin.due = later(self.pause(pin.attempts).min(LONGEST_POLL));
            }
            Standing::Claimed => pin.reach(PinStage::Pinned, None),
            Standing::Confirmed(_) => pin.reach(PinStage::Confirmed, None),
        }
    }

    fn put_off(&mut self, pin: &mut Pin, setback: &Setback) {
        tracing::debug!(store = pin.store, cid = %pin.cid(), %setback, "not pinned yet");
        let stage = match setback {
            Setback::Store(PinError::Withheld { .. }) if !is_lost(pin) => PinStage::Sent,
            // What was not done has to be sent again; what could not be asked has not.
            Setback::Store(PinError::Withheld { .. } | PinError::Failed { .. }) => {
                PinStage::Waiting
            }
            _ => pin.stage,
        };
        pin.reach(stage, Some(setback.to_string()));
        match setback {
            Setback::Store(error) if error.concerns_store() => {
                self.close(error);
                let pause = self.closed_until.saturating_duration_since(Instant::now());
                pin.due = later(pause);
            }
            _ => {
                self.opened();
                pin.attempts = pin.attempts.saturating_add(1);
                pin.due = later(self.pause(pin.attempts));
            }
        }
    }

    /// Leaves the store alone for a while, longer each time.
    fn close(&mut self, error: &PinError) {
        self.troubles = self.troubles.saturating_add(1);
        let pause = error.pause().unwrap_or_default();
        let pause = pause.max(self.pause(self.troubles)).min(LONGEST_CLOSED);
        self.closed_until = deadline::after(pause).into();
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            tracing::warn!(store = self.store.name(), %error, "a store is in trouble");
        }
        *trouble = Some(error.to_string());
    }

    fn opened(&mut self) {
        self.troubles = 0;
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!(store = self.store.name(), "a store is back");
        }
    }

    /// The pause after so many attempts, the first of which is one.
    fn pause(&self, attempts: u32) -> Duration {
        let Pinning {
            retry,
            longest_pause,
            ..
        } = self.settings();
        retry
            .saturating_mul(1 << attempts.saturating_sub(1).min(20))
            .min(*longest_pause)
    }

    /// Writes down where a pin stands. If that cannot be done, the pin goes on from what was
    /// written before when the miner starts again, which costs a request.
    fn write(&self, pin: &Pin) {
        if let Err(error) = self.machine.store.save_pin(pin) {
            tracing::warn!(store = pin.store, cid = %pin.cid(), %error, "cannot write down how a pin stands");
        }
    }
}

/// So much later than now, milliseconds since 1970.
fn later(pause: Duration) -> u64 {
    let pause = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
    now_millis().saturating_add(pause)
}
