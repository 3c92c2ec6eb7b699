//! Floats as text and back, exactly as CPython writes, reads, rounds and hashes them.
//!
//! Terms: *digits and point* is a decimal number `0.d1d2d3... * 10^point`; a *style* is one of
//! the letters `e f g r` which tell how digits are laid out. Invariant: nothing is ever rounded
//! twice; digits come exact from the standard library's conversion, whose precision is limited
//! to what a double can hold ([`MAX_PRECISION`]), beyond which there are only zeros.

use crate::error::{Error, Result};
use dashu_int::{IBig, UBig};

/// No double has more digits after the point, or more significant digits.
const MAX_PRECISION: usize = 1100;

/// Digits (at least one, the first not '0' unless zero) and the point's place.
struct Decimal {
    digits: Vec<u8>,
    point: i32,
}

fn decimal_from_exponential(text: &str) -> Decimal {
    let (mantissa, exponent) = text.split_once('e').expect("exponential form");
    let digits: Vec<u8> = mantissa.bytes().filter(|b| *b != b'.').collect();
    Decimal { digits, point: exponent.parse::<i32>().expect("exponent") + 1 }
}

fn trim_zeros(d: &mut Decimal) {
    while d.digits.len() > 1 && d.digits.last() == Some(&b'0') {
        d.digits.pop();
    }
}

/// The shortest digits which read back as `x` (not negative, finite).
fn shortest(x: f64) -> Decimal {
    let d = decimal_from_exponential(&format!("{x:e}"));
    match halfway(x, &d) {
        true => even_neighbour(x, d),
        false => d,
    }
}

/// Does `x` lie exactly between two texts of this length? Its own digits are then just one more.
fn halfway(x: f64, d: &Decimal) -> bool {
    let (mantissa, exponent) = decompose(x);
    let fraction_bits = -exponent - mantissa.trailing_zeros() as i32;
    mantissa != 0 && fraction_bits > 0 && d.point + fraction_bits == d.digits.len() as i32 + 1
}

/// Of the two nearest texts the one with an even last digit, as CPython has it.
fn even_neighbour(x: f64, mut d: Decimal) -> Decimal {
    let exact = decimal_from_exponential(&format!("{x:.0$e}", d.digits.len()));
    if let [.., last, b'5'] = exact.digits[..]
        && let Some(digit) = d.digits.last_mut()
    {
        *digit = last + (last - b'0') % 2;
    }
    d
}

/// `x` rounded to so many significant digits, without trailing zeros.
fn significant(x: f64, count: usize) -> Decimal {
    let precision = count.saturating_sub(1).min(MAX_PRECISION);
    let mut d = decimal_from_exponential(&format!("{x:.precision$e}"));
    trim_zeros(&mut d);
    d
}

/// `x` rounded to so many digits after the point, without trailing zeros.
fn fixed(x: f64, decimals: usize) -> Decimal {
    let precision = decimals.min(MAX_PRECISION);
    let text = format!("{x:.precision$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut point = whole.len() as i32;
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    if zeros == digits.len() {
        return Decimal { digits: b"0".to_vec(), point: 1 };
    }
    digits.drain(..zeros);
    point -= zeros as i32;
    let mut d = Decimal { digits, point };
    trim_zeros(&mut d);
    d
}

/// How [`format`] lays digits out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Exponent,
    Fixed,
    General,
    Repr,
}

/// Details of [`format`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `#`: keep the point, and with General the trailing zeros.
    pub alternate: bool,
    /// Write `1.0` rather than `1`.
    pub dot_zero: bool,
    /// `E`, `INF`, `NAN`.
    pub upper: bool,
    /// A `+` before what has no `-`.
    pub plus: bool,
    /// `z`: no minus if what is left is zero.
    pub no_negative_zero: bool,
}

/// The double as text; precision is ignored by [`Style::Repr`].
pub fn format(x: f64, style: Style, precision: usize, flags: Flags) -> String {
    if !x.is_finite() {
        return special(x, flags);
    }
    let magnitude = x.abs();
    if let Some(text) = format_quick(x, magnitude, style, precision, flags) {
        return text;
    }
    let precision = if style == Style::General { precision.max(1) } else { precision };
    let decimal = match style {
        Style::Exponent => significant(magnitude, precision.saturating_add(1)),
        Style::Fixed => fixed(magnitude, precision),
        Style::General => significant(magnitude, precision),
        Style::Repr => shortest(magnitude),
    };
    let zero = decimal.digits == b"0";
    let negative = x.is_sign_negative() && !(flags.no_negative_zero && zero);
    let mut out = String::with_capacity(24);
    push_sign(&mut out, negative, flags);
    lay_out(&mut out, &decimal, style, precision, flags);
    out
}

