//! `_IOBase` and its abstract children, and what all streams share: checks, closing, lines.

use ferropy_vm::class::flags;
use ferropy_vm::types::{Bytes, Class, Exception, Instance, Str};
use ferropy_vm::{Args, Exc, Gc, HeapObject, NativeDef, R, Raised, Thread, TypeDef, Value};

pub const STREAM: u32 = flags::BASE | flags::IMMUTABLE | flags::HAS_DICT | flags::WEAKREF;

pub static IO_BASE: TypeDef =
    TypeDef::new::<Instance>("_io._IOBase", BASE_METHODS, "The abstract base class for all I/O classes.")
        .flags(STREAM | flags::HAS_DEL);
pub static RAW_BASE: TypeDef =
    TypeDef::new::<Instance>("_io._RawIOBase", RAW_METHODS, "Base class for raw binary I/O.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&IO_BASE));
pub static BUFFERED_BASE: TypeDef =
    TypeDef::new::<Instance>("_io._BufferedIOBase", BUFFERED_METHODS, "Base class for buffered IO objects.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&IO_BASE));
pub static TEXT_BASE: TypeDef = TypeDef::new::<Instance>("_io._TextIOBase", TEXT_METHODS, "Base class for text I/O.")
    .flags(STREAM)
    .base(|cx| cx.native_class(&IO_BASE));

static BASE_METHODS: &[NativeDef] = &[
    NativeDef::method("seek(self, offset, whence=0, /)", unsupported_seek, "Change the stream position."),
    NativeDef::method("tell(self, /)", base_tell, "Return current stream position."),
    NativeDef::method("truncate(self, size=None, /)", unsupported_truncate, "Truncate file to size bytes."),
    NativeDef::method("fileno(self, /)", unsupported_fileno, "Return underlying file descriptor if one exists."),
    NativeDef::method("flush(self, /)", base_flush, "Flush write buffers, if applicable."),
    NativeDef::method("close(self, /)", base_close, "Flush and close the IO object."),
    NativeDef::method("seekable(self, /)", base_false, "Return whether object supports random access."),
    NativeDef::method("readable(self, /)", base_false, "Return whether object was opened for reading."),
    NativeDef::method("writable(self, /)", base_false, "Return whether object was opened for writing."),
    NativeDef::method("isatty(self, /)", base_isatty, "Return whether this is an 'interactive' stream."),
    NativeDef::method("_checkClosed(self, msg=None, /)", base_check_closed, ""),
    NativeDef::method("_checkSeekable(self, msg=None, /)", base_check_seekable, ""),
    NativeDef::method("_checkReadable(self, msg=None, /)", base_check_readable, ""),
    NativeDef::method("_checkWritable(self, msg=None, /)", base_check_writable, ""),
    NativeDef::method("__enter__(self, /)", base_enter, ""),
    NativeDef::method("__exit__(self, /, *exc)", base_exit, ""),
    NativeDef::method("__iter__(self, /)", base_iter, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", base_next, "Implement next(self)."),
    NativeDef::method("__del__(self, /)", base_del, ""),
    NativeDef::method("readline(self, size=-1, /)", base_readline, "Read and return a line from the stream."),
    NativeDef::method("readlines(self, hint=-1, /)", base_readlines, "Return a list of lines from the stream."),
    NativeDef::method("writelines(self, lines, /)", base_writelines, "Write a list of lines to stream."),
    NativeDef::getter("closed", base_closed, ""),
];
static RAW_METHODS: &[NativeDef] = &[
    NativeDef::method("read(self, size=-1, /)", raw_read, ""),
    NativeDef::method("readall(self, /)", raw_readall, "Read until EOF, using multiple read() call."),
];
static BUFFERED_METHODS: &[NativeDef] = &[
    NativeDef::method("detach(self, /)", unsupported_detach, "Disconnect this buffer from its underlying raw stream."),
    NativeDef::method("read(self, size=-1, /)", unsupported_read, "Read and return up to n bytes."),
    NativeDef::method("read1(self, size=-1, /)", unsupported_read1, "Read and return up to size bytes."),
    NativeDef::method("readinto(self, buffer, /)", buffered_readinto, ""),
    NativeDef::method("readinto1(self, buffer, /)", buffered_readinto1, ""),
    NativeDef::method("write(self, b, /)", unsupported_write, "Write buffer b to the IO stream."),
];
static TEXT_METHODS: &[NativeDef] = &[
    NativeDef::method("detach(self, /)", unsupported_detach, ""),
    NativeDef::method("read(self, size=-1, /)", unsupported_read, "Read at most size characters from stream."),
    NativeDef::method("readline(self, size=-1, /)", unsupported_readline, "Read until newline or EOF."),
    NativeDef::method("write(self, s, /)", unsupported_write, "Write string s to stream."),
    NativeDef::getter("encoding", text_none, "Encoding of the text stream."),
    NativeDef::getter("newlines", text_none, "Line endings translated so far."),
    NativeDef::getter("errors", text_none, "The error setting of the decoder or encoder."),
];

/// `io.UnsupportedOperation`.
pub fn unsupported_class(cx: &mut Thread) -> R<Gc<Class>> {
    if let Some(c) = cx.registry("io.UnsupportedOperation").and_then(|v| v.cast::<Class>()) {
        return Ok(c);
    }
    let (os, value) = (cx.exc_class(Exc::OSError), cx.exc_class(Exc::ValueError));
    let meta = cx.builtin(ferropy_vm::Builtin::Type);
    let class = cx.alloc_class(meta.root_shape.get(), meta.extra.get())?;
    let name = cx.intern("UnsupportedOperation")?;
    let inherited = os.flags.get() & flags::INHERITED;
    cx.init_class(class, name, &[os, value], Exception::kind(), inherited | flags::BASE | flags::HEAP, 0)?;
    let (key, module) = (cx.name(ferropy_vm::N::__module__), cx.intern("io")?);
    cx.dict_set_str(class.dict(), key, module)?;
    cx.set_registry("io.UnsupportedOperation", class.value());
    Ok(class)
}

pub fn unsupported(cx: &mut Thread, message: &str) -> Raised {
    let made = (|| {
        let class = unsupported_class(cx)?;
        let text = cx.new_str(message)?.value();
        cx.call(class.value(), &[text])
    })();
    match made {
        Ok(e) => cx.raise_value(e),
        Err(r) => r,
    }
}

pub fn closed_error(cx: &mut Thread) -> Raised {
    cx.value_error("I/O operation on closed file.")
}

/// Truth of the attribute `closed`.
pub fn is_closed(cx: &mut Thread, v: Value) -> R<bool> {
    let c = cx.getattr_str(v, "closed")?;
    cx.truth(c)
}

pub fn check_open(cx: &mut Thread, v: Value) -> R<()> {
    if is_closed(cx, v)? { Err(closed_error(cx)) } else { Ok(()) }
}

/// Truth of a method without arguments.
pub fn ask(cx: &mut Thread, v: Value, name: &str) -> R<bool> {
    let r = cx.call_method(v, name, &[])?;
    cx.truth(r)
}

/// A size argument: None and -1 mean no limit.
pub fn size_arg(cx: &mut Thread, v: Option<Value>) -> R<Option<usize>> {
    match v {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => {
            if !cx.has_index(v) {
                let class = cx.class_name(v);
                return Err(cx.type_error(format!("argument should be integer or None, not '{class}'")));
            }
            let n = cx.index(v)?;
            Ok(usize::try_from(n).ok())
        }
    }
}

fn unsupported_seek(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "seek"))
}
fn unsupported_truncate(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "truncate"))
}
fn unsupported_fileno(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "fileno"))
}
fn unsupported_detach(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "detach"))
}
fn unsupported_read(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "read"))
}
fn unsupported_read1(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "read1"))
}
fn unsupported_readline(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "readline"))
}
fn unsupported_write(cx: &mut Thread, _a: Args<'_>) -> R {
    Err(unsupported(cx, "write"))
}
fn text_none(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NONE)
}
fn base_false(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    Ok(Value::FALSE)
}
fn base_isatty(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    Ok(Value::FALSE)
}
fn base_tell(cx: &mut Thread, a: Args<'_>) -> R {
    cx.call_method(a[0], "seek", &[Value::small_int(0), Value::small_int(1)])
}

