//! File systems, extended attributes, and descriptors of Linux: events, timers, memory, processes.

use super::path::{PathArg, dir_fd, name_value, path, path_or};
use crate::os_util::{self, c_int, c_number, c_path, c_u64, call, check, fildes, filled};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{Args, NativeDef, R, RootedVec, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("statvfs(path)", statvfs, "Perform a statvfs system call on the given path."),
    NativeDef::function("fstatvfs(fd, /)", fstatvfs, "Perform an fstatvfs system call on the given fd."),
    NativeDef::function("mknod(path, mode=384, device=0, *, dir_fd=None)", mknod, "Create a node in the file system."),
    NativeDef::function("major(device, /)", major, "Extracts a device major number from a raw device number."),
    NativeDef::function("minor(device, /)", minor, "Extracts a device minor number from a raw device number."),
    NativeDef::function("makedev(major, minor, /)", makedev, ""),
    NativeDef::function("posix_fadvise(fd, offset, length, advice, /)", posix_fadvise, ""),
    NativeDef::function("posix_fallocate(fd, offset, length, /)", posix_fallocate, ""),
    NativeDef::function("getxattr(path, attribute, *, follow_symlinks=True)", getxattr, ""),
    NativeDef::function("setxattr(path, attribute, value, flags=0, *, follow_symlinks=True)", setxattr, ""),
    NativeDef::function("removexattr(path, attribute, *, follow_symlinks=True)", removexattr, ""),
    NativeDef::function("listxattr(path=None, *, follow_symlinks=True)", listxattr, ""),
    NativeDef::function("memfd_create(name, flags=MFD_CLOEXEC)", memfd_create, ""),
    NativeDef::function("eventfd(initval, flags=EFD_CLOEXEC)", eventfd, ""),
    NativeDef::function("eventfd_read(fd)", eventfd_read, "Read eventfd value"),
    NativeDef::function("eventfd_write(fd, value)", eventfd_write, "Write eventfd value."),
    NativeDef::function("pidfd_open(pid, flags=0)", pidfd_open, ""),
    NativeDef::function("unshare(flags)", unshare, ""),
    NativeDef::function("setns(fd, nstype=0)", setns, ""),
    NativeDef::function("timerfd_create(clockid, /, *, flags=TFD_CLOEXEC)", timerfd_create, ""),
    NativeDef::function(
        "timerfd_settime(fd, /, *, flags=0, initial=0.0, interval=0.0)",
        |cx, a| timerfd_settime(cx, a, false),
        "",
    ),
    NativeDef::function(
        "timerfd_settime_ns(fd, /, *, flags=0, initial=0, interval=0)",
        |cx, a| timerfd_settime(cx, a, true),
        "",
    ),
    NativeDef::function("timerfd_gettime(fd, /)", |cx, a| timerfd_gettime(cx, a, false), ""),
    NativeDef::function("timerfd_gettime_ns(fd, /)", |cx, a| timerfd_gettime(cx, a, true), ""),
];

pub static STATVFS: StructSeq = StructSeq::new(
    "os.statvfs_result",
    &[
        ("f_bsize", ""),
        ("f_frsize", ""),
        ("f_blocks", ""),
        ("f_bfree", ""),
        ("f_bavail", ""),
        ("f_files", ""),
        ("f_ffree", ""),
        ("f_favail", ""),
        ("f_flag", ""),
        ("f_namemax", ""),
        ("f_fsid", ""),
    ],
    10,
    "statvfs_result: Result from statvfs or fstatvfs.\n\nThis object may be accessed either as a tuple of\n  (bsize, \
     frsize, blocks, bfree, bavail, files, ffree, favail, flag, namemax),\nor via the attributes f_bsize, f_frsize, \
     f_blocks, f_bfree, and so on.\n\nSee os.statvfs for more information.",
);

fn int_or(cx: &mut Thread, v: Option<Value>, default: i32) -> R<i32> {
    match v {
        Some(v) => c_int(cx, v),
        None => Ok(default),
    }
}
fn fd_value(n: isize) -> R {
    Ok(Value::small_int(n as i64))
}

// ---- file systems

