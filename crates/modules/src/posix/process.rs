//! Processes: identity, fork, exec, waiting, signals to others; and facts about the system.

use super::names::{CONFSTR, PATHCONF, SYSCONF};
use super::path::{path, path_or};
use crate::os_util::{c_int, c_text, check, error_text, fildes, fs_bytes, fs_str, fspath};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::types::{Dict, List, Tuple};
use ferropy_vm::{Args, Exc, NativeDef, R, Thread, Value};
use std::ffi::CString;

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("execv(path, argv, /)", execv, ""),
    NativeDef::function("execve(path, argv, env)", execve, ""),
    NativeDef::function("_exit(status)", exit_now, ""),
    NativeDef::function("abort()", |_, _| std::process::abort(), ""),
    NativeDef::function("kill(pid, signal, /)", kill, "Kill a process with a signal."),
    NativeDef::function("killpg(pgid, signal, /)", killpg, ""),
    NativeDef::function("system(command)", system, "Execute the command in a subshell."),
    NativeDef::function("uname()", uname, "Return an object identifying the current operating system."),
    NativeDef::function("times()", times, "Return a collection containing process timing information."),
    NativeDef::function("urandom(size, /)", urandom, "Return a bytes object containing random bytes."),
    NativeDef::function("getrandom(size, flags=0)", getrandom, ""),
    NativeDef::function("sysconf(name, /)", sysconf, ""),
    NativeDef::function("pathconf(path, name)", pathconf, ""),
    NativeDef::function("fpathconf(fd, name, /)", fpathconf, ""),
    NativeDef::function("confstr(name, /)", confstr, "Return a string-valued system configuration variable."),
    NativeDef::function("cpu_count()", cpu_count, ""),
    NativeDef::function("getloadavg()", getloadavg, ""),
    NativeDef::function("putenv(name, value, /)", putenv, ""),
    NativeDef::function("unsetenv(name, /)", unsetenv, ""),
    NativeDef::function("strerror(code, /)", strerror, ""),
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

/// Terminated strings of a sequence of paths.
pub fn c_strings(cx: &mut Thread, v: Value) -> R<Vec<CString>> {
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
    Ok(out)
}
/// The arguments of a program: a tuple or list that begins with a name.
fn arguments(cx: &mut Thread, v: Value, what: &str) -> R<Vec<CString>> {
    if v.cast::<Tuple>().is_none() && v.cast::<List>().is_none() {
        return Err(cx.type_error(format!("{what} must be a tuple or list")));
    }
    if cx.len(v)? == 0 {
        return Err(cx.value_error(format!("{what} must not be empty")));
    }
    let out = c_strings(cx, v)?;
    if out.first().is_some_and(|a| a.is_empty()) {
        return Err(cx.value_error(format!("{what} first element cannot be empty")));
    }
    Ok(out)
}
pub fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
}
/// `KEY=value` strings of a mapping.
pub fn env_strings(cx: &mut Thread, env: Value) -> R<Vec<CString>> {
    let items = cx.call_method(env, "items", &[])?;
    let items = cx.collect(items)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        let Some(t) = items[i].cast::<Tuple>().filter(|t| t.len == 2) else { continue };
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
    let args = arguments(cx, a[1], "execv() arg 2")?;
    let argv = pointers(&args);
    // SAFETY: terminated arrays.
    unsafe { libc::execv(p.ptr(), argv.as_ptr()) };
    let e = crate::os_util::errno();
    Err(p.error(cx, e))
}
fn execve(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "execve: path", true)?;
    let args = arguments(cx, a[1], "execve: argv")?;
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

fn conf_name(cx: &mut Thread, v: Value, table: &[(&str, i32)]) -> R<i32> {
    if let Some(s) = v.as_str() {
        let s = s.to_lossy();
        return match table.iter().find(|t| t.0 == s) {
            Some(t) => Ok(t.1),
            None => Err(cx.value_error("unrecognized configuration name")),
        };
    }
    if !cx.has_index(v) {
        return Err(cx.type_error("configuration names must be strings or integers"));
    }
    c_int(cx, v)
}
/// A number where -1 may mean that there is no limit: errno tells failures.
fn conf_number(f: impl FnOnce() -> libc::c_long) -> Result<i64, i32> {
    // SAFETY: errno of this thread.
    let (r, e) = unsafe {
        *libc::__errno_location() = 0;
        (f(), *libc::__errno_location())
    };
    if r == -1 && e != 0 { Err(e) } else { Ok(r) }
}
fn sysconf(cx: &mut Thread, a: Args<'_>) -> R {
    let n = conf_name(cx, a[0], SYSCONF)?;
    // SAFETY: plain call.
    match conf_number(|| unsafe { libc::sysconf(n) }) {
        Ok(n) => cx.int(n),
        Err(e) => Err(cx.os_error(e, None)),
    }
}
fn pathconf(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "pathconf: path", true)?;
    let n = conf_name(cx, a[1], PATHCONF)?;
    // SAFETY: a terminated path.
    let r = conf_number(|| unsafe {
        match p.fd {
            Some(fd) => libc::fpathconf(fd, n),
            None => libc::pathconf(p.ptr(), n),
        }
    });
    match r {
        Ok(n) => cx.int(n),
        Err(e) => Err(p.error(cx, e)),
    }
}
fn fpathconf(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let n = conf_name(cx, a[1], PATHCONF)?;
    // SAFETY: plain call.
    match conf_number(|| unsafe { libc::fpathconf(fd, n) }) {
        Ok(n) => cx.int(n),
        Err(e) => Err(cx.os_error(e, None)),
    }
}
fn confstr(cx: &mut Thread, a: Args<'_>) -> R {
    let n = conf_name(cx, a[0], CONFSTR)?;
    // SAFETY: the buffer has the size that the system told.
    unsafe {
        *libc::__errno_location() = 0;
        let len = libc::confstr(n, std::ptr::null_mut(), 0);
        if len == 0 {
            let e = *libc::__errno_location();
            return if e != 0 { Err(cx.os_error(e, None)) } else { Ok(Value::NONE) };
        }
        let mut buf = vec![0 as libc::c_char; len + 1];
        libc::confstr(n, buf.as_mut_ptr(), len);
        c_text(cx, buf.as_ptr())
    }
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
/// A dict from a table of names.
pub fn name_dict(cx: &mut Thread, table: &[(&str, i32)]) -> R {
    let d: ferropy_vm::Gc<Dict> = cx.new_dict()?;
    for (name, n) in table {
        let k = cx.intern(name)?;
        cx.dict_set_str(d, k, Value::small_int(*n as i64))?;
    }
    Ok(d.value())
}
