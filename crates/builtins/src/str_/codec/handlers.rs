//! Error handlers: the built-in ones natively, others by calling Python.

use super::{raise_decode, raise_encode, registry};
use ferropy_text::codecs::CodecError;
use ferropy_text::repr::push_escape;
use ferropy_text::{unicode, wtf8};
use ferropy_vm::types::{Bytes, Str, Tuple};
use ferropy_vm::{Exc, Gc, R, Raised, Thread, Value};

/// Names of the handlers that are always there.
pub const BUILTIN_HANDLERS: &[&str] = &[
    "strict",
    "ignore",
    "replace",
    "xmlcharrefreplace",
    "backslashreplace",
    "namereplace",
    "surrogatepass",
    "surrogateescape",
];

/// What an encoding error is replaced by: bytes as they are, or text that is still to be encoded.
pub enum Replacement {
    Bytes(Vec<u8>),
    Text(Vec<u8>),
}

/// A family of encodings, for `surrogatepass`.
#[derive(Clone, Copy)]
enum Family {
    Utf8,
    Utf16 { big: bool },
    Utf32 { big: bool },
}

fn family(encoding: &str) -> Option<Family> {
    let name: String = encoding.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    let rest = name.strip_prefix("utf")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    if matches!(rest, "8") || name == "cp65001" {
        return Some(Family::Utf8);
    }
    let (wide, order) = match (rest.strip_prefix("16"), rest.strip_prefix("32")) {
        (Some(o), _) => (false, o),
        (_, Some(o)) => (true, o),
        _ => return None,
    };
    let big = match order.strip_prefix('-').unwrap_or(order) {
        "" | "le" => false,
        "be" => true,
        _ => return None,
    };
    Some(if wide { Family::Utf32 { big } } else { Family::Utf16 { big } })
}

fn push_unit(out: &mut Vec<u8>, f: Family, c: u32) {
    match f {
        Family::Utf8 => wtf8::push(out, c),
        Family::Utf16 { big: true } => out.extend((c as u16).to_be_bytes()),
        Family::Utf16 { big: false } => out.extend((c as u16).to_le_bytes()),
        Family::Utf32 { big: true } => out.extend(c.to_be_bytes()),
        Family::Utf32 { big: false } => out.extend(c.to_le_bytes()),
    }
}

/// The surrogate that begins at `at`, and its length in bytes.
fn surrogate_at(data: &[u8], at: usize, f: Family) -> Option<(u32, usize)> {
    let rest = data.get(at..)?;
    let (c, n) = match (f, rest) {
        (Family::Utf8, [0xED, b @ 0xA0..=0xBF, c @ 0x80..=0xBF, ..]) => {
            (0xD000 | u32::from(b & 0x3F) << 6 | u32::from(c & 0x3F), 3)
        }
        (Family::Utf16 { big }, [a, b, ..]) => {
            let u = if big { u16::from_be_bytes([*a, *b]) } else { u16::from_le_bytes([*a, *b]) };
            (u32::from(u), 2)
        }
        (Family::Utf32 { big }, [a, b, c, d, ..]) => {
            let four = [*a, *b, *c, *d];
            (if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }, 4)
        }
        _ => return None,
    };
    wtf8::is_surrogate(c).then_some((c, n))
}

/// Bytes as surrogates; the number of bytes taken.
fn escape_bytes(data: &[u8], start: usize, end: usize, out: &mut Vec<u8>) -> usize {
    let bytes = &data[start..end.min(start + 4)];
    let n = bytes.iter().take_while(|b| **b >= 0x80).count();
    bytes[..n].iter().for_each(|b| wtf8::push(out, 0xDC00 + u32::from(*b)));
    n
}

