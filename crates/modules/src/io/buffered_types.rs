//! The classes `BufferedReader`, `BufferedWriter`, `BufferedRandom`, `BufferedRWPair` and their methods.

use super::base::{self, STREAM, is_closed, size_arg, unsupported};
use super::buffered::{self as b, Buffered, READS, WRITES, locked, require, this};
use super::file::no_pickle;
use ferropy_vm::types::Bytes;
use ferropy_vm::{Args, Exc, Field, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};

pub static READER: TypeDef = TypeDef::new::<Buffered>(
    "_io.BufferedReader",
    READER_METHODS,
    "Create a new buffered reader using the given readable raw IO object.",
)
.flags(STREAM)
.base(|cx| cx.native_class(&base::BUFFERED_BASE));
pub static WRITER: TypeDef =
    TypeDef::new::<Buffered>("_io.BufferedWriter", WRITER_METHODS, "A buffer for a writeable sequential RawIO object.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&base::BUFFERED_BASE));
pub static RANDOM: TypeDef =
    TypeDef::new::<Buffered>("_io.BufferedRandom", RANDOM_METHODS, "A buffered interface to random access streams.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&base::BUFFERED_BASE));
pub static RW_PAIR: TypeDef =
    TypeDef::new::<RwPair>("_io.BufferedRWPair", PAIR_METHODS, "A buffered reader and writer object together.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&base::BUFFERED_BASE));

macro_rules! common {
    ($name:ident, $init:ident: $($more:expr),* $(,)?) => {
        static $name: &[NativeDef] = &[
            NativeDef::method("__init__(self, raw, buffer_size=DEFAULT_BUFFER_SIZE)", $init, ""),
            NativeDef::method("detach(self, /)", detach, ""),
            NativeDef::method("flush(self, /)", flush, ""),
            NativeDef::method("close(self, /)", close, ""),
            NativeDef::method("seekable(self, /)", seekable, ""),
            NativeDef::method("fileno(self, /)", fileno, ""),
            NativeDef::method("isatty(self, /)", isatty, ""),
            NativeDef::method("seek(self, target, whence=0, /)", seek, ""),
            NativeDef::method("tell(self, /)", tell, ""),
            NativeDef::method("truncate(self, pos=None, /)", truncate, ""),
            NativeDef::method("_dealloc_warn(self, source, /)", dealloc_warn, ""),
            NativeDef::method("__repr__(self, /)", repr, ""),
            NativeDef::method("__getstate__(self, /)", no_pickle, ""),
            NativeDef::getter("closed", closed, ""),
            NativeDef::getter("name", name, ""),
            NativeDef::getter("mode", mode, ""),
            NativeDef::getter("raw", raw, ""),
            $($more),*
        ];
    };
}

common!(READER_METHODS, init_reader:
    NativeDef::method("readable(self, /)", readable, ""),
    NativeDef::method("read(self, size=-1, /)", read, ""),
    NativeDef::method("read1(self, size=-1, /)", read1, ""),
    NativeDef::method("readinto(self, buffer, /)", readinto, ""),
    NativeDef::method("readinto1(self, buffer, /)", readinto1, ""),
    NativeDef::method("peek(self, size=0, /)", peek, ""),
    NativeDef::method("readline(self, size=-1, /)", readline, ""),
    NativeDef::method("__next__(self, /)", next, ""),
);
common!(WRITER_METHODS, init_writer:
    NativeDef::method("writable(self, /)", writable, ""),
    NativeDef::method("write(self, buffer, /)", write, ""),
);
common!(RANDOM_METHODS, init_random:
    NativeDef::method("readable(self, /)", readable, ""),
    NativeDef::method("writable(self, /)", writable, ""),
    NativeDef::method("read(self, size=-1, /)", read, ""),
    NativeDef::method("read1(self, size=-1, /)", read1, ""),
    NativeDef::method("readinto(self, buffer, /)", readinto, ""),
    NativeDef::method("readinto1(self, buffer, /)", readinto1, ""),
    NativeDef::method("peek(self, size=0, /)", peek, ""),
    NativeDef::method("readline(self, size=-1, /)", readline, ""),
    NativeDef::method("__next__(self, /)", next, ""),
    NativeDef::method("write(self, buffer, /)", write, ""),
);

fn init_reader(cx: &mut Thread, a: Args<'_>) -> R {
    b::initialise(cx, a[0], a[1], a.opt(2), READS)?;
    Ok(Value::NONE)
}
fn init_writer(cx: &mut Thread, a: Args<'_>) -> R {
    b::initialise(cx, a[0], a[1], a.opt(2), WRITES)?;
    Ok(Value::NONE)
}
fn init_random(cx: &mut Thread, a: Args<'_>) -> R {
    if !base::ask(cx, a[1], "seekable")? {
        return Err(unsupported(cx, "File or stream is not seekable."));
    }
    b::initialise(cx, a[0], a[1], a.opt(2), READS | WRITES)?;
    Ok(Value::NONE)
}

fn read(cx: &mut Thread, a: Args<'_>) -> R {
    if let Some(n) = a.some(1)
        && cx.has_index(n)
        && cx.index(n)? < -1
    {
        return Err(cx.value_error("read length must be non-negative or -1"));
    }
    let n = size_arg(cx, a.opt(1))?;
    let s = require(cx, a[0], "read")?;
    let data = locked(cx, s, |cx| match n {
        None => b::read_all(cx, s),
        Some(n) => b::read_exact(cx, s, n),
    })?;
    match data {
        Some(d) => Ok(cx.new_bytes(&d)?.value()),
        None => Ok(Value::NONE),
    }
}
fn read1(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(1) {
        Some(n) => usize::try_from(cx.index(n)?).ok(),
        None => None,
    };
    let s = require(cx, a[0], "read")?;
    let d = locked(cx, s, |cx| b::read1(cx, s, n))?;
    Ok(cx.new_bytes(&d)?.value())
}
fn into(cx: &mut Thread, a: Args<'_>, once: bool) -> R {
    let s = require(cx, a[0], "readinto")?;
    let n = cx.buffer_mut(a[1])?.len;
    let data = locked(cx, s, |cx| if once { b::readinto1(cx, s, n).map(Some) } else { b::read_exact(cx, s, n) })?;
    let Some(data) = data else { return Ok(Value::NONE) };
    let target = cx.buffer_mut(a[1])?;
    let n = data.len().min(target.len);
    target.bytes_mut()[..n].copy_from_slice(&data[..n]);
    Ok(Value::small_int(n as i64))
}
fn readinto(cx: &mut Thread, a: Args<'_>) -> R {
    into(cx, a, false)
}
fn readinto1(cx: &mut Thread, a: Args<'_>) -> R {
    into(cx, a, true)
}
fn peek(cx: &mut Thread, a: Args<'_>) -> R {
    let s = require(cx, a[0], "peek")?;
    let d = locked(cx, s, |cx| b::peek(cx, s))?;
    Ok(cx.new_bytes(&d)?.value())
}
fn readline(cx: &mut Thread, a: Args<'_>) -> R {
    let limit = size_arg(cx, a.opt(1))?;
    let s = require(cx, a[0], "readline")?;
    let d = locked(cx, s, |cx| b::read_line(cx, s, limit))?;
    Ok(cx.new_bytes(&d)?.value())
}
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let line = if b::exact(cx, a[0]).is_some() {
        b::check_open(cx, s, "readline of closed file")?;
        let d = locked(cx, s, |cx| b::read_line(cx, s, None))?;
        cx.new_bytes(&d)?.value()
    } else {
        cx.call_method(a[0], "readline", &[])?
    };
    let Some(bytes) = line.cast::<Bytes>() else {
        let class = cx.class_name(line);
        let text = format!("readline() should have returned a bytes object, not '{class}'");
        return Err(cx.error(Exc::OSError, text));
    };
    if bytes.len == 0 { Err(cx.stop_iteration(Value::NULL)) } else { Ok(line) }
}
fn write(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    if a[1].cast::<ferropy_vm::types::Str>().is_some() {
        return Err(cx.type_error("a bytes-like object is required, not 'str'"));
    }
    let data = cx.bytes_of(a[1])?;
    let n = locked(cx, s, |cx| {
        b::check_open(cx, s, "write to closed file")?;
        b::write(cx, s, &data)
    })?;
    Ok(Value::small_int(n as i64))
}
fn flush(cx: &mut Thread, a: Args<'_>) -> R {
    let s = require(cx, a[0], "flush")?;
    locked(cx, s, |cx| b::flush(cx, s))?;
    Ok(Value::NONE)
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    b::close(cx, a[0])
}
fn detach(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(a[0], "flush", &[])?;
    Ok(b::detach(cx, s))
}
fn seekable(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "seekable", &[])
}
fn readable(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "readable", &[])
}
fn writable(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "writable", &[])
}
fn fileno(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "fileno", &[])
}
fn isatty(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "isatty", &[])
}
fn seek(cx: &mut Thread, a: Args<'_>) -> R {
    let whence = match a.opt(2) {
        Some(w) => cx.index(w)?,
        None => 0,
    };
    if !(0..=4).contains(&whence) {
        return Err(cx.value_error(format!("whence value {whence} unsupported")));
    }
    let s = require(cx, a[0], "seek")?;
    let pos = cx.index(a[1])?;
    if !base::ask(cx, s.raw.get(), "seekable")? {
        return Err(unsupported(cx, "File or stream is not seekable."));
    }
    let n = locked(cx, s, |cx| b::seek(cx, s, pos, whence as i32))?;
    cx.int(n)
}
fn tell(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    let n = locked(cx, s, |cx| b::tell(cx, s))?;
    cx.int(n)
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let s = require(cx, a[0], "truncate")?;
    if s.can.get() & WRITES == 0 {
        return Err(unsupported(cx, "truncate"));
    }
    let size = locked(cx, s, |cx| {
        b::flush(cx, s)?;
        match a.some(1) {
            Some(v) => Ok(v),
            None => {
                let n = b::tell(cx, s)?;
                cx.int(n)
            }
        }
    })?;
    cx.call_method(s.raw.get(), "truncate", &[size])
}
fn dealloc_warn(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.call_method(s.raw.get(), "_dealloc_warn", &[a[1]])
}
fn closed(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.getattr_str(s.raw.get(), "closed")
}
fn name(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.getattr_str(s.raw.get(), "name")
}
fn mode(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a[0])?;
    cx.getattr_str(s.raw.get(), "mode")
}
fn raw(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0].cast::<Buffered>().and_then(|s| s.raw.get().bound()).unwrap_or(Value::NONE))
}
fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let class = cx.type_name(class);
    let text = match base::repr_name(cx, a[0])? {
        Some(n) => [b"<", class.as_bytes(), b" name=", n.bytes(), b">"].concat(),
        None => format!("<{class}>").into_bytes(),
    };
    Ok(cx.new_wtf8(&text)?.value())
}

