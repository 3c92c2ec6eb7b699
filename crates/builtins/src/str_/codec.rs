//! Encoding and decoding: the shortcuts, the registry of codecs, and the loop around the codecs of crate `text`.
//!
//! Terms: a *step* is one run of a codec up to the end or an error; a *handler* answers an error by a replacement and the
//! position to go on from. The handlers that CPython builds in are native here ([`handlers`]).
//! Other crates use [`decode`], [`encode`], [`lookup`], [`decode_steps`] and [`encode_steps`].

mod handlers;
mod registry;

pub use handlers::{BUILTIN_HANDLERS, run_handler};
pub use registry::{forget, lookup, lookup_error, register, register_error, text_codec, unregister, unregister_error};

use ferropy_text::codecs::{self, CodecError, CodecResult};
use ferropy_text::int::Endian;
use ferropy_text::wtf8;
use ferropy_vm::types::{Bytes, Str, Tuple};
use ferropy_vm::{Buffer, Exc, Gc, R, Raised, Thread, Value};

/// A codec that needs no look-up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Native {
    Utf8,
    Ascii,
    Latin1,
    Utf16,
    Utf32,
}

/// Finds the shortcut for an encoding's name.
pub fn native(name: &str) -> Option<Native> {
    if name == "utf-8" {
        return Some(Native::Utf8);
    }
    if name.len() > 12 {
        return None;
    }
    let plain: String = name.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    Some(match &*plain {
        "utf-8" | "utf8" => Native::Utf8,
        "ascii" | "us-ascii" => Native::Ascii,
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" => Native::Latin1,
        "utf-16" | "utf16" => Native::Utf16,
        "utf-32" | "utf32" => Native::Utf32,
        _ => return None,
    })
}

/// One run of a decoder over (input, start, last) into an output; returns how far it came.
pub type DecodeStep<'f> = dyn FnMut(&mut Thread, &[u8], usize, bool, &mut Vec<u8>) -> R<CodecResult<usize>> + 'f;
/// One run of an encoder over (WTF-8 text, start) into an output.
pub type EncodeStep<'f> = dyn FnMut(&mut Thread, &[u8], usize, &mut Vec<u8>) -> R<CodecResult<()>> + 'f;

/// The text of bytes.
pub fn decode(cx: &mut Thread, data: &[u8], encoding: &str, errors: &str) -> R {
    match native(encoding) {
        Some(n) => decode_native(cx, n, data, errors),
        None => {
            let object = cx.new_bytes(data)?.value();
            decode_by_codec(cx, object, encoding, errors)
        }
    }
}

/// The bytes of a text.
pub fn encode(cx: &mut Thread, s: Gc<Str>, encoding: &str, errors: &str) -> R {
    match native(encoding) {
        Some(n) => {
            if s.is_ascii() && matches!(n, Native::Utf8 | Native::Ascii | Native::Latin1) {
                let b = cx.new_bytes(s.bytes())?;
                super::keep(s);
                return Ok(b.value());
            }
            let out = encode_native(cx, n, s, errors)?;
            Ok(cx.new_bytes(&out)?.value())
        }
        None => encode_by_codec(cx, s, encoding, errors),
    }
}

/// `bytes.decode`, `str(bytes, ...)`.
pub fn decode_object(cx: &mut Thread, b: Buffer, encoding: Option<&str>, errors: Option<&str>) -> R {
    if b.len == 0 {
        return Ok(cx.vm().empty_str);
    }
    let (encoding, errors) = (encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"));
    let r = match native(encoding) {
        Some(n) => decode_native(cx, n, b.bytes(), errors),
        None => decode_by_codec(cx, b.owner, encoding, errors),
    };
    super::keep(b);
    r
}

/// `bytes.decode` with strict errors.
pub fn decode_quick(cx: &mut Thread, codec: Native, v: Value) -> R {
    let b = cx.buffer(v)?;
    if b.len == 0 {
        return Ok(cx.vm().empty_str);
    }
    let r = decode_native(cx, codec, b.bytes(), "strict");
    super::keep(b);
    r
}

/// `str.encode`.
pub fn encode_object(cx: &mut Thread, s: Gc<Str>, encoding: Option<&str>, errors: Option<&str>) -> R {
    encode(cx, s, encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))
}