/// What the standard library writes just as Python does: so many decimals, and the shortest digits without exponent.
#[inline]
fn format_quick(x: f64, magnitude: f64, style: Style, precision: usize, flags: Flags) -> Option<String> {
    use std::fmt::Write;
    if flags.alternate || flags.no_negative_zero {
        return None;
    }
    let mut out = String::with_capacity(24);
    push_sign(&mut out, x.is_sign_negative(), flags);
    let written = match style {
        Style::Fixed if precision <= MAX_PRECISION => write!(out, "{magnitude:.precision$}"),
        Style::Repr if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) => return None,
        Style::Repr if flags.dot_zero => write!(out, "{magnitude:?}"),
        Style::Repr => write!(out, "{magnitude}"),
        _ => return None,
    };
    written.ok()?;
    // So many digits may be one of two texts equally near, of which Python takes the other.
    let long = matches!(style, Style::Repr) && out.bytes().filter(u8::is_ascii_digit).count() >= 15;
    (!long).then_some(out)
}

fn push_sign(out: &mut String, negative: bool, flags: Flags) {
    if negative {
        out.push('-');
    } else if flags.plus {
        out.push('+');
    }
}

fn special(x: f64, flags: Flags) -> String {
    let mut out = String::new();
    push_sign(&mut out, x == f64::NEG_INFINITY, flags);
    out.push_str(match (x.is_nan(), flags.upper) {
        (true, false) => "nan",
        (true, true) => "NAN",
        (false, false) => "inf",
        (false, true) => "INF",
    });
    out
}

fn uses_exponent(point: i32, style: Style, precision: usize, flags: Flags) -> bool {
    match style {
        Style::Exponent => true,
        Style::Fixed => false,
        Style::General => point <= -4 || i64::from(point) > precision.min(1 << 40) as i64 - i64::from(flags.dot_zero),
        Style::Repr => point <= -4 || point > 16,
    }
}

fn lay_out(out: &mut String, decimal: &Decimal, style: Style, precision: usize, flags: Flags) {
    let exponent = uses_exponent(decimal.point, style, precision, flags);
    let point = if exponent { 1 } else { decimal.point };
    // The fraction's length: what there is, or as much as is asked for.
    let there = (decimal.digits.len() as i32 - point).max(0) as usize;
    let wanted = match style {
        Style::Exponent | Style::Fixed => precision,
        Style::General if flags.alternate => (precision as i64 - i64::from(point)).max(0) as usize,
        _ => 0,
    };
    let mut fraction = there.max(wanted);
    if flags.dot_zero && !exponent {
        fraction = fraction.max(1);
    }
    push_whole(out, &decimal.digits, point);
    if fraction > 0 || flags.alternate {
        out.push('.');
        push_fraction(out, &decimal.digits, point, fraction);
    }
    if exponent {
        push_exponent(out, decimal.point - 1, flags.upper);
    }
}

fn push_whole(out: &mut String, digits: &[u8], point: i32) {
    if point <= 0 {
        out.push('0');
        return;
    }
    let have = digits.len().min(point as usize);
    out.extend(digits[..have].iter().map(|&b| b as char));
    out.extend(std::iter::repeat_n('0', point as usize - have));
}

fn push_fraction(out: &mut String, digits: &[u8], point: i32, count: usize) {
    let lead = (-point).max(0) as usize;
    let rest = digits.get(point.max(0) as usize..).unwrap_or(&[]);
    let zeros = std::iter::repeat_n(b'0', lead).chain(rest.iter().copied()).chain(std::iter::repeat(b'0'));
    out.extend(zeros.take(count).map(char::from));
}

fn push_exponent(out: &mut String, exponent: i32, upper: bool) {
    out.push(if upper { 'E' } else { 'e' });
    out.push(if exponent < 0 { '-' } else { '+' });
    out.push_str(&format!("{:02}", exponent.abs()));
}

/// `repr(x)`.
pub fn repr(x: f64) -> String {
    format(x, Style::Repr, 0, Flags { dot_zero: true, ..Flags::default() })
}

/// A part of `repr` of a complex number: like [`repr`] without the `.0`.
pub fn repr_short(x: f64) -> String {
    format(x, Style::Repr, 0, Flags::default())
}

/// `repr(complex(re, im))`.
pub fn complex_repr(re: f64, im: f64) -> String {
    if re == 0.0 && re.is_sign_positive() {
        return repr_short(im) + "j";
    }
    let im = format(im, Style::Repr, 0, Flags { plus: true, ..Flags::default() });
    format!("({}{im}j)", repr_short(re))
}

