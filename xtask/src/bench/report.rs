//! The table of a benchmark run, for people and as JSON.
//!
//! Terms: the *subject* is the first interpreter asked for; the others are what it is compared with. A ratio is the
//! other's time divided by the subject's: 2.0 means that the subject is twice as fast.

use std::fmt::Write;

use serde_json::{Value, json};

use super::measure::{Interpreter, Measured, Numbers, Program};
use crate::{Result, references, repo};

/// Everything a run has found: for each program, a result for each interpreter.
pub struct Findings {
    pub interpreters: Vec<Interpreter>,
    pub programs: Vec<(Program, Vec<Measured>)>,
    pub command: String,
    pub seconds: f64,
    pub rounds: usize,
}

/// One benchmark: its title, its numbers under each interpreter, and what its whole program showed there.
type Row<'a> = (String, Vec<Option<&'a Numbers>>, &'a [Measured]);

impl Findings {
    /// The benchmarks in order, each with its numbers under each interpreter.
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for (program, measured) in &self.programs {
            let mut names: Vec<&String> = measured.iter().flat_map(|one| one.benchmarks.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                let numbers = measured.iter().map(|one| one.benchmarks.get(name)).collect();
                let alone = *name == program.name;
                let title = if alone { name.clone() } else { format!("{}: {name}", program.name) };
                rows.push((title, numbers, measured.as_slice()));
            }
        }
        rows
    }

    /// Failures, and outputs that differ from the others'.
    pub fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (program, measured) in &self.programs {
            for (interpreter, one) in self.interpreters.iter().zip(measured) {
                if let Some(failure) = &one.failure {
                    found.push(format!("{} fails under {}: {failure}", program.name, interpreter.name));
                }
            }
            found.extend(self.differences(program, measured));
        }
        found
    }

    /// Compares returned values and printed output with those of the last interpreter that ran the program to its end.
    fn differences(&self, program: &Program, measured: &[Measured]) -> Vec<String> {
        let complete: Vec<usize> = (0..measured.len()).filter(|index| measured[*index].failure.is_none()).collect();
        let Some((&model, others)) = complete.split_last() else { return Vec::new() };
        let mut found = Vec::new();
        for &other in others {
            let names = format!("under {} and {}", self.interpreters[other].name, self.interpreters[model].name);
            for (name, numbers) in &measured[other].benchmarks {
                let expected = measured[model].benchmarks.get(name).and_then(|numbers| numbers.value.as_ref());
                if expected.zip(numbers.value.as_ref()).is_some_and(|(one, two)| one != two) {
                    found.push(format!("{}: {name} returns different values {names}", program.name));
                }
            }
            if distinct_lines(&measured[other].output) != distinct_lines(&measured[model].output) {
                found.push(format!("{} prints different things {names}", program.name));
            }
        }
        found
    }

    pub fn table(&self) -> Result<String> {
        let mut text = String::new();
        let names: Vec<&str> = self.interpreters.iter().map(|one| one.name.as_str()).collect();
        let mut header = String::from("| Benchmark |");
        names.iter().for_each(|name| header += &format!(" {name} |"));
        names[1..].iter().for_each(|name| header += &format!(" vs {name} |"));
        names.iter().for_each(|name| header += &format!(" {name} first |"));
        names.iter().for_each(|name| header += &format!(" {name} MB |"));
        writeln!(text, "{header}\n|---|{}", "--:|".repeat(header.matches('|').count() - 2))?;
        let mut ratios = vec![Vec::new(); names.len()];
        for (name, numbers, measured) in self.rows() {
            write!(text, "| {name} |")?;
            numbers
                .iter()
                .for_each(|one| text += &format!(" {} |", one.map_or("-".into(), |one| time(one.steady_time()))));
            for (index, other) in numbers.iter().enumerate().skip(1) {
                let ratio = numbers[0].zip(*other).map(|(subject, other)| other.steady_time() / subject.steady_time());
                text += &format!(" {} |", ratio.map_or("-".into(), |ratio| format!("{ratio:.2}")));
                ratios[index].extend(ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0));
            }
            numbers
                .iter()
                .for_each(|one| text += &format!(" {} |", one.map_or("-".into(), |one| time(one.first_time()))));
            measured.iter().for_each(|one| text += &format!(" {:.0} |", one.peak_kb as f64 / 1024.0));
            text.push('\n');
        }
        for (index, name) in names.iter().enumerate().skip(1) {
            let (mean, count) = (geometric_mean(&ratios[index]), ratios[index].len());
            writeln!(text, "\nGeometric mean of {count}: {} is **{mean:.2}** times as fast as {name}.", names[0])?;
        }
        Ok(text)
    }

    /// The page kept under bench/results.
    pub fn page(&self) -> Result<String> {
        let mut text = format!("# Benchmarks, {} at commit {}\n\n", repo::today(), repo::commit());
        writeln!(text, "    {}\n\nMachine: {}.", self.command, machine())?;
        for one in &self.interpreters {
            writeln!(text, "{}: {}.", one.name, references::version(&one.path))?;
        }
        writeln!(
            text,
            "Times are for one iteration after warming up (the median of the later half of the samples), {} s in each of\n\
            {} processes; *first* is a process's first iteration; MB is peak memory. A ratio above 1 means that {} is\n\
            faster.\n",
            self.seconds, self.rounds, self.interpreters[0].name
        )?;
        text += &self.table()?;
        let complaints = self.complaints();
        if !complaints.is_empty() {
            text += "\n## Not right\n\n";
            complaints.iter().for_each(|complaint| text += &format!("- {complaint}\n"));
        }
        Ok(text)
    }

    pub fn json(&self) -> Value {
        let rows = self.rows().into_iter().map(|(name, numbers, measured)| {
            let results = numbers.iter().zip(&self.interpreters).zip(measured).map(|((one, interpreter), measured)| {
                let numbers = one.map(|one| {
                    json!({"first": one.first_time(), "steady": one.steady_time(), "samples": one.samples,
                        "peak_kb": measured.peak_kb})
                });
                (interpreter.name.clone(), json!(numbers))
            });
            json!({"benchmark": name, "results": results.collect::<serde_json::Map<_, _>>()})
        });
        json!({"date": repo::today(), "commit": repo::commit(), "command": self.command, "machine": machine(),
            "benchmarks": rows.collect::<Vec<_>>(), "complaints": self.complaints()})
    }
}

/// A program may print something in every iteration, and their number varies.
fn distinct_lines(output: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = output.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// A time with a unit that suits it.
pub fn time(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 1e-3 => format!("{:.2} ms", s * 1e3),
        s if s.is_nan() => "-".into(),
        s => format!("{:.2} µs", s * 1e6),
    }
}

/// The processor and how many there are.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let count = std::thread::available_parallelism().map_or(1, |count| count.get());
    format!("{}, {count} processors", model.trim_start_matches([' ', '\t', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_fitting_units() {
        assert_eq!((time(2.5), time(0.0025), time(2.5e-6)), ("2.50 s".into(), "2.50 ms".into(), "2.50 µs".into()));
    }

    #[test]
    fn the_geometric_mean_balances() {
        assert!((geometric_mean(&[2.0, 0.5]) - 1.0).abs() < 1e-12);
    }
}
