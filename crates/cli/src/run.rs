//! From the start of the interpreter to its end: streams, `site`, the program, exit handlers.

use crate::options::{Action, Setup, wtf8};
use ferropy_builtins::functions::compile;
use ferropy_builtins::functions::output::sys_get;
use ferropy_builtins::functions::source::{Input, Origin, decode_source};
use ferropy_compiler::Options;
use ferropy_modules::{imp, sys};
use ferropy_vm::types::{Dict, Exception, Module};
use ferropy_vm::{Exc, Gc, N, R, Thread, Value};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

/// The folder above the one that the executable is in, as CPython's `sys.prefix`.
fn prefix(setup: &Setup) -> Vec<u8> {
    if let Some(home) = &setup.home {
        return home.split(|b| *b == b':').next().unwrap_or_default().to_vec();
    }
    let exe = std::env::current_exe().unwrap_or_default();
    let dir = exe.parent().and_then(Path::parent).unwrap_or(Path::new("/usr/local"));
    wtf8(dir.as_os_str().as_bytes())
}

/// Completes the configuration: executable, paths, arguments, warnings.
fn complete(setup: &mut Setup) {
    let prefix = prefix(setup);
    let c = &mut setup.sys;
    c.executable = std::env::current_exe().map_or(Vec::new(), |p| wtf8(p.as_os_str().as_bytes()));
    let mut path: Vec<Vec<u8>> = Vec::new();
    if let Some(p) = &setup.python_path {
        path.extend(p.split(|b| *b == b':').map(<[u8]>::to_vec));
    }
    path.push([&prefix[..], b"/lib/python314.zip"].concat());
    path.push([&prefix[..], b"/lib/python3.14"].concat());
    path.push([&prefix[..], b"/lib/python3.14/lib-dynload"].concat());
    (c.path, c.prefix) = (path, prefix);
    let first = match &setup.action {
        Action::Command(_) => b"-c".to_vec(),
        Action::Module(_) => b"-m".to_vec(),
        Action::File(f) => wtf8(f.as_bytes()),
        Action::Stdin if c.orig_argv.iter().any(|a| a == b"-") => b"-".to_vec(),
        _ => Vec::new(),
    };
    c.argv = std::iter::once(first).chain(setup.args.iter().map(|a| wtf8(a.as_bytes()))).collect();
    let mut warnings = Vec::new();
    if c.dev_mode {
        warnings.push(b"default".to_vec());
    }
    warnings.append(&mut setup.env_warnings);
    warnings.append(&mut c.warnoptions);
    match c.bytes_warning {
        0 => {}
        1 => warnings.push(b"default::BytesWarning".to_vec()),
        _ => warnings.push(b"error::BytesWarning".to_vec()),
    }
    c.warnoptions = warnings;
}

/// What was decided before the start, for sub-interpreters.
static SETUP: OnceLock<Setup> = OnceLock::new();

/// Brings up everything that Python programs expect to be there.
pub fn start(cx: &mut Thread, setup: &mut Setup) -> R<()> {
    complete(setup);
    settings(cx, setup);
    ferropy_builtins::install(cx)?;
    ferropy_modules::register(cx);
    cx.base_complete()?;
    cx.vm_mut().hooks.run_beside = Some(run_beside);
    ferropy_builtins::functions::import::set_import_time(setup.import_time);
    let setup = SETUP.get_or_init(|| setup.clone());
    bring_up(cx, setup)?;
    if setup.faulthandler || setup.sys.dev_mode {
        let m = cx.import("faulthandler")?;
        cx.call_method(m, "enable", &[])?;
    }
    site(cx, setup)
}

fn settings(cx: &mut Thread, setup: &Setup) {
    let settings = &mut cx.vm_mut().settings;
    settings.optimize = setup.sys.optimize;
    settings.max_str_digits = setup.sys.max_str_digits;
    settings.bytes_warning = setup.sys.bytes_warning;
    settings.dev_mode = setup.sys.dev_mode;
    settings.utf8_mode = setup.sys.utf8_mode;
    settings.warn_default_encoding = setup.sys.warn_default_encoding;
}