/// What a built-in handler makes of a decoding error: the replacement and where to go on; None: it is none of them.
pub fn native_decode(
    cx: &mut Thread,
    encoding: &str,
    errors: &str,
    data: &[u8],
    e: &CodecError,
) -> R<Option<(Vec<u8>, usize)>> {
    let mut out = Vec::new();
    let mut next = e.end;
    match errors {
        "" | "strict" => return Err(raise_decode(cx, encoding, data, e)),
        "ignore" => {}
        "replace" => wtf8::push(&mut out, 0xFFFD),
        "backslashreplace" => data[e.start..e.end].iter().for_each(|b| push_escape(&mut out, u32::from(*b))),
        "surrogateescape" => match escape_bytes(data, e.start, e.end, &mut out) {
            0 => return Err(raise_decode(cx, encoding, data, e)),
            n => next = e.start + n,
        },
        "surrogatepass" => match family(encoding).and_then(|f| surrogate_at(data, e.start, f)) {
            Some((c, n)) => {
                wtf8::push(&mut out, c);
                next = e.start + n;
            }
            None => return Err(raise_decode(cx, encoding, data, e)),
        },
        "xmlcharrefreplace" | "namereplace" => {
            return Err(cx.type_error("don't know how to handle UnicodeDecodeError in error callback"));
        }
        _ => return Ok(None),
    }
    Ok(Some((out, next)))
}

fn handler(cx: &mut Thread, errors: &str) -> R {
    match registry::lookup_error(cx, errors)? {
        Some(f) => Ok(f),
        None => Err(cx.error(Exc::LookupError, format!("unknown error handler name '{errors}'"))),
    }
}

/// The exception that was just made pending.
fn taken(cx: &mut Thread, _: Raised) -> Value {
    cx.take_pending()
}

/// Position that a handler returned, resolved against a length.
fn position(cx: &mut Thread, v: Value, len: usize) -> R<usize> {
    let n = cx.index(v)?;
    let at = if n < 0 { n + len as i64 } else { n };
    match usize::try_from(at) {
        Ok(at) if at <= len => Ok(at),
        _ => Err(cx.index_error(format!("position {n} from error handler out of bounds"))),
    }
}

/// Asks a handler written in Python about a decoding error: replacement, position, and the new input if it changed.
pub fn python_decode(
    cx: &mut Thread,
    encoding: &str,
    errors: &str,
    data: &[u8],
    e: &CodecError,
) -> R<(Vec<u8>, usize, Option<Vec<u8>>)> {
    const SHAPE: &str = "decoding error handler must return (str, int) tuple";
    let f = handler(cx, errors)?;
    let r = raise_decode(cx, encoding, data, e);
    let exc = taken(cx, r);
    let r = cx.call(f, &[exc])?;
    let Some(t) = r.cast::<Tuple>().filter(|t| t.len == 2) else { return Err(cx.type_error(SHAPE)) };
    let (text, at) = (t.at(0), t.at(1));
    let Some(text) = text.as_str().filter(|_| cx.has_index(at)) else { return Err(cx.type_error(SHAPE)) };
    let object = cx.getattr_str(exc, "object")?;
    let changed = match object.cast::<Bytes>() {
        Some(b) if b.data() != data => Some(b.data().to_vec()),
        Some(_) => None,
        None => return Err(cx.type_error("exception attribute object must be bytes")),
    };
    let len = changed.as_ref().map_or(data.len(), Vec::len);
    let next = position(cx, at, len)?;
    Ok((text.bytes().to_vec(), next, changed))
}

/// The faulty characters of an encoding error.
fn faulty<'a>(s: &'a [u8], e: &CodecError) -> wtf8::Chars<'a> {
    wtf8::chars(&s[e.start..e.end])
}

/// Appends `\N{NAME}` or an escape.
fn push_named(out: &mut Vec<u8>, c: u32) {
    match unicode::name(c) {
        Some(n) => out.extend(format!("\\N{{{n}}}").bytes()),
        None => push_escape(out, c),
    }
}

