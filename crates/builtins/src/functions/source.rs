//! Source code as text: the encoding that bytes are in, and what CPython says when they are not.

use ferropy_vm::types::Str;
use ferropy_vm::{Exc, N, R, Raised, Thread, Value};

/// Where source bytes come from, which messages tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Object,
    File,
}

/// What is read, for messages.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub filename: &'a str,
    pub origin: Origin,
    /// No cookie is looked for.
    pub utf8: bool,
}

/// The text with `\n` at the end of each line, also of those in strings.
fn with_newlines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// Text of source given as str, bytes, or another bytes-like object.
pub fn source_text(cx: &mut Thread, v: Value, what: &str, func: &str) -> R<String> {
    source_with(cx, v, what, func, Input { filename: "<string>", origin: Origin::Object, utf8: false })
}

pub fn source_with(cx: &mut Thread, v: Value, what: &str, func: &str, input: Input<'_>) -> R<String> {
    if let Some(s) = v.cast::<Str>() {
        let Some(text) = s.as_str().map(str::to_owned) else {
            // Lone surrogates: the codec words the error.
            cx.call_method(v, "encode", &[])?;
            return Err(cx.value_error("source code contains surrogates"));
        };
        check_nul(cx, text.as_bytes())?;
        return Ok(with_newlines(text));
    }
    let Some(buf) = cx.buffer_opt(v)? else {
        return Err(cx.type_error(format!("{func}() arg 1 must be a {what}")));
    };
    let data = buf.bytes().to_vec();
    check_nul(cx, &data)?;
    decode_source(cx, data, input)
}

fn check_nul(cx: &mut Thread, text: &[u8]) -> R<()> {
    match text.contains(&0) {
        true => Err(cx.error(Exc::SyntaxError, "source code string cannot contain null bytes")),
        false => Ok(()),
    }
}

/// The encoding that a cookie in the first two lines names, and the line's number from 0.
fn cookie(data: &[u8]) -> Option<(String, usize)> {
    for (i, line) in data.split(|b| *b == b'\n').take(2).enumerate() {
        let trimmed = line.trim_ascii_start();
        if trimmed.first() != Some(&b'#') {
            if i == 0 && trimmed.is_empty() {
                continue;
            }
            return None;
        }
        let at =
            memchr::memmem::find_iter(trimmed, b"coding").find(|at| matches!(trimmed.get(at + 6), Some(b':' | b'=')));
        let Some(at) = at else { continue };
        let rest = trimmed[at + 7..].iter().skip_while(|b| matches!(b, b' ' | b'\t'));
        let name: Vec<u8> =
            rest.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).copied().collect();
        if !name.is_empty() {
            return Some((String::from_utf8_lossy(&name).into_owned(), i));
        }
    }
    None
}

/// The line that holds the byte: its number from 0, where it begins, and its bytes.
fn line_at(data: &[u8], at: usize) -> (usize, usize, &[u8]) {
    let start = data[..at].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let end = data[at..].iter().position(|b| *b == b'\n').map_or(data.len(), |i| at + i);
    let number = data[..start].iter().filter(|b| **b == b'\n').count();
    (number, start, &data[start..end])
}

/// Source bytes as text, by byte order mark, cookie, or UTF-8.
pub fn decode_source(cx: &mut Thread, data: Vec<u8>, input: Input<'_>) -> R<String> {
    decoded(cx, data, input).map(with_newlines)
}

fn decoded(cx: &mut Thread, data: Vec<u8>, input: Input<'_>) -> R<String> {
    let bom = data.starts_with(b"\xef\xbb\xbf");
    let body = if bom { data[3..].to_vec() } else { data };
    let found = if input.utf8 { None } else { cookie(&body) };
    let explicit = bom || found.is_some();
    if let Some((name, line)) = found {
        let plain = name.to_ascii_lowercase().replace('_', "-");
        let is = |known: &str| plain.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if bom && !is("utf-8") {
            let text = body.split(|b| *b == b'\n').nth(line).map(String::from_utf8_lossy).unwrap_or_default();
            let end = text.chars().count() as i64;
            let message = format!("encoding problem: {name} with BOM");
            return Err(error(cx, &message, input, [line as i64 + 1, 0, end], Some(&text)));
        }
        if ["latin-1", "iso-8859-1", "iso-latin-1"].into_iter().any(is) {
            check_line(cx, &body, body.len(), input)?;
            return Ok(body.iter().map(|b| *b as char).collect());
        }
        if !is("utf-8") {
            return decode_with(cx, &name, &body, input);
        }
    }
    match String::from_utf8(body) {
        Ok(text) => {
            check_line(cx, text.as_bytes(), text.len(), input)?;
            Ok(text)
        }
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            let short = e.utf8_error().error_len().is_none_or(|n| n > 1) || e.as_bytes()[at] >= 0xc2;
            Err(not_utf8(cx, e.as_bytes(), at, input, explicit.then_some(short)))
        }
    }
}