/// `sys`, `__main__`, importing, the standard streams, warnings.
fn bring_up(cx: &mut Thread, setup: &Setup) -> R<()> {
    let name = cx.intern("sys")?;
    ferropy_builtins::functions::import::import_native(cx, name)?;
    sys::configure(cx, &setup.sys)?;
    main_module(cx)?;
    imp::install_importlib(cx)?;
    streams(cx, setup)?;
    if !setup.sys.warnoptions.is_empty() {
        cx.import("warnings")?;
    }
    Ok(())
}

fn site(cx: &mut Thread, setup: &Setup) -> R<()> {
    if !setup.sys.no_site {
        cx.import("site")?;
    }
    Ok(())
}

/// Runs a program in an interpreter beside the running one, which is configured like the first.
fn run_beside(cx: &mut Thread, text: &str) -> R<bool> {
    let Some(setup) = SETUP.get() else { return Ok(false) };
    cx.run_beside(|cx| {
        settings(cx, setup);
        let done = bring_up(cx, setup).and_then(|()| site(cx, setup)).and_then(|()| run_text(cx, text, "<string>"));
        let failed = done.is_err();
        if failed {
            let e = cx.take_pending();
            print_uncaught(cx, e);
        }
        run_exit_handlers(cx);
        if flush(cx).is_err() {
            cx.take_pending();
        }
        Ok(!failed)
    })
}

/// The module `__main__`, made at the first call.
pub fn main_module(cx: &mut Thread) -> R<Gc<Dict>> {
    if let Some(d) = sys::hooks::main_dict(cx)? {
        return Ok(d);
    }
    let m = cx.new_module("__main__", "")?;
    // SAFETY: always dicts.
    let (modules, d) = unsafe { (cx.vm().modules.cast_unchecked::<Dict>(), m.dict.as_gc::<Dict>()) };
    let builtins = cx.import("builtins");
    let builtins = match builtins {
        Ok(m) => m,
        Err(_) => {
            cx.take_pending();
            cx.vm().builtins
        }
    };
    let key = cx.name(N::__builtins__);
    cx.dict_set_str(d, key, builtins)?;
    let key = cx.name(N::__main__);
    cx.dict_set(modules, key, m.value())?;
    Ok(d)
}

// ---- standard streams

fn streams(cx: &mut Thread, setup: &Setup) -> R<()> {
    let io = cx.import("io")?;
    let (encoding, errors) = match &setup.io_encoding {
        Some(text) => match text.split_once(':') {
            Some((e, x)) => (e.to_owned(), Some(x.to_owned())),
            None => (text.clone(), None),
        },
        None => (String::new(), None),
    };
    let open = cx.getattr_str(io, "open")?;
    let key = cx.intern("open")?;
    if let Some(builtins) = cx.vm().builtins.cast::<ferropy_vm::types::Dict>() {
        cx.dict_set_str(builtins, key, open)?;
    }
    let encoding = if encoding.is_empty() { "utf-8".to_owned() } else { encoding };
    let posix_locale =
        std::env::var("LC_ALL").or_else(|_| std::env::var("LC_CTYPE")).or_else(|_| std::env::var("LANG"));
    let lenient = matches!(posix_locale.as_deref(), Err(_) | Ok("" | "C" | "POSIX")) || setup.sys.utf8_mode;
    let default = if lenient { "surrogateescape" } else { "strict" };
    let errors = errors.filter(|e| !e.is_empty()).unwrap_or_else(|| default.to_owned());
    for (fd, name) in [(0, "stdin"), (1, "stdout"), (2, "stderr")] {
        let errors = if fd == 2 { "backslashreplace" } else { &errors };
        let file = stream(cx, io, fd, name, &encoding, errors, setup)?;
        sys::set(cx, name, file)?;
        sys::set(cx, &format!("__{name}__"), file)?;
    }
    Ok(())
}

