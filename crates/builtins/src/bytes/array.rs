//! The memory of bytearrays, and changing it.
//!
//! A bytearray's bytes are `len` bytes from `start` on in its buffer. While a buffer is exported (`exports`), neither may
//! change, so everything that resizes goes through [`splice`] or [`check_resizable`].

use super::byte_of;
use crate::str_::keep;
use ferropy_vm::types::{ByteArray, Bytes, Class, Slice, StrBuf};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, R, Thread, Value, null_field};

/// A new exact bytearray.
pub fn new_bytearray(cx: &mut Thread, data: &[u8]) -> R {
    let b =
        cx.alloc(B::ByteArray, ByteArray { buf: null_field(), start: 0.into(), len: 0.into(), exports: 0.into() })?;
    splice(cx, b, 0, 0, data)?;
    Ok(b.value())
}

/// The bytes. Valid until the bytearray is resized.
#[allow(clippy::mut_from_ref)]
pub fn bytearray_data<'a>(b: Gc<ByteArray>) -> &'a mut [u8] {
    match b.buf.cast::<StrBuf>() {
        // SAFETY: `len` bytes from `start` on belong to the bytearray; the interpreter lock is held.
        Some(buf) => unsafe { std::slice::from_raw_parts_mut(buf.bytes().add(b.start.get()), b.len.get()) },
        None => &mut [],
    }
}

/// BufferError while somebody looks at the memory.
pub(crate) fn check_resizable(cx: &mut Thread, b: Gc<ByteArray>) -> R<()> {
    if b.exports.get() == 0 {
        return Ok(());
    }
    // Views that died without being released count no more; only a collection finds them.
    crate::memoryview::settle(cx)?;
    if b.exports.get() > 0 {
        cx.mutator.collect_minor();
        crate::memoryview::settle(cx)?;
    }
    if b.exports.get() > 0 {
        cx.collect_all();
        crate::memoryview::settle(cx)?;
    }
    if b.exports.get() > 0 {
        return Err(cx.error(Exc::BufferError, "Existing exports of data: object cannot be re-sized"));
    }
    Ok(())
}

/// Replaces the bytes from `from` to `to` by others, which must not lie in the same bytearray.
pub(crate) fn splice(cx: &mut Thread, b: Gc<ByteArray>, from: usize, to: usize, with: &[u8]) -> R<()> {
    let len = b.len.get();
    let new = len - (to - from) + with.len();
    if new == len {
        bytearray_data(b)[from..to].copy_from_slice(with);
        return Ok(());
    }
    check_resizable(cx, b)?;
    if from == 0 && with.is_empty() && new > 0 {
        b.start.set(b.start.get() + to);
        b.len.set(new);
        return Ok(());
    }
    let capacity = b.buf.cast::<StrBuf>().map_or(0, |s| s.capacity);
    if b.start.get() + new <= capacity && new >= capacity / 4 {
        let first = bytearray_data(b).as_mut_ptr();
        // SAFETY: the buffer has room for `new` bytes from `start` on.
        unsafe {
            std::ptr::copy(first.add(to), first.add(from + with.len()), len - to);
            std::ptr::copy_nonoverlapping(with.as_ptr(), first.add(from), with.len());
        }
        b.len.set(new);
        return Ok(());
    }
    let room = if len == 0 && with.len() != 1 { new } else { new + new / 8 + 8 };
    let buf = cx.new_strbuf(room)?;
    let old = bytearray_data(b);
    // SAFETY: the new buffer has room for `new` bytes.
    unsafe {
        let first = buf.bytes();
        std::ptr::copy_nonoverlapping(old.as_ptr(), first, from);
        std::ptr::copy_nonoverlapping(with.as_ptr(), first.add(from), with.len());
        std::ptr::copy_nonoverlapping(old.as_ptr().add(to), first.add(from + with.len()), len - to);
    }
    b.buf.set(cx, b, buf);
    b.start.set(0);
    b.len.set(new);
    keep(with);
    Ok(())
}

pub(super) fn this_array(cx: &mut Thread, v: Value) -> R<Gc<ByteArray>> {
    match v.cast::<ByteArray>() {
        Some(b) => Ok(b),
        None => {
            let got = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 'bytearray' object but received '{got}'")))
        }
    }
}

pub fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let class: Gc<Class> = crate::str_::class_arg(cx, a[0])?;
    cx.alloc_instance(class)
}

pub fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    if b.len.get() > 0 {
        let n = b.len.get();
        splice(cx, b, 0, n, b"")?;
    }
    let data = super::make::content(cx, a.opt(1), a.opt(2), a.opt(3), super::make::Of::ByteArray)?;
    let n = b.len.get();
    splice(cx, b, 0, n, &data)?;
    Ok(Value::NONE)
}

