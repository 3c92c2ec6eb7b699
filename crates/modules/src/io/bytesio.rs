//! `BytesIO`: a stream over a bytearray of its own, so that `getbuffer` is a view of that bytearray.

use super::base::{self, STREAM, size_arg};
use super::util;
use ferropy_builtins::bytes::array::check_resizable;
use ferropy_vm::types::{ByteArray, Dict, Tuple};
use ferropy_vm::{Args, Field, Gc, NativeDef, R, Thread, TypeDef, Value, heap_kind};
use std::cell::Cell;

/// All zero: empty and open.
#[repr(C)]
pub struct BytesIo {
    array: Field,
    pos: Cell<usize>,
    closed: Cell<bool>,
}
heap_kind!(BytesIo, "BytesIO", 1);

pub static BYTES_IO: TypeDef =
    TypeDef::new::<BytesIo>("_io.BytesIO", METHODS, "Buffered I/O implementation using an in-memory bytes buffer.")
        .flags(STREAM)
        .base(|cx| cx.native_class(&base::BUFFERED_BASE));

static METHODS: &[NativeDef] = &[
    NativeDef::method("__init__(self, initial_bytes=b'')", init, ""),
    NativeDef::method("read(self, size=-1, /)", read, "Read at most size bytes, returned as a bytes object."),
    NativeDef::method("read1(self, size=-1, /)", read, "Read at most size bytes, returned as a bytes object."),
    NativeDef::method("readline(self, size=-1, /)", readline, "Next line from the file, as a bytes object."),
    NativeDef::method("readlines(self, size=None, /)", readlines, "List of bytes objects, each a line from the file."),
    NativeDef::method("readinto(self, buffer, /)", readinto, "Read bytes into buffer."),
    NativeDef::method("peek(self, size=1, /)", peek, "Return bytes from the stream without advancing the position."),
    NativeDef::method("write(self, b, /)", write, "Write bytes to file."),
    NativeDef::method("writelines(self, lines, /)", writelines, "Write lines to the file."),
    NativeDef::method("seek(self, pos, whence=0, /)", seek, "Change stream position."),
    NativeDef::method("tell(self, /)", tell, "Current file position, an integer."),
    NativeDef::method("truncate(self, size=None, /)", truncate, "Truncate the file to at most size bytes."),
    NativeDef::method("getvalue(self, /)", getvalue, "Retrieve the entire contents of the BytesIO object."),
    NativeDef::method(
        "getbuffer(self, /)",
        getbuffer,
        "Get a read-write view over the contents of the BytesIO object.",
    ),
    NativeDef::method("close(self, /)", close, "Disable all I/O operations."),
    NativeDef::method("flush(self, /)", flush, "Does nothing."),
    NativeDef::method("isatty(self, /)", isatty, "Always returns False."),
    NativeDef::method("readable(self, /)", yes, ""),
    NativeDef::method("writable(self, /)", yes, ""),
    NativeDef::method("seekable(self, /)", yes, ""),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method("__getstate__(self, /)", getstate, ""),
    NativeDef::method("__setstate__(self, state, /)", setstate, ""),
    NativeDef::getter("closed", closed, "True if the file is closed."),
];

fn this(cx: &mut Thread, v: Value) -> R<(Gc<BytesIo>, Gc<ByteArray>)> {
    let Some(b) = v.cast::<BytesIo>() else { return Err(cx.type_error("a BytesIO is expected")) };
    if b.closed.get() {
        return Err(cx.value_error("I/O operation on closed file."));
    }
    if let Some(a) = b.array.cast::<ByteArray>() {
        return Ok((b, a));
    }
    let new = util::empty_bytearray(cx)?;
    b.array.set(cx, b, new);
    // SAFETY: just made.
    Ok((b, unsafe { b.array.as_gc() }))
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(b) = a[0].cast::<BytesIo>() else { return Err(cx.type_error("a BytesIO is expected")) };
    if let Some(old) = b.array.cast::<ByteArray>() {
        check_resizable(cx, old)?;
    }
    b.closed.set(false);
    b.pos.set(0);
    let data = match a.some(1) {
        Some(v) => cx.bytes_of(v)?,
        None => Vec::new(),
    };
    let new = util::new_bytearray(cx, &data)?;
    b.array.set(cx, b, new);
    Ok(Value::NONE)
}

