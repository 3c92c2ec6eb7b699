//! Searching, splitting, stripping and padding: the methods `str` and `bytes` share.
//!
//! Terms: a [`Unit`] tells whether a string's elements are bytes or WTF-8 code points; it
//! matters for what is blank, what breaks lines, and how wide a string is. Offsets are always
//! in bytes. Invariant: WTF-8 synchronises itself, so a match of whole code points begins and
//! ends at boundaries, and searching can ignore the unit.

use crate::unicode;
use crate::wtf8::{self, decode_at};
use memchr::memmem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Byte,
    Char,
}

impl Unit {
    /// The number of elements.
    pub fn count(self, s: &[u8]) -> usize {
        match self {
            Unit::Byte => s.len(),
            Unit::Char => wtf8::count(s),
        }
    }

    #[inline]
    fn at(self, s: &[u8], offset: usize) -> (u32, usize) {
        match self {
            Unit::Byte => (u32::from(s[offset]), 1),
            Unit::Char => decode_at(s, offset),
        }
    }

    fn before(self, s: &[u8], offset: usize) -> Option<(u32, usize)> {
        let start = match self {
            Unit::Byte => offset.checked_sub(1)?,
            Unit::Char => wtf8::prev_boundary(s, offset)?,
        };
        Some((self.at(s, start).0, start))
    }

    #[inline]
    pub fn is_space(self, c: u32) -> bool {
        match self {
            Unit::Byte => matches!(c, 0x20 | 0x09..=0x0D),
            Unit::Char => unicode::is_space(c),
        }
    }

    fn is_line_break(self, c: u32) -> bool {
        match self {
            Unit::Byte => matches!(c, 0x0A | 0x0D),
            Unit::Char => matches!(c, 0x0A..=0x0D | 0x1C..=0x1E | 0x85 | 0x2028 | 0x2029),
        }
    }
}

/// The offset of the first match.
pub fn find(s: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [b] => memchr::memchr(*b, s),
        _ => memmem::find(s, needle),
    }
}

/// The offset of the last match.
pub fn rfind(s: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(s.len()),
        [b] => memchr::memrchr(*b, s),
        _ => memmem::rfind(s, needle),
    }
}

pub fn contains(s: &[u8], needle: &[u8]) -> bool {
    find(s, needle).is_some()
}

/// The number of matches which do not overlap.
pub fn count(s: &[u8], needle: &[u8], unit: Unit) -> usize {
    match needle {
        [] => unit.count(s) + 1,
        [b] => memchr::memchr_iter(*b, s).count(),
        _ => {
            let mut n = 0;
            each_match(s, needle, usize::MAX, |_| n += 1);
            n
        }
    }
}

/// Calls `f` with the offsets of the first matches, so many, which do not overlap; the needle must not be empty.
#[inline]
pub fn each_match(s: &[u8], needle: &[u8], max: usize, mut f: impl FnMut(usize)) {
    if let [b] = needle {
        return memchr::memchr_iter(*b, s).take(max).for_each(f);
    }
    if s.len() > 64 {
        return memmem::find_iter(s, needle).take(max).for_each(f);
    }
    // A searcher costs more than it saves in a short text.
    let (mut at, mut left) = (0, max);
    while left > 0
        && let Some(i) = memmem::find(&s[at..], needle)
    {
        f(at + i);
        at += i + needle.len();
        left -= 1;
    }
}

/// `s.replace(old, new, max)`; None if nothing changes, so that the caller can return `s`.
pub fn replace(s: &[u8], old: &[u8], new: &[u8], max: usize, unit: Unit) -> Option<Vec<u8>> {
    if max == 0 || old == new {
        return None;
    }
    if old.is_empty() {
        return Some(interleave(s, new, max, unit));
    }
    let mut out = Vec::new();
    let mut done = 0;
    each_match(s, old, max, |at| {
        if done == 0 {
            out.reserve(s.len() + new.len());
        }
        out.extend_from_slice(&s[done..at]);
        out.extend_from_slice(new);
        done = at + old.len();
    });
    if done == 0 {
        return None;
    }
    out.extend_from_slice(&s[done..]);
    Some(out)
}

