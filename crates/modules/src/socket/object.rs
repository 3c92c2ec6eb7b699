//! The class `socket`: life, timeouts, connections.

use super::address::{self, Addr};
use super::{io, message, options};
use crate::os_util::{self, c_int, c_number, check, last_error};
use ferropy_vm::class::flags;
use ferropy_vm::types::Class;
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Instant;

/// The timeout of new sockets in nanoseconds; negative: they block.
static DEFAULT_TIMEOUT: AtomicI64 = AtomicI64::new(-1);

#[repr(C)]
pub struct Socket {
    /// -1: closed.
    fd: Cell<i32>,
    family: Cell<i32>,
    kind: Cell<i32>,
    proto: Cell<i32>,
    /// Nanoseconds; negative: the socket blocks.
    timeout: Cell<i64>,
}
heap_kind!(Socket, "socket", 0);

/// A socket's state at one moment, independent of the object.
#[derive(Clone, Copy)]
pub struct Info {
    pub fd: i32,
    pub family: i32,
    pub kind: i32,
    pub proto: i32,
    timeout: i64,
}

pub static SOCKET: TypeDef =
    TypeDef::new::<Socket>("_socket.socket", METHODS, DOC).flags(flags::BASE | flags::IMMUTABLE | flags::HAS_DEL);
const DOC: &str = "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, \
                   proto=-1, fileno=None) -> socket object\n\nOpen a socket of the given type.  The family argument \
                   specifies the\naddress family; it defaults to AF_INET.  The type argument specifies\nwhether this \
                   is a stream (SOCK_STREAM, this is the default)\nor datagram (SOCK_DGRAM) socket.  The protocol \
                   argument defaults to 0,\nspecifying the default protocol.  Keyword arguments are accepted.\nThe \
                   socket is created as non-inheritable.";

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", socket_new, ""),
    NativeDef::method("__init__(self, family=-1, type=-1, proto=-1, fileno=None)", socket_init, ""),
    NativeDef::method("__repr__(self, /)", socket_repr, ""),
    NativeDef::method("__del__(self, /)", socket_del, ""),
    NativeDef::getter("family", |cx, a| Ok(Value::small_int(info(cx, a[0])?.family as i64)), "the socket family"),
    NativeDef::getter("type", |cx, a| Ok(Value::small_int(info(cx, a[0])?.kind as i64)), "the socket type"),
    NativeDef::getter("proto", |cx, a| Ok(Value::small_int(info(cx, a[0])?.proto as i64)), "the socket protocol"),
    NativeDef::getter("timeout", gettimeout, "the socket timeout"),
    NativeDef::method("_accept(self, /)", accept, ""),
    NativeDef::method("bind(self, address, /)", bind, "Bind the socket to a local address."),
    NativeDef::method("close(self, /)", close, "Close the socket.  It cannot be used after this call."),
    NativeDef::method("connect(self, address, /)", connect, "Connect the socket to a remote address."),
    NativeDef::method("connect_ex(self, address, /)", connect_ex, ""),
    NativeDef::method("detach(self, /)", detach, ""),
    NativeDef::method(
        "fileno(self, /)",
        |cx, a| Ok(Value::small_int(info(cx, a[0])?.fd as i64)),
        "Return the integer file descriptor of the socket.",
    ),
    NativeDef::method("getpeername(self, /)", getpeername, "Return the address of the remote endpoint."),
    NativeDef::method("getsockname(self, /)", getsockname, "Return the address of the local endpoint."),
    NativeDef::method("getsockopt(self, level, option, buffersize=0, /)", options::getsockopt, ""),
    NativeDef::method("setsockopt(self, /, *args)", options::setsockopt, ""),
    NativeDef::method("listen(self, backlog=-1, /)", listen, "Enable a server to accept connections."),
    NativeDef::method("recv(self, buffersize, flags=0, /)", io::recv, ""),
    NativeDef::method("recv_into(self, buffer, nbytes=0, flags=0)", io::recv_into, ""),
    NativeDef::method("recvfrom(self, buffersize, flags=0, /)", io::recvfrom, ""),
    NativeDef::method("recvfrom_into(self, buffer, nbytes=0, flags=0)", io::recvfrom_into, ""),
    NativeDef::method("send(self, data, flags=0, /)", io::send, ""),
    NativeDef::method("sendall(self, data, flags=0, /)", io::sendall, ""),
    NativeDef::method("sendto(self, data, /, *args)", io::sendto, ""),
    NativeDef::method("sendmsg(self, buffers, ancdata=(), flags=0, address=None, /)", message::sendmsg, ""),
    NativeDef::method("sendmsg_afalg(self, msg=(), *, op, iv=None, assoclen=-1, flags=0)", message::sendmsg_afalg, ""),
    NativeDef::method("recvmsg(self, bufsize, ancbufsize=0, flags=0, /)", message::recvmsg, ""),
    NativeDef::method("recvmsg_into(self, buffers, ancbufsize=0, flags=0, /)", message::recvmsg_into, ""),
    NativeDef::method("setblocking(self, flag, /)", setblocking, ""),
    NativeDef::method("getblocking(self, /)", |cx, a| Ok(Value::bool(info(cx, a[0])?.timeout != 0)), ""),
    NativeDef::method("settimeout(self, timeout, /)", settimeout, "Set a timeout on socket operations."),
    NativeDef::method("gettimeout(self, /)", gettimeout, "Returns the timeout in seconds (float)."),
    NativeDef::method("shutdown(self, how, /)", shutdown, ""),
];

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("socketpair(family=AF_UNIX, type=SOCK_STREAM, proto=0, /)", socketpair, ""),
    NativeDef::function("dup(fd, /)", dup, ""),
    NativeDef::function("close(fd, /)", close_fd, "Close an integer socket file descriptor."),
    NativeDef::function(
        "getdefaulttimeout()",
        |cx, _| timeout_value(cx, DEFAULT_TIMEOUT.load(Relaxed)),
        "Returns the default timeout in seconds (float) for new socket objects.",
    ),
    NativeDef::function("setdefaulttimeout(timeout, /)", setdefaulttimeout, ""),
];

