//! Between Decimals and other Python objects: str, int, float, tuple; hashes.

use super::coef::{Coef, MAX_DIGITS, POW10, pow10};
use super::context::{ContextObject, machine_int};
use super::integral::to_integral;
use super::number::*;
use super::object::as_decimal;
use super::text::{from_text, scientific};
use dashu_int::ops::Gcd;
use dashu_int::{IBig, Sign, UBig};
use ferropy_text::float::{self, HASH_INF, HASH_MODULUS, finish_hash};
use ferropy_text::{unicode, wtf8};
use ferropy_vm::types::{List, Str, Tuple};
use ferropy_vm::{Exc, Gc, R, Thread, Value};

// ---- to Decimal

/// The number of an int (or bool).
#[inline]
pub fn from_int(v: Value) -> Option<Num> {
    if let Some(n) = v.as_int() {
        return Some(Num::from_i64(n));
    }
    v.to_ibig().map(|n| from_ibig(&n))
}

fn from_ibig(n: &IBig) -> Num {
    let (sign, magnitude) = n.clone().into_parts();
    Num::finite(sign == Sign::Negative, Coef::from(magnitude), 0)
}

/// An operand: a Decimal or an int.
#[inline(always)]
pub fn operand(v: Value) -> Option<Num> {
    as_decimal(v).or_else(|| from_int(v))
}

/// The same, TypeError for others.
#[inline(always)]
pub fn operand_or_error(cx: &mut Thread, v: Value) -> R<Num> {
    match operand(v) {
        Some(n) => Ok(n),
        None => Err(unsupported(cx, v)),
    }
}

pub fn unsupported(cx: &mut Thread, v: Value) -> ferropy_vm::Raised {
    let class = cx.class_name(v);
    cx.type_error(format!("conversion from {class} to Decimal is not supported"))
}

/// The exact value of a float.
pub fn from_float(x: f64) -> Num {
    if x.is_nan() {
        return Num::nan();
    }
    let neg = x.is_sign_negative();
    if x.is_infinite() {
        return Num::infinity(neg);
    }
    let (mantissa, exponent) = float::decompose(x);
    if mantissa == 0 {
        return Num::small(neg, 0, 0);
    }
    let zeros = mantissa.trailing_zeros() as i32;
    let (mantissa, exponent) = (UBig::from(mantissa >> zeros), exponent + zeros);
    match exponent {
        0.. => Num::finite(neg, Coef::from(mantissa << exponent as usize), 0),
        _ => {
            let k = exponent.unsigned_abs() as usize;
            Num::finite(neg, Coef::from(mantissa * UBig::from(5u8).pow(k)), exponent.into())
        }
    }
}

/// The exact value of an int or float argument.
pub fn from_float_argument(cx: &mut Thread, v: Value) -> R<Num> {
    match (from_int(v), v.as_float()) {
        (Some(n), _) => Ok(n),
        (_, Some(x)) => Ok(from_float(x)),
        _ => Err(cx.type_error("argument must be int or float")),
    }
}

/// A str as ASCII: all digits and blanks are made ASCII ones. What is left over makes it no number.
fn ascii_text(s: Gc<Str>, lenient: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(s.bytes().len());
    for c in wtf8::chars(s.bytes()) {
        match c {
            95 if lenient => {}
            1..128 => out.push(c as u8),
            c if unicode::is_space(c) => out.push(b' '),
            c => out.push(unicode::decimal_value(c).map_or(b'?', |d| b'0' + d as u8)),
        }
    }
    if lenient { trim(&out).to_vec() } else { out }
}

fn trim(s: &[u8]) -> &[u8] {
    let space = |c: &u8| unicode::is_space(u32::from(*c));
    let start = s.iter().position(|c| !space(c)).unwrap_or(s.len());
    let end = s.iter().rposition(|c| !space(c)).map_or(start, |e| e + 1);
    &s[start..end]
}

/// The number that a str denotes. The lenient form takes blanks around it and underscores.
pub fn from_str(s: Gc<Str>, lenient: bool, env: &Env, status: &mut Status) -> Num {
    let bytes = s.bytes();
    let simple = bytes.iter().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    if simple {
        return from_text(bytes, env, status);
    }
    from_text(&ascii_text(s, lenient), env, status)
}

