//! Numbers from text and to text, as the specification defines both.
//!
//! Terms: the *places* of a number are its digits before the point, negative if zeros follow the point; what is written
//! before the point may differ from them, and an exponent makes up for the difference.

use super::coef::{Coef, MAX_DIGITS};
use super::number::*;

/// Exponents in text beyond this are cut: no number has them, and sums with lengths of text still fit.
const EXPONENT_LIMIT: i64 = 1 << 61;

/// The number that ASCII text denotes, within the limits.
pub fn from_text(s: &[u8], env: &Env, status: &mut Status) -> Num {
    match parse(s) {
        Some(n) if n.is_nan() && !n.coef.is_zero() && n.coef.digits() > env.prec - env.clamp as i64 => {
            Num::failed(CONVERSION_SYNTAX, status)
        }
        Some(n) => n.fit(env, status),
        None => Num::failed(CONVERSION_SYNTAX, status),
    }
}

/// The number that ASCII text denotes; None if it is none.
pub fn parse(s: &[u8]) -> Option<Num> {
    let (neg, body) = match s.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, s),
    };
    match body.first()? {
        b'0'..=b'9' | b'.' => parse_finite(body, neg),
        _ => parse_special(body, neg),
    }
}

fn parse_special(s: &[u8], neg: bool) -> Option<Num> {
    if s.eq_ignore_ascii_case(b"inf") || s.eq_ignore_ascii_case(b"infinity") {
        return Some(Num::infinity(neg));
    }
    let (kind, payload) = match s.first()? {
        b's' | b'S' => (Kind::SignalingNan, s.get(4..)?),
        _ => (Kind::QuietNan, s.get(3..)?),
    };
    let name = &s[..s.len() - payload.len()];
    let known = name.eq_ignore_ascii_case(b"nan") || name.eq_ignore_ascii_case(b"snan");
    if !known || !payload.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Num { coef: Coef::from_digits(trimmed(payload)), exp: 0, kind, neg })
}

/// Digits without leading zeros.
fn trimmed(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().position(|d| *d != b'0').unwrap_or(digits.len())..]
}

fn parse_finite(s: &[u8], neg: bool) -> Option<Num> {
    let (mut n, mut digits, mut significant, mut point) = (0u128, 0, 0, None);
    let mut end = s.len();
    for (i, c) in s.iter().enumerate() {
        match c {
            b'0'..=b'9' => {
                n = n.wrapping_mul(10).wrapping_add(u128::from(c - b'0'));
                digits += 1;
                significant += (significant > 0 || *c != b'0') as usize;
            }
            b'.' if point.is_none() => point = Some(i),
            b'e' | b'E' => {
                end = i;
                break;
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let exp = if end < s.len() { parse_exponent(&s[end + 1..])? } else { 0 };
    let fraction = point.map_or(0, |p| end - p - 1) as i64;
    let coef = if significant <= 38 {
        Coef::Small(n)
    } else {
        let digits: Vec<u8> = s[..end].iter().copied().filter(u8::is_ascii_digit).collect();
        Coef::from_digits(trimmed(&digits))
    };
    Some(Num::finite(neg, coef, exp - fraction))
}

fn parse_exponent(s: &[u8]) -> Option<i64> {
    let (neg, digits) = match s.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, s),
    };
    if digits.is_empty() {
        return None;
    }
    let mut n = 0i64;
    for d in digits {
        if !d.is_ascii_digit() {
            return None;
        }
        n = n.saturating_mul(10).saturating_add(i64::from(d - b'0'));
    }
    let n = n.min(EXPONENT_LIMIT);
    Some(if neg { -n } else { n })
}

/// How a number is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With an exponent if the number is far from the point.
    Scientific,
    /// The same with exponents divisible by three.
    Engineering,
    Fixed,
    /// Always with an exponent, and so many digits before the point (1 but for zeros).
    Exponent(i64),
}

/// Appends a special number without its sign.
fn push_special(n: &Num, out: &mut Vec<u8>) {
    match n.kind {
        Kind::Infinite => return out.extend_from_slice(b"Infinity"),
        Kind::QuietNan => out.extend_from_slice(b"NaN"),
        _ => out.extend_from_slice(b"sNaN"),
    }
    if !n.coef.is_zero() {
        n.coef.push_digits(out);
    }
}