/// What is left from the position, up to `n` bytes.
fn rest<'a>(b: Gc<BytesIo>, array: Gc<ByteArray>, n: Option<usize>) -> &'a [u8] {
    let all = util::array_bytes(array);
    let from = b.pos.get().min(all.len());
    let to = n.map_or(all.len(), |n| from.saturating_add(n).min(all.len()));
    &all[from..to]
}

fn take(cx: &mut Thread, b: Gc<BytesIo>, array: Gc<ByteArray>, n: usize) -> R {
    let data = rest(b, array, Some(n)).to_vec();
    b.pos.set(b.pos.get() + data.len());
    Ok(cx.new_bytes(&data)?.value())
}

fn read(cx: &mut Thread, a: Args<'_>) -> R {
    let n = size_arg(cx, a.opt(1))?;
    let (b, array) = this(cx, a[0])?;
    let n = rest(b, array, n).len();
    take(cx, b, array, n)
}
fn line_len(b: Gc<BytesIo>, array: Gc<ByteArray>, limit: Option<usize>) -> usize {
    let rest = rest(b, array, limit);
    memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1)
}
fn readline(cx: &mut Thread, a: Args<'_>) -> R {
    let limit = size_arg(cx, a.opt(1))?;
    let (b, array) = this(cx, a[0])?;
    let n = line_len(b, array, limit);
    take(cx, b, array, n)
}
fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, array) = this(cx, a[0])?;
    match line_len(b, array, None) {
        0 => Err(cx.stop_iteration(Value::NULL)),
        n => take(cx, b, array, n),
    }
}
fn readlines(cx: &mut Thread, a: Args<'_>) -> R {
    let hint = size_arg(cx, a.opt(1))?.filter(|n| *n > 0);
    let (b, array) = this(cx, a[0])?;
    let out = cx.new_list(&[])?;
    let mut total = 0;
    loop {
        let n = line_len(b, array, None);
        if n == 0 {
            break;
        }
        let line = take(cx, b, array, n)?;
        cx.list_append(out, line)?;
        total += n;
        if hint.is_some_and(|h| total >= h) {
            break;
        }
    }
    Ok(out.value())
}
fn readinto(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, array) = this(cx, a[0])?;
    let target = cx.buffer_mut(a[1])?;
    let data = rest(b, array, Some(target.len));
    target.bytes_mut()[..data.len()].copy_from_slice(data);
    b.pos.set(b.pos.get() + data.len());
    Ok(Value::small_int(data.len() as i64))
}
fn peek(cx: &mut Thread, a: Args<'_>) -> R {
    let n = match a.opt(1) {
        Some(n) => usize::try_from(cx.index(n)?).ok(),
        None => Some(1),
    };
    let (b, array) = this(cx, a[0])?;
    let data = rest(b, array, n.filter(|n| *n > 0)).to_vec();
    Ok(cx.new_bytes(&data)?.value())
}

