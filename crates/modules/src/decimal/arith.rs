//! The four operations, fma, signs, and division to integers.

use super::coef::{Coef, POW10};
use super::compare::compare_finite_abs;
use super::fit::nan_of;
use super::number::*;
use super::wide::Wide;
use std::cmp::Ordering;

/// `a + b`.
#[inline]
pub fn add(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    add_signed(a, b, b.neg, env, status)
}

/// `a - b`.
#[inline]
pub fn sub(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    add_signed(a, b, !b.neg, env, status)
}

/// `a + b` where b is taken to have the sign given.
#[inline]
fn add_signed(a: &Num, b: &Num, b_neg: bool, env: &Env, status: &mut Status) -> Num {
    if a.is_special() || b.is_special() {
        return add_special(a, b, b_neg, env, status);
    }
    if let (Coef::Small(x), Coef::Small(y)) = (&a.coef, &b.coef) {
        // The coefficients at the lesser exponent, if both still fit.
        let shift = a.exp - b.exp;
        let aligned = match shift {
            0 => Some((*x, *y, a.exp)),
            1..=38 => x.checked_mul(POW10[shift as usize]).map(|x| (x, *y, b.exp)),
            -38..=-1 => y.checked_mul(POW10[-shift as usize]).map(|y| (*x, y, a.exp)),
            _ => None,
        };
        if let Some((x, y, exp)) = aligned
            && let Some(n) = add_aligned(a.neg, x, b_neg, y, exp, env)
        {
            return n.fit(env, status);
        }
    }
    if a.exp >= b.exp {
        add_apart(&a.coef, a.exp, a.neg, &b.coef, b.exp, b_neg, env, status)
    } else {
        add_apart(&b.coef, b.exp, b_neg, &a.coef, a.exp, a.neg, env, status)
    }
}

/// The sign of an exact zero difference.
#[inline(always)]
fn zero_sign(env: &Env) -> bool {
    env.round == Round::Floor
}

#[inline(always)]
fn add_aligned(x_neg: bool, x: u128, y_neg: bool, y: u128, exp: i64, env: &Env) -> Option<Num> {
    if x_neg == y_neg {
        return x.checked_add(y).map(|n| Num::small(x_neg, n, exp));
    }
    let (neg, n) = match x.cmp(&y) {
        Ordering::Greater => (x_neg, x - y),
        Ordering::Less => (y_neg, y - x),
        Ordering::Equal => (zero_sign(env), 0),
    };
    Some(Num::small(neg, n, exp))
}

/// The general case: the first operand has the greater or equal exponent.
#[allow(clippy::too_many_arguments)]
fn add_apart(
    high: &Coef,
    high_exp: i64,
    high_neg: bool,
    low: &Coef,
    low_exp: i64,
    low_neg: bool,
    env: &Env,
    status: &mut Status,
) -> Num {
    let (mut low, mut low_exp) = (low.clone(), low_exp);
    if !high.is_zero() {
        // A number too small to touch the digits that stay is replaced by the least one that still leaves a tail.
        let floor = high_exp - 1 + (high.digits() - env.prec - 1).min(0);
        if low_exp + low.digits() - 1 < floor {
            low = if low.is_zero() { Coef::ZERO } else { Coef::ONE };
            low_exp = floor;
        }
    }
    let shift = high_exp - low_exp;
    if let (Coef::Small(x), Coef::Small(y)) = (high, &low)
        && shift <= 38
    {
        let x = Wide::product(*x, POW10[shift as usize]);
        let y_wide = Wide { hi: 0, lo: *y };
        return match (high_neg == low_neg, x.cmp(&y_wide)) {
            (true, _) => x.plus(*y).finish(high_neg, low_exp, env, status),
            (_, Ordering::Less) => Num::small(low_neg, y - x.lo, low_exp).fit(env, status),
            (_, Ordering::Greater) => x.minus(*y).finish(high_neg, low_exp, env, status),
            (_, Ordering::Equal) => Num::small(zero_sign(env), 0, low_exp).fit(env, status),
        };
    }
    let Some(high) = high.mul_pow10(shift) else {
        return Num::failed(NO_MEMORY, status);
    };
    let (neg, coef) = match (high_neg == low_neg, high.cmp(&low)) {
        (true, _) => (high_neg, high.add(&low)),
        (_, Ordering::Greater) => (high_neg, high.sub(&low)),
        (_, Ordering::Less) => (low_neg, low.sub(&high)),
        (_, Ordering::Equal) => (zero_sign(env), Coef::ZERO),
    };
    Num::finite(neg, coef, low_exp).fit(env, status)
}

