//! Compiles the pure-Python standard library and packs it; see `src/lib.rs` for the format.

use flate2::{Compression, write::DeflateEncoder};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Folders that are not shipped.
const SKIP: &[&str] = &["test", "tests", "idlelib", "turtledemo", "tkinter", "__pycache__", "idle_test"];
/// Modules of this project, and those that replace the library's own.
const OWN: &str = "python";

struct Entry {
    name: String,
    package: bool,
    code: Vec<u8>,
    source: Vec<u8>,
    source_len: usize,
}

/// The name under which `sysconfig` looks for the build's settings.
fn sysconfig_data() -> String {
    let arch = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    format!("_sysconfigdata__linux_{arch}-linux-gnu")
}

fn collect(dir: &Path, prefix: &str, out: &mut Vec<(String, PathBuf, bool)>) {
    let Ok(listing) = std::fs::read_dir(dir) else { return };
    for item in listing.flatten() {
        let (path, file) = (item.path(), item.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !SKIP.contains(&file.as_str()) && !file.contains(['.', '-']) {
                collect(&path, &format!("{prefix}{file}."), out);
            }
        } else if let Some(stem) = file.strip_suffix(".py") {
            let package = stem == "__init__";
            let name = match stem {
                "__init__" => prefix.trim_end_matches('.').to_owned(),
                "_sysconfigdata" => sysconfig_data(),
                _ => format!("{prefix}{stem}"),
            };
            if !name.is_empty() {
                out.push((name, path, package));
            }
        }
    }
}

/// Path below the library folder, as `__file__` shows it.
fn relative(name: &str, package: bool) -> String {
    format!("{}{}", name.replace('.', "/"), if package { "/__init__.py" } else { ".py" })
}

fn pack_one(name: &str, path: &Path, package: bool) -> Entry {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text = String::from_utf8_lossy(&bytes).replace("\r\n", "\n");
    let filename = match name {
        "importlib._bootstrap" => "<frozen importlib._bootstrap>".to_owned(),
        "importlib._bootstrap_external" => "<frozen importlib._bootstrap_external>".to_owned(),
        "zipimport" => "<frozen zipimport>".to_owned(),
        _ => relative(name, package),
    };
    let options = ferropy_compiler::Options { filename, ..Default::default() };
    // A module that does not compile raises its SyntaxError when it is imported: it has source but no code.
    let code = match ferropy_compiler::compile(&text, &options, &mut |_| {}) {
        Ok(code) => ferropy_bytecode::serial::write(&code),
        Err(e) => {
            println!("cargo::warning=not compiled: {name}: {e}");
            Vec::new()
        }
    };
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
    let packed = deflate.write_all(text.as_bytes()).and_then(|()| deflate.finish());
    let source = packed.unwrap_or_else(|e| panic!("{name}: {e}"));
    Entry { name: name.to_owned(), package, code, source, source_len: text.len() }
}

fn pack_all(files: &[(String, PathBuf, bool)]) -> Vec<Entry> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get());
    let work = || {
        let mut done = Vec::new();
        while let Some((name, path, package)) = files.get(next.fetch_add(1, Relaxed)) {
            done.push(pack_one(name, path, *package));
        }
        done
    };
    let mut all: Vec<Entry> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..workers).map(|_| s.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap_or_else(|_| panic!("a worker died"))).collect()
    });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn write_pack(entries: &[Entry]) -> Vec<u8> {
    const ROW: usize = 28;
    let mut index = Vec::new();
    let mut data = Vec::new();
    let base = 4 + entries.len() * ROW;
    let mut put = |bytes: &[u8]| -> [u32; 2] {
        let at = base + data.len();
        data.extend_from_slice(bytes);
        [at as u32, bytes.len() as u32]
    };
    index.extend_from_slice(&(entries.len() as u32).to_le_bytes());
    for e in entries {
        let (name, code, source) = (put(e.name.as_bytes()), put(&e.code), put(&e.source));
        let package = (e.package as u32) << 31;
        for word in [name[0], name[1] | package, code[0], code[1], source[0], source[1], e.source_len as u32] {
            index.extend_from_slice(&word.to_le_bytes());
        }
    }
    index.extend_from_slice(&data);
    index
}

/// Sixteen bits that change with the compiler and the bytecode: FNV-1a over their sources, folded.
fn fingerprint() -> u16 {
    let mut files = Vec::new();
    for folder in ["../compiler/src", "../bytecode/src"] {
        sources(Path::new(folder), &mut files);
    }
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in files.iter().flat_map(|path| std::fs::read(path).unwrap_or_default()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    (hash ^ hash >> 16 ^ hash >> 32 ^ hash >> 48) as u16
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", folder.display());
    for item in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = item.path();
        if path.is_dir() { sources(&path, out) } else { out.push(path) }
    }
}

fn write(name: &str, content: &[u8]) {
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    let path = Path::new(&out).join(name);
    std::fs::write(&path, content).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={OWN}");
    let mut files = Vec::new();
    collect(Path::new(OWN), "", &mut files);
    let own: Vec<String> = files.iter().map(|f| f.0.clone()).collect();
    let mut library = Vec::new();
    collect(Path::new(rustpython_pylib::LIB_PATH), "", &mut library);
    files.extend(library.into_iter().filter(|f| !own.contains(&f.0)));
    write("stdlib.pack", &write_pack(&pack_all(&files)));
    write("fingerprint.in", fingerprint().to_string().as_bytes());
}