/// The bytes of what is assigned to a slice: bytes-like, or an iterable of integers.
fn values(cx: &mut Thread, b: Gc<ByteArray>, v: Value, refusal: &str) -> R<Vec<u8>> {
    if v == b.value() {
        return Ok(bytearray_data(b).to_vec());
    }
    if v.is_any_int() || v.as_str().is_some() {
        return Err(cx.type_error(refusal));
    }
    if let Some(data) = cx.buffer_opt(v)? {
        return Ok(data.bytes().to_vec());
    }
    super::make::from_iterable(cx, v, super::make::Of::ByteArray)
}

const ASSIGN: &str = "can assign only bytes, buffers, or iterables of ints in range(0, 256)";

/// An index that must exist.
fn index_of(cx: &mut Thread, b: Gc<ByteArray>, key: Value) -> R<usize> {
    if !cx.has_index(key) {
        let got = cx.class_name(key);
        return Err(cx.type_error(format!("bytearray indices must be integers or slices, not {got}")));
    }
    let i = cx.index_or(key, Exc::IndexError)?;
    let len = b.len.get() as i64;
    let at = if i < 0 { i + len } else { i };
    if at < 0 || at >= len {
        return Err(cx.index_error("bytearray index out of range"));
    }
    Ok(at as usize)
}

pub fn setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    if let (Some(i), Some(byte @ 0..256)) = (a[1].as_int(), a[2].as_int()) {
        let at = if i < 0 { i + b.len.get() as i64 } else { i };
        if let Some(slot) = bytearray_data(b).get_mut(at as usize) {
            *slot = byte as u8;
            return Ok(Value::NONE);
        }
    }
    if let Some(slice) = a[1].cast::<Slice>() {
        let data = values(cx, b, a[2], ASSIGN)?;
        set_slice(cx, b, slice, &data)?;
        return Ok(Value::NONE);
    }
    index_of(cx, b, a[1])?;
    let byte = byte_of(cx, a[2])?;
    let at = index_of(cx, b, a[1])?;
    bytearray_data(b)[at] = byte;
    Ok(Value::NONE)
}

fn set_slice(cx: &mut Thread, b: Gc<ByteArray>, slice: Gc<Slice>, data: &[u8]) -> R<()> {
    let r = cx.slice_indices(slice, b.len.get())?;
    let r = if b.len.get() == 0 { cx.slice_indices(slice, 0)? } else { r };
    if r.step == 1 {
        let start = r.start as usize;
        return splice(cx, b, start, start + r.len, data);
    }
    if data.is_empty() {
        return delete(cx, b, r);
    }
    if data.len() != r.len {
        return Err(cx.value_error(format!(
            "attempt to assign bytes of size {} to extended slice of size {}",
            data.len(),
            r.len
        )));
    }
    let to = bytearray_data(b);
    r.iter().zip(data).for_each(|(i, x)| to[i] = *x);
    Ok(())
}

/// Removes the bytes at the indices.
fn delete(cx: &mut Thread, b: Gc<ByteArray>, r: ferropy_vm::ops::subscript::Indices) -> R<()> {
    if r.len == 0 {
        return Ok(());
    }
    if r.step == 1 {
        return splice(cx, b, r.start as usize, r.start as usize + r.len, b"");
    }
    check_resizable(cx, b)?;
    let data = bytearray_data(b);
    let mut gone: Vec<usize> = r.iter().collect();
    gone.sort_unstable();
    let mut gone = gone.into_iter().peekable();
    let mut to = 0;
    for i in 0..data.len() {
        if gone.peek() == Some(&i) {
            gone.next();
            continue;
        }
        data[to] = data[i];
        to += 1;
    }
    b.len.set(to);
    Ok(())
}

pub fn delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    match a[1].cast::<Slice>() {
        Some(slice) => {
            let r = cx.slice_indices(slice, b.len.get())?;
            delete(cx, b, r)?;
        }
        None => {
            let at = index_of(cx, b, a[1])?;
            splice(cx, b, at, at + 1, b"")?;
        }
    }
    Ok(Value::NONE)
}

pub fn append(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let byte = byte_of(cx, a[1])?;
    let n = b.len.get();
    if b.exports.get() == 0
        && let Some(buf) = b.buf.cast::<StrBuf>()
        && b.start.get() + n < buf.capacity
    {
        // SAFETY: the buffer has room for one byte more.
        unsafe { *buf.bytes().add(b.start.get() + n) = byte };
        b.len.set(n + 1);
        return Ok(Value::NONE);
    }
    splice(cx, b, n, n, &[byte])?;
    Ok(Value::NONE)
}

pub fn extend(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    if a[1].as_str().is_some() {
        return Err(cx.type_error("expected iterable of integers; got: 'str'"));
    }
    if let Some(other) = a[1].cast::<Bytes>() {
        let n = b.len.get();
        splice(cx, b, n, n, other.data())?;
        keep(other);
        return Ok(Value::NONE);
    }
    let refusal = format!("can't extend bytearray with {}", cx.class_name(a[1]));
    if cx.buffer_opt(a[1])?.is_none() && !super::make::is_iterable(cx, a[1]) {
        return Err(cx.type_error(refusal));
    }
    let end = b.len.get();
    let data = values(cx, b, a[1], &refusal)?;
    // Finding the bytes may have changed the length.
    let end = end.min(b.len.get());
    splice(cx, b, end, end, &data)?;
    Ok(Value::NONE)
}