#[cold]
fn add_special(a: &Num, b: &Num, b_neg: bool, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) if a.neg != b_neg => Num::failed(INVALID_OPERATION, status),
        (true, _) => a.clone(),
        _ => b.clone().with_sign(b_neg),
    }
}

/// `a * b`.
#[inline]
pub fn mul(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        return mul_special(a, b, neg, env, status);
    }
    let exp = a.exp + b.exp;
    if let (Coef::Small(x), Coef::Small(y)) = (&a.coef, &b.coef) {
        return match (u64::try_from(*x), u64::try_from(*y)) {
            (Ok(x), Ok(y)) => Num::small(neg, u128::from(x) * u128::from(y), exp).fit(env, status),
            _ => Wide::product(*x, *y).finish(neg, exp, env, status),
        };
    }
    mul_big(a, b, status).with_sign(neg).fit(env, status)
}

/// The exact product of finite numbers.
fn mul_big(a: &Num, b: &Num, status: &mut Status) -> Num {
    if a.coef.digits() + b.coef.digits() > MAX_PRODUCT {
        return Num::failed(NO_MEMORY, status);
    }
    Num::finite(a.neg != b.neg, a.coef.mul(&b.coef), a.exp + b.exp)
}
const MAX_PRODUCT: i64 = super::coef::MAX_DIGITS;

#[cold]
fn mul_special(a: &Num, b: &Num, neg: bool, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    if a.is_zero() || b.is_zero() {
        return Num::failed(INVALID_OPERATION, status);
    }
    Num::infinity(neg)
}

/// `a * b + c`, rounded once.
pub fn fma(a: &Num, b: &Num, c: &Num, env: &Env, status: &mut Status) -> Num {
    let mut own = 0;
    let product = if a.is_special() || b.is_special() {
        mul_special(a, b, a.neg != b.neg, env, &mut own)
    } else {
        mul_big(a, b, &mut own)
    };
    let r = if own & INVALID_OPERATION != 0 { product } else { add(&product, c, env, &mut own) };
    *status |= own;
    r
}

/// `a / b`.
#[inline]
pub fn div(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    let neg = a.neg != b.neg;
    if a.is_special() || b.is_special() {
        return div_special(a, b, neg, env, status);
    }
    if b.coef.is_zero() {
        return div_by_zero(a, neg, status);
    }
    if a.coef.is_zero() {
        return Num::small(neg, 0, a.exp - b.exp).fit(env, status);
    }
    div_finite(a, b, env, true, status)
}

/// The quotient of numbers that are not zero. If it is exact it has the exponent nearest to the ideal one, unless the
/// caller has no use for that.
pub fn div_finite(a: &Num, b: &Num, env: &Env, ideal: bool, status: &mut Status) -> Num {
    let neg = a.neg != b.neg;
    let shift = b.coef.digits() - a.coef.digits() + env.prec + 1;
    let ideal_exp = a.exp - b.exp;
    let exp = ideal_exp - shift;
    let Some((mut q, exact)) = shifted_quotient(&a.coef, &b.coef, shift, env.prec) else {
        return div_exactly(a, b, env, status);
    };
    if exact {
        if ideal && ideal_exp > exp {
            let (stripped, zeros) = q.strip_zeros(ideal_exp - exp);
            return Num::finite(neg, stripped, exp + zeros).fit(env, status);
        }
    } else if q.last_digit() % 5 == 0 {
        // A digit that cannot be taken for an exact or half-way result.
        q = q.add_one();
    }
    Num::finite(neg, q, exp).fit(env, status)
}