/// The number that a (sign, digits, exponent) tuple or list stands for.
pub fn from_sequence(cx: &mut Thread, v: Value, env: &Env, status: &mut Status) -> R<Num> {
    let Some(items) = as_tuple(cx, v)? else {
        return Err(cx.type_error("argument must be a tuple or list"));
    };
    if items.len != 3 {
        return Err(cx.value_error("argument must be a sequence of length 3"));
    }
    let neg = sequence_sign(cx, items.at(0))?;
    let (kind, exp) = sequence_exponent(cx, items.at(2))?;
    let Some(digits) = as_tuple(cx, items.at(1))? else {
        return Err(cx.value_error("coefficient must be a tuple of digits"));
    };
    let mut text = Vec::with_capacity(digits.len);
    for i in 0..digits.len {
        text.push(b'0' + digit(cx, digits.at(i))?);
    }
    if kind == Kind::Infinite {
        return Ok(Num::infinity(neg));
    }
    let n = Num { coef: Coef::from_digits(&text), exp, kind, neg };
    if n.is_nan() && !n.coef.is_zero() && n.coef.digits() > env.prec - env.clamp as i64 {
        return Ok(Num::failed(CONVERSION_SYNTAX, status));
    }
    Ok(n.fit(env, status))
}

fn as_tuple(cx: &mut Thread, v: Value) -> R<Option<Gc<Tuple>>> {
    if let Some(l) = v.cast::<List>() {
        let items = cx.list_to_rooted(l);
        return cx.new_tuple(&items).map(Some);
    }
    Ok(v.cast::<Tuple>())
}

/// An int argument as C's long.
fn long(cx: &mut Thread, v: Value) -> R<i64> {
    match v.to_i64() {
        Some(n) => Ok(n),
        None => Err(cx.overflow_error("Python int too large to convert to C long")),
    }
}

fn sequence_sign(cx: &mut Thread, v: Value) -> R<bool> {
    if v.is_any_int() {
        match long(cx, v)? {
            0 => return Ok(false),
            1 => return Ok(true),
            _ => {}
        }
    }
    Err(cx.value_error("sign must be an integer with the value 0 or 1"))
}

fn sequence_exponent(cx: &mut Thread, v: Value) -> R<(Kind, i64)> {
    if let Some(s) = v.as_str() {
        return match s.bytes() {
            b"F" => Ok((Kind::Infinite, 0)),
            b"n" => Ok((Kind::QuietNan, 0)),
            b"N" => Ok((Kind::SignalingNan, 0)),
            _ => Err(cx.value_error("string argument in the third position must be 'F', 'n' or 'N'")),
        };
    }
    if !v.is_any_int() {
        return Err(cx.value_error("exponent must be an integer"));
    }
    // Beyond these limits nothing changes, and sums do not overflow.
    Ok((Kind::Finite, machine_int(cx, v)?.clamp(-(1 << 61), 1 << 61)))
}

fn digit(cx: &mut Thread, v: Value) -> R<u8> {
    if v.is_any_int() {
        let n = long(cx, v)?;
        if (0..=9).contains(&n) {
            return Ok(n as u8);
        }
    }
    Err(cx.value_error("coefficient must be a tuple of digits"))
}

/// The number of any argument that the constructor takes, within the limits: the context's own for `create_decimal`.
/// `exact` is the form for the constructor.
pub fn from_object(cx: &mut Thread, v: Value, exact: bool, c: &ContextObject) -> R<Num> {
    let env = if exact { Env::MAX } else { c.env.get() };
    let mut status = 0;
    let n = if let Some(n) = as_decimal(v) {
        if exact {
            return Ok(n);
        }
        if n.is_nan() && n.coef.digits() > env.prec - env.clamp as i64 && !n.coef.is_zero() {
            Num::failed(CONVERSION_SYNTAX, &mut status)
        } else {
            n.fit(&env, &mut status)
        }
    } else if let Some(s) = v.as_str() {
        from_str(s, exact, &env, &mut status)
    } else if let Some(n) = from_int(v) {
        n.fit(&env, &mut status)
    } else if v.cast::<Tuple>().is_some() || v.cast::<List>().is_some() {
        from_sequence(cx, v, &env, &mut status)?
    } else if let Some(x) = v.as_float() {
        c.report(cx, FLOAT_OPERATION)?;
        from_float(x).fit(&env, &mut status)
    } else {
        return Err(unsupported(cx, v));
    };
    if exact {
        return exactly(cx, n, status, c);
    }
    c.report(cx, status)?;
    Ok(n)
}

