//! printf-style formatting: the operator `%` of str and bytes.
//!
//! Terms: a *field* is one `%...` of the format. [`Parser`] yields literals and fields in
//! order, so that the caller fetches arguments between them as CPython does. Invariant: an
//! unknown conversion is no parse error, for its argument is fetched first.

use crate::error::{Error, Result};
use crate::float::{self, Style};
use crate::search::Unit;
use crate::wtf8;
use crate::{int, search};
use dashu_int::IBig;

/// A width or a precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// `*`: the next argument.
    Star,
    Value(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub left: bool,
    pub plus: bool,
    pub space: bool,
    pub alternate: bool,
    pub zero: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The mapping key, without its parentheses.
    pub key: Option<&'a [u8]>,
    pub flags: Flags,
    pub width: Option<Amount>,
    pub precision: Option<Amount>,
    pub conversion: u32,
    /// The format and the conversion's offset in it, for [`Field::unsupported`].
    pub text: &'a [u8],
    pub offset: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Literal(&'a [u8]),
    /// `%s` or `%d` without anything between: most fields are no more than that.
    Plain(Field<'a>),
    Field(Field<'a>),
}

pub const NOT_ENOUGH: &str = "not enough arguments for format string";
pub const STR_NOT_ALL: &str = "not all arguments converted during string formatting";
pub const BYTES_NOT_ALL: &str = "not all arguments converted during bytes formatting";
pub const NEEDS_MAPPING: &str = "format requires a mapping";
pub const STAR_WANTS_INT: &str = "* wants int";

/// Reads a format from the left.
#[derive(Clone)]
pub struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    unit: Unit,
}

impl<'a> Parser<'a> {
    pub fn new(text: &'a [u8], unit: Unit) -> Self {
        Parser { text, at: 0, unit }
    }

    /// The next piece, None at the end.
    pub fn next_piece(&mut self) -> Result<Option<Piece<'a>>> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return Ok(None);
        }
        let literal = memchr::memchr(b'%', rest).unwrap_or(rest.len());
        if literal > 0 {
            self.at += literal;
            return Ok(Some(Piece::Literal(&rest[..literal])));
        }
        match rest.get(1) {
            Some(b'%') => {
                self.at += 2;
                return Ok(Some(Piece::Literal(b"%")));
            }
            Some(&letter @ (b's' | b'd')) => {
                let offset = self.at + 1;
                self.at += 2;
                return Ok(Some(Piece::Plain(Field::plain(letter, self.text, offset))));
            }
            _ => {}
        }
        self.at += 1;
        self.field().map(|f| Some(Piece::Field(f)))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn field(&mut self) -> Result<Field<'a>> {
        let key = if self.peek() == Some(b'(') { Some(self.key()?) } else { None };
        let flags = self.flags();
        let width = self.amount("width too big", isize::MAX as usize)?;
        let mut precision = None;
        if self.peek() == Some(b'.') {
            self.at += 1;
            let message = if self.unit == Unit::Char { "precision too big" } else { "prec too big" };
            precision = Some(self.amount(message, i32::MAX as usize)?.unwrap_or(Amount::Value(0)));
        }
        if matches!(self.peek(), Some(b'h' | b'l' | b'L')) {
            self.at += 1;
        }
        if self.at == self.text.len() {
            return Err(Error::value("incomplete format"));
        }
        let offset = self.at;
        let (conversion, length) = match self.unit {
            Unit::Byte => (u32::from(self.text[self.at]), 1),
            Unit::Char => wtf8::decode_at(self.text, self.at),
        };
        self.at += length;
        Ok(Field { key, flags, width, precision, conversion, text: self.text, offset })
    }

    fn key(&mut self) -> Result<&'a [u8]> {
        let start = self.at + 1;
        let mut depth = 0;
        for (i, &b) in self.text.iter().enumerate().skip(self.at) {
            match b {
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at = i + 1;
                return Ok(&self.text[start..i]);
            }
        }
        Err(Error::value("incomplete format key"))
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.peek() {
                Some(b'-') => flags.left = true,
                Some(b'+') => flags.plus = true,
                Some(b' ') => flags.space = true,
                Some(b'#') => flags.alternate = true,
                Some(b'0') => flags.zero = true,
                _ => return flags,
            }
            self.at += 1;
        }
    }

    fn amount(&mut self, too_big: &'static str, max: usize) -> Result<Option<Amount>> {
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(Some(Amount::Star));
        }
        let mut value = None;
        while let Some(b @ b'0'..=b'9') = self.peek() {
            let next = value.unwrap_or(0usize).checked_mul(10).and_then(|v| v.checked_add(usize::from(b - b'0')));
            value = Some(next.filter(|&v| v <= max).ok_or_else(|| Error::value(too_big))?);
            self.at += 1;
        }
        Ok(value.map(Amount::Value))
    }
}