/// `a * 10^shift / b` and whether that is exact; None if it is too big.
#[inline]
fn shifted_quotient(a: &Coef, b: &Coef, shift: i64, prec: i64) -> Option<(Coef, bool)> {
    if let (Coef::Small(x), Coef::Small(y)) = (a, b)
        && (0..=38).contains(&shift)
        && prec <= 36
    {
        // At most prec + 2 digits.
        let (q, r) = Wide::product(*x, POW10[shift as usize]).div_rem(*y);
        return Some((Coef::Small(q), r == 0));
    }
    let (q, r) = match shift {
        0.. => a.mul_pow10(shift)?.div_rem(b),
        _ => a.div_rem(&b.mul_pow10(-shift)?),
    };
    Some((q, r.is_zero()))
}

/// For a precision beyond memory: the quotient if it is exact.
fn div_exactly(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    // An exact quotient 1 / b has at most four times b's digits.
    let enough = Env { prec: a.coef.digits() + 4 * b.coef.digits(), ..Env::MAX };
    if enough.prec >= env.prec {
        return Num::failed(NO_MEMORY, status);
    }
    let mut own = 0;
    let q = div_finite(a, b, &enough, true, &mut own);
    if own & (INEXACT | NO_MEMORY) != 0 {
        return Num::failed(NO_MEMORY, status);
    }
    q.fit(env, status)
}

#[cold]
fn div_special(a: &Num, b: &Num, neg: bool, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) => Num::failed(INVALID_OPERATION, status),
        (true, false) => Num::infinity(neg),
        _ => {
            *status |= CLAMPED;
            Num::small(neg, 0, env.etiny())
        }
    }
}

#[cold]
fn div_by_zero(a: &Num, neg: bool, status: &mut Status) -> Num {
    if a.coef.is_zero() {
        return Num::failed(DIVISION_UNDEFINED, status);
    }
    *status |= DIVISION_BY_ZERO;
    Num::infinity(neg)
}

/// Integer quotient and remainder of finite numbers, the divisor not zero; None if the quotient has too many digits.
pub fn div_mod_finite(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Option<(Num, Num)> {
    let neg = a.neg != b.neg;
    let exp = a.exp.min(b.exp);
    if a.coef.is_zero() {
        return Some((Num::small(neg, 0, 0), Num::small(a.neg, 0, exp)));
    }
    let distance = a.adjusted() - b.adjusted();
    if distance > env.prec {
        *status |= DIVISION_IMPOSSIBLE;
        return None;
    }
    let (above, below) = (a.exp - exp, b.exp - exp);
    if distance < 0 {
        let r = a.coef.mul_pow10(above)?;
        return Some((Num::small(neg, 0, 0), Num::finite(a.neg, r, exp)));
    }
    let (Some(x), Some(y)) = (a.coef.mul_pow10(above), b.coef.mul_pow10(below)) else {
        *status |= NO_MEMORY;
        return None;
    };
    let (q, r) = x.div_rem(&y);
    if q.digits() > env.prec {
        *status |= DIVISION_IMPOSSIBLE;
        return None;
    }
    Some((Num::finite(neg, q, 0), Num::finite(a.neg, r, exp)))
}

/// `a // b` and `a % b`, truncated.
pub fn div_mod(a: &Num, b: &Num, env: &Env, status: &mut Status) -> (Num, Num) {
    let neg = a.neg != b.neg;
    if let Some(n) = nan_of(&[a, b], env, status) {
        return (n.clone(), n);
    }
    if a.is_infinite() {
        *status |= INVALID_OPERATION;
        let q = if b.is_infinite() { Num::nan() } else { Num::infinity(neg) };
        return (q, Num::nan());
    }
    if b.is_infinite() {
        return (Num::small(neg, 0, 0), a.clone().fit(env, status));
    }
    if b.coef.is_zero() {
        if a.coef.is_zero() {
            *status |= DIVISION_UNDEFINED;
            return (Num::nan(), Num::nan());
        }
        *status |= DIVISION_BY_ZERO | INVALID_OPERATION;
        return (Num::infinity(neg), Num::nan());
    }
    match div_mod_finite(a, b, env, status) {
        Some((q, r)) => (q.fit(env, status), r.fit(env, status)),
        None => (Num::nan(), Num::nan()),
    }
}

/// `a // b`, truncated.
pub fn div_int(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    let neg = a.neg != b.neg;
    if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    }
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) => return Num::failed(INVALID_OPERATION, status),
        (true, false) => return Num::infinity(neg),
        (false, true) => return Num::small(neg, 0, 0),
        _ => {}
    }
    if b.coef.is_zero() {
        return div_by_zero(a, neg, status);
    }
    match div_mod_finite(a, b, env, status) {
        Some((q, _)) => q.fit(env, status),
        None => Num::nan(),
    }
}

