//! `_signal`: handlers written in Python.
//!
//! The C handler only notes the signal and pokes the main thread, whose next safepoint calls the Python handler. A signal
//! that another thread gets is sent on to the main one, so that its system call is interrupted.

mod set;

use crate::os_util;
use ferropy_vm::types::Dict;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, Value, interrupt};
use set::SignalSet;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering::*};

const SIGNALS: usize = 65;
static ARRIVED: [AtomicBool; SIGNALS] = [const { AtomicBool::new(false) }; SIGNALS];
static WAKEUP_FD: AtomicI32 = AtomicI32::new(-1);
static MAIN_THREAD: AtomicU64 = AtomicU64::new(0);
/// The main thread's safepoint word.
static MAIN_WORD: AtomicPtr<AtomicU32> = AtomicPtr::new(std::ptr::null_mut());
const HANDLERS: &str = "signal.handlers";

/// Registers the modules of this file, and the reactions that every program has: SIGINT raises KeyboardInterrupt, SIGPIPE
/// is ignored.
pub fn register(cx: &mut Thread) {
    cx.register_module("_signal", module);
    MAIN_THREAD.store(cx.ident, Relaxed);
    MAIN_WORD.store(&raw mut cx.interrupt, Release);
    cx.vm_mut().hooks.signals = Some(run_handlers);
    if current(libc::SIGINT) == libc::SIG_DFL {
        install(libc::SIGINT, on_signal as *const () as usize);
    }
    install(libc::SIGPIPE, libc::SIG_IGN);
    install(libc::SIGXFSZ, libc::SIG_IGN);
}

/// In a child process: the thread that forked is the main one, and signals that wait are the parent's.
pub fn after_fork(cx: &mut Thread) {
    MAIN_THREAD.store(cx.ident, Relaxed);
    MAIN_WORD.store(&raw mut cx.interrupt, Release);
    for a in &ARRIVED {
        a.store(false, Relaxed);
    }
}

/// Notes that a signal arrived, as if it had come from the system.
pub fn simulate(n: i32) {
    if let Some(a) = ARRIVED.get(n as usize) {
        a.store(true, Release);
        let word = MAIN_WORD.load(Acquire);
        if !word.is_null() {
            // SAFETY: the main thread lives as long as the process.
            unsafe { (*word).fetch_or(interrupt::SIGNALS, Release) };
        }
    }
}

pub fn is_main(cx: &Thread) -> bool {
    cx.ident == MAIN_THREAD.load(Relaxed)
}
pub fn main_ident() -> u64 {
    MAIN_THREAD.load(Relaxed)
}

extern "C" fn on_signal(n: i32) {
    // SAFETY: only calls that are allowed in a signal handler; errno is kept.
    unsafe {
        let errno = *libc::__errno_location();
        let main = MAIN_THREAD.load(Relaxed) as libc::pthread_t;
        if libc::pthread_self() != main {
            libc::pthread_kill(main, n);
        } else {
            simulate(n);
            let fd = WAKEUP_FD.load(Relaxed);
            if fd >= 0 {
                let b = n as u8;
                libc::write(fd, (&raw const b).cast(), 1);
            }
        }
        *libc::__errno_location() = errno;
    }
}

fn current(n: i32) -> usize {
    // SAFETY: zero is valid; the struct is ours.
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(n, std::ptr::null(), &mut old) != 0 {
            return libc::SIG_DFL;
        }
        old.sa_sigaction
    }
}
fn install(n: i32, action: usize) -> bool {
    // SAFETY: as above.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = action;
        libc::sigemptyset(&mut new.sa_mask);
        libc::sigaction(n, &new, std::ptr::null_mut()) == 0
    }
}

fn handlers(cx: &mut Thread) -> R<Gc<Dict>> {
    if let Some(d) = cx.registry(HANDLERS).and_then(|v| v.cast()) {
        return Ok(d);
    }
    let d = cx.new_dict()?;
    cx.set_registry(HANDLERS, d.value());
    Ok(d)
}

