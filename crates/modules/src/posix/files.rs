//! Descriptors, and changes to files and directories.

use super::path::{dir_fd, name_value, path, path_or};
use crate::os_util::{self, c_int, call, check, fildes, filled};
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("open(path, flags, mode=511, *, dir_fd=None)", open, "Open a file for low level IO."),
    NativeDef::function("close(fd)", close, "Close a file descriptor."),
    NativeDef::function("closerange(fd_low, fd_high, /)", closerange, ""),
    NativeDef::function("read(fd, length, /)", read, "Read from a file descriptor.  Returns a bytes object."),
    NativeDef::function("readinto(fd, buffer, /)", readinto, "Read into a buffer object from a file descriptor."),
    NativeDef::function("write(fd, data, /)", write, "Write a bytes object to a file descriptor."),
    NativeDef::function("pread(fd, length, offset, /)", pread, ""),
    NativeDef::function("pwrite(fd, buffer, offset, /)", pwrite, ""),
    NativeDef::function("lseek(fd, position, whence, /)", lseek, ""),
    NativeDef::function("dup(fd, /)", dup, "Return a duplicate of a file descriptor."),
    NativeDef::function("dup2(fd, fd2, inheritable=True)", dup2, "Duplicate file descriptor."),
    NativeDef::function("pipe()", pipe, "Create a pipe."),
    NativeDef::function("pipe2(flags, /)", pipe2, ""),
    NativeDef::function("ftruncate(fd, length, /)", ftruncate, ""),
    NativeDef::function("truncate(path, length)", truncate, ""),
    NativeDef::function("fsync(fd)", |cx, a| simple_fd(cx, a, unsafe_fsync), ""),
    NativeDef::function("fdatasync(fd)", |cx, a| simple_fd(cx, a, unsafe_fdatasync), ""),
    NativeDef::function("fchdir(fd)", |cx, a| simple_fd(cx, a, unsafe_fchdir), ""),
    NativeDef::function("get_inheritable(fd, /)", get_inheritable, ""),
    NativeDef::function("set_inheritable(fd, inheritable, /)", set_inheritable, ""),
    NativeDef::function("get_blocking(fd, /)", get_blocking, ""),
    NativeDef::function("set_blocking(fd, blocking, /)", set_blocking, ""),
    NativeDef::function("lockf(fd, command, length, /)", lockf, ""),
    NativeDef::function("mkdir(path, mode=511, *, dir_fd=None)", mkdir, "Create a directory."),
    NativeDef::function("rmdir(path, *, dir_fd=None)", rmdir, "Remove a directory."),
    NativeDef::function("unlink(path, *, dir_fd=None)", unlink, "Remove a file (same as remove())."),
    NativeDef::function("remove(path, *, dir_fd=None)", unlink, "Remove a file (same as unlink())."),
    NativeDef::function("rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None)", rename, "Rename a file or directory."),
    NativeDef::function("replace(src, dst, *, src_dir_fd=None, dst_dir_fd=None)", rename, "Rename, overwriting."),
    NativeDef::function(
        "link(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)",
        link,
        "Create a hard link to a file.",
    ),
    NativeDef::function("symlink(src, dst, target_is_directory=False, *, dir_fd=None)", symlink, ""),
    NativeDef::function("readlink(path, *, dir_fd=None)", readlink, ""),
    NativeDef::function("access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)", access, ""),
    NativeDef::function("chmod(path, mode, *, dir_fd=None, follow_symlinks=True)", chmod, ""),
    NativeDef::function("fchmod(fd, mode)", fchmod, ""),
    NativeDef::function("chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True)", chown, ""),
    NativeDef::function("fchown(fd, uid, gid)", fchown, ""),
    NativeDef::function("lchown(path, uid, gid)", lchown, ""),
    NativeDef::function(
        "utime(path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)",
        utime,
        "",
    ),
    NativeDef::function("mkfifo(path, mode=438, *, dir_fd=None)", mkfifo, ""),
    NativeDef::function("chdir(path)", chdir, "Change the current working directory to the specified path."),
    NativeDef::function("getcwd()", |cx, _| getcwd(cx, false), "Return a unicode string of the working directory."),
    NativeDef::function("getcwdb()", |cx, _| getcwd(cx, true), "Return a bytes string of the working directory."),
    NativeDef::function("umask(mask, /)", umask, ""),
    NativeDef::function(
        "sync()",
        |_, _| {
            unsafe_sync();
            Ok(Value::NONE)
        },
        "",
    ),
    NativeDef::function("chroot(path)", chroot, ""),
];