pub fn this(cx: &mut Thread, v: Value) -> R<Gc<Socket>> {
    v.cast::<Socket>().ok_or_else(|| cx.type_error("a socket is expected"))
}
pub fn info(cx: &mut Thread, v: Value) -> R<Info> {
    let s = this(cx, v)?;
    Ok(Info {
        fd: s.fd.get(),
        family: s.family.get(),
        kind: s.kind.get(),
        proto: s.proto.get(),
        timeout: s.timeout.get(),
    })
}

impl Info {
    /// When a call that begins now has to be over; None if it has no timeout.
    pub fn deadline(&self) -> Option<Instant> {
        (self.timeout > 0).then(|| os_util::deadline(self.timeout))
    }
}

// ---- waiting

fn timed_out(cx: &mut Thread) -> ferropy_vm::Raised {
    cx.error(Exc::TimeoutError, "timed out")
}
/// Waits until the descriptor is ready. The outer result is a signal handler's exception; false: the time is over.
fn wait(cx: &mut Thread, fd: i32, events: i16, deadline: Option<Instant>) -> R<Result<bool, i32>> {
    if fd < 0 {
        // The call itself shall fail.
        return Ok(Ok(true));
    }
    loop {
        let ms = os_util::millis(deadline);
        let mut p = libc::pollfd { fd, events, revents: 0 };
        // SAFETY: the structure is ours.
        let (r, e) = cx.allow_threads(|| unsafe {
            let r = libc::poll(&mut p, 1, ms);
            (r, os_util::errno())
        });
        match r {
            0 if deadline.is_none_or(|d| Instant::now() < d) => {}
            0 => return Ok(Ok(false)),
            r if r > 0 => return Ok(Ok(true)),
            _ if e == libc::EINTR => cx.safepoint()?,
            _ => return Ok(Err(e)),
        }
    }
}

/// What a socket waits for.
#[derive(Clone, Copy)]
pub enum Way {
    In,
    Out,
}
/// Runs a system call of a socket: waits for readiness first if there is a deadline, again after interruptions.
pub fn io(cx: &mut Thread, s: Info, way: Way, deadline: Option<Instant>, mut f: impl FnMut() -> isize) -> R<isize> {
    let events = match way {
        Way::In => libc::POLLIN,
        Way::Out => libc::POLLOUT,
    };
    loop {
        if deadline.is_some() {
            match wait(cx, s.fd, events, deadline)? {
                Ok(true) => {}
                Ok(false) => return Err(timed_out(cx)),
                Err(e) => return Err(cx.os_error(e, None)),
            }
        }
        match os_util::call(cx, &mut f)? {
            Ok(n) => return Ok(n),
            // Somebody else was faster.
            Err(libc::EAGAIN) if deadline.is_some() => {}
            Err(e) => return Err(cx.os_error(e, None)),
        }
    }
}

