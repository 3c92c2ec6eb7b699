//! `fcntl`: control of descriptors and devices, locks on files.

use crate::os_util::{self, c_int, c_number, check, fildes, text_or_bytes};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("fcntl", module);
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("fcntl(fd, cmd, arg=0, /)", fcntl, "Perform the operation `cmd` on file descriptor fd."),
    NativeDef::function("ioctl(fd, request, arg=0, mutate_flag=True, /)", ioctl, ""),
    NativeDef::function(
        "flock(fd, operation, /)",
        flock,
        "Perform the lock operation `operation` on file descriptor `fd`.",
    ),
    NativeDef::function("lockf(fd, cmd, len=0, start=0, whence=0, /)", lockf, ""),
];

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    FD_CLOEXEC FICLONE FICLONERANGE F_ADD_SEALS F_DUPFD F_DUPFD_CLOEXEC F_GETFD F_GETFL F_GETLEASE F_GETLK F_GETOWN
    F_GETPIPE_SZ F_GET_SEALS F_NOTIFY F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW F_RDLCK F_SEAL_FUTURE_WRITE F_SEAL_GROW
    F_SEAL_SEAL F_SEAL_SHRINK F_SEAL_WRITE F_SETFD F_SETFL F_SETLEASE F_SETLK F_SETLKW F_SETOWN F_SETPIPE_SZ F_UNLCK
    F_WRLCK LOCK_EX LOCK_NB LOCK_SH LOCK_UN
};
/// Those that libc does not name.
static MORE: &[(&str, i64)] = &[
    ("DN_ACCESS", 1),
    ("DN_ATTRIB", 32),
    ("DN_CREATE", 4),
    ("DN_DELETE", 8),
    ("DN_MODIFY", 2),
    ("DN_MULTISHOT", 0x8000_0000),
    ("DN_RENAME", 16),
    ("FASYNC", libc::O_ASYNC as i64),
    ("F_DUPFD_QUERY", 1027),
    ("F_EXLCK", 4),
    ("F_GETLK64", libc::F_GETLK as i64),
    ("F_GETOWN_EX", 16),
    ("F_GETSIG", 11),
    ("F_GET_FILE_RW_HINT", 1037),
    ("F_GET_RW_HINT", 1035),
    ("F_OWNER_PGRP", 2),
    ("F_OWNER_PID", 1),
    ("F_OWNER_TID", 0),
    ("F_SETLK64", libc::F_SETLK as i64),
    ("F_SETLKW64", libc::F_SETLKW as i64),
    ("F_SETOWN_EX", 15),
    ("F_SETSIG", 10),
    ("F_SET_FILE_RW_HINT", 1038),
    ("F_SET_RW_HINT", 1036),
    ("F_SHLCK", 8),
    ("LOCK_MAND", 32),
    ("LOCK_READ", 64),
    ("LOCK_RW", 192),
    ("LOCK_WRITE", 128),
    ("RWH_WRITE_LIFE_EXTREME", 5),
    ("RWH_WRITE_LIFE_LONG", 4),
    ("RWH_WRITE_LIFE_MEDIUM", 3),
    ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0),
    ("RWH_WRITE_LIFE_SHORT", 2),
];

/// Most bytes that are passed by way of a buffer of fixed size.
const BUFFER: usize = 1024;
/// Room behind the buffer: a device that writes too much must not hit the stack.
const GUARD: usize = 8;
type Block = [u8; BUFFER + GUARD];

/// An integer argument: the lowest bits count.
fn low_bits(cx: &mut Thread, v: Value) -> R<u64> {
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    let low = n & dashu_int::IBig::from(u64::MAX);
    Ok(u64::try_from(&low).unwrap_or(0))
}
/// A copy of an argument's bytes; TypeError if it has none, ValueError if they are too many.
fn block(cx: &mut Thread, v: Value, name: &str) -> R<(Block, usize)> {
    let Some(bytes) = text_or_bytes(cx, v)? else {
        let class = cx.class_name(v);
        return Err(cx.type_error(format!(
            "{name}() argument 3 must be an integer, a bytes-like object, or a string, not {class}"
        )));
    };
    if bytes.len() > BUFFER {
        return Err(cx.value_error(format!("{name} argument 3 is too long")));
    }
    let mut out = [0xa5; BUFFER + GUARD];
    out[..bytes.len()].copy_from_slice(&bytes);
    Ok((out, bytes.len()))
}
fn check_guard(cx: &mut Thread, b: &Block, len: usize) -> R<()> {
    if b[len..len + GUARD].iter().any(|b| *b != 0xa5) {
        return Err(cx.error(ferropy_vm::Exc::SystemError, "buffer overflow"));
    }
    Ok(())
}

