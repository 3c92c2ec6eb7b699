//! Options and environment variables: one table each, one parser, one validated result.
//!
//! [`Setup`] is what the rest of the program looks at. Environment variables named `PYTHON*` are read before the options
//! (and not at all under `-E` and `-I`), so that options win; `FERROPY_*` and `FERROPYD_*` are ours.

use ferropy_gc::Config as GcConfig;
use ferropy_modules::sys::Config;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Command(Vec<u8>),
    Module(Vec<u8>),
    File(OsString),
    Stdin,
    /// Print the text and leave with the code.
    Print(String, i32),
}

/// Everything that was decided before the interpreter starts.
#[derive(Clone, Debug)]
pub struct Setup {
    pub sys: Config,
    pub gc: GcConfig,
    pub action: Action,
    /// Arguments behind the program.
    pub args: Vec<OsString>,
    pub unbuffered: bool,
    pub skip_first_line: bool,
    pub import_time: bool,
    pub hash_seed: u64,
    /// `encoding[:errors]` of the standard streams.
    pub io_encoding: Option<String>,
    pub python_path: Option<Vec<u8>>,
    pub home: Option<Vec<u8>>,
    pub startup: Option<Vec<u8>>,
    pub basic_repl: bool,
    pub faulthandler: bool,
    /// Warnings from the environment come before those of `-W`.
    pub env_warnings: Vec<Vec<u8>>,
}

const SHORT: &[(&str, &str)] = &[
    (
        "-b",
        "issue warnings about converting bytes/bytearray to str and comparing\nbytes/bytearray with str or bytes with int. (-bb: issue errors)",
    ),
    ("-B", "don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x"),
    ("-c cmd", "program passed in as string (terminates option list)"),
    ("-d", "turn on parser debugging output (accepted, without effect);\nalso PYTHONDEBUG=x"),
    ("-E", "ignore PYTHON* environment variables (such as PYTHONPATH)"),
    ("-h", "print this help message and exit (also -? or --help)"),
    (
        "-i",
        "inspect interactively after running script; forces a prompt even\nif stdin does not appear to be a terminal; also PYTHONINSPECT=x",
    ),
    ("-I", "isolate Python from the user's environment (implies -E, -P and -s)"),
    ("-m mod", "run library module as a script (terminates option list)"),
    ("-O", "remove assert and __debug__-dependent statements; also PYTHONOPTIMIZE=x"),
    ("-OO", "do -O changes and also discard docstrings"),
    ("-P", "don't prepend a potentially unsafe path to sys.path; also\nPYTHONSAFEPATH"),
    ("-q", "don't print version and copyright messages on interactive startup"),
    ("-s", "don't add user site directory to sys.path; also PYTHONNOUSERSITE=x"),
    ("-S", "don't imply 'import site' on initialization"),
    (
        "-u",
        "force the stdout and stderr streams to be unbuffered;\nthis option has no effect on stdin; also PYTHONUNBUFFERED=x",
    ),
    (
        "-v",
        "verbose (trace import statements); also PYTHONVERBOSE=x\ncan be supplied multiple times to increase verbosity",
    ),
    (
        "-V",
        "print the Python version number and exit (also --version)\nwhen given twice, print more information about the build",
    ),
    ("-W arg", "warning control; arg is action:message:category:module:lineno\nalso PYTHONWARNINGS=arg"),
    ("-x", "skip first line of source, allowing use of non-Unix forms of #!cmd"),
    ("-X opt", "set implementation-specific option"),
];

