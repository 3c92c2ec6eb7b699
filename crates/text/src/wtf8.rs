//! WTF-8: the bytes of a Python string, whose code points may be surrogates.
//!
//! Terms: a *code point* is a `u32` up to 0x10FFFF, surrogates included; an *offset* counts
//! bytes, an *index* counts code points. Invariant: every code point is written alone in the
//! generalised UTF-8 way, so a high surrogate before a low one stays two code points, as in
//! Python. Functions which take a `&[u8]` string rely on it being valid (see [`validate`]).

pub const MAX: u32 = 0x10FFFF;

pub fn is_surrogate(c: u32) -> bool {
    c & !0x7FF == 0xD800
}

fn is_continuation(b: u8) -> bool {
    b & 0xC0 == 0x80
}

/// How many bytes the code point beginning with this byte takes.
#[inline]
pub fn width_of_lead(b: u8) -> usize {
    match b {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

/// How many bytes a code point takes.
#[inline]
pub fn width(c: u32) -> usize {
    match c {
        0..0x80 => 1,
        0x80..0x800 => 2,
        0x800..0x10000 => 3,
        _ => 4,
    }
}

/// The code point at the offset and its width; the offset must be a boundary before the end.
#[inline]
pub fn decode_at(s: &[u8], offset: usize) -> (u32, usize) {
    let b = s[offset];
    let cont = |i: usize| u32::from(s[offset + i] & 0x3F);
    match width_of_lead(b) {
        1 => (u32::from(b), 1),
        2 => ((u32::from(b) & 0x1F) << 6 | cont(1), 2),
        3 => ((u32::from(b) & 0x0F) << 12 | cont(1) << 6 | cont(2), 3),
        _ => ((u32::from(b) & 0x07) << 18 | cont(1) << 12 | cont(2) << 6 | cont(3), 4),
    }
}

#[inline]
pub fn push(out: &mut Vec<u8>, c: u32) {
    let cont = |shift: u32| 0x80 | (c >> shift & 0x3F) as u8;
    match width(c) {
        1 => out.push(c as u8),
        2 => out.extend([0xC0 | (c >> 6) as u8, cont(0)]),
        3 => out.extend([0xE0 | (c >> 12) as u8, cont(6), cont(0)]),
        _ => out.extend([0xF0 | (c >> 18) as u8, cont(12), cont(6), cont(0)]),
    }
}

/// Iterates over code points, from either end.
#[derive(Clone)]
pub struct Chars<'a>(&'a [u8]);

pub fn chars(s: &[u8]) -> Chars<'_> {
    Chars(s)
}

impl<'a> Chars<'a> {
    /// What has not been iterated over yet.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl Iterator for Chars<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.0.is_empty() {
            return None;
        }
        let (c, n) = decode_at(self.0, 0);
        self.0 = &self.0[n..];
        Some(c)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len().div_ceil(4), Some(self.0.len()))
    }
}

impl DoubleEndedIterator for Chars<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        let at = prev_boundary(self.0, self.0.len())?;
        let (c, _) = decode_at(self.0, at);
        self.0 = &self.0[..at];
        Some(c)
    }
}

/// Code points with their offsets.
pub fn char_indices(s: &[u8]) -> impl Iterator<Item = (usize, u32)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        (at < s.len()).then(|| {
            let (c, n) = decode_at(s, at);
            at += n;
            (at - n, c)
        })
    })
}

/// The start of the code point which ends at the offset; None at the beginning.
pub fn prev_boundary(s: &[u8], offset: usize) -> Option<usize> {
    s[..offset].iter().rposition(|&b| !is_continuation(b))
}

pub fn is_boundary(s: &[u8], offset: usize) -> bool {
    offset == s.len() || s.get(offset).is_some_and(|&b| !is_continuation(b))
}

pub fn is_ascii(s: &[u8]) -> bool {
    s.is_ascii()
}

/// The number of code points.
pub fn count(s: &[u8]) -> usize {
    s.iter().filter(|&&b| !is_continuation(b)).count()
}

/// The offset of the nth code point; the end's offset if n is the count; None beyond.
pub fn offset_of(s: &[u8], n: usize) -> Option<usize> {
    let mut left = n;
    let mut at = 0;
    for chunk in s.chunks(64) {
        let here = count(chunk);
        if here > left {
            break;
        }
        left -= here;
        at += chunk.len();
    }
    // `left` more code points start at or after `at`, whose chunk holds the one wanted.
    for (i, &b) in s[at..].iter().enumerate() {
        if !is_continuation(b) {
            if left == 0 {
                return Some(at + i);
            }
            left -= 1;
        }
    }
    (left == 0).then_some(s.len())
}