/// A conversion that must not have lost anything.
fn exactly(cx: &mut Thread, n: Num, status: Status, c: &ContextObject) -> R<Num> {
    if status & (INEXACT | ROUNDED | CLAMPED) != 0 {
        c.report(cx, status & ERRORS | INVALID_OPERATION)?;
        return Ok(Num::nan());
    }
    c.report(cx, status & ERRORS)?;
    Ok(n)
}

// ---- from Decimal

/// The int that a number is rounded to.
pub fn to_int(cx: &mut Thread, n: &Num, round: Round) -> R {
    match n.kind {
        Kind::Finite => {}
        Kind::Infinite => return Err(cx.overflow_error("cannot convert Infinity to integer")),
        _ => return Err(cx.value_error("cannot convert NaN to integer")),
    }
    let n = to_integral(n, &Env::MAX.rounding(round), &mut 0);
    match n.coef.mul_pow10(n.exp.max(0)) {
        Some(coef) => int_of(cx, n.neg, coef),
        None => Err(cx.memory_error()),
    }
}

fn int_of(cx: &mut Thread, neg: bool, coef: Coef) -> R {
    if let Coef::Small(n) = coef
        && let Ok(n) = i64::try_from(n)
    {
        return cx.int(if neg { -n } else { n });
    }
    let sign = if neg { Sign::Negative } else { Sign::Positive };
    cx.bigint(&IBig::from_parts(sign, coef.into_big()))
}

/// The nearest float.
pub fn to_float(cx: &mut Thread, n: &Num) -> R<f64> {
    match n.kind {
        Kind::SignalingNan => return Err(cx.value_error("cannot convert signaling NaN to float")),
        Kind::QuietNan => return Ok(f64::NAN.copysign(n.sign().into())),
        Kind::Infinite => return Ok(f64::INFINITY * f64::from(n.sign())),
        Kind::Finite => {}
    }
    if let Coef::Small(c) = n.coef
        && c < 1 << 53
        && n.exp.abs() <= 22
    {
        // Both operands are exact, so the result is rounded once.
        let (c, p) = (c as f64, POW10[n.exp.unsigned_abs() as usize] as f64);
        return Ok((if n.exp < 0 { c / p } else { c * p }).copysign(n.sign().into()));
    }
    let text = String::from_utf8(scientific(n, true)).unwrap_or_default();
    Ok(float::parse(&text).unwrap_or(f64::NAN))
}

/// Numerator and denominator, in lowest terms.
pub fn to_ratio(cx: &mut Thread, n: &Num) -> R {
    match n.kind {
        Kind::Finite => {}
        Kind::Infinite => return Err(cx.overflow_error("cannot convert Infinity to integer ratio")),
        _ => return Err(cx.value_error("cannot convert NaN to integer ratio")),
    }
    if n.coef.is_zero() {
        return Ok(cx.new_tuple(&[Value::small_int(0), Value::small_int(1)])?.value());
    }
    if n.exp.abs() > MAX_DIGITS {
        return Err(cx.memory_error());
    }
    let power = pow10(n.exp.unsigned_abs() as usize);
    let (top, bottom) = if n.exp >= 0 {
        (n.coef.big() * power, UBig::ONE)
    } else {
        let top = n.coef.big();
        let common = (&top).gcd(&power);
        (top / &common, power / common)
    };
    let top = int_of(cx, n.neg, Coef::from(top))?;
    let bottom = int_of(cx, false, Coef::from(bottom))?;
    Ok(cx.new_tuple(&[top, bottom])?.value())
}

/// Key of the class `DecimalTuple`.
pub const DECIMAL_TUPLE: &str = "decimal.DecimalTuple";

