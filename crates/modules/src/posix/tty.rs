//! Terminals.

use super::fork::fork_with;
use crate::os_util::{c_int, c_text, check, fildes, last_error};
use ferropy_builtins::structseq::{self, StructSeq};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("openpty()", openpty, "Open a pseudo-terminal."),
    NativeDef::function("forkpty()", forkpty, "Fork a new process with a new pseudo-terminal as controlling tty."),
    NativeDef::function("login_tty(fd, /)", login_tty, ""),
    NativeDef::function("posix_openpt(oflag, /)", posix_openpt, ""),
    NativeDef::function("grantpt(fd, /)", grantpt, "Grant access to the slave pseudo-terminal device."),
    NativeDef::function("unlockpt(fd, /)", unlockpt, "Unlock a pseudo-terminal master/slave pair."),
    NativeDef::function("ptsname(fd, /)", ptsname, "Return the name of the slave pseudo-terminal device."),
    NativeDef::function("ctermid()", py_ctermid, "Return the name of the controlling terminal for this process."),
    NativeDef::function("ttyname(fd, /)", ttyname, "Return the name of the terminal device connected to 'fd'."),
    NativeDef::function("isatty(fd, /)", isatty, "Return True if the fd is connected to a terminal."),
    NativeDef::function("device_encoding(fd)", device_encoding, ""),
    // Only C code could install a hook that runs while the terminal waits for input.
    NativeDef::function("_inputhook()", |_, _| Ok(Value::small_int(0)), ""),
    NativeDef::function("_is_inputhook_installed()", |_, _| Ok(Value::FALSE), ""),
    NativeDef::function("get_terminal_size(fd=<unrepresentable>, /)", terminal_size, ""),
];

pub static TERMINAL_SIZE: StructSeq = StructSeq::new(
    "os.terminal_size",
    &[
        ("columns", "width of the terminal window in characters"),
        ("lines", "height of the terminal window in characters"),
    ],
    2,
    "A tuple of (columns, lines) for holding terminal window size",
);

fn is_tty(fd: i32) -> bool {
    // SAFETY: plain query.
    unsafe { libc::isatty(fd) == 1 }
}
fn isatty(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    Ok(Value::bool(is_tty(fd)))
}
fn device_encoding(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    if is_tty(fd) { Ok(cx.new_str("utf-8")?.value()) } else { Ok(Value::NONE) }
}
fn terminal_size(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = match a.opt(0) {
        Some(v) => c_int(cx, v)?,
        None => 1,
    };
    // SAFETY: zero is valid, the structure is ours.
    let mut w: libc::winsize = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut w) as isize })?;
    let v = [Value::small_int(w.ws_col as i64), Value::small_int(w.ws_row as i64)];
    structseq::make(cx, &TERMINAL_SIZE, &v)
}
fn ttyname(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    let mut buf = [0 as libc::c_char; 256];
    // SAFETY: the buffer is ours, terminated on success.
    unsafe {
        match libc::ttyname_r(fd, buf.as_mut_ptr(), buf.len()) {
            0 => c_text(cx, buf.as_ptr()),
            e => Err(cx.os_error(e, None)),
        }
    }
}
fn ptsname(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let mut buf = [0 as libc::c_char; 256];
    // SAFETY: as above.
    unsafe {
        match libc::ptsname_r(fd, buf.as_mut_ptr(), buf.len()) {
            0 => c_text(cx, buf.as_ptr()),
            e => Err(cx.os_error(e, None)),
        }
    }
}
unsafe extern "C" {
    fn ctermid(name: *mut libc::c_char) -> *mut libc::c_char;
}
/// Bytes that `ctermid` may write.
const TERMINAL_NAME: usize = 64;
fn py_ctermid(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut buf = [0 as libc::c_char; TERMINAL_NAME];
    // SAFETY: the buffer is bigger than the system asks for; the result is terminated.
    unsafe { c_text(cx, ctermid(buf.as_mut_ptr())) }
}
fn pair(cx: &mut Thread, x: i32, y: i32) -> R {
    Ok(cx.new_tuple(&[Value::small_int(x as i64), Value::small_int(y as i64)])?.value())
}
fn close_on_exec(fd: i32) {
    // SAFETY: plain call.
    unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
}
fn openpty(cx: &mut Thread, _a: Args<'_>) -> R {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: the numbers are ours.
    if unsafe { libc::openpty(&mut master, &mut slave, null, std::ptr::null(), std::ptr::null()) } < 0 {
        return Err(last_error(cx));
    }
    close_on_exec(master);
    close_on_exec(slave);
    pair(cx, master, slave)
}
fn forkpty(cx: &mut Thread, _a: Args<'_>) -> R {
    let mut master = -1;
    let null = std::ptr::null_mut();
    // SAFETY: as for `fork`; the number is ours.
    let pid =
        fork_with(cx, "forkpty", || unsafe { libc::forkpty(&mut master, null, std::ptr::null(), std::ptr::null()) })?;
    pair(cx, pid, master)
}
fn login_tty(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::login_tty(fd) as isize })?;
    Ok(Value::NONE)
}
fn posix_openpt(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = c_int(cx, a[0])? | libc::O_CLOEXEC;
    // SAFETY: plain call.
    let fd = check(cx, || unsafe { libc::posix_openpt(flags) as isize })? as i32;
    Ok(Value::small_int(fd as i64))
}
fn grantpt(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::grantpt(fd) as isize })?;
    Ok(Value::NONE)
}
fn unlockpt(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::unlockpt(fd) as isize })?;
    Ok(Value::NONE)
}
