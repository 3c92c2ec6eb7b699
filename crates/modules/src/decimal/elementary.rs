//! exp, ln, log10 and sqrt, correctly rounded half to even.
//!
//! The transcendental functions are approximated with some digits to spare; while the bounds of the true value round
//! differently, once more with half as many digits again. That ends, because the value of such a function has infinitely
//! many digits, the few exact cases aside.

use super::arith::sub;
use super::coef::{Coef, MAX_DIGITS, pow10};
use super::compare::{compare_abs, compare_ordered};
use super::fit::nan_of;
use super::fixed;
use super::number::*;
use dashu_int::ops::SquareRoot;
use dashu_int::{IBig, Sign, UBig};
use std::cmp::Ordering;

/// Bits to spare in fixed point.
const GUARD: usize = 24;

/// Bits for so many decimal digits, and some to spare.
fn bits(digits: i64) -> usize {
    (digits.max(0) as f64 * std::f64::consts::LOG2_10) as usize + GUARD
}

/// x at scale w, towards zero.
fn to_fixed(x: &Num, w: usize) -> IBig {
    let n = x.coef.big();
    let n = match x.exp {
        0.. => (n * pow10(x.exp as usize)) << w,
        _ => (n << w) / pow10(-x.exp as usize),
    };
    IBig::from_parts(if x.neg { Sign::Negative } else { Sign::Positive }, n)
}

/// Units of `10^exp`: the true value lies between `n - 1` and `n + 2`, both excluded.
struct Approximation {
    n: IBig,
    exp: i64,
}

impl Approximation {
    /// Of a value at scale w.
    fn new(value: IBig, w: usize, digits: i64, exp: i64) -> Approximation {
        Approximation { n: (value * IBig::from(pow10(digits as usize))) >> w, exp: exp - digits }
    }

    fn number(n: &IBig, exp: i64) -> Num {
        let (sign, magnitude) = n.clone().into_parts();
        Num::finite(sign == Sign::Negative, Coef::from(magnitude), exp)
    }

    /// The rounded value, if that is certain.
    fn rounded(&self, env: &Env, status: &mut Status) -> Option<Num> {
        let mut own = 0;
        let low = Approximation::number(&(&self.n - 1u8), self.exp).fit(env, &mut own);
        let high = Approximation::number(&(&self.n + 2u8), self.exp).fit(env, &mut own);
        if low != high {
            return None;
        }
        // With a further digit that keeps it from being exact.
        let sticky = &self.n * 10u8 + IBig::from(if self.n < IBig::ZERO { -1 } else { 1 });
        *status |= INEXACT | ROUNDED;
        Some(Approximation::number(&sticky, self.exp - 1).fit(env, status))
    }
}

/// Approximates with more and more digits until the result is certain.
fn certain(env: &Env, status: &mut Status, f: impl Fn(i64) -> Approximation) -> Num {
    let mut digits = env.prec + 5;
    while digits < MAX_DIGITS {
        if let Some(n) = f(digits).rounded(env, status) {
            return n;
        }
        digits += digits / 2 + 10;
    }
    Num::failed(NO_MEMORY, status)
}

/// e^a.
pub fn exp(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    if a.is_infinite() {
        return if a.neg { Num::small(false, 0, 0) } else { Num::infinity(false) };
    }
    if a.coef.is_zero() {
        return Num::one();
    }
    let env = env.rounding(Round::HalfEven);
    let size = a.adjusted();
    if size >= 19 {
        *status |= INEXACT | ROUNDED;
        if !a.neg {
            *status |= OVERFLOW;
            return Num::infinity(false);
        }
        *status |= SUBNORMAL | UNDERFLOW | CLAMPED;
        return Num::small(false, 0, env.etiny()).fit(&env, status);
    }
    // Where libmpdec takes the result for 1: just above that, a result below 1 may be subnormal before it is rounded.
    if compare_abs(a, &Num::small(false, 9, -(env.prec + 4))) != Ordering::Greater {
        return rounded_one(&env, status);
    }
    certain(&env, status, |digits| exp_approximation(a, digits))
}

/// 1 with all digits of the precision, as the result of rounding.
fn rounded_one(env: &Env, status: &mut Status) -> Num {
    *status |= INEXACT | ROUNDED;
    match Coef::ONE.mul_pow10(env.prec - 1) {
        Some(coef) => Num::finite(false, coef, 1 - env.prec).fit(env, status),
        None => Num::failed(NO_MEMORY, status),
    }
}

