//! Time that counts: seconds in which the engine was not paused.
//!
//! Waits that protect somebody (to contest, to vote, to retract, to claim) are measured
//! in unpaused time, so that a pause eats none of them (protocol section 10). The pauses
//! are one word: when the running or last one began, when it ends or ended, and how long
//! all those before it lasted. A pause that nobody ends runs out by itself.

use crate::abi::event;
use crate::host::{self, Word};
use crate::layout::STORAGE;
use crate::revert::{Revert, ensure, error};
use crate::state::{Config, Ledger, Marks};
use crate::store::{Pack, put, take};
use arbius_protocol::clock::Clock;

/// Began 5, ends 5, before 5.
impl Pack for Clock {
    fn pack(&self) -> Word {
        let mut word = [0; 32];
        put::<0, 5>(&mut word, self.began.into());
        put::<5, 5>(&mut word, self.ends.into());
        put::<10, 5>(&mut word, self.before.into());
        word
    }

    fn unpack(word: &Word) -> Self {
        Self {
            began: take::<0, 5>(word) as u64,
            ends: take::<5, 5>(word) as u64,
            before: take::<10, 5>(word) as u64,
        }
    }
}

/// `paused()`: whether the engine is paused now.
pub(crate) fn paused() -> Result<bool, Revert> {
    Ok(STORAGE.state.clock.get().is_paused(host::now()))
}

/// `pauseEnd()`: when the running or last pause ends or ended; 0 if there was none.
pub(crate) fn pause_end() -> Result<u64, Revert> {
    Ok(STORAGE.state.clock.get().ends)
}

/// `setPaused(paused)`: begins a pause, which ends by itself after 14 days, or ends it.
///
/// # Errors
///
/// `NotPauser`, `PauseTooSoon` during a pause and within 14 days after one.
///
/// # Events
///
/// `PausedChanged`.
pub(crate) fn set_paused(paused: bool) -> Result<(), Revert> {
    ensure!(host::sender() == STORAGE.state.pauser.get(), NotPauser);
    let now = host::now();
    let clock = STORAGE.state.clock.get();
    let clock = if paused {
        clock.pause(now).map_err(|_| error!(PauseTooSoon))?
    } else {
        clock.resume(now)
    };
    STORAGE.state.clock.set(&clock);
    if paused {
        let mut config = Config::read();
        config.ever_paused = true;
        config.write();
        let mut ledger = Ledger::read();
        ledger.marks.set(Marks::EVER_PAUSED, true);
        ledger.write();
    }
    event!(PausedChanged).uint(paused.into()).log(2);
    Ok(())
}
