//! `cargo xtask bench`: pure-Python programs under several interpreters in one go.
//!
//! The programs are those of `pyperformance` (fetched by name into the cache) and our own in bench/micro. They run
//! unchanged, with bench/shim/pyperf.py in the place of `pyperf`. The interpreters take turns, a process each, so that a
//! change of the machine's mood strikes all of them.

mod fetch;
mod measure;
mod report;

use std::path::PathBuf;

pub use measure::median;
use measure::{Interpreter, Measured, Program, Setup};
use report::Findings;
pub use report::{machine, time};

use crate::args::{Args, Spec};
use crate::{Result, references, repo};

const SPEC: Spec = Spec {
    valued: &["programs", "set", "interpreters", "seconds", "rounds", "profile", "python"],
    bare: &["record"],
    help: "\
cargo xtask bench [--programs a,b | --set foundation|micro|all] [options]      (the set micro by itself)
  --interpreters L  which, the subject first: ferropy, cpython, cpython-jit, pypy, or NAME=PATH (ferropy,cpython,pypy)
  --seconds S       time for each benchmark and interpreter (3)
  --rounds N        processes the time is spread over (2)
  --profile P       how to build ferropy: dev, quick or release (release)
  --python PATH     another program in ferropy's place
  --record          write the table to bench/results/DATE-COMMIT.md, and the numbers beside it as .json
",
};

const FOUNDATION: &str = "
    nbody richards deltablue chaos fannkuch float go hexiom meteor_contest nqueens pyflate raytrace scimark
    spectral_norm unpack_sequence comprehensions coroutines generators async_generators deepcopy logging crypto_pyaes
    mdp regex_compile telco pprint html5lib mako typing_runtime_protocols json_dumps json_loads";

pub fn run(argv: &[String]) -> Result<bool> {
    let Some(args) = SPEC.parse(argv)? else { return Ok(true) };
    let references = references::find()?;
    let names = args.list("interpreters").unwrap_or_else(|| ["ferropy", "cpython", "pypy"].map(String::from).to_vec());
    let interpreters = names.iter().map(|name| interpreter(name, &args, &references)).collect::<Result<Vec<_>>>()?;
    if interpreters.is_empty() {
        return Err("--interpreters names none".into());
    }
    let fetched = fetch::fetch(&references)?;
    let programs = programs(&args, &fetched)?;
    let (seconds, rounds) = (args.value("seconds", 3.0)?, args.value("rounds", 2_usize)?.max(1));
    let shim = repo::root().join("bench/shim");
    let work = std::env::temp_dir().join(format!("ferropy-bench-{}", std::process::id()));
    repo::fresh_folder(&work)?;
    let setup = Setup {
        seconds: seconds / rounds as f64,
        least: 5_usize.div_ceil(rounds),
        python_path: format!("{}:{}", shim.display(), fetched.packages.display()),
        work: work.clone(),
    };
    let programs = measure_all(&setup, &interpreters, programs, rounds)?;
    let command = format!("cargo xtask bench {}", argv.join(" "));
    let findings = Findings { interpreters, programs, command, seconds: setup.seconds, rounds };
    println!("\n{}", findings.table()?);
    let complaints = findings.complaints();
    complaints.iter().for_each(|complaint| println!("{complaint}"));
    if args.has("record") {
        record(&findings)?;
    }
    let _ = std::fs::remove_dir_all(&work);
    Ok(complaints.is_empty())
}

fn measure_all(
    setup: &Setup,
    interpreters: &[Interpreter],
    programs: Vec<Program>,
    rounds: usize,
) -> Result<Vec<(Program, Vec<Measured>)>> {
    let mut all = Vec::new();
    for program in programs {
        let mut measured = vec![Measured::default(); interpreters.len()];
        for _ in 0..rounds {
            for (interpreter, into) in interpreters.iter().zip(&mut measured) {
                setup.run(interpreter, &program, into)?;
            }
        }
        let cells = interpreters.iter().zip(&measured).map(|(interpreter, one)| summary(interpreter, one));
        println!("{:28} {}", program.name, cells.collect::<Vec<_>>().join("   "));
        all.push((program, measured));
    }
    Ok(all)
}

/// A program's progress line: the sum of its benchmarks' times.
fn summary(interpreter: &Interpreter, measured: &Measured) -> String {
    let sum = measured.benchmarks.values().map(|numbers| numbers.steady_time()).sum();
    let text = measured.failure.clone().unwrap_or_else(|| time(sum));
    format!("{} {text}", interpreter.name)
}

fn record(findings: &Findings) -> Result<()> {
    let base = format!("{}-{}", repo::today(), repo::commit().trim_end_matches('+'));
    let folder = repo::root().join("bench/results");
    let page = folder.join(format!("{base}.md"));
    repo::write(&page, &findings.page()?)?;
    repo::write(&folder.join(format!("{base}.json")), &(serde_json::to_string_pretty(&findings.json())? + "\n"))?;
    println!("recorded in {}", page.display());
    Ok(())
}

fn interpreter(name: &str, args: &Args, references: &references::References) -> Result<Interpreter> {
    let (path, env) = match name {
        "ferropy" => (repo::interpreter(args, "release")?, Vec::new()),
        "cpython" => (references.cpython.clone(), Vec::new()),
        "cpython-jit" => (references.cpython.clone(), vec![("PYTHON_JIT".to_string(), "1".to_string())]),
        "pypy" => (references.pypy.clone(), Vec::new()),
        other => {
            let (name, path) = other.split_once('=').ok_or_else(|| format!("no interpreter is called '{other}'"))?;
            return Ok(Interpreter { name: name.into(), path: PathBuf::from(path), env: Vec::new() });
        }
    };
    Ok(Interpreter { name: name.to_string(), path, env })
}

/// The programs asked for; a micro-benchmark is `micro/NAME`.
fn programs(args: &Args, fetched: &fetch::Fetched) -> Result<Vec<Program>> {
    let micro_folder = repo::root().join("bench/micro");
    let micro = || {
        let files = repo::files_below(&micro_folder, ".py").into_iter();
        files.map(|path| format!("micro/{}", path.file_stem().unwrap_or_default().to_string_lossy()))
    };
    let foundation = || FOUNDATION.split_whitespace().map(str::to_string);
    let names: Vec<String> = match (args.list("programs"), args.text("set").unwrap_or("micro")) {
        (Some(names), _) => names,
        (None, "micro") => micro().collect(),
        (None, "foundation") => foundation().collect(),
        (None, "all") => micro().chain(foundation()).collect(),
        (None, other) => return Err(format!("no set is called '{other}': there are foundation, micro and all").into()),
    };
    let find = |name: String| {
        let path = match name.strip_prefix("micro/") {
            Some(short) => micro_folder.join(format!("{short}.py")),
            None => fetched.programs.join(format!("bm_{name}/run_benchmark.py")),
        };
        if !path.is_file() {
            return Err(format!("no benchmark is called '{name}'").into());
        }
        let name = name.strip_prefix("micro/").unwrap_or(&name).to_string();
        Ok(Program { name, path })
    };
    names.into_iter().map(find).collect()
}
