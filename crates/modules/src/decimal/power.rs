//! Powers, and powers modulo a number.
//!
//! Integer powers are products of rounded products with some digits to spare; others are exp(y * ln(x)) with both functions
//! correctly rounded. The precisions and the order of the products are libmpdec's, so the last digits are the same.

use super::arith::{div, mul, sub};
use super::coef::{Coef, digits_of};
use super::compare::compare_ordered;
use super::elementary::{exp, ln};
use super::fit::nan_of;
use super::number::*;
use dashu_int::ops::BitTest;
use dashu_int::{IBig, UBig};
use std::cmp::Ordering;

/// An exponent that overflows in every context.
const BEYOND: i64 = 2_000_000_000_000_000_001;
/// Digits of the greatest exponent: what exp(y * ln(x)) loses at most.
const EXPONENT_DIGITS: i64 = 19;

/// `x ** y`.
pub fn pow(x: &Num, y: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[x, y], env, status) {
        return n;
    }
    let whole = y.is_integer();
    let neg = whole && x.neg && y.is_odd();
    if let Some(n) = pow_special(x, y, whole, neg, env, status) {
        return n;
    }
    if y.is_zero() {
        return Num::small(neg, 1, 0);
    }
    if x.abs_is_one() {
        return power_of_one(x, y, whole, neg, env, status);
    }
    if let Some(exp) = out_of_range(x, y, env) {
        return Num::small(neg, 1, exp).fit(env, status);
    }
    if whole { pow_whole(x, y, neg, env, status) } else { pow_real(x, y, env, status) }
}

/// Zeros, infinities and negative bases with a fraction in the exponent.
fn pow_special(x: &Num, y: &Num, whole: bool, neg: bool, env: &Env, status: &mut Status) -> Option<Num> {
    let zero = Num::small(neg, 0, 0);
    if x.is_zero() {
        return Some(match (y.is_zero(), y.neg) {
            (true, _) => Num::failed(INVALID_OPERATION, status),
            (_, true) => Num::infinity(neg),
            _ => zero,
        });
    }
    if x.neg && (!whole || y.is_infinite()) {
        return Some(Num::failed(INVALID_OPERATION, status));
    }
    if y.is_infinite() {
        return Some(match (compare_ordered(x, &Num::one()), y.neg) {
            (Ordering::Equal, _) => {
                *status |= INEXACT | ROUNDED;
                one_with_zeros(env.prec - 1, neg, status)
            }
            (Ordering::Less, true) | (Ordering::Greater, false) => Num::infinity(neg),
            _ => zero,
        });
    }
    if x.is_infinite() {
        return Some(match (y.is_zero(), y.neg) {
            (true, _) => Num::small(neg, 1, 0),
            (_, true) => zero,
            _ => Num::infinity(neg),
        });
    }
    None
}

/// 1 with so many zeros behind the point.
fn one_with_zeros(zeros: i64, neg: bool, status: &mut Status) -> Num {
    match Coef::ONE.mul_pow10(zeros) {
        Some(coef) => Num::finite(neg, coef, -zeros),
        None => Num::failed(NO_MEMORY, status),
    }
}

/// The power of a base that is 1 or -1, which may have zeros behind the point: `1.00 ** 3` is `1.000000`.
fn power_of_one(x: &Num, y: &Num, whole: bool, neg: bool, env: &Env, status: &mut Status) -> Num {
    let most = env.prec - 1;
    if !whole {
        *status |= INEXACT | ROUNDED;
        return one_with_zeros(most, neg, status);
    }
    if y.neg {
        return Num::small(neg, 1, 0);
    }
    // Counted in the context itself, whose limits may make it infinite.
    let zeros = mul(y, &Num::from_i64(-x.exp), env, &mut 0);
    let zeros = if zeros.is_integer() { whole_value(&zeros) } else { None };
    let zeros = zeros.and_then(|n| i64::try_from(n).ok()).unwrap_or(i64::MAX);
    if zeros > most {
        *status |= ROUNDED;
    }
    one_with_zeros(zeros.min(most), neg, status)
}

