//! Processes: identity, fork, exec, waiting, signals to others; and facts about the system.

use super::path::{name_value, path, path_or};
use crate::os_util::{c_int, call, check, error_text, fs_bytes, fs_str, fspath};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::types::Dict;
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};
use std::ffi::CString;

macro_rules! get_number {
    ($($f:ident)*) => {
        $(fn $f(_cx: &mut Thread, _a: Args<'_>) -> R {
            // SAFETY: plain query.
            Ok(Value::small_int(unsafe { libc::$f() } as i64))
        })*
    };
}
get_number!(getpid getppid getuid geteuid getgid getegid getpgrp);

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getpid()", getpid, "Return the current process id."),
    NativeDef::function("getppid()", getppid, "Return the parent's process id."),
    NativeDef::function("getuid()", getuid, ""),
    NativeDef::function("geteuid()", geteuid, ""),
    NativeDef::function("getgid()", getgid, ""),
    NativeDef::function("getegid()", getegid, ""),
    NativeDef::function("getpgrp()", getpgrp, ""),
    NativeDef::function("getpgid(pid)", getpgid, ""),
    NativeDef::function("getsid(pid, /)", getsid, ""),
    NativeDef::function("setsid()", setsid, ""),
    NativeDef::function("setpgid(pid, pgrp, /)", setpgid, ""),
    NativeDef::function("setuid(uid, /)", setuid, ""),
    NativeDef::function("setgid(gid, /)", setgid, ""),
    NativeDef::function("getgroups()", getgroups, ""),
    NativeDef::function("getlogin()", getlogin, ""),
    NativeDef::function("nice(increment, /)", nice, ""),
    NativeDef::function("execv(path, argv, /)", execv, ""),
    NativeDef::function("execve(path, argv, env)", execve, ""),
    NativeDef::function("_exit(status)", exit_now, ""),
    NativeDef::function("abort()", |_, _| std::process::abort(), ""),
    NativeDef::function("kill(pid, signal, /)", kill, "Kill a process with a signal."),
    NativeDef::function("killpg(pgid, signal, /)", killpg, ""),
    NativeDef::function("wait()", |cx, _| wait_for(cx, -1, 0), ""),
    NativeDef::function("waitpid(pid, options, /)", waitpid, ""),
    NativeDef::function("waitstatus_to_exitcode(status)", exitcode, ""),
    NativeDef::function(
        "WIFEXITED(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::bool(libc::WIFEXITED(s)))
        },
        "",
    ),
    NativeDef::function(
        "WEXITSTATUS(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::small_int(libc::WEXITSTATUS(s) as i64))
        },
        "",
    ),
    NativeDef::function(
        "WIFSIGNALED(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::bool(libc::WIFSIGNALED(s)))
        },
        "",
    ),
    NativeDef::function(
        "WTERMSIG(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::small_int(libc::WTERMSIG(s) as i64))
        },
        "",
    ),
    NativeDef::function(
        "WIFSTOPPED(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::bool(libc::WIFSTOPPED(s)))
        },
        "",
    ),
    NativeDef::function(
        "WSTOPSIG(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::small_int(libc::WSTOPSIG(s) as i64))
        },
        "",
    ),
    NativeDef::function(
        "WIFCONTINUED(status)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::bool(libc::WIFCONTINUED(s)))
        },
        "",
    ),
    NativeDef::function(
        "WCOREDUMP(status, /)",
        |cx, a| {
            let s = status(cx, a)?;
            Ok(Value::bool(libc::WCOREDUMP(s)))
        },
        "",
    ),
    NativeDef::function("system(command)", system, "Execute the command in a subshell."),
    NativeDef::function("uname()", uname, "Return an object identifying the current operating system."),
    NativeDef::function("times()", times, "Return a collection containing process timing information."),
    NativeDef::function("urandom(size, /)", urandom, "Return a bytes object containing random bytes."),
    NativeDef::function("getrandom(size, flags=0)", getrandom, ""),
    NativeDef::function("sysconf(name, /)", sysconf, ""),
    NativeDef::function("pathconf(path, name)", pathconf, ""),
    NativeDef::function("cpu_count()", cpu_count, ""),
    NativeDef::function("getloadavg()", getloadavg, ""),
    NativeDef::function("get_terminal_size(fd=<unrepresentable>, /)", terminal_size, ""),
    NativeDef::function("sched_yield()", sched_yield, ""),
    NativeDef::function("sched_getaffinity(pid, /)", sched_getaffinity, ""),
    NativeDef::function("putenv(name, value, /)", putenv, ""),
    NativeDef::function("unsetenv(name, /)", unsetenv, ""),
    NativeDef::function("strerror(code, /)", strerror, ""),
    NativeDef::function("device_encoding(fd)", device_encoding, ""),
    NativeDef::function("ttyname(fd, /)", ttyname, ""),
    NativeDef::function("_create_environ()", |cx, _| environ(cx), ""),
];

