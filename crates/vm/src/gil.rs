//! The lock that lets one thread run at a time, with hand-over on request.
//!
//! A thread that waits longer than the switch interval asks the holder to hand over (by the holder's safepoint word); the
//! holder then lets the waiting one run before it competes again.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::*};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

#[derive(Default)]
struct State {
    held: bool,
    /// Counts hand-overs, so that one who gave the lock up can see that another had it.
    turns: u64,
    waiting: u32,
}

#[derive(Default)]
pub struct Gil {
    state: Mutex<State>,
    free: Condvar,
    taken: Condvar,
    /// The holder should hand over at its next safepoint.
    pub requested: AtomicBool,
    pub interval_us: AtomicU64,
    pub threads: AtomicU32,
}

impl Gil {
    pub fn new() -> Gil {
        Gil { interval_us: AtomicU64::new(5000), ..Gil::default() }
    }

    /// Takes the lock; `poke` is called when the holder should be interrupted.
    pub fn acquire(&self, poke: impl Fn()) {
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        s.waiting += 1;
        while s.held {
            let turns = s.turns;
            let wait = Duration::from_micros(self.interval_us.load(Relaxed).max(1));
            let (guard, timeout) = self.free.wait_timeout(s, wait).unwrap_or_else(|e| e.into_inner());
            s = guard;
            if timeout.timed_out() && s.held && s.turns == turns {
                self.requested.store(true, Relaxed);
                poke();
            }
        }
        s.waiting -= 1;
        s.held = true;
        s.turns += 1;
        self.requested.store(false, Relaxed);
        self.taken.notify_all();
    }

    pub fn release(&self) {
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        s.held = false;
        drop(s);
        self.free.notify_one();
    }

    /// Runs `f`, which forks: in the child nobody waits for the lock, which the calling thread holds.
    pub fn over_fork<T>(&self, f: impl FnOnce() -> T) -> T {
        let me = std::process::id();
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let out = f();
        if std::process::id() != me {
            s.waiting = 0;
            self.requested.store(false, Relaxed);
        }
        out
    }

    /// Releases the lock and waits until somebody else had it (if anybody waits).
    pub fn hand_over(&self) {
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        s.held = false;
        let turns = s.turns;
        self.free.notify_one();
        while s.turns == turns && s.waiting > 0 {
            s = self.taken.wait(s).unwrap_or_else(|e| e.into_inner());
        }
    }
}
