//! `_posixsubprocess`: fork and exec for `subprocess`.
//!
//! Everything the child needs is prepared before the fork; the child makes system calls only (and runs `preexec_fn`, if
//! there is one). What fails there is written to the error pipe as `CLASS:ERRNO IN HEX:STAGE`, which subprocess.py reads.

use crate::os_util::{self, c_int, fs_bytes, fspath};
use crate::posix::fork;
use ferropy_vm::types::{Bytes, List, Tuple};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};
use std::ffi::{CStr, CString};

static FUNCTIONS: &[NativeDef] = &[NativeDef::function(
    "fork_exec(args, executable_list, close_fds, pass_fds, working_directory, env, p2cread, p2cwrite, c2pread, c2pwrite, \
     errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, \
     child_umask, preexec_fn, /)",
    fork_exec,
    "Spawn a fresh new child process.",
)];

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_posixsubprocess", |cx| {
        Ok(cx.module_with("_posixsubprocess", "A POSIX helper for the subprocess module.", FUNCTIONS)?.value())
    });
}

/// What the child does, without Python objects.
struct Plan {
    argv: CStrings,
    executables: CStrings,
    env: Option<CStrings>,
    cwd: Option<CString>,
    close_fds: bool,
    keep: Vec<i32>,
    /// p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write.
    pipes: [i32; 8],
    restore_signals: bool,
    setsid: bool,
    group: i32,
    gid: Option<u32>,
    groups: Option<Vec<u32>>,
    uid: Option<u32>,
    umask: i32,
    most_fds: i32,
}

/// Strings and the terminated array of their addresses.
struct CStrings {
    _text: Vec<CString>,
    pointers: Vec<*const libc::c_char>,
}
impl CStrings {
    fn new(text: Vec<CString>) -> CStrings {
        let pointers = text.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect();
        CStrings { _text: text, pointers }
    }
}

fn terminated(cx: &mut Thread, bytes: Vec<u8>) -> R<CString> {
    CString::new(bytes).map_err(|_| cx.value_error("embedded null byte"))
}
fn fs_string(cx: &mut Thread, v: Value) -> R<CString> {
    let p = fspath(cx, v)?;
    let bytes = fs_bytes(cx, p)?;
    terminated(cx, bytes)
}
/// A sequence of bytes objects.
fn byte_strings(cx: &mut Thread, v: Value) -> R<CStrings> {
    let items = cx.collect(v)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        let Some(b) = items[i].cast::<Bytes>() else {
            let class = cx.class_name(items[i]);
            return Err(cx.type_error(format!("expected bytes, {class} found")));
        };
        out.push(terminated(cx, b.data().to_vec())?);
    }
    Ok(CStrings::new(out))
}
fn arguments(cx: &mut Thread, v: Value) -> R<CStrings> {
    if v.cast::<Tuple>().is_none()
        && v.cast::<List>().is_none()
        && cx.lookup_special(v, ferropy_vm::N::__iter__).is_none()
    {
        return Err(cx.type_error("argv must be a tuple"));
    }
    let items = cx.collect(v)?;
    let mut out = Vec::new();
    for i in 0..items.len() {
        out.push(fs_string(cx, items[i])?);
    }
    Ok(CStrings::new(out))
}
/// Ascending descriptors.
fn kept_fds(cx: &mut Thread, v: Value) -> R<Vec<i32>> {
    let Some(t) = v.cast::<Tuple>() else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!("fork_exec() argument 4 must be tuple, not {class}")));
    };
    let mut out: Vec<i32> = Vec::new();
    for v in t.items() {
        let n = if v.is_any_int() { v.to_i64().and_then(|n| i32::try_from(n).ok()) } else { None };
        match n {
            Some(n) if n >= 0 && out.last().is_none_or(|l| *l < n) => out.push(n),
            _ => return Err(cx.value_error("bad value(s) in fds_to_keep")),
        }
    }
    Ok(out)
}
fn owner(cx: &mut Thread, v: Value, what: &str) -> R<Option<u32>> {
    if v.is_none() {
        return Ok(None);
    }
    match os_util::owner_id(cx, v, what) {
        Ok(n) => Ok(Some(n)),
        Err(_) => {
            cx.take_pending();
            Err(cx.value_error(format!("invalid {} id", if what == "uid" { "user" } else { "group" })))
        }
    }
}
const MOST_GROUPS: usize = 65536;
fn extra_groups(cx: &mut Thread, v: Value) -> R<Option<Vec<u32>>> {
    if v.is_none() {
        return Ok(None);
    }
    let Some(list) = v.cast::<List>() else { return Err(cx.type_error("setgroups argument must be a list")) };
    if list.len() > MOST_GROUPS {
        return Err(cx.value_error("too many extra_groups"));
    }
    let mut out = Vec::new();
    for i in 0..list.len() {
        let v = list.get(i).unwrap_or(Value::NONE);
        if !v.is_any_int() {
            return Err(cx.type_error("extra_groups must be integers"));
        }
        out.extend(owner(cx, v, "gid")?);
    }
    Ok(Some(out))
}

