//! `repr` and `ascii` of strings and bytes.
//!
//! Terms: the *quote* is `'` unless the text has one and no `"`. Invariant: what is written
//! reads back, as a literal, as the same text.

use crate::unicode::is_printable;
use crate::wtf8::{char_indices, push};

/// What stands between `repr`'s quotes is written as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Printable,
    Ascii,
}

fn quote_for(s: &[u8]) -> u8 {
    match s.contains(&b'\'') && !s.contains(&b'"') {
        true => b'"',
        false => b'\'',
    }
}

/// Whether the byte needs no escape in `'` quotes.
fn is_plain(b: u8) -> bool {
    matches!(b, b' '..=b'~') && b != b'\'' && b != b'\\'
}

/// `repr(s)` of a WTF-8 string; the result can hold no surrogate, being printable.
pub fn repr_str(s: &[u8]) -> String {
    quoted(s, Keep::Printable)
}

/// `ascii(s)`.
pub fn ascii_str(s: &[u8]) -> String {
    quoted(s, Keep::Ascii)
}

fn quoted(s: &[u8], keep: Keep) -> String {
    let mut out = Vec::with_capacity(s.len() + 2);
    if s.iter().all(|&b| is_plain(b)) {
        out.push(b'\'');
        out.extend_from_slice(s);
        out.push(b'\'');
    } else {
        let quote = quote_for(s);
        out.push(quote);
        for (_, c) in char_indices(s) {
            push_char(&mut out, c, quote, keep);
        }
        out.push(quote);
    }
    String::from_utf8(out).expect("only printable characters")
}

fn push_char(out: &mut Vec<u8>, c: u32, quote: u8, keep: Keep) {
    match c {
        0..0x80 => push_ascii(out, c as u8, quote),
        _ if keep == Keep::Printable && is_printable(c) => push(out, c),
        _ => push_escape(out, c),
    }
}

fn push_ascii(out: &mut Vec<u8>, b: u8, quote: u8) {
    match b {
        b'\t' => out.extend(b"\\t"),
        b'\n' => out.extend(b"\\n"),
        b'\r' => out.extend(b"\\r"),
        b'\\' => out.extend(b"\\\\"),
        _ if b == quote => out.extend([b'\\', b]),
        b' '..=b'~' => out.push(b),
        _ => push_escape(out, u32::from(b)),
    }
}

/// `\xNN`, `\uNNNN` or `\UNNNNNNNN`, the shortest which fits.
pub fn push_escape(out: &mut Vec<u8>, c: u32) {
    let (letter, digits) = match c {
        0..0x100 => (b'x', 2),
        0x100..0x10000 => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend([b'\\', letter]);
    push_hex(out, c, digits);
}

/// So many hexadecimal digits.
pub fn push_hex(out: &mut Vec<u8>, c: u32, digits: u32) {
    out.extend((0..digits).rev().map(|i| b"0123456789abcdef"[(c >> (4 * i) & 15) as usize]));
}

/// `repr` of bytes.
pub fn repr_bytes(s: &[u8]) -> String {
    let quote = quote_for(s);
    let mut out = Vec::with_capacity(s.len() + 3);
    out.extend([b'b', quote]);
    for &b in s {
        push_ascii(&mut out, b, quote);
    }
    out.push(quote);
    String::from_utf8(out).expect("ASCII")
}

/// `repr` of a bytearray.
pub fn repr_bytearray(s: &[u8]) -> String {
    let mut text = repr_bytes(s);
    if text.starts_with("b\"") {
        // The apostrophe is escaped in any case.
        text = text.replace('\'', "\\'");
    }
    format!("bytearray({text})")
}

/// Turns what is not ASCII into escapes, as `ascii` does with another `repr`'s result.
pub fn to_ascii(s: &[u8]) -> String {
    let mut out = Vec::with_capacity(s.len());
    for (_, c) in char_indices(s) {
        if c < 0x80 { out.push(c as u8) } else { push_escape(&mut out, c) }
    }
    String::from_utf8(out).expect("ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wtf8::from_code_points;

    #[test]
    fn strings() {
        assert_eq!(repr_str(b"abc"), "'abc'");
        assert_eq!(repr_str(b"it's"), "\"it's\"");
        assert_eq!(repr_str(b"'\"\\"), "'\\'\"\\\\'");
        let s = from_code_points([9, 10, 13, 0, 0x7f, 0xa0, 0xad, 0xe9, 0x378, 0x2028, 0xd800, 0x1f600, 0xe0001]);
        assert_eq!(repr_str(&s), "'\\t\\n\\r\\x00\\x7f\\xa0\\xadé\\u0378\\u2028\\ud800😀\\U000e0001'");
        assert_eq!(ascii_str(&s), "'\\t\\n\\r\\x00\\x7f\\xa0\\xad\\xe9\\u0378\\u2028\\ud800\\U0001f600\\U000e0001'");
    }

    #[test]
    fn byte_strings() {
        assert_eq!(repr_bytes(b"a\n\xff'"), "b\"a\\n\\xff'\"");
        assert_eq!(repr_bytearray(b""), "bytearray(b'')");
    }
}
