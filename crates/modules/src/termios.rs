//! `termios`: control of terminals.

use crate::errors;
use crate::os_util::{self, c_int, c_number, fildes};
use ferropy_vm::types::{Bytes, List};
use ferropy_vm::{Args, Exc, NativeDef, R, Raised, RootedVec, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("termios", module);
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("tcgetattr(fd, /)", tcgetattr, "Get the tty attributes for file descriptor fd."),
    NativeDef::function(
        "tcsetattr(fd, when, attributes, /)",
        tcsetattr,
        "Set the tty attributes for file descriptor fd.",
    ),
    NativeDef::function(
        "tcsendbreak(fd, duration, /)",
        // SAFETY: plain call.
        |cx, a| simple(cx, a, |fd, n| unsafe { libc::tcsendbreak(fd, n) }),
        "Send a break on file descriptor fd.",
    ),
    NativeDef::function(
        "tcdrain(fd, /)",
        tcdrain,
        "Wait until all output written to file descriptor fd has been transmitted.",
    ),
    NativeDef::function(
        "tcflush(fd, queue, /)",
        // SAFETY: plain call.
        |cx, a| simple(cx, a, |fd, n| unsafe { libc::tcflush(fd, n) }),
        "Discard queued data on file descriptor fd.",
    ),
    NativeDef::function(
        "tcflow(fd, action, /)",
        // SAFETY: plain call.
        |cx, a| simple(cx, a, |fd, n| unsafe { libc::tcflow(fd, n) }),
        "Suspend or resume input or output on file descriptor fd.",
    ),
    NativeDef::function("tcgetwinsize(fd, /)", tcgetwinsize, "Get the tty winsize for file descriptor fd."),
    NativeDef::function("tcsetwinsize(fd, winsize, /)", tcsetwinsize, "Set the tty winsize for file descriptor fd."),
];

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    B0 B1000000 B110 B115200 B1152000 B1200 B134 B150 B1500000 B1800 B19200 B200 B2000000 B230400 B2400 B2500000 B300
    B3000000 B3500000 B38400 B4000000 B460800 B4800 B50 B500000 B57600 B576000 B600 B75 B921600 B9600 BRKINT BS0 BS1
    BSDLY CBAUD CBAUDEX CIBAUD CLOCAL CR0 CR1 CR2 CR3 CRDLY CREAD CRTSCTS CS5 CS6 CS7 CS8 CSIZE CSTOPB ECHO ECHOCTL
    ECHOE ECHOK ECHOKE ECHONL ECHOPRT EXTA EXTB EXTPROC FF0 FF1 FFDLY FIOASYNC FIOCLEX FIONBIO FIONCLEX FIONREAD
    FLUSHO HUPCL IBSHIFT ICANON ICRNL IEXTEN IGNBRK IGNCR IGNPAR IMAXBEL INLCR INPCK ISIG ISTRIP IUCLC IUTF8 IXANY
    IXOFF IXON NCCS NL0 NL1 NLDLY NOFLSH OCRNL OFDEL OFILL OLCUC ONLCR ONLRET ONOCR OPOST PARENB PARMRK PARODD PENDIN
    TAB0 TAB1 TAB2 TAB3 TABDLY TCFLSH TCGETS TCIFLUSH TCIOFF TCIOFLUSH TCION TCOFLUSH TCOOFF TCOON TCSADRAIN TCSAFLUSH
    TCSANOW TCSBRK TCSBRKP TCSETS TCSETSF TCSETSW TCXONC TIOCCONS TIOCEXCL TIOCGETD TIOCGICOUNT TIOCGLCKTRMIOS
    TIOCGPGRP TIOCGSERIAL TIOCGSOFTCAR TIOCGWINSZ TIOCINQ TIOCLINUX TIOCMBIC TIOCMBIS TIOCMGET TIOCMIWAIT TIOCMSET
    TIOCM_CAR TIOCM_CD TIOCM_CTS TIOCM_DSR TIOCM_DTR TIOCM_LE TIOCM_RI TIOCM_RNG TIOCM_RTS TIOCM_SR TIOCM_ST TIOCNOTTY
    TIOCNXCL TIOCOUTQ TIOCPKT TIOCSCTTY TIOCSERCONFIG TIOCSERGETLSR TIOCSERGETMULTI TIOCSERGSTRUCT TIOCSERGWILD
    TIOCSERSETMULTI TIOCSERSWILD TIOCSETD TIOCSLCKTRMIOS TIOCSPGRP TIOCSSERIAL TIOCSSOFTCAR TIOCSTI TIOCSWINSZ TOSTOP
    VDISCARD VEOF VEOL VEOL2 VERASE VINTR VKILL VLNEXT VMIN VQUIT VREPRINT VSTART VSTOP VSUSP VSWTC VT0 VT1 VTDLY
    VTIME VWERASE XCASE XTABS _POSIX_VDISABLE
};
/// Those that libc does not name.
static MORE: &[(&str, i64)] = &[
    ("CDSUSP", 25),
    ("CEOF", 4),
    ("CEOL", 0),
    ("CEOT", 4),
    ("CERASE", 127),
    ("CFLUSH", 15),
    ("CINTR", 3),
    ("CKILL", 21),
    ("CLNEXT", 22),
    ("CQUIT", 28),
    ("CRPRNT", 18),
    ("CSTART", 17),
    ("CSTOP", 19),
    ("CSUSP", 26),
    ("CWERASE", 23),
    ("IOCSIZE_MASK", 1073676288),
    ("IOCSIZE_SHIFT", 16),
    ("N_MOUSE", 2),
    ("N_PPP", 3),
    ("N_SLIP", 1),
    ("N_STRIP", 4),
    ("N_TTY", 0),
    ("TIOCPKT_DATA", 0),
    ("TIOCPKT_DOSTOP", 32),
    ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2),
    ("TIOCPKT_NOSTOP", 16),
    ("TIOCPKT_START", 8),
    ("TIOCPKT_STOP", 4),
    ("TIOCSER_TEMT", 1),
    ("VSWTCH", 7),
];