fn stream(cx: &mut Thread, io: Value, fd: i32, name: &str, encoding: &str, errors: &str, setup: &Setup) -> R {
    // SAFETY: queries of a descriptor.
    let (open, tty) = unsafe { (libc::fcntl(fd, libc::F_GETFD) >= 0, libc::isatty(fd) != 0) };
    if !open {
        return Ok(Value::NONE);
    }
    let write = fd != 0;
    let unbuffered = write && setup.unbuffered;
    let mode = cx.intern(if write { "wb" } else { "rb" })?;
    let open = cx.getattr_str(io, "open")?;
    let buffering = Value::small_int(if unbuffered { 0 } else { -1 });
    let n = Value::small_int(fd as i64);
    let buffer = cx.call_kw(open, &[n, mode], &[("buffering", buffering), ("closefd", Value::FALSE)])?;
    let raw = if unbuffered { buffer } else { cx.getattr_str(buffer, "raw")? };
    let label = cx.new_str(&format!("<{name}>"))?.value();
    let key = cx.intern("name")?;
    cx.setattr(raw, key, label)?;
    let wrapper = cx.getattr_str(io, "TextIOWrapper")?;
    let (encoding, errors) = (cx.new_str(encoding)?.value(), cx.new_str(errors)?.value());
    let newline = if write { cx.intern("\n")? } else { Value::NONE };
    let line = Value::bool(write && !unbuffered && (tty || fd == 2));
    let file = cx.call_kw(
        wrapper,
        &[buffer],
        &[
            ("encoding", encoding),
            ("errors", errors),
            ("newline", newline),
            ("line_buffering", line),
            ("write_through", Value::bool(unbuffered)),
        ],
    )?;
    let (key, mode) = (cx.intern("mode")?, cx.intern(if write { "w" } else { "r" })?);
    cx.setattr(file, key, mode)?;
    Ok(file)
}

// ---- the program

fn path_insert(cx: &mut Thread, entry: &[u8]) -> R<()> {
    let v = cx.new_wtf8(entry)?.value();
    cx.set_registry(ferropy_vm::ops::module::SCRIPT_FOLDER, v);
    if let Some(path) = sys_get(cx, "path")? {
        cx.call_method(path, "insert", &[Value::small_int(0), v])?;
    }
    Ok(())
}

fn run_text(cx: &mut Thread, text: &str, filename: &str) -> R {
    let main = main_module(cx)?;
    let options = Options { filename: filename.to_owned(), optimize: cx.vm().settings.optimize, ..Options::default() };
    let code = compile::compile_text(cx, text, &options)?;
    cx.exec_code(code, main, main.value(), Value::NULL)
}

/// Takes the common indentation off a `-c` program.
fn dedent(text: &str) -> String {
    let indent = |l: &str| l.len() - l.trim_start_matches([' ', '\t']).len();
    let lines = || text.lines().filter(|l| !l.trim().is_empty());
    let Some(first) = lines().next() else { return text.to_owned() };
    let mut common = &first[..indent(first)];
    for l in lines() {
        while !l.starts_with(common) {
            common = &common[..common.len() - 1];
        }
    }
    if common.is_empty() {
        return text.to_owned();
    }
    text.split('\n').map(|l| l.strip_prefix(common).unwrap_or(l)).collect::<Vec<_>>().join("\n")
}

fn run_module(cx: &mut Thread, name: &[u8], alter_argv: bool) -> R {
    let runpy = cx.import("runpy")?;
    let name = cx.new_wtf8(name)?.value();
    cx.call_method(runpy, "_run_module_as_main", &[name, Value::bool(alter_argv)])
}

fn run_file(cx: &mut Thread, setup: &Setup, file: &Path) -> R {
    let shown = wtf8(file.as_os_str().as_bytes());
    if is_importable(file) {
        path_insert(cx, &shown)?;
        return run_module(cx, b"__main__", false);
    }
    let data = match std::fs::read(file) {
        Ok(d) => d,
        Err(e) => {
            let text = system_text(&e);
            let program =
                setup.sys.orig_argv.first().map_or(String::new(), |a| String::from_utf8_lossy(a).into_owned());
            let errno = e.raw_os_error().unwrap_or(0);
            eprintln!("{program}: can't open file '{}': [Errno {errno}] {text}", absolute(file));
            let code = Value::small_int(2);
            return Err(cx.error_with(Exc::SystemExit, &[code]));
        }
    };
    if !setup.sys.safe_path {
        let real = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let dir = real.parent().unwrap_or(Path::new(""));
        path_insert(cx, &wtf8(dir.as_os_str().as_bytes()))?;
    }
    let main = main_module(cx)?;
    let name = cx.new_wtf8(&shown)?.value();
    let key = cx.name(N::__file__);
    cx.dict_set_str(main, key, name)?;
    let pyc = shown.ends_with(b".pyc");
    set_loader(cx, main, name, if pyc { "SourcelessFileLoader" } else { "SourceFileLoader" })?;
    if pyc {
        return run_pyc(cx, main, &data);
    }
    let data = match setup.skip_first_line {
        // The line end stays: line numbers are those of the file.
        true => data[data.iter().position(|b| *b == b'\n').unwrap_or(data.len())..].to_vec(),
        false => data,
    };
    let filename = String::from_utf8_lossy(&shown).into_owned();
    let text = decode_source(cx, data, Input { filename: &filename, origin: Origin::File, utf8: false })?;
    run_text(cx, &text, &filename)
}

