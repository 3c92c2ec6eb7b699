//! Codecs between bytes and WTF-8 strings.
//!
//! The protocol of every function: it appends to `out`; a decoder returns how far it read,
//! which is less than all only if `last` is false and the input ends inside a character; an
//! error tells the faulty range and leaves in `out` what came before. The caller applies its
//! error handler, appends the replacement, and calls again with the offset to go on from.
//! An encoder's offsets are byte offsets in the WTF-8 string (see `wtf8::index_of`).

use crate::int::Endian;
use crate::wtf8::{char_indices, decode_at, is_surrogate, push};
use std::borrow::Cow;

/// The faulty part of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError {
    pub start: usize,
    pub end: usize,
    pub reason: Cow<'static, str>,
}

pub type CodecResult<T> = Result<T, CodecError>;

impl CodecError {
    pub fn new(start: usize, end: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        CodecError { start, end, reason: reason.into() }
    }
}

/// Appends bytes of Latin-1.
fn extend_latin1(out: &mut Vec<u8>, s: &[u8]) {
    if s.is_ascii() {
        out.extend_from_slice(s);
    } else {
        s.iter().for_each(|&b| push(out, u32::from(b)));
    }
}

pub fn utf8_decode(s: &[u8], start: usize, last: bool, out: &mut Vec<u8>) -> CodecResult<usize> {
    let rest = &s[start..];
    let Err(e) = std::str::from_utf8(rest) else {
        out.extend_from_slice(rest);
        return Ok(s.len());
    };
    out.extend_from_slice(&rest[..e.valid_up_to()]);
    let at = start + e.valid_up_to();
    match e.error_len() {
        // The start of a surrogate may still become one, which the handler surrogatepass takes.
        Some(_) if !last && matches!(s[at..], [0xED, 0xA0..=0xBF]) => Ok(at),
        None if !last => Ok(at),
        None => Err(CodecError::new(at, s.len(), "unexpected end of data")),
        Some(n) if (0xC2..=0xF4).contains(&s[at]) => Err(CodecError::new(at, at + n, "invalid continuation byte")),
        Some(n) => Err(CodecError::new(at, at + n, "invalid start byte")),
    }
}

/// The end of the run of faulty code points which begins at an offset.
fn run_end(s: &[u8], start: usize, faulty: impl Fn(u32) -> bool) -> usize {
    char_indices(&s[start..]).find(|&(_, c)| !faulty(c)).map_or(s.len(), |(i, _)| start + i)
}

pub fn utf8_encode(s: &[u8], start: usize, out: &mut Vec<u8>) -> CodecResult<()> {
    let rest = &s[start..];
    let Err(e) = std::str::from_utf8(rest) else {
        out.extend_from_slice(rest);
        return Ok(());
    };
    out.extend_from_slice(&rest[..e.valid_up_to()]);
    let at = start + e.valid_up_to();
    Err(CodecError::new(at, run_end(s, at, is_surrogate), "surrogates not allowed"))
}

pub fn ascii_decode(s: &[u8], start: usize, out: &mut Vec<u8>) -> CodecResult<usize> {
    let rest = &s[start..];
    let valid = if rest.is_ascii() { rest.len() } else { rest.iter().take_while(|b| b.is_ascii()).count() };
    out.extend_from_slice(&rest[..valid]);
    match valid == rest.len() {
        true => Ok(s.len()),
        false => Err(CodecError::new(start + valid, start + valid + 1, "ordinal not in range(128)")),
    }
}

/// Latin-1 decodes anything.
pub fn latin1_decode(s: &[u8], out: &mut Vec<u8>) {
    extend_latin1(out, s);
}

fn narrow_encode(s: &[u8], start: usize, max: u32, reason: &'static str, out: &mut Vec<u8>) -> CodecResult<()> {
    if s.is_ascii() {
        out.extend_from_slice(&s[start..]);
        return Ok(());
    }
    for (i, c) in char_indices(&s[start..]) {
        if c > max {
            return Err(CodecError::new(start + i, run_end(s, start + i, |c| c > max), reason));
        }
        out.push(c as u8);
    }
    Ok(())
}

pub fn ascii_encode(s: &[u8], start: usize, out: &mut Vec<u8>) -> CodecResult<()> {
    narrow_encode(s, start, 0x7F, "ordinal not in range(128)", out)
}

pub fn latin1_encode(s: &[u8], start: usize, out: &mut Vec<u8>) -> CodecResult<()> {
    narrow_encode(s, start, 0xFF, "ordinal not in range(256)", out)
}

/// The order a byte order mark tells, and the mark's length; the input's beginning.
pub fn utf16_bom(s: &[u8]) -> Option<(Endian, usize)> {
    match s {
        [0xFF, 0xFE, ..] => Some((Endian::Little, 2)),
        [0xFE, 0xFF, ..] => Some((Endian::Big, 2)),
        _ => None,
    }
}