impl<'a> Field<'a> {
    fn plain(letter: u8, text: &'a [u8], offset: usize) -> Field<'a> {
        let flags = Flags::default();
        Field { key: None, flags, width: None, precision: None, conversion: u32::from(letter), text, offset }
    }

    /// The conversion, if it is ASCII.
    pub fn letter(&self) -> Option<u8> {
        u8::try_from(self.conversion).ok().filter(u8::is_ascii)
    }

    /// Settles a `*` width: a negative one is a `-` flag.
    pub fn set_width(&mut self, width: i64) {
        self.flags.left |= width < 0;
        self.width = Some(Amount::Value(width.unsigned_abs() as usize));
    }

    /// Settles a `*` precision: a negative one is 0.
    pub fn set_precision(&mut self, precision: i64) {
        self.precision = Some(Amount::Value(precision.max(0) as usize));
    }

    /// The error for a conversion nobody knows.
    pub fn unsupported(&self, unit: Unit) -> Error {
        if unit == Unit::Byte && self.conversion >= 0x80 {
            return Error::overflow("character argument not in range(0x110000)");
        }
        let shown = match self.conversion {
            c @ 32..127 => c as u8 as char,
            _ => '?',
        };
        let (code, index) = (self.conversion, unit.count(&self.text[..self.offset]));
        Error::value(format!("unsupported format character '{shown}' (0x{code:x}) at index {index}"))
    }

    fn width(&self) -> usize {
        match self.width {
            Some(Amount::Value(n)) => n,
            _ => 0,
        }
    }

    fn precision(&self) -> Option<usize> {
        match self.precision {
            Some(Amount::Value(n)) => Some(n),
            _ => None,
        }
    }
}

fn sign_of(negative: bool, flags: Flags) -> &'static str {
    match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    }
}

/// What stands in front of the digits, so many zeros, and the digits, padded with blanks, or with zeros behind the front.
fn push_number(out: &mut Vec<u8>, front: [&str; 2], zeros: usize, body: &str, field: &Field) {
    let missing = field.width().saturating_sub(front[0].len() + front[1].len() + zeros + body.len());
    let blanks = if field.flags.left || field.flags.zero { 0 } else { missing };
    let zeros = if field.flags.zero && !field.flags.left { zeros + missing } else { zeros };
    out.resize(out.len() + blanks, b' ');
    out.extend_from_slice(front[0].as_bytes());
    out.extend_from_slice(front[1].as_bytes());
    out.resize(out.len() + zeros, b'0');
    out.extend_from_slice(body.as_bytes());
    if field.flags.left {
        out.resize(out.len() + missing, b' ');
    }
}

/// Appends `%d %i %u %o %x %X` of an int.
pub fn format_int(out: &mut Vec<u8>, n: &IBig, field: &Field, limit: usize) -> Result<()> {
    let letter = field.letter().unwrap_or(b'd');
    let text = match letter {
        b'o' => int::to_radix(n, 8),
        b'x' => int::to_radix(n, 16),
        b'X' => int::to_radix(n, 16).to_uppercase(),
        _ => int::to_decimal(n, limit)?,
    };
    let (negative, digits) = text.strip_prefix('-').map_or((false, &*text), |d| (true, d));
    push_int(out, negative, digits, letter, field);
    Ok(())
}

/// The same of a machine int.
pub fn format_small_int(out: &mut Vec<u8>, n: i64, field: &Field) {
    let letter = field.letter().unwrap_or(b'd');
    let base = match letter {
        b'o' => 8,
        b'x' | b'X' => 16,
        _ => 10,
    };
    let mut buf = [0; 64];
    let digits = int::small_digits(n.unsigned_abs(), base, letter == b'X', &mut buf);
    push_int(out, n < 0, digits, letter, field);
}

fn push_int(out: &mut Vec<u8>, negative: bool, digits: &str, letter: u8, field: &Field) {
    let prefix = match letter {
        b'o' if field.flags.alternate => "0o",
        b'x' if field.flags.alternate => "0x",
        b'X' if field.flags.alternate => "0X",
        _ => "",
    };
    let zeros = field.precision().unwrap_or(0).saturating_sub(digits.len());
    push_number(out, [sign_of(negative, field.flags), prefix], zeros, digits, field);
}

/// Appends what a plain `%d` makes of a machine int.
pub fn push_decimal(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    let mut buf = [0; 64];
    out.extend_from_slice(int::small_digits(n.unsigned_abs(), 10, false, &mut buf).as_bytes());
}

/// Appends `%e %f %g` and their capitals.
pub fn format_float(out: &mut Vec<u8>, x: f64, field: &Field) -> Result<()> {
    let letter = field.letter().unwrap_or(b'g');
    let style = match letter.to_ascii_lowercase() {
        b'e' => Style::Exponent,
        b'f' => Style::Fixed,
        _ => Style::General,
    };
    let flags = float::Flags {
        alternate: field.flags.alternate,
        upper: letter.is_ascii_uppercase(),
        ..float::Flags::default()
    };
    let precision = field.precision().unwrap_or(6);
    if precision > float::MOST_PRECISION {
        return Err(Error::value("precision too big"));
    }
    let text = float::format(x, style, precision, flags);
    let (negative, body) = text.strip_prefix('-').map_or((false, &*text), |b| (true, b));
    push_number(out, [sign_of(negative, field.flags), ""], 0, body, field);
    Ok(())
}