/// The magnitude of an integer; None if it has an absurd number of digits.
fn whole_value(n: &Num) -> Option<UBig> {
    if n.exp < 0 || n.coef.is_zero() {
        return Some(n.coef.div_pow10((-n.exp).max(0)).0.into_big());
    }
    if n.adjusted() > 10_000 { None } else { n.coef.mul_pow10(n.exp).map(Coef::into_big) }
}

/// An exponent that stands for a power which certainly overflows or underflows, by lower bounds of the logarithms.
fn out_of_range(x: &Num, y: &Num, env: &Env) -> Option<i64> {
    let adjusted = x.adjusted();
    let log_of_log = match adjusted {
        1.. => digits_of(adjusted as u128) - 1,
        ..-1 => digits_of((-adjusted - 1) as u128) - 1,
        _ => {
            let magnitude = x.clone().with_sign(false);
            let difference = sub(&magnitude, &Num::one(), &Env::MAX, &mut 0).adjusted();
            difference - if adjusted == 0 { 2 } else { 1 }
        }
    };
    let lower = log_of_log + y.adjusted();
    let shrinks = (adjusted < 0) != y.neg;
    let limit = if shrinks { env.etiny() } else { env.emax };
    if digits_of(limit.unsigned_abs().into()) >= lower {
        return None;
    }
    Some(if shrinks { env.etiny() - 1 } else { BEYOND })
}

/// An infinite intermediate result stands for a finite one beyond the range, as far as rounding is concerned.
fn beyond(n: Num, neg: bool) -> Num {
    if n.is_infinite() { Num::small(neg, 1, BEYOND) } else { n }
}

fn pow_whole(x: &Num, y: &Num, neg: bool, env: &Env, status: &mut Status) -> Num {
    let mut work = Env { prec: env.prec + y.coef.digits() + y.exp + 2, round: Round::HalfEven, clamp: false, ..*env };
    let base = if y.neg {
        work.prec += 1;
        let mut own = 0;
        let base = div(&Num::one(), x, &work, &mut own);
        *status |= own;
        if own & ERRORS != 0 {
            return Num::nan();
        }
        base
    } else {
        x.clone()
    };
    let Some(n) = whole_value(y) else { return Num::failed(NO_MEMORY, status) };
    let r = if n.bit_len() <= 64 {
        pow_from_left(&base, &n, &work, status)
    } else {
        pow_from_right(base, &n, &work, status)
    };
    beyond(r.with_sign(neg), neg).fit(env, status)
}

/// Nothing that follows changes the result any more.
fn is_settled(r: &Num, status: Status) -> bool {
    r.is_special() || r.coef.is_zero() && status & CLAMPED != 0
}

fn pow_from_left(base: &Num, n: &UBig, env: &Env, status: &mut Status) -> Num {
    let mut own = 0;
    let mut r = base.clone();
    for i in (0..n.bit_len() - 1).rev() {
        r = mul(&r, &r, env, &mut own);
        if n.bit(i) {
            r = mul(&r, base, env, &mut own);
        }
        if is_settled(&r, own) {
            break;
        }
    }
    *status |= own;
    r
}

fn pow_from_right(mut base: Num, n: &UBig, env: &Env, status: &mut Status) -> Num {
    let mut own = 0;
    let mut r = Num::one();
    for i in 0..n.bit_len() {
        if n.bit(i) {
            r = mul(&r, &base, env, &mut own);
            *status |= own;
            if is_settled(&r, own) {
                break;
            }
        }
        base = mul(&base, &base, env, &mut own);
        if base.is_nan() {
            return Num::failed(own & ERRORS, status);
        }
    }
    r
}

fn pow_real(x: &Num, y: &Num, env: &Env, status: &mut Status) -> Num {
    let work = Env { prec: x.coef.digits().max(env.prec) + 4 + EXPONENT_DIGITS, ..Env::MAX };
    let mut own = 0;
    let power = ln(x, &work, &mut own);
    let power = mul(&power, y, &work, &mut own);
    let r = exp(&power, &work, status);
    *status |= own & ERRORS | INEXACT | ROUNDED;
    let r = if r.abs_is_one() { one_with_zeros(env.prec - 1, false, status) } else { beyond(r, false) };
    r.fit(env, status)
}