pub static UNAME: StructSeq = StructSeq::new(
    "posix.uname_result",
    &[
        ("sysname", "operating system name"),
        ("nodename", "name of machine on network (implementation-defined)"),
        ("release", "operating system release"),
        ("version", "operating system version"),
        ("machine", "hardware identifier"),
    ],
    5,
    "uname_result: Result from os.uname().",
);
pub static TIMES: StructSeq = StructSeq::new(
    "posix.times_result",
    &[
        ("user", "user time"),
        ("system", "system time"),
        ("children_user", "user time of children"),
        ("children_system", "system time of children"),
        ("elapsed", "elapsed time since an arbitrary point in the past"),
    ],
    5,
    "times_result: Result from os.times().",
);
pub static TERMINAL_SIZE: StructSeq = StructSeq::new(
    "os.terminal_size",
    &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    2,
    "A tuple of (columns, lines) for holding terminal window size",
);

/// The environment as a dict of bytes.
pub fn environ(cx: &mut Thread) -> R {
    use std::os::unix::ffi::OsStrExt;
    let d = cx.new_dict()?;
    for (k, v) in std::env::vars_os() {
        let k = cx.new_bytes(k.as_bytes())?.value();
        let v = cx.new_bytes(v.as_bytes())?.value();
        cx.dict_set(d, k, v)?;
    }
    Ok(d.value())
}

fn getpgid(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::getpgid(pid) as isize })?;
    Ok(Value::small_int(n as i64))
}
fn getsid(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::getsid(pid) as isize })?;
    Ok(Value::small_int(n as i64))
}
fn setsid(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setsid() as isize })?;
    Ok(Value::NONE)
}
fn setpgid(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, group) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setpgid(pid, group) as isize })?;
    Ok(Value::NONE)
}
fn setuid(cx: &mut Thread, a: Args<'_>) -> R {
    let id = cx.index(a[0])? as u32;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setuid(id) as isize })?;
    Ok(Value::NONE)
}
fn setgid(cx: &mut Thread, a: Args<'_>) -> R {
    let id = cx.index(a[0])? as u32;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setgid(id) as isize })?;
    Ok(Value::NONE)
}
fn getgroups(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut ids = vec![0u32; 4096];
    // SAFETY: the array is ours.
    let n = check(cx, || unsafe { libc::getgroups(4096, ids.as_mut_ptr()) as isize })?;
    let out = cx.new_list(&[])?;
    for id in &ids[..n as usize] {
        cx.list_append(out, Value::small_int(*id as i64))?;
    }
    Ok(out.value())
}
unsafe extern "C" {
    fn getlogin_r(name: *mut libc::c_char, size: usize) -> libc::c_int;
}
fn getlogin(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut buf = [0 as libc::c_char; 256];
    // SAFETY: the buffer is ours.
    let e = unsafe { getlogin_r(buf.as_mut_ptr(), buf.len()) };
    if e != 0 {
        return Err(cx.os_error(e, None));
    }
    // SAFETY: terminated on success.
    let name = unsafe { std::ffi::CStr::from_ptr(buf.as_ptr()) }.to_bytes().to_vec();
    fs_str(cx, &name)
}
fn nice(cx: &mut Thread, a: Args<'_>) -> R {
    let by = c_int(cx, a[0])?;
    // SAFETY: plain calls; -1 is a valid result, so errno decides.
    let (r, e) = unsafe {
        *libc::__errno_location() = 0;
        (libc::nice(by), *libc::__errno_location())
    };
    if r == -1 && e != 0 { Err(cx.os_error(e, None)) } else { Ok(Value::small_int(r as i64)) }
}