fn system_text(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn absolute(file: &Path) -> String {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned()).to_string_lossy().into_owned()
}

/// A folder or Zip archive: its `__main__` is run.
fn is_importable(file: &Path) -> bool {
    if file.is_dir() {
        return true;
    }
    let Ok(data) = std::fs::File::open(file) else { return false };
    use std::io::{Read, Seek, SeekFrom};
    let mut data = std::io::BufReader::new(data);
    let mut head = [0u8; 4];
    if data.read_exact(&mut head).is_err() {
        return false;
    }
    if head == *b"PK\x03\x04" {
        return true;
    }
    // An archive behind a `#!` line ends in its directory.
    if !head.starts_with(b"#!") || data.seek(SeekFrom::End(-22)).is_err() {
        return false;
    }
    data.read_exact(&mut head).is_ok() && head == *b"PK\x05\x06"
}

fn set_loader(cx: &mut Thread, main: Gc<Dict>, file: Value, class: &str) -> R<()> {
    let external = cx.import("_frozen_importlib_external")?;
    let class = cx.getattr_str(external, class)?;
    let name = cx.name(N::__main__);
    let loader = cx.call(class, &[name, file])?;
    let key = cx.name(N::__loader__);
    cx.dict_set_str(main, key, loader)
}

fn run_pyc(cx: &mut Thread, main: Gc<Dict>, data: &[u8]) -> R {
    if data.len() < 16 || data[..4] != (imp::MAGIC as u32).to_le_bytes() {
        return Err(cx.runtime_error("Bad magic number in .pyc file"));
    }
    let bytes = cx.new_bytes(&data[16..])?.value();
    let marshal = cx.import("marshal")?;
    let code = cx.call_method(marshal, "loads", &[bytes])?;
    match code.cast() {
        Some(code) => cx.exec_code(code, main, main.value(), Value::NULL),
        None => Err(cx.runtime_error("Bad code object in .pyc file")),
    }
}

fn run_stdin(cx: &mut Thread, setup: &Setup) -> R {
    use std::io::{IsTerminal, Read};
    if !setup.sys.safe_path {
        path_insert(cx, b"")?;
    }
    if std::io::stdin().is_terminal() || setup.sys.interactive {
        return crate::repl::run(cx, setup, true);
    }
    let mut data = Vec::new();
    if let Err(e) = std::io::stdin().read_to_end(&mut data) {
        return Err(cx.io_error(&e, None));
    }
    let text = decode_source(cx, data, Input { filename: "<stdin>", origin: Origin::File, utf8: false })?;
    run_text(cx, &text, "<stdin>")
}

/// Runs what the command line asks for.
pub fn program(cx: &mut Thread, setup: &Setup) -> R {
    match &setup.action {
        Action::Command(text) => {
            if !setup.sys.safe_path {
                path_insert(cx, b"")?;
            }
            let text = dedent(&String::from_utf8_lossy(text));
            run_text(cx, &text, "<string>")
        }
        Action::Module(name) => {
            if !setup.sys.safe_path {
                let here = std::env::current_dir().unwrap_or_default();
                path_insert(cx, &wtf8(here.as_os_str().as_bytes()))?;
            }
            run_module(cx, name, true)
        }
        Action::File(file) => run_file(cx, setup, Path::new(file)),
        Action::Stdin => run_stdin(cx, setup),
        Action::Print(..) => Ok(Value::NONE),
    }
}

// ---- the end