// ---- BufferedRWPair

#[repr(C)]
pub struct RwPair {
    reader: Field,
    writer: Field,
}
heap_kind!(RwPair, "BufferedRWPair", 2);

static PAIR_METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)", pair_init, ""),
    NativeDef::method("read(self, size=-1, /)", |cx, a| pair_pass(cx, a, "read", true), ""),
    NativeDef::method("read1(self, size=-1, /)", |cx, a| pair_pass(cx, a, "read1", true), ""),
    NativeDef::method("peek(self, size=0, /)", |cx, a| pair_pass(cx, a, "peek", true), ""),
    NativeDef::method("readinto(self, buffer, /)", |cx, a| pair_pass(cx, a, "readinto", true), ""),
    NativeDef::method("readinto1(self, buffer, /)", |cx, a| pair_pass(cx, a, "readinto1", true), ""),
    NativeDef::method("write(self, buffer, /)", |cx, a| pair_pass(cx, a, "write", false), ""),
    NativeDef::method("flush(self, /)", |cx, a| pair_pass(cx, a, "flush", false), ""),
    NativeDef::method("readable(self, /)", |cx, a| pair_pass(cx, a, "readable", true), ""),
    NativeDef::method("writable(self, /)", |cx, a| pair_pass(cx, a, "writable", false), ""),
    NativeDef::method("close(self, /)", pair_close, ""),
    NativeDef::method("isatty(self, /)", pair_isatty, ""),
    NativeDef::method("__getstate__(self, /)", no_pickle, ""),
    NativeDef::getter("closed", pair_closed, ""),
];