/// What the handler makes of an encoding error, and the offset to go on from.
pub fn encode_error(
    cx: &mut Thread,
    encoding: &str,
    errors: &str,
    s: Gc<Str>,
    e: &CodecError,
) -> R<(Replacement, usize)> {
    let mut out = Vec::new();
    let text = s.bytes();
    match errors {
        "" | "strict" => return Err(raise_encode(cx, encoding, s, e)),
        "ignore" => {}
        "replace" => out.resize(wtf8::count(&text[e.start..e.end]), b'?'),
        "backslashreplace" => faulty(text, e).for_each(|c| push_escape(&mut out, c)),
        "xmlcharrefreplace" => faulty(text, e).for_each(|c| out.extend(format!("&#{c};").bytes())),
        "namereplace" => faulty(text, e).for_each(|c| push_named(&mut out, c)),
        "surrogateescape" => return escape_surrogates(cx, encoding, s, e),
        "surrogatepass" => return pass_surrogates(cx, encoding, s, e),
        _ => return python_encode(cx, encoding, errors, s, e),
    }
    Ok((Replacement::Text(out), e.end))
}

fn escape_surrogates(cx: &mut Thread, encoding: &str, s: Gc<Str>, e: &CodecError) -> R<(Replacement, usize)> {
    let mut out = Vec::new();
    for c in faulty(s.bytes(), e) {
        if !(0xDC80..=0xDCFF).contains(&c) {
            return Err(raise_encode(cx, encoding, s, e));
        }
        out.push((c - 0xDC00) as u8);
    }
    Ok((Replacement::Bytes(out), e.end))
}

fn pass_surrogates(cx: &mut Thread, encoding: &str, s: Gc<Str>, e: &CodecError) -> R<(Replacement, usize)> {
    let mut out = Vec::new();
    let Some(f) = family(encoding) else { return Err(raise_encode(cx, encoding, s, e)) };
    for c in faulty(s.bytes(), e) {
        if !wtf8::is_surrogate(c) {
            return Err(raise_encode(cx, encoding, s, e));
        }
        push_unit(&mut out, f, c);
    }
    Ok((Replacement::Bytes(out), e.end))
}

fn python_encode(cx: &mut Thread, encoding: &str, errors: &str, s: Gc<Str>, e: &CodecError) -> R<(Replacement, usize)> {
    const SHAPE: &str = "encoding error handler must return (str/bytes, int) tuple";
    let f = handler(cx, errors)?;
    let r = raise_encode(cx, encoding, s, e);
    let exc = taken(cx, r);
    let r = cx.call(f, &[exc])?;
    let Some(t) = r.cast::<Tuple>().filter(|t| t.len == 2) else { return Err(cx.type_error(SHAPE)) };
    let (what, at) = (t.at(0), t.at(1));
    let replacement = match (what.as_str(), what.cast::<Bytes>()) {
        (Some(t), _) => Replacement::Text(t.bytes().to_vec()),
        (_, Some(b)) => Replacement::Bytes(b.data().to_vec()),
        _ => return Err(cx.type_error(SHAPE)),
    };
    if !cx.has_index(at) {
        return Err(cx.type_error(SHAPE));
    }
    let next = position(cx, at, s.len())?;
    Ok((replacement, cx.str_offset(s, next)?))
}

/// A Unicode error's fields as a handler needs them.
struct Fault {
    object: Value,
    start: usize,
    end: usize,
}

fn fault(cx: &mut Thread, exc: Value) -> R<Fault> {
    let object = cx.getattr_str(exc, "object")?;
    let len = cx.len(object)? as i64;
    let start = cx.getattr_str(exc, "start")?;
    let start = cx.index(start)?.clamp(0, len);
    let end = cx.getattr_str(exc, "end")?;
    let end = cx.index(end)?.clamp(0, len);
    Ok(Fault { object, start: start as usize, end: end.max(start) as usize })
}

