//! Runs one benchmark program under one interpreter and takes in what the stand-in for pyperf recorded.
//!
//! Terms: a *program* is a file and may hold several *benchmarks*; a *round* is one process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{self, End, Limits};
use crate::{Result, repo};

const MEMORY: u64 = 8 << 30;

/// An interpreter to measure.
#[derive(Clone, Debug)]
pub struct Interpreter {
    pub name: String,
    pub path: PathBuf,
    pub env: Vec<(String, String)>,
}

/// A file to run.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub path: PathBuf,
}

/// What stays the same for all runs.
pub struct Setup {
    /// The time for each benchmark in each process, in seconds.
    pub seconds: f64,
    /// The least number of samples in each process.
    pub least: usize,
    /// PYTHONPATH: the stand-in for pyperf, and the packages.
    pub python_path: String,
    pub work: PathBuf,
}

/// What one benchmark showed under one interpreter, over all rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// The first iteration of each round, in seconds.
    pub first: Vec<f64>,
    /// The later half of each round's samples.
    pub steady: Vec<f64>,
    /// How many samples were taken in all.
    pub samples: usize,
    /// The text of what it returned, where that is plain.
    pub value: Option<String>,
}

/// What one program showed under one interpreter, over all rounds.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub benchmarks: BTreeMap<String, Numbers>,
    pub peak_kb: u64,
    pub output: String,
    /// Why it did not run to its end.
    pub failure: Option<String>,
}

impl Numbers {
    pub fn first_time(&self) -> f64 {
        median(&self.first)
    }

    pub fn steady_time(&self) -> f64 {
        median(&self.steady)
    }
}

/// The middle value; not a number when there are none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

impl Setup {
    /// One round: its results are added to what earlier rounds showed.
    pub fn run(&self, interpreter: &Interpreter, program: &Program, into: &mut Measured) -> Result<()> {
        if into.failure.is_some() {
            return Ok(());
        }
        let (results, out, err) = (self.work.join("results"), self.work.join("out"), self.work.join("err"));
        repo::write(&results, "")?;
        let cwd = self.work.join("cwd");
        repo::fresh_folder(&cwd)?;
        let mut command = Command::new(&interpreter.path);
        command.arg(&program.path).current_dir(&cwd).envs(interpreter.env.iter().cloned());
        command.env("PYTHONPATH", &self.python_path).env("PYTHONHASHSEED", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("FERROPYD_BENCH_OUT", &results).env("FERROPYD_BENCH_SECONDS", self.seconds.to_string());
        command.env("FERROPYD_BENCH_LEAST", self.least.to_string());
        command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
        // Without a new result for this long it hangs; a slow interpreter needs the least number of samples.
        let time = Duration::from_secs_f64(120.0 + 10.0 * self.seconds);
        let limits = Limits { time, memory: MEMORY, pulse: Some(&results) };
        let outcome = process::run(&mut command, Some(&limits))?;
        absorb(&repo::read(&results)?, &mut into.benchmarks);
        into.peak_kb = into.peak_kb.max(outcome.peak_kb);
        into.output = lossy(&out);
        if outcome.end != End::Exit(0) {
            let errors = lossy(&err);
            let last = errors.trim_end().lines().next_back().unwrap_or_default().to_string();
            into.failure = Some(format!("{}: {last}", outcome.end.describe()));
        } else if into.benchmarks.is_empty() {
            into.failure = Some("it ended without measuring anything".into());
        }
        Ok(())
    }
}

fn lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// Takes in the stand-in's lines (see bench/shim/pyperf.py).
fn absorb(text: &str, into: &mut BTreeMap<String, Numbers>) {
    let mut current = None;
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(' ') else { continue };
        match (key, &current) {
            ("B", _) => current = Some(rest.to_string()),
            ("V", Some(name)) => into.entry(name.clone()).or_default().value = Some(rest.to_string()),
            ("T", Some(name)) => {
                let times: Vec<f64> = rest.split(' ').filter_map(|time| time.parse().ok()).collect();
                let numbers = into.entry(name.clone()).or_default();
                numbers.first.extend(times.first());
                numbers.steady.extend(&times[times.len() / 2..]);
                numbers.samples += times.len();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_and_rounds_add_up() {
        let mut found = BTreeMap::new();
        absorb("B a\nV 42\nT 5.0 3.0 1.0 2.0\nB b\nT 1.0\n", &mut found);
        absorb("B a\nV 42\nT 7.0 3.0\n", &mut found);
        let a = &found["a"];
        assert_eq!((a.first_time(), a.steady_time(), a.samples), (6.0, 2.0, 6));
        assert_eq!(a.value.as_deref(), Some("42"));
        assert_eq!(found["b"].steady, [1.0]);
    }

    #[test]
    fn the_middle_of_an_even_number_is_between() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