/// The index of the code point at an offset.
pub fn index_of(s: &[u8], offset: usize) -> usize {
    count(&s[..offset])
}

/// The part from index `start` to index `end`, both clipped to the string.
pub fn slice(s: &[u8], start: usize, end: usize) -> &[u8] {
    let from = offset_of(s, start).unwrap_or(s.len());
    let rest = &s[from..];
    &rest[..offset_of(rest, end.saturating_sub(start)).unwrap_or(rest.len())]
}

/// The string as a `&str`, unless it holds a surrogate.
pub fn to_str(s: &[u8]) -> Option<&str> {
    std::str::from_utf8(s).ok()
}

pub fn has_surrogates(s: &[u8]) -> bool {
    memchr::memchr_iter(0xED, s).any(|i| s.get(i + 1).is_some_and(|&b| b >= 0xA0))
}

/// The string with each surrogate replaced by U+FFFD.
pub fn to_string_lossy(s: &[u8]) -> String {
    match to_str(s) {
        Some(t) => t.to_owned(),
        None => chars(s).map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
    }
}

/// Whether the bytes are WTF-8 in the sense of this module.
pub fn validate(s: &[u8]) -> bool {
    let mut rest = s;
    loop {
        let Err(e) = std::str::from_utf8(rest) else { return true };
        rest = &rest[e.valid_up_to()..];
        match *rest {
            [0xED, b, c, ..] if (0xA0..0xC0).contains(&b) && is_continuation(c) => rest = &rest[3..],
            _ => return false,
        }
    }
}

pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let mut out = Vec::new();
    for c in points {
        push(&mut out, c);
    }
    out
}

/// From UTF-16 units: pairs are joined, lone surrogates kept.
pub fn from_utf16(units: &[u16]) -> Vec<u8> {
    from_code_points(
        char::decode_utf16(units.iter().copied())
            .map(|r| r.map_or_else(|e| u32::from(e.unpaired_surrogate()), u32::from)),
    )
}

/// From UTF-32; None if a value is above the last code point.
pub fn from_utf32(points: &[u32]) -> Option<Vec<u8>> {
    points.iter().all(|&c| c <= MAX).then(|| from_code_points(points.iter().copied()))
}

/// To UTF-16 units, surrogates as they are.
pub fn to_utf16(s: &[u8]) -> Vec<u16> {
    let mut out = Vec::with_capacity(s.len());
    for c in chars(s) {
        if c >= 0x10000 {
            let c = c - 0x10000;
            out.extend([0xD800 | (c >> 10) as u16, 0xDC00 | (c & 0x3FF) as u16]);
        } else {
            out.push(c as u16);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_with_surrogates() {
        let points = [0x41, 0xE9, 0xD83D, 0xDE00, 0x20AC, 0x1F600, 0x10FFFF];
        let s = from_code_points(points);
        assert!(validate(&s) && has_surrogates(&s) && to_str(&s).is_none());
        assert_eq!(chars(&s).collect::<Vec<_>>(), points);
        assert_eq!(chars(&s).rev().collect::<Vec<_>>(), points.into_iter().rev().collect::<Vec<_>>());
        assert_eq!(count(&s), 7);
        assert_eq!(offset_of(&s, 3), Some(6));
        assert_eq!(offset_of(&s, 7), Some(s.len()));
        assert_eq!(offset_of(&s, 8), None);
        assert_eq!(slice(&s, 1, 2), "é".as_bytes());
        assert!(!validate(b"\xED\xA0") && !validate(b"\xC0\x80") && !validate(b"\xF4\x90\x80\x80"));
    }

    #[test]
    fn long_offsets() {
        let s = "aé€😀".repeat(100).into_bytes();
        for (index, (offset, _)) in char_indices(&s).enumerate() {
            assert_eq!(offset_of(&s, index), Some(offset));
            assert_eq!(index_of(&s, offset), index);
        }
    }

    #[test]
    fn utf16() {
        let units = [0x41, 0xD83D, 0xDE00, 0xDC00];
        let s = from_utf16(&units);
        assert_eq!(count(&s), 3);
        assert_eq!(to_utf16(&s), units);
        assert_eq!(from_utf32(&[0x110000]), None);
    }
}
