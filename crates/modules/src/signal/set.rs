//! Sets of signals, as the system's functions take them.

use std::io::Error;

/// A set of signals. It always holds a set that was initialised, so that calls with it need no further argument.
#[derive(Clone, Copy)]
pub struct SignalSet(libc::sigset_t);

impl SignalSet {
    fn filled_by(fill: unsafe extern "C" fn(*mut libc::sigset_t) -> i32) -> (SignalSet, i32) {
        // SAFETY: all-zero is a valid set, and `fill` writes nothing but a set.
        unsafe {
            let mut set = std::mem::zeroed();
            let result = fill(&mut set);
            (SignalSet(set), result)
        }
    }

    pub fn empty() -> SignalSet {
        SignalSet::filled_by(libc::sigemptyset).0
    }

    pub fn full() -> SignalSet {
        SignalSet::filled_by(libc::sigfillset).0
    }

    /// The blocked signals that wait for being unblocked.
    pub fn pending() -> Result<SignalSet, Error> {
        match SignalSet::filled_by(libc::sigpending) {
            (set, 0) => Ok(set),
            _ => Err(Error::last_os_error()),
        }
    }

    /// Adds a signal; a number that is none is left out.
    pub fn add(&mut self, signal: i32) {
        // SAFETY: the set was initialised.
        unsafe { libc::sigaddset(&mut self.0, signal) };
    }

    pub fn has(&self, signal: i32) -> bool {
        // SAFETY: the set was initialised.
        unsafe { libc::sigismember(&self.0, signal) == 1 }
    }

    /// Changes which signals the calling thread blocks (`how` as in `pthread_sigmask`); what it blocked before.
    pub fn change_blocked(&self, how: i32) -> Result<SignalSet, Error> {
        let mut old = SignalSet::empty();
        // SAFETY: both sets were initialised.
        match unsafe { libc::pthread_sigmask(how, &self.0, &mut old.0) } {
            0 => Ok(old),
            errno => Err(Error::from_raw_os_error(errno)),
        }
    }

    /// Waits for one of the signals.
    pub fn wait(&self) -> Result<i32, Error> {
        let mut signal = 0;
        // SAFETY: the set was initialised, the number is ours.
        match unsafe { libc::sigwait(&self.0, &mut signal) } {
            0 => Ok(signal),
            errno => Err(Error::from_raw_os_error(errno)),
        }
    }

    pub fn as_raw(&self) -> &libc::sigset_t {
        &self.0
    }
}