fn interleave(s: &[u8], new: &[u8], max: usize, unit: Unit) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + new.len());
    let (mut at, mut left) = (0, max);
    while left > 0 {
        out.extend_from_slice(new);
        left -= 1;
        if at == s.len() {
            return out;
        }
        let (_, width) = unit.at(s, at);
        out.extend_from_slice(&s[at..at + width]);
        at += width;
    }
    out.extend_from_slice(&s[at..]);
    out
}

/// `s.split(separator, max)`; the separator must not be empty.
pub fn split<'a>(s: &'a [u8], separator: &[u8], max: usize) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    let mut done = 0;
    each_match(s, separator, max, |at| {
        out.push(&s[done..at]);
        done = at + separator.len();
    });
    out.push(&s[done..]);
    out
}

/// `s.rsplit(separator, max)`, in the order of the string.
pub fn rsplit<'a>(s: &'a [u8], separator: &[u8], max: usize) -> Vec<&'a [u8]> {
    let mut out = Vec::new();
    let mut end = s.len();
    for at in memmem::rfind_iter(s, separator).take(max) {
        out.push(&s[at + separator.len()..end]);
        end = at;
    }
    out.push(&s[..end]);
    out.reverse();
    out
}

/// `s.split(None, max)`.
pub fn split_whitespace(s: &[u8], max: usize, unit: Unit) -> Vec<&[u8]> {
    let mut out = Vec::new();
    each_word(s, max, unit, |from, to| out.push(&s[from..to]));
    out
}

/// Calls `f` with the ends of the first words, so many, and of what follows them.
#[inline]
pub fn each_word(s: &[u8], max: usize, unit: Unit, mut f: impl FnMut(usize, usize)) {
    let (mut at, mut left) = (0, max);
    loop {
        at = skip(s, at, unit, true);
        if at == s.len() {
            return;
        }
        if left == 0 {
            return f(at, s.len());
        }
        let end = skip(s, at, unit, false);
        f(at, end);
        at = end;
        left -= 1;
    }
}

/// The offset behind the blanks (or what is not blank) that begin at an offset.
#[inline]
fn skip(s: &[u8], mut at: usize, unit: Unit, blank: bool) -> usize {
    while let Some(&b) = s.get(at) {
        let (c, width) = if b < 0x80 { (u32::from(b), 1) } else { unit.at(s, at) };
        if is_blank(c, unit) != blank {
            break;
        }
        at += width;
    }
    at
}

#[inline(always)]
fn is_blank(c: u32, unit: Unit) -> bool {
    match c {
        0x20 | 0x09..=0x0D => true,
        0x21..0x7F => false,
        _ => unit.is_space(c),
    }
}

/// `s.rsplit(None, max)`, in the order of the string.
pub fn rsplit_whitespace(s: &[u8], max: usize, unit: Unit) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = trim_end(s, unit);
    while !rest.is_empty() {
        if out.len() == max {
            out.push(rest);
            break;
        }
        let start = rfind_element(rest, unit, |c| unit.is_space(c));
        out.push(&rest[start..]);
        rest = trim_end(&rest[..start], unit);
    }
    out.reverse();
    out
}

/// The offset of the first element of a kind, or the end.
fn find_element(s: &[u8], unit: Unit, is: impl Fn(u32) -> bool) -> usize {
    let mut at = 0;
    while at < s.len() {
        let (c, width) = unit.at(s, at);
        if is(c) {
            break;
        }
        at += width;
    }
    at
}

/// The offset after the last element of a kind, or 0.
fn rfind_element(s: &[u8], unit: Unit, is: impl Fn(u32) -> bool) -> usize {
    let mut end = s.len();
    while let Some((c, start)) = unit.before(s, end) {
        if is(c) {
            break;
        }
        end = start;
    }
    end
}

pub fn trim_start(s: &[u8], unit: Unit) -> &[u8] {
    &s[skip(s, 0, unit, true)..]
}

pub fn trim_end(s: &[u8], unit: Unit) -> &[u8] {
    if let Some(0x21..0x7F) = s.last() {
        return s;
    }
    &s[..rfind_element(s, unit, |c| !unit.is_space(c))]
}

