//! `str(...)` and `str.encode`.

use super::{class_arg, codec, exact, this};
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Builtin as B, Gc, R, Thread, Value};

/// `str.__new__`.
pub fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_arg(cx, a[0])?;
    let text = match (a.opt(1), a.opt(2).is_some() || a.opt(3).is_some()) {
        (None, false) => cx.vm().empty_str,
        (Some(v), false) => from_object(cx, v)?,
        (v, true) => from_bytes(cx, v.unwrap_or(cx.vm().empty_bytes), a.opt(2), a.opt(3))?,
    };
    if class == cx.builtin(B::Str) {
        return Ok(text);
    }
    match text.as_str() {
        Some(s) => cx.new_str_of(class, s.bytes()),
        None => Ok(text),
    }
}

fn from_object(cx: &mut Thread, v: Value) -> R {
    if cx.vm().settings.bytes_warning > 0 && crate::bytes::is_bytes(v) {
        let what = if v.cast::<ferropy_vm::types::Bytes>().is_some() { "bytes" } else { "bytearray" };
        cx.warn(ferropy_vm::Exc::BytesWarning, &format!("str() on a {what} instance"))?;
    }
    Ok(cx.str(v)?.value())
}

fn from_bytes(cx: &mut Thread, v: Value, encoding: Option<Value>, errors: Option<Value>) -> R {
    let encoding = name_arg(cx, encoding, "str() argument 'encoding'")?;
    let errors = name_arg(cx, errors, "str() argument 'errors'")?;
    if v.as_str().is_some() {
        return Err(cx.type_error("decoding str is not supported"));
    }
    let Some(buffer) = cx.buffer_opt(v)? else {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!("decoding to str: need a bytes-like object, {got} found")));
    };
    codec::decode_object(cx, buffer, encoding.as_deref(), errors.as_deref())
}

/// The codec that the usual spellings of an encoding's name mean, or no name.
pub(crate) fn quick_codec(name: Option<Value>) -> Option<codec::Native> {
    let Some(name) = name else { return Some(codec::Native::Utf8) };
    match name.as_str()?.bytes() {
        b"utf-8" | b"utf8" | b"UTF-8" => Some(codec::Native::Utf8),
        b"ascii" | b"us-ascii" => Some(codec::Native::Ascii),
        b"latin-1" | b"latin1" | b"iso-8859-1" => Some(codec::Native::Latin1),
        _ => None,
    }
}

/// The name of an encoding or error handler; None if it was not given.
pub(crate) fn name_arg(cx: &mut Thread, v: Option<Value>, what: &str) -> R<Option<String>> {
    let Some(v) = v else { return Ok(None) };
    let s = cx.expect_text(v, what)?;
    codec_name(cx, s).map(Some)
}

/// Text that names a codec: no surrogates, no null characters.
pub(crate) fn codec_name(cx: &mut Thread, s: Gc<Str>) -> R<String> {
    let Some(text) = s.as_str() else {
        return Err(codec::encode_error(cx, "utf-8", s, 0, 1, "surrogates not allowed"));
    };
    if text.contains('\0') {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(text.to_owned())
}

/// `str.encode`.
pub fn encode(cx: &mut Thread, a: Args<'_>) -> R {
    let s = this(cx, a)?;
    if a.opt(2).is_none()
        && s.is_ascii()
        && let Some(codec::Native::Utf8 | codec::Native::Ascii | codec::Native::Latin1) = quick_codec(a.opt(1))
    {
        let b = cx.new_bytes(s.bytes())?;
        super::keep(s);
        return Ok(b.value());
    }
    let encoding = name_arg(cx, a.opt(1), "encode() argument 'encoding'")?;
    let errors = name_arg(cx, a.opt(2), "encode() argument 'errors'")?;
    let exact = exact(cx, s)?;
    let _ = exact;
    codec::encode_object(cx, s, encoding.as_deref(), errors.as_deref())
}