/// Reports the pending exception as the outermost code does; the exit code.
pub fn report(cx: &mut Thread) -> i32 {
    let e = cx.take_pending();
    if cx.is_instance(e, cx.exc_class(Exc::SystemExit)) {
        return exit_code(cx, e);
    }
    let interrupted = cx.is_instance(e, cx.exc_class(Exc::KeyboardInterrupt));
    print_uncaught(cx, e);
    if interrupted { crate::INTERRUPTED } else { 1 }
}

fn exit_code(cx: &mut Thread, e: Value) -> i32 {
    let code = match cx.getattr_str(e, "code") {
        Ok(c) => c,
        Err(_) => {
            cx.take_pending();
            e
        }
    };
    if code.is_none() {
        return 0;
    }
    if code.is_any_int() {
        return code.to_i64().map_or(255, |n| n as i32);
    }
    let text = match cx.str(code) {
        Ok(s) => s.to_lossy(),
        Err(_) => {
            cx.take_pending();
            String::new()
        }
    };
    sys::hooks::write_stderr(cx, &format!("{text}\n"));
    1
}

/// Calls `sys.excepthook`.
pub fn print_uncaught(cx: &mut Thread, e: Value) {
    let tb = e.cast::<Exception>().and_then(|x| x.traceback.get().bound()).unwrap_or(Value::NONE);
    let class = cx.class_of(e).value();
    let done = (|| -> R<bool> {
        for (name, v) in [("last_exc", e), ("last_type", class), ("last_value", e), ("last_traceback", tb)] {
            sys::set(cx, name, v)?;
        }
        match sys_get(cx, "excepthook")? {
            Some(hook) if !hook.is_none() => cx.call(hook, &[class, e, tb]).map(|_| true),
            _ => Ok(false),
        }
    })();
    match done {
        Ok(true) => {}
        Ok(false) => {
            sys::hooks::write_stderr(cx, "sys.excepthook is missing\n");
            sys::hooks::show_exception(cx, e);
        }
        Err(_) => {
            let inner = cx.take_pending();
            sys::hooks::write_stderr(cx, "Error in sys.excepthook:\n");
            sys::hooks::show_exception(cx, inner);
            sys::hooks::write_stderr(cx, "\nOriginal exception was:\n");
            sys::hooks::show_exception(cx, e);
        }
    }
}

fn imported(cx: &mut Thread, name: &str) -> Option<Value> {
    let key = cx.intern(name).ok()?;
    cx.vm().modules.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)).filter(|m| m.cast::<Module>().is_some())
}

/// Waits for threads and calls exit handlers.
fn run_exit_handlers(cx: &mut Thread) {
    for (module, function) in [("threading", "_shutdown"), ("atexit", "_run_exitfuncs")] {
        if let Some(m) = imported(cx, module)
            && let Err(_) = cx.call_method(m, function, &[])
        {
            let e = cx.take_pending();
            cx.unraisable(e, &format!("while calling {module} at exit"), Value::NULL);
        }
    }
}

/// Threads, exit handlers, streams; the exit code may change to 120 if output is lost.
pub fn finish(cx: &mut Thread, code: i32) -> i32 {
    run_exit_handlers(cx);
    let mut code = code;
    cx.vm().finalizing.set(true);
    let stream = |cx: &mut Thread, name: &str| sys_get(cx, name).ok().flatten().unwrap_or(Value::NONE);
    let spared = [stream(cx, "stdin"), stream(cx, "stdout"), stream(cx, "stderr")];
    cx.finalize_remaining(&spared);
    // What open files hold back goes out, as when their last reference goes in CPython.
    ferropy_modules::io::flush_all(cx);
    if flush(cx).is_err() {
        let e = cx.take_pending();
        cx.unraisable(e, "while flushing sys.stdout", Value::NULL);
        code = 120;
    }
    code
}

fn flush(cx: &mut Thread) -> R<()> {
    for name in ["stdout", "stderr"] {
        let Some(file) = sys_get(cx, name)?.filter(|f| !f.is_none()) else { continue };
        let closed = cx.intern("closed")?;
        if let Some(c) = cx.getattr_opt(file, closed)?
            && cx.truth(c)?
        {
            continue;
        }
        let flushed = cx.call_method(file, "flush", &[]);
        match (name, flushed) {
            (_, Ok(_)) => {}
            ("stdout", Err(r)) => return Err(r),
            _ => {
                cx.take_pending();
            }
        }
    }
    Ok(())
}