/// Removes underscores which stand between digits; None if one stands elsewhere.
pub(crate) fn without_underscores(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let fits = (0..bytes.len()).all(|i| bytes[i] != b'_' || (i > 0 && digit(i - 1) && digit(i + 1)));
    fits.then(|| text.replace('_', "").into())
}

/// What `float(text)` reads (spaces around allowed, ASCII only), or None if it is not a float.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c: char| matches!(c, ' ' | '\t'..='\r' | '\x1c'..='\x1f'));
    without_underscores(text)?.parse().ok()
}

/// What `float(s)` reads from a WTF-8 string, where any decimal digits and spaces will do.
pub fn parse_wtf8(s: &[u8]) -> Option<f64> {
    if s.is_ascii() {
        return parse(std::str::from_utf8(s).ok()?);
    }
    parse(&crate::unicode::decimals_to_ascii(s))
}

/// A complex number as `complex(text)` reads it: None means malformed.
pub fn parse_complex(text: &str) -> Option<(f64, f64)> {
    let space = |c: char| matches!(c, ' ' | '\t'..='\r' | '\x1c'..='\x1f');
    let mut text = text.trim_matches(space);
    if let Some(inner) = text.strip_prefix('(') {
        text = inner.strip_suffix(')')?.trim_matches(space);
    }
    let text = without_underscores(text)?;
    let Some(body) = text.strip_suffix(['j', 'J']) else {
        return Some((text.parse().ok()?, 0.0));
    };
    let split = (1..body.len())
        .rev()
        .find(|&i| matches!(body.as_bytes()[i], b'+' | b'-') && !matches!(body.as_bytes()[i - 1], b'e' | b'E'));
    match split {
        Some(i) => Some((body[..i].parse().ok()?, imaginary(&body[i..])?)),
        None => Some((0.0, imaginary(body)?)),
    }
}

fn imaginary(text: &str) -> Option<f64> {
    match text {
        "" | "+" => Some(1.0),
        "-" => Some(-1.0),
        _ => text.parse().ok(),
    }
}

/// Mantissa and exponent: `x == mantissa * 2**exponent` for finite `x`, ignoring the sign.
pub fn decompose(x: f64) -> (u64, i32) {
    let bits = x.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match (bits >> 52 & 0x7FF) as i32 {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    }
}

/// `mantissa * 2**exponent`, plus a bit if `sticky`, rounded half to even; None if too large.
/// If `sticky`, the mantissa must have at least 55 bits.
pub fn compose(mantissa: u64, sticky: bool, exponent: i64) -> Option<f64> {
    if mantissa == 0 {
        return Some(0.0);
    }
    let length = i64::from(64 - mantissa.leading_zeros());
    let top = exponent.saturating_add(length);
    if top > 1024 {
        return None;
    }
    // The least exponent a result's last bit may have.
    let last = (top - 53).max(-1074);
    let drop = last - exponent;
    if drop <= 0 {
        return Some(scale(mantissa << -drop, last));
    }
    if drop > 64 {
        return Some(0.0);
    }
    let wide = u128::from(mantissa);
    let kept = (wide >> drop) as u64;
    let lost = wide & ((1 << drop) - 1);
    let half = 1u128 << (drop - 1);
    let up = lost > half || (lost == half && (sticky || kept & 1 == 1));
    let x = scale(kept + u64::from(up), last);
    x.is_finite().then_some(x)
}

/// `m * 2**e` where the result is a double or overflows by one step; m has at most 54 bits.
fn scale(m: u64, e: i64) -> f64 {
    let first = e.clamp(-900, 900);
    m as f64 * power_of_two(first) * power_of_two(e - first)
}

fn power_of_two(e: i64) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

/// `x.hex()`.
pub fn hex(x: f64) -> String {
    if !x.is_finite() {
        return special(x, Flags::default());
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let (mantissa, exponent) = decompose(x);
    format!("{sign}0x{}.{:013x}p{:+}", mantissa >> 52, mantissa & ((1 << 52) - 1), exponent + 52)
}

/// `float.fromhex(text)`.
pub fn from_hex(text: &str) -> Result<f64> {
    let text = text.trim_matches(|c: char| matches!(c, ' ' | '\t'..='\r'));
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let x = match body.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => f64::NAN,
        lower => hex_magnitude(lower.strip_prefix("0x").unwrap_or(lower))?,
    };
    Ok(if negative { -x } else { x })
}

