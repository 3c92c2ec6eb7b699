//! Integers: text and bytes, floats, and the arithmetic where Python differs from the machine.
//!
//! Terms: *big* is [`IBig`]; *floor* division rounds towards minus infinity, so that a remainder
//! has the divisor's sign. Invariant: functions on `i64` return None where the result does not
//! fit, and the caller goes on with big ones; divisors are checked for zero here.

use crate::error::{Error, Result};
use crate::float::{self, HASH_MODULUS};
use crate::unicode;
use dashu_int::fast_div::ConstDivisor;
use dashu_int::ops::{Abs, BitTest, DivRem, Gcd, SquareRoot};
use dashu_int::{IBig, Sign, UBig};

/// The default of `sys.get_int_max_str_digits()`.
pub const DEFAULT_MAX_STR_DIGITS: usize = 4300;
/// Up to here no limit applies.
pub const STR_DIGITS_THRESHOLD: usize = 640;

/// Why text is not an integer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// `invalid literal for int() with base ...`, which the caller writes with the repr.
    Invalid,
    /// The base is not 0 or 2 to 36, or the limit of digits is passed.
    Other(Error),
}

fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t'..=b'\r' | 0x1C..=0x1F)
}

/// `int(s, base)` of a WTF-8 string; `limit` is the digit limit, 0 for none.
pub fn parse_wtf8(s: &[u8], base: u32, limit: usize) -> std::result::Result<IBig, ParseError> {
    if s.is_ascii() {
        return parse(s, base, limit);
    }
    parse(unicode::decimals_to_ascii(s).as_bytes(), base, limit)
}

/// The digits of a machine int in a base up to 36, at the end of the buffer.
#[inline]
pub fn small_digits(mut n: u64, base: u32, upper: bool, buf: &mut [u8; 64]) -> &str {
    let letter = if upper { b'A' - 10 } else { b'a' - 10 };
    let mut at = buf.len();
    loop {
        let digit = (n % u64::from(base)) as u8;
        n /= u64::from(base);
        at -= 1;
        buf[at] = if digit < 10 { b'0' + digit } else { letter + digit };
        if n == 0 {
            return std::str::from_utf8(&buf[at..]).unwrap_or("");
        }
    }
}

/// The number of a short text of nothing but decimal digits, maybe with a sign: the common case of [`parse`].
#[inline]
pub fn parse_short(s: &[u8]) -> Option<i64> {
    let (negative, digits) = match s {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, s),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let mut n = 0i64;
    for b in digits {
        let d = b.wrapping_sub(b'0');
        if d > 9 {
            return None;
        }
        n = n * 10 + d as i64;
    }
    Some(if negative { -n } else { n })
}

/// `int(s, base)` of bytes: spaces around, sign, prefix, underscores between digits.
pub fn parse(s: &[u8], base: u32, limit: usize) -> std::result::Result<IBig, ParseError> {
    if base == 1 || base > 36 {
        let message = "int() base must be >= 2 and <= 36, or 0";
        return Err(ParseError::Other(Error::value(message)));
    }
    let start = s.iter().position(|&b| !is_space(b)).unwrap_or(s.len());
    let end = s.iter().rposition(|&b| !is_space(b)).map_or(start, |i| i + 1);
    let s = &s[start..end];
    let (negative, s) = match s.first() {
        Some(b'-') => (true, &s[1..]),
        Some(b'+') => (false, &s[1..]),
        _ => (false, s),
    };
    let n = magnitude(s, base, limit)?;
    Ok(IBig::from_parts(if negative { Sign::Negative } else { Sign::Positive }, n))
}

/// The base a prefix tells, and what follows the prefix.
fn strip_prefix(s: &[u8], base: u32) -> (u32, &[u8]) {
    let told = match s {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return (base, s),
    };
    if base != 0 && base != told {
        return (base, s);
    }
    let rest = &s[2..];
    (told, rest.strip_prefix(b"_").unwrap_or(rest))
}