/// Refuses null bytes before `end`; those of objects were looked for before.
fn check_line(cx: &mut Thread, data: &[u8], end: usize, input: Input<'_>) -> R<()> {
    let Some(at) = data[..end].iter().position(|b| *b == 0) else { return Ok(()) };
    let (line, start, _) = line_at(data, at);
    let text = String::from_utf8_lossy(&data[start..at]).into_owned();
    Err(error(cx, "source code cannot contain null bytes", input, [line as i64 + 1, 0, 0], Some(&text)))
}

/// The error of a byte that is not UTF-8. `declared`: the file says that it is; does the sequence only break off?
fn not_utf8(cx: &mut Thread, data: &[u8], at: usize, input: Input<'_>, declared: Option<bool>) -> Raised {
    if let Err(r) = check_line(cx, data, at, input) {
        return r;
    }
    let (line, start, text) = line_at(data, at);
    let number = line as i64 + 1;
    let chars = String::from_utf8_lossy(&data[start..at]).chars().count() as i64;
    let text = String::from_utf8_lossy(text).into_owned();
    if let (Origin::File, Some(short)) = (input.origin, declared) {
        let why = if short { "invalid continuation byte" } else { "invalid start byte" };
        let message = format!(
            "(unicode error) 'utf-8' codec can't decode byte 0x{:02x} in position {}: {why}",
            data[at],
            at - start
        );
        return error(cx, &message, input, [number, 0, 0], Some(&text));
    }
    let file = if input.origin == Origin::File { format!(" in file {}", input.filename) } else { String::new() };
    let message = format!(
        "Non-UTF-8 code starting with '\\x{:02x}'{file} on line {number}, but no encoding declared; see \
         https://peps.python.org/pep-0263/ for details",
        data[at]
    );
    error(cx, &message, input, [number, chars + 1, chars + 1], Some(&text))
}

/// By a codec of Python's; its errors are errors of the source.
fn decode_with(cx: &mut Thread, name: &str, body: &[u8], input: Input<'_>) -> R<String> {
    let encoding = cx.new_str(name)?.value();
    let bytes = cx.new_bytes(body)?.value();
    let r = cx.call_method(bytes, "decode", &[encoding]);
    if r.is_err() && (cx.pending_is(Exc::LookupError) || cx.pending_is(Exc::UnicodeError)) {
        let e = cx.take_pending();
        let message = match cx.lookup_special(e, N::__str__) {
            Some(_) => cx.str(e)?.to_lossy(),
            None => String::new(),
        };
        return Err(error(cx, &message, input, [0, -1, 0], None));
    }
    let v = r?;
    let text = v.as_str().map_or_else(String::new, |s| s.to_lossy());
    check_nul(cx, text.as_bytes())?;
    Ok(text)
}

/// A SyntaxError at `[line, offset, end_offset]` of a line.
fn error(cx: &mut Thread, message: &str, input: Input<'_>, place: [i64; 3], text: Option<&str>) -> Raised {
    let made = (|| -> R<[Value; 2]> {
        let message = cx.new_str(message)?.value();
        let file = cx.new_str(input.filename)?.value();
        let [line, offset, end] = place.map(Value::small_int);
        let place = match text {
            Some(text) => {
                let text = cx.new_str(text)?.value();
                cx.new_tuple(&[file, line, offset, text, line, end])?
            }
            None => cx.new_tuple(&[file, line, offset, Value::NONE])?,
        };
        Ok([message, place.value()])
    })();
    match made {
        Ok(args) => cx.error_with(Exc::SyntaxError, &args),
        Err(r) => r,
    }
}