fn statvfs(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path_or(cx, a[0], "statvfs: path", true)?;
    // SAFETY: zero is valid; the structure is ours, the path is terminated.
    let mut s: libc::statvfs = unsafe { std::mem::zeroed() };
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fstatvfs(fd, &mut s) as isize,
            None => libc::statvfs(p.ptr(), &mut s) as isize,
        }
    })?;
    p.check(cx, r)?;
    statvfs_value(cx, &s)
}
fn statvfs_value(cx: &mut Thread, s: &libc::statvfs) -> R {
    let mut v = RootedVec::new(cx);
    let numbers = [
        s.f_bsize,
        s.f_frsize,
        s.f_blocks,
        s.f_bfree,
        s.f_bavail,
        s.f_files,
        s.f_ffree,
        s.f_favail,
        s.f_flag,
        s.f_namemax,
        s.f_fsid,
    ];
    for n in numbers {
        let n = cx.uint(n)?;
        v.push(n);
    }
    structseq::make(cx, &STATVFS, &v)
}
fn fstatvfs(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: as above.
    let mut s: libc::statvfs = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::fstatvfs(fd, &mut s) as isize })?;
    statvfs_value(cx, &s)
}
fn mknod(cx: &mut Thread, a: Args<'_>) -> R {
    let p = path(cx, a[0], "mknod: path")?;
    let mode = int_or(cx, a.opt(1), 0o600)? as libc::mode_t;
    let device = match a.opt(2) {
        Some(v) => device_arg(cx, v)?,
        None => 0,
    };
    let dir = dir_fd(cx, a.some(3))?;
    // SAFETY: a terminated path.
    let r = call(cx, || unsafe { libc::mknodat(dir, p.ptr(), mode, device) as isize })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
/// A device number; -1 means none.
fn device_arg(cx: &mut Thread, v: Value) -> R<libc::dev_t> {
    let n = cx.index_value(v)?;
    if n.as_int() == Some(-1) { Ok(libc::dev_t::MAX) } else { c_u64(cx, n, "unsigned long long") }
}
fn device_part(cx: &mut Thread, n: u32) -> R {
    if n == u32::MAX { Ok(Value::small_int(-1)) } else { cx.uint(n as u64) }
}
fn major(cx: &mut Thread, a: Args<'_>) -> R {
    let n = device_arg(cx, a[0])?;
    device_part(cx, libc::major(n))
}
fn minor(cx: &mut Thread, a: Args<'_>) -> R {
    let n = device_arg(cx, a[0])?;
    device_part(cx, libc::minor(n))
}
fn makedev(cx: &mut Thread, a: Args<'_>) -> R {
    let mut parts = [0u32; 2];
    for (i, p) in parts.iter_mut().enumerate() {
        let n = device_arg(cx, a[i])?;
        *p = match u32::try_from(n) {
            Ok(n) => n,
            Err(_) if n == libc::dev_t::MAX => u32::MAX,
            Err(_) => return Err(cx.overflow_error("Python int too large to convert to C unsigned int")),
        };
    }
    match libc::makedev(parts[0], parts[1]) {
        libc::dev_t::MAX => Ok(Value::small_int(-1)),
        n => cx.uint(n),
    }
}
/// A call that returns its errno.
fn by_result(cx: &mut Thread, f: impl Fn() -> i32) -> R {
    loop {
        match cx.allow_threads(&f) {
            0 => return Ok(Value::NONE),
            libc::EINTR => cx.safepoint()?,
            e => return Err(cx.os_error(e, None)),
        }
    }
}
fn posix_fadvise(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, advice) = (c_int(cx, a[0])?, c_int(cx, a[3])?);
    let (offset, len) = (c_number::<i64>(cx, a[1], "long")?, c_number::<i64>(cx, a[2], "long")?);
    // SAFETY: plain call.
    by_result(cx, || unsafe { libc::posix_fadvise(fd, offset, len, advice) })
}
fn posix_fallocate(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let (offset, len) = (c_number::<i64>(cx, a[1], "long")?, c_number::<i64>(cx, a[2], "long")?);
    // SAFETY: plain call.
    by_result(cx, || unsafe { libc::posix_fallocate(fd, offset, len) })
}

// ---- extended attributes