/// The number's text, with `plus` (or nothing) before a positive one; None if it has more digits than memory.
pub fn write(n: &Num, style: Style, capitals: bool, plus: Option<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(48);
    let sign = if n.neg { Some(b'-') } else { plus };
    out.extend(sign);
    if n.is_special() {
        push_special(n, &mut out);
        return Some(out);
    }
    let start = out.len();
    n.coef.push_digits(&mut out);
    let digits = (out.len() - start) as i64;
    let places = digits + n.exp;
    let before = match style {
        Style::Exponent(before) => before,
        Style::Fixed => places,
        _ if n.exp <= 0 && places > -6 => places,
        Style::Scientific => 1,
        Style::Engineering if n.coef.is_zero() => (n.exp + 2).rem_euclid(3) - 1,
        Style::Engineering => 1 + (places - 1).rem_euclid(3),
    };
    if before.saturating_abs() > MAX_DIGITS {
        return None;
    }
    if before <= 0 {
        let zeros = std::iter::repeat_n(b'0', before.unsigned_abs() as usize);
        out.splice(start..start, b"0.".iter().copied().chain(zeros));
    } else if before < digits {
        out.insert(start + before as usize, b'.');
    } else {
        out.resize(start + before as usize, b'0');
    }
    if before != places || matches!(style, Style::Exponent(_)) {
        let exponent = places - before;
        out.push(if capitals { b'E' } else { b'e' });
        out.push(if exponent < 0 { b'-' } else { b'+' });
        Coef::Small(exponent.unsigned_abs().into()).push_digits(&mut out);
    }
    Some(out)
}

/// The scientific text, which always has a moderate length.
pub fn scientific(n: &Num, capitals: bool) -> Vec<u8> {
    write(n, Style::Scientific, capitals, None).unwrap_or_default()
}

#[cfg(test)]
pub mod tests_support {
    use super::*;

    pub fn num(s: &str) -> Num {
        parse(s.as_bytes()).unwrap_or_else(|| panic!("{s}"))
    }
    pub fn show(n: &Num) -> String {
        String::from_utf8(scientific(n, true)).unwrap()
    }
    /// Exponents from -emax to emax, half-even.
    pub fn env(prec: i64, emax: i64) -> Env {
        Env { prec, emax, emin: -emax, round: Round::HalfEven, clamp: false }
    }
}

#[cfg(test)]
mod tests {
    use super::tests_support::*;
    use super::*;

    #[test]
    fn text_round_trips() {
        let forms = [
            "0",
            "-0",
            "0.00",
            "0E+1",
            "123",
            "-123",
            "1.23E+3",
            "1.23E+5",
            "12.3",
            "0.00123",
            "1.23E-8",
            "-1.23E-12",
            "0.000001",
            "1E-7",
            "0E-7",
            "Infinity",
            "-Infinity",
            "NaN",
            "-NaN12",
            "sNaN7",
            "12345678901234567890123456789012345678901234567890.123",
            "1.2345678901234567890123456789012345678901234567890E+100",
        ];
        for s in forms {
            assert_eq!(show(&num(s)), s);
        }
    }

    #[test]
    fn other_spellings() {
        for (s, want) in [
            ("+1.5e3", "1.5E+3"),
            ("1.", "1"),
            (".5", "0.5"),
            ("00012", "12"),
            ("inf", "Infinity"),
            ("-iNFinity", "-Infinity"),
            ("nAn00", "NaN"),
            ("SNAN012", "sNaN12"),
            ("1e0000000000000000000000001", "1E+1"),
            ("0.0e-0", "0.0"),
            ("000000000000000000000000000000000000000000000000000000000000001", "1"),
        ] {
            assert_eq!(show(&num(s)), want, "{s}");
        }
        for s in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "1 2", " 1", "in", "nanx", "snan-1", "s", "--1", "1e5.0",
            "infin", "1_0",
        ] {
            assert_eq!(parse(s.as_bytes()), None, "{s}");
        }
    }

    #[test]
    fn engineering_notation() {
        for (s, want) in [
            ("1.23E+3", "1.23E+3"),
            ("123E+3", "123E+3"),
            ("12.3E-9", "12.3E-9"),
            ("-123E-12", "-123E-12"),
            ("7E-7", "700E-9"),
            ("7E+1", "70"),
            ("0E+1", "0.00E+3"),
            ("0E+2", "0.0E+3"),
            ("0E+3", "0E+3"),
            ("0E-8", "0.00E-6"),
            ("1E+5", "100E+3"),
        ] {
            let text = write(&num(s), Style::Engineering, true, None).unwrap();
            assert_eq!(String::from_utf8(text).unwrap(), want, "{s}");
        }
    }

    #[test]
    fn exponents_out_of_range_do_not_wrap() {
        let mut status = 0;
        let all = |s: &str, status: &mut Status| show(&from_text(s.as_bytes(), &env(9, 99), status));
        assert_eq!(all("1e99999999999999999999999", &mut status), "Infinity");
        assert_eq!(all("1e-99999999999999999999999", &mut status), "0E-107");
        assert_eq!(all("0e99999999999999999999999", &mut status), "0E+99");
        assert_eq!(show(&from_text(b"1E-1999999999999999997", &Env::MAX, &mut status)), "1E-1999999999999999997");
        assert_eq!(all("NaN1234567890", &mut status), "NaN");
        assert_ne!(status & CONVERSION_SYNTAX, 0);
    }
}
