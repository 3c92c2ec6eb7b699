//! The format specification mini-language: `format(value, spec)` of str, int, float, complex.
//!
//! Terms: a *spec* is parsed once into [`Spec`]; a number is laid out as sign, prefix (`0x`),
//! whole digits, and the *rest* (point, fraction, exponent, `%`). Invariant: the errors are
//! found in CPython's order, since a spec can be wrong in several ways.
//! The type `n` formats as in the C locale.

use crate::error::{Error, Result};
use crate::float::{self, Flags, Style};
use crate::wtf8::{self, push, to_string_lossy};
use crate::{int, unicode};
use dashu_int::IBig;

/// A separator of thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    Comma,
    Underscore,
}

impl Grouping {
    fn text(self) -> char {
        match self {
            Grouping::Comma => ',',
            Grouping::Underscore => '_',
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub fill: u32,
    /// One of `<>=^`.
    pub align: u8,
    /// One of `+- `, if given.
    pub sign: Option<u8>,
    pub no_negative_zero: bool,
    pub alternate: bool,
    pub width: Option<usize>,
    pub grouping: Option<Grouping>,
    pub precision: Option<usize>,
    pub fraction_grouping: Option<Grouping>,
    /// The type's code point; the default one, or 0, if not given.
    pub kind: u32,
}

/// What is formatted; the name is that in messages.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub type_name: &'a str,
    pub default_kind: u8,
    pub default_align: u8,
}

pub const STR: Target = Target { type_name: "str", default_kind: b's', default_align: b'<' };
pub const INT: Target = Target { type_name: "int", default_kind: b'd', default_align: b'>' };
pub const FLOAT: Target = Target { type_name: "float", default_kind: 0, default_align: b'>' };
pub const COMPLEX: Target = Target { type_name: "complex", default_kind: 0, default_align: b'>' };

fn is_align(c: Option<&u32>) -> Option<u8> {
    c.filter(|&&c| c < 0x80 && b"<>=^".contains(&(c as u8))).map(|&c| c as u8)
}

fn both_separators() -> Error {
    Error::value("Cannot specify both ',' and '_'.")
}

/// Printable ASCII in quotes as it is, anything else in hexadecimal.
fn shown(c: u32) -> String {
    if c > 32 && c < 128 { (c as u8 as char).to_string() } else { format!("\\x{c:x}") }
}

fn unknown_code(kind: u32, type_name: &str) -> Error {
    Error::value(format!("Unknown format code '{}' for object of type '{type_name}'", shown(kind)))
}

/// Reads a spec from the left.
struct Reader<'a> {
    rest: &'a [u32],
}

impl Reader<'_> {
    fn take(&mut self, c: u8) -> bool {
        let found = self.rest.first() == Some(&u32::from(c));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn peek(&self, c: u8) -> bool {
        self.rest.first() == Some(&u32::from(c))
    }

    fn number(&mut self) -> Result<Option<usize>> {
        let mut value = None;
        while let Some(digit) = self.rest.first().and_then(|&c| unicode::decimal_value(c)) {
            let next = value.unwrap_or(0usize).checked_mul(10).and_then(|v| v.checked_add(digit as usize));
            match next.filter(|&v| v <= isize::MAX as usize) {
                Some(v) => value = Some(v),
                None => return Err(Error::value("Too many decimal digits in format string")),
            }
            self.rest = &self.rest[1..];
        }
        Ok(value)
    }

    fn grouping(&mut self) -> Result<Option<Grouping>> {
        let comma = self.take(b',');
        if self.take(b'_') {
            if comma || self.peek(b',') {
                return Err(both_separators());
            }
            return Ok(Some(Grouping::Underscore));
        }
        Ok(comma.then_some(Grouping::Comma))
    }
}

impl Spec {
    pub fn parse(spec: &[u8], target: Target) -> Result<Spec> {
        let (mut few, many);
        let points = if spec.len() <= 16 {
            few = [0; 16];
            let mut n = 0;
            for c in wtf8::chars(spec) {
                few[n] = c;
                n += 1;
            }
            &few[..n]
        } else {
            many = wtf8::chars(spec).collect::<Vec<u32>>();
            &many[..]
        };
        let mut out = Spec {
            fill: 32,
            align: target.default_align,
            sign: None,
            no_negative_zero: false,
            alternate: false,
            width: None,
            grouping: None,
            precision: None,
            fraction_grouping: None,
            kind: u32::from(target.default_kind),
        };
        let mut reader = Reader { rest: points };
        out.read_padding(&mut reader, target)?;
        out.grouping = reader.grouping()?;
        if reader.take(b'.') {
            out.read_precision(&mut reader)?;
        }
        match *reader.rest {
            [] => {}
            [kind] => out.kind = kind,
            _ => {
                return Err(Error::value(format!(
                    "Invalid format specifier '{}' for object of type '{}'",
                    to_string_lossy(spec),
                    target.type_name
                )));
            }
        }
        out.check_grouping()?;
        Ok(out)
    }

