//! `select`: waiting for descriptors.

use crate::os_util::{self, fildes as fd, millis};
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, List};
use ferropy_vm::{Args, Exc, Field, Gc, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;
use std::time::Instant;

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("select", module);
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "select(rlist, wlist, xlist, timeout=None, /)",
        select,
        "Wait until one or more file descriptors are ready.",
    ),
    NativeDef::function("poll()", poll_new, "Returns a polling object."),
];

/// A timeout in units of so many seconds: None waits for ever.
fn timeout(cx: &mut Thread, v: Option<Value>, scale: f64) -> R<Option<Instant>> {
    let Some(v) = v else { return Ok(None) };
    if !v.is_any_int() && v.as_float().is_none() {
        return Err(cx.type_error("timeout must be an integer or None"));
    }
    let v = if scale == 1.0 {
        v
    } else {
        let f = cx.to_f64(v)? * scale;
        cx.float(f)?
    };
    Ok(Some(os_util::deadline(os_util::nanoseconds(cx, v)?)))
}

/// Polls until something is ready or the time is over; signals are handled between.
fn poll_fds(cx: &mut Thread, fds: &mut [libc::pollfd], deadline: Option<Instant>) -> R<usize> {
    loop {
        let ms = millis(deadline);
        let (p, n) = (fds.as_mut_ptr() as usize, fds.len());
        // SAFETY: the array is the caller's.
        let (r, e) = cx.allow_threads(|| unsafe {
            let r = libc::poll(p as *mut libc::pollfd, n as libc::nfds_t, ms);
            (r, os_util::errno())
        });
        match r {
            r if r >= 0 => return Ok(r as usize),
            _ if e == libc::EINTR => cx.safepoint()?,
            _ => return Err(cx.os_error(e, None)),
        }
    }
}

/// The objects of one list, with what to poll for: asking for a descriptor may change the list.
fn wanted(cx: &mut Thread, v: Value, events: i16, fds: &mut Vec<libc::pollfd>) -> R<RootedVec> {
    let list = match v.cast::<List>() {
        Some(l) => l,
        None => {
            let it = cx.iter(v);
            let Some(it) = cx.catch(Exc::TypeError, it)? else {
                return Err(cx.type_error("arguments 1-3 must be sequences"));
            };
            let items = cx.collect(it)?;
            cx.new_list(&items)?
        }
    };
    let mut objects = RootedVec::new(cx);
    while let Some(v) = list.get(objects.len()) {
        objects.push(v);
        let fd = fd(cx, v)?;
        fds.push(libc::pollfd { fd, events, revents: 0 });
    }
    Ok(objects)
}
fn select(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(t) = a.some(3)
        && (t.is_any_int() || t.as_float().is_some())
        && cx.to_f64(t)? < 0.0
    {
        return Err(cx.value_error("timeout must be non-negative"));
    }
    let deadline = timeout(cx, a.some(3), 1.0)?;
    let mut fds = Vec::new();
    let lists = [
        wanted(cx, a[0], libc::POLLIN, &mut fds)?,
        wanted(cx, a[1], libc::POLLOUT, &mut fds)?,
        wanted(cx, a[2], libc::POLLPRI, &mut fds)?,
    ];
    poll_fds(cx, &mut fds, deadline)?;
    if fds.iter().any(|f| f.revents & libc::POLLNVAL != 0) {
        return Err(cx.os_error(libc::EBADF, None));
    }
    let ready = [libc::POLLIN | libc::POLLHUP | libc::POLLERR, libc::POLLOUT | libc::POLLERR, libc::POLLPRI];
    let mut out = [Value::NONE; 3];
    let mut at = 0;
    for (n, list) in lists.iter().enumerate() {
        let result = cx.new_list(&[])?;
        for i in 0..list.len() {
            if fds[at].revents & ready[n] != 0 {
                cx.list_append(result, list[i])?;
            }
            at += 1;
        }
        out[n] = result.value();
    }
    Ok(cx.new_tuple(&out)?.value())
}

// ---- poll