fn write_data(cx: &mut Thread, b: Gc<BytesIo>, array: Gc<ByteArray>, data: &[u8]) -> R<()> {
    check_resizable(cx, array)?;
    if data.is_empty() {
        return Ok(());
    }
    let end = b.pos.get() + data.len();
    if end > array.len.get() {
        util::array_resize(cx, array, end)?;
    }
    util::array_bytes(array)[end - data.len()..end].copy_from_slice(data);
    b.pos.set(end);
    Ok(())
}
fn write(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    if a[1].cast::<ferropy_vm::types::Str>().is_some() {
        return Err(cx.type_error("a bytes-like object is required, not 'str'"));
    }
    let data = cx.bytes_of(a[1])?;
    let (b, array) = this(cx, a[0])?;
    write_data(cx, b, array, &data)?;
    Ok(Value::small_int(data.len() as i64))
}
fn writelines(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    let it = cx.iter(a[1])?;
    while let Some(line) = cx.next(it)? {
        write(cx, Args::new(&[a[0], line]))?;
    }
    Ok(Value::NONE)
}
fn seek(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, array) = this(cx, a[0])?;
    let pos = cx.index(a[1])?;
    let whence = match a.opt(2) {
        Some(w) => cx.index(w)?,
        None => 0,
    };
    let base = match whence {
        0 if pos < 0 => return Err(cx.value_error(format!("negative seek value {pos}"))),
        0 => 0,
        1 => b.pos.get() as i64,
        2 => array.len.get() as i64,
        _ => return Err(cx.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
    };
    let Some(to) = base.checked_add(pos) else { return Err(cx.overflow_error("new position too large")) };
    b.pos.set(to.max(0) as usize);
    Ok(Value::small_int(to.max(0)))
}
fn tell(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, _) = this(cx, a[0])?;
    Ok(Value::small_int(b.pos.get() as i64))
}
fn truncate(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, array) = this(cx, a[0])?;
    check_resizable(cx, array)?;
    let size = match a.some(1) {
        Some(v) => cx.index(v)?,
        None => b.pos.get() as i64,
    };
    if size < 0 {
        return Err(cx.value_error(format!("negative size value {size}")));
    }
    if (size as usize) < array.len.get() {
        array.len.set(size as usize);
    }
    Ok(Value::small_int(size))
}
fn getvalue(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, array) = this(cx, a[0])?;
    cx.bytes_with(array.len.get(), |to| to.copy_from_slice(util::array_bytes(array))).map(|b| b.value())
}
fn getbuffer(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, array) = this(cx, a[0])?;
    util::memoryview(cx, array.value())
}
fn close(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(b) = a[0].cast::<BytesIo>() else { return Err(cx.type_error("a BytesIO is expected")) };
    if let Some(array) = b.array.cast::<ByteArray>() {
        check_resizable(cx, array)?;
    }
    b.closed.set(true);
    b.array.set(cx, b, Value::NULL);
    Ok(Value::NONE)
}
fn flush(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(Value::NONE)
}
fn isatty(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(Value::FALSE)
}
fn yes(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    Ok(Value::TRUE)
}
fn closed(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(a[0].cast::<BytesIo>().is_none_or(|b| b.closed.get())))
}
fn getstate(cx: &mut Thread, a: Args<'_>) -> R {
    let (b, _) = this(cx, a[0])?;
    let value = getvalue(cx, a)?;
    let dict = cx.instance_dict(a[0])?;
    let dict = match dict.cast::<Dict>() {
        Some(d) => cx.dict_copy(d)?.value(),
        None => Value::NONE,
    };
    Ok(cx.new_tuple(&[value, Value::small_int(b.pos.get() as i64), dict])?.value())
}
/// Copies attributes from a state's dict.
pub fn restore_dict(cx: &mut Thread, v: Value, dict: Value) -> R<()> {
    if dict.is_none() {
        return Ok(());
    }
    let Some(d) = dict.cast::<Dict>() else {
        let class = cx.class_name(dict);
        return Err(cx.type_error(format!("third item of state should be a dict, got a {class}")));
    };
    let mut i = 0;
    while let Some((next, _, k, x)) = d.next_entry(i) {
        i = next;
        let Some(k) = k.cast() else { continue };
        let k = cx.intern_str(k)?;
        cx.setattr(v, k, x)?;
    }
    Ok(())
}
fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(t) = a[1].cast::<Tuple>().filter(|t| t.len >= 3) else {
        let (own, class) = (cx.class_name(a[0]), cx.class_name(a[1]));
        return Err(cx.type_error(format!("{own}.__setstate__ argument should be 3-tuple, got {class}")));
    };
    init(cx, Args::new(&[a[0], t.at(0)]))?;
    let pos = cx.index(t.at(1))?;
    if pos < 0 {
        return Err(cx.value_error("position value cannot be negative"));
    }
    let (b, _) = this(cx, a[0])?;
    b.pos.set(pos as usize);
    restore_dict(cx, a[0], t.at(2))?;
    Ok(Value::NONE)
}