fn decode_native(cx: &mut Thread, n: Native, data: &[u8], errors: &str) -> R {
    match n {
        Native::Utf8 | Native::Ascii | Native::Latin1 if data.is_ascii() => {
            return Ok(cx.new_str_counted(data, data.len())?.value());
        }
        Native::Utf8 if std::str::from_utf8(data).is_ok() => return Ok(cx.new_wtf8(data)?.value()),
        Native::Latin1 => {
            let mut out = Vec::with_capacity(data.len() * 2);
            codecs::latin1_decode(data, &mut out);
            return Ok(cx.new_str_counted(&out, data.len())?.value());
        }
        _ => {}
    }
    let mut out = Vec::with_capacity(data.len() + 16);
    match n {
        Native::Utf8 => utf8_decode(cx, data, errors, true, &mut out)?,
        Native::Utf16 => utf16_decode(cx, data, errors, None, true, &mut out)?.0,
        Native::Utf32 => utf32_decode(cx, data, errors, None, true, &mut out)?.0,
        Native::Ascii | Native::Latin1 => {
            let mut step = |_: &mut Thread, s: &[u8], at, _, out: &mut Vec<u8>| Ok(codecs::ascii_decode(s, at, out));
            decode_steps(cx, data, 0, "ascii", errors, true, &mut out, &mut step)?
        }
    };
    Ok(cx.new_wtf8(&out)?.value())
}

pub fn utf8_decode(cx: &mut Thread, data: &[u8], errors: &str, last: bool, out: &mut Vec<u8>) -> R<usize> {
    let mut step = |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| Ok(codecs::utf8_decode(s, at, last, out));
    decode_steps(cx, data, 0, "utf-8", errors, last, out, &mut step)
}

/// UTF-16 in a given order, or in that of the mark at the beginning (native without one); also returns the order.
pub fn utf16_decode(
    cx: &mut Thread,
    data: &[u8],
    errors: &str,
    order: Option<Endian>,
    last: bool,
    out: &mut Vec<u8>,
) -> R<(usize, Option<Endian>)> {
    let (start, seen) = match (order, codecs::utf16_bom(data)) {
        (Some(o), _) => (0, Some(o)),
        (None, Some((o, n))) => (n, Some(o)),
        (None, None) => (0, None),
    };
    if seen.is_none() && data.len() < 2 && !last {
        return Ok((0, None));
    }
    let name = match seen {
        Some(Endian::Little) => "utf-16-le",
        Some(Endian::Big) => "utf-16-be",
        None => "utf-16",
    };
    let order = seen.unwrap_or(Endian::Little);
    let mut step =
        |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| Ok(codecs::utf16_decode(s, at, order, last, out));
    let n = decode_steps(cx, data, start, name, errors, last, out, &mut step)?;
    Ok((n, seen))
}

pub fn utf32_decode(
    cx: &mut Thread,
    data: &[u8],
    errors: &str,
    order: Option<Endian>,
    last: bool,
    out: &mut Vec<u8>,
) -> R<(usize, Option<Endian>)> {
    let (start, seen) = match (order, codecs::utf32_bom(data)) {
        (Some(o), _) => (0, Some(o)),
        (None, Some((o, n))) => (n, Some(o)),
        (None, None) => (0, None),
    };
    if seen.is_none() && data.len() < 4 && !last {
        return Ok((0, None));
    }
    let name = match seen {
        Some(Endian::Little) => "utf-32-le",
        Some(Endian::Big) => "utf-32-be",
        None => "utf-32",
    };
    let order = seen.unwrap_or(Endian::Little);
    let mut step =
        |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| Ok(codecs::utf32_decode(s, at, order, last, out));
    let n = decode_steps(cx, data, start, name, errors, last, out, &mut step)?;
    Ok((n, seen))
}

