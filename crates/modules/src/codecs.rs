//! `_codecs`: the codec registry as Python sees it, and the codecs of the standard encodings as functions.
//!
//! The work is done by `ferropy_builtins::str_::codec` (registry, error handlers) and `ferropy_text::codecs`.

mod charmap;

use ferropy_builtins::str_::codec::{self, Native, decode_steps, encode_steps};
use ferropy_text::codecs::{self as tc, CodecError};
use ferropy_text::escape;
use ferropy_text::int::Endian;
use ferropy_vm::types::{Str, Tuple};
use ferropy_vm::{Args, Exc, Gc, NativeDef, R, Thread, Value};

/// Registers the module.
pub fn register(cx: &mut Thread) {
    cx.register_module("_codecs", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_codecs", "", FUNCTIONS)?;
    for (name, def) in codec::BUILTIN_HANDLERS.iter().zip(HANDLERS) {
        if codec::lookup_error(cx, name)?.is_none() {
            let f = cx.native_function(m.name.get(), def)?;
            let key = cx.new_str(name)?.value();
            codec::register_error(cx, key, f)?;
        }
    }
    Ok(m.value())
}

/// The text of a name argument.
fn name_of(cx: &mut Thread, v: Value, what: &str) -> R<String> {
    let s = cx.expect_text(v, what)?;
    let Some(text) = s.as_str().map(str::to_owned) else {
        return Err(codec::encode_error(cx, "utf-8", s, 0, 1, "surrogates not allowed"));
    };
    if text.contains('\0') {
        return Err(cx.value_error("embedded null character"));
    }
    Ok(text)
}

/// The name of the error handler; strict if not given.
fn errors_of(cx: &mut Thread, v: Option<Value>, function: &str) -> R<String> {
    match v {
        Some(v) if !v.is_none() => {
            if v.as_str().is_none() {
                let got = cx.class_name(v);
                return Err(cx.type_error(format!("{function}() argument 2 must be str or None, not {got}")));
            }
            name_of(cx, v, "errors")
        }
        _ => Ok("strict".to_owned()),
    }
}

fn flag(cx: &mut Thread, v: Option<Value>) -> R<bool> {
    match v {
        Some(v) => cx.truth(v),
        None => Ok(false),
    }
}

fn pair(cx: &mut Thread, v: Value, n: usize) -> R {
    let n = cx.int(n as i64)?;
    Ok(cx.new_tuple(&[v, n])?.value())
}

/// (text, number of bytes used).
fn decoded(cx: &mut Thread, out: &[u8], used: usize) -> R {
    let s = cx.new_wtf8(out)?.value();
    pair(cx, s, used)
}

/// (bytes, number of characters).
fn encoded(cx: &mut Thread, out: &[u8], s: Gc<Str>) -> R {
    let b = cx.new_bytes(out)?.value();
    pair(cx, b, s.len())
}

fn text_of(cx: &mut Thread, v: Value, function: &str) -> R<Gc<Str>> {
    cx.expect_text(v, &format!("{function}() argument 1"))
}

// ---- registry

fn register_search(cx: &mut Thread, a: Args<'_>) -> R {
    codec::register(cx, a[0])?;
    Ok(Value::NONE)
}
fn unregister_search(cx: &mut Thread, a: Args<'_>) -> R {
    codec::unregister(cx, a[0])?;
    Ok(Value::NONE)
}
fn lookup(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_of(cx, a[0], "lookup() argument")?;
    Ok(codec::lookup(cx, &name)?.value())
}
fn forget(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_of(cx, a[0], "_forget_codec() argument")?;
    codec::forget(cx, &name)?;
    Ok(Value::NONE)
}
fn register_error(cx: &mut Thread, a: Args<'_>) -> R {
    name_of(cx, a[0], "register_error() argument 1")?;
    codec::register_error(cx, a[0], a[1])?;
    Ok(Value::NONE)
}
fn unregister_error(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_of(cx, a[0], "_unregister_error() argument")?;
    if codec::BUILTIN_HANDLERS.contains(&&*name) {
        return Err(cx.value_error(format!("cannot un-register built-in error handler '{name}'")));
    }
    Ok(Value::bool(codec::unregister_error(cx, a[0])?))
}
fn lookup_error(cx: &mut Thread, a: Args<'_>) -> R {
    let name = name_of(cx, a[0], "lookup_error() argument")?;
    match codec::lookup_error(cx, &name)? {
        Some(f) => Ok(f),
        None => Err(cx.error(Exc::LookupError, format!("unknown error handler name '{name}'"))),
    }
}

fn by_codec(cx: &mut Thread, a: Args<'_>, index: usize, function: &str) -> R {
    let name = match a.opt(1) {
        Some(v) => name_of(cx, v, &format!("{function}() argument 'encoding'"))?,
        None => "utf-8".to_owned(),
    };
    let errors = match a.opt(2) {
        Some(v) => Some(name_of(cx, v, &format!("{function}() argument 'errors'"))?),
        None => None,
    };
    let t: Gc<Tuple> = codec::lookup(cx, &name)?;
    codec::call_codec(cx, t, index, a[0], errors.as_deref())
}
fn encode(cx: &mut Thread, a: Args<'_>) -> R {
    by_codec(cx, a, 0, "encode")
}
fn decode(cx: &mut Thread, a: Args<'_>) -> R {
    by_codec(cx, a, 1, "decode")
}

// ---- error handlers as functions

macro_rules! handlers {
    ($($name:ident $text:literal;)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            codec::run_handler(cx, $text, a[0])
        })*
    };
}
handlers! {
    strict_errors "strict";
    ignore_errors "ignore";
    replace_errors "replace";
    xmlcharrefreplace_errors "xmlcharrefreplace";
    backslashreplace_errors "backslashreplace";
    namereplace_errors "namereplace";
    surrogatepass_errors "surrogatepass";
    surrogateescape_errors "surrogateescape";
}