fn magnitude(s: &[u8], base: u32, limit: usize) -> std::result::Result<UBig, ParseError> {
    let (mut actual, digits) = strip_prefix(s, base);
    let mut only_zero = false;
    if actual == 0 {
        actual = 10;
        only_zero = digits.first() == Some(&b'0');
    }
    let clean = clean_digits(digits, actual).ok_or(ParseError::Invalid)?;
    if only_zero && clean.iter().any(|&b| b != b'0') {
        return Err(ParseError::Invalid);
    }
    if !actual.is_power_of_two() {
        check_parse_digits(clean.len(), limit).map_err(ParseError::Other)?;
    }
    let text = std::str::from_utf8(&clean).map_err(|_| ParseError::Invalid)?;
    UBig::from_str_radix(text, actual).map_err(|_| ParseError::Invalid)
}

/// The digits without their underscores; None unless they are digits and properly separated.
fn clean_digits(s: &[u8], base: u32) -> Option<std::borrow::Cow<'_, [u8]>> {
    let mut underscores = false;
    let mut after_digit = false;
    for &b in s {
        if b == b'_' {
            if !after_digit {
                return None;
            }
            (after_digit, underscores) = (false, true);
        } else {
            (b as char).to_digit(base)?;
            after_digit = true;
        }
    }
    if !after_digit {
        return None;
    }
    Some(match underscores {
        false => s.into(),
        true => s.iter().copied().filter(|&b| b != b'_').collect::<Vec<_>>().into(),
    })
}

/// The limit for text to int; `digits` without underscores and sign. 0 is no limit.
pub fn check_parse_digits(digits: usize, limit: usize) -> Result<()> {
    if limit == 0 || digits <= STR_DIGITS_THRESHOLD || digits <= limit {
        return Ok(());
    }
    Err(Error::value(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion: value has {digits} digits; \
         use sys.set_int_max_str_digits() to increase the limit"
    )))
}

fn format_limit(limit: usize) -> Error {
    Error::value(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; \
         use sys.set_int_max_str_digits() to increase the limit"
    ))
}

/// `str(n)`, within the limit (0 for none).
pub fn to_decimal(n: &IBig, limit: usize) -> Result<String> {
    let bits = bit_length(n);
    // A cheap lower bound of the digits spares converting what is refused anyway.
    if limit != 0 && (bits as f64 - 1.0) * std::f64::consts::LOG10_2 > limit.max(STR_DIGITS_THRESHOLD) as f64 {
        return Err(format_limit(limit));
    }
    let text = n.to_string();
    let digits = text.len() - usize::from(text.starts_with('-'));
    if limit != 0 && digits > limit.max(STR_DIGITS_THRESHOLD) {
        return Err(format_limit(limit));
    }
    Ok(text)
}

/// In base 2, 8, 10 or 16 with the prefix `bin`, `oct` and `hex` write (none for 10).
pub fn to_prefixed(n: &IBig, base: u8) -> String {
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        16 => "0x",
        _ => "",
    };
    let sign = if is_negative(n) { "-" } else { "" };
    format!("{sign}{prefix}{}", n.clone().abs().in_radix(base))
}

/// In any base from 2 to 36, lower case.
pub fn to_radix(n: &IBig, base: u8) -> String {
    n.in_radix(base).to_string()
}

pub fn is_negative(n: &IBig) -> bool {
    n.sign() == Sign::Negative && !n.is_zero()
}

fn parts(n: &IBig) -> (bool, UBig) {
    let (sign, magnitude) = n.clone().into_parts();
    (sign == Sign::Negative, magnitude)
}

/// The bits of the magnitude.
pub fn bit_length(n: &IBig) -> usize {
    let (_, words) = n.as_sign_words();
    words.last().map_or(0, |w| words.len() * dashu_int::Word::BITS as usize - w.leading_zeros() as usize)
}

/// The ones in the magnitude.
pub fn bit_count(n: &IBig) -> usize {
    n.as_sign_words().1.iter().map(|w| w.count_ones() as usize).sum()
}