pub fn utf32_bom(s: &[u8]) -> Option<(Endian, usize)> {
    match s {
        [0xFF, 0xFE, 0, 0, ..] => Some((Endian::Little, 4)),
        [0, 0, 0xFE, 0xFF, ..] => Some((Endian::Big, 4)),
        _ => None,
    }
}

fn unit16(s: &[u8], at: usize, order: Endian) -> Option<u32> {
    let pair = [*s.get(at)?, *s.get(at + 1)?];
    Some(u32::from(match order {
        Endian::Little => u16::from_le_bytes(pair),
        Endian::Big => u16::from_be_bytes(pair),
    }))
}

pub fn utf16_decode(s: &[u8], start: usize, order: Endian, last: bool, out: &mut Vec<u8>) -> CodecResult<usize> {
    let mut at = start;
    while at < s.len() {
        let (c, reason) = match unit16(s, at, order) {
            None => (None, "truncated data"),
            Some(0xDC00..0xE000) => return Err(CodecError::new(at, at + 2, "illegal encoding")),
            Some(high @ 0xD800..0xDC00) => match unit16(s, at + 2, order) {
                None => (None, "unexpected end of data"),
                Some(low @ 0xDC00..0xE000) => (Some(0x10000 + ((high & 0x3FF) << 10 | low & 0x3FF)), ""),
                Some(_) => return Err(CodecError::new(at, at + 2, "illegal UTF-16 surrogate")),
            },
            c => (c, ""),
        };
        match c {
            Some(c) => {
                push(out, c);
                at += if c >= 0x10000 { 4 } else { 2 };
            }
            None if !last => break,
            None => return Err(CodecError::new(at, s.len(), reason)),
        }
    }
    Ok(at)
}

pub fn utf16_encode(s: &[u8], start: usize, order: Endian, out: &mut Vec<u8>) -> CodecResult<()> {
    let mut unit = |u: u16| {
        out.extend(match order {
            Endian::Little => u.to_le_bytes(),
            Endian::Big => u.to_be_bytes(),
        });
    };
    for (i, c) in char_indices(&s[start..]) {
        let Some(ch) = char::from_u32(c) else {
            return Err(CodecError::new(start + i, start + i + 3, "surrogates not allowed"));
        };
        ch.encode_utf16(&mut [0; 2]).iter().for_each(|&u| unit(u));
    }
    Ok(())
}

pub fn utf32_decode(s: &[u8], start: usize, order: Endian, last: bool, out: &mut Vec<u8>) -> CodecResult<usize> {
    let mut at = start;
    while at < s.len() {
        let Some(four) = s[at..].first_chunk::<4>() else {
            if !last {
                break;
            }
            return Err(CodecError::new(at, s.len(), "truncated data"));
        };
        let c = match order {
            Endian::Little => u32::from_le_bytes(*four),
            Endian::Big => u32::from_be_bytes(*four),
        };
        if is_surrogate(c) {
            let reason = "code point in surrogate code point range(0xd800, 0xe000)";
            return Err(CodecError::new(at, at + 4, reason));
        }
        if c > crate::wtf8::MAX {
            return Err(CodecError::new(at, at + 4, "code point not in range(0x110000)"));
        }
        push(out, c);
        at += 4;
    }
    Ok(at)
}

pub fn utf32_encode(s: &[u8], start: usize, order: Endian, out: &mut Vec<u8>) -> CodecResult<()> {
    for (i, c) in char_indices(&s[start..]) {
        if is_surrogate(c) {
            return Err(CodecError::new(start + i, start + i + 3, "surrogates not allowed"));
        }
        out.extend(match order {
            Endian::Little => c.to_le_bytes(),
            Endian::Big => c.to_be_bytes(),
        });
    }
    Ok(())
}

/// What a charmap table writes for bytes which mean nothing.
pub const UNDEFINED: u32 = 0xFFFE;
const CHARMAP_REASON: &str = "character maps to <undefined>";

/// Decodes by a table from bytes to code points.
pub fn charmap_decode(s: &[u8], start: usize, table: &[u32], out: &mut Vec<u8>) -> CodecResult<usize> {
    for (i, &b) in s.iter().enumerate().skip(start) {
        match table.get(usize::from(b)) {
            Some(&c) if c != UNDEFINED => push(out, c),
            _ => return Err(CodecError::new(i, i + 1, CHARMAP_REASON)),
        }
    }
    Ok(s.len())
}

/// Encodes by a function from code points to bytes.
pub fn charmap_encode(s: &[u8], start: usize, map: impl Fn(u32) -> Option<u8>, out: &mut Vec<u8>) -> CodecResult<()> {
    for (i, c) in char_indices(&s[start..]) {
        let Some(b) = map(c) else {
            return Err(CodecError::new(start + i, run_end(s, start + i, |c| map(c).is_none()), CHARMAP_REASON));
        };
        out.push(b);
    }
    Ok(())
}

/// A decoding table turned around, for [`charmap_encode`]: `codecs.charmap_build`.
#[derive(Clone, Debug)]
pub struct EncodingMap(std::collections::HashMap<u32, u8>);

