//! OSError: its class depends on errno, and its arguments are taken apart.

use super::*;

const ERRNO: usize = 0;
const STRERROR: usize = 1;
const FILENAME: usize = 2;
const FILENAME2: usize = 3;
const WRITTEN: usize = 4;

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new, "Create and return a new object."),
    NativeDef::method("__init__(self, /, *args, **kwargs)", init, "Initialize self."),
    NativeDef::method("__str__(self, /)", str, "Return str(self)."),
    NativeDef::method("__reduce__(self, /)", reduce, "Helper for pickle."),
    NativeDef::getset("errno", get_field::<ERRNO>, set_field::<ERRNO>, "POSIX exception code"),
    NativeDef::getset("strerror", get_field::<STRERROR>, set_field::<STRERROR>, "exception strerror"),
    NativeDef::getset("filename", get_field::<FILENAME>, set_field::<FILENAME>, "exception filename"),
    NativeDef::getset("filename2", get_field::<FILENAME2>, set_field::<FILENAME2>, "second exception filename"),
    NativeDef::getset("characters_written", get_written, set_written, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    add(cx, Exc::OSError, METHODS)
}

/// The subclass for an errno value.
fn class_for(errno: i64) -> Option<Exc> {
    let n = i32::try_from(errno).ok()?;
    Some(match n {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => Exc::BlockingIOError,
        libc::EPIPE | libc::ESHUTDOWN => Exc::BrokenPipeError,
        libc::ECHILD => Exc::ChildProcessError,
        libc::ECONNABORTED => Exc::ConnectionAbortedError,
        libc::ECONNREFUSED => Exc::ConnectionRefusedError,
        libc::ECONNRESET => Exc::ConnectionResetError,
        libc::EEXIST => Exc::FileExistsError,
        libc::ENOENT => Exc::FileNotFoundError,
        libc::EISDIR => Exc::IsADirectoryError,
        libc::ENOTDIR => Exc::NotADirectoryError,
        libc::EINTR => Exc::InterruptedError,
        libc::EACCES | libc::EPERM => Exc::PermissionError,
        libc::ESRCH => Exc::ProcessLookupError,
        libc::ETIMEDOUT => Exc::TimeoutError,
        _ => return None,
    })
}

/// Is it `__init__` that sets the fields? So it is for a subclass that overrides only `__init__`.
fn init_sets_fields(cx: &mut Thread, class: Gc<Class>) -> bool {
    let (n, i) = (cx.name(N::__new__), cx.name(N::__init__));
    let is = |v: Option<Value>, f: ferropy_vm::NativeImpl| {
        v.and_then(|v| v.cast::<ferropy_vm::types::NativeFn>()).is_some_and(|d| std::ptr::fn_addr_eq(d.def.func, f))
    };
    let own_init = cx.lookup(class, i);
    let own_new = cx.lookup(class, n);
    !is(own_init, init) && is(own_new, new)
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let mut class = class_arg(cx, a[0], "OSError")?;
    let (args, kw) = init_args(a);
    if init_sets_fields(cx, class) {
        let empty = cx.vm().empty_tuple;
        return Ok(allocate(cx, class, empty)?.value());
    }
    if !kw.is_empty() {
        let name = class.name();
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    if class == cx.exc_class(Exc::OSError)
        && (2..=5).contains(&args.len)
        && let Some(e) = args.at(0).to_i64().and_then(class_for)
    {
        class = cx.exc_class(e);
    }
    let e = allocate(cx, class, args.value())?;
    fill(cx, e, args)?;
    Ok(e.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let class = cx.class_of(a[0]);
    if !init_sets_fields(cx, class) {
        return Ok(Value::NONE);
    }
    let (args, kw) = init_args(a);
    if !kw.is_empty() {
        let name = class.name();
        return Err(cx.type_error(format!("{name}() takes no keyword arguments")));
    }
    fill(cx, e, args)?;
    Ok(Value::NONE)
}

/// Sets the fields from `(errno, strerror[, filename[, winerror[, filename2]]])`.
fn fill(cx: &mut Thread, e: Gc<Exception>, args: Gc<Tuple>) -> R<()> {
    if !(2..=5).contains(&args.len) {
        e.args.set(cx, e, args);
        return Ok(());
    }
    let at = |i: usize| if i < args.len && !args.at(i).is_none() { args.at(i) } else { Value::NULL };
    let mut kept = args;
    reserve(cx, e, 5)?;
    if let Some(filename) = at(2).bound() {
        let blocking = cx.exc_class(Exc::BlockingIOError);
        let is_count = cx.class_of(e.value()) == blocking && (cx.has_index(filename) || filename.as_float().is_some());
        if is_count {
            let n = cx.index_or(filename, Exc::ValueError)?;
            let n = cx.int(n)?;
            set_data(cx, e, WRITTEN, n)?;
        } else {
            set_data(cx, e, FILENAME, filename)?;
            set_data(cx, e, FILENAME2, at(4))?;
            kept = cx.new_tuple(&[args.at(0), args.at(1)])?;
        }
    }
    set_data(cx, e, ERRNO, args.at(0))?;
    set_data(cx, e, STRERROR, args.at(1))?;
    e.args.set(cx, e, kept);
    Ok(())
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let (errno, strerror) = (data(e, ERRNO), data(e, STRERROR));
    let (first, second) = (data(e, FILENAME), data(e, FILENAME2));
    if first.is_null() && (errno.is_null() || strerror.is_null()) {
        return base::str(cx, a);
    }
    let mut out = b"[Errno ".to_vec();
    out.extend_from_slice(cx.str(errno.bound().unwrap_or(Value::NONE))?.bytes());
    out.extend_from_slice(b"] ");
    out.extend_from_slice(cx.str(strerror.bound().unwrap_or(Value::NONE))?.bytes());
    if !first.is_null() {
        out.extend_from_slice(b": ");
        out.extend_from_slice(cx.repr(first)?.bytes());
        if !second.is_null() {
            out.extend_from_slice(b" -> ");
            out.extend_from_slice(cx.repr(second)?.bytes());
        }
    }
    Ok(cx.new_wtf8(&out)?.value())
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    let mut args = args_of(cx, e);
    if args.len == 2
        && let Some(filename) = data(e, FILENAME).bound()
    {
        let (errno, text) = (args.at(0), args.at(1));
        args = match data(e, FILENAME2).bound() {
            Some(second) => cx.new_tuple(&[errno, text, filename, Value::NONE, second])?,
            None => cx.new_tuple(&[errno, text, filename])?,
        };
    }
    let state = state_of(cx, e)?.map(|d| d.value());
    reduced(cx, e, args.value(), state)
}

fn get_written(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    match data(e, WRITTEN).bound() {
        Some(n) => Ok(n),
        None => Err(cx.error(Exc::AttributeError, "characters_written")),
    }
}
fn set_written(cx: &mut Thread, a: Args<'_>) -> R {
    let e = this(cx, a[0])?;
    match a.opt(1) {
        Some(v) => {
            let n = cx.index_or(v, Exc::ValueError)?;
            let n = cx.int(n)?;
            set_data(cx, e, WRITTEN, n)?;
        }
        None if data(e, WRITTEN).is_null() => return Err(cx.error(Exc::AttributeError, "characters_written")),
        None => set_data(cx, e, WRITTEN, Value::NULL)?,
    }
    Ok(Value::NONE)
}
