//! Who uses what of each station: sessions that run, sessions that are idle, their memory.
//!
//! No processes are started or ended here; it is bookkeeping alone, so that it can be
//! tested as such.

use crate::content::Cid;
use crate::inference::runtime::SessionOptions;

/// Idle and running children that a station has at most for each of its workers: a miner of
/// a few models keeps all of them loaded.
const CHILDREN_PER_WORKER: usize = 4;

/// What a child has loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// Place of the runtime in the station's list.
    pub(super) runtime: usize,
    /// Its session options.
    pub(super) session: SessionOptions,
    /// CID of the bundle's template; none yet, if it has just been started.
    pub(super) bundle: Option<Cid>,
}

impl Key {
    /// Whether a child with this loaded can do for that.
    fn serves(&self, wanted: &Self) -> bool {
        self.runtime == wanted.runtime
            && self.session == wanted.session
            && (self.bundle == wanted.bundle || self.bundle.is_none())
    }
}

/// A child that waits for work.
#[derive(Debug)]
pub(super) struct Idle<P> {
    pub(super) child: P,
    pub(super) key: Key,
    /// What it takes of the station's memory, bytes.
    pub(super) bytes: u64,
}

/// Room for one task, and perhaps a child that has the model loaded.
#[derive(Debug)]
pub(super) struct Taken<P> {
    pub(super) child: Option<P>,
    /// Children that had to give way; to be dropped outside of locks.
    pub(super) evicted: Vec<P>,
}

/// One station's books.
#[derive(Debug)]
pub(super) struct Ledger<P> {
    workers: usize,
    memory: Option<u64>,
    busy: usize,
    /// What the running sessions take, bytes.
    reserved: u64,
    /// The one that was used longest ago is the first.
    idle: Vec<Idle<P>>,
}

impl<P> Ledger<P> {
    pub(super) fn new(workers: usize, memory: Option<u64>) -> Self {
        Self {
            workers,
            memory,
            busy: 0,
            reserved: 0,
            idle: Vec::new(),
        }
    }

    /// Whether an idle child has the bundle loaded.
    pub(super) fn has(&self, key: &Key) -> bool {
        self.idle.iter().any(|idle| idle.key == *key)
    }

    /// Takes room for a task that needs so many bytes; `None` if it has to wait. `apart`
    /// takes no child that is idle, and ends the one that would have been taken.
    pub(super) fn take(&mut self, key: &Key, bytes: u64, apart: bool) -> Option<Taken<P>> {
        if self.busy >= self.workers || self.memory.is_some_and(|all| self.reserved + bytes > all) {
            return None;
        }
        let found = self
            .idle
            .iter()
            .rposition(|idle| idle.key == *key)
            .or_else(|| self.idle.iter().rposition(|idle| idle.key.serves(key)));
        let mut child = found.map(|place| self.idle.remove(place).child);
        let mut evicted = Vec::new();
        if apart {
            evicted.extend(child.take());
        }
        self.busy += 1;
        self.reserved += bytes;
        self.evict(&mut evicted);
        Some(Taken { child, evicted })
    }

    /// Gives room back, and a child if it may be used again. Returns what had to give way.
    pub(super) fn give_back(&mut self, bytes: u64, child: Option<Idle<P>>) -> Vec<P> {
        self.busy -= 1;
        self.reserved -= bytes;
        self.idle.extend(child);
        let mut evicted = Vec::new();
        self.evict(&mut evicted);
        evicted
    }