/// What the remainders have in common for operands that are special or zero; None if they are neither.
fn remainder_special(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Option<Num> {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return Some(n);
    }
    if a.is_infinite() {
        return Some(Num::failed(INVALID_OPERATION, status));
    }
    if b.is_infinite() {
        return Some(a.clone().fit(env, status));
    }
    if b.coef.is_zero() {
        let condition = if a.coef.is_zero() { DIVISION_UNDEFINED } else { INVALID_OPERATION };
        return Some(Num::failed(condition, status));
    }
    None
}

/// `a % b`, with the sign of a.
pub fn rem(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = remainder_special(a, b, env, status) {
        return n;
    }
    match div_mod_finite(a, b, env, status) {
        Some((_, r)) => r.fit(env, status),
        None => Num::nan(),
    }
}

/// `a - n * b` for the n nearest to `a / b`, the even one of two.
pub fn rem_near(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = remainder_special(a, b, env, status) {
        return n;
    }
    let Some((q, r)) = div_mod_finite(a, b, env, status) else { return Num::nan() };
    if r.coef.is_zero() || (b.adjusted() - r.adjusted()).abs() > 1 {
        return r.fit(env, status);
    }
    let mut own = 0;
    // The remainder for the next quotient; both have the same exponent, so the difference is exact.
    let other = add_signed(&r, b, !r.neg, &Env::MAX, &mut own);
    if own & NO_MEMORY != 0 {
        return Num::failed(NO_MEMORY, status);
    }
    let closer = compare_finite_abs(&other, &r);
    if closer == Ordering::Less || closer == Ordering::Equal && q.coef.is_odd() {
        if q.coef.clone().add_one().digits() > env.prec {
            return Num::failed(DIVISION_IMPOSSIBLE, status);
        }
        return other.fit(env, status);
    }
    r.fit(env, status)
}

/// `+a`, or `-a` if so: zero becomes positive except when rounding to the floor.
fn with_new_sign(a: &Num, neg: bool, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    let neg = if a.is_zero() && env.round != Round::Floor { false } else { neg };
    a.clone().with_sign(neg).fit(env, status)
}
pub fn plus(a: &Num, env: &Env, status: &mut Status) -> Num {
    with_new_sign(a, a.neg, env, status)
}
pub fn minus(a: &Num, env: &Env, status: &mut Status) -> Num {
    with_new_sign(a, !a.neg, env, status)
}
pub fn abs(a: &Num, env: &Env, status: &mut Status) -> Num {
    if a.neg { minus(a, env, status) } else { plus(a, env, status) }
}

#[cfg(test)]
#[path = "arith_tests.rs"]
mod tests;