fn base_closed(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.intern("__IOBase_closed")?;
    Ok(Value::bool(cx.getattr_opt(a[0], key)?.is_some()))
}
fn base_flush(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.intern("__IOBase_closed")?;
    if cx.getattr_opt(a[0], key)?.is_some() {
        return Err(closed_error(cx));
    }
    Ok(Value::NONE)
}
/// `_IOBase.close`: flush once, and be closed even if that fails.
pub fn base_close(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.intern("__IOBase_closed")?;
    if cx.getattr_opt(a[0], key)?.is_some() {
        return Ok(Value::NONE);
    }
    let flushed = cx.call_method(a[0], "flush", &[]);
    let pending = if flushed.is_err() { cx.take_pending() } else { Value::NULL };
    let set = cx.setattr(a[0], key, Value::TRUE);
    if !pending.is_null() {
        return Err(cx.reraise(pending));
    }
    set?;
    Ok(Value::NONE)
}

/// Reports what an automatic close raised.
fn base_del(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(f) = a[0].cast::<super::file::FileIO>()
        && f.wrapped.get()
    {
        return Ok(Value::NONE);
    }
    if super::buffered::is_wrapped(a[0]) {
        return Ok(Value::NONE);
    }
    let closed = match cx.getattr_str(a[0], "closed") {
        Ok(c) => cx.truth(c).unwrap_or(true),
        Err(_) => {
            cx.take_pending();
            return Ok(Value::NONE);
        }
    };
    if closed {
        return Ok(Value::NONE);
    }
    super::file::warn_unclosed(cx, a[0])?;
    cx.call_method(a[0], "close", &[])
}