/// `x ** y % m` for integers, exactly; the sign is that of `x ** y`.
pub fn pow_mod(x: &Num, y: &Num, m: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[x, y, m], env, status) {
        return n;
    }
    let whole = [x, y, m].iter().all(|n| n.is_integer());
    if !whole || m.coef.is_zero() || m.coef.digits() + m.exp > env.prec {
        return Num::failed(INVALID_OPERATION, status);
    }
    let neg = x.neg && y.is_odd();
    if y.coef.is_zero() {
        if x.coef.is_zero() {
            return Num::failed(INVALID_OPERATION, status);
        }
        return Num::small(neg, !m.abs_is_one() as u128, 0);
    }
    if y.neg {
        return Num::failed(INVALID_OPERATION, status);
    }
    if x.coef.is_zero() {
        return Num::small(neg, 0, 0);
    }
    match pow_mod_abs(x, y, m) {
        Some(n) => Num::finite(neg, Coef::from(n), 0),
        None => Num::failed(NO_MEMORY, status),
    }
}

/// An integer as mantissa and power of ten that is not negative.
fn parts(n: &Num) -> (UBig, i64) {
    if n.exp < 0 { (n.coef.div_pow10(-n.exp).0.into_big(), 0) } else { (n.coef.big(), n.exp) }
}

fn pow_mod_abs(x: &Num, y: &Num, m: &Num) -> Option<UBig> {
    let (m, zeros) = parts(m);
    let m = IBig::from(Coef::from(m).mul_pow10(zeros)?.into_big());
    let power = |a: &IBig, n: &IBig| ferropy_text::int::pow_mod(a, n, &m).ok();
    let ten = IBig::from(10u8);
    let (x, zeros) = parts(x);
    let mut base = IBig::from(x) * power(&ten, &IBig::from(zeros))? % &m;
    let (y, zeros) = parts(y);
    for _ in 0..zeros {
        base = power(&base, &ten)?;
    }
    let r = power(&base, &IBig::from(y))?;
    UBig::try_from(r).ok()
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    fn run(x: &str, y: &str) -> (String, Status) {
        let mut status = 0;
        let n = pow(&num(x), &num(y), &env(9, 999), &mut status);
        (show(&n), status)
    }

    #[test]
    fn whole_powers() {
        assert_eq!(run("2", "10"), ("1024".into(), 0));
        assert_eq!(run("-2", "3"), ("-8".into(), 0));
        assert_eq!(run("2", "-2"), ("0.25".into(), 0));
        assert_eq!(run("3", "40"), ("1.21576655E+19".into(), INEXACT | ROUNDED));
        assert_eq!(run("10", "1000"), ("Infinity".into(), OVERFLOW | INEXACT | ROUNDED));
        assert_eq!(run("1.00", "3"), ("1.000000".into(), 0));
        assert_eq!(run("1.00", "30").0, "1.00000000");
        assert_eq!(run("0", "-3").0, "Infinity");
        assert_eq!(run("-0", "-3").0, "-Infinity");
        assert_eq!(run("0", "0"), ("NaN".into(), INVALID_OPERATION));
        assert_eq!(run("0.9", "1E+30").0, "0E-1007");
    }

    #[test]
    fn other_powers() {
        assert_eq!(run("2", "0.5").0, "1.41421356");
        assert_eq!(run("-2", "0.5"), ("NaN".into(), INVALID_OPERATION));
        assert_eq!(run("1", "0.5").0, "1.00000000");
        assert_eq!(run("4", "0.5").0, "2.00000000");
        assert_eq!(run("2", "-Infinity").0, "0");
        assert_eq!(run("0.5", "-Infinity").0, "Infinity");
        assert_eq!(run("2", "1E+30").0, "Infinity");
    }

    #[test]
    fn powers_modulo() {
        let run = |x, y, m| show(&pow_mod(&num(x), &num(y), &num(m), &env(9, 999), &mut 0));
        assert_eq!(run("2", "10", "1000"), "24");
        assert_eq!(run("-2", "3", "5"), "-3");
        assert_eq!(run("7E+1", "1E+1", "-13"), "12");
        assert_eq!(run("3", "0", "1"), "0");
        assert_eq!(run("3", "-1", "7"), "NaN");
        assert_eq!(run("3.5", "1", "7"), "NaN");
    }
}
