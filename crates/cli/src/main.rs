//! The executable `ferropy`: options, REPL, tools.

use ferropy_vm::{Interpreter, R, Thread, Value};

fn run(cx: &mut Thread, path: &str) -> R {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let opts = ferropy_compiler::Options { filename: path.to_owned(), ..Default::default() };
    let code = match ferropy_compiler::compile(&text, &opts, &mut |_| {}) {
        Ok(c) => c,
        Err(e) => return Err(cx.error(ferropy_vm::Exc::SyntaxError, format!("{}:{}: {}", path, e.line, e.message))),
    };
    let code = cx.load_code(code)?;
    let m = cx.new_module("__main__", "")?;
    // SAFETY: a module has a dict.
    let d = unsafe { m.dict.as_gc() };
    cx.exec_code(code, d, m.dict.get(), Value::NULL)
}

fn main_thread() -> i32 {
    let stress = std::env::var("FERROPYD_GC_STRESS").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    let config = ferropy_gc::Config { stress, ..Default::default() };
    let Ok(mut cx) = Interpreter::start(config, 0) else { return 70 };
    let cx = &mut *cx;
    let done = (|| {
        ferropy_builtins::install(cx)?;
        ferropy_modules::register(cx);
        run(cx, &std::env::args().nth(1).unwrap_or_default())
    })();
    match done {
        Ok(_) => 0,
        Err(_) => {
            let e = cx.take_pending();
            let class = cx.class_name(e);
            let text = cx.str(e).map_or_else(|_| "?".into(), |s| s.to_lossy());
            eprintln!("{class}: {text}");
            1
        }
    }
}

fn main() {
    let run = std::thread::Builder::new().stack_size(512 << 20).spawn(main_thread);
    let code = run.map_or(70, |t| t.join().unwrap_or(70));
    std::process::exit(code);
}