/// Appends `%s`, `%r`, `%a`, `%b`: text, cut to the precision and padded.
pub fn format_text(out: &mut Vec<u8>, s: &[u8], field: &Field, unit: Unit) {
    if field.width.is_none() && field.precision.is_none() {
        return out.extend_from_slice(s);
    }
    let limit = field.precision().unwrap_or(usize::MAX);
    let cut = match unit {
        Unit::Byte => &s[..s.len().min(limit)],
        Unit::Char => wtf8::slice(s, 0, limit),
    };
    pad_text(out, cut, field, unit);
}

fn pad_text(out: &mut Vec<u8>, s: &[u8], field: &Field, unit: Unit) {
    let missing = field.width().saturating_sub(unit.count(s));
    let (left, right) = if field.flags.left { (0, missing) } else { (missing, 0) };
    out.resize(out.len() + left, b' ');
    out.extend_from_slice(s);
    out.resize(out.len() + right, b' ');
}

/// Appends `%c` of an int.
pub fn format_character(out: &mut Vec<u8>, n: &IBig, field: &Field, unit: Unit) -> Result<()> {
    let (max, message) = match unit {
        Unit::Byte => (0xFF, "%c arg not in range(256)"),
        Unit::Char => (wtf8::MAX, "%c arg not in range(0x110000)"),
    };
    let c = u32::try_from(n.clone()).ok().filter(|&c| c <= max).ok_or_else(|| Error::overflow(message))?;
    let mut text = Vec::new();
    match unit {
        search::Unit::Byte => text.push(c as u8),
        search::Unit::Char => wtf8::push(&mut text, c),
    }
    pad_text(out, &text, field, unit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> Result<Field<'_>> {
        match Parser::new(text.as_bytes(), Unit::Char).next_piece()? {
            Some(Piece::Field(f) | Piece::Plain(f)) => Ok(f),
            other => panic!("{other:?}"),
        }
    }

    fn int(text: &str, n: i64) -> String {
        let (mut out, mut same) = (Vec::new(), Vec::new());
        format_int(&mut out, &IBig::from(n), &field(text).unwrap(), 0).unwrap();
        format_small_int(&mut same, n, &field(text).unwrap());
        assert_eq!(out, same);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ints() {
        for (text, expected) in [
            ("%-+ #05.3d", "-042 "),
            ("%#.5x", "-0x0002a"),
            ("%08x", "-000002a"),
            ("%-08x", "-2a     "),
            ("%+.3o", "-052"),
            ("%#X", "-0X2A"),
            ("%#010x", "-0x000002a"),
            ("% 010d", "-000000042"),
            ("%lu", "-42"),
        ] {
            assert_eq!(int(text, -42), expected, "{text}");
        }
        assert_eq!(int("%.0d", 0), "0");
        assert_eq!(int("% d", 5), " 5");
    }

    #[test]
    fn floats_and_text() {
        let float = |text: &str, x| {
            let mut out = Vec::new();
            format_float(&mut out, x, &field(text).unwrap()).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(float("%010.3f", -42.0), "-00042.000");
        assert_eq!(float("%#.0f", -42.0), "-42.");
        assert_eq!(float("%010f", f64::NEG_INFINITY), "-000000inf");
        assert_eq!(float("%-10g", -42.0), "-42       ");
        let mut out = Vec::new();
        format_text(&mut out, "éàb".as_bytes(), &field("%+05.2s").unwrap(), Unit::Char);
        assert_eq!(out, "   éà".as_bytes());
        let c = |n: i64| {
            let mut out = Vec::new();
            format_character(&mut out, &IBig::from(n), &field("%05c").unwrap(), Unit::Char).map(|()| out)
        };
        assert_eq!(c(65), Ok(b"    A".to_vec()));
        assert_eq!(c(-1).unwrap_err().message, "%c arg not in range(0x110000)");
    }

    #[test]
    fn parsing() {
        let f = field("%((a)b)*.*s").unwrap();
        assert_eq!((f.key, f.width, f.precision), (Some(&b"(a)b"[..]), Some(Amount::Star), Some(Amount::Star)));
        for (text, message) in [
            ("%", "incomplete format"),
            ("%(a", "incomplete format key"),
            ("%(a)", "incomplete format"),
            ("%5.", "incomplete format"),
            ("%l", "incomplete format"),
            ("%99999999999999999999d", "width too big"),
            ("%.9999999999d", "precision too big"),
        ] {
            assert_eq!(field(text).unwrap_err().message, message, "{text}");
        }
        for (text, message) in [
            ("%é", "unsupported format character '?' (0xe9) at index 1"),
            ("%lld", "unsupported format character 'l' (0x6c) at index 2"),
            ("%5%", "unsupported format character '%' (0x25) at index 2"),
        ] {
            assert_eq!(field(text).unwrap().unsupported(Unit::Char).message, message);
        }
    }
}