// ---- life

fn set_nonblocking(cx: &mut Thread, fd: i32, on: bool) -> R<()> {
    let mut n = on as libc::c_int;
    // SAFETY: the number is ours.
    check(cx, || unsafe { libc::ioctl(fd, libc::FIONBIO as _, &mut n) as isize })?;
    Ok(())
}
fn socket_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let s = Socket {
        fd: Cell::new(-1),
        family: Cell::new(-1),
        kind: Cell::new(-1),
        proto: Cell::new(-1),
        timeout: Cell::new(DEFAULT_TIMEOUT.load(Relaxed)),
    };
    Ok(cx.alloc_of(class, s)?.value())
}
/// Fills a socket object with a descriptor.
fn adopt(cx: &mut Thread, s: Gc<Socket>, fd: i32, family: i32, kind: i32, proto: i32) -> R<()> {
    s.fd.set(fd);
    s.family.set(family);
    s.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
    s.proto.set(proto);
    let timeout = if kind & libc::SOCK_NONBLOCK != 0 { 0 } else { DEFAULT_TIMEOUT.load(Relaxed) };
    s.timeout.set(timeout);
    if kind & libc::SOCK_NONBLOCK == 0 && timeout >= 0 {
        set_nonblocking(cx, fd, true)?;
    }
    Ok(())
}
fn new_socket(cx: &mut Thread, fd: i32, family: i32, kind: i32, proto: i32) -> R {
    let class = cx.native_class(&SOCKET)?;
    let v = socket_new(cx, Args::new(&[class.value()]))?;
    let s = this(cx, v)?;
    adopt(cx, s, fd, family, kind, proto)?;
    Ok(v)
}
fn number(cx: &mut Thread, v: Option<Value>, default: i32) -> R<i32> {
    match v {
        Some(v) => c_int(cx, v),
        None => Ok(default),
    }
}
fn option(cx: &mut Thread, fd: i32, name: i32) -> R<i32> {
    let (mut n, mut len) = (0i32, 4 as libc::socklen_t);
    // SAFETY: number and length are ours.
    check(cx, || unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut n).cast(), &mut len) as isize })?;
    Ok(n)
}
fn socket_init(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let (family, kind, proto) = (number(cx, a.opt(1), -1)?, number(cx, a.opt(2), -1)?, number(cx, a.opt(3), -1)?);
    if let Some(v) = a.some(4) {
        let fd = c_int(cx, v)?;
        return init_from(cx, s, fd, family, kind, proto);
    }
    let or = |n: i32, default: i32| if n == -1 { default } else { n };
    let (family, kind, proto) = (or(family, libc::AF_INET), or(kind, libc::SOCK_STREAM), or(proto, 0));
    // SAFETY: plain call.
    let fd = check(cx, || unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, proto) as isize })? as i32;
    adopt(cx, s, fd, family, kind, proto)?;
    Ok(Value::NONE)
}
/// An object for a descriptor that exists; what is not given is asked from the system.
fn init_from(cx: &mut Thread, s: Gc<Socket>, fd: i32, family: i32, kind: i32, proto: i32) -> R {
    if fd < 0 {
        return Err(cx.value_error("negative file descriptor"));
    }
    let mut addr = Addr::room();
    let mut len = addr.len;
    // SAFETY: the structure is ours.
    let r = os_util::call(cx, || unsafe { libc::getsockname(fd, addr.ptr_mut(), &mut len) as isize })?;
    let family = match r {
        Ok(_) if family == -1 => addr.family(),
        // Some families have no names.
        Err(e) if family == -1 || e == libc::EBADF || e == libc::ENOTSOCK => return Err(cx.os_error(e, None)),
        _ => family,
    };
    let kind = if kind == -1 { option(cx, fd, libc::SO_TYPE)? } else { kind };
    let proto = if proto == -1 { option(cx, fd, libc::SO_PROTOCOL)? } else { proto };
    adopt(cx, s, fd, family, kind, proto)?;
    Ok(Value::NONE)
}
fn socket_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let i = info(cx, a[0])?;
    let text = format!("<socket object, fd={}, family={}, type={}, proto={}>", i.fd, i.family, i.kind, i.proto);
    Ok(cx.new_str(&text)?.value())
}
fn socket_del(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if s.fd.get() < 0 {
        return Ok(Value::NONE);
    }
    let r = cx.repr(a[0])?;
    let warned = cx.warn(Exc::ResourceWarning, &format!("unclosed {}", r.to_lossy()));
    // SAFETY: the descriptor is ours.
    unsafe { libc::close(s.fd.replace(-1)) };
    warned?;
    Ok(Value::NONE)
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let fd = s.fd.replace(-1);
    if fd >= 0 { close_descriptor(cx, fd) } else { Ok(Value::NONE) }
}
/// Closes it; a peer that is gone is no error, and an interrupted close is done.
fn close_descriptor(cx: &mut Thread, fd: i32) -> R {
    // SAFETY: plain call.
    let e = cx.allow_threads(|| if unsafe { libc::close(fd) } < 0 { os_util::errno() } else { 0 });
    match e {
        0 | libc::ECONNRESET | libc::EINTR => Ok(Value::NONE),
        e => Err(cx.os_error(e, None)),
    }
}
fn close_fd(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    close_descriptor(cx, fd)
}
fn detach(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(this(cx, a[0])?.fd.replace(-1) as i64))
}
fn dup(cx: &mut Thread, a: Args<'_>) -> R {
    let fd = c_int(cx, a[0])?;
    // SAFETY: plain call.
    let n = check(cx, || unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) as isize })?;
    Ok(Value::small_int(n as i64))
}
fn socketpair(cx: &mut Thread, a: Args<'_>) -> R {
    let (family, kind) = (number(cx, a.opt(0), libc::AF_UNIX)?, number(cx, a.opt(1), libc::SOCK_STREAM)?);
    let proto = number(cx, a.opt(2), 0)?;
    let mut fds = [0; 2];
    // SAFETY: the array is ours.
    check(cx, || unsafe { libc::socketpair(family, kind | libc::SOCK_CLOEXEC, proto, fds.as_mut_ptr()) as isize })?;
    let x = new_socket(cx, fds[0], family, kind, proto)?;
    let y = new_socket(cx, fds[1], family, kind, proto)?;
    Ok(cx.new_tuple(&[x, y])?.value())
}