    /// Ends idle children, the one unused for longest first, until the others fit.
    fn evict(&mut self, evicted: &mut Vec<P>) {
        let too_many =
            |ledger: &Self| ledger.busy + ledger.idle.len() > ledger.workers * CHILDREN_PER_WORKER;
        let too_large = |ledger: &Self| {
            let idle: u64 = ledger.idle.iter().map(|idle| idle.bytes).sum();
            ledger
                .memory
                .is_some_and(|all| ledger.reserved + idle > all)
        };
        while !self.idle.is_empty() && (too_many(self) || too_large(self)) {
            evicted.push(self.idle.remove(0).child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::unixfs;

    fn key(model: u8) -> Key {
        Key {
            runtime: 0,
            session: SessionOptions::default(),
            bundle: Some(unixfs::cid_of(&[model])),
        }
    }

    fn idle(child: u8, model: u8, bytes: u64) -> Option<Idle<u8>> {
        let key = key(model);
        Some(Idle { child, key, bytes })
    }

    /// Runs a task of a model to its end and gives the child that served it, or `new`.
    fn run(ledger: &mut Ledger<u8>, model: u8, bytes: u64, new: u8) -> (u8, Vec<u8>) {
        let taken = ledger.take(&key(model), bytes, false).unwrap();
        let child = taken.child.unwrap_or(new);
        let mut evicted = taken.evicted;
        evicted.extend(ledger.give_back(bytes, idle(child, model, bytes)));
        (child, evicted)
    }

    #[test]
    fn a_model_is_loaded_once_and_taken_again() {
        let mut ledger = Ledger::new(1, None);
        assert_eq!(run(&mut ledger, 1, 10, 7), (7, vec![]));
        assert_eq!(run(&mut ledger, 1, 10, 8), (7, vec![]));
        assert!(ledger.has(&key(1)) && !ledger.has(&key(2)));
    }

    #[test]
    fn no_more_run_than_there_are_workers() {
        let mut ledger = Ledger::<u8>::new(2, None);
        assert!(ledger.take(&key(1), 1, false).is_some());
        assert!(ledger.take(&key(1), 1, false).is_some());
        assert!(ledger.take(&key(1), 1, false).is_none());
        ledger.give_back(1, None);
        assert!(ledger.take(&key(1), 1, false).is_some());
    }

    #[test]
    fn a_second_waits_where_memory_holds_one() {
        let mut ledger = Ledger::<u8>::new(4, Some(100));
        assert!(ledger.take(&key(1), 60, false).is_some());
        assert!(ledger.take(&key(2), 60, false).is_none());
        assert!(ledger.take(&key(2), 40, false).is_some());
        ledger.give_back(60, None);
        assert!(ledger.take(&key(2), 60, false).is_some());
    }

    #[test]
    fn the_idle_one_that_was_used_longest_ago_gives_way() {
        let mut ledger = Ledger::new(1, Some(100));
        run(&mut ledger, 1, 40, 1);
        run(&mut ledger, 2, 40, 2);
        run(&mut ledger, 1, 40, 3);
        // The second model's child gives way to the third's, the first stays.
        assert_eq!(run(&mut ledger, 3, 50, 4), (4, vec![2]));
        assert!(ledger.has(&key(1)) && ledger.has(&key(3)));
    }

    #[test]
    fn one_that_grew_while_it_ran_makes_others_give_way() {
        let mut ledger = Ledger::new(1, Some(100));
        run(&mut ledger, 1, 40, 1);
        ledger.take(&key(2), 40, false).unwrap();
        assert_eq!(ledger.give_back(40, idle(2, 2, 70)), [1]);
    }

    #[test]
    fn many_models_do_not_keep_many_children() {
        let mut ledger = Ledger::new(1, None);
        let gone: usize = (0..20)
            .map(|model| run(&mut ledger, model, 1, model).1.len())
            .sum();
        assert_eq!(gone, 20 - CHILDREN_PER_WORKER);
    }

    #[test]
    fn a_run_apart_ends_the_child_that_it_does_not_take() {
        let mut ledger = Ledger::new(1, None);
        run(&mut ledger, 1, 1, 1);
        let taken = ledger.take(&key(1), 1, true).unwrap();
        assert_eq!((taken.child, taken.evicted), (None, vec![1]));
    }

    #[test]
    fn a_child_without_a_model_serves_any() {
        let mut ledger = Ledger::new(2, None);
        let blank = |child| {
            let key = Key {
                bundle: None,
                ..key(0)
            };
            Some(Idle {
                child,
                key,
                bytes: 1,
            })
        };
        ledger.take(&key(0), 1, false).unwrap();
        ledger.give_back(1, blank(9));
        assert_eq!(ledger.take(&key(5), 1, false).unwrap().child, Some(9));
    }
}