/// In the order of [`codec::BUILTIN_HANDLERS`].
static HANDLERS: &[NativeDef] = &[
    NativeDef::function("strict_errors(exc, /)", strict_errors, "Implements the 'strict' error handling."),
    NativeDef::function("ignore_errors(exc, /)", ignore_errors, "Implements the 'ignore' error handling."),
    NativeDef::function("replace_errors(exc, /)", replace_errors, "Implements the 'replace' error handling."),
    NativeDef::function(
        "xmlcharrefreplace_errors(exc, /)",
        xmlcharrefreplace_errors,
        "Implements the 'xmlcharrefreplace' error handling.",
    ),
    NativeDef::function(
        "backslashreplace_errors(exc, /)",
        backslashreplace_errors,
        "Implements the 'backslashreplace' error handling.",
    ),
    NativeDef::function(
        "namereplace_errors(exc, /)",
        namereplace_errors,
        "Implements the 'namereplace' error handling.",
    ),
    NativeDef::function("surrogatepass(exc, /)", surrogatepass_errors, ""),
    NativeDef::function("surrogateescape(exc, /)", surrogateescape_errors, ""),
];

// ---- encoders

fn encode_native(cx: &mut Thread, a: Args<'_>, n: Native, function: &str) -> R {
    let s = text_of(cx, a[0], function)?;
    let errors = errors_of(cx, a.opt(1), function)?;
    let out = codec::encode_native(cx, n, s, &errors)?;
    encoded(cx, &out, s)
}
fn utf_8_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_native(cx, a, Native::Utf8, "utf_8_encode")
}
fn ascii_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_native(cx, a, Native::Ascii, "ascii_encode")
}
fn latin_1_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_native(cx, a, Native::Latin1, "latin_1_encode")
}

/// The order that an integer argument means: negative little, positive big.
fn order_of(cx: &mut Thread, v: Option<Value>) -> R<Option<Endian>> {
    Ok(match v {
        None => None,
        Some(v) => match cx.index(v)? {
            0 => None,
            n if n < 0 => Some(Endian::Little),
            _ => Some(Endian::Big),
        },
    })
}

type WideEncoder = fn(&mut Thread, Gc<Str>, &str, Option<Endian>, &mut Vec<u8>) -> R<()>;

