//! Identity of the process: users, groups, sessions, priorities.

use crate::os_util::{c_int, c_path, check, last_error, owner_id, owner_value};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};
use std::ffi::CString;

macro_rules! get_number {
    ($($f:ident)*) => {
        $(fn $f(_cx: &mut Thread, _a: Args<'_>) -> R {
            // SAFETY: plain query.
            Ok(Value::small_int(unsafe { libc::$f() } as i64))
        })*
    };
}
get_number!(getpid getppid getpgrp);
macro_rules! get_owner {
    ($($f:ident)*) => {
        $(fn $f(_cx: &mut Thread, _a: Args<'_>) -> R {
            // SAFETY: plain query.
            Ok(owner_value(unsafe { libc::$f() }))
        })*
    };
}
get_owner!(getuid geteuid getgid getegid);
macro_rules! set_owner {
    ($($f:ident($what:literal $($i:literal)*))*) => {
        $(fn $f(cx: &mut Thread, a: Args<'_>) -> R {
            let ids = [$(owner_id(cx, a[$i], $what)?),*];
            // SAFETY: plain call.
            check(cx, || unsafe { libc::$f($(ids[$i]),*) as isize })?;
            Ok(Value::NONE)
        })*
    };
}
set_owner!(setuid("uid" 0) seteuid("uid" 0) setreuid("uid" 0 1) setresuid("uid" 0 1 2)
    setgid("gid" 0) setegid("gid" 0) setregid("gid" 0 1) setresgid("gid" 0 1 2));

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("getpid()", getpid, "Return the current process id."),
    NativeDef::function("getppid()", getppid, "Return the parent's process id."),
    NativeDef::function("getuid()", getuid, "Return the current process's user id."),
    NativeDef::function("geteuid()", geteuid, "Return the current process's effective user id."),
    NativeDef::function("getgid()", getgid, "Return the current process's group id."),
    NativeDef::function("getegid()", getegid, "Return the current process's effective group id."),
    NativeDef::function("getpgrp()", getpgrp, "Return the current process group id."),
    NativeDef::function("getpgid(pid)", getpgid, "Call the system call getpgid(), and return the result."),
    NativeDef::function("getsid(pid, /)", getsid, "Call the system call getsid(pid) and return the result."),
    NativeDef::function("setsid()", setsid, "Call the system call setsid()."),
    NativeDef::function("setpgid(pid, pgrp, /)", setpgid, "Call the system call setpgid(pid, pgrp)."),
    NativeDef::function("setpgrp()", setpgrp, "Make the current process the leader of its process group."),
    NativeDef::function("setuid(uid, /)", setuid, "Set the current process's user id."),
    NativeDef::function("seteuid(euid, /)", seteuid, "Set the current process's effective user id."),
    NativeDef::function("setreuid(ruid, euid, /)", setreuid, ""),
    NativeDef::function("setresuid(ruid, euid, suid, /)", setresuid, ""),
    NativeDef::function("setgid(gid, /)", setgid, "Set the current process's group id."),
    NativeDef::function("setegid(egid, /)", setegid, "Set the current process's effective group id."),
    NativeDef::function("setregid(rgid, egid, /)", setregid, ""),
    NativeDef::function("setresgid(rgid, egid, sgid, /)", setresgid, ""),
    NativeDef::function("getresuid()", getresuid, ""),
    NativeDef::function("getresgid()", getresgid, ""),
    NativeDef::function("getgroups()", getgroups, "Return list of supplemental group IDs for the process."),
    NativeDef::function("setgroups(groups, /)", setgroups, "Set the groups of the current process to list."),
    NativeDef::function(
        "getgrouplist(user, group, /)",
        getgrouplist,
        "Returns a list of groups to which a user belongs.",
    ),
    NativeDef::function("initgroups(username, gid, /)", initgroups, "Initialize the group access list."),
    NativeDef::function("getlogin()", getlogin, "Return the actual login name."),
    NativeDef::function(
        "nice(increment, /)",
        nice,
        "Add increment to the priority of process and return the new priority.",
    ),
    NativeDef::function("getpriority(which, who)", getpriority, "Return program scheduling priority."),
    NativeDef::function("setpriority(which, who, priority)", setpriority, "Set program scheduling priority."),
    NativeDef::function("tcgetpgrp(fd, /)", tcgetpgrp, ""),
    NativeDef::function("tcsetpgrp(fd, pgid, /)", tcsetpgrp, ""),
];

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
fn setpgrp(cx: &mut Thread, _a: Args<'_>) -> R {
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setpgid(0, 0) as isize })?;
    Ok(Value::NONE)
}
type ThreeIds = unsafe extern "C" fn(*mut u32, *mut u32, *mut u32) -> i32;
fn three_ids(cx: &mut Thread, f: ThreeIds) -> R {
    let (mut real, mut effective, mut saved) = (0, 0, 0);
    // SAFETY: the numbers are ours.
    check(cx, || unsafe { f(&mut real, &mut effective, &mut saved) as isize })?;
    Ok(cx.new_tuple(&[real, effective, saved].map(owner_value))?.value())
}
fn getresuid(cx: &mut Thread, _a: Args<'_>) -> R {
    three_ids(cx, libc::getresuid)
}
fn getresgid(cx: &mut Thread, _a: Args<'_>) -> R {
    three_ids(cx, libc::getresgid)
}