/// e^a = e^r * 10^k for the k nearest to a / ln 10.
fn exp_approximation(a: &Num, digits: i64) -> Approximation {
    let w = bits(digits);
    let wide = w + bits(a.adjusted() + 1);
    let (x, ln10) = (to_fixed(a, wide), fixed::ln10(wide));
    let half: IBig = &ln10 >> 1;
    let k = if x < IBig::ZERO { (&x - half) / &ln10 } else { (&x + half) / &ln10 };
    let r: IBig = (x - &k * ln10) >> (wide - w);
    let k = i64::try_from(k).unwrap_or(i64::MAX / 4);
    Approximation::new(fixed::exp(&r, w), w, digits, k)
}

/// What ln and log10 have in common: special operands. None for positive numbers.
fn log_special(a: &Num, env: &Env, status: &mut Status) -> Option<Num> {
    if let Some(n) = nan_of(&[a], env, status) {
        return Some(n);
    }
    if a.is_zero() {
        return Some(Num::infinity(true));
    }
    if a.neg {
        return Some(Num::failed(INVALID_OPERATION, status));
    }
    a.is_infinite().then(|| Num::infinity(false))
}

/// a is m * 10^t with 0.3 < m < 3.2: t and m.
fn split(a: &Num) -> (i64, Num) {
    let digits = a.coef.digits();
    let (lead, _) = a.coef.div_pow10((digits - 2).max(0));
    let lead = if digits == 1 { lead.mul(&Coef::Small(10)) } else { lead };
    let t = a.exp + digits - 1 + (lead >= Coef::Small(32)) as i64;
    (t, Num { exp: a.exp - t, ..a.clone() })
}

/// By how many digits a logarithm's first digit may lie behind the point: that matters next to 1.
fn leading_zeros(a: &Num) -> i64 {
    if !matches!(a.adjusted(), -1 | 0) {
        return 1;
    }
    let difference = sub(a, &Num::one(), &Env::MAX, &mut 0);
    (-difference.adjusted()).max(0) + 2
}

/// The natural logarithm.
pub fn ln(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = log_special(a, env, status) {
        return n;
    }
    if compare_ordered(a, &Num::one()) == Ordering::Equal {
        return Num::small(false, 0, 0);
    }
    let env = env.rounding(Round::HalfEven);
    let zeros = leading_zeros(a);
    certain(&env, status, |digits| {
        let places = digits + zeros;
        let w = bits(places);
        let (t, m) = split(a);
        // Sixty-four bits more than hold any exponent.
        let tens = (fixed::ln10(w + 64) * IBig::from(t)) >> 64;
        Approximation::new(fixed::ln(&to_fixed(&m, w), w) + tens, w, places, 0)
    })
}

/// The decimal logarithm.
pub fn log10(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = log_special(a, env, status) {
        return n;
    }
    let env = env.rounding(Round::HalfEven);
    if a.coef.is_pow10() {
        return Num::from_i64(a.adjusted()).fit(&env, status);
    }
    let zeros = leading_zeros(a);
    certain(&env, status, |digits| {
        let places = digits + zeros + 1;
        let w = bits(places);
        let (t, m) = split(a);
        let y = (fixed::ln(&to_fixed(&m, w), w) << w) / fixed::ln10(w);
        Approximation::new(y + (IBig::from(t) << w), w, places, 0)
    })
}

/// The square root.
pub fn sqrt(a: &Num, env: &Env, status: &mut Status) -> Num {
    if let Some(n) = nan_of(&[a], env, status) {
        return n;
    }
    if a.is_zero() {
        // Half the exponent, rounded down.
        return Num::small(a.neg, 0, a.exp.div_euclid(2)).fit(env, status);
    }
    if a.neg {
        return Num::failed(INVALID_OPERATION, status);
    }
    if a.is_infinite() {
        return a.clone();
    }
    let env = env.rounding(Round::HalfEven);
    match root(a, env.prec + 1) {
        Some((n, _)) => n.fit(&env, status),
        // Too many digits for memory: the root may still be an exact one.
        None => match root(a, a.coef.digits() + 2) {
            Some((n, true)) => n.fit(&env, status),
            _ => Num::failed(NO_MEMORY, status),
        },
    }
}