/// The bytes of a text by a native codec.
pub fn encode_native(cx: &mut Thread, n: Native, s: Gc<Str>, errors: &str) -> R<Vec<u8>> {
    let mut out = Vec::with_capacity(s.bytes().len() + 16);
    match n {
        Native::Utf8 => {
            let mut step = |_: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| Ok(codecs::utf8_encode(s, at, out));
            encode_steps(cx, s, "utf-8", errors, &mut out, &mut step)?;
        }
        Native::Ascii => {
            let mut step = |_: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| Ok(codecs::ascii_encode(s, at, out));
            encode_steps(cx, s, "ascii", errors, &mut out, &mut step)?;
        }
        Native::Latin1 => {
            let mut step = |_: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| Ok(codecs::latin1_encode(s, at, out));
            encode_steps(cx, s, "latin-1", errors, &mut out, &mut step)?;
        }
        Native::Utf16 => utf16_encode(cx, s, errors, None, &mut out)?,
        Native::Utf32 => utf32_encode(cx, s, errors, None, &mut out)?,
    }
    Ok(out)
}

/// UTF-16 in an order, or native with a mark.
pub fn utf16_encode(cx: &mut Thread, s: Gc<Str>, errors: &str, order: Option<Endian>, out: &mut Vec<u8>) -> R<()> {
    let name = match order {
        Some(Endian::Little) => "utf-16-le",
        Some(Endian::Big) => "utf-16-be",
        None => {
            out.extend([0xFF, 0xFE]);
            "utf-16"
        }
    };
    let order = order.unwrap_or(Endian::Little);
    let mut step = |_: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| Ok(codecs::utf16_encode(s, at, order, out));
    encode_steps(cx, s, name, errors, out, &mut step)
}

pub fn utf32_encode(cx: &mut Thread, s: Gc<Str>, errors: &str, order: Option<Endian>, out: &mut Vec<u8>) -> R<()> {
    let name = match order {
        Some(Endian::Little) => "utf-32-le",
        Some(Endian::Big) => "utf-32-be",
        None => {
            out.extend([0xFF, 0xFE, 0, 0]);
            "utf-32"
        }
    };
    let order = order.unwrap_or(Endian::Little);
    let mut step = |_: &mut Thread, s: &[u8], at, out: &mut Vec<u8>| Ok(codecs::utf32_encode(s, at, order, out));
    encode_steps(cx, s, name, errors, out, &mut step)
}

/// Runs a decoder to the end, asking the handler at every error. Returns how much of the input was used.
pub fn decode_steps(
    cx: &mut Thread,
    data: &[u8],
    start: usize,
    encoding: &str,
    errors: &str,
    last: bool,
    out: &mut Vec<u8>,
    step: &mut DecodeStep<'_>,
) -> R<usize> {
    // A handler written in Python may change a mutable input, or replace it.
    let mut own: Option<Vec<u8>> = None;
    let mut at = start;
    loop {
        let input = own.as_deref().unwrap_or(data);
        let e = match step(cx, input, at, last, out)? {
            Ok(n) => return Ok(n),
            Err(e) => e,
        };
        if let Some((bytes, next)) = handlers::native_decode(cx, encoding, errors, input, &e)? {
            out.extend_from_slice(&bytes);
            at = next;
            continue;
        }
        let input = input.to_vec();
        let (bytes, next, changed) = handlers::python_decode(cx, encoding, errors, &input, &e)?;
        out.extend_from_slice(&bytes);
        at = next;
        own = Some(changed.unwrap_or(input));
    }
}

/// Runs an encoder to the end, asking the handler at every error.
pub fn encode_steps(
    cx: &mut Thread,
    s: Gc<Str>,
    encoding: &str,
    errors: &str,
    out: &mut Vec<u8>,
    step: &mut EncodeStep<'_>,
) -> R<()> {
    let mut at = 0;
    while let Err(e) = step(cx, s.bytes(), at, out)? {
        let (replacement, next) = handlers::encode_error(cx, encoding, errors, s, &e)?;
        at = next;
        match replacement {
            handlers::Replacement::Bytes(b) => out.extend_from_slice(&b),
            handlers::Replacement::Text(t) => {
                let mut part = Vec::new();
                if step(cx, &t, 0, &mut part)?.is_err() {
                    return Err(raise_encode(cx, encoding, s, &e));
                }
                out.extend_from_slice(&part);
            }
        }
    }
    super::keep(s);
    Ok(())
}