/// Terminated strings of a sequence of paths.
fn c_strings(cx: &mut Thread, v: Value, what: &str) -> R<Vec<CString>> {
    let items = cx.collect(v)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        let p = fspath(cx, items[i])?;
        let b = fs_bytes(cx, p)?;
        match CString::new(b) {
            Ok(c) => out.push(c),
            Err(_) => return Err(cx.value_error("embedded null byte")),
        }
    }
    if out.is_empty() {
        return Err(cx.value_error(format!("{what} arg 2 must not be empty")));
    }
    Ok(out)
}
fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}
/// `KEY=value` strings of a mapping.
pub fn env_strings(cx: &mut Thread, env: Value) -> R<Vec<CString>> {
    let items = cx.call_method(env, "items", &[])?;
    let items = cx.collect(items)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        let Some(t) = items[i].cast::<ferropy_vm::types::Tuple>().filter(|t| t.len == 2) else { continue };
        let (k, v) = (fspath(cx, t.at(0))?, fspath(cx, t.at(1))?);
        let mut text = fs_bytes(cx, k)?;
        if text.is_empty() || text.contains(&b'=') {
            return Err(cx.value_error("illegal environment variable name"));
        }
        text.push(b'=');
        text.extend(fs_bytes(cx, v)?);
        match CString::new(text) {
            Ok(c) => out.push(c),
            Err(_) => return Err(cx.value_error("embedded null byte")),
        }
    }
    Ok(out)
}
fn execv(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "execv: path")?;
    let args = c_strings(cx, a[1], "execv()")?;
    let argv = pointers(&args);
    // SAFETY: terminated arrays.
    unsafe { libc::execv(p.ptr(), argv.as_ptr()) };
    let e = crate::os_util::errno();
    Err(p.error(cx, e))
}
fn execve(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "execve: path", true)?;
    let args = c_strings(cx, a[1], "execve:")?;
    let env = env_strings(cx, a[2])?;
    let (args, env) = (pointers(&args), pointers(&env));
    // SAFETY: terminated arrays.
    unsafe {
        match p.fd {
            Some(fd) => libc::fexecve(fd, args.as_ptr(), env.as_ptr()),
            None => libc::execve(p.ptr(), args.as_ptr(), env.as_ptr()),
        }
    };
    let e = crate::os_util::errno();
    Err(p.error(cx, e))
}
fn exit_now(cx: &mut Thread, a: Args<'_>) -> R {
    let n = c_int(cx, a[0])?;
    // SAFETY: ends the process.
    unsafe { libc::_exit(n) }
}
fn kill(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, sig) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::kill(pid, sig) as isize })?;
    cx.safepoint()?;
    Ok(Value::NONE)
}
fn killpg(cx: &mut Thread, a: Args<'_>) -> R {
    let (pid, sig) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::killpg(pid, sig) as isize })?;
    cx.safepoint()?;
    Ok(Value::NONE)
}
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
fn status(cx: &mut Thread, a: Args<'_>) -> R<i32> {
    Ok(c_int(cx, a[0])?)
}
fn exitcode(cx: &mut Thread, a: Args<'_>) -> R {
    let s = status(cx, a)?;
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
fn system(cx: &mut Thread, a: Args<'_>) -> R {
    let command = crate::os_util::c_path(cx, a[0])?;
    // SAFETY: a terminated string.
    let r = cx.allow_threads(|| unsafe { libc::system(command.as_ptr()) });
    Ok(Value::small_int(r as i64))
}

fn uname(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: zero is valid; the call fills terminated strings.
    let mut u: libc::utsname = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::uname(&mut u) as isize })?;
    let mut v = ferropy_vm::RootedVec::new(cx);
    for f in [&u.sysname, &u.nodename, &u.release, &u.version, &u.machine] {
        // SAFETY: as above.
        let text = unsafe { std::ffi::CStr::from_ptr(f.as_ptr()) }.to_bytes();
        let s = fs_str(cx, text)?;
        v.push(s);
    }
    structseq::make(cx, &UNAME, &v)
}
fn times(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: zero is valid; plain calls.
    let (t, elapsed, ticks) = unsafe {
        let mut t: libc::tms = std::mem::zeroed();
        let e = libc::times(&mut t);
        (t, e, libc::sysconf(libc::_SC_CLK_TCK) as f64)
    };
    let mut v = ferropy_vm::RootedVec::new(cx);
    for n in [t.tms_utime, t.tms_stime, t.tms_cutime, t.tms_cstime, elapsed] {
        let f = cx.float(n as f64 / ticks)?;
        v.push(f);
    }
    structseq::make(cx, &TIMES, &v)
}
fn random_bytes(cx: &mut Thread, n: i64, flags: u32) -> R<Vec<u8>> {
    if n < 0 {
        return Err(cx.value_error("negative argument not allowed"));
    }
    let mut buf = vec![0u8; n as usize];
    let mut done = 0;
    while done < buf.len() {
        let rest = &mut buf[done..];
        // SAFETY: the buffer is ours.
        done += check(cx, || unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), flags) })? as usize;
    }
    Ok(buf)
}
fn urandom(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    let b = random_bytes(cx, n, 0)?;
    Ok(cx.new_bytes(&b)?.value())
}
fn getrandom(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.index(a[0])?;
    let flags = match a.opt(1) {
        Some(f) => cx.index(f)? as u32,
        None => 0,
    };
    if n < 0 {
        return Err(cx.os_error(libc::EINVAL, None));
    }
    let b = random_bytes(cx, n, flags)?;
    Ok(cx.new_bytes(&b)?.value())
}