/// Calls a built-in handler from Python: `codecs.replace_errors(exc)` and so on; (replacement, position).
pub fn run_handler(cx: &mut Thread, name: &str, exc: Value) -> R {
    let kinds = [Exc::UnicodeEncodeError, Exc::UnicodeDecodeError, Exc::UnicodeTranslateError];
    let is = |cx: &mut Thread, e: Exc| {
        let class = cx.exc_class(e);
        cx.is_instance(exc, class)
    };
    if name == "strict" {
        if is(cx, Exc::BaseException) {
            return Err(cx.raise_value(exc));
        }
        return Err(cx.type_error("codec must pass exception instance"));
    }
    let Some(kind) = kinds.into_iter().find(|k| is(cx, *k)) else { return Err(unknown(cx, exc)) };
    let f = fault(cx, exc)?;
    let (text, at) = match kind {
        Exc::UnicodeDecodeError => answer_decode(cx, name, exc, &f)?,
        _ => answer_encode(cx, name, exc, &f, kind == Exc::UnicodeTranslateError)?,
    };
    let at = cx.int(at as i64)?;
    Ok(cx.new_tuple(&[text, at])?.value())
}

fn unknown(cx: &mut Thread, exc: Value) -> Raised {
    let got = cx.class_name(exc);
    cx.type_error(format!("don't know how to handle {got} in error callback"))
}

fn answer_decode(cx: &mut Thread, name: &str, exc: Value, f: &Fault) -> R<(Value, usize)> {
    let data = cx.bytes_of(f.object)?;
    let mut out = Vec::new();
    let mut next = f.end;
    match name {
        "ignore" => {}
        "replace" => wtf8::push(&mut out, 0xFFFD),
        "backslashreplace" => data[f.start..f.end].iter().for_each(|b| push_escape(&mut out, u32::from(*b))),
        "surrogateescape" => match escape_bytes(&data, f.start, f.end, &mut out) {
            0 => return Err(cx.raise_value(exc)),
            n => next = f.start + n,
        },
        "surrogatepass" => {
            let encoding = cx.getattr_str(exc, "encoding")?;
            let encoding = cx.str(encoding)?.to_lossy();
            match family(&encoding).and_then(|k| surrogate_at(&data, f.start, k)) {
                Some((c, n)) => {
                    wtf8::push(&mut out, c);
                    next = f.start + n;
                }
                None => return Err(cx.raise_value(exc)),
            }
        }
        _ => return Err(unknown(cx, exc)),
    }
    Ok((cx.new_wtf8(&out)?.value(), next))
}

fn answer_encode(cx: &mut Thread, name: &str, exc: Value, f: &Fault, translate: bool) -> R<(Value, usize)> {
    let s = cx.expect_text(f.object, "object attribute")?;
    let part = wtf8::slice(s.bytes(), f.start, f.end).to_vec();
    let mut out = Vec::new();
    match name {
        "ignore" => {}
        "replace" if translate => (f.start..f.end).for_each(|_| wtf8::push(&mut out, 0xFFFD)),
        "replace" => out.resize(f.end - f.start, b'?'),
        "backslashreplace" => wtf8::chars(&part).for_each(|c| push_escape(&mut out, c)),
        _ if translate => return Err(unknown(cx, exc)),
        "xmlcharrefreplace" => wtf8::chars(&part).for_each(|c| out.extend(format!("&#{c};").bytes())),
        "namereplace" => wtf8::chars(&part).for_each(|c| push_named(&mut out, c)),
        _ => {
            let encoding = cx.getattr_str(exc, "encoding")?;
            let encoding = cx.str(encoding)?.to_lossy();
            for c in wtf8::chars(&part) {
                match (name, family(&encoding)) {
                    ("surrogateescape", _) if (0xDC80..=0xDCFF).contains(&c) => out.push((c - 0xDC00) as u8),
                    ("surrogatepass", Some(k)) if wtf8::is_surrogate(c) => push_unit(&mut out, k, c),
                    _ => return Err(cx.raise_value(exc)),
                }
            }
            return Ok((cx.new_bytes(&out)?.value(), f.end));
        }
    }
    Ok((cx.new_wtf8(&out)?.value(), f.end))
}