/// The top 64 bits at most, whether a bit below is set, and how many bits are below.
fn top_bits(n: &UBig) -> (u64, bool, usize) {
    let below = n.bit_len().saturating_sub(64);
    let top = u64::try_from(n >> below).expect("64 bits");
    (top, n.trailing_zeros().is_some_and(|z| z < below), below)
}

/// `float(n)`, rounded half to even.
pub fn to_f64(n: &IBig) -> Result<f64> {
    let (negative, magnitude) = parts(n);
    let (top, sticky, below) = top_bits(&magnitude);
    let x = float::compose(top, sticky, below as i64)
        .ok_or_else(|| Error::overflow("int too large to convert to float"))?;
    Ok(if negative { -x } else { x })
}

/// `int(x)`: towards zero.
pub fn from_f64(x: f64) -> Result<IBig> {
    if x.is_nan() {
        return Err(Error::value("cannot convert float NaN to integer"));
    }
    if x.is_infinite() {
        return Err(Error::overflow("cannot convert float infinity to integer"));
    }
    let (mantissa, exponent) = float::decompose(x);
    let magnitude = match exponent {
        0.. => IBig::from(mantissa) << exponent as usize,
        -63..0 => IBig::from(mantissa >> -exponent),
        _ => IBig::ZERO,
    };
    Ok(if x < 0.0 { -magnitude } else { magnitude })
}

/// `a / b`, correctly rounded.
pub fn true_divide(a: &IBig, b: &IBig) -> Result<f64> {
    if b.is_zero() {
        return Err(Error::zero_division("division by zero"));
    }
    let ((a_negative, a), (b_negative, b)) = (parts(a), parts(b));
    let shift = a.bit_len() as i64 - b.bit_len() as i64 - 62;
    let (numerator, denominator) = match shift {
        0.. => (a, b << shift as usize),
        _ => (a << -shift as usize, b),
    };
    let (quotient, remainder) = numerator.div_rem(denominator);
    let quotient = u64::try_from(quotient).expect("at most 63 bits");
    let x = float::compose(quotient, !remainder.is_zero(), shift)
        .ok_or_else(|| Error::overflow("integer division result too large for a float"))?;
    Ok(if a_negative != b_negative { -x } else { x })
}

/// `a / b` of machine ints.
pub fn true_divide_i64(a: i64, b: i64) -> Result<f64> {
    const EXACT: u64 = 1 << 53;
    if b != 0 && a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT {
        return Ok(a as f64 / b as f64);
    }
    true_divide(&IBig::from(a), &IBig::from(b))
}

/// The order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endian {
    Little,
    Big,
}

/// `int.from_bytes`.
pub fn from_bytes(bytes: &[u8], order: Endian, signed: bool) -> IBig {
    let (n, top) = match order {
        Endian::Little => (UBig::from_le_bytes(bytes), bytes.last()),
        Endian::Big => (UBig::from_be_bytes(bytes), bytes.first()),
    };
    let n = IBig::from(n);
    match signed && top.is_some_and(|&b| b >= 0x80) {
        true => n - (IBig::ONE << (bytes.len() * 8)),
        false => n,
    }
}

/// `n.to_bytes`.
pub fn to_bytes(n: &IBig, length: usize, order: Endian, signed: bool) -> Result<Vec<u8>> {
    let negative = is_negative(n);
    if negative && !signed {
        return Err(Error::overflow("can't convert negative int to unsigned"));
    }
    // A negative number needs as many bits as its complement, which is one less in magnitude.
    let bits = if negative { bit_length(&(n + IBig::ONE)) } else { bit_length(n) };
    let spare = usize::from(signed && (negative || bits != 0));
    if bits + spare > length.saturating_mul(8) {
        return Err(Error::overflow("int too big to convert"));
    }
    let stored = if negative { n + (IBig::ONE << (length * 8)) } else { n.clone() };
    let (_, magnitude) = stored.into_parts();
    let mut out = magnitude.to_le_bytes().into_vec();
    out.resize(length, 0);
    if order == Endian::Big {
        out.reverse();
    }
    Ok(out)
}

fn modulo_by_zero() -> Error {
    Error::zero_division("division by zero")
}