/// The hook: runs the handlers of signals that arrived.
fn run_handlers(cx: &mut Thread) -> R<()> {
    if !is_main(cx) {
        return Ok(());
    }
    for (n, arrived) in ARRIVED.iter().enumerate() {
        if !arrived.swap(false, AcqRel) {
            continue;
        }
        let table = handlers(cx)?;
        let f = cx.dict_get(table, Value::small_int(n as i64))?;
        let done = match f {
            None if n as i32 == libc::SIGINT => Err(cx.error_with(Exc::KeyboardInterrupt, &[])),
            None => Ok(Value::NONE),
            Some(f) if f.is_any_int() || f.is_none() => Ok(f),
            Some(f) => {
                let frame = match cx.current_frame() {
                    Some(p) => cx.frame_object(p)?.value(),
                    None => Value::NONE,
                };
                cx.call(f, &[Value::small_int(n as i64), frame])
            }
        };
        if done.is_err() {
            // The others come at the next safepoint.
            cx.interrupt.fetch_or(interrupt::SIGNALS, Relaxed);
            done?;
        }
    }
    Ok(())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "default_int_handler(signalnum, frame, /)",
        default_int_handler,
        "The default handler for SIGINT.",
    ),
    NativeDef::function("signal(signalnum, handler, /)", signal, "Set the action for the given signal."),
    NativeDef::function("getsignal(signalnum, /)", getsignal, "Return the current action for the given signal."),
    NativeDef::function("raise_signal(signalnum, /)", raise_signal, "Send a signal to the executing process."),
    NativeDef::function("alarm(seconds, /)", alarm, ""),
    NativeDef::function("pause()", pause, "Wait until a signal arrives."),
    NativeDef::function("setitimer(which, seconds, interval=0.0, /)", setitimer, ""),
    NativeDef::function("getitimer(which, /)", getitimer, ""),
    NativeDef::function("set_wakeup_fd(fd, /, *, warn_on_full_buffer=True)", set_wakeup_fd, ""),
    NativeDef::function("siginterrupt(signalnum, flag, /)", siginterrupt, ""),
    NativeDef::function("strsignal(signalnum, /)", strsignal, ""),
    NativeDef::function("valid_signals()", valid_signals, ""),
    NativeDef::function("pthread_sigmask(how, mask, /)", pthread_sigmask, ""),
    NativeDef::function("pthread_kill(thread_id, signalnum, /)", pthread_kill, ""),
    NativeDef::function("sigpending()", sigpending, ""),
    NativeDef::function("sigwait(sigset, /)", sigwait, ""),
];

