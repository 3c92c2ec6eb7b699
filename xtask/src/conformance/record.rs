//! The committed records in tests/conformance: what passes under CPython, what ferropy did, and the table of both.
//!
//! Terms: the *baseline* (cpython.json) is what passes under CPython here; a *result file* (results/MODULE.txt) has a
//! line for each method, `PASS`, `FAIL`, `SKIP`, `HANG` or `CRASH` and its name, sorted by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::runner::{Outcome, Report};
use crate::{Result, repo};

fn folder() -> PathBuf {
    repo::root().join("tests/conformance")
}

fn result_file(module: &str) -> PathBuf {
    folder().join("results").join(format!("{module}.txt"))
}

/// What passes under CPython, by module.
pub struct Baseline {
    pub python: String,
    pub passes: BTreeMap<String, BTreeSet<String>>,
}

impl Baseline {
    pub fn read() -> Result<Baseline> {
        let path = folder().join("cpython.json");
        if !path.exists() {
            return Ok(Baseline { python: String::new(), passes: BTreeMap::new() });
        }
        let value: Value = serde_json::from_str(&repo::read(&path)?)?;
        let mut passes = BTreeMap::new();
        for (module, classes) in value["passes"].as_object().into_iter().flatten() {
            let mut methods = BTreeSet::new();
            for (class, names) in classes.as_object().into_iter().flatten() {
                let names = names.as_array().into_iter().flatten().filter_map(Value::as_str);
                methods.extend(names.map(|name| join(class, name)));
            }
            passes.insert(module.clone(), methods);
        }
        Ok(Baseline { python: value["python"].as_str().unwrap_or_default().to_string(), passes })
    }

    pub fn note(&mut self, module: &str, report: &Report) {
        self.passes.insert(module.to_string(), passes_of(report));
    }

    /// One line for each class, so that a difference can be read.
    pub fn write(&self) -> Result<()> {
        let mut text = format!("{{\n\"python\": {},\n\"passes\": {{\n", json!(self.python));
        let mut modules = Vec::new();
        for (module, methods) in &self.passes {
            let mut classes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for id in methods {
                let (class, name) = split(id);
                classes.entry(class).or_default().push(name);
            }
            let lines: Vec<String> =
                classes.iter().map(|(class, names)| format!("  {}: {}", json!(class), json!(names))).collect();
            modules.push(format!("{}: {{\n{}\n}}", json!(module), lines.join(",\n")));
        }
        text.push_str(&modules.join(",\n"));
        text.push_str("\n}\n}\n");
        serde_json::from_str::<Map<String, Value>>(&text)?;
        repo::write(&folder().join("cpython.json"), &text)
    }
}

/// A method's class (or what stands before the last dot) and name; a doctest may have no dot.
fn split(id: &str) -> (&str, &str) {
    id.rsplit_once('.').unwrap_or(("", id))
}

fn join(class: &str, name: &str) -> String {
    if class.is_empty() { name.to_string() } else { format!("{class}.{name}") }
}

fn passes_of(report: &Report) -> BTreeSet<String> {
    let passed = report.entries.iter().filter(|(_, entry)| entry.outcome == Outcome::Pass);
    passed.map(|(id, _)| id.clone()).collect()
}

/// The recorded results of a module, empty if there are none.
pub fn read_results(module: &str) -> Result<BTreeMap<String, Outcome>> {
    let path = result_file(module);
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = repo::read(&path)?;
    let parse = |line: &str| {
        let (word, id) = line.split_once(' ')?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word() == word)?;
        Some((id.to_string(), outcome))
    };
    let parsed = text.lines().map(|line| parse(line).ok_or_else(|| format!("{}: '{line}'?", path.display()).into()));
    parsed.collect()
}

pub fn write_results(module: &str, report: &Report) -> Result<()> {
    let mut text = String::new();
    for (id, entry) in &report.entries {
        writeln!(text, "{} {id}", entry.outcome.word())?;
    }
    repo::write(&result_file(module), &text)
}

/// The methods recorded as passing that pass no longer.
pub fn lost(module: &str, report: &Report) -> Result<Vec<String>> {
    let now = passes_of(report);
    let before = read_results(module)?.into_iter().filter(|(_, outcome)| *outcome == Outcome::Pass);
    Ok(before.map(|(id, _)| id).filter(|id| !now.contains(id)).collect())
}

/// Rewrites README.md's table from the records.
pub fn write_table(baseline: &Baseline) -> Result<()> {
    let mut text = format!(
        "# Conformance\n\n\
        CPython's own test suite under ferropy: `cargo xtask conformance --help` says how to run it. What passes must go\n\
        on passing; `--update` records progress. This page is written by it.\n\n\
        Recorded on {} at commit {}. The baseline is {}: only methods that pass there count.\n\n\
        | Module | CPython passes | ferropy passes | % | fails | crashes | hangs |\n|---|--:|--:|--:|--:|--:|--:|\n",
        repo::today(),
        repo::commit(),
        baseline.python
    );
    let mut rows = String::new();
    let mut totals = [0; 5];
    for (module, expected) in &baseline.passes {
        let results = read_results(module)?;
        if results.is_empty() {
            writeln!(rows, "| {module} | {} | not run | | | | |", expected.len())?;
            totals[0] += expected.len();
            continue;
        }
        let count = |outcome| results.values().filter(|found| **found == outcome).count();
        let passes = expected.iter().filter(|id| results.get(*id) == Some(&Outcome::Pass)).count();
        let row = [expected.len(), passes, count(Outcome::Fail), count(Outcome::Crash), count(Outcome::Hang)];
        write_row(&mut rows, module, row)?;
        (0..5).for_each(|i| totals[i] += row[i]);
    }
    write_row(&mut text, "**all**", totals)?;
    text.push_str(&rows);
    repo::write(&folder().join("README.md"), &text)
}

fn write_row(text: &mut String, name: &str, row: [usize; 5]) -> Result<()> {
    let [expected, passes, fails, crashes, hangs] = row;
    let percent = if expected == 0 { 100.0 } else { 100.0 * passes as f64 / expected as f64 };
    Ok(writeln!(text, "| {name} | {expected} | {passes} | {percent:.1} | {fails} | {crashes} | {hangs} |")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_and_join() {
        for id in ["A.b", "test_decode.A.b", "doctest"] {
            let (class, name) = split(id);
            assert_eq!(join(class, name), id);
        }
    }
}
