//! `--missing N`: the failures of a run, grouped by their error, so that the next thing to fix is the first line.
//!
//! A run leaves every outcome with its message in TARGET/conformance/MODULE.tsv (not committed).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use super::runner::{Outcome, Report};
use crate::{Result, repo};

fn folder() -> PathBuf {
    repo::target().join("conformance")
}

/// Keeps a module's outcomes with their messages for later.
pub fn keep(module: &str, report: &Report) -> Result<()> {
    let mut text = String::new();
    for (id, entry) in &report.entries {
        writeln!(text, "{}\t{id}\t{}\t{}", entry.outcome.word(), entry.ms, entry.message)?;
    }
    repo::write(&folder().join(format!("{module}.tsv")), &text)
}

/// Prints the `most` most frequent reasons, of some modules or of all that have been run.
pub fn print(modules: Option<&[String]>, most: usize) -> Result<()> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in repo::files_below(&folder(), ".tsv") {
        let module = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if modules.is_some_and(|modules| !modules.contains(&module)) {
            continue;
        }
        for line in repo::read(&path)?.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [word, id, _, message] = fields[..] else { continue };
            if word == Outcome::Pass.word() || word == Outcome::Skip.word() {
                continue;
            }
            let reason = if word == Outcome::Fail.word() { message.into() } else { format!("{word} {message}") };
            groups.entry(generalise(&reason)).or_default().push(format!("{module}.{id}"));
        }
    }
    let mut groups: Vec<(String, Vec<String>)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, methods)| std::cmp::Reverse(methods.len()));
    let total: usize = groups.iter().map(|(_, methods)| methods.len()).sum();
    println!("{total} failures for {} reasons", groups.len());
    for (reason, methods) in groups.iter().take(most) {
        let examples: Vec<&str> = methods.iter().take(3).map(String::as_str).collect();
        println!("{:5}  {reason}\n       {}", methods.len(), examples.join("  "));
    }
    Ok(())
}

/// Removes what makes equal reasons look different: addresses.
fn generalise(message: &str) -> String {
    let mut text = String::new();
    let mut rest = message;
    while let Some(at) = rest.find("0x") {
        text.push_str(&rest[..at + 2]);
        rest = rest[at + 2..].trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        text.push('?');
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_do_not_matter() {
        assert_eq!(generalise("<A at 0x7f12ab> and <B at 0x1>"), "<A at 0x?> and <B at 0x?>");
        assert_eq!(generalise("plain"), "plain");
    }
}
