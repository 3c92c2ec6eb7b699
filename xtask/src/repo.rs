//! Where things are: the repository, cargo's target folder, the cache, the interpreter under test.
//!
//! Terms: *the interpreter under test* is the built `ferropy`, unless `--python PATH` names another program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Args;
use crate::{Error, Result};

/// The repository's top folder.
pub fn root() -> PathBuf {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_string());
    Path::new(&manifest).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Cargo's target folder.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The folder for downloads that outlive a checkout.
pub fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    Ok(base.or(home).ok_or("neither XDG_CACHE_HOME nor HOME is set")?.join("ferropy"))
}

/// Runs `cargo` in the repository with the output shown; whether it succeeded.
pub fn cargo(args: &[&str]) -> Result<bool> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Ok(Command::new(cargo).args(args).current_dir(root()).status()?.success())
}

/// The interpreter under test, built if it is ours. Knows the options `--python` and `--profile`.
pub fn interpreter(args: &Args, default_profile: &str) -> Result<PathBuf> {
    if let Some(path) = args.text("python") {
        let found = if path.contains('/') { fs::canonicalize(path).ok() } else { on_path(path) };
        return found.ok_or_else(|| format!("--python {path}: no such program").into());
    }
    build(args.text("profile").unwrap_or(default_profile))
}

/// Builds `ferropy` with a cargo profile and returns the executable's path.
pub fn build(profile: &str) -> Result<PathBuf> {
    if !cargo(&["build", "--quiet", "--profile", profile, "-p", "ferropy-cli"])? {
        return Err("ferropy does not build".into());
    }
    let folder = if profile == "dev" { "debug" } else { profile };
    let path = target().join(folder).join("ferropy");
    if path.is_file() { Ok(path) } else { Err(format!("cargo left no {}", path.display()).into()) }
}

/// A program on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// The first line a command prints, or an empty string.
pub fn first_line(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(root()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_string()
}

/// The checked-out commit, abbreviated, with `+` when the tree has changes.
pub fn commit() -> String {
    let id = first_line("git", &["rev-parse", "--short=10", "HEAD"]);
    let changed = !first_line("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty();
    format!("{id}{}", if changed { "+" } else { "" })
}

/// Today, as year-month-day.
pub fn today() -> String {
    first_line("date", &["-u", "+%F"])
}

/// Reads a text file; the error names it.
pub fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| named(path, error))
}

/// Writes a file and the folders above it; the error names it.
pub fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| named(folder, error))?;
    }
    fs::write(path, text).map_err(|error| named(path, error))
}

/// An empty folder: whatever was there is gone.
pub fn fresh_folder(path: &Path) -> Result<()> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(|error| named(path, error))?;
    }
    fs::create_dir_all(path).map_err(|error| named(path, error))
}

/// The files below a folder whose name ends in `suffix`, sorted; none if the folder does not exist.
pub fn files_below(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files_below(&path, suffix));
        } else if path.to_string_lossy().ends_with(suffix) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn named(path: &Path, error: std::io::Error) -> Error {
    format!("{}: {error}", path.display()).into()
}