// Wrappers of calls that take only numbers.
fn unsafe_fsync(fd: i32) -> i32 {
    // SAFETY: plain call.
    unsafe { libc::fsync(fd) }
}
fn unsafe_fdatasync(fd: i32) -> i32 {
    // SAFETY: plain call.
    unsafe { libc::fdatasync(fd) }
}
fn unsafe_fchdir(fd: i32) -> i32 {
    // SAFETY: plain call.
    unsafe { libc::fchdir(fd) }
}
fn unsafe_sync() {
    // SAFETY: plain call.
    unsafe { libc::sync() }
}
fn simple_fd(cx: &mut Thread, a: Args<'_>, f: impl Fn(i32) -> i32) -> R {
    let fd = fildes(cx, a[0])?;
    check(cx, || f(fd) as isize)?;
    Ok(Value::NONE)
}
fn flag(cx: &mut Thread, v: Option<Value>, default: bool) -> R<bool> {
    match v {
        Some(v) => cx.truth(v),
        None => Ok(default),
    }
}
fn number(cx: &mut Thread, v: Option<Value>, default: i64) -> R<i64> {
    match v {
        Some(v) => cx.index(v),
        None => Ok(default),
    }
}

fn open(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "open: path")?;
    let flags = c_int(cx, a[1])? | libc::O_CLOEXEC;
    let mode = number(cx, a.opt(2), 0o777)? as libc::mode_t;
    let dir = dir_fd(cx, a.some(3))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::openat(dir, p.ptr(), flags, mode) as isize })?;
    let fd = p.check(cx, r)?;
    Ok(Value::small_int(fd as i64))
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let e = cx.allow_threads(|| if unsafe { libc::close(fd) } < 0 { os_util::errno() } else { 0 });
    if e != 0 && e != libc::EINTR { Err(cx.os_error(e, None)) } else { Ok(Value::NONE) }
}
fn closerange(cx: &mut Thread, a: Args<'_>) -> R {
    let (low, high) = (cx.index(a[0])?.max(0), cx.index(a[1])?);
    for fd in low..high.min(1 << 20) {
        // SAFETY: plain call.
        unsafe { libc::close(fd as i32) };
    }
    Ok(Value::NONE)
}
fn read(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, n) = (c_int(cx, a[0])?, cx.index(a[1])?);
    if n < 0 {
        return Err(cx.os_error(libc::EINVAL, None));
    }
    // SAFETY: the buffer has this size.
    let buf = filled(cx, n as usize, |p, n| unsafe { libc::read(fd, p, n) })?;
    Ok(cx.new_bytes(&buf)?.value())
}
fn readinto(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let len = cx.buffer_mut(a[1])?.len;
    // SAFETY: the buffer has this size.
    let buf = filled(cx, len, |p, n| unsafe { libc::read(fd, p, n) })?;
    let target = cx.buffer_mut(a[1])?;
    let got = buf.len().min(target.len);
    target.bytes_mut()[..got].copy_from_slice(&buf[..got]);
    Ok(Value::small_int(got as i64))
}
fn write(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let data = cx.bytes_of(a[1])?;
    // SAFETY: the data are ours.
    let n = check(cx, || unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) })?;
    Ok(Value::small_int(n as i64))
}
fn pread(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, n, at) = (c_int(cx, a[0])?, cx.index(a[1])?, cx.index(a[2])?);
    if n < 0 {
        return Err(cx.os_error(libc::EINVAL, None));
    }
    // SAFETY: the buffer has this size.
    let buf = filled(cx, n as usize, |p, n| unsafe { libc::pread(fd, p, n, at) })?;
    Ok(cx.new_bytes(&buf)?.value())
}
fn pwrite(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, at) = (c_int(cx, a[0])?, cx.index(a[2])?);
    let data = cx.bytes_of(a[1])?;
    // SAFETY: the data are ours.
    let n = check(cx, || unsafe { libc::pwrite(fd, data.as_ptr().cast(), data.len(), at) })?;
    Ok(Value::small_int(n as i64))
}
fn lseek(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, at, whence) = (c_int(cx, a[0])?, cx.index(a[1])?, c_int(cx, a[2])?);
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::lseek(fd, at, whence) as isize })?;
    cx.int(n as i64)
}
fn dup(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) as isize })?;
    Ok(Value::small_int(n as i64))
}
fn dup2(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to) = (c_int(cx, a[0])?, c_int(cx, a[1])?);
    let inheritable = flag(cx, a.opt(2), true)?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe {
        if inheritable || from == to {
            libc::dup2(from, to) as isize
        } else {
            libc::dup3(from, to, libc::O_CLOEXEC) as isize
        }
    })?;
    Ok(Value::small_int(n as i64))
}
fn make_pipe(cx: &mut Thread, flags: i32) -> R {
    let mut fds = [0i32; 2];
    // SAFETY: the array is ours.
    check(cx, || unsafe { libc::pipe2(fds.as_mut_ptr(), flags) as isize })?;
    Ok(cx.new_tuple(&[Value::small_int(fds[0] as i64), Value::small_int(fds[1] as i64)])?.value())
}
fn pipe(cx: &mut Thread, _a: Args<'_>) -> R {
    make_pipe(cx, libc::O_CLOEXEC)
}
fn pipe2(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = c_int(cx, a[0])?;
    make_pipe(cx, flags)
}
fn ftruncate(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, n) = (c_int(cx, a[0])?, cx.index(a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::ftruncate(fd, n) as isize })?;
    Ok(Value::NONE)
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "truncate: path", true)?;
    let n = cx.index(a[1])?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::ftruncate(fd, n) as isize,
            None => libc::truncate(p.ptr(), n) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn fd_flags(cx: &mut Thread, fd: i32, get: i32) -> R<i32> {
    // SAFETY: plain call.
    Ok(check(cx, || unsafe { libc::fcntl(fd, get) as isize })? as i32)
}
fn change_flag(cx: &mut Thread, fd: i32, get: i32, set: i32, bit: i32, on: bool) -> R {
    let old = fd_flags(cx, fd, get)?;
    let new = if on { old | bit } else { old & !bit };
    // SAFETY: plain call.
    check(cx, || unsafe { libc::fcntl(fd, set, new) as isize })?;
    Ok(Value::NONE)
}
fn get_inheritable(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    Ok(Value::bool(fd_flags(cx, fd, libc::F_GETFD)? & libc::FD_CLOEXEC == 0))
}
fn set_inheritable(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let on = cx.truth(a[1])?;
    change_flag(cx, fd, libc::F_GETFD, libc::F_SETFD, libc::FD_CLOEXEC, !on)
}
fn get_blocking(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    Ok(Value::bool(fd_flags(cx, fd, libc::F_GETFL)? & libc::O_NONBLOCK == 0))
}
fn set_blocking(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let on = cx.truth(a[1])?;
    change_flag(cx, fd, libc::F_GETFL, libc::F_SETFL, libc::O_NONBLOCK, !on)
}
fn lockf(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, command, n) = (c_int(cx, a[0])?, c_int(cx, a[1])?, cx.index(a[2])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::lockf(fd, command, n) as isize })?;
    Ok(Value::NONE)
}

