//! Compiles every module of the standard libraries at hand and verifies the code.

use ferropy_bytecode::liveness::Liveness;
use ferropy_bytecode::{Code, Const, VarKind, verify};
use ferropy_compiler::{ErrorKind, Options, compile};
use std::path::{Path, PathBuf};

fn python_files(dir: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            python_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "py") {
            found.push(path);
        }
    }
}

fn units(code: &Code) -> usize {
    let inner = code.consts.iter().map(|c| if let Const::Code(c) = c { units(c) } else { 0 });
    1 + inner.sum::<usize>()
}

/// No temporary may be read before it is written: then it would be live at the start. (Register 0 is what a plain `raise`
/// names without reading it.)
fn check_start(code: &Code, problems: &mut Vec<String>) {
    let live = Liveness::new(code).live_before(code, 0);
    let variable = |r: usize| code.vars.iter().any(|v| v.kind != VarKind::Free && v.index as usize == r);
    let bad: Vec<usize> = live.iter().filter(|&r| r > 0 && !variable(r)).collect();
    if !bad.is_empty() {
        problems.push(format!("{} {}: {bad:?} live at the start", code.filename, code.qualname));
    }
    for c in &code.consts {
        if let Const::Code(c) = c {
            check_start(c, problems);
        }
    }
}

/// Modules that are wrong on purpose.
fn is_bad(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["bad", "lib2to3", "tokenizedata", "/data/", "syntax_error"].iter().any(|w| text.contains(w))
}

fn compile_all(dir: &str) {
    let mut files = Vec::new();
    python_files(Path::new(dir), &mut files);
    files.sort();
    let (mut problems, mut count) = (Vec::new(), 0);
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let options = Options { filename: path.to_string_lossy().into_owned(), ..Options::default() };
        match compile(&text, &options, &mut |_| {}) {
            Ok(code) => {
                count += units(&code);
                check_start(&code, &mut problems);
                if let Err(e) = verify::verify(&code) {
                    problems.push(format!("{}: {e:?}", path.display()));
                }
            }
            Err(e) if is_bad(path) && !matches!(e.kind, ErrorKind::System) => {}
            Err(e) => problems.push(format!("{}: {:?} {e}", path.display(), e.kind)),
        }
    }
    println!("{} files, {count} code objects, {} problems", files.len(), problems.len());
    assert!(problems.is_empty(), "{}", problems[..problems.len().min(40)].join("\n"));
}

#[test]
fn python_library_of_the_crate() {
    compile_all(rustpython_pylib::LIB_PATH);
}

#[test]
fn library_of_the_system() {
    let home = std::env::var("HOME").unwrap_or_default();
    for dir in [format!("{home}/.cache/anchors/root/usr/lib/python3.14"), "/usr/lib/python3.14".into()] {
        if Path::new(&dir).is_dir() {
            compile_all(&dir);
        }
    }
}