/// Path and whether links are followed.
fn target(cx: &mut Thread, v: Value, follow: Option<Value>, name: &str) -> R<(PathArg, bool)> {
    let p = path_or(cx, v, &format!("{name}: path"), true)?;
    let follow = match follow {
        Some(f) => cx.truth(f)?,
        None => true,
    };
    if p.fd.is_some() && !follow {
        return Err(cx.value_error(format!("{name}: cannot use fd and follow_symlinks together")));
    }
    Ok((p, follow))
}
/// Asks with a small buffer and then with the biggest one that the system knows.
fn sized(cx: &mut Thread, p: &PathArg, small: usize, f: impl Fn(*mut libc::c_void, usize) -> isize) -> R<Vec<u8>> {
    for size in [small, 1 << 16] {
        let mut buf = os_util::room(cx, size)?;
        let to = buf.as_mut_ptr() as usize;
        match call(cx, || f(to as *mut libc::c_void, size))? {
            Ok(n) => {
                // SAFETY: the call wrote so many bytes.
                unsafe { buf.set_len((n as usize).min(size)) };
                return Ok(buf);
            }
            Err(libc::ERANGE) if size == small => {}
            Err(e) => return Err(p.error(cx, e)),
        }
    }
    Err(p.error(cx, libc::ERANGE))
}
fn getxattr(cx: &mut Thread, a: Args<'_>) -> R {
    let (p, follow) = target(cx, a[0], a.opt(2), "getxattr")?;
    let name = path(cx, a[1], "getxattr: attribute")?;
    // SAFETY: terminated texts; the buffer has this size.
    let value = sized(cx, &p, 128, |to, n| unsafe {
        match p.fd {
            Some(fd) => libc::fgetxattr(fd, name.ptr(), to, n),
            None if follow => libc::getxattr(p.ptr(), name.ptr(), to, n),
            None => libc::lgetxattr(p.ptr(), name.ptr(), to, n),
        }
    })?;
    Ok(cx.new_bytes(&value)?.value())
}
fn setxattr(cx: &mut Thread, a: Args<'_>) -> R {
    let (p, follow) = target(cx, a[0], a.opt(4), "setxattr")?;
    let name = path(cx, a[1], "setxattr: attribute")?;
    let value = cx.bytes_of(a[2])?;
    let flags = int_or(cx, a.opt(3), 0)?;
    let from = value.as_ptr().cast();
    // SAFETY: terminated texts; the value is ours.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fsetxattr(fd, name.ptr(), from, value.len(), flags) as isize,
            None if follow => libc::setxattr(p.ptr(), name.ptr(), from, value.len(), flags) as isize,
            None => libc::lsetxattr(p.ptr(), name.ptr(), from, value.len(), flags) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn removexattr(cx: &mut Thread, a: Args<'_>) -> R {
    let (p, follow) = target(cx, a[0], a.opt(2), "removexattr")?;
    let name = path(cx, a[1], "removexattr: attribute")?;
    // SAFETY: terminated texts.
    let r = call(cx, || unsafe {
        match p.fd {
            Some(fd) => libc::fremovexattr(fd, name.ptr()) as isize,
            None if follow => libc::removexattr(p.ptr(), name.ptr()) as isize,
            None => libc::lremovexattr(p.ptr(), name.ptr()) as isize,
        }
    })?;
    p.check(cx, r)?;
    Ok(Value::NONE)
}
fn listxattr(cx: &mut Thread, a: Args<'_>) -> R {
    let given = match a.some(0) {
        Some(v) => v,
        None => cx.new_str(".")?.value(),
    };
    let (p, follow) = target(cx, given, a.opt(1), "listxattr")?;
    // SAFETY: terminated texts; the buffer has this size.
    let names = sized(cx, &p, 256, |to, n| unsafe {
        match p.fd {
            Some(fd) => libc::flistxattr(fd, to.cast(), n),
            None if follow => libc::listxattr(p.ptr(), to.cast(), n),
            None => libc::llistxattr(p.ptr(), to.cast(), n),
        }
    })?;
    let out = cx.new_list(&[])?;
    for name in names.split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let name = name_value(cx, name, false)?;
        cx.list_append(out, name)?;
    }
    Ok(out.value())
}

// ---- descriptors