/// A pending UnicodeEncodeError with character positions.
pub fn encode_error(cx: &mut Thread, encoding: &str, s: Gc<Str>, start: usize, end: usize, reason: &str) -> Raised {
    match encode_error_args(cx, encoding, s, start, end, reason) {
        Ok(args) => cx.error_with(Exc::UnicodeEncodeError, &args),
        Err(r) => r,
    }
}

fn encode_error_args(
    cx: &mut Thread,
    encoding: &str,
    s: Gc<Str>,
    start: usize,
    end: usize,
    reason: &str,
) -> R<[Value; 5]> {
    let (name, reason) = (cx.new_str(encoding)?.value(), cx.new_str(reason)?.value());
    Ok([name, s.value(), Value::small_int(start as i64), Value::small_int(end as i64), reason])
}

pub(crate) fn raise_encode(cx: &mut Thread, encoding: &str, s: Gc<Str>, e: &CodecError) -> Raised {
    let (start, end) = (wtf8::index_of(s.bytes(), e.start), wtf8::index_of(s.bytes(), e.end));
    encode_error(cx, encoding, s, start, end, &e.reason)
}

pub(crate) fn raise_decode(cx: &mut Thread, encoding: &str, data: &[u8], e: &CodecError) -> Raised {
    let made = (|| {
        let object = cx.new_bytes(data)?.value();
        let (name, reason) = (cx.new_str(encoding)?.value(), cx.new_str(&e.reason)?.value());
        Ok([name, object, Value::small_int(e.start as i64), Value::small_int(e.end as i64), reason])
    })();
    match made {
        Ok(args) => cx.error_with(Exc::UnicodeDecodeError, &args),
        Err(r) => r,
    }
}

/// Calls entry `index` of a codec's tuple with (object, errors); the first item of what it returns.
pub fn call_codec(cx: &mut Thread, codec: Gc<Tuple>, index: usize, object: Value, errors: Option<&str>) -> R {
    let f = codec.at(index);
    let r = match errors {
        Some(e) => {
            let e = cx.new_str(e)?.value();
            cx.call(f, &[object, e])?
        }
        None => cx.call(f, &[object])?,
    };
    match r.cast::<Tuple>() {
        Some(t) if t.len == 2 => Ok(t.at(0)),
        _ => Err(cx.type_error(if index == 0 {
            "encoder must return a tuple (object, integer)"
        } else {
            "decoder must return a tuple (object,integer)"
        })),
    }
}

fn decode_by_codec(cx: &mut Thread, object: Value, encoding: &str, errors: &str) -> R {
    let codec = text_codec(cx, encoding, "decode")?;
    let v = call_codec(cx, codec, 1, object, Some(errors))?;
    if v.as_str().is_none() {
        let got = cx.class_name(v);
        return Err(cx.type_error(format!(
            "'{encoding}' decoder returned '{got}' instead of 'str'; use codecs.decode() to decode to arbitrary types"
        )));
    }
    Ok(v)
}

fn encode_by_codec(cx: &mut Thread, s: Gc<Str>, encoding: &str, errors: &str) -> R {
    let codec = text_codec(cx, encoding, "encode")?;
    let v = call_codec(cx, codec, 0, s.value(), Some(errors))?;
    if v.cast::<Bytes>().is_some() {
        return Ok(v);
    }
    let got = cx.class_name(v);
    if crate::bytes::is_bytes(v) {
        let text = format!(
            "encoder {encoding} returned {got} instead of bytes; use codecs.encode() to encode to arbitrary types"
        );
        cx.warn(Exc::RuntimeWarning, &text)?;
        let data = cx.bytes_of(v)?;
        return Ok(cx.new_bytes(&data)?.value());
    }
    Err(cx.type_error(format!(
        "'{encoding}' encoder returned '{got}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types"
    )))
}
