//! Forking: hooks, and what the child must put in order.
//!
//! A child has only the thread that forked. Native locks that other threads may hold at that moment are taken before, so
//! that the child finds them free; threads that are gone leave the lists of the interpreter and the heap.

use crate::{imp, os_util, signal, thread};
use ferropy_vm::types::List;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("fork()", fork, "Fork a child process."),
    NativeDef::function(
        "register_at_fork(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)",
        register_at_fork,
        "Register callables to be called when forking a new process.",
    ),
];

const BEFORE: &str = "posix.fork.before";
const CHILD: &str = "posix.fork.child";
const PARENT: &str = "posix.fork.parent";

fn fork_hooks(cx: &mut Thread, key: &'static str) -> R<Gc<List>> {
    if let Some(l) = cx.registry(key).and_then(|v| v.cast()) {
        return Ok(l);
    }
    let l = cx.new_list(&[])?;
    cx.set_registry(key, l.value());
    Ok(l)
}
fn register_at_fork(cx: &mut Thread, a: Args<'_>) -> R {
    if (0..3).all(|i| a.opt(i).is_none()) {
        return Err(cx.type_error("At least one argument is required."));
    }
    for (i, name) in ["before", "after_in_child", "after_in_parent"].into_iter().enumerate() {
        if let Some(f) = a.opt(i)
            && cx.lookup_special(f, ferropy_vm::N::__call__).is_none()
        {
            let class = cx.class_name(f);
            return Err(cx.type_error(format!("'{name}' must be callable, not {class}")));
        }
    }
    for (i, key) in [BEFORE, CHILD, PARENT].into_iter().enumerate() {
        if let Some(f) = a.opt(i) {
            let l = fork_hooks(cx, key)?;
            cx.list_append(l, f)?;
        }
    }
    Ok(Value::NONE)
}
fn run_hooks(cx: &mut Thread, key: &'static str, reverse: bool) -> R<()> {
    let l = fork_hooks(cx, key)?;
    let n = l.len();
    for i in 0..n {
        let i = if reverse { n - 1 - i } else { i };
        if let Some(f) = l.get(i)
            && cx.call(f, &[]).is_err()
        {
            let e = cx.take_pending();
            cx.unraisable(e, "in fork hook", f);
        }
    }
    Ok(())
}

/// To be called before [`split`]: the program's hooks; no import goes on in another thread afterwards.
pub fn before(cx: &mut Thread) -> R<()> {
    run_hooks(cx, BEFORE, true)?;
    imp::acquire_lock(cx, Args::new(&[]))?;
    Ok(())
}
/// In the child, before Python code runs.
pub fn after_in_child(cx: &mut Thread) -> R<()> {
    let me: *mut Thread = cx;
    cx.vm_mut().threads.retain(|t| *t == me);
    cx.mutator.forget_others();
    signal::after_fork(cx);
    thread::after_fork(cx)?;
    imp::release_lock(cx, Args::new(&[]))?;
    run_hooks(cx, CHILD, false)
}
pub fn after_in_parent(cx: &mut Thread) -> R<()> {
    imp::release_lock(cx, Args::new(&[]))?;
    run_hooks(cx, PARENT, false)
}

/// `fork(2)` by way of `f`, and errno: native locks are free in the child.
pub fn split(cx: &mut Thread, f: impl FnOnce() -> libc::pid_t) -> (libc::pid_t, i32) {
    let gil = &cx.process().gil;
    gil.over_fork(|| {
        thread::over_fork(|| {
            let pid = f();
            (pid, os_util::errno())
        })
    })
}

/// Forks with all that belongs to it; `f` makes the system call.
pub fn fork_with(cx: &mut Thread, name: &str, f: impl FnOnce() -> libc::pid_t) -> R<libc::pid_t> {
    if cx.vm().finalizing.get() {
        return Err(cx.error(Exc::PythonFinalizationError, "can't fork at interpreter shutdown"));
    }
    before(cx)?;
    let (pid, e) = split(cx, f);
    if pid == 0 {
        after_in_child(cx)?;
        return Ok(0);
    }
    let threads = cx.vm().threads.len();
    after_in_parent(cx)?;
    if pid < 0 {
        return Err(cx.os_error(e, None));
    }
    if threads > 1 {
        let text = format!(
            "This process (pid={}) is multi-threaded, use of {name}() may lead to deadlocks in the child.",
            std::process::id()
        );
        cx.warn(Exc::DeprecationWarning, &text)?;
    }
    Ok(pid)
}
fn fork(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: the child goes on with this thread only; it holds the interpreter lock.
    let pid = fork_with(cx, "fork", || unsafe { libc::fork() })?;
    Ok(Value::small_int(pid as i64))
}