fn default_int_handler(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(cx.error_with(Exc::KeyboardInterrupt, &[]))
}
fn number(cx: &mut Thread, v: Value) -> R<i32> {
    let n = cx.index(v)?;
    if !(1..SIGNALS as i64).contains(&n) {
        return Err(cx.value_error("signal number out of range"));
    }
    Ok(n as i32)
}
/// What `getsignal` says.
fn handler_of(cx: &mut Thread, n: i32) -> R {
    let table = handlers(cx)?;
    if let Some(f) = cx.dict_get(table, Value::small_int(n as i64))? {
        return Ok(f);
    }
    match current(n) {
        libc::SIG_DFL => Ok(Value::small_int(0)),
        libc::SIG_IGN => Ok(Value::small_int(1)),
        _ if n == libc::SIGINT => {
            let m = cx.import("_signal")?;
            cx.getattr_str(m, "default_int_handler")
        }
        _ => Ok(Value::NONE),
    }
}
fn signal(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    if !is_main(cx) {
        return Err(cx.value_error("signal only works in main thread of the main interpreter"));
    }
    if !(1..SIGNALS as i64).contains(&n) {
        return Err(cx.value_error("signal number out of range"));
    }
    let n = n as i32;
    let key = cx.intern("__call__")?;
    let action = if a[1].is_any_int() {
        match cx.index(a[1])? {
            0 => libc::SIG_DFL,
            1 => libc::SIG_IGN,
            _ => usize::MAX,
        }
    } else if cx.getattr_opt(a[1], key)?.is_some() {
        on_signal as *const () as usize
    } else {
        usize::MAX
    };
    if action == usize::MAX {
        let text = "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object";
        return Err(cx.type_error(text));
    }
    cx.safepoint()?;
    let old = handler_of(cx, n)?;
    if !install(n, action) {
        let e = os_util::errno();
        return Err(cx.os_error(e, None));
    }
    let table = handlers(cx)?;
    let kept = match action {
        libc::SIG_DFL => Value::small_int(0),
        libc::SIG_IGN => Value::small_int(1),
        _ => a[1],
    };
    cx.dict_set(table, Value::small_int(n as i64), kept)?;
    Ok(old)
}
fn getsignal(cx: &mut Thread, a: Args<'_>) -> R {
    let n = number(cx, a[0])?;
    handler_of(cx, n)
}
fn raise_signal(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])? as i32;
    // SAFETY: plain call.
    os_util::check(cx, || unsafe { libc::raise(n) as isize })?;
    cx.safepoint()?;
    Ok(Value::NONE)
}
fn alarm(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])? as u32;
    // SAFETY: plain call.
    Ok(Value::small_int(unsafe { libc::alarm(n) } as i64))
}
fn pause(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain call.
    cx.allow_threads(|| unsafe { libc::pause() });
    cx.safepoint()?;
    Ok(Value::NONE)
}
fn timeval(cx: &mut Thread, v: Value) -> R<libc::timeval> {
    let f = cx.to_f64(v)?;
    Ok(libc::timeval { tv_sec: f.trunc() as i64, tv_usec: (f.fract() * 1e6) as i64 })
}
fn timer_value(cx: &mut Thread, t: &libc::itimerval) -> R {
    let f = |t: &libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    let (x, y) = (cx.float(f(&t.it_value))?, cx.float(f(&t.it_interval))?);
    Ok(cx.new_tuple(&[x, y])?.value())
}
fn timer_error(cx: &mut Thread) -> ferropy_vm::Raised {
    let e = os_util::errno();
    cx.os_error(e, None)
}
fn setitimer(cx: &mut Thread, a: Args<'_>) -> R {
    let which = cx.index(a[0])? as libc::c_int;
    let it_value = timeval(cx, a[1])?;
    let it_interval = match a.opt(2) {
        Some(v) => timeval(cx, v)?,
        None => libc::timeval { tv_sec: 0, tv_usec: 0 },
    };
    let new = libc::itimerval { it_interval, it_value };
    // SAFETY: the structs are ours; zero is valid.
    let mut old: libc::itimerval = unsafe { std::mem::zeroed() };
    if unsafe { libc::setitimer(which as _, &new, &mut old) } != 0 {
        return Err(timer_error(cx));
    }
    timer_value(cx, &old)
}
fn getitimer(cx: &mut Thread, a: Args<'_>) -> R {
    let which = cx.index(a[0])? as libc::c_int;
    // SAFETY: as above.
    let mut old: libc::itimerval = unsafe { std::mem::zeroed() };
    if unsafe { libc::getitimer(which as _, &mut old) } != 0 {
        return Err(timer_error(cx));
    }
    timer_value(cx, &old)
}
fn set_wakeup_fd(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = cx.index(a[0])? as i32;
    if !is_main(cx) {
        return Err(cx.value_error("set_wakeup_fd only works in main thread of the main interpreter"));
    }
    if fd != -1 {
        // SAFETY: plain call.
        let flags = os_util::check(cx, || unsafe { libc::fcntl(fd, libc::F_GETFL) as isize })? as i32;
        if flags & libc::O_NONBLOCK == 0 {
            return Err(cx.value_error(format!("the fd {fd} must be in non-blocking mode")));
        }
    }
    Ok(Value::small_int(WAKEUP_FD.swap(fd, Relaxed) as i64))
}
fn siginterrupt(cx: &mut Thread, a: Args<'_>) -> R {
    let n = number(cx, a[0])?;
    let flag = cx.truth(a[1])?;
    // SAFETY: the struct is ours.
    unsafe {
        let mut act: libc::sigaction = std::mem::zeroed();
        libc::sigaction(n, std::ptr::null(), &mut act);
        act.sa_flags = if flag { act.sa_flags & !libc::SA_RESTART } else { act.sa_flags | libc::SA_RESTART };
        if libc::sigaction(n, &act, std::ptr::null_mut()) != 0 {
            return Err(timer_error(cx));
        }
    }
    Ok(Value::NONE)
}
fn strsignal(cx: &mut Thread, a: Args<'_>) -> R {
    let n = number(cx, a[0])?;
    // SAFETY: a string that is valid until the next call.
    let text = unsafe { std::ffi::CStr::from_ptr(libc::strsignal(n)) }.to_string_lossy().into_owned();
    if text.starts_with("Unknown signal") {
        return Ok(Value::NONE);
    }
    Ok(cx.new_str(&text)?.value())
}