    /// Everything up to the width.
    fn read_padding(&mut self, reader: &mut Reader, target: Target) -> Result<()> {
        let (mut fill_given, mut align_given) = (false, false);
        if let Some(align) = is_align(reader.rest.get(1)) {
            (self.fill, self.align) = (reader.rest[0], align);
            (fill_given, align_given) = (true, true);
            reader.rest = &reader.rest[2..];
        } else if let Some(align) = is_align(reader.rest.first()) {
            (self.align, align_given) = (align, true);
            reader.rest = &reader.rest[1..];
        }
        self.sign = b"+- ".iter().copied().find(|&c| reader.take(c));
        self.no_negative_zero = reader.take(b'z');
        self.alternate = reader.take(b'#');
        if !fill_given && reader.take(b'0') {
            self.fill = u32::from(b'0');
            if !align_given && target.default_align == b'>' {
                self.align = b'=';
            }
        }
        self.width = reader.number()?;
        Ok(())
    }

    fn read_precision(&mut self, reader: &mut Reader) -> Result<()> {
        self.precision = reader.number()?;
        self.fraction_grouping = reader.grouping()?;
        if self.precision.is_none() && self.fraction_grouping.is_none() {
            return Err(Error::value("Format specifier missing precision"));
        }
        Ok(())
    }

    fn check_grouping(&self) -> Result<()> {
        let ascii = if self.kind < 0x80 { self.kind as u8 } else { b'?' };
        let fits = |g| match ascii {
            0 | b'd' | b'e' | b'f' | b'g' | b'E' | b'F' | b'G' | b'%' => true,
            b'b' | b'o' | b'x' | b'X' => g == Grouping::Underscore,
            _ => false,
        };
        let fraction = self.fraction_grouping.filter(|_| ascii == b'n');
        match self.grouping.filter(|&g| !fits(g)).or(fraction) {
            None => Ok(()),
            Some(g) => Err(Error::value(format!("Cannot specify '{}' with '{}'.", g.text(), shown(self.kind)))),
        }
    }

    fn ascii_kind(&self) -> u8 {
        if self.kind < 0x80 { self.kind as u8 } else { 0xFF }
    }

    /// Blanks left and right of something so many elements wide.
    fn padding(&self, width: usize) -> (usize, usize) {
        let total = self.width.unwrap_or(0).saturating_sub(width);
        match self.align {
            b'<' => (0, total),
            b'^' => (total / 2, total - total / 2),
            _ => (total, 0),
        }
    }

    fn padded(&self, text: &[u8], width: usize) -> Vec<u8> {
        let (left, right) = self.padding(width);
        let mut fill = Vec::new();
        push(&mut fill, self.fill);
        crate::search::pad(text, left, right, &fill)
    }
}

/// `format(s, spec)`.
pub fn format_str(s: &[u8], spec: &Spec) -> Result<Vec<u8>> {
    if spec.kind != u32::from(b's') {
        return Err(unknown_code(spec.kind, "str"));
    }
    match spec.sign {
        Some(b' ') => return Err(Error::value("Space not allowed in string format specifier")),
        Some(_) => return Err(Error::value("Sign not allowed in string format specifier")),
        None => {}
    }
    if spec.no_negative_zero {
        return Err(Error::value("Negative zero coercion (z) not allowed in string format specifier"));
    }
    if spec.alternate {
        return Err(Error::value("Alternate form (#) not allowed in string format specifier"));
    }
    if spec.align == b'=' {
        return Err(Error::value("'=' alignment not allowed in string format specifier"));
    }
    let shown = wtf8::slice(s, 0, spec.precision.unwrap_or(usize::MAX));
    Ok(spec.padded(shown, wtf8::count(shown)))
}

/// A number before it is laid out.
struct Number<'a> {
    negative: bool,
    prefix: &'static str,
    /// ASCII digits; none for `inf` and `nan`, which are all rest.
    whole: &'a str,
    rest: &'a str,
}

fn separate(digits: &str, size: usize, separator: char) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(size) {
            out.push(separator);
        }
        out.push(d);
    }
    out
}

