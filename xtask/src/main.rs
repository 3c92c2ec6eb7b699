//! The project's own chores: `cargo xtask help` lists them.
//!
//! Each subcommand is a module with a `run(&[String]) -> Result<bool>`: `Ok(true)` is success, `Ok(false)` a failure
//! that the subcommand has already described, `Err` a reason it could not do its work at all.

mod args;
mod bench;
mod conformance;
mod process;
mod references;
mod release;
mod repo;
mod startup;
mod test;

use std::process::ExitCode;

/// Anything that stops a chore; the text is meant for a person.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Result<T> = std::result::Result<T, Error>;

const HELP: &str = "\
cargo xtask CHORE [options]      (cargo xtask CHORE --help says more)

  test [--quick]        everything a change must pass: formatting, lints, unit tests, tidiness, Python programs, conformance
  conformance           CPython's own test suite under ferropy, compared with what passed before
  bench                 pure-Python benchmarks side by side under ferropy, CPython and PyPy
  release               a release build that was trained: optimised with a profile of programs that ran
  startup               time and memory of `-c pass`, against CPython
  references            installs CPython 3.14 with its tests, and PyPy, to compare with
  help                  this text
";

fn main() -> ExitCode {
    let argv: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match argv.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &argv[..]),
    };
    let outcome = match chore {
        "test" => test::run(rest),
        "conformance" => conformance::run(rest),
        "bench" => bench::run(rest),
        "release" => release::run(rest),
        "startup" => startup::run(rest),
        "references" => references::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(true)
        }
        other => Err(format!("no chore is called '{other}'; `cargo xtask help` lists them").into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("xtask {chore}: {error}");
            ExitCode::from(2)
        }
    }
}