const XOPTIONS: &[(&str, &str)] = &[
    ("dev", "enable Python Development Mode; also PYTHONDEVMODE"),
    ("faulthandler", "dump the Python traceback on fatal errors; also PYTHONFAULTHANDLER"),
    ("importtime", "show how long each import takes; also PYTHONPROFILEIMPORTTIME"),
    (
        "int_max_str_digits=N",
        "limit the size of int<->str conversions; 0 disables the limit;\nalso PYTHONINTMAXSTRDIGITS",
    ),
    ("pycache_prefix=PATH", "write .pyc files to a parallel tree; also PYTHONPYCACHEPREFIX"),
    ("utf8[=0|1]", "enable (1) or disable (0) UTF-8 mode; also PYTHONUTF8"),
    ("warn_default_encoding", "enable opt-in EncodingWarning for 'encoding=None';\nalso PYTHONWARNDEFAULTENCODING"),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("PYTHONSTARTUP", "file executed on interactive startup (no default)"),
    (
        "PYTHONPATH",
        "':'-separated list of directories prefixed to the default module\nsearch path. The result is sys.path.",
    ),
    ("PYTHONHOME", "alternate <prefix> directory"),
    (
        "PYTHONBREAKPOINT",
        "if this variable is set to 0, it disables the default debugger;\nit can be set to the callable to call instead",
    ),
    (
        "PYTHONHASHSEED",
        "if this variable is set to 'random', a random value is used to seed\nthe hashes of str and bytes objects; it can also be set to an\ninteger in the range [0,4294967295]",
    ),
    ("PYTHONINTMAXSTRDIGITS", "limit the size of int<->str conversions (-X int_max_str_digits=N)"),
    ("PYTHONIOENCODING", "encoding[:errors] used for stdin/stdout/stderr"),
    ("PYTHON_BASIC_REPL", "use the traditional parser-based REPL"),
    ("FERROPY_GC_NURSERY", "size of the nursery in bytes (suffixes k, m, g)"),
    ("FERROPY_GC_MAX", "hard limit of the heap in bytes (suffixes k, m, g)"),
    ("FERROPY_GC_MAJOR_FACTOR", "growth of the heap that starts a major collection"),
    ("FERROPYD_GC_STRESS", "debugging: collect at every Nth allocation"),
];

fn table(rows: &[(&str, &str)], width: usize) -> String {
    let mut out = String::new();
    for (name, text) in rows {
        let indent = format!("\n{:width$}  ", "");
        out.push_str(&format!("{name:width$}: {}\n", text.replace('\n', &indent)));
    }
    out
}

fn usage_line(program: &str) -> String {
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n")
}

fn help(program: &str) -> String {
    let short = table(SHORT, 7);
    format!(
        "{}Options (and corresponding environment variables):\n{short}--help-env: print help about Python environment \
         variables and exit\n--help-xoptions: print help about implementation-specific -X options and exit\n--help-all: \
         print complete help information and exit\n\nArguments:\nfile   : program read from script file\n-      : program \
         read from stdin (default; interactive mode if a tty)\narg ...: arguments passed to program in sys.argv[1:]\n",
        usage_line(program)
    )
}

/// A number of bytes with an optional suffix.
fn size(text: &str) -> Option<usize> {
    let (digits, shift) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 10),
        b'm' | b'M' => (&text[..text.len() - 1], 20),
        b'g' | b'G' => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    digits.parse::<usize>().ok()?.checked_mul(1 << shift)
}

fn gc_config(env: &dyn Fn(&str) -> Option<OsString>) -> Result<GcConfig, String> {
    let mut c = GcConfig::default();
    let text = |name: &str| env(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty());
    let read = |name: &str, to: &mut usize| -> Result<(), String> {
        if let Some(v) = text(name) {
            *to = size(&v).ok_or_else(|| format!("{name}: not a number of bytes: {v}"))?;
        }
        Ok(())
    };
    read("FERROPY_GC_NURSERY", &mut c.nursery)?;
    if text("FERROPY_GC_NURSERY").is_some() {
        // A size that was asked for stays.
        (c.nursery_min, c.nursery_max, c.target_ns) = (c.nursery, c.nursery, 0);
    }
    read("FERROPY_GC_MAX", &mut c.max)?;
    read("FERROPY_GC_MAJOR_MIN", &mut c.major_min)?;
    if let Some(v) = text("FERROPY_GC_MAJOR_FACTOR") {
        let f = v.parse::<f64>().ok().filter(|f| *f > 1.0 && f.is_finite());
        c.major_factor = f.ok_or_else(|| format!("FERROPY_GC_MAJOR_FACTOR: must be a number above 1: {v}"))?;
    }
    if let Some(v) = text("FERROPYD_GC_STRESS") {
        c.stress = v.parse().map_err(|_| format!("FERROPYD_GC_STRESS: not a number: {v}"))?;
    }
    Ok(c)
}

