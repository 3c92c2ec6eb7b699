//! `binascii`: bytes as text in hexadecimal, base 64, uuencode, quoted-printable; checksums.

use crate::errors;
use ferropy_vm::types::Str;
use ferropy_vm::{Args, Exc, NativeDef, R, Raised, Thread, Value};

fn error(cx: &mut Thread, message: impl AsRef<str>) -> Raised {
    errors::raise(cx, "binascii.Error", Exc::ValueError, message)
}

/// The bytes of ASCII text or of a bytes-like object.
fn ascii(cx: &mut Thread, v: Value) -> R<Vec<u8>> {
    if let Some(s) = v.cast::<Str>() {
        if !s.is_ascii() {
            return Err(cx.value_error("string argument should contain only ASCII characters"));
        }
        return Ok(s.bytes().to_vec());
    }
    match cx.buffer_opt(v)? {
        Some(b) => Ok(b.bytes().to_vec()),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("argument should be bytes, buffer or ASCII string, not '{class}'")))
        }
    }
}

fn flag(cx: &mut Thread, v: Option<Value>, default: bool) -> R<bool> {
    match v {
        Some(v) => cx.truth(v),
        None => Ok(default),
    }
}

fn bytes(cx: &mut Thread, data: &[u8]) -> R {
    Ok(cx.new_bytes(data)?.value())
}

/// The separator's byte.
fn separator(cx: &mut Thread, v: Value) -> R<u8> {
    if cx.len(v)? != 1 {
        return Err(cx.value_error("sep must be length 1."));
    }
    if let Some(s) = v.cast::<Str>() {
        let (c, _) = ferropy_text::wtf8::decode_at(s.bytes(), 0);
        return u8::try_from(c).map_err(|_| cx.value_error("sep must be ASCII."));
    }
    match cx.buffer_opt(v)? {
        Some(b) => Ok(b.bytes().first().copied().unwrap_or(b' ')),
        None => Err(cx.type_error("sep must be str or bytes.")),
    }
}

fn hex_text(data: &[u8], sep: Option<u8>, group: i64) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let size = group.unsigned_abs() as usize;
    let mut out = Vec::with_capacity(data.len() * 3);
    for (i, b) in data.iter().enumerate() {
        if let (Some(sep), true) = (sep, i > 0 && size > 0) {
            // Positive: groups are counted from the right.
            let at = if group > 0 { data.len() - i } else { i };
            if at % size == 0 {
                out.push(sep);
            }
        }
        out.push(DIGITS[(b >> 4) as usize]);
        out.push(DIGITS[(b & 15) as usize]);
    }
    out
}

fn b2a_hex(cx: &mut Thread, a: Args<'_>) -> R {
    let sep = match a.opt(1) {
        Some(v) => Some(separator(cx, v)?),
        None => None,
    };
    let group = match a.opt(2) {
        Some(v) => cx.index(v)?,
        None => 1,
    };
    let data = cx.bytes_of(a[0])?;
    bytes(cx, &hex_text(&data, sep, group))
}

fn hex_value(b: u8) -> Option<u8> {
    (b as char).to_digit(16).map(|d| d as u8)
}