/// `s.strip()`.
pub fn trim(s: &[u8], unit: Unit) -> &[u8] {
    trim_end(trim_start(s, unit), unit)
}

fn element_of(set: &[u8], unit: Unit) -> impl Fn(u32) -> bool + '_ {
    move |c| match unit {
        Unit::Byte => set.contains(&(c as u8)),
        Unit::Char if c < 0x80 => set.contains(&(c as u8)),
        Unit::Char => wtf8::chars(set).any(|d| d == c),
    }
}

/// `s.lstrip(set)`.
pub fn trim_start_of<'a>(s: &'a [u8], set: &[u8], unit: Unit) -> &'a [u8] {
    let inside = element_of(set, unit);
    &s[find_element(s, unit, |c| !inside(c))..]
}

/// `s.rstrip(set)`.
pub fn trim_end_of<'a>(s: &'a [u8], set: &[u8], unit: Unit) -> &'a [u8] {
    let inside = element_of(set, unit);
    &s[..rfind_element(s, unit, |c| !inside(c))]
}

/// `s.strip(set)`.
pub fn trim_of<'a>(s: &'a [u8], set: &[u8], unit: Unit) -> &'a [u8] {
    trim_end_of(trim_start_of(s, set, unit), set, unit)
}

/// `s.splitlines(keep_ends)`.
pub fn split_lines(s: &[u8], keep_ends: bool, unit: Unit) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = s;
    while !rest.is_empty() {
        let end = find_element(rest, unit, |c| unit.is_line_break(c));
        let stop = match &rest[end..] {
            [] => end,
            [b'\r', b'\n', ..] => end + 2,
            _ => end + unit.at(rest, end).1,
        };
        out.push(&rest[..if keep_ends { stop } else { end }]);
        rest = &rest[stop..];
    }
    out
}

/// `s.partition(separator)`, None without a match; the separator must not be empty.
pub fn partition<'a>(s: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    find(s, separator).map(|at| (&s[..at], &s[at + separator.len()..]))
}

/// `s.rpartition(separator)`, None without a match; the separator must not be empty.
pub fn rpartition<'a>(s: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    rfind(s, separator).map(|at| (&s[..at], &s[at + separator.len()..]))
}

/// `s.expandtabs(size)`.
pub fn expand_tabs(s: &[u8], size: usize, unit: Unit) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len());
    let (mut column, mut at) = (0, 0);
    while at < s.len() {
        let (c, width) = unit.at(s, at);
        if c == 0x09 {
            let blanks = if size == 0 { 0 } else { size - column % size };
            out.resize(out.len() + blanks, b' ');
            column += blanks;
        } else {
            out.extend_from_slice(&s[at..at + width]);
            column = if matches!(c, 0x0A | 0x0D) { 0 } else { column + 1 };
        }
        at += width;
    }
    out
}

/// `s` with so many fillers on both sides.
pub fn pad(s: &[u8], left: usize, right: usize, fill: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.len() + (left + right) * fill.len());
    push_repeated(&mut out, fill, left);
    out.extend_from_slice(s);
    push_repeated(&mut out, fill, right);
    out
}

fn push_repeated(out: &mut Vec<u8>, fill: &[u8], count: usize) {
    match fill {
        [b] => out.resize(out.len() + count, *b),
        _ => (0..count).for_each(|_| out.extend_from_slice(fill)),
    }
}

fn missing(s: &[u8], width: usize, unit: Unit) -> Option<usize> {
    width.checked_sub(unit.count(s)).filter(|&n| n > 0)
}

/// `s.ljust(width, fill)`, None if it is wide enough; the fill is one element.
pub fn left_justify(s: &[u8], width: usize, fill: &[u8], unit: Unit) -> Option<Vec<u8>> {
    missing(s, width, unit).map(|n| pad(s, 0, n, fill))
}

/// `s.rjust(width, fill)`, None if it is wide enough.
pub fn right_justify(s: &[u8], width: usize, fill: &[u8], unit: Unit) -> Option<Vec<u8>> {
    missing(s, width, unit).map(|n| pad(s, n, 0, fill))
}

