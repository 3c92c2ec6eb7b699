//! The executable `ferropy`: options, REPL, tools.
//!
//! The interpreter runs on a thread of its own with a large stack, whose pages the system provides when they are used.

mod options;
mod repl;
mod run;

use ferropy_vm::Interpreter;
use options::{Action, Setup};
use std::io::Write;

/// Address space for the main thread's native stack.
const STACK: usize = 512 << 20;

/// Stands for an exit by SIGINT.
pub const INTERRUPTED: i32 = 0x100 + libc::SIGINT;

/// Runs the interpreter; the exit code.
fn main_thread(mut setup: Setup) -> i32 {
    let mut cx = match Interpreter::start(setup.gc.clone(), setup.hash_seed) {
        Ok(cx) => cx,
        Err(e) => {
            eprintln!("ferropy: cannot reserve memory: {e}");
            return 70;
        }
    };
    let cx = &mut *cx;
    if run::start(cx, &mut setup).is_err() {
        let code = run::report(cx);
        return run::finish(cx, code);
    }
    let done = run::program(cx, &setup);
    let mut code = match done {
        Ok(_) => 0,
        Err(_) => run::report(cx),
    };
    let inspect = setup.sys.inspect || !setup.sys.ignore_environment && std::env::var_os("PYTHONINSPECT").is_some();
    if inspect && !(setup.action == Action::Stdin && setup.sys.interactive) {
        code = match repl::run(cx, &setup, false) {
            Ok(_) => code,
            Err(_) => run::report(cx),
        };
    }
    run::finish(cx, code)
}

fn leave(code: i32) -> ! {
    // What Rust's own printing buffered.
    let _ = std::io::stdout().flush();
    if code == INTERRUPTED {
        // A shell must see that the signal ended us.
        // SAFETY: restores the default action and raises the signal.
        unsafe {
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            libc::kill(libc::getpid(), libc::SIGINT);
        }
        std::process::exit(128 + libc::SIGINT);
    }
    std::process::exit(code)
}

fn main() {
    // Writing to a closed pipe is an error of the write, not the end of the program.
    // SAFETY: before any thread starts.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let setup = match options::parse(std::env::args_os().collect(), &|name| std::env::var_os(name)) {
        Ok(s) => s,
        Err(text) => {
            eprint!("{text}");
            leave(2);
        }
    };
    if let Action::Print(text, code) = &setup.action {
        print!("{text}");
        leave(*code);
    }
    let run = std::thread::Builder::new().stack_size(STACK).spawn(|| {
        // The interpreter's thread leaves itself: in a forked child there is no other.
        let code = main_thread(setup);
        leave(code)
    });
    match run {
        Ok(t) => {
            let _: Result<(), _> = t.join();
            leave(70)
        }
        Err(e) => {
            eprintln!("ferropy: cannot start the main thread: {e}");
            leave(70);
        }
    }
}