const ERROR: &str = "termios.error";

/// `termios.error` from the errno of a failed call.
fn failed(cx: &mut Thread, e: i32) -> Raised {
    match os_util::error_text(cx, e) {
        Ok(text) => errors::raise_with(cx, ERROR, Exc::Exception, &[Value::small_int(e as i64), text]),
        Err(r) => r,
    }
}
fn check(cx: &mut Thread, f: impl FnMut() -> isize) -> R<()> {
    match os_util::call(cx, f)? {
        Ok(_) => Ok(()),
        Err(e) => Err(failed(cx, e)),
    }
}
fn simple(cx: &mut Thread, a: Args<'_>, f: impl Fn(i32, i32) -> i32) -> R {
    let (fd, n) = (fildes(cx, a[0])?, c_int(cx, a[1])?);
    check(cx, || f(fd, n) as isize)?;
    Ok(Value::NONE)
}
fn tcdrain(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::tcdrain(fd) as isize })?;
    Ok(Value::NONE)
}

fn attributes(cx: &mut Thread, fd: i32) -> R<libc::termios> {
    // SAFETY: zero is valid, the structure is ours.
    let mut t: libc::termios = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::tcgetattr(fd, &mut t) as isize })?;
    Ok(t)
}
fn tcgetattr(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let t = attributes(cx, fd)?;
    let chars = cx.new_list(&[])?;
    for (i, c) in t.c_cc.iter().enumerate() {
        // Without line editing two of them are numbers.
        let v = if t.c_lflag & libc::ICANON == 0 && (i == libc::VMIN || i == libc::VTIME) {
            Value::small_int(*c as i64)
        } else {
            cx.new_bytes(&[*c])?.value()
        };
        cx.list_append(chars, v)?;
    }
    // SAFETY: plain queries.
    let (ispeed, ospeed) = unsafe { (libc::cfgetispeed(&t), libc::cfgetospeed(&t)) };
    let mut v = RootedVec::new(cx);
    for n in [t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, ispeed, ospeed] {
        v.push(Value::small_int(n as i64));
    }
    v.push(chars.value());
    Ok(cx.new_list(&v)?.value())
}

