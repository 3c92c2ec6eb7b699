//! Runs one module of CPython's test suite under an interpreter, whatever it takes.
//!
//! The driver (`driver.py`) runs in the interpreter under test and streams what happens into a file. When it dies or
//! hangs, the method it was in is the *culprit*; the driver is started again without the culprit and without all that
//! had already run, so one crash costs one method.
//! Invariant: a `Report` holds every method that was started, with its worst outcome.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{self, End, Limits};
use crate::{Result, repo};

const MOST_RESTARTS: usize = 20;
const MEMORY: u64 = 4 << 30;

/// How a method went; later is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Skip,
    Pass,
    Fail,
    Hang,
    Crash,
}

impl Outcome {
    pub const ALL: [Outcome; 5] = [Outcome::Skip, Outcome::Pass, Outcome::Fail, Outcome::Hang, Outcome::Crash];

    /// The word in the result files.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Skip => "SKIP",
            Outcome::Pass => "PASS",
            Outcome::Fail => "FAIL",
            Outcome::Hang => "HANG",
            Outcome::Crash => "CRASH",
        }
    }
}

/// One method's outcome and the first line of its error.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub outcome: Outcome,
    pub ms: u64,
    pub message: String,
}

/// What became of a module.
#[derive(Default)]
pub struct Report {
    pub entries: BTreeMap<String, Entry>,
    pub elapsed: Duration,
    pub restarts: usize,
}

/// What stays the same for all modules of a run.
pub struct Setup {
    pub python: PathBuf,
    /// The folder for this run's files; what was there before is lost.
    pub work: PathBuf,
    /// A folder that holds nothing but CPython's package `test`.
    pub tests: PathBuf,
    /// The longest a method may take.
    pub timeout: Duration,
    /// Only methods whose name contains this.
    pub matching: Option<String>,
}

/// Stand-ins for extension modules that CPython builds for its tests alone; what they say is true of any interpreter.
const SUBSTITUTES: [(&str, &str); 2] = [
    ("_testlimitedcapi.py", include_str!("../../../tests/conformance/substitutes/_testlimitedcapi.py")),
    ("_testinternalcapi.py", include_str!("../../../tests/conformance/substitutes/_testinternalcapi.py")),
];

impl Setup {
    pub fn new(python: PathBuf, tests: &Path, timeout: Duration) -> Result<Setup> {
        let work = std::env::temp_dir().join(format!("ferropy-conformance-{}", std::process::id()));
        repo::fresh_folder(&work)?;
        let folder = work.join("lib");
        fs::create_dir(&folder)?;
        std::os::unix::fs::symlink(tests, folder.join("test"))?;
        // Next to `test`, where the modules of the C interface's own tests would be found if there were any.
        for (name, text) in SUBSTITUTES {
            repo::write(&folder.join(name), text)?;
        }
        repo::write(&work.join("driver.py"), include_str!("driver.py"))?;
        Ok(Setup { python, work, tests: folder, timeout, matching: None })
    }

    /// Runs a module; `only` restricts it to some methods.
    pub fn run(&self, module: &str, only: Option<&[String]>) -> Result<Report> {
        let start = Instant::now();
        let folder = self.work.join(module);
        repo::fresh_folder(&folder)?;
        if let Some(only) = only {
            repo::write(&folder.join("only"), &only.join("\n"))?;
        }
        let mut report = Report::default();
        loop {
            let known = report.entries.len();
            let end = self.run_once(module, &folder, &mut report)?;
            let stuck = report.entries.len() <= known;
            let Some(_) = end else { break };
            if stuck || report.restarts == MOST_RESTARTS {
                report.add("<restarts>", Outcome::Crash, 0, "given up: it dies again and again");
                break;
            }
            if report.entries.get("<module>").is_some_and(|entry| entry.outcome > Outcome::Pass) {
                break;
            }
            report.restarts += 1;
        }
        report.elapsed = start.elapsed();
        // A module that loads is not a result.
        if report.entries.get("<module>").is_some_and(|entry| entry.outcome == Outcome::Pass) {
            report.entries.remove("<module>");
        }
        let _ = fs::remove_dir_all(&folder);
        Ok(report)
    }

    /// One process; the answer is how it died, or `None` if it came to its end.
    fn run_once(&self, module: &str, folder: &Path, report: &mut Report) -> Result<Option<End>> {
        let out = folder.join("out");
        let cwd = folder.join("cwd");
        repo::fresh_folder(&cwd)?;
        let done: Vec<&str> = report.entries.keys().map(String::as_str).collect();
        repo::write(&folder.join("skip"), &done.join("\n"))?;
        repo::write(&out, "")?;
        let mut command = self.command(module, folder, &out, &cwd)?;
        let limits = Limits { time: self.timeout, memory: MEMORY, pulse: Some(&out) };
        let outcome = process::run(&mut command, Some(&limits))?;
        let text = fs::read(&out)?;
        let finished = report.absorb(&String::from_utf8_lossy(&text), outcome.end);
        Ok((!finished).then_some(outcome.end))
    }