fn fcntl(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, cmd) = (fildes(cx, a[0])?, c_int(cx, a[1])?);
    let v = a.or(2, Value::small_int(0));
    if cx.has_index(v) {
        let n = low_bits(cx, v)? as i32;
        // SAFETY: a command that takes a pointer fails with a number that is no address.
        let r = check(cx, || unsafe { libc::fcntl(fd, cmd, n) as isize })?;
        return Ok(Value::small_int(r as i64));
    }
    let (mut b, len) = block(cx, v, "fcntl")?;
    // SAFETY: the block is bigger than what commands read and write.
    check(cx, || unsafe { libc::fcntl(fd, cmd, b.as_mut_ptr()) as isize })?;
    check_guard(cx, &b, len)?;
    Ok(cx.new_bytes(&b[..len])?.value())
}

fn ioctl(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, request) = (fildes(cx, a[0])?, low_bits(cx, a[1])?);
    let v = a.or(2, Value::small_int(0));
    if cx.has_index(v) {
        let n = low_bits(cx, v)? as i32 as i64;
        // SAFETY: the program vouches for the number, as in C.
        let r = check(cx, || unsafe { libc::ioctl(fd, request as _, n) as isize })?;
        return Ok(Value::small_int(r as i64));
    }
    let mutate = match a.opt(3) {
        Some(f) => cx.truth(f)?,
        None => true,
    };
    if v.as_str().is_none()
        && mutate
        && let Some(target) = cx.buffer_opt(v)?
        && !target.readonly
    {
        return ioctl_in_place(cx, fd, request, v, target.len);
    }
    let (mut b, len) = block(cx, v, "ioctl")?;
    // SAFETY: as in `fcntl`.
    check(cx, || unsafe { libc::ioctl(fd, request as _, b.as_mut_ptr()) as isize })?;
    check_guard(cx, &b, len)?;
    Ok(cx.new_bytes(&b[..len])?.value())
}
/// The device writes to a buffer of the program's, by way of a copy, since others may resize it meanwhile.
fn ioctl_in_place(cx: &mut Thread, fd: i32, request: u64, v: Value, len: usize) -> R {
    let mut copy = os_util::room(cx, len.max(BUFFER) + GUARD)?;
    copy.resize(len.max(BUFFER) + GUARD, 0);
    let source = cx.buffer(v)?;
    let n = len.min(source.len);
    copy[..n].copy_from_slice(&source.bytes()[..n]);
    let p = copy.as_mut_ptr() as usize;
    // SAFETY: the copy is at least as big as what the program gave.
    let r = check(cx, || unsafe { libc::ioctl(fd, request as _, p as *mut u8) as isize })?;
    let target = cx.buffer_mut(v)?;
    let n = len.min(target.len);
    target.bytes_mut()[..n].copy_from_slice(&copy[..n]);
    Ok(Value::small_int(r as i64))
}

fn flock(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, operation) = (fildes(cx, a[0])?, c_int(cx, a[1])?);
    // SAFETY: plain call.
    check(cx, || unsafe { libc::flock(fd, operation) as isize })?;
    Ok(Value::NONE)
}

fn lockf(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, cmd) = (fildes(cx, a[0])?, c_int(cx, a[1])?);
    let whence = match a.opt(4) {
        Some(v) => c_int(cx, v)?,
        None => 0,
    };
    let kind = if cmd == libc::LOCK_UN {
        libc::F_UNLCK
    } else if cmd & libc::LOCK_SH != 0 {
        libc::F_RDLCK
    } else if cmd & libc::LOCK_EX != 0 {
        libc::F_WRLCK
    } else {
        return Err(cx.value_error("unrecognized lockf argument"));
    };
    let mut offset = |i: usize| match a.opt(i) {
        Some(v) => c_number::<i64>(cx, v, "long"),
        None => Ok(0),
    };
    let (len, start) = (offset(2)?, offset(3)?);
    // SAFETY: zero is valid, the structure is ours.
    let mut l: libc::flock = unsafe { std::mem::zeroed() };
    (l.l_type, l.l_start, l.l_len, l.l_whence) = (kind as _, start, len, whence as _);
    let how = if cmd & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
    // SAFETY: as above.
    check(cx, || unsafe { libc::fcntl(fd, how, &l) as isize })?;
    Ok(Value::NONE)
}

fn module(cx: &mut Thread) -> R {
    let doc = "This module performs file control and I/O control on file\ndescriptors.  It is an interface to the \
               fcntl() and ioctl() Unix\nroutines.  File descriptors can be obtained with the fileno() method of\na \
               file or socket object.";
    let m = cx.module_with("fcntl", doc, FUNCTIONS)?;
    os_util::set_numbers(cx, m, CONSTANTS)?;
    os_util::set_numbers(cx, m, MORE)?;
    Ok(m.value())
}
