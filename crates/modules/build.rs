//! Numbers the bytecode for the magic number of `.pyc` files: a hash of the sources that decide what it looks like, so
//! that no file written by another compiler is ever taken for one of ours.

use std::path::{Path, PathBuf};

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for item in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = item.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn main() {
    let mut files = Vec::new();
    for dir in ["../bytecode/src", "../compiler/src"] {
        println!("cargo::rerun-if-changed={dir}");
        sources(Path::new(dir), &mut files);
    }
    files.sort();
    // FNV-1a: short, and the same everywhere.
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in files.iter().flat_map(|f| std::fs::read(f).unwrap_or_default()) {
        hash = (hash ^ byte as u64).wrapping_mul(0x100_0000_01b3);
    }
    // Below this CPython counts its own versions.
    const FIRST: u64 = 10_000;
    println!("cargo::rustc-env=FERROPY_BYTECODE_NUMBER={}", FIRST + hash % (0x1_0000 - FIRST));
}
