//! `cargo xtask conformance`: CPython's own test suite under the interpreter under test, with a ratchet.
//!
//! Terms: the *ratchet* is that a method recorded as passing must go on passing; a method that seems lost gets a
//! second chance alone, since some of CPython's tests depend on the machine's mood.

mod missing;
mod record;
mod runner;
mod sets;

use std::time::Duration;

use record::Baseline;
use runner::{Outcome, Report, Setup};

use crate::args::{Args, Spec};
use crate::{Result, process, references, repo};

const SPEC: Spec = Spec {
    valued: &["modules", "set", "jobs", "timeout", "python", "profile", "missing", "match"],
    bare: &["all", "update", "baseline"],
    help: "\
cargo xtask conformance [--modules a,b | --set foundation|ci | --all] [options]      (the set foundation by itself)
  --update        record the results; without it, a method recorded as passing that does not pass is a failure
  --missing N     then print the N most frequent reasons for failures; without a choice of modules, of earlier runs
  --match TEXT    only the methods whose name contains TEXT; prints each; records nothing
  --jobs N        modules at a time (2)           --timeout S   the longest a method may take (60)
  --python PATH   another interpreter             --profile P   how to build ferropy: dev, quick or release (release)
  --baseline      run CPython instead, and record what passes there
",
};

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let most: usize = args.value("missing", 0)?;
    let references = references::find()?;
    let chosen = sets::chosen(&args, &references.tests)?;
    if most > 0 && chosen.is_none() {
        missing::print(None, most)?;
        return Ok(true);
    }
    let modules = chosen.map_or_else(|| sets::named("foundation"), Ok)?;
    let baseline = args.has("baseline");
    let foreign = args.text("python").is_some_and(|path| !path.ends_with("ferropy"));
    if foreign && args.has("update") {
        return Err("--update records what ferropy does, so --python must name a ferropy".into());
    }
    let python = if baseline { references.cpython } else { repo::interpreter(&args, "release")? };
    let mut setup = Setup::new(python, &references.tests, Duration::from_secs(args.value("timeout", 60)?))?;
    setup.matching = args.text("match").map(str::to_string);
    let run = Run { setup, jobs: args.value("jobs", process::default_jobs())? };
    let good = if looks_closely(&args) {
        run.show(modules.clone())?
    } else if baseline {
        run.record_baseline(modules.clone())?
    } else {
        run.check(modules.clone(), args.has("update"))?
    };
    if most > 0 {
        missing::print(Some(&modules), most)?;
    }
    Ok(good)
}

/// Runs a set under an interpreter against the ratchet; the number of methods that passed, and those that are lost.
pub fn check_set(set: &str, python: std::path::PathBuf) -> Result<(usize, Vec<String>)> {
    let references = references::find()?;
    let setup = Setup::new(python, &references.tests, Duration::from_secs(60))?;
    let run = Run { setup, jobs: process::default_jobs() };
    let reports = run.reports(sets::named(set)?)?;
    let passed = reports.iter().map(|(_, report)| report.count(Outcome::Pass)).sum();
    let mut lost = run.lost(&reports)?;
    // A ratchet without a record would hold nothing and look as if all were well.
    for (module, _) in &reports {
        if record::read_results(module)?.is_empty() {
            lost.push(format!("{module}: nothing is recorded; `cargo xtask conformance --modules {module} --update`"));
        }
    }
    Ok((passed, lost))
}

fn looks_closely(args: &Args) -> bool {
    args.has("match")
}

struct Run {
    setup: Setup,
    jobs: usize,
}

impl Run {
    fn reports(&self, modules: Vec<String>) -> Result<Vec<(String, Report)>> {
        let reports = process::in_parallel(modules, self.jobs, |module| {
            let report = self.setup.run(&module, None)?;
            print_line(&module, &report);
            Ok((module, report))
        });
        reports.into_iter().collect()
    }

    fn check(&self, modules: Vec<String>, update: bool) -> Result<bool> {
        let reports = self.reports(modules)?;
        for (module, report) in &reports {
            missing::keep(module, report)?;
        }
        if update {
            for (module, report) in &reports {
                record::write_results(module, report)?;
            }
            record::write_table(&Baseline::read()?)?;
            println!("{}; recorded", totals(&reports));
            return Ok(true);
        }
        let lost = self.lost(&reports)?;
        println!("{}; {} of those recorded as passing do not pass", totals(&reports), lost.len());
        print_lost(&lost);
        Ok(lost.is_empty())
    }

    /// The methods that were recorded as passing and do not pass even when they run alone.
    fn lost(&self, reports: &[(String, Report)]) -> Result<Vec<String>> {
        let mut lost = Vec::new();
        for (module, report) in reports {
            let candidates = record::lost(module, report)?;
            if candidates.is_empty() {
                continue;
            }
            let again = self.setup.run(module, Some(&candidates))?;
            if let Some(whole) = again.entries.get("<module>") {
                let reason = format!("{} {}", whole.outcome.word(), whole.message);
                lost.extend(candidates.iter().map(|id| format!("{module}.{id}: the whole module: {reason}")));
                continue;
            }
            for id in candidates {
                if again.entries.get(&id).is_none_or(|entry| entry.outcome != Outcome::Pass) {
                    let entry = report.entries.get(&id).or(again.entries.get(&id));
                    let reason = entry.map_or("it is not there".into(), |entry| {
                        format!("{} {}", entry.outcome.word(), entry.message)
                    });
                    lost.push(format!("{module}.{id}: {reason}"));
                }
            }
        }
        Ok(lost)
    }

    fn record_baseline(&self, modules: Vec<String>) -> Result<bool> {
        let reports = self.reports(modules)?;
        let mut baseline = Baseline::read()?;
        baseline.python = references::version(&self.setup.python);
        for (module, report) in &reports {
            baseline.note(module, report);
        }
        baseline.write()?;
        record::write_table(&baseline)?;
        println!("{}; recorded as the baseline", totals(&reports));
        Ok(true)
    }

    /// Prints every method, for looking closely.
    fn show(&self, modules: Vec<String>) -> Result<bool> {
        let mut good = true;
        for (module, report) in self.reports(modules)? {
            for (id, entry) in &report.entries {
                println!("  {} {module}.{id} ({} ms) {}", entry.outcome.word(), entry.ms, entry.message);
                good &= entry.outcome <= Outcome::Pass;
            }
        }
        Ok(good)
    }
}

fn print_line(module: &str, report: &Report) {
    let mut parts = Vec::new();
    for outcome in [Outcome::Pass, Outcome::Fail, Outcome::Crash, Outcome::Hang, Outcome::Skip] {
        let count = report.count(outcome);
        if count > 0 {
            parts.push(format!("{count} {}", outcome.word()));
        }
    }
    println!("{module:32} {:6.1} s  {}", report.elapsed.as_secs_f64(), parts.join("  "));
}

/// Prints methods that are lost, up to a number that can be read.
pub fn print_lost(lost: &[String]) {
    const MOST: usize = 40;
    lost.iter().take(MOST).for_each(|id| println!("   lost: {id}"));
    if lost.len() > MOST {
        println!("   and {} more", lost.len() - MOST);
    }
}

fn totals(reports: &[(String, Report)]) -> String {
    let count = |outcome| reports.iter().map(|(_, report)| report.count(outcome)).sum::<usize>();
    let bad = count(Outcome::Fail) + count(Outcome::Crash) + count(Outcome::Hang);
    format!("{} modules: {} methods pass, {bad} do not", reports.len(), count(Outcome::Pass))
}