fn plan(cx: &mut Thread, a: Args<'_>) -> R<Plan> {
    let close_fds = cx.truth(a[2])?;
    let keep = kept_fds(cx, a[3])?;
    let mut pipes = [0; 8];
    for (i, p) in pipes.iter_mut().enumerate() {
        *p = c_int(cx, a[6 + i])?;
    }
    let (restore_signals, setsid) = (cx.truth(a[14])?, cx.truth(a[15])?);
    let (group, umask) = (c_int(cx, a[16])?, c_int(cx, a[20])?);
    if close_fds && pipes[7] < 3 {
        return Err(cx.value_error("errpipe_write must be >= 3"));
    }
    let executables = byte_strings(cx, a[1])?;
    let argv = if a[0].is_none() { CStrings::new(Vec::new()) } else { arguments(cx, a[0])? };
    let env = if a[5].is_none() { None } else { Some(byte_strings(cx, a[5])?) };
    let cwd = if a[4].is_none() { None } else { Some(fs_string(cx, a[4])?) };
    let groups = extra_groups(cx, a[18])?;
    let (gid, uid) = (owner(cx, a[17], "gid")?, owner(cx, a[19], "uid")?);
    // SAFETY: plain query.
    let most_fds = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) }.clamp(256, 1 << 20) as i32;
    Ok(Plan {
        argv,
        executables,
        env,
        cwd,
        close_fds,
        keep,
        pipes,
        restore_signals,
        setsid,
        group,
        gid,
        groups,
        uid,
        umask,
        most_fds,
    })
}

fn fork_exec(cx: &mut Thread, a: Args<'_>) -> R {
    let preexec = a[21];
    if !preexec.is_none() && cx.vm().finalizing.get() {
        let text = "preexec_fn not supported at interpreter shutdown";
        return Err(cx.error(ferropy_vm::Exc::PythonFinalizationError, text));
    }
    let plan = plan(cx, a)?;
    if !preexec.is_none() {
        fork::before(cx)?;
        // SAFETY: the child goes on with this thread only; it holds the interpreter lock.
        let (pid, e) = fork::split(cx, || unsafe { libc::fork() });
        if pid == 0 {
            exec_child(&plan, None, || fork::after_in_child(cx).and_then(|_| cx.call(preexec, &[])).is_ok());
        }
        fork::after_in_parent(cx)?;
        return if pid < 0 { Err(cx.os_error(e, None)) } else { Ok(Value::small_int(pid as i64)) };
    }
    // No handler may run in the child: signals wait until it restores the mask.
    // SAFETY: the sets are ours.
    let (pid, e) = unsafe {
        let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut old);
        let (pid, e) = fork::split(cx, || libc::fork());
        if pid == 0 {
            exec_child(&plan, Some(&old), || true);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        (pid, e)
    };
    if pid < 0 { Err(cx.os_error(e, None)) } else { Ok(Value::small_int(pid as i64)) }
}

/// Stage of a failure, as subprocess.py knows them.
type Stage = &'static CStr;
const BEFORE_EXEC: Stage = c"noexec";
const CHDIR: Stage = c"noexec:chdir";
const PREEXEC: Stage = c"Exception occurred in preexec_fn.";
const EXEC: Stage = c"";

/// Fails with the current stage if the call did.
fn ok(r: i32, stage: Stage) -> Result<i32, Stage> {
    if r < 0 { Err(stage) } else { Ok(r) }
}

/// The child: does not return.
fn exec_child(plan: &Plan, mask: Option<&libc::sigset_t>, preexec: impl FnOnce() -> bool) -> ! {
    // SAFETY: system calls on memory that was prepared before the fork.
    unsafe {
        let stage = match prepare(plan, mask) {
            Ok(()) if preexec() => exec(plan),
            Ok(()) => {
                *libc::__errno_location() = 0;
                PREEXEC
            }
            Err(stage) => stage,
        };
        report(plan.pipes[7], stage);
        libc::_exit(255)
    }
}