fn base_check_closed(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    Ok(Value::NONE)
}
fn check_ability(cx: &mut Thread, a: Args<'_>, method: &str, message: &str) -> R {
    let r = cx.call_method(a[0], method, &[])?;
    if r != Value::TRUE {
        return Err(unsupported(cx, message));
    }
    Ok(Value::TRUE)
}
fn base_check_seekable(cx: &mut Thread, a: Args<'_>) -> R {
    check_ability(cx, a, "seekable", "File or stream is not seekable.")
}
fn base_check_readable(cx: &mut Thread, a: Args<'_>) -> R {
    check_ability(cx, a, "readable", "File or stream is not readable.")
}
fn base_check_writable(cx: &mut Thread, a: Args<'_>) -> R {
    check_ability(cx, a, "writable", "File or stream is not writable.")
}

fn base_enter(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    Ok(a[0])
}
fn base_exit(cx: &mut Thread, a: Args<'_>) -> R {
    cx.call_method(a[0], "close", &[])?;
    Ok(Value::NONE)
}
fn base_iter(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    Ok(a[0])
}
fn base_next(cx: &mut Thread, a: Args<'_>) -> R {
    let line = cx.call_method(a[0], "readline", &[])?;
    if cx.len(line)? == 0 {
        return Err(cx.stop_iteration(Value::NULL));
    }
    Ok(line)
}

fn base_readline(cx: &mut Thread, a: Args<'_>) -> R {
    let limit = size_arg(cx, a.opt(1))?;
    let peek_name = cx.intern("peek")?;
    let peek = cx.getattr_opt(a[0], peek_name)?;
    let mut line: Vec<u8> = Vec::new();
    while limit.is_none_or(|n| line.len() < n) {
        let mut want = 1;
        if let Some(peek) = peek {
            let ahead = cx.call(peek, &[Value::small_int(1)])?;
            let Some(b) = ahead.cast::<Bytes>() else {
                let class = cx.class_name(ahead);
                let text = format!("peek() should have returned a bytes object, not '{class}'");
                return Err(cx.error(Exc::OSError, text));
            };
            if b.len > 0 {
                want = memchr::memchr(b'\n', b.data()).map_or(b.len, |i| i + 1);
                want = want.min(limit.map_or(usize::MAX, |n| n - line.len()));
            }
        }
        let piece = cx.call_method(a[0], "read", &[Value::small_int(want as i64)])?;
        let Some(b) = piece.cast::<Bytes>() else {
            let class = cx.class_name(piece);
            let text = format!("read() should have returned a bytes object, not '{class}'");
            return Err(cx.error(Exc::OSError, text));
        };
        line.extend_from_slice(b.data());
        if b.len == 0 || line.ends_with(b"\n") {
            break;
        }
    }
    Ok(cx.new_bytes(&line)?.value())
}

