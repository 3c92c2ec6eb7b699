//! The Python programs in tests/python, each run in several modes and compared with what it says it expects.
//!
//! Expectations are comments of the program, anywhere in it, each on a line of its own:
//! ```text
//! # expect: a line of output       (all such lines, in order, are the whole output)
//! # expect-exit: 3                 (the exit code; 0 by itself, 1 where an error is expected)
//! # expect-error: some text        (stands in what it writes to stderr; may be repeated)
//! # args: --flag word              (arguments of the program)
//! # seconds: 30                    (its time limit, instead of 20)
//! # skip-mode: gc-stress           (a mode not to run it in)
//! ```
//! A program without `expect` may print what it likes: it checks itself with `assert`. A folder named `lib` holds
//! modules that programs import, and is not run.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Tally;
use crate::process::{self, End, Limits};
use crate::{Result, repo};

const MEMORY: u64 = 4 << 30;

/// A way to run every program: a name, environment variables and interpreter options.
#[derive(Clone)]
pub struct Mode {
    name: String,
    env: Vec<(String, String)>,
    options: Vec<String>,
    /// Time limits are multiplied by this.
    patience: u64,
}

impl Mode {
    pub fn plain() -> Mode {
        Mode { name: "plain".into(), env: Vec::new(), options: Vec::new(), patience: 1 }
    }

    /// A collection every so often, wherever one may happen.
    pub fn gc_stress(value: &str) -> Mode {
        let env = vec![("FERROPYD_GC_STRESS".to_string(), value.to_string())];
        Mode { name: format!("gc-stress={value}"), env, options: Vec::new(), patience: 10 }
    }
}

/// What a program expects of itself.
#[derive(Debug, Default, PartialEq)]
struct Expectations {
    output: Option<String>,
    exit: Option<i32>,
    errors: Vec<String>,
    args: Vec<String>,
    seconds: Option<u64>,
    skipped_modes: Vec<String>,
}

impl Expectations {
    fn parse(source: &str) -> Result<Expectations> {
        let mut found = Expectations::default();
        for line in source.lines() {
            let Some((key, value)) = line.strip_prefix("# ").and_then(|rest| rest.split_once(':')) else { continue };
            let text = value.strip_prefix(' ').unwrap_or(value);
            let number = || value.trim().parse::<u64>().map_err(|_| format!("'{line}': not a number"));
            match key {
                "expect" => {
                    let output = found.output.get_or_insert_default();
                    output.push_str(text);
                    output.push('\n');
                }
                "expect-exit" => found.exit = Some(number()? as i32),
                "expect-error" => found.errors.push(text.to_string()),
                "args" => found.args.extend(text.split_whitespace().map(str::to_string)),
                "seconds" => found.seconds = Some(number()?),
                "skip-mode" => found.skipped_modes.push(text.trim().to_string()),
                _ => {}
            }
        }
        Ok(found)
    }

    fn exit_code(&self) -> i32 {
        self.exit.unwrap_or(if self.errors.is_empty() { 0 } else { 1 })
    }

    fn skips(&self, mode: &Mode) -> bool {
        let kind = mode.name.split('=').next().unwrap_or_default();
        self.skipped_modes.iter().any(|skipped| *skipped == mode.name || skipped == kind)
    }
}

/// Runs all programs in all modes.
pub fn run(python: &Path, modes: &[Mode], jobs: usize) -> Result<Tally> {
    let folder = repo::root().join("tests/python");
    let programs = repo::files_below(&folder, ".py");
    let programs = programs.into_iter().filter(|path| !path.iter().any(|part| part == "lib"));
    let mut runs = Vec::new();
    for path in programs {
        let expectations = Expectations::parse(&repo::read(&path)?)?;
        runs.extend(modes.iter().filter(|mode| !expectations.skips(mode)).map(|mode| (path.clone(), mode.clone())));
    }
    let work = std::env::temp_dir().join(format!("ferropy-programs-{}", std::process::id()));
    repo::fresh_folder(&work)?;
    let numbered: Vec<_> = runs.into_iter().enumerate().collect();
    let complaints = process::in_parallel(numbered, jobs, |(number, (path, mode))| {
        let verdict = run_one(python, &path, &mode, &work.join(number.to_string()));
        verdict.err().map(|reason| (path, mode.name, reason))
    });
    let mut tally = Tally::default();
    for complaint in complaints {
        tally.add(Tally::one(complaint.is_none()));
        if let Some((path, mode, reason)) = complaint {
            let name = path.strip_prefix(repo::root()).unwrap_or(&path).display();
            println!("   FAILED {name} ({mode}): {reason}");
        }
    }
    let _ = fs::remove_dir_all(&work);
    Ok(tally)
}

