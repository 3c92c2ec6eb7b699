//! Backslash escapes: literals, and the codecs unicode_escape, raw_unicode_escape and escape.
//!
//! Terms: the *body* of a literal is what stands between its quotes. Decoders follow the
//! protocol of [`crate::codecs`]: they append to `out`, and an error leaves there what came
//! before it. An *invalid escape* (`\q`, `\400`) is no error: the first one's offset is noted
//! for the caller's warning.

use crate::codecs::{CodecError, CodecResult};
use crate::error::{Error, Result};
use crate::repr::{push_escape, push_hex};
use crate::unicode;
use crate::wtf8::{MAX, char_indices, decode_at, push};

/// How bytes beyond ASCII are read outside of escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Latin1,
    Wtf8,
}

/// What an escape turned out to be.
enum Escape {
    Char(u32),
    /// A backslash before a line's end.
    Nothing,
    /// An unknown letter: the backslash stays.
    Unknown,
    /// Octal above 0o377.
    LargeOctal(u32),
    Bad(&'static str),
    /// Bad because the input ends.
    Cut(&'static str),
}

fn hex_value(b: u8) -> Option<u32> {
    (b as char).to_digit(16)
}

/// Reads a fixed number of hexadecimal digits at `*at`.
fn fixed_hex(s: &[u8], at: &mut usize, count: u32, message: &'static str) -> Escape {
    let mut value = 0u32;
    for _ in 0..count {
        let Some(&b) = s.get(*at) else { return Escape::Cut(message) };
        let Some(digit) = hex_value(b) else { return Escape::Bad(message) };
        value = value << 4 | digit;
        *at += 1;
    }
    if value > MAX { Escape::Bad("illegal Unicode character") } else { Escape::Char(value) }
}

fn octal(s: &[u8], at: &mut usize, first: u8) -> Escape {
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let Some(&b @ b'0'..=b'7') = s.get(*at) else { break };
        value = value << 3 | u32::from(b - b'0');
        *at += 1;
    }
    if value > 0o377 { Escape::LargeOctal(value) } else { Escape::Char(value) }
}

/// `\N{name}`; `*at` stands after the N.
fn named(s: &[u8], at: &mut usize) -> Escape {
    const MALFORMED: &str = "malformed \\N character escape";
    match s.get(*at) {
        None => return Escape::Cut(MALFORMED),
        Some(b'{') => *at += 1,
        Some(_) => return Escape::Bad(MALFORMED),
    }
    let start = *at;
    while s.get(*at).is_some_and(|&b| b != b'}') {
        *at += 1;
    }
    if *at == s.len() {
        return Escape::Cut(MALFORMED);
    }
    if *at == start {
        return Escape::Bad(MALFORMED);
    }
    let name = std::str::from_utf8(&s[start..*at]).ok();
    *at += 1;
    match name.and_then(unicode::lookup_character) {
        Some(c) => Escape::Char(c),
        None => Escape::Bad("unknown Unicode character name"),
    }
}

fn simple(b: u8) -> Option<u8> {
    Some(match b {
        b'\\' | b'\'' | b'"' => b,
        b'b' => 8,
        b'f' => 12,
        b't' => 9,
        b'n' => 10,
        b'r' => 13,
        b'v' => 11,
        b'a' => 7,
        _ => return None,
    })
}

/// Reads the escape whose backslash is before `*at`.
fn read_escape(s: &[u8], at: &mut usize) -> Escape {
    let Some(&b) = s.get(*at) else { return Escape::Cut("\\ at end of string") };
    *at += 1;
    if let Some(c) = simple(b) {
        return Escape::Char(u32::from(c));
    }
    match b {
        b'\n' => Escape::Nothing,
        b'0'..=b'7' => octal(s, at, b),
        b'x' => fixed_hex(s, at, 2, "truncated \\xXX escape"),
        b'u' => fixed_hex(s, at, 4, "truncated \\uXXXX escape"),
        b'U' => fixed_hex(s, at, 8, "truncated \\UXXXXXXXX escape"),
        b'N' => named(s, at),
        _ => Escape::Unknown,
    }
}

/// Appends one code point which is no backslash; returns its width.
fn copy_char(s: &[u8], at: usize, source: Source, out: &mut Vec<u8>) -> usize {
    let (c, width) = match source {
        Source::Latin1 => (u32::from(s[at]), 1),
        Source::Wtf8 => decode_at(s, at),
    };
    push(out, c);
    width
}

fn decode(
    s: &[u8],
    start: usize,
    last: bool,
    source: Source,
    out: &mut Vec<u8>,
    invalid: &mut Option<usize>,
) -> CodecResult<usize> {
    let mut at = start;
    while at < s.len() {
        let begin = at;
        if s[at] != b'\\' {
            at += copy_char(s, at, source, out);
            continue;
        }
        at += 1;
        match read_escape(s, &mut at) {
            Escape::Char(c) => push(out, c),
            Escape::Nothing => {}
            Escape::LargeOctal(c) => {
                invalid.get_or_insert(begin);
                push(out, c);
            }
            Escape::Unknown => {
                invalid.get_or_insert(begin);
                out.push(b'\\');
                at = begin + 1 + copy_char(s, begin + 1, source, out);
            }
            Escape::Cut(_) if !last => return Ok(begin),
            Escape::Cut(reason) | Escape::Bad(reason) => return Err(CodecError::new(begin, at, reason)),
        }
    }
    Ok(at)
}

/// Decodes with the codec unicode_escape from `start` on; returns how far it came.
/// `invalid` receives the first invalid escape's offset if it was None.
pub fn unicode_escape_decode(
    s: &[u8],
    start: usize,
    last: bool,
    out: &mut Vec<u8>,
    invalid: &mut Option<usize>,
) -> CodecResult<usize> {
    decode(s, start, last, Source::Latin1, out, invalid)
}

/// The value of a string literal's body, and its first invalid escape's offset.
///
/// An error's offsets are those CPython tells: with 10 for each character beyond ASCII.
pub fn decode_str_literal(body: &[u8]) -> CodecResult<(Vec<u8>, Option<usize>)> {
    let mut out = Vec::with_capacity(body.len());
    let mut invalid = None;
    match decode(body, 0, true, Source::Wtf8, &mut out, &mut invalid) {
        Ok(_) => Ok((out, invalid)),
        Err(e) => Err(CodecError::new(told_offset(body, e.start), told_offset(body, e.end), e.reason)),
    }
}

fn told_offset(body: &[u8], offset: usize) -> usize {
    char_indices(body).take_while(|&(i, _)| i < offset).map(|(_, c)| if c < 0x80 { 1 } else { 10 }).sum()
}

/// The warning for the invalid escape at an offset of a literal's body.
pub fn invalid_escape_message(body: &[u8], offset: usize) -> String {
    let rest = &body[offset + 1..];
    let large = matches!(rest, [b'4'..=b'7', b'0'..=b'7', b'0'..=b'7', ..]);
    let (text, kind) = match large {
        true => (String::from_utf8_lossy(&rest[..3]).into_owned(), "octal escape"),
        false => (char::from_u32(decode_at(rest, 0).0).unwrap_or('\u{fffd}').to_string(), "escape"),
    };
    format!(
        "\"\\{text}\" is an invalid {kind} sequence. Such sequences will not work in the future. \
         Did you mean \"\\\\{text}\"? A raw string is also an option."
    )
}

/// Appends a string's encoding by unicode_escape, which cannot fail.
pub fn unicode_escape_encode(s: &[u8], out: &mut Vec<u8>) {
    for (_, c) in char_indices(s) {
        match c {
            0x09 => out.extend(b"\\t"),
            0x0A => out.extend(b"\\n"),
            0x0D => out.extend(b"\\r"),
            0x5C => out.extend(b"\\\\"),
            0x20..0x7F => out.push(c as u8),
            _ => push_escape(out, c),
        }
    }
}

/// Appends a string's encoding by raw_unicode_escape, which cannot fail.
pub fn raw_unicode_escape_encode(s: &[u8], out: &mut Vec<u8>) {
    for (_, c) in char_indices(s) {
        match c {
            0..0x100 => out.push(c as u8),
            _ => push_escape(out, c),
        }
    }
}

/// Decodes with the codec raw_unicode_escape from `start` on; returns how far it came.
pub fn raw_unicode_escape_decode(s: &[u8], start: usize, last: bool, out: &mut Vec<u8>) -> CodecResult<usize> {
    let mut at = start;
    while at < s.len() {
        let begin = at;
        at += 1;
        if s[begin] != b'\\' {
            push(out, u32::from(s[begin]));
            continue;
        }
        let (count, message) = match s.get(at) {
            None if !last => return Ok(begin),
            Some(b'u') => (4, "truncated \\uXXXX escape"),
            Some(b'U') => (8, "truncated \\UXXXXXXXX escape"),
            other => {
                out.push(b'\\');
                if let Some(&b) = other {
                    push(out, u32::from(b));
                    at += 1;
                }
                continue;
            }
        };
        at += 1;
        match fixed_hex(s, &mut at, count, message) {
            Escape::Char(c) => push(out, c),
            Escape::Cut(_) if !last => return Ok(begin),
            Escape::Cut(reason) => return Err(CodecError::new(begin, at, reason)),
            Escape::Bad(reason) if reason == message => return Err(CodecError::new(begin, at, reason)),
            _ => return Err(CodecError::new(begin, at, "\\Uxxxxxxxx out of range")),
        }
    }
    Ok(at)
}

/// Decodes bytes' escapes as `codecs.escape_decode(s, errors)`; also the first invalid escape.
pub fn escape_decode(s: &[u8], errors: &str) -> Result<(Vec<u8>, Option<usize>)> {
    let mut out = Vec::with_capacity(s.len());
    let mut invalid = None;
    let mut at = 0;
    while at < s.len() {
        let begin = at;
        at += 1;
        if s[begin] != b'\\' {
            out.push(s[begin]);
            continue;
        }
        let Some(&b) = s.get(at) else { return Err(Error::value("Trailing \\ in string")) };
        at += 1;
        match (simple(b), b) {
            (Some(c), _) => out.push(c),
            (_, b'\n') => {}
            (_, b'x') => byte_hex(s, &mut at, errors, &mut out)?,
            (_, b'0'..=b'7') => match octal(s, &mut at, b) {
                Escape::LargeOctal(c) => {
                    invalid.get_or_insert(begin);
                    out.push(c as u8);
                }
                Escape::Char(c) => out.push(c as u8),
                _ => unreachable!("octal yields numbers"),
            },
            _ => {
                invalid.get_or_insert(begin);
                out.extend([b'\\', b]);
            }
        }
    }
    Ok((out, invalid))
}

/// The two digits after `\x`.
fn byte_hex(s: &[u8], at: &mut usize, errors: &str, out: &mut Vec<u8>) -> Result<()> {
    let digit = |i: usize| s.get(i).and_then(|&b| hex_value(b));
    if let (Some(high), Some(low)) = (digit(*at), digit(*at + 1)) {
        out.push((high << 4 | low) as u8);
        *at += 2;
        return Ok(());
    }
    match errors {
        "strict" => return Err(Error::value(format!("invalid \\x escape at position {}", *at - 2))),
        "replace" => out.push(b'?'),
        "ignore" => {}
        _ => return Err(Error::value(format!("decoding error; unknown error handling code: {errors}"))),
    }
    *at += usize::from(digit(*at).is_some());
    Ok(())
}

/// `codecs.escape_encode`: bytes as they stand between `'` quotes.
pub fn escape_encode(s: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    for &b in s {
        match b {
            b'\\' | b'\'' => out.extend([b'\\', b]),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b' '..=b'~' => out.push(b),
            _ => {
                out.extend(b"\\x");
                push_hex(&mut out, u32::from(b), 2);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(s: &[u8]) -> (usize, usize, String) {
        let e = unicode_escape_decode(s, 0, true, &mut Vec::new(), &mut None).unwrap_err();
        (e.start, e.end, e.reason.into_owned())
    }

    #[test]
    fn failures() {
        assert_eq!(failure(b"\\x4"), (0, 3, "truncated \\xXX escape".into()));
        assert_eq!(failure(b"\\xg"), (0, 2, "truncated \\xXX escape".into()));
        assert_eq!(failure(b"\\U0011ffff"), (0, 10, "illegal Unicode character".into()));
        assert_eq!(failure(b"\\N"), (0, 2, "malformed \\N character escape".into()));
        assert_eq!(failure(b"\\N{foo}"), (0, 7, "unknown Unicode character name".into()));
        assert_eq!(failure(b"abc\\"), (3, 4, "\\ at end of string".into()));
        for cut in [&b"a\\x4"[..], b"a\\u12", b"a\\N{foo", b"a\\"] {
            assert_eq!(unicode_escape_decode(cut, 0, false, &mut Vec::new(), &mut None), Ok(1));
        }
    }

    #[test]
    fn literals() {
        let (value, invalid) = decode_str_literal("é\\N{LATIN SMALL LETTER A}\\400\\q\\é\\\n\\x41".as_bytes()).unwrap();
        assert_eq!((value, invalid), ("éaĀ\\q\\éA".as_bytes().to_vec(), Some(26)));
        assert_eq!(decode_str_literal("é\\x".as_bytes()).unwrap_err().start, 10);
        assert!(invalid_escape_message(b"\\400", 0).starts_with("\"\\400\" is an invalid octal escape sequence."));
        assert!(invalid_escape_message(b"\\q", 0).contains("Did you mean \"\\\\q\"?"));
    }

    #[test]
    fn raw() {
        let decode = |s: &[u8]| {
            let mut out = Vec::new();
            raw_unicode_escape_decode(s, 0, true, &mut out).map(|_| String::from_utf8(out).unwrap())
        };
        assert_eq!(decode(b"\\\\u0041\\u0041\xe9\\"), Ok("\\\\u0041Aé\\".into()));
        assert_eq!(decode(b"\\U0011ffff"), Err(CodecError::new(0, 10, "\\Uxxxxxxxx out of range")));
    }

    #[test]
    fn byte_escapes() {
        assert_eq!(escape_decode(b"\\400\\x41\\q\\\n", "strict"), Ok((b"\0A\\q".to_vec(), Some(0))));
        assert_eq!(escape_decode(b"\\x4", "strict").unwrap_err().message, "invalid \\x escape at position 0");
        assert_eq!(escape_decode(b"\\xg", "replace").unwrap().0, b"?g");
        assert_eq!(escape_encode(b"a\n'\"\0\xff\\"), b"a\\n\\'\"\\x00\\xff\\\\");
    }
}