/// The root with so many digits, and whether it is exact; an inexact one never ends in 0 or 5.
fn root(a: &Num, digits: i64) -> Option<(Num, bool)> {
    // a is c * 100^half.
    let half = a.exp.div_euclid(2);
    let c = if a.exp.rem_euclid(2) == 1 { a.coef.mul_pow10(1)? } else { a.coef.clone() };
    let shift = digits - (c.digits() + 1) / 2;
    let (c, cut) = match shift {
        0.. => (c.mul_pow10(2 * shift)?, false),
        _ => {
            let (c, tail) = c.div_pow10(-2 * shift);
            (c, tail != super::coef::Tail::Zero)
        }
    };
    let c: UBig = c.into_big();
    let n = c.sqrt();
    let exact = !cut && &n * &n == c;
    let (n, exp) = match (exact, shift) {
        (true, 0..) => (Coef::from(n / pow10(shift as usize)), half),
        (true, _) => (Coef::from(n), half - shift),
        (false, _) => {
            let n = Coef::from(n);
            (if n.last_digit() % 5 == 0 { n.add_one() } else { n }, half - shift)
        }
    };
    Some((Num::finite(false, n, exp), exact))
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    fn run(f: fn(&Num, &Env, &mut Status) -> Num, a: &str, prec: i64) -> String {
        show(&f(&num(a), &env(prec, 999), &mut 0))
    }

    #[test]
    fn exponentials() {
        assert_eq!(run(exp, "1", 28), "2.718281828459045235360287471");
        assert_eq!(run(exp, "-1", 9), "0.367879441");
        assert_eq!(run(exp, "0.693147181", 9), "2.00000000");
        assert_eq!(run(exp, "1E-30", 9), "1.00000000");
        assert_eq!(run(exp, "-1E-30", 9), "1.00000000");
        assert_eq!(run(exp, "2300", 9), "7.53890685E+998");
        assert_eq!(run(exp, "1E+30", 9), "Infinity");
        assert_eq!(run(exp, "-1E+30", 9), "0E-1007");
        // The value is so near to half-way that many digits are needed.
        assert_eq!(run(exp, "5.0000000000E-9", 9), "1.00000001");
        assert_eq!(run(exp, "0.0000000050000000000000000000000000000", 9), "1.00000001");
    }

    #[test]
    fn logarithms() {
        assert_eq!(run(ln, "10", 28), "2.302585092994045684017991455");
        assert_eq!(run(ln, "2", 28), "0.6931471805599453094172321215");
        assert_eq!(run(ln, "1.000000000000000000001", 9), "1.00000000E-21");
        assert_eq!(run(ln, "0.999999999999999999999", 9), "-1.00000000E-21");
        assert_eq!(run(ln, "1E-500", 9), "-1151.29255");
        assert_eq!(run(ln, "1.00", 9), "0");
        assert_eq!(run(log10, "2", 28), "0.3010299956639811952137388947");
        assert_eq!(run(log10, "0.0010", 9), "-3");
        assert_eq!(run(log10, "1.0000001", 9), "4.34294460E-8");
        assert_eq!(run(log10, "70", 9), "1.84509804");
    }

    #[test]
    fn roots() {
        for (a, want) in [
            ("0", "0"),
            ("-0", "-0"),
            ("0E-5", "0.000"),
            ("0.39", "0.624499800"),
            ("100", "10"),
            ("1.0", "1.0"),
            ("7", "2.64575131"),
            ("1.00", "1.0"),
            ("10", "3.16227766"),
            ("2E+4", "141.421356"),
            ("4E+4", "2E+2"),
            ("4E+5", "632.455532"),
            ("15241578750190521", "123456789"),
            ("152415787501905210000", "1.23456789E+10"),
            ("1524157875019052100000000", "1.23456789E+12"),
            ("0.0009", "0.03"),
        ] {
            assert_eq!(run(sqrt, a, 9), want, "{a}");
        }
        let mut status = 0;
        assert_eq!(show(&sqrt(&num("40E+9"), &Env::MAX, &mut status)), "2.0E+5");
        assert_eq!(status, 0);
        assert_eq!(show(&sqrt(&num("2"), &Env::MAX, &mut status)), "NaN");
        assert_eq!(status, NO_MEMORY);
    }
}