pub static SYSCONF: &[(&str, i32)] = &[
    ("SC_ARG_MAX", libc::_SC_ARG_MAX),
    ("SC_CHILD_MAX", libc::_SC_CHILD_MAX),
    ("SC_CLK_TCK", libc::_SC_CLK_TCK),
    ("SC_NGROUPS_MAX", libc::_SC_NGROUPS_MAX),
    ("SC_OPEN_MAX", libc::_SC_OPEN_MAX),
    ("SC_PAGE_SIZE", libc::_SC_PAGESIZE),
    ("SC_PAGESIZE", libc::_SC_PAGESIZE),
    ("SC_IOV_MAX", libc::_SC_IOV_MAX),
    ("SC_LINE_MAX", libc::_SC_LINE_MAX),
    ("SC_NPROCESSORS_CONF", libc::_SC_NPROCESSORS_CONF),
    ("SC_NPROCESSORS_ONLN", libc::_SC_NPROCESSORS_ONLN),
    ("SC_PHYS_PAGES", libc::_SC_PHYS_PAGES),
    ("SC_AVPHYS_PAGES", libc::_SC_AVPHYS_PAGES),
    ("SC_HOST_NAME_MAX", libc::_SC_HOST_NAME_MAX),
    ("SC_LOGIN_NAME_MAX", libc::_SC_LOGIN_NAME_MAX),
    ("SC_SEM_NSEMS_MAX", libc::_SC_SEM_NSEMS_MAX),
    ("SC_SYMLOOP_MAX", libc::_SC_SYMLOOP_MAX),
    ("SC_THREADS", libc::_SC_THREADS),
    ("SC_THREAD_STACK_MIN", libc::_SC_THREAD_STACK_MIN),
    ("SC_TTY_NAME_MAX", libc::_SC_TTY_NAME_MAX),
    ("SC_VERSION", libc::_SC_VERSION),
    ("SC_MINSIGSTKSZ", 249),
];
pub static PATHCONF: &[(&str, i32)] = &[
    ("PC_LINK_MAX", libc::_PC_LINK_MAX),
    ("PC_MAX_CANON", libc::_PC_MAX_CANON),
    ("PC_MAX_INPUT", libc::_PC_MAX_INPUT),
    ("PC_NAME_MAX", libc::_PC_NAME_MAX),
    ("PC_PATH_MAX", libc::_PC_PATH_MAX),
    ("PC_PIPE_BUF", libc::_PC_PIPE_BUF),
    ("PC_CHOWN_RESTRICTED", libc::_PC_CHOWN_RESTRICTED),
    ("PC_NO_TRUNC", libc::_PC_NO_TRUNC),
    ("PC_VDISABLE", libc::_PC_VDISABLE),
];
fn conf_name(cx: &mut Thread, v: Value, table: &[(&str, i32)]) -> R<i32> {
    if let Some(s) = v.cast::<ferropy_vm::types::Str>() {
        let s = s.to_lossy();
        return match table.iter().find(|t| t.0 == s) {
            Some(t) => Ok(t.1),
            None => Err(cx.value_error("unrecognized configuration name")),
        };
    }
    if !v.is_any_int() {
        return Err(cx.type_error("configuration names must be strings or integers"));
    }
    Ok(cx.index(v)? as i32)
}
fn sysconf(cx: &mut Thread, a: Args<'_>) -> R {
    let n = conf_name(cx, a[0], SYSCONF)?;
    // SAFETY: plain calls.
    let (r, e) = unsafe {
        *libc::__errno_location() = 0;
        (libc::sysconf(n), *libc::__errno_location())
    };
    if r == -1 && e != 0 { Err(cx.os_error(e, None)) } else { cx.int(r) }
}
fn pathconf(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "pathconf: path", true)?;
    let n = conf_name(cx, a[1], PATHCONF)?;
    // SAFETY: plain calls on a terminated path.
    let (r, e) = unsafe {
        *libc::__errno_location() = 0;
        let r = match p.fd {
            Some(fd) => libc::fpathconf(fd, n),
            None => libc::pathconf(p.ptr(), n),
        };
        (r, *libc::__errno_location())
    };
    if r == -1 && e != 0 { Err(p.error(cx, e)) } else { cx.int(r) }
}
fn cpu_count(_cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain query.
    let n = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    Ok(if n < 1 { Value::NONE } else { Value::small_int(n) })
}
fn getloadavg(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut l = [0f64; 3];
    // SAFETY: the array is ours.
    if unsafe { libc::getloadavg(l.as_mut_ptr(), 3) } != 3 {
        return Err(cx.error(Exc::OSError, "Load averages are unobtainable"));
    }
    let (x, y, z) = (cx.float(l[0])?, cx.float(l[1])?, cx.float(l[2])?);
    Ok(cx.new_tuple(&[x, y, z])?.value())
}
fn terminal_size(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = match a.opt(0) {
        Some(v) => cx.index(v)? as i32,
        None => 1,
    };
    // SAFETY: zero is valid, the struct is ours.
    let mut w: libc::winsize = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut w) as isize })?;
    let v = [Value::small_int(w.ws_col as i64), Value::small_int(w.ws_row as i64)];
    structseq::make(cx, &TERMINAL_SIZE, &v)
}
fn sched_yield(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain call.
    call(cx, || unsafe { libc::sched_yield() as isize })?.ok();
    Ok(Value::NONE)
}
fn sched_getaffinity(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    // SAFETY: zero is valid, the set is ours.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::sched_getaffinity(pid, size_of::<libc::cpu_set_t>(), &mut set) as isize })?;
    let out = cx.new_set()?;
    for n in 0..libc::CPU_SETSIZE as usize {
        // SAFETY: in bounds.
        if unsafe { libc::CPU_ISSET(n, &set) } {
            cx.set_add(out, Value::small_int(n as i64))?;
        }
    }
    Ok(out.value())
}
fn env_text(cx: &mut Thread, v: Value) -> R<CString> {
    let v = fspath(cx, v)?;
    let b = fs_bytes(cx, v)?;
    CString::new(b).map_err(|_| cx.value_error("embedded null byte"))
}
fn putenv(cx: &mut Thread, a: Args<'_>) -> R {
    let (k, v) = (env_text(cx, a[0])?, env_text(cx, a[1])?);
    if k.to_bytes().is_empty() || k.to_bytes().contains(&b'=') {
        return Err(cx.value_error("illegal environment variable name"));
    }
    // SAFETY: terminated strings; the interpreter lock is held.
    check(cx, || unsafe { libc::setenv(k.as_ptr(), v.as_ptr(), 1) as isize })?;
    Ok(Value::NONE)
}
fn unsetenv(cx: &mut Thread, a: Args<'_>) -> R {
    let k = env_text(cx, a[0])?;
    // SAFETY: a terminated string.
    check(cx, || unsafe { libc::unsetenv(k.as_ptr()) as isize })?;
    Ok(Value::NONE)
}
fn strerror(cx: &mut Thread, a: Args<'_>) -> R {
    let n = c_int(cx, a[0])?;
    error_text(cx, n)
}
fn device_encoding(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: plain query.
    if unsafe { libc::isatty(fd) } == 1 { Ok(cx.new_str("UTF-8")?.value()) } else { Ok(Value::NONE) }
}
fn ttyname(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let mut buf = [0 as libc::c_char; 256];
    // SAFETY: the buffer is ours.
    let e = unsafe { libc::ttyname_r(fd, buf.as_mut_ptr(), buf.len()) };
    if e != 0 {
        return Err(cx.os_error(e, None));
    }
    // SAFETY: terminated on success.
    let name = unsafe { std::ffi::CStr::from_ptr(buf.as_ptr()) }.to_bytes().to_vec();
    name_value(cx, &name, false)
}

/// A dict from a table of names.
pub fn name_dict(cx: &mut Thread, table: &[(&str, i32)]) -> R {
    let d: ferropy_vm::Gc<Dict> = cx.new_dict()?;
    for (name, n) in table {
        let k = cx.intern(name)?;
        cx.dict_set_str(d, k, Value::small_int(*n as i64))?;
    }
    Ok(d.value())
}
