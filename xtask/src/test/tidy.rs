//! House rules that no compiler checks.
//!
//! Over the files git knows (and new ones it does not ignore): no file above the longest length without a reason, every
//! Rust file begins with a `//!` header, no placeholders, no tabs or trailing spaces, nothing that points outside the
//! repository.

use std::path::Path;
use std::process::Command;

use super::Tally;
use crate::repo;

const MOST_LINES: usize = 1200;

/// Files that may be longer, each with its reason.
const MAY_BE_LONG: &[(&str, &str)] = &[
    ("Cargo.lock", "written by cargo"),
    ("tests/conformance/", "written by the conformance run"),
    ("bench/results/", "written by the benchmarks"),
];

/// The kinds of files that are looked at.
const KINDS: &[&str] = &["rs", "py", "md", "toml", "sh", "txt", "json", "lock", "yml"];

pub fn check() -> Tally {
    let mut tally = Tally::default();
    for name in files() {
        let path = repo::root().join(&name);
        if !KINDS.iter().any(|kind| path.extension().is_some_and(|extension| extension == *kind)) || !path.is_file() {
            continue;
        }
        let complaints = match repo::read(&path) {
            Ok(text) => complaints(&name, &text),
            Err(error) => vec![error.to_string()],
        };
        tally.add(Tally::one(complaints.is_empty()));
        complaints.iter().for_each(|complaint| println!("   {name}{complaint}"));
    }
    tally
}

fn files() -> Vec<String> {
    let mut command = Command::new("git");
    command.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(repo::root());
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().map(str::to_string).collect()
}

/// What is wrong with a file, each as `:LINE: what`.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MOST_LINES && !MAY_BE_LONG.iter().any(|(prefix, _)| name.starts_with(prefix)) {
        found.push(format!(": {lines} lines, more than {MOST_LINES}; split it, or give a reason in tidy.rs"));
    }
    if is_rust(name) && !text.starts_with("//!") && !is_test(name) {
        found.push(":1: a Rust file begins with a `//!` header that says what it is for".into());
    }
    if is_generated(name) {
        return found;
    }
    for (index, line) in text.lines().enumerate() {
        let reasons = line_complaints(name, line);
        found.extend(reasons.into_iter().map(|reason| format!(":{}: {reason}", index + 1)));
    }
    found
}

fn line_complaints(name: &str, line: &str) -> Vec<String> {
    if name.contains("/tests/data/") {
        // Test data is what it is: wrong programs with tabs and trailing spaces among them.
        return Vec::new();
    }
    // Put together here so that this file does not break its own rules.
    let outside = [concat!("..", "/shared"), concat!("/wo", "rk/")];
    let placeholders = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    let mut found = Vec::new();
    if line.contains('\t') {
        found.push("a tab".to_string());
    }
    if line.ends_with(' ') {
        found.push("trailing spaces".to_string());
    }
    found.extend(outside.iter().filter(|text| line.contains(*text)).map(|text| format!("points outside: {text}")));
    if is_rust(name) {
        let present = placeholders.iter().filter(|text| line.contains(*text));
        found.extend(present.map(|text| format!("a placeholder: {text}...)")));
    }
    found
}

fn is_rust(name: &str) -> bool {
    name.ends_with(".rs")
}

fn is_test(name: &str) -> bool {
    Path::new(name).iter().any(|part| part == "tests") || name.ends_with("_test.rs")
}

fn is_generated(name: &str) -> bool {
    name.starts_with("tests/conformance/") && !name.ends_with(".md") || name == "Cargo.lock"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_kept() {
        assert!(complaints("crates/a/src/lib.rs", "//! Fine.\n\nfn main() {}\n").is_empty());
        assert_eq!(complaints("crates/a/src/lib.rs", "fn main() {}\n").len(), 1);
        assert_eq!(complaints("a.py", "x = 1 \n\ty\n").len(), 2);
        assert_eq!(complaints("a.rs", concat!("//! A.\ndbg", "!(1);\n")).len(), 1);
        assert_eq!(complaints("a.md", concat!("see ..", "/shared\n")).len(), 1);
        assert_eq!(complaints("a.txt", &"line\n".repeat(MOST_LINES + 1)).len(), 1);
        assert!(complaints("tests/conformance/cpython.json", &"line\n".repeat(MOST_LINES + 1)).is_empty());
    }
}