fn a2b_hex(cx: &mut Thread, a: Args<'_>) -> R {
    let text = ascii(cx, a[0])?;
    if text.len() % 2 != 0 {
        return Err(error(cx, "Odd-length string"));
    }
    let mut out = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks_exact(2) {
        match (hex_value(pair[0]), hex_value(pair[1])) {
            (Some(h), Some(l)) => out.push(h << 4 | l),
            _ => return Err(error(cx, "Non-hexadecimal digit found")),
        }
    }
    bytes(cx, &out)
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_value(b: u8) -> Option<u8> {
    Some(match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn b2a_base64(cx: &mut Thread, a: Args<'_>) -> R {
    let newline = flag(cx, a.opt(1), true)?;
    let data = cx.bytes_of(a[0])?;
    let mut out = Vec::with_capacity(data.len().div_ceil(3) * 4 + 1);
    for part in data.chunks(3) {
        let n = part.iter().fold(0u32, |n, b| n << 8 | *b as u32) << (8 * (3 - part.len()));
        for i in 0..4 {
            let digit = BASE64[(n >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= part.len() { digit } else { b'=' });
        }
    }
    if newline {
        out.push(b'\n');
    }
    bytes(cx, &out)
}

/// Decodes base 64; the error is the message.
fn base64_bytes(text: &[u8], strict: bool) -> Result<Vec<u8>, String> {
    if strict && text.first() == Some(&b'=') {
        return Err("Leading padding not allowed".into());
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut place, mut left, mut pads, mut padding) = (0, 0u8, 0, false);
    for &c in text {
        if c == b'=' {
            padding = true;
            if strict && (place == 0 || place + pads >= 4) {
                return Err("Excess padding not allowed".into());
            }
            if strict && place == 1 {
                break;
            }
            if place >= 2 {
                pads += 1;
            }
            continue;
        }
        let Some(v) = base64_value(c) else {
            if strict {
                return Err("Only base64 data is allowed".into());
            }
            continue;
        };
        if strict && place + pads >= 4 {
            return Err("Excess data after padding".into());
        }
        if strict && padding {
            return Err("Discontinuous padding not allowed".into());
        }
        pads = 0;
        match place {
            0 => left = v,
            1 => {
                out.push(left << 2 | v >> 4);
                left = v & 15;
            }
            2 => {
                out.push(left << 4 | v >> 2);
                left = v & 3;
            }
            _ => out.push(left << 6 | v),
        }
        place = (place + 1) % 4;
    }
    match place {
        0 => Ok(out),
        2 | 3 if place + pads >= 4 => Ok(out),
        1 => Err(format!(
            "Invalid base64-encoded string: number of data characters ({}) cannot be 1 more than a multiple of 4",
            out.len() / 3 * 4 + 1
        )),
        _ => Err("Incorrect padding".into()),
    }
}

fn a2b_base64(cx: &mut Thread, a: Args<'_>) -> R {
    let strict = flag(cx, a.opt(1), false)?;
    let text = ascii(cx, a[0])?;
    match base64_bytes(&text, strict) {
        Ok(out) => bytes(cx, &out),
        Err(message) => Err(error(cx, message)),
    }
}

fn b2a_uu(cx: &mut Thread, a: Args<'_>) -> R {
    let backtick = flag(cx, a.opt(1), false)?;
    let data = cx.bytes_of(a[0])?;
    if data.len() > 45 {
        return Err(error(cx, "At most 45 bytes at once"));
    }
    let shown = |n: u8| if n == 0 && backtick { b'`' } else { n + b' ' };
    let mut out = vec![shown(data.len() as u8)];
    for part in data.chunks(3) {
        let n = part.iter().fold(0u32, |n, b| n << 8 | *b as u32) << (8 * (3 - part.len()));
        out.extend((0..4).map(|i| shown((n >> (18 - 6 * i) & 63) as u8)));
    }
    out.push(b'\n');
    bytes(cx, &out)
}

fn a2b_uu(cx: &mut Thread, a: Args<'_>) -> R {
    let text = ascii(cx, a[0])?;
    let Some((&first, mut rest)) = text.split_first() else { return bytes(cx, &[]) };
    let length = (first.wrapping_sub(b' ') & 63) as usize;
    let mut out = Vec::with_capacity(length);
    let (mut bits, mut word) = (0, 0u32);
    while out.len() < length {
        let c = rest.first().copied();
        let v = match c {
            None | Some(b'\n' | b'\r') => 0,
            Some(c) if !(b' '..=b' ' + 64).contains(&c) => return Err(error(cx, "Illegal char")),
            Some(c) => c.wrapping_sub(b' ') & 63,
        };
        rest = rest.get(1..).unwrap_or(&[]);
        word = word << 6 | v as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    // What pads the last group, and nothing else, may follow.
    if rest.iter().any(|c| !matches!(c, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error(cx, "Trailing garbage"));
    }
    bytes(cx, &out)
}

fn a2b_qp(cx: &mut Thread, a: Args<'_>) -> R {
    let header = flag(cx, a.opt(1), false)?;
    let text = ascii(cx, a[0])?;
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        if text[i] != b'=' {
            out.push(if header && text[i] == b'_' { b' ' } else { text[i] });
            i += 1;
            continue;
        }
        i += 1;
        let pair = (text.get(i), text.get(i + 1));
        match pair {
            (None, _) => break,
            (Some(b'\n' | b'\r'), _) => {
                while i < text.len() && text[i] != b'\n' {
                    i += 1;
                }
                i += 1;
            }
            (Some(b'='), _) => {
                out.push(b'=');
                i += 1;
            }
            (Some(&h), Some(&l)) if h.is_ascii_hexdigit() && l.is_ascii_hexdigit() => {
                out.push(hex_value(h).unwrap_or(0) << 4 | hex_value(l).unwrap_or(0));
                i += 2;
            }
            _ => out.push(b'='),
        }
    }
    bytes(cx, &out)
}

/// How `b2a_qp` writes.
struct Quoting {
    tabs: bool,
    text: bool,
    header: bool,
    newline: &'static [u8],
}

impl Quoting {
    fn must_quote(&self, data: &[u8], i: usize, column: usize) -> bool {
        let (c, next) = (data[i], data.get(i + 1).copied());
        let last = next.is_none();
        c > 126
            || c == b'='
            || (self.header && c == b'_')
            || (c == b'.' && column == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0)))
            || (!self.text && matches!(c, b'\r' | b'\n'))
            || (matches!(c, b'\t' | b' ') && last)
            || (c < 33 && !matches!(c, b'\r' | b'\n') && (self.tabs || !matches!(c, b'\t' | b' ')))
    }
    fn soft_break(&self, out: &mut Vec<u8>) {
        out.push(b'=');
        out.extend_from_slice(self.newline);
    }
}

fn push_quoted(out: &mut Vec<u8>, c: u8) {
    out.extend_from_slice(format!("={c:02X}").as_bytes());
}

const LINE: usize = 76;

fn quoted_printable(data: &[u8], q: &Quoting) -> Vec<u8> {
    let (mut out, mut column, mut i) = (Vec::with_capacity(data.len()), 0, 0);
    while i < data.len() {
        let c = data[i];
        if q.must_quote(data, i, column) {
            if column + 3 >= LINE {
                q.soft_break(&mut out);
                column = 0;
            }
            push_quoted(&mut out, c);
            i += 1;
            column += 3;
        } else if q.text && (c == b'\n' || (c == b'\r' && data.get(i + 1) == Some(&b'\n'))) {
            if let Some(&end @ (b' ' | b'\t')) = out.last() {
                out.pop();
                push_quoted(&mut out, end);
            }
            out.extend_from_slice(q.newline);
            i += if c == b'\r' { 2 } else { 1 };
            column = 0;
        } else {
            if i + 1 != data.len() && data[i + 1] != b'\n' && column + 1 >= LINE {
                q.soft_break(&mut out);
                column = 0;
            }
            column += 1;
            out.push(if q.header && c == b' ' { b'_' } else { c });
            i += 1;
        }
    }
    out
}

fn b2a_qp(cx: &mut Thread, a: Args<'_>) -> R {
    let tabs = flag(cx, a.opt(1), false)?;
    let text = flag(cx, a.opt(2), true)?;
    let header = flag(cx, a.opt(3), false)?;
    let data = cx.bytes_of(a[0])?;
    let first = data.iter().position(|b| *b == b'\n');
    let crlf = first.is_some_and(|i| i > 0 && data[i - 1] == b'\r');
    let newline: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    bytes(cx, &quoted_printable(&data, &Quoting { tabs, text, header, newline }))
}

/// An unsigned 32-bit argument, cut to that size.
pub fn word_argument(cx: &mut Thread, v: Option<Value>, default: u32) -> R<u32> {
    let Some(v) = v else { return Ok(default) };
    let n = cx.index_value(v)?.to_ibig().unwrap_or_default();
    let low = n & dashu_int::IBig::from(u32::MAX);
    Ok(u32::try_from(&low).unwrap_or(0))
}

/// `crc32` for this module and `zlib`.
pub fn crc32(cx: &mut Thread, a: Args<'_>) -> R {
    let start = word_argument(cx, a.opt(1), 0)?;
    let b = cx.buffer(a[0])?;
    let mut h = crc32fast::Hasher::new_with_initial(start);
    h.update(b.bytes());
    cx.uint(h.finalize() as u64)
}

fn crc_hqx(cx: &mut Thread, a: Args<'_>) -> R {
    let mut crc = word_argument(cx, a.opt(1), 0)? as u16;
    let b = cx.buffer(a[0])?;
    for byte in b.bytes() {
        crc ^= (*byte as u16) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
        }
    }
    Ok(Value::small_int(crc as i64))
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("a2b_uu(data, /)", a2b_uu, "Decode a line of uuencoded data."),
    NativeDef::function("b2a_uu(data, /, *, backtick=False)", b2a_uu, "Uuencode line of data."),
    NativeDef::function("a2b_base64(data, /, *, strict_mode=False)", a2b_base64, "Decode a line of base64 data."),
    NativeDef::function("b2a_base64(data, /, *, newline=True)", b2a_base64, "Base64-code line of data."),
    NativeDef::function("a2b_hex(hexstr, /)", a2b_hex, "Binary data of hexadecimal representation."),
    NativeDef::function("unhexlify(hexstr, /)", a2b_hex, "Binary data of hexadecimal representation."),
    NativeDef::function(
        "b2a_hex(data, sep=<unrepresentable>, bytes_per_sep=1)",
        b2a_hex,
        "Hexadecimal representation of binary data.",
    ),
    NativeDef::function(
        "hexlify(data, sep=<unrepresentable>, bytes_per_sep=1)",
        b2a_hex,
        "Hexadecimal representation of binary data.",
    ),
    NativeDef::function("crc_hqx(data, crc, /)", crc_hqx, "Compute CRC-CCITT incrementally."),
    NativeDef::function("crc32(data, crc=0, /)", crc32, "Compute CRC-32 incrementally."),
    NativeDef::function("a2b_qp(data, header=False)", a2b_qp, "Decode a string of qp-encoded data."),
    NativeDef::function(
        "b2a_qp(data, quotetabs=False, istext=True, header=False)",
        b2a_qp,
        "Encode a string using quoted-printable encoding.",
    ),
];

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("binascii", "Conversion between binary data and ASCII", FUNCTIONS)?;
    let e = errors::exception(cx, "binascii.Error", Exc::ValueError)?;
    cx.module_set(m, "Error", e)?;
    let e = errors::exception(cx, "binascii.Incomplete", Exc::Exception)?;
    cx.module_set(m, "Incomplete", e)?;
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("binascii", init);
}