fn id_list(cx: &mut Thread, ids: &[u32]) -> R {
    let out = cx.new_list(&[])?;
    for id in ids {
        cx.list_append(out, owner_value(*id))?;
    }
    Ok(out.value())
}
const MOST_GROUPS: usize = 65536;
fn getgroups(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut ids = vec![0u32; MOST_GROUPS];
    // SAFETY: the array is ours.
    let n = check(cx, || unsafe { libc::getgroups(MOST_GROUPS as i32, ids.as_mut_ptr()) as isize })?;
    id_list(cx, &ids[..n as usize])
}
fn setgroups(cx: &mut Thread, a: Args<'_>) -> R {
    if cx.quick_len(a[0]).is_none() && cx.lookup_special(a[0], ferropy_vm::N::__getitem__).is_none() {
        return Err(cx.type_error("setgroups argument must be a sequence"));
    }
    let items = cx.collect(a[0])?;
    if items.len() > MOST_GROUPS {
        return Err(cx.value_error("too many groups"));
    }
    let mut ids = Vec::new();
    for i in 0..items.len() {
        if !items[i].is_any_int() {
            return Err(cx.type_error("groups must be integers"));
        }
        ids.push(owner_id(cx, items[i], "gid")?);
    }
    // SAFETY: the array is ours.
    check(cx, || unsafe { libc::setgroups(ids.len(), ids.as_ptr()) as isize })?;
    Ok(Value::NONE)
}
fn getgrouplist(cx: &mut Thread, a: Args<'_>) -> R {
    let user = cx.expect_text(a[0], "getgrouplist() argument 1")?.bytes().to_vec();
    let Ok(user) = CString::new(user) else { return Err(cx.value_error("embedded null character")) };
    let group = owner_id(cx, a[1], "gid")?;
    let mut size = 64;
    loop {
        let mut ids = vec![0u32; size];
        let mut n = size as i32;
        // SAFETY: a terminated name; the array has this size.
        let r = unsafe { libc::getgrouplist(user.as_ptr(), group, ids.as_mut_ptr(), &mut n) };
        if r >= 0 {
            return id_list(cx, &ids[..n.clamp(0, size as i32) as usize]);
        }
        if size > 1 << 20 {
            return Err(last_error(cx));
        }
        size = (n as usize).max(size * 2);
    }
}
fn initgroups(cx: &mut Thread, a: Args<'_>) -> R {
    let user = c_path(cx, a[0])?;
    let group = owner_id(cx, a[1], "gid")?;
    // SAFETY: a terminated name.
    check(cx, || unsafe { libc::initgroups(user.as_ptr(), group) as isize })?;
    Ok(Value::NONE)
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
    unsafe { crate::os_util::c_text(cx, buf.as_ptr()) }
}

/// A number where -1 is a valid result: errno tells failures.
fn by_errno(cx: &mut Thread, f: impl FnOnce() -> i32) -> R {
    // SAFETY: errno of this thread.
    let (r, e) = unsafe {
        *libc::__errno_location() = 0;
        (f(), *libc::__errno_location())
    };
    if r == -1 && e != 0 { Err(cx.os_error(e, None)) } else { Ok(Value::small_int(r as i64)) }
}
fn nice(cx: &mut Thread, a: Args<'_>) -> R {
    let by = c_int(cx, a[0])?;
    // SAFETY: plain call.
    by_errno(cx, || unsafe { libc::nice(by) })
}
fn getpriority(cx: &mut Thread, a: Args<'_>) -> R {
    let (which, who) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    by_errno(cx, || unsafe { libc::getpriority(which as _, who as u32) })
}
fn setpriority(cx: &mut Thread, a: Args<'_>) -> R {
    let (which, who, n) = (c_int(cx, a[0])?, c_int(cx, a[1])?, c_int(cx, a[2])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setpriority(which as _, who as u32, n) as isize })?;
    Ok(Value::NONE)
}
fn tcgetpgrp(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::tcgetpgrp(fd) as isize })?;
    Ok(Value::small_int(n as i64))
}
fn tcsetpgrp(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, group) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::tcsetpgrp(fd, group) as isize })?;
    Ok(Value::NONE)
}