/// Runs a program in a folder of its own; the error is what was wrong.
fn run_one(python: &Path, path: &Path, mode: &Mode, work: &Path) -> Result<()> {
    let expectations = Expectations::parse(&repo::read(path)?)?;
    let cwd: PathBuf = work.join("cwd");
    fs::create_dir_all(&cwd)?;
    let (out, err) = (work.join("out"), work.join("err"));
    let mut command = Command::new(python);
    command.args(&mode.options).arg(path).args(&expectations.args).envs(mode.env.iter().cloned());
    command.env("PYTHONHASHSEED", "1").env("PYTHONDONTWRITEBYTECODE", "1").current_dir(&cwd);
    command.stdin(Stdio::null()).stdout(File::create(&out)?).stderr(File::create(&err)?);
    let time = Duration::from_secs(expectations.seconds.unwrap_or(20) * mode.patience);
    let outcome = process::run(&mut command, Some(&Limits { time, memory: MEMORY, pulse: None }))?;
    let (stdout, stderr) = (lossy(&out)?, lossy(&err)?);
    if outcome.end != End::Exit(expectations.exit_code()) {
        let wanted = expectations.exit_code();
        return Err(format!("{}, expected exit code {wanted}{}", outcome.end.describe(), tail(&stderr)).into());
    }
    if let Some(missing) = expectations.errors.iter().find(|text| !stderr.contains(*text)) {
        return Err(format!("stderr lacks '{missing}'{}", tail(&stderr)).into());
    }
    match &expectations.output {
        Some(expected) if *expected != stdout => Err(difference(expected, &stdout).into()),
        _ => Ok(()),
    }
}

fn lossy(path: &Path) -> Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// The last lines of an error output, for a message.
fn tail(stderr: &str) -> String {
    let lines: Vec<&str> = stderr.trim_end().lines().collect();
    let last = &lines[lines.len().saturating_sub(6)..];
    last.iter().map(|line| format!("\n     | {line}")).collect()
}

/// The first line where the outputs part.
fn difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    let mut number = 1;
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return "the output differs in its line ends".into(),
            (one, other) if one == other => number += 1,
            (one, other) => {
                let show = |line: Option<&str>| line.map_or("nothing".into(), |line| format!("{line:?}"));
                return format!("output line {number}: expected {}, found {}", show(one), show(other));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_read() {
        let source = "print(1)\n# expect: 1\n# expect:\n# expect-exit: 3\n# expect-error: ValueError: x\n# note: y\n";
        let found = Expectations::parse(source).unwrap();
        assert_eq!(found.output.as_deref(), Some("1\n\n"));
        assert_eq!((found.exit_code(), &found.errors[..]), (3, &["ValueError: x".to_string()][..]));
        assert!(Expectations::parse("# expect-exit: soon").is_err());
    }

    #[test]
    fn an_expected_error_means_exit_code_1() {
        assert_eq!(Expectations::parse("# expect-error: E").unwrap().exit_code(), 1);
        assert_eq!(Expectations::default().exit_code(), 0);
    }

    #[test]
    fn modes_are_skipped_by_kind() {
        let found = Expectations::parse("# skip-mode: gc-stress").unwrap();
        assert!(found.skips(&Mode::gc_stress("7")));
        assert!(!found.skips(&Mode::plain()));
    }

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nc\n"), "output line 2: expected \"b\", found \"c\"");
        assert_eq!(difference("a\n", ""), "output line 1: expected \"a\", found nothing");
    }
}