unsafe fn set_inheritable(fd: i32) -> Result<(), Stage> {
    let flags = ok(libc::fcntl(fd, libc::F_GETFD), BEFORE_EXEC)?;
    if flags & libc::FD_CLOEXEC != 0 {
        ok(libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC), BEFORE_EXEC)?;
    }
    Ok(())
}
/// Puts a descriptor where the program expects it.
unsafe fn place(fd: i32, at: i32) -> Result<(), Stage> {
    if fd == at {
        return set_inheritable(fd);
    }
    if fd != -1 {
        ok(libc::dup2(fd, at), BEFORE_EXEC)?;
    }
    Ok(())
}
unsafe fn standard_streams(plan: &Plan) -> Result<(), Stage> {
    let [p2cread, p2cwrite, c2pread, mut c2pwrite, errread, mut errwrite, errpipe_read, errpipe_write] = plan.pipes;
    for fd in &plan.keep {
        if *fd != errpipe_write {
            set_inheritable(*fd)?;
        }
    }
    for fd in [p2cwrite, c2pread, errread] {
        if fd != -1 {
            ok(libc::close(fd), BEFORE_EXEC)?;
        }
    }
    ok(libc::close(errpipe_read), BEFORE_EXEC)?;
    // Ends that lie on 0, 1 or 2 would be overwritten by the ones placed before them.
    if c2pwrite == 0 {
        c2pwrite = ok(libc::dup(c2pwrite), BEFORE_EXEC)?;
    }
    while errwrite == 0 || errwrite == 1 {
        errwrite = ok(libc::dup(errwrite), BEFORE_EXEC)?;
    }
    place(p2cread, 0)?;
    place(c2pwrite, 1)?;
    place(errwrite, 2)
}
unsafe fn prepare(plan: &Plan, mask: Option<&libc::sigset_t>) -> Result<(), Stage> {
    standard_streams(plan)?;
    if let Some(cwd) = &plan.cwd {
        ok(libc::chdir(cwd.as_ptr()), CHDIR)?;
    }
    if plan.umask >= 0 {
        libc::umask(plan.umask as libc::mode_t);
    }
    if plan.restore_signals {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
    }
    if let Some(mask) = mask {
        reset_handlers();
        ok(-libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()), BEFORE_EXEC)?;
    }
    if plan.setsid {
        ok(libc::setsid(), BEFORE_EXEC)?;
    }
    if plan.group >= 0 {
        ok(libc::setpgid(0, plan.group), BEFORE_EXEC)?;
    }
    if let Some(groups) = &plan.groups {
        ok(libc::setgroups(groups.len(), groups.as_ptr()), BEFORE_EXEC)?;
    }
    if let Some(gid) = plan.gid {
        ok(libc::setregid(gid, gid), BEFORE_EXEC)?;
    }
    if let Some(uid) = plan.uid {
        ok(libc::setreuid(uid, uid), BEFORE_EXEC)?;
    }
    Ok(())
}
/// Handlers of the interpreter mean nothing to the child.
unsafe fn reset_handlers() {
    for n in 1..65 {
        let mut act: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(n, std::ptr::null(), &mut act) == 0
            && act.sa_sigaction != libc::SIG_IGN
            && act.sa_sigaction != libc::SIG_DFL
        {
            libc::signal(n, libc::SIG_DFL);
        }
    }
}
/// Closes all descriptors from 3 but those to keep.
unsafe fn close_others(plan: &Plan) {
    let mut from = 3;
    for fd in plan.keep.iter().copied().filter(|fd| *fd >= 3) {
        if fd > from {
            close_range(from, fd - 1, plan.most_fds);
        }
        from = fd + 1;
    }
    close_range(from, i32::MAX, plan.most_fds);
}
unsafe fn close_range(from: i32, to: i32, most: i32) {
    if libc::syscall(libc::SYS_close_range, from, to, 0) != 0 {
        for fd in from..=to.min(most) {
            libc::close(fd);
        }
    }
}
/// Tries the executables in turn; returns only if none could be started. The first errno that tells more than "not there"
/// is kept.
unsafe fn exec(plan: &Plan) -> Stage {
    if plan.close_fds {
        close_others(plan);
    }
    let argv = plan.argv.pointers.as_ptr();
    let mut kept = 0;
    for p in plan.executables.pointers.iter().filter(|p| !p.is_null()) {
        match &plan.env {
            Some(env) => libc::execve(*p, argv, env.pointers.as_ptr()),
            None => libc::execv(*p, argv),
        };
        let e = *libc::__errno_location();
        if e != libc::ENOENT && e != libc::ENOTDIR && kept == 0 {
            kept = e;
        }
    }
    if kept != 0 {
        *libc::__errno_location() = kept;
    }
    EXEC
}
unsafe fn write_all(fd: i32, text: &[u8]) {
    libc::write(fd, text.as_ptr().cast(), text.len());
}
unsafe fn report(fd: i32, stage: Stage) {
    let e = *libc::__errno_location();
    if e == 0 {
        write_all(fd, b"SubprocessError:0:");
    } else {
        let mut digits = [0u8; 8];
        let mut at = digits.len();
        let mut n = e as u32;
        while n > 0 {
            at -= 1;
            digits[at] = b"0123456789ABCDEF"[n as usize & 15];
            n >>= 4;
        }
        write_all(fd, b"OSError:");
        write_all(fd, &digits[at..]);
        write_all(fd, b":");
    }
    write_all(fd, stage.to_bytes());
}