fn base_readlines(cx: &mut Thread, a: Args<'_>) -> R {
    let hint = size_arg(cx, a.opt(1))?.filter(|n| *n > 0);
    let out = cx.new_list(&[])?;
    let it = cx.iter(a[0])?;
    let mut total = 0;
    while let Some(line) = cx.next(it)? {
        cx.list_append(out, line)?;
        if let Some(hint) = hint {
            total += cx.len(line)?;
            if total >= hint {
                break;
            }
        }
    }
    Ok(out.value())
}

fn base_writelines(cx: &mut Thread, a: Args<'_>) -> R {
    check_open(cx, a[0])?;
    let it = cx.iter(a[1])?;
    while let Some(line) = cx.next(it)? {
        cx.call_method(a[0], "write", &[line])?;
    }
    Ok(Value::NONE)
}

fn raw_read(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(n) = size_arg(cx, a.opt(1))? else { return cx.call_method(a[0], "readall", &[]) };
    let buf = super::util::new_bytearray(cx, &vec![0; n])?;
    let got = cx.call_method(a[0], "readinto", &[buf])?;
    if got.is_none() {
        return Ok(got);
    }
    let got = cx.index(got)?;
    if got < 0 || got as usize > n {
        return Err(cx.value_error(format!("readinto returned {got} outside buffer size {n}")));
    }
    let data = cx.bytes_of(buf)?;
    Ok(cx.new_bytes(&data[..(got as usize).min(data.len())])?.value())
}

fn raw_readall(cx: &mut Thread, a: Args<'_>) -> R {
    let mut out: Vec<u8> = Vec::new();
    loop {
        let piece = cx.call_method(a[0], "read", &[Value::small_int(super::BUFFER_SIZE as i64)])?;
        if piece.is_none() {
            return if out.is_empty() { Ok(piece) } else { Ok(cx.new_bytes(&out)?.value()) };
        }
        let Some(b) = piece.cast::<Bytes>() else { return Err(cx.type_error("read() should return bytes")) };
        if b.len == 0 {
            return Ok(cx.new_bytes(&out)?.value());
        }
        out.extend_from_slice(b.data());
    }
}

fn readinto_by(cx: &mut Thread, a: Args<'_>, method: &str) -> R {
    let target = cx.buffer_mut(a[1])?;
    let piece = cx.call_method(a[0], method, &[Value::small_int(target.len as i64)])?;
    let Some(b) = piece.cast::<Bytes>() else {
        return Err(cx.type_error(format!("{method}() should return bytes")));
    };
    let target = cx.buffer_mut(a[1])?;
    if b.len > target.len {
        let text = format!("{method}() returned too much data: {} bytes requested, {} returned", target.len, b.len);
        return Err(cx.value_error(text));
    }
    target.bytes_mut()[..b.len].copy_from_slice(b.data());
    Ok(Value::small_int(b.len as i64))
}
fn buffered_readinto(cx: &mut Thread, a: Args<'_>) -> R {
    readinto_by(cx, a, "read")
}
fn buffered_readinto1(cx: &mut Thread, a: Args<'_>) -> R {
    readinto_by(cx, a, "read1")
}

/// `name` for a repr: None if there is none.
pub fn repr_name(cx: &mut Thread, v: Value) -> R<Option<Gc<Str>>> {
    let key = cx.intern("name")?;
    let found = cx.getattr_opt(v, key);
    let found = match cx.catch(Exc::ValueError, found)? {
        Some(Some(n)) => n,
        _ => return Ok(None),
    };
    if !cx.repr_enter(v) {
        return Err(cx.runtime_error("reentrant call inside repr"));
    }
    let r = cx.repr(found);
    cx.repr_leave();
    r.map(Some)
}