fn encode_wide(cx: &mut Thread, a: Args<'_>, f: WideEncoder, order: Option<Endian>, name: &str) -> R {
    let s = text_of(cx, a[0], name)?;
    let errors = errors_of(cx, a.opt(1), name)?;
    let mut out = Vec::with_capacity(s.len() * 2 + 4);
    f(cx, s, &errors, order, &mut out)?;
    encoded(cx, &out, s)
}
fn utf_16_encode(cx: &mut Thread, a: Args<'_>) -> R {
    let order = order_of(cx, a.opt(2))?;
    encode_wide(cx, a, codec::utf16_encode, order, "utf_16_encode")
}
fn utf_16_le_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_wide(cx, a, codec::utf16_encode, Some(Endian::Little), "utf_16_le_encode")
}
fn utf_16_be_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_wide(cx, a, codec::utf16_encode, Some(Endian::Big), "utf_16_be_encode")
}
fn utf_32_encode(cx: &mut Thread, a: Args<'_>) -> R {
    let order = order_of(cx, a.opt(2))?;
    encode_wide(cx, a, codec::utf32_encode, order, "utf_32_encode")
}
fn utf_32_le_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_wide(cx, a, codec::utf32_encode, Some(Endian::Little), "utf_32_le_encode")
}
fn utf_32_be_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_wide(cx, a, codec::utf32_encode, Some(Endian::Big), "utf_32_be_encode")
}

/// Codecs that cannot fail.
fn encode_total(cx: &mut Thread, a: Args<'_>, name: &str, f: fn(&[u8], &mut Vec<u8>)) -> R {
    let s = text_of(cx, a[0], name)?;
    errors_of(cx, a.opt(1), name)?;
    let mut out = Vec::with_capacity(s.bytes().len());
    f(s.bytes(), &mut out);
    encoded(cx, &out, s)
}
fn utf_7_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_total(cx, a, "utf_7_encode", tc::utf7_encode)
}
fn unicode_escape_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_total(cx, a, "unicode_escape_encode", escape::unicode_escape_encode)
}
fn raw_unicode_escape_encode(cx: &mut Thread, a: Args<'_>) -> R {
    encode_total(cx, a, "raw_unicode_escape_encode", escape::raw_unicode_escape_encode)
}

fn escape_encode(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(b) = a[0].cast::<ferropy_vm::types::Bytes>() else {
        let got = cx.class_name(a[0]);
        return Err(cx.type_error(format!("escape_encode() argument 1 must be bytes, not {got}")));
    };
    let out = escape::escape_encode(b.data());
    let v = cx.new_bytes(&out)?.value();
    pair(cx, v, b.len)
}

fn readbuffer_encode(cx: &mut Thread, a: Args<'_>) -> R {
    let data = bytes_or_text(cx, a[0])?;
    let v = cx.new_bytes(&data)?.value();
    pair(cx, v, data.len())
}

// ---- decoders

/// A copy of bytes, or of a string's UTF-8.
fn bytes_or_text(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    match v.as_str() {
        Some(s) => codec::encode_native(cx, Native::Utf8, s, "strict"),
        None => cx.bytes_of(v),
    }
}

fn utf_8_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "utf_8_decode")?;
    let last = flag(cx, a.opt(2))?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let n = codec::utf8_decode(cx, &data, &errors, last, &mut out)?;
    decoded(cx, &out, n)
}

fn utf_7_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "utf_7_decode")?;
    let last = flag(cx, a.opt(2))?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let mut step = |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| Ok(tc::utf7_decode(s, at, last, out));
    let n = decode_steps(cx, &data, 0, "utf7", &errors, last, &mut out, &mut step)?;
    decoded(cx, &out, n)
}

fn ascii_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "ascii_decode")?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let mut step = |_: &mut Thread, s: &[u8], at, _, out: &mut Vec<u8>| Ok(tc::ascii_decode(s, at, out));
    decode_steps(cx, &data, 0, "ascii", &errors, true, &mut out, &mut step)?;
    decoded(cx, &out, data.len())
}

fn latin_1_decode(cx: &mut Thread, a: Args<'_>) -> R {
    errors_of(cx, a.opt(1), "latin_1_decode")?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len() * 2);
    tc::latin1_decode(&data, &mut out);
    decoded(cx, &out, data.len())
}

type WideDecoder = fn(&mut Thread, &[u8], &str, Option<Endian>, bool, &mut Vec<u8>) -> R<(usize, Option<Endian>)>;