/// `a // b` and `a % b`.
pub fn div_mod(a: &IBig, b: &IBig) -> Result<(IBig, IBig)> {
    if b.is_zero() {
        return Err(modulo_by_zero());
    }
    let (q, r) = a.div_rem(b);
    Ok(if !r.is_zero() && is_negative(&r) != is_negative(b) { (q - IBig::ONE, r + b) } else { (q, r) })
}

pub fn floor_div(a: &IBig, b: &IBig) -> Result<IBig> {
    Ok(div_mod(a, b)?.0)
}

pub fn modulo(a: &IBig, b: &IBig) -> Result<IBig> {
    Ok(div_mod(a, b)?.1)
}

/// `a // b` of machine ints; None if b is 0 or the result does not fit.
#[inline]
pub fn floor_div_i64(a: i64, b: i64) -> Option<i64> {
    let q = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { q - 1 } else { q })
}

/// `a % b` of machine ints; None if b is 0.
#[inline]
pub fn modulo_i64(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let r = a.wrapping_rem(b);
    Some(if r != 0 && (r < 0) != (b < 0) { r + b } else { r })
}

/// `a << n` of machine ints; None if it does not fit.
#[inline]
pub fn shift_left_i64(a: i64, n: u64) -> Option<i64> {
    if n >= 64 {
        return (a == 0).then_some(0);
    }
    let shifted = a << n;
    (shifted >> n == a).then_some(shifted)
}

/// `a >> n` of machine ints.
#[inline]
pub fn shift_right_i64(a: i64, n: u64) -> i64 {
    a >> n.min(63)
}

pub fn shift_left(a: &IBig, n: usize) -> IBig {
    a << n
}

/// `a >> n`: floors.
pub fn shift_right(a: &IBig, n: usize) -> IBig {
    if n >= bit_length(a) {
        return if is_negative(a) { IBig::NEG_ONE } else { IBig::ZERO };
    }
    a >> n
}

/// `a ** n` of machine ints; None if it does not fit.
pub fn pow_i64(a: i64, n: u32) -> Option<i64> {
    a.checked_pow(n)
}

pub fn pow(a: &IBig, n: usize) -> IBig {
    a.pow(n)
}

/// `pow(a, n, m)`.
pub fn pow_mod(a: &IBig, n: &IBig, m: &IBig) -> Result<IBig> {
    if m.is_zero() {
        return Err(Error::value("pow() 3rd argument cannot be 0"));
    }
    let (m_negative, modulus) = parts(m);
    if modulus.is_one() {
        return Ok(IBig::ZERO);
    }
    let (n_negative, exponent) = parts(n);
    let ring = ConstDivisor::new(modulus);
    let mut base = ring.reduce(a.clone());
    if n_negative {
        let missing = || Error::value("base is not invertible for the given modulus");
        base = base.inv().ok_or_else(missing)?;
    }
    let result = IBig::from(base.pow(&exponent).residue());
    Ok(if m_negative && !result.is_zero() { result + m } else { result })
}

/// `math.isqrt(n)` of a number that is not negative.
pub fn isqrt(n: &IBig) -> Result<IBig> {
    let (negative, magnitude) = parts(n);
    if negative {
        return Err(Error::value("isqrt() argument must be nonnegative"));
    }
    Ok(IBig::from(magnitude.sqrt()))
}

pub fn gcd(a: &IBig, b: &IBig) -> IBig {
    match (a.is_zero(), b.is_zero()) {
        (true, _) => b.clone().abs(),
        (_, true) => a.clone().abs(),
        _ => IBig::from(a.gcd(b)),
    }
}

pub fn gcd_u64(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// `hash(n)`.
pub fn hash(n: &IBig) -> i64 {
    let (negative, magnitude) = parts(n);
    let h = (magnitude % HASH_MODULUS) as i64;
    float::finish_hash(if negative { -h } else { h })
}

#[inline]
pub fn hash_i64(n: i64) -> i64 {
    float::finish_hash(n % HASH_MODULUS as i64)
}

#[cfg(test)]
#[path = "int_tests.rs"]
mod tests;