pub fn iadd(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    if let Some(other) = a[1].cast::<Bytes>() {
        let n = b.len.get();
        splice(cx, b, n, n, other.data())?;
        keep(other);
        return Ok(a[0]);
    }
    let Some(other) = cx.buffer_opt(a[1])? else {
        let (got, own) = (cx.class_name(a[1]), cx.class_name(a[0]));
        return Err(cx.type_error(format!("can't concat {got} to {own}")));
    };
    let data = other.bytes().to_vec();
    let n = b.len.get();
    splice(cx, b, n, n, &data)?;
    Ok(a[0])
}

pub fn imul(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    if !cx.has_index(a[1]) {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can't multiply sequence by non-int of type '{got}'")));
    }
    let n = cx.index(a[1])?.max(0) as usize;
    let old = bytearray_data(b).to_vec();
    let total = super::repeated_len(cx, old.len(), n)?;
    let mut out = vec![0; total];
    if total > 0 {
        crate::str_::repeat_into(&mut out, &old);
    }
    splice(cx, b, 0, old.len(), &out)?;
    Ok(a[0])
}

pub fn insert(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let i = cx.index(a[1])?;
    let byte = byte_of(cx, a[2])?;
    let len = b.len.get() as i64;
    let at = if i < 0 { (i + len).max(0) } else { i.min(len) } as usize;
    splice(cx, b, at, at, &[byte])?;
    Ok(Value::NONE)
}

pub fn pop(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let i = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => -1,
    };
    let len = b.len.get() as i64;
    if len == 0 {
        return Err(cx.index_error("pop from empty bytearray"));
    }
    let at = if i < 0 { i + len } else { i };
    if at < 0 || at >= len {
        return Err(cx.index_error("pop index out of range"));
    }
    let byte = bytearray_data(b)[at as usize];
    splice(cx, b, at as usize, at as usize + 1, b"")?;
    Ok(Value::small_int(byte as i64))
}

pub fn remove(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let byte = byte_of(cx, a[1])?;
    match memchr::memchr(byte, bytearray_data(b)) {
        Some(at) => {
            splice(cx, b, at, at + 1, b"")?;
            Ok(Value::NONE)
        }
        None => Err(cx.value_error("value not found in bytearray")),
    }
}

pub fn resize(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let n = cx.index(a[1])?;
    if n < 0 {
        return Err(cx.value_error(format!("bytearray.resize(): new size must be >= 0, got {n}")));
    }
    if n >= 1 << 40 {
        return Err(cx.memory_error());
    }
    let (n, len) = (n as usize, b.len.get());
    if n <= len {
        splice(cx, b, n, len, b"")?;
    } else {
        splice(cx, b, len, len, &vec![0; n - len])?;
    }
    Ok(Value::NONE)
}

pub fn reverse(cx: &mut Thread, a: Args<'_>) -> R {
    bytearray_data(this_array(cx, a[0])?).reverse();
    Ok(Value::NONE)
}

pub fn clear(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    let n = b.len.get();
    splice(cx, b, 0, n, b"")?;
    Ok(Value::NONE)
}

pub fn copy(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    new_bytearray(cx, bytearray_data(b))
}

pub fn alloc(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    // Room for a byte behind the last one is always there.
    cx.int(b.buf.cast::<StrBuf>().map_or(1, |s| s.capacity as i64 + 1))
}

pub fn sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let b = this_array(cx, a[0])?;
    cx.int(size_of::<ByteArray>() as i64 + 16 + b.buf.cast::<StrBuf>().map_or(0, |s| s.capacity as i64))
}

/// What pickling calls: (class, arguments, state).
fn reduce_with(cx: &mut Thread, v: Value, protocol: i64) -> R {
    let b = this_array(cx, v)?;
    let state = cx.call_method(v, "__getstate__", &[])?;
    let args = if protocol < 3 {
        let mut text = Vec::new();
        ferropy_text::codecs::latin1_decode(bytearray_data(b), &mut text);
        let (text, name) = (cx.new_wtf8(&text)?.value(), cx.intern("latin-1")?);
        cx.new_tuple(&[text, name])?
    } else {
        let data = cx.new_bytes(bytearray_data(b))?.value();
        cx.new_tuple(&[data])?
    };
    let class = cx.class_of(v).value();
    Ok(cx.new_tuple(&[class, args.value(), state])?.value())
}

pub fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    reduce_with(cx, a[0], 2)
}

pub fn reduce_ex(cx: &mut Thread, a: Args<'_>) -> R {
    let protocol = match a.opt(1) {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    reduce_with(cx, a[0], protocol)
}