fn decode_wide(cx: &mut Thread, a: Args<'_>, f: WideDecoder, order: Option<Endian>, name: &str) -> R {
    let errors = errors_of(cx, a.opt(1), name)?;
    let last = flag(cx, a.opt(2))?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let (n, _) = f(cx, &data, &errors, order, last, &mut out)?;
    decoded(cx, &out, n)
}
fn utf_16_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf16_decode, None, "utf_16_decode")
}
fn utf_16_le_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf16_decode, Some(Endian::Little), "utf_16_le_decode")
}
fn utf_16_be_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf16_decode, Some(Endian::Big), "utf_16_be_decode")
}
fn utf_32_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf32_decode, None, "utf_32_decode")
}
fn utf_32_le_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf32_decode, Some(Endian::Little), "utf_32_le_decode")
}
fn utf_32_be_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide(cx, a, codec::utf32_decode, Some(Endian::Big), "utf_32_be_decode")
}

/// Also returns the byte order seen.
fn decode_wide_ex(cx: &mut Thread, a: Args<'_>, f: WideDecoder, name: &str) -> R {
    let errors = errors_of(cx, a.opt(1), name)?;
    let order = order_of(cx, a.opt(2))?;
    let last = flag(cx, a.opt(3))?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let (n, seen) = f(cx, &data, &errors, order, last, &mut out)?;
    let s = cx.new_wtf8(&out)?.value();
    let seen = match seen {
        None => 0,
        Some(Endian::Little) => -1,
        Some(Endian::Big) => 1,
    };
    let n = cx.int(n as i64)?;
    Ok(cx.new_tuple(&[s, n, Value::small_int(seen)])?.value())
}
fn utf_16_ex_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide_ex(cx, a, codec::utf16_decode, "utf_16_ex_decode")
}
fn utf_32_ex_decode(cx: &mut Thread, a: Args<'_>) -> R {
    decode_wide_ex(cx, a, codec::utf32_decode, "utf_32_ex_decode")
}

fn unicode_escape_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "unicode_escape_decode")?;
    let last = a.opt(2).is_none() || flag(cx, a.opt(2))?;
    let data = bytes_or_text(cx, a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let mut invalid = None;
    let mut step = |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| {
        Ok(escape::unicode_escape_decode(s, at, last, out, &mut invalid))
    };
    let n = decode_steps(cx, &data, 0, "unicodeescape", &errors, last, &mut out, &mut step)?;
    warn_invalid(cx, &data, invalid)?;
    decoded(cx, &out, n)
}

/// DeprecationWarning for the first invalid escape.
fn warn_invalid(cx: &mut Thread, data: &[u8], at: Option<usize>) -> R<()> {
    let Some(rest) = at.and_then(|at| data.get(at + 1..)) else { return Ok(()) };
    let text = match rest {
        [b'4'..=b'7', b'0'..=b'7', b'0'..=b'7', ..] => {
            format!("\"\\{}\" is an invalid octal escape sequence", String::from_utf8_lossy(&rest[..3]))
        }
        [b, ..] => format!("\"\\{}\" is an invalid escape sequence", *b as char),
        [] => return Ok(()),
    };
    cx.warn(Exc::DeprecationWarning, &text)
}

fn raw_unicode_escape_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "raw_unicode_escape_decode")?;
    let last = a.opt(2).is_none() || flag(cx, a.opt(2))?;
    let data = bytes_or_text(cx, a[0])?;
    let mut out = Vec::with_capacity(data.len());
    let mut step =
        |_: &mut Thread, s: &[u8], at, last, out: &mut Vec<u8>| Ok(escape::raw_unicode_escape_decode(s, at, last, out));
    let n = decode_steps(cx, &data, 0, "rawunicodeescape", &errors, last, &mut out, &mut step)?;
    decoded(cx, &out, n)
}