/// Groups digits, with as many zeros in front as make it `min` wide.
fn group(digits: &str, spec: &Spec, min: usize) -> String {
    let Some(grouping) = spec.grouping else {
        return "0".repeat(min.saturating_sub(digits.len())) + digits;
    };
    let size = if b"boxX".contains(&spec.ascii_kind()) { 4 } else { 3 };
    let mut count = digits.len();
    let width = |n: usize| n + (n.max(1) - 1) / size;
    if width(count) < min {
        count = count.max(min - min / (size + 1));
        while width(count) < min {
            count += 1;
        }
        while count > digits.len() && width(count - 1) >= min {
            count -= 1;
        }
    }
    separate(&("0".repeat(count - digits.len()) + digits), size, grouping.text())
}

/// The rest with its fraction grouped from the point on.
fn group_fraction(rest: &str, spec: &Spec) -> String {
    let (Some(grouping), Some(after)) = (spec.fraction_grouping, rest.strip_prefix('.')) else {
        return rest.to_owned();
    };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    let mut out = String::from(".");
    for (i, d) in after[..end].chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            out.push(grouping.text());
        }
        out.push(d);
    }
    out + &after[end..]
}

fn sign_text(negative: bool, sign: Option<u8>) -> &'static str {
    match (negative, sign) {
        (true, _) => "-",
        (_, Some(b'+')) => "+",
        (_, Some(b' ')) => " ",
        _ => "",
    }
}

/// A number without groups, padded with ASCII.
fn lay_out_plain(number: &Number, spec: &Spec) -> Vec<u8> {
    let sign = sign_text(number.negative, spec.sign);
    let width = sign.len() + number.prefix.len() + number.whole.len() + number.rest.len();
    let (left, right) = spec.padding(width);
    let inside = spec.align == b'=';
    let mut out = Vec::with_capacity(left + width + right);
    if !inside {
        out.resize(left, spec.fill as u8);
    }
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(number.prefix.as_bytes());
    if inside {
        out.resize(out.len() + left, spec.fill as u8);
    }
    out.extend_from_slice(number.whole.as_bytes());
    out.extend_from_slice(number.rest.as_bytes());
    out.resize(out.len() + right, spec.fill as u8);
    out
}

fn lay_out(number: &Number, spec: &Spec) -> Vec<u8> {
    if spec.grouping.is_none() && spec.fraction_grouping.is_none() && spec.fill < 0x80 {
        return lay_out_plain(number, spec);
    }
    let head = format!("{}{}", sign_text(number.negative, spec.sign), number.prefix);
    let rest = group_fraction(number.rest, spec);
    let zero_padded = spec.fill == u32::from(b'0') && spec.align == b'=';
    let others = head.len() + rest.len();
    let min = if zero_padded { spec.width.unwrap_or(0).saturating_sub(others) } else { 0 };
    // Without digits (`inf`), padding is left to the fill.
    let whole = if number.whole.is_empty() { String::new() } else { group(number.whole, spec, min) };
    let width = others + whole.len();
    if spec.align == b'=' {
        let mut out = head.into_bytes();
        for _ in 0..spec.width.unwrap_or(0).saturating_sub(width) {
            push(&mut out, spec.fill);
        }
        out.extend_from_slice(whole.as_bytes());
        out.extend_from_slice(rest.as_bytes());
        return out;
    }
    spec.padded(format!("{head}{whole}{rest}").as_bytes(), width)
}

