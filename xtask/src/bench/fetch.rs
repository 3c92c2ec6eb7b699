//! Gets the benchmark programs and the pure-Python packages they need, by name and version, into the cache.
//!
//! Invariant: a folder in the cache is complete; it is filled under another name and renamed at the end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::references::References;
use crate::{Result, repo};

/// The collection of programs: its benchmarks are in folders bm_NAME inside its wheel.
const COLLECTION: &str = "pyperformance==1.14.0";

/// What single programs need besides the standard library, all without parts in C so that all interpreters run the same.
/// Mako is the last one that runs without MarkupSafe, which its program switches off.
const PACKAGES: &[&str] = &["html5lib==1.1", "six==1.17.0", "webencodings==0.5.1", "mako==1.1.4", "pyaes==1.6.1"];

/// Where the programs and packages are.
pub struct Fetched {
    pub programs: PathBuf,
    pub packages: PathBuf,
}

pub fn fetch(references: &References) -> Result<Fetched> {
    let cache = repo::cache()?.join("bench");
    let collection = cache.join(COLLECTION.replace("==", "-"));
    install(references, &collection, &["--no-deps", COLLECTION])?;
    // The versions are part of the name, so that changing one fetches afresh.
    let name = PACKAGES.iter().map(|package| package.replace("==", "-")).collect::<Vec<_>>().join("_");
    let packages = cache.join(name);
    let mut wanted = vec!["--no-deps"];
    wanted.extend(PACKAGES);
    install(references, &packages, &wanted)?;
    Ok(Fetched { programs: collection.join("pyperformance/data-files/benchmarks"), packages })
}

/// `pip install --target`, with the pip that comes with the reference CPython.
fn install(references: &References, folder: &Path, what: &[&str]) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    println!(
        "fetching {} ...",
        what.iter().filter(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join(" ")
    );
    let partial = folder.with_extension("partial");
    repo::fresh_folder(&partial)?;
    let mut command = Command::new(&references.cpython);
    command.arg(pip(references)?.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]);
    command.args(["--root-user-action", "ignore", "--no-compile", "--target"]).arg(&partial).args(what);
    if !command.status()?.success() {
        return Err("pip could not fetch the benchmarks (see above)".into());
    }
    for library in repo::files_below(&partial, ".so") {
        fs::remove_file(library)?;
    }
    Ok(fs::rename(&partial, folder)?)
}

/// Debian's wheel of pip, which can be run as it is.
fn pip(references: &References) -> Result<PathBuf> {
    let wheels = references.tests.join("../../../share/python-wheels");
    let found = repo::files_below(&wheels, ".whl").into_iter().find(|path| path.to_string_lossy().contains("/pip-"));
    found.ok_or_else(|| format!("no wheel of pip in {}", wheels.display()).into())
}