// ---- timeouts

/// A timeout argument in nanoseconds; -1 for None.
fn timeout_arg(cx: &mut Thread, v: Value) -> R<i64> {
    if v.is_none() {
        return Ok(-1);
    }
    let ns = os_util::nanoseconds(cx, v)?;
    if ns < 0 {
        return Err(cx.value_error("Timeout value out of range"));
    }
    Ok(ns)
}
fn timeout_value(cx: &mut Thread, ns: i64) -> R {
    if ns < 0 { Ok(Value::NONE) } else { cx.float(ns as f64 / 1e9) }
}
fn setdefaulttimeout(cx: &mut Thread, a: Args<'_>) -> R {
    let ns = timeout_arg(cx, a[0])?;
    DEFAULT_TIMEOUT.store(ns, Relaxed);
    Ok(Value::NONE)
}
fn gettimeout(cx: &mut Thread, a: Args<'_>) -> R {
    let ns = info(cx, a[0])?.timeout;
    timeout_value(cx, ns)
}
fn set_timeout(cx: &mut Thread, v: Value, ns: i64) -> R {
    let s = this(cx, v)?;
    s.timeout.set(ns);
    // A socket with a timeout waits in `poll`, so the descriptor itself must not block.
    set_nonblocking(cx, s.fd.get(), ns >= 0)?;
    Ok(Value::NONE)
}
fn settimeout(cx: &mut Thread, a: Args<'_>) -> R {
    let ns = timeout_arg(cx, a[1])?;
    set_timeout(cx, a[0], ns)
}
fn setblocking(cx: &mut Thread, a: Args<'_>) -> R {
    let ns = if cx.truth(a[1])? { -1 } else { 0 };
    set_timeout(cx, a[0], ns)
}

// ---- connections

