//! Running other programs with limits, and many at once.
//!
//! Terms: a *sign of life* is growth of a file that the child writes; without one for the time limit the child has hung.
//! Invariant: a child is alone in its process group, and the whole group is dead when `run` returns.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Result;

/// What a child may use.
pub struct Limits<'a> {
    /// The longest time without a sign of life; without a `pulse` file, the longest time in all.
    pub time: Duration,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// The file whose growth is the sign of life.
    pub pulse: Option<&'a Path>,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Signal(i32),
    Hung,
    TooBig,
}

/// What became of a child.
pub struct Outcome {
    pub end: End,
    pub elapsed: Duration,
    /// Peak resident memory.
    pub peak_kb: u64,
}

impl End {
    /// For messages: "exit code 3", "signal 11 (SIGSEGV)", ...
    pub fn describe(self) -> String {
        let name = match self {
            End::Exit(code) => return format!("exit code {code}"),
            End::Hung => return "time limit".into(),
            End::TooBig => return "memory limit".into(),
            End::Signal(libc::SIGSEGV) => "SIGSEGV",
            End::Signal(libc::SIGABRT) => "SIGABRT",
            End::Signal(libc::SIGBUS) => "SIGBUS",
            End::Signal(libc::SIGILL) => "SIGILL",
            End::Signal(libc::SIGFPE) => "SIGFPE",
            End::Signal(libc::SIGKILL) => "SIGKILL",
            End::Signal(number) => return format!("signal {number}"),
        };
        format!("signal {name}")
    }
}

/// Runs a child to its end. Without limits the wait is exact; with limits it looks every few milliseconds.
pub fn run(command: &mut Command, limits: Option<&Limits>) -> Result<Outcome> {
    let start = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let child = command.process_group(0).spawn().map_err(|error| format!("{program}: {error}"))?;
    let pid = child.id() as libc::pid_t;
    let mut watch = limits.map(|limits| Watch::new(limits, pid));
    loop {
        let reaped = reap(pid, watch.is_some());
        let verdict = match (&reaped, &mut watch) {
            (None, Some(watch)) => watch.verdict(),
            _ => None,
        };
        if let Some(end) = verdict {
            kill_group(pid);
            let peak_kb = reap(pid, false).map_or(0, |(_, peak)| peak);
            return Ok(Outcome { end, elapsed: start.elapsed(), peak_kb });
        }
        if let Some((end, peak_kb)) = reaped {
            let elapsed = start.elapsed();
            kill_group(pid);
            return Ok(Outcome { end, elapsed, peak_kb });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What is needed to decide whether a running child has broken its limits.
struct Watch<'a> {
    limits: &'a Limits<'a>,
    pid: libc::pid_t,
    alive: Instant,
    size: u64,
}

impl<'a> Watch<'a> {
    fn new(limits: &'a Limits<'a>, pid: libc::pid_t) -> Self {
        Watch { limits, pid, alive: Instant::now(), size: 0 }
    }

    fn verdict(&mut self) -> Option<End> {
        if let Some(pulse) = self.limits.pulse {
            let size = fs::metadata(pulse).map_or(0, |data| data.len());
            if size != self.size {
                self.size = size;
                self.alive = Instant::now();
            }
        }
        if self.alive.elapsed() > self.limits.time {
            return Some(End::Hung);
        }
        (resident(self.pid) > self.limits.memory).then_some(End::TooBig)
    }
}

/// The end and peak memory of a child that has ended; `None` if it has not and we do not wait.
fn reap(pid: libc::pid_t, only_look: bool) -> Option<(End, u64)> {
    let mut status = 0;
    // SAFETY: an all-zero rusage is valid, and both pointers are to live locals.
    let (answer, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let flags = if only_look { libc::WNOHANG } else { 0 };
        (libc::wait4(pid, &mut status, flags, &mut usage), usage)
    };
    if answer != pid {
        return (answer < 0 && !only_look).then_some((End::Exit(-1), 0));
    }
    let end = if libc::WIFSIGNALED(status) {
        End::Signal(libc::WTERMSIG(status))
    } else {
        End::Exit(libc::WEXITSTATUS(status))
    };
    Some((end, usage.ru_maxrss as u64))
}

fn kill_group(pid: libc::pid_t) {
    // SAFETY: kill has no memory effects; a group that is already gone is not an error for us.
    unsafe { libc::kill(-pid, libc::SIGKILL) };
}

/// A process's resident memory in bytes, 0 when it has gone.
fn resident(pid: libc::pid_t) -> u64 {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm.split(' ').nth(1).and_then(|field| field.parse().ok()).unwrap_or(0);
    pages * 4096
}

/// Applies `work` to each item on `jobs` threads; the answers come in the order of the items.
pub fn in_parallel<T: Send, R: Send>(items: Vec<T>, jobs: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let queue: Mutex<VecDeque<(usize, T)>> = Mutex::new(items.into_iter().enumerate().collect());
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop_front();
                    let Some((index, item)) = next else { break };
                    let answer = work(item);
                    answers.lock().unwrap().push((index, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap();
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Two, or fewer on a smaller machine: the tests measure time limits, so they should not crowd each other.
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limits: Option<&Limits>) -> Outcome {
        run(Command::new("sh").args(["-c", script]), limits).unwrap()
    }

    #[test]
    fn ends_are_told_apart() {
        let limits = Limits { time: Duration::from_millis(200), memory: 1 << 30, pulse: None };
        assert_eq!(shell("exit 3", None).end, End::Exit(3));
        assert_eq!(shell("exit 3", Some(&limits)).end, End::Exit(3));
        assert_eq!(shell("kill -SEGV $$", Some(&limits)).end.describe(), "signal SIGSEGV");
        assert_eq!(shell("sleep 5", Some(&limits)).end, End::Hung);
    }

    #[test]
    fn memory_is_limited() {
        let limits = Limits { time: Duration::from_secs(5), memory: 4096, pulse: None };
        assert_eq!(shell("sleep 5", Some(&limits)).end, End::TooBig);
    }

    #[test]
    fn answers_keep_their_order() {
        assert_eq!(in_parallel((0..50).collect(), 4, |n| n * 2), (0..50).map(|n| n * 2).collect::<Vec<_>>());
    }
}
