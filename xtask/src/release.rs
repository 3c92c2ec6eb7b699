//! `cargo xtask release`: the executable that is meant to be handed out, optimised with a profile (PGO) as CPython's and
//! PyPy's own distributions are.
//!
//! Three steps: an *instrumented* build counts which branches are taken; it runs the *training* programs (those of
//! `bench/training` and `bench/micro`, and the Python test programs, but none that the benchmarks measure); a release build
//! uses the counts. The tools come with the compiler (rustup's component `llvm-tools`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::args::Spec;
use crate::process::Limits;
use crate::{Result, process, repo};

const SPEC: Spec = Spec {
    valued: &[],
    bare: &["keep-profile"],
    help: "\
cargo xtask release [--keep-profile]
  Builds a release executable that is optimised with a profile, and prints its path. It builds twice. --keep-profile: does not train again if there is a profile from last time.
",
};

/// A training program that takes longer, or more memory, does not count.
const LIMITS: Limits<'static> = Limits { time: Duration::from_secs(120), memory: 2 << 30, pulse: None };

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let folder = repo::target().join("profiled");
    let profile = folder.join("ferropy.profdata");
    if !args.has("keep-profile") || !profile.is_file() {
        let merger = merger()?;
        let raw = folder.join("raw");
        let instrumented = build(&format!("profile-generate={}", raw.display()))?;
        // After the build, whose own runs of instrumented code do not count.
        repo::fresh_folder(&raw)?;
        train(&instrumented, &raw)?;
        merge(&merger, &raw, &profile)?;
    }
    let built = build(&format!("profile-use={}", profile.display()))?;
    println!("{}", built.display());
    Ok(true)
}

/// The processor and system that rustc builds for when nothing else is said.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").current_dir(repo::root()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host:"));
    Ok(line.ok_or("rustc -vV names no host")?.trim().to_string())
}

/// The path of `llvm-profdata`, installed if rustup can.
fn merger() -> Result<PathBuf> {
    let sysroot = repo::first_line("rustc", &["--print", "sysroot"]);
    let path = Path::new(&sysroot).join("lib/rustlib").join(host()?).join("bin/llvm-profdata");
    if !path.is_file() {
        let added = Command::new("rustup").args(["component", "add", "llvm-tools"]).current_dir(repo::root()).status();
        if !added.is_ok_and(|status| status.success()) || !path.is_file() {
            return Err(format!("there is no {}: `rustup component add llvm-tools` installs it", path.display()).into());
        }
    }
    Ok(path)
}

/// Builds with one more code-generation option, for the executable and all that it uses but not for build scripts. Both
/// builds must be alike in everything else: counts of a function that was optimised in another way are thrown away.
fn build(option: &str) -> Result<PathBuf> {
    let (host, folder) = (host()?, repo::target().join("profiled"));
    let flags = format!("target.{host}.rustflags=['-C', '{option}']");
    let folder_text = folder.to_string_lossy().into_owned();
    let words = ["build", "--release", "-p", "ferropy-cli", "--target", &host, "--target-dir", &folder_text];
    if !repo::cargo(&[&words[..], &["--config", &flags]].concat())? {
        return Err("ferropy does not build".into());
    }
    Ok(folder.join(&host).join("release/ferropy"))
}

fn train(python: &Path, raw: &Path) -> Result<()> {
    let root = repo::root();
    let pattern = raw.join("%m.profraw");
    for folder in ["bench/training", "bench/micro", "tests/python"] {
        for program in repo::files_below(&root.join(folder), ".py") {
            let mut command = Command::new(python);
            command.arg(&program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.env("LLVM_PROFILE_FILE", &pattern).env("PYTHONPATH", root.join("bench/shim"));
            command.env("FERROPYD_BENCH_OUT", "/dev/null").env("FERROPYD_BENCH_SECONDS", "0.2");
            let outcome = process::run(&mut command, Some(&LIMITS))?;
            // Some test programs end by an error because that is what they show.
            if folder != "tests/python" && outcome.end != process::End::Exit(0) {
                return Err(format!("{}: {}", program.display(), outcome.end.describe()).into());
            }
            println!(
                "trained with {}: {}",
                program.strip_prefix(&root).unwrap_or(&program).display(),
                outcome.end.describe()
            );
        }
    }
    Ok(())
}

fn merge(merger: &Path, raw: &Path, profile: &Path) -> Result<()> {
    let mut command = Command::new(merger);
    command.args(["merge", "-o"]).arg(profile).args(repo::files_below(raw, ".profraw"));
    if !command.status()?.success() {
        return Err("the profiles cannot be merged".into());
    }
    Ok(())
}
