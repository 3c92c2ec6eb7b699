//! What Python asks about a code point.
//!
//! Everything comes from the generated tables (Unicode 16, the version of CPython 3.14): one
//! trie for the questions of `str`'s methods and one for those only `unicodedata` asks, so that
//! a program which never imports the latter never touches it.
//! Terms: a *record* is what code points with the same properties share.

use crate::tables::{self as t, BLOCK, DbRecord, TypeRecord};
use crate::wtf8::chars;

fn trie(blocks: &[u16], ids: &[u16], c: u32) -> usize {
    let c = c as usize;
    blocks.get(c / BLOCK).map_or(0, |&b| usize::from(ids[usize::from(b) * BLOCK + c % BLOCK]))
}

#[inline]
pub(crate) fn type_record(c: u32) -> &'static TypeRecord {
    &t::TYPE_RECORDS[trie(&t::TYPE_BLOCKS, &t::TYPE_IDS, c)]
}

pub(crate) fn db_record(c: u32) -> &'static DbRecord {
    &t::DB_RECORDS[trie(&t::DB_BLOCKS, &t::DB_IDS, c)]
}

fn has(c: u32, flag: u16) -> bool {
    type_record(c).flags & flag != 0
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident $flag:ident;)*) => {
        $($(#[$doc])* pub fn $name(c: u32) -> bool {
            has(c, t::$flag)
        })*
    };
}

predicates! {
    is_alpha ALPHA;
    is_decimal DECIMAL;
    is_digit DIGIT;
    is_numeric NUMERIC;
    is_printable PRINTABLE;
    is_upper UPPER;
    is_lower LOWER;
    /// Titlecase proper: neither upper nor lower.
    is_title TITLE;
    is_line_break LINE_BREAK;
    is_xid_start XID_START;
    is_xid_continue XID_CONTINUE;
    is_cased CASED;
    is_case_ignorable IGNORABLE;
}

#[inline]
pub fn is_space(c: u32) -> bool {
    match c {
        0..0x80 => matches!(c, 0x09..=0x0D | 0x1C..=0x20),
        _ => has(c, t::SPACE),
    }
}

pub fn is_alnum(c: u32) -> bool {
    has(c, t::ALPHA | t::DECIMAL | t::DIGIT | t::NUMERIC)
}

/// The value of a decimal digit of any script.
pub fn decimal_value(c: u32) -> Option<u32> {
    match c {
        0x30..=0x39 => Some(c - 0x30),
        0..0x80 => None,
        _ => is_decimal(c).then(|| u32::from(type_record(c).digit)),
    }
}

/// The value of a digit, superscripts and the like included.
pub fn digit_value(c: u32) -> Option<u32> {
    is_digit(c).then(|| u32::from(type_record(c).digit))
}

/// The value of anything numeric.
pub fn numeric_value(c: u32) -> Option<f64> {
    t::NUMERIC_VALUES.get(usize::from(db_record(c).numeric)).copied()
}

/// Decimal digits as ASCII ones, spaces as ' ', anything else beyond ASCII as '?'.
pub fn decimals_to_ascii(s: &[u8]) -> String {
    chars(s)
        .map(|c| match c {
            0..0x80 => c as u8 as char,
            _ if is_space(c) => ' ',
            _ => decimal_value(c).map_or('?', |d| (b'0' + d as u8) as char),
        })
        .collect()
}
pub use crate::names::{lookup_character, name};

/// `unicodedata.category`.
pub fn category(c: u32) -> &'static str {
    t::CATEGORIES[usize::from(db_record(c).category)]
}

/// `unicodedata.bidirectional`; empty if none is assigned.
pub fn bidirectional(c: u32) -> &'static str {
    t::BIDI[usize::from(db_record(c).bidi)]
}

/// `unicodedata.east_asian_width`.
pub fn east_asian_width(c: u32) -> &'static str {
    t::WIDTHS[usize::from(db_record(c).width)]
}

/// `unicodedata.mirrored`.
pub fn is_mirrored(c: u32) -> bool {
    db_record(c).mirrored != 0
}

pub use crate::normalize::combining;
pub use crate::tables::UNICODE_VERSION;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties() {
        assert_eq!((category(0x41), category(0x378), category(0xD800)), ("Lu", "Cn", "Cs"));
        assert_eq!((bidirectional(0x5D0), east_asian_width(0xFF21), is_mirrored(0x28)), ("R", "F", true));
        assert_eq!((decimal_value(0x663), digit_value(0xB2), numeric_value(0xBD)), (Some(3), Some(2), Some(0.5)));
        assert_eq!((decimal_value(0xB2), numeric_value(0x41), combining(0x301)), (None, None, 230));
        assert!(is_space(0x2003) && !is_space(0x200B) && is_alnum(0x2160) && !is_printable(0xAD));
        assert_eq!(decimals_to_ascii("٣\u{2003}é".as_bytes()), "3 ?");
    }

    #[test]
    fn names() {
        assert_eq!(name(0x41).as_deref(), Some("LATIN CAPITAL LETTER A"));
        assert_eq!((name(0), name(0x378)), (None, None));
        assert_eq!(lookup_character("latin small letter a"), Some(0x61));
        assert_eq!(lookup_character("latin-small-letter-a"), None);
        assert_eq!(lookup_character("Latin Small  Letter A"), None);
        assert_eq!((lookup_character("NULL"), lookup_character("lf")), (Some(0), Some(10)));
        assert_eq!(lookup_character("NEW LINE"), Some(10));
        assert_eq!(lookup_character("HANGUL SYLLABLE GAG"), Some(0xAC01));
        assert_eq!(lookup_character("CJK UNIFIED IDEOGRAPH-4E00"), Some(0x4E00));
    }

    /// A sum over all code points, computed likewise by CPython 3.14.
    #[test]
    fn whole_range() {
        let count = |f: fn(u32) -> bool| (0..=crate::wtf8::MAX).filter(|&c| f(c)).count();
        let counts = [
            count(is_alpha),
            count(is_decimal),
            count(is_digit),
            count(is_numeric),
            count(is_space),
            count(is_printable),
            count(is_upper),
            count(is_lower),
            count(is_xid_start),
            count(is_xid_continue),
        ];
        assert_eq!(counts, COUNTS);
    }

    const COUNTS: [usize; 10] = [141028, 760, 888, 2002, 29, 154810, 1978, 2569, 141247, 144522];
}
