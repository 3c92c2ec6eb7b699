//! Waiting for children, and what their status says.

use crate::os_util::{c_int, check};
use crate::resource::rusage_value;
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{Args, NativeDef, NativeImpl, R, Thread, Value};

macro_rules! status_test {
    ($($f:ident = $test:ident;)*) => {
        $(const $f: NativeImpl = |cx, a| {
            let s = c_int(cx, a[0])?;
            Ok(Value::bool(libc::$test(s)))
        };)*
    };
}
status_test! {
    EXITED = WIFEXITED;
    SIGNALED = WIFSIGNALED;
    STOPPED = WIFSTOPPED;
    CONTINUED = WIFCONTINUED;
    DUMPED = WCOREDUMP;
}
macro_rules! status_number {
    ($($f:ident = $test:ident;)*) => {
        $(const $f: NativeImpl = |cx, a| {
            let s = c_int(cx, a[0])?;
            Ok(Value::small_int(libc::$test(s) as i64))
        };)*
    };
}
status_number! {
    EXIT_STATUS = WEXITSTATUS;
    TERM_SIGNAL = WTERMSIG;
    STOP_SIGNAL = WSTOPSIG;
}

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("wait()", |cx, _| wait_for(cx, -1, 0), "Wait for completion of a child process."),
    NativeDef::function("waitpid(pid, options, /)", waitpid, "Wait for completion of a given child process."),
    NativeDef::function("wait3(options)", wait3, "Wait for completion of a child process."),
    NativeDef::function("wait4(pid, options)", wait4, "Wait for completion of a specific child process."),
    NativeDef::function("waitid(idtype, id, options, /)", waitid, ""),
    NativeDef::function("waitstatus_to_exitcode(status)", exitcode, "Convert a wait status to an exit code."),
    NativeDef::function("WIFEXITED(status)", EXITED, "Return True if the process returning status exited via exit()."),
    NativeDef::function("WEXITSTATUS(status)", EXIT_STATUS, "Return the process return code from status."),
    NativeDef::function("WIFSIGNALED(status)", SIGNALED, ""),
    NativeDef::function("WTERMSIG(status)", TERM_SIGNAL, ""),
    NativeDef::function("WIFSTOPPED(status)", STOPPED, ""),
    NativeDef::function("WSTOPSIG(status)", STOP_SIGNAL, ""),
    NativeDef::function("WIFCONTINUED(status)", CONTINUED, ""),
    NativeDef::function("WCOREDUMP(status, /)", DUMPED, ""),
];

pub static WAITID: StructSeq = StructSeq::new(
    "posix.waitid_result",
    &[("si_pid", ""), ("si_uid", ""), ("si_signo", ""), ("si_status", ""), ("si_code", "")],
    5,
    "waitid_result: Result from waitid.\n\nThis object may be accessed either as a tuple of\n  (si_pid, si_uid, \
     si_signo, si_status, si_code),\nor via the attributes si_pid, si_uid, and so on.\n\nSee os.waitid for more \
     information.",
);

fn wait_for(cx: &mut Thread, pid: i32, options: i32) -> R {
    let mut status = 0;
    // SAFETY: the status is ours.
    let r = check(cx, || unsafe { libc::waitpid(pid, &mut status, options) as isize })?;
    Ok(cx.new_tuple(&[Value::small_int(r as i64), Value::small_int(status as i64)])?.value())
}
fn waitpid(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, options) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    wait_for(cx, pid, options)
}
/// The same with what the child used.
fn wait_usage(cx: &mut Thread, pid: i32, options: i32) -> R {
    let mut status = 0;
    // SAFETY: zero is valid; status and structure are ours.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let r = check(cx, || unsafe { libc::wait4(pid, &mut status, options, &mut usage) as isize })?;
    let usage = rusage_value(cx, &usage)?;
    Ok(cx.new_tuple(&[Value::small_int(r as i64), Value::small_int(status as i64), usage])?.value())
}
fn wait3(cx: &mut Thread, a: Args<'_>) -> R {
    let options = c_int(cx, a[0])?;
    wait_usage(cx, -1, options)
}
fn wait4(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, options) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    wait_usage(cx, pid, options)
}
fn waitid(cx: &mut Thread, a: Args<'_>) -> R {
    let (kind, id, options) = (c_int(cx, a[0])?, c_int(cx, a[1])?, c_int(cx, a[2])?);
    // SAFETY: zero is valid, the structure is ours; after success the fields of a child are set.
    let fields = unsafe {
        let mut si: libc::siginfo_t = std::mem::zeroed();
        check(cx, || libc::waitid(kind as _, id as libc::id_t, &mut si, options) as isize)?;
        [si.si_pid() as i64, si.si_uid() as i64, si.si_signo as i64, si.si_status() as i64, si.si_code as i64]
    };
    if fields[0] == 0 {
        return Ok(Value::NONE);
    }
    structseq::make(cx, &WAITID, &fields.map(Value::small_int))
}
fn exitcode(cx: &mut Thread, a: Args<'_>) -> R {
    let s = c_int(cx, a[0])?;
    if libc::WIFEXITED(s) {
        return Ok(Value::small_int(libc::WEXITSTATUS(s) as i64));
    }
    if libc::WIFSIGNALED(s) {
        return Ok(Value::small_int(-libc::WTERMSIG(s) as i64));
    }
    if libc::WIFSTOPPED(s) {
        return Err(cx.value_error(format!("process stopped by delivery of signal {}", libc::WSTOPSIG(s))));
    }
    Err(cx.value_error(format!("invalid wait status: {s}")))
}
