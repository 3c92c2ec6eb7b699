//! `cargo xtask test`: everything a change must pass, in one command; continuous integration runs exactly this.
//!
//! Each stage says what it found; a stage that fails does not stop the later ones. The last line is the sum:
//! `N passed, N failed`, counting every unit test, Python program and conformance method, and each other stage as one.

mod programs;
mod tidy;

use std::path::PathBuf;
use std::process::Command;

use crate::args::{Args, Spec};
use crate::{Result, conformance, process, repo};

const SPEC: Spec = Spec {
    valued: &["profile", "python", "jobs", "gc-stress", "only"],
    bare: &["quick"],
    help: "\
cargo xtask test [options]
  --only STAGES     some of: fmt,clippy,unit,tidy,programs,conformance
  --quick           without clippy, collector stress and conformance
  --profile P       how to build ferropy: dev, quick or release (dev)
  --python PATH     another interpreter for the Python programs and conformance
  --gc-stress LIST  the values of FERROPYD_GC_STRESS to repeat the programs with (1)
  --jobs N          Python programs at a time (2)
",
};

/// A part of the test command.
type Stage = fn(&Args) -> Result<Tally>;

/// How many checks passed and failed.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
}

impl Tally {
    fn one(good: bool) -> Tally {
        Tally { passed: good as usize, failed: !good as usize }
    }

    fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let quick = args.has("quick");
    let only = args.list("only");
    let stages: [(&str, bool, Stage); 6] = [
        ("fmt", true, |_| Ok(Tally::one(repo::cargo(&["fmt", "--all", "--check"])?))),
        ("clippy", !quick, |_| Ok(Tally::one(clippy()?))),
        ("unit", true, |_| unit_tests()),
        ("tidy", true, |_| Ok(tidy::check())),
        ("programs", true, python_programs),
        ("conformance", !quick, conformance_ratchet),
    ];
    if let Some(unknown) = only.iter().flatten().find(|name| stages.iter().all(|(stage, ..)| stage != name)) {
        return Err(format!("--only {unknown}: there is no such stage").into());
    }
    let mut sum = Tally::default();
    for (name, wanted, stage) in stages {
        if only.as_ref().map_or(!wanted, |only| !only.iter().any(|chosen| chosen == name)) {
            continue;
        }
        println!("== {name}");
        match stage(&args) {
            Ok(tally) => {
                println!("   {name}: {} passed, {} failed", tally.passed, tally.failed);
                sum.add(tally);
            }
            Err(error) => {
                println!("   {name}: {error}");
                sum.add(Tally::one(false));
            }
        }
    }
    println!("{} passed, {} failed", sum.passed, sum.failed);
    Ok(sum.failed == 0)
}

fn clippy() -> Result<bool> {
    repo::cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

/// `cargo test`, with its own counts where it got as far as counting.
fn unit_tests() -> Result<Tally> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["test", "--quiet", "--workspace", "--no-fail-fast"]).current_dir(repo::root());
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut tally = count_unit_tests(&text);
    if !output.status.success() {
        print!("{text}");
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

/// Adds up lines like `test result: ok. 3 passed; 0 failed; ...`.
fn count_unit_tests(text: &str) -> Tally {
    let mut tally = Tally::default();
    for line in text.lines().filter(|line| line.starts_with("test result:")) {
        let count = |what: &str| -> usize {
            let before = line.split(what).next().unwrap_or_default();
            before.split_whitespace().next_back().and_then(|word| word.parse().ok()).unwrap_or(0)
        };
        tally.add(Tally { passed: count(" passed;"), failed: count(" failed;") });
    }
    tally
}

fn python_programs(args: &Args) -> Result<Tally> {
    let python = repo::interpreter(args, "dev")?;
    let mut modes = vec![programs::Mode::plain()];
    if !args.has("quick") {
        let values = args.list("gc-stress").unwrap_or_else(|| vec!["1".to_string()]);
        modes.extend(values.iter().map(|value| programs::Mode::gc_stress(value)));
    }
    programs::run(&python, &modes, args.value("jobs", process::default_jobs())?)
}

fn conformance_ratchet(args: &Args) -> Result<Tally> {
    let python: PathBuf = repo::interpreter(args, "dev")?;
    let (passed, lost) = conformance::check_set("ci", python)?;
    conformance::print_lost(&lost);
    Ok(Tally { passed, failed: lost.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unit_tests_are_counted() {
        let text =
            "test result: ok. 3 passed; 0 failed; 1 ignored\nx\ntest result: FAILED. 10 passed; 2 failed; 0 ignored";
        assert_eq!(count_unit_tests(text), Tally { passed: 13, failed: 2 });
    }
}