pub fn to_decimal_tuple(cx: &mut Thread, n: &Num) -> R {
    let sign = Value::small_int(n.neg as i64);
    let exponent = match n.kind {
        Kind::Finite => cx.int(n.exp)?,
        Kind::Infinite => cx.intern("F")?,
        Kind::QuietNan => cx.intern("n")?,
        Kind::SignalingNan => cx.intern("N")?,
    };
    let mut text = Vec::new();
    if !(n.is_nan() && n.coef.is_zero()) {
        n.coef.push_digits(&mut text);
    }
    let digits: Vec<Value> = text.iter().map(|d| Value::small_int(i64::from(d - b'0'))).collect();
    let digits = cx.new_tuple(&digits)?.value();
    let Some(class) = cx.registry(DECIMAL_TUPLE) else { return Err(cx.runtime_error("no DecimalTuple")) };
    cx.call(class, &[sign, digits, exponent])
}

/// The hash, equal to those of ints and floats of the same value; None for quiet NaNs, which have that of their identity.
pub fn hash(cx: &mut Thread, n: &Num) -> R<Option<i64>> {
    match n.kind {
        Kind::SignalingNan => return Err(cx.type_error("Cannot hash a signaling NaN value")),
        Kind::QuietNan => return Ok(None),
        Kind::Infinite => return Ok(Some(HASH_INF * i64::from(n.sign()))),
        Kind::Finite => {}
    }
    const P: u128 = HASH_MODULUS as u128;
    /// 10 * TENTH is 1 modulo P.
    const TENTH: u128 = 2_075_258_708_292_324_556;
    let mantissa = match &n.coef {
        Coef::Small(c) => c % P,
        Coef::Big(c) => u128::from(c % HASH_MODULUS),
    };
    let base = if n.exp < 0 { TENTH } else { 10 };
    let h = (mantissa * power_mod(base, n.exp.unsigned_abs(), P) % P) as i64;
    Ok(Some(finish_hash(if n.neg { -h } else { h })))
}

fn power_mod(mut base: u128, mut k: u64, m: u128) -> u128 {
    let mut r = 1;
    while k > 0 {
        if k & 1 != 0 {
            r = r * base % m;
        }
        base = base * base % m;
        k >>= 1;
    }
    r
}

// ---- comparison with other types

/// What a value of another type is compared as: two numbers; None if the comparison is not defined.
pub fn comparable(cx: &mut Thread, n: Num, v: Value, equality: bool, c: &ContextObject) -> R<Option<(Num, Num)>> {
    if let Some(x) = v.as_float() {
        float_comparison(cx, equality, c)?;
        return Ok(Some((n, from_float(x))));
    }
    if let Some(z) = v.cast::<ferropy_vm::types::Complex>() {
        if !equality || z.im != 0.0 {
            return Ok(None);
        }
        float_comparison(cx, equality, c)?;
        return Ok(Some((n, from_float(z.re))));
    }
    rational(cx, n, v)
}

/// Comparing with a float is reported; only for order is it trapped.
fn float_comparison(cx: &mut Thread, equality: bool, c: &ContextObject) -> R<()> {
    if equality {
        c.status.set(c.status.get() | FLOAT_OPERATION);
        return Ok(());
    }
    c.report(cx, FLOAT_OPERATION)
}

/// A rational is compared by multiplying with its denominator.
fn rational(cx: &mut Thread, n: Num, v: Value) -> R<Option<(Num, Num)>> {
    let numbers = cx.import("numbers")?;
    let class = cx.getattr_str(numbers, "Rational")?;
    if !cx.isinstance(v, class)? {
        return Ok(None);
    }
    let top = int_attribute(cx, v, "numerator")?;
    if n.is_special() {
        return Ok(Some((n, top)));
    }
    let bottom = int_attribute(cx, v, "denominator")?;
    let scaled = Num { coef: n.coef.mul(&bottom.coef), ..n };
    Ok(Some((scaled, top)))
}

fn int_attribute(cx: &mut Thread, v: Value, name: &str) -> R<Num> {
    let x = cx.getattr_str(v, name)?;
    match from_int(x) {
        Some(n) => Ok(n),
        None => Err(cx.error(Exc::TypeError, "argument must be an integer")),
    }
}