fn hex_magnitude(text: &str) -> Result<f64> {
    let invalid = || Error::value("invalid hexadecimal floating-point string");
    let (digits, exponent) = match text.split_once('p') {
        Some((d, e)) => (d, hex_exponent(e).ok_or_else(invalid)?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return Err(invalid());
    }
    let (mut mantissa, mut sticky, mut dropped) = (0u64, false, 0i64);
    for c in whole.chars().chain(fraction.chars()) {
        let digit = u64::from(c.to_digit(16).ok_or_else(invalid)?);
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | digit;
        } else {
            sticky |= digit != 0;
            dropped += 4;
        }
    }
    let exponent = exponent.saturating_add(dropped - 4 * fraction.len() as i64);
    compose(mantissa, sticky, exponent)
        .ok_or_else(|| Error::overflow("hexadecimal value too large to represent as a float"))
}

/// A decimal exponent, clipped to where the result is certain anyway.
fn hex_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let limit = i64::MAX / 4;
    let value = digits.parse::<i64>().map_or(limit, |v| v.min(limit));
    Some(if text.starts_with('-') { -value } else { value })
}

/// `round(x, ndigits)`.
pub fn round(x: f64, ndigits: i64) -> Result<f64> {
    if !x.is_finite() || ndigits > 323 {
        return Ok(x);
    }
    if ndigits < -308 {
        return Ok(0.0 * x);
    }
    let text = if ndigits >= 0 { format!("{x:.*}", ndigits as usize) } else { round_left(x, -ndigits as i32) };
    let y: f64 = text.parse().expect("decimal");
    match y.is_finite() {
        true => Ok(y),
        false => Err(Error::overflow("rounded value too large to represent")),
    }
}

/// Rounds to a multiple of `10**places`.
fn round_left(x: f64, places: i32) -> String {
    let exact = significant(x.abs(), MAX_PRECISION);
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let keep = exact.point - places;
    if keep < 0 {
        return format!("{sign}0");
    }
    let (kept, lost) = exact.digits.split_at(exact.digits.len().min(keep as usize));
    let odd = kept.last().is_some_and(|b| b & 1 == 1);
    let up = match lost {
        [] => false,
        [b'5'] => odd,
        [first, ..] => *first >= b'5',
    };
    let mut head: u128 = 0;
    if keep <= 30 {
        for b in kept {
            head = head * 10 + u128::from(b - b'0');
        }
        let exponent = places as usize + keep as usize - kept.len();
        return format!("{sign}{}e{exponent}", head + u128::from(up));
    }
    let head = UBig::from_str_radix(std::str::from_utf8(kept).expect("digits"), 10).expect("digits");
    let exponent = places as usize + keep as usize - kept.len();
    format!("{sign}{}e{exponent}", head + UBig::from(u8::from(up)))
}

/// `x.as_integer_ratio()`: numerator and denominator in lowest terms.
pub fn as_integer_ratio(x: f64) -> Result<(IBig, IBig)> {
    if x.is_nan() {
        return Err(Error::value("cannot convert NaN to integer ratio"));
    }
    if x.is_infinite() {
        return Err(Error::overflow("cannot convert Infinity to integer ratio"));
    }
    let (mut mantissa, mut exponent) = decompose(x);
    if mantissa == 0 {
        return Ok((IBig::ZERO, IBig::ONE));
    }
    let zeros = mantissa.trailing_zeros();
    mantissa >>= zeros;
    exponent += zeros as i32;
    let signed = if x < 0.0 { -IBig::from(mantissa) } else { IBig::from(mantissa) };
    Ok(match exponent {
        0.. => (signed << exponent as usize, IBig::ONE),
        _ => (signed, IBig::ONE << -exponent as usize),
    })
}

/// The prime every number's hash is reduced by.
pub const HASH_MODULUS: u64 = (1 << 61) - 1;
/// `hash(inf)`.
pub const HASH_INF: i64 = 314159;

/// -1 says "error" to CPython's callers, so no hash is -1.
pub fn finish_hash(h: i64) -> i64 {
    if h == -1 { -2 } else { h }
}

/// `hash(x)`; None for NaN, whose hash is that of its identity.
pub fn hash(x: f64) -> Option<i64> {
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { HASH_INF } else { -HASH_INF });
    }
    let (mantissa, exponent) = decompose(x);
    let rotate = exponent.rem_euclid(61) as u32;
    let product = u128::from(mantissa) << rotate;
    let h = (product % u128::from(HASH_MODULUS)) as i64;
    Some(finish_hash(if x < 0.0 { -h } else { h }))
}

#[cfg(test)]
#[path = "float_tests.rs"]
mod tests;