    fn command(&self, module: &str, folder: &Path, out: &Path, cwd: &Path) -> Result<Command> {
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new(&self.python);
        command.arg(self.work.join("driver.py")).arg(module).arg(&self.tests).arg(out);
        command.arg(format!("skip={}", folder.join("skip").display()));
        command.arg(format!("executable={}", self.python.display()));
        if folder.join("only").exists() {
            command.arg(format!("only={}", folder.join("only").display()));
        }
        if let Some(text) = &self.matching {
            command.arg(format!("match={text}"));
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PYTHON") {
                command.env_remove(name);
            }
        }
        command.env("PYTHONHASHSEED", "1").env("LC_ALL", "C.UTF-8").env("TMPDIR", cwd);
        command.current_dir(cwd).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }
}

impl Drop for Setup {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.work);
    }
}

impl Report {
    pub fn count(&self, outcome: Outcome) -> usize {
        self.entries.values().filter(|entry| entry.outcome == outcome).count()
    }

    fn add(&mut self, id: &str, outcome: Outcome, ms: u64, message: &str) {
        let entry = Entry { outcome, ms, message: message.to_string() };
        match self.entries.get_mut(id) {
            Some(known) if known.outcome >= outcome => {}
            Some(known) => *known = entry,
            None => drop(self.entries.insert(id.to_string(), entry)),
        }
    }

    /// Takes in what a driver wrote before it ended; whether it came to its own end.
    fn absorb(&mut self, text: &str, end: End) -> bool {
        let mut running = None;
        let mut finished = false;
        for line in text.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            match fields[..] {
                ["S", id] => running = Some(id.to_string()),
                ["R", id, outcome, ms, message] => {
                    let outcome = match outcome {
                        "pass" => Outcome::Pass,
                        "skip" => Outcome::Skip,
                        _ => Outcome::Fail,
                    };
                    self.add(id, outcome, ms.parse().unwrap_or(0), message);
                    running = None;
                }
                ["E"] => finished = true,
                _ => {}
            }
        }
        let bad = if end == End::Hung { Outcome::Hang } else { Outcome::Crash };
        if finished {
            if end != End::Exit(0) {
                self.add("<exit>", bad, 0, &end.describe());
            }
        } else {
            self.add(&running.unwrap_or("<between methods>".into()), bad, 0, &end.describe());
        }
        finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_culprit_of_a_crash_is_known() {
        let mut report = Report::default();
        let text = "S\t<module>\nR\t<module>\tpass\t0\t\nS\tA.one\nR\tA.one\tpass\t3\t\nS\tA.two\n";
        assert!(!report.absorb(text, End::Signal(libc::SIGSEGV)));
        assert_eq!(report.entries["A.one"].outcome, Outcome::Pass);
        assert_eq!(report.entries["A.two"].outcome, Outcome::Crash);
        assert_eq!(report.entries["A.two"].message, "signal SIGSEGV");
    }

    #[test]
    fn the_worst_outcome_counts() {
        let mut report = Report::default();
        assert!(report.absorb("R\tA.x\tfail\t0\tboom\nR\tA.x\tpass\t0\t\nE\n", End::Exit(0)));
        assert_eq!(report.entries["A.x"], Entry { outcome: Outcome::Fail, ms: 0, message: "boom".into() });
        assert_eq!(report.entries.len(), 1);
    }

    /// Speaks the driver's protocol in shell: crashes in A.two until that is skipped, then hangs in A.three.
    const STAND_IN: &str = r#"#!/bin/sh
out=$4; skip=${5#skip=}
say() { printf "$1" >>"$out"; }
say 'S\t<module>\nR\t<module>\tpass\t0\t\n'
grep -q A.one "$skip" || say 'S\tA.one\nR\tA.one\tpass\t1\t\n'
grep -q A.two "$skip" || { say 'S\tA.two\n'; kill -ABRT $$; }
grep -q A.three "$skip" || { say 'S\tA.three\n'; sleep 60; }
say 'S\tA.four\nR\tA.four\tfail\t1\tValueError: x\nE\n'
"#;

    #[test]
    fn a_run_goes_on_after_a_crash_and_a_hang() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("ferropy-stand-in-{}", std::process::id()));
        let python = folder.join("python");
        repo::write(&python, STAND_IN).unwrap();
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
        let setup = Setup::new(python, &folder, Duration::from_millis(400)).unwrap();
        let report = setup.run("test_x", None).unwrap();
        let found: Vec<_> = report.entries.iter().map(|(id, entry)| (id.as_str(), entry.outcome)).collect();
        let expected = [
            ("A.four", Outcome::Fail),
            ("A.one", Outcome::Pass),
            ("A.three", Outcome::Hang),
            ("A.two", Outcome::Crash),
        ];
        assert_eq!(found, expected);
        assert_eq!(report.restarts, 2);
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_bad_end_is_noticed() {
        let mut report = Report::default();
        assert!(report.absorb("E\n", End::Exit(120)));
        assert_eq!(report.entries["<exit>"].outcome, Outcome::Crash);
    }
}