/// `s.center(width, fill)`, None if it is wide enough.
pub fn center(s: &[u8], width: usize, fill: &[u8], unit: Unit) -> Option<Vec<u8>> {
    missing(s, width, unit).map(|n| {
        let left = n / 2 + (n & width & 1);
        pad(s, left, n - left, fill)
    })
}

/// `s.zfill(width)`, None if it is wide enough.
pub fn zero_fill(s: &[u8], width: usize, unit: Unit) -> Option<Vec<u8>> {
    let n = missing(s, width, unit)?;
    let signed = matches!(s.first(), Some(b'+' | b'-'));
    let (sign, rest) = s.split_at(usize::from(signed));
    let mut out = sign.to_vec();
    push_repeated(&mut out, b"0", n);
    out.extend_from_slice(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::Unit::{Byte, Char};
    use super::*;

    fn texts(parts: Vec<&[u8]>) -> Vec<&str> {
        parts.into_iter().map(|p| std::str::from_utf8(p).unwrap()).collect()
    }

    const ALL: usize = usize::MAX;

    #[test]
    fn finding() {
        assert_eq!((find(b"abcabc", b"bc"), rfind(b"abcabc", b"bc")), (Some(1), Some(4)));
        assert_eq!((find(b"abc", b""), rfind(b"abc", b"")), (Some(0), Some(3)));
        assert_eq!((count("é€".as_bytes(), b"", Char), count(b"aaaa", b"aa", Byte)), (3, 2));
    }

    #[test]
    fn replacing() {
        assert_eq!(replace("é€".as_bytes(), b"", b"-", ALL, Char).unwrap(), "-é-€-".as_bytes());
        assert_eq!(replace("é€".as_bytes(), b"", b"-", 2, Char).unwrap(), "-é-€".as_bytes());
        assert_eq!(replace(b"aXbXc", b"X", b"--", 1, Byte).unwrap(), b"a--bXc");
        assert_eq!(replace(b"abc", b"x", b"y", ALL, Byte), None);
    }

    #[test]
    fn splitting() {
        assert_eq!(texts(split(b"a,b,,c", b",", 2)), ["a", "b", ",c"]);
        assert_eq!(texts(rsplit(b"a,b,,c", b",", 2)), ["a,b", "", "c"]);
        assert_eq!(texts(split_whitespace(b"  a b  c ", 1, Byte)), ["a", "b  c "]);
        assert_eq!(texts(rsplit_whitespace(b"  a b  c ", 1, Byte)), ["  a b", "c"]);
        assert_eq!(texts(split_whitespace("a\u{2003}b\x1cc".as_bytes(), ALL, Char)), ["a", "b", "c"]);
        assert_eq!(texts(split_whitespace(b"a\x1cb", ALL, Byte)), ["a\x1cb"]);
        assert!(split_whitespace(b" ", ALL, Char).is_empty());
    }

    #[test]
    fn lines() {
        let s = "a\r\nb\x0bc\u{85}d\n\re\u{2028}".as_bytes();
        assert_eq!(texts(split_lines(s, false, Char)), ["a", "b", "c", "d", "", "e"]);
        assert_eq!(texts(split_lines(b"a\r\nb\x0bc\n", true, Byte)), ["a\r\n", "b\x0bc\n"]);
        assert!(split_lines(b"", false, Char).is_empty());
    }

    #[test]
    fn padding() {
        assert_eq!(center(b"ab", 5, b"*", Byte).unwrap(), b"**ab*");
        assert_eq!(center(b"a", 4, b"*", Byte).unwrap(), b"*a**");
        assert_eq!(center("é".as_bytes(), 4, "→".as_bytes(), Char).unwrap(), "→é→→".as_bytes());
        assert_eq!(zero_fill(b"-42", 6, Char).unwrap(), b"-00042");
        assert_eq!(zero_fill(b"+", 3, Char).unwrap(), b"+00");
        assert_eq!(expand_tabs("é\tb\n\tc".as_bytes(), 4, Char), "é   b\n    c".as_bytes());
        assert_eq!(expand_tabs(b"a\tb", 0, Byte), b"ab");
        assert_eq!(trim_of("éabé".as_bytes(), "éb".as_bytes(), Char), b"a");
    }
}
