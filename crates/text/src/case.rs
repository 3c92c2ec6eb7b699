//! Upper, lower, title and folded case of WTF-8 strings, and the tests on whole strings.
//!
//! Terms: a *mapping* is full if one code point may become several. Invariant: ASCII strings
//! never reach the tables.

use crate::tables::{self as t, TypeRecord};
use crate::unicode::{self, type_record};
use crate::wtf8::{char_indices, chars, decode_at, push};

/// A column of the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Lower,
    Title,
    Fold,
}

/// Appends a code point's full mapping.
fn push_mapped(out: &mut Vec<u8>, c: u32, case: Case) {
    let record: &TypeRecord = type_record(c);
    if record.flags & t::SPECIAL == 0 {
        let delta = match case {
            Case::Upper => record.upper,
            Case::Lower | Case::Fold => record.lower,
            Case::Title => record.title,
        };
        return push(out, c.wrapping_add_signed(delta));
    }
    if let Ok(i) = t::SPECIAL_CASE.binary_search_by_key(&c, |row| row.0) {
        let (_, upper, lower, title, fold) = t::SPECIAL_CASE[i];
        let text = match case {
            Case::Upper => upper,
            Case::Lower => lower,
            Case::Title => title,
            Case::Fold => fold,
        };
        out.extend_from_slice(text.as_bytes());
    }
}

const SIGMA: u32 = 0x3A3;

/// Whether a capital sigma at the offset ends a word, so that its lower case is `ς`.
fn is_final_sigma(s: &[u8], at: usize) -> bool {
    let word = |c: Option<u32>| c.is_some_and(unicode::is_cased);
    let before = chars(&s[..at]).rev().find(|&c| !unicode::is_case_ignorable(c));
    let after = chars(&s[at + 2..]).find(|&c| !unicode::is_case_ignorable(c));
    word(before) && !word(after)
}

fn push_lower(out: &mut Vec<u8>, s: &[u8], at: usize, c: u32) {
    match c {
        SIGMA => push(out, if is_final_sigma(s, at) { 0x3C2 } else { 0x3C3 }),
        _ => push_mapped(out, c, Case::Lower),
    }
}

pub fn upper(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        return s.to_ascii_uppercase();
    }
    let mut out = Vec::with_capacity(s.len());
    chars(s).for_each(|c| push_mapped(&mut out, c, Case::Upper));
    out
}

pub fn lower(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    let mut out = Vec::with_capacity(s.len());
    char_indices(s).for_each(|(i, c)| push_lower(&mut out, s, i, c));
    out
}

pub fn casefold(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        return s.to_ascii_lowercase();
    }
    let mut out = Vec::with_capacity(s.len());
    chars(s).for_each(|c| push_mapped(&mut out, c, Case::Fold));
    out
}

/// `title` of ASCII text, in place.
pub fn ascii_title(s: &mut [u8]) {
    let mut inside = false;
    for b in s {
        let letter = b.is_ascii_alphabetic();
        if inside {
            b.make_ascii_lowercase()
        } else {
            b.make_ascii_uppercase()
        }
        inside = letter;
    }
}

pub fn title(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        let mut out = s.to_vec();
        ascii_title(&mut out);
        return out;
    }
    let mut out = Vec::with_capacity(s.len());
    let mut inside = false;
    for (i, c) in char_indices(s) {
        if inside {
            push_lower(&mut out, s, i, c);
        } else {
            push_mapped(&mut out, c, Case::Title);
        }
        inside = unicode::is_cased(c);
    }
    out
}

pub fn capitalize(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        let mut out = s.to_ascii_lowercase();
        out.iter_mut().take(1).for_each(|b| b.make_ascii_uppercase());
        return out;
    }
    let mut out = Vec::with_capacity(s.len());
    for (i, c) in char_indices(s) {
        if i == 0 { push_mapped(&mut out, c, Case::Title) } else { push_lower(&mut out, s, i, c) }
    }
    out
}

pub fn swapcase(s: &[u8]) -> Vec<u8> {
    if s.is_ascii() {
        let flip = |b: &u8| if b.is_ascii_alphabetic() { b ^ 0x20 } else { *b };
        return s.iter().map(flip).collect();
    }
    let mut out = Vec::with_capacity(s.len());
    for (i, c) in char_indices(s) {
        if unicode::is_upper(c) {
            push_lower(&mut out, s, i, c);
        } else if unicode::is_lower(c) {
            push_mapped(&mut out, c, Case::Upper);
        } else {
            push(&mut out, c);
        }
    }
    out
}

/// Whether there is a code point and all pass: `isalpha`, `isdecimal`, `isspace`...
pub fn all(s: &[u8], test: impl Fn(u32) -> bool) -> bool {
    !s.is_empty() && chars(s).all(test)
}

/// `s.isprintable()`: also true of the empty string.
pub fn is_printable(s: &[u8]) -> bool {
    chars(s).all(unicode::is_printable)
}

/// Cased code points are all of one kind, and there is one.
fn is_all_cased(s: &[u8], wanted: fn(u32) -> bool, other: fn(u32) -> bool) -> bool {
    let mut found = false;
    for c in chars(s) {
        if other(c) || unicode::is_title(c) {
            return false;
        }
        found |= wanted(c);
    }
    found
}

/// `s.isupper()`.
pub fn is_upper(s: &[u8]) -> bool {
    is_all_cased(s, unicode::is_upper, unicode::is_lower)
}

/// `s.islower()`.
pub fn is_lower(s: &[u8]) -> bool {
    is_all_cased(s, unicode::is_lower, unicode::is_upper)
}

/// `s.istitle()`.
pub fn is_title(s: &[u8]) -> bool {
    let (mut found, mut inside) = (false, false);
    for c in chars(s) {
        let capital = unicode::is_upper(c) || unicode::is_title(c);
        let small = unicode::is_lower(c);
        if (capital && inside) || (small && !inside) {
            return false;
        }
        inside = capital || small;
        found |= inside;
    }
    found
}

/// `s.isidentifier()`.
pub fn is_identifier(s: &[u8]) -> bool {
    if s.is_empty() {
        return false;
    }
    let (first, width) = decode_at(s, 0);
    (first == u32::from(b'_') || unicode::is_xid_start(first)) && chars(&s[width..]).all(unicode::is_xid_continue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(f: fn(&[u8]) -> Vec<u8>, s: &str) -> String {
        String::from_utf8(f(s.as_bytes())).unwrap()
    }

    #[test]
    fn mappings() {
        assert_eq!(text(upper, "straße ŉ ﬁ"), "STRASSE ʼN FI");
        assert_eq!(text(lower, "ΑΣ ΑΣΑ Σ İ"), "ας ασα σ i̇");
        assert_eq!(text(casefold, "Straße ς Ꭰ"), "strasse σ Ꭰ");
        assert_eq!(text(title, "hello wORLD's ǆx"), "Hello World'S ǅx");
        assert_eq!(text(capitalize, "ßXY"), "Ssxy");
        assert_eq!(text(swapcase, "aBßΣ"), "AbSSς");
    }

    #[test]
    fn tests_on_strings() {
        assert!(is_title("Ab Cd ǅa".as_bytes()) && !is_title(b"AB") && !is_title(b""));
        assert!(is_upper("AB1".as_bytes()) && !is_upper("Aǅ".as_bytes()) && !is_lower(b"12"));
        assert!(is_identifier("_é1".as_bytes()) && !is_identifier(b"1a") && !is_identifier(b""));
        assert!(all("٣1".as_bytes(), unicode::is_decimal) && !all("²".as_bytes(), unicode::is_decimal));
    }
}