fn escape_decode(cx: &mut Thread, a: Args<'_>) -> R {
    let errors = errors_of(cx, a.opt(1), "escape_decode")?;
    let data = bytes_or_text(cx, a[0])?;
    let (out, invalid) = match escape::escape_decode(&data, &errors) {
        Ok(x) => x,
        Err(e) => return Err(cx.text_error(e)),
    };
    warn_invalid(cx, &data, invalid)?;
    let v = cx.new_bytes(&out)?.value();
    pair(cx, v, data.len())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("register(search_function, /)", register_search, "Register a codec search function."),
    NativeDef::function("unregister(search_function, /)", unregister_search, "Unregister a codec search function."),
    NativeDef::function(
        "lookup(encoding, /)",
        lookup,
        "Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.",
    ),
    NativeDef::function(
        "encode(obj, encoding='utf-8', errors='strict')",
        encode,
        "Encodes obj using the codec registered for encoding.",
    ),
    NativeDef::function(
        "decode(obj, encoding='utf-8', errors='strict')",
        decode,
        "Decodes obj using the codec registered for encoding.",
    ),
    NativeDef::function(
        "_forget_codec(encoding, /)",
        forget,
        "Purge the named codec from the internal codec lookup cache",
    ),
    NativeDef::function(
        "register_error(errors, handler, /)",
        register_error,
        "Register the specified error handler under the name errors.",
    ),
    NativeDef::function(
        "_unregister_error(errors, /)",
        unregister_error,
        "Un-register the specified error handler for the error handling `errors'.",
    ),
    NativeDef::function("lookup_error(name, /)", lookup_error, "lookup_error(errors) -> handler"),
    NativeDef::function("escape_decode(data, errors=None, /)", escape_decode, ""),
    NativeDef::function("escape_encode(data, errors=None, /)", escape_encode, ""),
    NativeDef::function("utf_8_encode(str, errors=None, /)", utf_8_encode, ""),
    NativeDef::function("utf_8_decode(data, errors=None, final=False, /)", utf_8_decode, ""),
    NativeDef::function("utf_7_encode(str, errors=None, /)", utf_7_encode, ""),
    NativeDef::function("utf_7_decode(data, errors=None, final=False, /)", utf_7_decode, ""),
    NativeDef::function("utf_16_encode(str, errors=None, byteorder=0, /)", utf_16_encode, ""),
    NativeDef::function("utf_16_le_encode(str, errors=None, /)", utf_16_le_encode, ""),
    NativeDef::function("utf_16_be_encode(str, errors=None, /)", utf_16_be_encode, ""),
    NativeDef::function("utf_16_decode(data, errors=None, final=False, /)", utf_16_decode, ""),
    NativeDef::function("utf_16_le_decode(data, errors=None, final=False, /)", utf_16_le_decode, ""),
    NativeDef::function("utf_16_be_decode(data, errors=None, final=False, /)", utf_16_be_decode, ""),
    NativeDef::function("utf_16_ex_decode(data, errors=None, byteorder=0, final=False, /)", utf_16_ex_decode, ""),
    NativeDef::function("utf_32_encode(str, errors=None, byteorder=0, /)", utf_32_encode, ""),
    NativeDef::function("utf_32_le_encode(str, errors=None, /)", utf_32_le_encode, ""),
    NativeDef::function("utf_32_be_encode(str, errors=None, /)", utf_32_be_encode, ""),
    NativeDef::function("utf_32_decode(data, errors=None, final=False, /)", utf_32_decode, ""),
    NativeDef::function("utf_32_le_decode(data, errors=None, final=False, /)", utf_32_le_decode, ""),
    NativeDef::function("utf_32_be_decode(data, errors=None, final=False, /)", utf_32_be_decode, ""),
    NativeDef::function("utf_32_ex_decode(data, errors=None, byteorder=0, final=False, /)", utf_32_ex_decode, ""),
    NativeDef::function("unicode_escape_encode(str, errors=None, /)", unicode_escape_encode, ""),
    NativeDef::function("unicode_escape_decode(data, errors=None, final=True, /)", unicode_escape_decode, ""),
    NativeDef::function("raw_unicode_escape_encode(str, errors=None, /)", raw_unicode_escape_encode, ""),
    NativeDef::function("raw_unicode_escape_decode(data, errors=None, final=True, /)", raw_unicode_escape_decode, ""),
    NativeDef::function("latin_1_encode(str, errors=None, /)", latin_1_encode, ""),
    NativeDef::function("latin_1_decode(data, errors=None, /)", latin_1_decode, ""),
    NativeDef::function("ascii_encode(str, errors=None, /)", ascii_encode, ""),
    NativeDef::function("ascii_decode(data, errors=None, /)", ascii_decode, ""),
    NativeDef::function("charmap_encode(str, errors=None, mapping=None, /)", charmap::encode, ""),
    NativeDef::function("charmap_decode(data, errors=None, mapping=None, /)", charmap::decode, ""),
    NativeDef::function("charmap_build(map, /)", charmap::build, ""),
    NativeDef::function("readbuffer_encode(data, errors=None, /)", readbuffer_encode, ""),
];
