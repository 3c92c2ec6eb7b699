//! Changing the exponent: quantize, rescale, reduce, rounding to integers; logb and scaleb; the neighbours of a number.

use super::arith::{add, sub};
use super::coef::{Coef, Tail};
use super::compare::compare_ordered;
use super::fit::{largest, nan_of};
use super::number::*;
use std::cmp::Ordering;

/// Rounds the coefficient to one exponent more.
fn rounded_at(a: &Num, shift: i64, round: Round) -> (Coef, Tail) {
    let (coef, tail) = a.coef.div_pow10(shift);
    (if round.grows(a.neg, &coef, tail) { coef.add_one() } else { coef }, tail)
}

/// Conditions of having dropped digits.
#[inline(always)]
fn dropped(tail: Tail) -> Status {
    if tail == Tail::Zero { ROUNDED } else { ROUNDED | INEXACT }
}

/// The number nearest to a with b's exponent.
#[inline]
pub fn quantize(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    if a.is_special() || b.is_special() {
        if let Some(n) = nan_of(&[a, b], env, status) {
            return n;
        }
        if a.is_infinite() && b.is_infinite() {
            return a.clone();
        }
        return Num::failed(INVALID_OPERATION, status);
    }
    quantize_to(a, b.exp, env, status)
}

/// The same with the exponent given.
#[inline]
pub fn quantize_to(a: &Num, exp: i64, env: &Env, status: &mut Status) -> Num {
    if exp > env.emax || exp < env.etiny() {
        return Num::failed(INVALID_OPERATION, status);
    }
    if a.coef.is_zero() {
        return Num::small(a.neg, 0, exp).fit(env, status);
    }
    let shift = a.exp - exp;
    if a.coef.digits() + shift > env.prec {
        return Num::failed(INVALID_OPERATION, status);
    }
    let mut conditions = 0;
    let coef = if shift >= 0 {
        match a.coef.mul_pow10(shift) {
            Some(c) => c,
            None => return Num::failed(NO_MEMORY, status),
        }
    } else {
        let (coef, tail) = rounded_at(a, -shift, env.round);
        conditions = dropped(tail);
        coef
    };
    let digits = coef.digits();
    let adjusted = exp + digits - 1;
    if digits > env.prec || adjusted > env.emax || adjusted < env.etiny() {
        return Num::failed(INVALID_OPERATION, status);
    }
    *status |= conditions;
    Num::finite(a.neg, coef, exp).fit(env, status)
}

/// The finite number with the exponent given, whatever precision and range; None if it has too many digits.
pub fn rescale(a: &Num, exp: i64, round: Round) -> Option<Num> {
    if a.coef.is_zero() {
        return Some(Num::small(a.neg, 0, exp));
    }
    let coef = match a.exp - exp {
        shift @ 0.. => a.coef.mul_pow10(shift)?,
        shift => rounded_at(a, -shift, round).0,
    };
    Some(Num::finite(a.neg, coef, exp))
}

/// The shortest form of the same value.
pub fn reduce(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    let r = a.clone().fit(env, status);
    if r.is_special() {
        return r;
    }
    if r.coef.is_zero() {
        return Num::small(a.neg, 0, 0);
    }
    let most = if env.clamp { env.etop() } else { env.emax };
    let (coef, zeros) = r.coef.strip_zeros(most - r.exp);
    Num::finite(r.neg, coef, r.exp + zeros)
}

/// Special numbers, and those that are integers by their exponent; else None.
fn integral_already(a: &Num, env: &Env, status: &mut Status) -> Option<Num> {
    if a.is_special() {
        return Some(nan_of(&[a], env, status).unwrap_or_else(|| a.clone()));
    }
    (a.exp >= 0).then(|| a.clone())
}

/// Rounds to an integer; conditions are not reported.
pub fn to_integral(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = integral_already(a, env, status) {
        return n;
    }
    Num::finite(a.neg, rounded_at(a, -a.exp, env.round).0, 0)
}

/// The same with conditions.
pub fn to_integral_exact(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = integral_already(a, env, status) {
        return n;
    }
    if a.coef.is_zero() {
        return Num::small(a.neg, 0, 0);
    }
    let (coef, tail) = rounded_at(a, -a.exp, env.round);
    *status |= dropped(tail);
    Num::finite(a.neg, coef, 0)
}

/// The adjusted exponent as a number.
pub fn logb(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    if a.is_infinite() {
        return Num::infinity(false);
    }
    if a.coef.is_zero() {
        *status |= DIVISION_BY_ZERO;
        return Num::infinity(true);
    }
    Num::from_i64(a.adjusted()).fit(env, status)
}

/// The value of an operand that counts digits: an integer with exponent 0.
pub fn count(b: &Num) -> Option<i64> {
    match b.coef {
        Coef::Small(n) if b.is_finite() && b.exp == 0 => {
            let n = i64::try_from(n).ok()?;
            Some(if b.neg { -n } else { n })
        }
        _ => None,
    }
}