/// A random 64-bit number from the system.
fn random_seed() -> u64 {
    let mut bytes = [0u8; 8];
    // SAFETY: the buffer has this size.
    let n = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    let seed = if n == 8 { u64::from_le_bytes(bytes) } else { std::process::id() as u64 };
    // Smaller numbers are the seeds that can be asked for.
    seed | 1 << 63
}

struct Parser<'a> {
    setup: Setup,
    program: String,
    env: &'a dyn Fn(&str) -> Option<OsString>,
    versions: u32,
    isolated_env: bool,
}

impl Parser<'_> {
    fn var(&self, name: &str) -> Option<OsString> {
        (self.env)(name).filter(|v| !v.is_empty() && !self.isolated_env)
    }
    fn is_set(&self, name: &str) -> bool {
        self.var(name).is_some()
    }
    /// Level of a variable that is a number, or anything for 1.
    fn level(&self, name: &str) -> u8 {
        self.var(name).map_or(0, |v| v.to_string_lossy().parse().ok().filter(|n| *n > 0).unwrap_or(1))
    }

    fn environment(&mut self) -> Result<(), String> {
        let s = &self.setup;
        let mut c = s.sys.clone();
        c.debug = c.debug.max(self.level("PYTHONDEBUG"));
        c.optimize = c.optimize.max(self.level("PYTHONOPTIMIZE")).min(2);
        c.verbose = c.verbose.max(self.level("PYTHONVERBOSE"));
        c.inspect |= self.is_set("PYTHONINSPECT");
        c.dont_write_bytecode |= self.is_set("PYTHONDONTWRITEBYTECODE");
        c.no_user_site |= self.is_set("PYTHONNOUSERSITE");
        c.safe_path |= self.is_set("PYTHONSAFEPATH");
        c.dev_mode |= self.is_set("PYTHONDEVMODE");
        c.warn_default_encoding |= self.is_set("PYTHONWARNDEFAULTENCODING");
        c.utf8_mode |= self.var("PYTHONUTF8").is_some_and(|v| v == "1");
        if c.pycache_prefix.is_none() {
            c.pycache_prefix = self.var("PYTHONPYCACHEPREFIX").map(|v| wtf8(v.as_bytes()));
        }
        if c.max_str_digits == usize::MAX {
            c.max_str_digits = match self.var("PYTHONINTMAXSTRDIGITS") {
                Some(v) => digits(&v.to_string_lossy())
                    .ok_or("PYTHONINTMAXSTRDIGITS: invalid limit; must be >= 640 or 0 for unlimited.")?,
                None => 4300,
            };
        }
        let seed = self.var("PYTHONHASHSEED").filter(|v| v != "random");
        let hash_seed =
            match &seed {
                Some(v) => v.to_string_lossy().parse::<u32>().map_err(|_| {
                    "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]".to_owned()
                })? as u64,
                None => random_seed(),
            };
        c.hash_randomization = hash_seed != 0;
        let warnings = self.var("PYTHONWARNINGS").map_or(Vec::new(), |v| wtf8(v.as_bytes()));
        let path = self.var("PYTHONPATH").map(|v| wtf8(v.as_bytes()));
        let home = self.var("PYTHONHOME").map(|v| wtf8(v.as_bytes()));
        let startup = self.var("PYTHONSTARTUP").map(|v| v.as_bytes().to_vec());
        let encoding = self.var("PYTHONIOENCODING").map(|v| v.to_string_lossy().into_owned());
        let (unbuffered, import_time) = (self.is_set("PYTHONUNBUFFERED"), self.is_set("PYTHONPROFILEIMPORTTIME"));
        let (basic, fault) = (self.is_set("PYTHON_BASIC_REPL"), self.is_set("PYTHONFAULTHANDLER"));
        let s = &mut self.setup;
        s.sys = c;
        s.hash_seed = hash_seed;
        s.env_warnings = warnings.split(|b| *b == b',').filter(|w| !w.is_empty()).map(<[u8]>::to_vec).collect();
        (s.python_path, s.home, s.startup, s.io_encoding) = (path, home, startup, encoding);
        s.unbuffered |= unbuffered;
        s.import_time |= import_time;
        s.basic_repl |= basic;
        s.faulthandler |= fault;
        Ok(())
    }

    fn print(&mut self, text: String) {
        self.setup.action = Action::Print(text, 0);
    }

    fn long(&mut self, name: &str, rest: &mut std::vec::IntoIter<OsString>) -> Result<bool, String> {
        match name {
            "--help" => self.print(help(&self.program)),
            "--help-env" => self.print(table(ENVIRONMENT, 24)),
            "--help-xoptions" => self.print(table(XOPTIONS, 24)),
            "--help-all" => {
                let text = format!("{}\n{}\n{}", help(&self.program), table(ENVIRONMENT, 24), table(XOPTIONS, 24));
                self.print(text);
            }
            "--version" => self.versions += 1,
            "--check-hash-based-pycs" => match rest.next() {
                Some(v) if v == "always" || v == "default" || v == "never" => return Ok(false),
                _ => return Err("--check-hash-based-pycs must be one of 'default', 'always', or 'never'".into()),
            },
            _ => return Err(format!("unknown option {name}")),
        }
        Ok(matches!(self.setup.action, Action::Print(..)))
    }

    /// Handles an argument of single-letter options; true if it ends the list.
    fn short(&mut self, arg: &[u8], rest: &mut std::vec::IntoIter<OsString>) -> Result<bool, String> {
        for (i, letter) in arg.iter().enumerate().skip(1) {
            let c = &mut self.setup.sys;
            match letter {
                b'b' => c.bytes_warning = c.bytes_warning.saturating_add(1),
                b'B' => c.dont_write_bytecode = true,
                b'd' => c.debug = c.debug.saturating_add(1),
                b'E' => c.ignore_environment = true,
                b'i' => (c.inspect, c.interactive) = (true, true),
                b'I' => (c.isolated, c.ignore_environment, c.no_user_site, c.safe_path) = (true, true, true, true),
                b'O' => c.optimize = (c.optimize + 1).min(2),
                b'P' => c.safe_path = true,
                b'q' => c.quiet = true,
                b's' => c.no_user_site = true,
                b'S' => c.no_site = true,
                b't' | b'R' => {}
                b'u' => self.setup.unbuffered = true,
                b'v' => c.verbose = c.verbose.saturating_add(1),
                b'V' => self.versions += 1,
                b'x' => self.setup.skip_first_line = true,
                b'h' | b'?' => {
                    self.print(help(&self.program));
                    return Ok(true);
                }
                b'c' | b'm' | b'W' | b'X' => return self.with_value(*letter, &arg[i + 1..], rest),
                other => return Err(format!("Unknown option: -{}", *other as char)),
            }
        }
        Ok(false)
    }

    fn with_value(&mut self, letter: u8, tail: &[u8], rest: &mut std::vec::IntoIter<OsString>) -> Result<bool, String> {
        let value = match tail {
            [] => match rest.next() {
                Some(v) => v.into_vec(),
                None => return Err(format!("Argument expected for the -{} option", letter as char)),
            },
            tail => tail.to_vec(),
        };
        match letter {
            b'c' => self.setup.action = Action::Command(value),
            b'm' => self.setup.action = Action::Module(value),
            b'W' => self.setup.sys.warnoptions.push(wtf8(&value)),
            _ => self.xoption(&value)?,
        }
        Ok(matches!(letter, b'c' | b'm'))
    }

    fn xoption(&mut self, value: &[u8]) -> Result<(), String> {
        let value = wtf8(value);
        let (name, x) = match memchr_eq(&value) {
            Some(at) => (value[..at].to_vec(), Some(value[at + 1..].to_vec())),
            None => (value, None),
        };
        let text = x.as_ref().map(|x| String::from_utf8_lossy(x).into_owned());
        let c = &mut self.setup.sys;
        match name.as_slice() {
            b"dev" => c.dev_mode = true,
            b"utf8" => {
                c.utf8_mode = match text.as_deref() {
                    None | Some("1") => true,
                    Some("0") => false,
                    _ => return Err("invalid -X utf8 option value".into()),
                }
            }
            b"importtime" => self.setup.import_time = true,
            b"faulthandler" => self.setup.faulthandler = true,
            b"warn_default_encoding" => c.warn_default_encoding = true,
            b"pycache_prefix" => c.pycache_prefix = x.clone().filter(|p| !p.is_empty()),
            b"int_max_str_digits" => {
                let n = text.as_deref().and_then(digits);
                c.max_str_digits =
                    n.ok_or("-X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited.")?;
            }
            _ => {}
        }
        c.xoptions.push((name, x));
        Ok(())
    }
}

