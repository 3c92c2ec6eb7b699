//! `bytes(...)`, and what `bytearray(...)` shares with it.

use super::is_bytes;
use crate::str_::{class_arg, codec};
use ferropy_vm::types::{Bytes, List, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, N, R, Thread, Value};

/// Which of the two types is made; their messages differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Bytes,
    ByteArray,
}

impl Of {
    fn range_message(self) -> &'static str {
        match self {
            Of::Bytes => "bytes must be in range(0, 256)",
            Of::ByteArray => "byte must be in range(0, 256)",
        }
    }
    fn name(self) -> &'static str {
        match self {
            Of::Bytes => "bytes",
            Of::ByteArray => "bytearray",
        }
    }
}

pub fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0])?;
    let (source, encoding, errors) = (a.opt(1), a.opt(2), a.opt(3));
    let exact = class == cx.builtin(B::Bytes);
    if let (Some(v), None, None) = (source, encoding, errors) {
        if exact && v.shape() == B::Bytes as u32 {
            return Ok(v);
        }
        if let Some(r) = by_method(cx, v)? {
            return if exact { Ok(r) } else { of_class(cx, class, r) };
        }
    }
    let data = content(cx, source, encoding, errors, Of::Bytes)?;
    if exact { Ok(cx.new_bytes(&data)?.value()) } else { cx.new_bytes_of(class, &data) }
}

fn of_class(cx: &mut Thread, class: ferropy_vm::Gc<ferropy_vm::types::Class>, v: Value) -> R {
    let data = cx.bytes_of(v)?;
    cx.new_bytes_of(class, &data)
}

/// What `__bytes__` returns.
fn by_method(cx: &mut Thread, v: Value) -> R<Option<Value>> {
    if v.shape() == B::Bytes as u32 {
        return Ok(None);
    }
    let Some(r) = cx.call_special(v, N::__bytes__, &[])? else { return Ok(None) };
    if r.cast::<Bytes>().is_none() {
        let got = cx.class_name(r);
        return Err(cx.type_error(format!("__bytes__ returned non-bytes (type {got})")));
    }
    Ok(Some(r))
}

/// The bytes that the constructor's arguments mean.
pub fn content(
    cx: &mut Thread,
    source: Option<Value>,
    encoding: Option<Value>,
    errors: Option<Value>,
    of: Of,
) -> R<Vec<u8>> {
    let Some(v) = source else {
        return match (encoding, errors) {
            (Some(_), _) => Err(cx.type_error("encoding without a string argument")),
            (_, Some(_)) => Err(cx.type_error("errors without a string argument")),
            _ => Ok(Vec::new()),
        };
    };
    if let Some(s) = v.as_str() {
        if encoding.is_none() {
            return Err(cx.type_error("string argument without an encoding"));
        }
        let encoding = crate::str_::codec_arg(cx, encoding, &format!("{}() argument 'encoding'", of.name()))?;
        let errors = crate::str_::codec_arg(cx, errors, &format!("{}() argument 'errors'", of.name()))?;
        let r = codec::encode_object(cx, s, encoding.as_deref(), errors.as_deref())?;
        return cx.bytes_of(r);
    }
    if encoding.is_some() {
        return Err(cx.type_error("encoding without a string argument"));
    }
    if errors.is_some() {
        return Err(cx.type_error("errors without a string argument"));
    }
    if !is_bytes(v) && cx.has_index(v) {
        let n = cx.index_or(v, Exc::OverflowError);
        if let Some(n) = cx.catch(Exc::TypeError, n)? {
            return zeros(cx, n);
        }
    }
    if let Some(copy) = crate::memoryview::copy_of(cx, v)? {
        return Ok(copy);
    }
    if let Some(b) = cx.buffer_opt(v)? {
        return Ok(b.bytes().to_vec());
    }
    if !is_iterable(cx, v) {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("cannot convert '{got}' object to {}", of.name())));
    }
    from_iterable(cx, v, of)
}

fn zeros(cx: &mut Thread, n: i64) -> R<Vec<u8>> {
    match n {
        ..0 => Err(cx.value_error("negative count")),
        _ if n >= 1 << 36 => Err(cx.memory_error()),
        _ => Ok(vec![0; n as usize]),
    }
}

pub fn is_iterable(cx: &mut Thread, v: Value) -> bool {
    v.cast::<List>().is_some()
        || v.cast::<Tuple>().is_some()
        || cx.lookup_special(v, N::__iter__).is_some_and(|f| !f.is_none())
        || cx.lookup_special(v, N::__getitem__).is_some()
}

/// Bytes from an iterable of integers.
pub fn from_iterable(cx: &mut Thread, v: Value, of: Of) -> R<Vec<u8>> {
    let mut out = Vec::new();
    if v.shape() == B::List as u32
        && let Some(l) = v.cast::<List>()
    {
        let mut i = 0;
        while let Some(x) = l.get(i) {
            out.push(one(cx, x, of)?);
            i += 1;
        }
        return Ok(out);
    }
    let it = cx.iter(v)?;
    cx.length_hint(v, 0)?;
    while let Some(x) = cx.next_inline(it)? {
        out.push(one(cx, x, of)?);
    }
    Ok(out)
}

fn one(cx: &mut Thread, v: Value, of: Of) -> R<u8> {
    if let Some(n) = v.as_int()
        && let Ok(b) = u8::try_from(n)
    {
        return Ok(b);
    }
    let n = cx.index_value(v)?;
    match n.to_i64().and_then(|n| u8::try_from(n).ok()) {
        Some(b) => Ok(b),
        None => Err(cx.value_error(of.range_message())),
    }
}

pub fn getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let data = super::this(cx, a)?;
    let copy = cx.new_bytes(data)?.value();
    Ok(cx.new_tuple(&[copy])?.value())
}

pub fn bytes(cx: &mut Thread, a: Args<'_>) -> R {
    let data = super::this(cx, a)?;
    super::same(cx, a[0], data)
}

pub fn decode(cx: &mut Thread, a: Args<'_>) -> R {
    if a.opt(2).is_none()
        && let Some(codec) = crate::str_::quick_codec(a.opt(1))
    {
        return codec::decode_quick(cx, codec, a[0]);
    }
    let encoding = crate::str_::codec_arg(cx, a.opt(1), "decode() argument 'encoding'")?;
    let errors = crate::str_::codec_arg(cx, a.opt(2), "decode() argument 'errors'")?;
    let b = cx.buffer(a[0])?;
    codec::decode_object(cx, b, encoding.as_deref(), errors.as_deref())
}