/// a with b added to its exponent.
pub fn scaleb(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    let most = 2 * (env.emax + env.prec);
    let Some(n) = count(b).filter(|n| n.abs() <= most) else {
        return Num::failed(INVALID_OPERATION, status);
    };
    if a.is_infinite() {
        return a.clone();
    }
    Num { exp: a.exp + n, ..a.clone() }.fit(env, status)
}

/// The least number that is greater.
pub fn next_plus(a: &Num, env: &Env, status: &mut Status) -> Num {
    next(a, false, env, status)
}

/// The greatest number that is less.
pub fn next_minus(a: &Num, env: &Env, status: &mut Status) -> Num {
    next(a, true, env, status)
}

fn next(a: &Num, down: bool, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    if a.is_infinite() {
        return if a.neg == down { a.clone() } else { largest(a.neg, env, status) };
    }
    let env = env.rounding(if down { Round::Floor } else { Round::Ceiling });
    let mut own = 0;
    let rounded = a.clone().fit(&env, &mut own);
    if own & (INEXACT | ERRORS) != 0 {
        *status |= own & ERRORS;
        return rounded;
    }
    let tiny = Num::small(false, 1, env.etiny() - 1);
    let mut own = 0;
    let r = if down { sub(a, &tiny, &env, &mut own) } else { add(a, &tiny, &env, &mut own) };
    *status |= own & ERRORS;
    r
}

/// The neighbour of a in the direction of b.
pub fn next_toward(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    let r = match compare_ordered(a, b) {
        Ordering::Equal => return a.clone().with_sign(b.neg),
        Ordering::Less => next_plus(a, env, status),
        Ordering::Greater => next_minus(a, env, status),
    };
    if r.is_infinite() {
        *status |= OVERFLOW | ROUNDED | INEXACT;
    } else if r.is_finite() && r.adjusted() < env.emin {
        *status |= UNDERFLOW | SUBNORMAL | ROUNDED | INEXACT;
        if r.coef.is_zero() {
            *status |= CLAMPED;
        }
    }
    r
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    type Binary = fn(&Num, &Num, &Env, &mut Status) -> Num;
    type Unary = fn(&Num, &Env, &mut Status) -> Num;

    fn two(f: Binary, a: &str, b: &str, e: &Env) -> (String, Status) {
        let mut status = 0;
        let n = f(&num(a), &num(b), e, &mut status);
        (show(&n), status)
    }
    fn one(f: Unary, a: &str, e: &Env) -> (String, Status) {
        let mut status = 0;
        let n = f(&num(a), e, &mut status);
        (show(&n), status)
    }

    #[test]
    fn quantize_finds_the_exponent() {
        let e = env(9, 99);
        assert_eq!(two(quantize, "2.17", "0.001", &e), ("2.170".into(), 0));
        assert_eq!(two(quantize, "2.17", "0.1", &e), ("2.2".into(), ROUNDED | INEXACT));
        assert_eq!(two(quantize, "2.50", "0.1", &e), ("2.5".into(), ROUNDED));
        assert_eq!(two(quantize, "217", "1E+2", &e), ("2E+2".into(), ROUNDED | INEXACT));
        assert_eq!(two(quantize, "999999999.5", "1", &e), ("NaN".into(), INVALID_OPERATION));
        assert_eq!(two(quantize, "-Infinity", "Infinity", &e), ("-Infinity".into(), 0));
        assert_eq!(two(quantize, "-0.1", "1", &e), ("-0".into(), ROUNDED | INEXACT));
    }

    #[test]
    fn integers() {
        let e = env(9, 99);
        assert_eq!(one(to_integral, "2.5", &e), ("2".into(), 0));
        assert_eq!(one(to_integral_exact, "-3.5", &e), ("-4".into(), ROUNDED | INEXACT));
        assert_eq!(one(to_integral_exact, "1E+5", &e), ("1E+5".into(), 0));
        assert_eq!(one(reduce, "1200E-1", &e), ("1.2E+2".into(), 0));
        assert_eq!(one(reduce, "-0.00", &e), ("-0".into(), 0));
    }

    #[test]
    fn neighbours() {
        let e = env(9, 999);
        assert_eq!(one(next_plus, "1", &e), ("1.00000001".into(), 0));
        assert_eq!(one(next_minus, "1", &e), ("0.999999999".into(), 0));
        assert_eq!(one(next_plus, "-Infinity", &e), ("-9.99999999E+999".into(), 0));
        assert_eq!(two(next_toward, "0", "1", &e).0, "1E-1007");
        assert_eq!(two(next_toward, "1", "-0", &e), ("0.999999999".into(), 0));
    }

    #[test]
    fn exponents() {
        let e = env(9, 99);
        assert_eq!(one(logb, "250", &e), ("2".into(), 0));
        assert_eq!(one(logb, "0", &e), ("-Infinity".into(), DIVISION_BY_ZERO));
        assert_eq!(two(scaleb, "7.50", "-2", &e), ("0.0750".into(), 0));
        assert_eq!(two(scaleb, "7.50", "1.0", &e), ("NaN".into(), INVALID_OPERATION));
    }
}