fn mkdir(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "mkdir: path")?;
    let mode = number(cx, a.opt(1), 0o777)? as libc::mode_t;
    let dir = dir_fd(cx, a.some(2))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::mkdirat(dir, p.ptr(), mode) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn rmdir(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "rmdir: path")?;
    let dir = dir_fd(cx, a.some(1))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::unlinkat(dir, p.ptr(), libc::AT_REMOVEDIR) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn unlink(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "unlink: path")?;
    let dir = dir_fd(cx, a.some(1))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::unlinkat(dir, p.ptr(), 0) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
/// OSError with both names.
fn two_names(cx: &mut Thread, e: i32, from: Value, to: Value) -> ferropy_vm::Raised {
    let text = match os_util::error_text(cx, e) {
        Ok(t) => t,
        Err(r) => return r,
    };
    cx.error_with(ferropy_vm::Exc::OSError, &[Value::small_int(e as i64), text, from, Value::NONE, to])
}
fn rename(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to) = (path(cx, a[0], "rename: src")?, path(cx, a[1], "rename: dst")?);
    let (d1, d2) = (dir_fd(cx, a.some(2))?, dir_fd(cx, a.some(3))?);
    // SAFETY: terminated paths.
    match call(cx, || unsafe { libc::renameat(d1, from.ptr(), d2, to.ptr()) as isize })? {
        Ok(_) => Ok(Value::NONE),
        Err(e) => Err(two_names(cx, e, a[0], a[1])),
    }
}
fn link(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to) = (path(cx, a[0], "link: src")?, path(cx, a[1], "link: dst")?);
    let (d1, d2) = (dir_fd(cx, a.some(2))?, dir_fd(cx, a.some(3))?);
    let flags = if flag(cx, a.opt(4), true)? { libc::AT_SYMLINK_FOLLOW } else { 0 };
    // SAFETY: terminated paths.
    match call(cx, || unsafe { libc::linkat(d1, from.ptr(), d2, to.ptr(), flags) as isize })? {
        Ok(_) => Ok(Value::NONE),
        Err(e) => Err(two_names(cx, e, a[0], a[1])),
    }
}
fn symlink(cx: &mut Thread, a: Args<'_>) -> R {
    let (from, to) = (path(cx, a[0], "symlink: src")?, path(cx, a[1], "symlink: dst")?);
    let dir = dir_fd(cx, a.some(3))?;
    // SAFETY: terminated paths.
    match call(cx, || unsafe { libc::symlinkat(from.ptr(), dir, to.ptr()) as isize })? {
        Ok(_) => Ok(Value::NONE),
        Err(e) => Err(two_names(cx, e, a[0], a[1])),
    }
}
fn readlink(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "readlink: path")?;
    let dir = dir_fd(cx, a.some(1))?;
    let mut buf = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: path and buffer are ours.
    let r = call(cx, || unsafe { libc::readlinkat(dir, p.ptr(), buf.as_mut_ptr().cast(), buf.len()) })?;
    let n = p.check(cx, r)? as usize;
    name_value(cx, &buf[..n], p.bytes)
}
fn access(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "access: path")?;
    let mode = c_int(cx, a[1])?;
    let dir = dir_fd(cx, a.some(2))?;
    let mut flags = if flag(cx, a.opt(3), false)? { libc::AT_EACCESS } else { 0 };
    if !flag(cx, a.opt(4), true)? {
        flags |= libc::AT_SYMLINK_NOFOLLOW;
    }
    // SAFETY: a terminated path.
    let r = cx.allow_threads(|| unsafe { libc::faccessat(dir, p.ptr(), mode, flags) });
    Ok(Value::bool(r == 0))
}
fn chmod(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "chmod: path", true)?;
    let mode = cx.index(a[1])? as libc::mode_t;
    let dir = dir_fd(cx, a.some(2))?;
    let flags = if flag(cx, a.opt(3), true)? { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fchmod(fd, mode) as isize,
            None => libc::fchmodat(dir, p.ptr(), mode, flags) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn fchmod(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, mode) = (c_int(cx, a[0])?, cx.index(a[1])? as libc::mode_t);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::fchmod(fd, mode) as isize })?;
    Ok(Value::NONE)
}
fn chown_flags(cx: &mut Thread, a: Args<'_>, dir: i32, flags: i32) -> R {
    let p = path_or(cx, a[0], "chown: path", true)?;
    let (uid, gid) = (cx.index(a[1])? as u32, cx.index(a[2])? as u32);
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fchown(fd, uid, gid) as isize,
            None => libc::fchownat(dir, p.ptr(), uid, gid, flags) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn chown(cx: &mut Thread, a: Args<'_>) -> R {
    let dir = dir_fd(cx, a.some(3))?;
    let flags = if flag(cx, a.opt(4), true)? { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    chown_flags(cx, a, dir, flags)
}
fn fchown(cx: &mut Thread, a: Args<'_>) -> R {
    chown_flags(cx, a, libc::AT_FDCWD, 0)
}
fn lchown(cx: &mut Thread, a: Args<'_>) -> R {
    chown_flags(cx, a, libc::AT_FDCWD, libc::AT_SYMLINK_NOFOLLOW)
}

/// A time of `utime` in seconds.
fn seconds(cx: &mut Thread, v: Value) -> R<libc::timespec> {
    if let Some(f) = v.as_float() {
        if !f.is_finite() {
            return Err(cx.value_error("Invalid value NaN (not a number)"));
        }
        let s = f.floor();
        let ns = ((f - s) * 1e9).floor().min(999_999_999.0);
        return Ok(libc::timespec { tv_sec: s as i64, tv_nsec: ns as i64 });
    }
    Ok(libc::timespec { tv_sec: cx.index(v)?, tv_nsec: 0 })
}
fn pair(cx: &mut Thread, v: Value, what: &str) -> R<(Value, Value)> {
    match v.cast::<Tuple>() {
        Some(t) if t.len == 2 => Ok((t.at(0), t.at(1))),
        _ => Err(cx.type_error(format!("utime: '{what}' must be either a tuple of two ints or None"))),
    }
}
fn utime(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "utime: path", true)?;
    if a.some(1).is_some() && a.opt(2).is_some() {
        return Err(cx.value_error("utime: you may specify either 'times' or 'ns' but not both"));
    }
    let mut times = [libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW }; 2];
    if let Some(v) = a.some(1) {
        let (x, y) = pair(cx, v, "times")?;
        times = [seconds(cx, x)?, seconds(cx, y)?];
    } else if let Some(v) = a.opt(2) {
        let (x, y) = pair(cx, v, "ns")?;
        for (i, n) in [x, y].into_iter().enumerate() {
            let n = cx.index(n)?;
            let (s, ns) = (n.div_euclid(1_000_000_000), n.rem_euclid(1_000_000_000));
            times[i] = libc::timespec { tv_sec: s, tv_nsec: ns };
        }
    }
    let dir = dir_fd(cx, a.some(3))?;
    let flags = if flag(cx, a.opt(4), true)? { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
    // SAFETY: path and times are ours.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::futimens(fd, times.as_ptr()) as isize,
            None => libc::utimensat(dir, p.ptr(), times.as_ptr(), flags) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn mkfifo(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "mkfifo: path")?;
    let mode = number(cx, a.opt(1), 0o666)? as libc::mode_t;
    let dir = dir_fd(cx, a.some(2))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::mkfifoat(dir, p.ptr(), mode) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn chdir(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "chdir: path", true)?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fchdir(fd) as isize,
            None => libc::chdir(p.ptr()) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn chroot(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "chroot: path")?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::chroot(p.ptr()) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn getcwd(cx: &mut Thread, bytes: bool) -> R {
    use std::os::unix::ffi::OsStrExt;
    match std::env::current_dir() {
        Ok(d) => name_value(cx, d.as_os_str().as_bytes(), bytes),
        Err(e) => Err(cx.io_error(&e, None)),
    }
}
fn umask(cx: &mut Thread, a: Args<'_>) -> R {
    let mask = cx.index(a[0])? as libc::mode_t;
    // SAFETY: plain call.
    Ok(Value::small_int(unsafe { libc::umask(mask) } as i64))
}