fn memchr_eq(v: &[u8]) -> Option<usize> {
    v.iter().position(|b| *b == b'=')
}

fn digits(text: &str) -> Option<usize> {
    text.parse::<usize>().ok().filter(|n| *n == 0 || (640..=i32::MAX as usize).contains(n))
}

/// Bytes of the system as WTF-8: what is no UTF-8 becomes surrogates (`surrogateescape`).
pub fn wtf8(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        for b in chunk.invalid() {
            let c = 0xdc00 + *b as u32;
            out.extend_from_slice(&[0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]);
        }
    }
    out
}

fn default_setup() -> Setup {
    Setup {
        sys: Config { max_str_digits: usize::MAX, ..Config::default() },
        gc: GcConfig::default(),
        action: Action::Stdin,
        args: Vec::new(),
        unbuffered: false,
        skip_first_line: false,
        import_time: false,
        hash_seed: 0,
        io_encoding: None,
        python_path: None,
        home: None,
        startup: None,
        basic_repl: false,
        faulthandler: false,
        env_warnings: Vec::new(),
    }
}

/// Reads the command line and the environment. An error is what to print before leaving with code 2.
pub fn parse(args: Vec<OsString>, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Setup, String> {
    let program = args.first().map_or("ferropy".into(), |a| a.to_string_lossy().into_owned());
    let mut p = Parser { setup: default_setup(), program: program.clone(), env, versions: 0, isolated_env: false };
    p.setup.sys.orig_argv = args.iter().map(|a| wtf8(a.as_bytes())).collect();
    let fail = |text: String| format!("{text}\n{}Try `{program} -h' for more information.\n", usage_line(&program));
    let mut rest = args.into_iter().skip(1).collect::<Vec<_>>().into_iter();
    while let Some(arg) = rest.next() {
        let bytes = arg.as_bytes();
        let ended = match bytes {
            b"-" => break,
            [b'-', b'-', _, ..] => p.long(&arg.to_string_lossy(), &mut rest).map_err(fail)?,
            b"--" => {
                if let Some(file) = rest.next() {
                    p.setup.action = Action::File(file);
                }
                break;
            }
            [b'-', ..] => p.short(bytes, &mut rest).map_err(fail)?,
            _ => {
                p.setup.action = Action::File(arg);
                break;
            }
        };
        if ended {
            break;
        }
    }
    p.setup.args = rest.collect();
    p.isolated_env = p.setup.sys.ignore_environment;
    p.environment().map_err(|e| format!("Fatal Python error: {e}\n"))?;
    p.setup.gc = gc_config(env).map_err(|e| format!("{e}\n"))?;
    if p.versions > 0 && !matches!(p.setup.action, Action::Print(..)) {
        let (a, b, c) = ferropy_modules::sys::VERSION;
        let text = match p.versions {
            1 => format!("Python {a}.{b}.{c}\n"),
            _ => format!("Python {}\n", ferropy_modules::sys::version_text()),
        };
        p.print(text);
    }
    Ok(p.setup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Setup, String> {
        parse(args.iter().map(OsString::from).collect(), &|_| None)
    }

    #[test]
    fn options() {
        let s = run(&["f", "-OOBc", "print(1)", "-x"]).unwrap();
        assert_eq!((s.sys.optimize, s.sys.dont_write_bytecode), (2, true));
        assert_eq!(s.action, Action::Command(b"print(1)".to_vec()));
        assert_eq!(s.args, [OsString::from("-x")]);
        let s = run(&["f", "-mthis", "a"]).unwrap();
        assert_eq!(s.action, Action::Module(b"this".to_vec()));
        assert!(run(&["f", "-c"]).is_err());
        assert!(run(&["f", "-Z"]).is_err());
        assert!(run(&["f", "-X", "int_max_str_digits=5"]).is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64k"), Some(65536));
        assert_eq!(size("12"), Some(12));
        assert_eq!(size("k"), None);
    }
}
