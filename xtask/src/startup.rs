//! `cargo xtask startup`: what it costs to start the interpreter and do nothing, against CPython.
//!
//! CPython here starts through a one-line shell script (see references), so ferropy does too; the script's cost is
//! measured and shown on its own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::args::Spec;
use crate::bench::{machine, median, time};
use crate::{Result, process, references, repo};

const SPEC: Spec = Spec {
    valued: &["profile", "python", "times"],
    bare: &[],
    help: "\
cargo xtask startup [--times N] [--profile P] [--python PATH]
  The median time and peak memory of N (20) runs of `-c pass`, under ferropy and CPython in turn.
",
};

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let times: usize = args.value("times", 20)?;
    let python = repo::interpreter(&args, "release")?;
    let references = references::find()?;
    let work = std::env::temp_dir().join(format!("ferropy-startup-{}", std::process::id()));
    repo::fresh_folder(&work)?;
    let ferropy = script(&work.join("ferropy"), &format!("exec '{}' \"$@\"", python.display()))?;
    let nothing = script(&work.join("nothing"), "exec true")?;
    let subjects = [("ferropy", ferropy), ("cpython", references.cpython), ("(script)", nothing)];
    let mut results = vec![(Vec::new(), Vec::new()); subjects.len()];
    // The first turn only warms the caches.
    for turn in 0..=times {
        for ((name, path), (seconds, memory)) in subjects.iter().zip(&mut results) {
            let (elapsed, peak_mb) = once(name, path)?;
            if turn > 0 {
                seconds.push(elapsed);
                memory.push(peak_mb);
            }
        }
    }
    println!("`-c pass`, median of {times}, on {}", machine());
    for ((name, _), (seconds, memory)) in subjects.iter().zip(&results) {
        println!("  {name:10} {:>10}   {:6.1} MB", time(median(seconds)), median(memory));
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(true)
}

fn script(path: &Path, line: &str) -> Result<PathBuf> {
    repo::write(path, &format!("#!/bin/sh\n{line}\n"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    Ok(path.to_path_buf())
}

/// One run's time in seconds and peak memory in megabytes.
fn once(name: &str, path: &Path) -> Result<(f64, f64)> {
    let mut command = Command::new(path);
    command.args(["-c", "pass"]).stdin(Stdio::null()).stdout(Stdio::null());
    let outcome = process::run(&mut command, None)?;
    if outcome.end != process::End::Exit(0) {
        return Err(format!("{name}: {}", outcome.end.describe()).into());
    }
    Ok((outcome.elapsed.as_secs_f64(), outcome.peak_kb as f64 / 1024.0))
}
