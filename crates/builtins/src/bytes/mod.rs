//! `bytes` and `bytearray`: what they share. What only `bytearray` has is in [`array`].
//!
//! Invariants: a slice of a bytearray's memory is not used across anything that may run Python (it could resize);
//! methods return an object of the exact base type of their receiver.

pub mod array;
mod edit;
mod iterators;
mod make;
mod query;
mod split;
mod tables;
mod text;

pub use array::{bytearray_data, new_bytearray};
pub use text::hex_of;

use ferropy_vm::types::{ByteArray, Bytes, Class};
use ferropy_vm::{Args, Buffer, Builtin as B, CmpOp, Exc, Gc, N, R, Thread, Value};

/// Adds the methods of `bytes`, `bytearray` and their iterators.
pub fn install(cx: &mut Thread) -> R<()> {
    let (bytes, array) = (cx.builtin(B::Bytes), cx.builtin(B::ByteArray));
    cx.add_methods(bytes, tables::COMMON)?;
    cx.add_methods(bytes, tables::BYTES)?;
    cx.add_methods(array, tables::COMMON)?;
    cx.add_methods(array, tables::BYTEARRAY)?;
    set_doc(cx, bytes, tables::BYTES_DOC)?;
    set_doc(cx, array, tables::BYTEARRAY_DOC)?;
    iterators::install(cx)
}

/// Sets a built-in class's `__doc__`.
pub(crate) fn set_doc(cx: &mut Thread, class: Gc<Class>, doc: &str) -> R<()> {
    let text = cx.new_str(doc)?.value();
    let key = cx.name(N::__doc__);
    cx.dict_set_str(class.dict(), key, text)
}

/// Is it a bytes or bytearray object?
pub fn is_bytes(v: Value) -> bool {
    v.cast::<Bytes>().is_some() || v.cast::<ByteArray>().is_some()
}

/// The receiver's memory.
#[inline]
pub(crate) fn this<'a>(cx: &mut Thread, a: Args<'a>) -> R<&'a [u8]> {
    match data_of(a[0]) {
        Some(d) => Ok(d),
        None => {
            let got = cx.class_name(a[0]);
            Err(cx.type_error(format!("descriptor requires a 'bytes' object but received '{got}'")))
        }
    }
}

/// The memory of a bytes or bytearray object.
pub(crate) fn data_of<'a>(v: Value) -> Option<&'a [u8]> {
    if let Some(b) = v.cast::<Bytes>() {
        // SAFETY: the slice's pointer pins the object while it is in use; callers hold `v` as well.
        return Some(unsafe { std::slice::from_raw_parts(b.data().as_ptr(), b.len) });
    }
    // SAFETY: as above.
    v.cast::<ByteArray>().map(|b| unsafe { &*(bytearray_data(b) as *mut [u8] as *const [u8]) })
}

/// A new object of the receiver's base type.
pub(crate) fn make(cx: &mut Thread, like: Value, data: &[u8]) -> R {
    match like.cast::<ByteArray>() {
        Some(_) => new_bytearray(cx, data),
        None => Ok(cx.new_bytes(data)?.value()),
    }
}

/// The receiver if it is an exact bytes object (those never change), else a copy.
pub(crate) fn same(cx: &mut Thread, v: Value, data: &[u8]) -> R {
    if v.shape() == B::Bytes as u32 { Ok(v) } else { make(cx, v, data) }
}

/// The result of an operation that may leave the data as they are.
pub(crate) fn changed(cx: &mut Thread, v: Value, data: &[u8], new: Option<Vec<u8>>) -> R {
    match new {
        Some(new) => make(cx, v, &new),
        None => same(cx, v, data),
    }
}

/// What is searched for: a bytes-like object, or one byte.
pub(crate) enum Needle {
    One([u8; 1]),
    Many(Buffer),
}

impl Needle {
    pub(crate) fn of(cx: &mut Thread, v: Value) -> R<Needle> {
        if !v.is_any_int()
            && let Some(b) = cx.buffer_opt(v)?
        {
            return Ok(Needle::Many(b));
        }
        if !cx.has_index(v) {
            let got = cx.class_name(v);
            return Err(cx.type_error(format!("argument should be integer or bytes-like object, not '{got}'")));
        }
        Ok(Needle::One([byte_of(cx, v)?]))
    }
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Needle::One(b) => b,
            Needle::Many(b) => b.bytes(),
        }
    }
}

/// An integer argument that is a byte.
#[inline]
pub(crate) fn byte_of(cx: &mut Thread, v: Value) -> R<u8> {
    if let Some(n @ 0..256) = v.as_int() {
        return Ok(n as u8);
    }
    let n = cx.index_value(v)?;
    match n.to_i64().and_then(|n| u8::try_from(n).ok()) {
        Some(b) => Ok(b),
        None => Err(cx.value_error("byte must be in range(0, 256)")),
    }
}