/// An item of the list as a number; it must be an int.
fn flag(cx: &mut Thread, list: ferropy_vm::Gc<List>, i: usize) -> R<u32> {
    let v = list.get(i).unwrap_or(Value::NONE);
    if !v.is_any_int() {
        return Err(cx.type_error("an integer is required"));
    }
    match v.to_i64() {
        Some(n) => Ok(n as u32),
        None => Err(cx.overflow_error("Python int too large to convert to C long")),
    }
}
fn control_chars(cx: &mut Thread, v: Value, t: &mut libc::termios) -> R<()> {
    let size = t.c_cc.len();
    let Some(list) = v.cast::<List>().filter(|l| l.len() == size) else {
        return Err(cx.type_error(format!("tcsetattr: attributes[6] must be {size} element list")));
    };
    for i in 0..size {
        let v = list.get(i).unwrap_or(Value::NONE);
        t.c_cc[i] = match v.cast::<Bytes>() {
            Some(b) if b.len == 1 => b.data()[0],
            None if v.is_any_int() => c_number::<i64>(cx, v, "long")? as u8,
            _ => return Err(cx.type_error("tcsetattr: elements of attributes must be characters or integers")),
        };
    }
    Ok(())
}
fn tcsetattr(cx: &mut Thread, a: Args<'_>) -> R {
    let (fd, when) = (fildes(cx, a[0])?, c_int(cx, a[1])?);
    let Some(list) = a[2].cast::<List>().filter(|l| l.len() == 7) else {
        return Err(cx.type_error("tcsetattr, arg 3: must be 7 element list"));
    };
    // What the structure has beside the list's items stays.
    let mut t = attributes(cx, fd)?;
    t.c_iflag = flag(cx, list, 0)?;
    t.c_oflag = flag(cx, list, 1)?;
    t.c_cflag = flag(cx, list, 2)?;
    t.c_lflag = flag(cx, list, 3)?;
    let (ispeed, ospeed) = (flag(cx, list, 4)?, flag(cx, list, 5)?);
    control_chars(cx, list.get(6).unwrap_or(Value::NONE), &mut t)?;
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::cfsetispeed(&mut t, ispeed) as isize })?;
    check(cx, || unsafe { libc::cfsetospeed(&mut t, ospeed) as isize })?;
    check(cx, || unsafe { libc::tcsetattr(fd, when, &t) as isize })?;
    Ok(Value::NONE)
}

fn window(cx: &mut Thread, fd: i32) -> R<libc::winsize> {
    // SAFETY: zero is valid, the structure is ours.
    let mut w: libc::winsize = unsafe { std::mem::zeroed() };
    check(cx, || unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut w) as isize })?;
    Ok(w)
}
fn tcgetwinsize(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let w = window(cx, fd)?;
    Ok(cx.new_tuple(&[Value::small_int(w.ws_row as i64), Value::small_int(w.ws_col as i64)])?.value())
}
fn tcsetwinsize(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = fildes(cx, a[0])?;
    let pair = if cx.quick_len(a[1]).is_some() || cx.lookup_special(a[1], ferropy_vm::N::__getitem__).is_some() {
        Some(cx.collect(a[1])?)
    } else {
        None
    };
    let Some(pair) = pair.filter(|p| p.len() == 2) else {
        return Err(cx.type_error("tcsetwinsize, arg 2: must be a two-item sequence"));
    };
    let (rows, columns) = (c_number::<i64>(cx, pair[0], "long")?, c_number::<i64>(cx, pair[1], "long")?);
    let mut w = window(cx, fd)?;
    let (Ok(row), Ok(col)) = (u16::try_from(rows), u16::try_from(columns)) else {
        return Err(cx.overflow_error("winsize value(s) out of range."));
    };
    (w.ws_row, w.ws_col) = (row, col);
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &w) as isize })?;
    Ok(Value::NONE)
}

fn module(cx: &mut Thread) -> R {
    let doc = "This module provides an interface to the Posix calls for tty I/O control.\nFor a complete description of \
               these calls, see the Posix or Unix manual\npages. It is only available for those Unix versions that \
               support Posix\ntermios style tty I/O control.\n\nAll functions in this module take a file descriptor fd \
               as their first\nargument. This can be an integer file descriptor, such as returned by\n\
               sys.stdin.fileno(), or a file object, such as sys.stdin itself.";
    let m = cx.module_with("termios", doc, FUNCTIONS)?;
    os_util::set_numbers(cx, m, CONSTANTS)?;
    os_util::set_numbers(cx, m, MORE)?;
    let error = errors::exception(cx, ERROR, Exc::Exception)?;
    cx.module_set(m, "error", error)?;
    Ok(m.value())
}
