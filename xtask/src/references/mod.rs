//! `cargo xtask references`: the interpreters we compare with, from Debian's packages, in a cache folder of their own.
//!
//! Terms: a *reference* is CPython 3.14 (what is right) or PyPy (what is fast). The folder is
//! `$XDG_CACHE_HOME/ferropy/references`, or `FERROPYD_REFERENCES` for a tree that already exists elsewhere.
//! Invariant: a folder that holds the wrappers is complete; the installation gets its wrappers last.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Spec;
use crate::{Result, repo};

const SPEC: Spec = Spec {
    valued: &[],
    bare: &["again"],
    help: "\
cargo xtask references [--again]
  Installs CPython 3.14 with its test suite and PyPy with debootstrap (needs root and Debian's mirror; 300 MB; a minute
  or two), once, and prints where they are. --again installs afresh. FERROPYD_REFERENCES names another folder.
",
};

/// Where the references are.
pub struct References {
    pub cpython: PathBuf,
    pub pypy: PathBuf,
    /// The folder of CPython's package `test`.
    pub tests: PathBuf,
}

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let folder = folder()?;
    if args.has("again") {
        install(&folder)?;
    }
    let found = find()?;
    for path in [&found.cpython, &found.pypy] {
        println!("{}  ({})", path.display(), version(path));
    }
    println!("{}  (CPython's test suite)", found.tests.display());
    Ok(true)
}

/// The references, installed first if they are not there.
pub fn find() -> Result<References> {
    let folder = folder()?;
    if let Some(found) = look(&folder) {
        return Ok(found);
    }
    if std::env::var_os("FERROPYD_REFERENCES").is_some() {
        return Err(format!("FERROPYD_REFERENCES: {} holds no references", folder.display()).into());
    }
    install(&folder)?;
    look(&folder).ok_or_else(|| format!("the installation in {} is not complete", folder.display()).into())
}

/// An interpreter's version as it prints it itself.
pub fn version(python: &Path) -> String {
    let output = Command::new(python).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.split_whitespace().take_while(|word| !word.starts_with('(')).collect::<Vec<_>>().join(" ")
}

fn folder() -> Result<PathBuf> {
    match std::env::var_os("FERROPYD_REFERENCES") {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => Ok(repo::cache()?.join("references")),
    }
}

fn look(folder: &Path) -> Option<References> {
    let tests = folder.join("root/usr/lib/python3.14/test");
    let found = References { cpython: folder.join("bin/cpython"), pypy: folder.join("bin/pypy"), tests };
    (found.cpython.exists() && found.pypy.exists() && found.tests.is_dir()).then_some(found)
}

fn install(folder: &Path) -> Result<()> {
    // SAFETY: geteuid cannot fail and touches no memory.
    if unsafe { libc::geteuid() } != 0 {
        let advice = "run `cargo xtask references` once as root, or set FERROPYD_REFERENCES to a tree made that way";
        return Err(format!("installing the references needs root, for debootstrap: {advice}").into());
    }
    eprintln!("installing CPython 3.14 and PyPy into {} ...", folder.display());
    let script = folder.join("install.sh");
    repo::write(&script, include_str!("install.sh"))?;
    let status = Command::new("sh").arg(&script).arg(folder).status()?;
    if status.success() { Ok(()) } else { Err("the references could not be installed (see above)".into()) }
}