fn bind(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let addr = address::parse(cx, s, a[1], "bind")?;
    // SAFETY: the structure is ours.
    check(cx, || unsafe { libc::bind(s.fd, addr.ptr(), addr.len) as isize })?;
    Ok(Value::NONE)
}
fn listen(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let backlog = match a.opt(1) {
        Some(v) => c_int(cx, v)?.max(0),
        None => libc::SOMAXCONN.min(128),
    };
    // SAFETY: plain call.
    check(cx, || unsafe { libc::listen(s.fd, backlog) as isize })?;
    Ok(Value::NONE)
}
fn accept(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let mut addr = Addr::room();
    let fd = io(cx, s, Way::In, s.deadline(), || {
        addr = Addr::room();
        // SAFETY: the structure is ours.
        unsafe { libc::accept4(s.fd, addr.ptr_mut(), &mut addr.len, libc::SOCK_CLOEXEC) as isize }
    })?;
    match address::value(cx, &addr, s.proto) {
        Ok(peer) => Ok(cx.new_tuple(&[Value::small_int(fd as i64), peer])?.value()),
        Err(e) => {
            // SAFETY: nobody else has the descriptor.
            unsafe { libc::close(fd as i32) };
            Err(e)
        }
    }
}
/// Connects: the errno of a failure, or none. `Err(None)` inside means that the time is over.
fn connect_to(cx: &mut Thread, s: Info, addr: &Addr) -> R<Result<(), Option<i32>>> {
    let deadline = s.deadline();
    // SAFETY: the structure is ours.
    let (r, e) = cx.allow_threads(|| unsafe {
        let r = libc::connect(s.fd, addr.ptr(), addr.len);
        (r, os_util::errno())
    });
    if r == 0 {
        return Ok(Ok(()));
    }
    // An interrupted connection goes on behind our back; calling again would fail.
    let goes_on = match e {
        libc::EINTR => {
            cx.safepoint()?;
            s.timeout != 0
        }
        libc::EINPROGRESS => s.timeout > 0,
        _ => false,
    };
    if !goes_on {
        return Ok(Err(Some(e)));
    }
    match wait(cx, s.fd, libc::POLLOUT, deadline)? {
        Ok(true) => {}
        Ok(false) => return Ok(Err(None)),
        Err(e) => return Ok(Err(Some(e))),
    }
    match option(cx, s.fd, libc::SO_ERROR)? {
        0 | libc::EISCONN => Ok(Ok(())),
        e => Ok(Err(Some(e))),
    }
}
fn connect(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let addr = address::parse(cx, s, a[1], "connect")?;
    match connect_to(cx, s, &addr)? {
        Ok(()) => Ok(Value::NONE),
        Err(Some(e)) => Err(cx.os_error(e, None)),
        Err(None) => Err(timed_out(cx)),
    }
}
fn connect_ex(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let addr = address::parse(cx, s, a[1], "connect_ex")?;
    let e = match connect_to(cx, s, &addr)? {
        Ok(()) => 0,
        Err(e) => e.unwrap_or(libc::EWOULDBLOCK),
    };
    Ok(Value::small_int(e as i64))
}
type NameCall = unsafe extern "C" fn(i32, *mut libc::sockaddr, *mut libc::socklen_t) -> i32;
fn name_of(cx: &mut Thread, v: Value, f: NameCall) -> R {
    let s = info(cx, v)?;
    let mut addr = Addr::room();
    // SAFETY: the structure is ours.
    if unsafe { f(s.fd, addr.ptr_mut(), &mut addr.len) } < 0 {
        return Err(last_error(cx));
    }
    address::value(cx, &addr, s.proto)
}
fn getpeername(cx: &mut Thread, a: Args<'_>) -> R {
    name_of(cx, a[0], libc::getpeername)
}
fn getsockname(cx: &mut Thread, a: Args<'_>) -> R {
    name_of(cx, a[0], libc::getsockname)
}
fn shutdown(cx: &mut Thread, a: Args<'_>) -> R {
    let s = info(cx, a[0])?;
    let how = c_int(cx, a[1])?;
    // SAFETY: plain call.
    check(cx, || unsafe { libc::shutdown(s.fd, how) as isize })?;
    Ok(Value::NONE)
}

/// A length argument.
pub fn size(cx: &mut Thread, v: Value) -> R<i64> {
    c_number(cx, v, "ssize_t")
}
/// Flags of a call; 0 if there are none.
pub fn flags_arg(cx: &mut Thread, v: Option<Value>) -> R<i32> {
    number(cx, v, 0)
}