fn compare(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    if let (Some(x), Some(y)) = (a[0].cast::<Bytes>(), a[1].cast::<Bytes>()) {
        return Ok(Value::bool(match op {
            CmpOp::Eq => x.data() == y.data(),
            CmpOp::Ne => x.data() != y.data(),
            _ => op.of(x.data().cmp(y.data())),
        }));
    }
    if a[1].as_str().is_some() || a[1].is_any_int() {
        if cx.vm().settings.bytes_warning > 0 && matches!(op, CmpOp::Eq | CmpOp::Ne) {
            let kind = if a[1].is_any_int() { "int" } else { "string" };
            cx.warn(Exc::BytesWarning, &format!("Comparison between bytes and {kind}"))?;
        }
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let other = cx.buffer_opt(a[1]);
    let Some(other) = cx.catch(Exc::BufferError, other)?.flatten() else { return Ok(Value::NOT_IMPLEMENTED) };
    let (x, y) = (this(cx, a)?, other.bytes());
    Ok(Value::bool(match op {
        CmpOp::Eq => x == y,
        CmpOp::Ne => x != y,
        _ => op.of(x.cmp(y)),
    }))
}

macro_rules! comparisons {
    ($($name:ident $op:ident)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            compare(cx, a, CmpOp::$op)
        })*
    };
}
comparisons! { lt Lt le Le eq Eq ne Ne gt Gt ge Ge }

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a)?.len();
    cx.int(n as i64)
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?;
    let Some(b) = a[0].cast::<Bytes>() else { return cx.int(0) };
    if b.hash.get() == 0 {
        b.hash.set(cx.hash_bytes(data));
    }
    cx.int(b.hash.get() as i64)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?;
    let text = match a[0].cast::<ByteArray>() {
        None => ferropy_text::repr::repr_bytes(data),
        Some(_) => {
            let name = cx.class_name(a[0]);
            let text = ferropy_text::repr::repr_bytearray(data);
            text.replacen("bytearray", &name, 1)
        }
    };
    Ok(cx.new_str(&text)?.value())
}

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    if cx.vm().settings.bytes_warning > 0 {
        let what = if a[0].cast::<Bytes>().is_some() { "bytes" } else { "bytearray" };
        cx.warn(Exc::BytesWarning, &format!("str() on a {what} instance"))?;
    }
    repr(cx, a)
}

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a)?;
    let class = if a[0].cast::<Bytes>().is_some() { B::BytesIterator } else { B::ByteArrayIterator };
    cx.seq_iter(class, a[0])
}

fn add(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(other) = cx.buffer_opt(a[1])? else { return Ok(Value::NOT_IMPLEMENTED) };
    let data = this(cx, a)?;
    if data.is_empty() && a[1].shape() == B::Bytes as u32 && a[0].cast::<Bytes>().is_some() {
        return Ok(a[1]);
    }
    if other.len == 0 {
        return same(cx, a[0], data);
    }
    let total = data.len() + other.len;
    if a[0].cast::<Bytes>().is_some() {
        let fill = |to: &mut [u8]| {
            let (head, tail) = to.split_at_mut(data.len());
            head.copy_from_slice(data);
            tail.copy_from_slice(other.bytes());
        };
        return Ok(cx.bytes_with(total, fill)?.value());
    }
    new_bytearray(cx, &[data, other.bytes()].concat())
}

fn mul(cx: &mut Thread, a: Args<'_>) -> R {
    if !cx.has_index(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let n = cx.index(a[1])?.max(0) as usize;
    let data = this(cx, a)?;
    if n == 1 {
        return same(cx, a[0], data);
    }
    let total = repeated_len(cx, data.len(), n)?;
    if total == 0 {
        return make(cx, a[0], b"");
    }
    if a[0].cast::<Bytes>().is_some() {
        return Ok(cx.bytes_with(total, |to| crate::str_::repeat_into(to, data))?.value());
    }
    let mut out = vec![0; total];
    crate::str_::repeat_into(&mut out, data);
    new_bytearray(cx, &out)
}

/// The length of `n` copies.
fn repeated_len(cx: &mut Thread, len: usize, n: usize) -> R<usize> {
    match len.checked_mul(n) {
        Some(t) if t < 1 << 40 => Ok(t),
        Some(t) if t < 1 << 62 => Err(cx.memory_error()),
        _ => Err(cx.overflow_error("repeated bytes are too long")),
    }
}

fn modulo(cx: &mut Thread, a: Args<'_>) -> R {
    let data = this(cx, a)?.to_vec();
    let _export = cx.export(a[0]);
    let out = crate::str_::percent::format_bytes(cx, &data, a[1])?;
    make(cx, a[0], &out)
}

fn rmodulo(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(format) = data_of(a[1]) else { return Ok(Value::NOT_IMPLEMENTED) };
    let format = format.to_vec();
    let out = crate::str_::percent::format_bytes(cx, &format, a[0])?;
    make(cx, a[1], &out)
}

/// `__buffer__(flags)`.
fn buffer(cx: &mut Thread, a: Args<'_>) -> R {
    let flags = cx.index(a[1])?;
    crate::memoryview::from_flags(cx, a[0], flags)
}

/// `__release_buffer__(view)`.
fn release_buffer(cx: &mut Thread, a: Args<'_>) -> R {
    cx.call_method(a[1], "release", &[])
}