fn memfd_create(cx: &mut Thread, a: Args<'_>) -> R {
    let name = c_path(cx, a[0])?;
    let flags = match a.opt(1) {
        Some(v) => c_number::<u32>(cx, v, "unsigned int")?,
        None => libc::MFD_CLOEXEC,
    };
    // SAFETY: a terminated name.
    fd_value(check(cx, || unsafe { libc::memfd_create(name.as_ptr(), flags) as isize })?)
}
fn eventfd(cx: &mut Thread, a: Args<'_>) -> R {
    let start = c_number::<u32>(cx, a[0], "unsigned int")?;
    let flags = int_or(cx, a.opt(1), libc::EFD_CLOEXEC)?;
    // SAFETY: plain call.
    fd_value(check(cx, || unsafe { libc::eventfd(start, flags) as isize })?)
}
fn eventfd_read(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: the buffer has this size.
    let bytes = filled(cx, 8, |p, n| unsafe { libc::read(fd, p, n) })?;
    match <[u8; 8]>::try_from(bytes) {
        Ok(b) => cx.uint(u64::from_ne_bytes(b)),
        Err(_) => Err(cx.os_error(libc::EINVAL, None)),
    }
}
fn eventfd_write(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let n = c_u64(cx, a[1], "unsigned long long")?.to_ne_bytes();
    // SAFETY: the bytes are ours.
    check(cx, || unsafe { libc::write(fd, n.as_ptr().cast(), 8) })?;
    Ok(Value::NONE)
}
fn pidfd_open(cx: &mut Thread, a: Args<'_>) -> R {
    let pid = c_int(cx, a[0])?;
    let flags = match a.opt(1) {
        Some(v) => c_number::<u32>(cx, v, "unsigned int")?,
        None => 0,
    };
    // SAFETY: plain call.
    fd_value(check(cx, || unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) as isize })?)
}
fn unshare(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = c_int(cx, a[0])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::unshare(flags) as isize })?;
    Ok(Value::NONE)
}
fn setns(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, kind) = (fildes(cx, a[0])?, int_or(cx, a.opt(1), 0)?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::setns(fd, kind) as isize })?;
    Ok(Value::NONE)
}

// ---- timers

const SECOND: i64 = 1_000_000_000;
fn timerfd_create(cx: &mut Thread, a: Args<'_>) -> R {
    let clock = c_int(cx, a[0])?;
    let flags = int_or(cx, a.opt(1), libc::TFD_CLOEXEC)?;
    // SAFETY: plain call.
    fd_value(check(cx, || unsafe { libc::timerfd_create(clock, flags) as isize })?)
}
fn time_arg(cx: &mut Thread, v: Option<Value>, ns: bool) -> R<libc::timespec> {
    let n = match v {
        Some(v) if ns => c_number::<i64>(cx, v, "long")?,
        Some(v) => os_util::nanoseconds(cx, v)?,
        None => 0,
    };
    Ok(libc::timespec { tv_sec: n.div_euclid(SECOND), tv_nsec: n.rem_euclid(SECOND) })
}
/// Time to the next expiration, and the interval.
fn timer_value(cx: &mut Thread, t: &libc::itimerspec, ns: bool) -> R {
    let mut parts = [Value::NONE; 2];
    for (part, t) in parts.iter_mut().zip([t.it_value, t.it_interval]) {
        *part = if ns {
            cx.int(t.tv_sec * SECOND + t.tv_nsec)?
        } else {
            cx.float(t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9)?
        };
    }
    Ok(cx.new_tuple(&parts)?.value())
}
fn timerfd_settime(cx: &mut Thread, a: Args<'_>, ns: bool) -> R {
    let (fd, flags) = (fildes(cx, a[0])?, int_or(cx, a.opt(1), 0)?);
    let new = libc::itimerspec { it_value: time_arg(cx, a.opt(2), ns)?, it_interval: time_arg(cx, a.opt(3), ns)? };
    // SAFETY: zero is valid; the structures are ours.
    let mut old: libc::itimerspec = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::timerfd_settime(fd, flags, &new, &mut old) as isize })?;
    timer_value(cx, &old, ns)
}
fn timerfd_gettime(cx: &mut Thread, a: Args<'_>, ns: bool) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: as above.
    let mut now: libc::itimerspec = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::timerfd_gettime(fd, &mut now) as isize })?;
    timer_value(cx, &now, ns)
}
