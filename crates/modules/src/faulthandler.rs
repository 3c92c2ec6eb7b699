//! `faulthandler`: prints the Python stack of the running thread, on request or when the process crashes.
//!
//! The handler of a fatal signal writes with `write(2)` only and follows plain pointers (frame records, code objects,
//! which never move); then it restores the default action and raises the signal again.
//!
//! Invariant: [`THREAD`] is the thread that enabled the handler, or null while it is disabled.

use ferropy_vm::types::{CodeObject, Str};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering::Relaxed};

static THREAD: AtomicPtr<Thread> = AtomicPtr::new(std::ptr::null_mut());
static FD: AtomicI32 = AtomicI32::new(2);

const FATAL: [(i32, &str); 5] = [
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("enable(file=sys.stderr, all_threads=True, c_stack=True)", enable, "Enable the fault handler."),
    NativeDef::function("disable()", disable, "Disable the fault handler."),
    NativeDef::function("is_enabled()", is_enabled, "Check if the handler is enabled."),
    NativeDef::function(
        "dump_traceback(file=sys.stderr, all_threads=True)",
        dump_traceback,
        "Dump the traceback of the current thread into file.",
    ),
    NativeDef::function("_sigsegv(release_gil=False, /)", sigsegv, "Raise a SIGSEGV signal."),
    NativeDef::function("_sigabrt()", sigabrt, "Raise a SIGABRT signal."),
    NativeDef::function("_sigfpe()", sigfpe, "Raise a SIGFPE signal."),
];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("faulthandler", |cx| {
        Ok(cx.module_with("faulthandler", "faulthandler module.", FUNCTIONS)?.value())
    });
}

/// The descriptor of `file`: a number, an object with `fileno()`, or `sys.stderr`'s.
fn descriptor(cx: &mut Thread, file: Option<Value>) -> R<i32> {
    let Some(file) = file else {
        let sys = cx.import("sys")?;
        let stderr = cx.getattr_str(sys, "stderr")?;
        if stderr.is_none() {
            return Err(cx.runtime_error("unable to get sys.stderr"));
        }
        return fileno(cx, stderr);
    };
    if file.is_any_int() {
        let fd = cx.index(file)?;
        return match i32::try_from(fd) {
            Ok(fd) if fd >= 0 => Ok(fd),
            _ => Err(cx.value_error("file is not a valid file descriptor")),
        };
    }
    fileno(cx, file)
}

fn fileno(cx: &mut Thread, file: Value) -> R<i32> {
    let fd = cx.call_method(file, "fileno", &[])?;
    let fd = cx.index(fd)?;
    let flushed = cx.call_method(file, "flush", &[]);
    if flushed.is_err() {
        cx.take_pending();
    }
    match i32::try_from(fd) {
        Ok(fd) if fd >= 0 => Ok(fd),
        _ => Err(cx.runtime_error("file.fileno() is not a valid file descriptor")),
    }
}

fn enable(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = descriptor(cx, a.some(0))?;
    FD.store(fd, Relaxed);
    THREAD.store(cx, Relaxed);
    for (signal, _) in FATAL {
        // SAFETY: the action is fully initialised; the handler touches only what a signal handler may.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fatal as extern "C" fn(i32) as usize;
            action.sa_flags = libc::SA_NODEFER | libc::SA_ONSTACK;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
    Ok(Value::NONE)
}

fn restore_default(signal: i32) {
    // SAFETY: setting a default action.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

fn disable(_: &mut Thread, _: Args<'_>) -> R {
    let was = THREAD.swap(std::ptr::null_mut(), Relaxed);
    if !was.is_null() {
        FATAL.iter().for_each(|(s, _)| restore_default(*s));
    }
    Ok(Value::bool(!was.is_null()))
}

fn is_enabled(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::bool(!THREAD.load(Relaxed).is_null()))
}

fn dump_traceback(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = descriptor(cx, a.some(0))?;
    write(fd, b"Stack (most recent call first):\n");
    dump(cx, fd);
    Ok(Value::NONE)
}

extern "C" fn on_fatal(signal: i32) {
    restore_default(signal);
    let fd = FD.load(Relaxed);
    let name = FATAL.iter().find(|(s, _)| *s == signal).map_or("Unknown signal", |(_, n)| n);
    write(fd, b"Fatal Python error: ");
    write(fd, name.as_bytes());
    write(fd, b"\n\nCurrent thread (most recent call first):\n");
    // SAFETY: the thread that enabled the handler lives as long as the interpreter.
    if let Some(cx) = unsafe { THREAD.load(Relaxed).as_ref() } {
        dump(cx, fd);
    }
    // SAFETY: ends the process by the default action.
    unsafe { libc::raise(signal) };
}

fn write(fd: i32, mut data: &[u8]) {
    while !data.is_empty() {
        // SAFETY: the buffer is valid.
        let n = unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => data = &data[n..],
            _ => return,
        }
    }
}

/// Most frames that are shown.
const MAX_FRAMES: usize = 100;

/// Writes the thread's frames, innermost first. Allocates nothing.
fn dump(cx: &Thread, fd: i32) {
    let mut at = cx.frame;
    let mut shown = 0;
    while at > cx.stacks.first_frame() {
        if shown == MAX_FRAMES {
            write(fd, b"  ...\n");
            return;
        }
        // SAFETY: live records down to the first.
        if let Some(code) = unsafe { (*at).code }.cast::<CodeObject>() {
            write(fd, b"  File \"");
            write(fd, code.filename.cast::<Str>().as_ref().map_or(b"???", |s| s.bytes()));
            write(fd, b"\", line ");
            let mut digits = [0; 24];
            let line = cx.line_of(code, cx.frame_pc(at));
            write(fd, ferropy_vm::ops::basic::format_i64(line as i64, &mut digits));
            write(fd, b" in ");
            write(fd, code.qualname.cast::<Str>().as_ref().map_or(b"???", |s| s.bytes()));
            write(fd, b"\n");
            shown += 1;
        }
        // SAFETY: not the first record.
        at = unsafe { at.sub(1) };
    }
    if shown == 0 {
        write(fd, b"  <no Python frame>\n");
    }
}

fn raise(signal: i32) -> R {
    // SAFETY: what was asked for.
    unsafe { libc::raise(signal) };
    Ok(Value::NONE)
}
fn sigsegv(_: &mut Thread, _: Args<'_>) -> R {
    raise(libc::SIGSEGV)
}
fn sigabrt(_: &mut Thread, _: Args<'_>) -> R {
    raise(libc::SIGABRT)
}
fn sigfpe(_: &mut Thread, _: Args<'_>) -> R {
    raise(libc::SIGFPE)
}