impl EncodingMap {
    pub fn new(table: &[u32]) -> Self {
        let pairs = table.iter().take(256).enumerate().filter(|&(_, &c)| c != UNDEFINED);
        EncodingMap(pairs.map(|(b, &c)| (c, b as u8)).collect())
    }

    pub fn get(&self, c: u32) -> Option<u8> {
        self.0.get(&c).copied()
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_value(b: u8) -> Option<u32> {
    BASE64.iter().position(|&x| x == b).map(|v| v as u32)
}

/// The bits of a UTF-7 shift sequence, between `+` and `-`.
struct Shift {
    /// Where the sequence begins, in the input and in the output.
    start: usize,
    out_start: usize,
    buffer: u32,
    bits: u32,
    high: Option<u32>,
}

impl Shift {
    fn add(&mut self, value: u32, out: &mut Vec<u8>) {
        self.buffer = self.buffer << 6 | value;
        self.bits += 6;
        if self.bits < 16 {
            return;
        }
        self.bits -= 16;
        let unit = self.buffer >> self.bits;
        self.buffer &= (1 << self.bits) - 1;
        match (self.high.take(), unit) {
            (Some(high), 0xDC00..0xE000) => return push(out, 0x10000 + ((high & 0x3FF) << 10 | unit & 0x3FF)),
            (Some(high), _) => push(out, high),
            _ => {}
        }
        match unit {
            0xD800..0xDC00 => self.high = Some(unit),
            _ => push(out, unit),
        }
    }

    fn fault(&self) -> Option<&'static str> {
        match (self.bits, self.buffer) {
            (6.., _) => Some("partial character in shift sequence"),
            (_, 0) => None,
            _ => Some("non-zero padding bits in shift sequence"),
        }
    }
}

pub fn utf7_decode(s: &[u8], start: usize, last: bool, out: &mut Vec<u8>) -> CodecResult<usize> {
    let mut shift: Option<Shift> = None;
    let mut at = start;
    while let Some(&b) = s.get(at) {
        if let Some(sequence) = &mut shift {
            if let Some(value) = base64_value(b) {
                sequence.add(value, out);
                at += 1;
                continue;
            }
            if let Some(reason) = sequence.fault() {
                return Err(CodecError::new(sequence.start, at + 1, reason));
            }
            if let Some(high) = sequence.high.filter(|_| b < 0x80) {
                push(out, high);
            }
            shift = None;
            at += usize::from(b == b'-');
        } else if b == b'+' {
            at += 1;
            match s.get(at) {
                Some(b'-') => {
                    out.push(b'+');
                    at += 1;
                }
                Some(&next) if base64_value(next).is_none() => {
                    return Err(CodecError::new(at - 1, at + 1, "ill-formed sequence"));
                }
                _ => shift = Some(Shift { start: at - 1, out_start: out.len(), buffer: 0, bits: 0, high: None }),
            }
        } else if b < 0x80 {
            out.push(b);
            at += 1;
        } else {
            return Err(CodecError::new(at, at + 1, "unexpected special character"));
        }
    }
    let Some(open) = shift else { return Ok(at) };
    if !last {
        out.truncate(open.out_start);
        return Ok(open.start);
    }
    match open.high.is_some() || open.fault().is_some() {
        true => Err(CodecError::new(open.start, s.len(), "unterminated shift sequence")),
        false => Ok(at),
    }
}

fn is_utf7_direct(c: u32) -> bool {
    match c {
        9 | 10 | 13 => true,
        32..127 => !matches!(c as u8, b'+' | b'\\' | b'~'),
        _ => false,
    }
}

/// UTF-7 encodes anything.
pub fn utf7_encode(s: &[u8], out: &mut Vec<u8>) {
    let (mut shifted, mut buffer, mut bits) = (false, 0u64, 0);
    let mut at = 0;
    while at < s.len() {
        let (c, width) = decode_at(s, at);
        at += width;
        if is_utf7_direct(c) {
            if shifted {
                flush(buffer, bits, out);
                (shifted, buffer, bits) = (false, 0, 0);
                if base64_value(c as u8).is_some() || c == u32::from(b'-') {
                    out.push(b'-');
                }
            }
            out.push(c as u8);
            continue;
        }
        if !shifted {
            out.push(b'+');
            if c == u32::from(b'+') {
                out.push(b'-');
                continue;
            }
            shifted = true;
        }
        for unit in crate::wtf8::to_utf16(&s[at - width..at]) {
            buffer = buffer << 16 | u64::from(unit);
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push(BASE64[(buffer >> bits & 63) as usize]);
            }
            buffer &= (1 << bits) - 1;
        }
    }
    if shifted {
        flush(buffer, bits, out);
        out.push(b'-');
    }
}

fn flush(buffer: u64, bits: u32, out: &mut Vec<u8>) {
    if bits > 0 {
        out.push(BASE64[(buffer << (6 - bits) & 63) as usize]);
    }
}

#[cfg(test)]
#[path = "codecs_tests.rs"]
mod tests;