#[repr(C)]
pub struct Poll {
    /// Descriptor -> events.
    fds: Field,
    running: Cell<bool>,
}
heap_kind!(Poll, "poll", 1);
pub static POLL: TypeDef =
    TypeDef::new::<Poll>("select.poll", POLL_METHODS, "").flags(flags::IMMUTABLE | flags::NO_NEW);
static POLL_METHODS: &[NativeDef] = &[
    NativeDef::method("register(self, fd, eventmask=POLLIN | POLLPRI | POLLOUT, /)", poll_register, ""),
    NativeDef::method("modify(self, fd, eventmask, /)", poll_modify, ""),
    NativeDef::method("unregister(self, fd, /)", poll_unregister, ""),
    NativeDef::method("poll(self, timeout=None, /)", poll_poll, ""),
];
fn poll_new(cx: &mut Thread, _a: Args<'_>) -> R {
    let d = cx.new_dict()?;
    let class = cx.native_class(&POLL)?;
    Ok(cx.alloc_of(class, Poll { fds: field(d), running: false.into() })?.value())
}
fn poll_table(cx: &mut Thread, v: Value) -> R<Gc<Dict>> {
    match v.cast::<Poll>().and_then(|p| p.fds.cast::<Dict>()) {
        Some(d) => Ok(d),
        None => Err(cx.type_error("a poll object is expected")),
    }
}
fn events_arg(cx: &mut Thread, v: Option<Value>, default: i64) -> R<i64> {
    let n = match v {
        Some(v) => cx.index(v)?,
        None => default,
    };
    if n < 0 {
        return Err(cx.value_error("value must be positive"));
    }
    if n > u16::MAX as i64 {
        return Err(cx.overflow_error("Python int too large to convert to C unsigned short"));
    }
    Ok(n)
}
fn poll_register(cx: &mut Thread, a: Args<'_>) -> R {
    let d = poll_table(cx, a[0])?;
    let fd = fd(cx, a[1])?;
    let events = events_arg(cx, a.opt(2), (libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as i64)?;
    cx.dict_set(d, Value::small_int(fd as i64), Value::small_int(events))?;
    Ok(Value::NONE)
}
fn poll_modify(cx: &mut Thread, a: Args<'_>) -> R {
    let d = poll_table(cx, a[0])?;
    let key = Value::small_int(fd(cx, a[1])? as i64);
    let events = events_arg(cx, a.opt(2), 0)?;
    if cx.dict_get(d, key)?.is_none() {
        return Err(cx.os_error(libc::ENOENT, None));
    }
    cx.dict_set(d, key, Value::small_int(events))?;
    Ok(Value::NONE)
}
fn poll_unregister(cx: &mut Thread, a: Args<'_>) -> R {
    let d = poll_table(cx, a[0])?;
    let key = Value::small_int(fd(cx, a[1])? as i64);
    match cx.dict_remove(d, key)? {
        Some(_) => Ok(Value::NONE),
        None => Err(cx.key_error(key)),
    }
}
fn poll_poll(cx: &mut Thread, a: Args<'_>) -> R {
    let d = poll_table(cx, a[0])?;
    let Some(p) = a[0].cast::<Poll>() else { return Err(cx.type_error("a poll object is expected")) };
    if p.running.get() {
        return Err(cx.runtime_error("concurrent poll() invocation"));
    }
    let mut fds = Vec::new();
    let mut i = 0;
    while let Some((next, _, k, v)) = d.next_entry(i) {
        i = next;
        let (fd, events) = (k.as_int().unwrap_or(-1) as i32, v.as_int().unwrap_or(0) as i16);
        fds.push(libc::pollfd { fd, events, revents: 0 });
    }
    let wait = match a.some(1) {
        Some(t) if cx.to_f64(t)? < 0.0 => None,
        other => other,
    };
    let deadline = timeout(cx, wait, 1e-3)?;
    p.running.set(true);
    let r = poll_fds(cx, &mut fds, deadline);
    p.running.set(false);
    r?;
    let out = cx.new_list(&[])?;
    for f in fds.iter().filter(|f| f.revents != 0) {
        let t = cx.new_tuple(&[Value::small_int(f.fd as i64), Value::small_int(f.revents as u16 as i64)])?;
        cx.list_append(out, t.value())?;
    }
    Ok(out.value())
}

// ---- epoll

#[repr(C)]
pub struct Epoll {
    /// The descriptor plus one; 0: closed.
    fd: Cell<i32>,
}
heap_kind!(Epoll, "epoll", 0, drop);
impl Drop for Epoll {
    fn drop(&mut self) {
        if self.fd.get() > 0 {
            // SAFETY: the descriptor is ours.
            unsafe { libc::close(self.fd.get() - 1) };
        }
    }
}
pub static EPOLL: TypeDef = TypeDef::new::<Epoll>("select.epoll", EPOLL_METHODS, "Returns an epolling object.")
    .flags(flags::IMMUTABLE | flags::BASE);
static EPOLL_METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, sizehint=-1, flags=0)", epoll_new, ""),
    NativeDef::class_method("fromfd(cls, fd, /)", epoll_from, ""),
    NativeDef::method("close(self, /)", epoll_close, ""),
    NativeDef::method("fileno(self, /)", epoll_fileno, ""),
    NativeDef::method("register(self, fd, eventmask=<unrepresentable>)", epoll_register, ""),
    NativeDef::method("modify(self, fd, eventmask)", epoll_modify, ""),
    NativeDef::method("unregister(self, fd)", epoll_unregister, ""),
    NativeDef::method("poll(self, timeout=None, maxevents=-1)", epoll_poll, ""),
    NativeDef::method(
        "__enter__(self, /)",
        |cx, a| {
            epoll_fd(cx, a[0])?;
            Ok(a[0])
        },
        "",
    ),
    NativeDef::method("__exit__(self, exc_type=None, exc_value=None, exc_tb=None, /)", epoll_close, ""),
    NativeDef::getter("closed", |_, a| Ok(Value::bool(a[0].cast::<Epoll>().is_none_or(|e| e.fd.get() == 0))), ""),
];
fn epoll_fd(cx: &mut Thread, v: Value) -> R<i32> {
    match v.cast::<Epoll>() {
        Some(e) if e.fd.get() > 0 => Ok(e.fd.get() - 1),
        _ => Err(cx.value_error("I/O operation on closed epoll object")),
    }
}
fn epoll_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let hint = match a.opt(1) {
        Some(n) => cx.index(n)?,
        None => -1,
    };
    if hint < -1 || hint == 0 {
        return Err(cx.value_error("negative sizehint"));
    }
    if let Some(f) = a.opt(2)
        && cx.index(f)? & !(libc::EPOLL_CLOEXEC as i64) != 0
    {
        return Err(cx.error(Exc::OSError, "invalid flags"));
    }
    // SAFETY: plain call.
    let n = os_util::check(cx, || unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) as isize })?;
    Ok(cx.alloc_of(class, Epoll { fd: Cell::new(n as i32 + 1) })?.value())
}
fn epoll_from(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(cx.type_error("a class is expected")) };
    let n = cx.index(a[1])? as i32;
    Ok(cx.alloc_of(class, Epoll { fd: Cell::new(n + 1) })?.value())
}
fn epoll_close(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(e) = a[0].cast::<Epoll>() else { return Err(cx.type_error("an epoll is expected")) };
    let n = e.fd.replace(0);
    if n > 0 {
        // SAFETY: the descriptor is ours.
        os_util::check(cx, || unsafe { libc::close(n - 1) as isize })?;
    }
    Ok(Value::NONE)
}
fn epoll_fileno(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::small_int(epoll_fd(cx, a[0])? as i64))
}
fn epoll_ctl(cx: &mut Thread, a: Args<'_>, op: i32, events: u32) -> R {
    let ep = epoll_fd(cx, a[0])?;
    let fd = fd(cx, a[1])?;
    let mut e = libc::epoll_event { events, u64: fd as u64 };
    // SAFETY: the event is ours.
    os_util::check(cx, || unsafe { libc::epoll_ctl(ep, op, fd, &mut e) as isize })?;
    Ok(Value::NONE)
}
fn epoll_register(cx: &mut Thread, a: Args<'_>) -> R {
    let events = match a.opt(2) {
        Some(v) => cx.index(v)? as u32,
        None => (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLPRI) as u32,
    };
    epoll_ctl(cx, a, libc::EPOLL_CTL_ADD, events)
}
fn epoll_modify(cx: &mut Thread, a: Args<'_>) -> R {
    let events = cx.index(a[2])? as u32;
    epoll_ctl(cx, a, libc::EPOLL_CTL_MOD, events)
}
fn epoll_unregister(cx: &mut Thread, a: Args<'_>) -> R {
    epoll_ctl(cx, a, libc::EPOLL_CTL_DEL, 0)
}
fn epoll_poll(cx: &mut Thread, a: Args<'_>) -> R {
    let ep = epoll_fd(cx, a[0])?;
    let wait = match a.some(1) {
        Some(t) if cx.to_f64(t)? < 0.0 => None,
        other => other,
    };
    let deadline = timeout(cx, wait, 1.0)?;
    let most = match a.opt(2) {
        Some(v) => cx.index(v)?,
        None => -1,
    };
    if most < -1 || most == 0 {
        return Err(cx.value_error(format!("maxevents must be greater than 0, got {most}")));
    }
    let most = if most == -1 { 1023 } else { most.min(1 << 16) as usize };
    let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; most];
    let n = loop {
        let ms = millis(deadline);
        let p = events.as_mut_ptr() as usize;
        // SAFETY: the array is ours.
        let (r, e) = cx.allow_threads(|| unsafe {
            let r = libc::epoll_wait(ep, p as *mut libc::epoll_event, most as i32, ms);
            (r, os_util::errno())
        });
        match r {
            r if r >= 0 => break r as usize,
            _ if e == libc::EINTR => cx.safepoint()?,
            _ => return Err(cx.os_error(e, None)),
        }
    };
    let out = cx.new_list(&[])?;
    for e in &events[..n] {
        let (fd, bits) = (e.u64 as i64, e.events as i64);
        let t = cx.new_tuple(&[Value::small_int(fd), Value::small_int(bits)])?;
        cx.list_append(out, t.value())?;
    }
    Ok(out.value())
}