fn pair(cx: &mut Thread, v: Value) -> R<Gc<RwPair>> {
    match v.cast::<RwPair>() {
        Some(p) if !p.writer.get().is_null() => Ok(p),
        _ => Err(cx.value_error("I/O operation on uninitialized object")),
    }
}
fn pair_init(cx: &mut Thread, a: Args<'_>) -> R {
    if !base::ask(cx, a[1], "readable")? {
        return Err(unsupported(cx, "File or stream is not readable."));
    }
    if !base::ask(cx, a[2], "writable")? {
        return Err(unsupported(cx, "File or stream is not writable."));
    }
    let size = match a.opt(3) {
        Some(n) => n,
        None => Value::small_int(super::BUFFER_SIZE as i64),
    };
    let (reader, writer) = (cx.native_class(&READER)?.value(), cx.native_class(&WRITER)?.value());
    let r = cx.call(reader, &[a[1], size])?;
    let w = cx.call(writer, &[a[2], size])?;
    let Some(p) = a[0].cast::<RwPair>() else { return Err(cx.type_error("a BufferedRWPair is expected")) };
    p.reader.set(cx, p, r);
    p.writer.set(cx, p, w);
    Ok(Value::NONE)
}
fn pair_pass(cx: &mut Thread, a: Args<'_>, method: &str, reads: bool) -> R {
    let p = pair(cx, a[0])?;
    let to = if reads { p.reader.get() } else { p.writer.get() };
    match a.opt(1) {
        Some(x) => cx.call_method(to, method, &[x]),
        None => cx.call_method(to, method, &[]),
    }
}
fn pair_close(cx: &mut Thread, a: Args<'_>) -> R {
    let p = pair(cx, a[0])?;
    let first = cx.call_method(p.writer.get(), "close", &[]);
    let e = if first.is_err() { cx.take_pending() } else { Value::NULL };
    let second = cx.call_method(p.reader.get(), "close", &[]);
    match e.bound() {
        None => second,
        Some(e) => {
            if second.is_err()
                && let Some(x) = cx.pending.cast::<ferropy_vm::types::Exception>()
            {
                x.context.set(cx, x, e);
                return second;
            }
            Err(cx.reraise(e))
        }
    }
}
fn pair_isatty(cx: &mut Thread, a: Args<'_>) -> R {
    let p = pair(cx, a[0])?;
    if base::ask(cx, p.writer.get(), "isatty")? {
        return Ok(Value::TRUE);
    }
    cx.call_method(p.reader.get(), "isatty", &[])
}
fn pair_closed(cx: &mut Thread, a: Args<'_>) -> R {
    let p = pair(cx, a[0])?;
    Ok(Value::bool(is_closed(cx, p.writer.get())?))
}
