//! The interactive prompt: `_pyrepl` where it works, else the module `code`.

use crate::options::Setup;
use crate::run::{main_module, print_uncaught};
use ferropy_builtins::functions::compile;
use ferropy_builtins::functions::output::sys_get;
use ferropy_builtins::functions::source::{Input, Origin, decode_source};
use ferropy_compiler::Options;
use ferropy_vm::types::Dict;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, Value};
use std::io::IsTerminal;

fn startup_file(cx: &mut Thread, setup: &Setup, main: Gc<Dict>) -> R<()> {
    let Some(path) = &setup.startup else { return Ok(()) };
    let name = String::from_utf8_lossy(path).into_owned();
    let data = match std::fs::read(&name) {
        Ok(d) => d,
        Err(e) => {
            eprintln!("Could not open PYTHONSTARTUP\n{e}");
            return Ok(());
        }
    };
    let done = (|| {
        let text = decode_source(cx, data, Input { filename: &name, origin: Origin::File, utf8: false })?;
        let options = Options { filename: name.clone(), ..Options::default() };
        let code = compile::compile_text(cx, &text, &options)?;
        cx.exec_code(code, main, main.value(), Value::NULL)
    })();
    if done.is_err() {
        if cx.pending_is(Exc::SystemExit) {
            return done.map(|_| ());
        }
        let e = cx.take_pending();
        print_uncaught(cx, e);
    }
    Ok(())
}

fn banner(setup: &Setup) -> String {
    let help = if setup.sys.no_site {
        ""
    } else {
        "\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information."
    };
    format!("Python {} on linux{help}", ferropy_modules::sys::version_text())
}

/// The prompt in `__main__`'s namespace; `fresh`: no program ran before.
pub fn run(cx: &mut Thread, setup: &Setup, fresh: bool) -> R {
    let main = main_module(cx)?;
    let show_banner = fresh && !setup.sys.quiet;
    if fresh {
        startup_file(cx, setup, main)?;
    }
    interactive_hook(cx)?;
    if !setup.basic_repl && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        if show_banner {
            println!("{}", banner(setup));
        }
        match rich(cx) {
            Ok(v) => return Ok(v),
            Err(r) if !cx.pending_is(Exc::ImportError) && !cx.pending_is(Exc::OSError) => return Err(r),
            Err(_) => {
                cx.take_pending();
            }
        }
        return plain(cx, main, "");
    }
    let text = if show_banner { banner(setup) } else { String::new() };
    plain(cx, main, &text)
}

/// `sys.__interactivehook__`, which `site` sets.
fn interactive_hook(cx: &mut Thread) -> R<()> {
    if let Some(hook) = sys_get(cx, "__interactivehook__")?
        && cx.call(hook, &[]).is_err()
    {
        let e = cx.take_pending();
        print_uncaught(cx, e);
    }
    Ok(())
}

fn rich(cx: &mut Thread) -> R {
    let m = cx.import("_pyrepl.main")?;
    let can = cx.getattr_str(m, "CAN_USE_PYREPL")?;
    if !cx.truth(can)? {
        return Err(cx.error(Exc::ImportError, "_pyrepl cannot be used here"));
    }
    cx.call_method(m, "interactive_console", &[])
}

fn plain(cx: &mut Thread, main: Gc<Dict>, banner: &str) -> R {
    let m = cx.import("code")?;
    let class = cx.getattr_str(m, "InteractiveConsole")?;
    let file = cx.intern("<stdin>")?;
    let console = cx.call_kw(class, &[main.value()], &[("filename", file)])?;
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        let read = cx.native_function(file, &RAW_INPUT)?;
        let name = cx.intern("raw_input")?;
        cx.setattr(console, name, read)?;
    }
    let interact = cx.getattr_str(console, "interact")?;
    let (banner, empty) = (cx.new_str(banner)?.value(), cx.intern("")?);
    cx.call_kw(interact, &[], &[("banner", banner), ("exitmsg", empty)])
}

static RAW_INPUT: NativeDef =
    NativeDef::function("raw_input(prompt='', /)", raw_input, "Read a line that is no terminal's.");

/// A line of `sys.stdin`. The prompt does not mix with what the program writes.
fn raw_input(cx: &mut Thread, a: Args<'_>) -> R {
    let prompt = cx.expect_text(a[0], "prompt")?.to_lossy();
    for name in ["stdout", "stderr"] {
        if let Some(f) = sys_get(cx, name)? {
            cx.call_method(f, "flush", &[])?;
        }
    }
    eprint!("{prompt}");
    let Some(stdin) = sys_get(cx, "stdin")? else { return Err(cx.runtime_error("lost sys.stdin")) };
    let line = cx.call_method(stdin, "readline", &[])?;
    let text = cx.expect_text(line, "line")?.to_lossy();
    match text.strip_suffix('\n') {
        Some(text) => Ok(cx.new_str(text)?.value()),
        None if text.is_empty() => Err(cx.error(Exc::EOFError, "")),
        None => Ok(line),
    }
}