// ---- sets of signals

fn set_value(cx: &mut Thread, set: &SignalSet) -> R {
    let out = cx.new_set()?;
    for n in (1..SIGNALS as i32).filter(|n| set.has(*n)) {
        cx.set_add(out, Value::small_int(n as i64))?;
    }
    Ok(out.value())
}
pub fn set_arg(cx: &mut Thread, v: Value) -> R<SignalSet> {
    let mut set = SignalSet::empty();
    let it = cx.iter(v)?;
    while let Some(x) = cx.next(it)? {
        let n = cx.index(x)?;
        if !(1..SIGNALS as i64).contains(&n) {
            return Err(cx.value_error(format!("signal number {n} out of range [1; {}]", SIGNALS - 1)));
        }
        set.add(n as i32);
    }
    Ok(set)
}
fn valid_signals(cx: &mut Thread, _a: Args<'_>) -> R {
    set_value(cx, &SignalSet::full())
}
fn pthread_sigmask(cx: &mut Thread, a: Args<'_>) -> R {
    let how = cx.index(a[0])? as i32;
    let old = match set_arg(cx, a[1])?.change_blocked(how) {
        Ok(old) => old,
        Err(e) => return Err(cx.io_error(&e, None)),
    };
    cx.safepoint()?;
    set_value(cx, &old)
}
fn pthread_kill(cx: &mut Thread, a: Args<'_>) -> R {
    let (id, n) = (cx.index(a[0])? as libc::pthread_t, cx.index(a[1])? as i32);
    // SAFETY: the program vouches for the thread, as in CPython.
    let e = unsafe { libc::pthread_kill(id, n) };
    if e != 0 {
        return Err(cx.os_error(e, None));
    }
    cx.safepoint()?;
    Ok(Value::NONE)
}
fn sigpending(cx: &mut Thread, _a: Args<'_>) -> R {
    match SignalSet::pending() {
        Ok(set) => set_value(cx, &set),
        Err(e) => Err(cx.io_error(&e, None)),
    }
}
fn sigwait(cx: &mut Thread, a: Args<'_>) -> R {
    let set = set_arg(cx, a[0])?;
    match cx.allow_threads(|| set.wait()) {
        Ok(n) => Ok(Value::small_int(n as i64)),
        Err(e) => Err(cx.io_error(&e, None)),
    }
}

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    SIG_DFL SIG_IGN SIG_BLOCK SIG_UNBLOCK SIG_SETMASK
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGIOT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM
    SIGTERM SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH
    SIGIO SIGPOLL SIGPWR SIGSYS ITIMER_REAL ITIMER_VIRTUAL ITIMER_PROF
};

fn module(cx: &mut Thread) -> R {
    let m =
        cx.module_with("_signal", "This module provides mechanisms to use signal handlers in Python.", FUNCTIONS)?;
    for (name, n) in CONSTANTS {
        cx.module_set(m, name, Value::small_int(*n))?;
    }
    for (name, n) in [
        ("NSIG", SIGNALS as i64),
        ("SIGCLD", libc::SIGCHLD as i64),
        ("SIGRTMIN", libc::SIGRTMIN() as i64),
        ("SIGRTMAX", libc::SIGRTMAX() as i64),
    ] {
        cx.module_set(m, name, Value::small_int(n))?;
    }
    let error = cx.exc_class(Exc::OSError);
    cx.module_set(m, "ItimerError", error.value())?;
    Ok(m.value())
}