static CONSTANTS: &[(&str, i64)] = libc_constants! {
    EPOLLIN EPOLLOUT EPOLLPRI EPOLLERR EPOLLHUP EPOLLRDHUP EPOLLONESHOT EPOLLEXCLUSIVE EPOLLRDNORM EPOLLRDBAND
    EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLLWAKEUP EPOLL_CLOEXEC
};
static POLL_CONSTANTS: &[(&str, i64)] = &[
    ("EPOLLET", libc::EPOLLET as u32 as i64),
    ("POLLIN", libc::POLLIN as i64),
    ("POLLPRI", libc::POLLPRI as i64),
    ("POLLOUT", libc::POLLOUT as i64),
    ("POLLERR", libc::POLLERR as i64),
    ("POLLHUP", libc::POLLHUP as i64),
    ("POLLNVAL", libc::POLLNVAL as i64),
    ("POLLRDNORM", libc::POLLRDNORM as i64),
    ("POLLRDBAND", libc::POLLRDBAND as i64),
    ("POLLWRNORM", libc::POLLWRNORM as i64),
    ("POLLWRBAND", libc::POLLWRBAND as i64),
    ("POLLRDHUP", libc::POLLRDHUP as i64),
    ("POLLMSG", 0x400),
    ("PIPE_BUF", libc::PIPE_BUF as i64),
];

fn module(cx: &mut Thread) -> R {
    let m =
        cx.module_with("select", "This module supports asynchronous I/O on multiple file descriptors.", FUNCTIONS)?;
    for (name, n) in CONSTANTS.iter().chain(POLL_CONSTANTS) {
        cx.module_set(m, name, Value::small_int(*n))?;
    }
    cx.module_class(m, &EPOLL)?;
    let error = cx.exc_class(Exc::OSError);
    cx.module_set(m, "error", error.value())?;
    Ok(m.value())
}