/// `format(n, spec)`.
pub fn format_int(n: &IBig, spec: &Spec, limit: usize) -> Result<Vec<u8>> {
    let kind = spec.ascii_kind();
    if b"eEfFgG%".contains(&kind) {
        return format_float_as(int::to_f64(n)?, spec, "int");
    }
    if !b"bcdoxXn".contains(&kind) {
        return Err(unknown_code(spec.kind, "int"));
    }
    if spec.precision.is_some() {
        return Err(Error::value("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(Error::value("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    if kind == b'c' {
        return format_character(n, spec);
    }
    let text = match kind {
        b'b' => int::to_radix(n, 2),
        b'o' => int::to_radix(n, 8),
        b'x' => int::to_radix(n, 16),
        b'X' => int::to_radix(n, 16).to_uppercase(),
        _ => int::to_decimal(n, limit)?,
    };
    let (negative, whole) = text.strip_prefix('-').map_or((false, &*text), |d| (true, d));
    Ok(lay_out(&Number { negative, prefix: prefix_of(kind, spec), whole, rest: "" }, spec))
}

fn prefix_of(kind: u8, spec: &Spec) -> &'static str {
    match kind {
        _ if !spec.alternate => "",
        b'b' => "0b",
        b'o' => "0o",
        b'x' => "0x",
        b'X' => "0X",
        _ => "",
    }
}

/// `format(n, spec)` of a machine int.
pub fn format_small_int(n: i64, spec: &Spec) -> Result<Vec<u8>> {
    let kind = spec.ascii_kind();
    let base = match kind {
        b'd' | b'n' => 10,
        b'x' | b'X' => 16,
        b'o' => 8,
        b'b' => 2,
        _ => 0,
    };
    if base == 0 || spec.precision.is_some() || spec.no_negative_zero {
        return format_int(&IBig::from(n), spec, 0);
    }
    let mut buf = [0; 64];
    let whole = int::small_digits(n.unsigned_abs(), base, kind == b'X', &mut buf);
    Ok(lay_out(&Number { negative: n < 0, prefix: prefix_of(kind, spec), whole, rest: "" }, spec))
}

fn format_character(n: &IBig, spec: &Spec) -> Result<Vec<u8>> {
    if spec.sign.is_some() {
        return Err(Error::value("Sign not allowed with integer format specifier 'c'"));
    }
    if spec.alternate {
        return Err(Error::value("Alternate form (#) not allowed with integer format specifier 'c'"));
    }
    let c = i64::try_from(n.clone()).map_err(|_| Error::overflow("Python int too large to convert to C long"))?;
    let c = u32::try_from(c).ok().filter(|&c| c <= wtf8::MAX);
    let c = c.ok_or_else(|| Error::overflow("%c arg not in range(0x110000)"))?;
    let mut text = Vec::new();
    push(&mut text, c);
    Ok(spec.padded(&text, 1))
}

/// The style, precision and flags of a float's formatting.
fn float_style(spec: &Spec, type_name: &str, dot_zero: bool) -> Result<(Style, usize, Flags)> {
    let kind = spec.ascii_kind();
    let style = match kind {
        0 if spec.precision.is_none() => Style::Repr,
        0 | b'g' | b'G' | b'n' => Style::General,
        b'e' | b'E' => Style::Exponent,
        b'f' | b'F' | b'%' => Style::Fixed,
        _ => return Err(unknown_code(spec.kind, type_name)),
    };
    let precision = spec.precision.unwrap_or(6);
    if precision > i32::MAX as usize {
        return Err(Error::value("precision too big"));
    }
    let flags = Flags {
        alternate: spec.alternate,
        dot_zero: dot_zero && kind == 0,
        upper: kind.is_ascii_uppercase(),
        plus: false,
        no_negative_zero: spec.no_negative_zero,
    };
    Ok((style, precision, flags))
}

/// The parts of a float's text.
fn number_of(text: &str) -> Number<'_> {
    let (negative, body) = text.strip_prefix('-').map_or((false, text), |b| (true, b));
    let end = body.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(body.len());
    Number { negative, prefix: "", whole: &body[..end], rest: &body[end..] }
}

fn format_float_as(x: f64, spec: &Spec, type_name: &str) -> Result<Vec<u8>> {
    let (style, precision, flags) = float_style(spec, type_name, true)?;
    let percent = spec.ascii_kind() == b'%';
    let mut text = float::format(if percent { x * 100.0 } else { x }, style, precision, flags);
    if percent {
        text.push('%');
    }
    Ok(lay_out(&number_of(&text), spec))
}

/// `format(x, spec)`.
pub fn format_float(x: f64, spec: &Spec) -> Result<Vec<u8>> {
    format_float_as(x, spec, "float")
}

/// `format(complex(re, im), spec)`.
pub fn format_complex(re: f64, im: f64, spec: &Spec) -> Result<Vec<u8>> {
    if spec.ascii_kind() == b'%' {
        return Err(unknown_code(spec.kind, "complex"));
    }
    let (style, precision, flags) = float_style(spec, "complex", false)?;
    if spec.fill == u32::from(b'0') {
        return Err(Error::value("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == b'=' {
        return Err(Error::value("'=' alignment flag is not allowed in complex format specifier"));
    }
    let bare = spec.kind == 0;
    let only_imaginary = bare && re == 0.0 && re.is_sign_positive();
    let mut part = Spec { width: None, align: b'<', ..spec.clone() };
    let mut text = Vec::new();
    if !only_imaginary {
        text.extend(if bare { &b"("[..] } else { b"" });
        text.extend(lay_out(&number_of(&float::format(re, style, precision, flags)), &part));
        part.sign = Some(b'+');
    }
    text.extend(lay_out(&number_of(&float::format(im, style, precision, flags)), &part));
    text.push(b'j');
    if bare && !only_imaginary {
        text.push(b')');
    }
    Ok(spec.padded(&text, text.len()))
}

#[cfg(test)]
#[path = "format_spec_tests.rs"]
mod tests;
