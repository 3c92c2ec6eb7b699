//! Order: numerical, total, by magnitude; the lesser and the greater.

use super::coef::Coef;
use super::fit::nan_of;
use super::number::*;
use std::cmp::Ordering::{self, *};

/// Order of the magnitudes of finite numbers.
pub fn compare_finite_abs(a: &Num, b: &Num) -> Ordering {
    match (a.coef.is_zero(), b.coef.is_zero()) {
        (true, true) => return Equal,
        (true, false) => return Less,
        (false, true) => return Greater,
        _ => {}
    }
    if a.exp == b.exp {
        return a.coef.cmp(&b.coef);
    }
    let by_size = a.adjusted().cmp(&b.adjusted());
    if by_size != Equal {
        return by_size;
    }
    // As many digits before the point: the one with more digits behind it is divided.
    if a.exp > b.exp {
        compare_aligned(&a.coef, &b.coef, a.exp - b.exp)
    } else {
        compare_aligned(&b.coef, &a.coef, b.exp - a.exp).reverse()
    }
}

/// Order of `a * 10^k` and b, of equally many digits.
fn compare_aligned(a: &Coef, b: &Coef, k: i64) -> Ordering {
    match a.mul_pow10(k) {
        Some(a) => a.cmp(b),
        None => Less,
    }
}

/// Order of numbers that are not NaN.
pub fn compare_ordered(a: &Num, b: &Num) -> Ordering {
    let rank = |n: &Num| match (n.is_zero(), n.neg) {
        (true, _) => 0,
        (_, true) => -1,
        _ => 1,
    };
    let (x, y) = (rank(a), rank(b));
    if x != y || x == 0 {
        return x.cmp(&y);
    }
    let order = compare_abs(a, b);
    if x < 0 { order.reverse() } else { order }
}

/// Order of magnitudes of numbers that are not NaN.
pub fn compare_abs(a: &Num, b: &Num) -> Ordering {
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) => Equal,
        (true, false) => Greater,
        (false, true) => Less,
        _ => compare_finite_abs(a, b),
    }
}

/// Order, None if an operand is NaN.
#[inline]
pub fn compare_numbers(a: &Num, b: &Num) -> Option<Ordering> {
    if a.is_nan() || b.is_nan() { None } else { Some(compare_ordered(a, b)) }
}

fn of_order(order: Ordering) -> Num {
    Num::from_i64(order as i64)
}

/// -1, 0 or 1; NaN is passed on.
pub fn compare(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    match nan_of(&[a, b], env, status) {
        Some(n) => n,
        None => of_order(compare_ordered(a, b)),
    }
}

/// The same, but any NaN is invalid.
pub fn compare_signal(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    match nan_of(&[a, b], env, status) {
        Some(n) => {
            *status |= INVALID_OPERATION;
            n
        }
        None => of_order(compare_ordered(a, b)),
    }
}

/// The total order of magnitudes: numbers with equal value by exponent, NaNs last, by payload.
fn total_abs(a: &Num, b: &Num) -> Ordering {
    let rank = |n: &Num| match n.kind {
        Kind::Finite | Kind::Infinite => 0,
        Kind::SignalingNan => 1,
        Kind::QuietNan => 2,
    };
    let (x, y) = (rank(a), rank(b));
    if x != y {
        return x.cmp(&y);
    }
    if x > 0 {
        return a.coef.cmp(&b.coef);
    }
    compare_abs(a, b).then(a.exp.cmp(&b.exp))
}

pub fn compare_total(a: &Num, b: &Num) -> Num {
    of_order(match (a.neg, b.neg) {
        (false, false) => total_abs(a, b),
        (true, true) => total_abs(b, a),
        (true, false) => Less,
        (false, true) => Greater,
    })
}

pub fn compare_total_mag(a: &Num, b: &Num) -> Num {
    of_order(total_abs(a, b))
}

/// Which of two numerically equal numbers comes first.
fn order_of_equals(a: &Num, b: &Num) -> Ordering {
    match (a.neg, b.neg) {
        (true, false) => Less,
        (false, true) => Greater,
        (false, false) => a.exp.cmp(&b.exp),
        (true, true) => b.exp.cmp(&a.exp),
    }
}

type Order = fn(&Num, &Num) -> Ordering;

fn pick(a: &Num, b: &Num, order: Order, unwanted: Ordering, env: &Env, status: &mut Status) -> Num {
    // A single quiet NaN counts as missing.
    let chosen = if a.is_qnan() && !b.is_nan() {
        b
    } else if b.is_qnan() && !a.is_nan() {
        a
    } else if let Some(n) = nan_of(&[a, b], env, status) {
        return n;
    } else if order(a, b).then_with(|| order_of_equals(a, b)) == unwanted {
        b
    } else {
        a
    };
    chosen.clone().fit(env, status)
}

pub fn max(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    pick(a, b, compare_ordered, Less, env, status)
}
pub fn min(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    pick(a, b, compare_ordered, Greater, env, status)
}
pub fn max_mag(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    pick(a, b, compare_abs, Less, env, status)
}
pub fn min_mag(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    pick(a, b, compare_abs, Greater, env, status)
}

/// The same exponent, or the same sort of special number?
pub fn same_quantum(a: &Num, b: &Num) -> bool {
    if a.is_special() || b.is_special() {
        return a.is_nan() && b.is_nan() || a.is_infinite() && b.is_infinite();
    }
    a.exp == b.exp
}

/// The name of the number's class.
pub fn number_class(a: &Num, env: &Env) -> &'static str {
    let pick = |names: [&'static str; 2]| names[a.neg as usize];
    match a.kind {
        Kind::QuietNan => "NaN",
        Kind::SignalingNan => "sNaN",
        Kind::Infinite => pick(["+Infinity", "-Infinity"]),
        Kind::Finite if a.coef.is_zero() => pick(["+Zero", "-Zero"]),
        Kind::Finite if a.is_subnormal(env) => pick(["+Subnormal", "-Subnormal"]),
        Kind::Finite => pick(["+Normal", "-Normal"]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    #[test]
    fn numerical_order() {
        let sorted = [
            "-Infinity",
            "-1E+40",
            "-1000",
            "-10.5",
            "-10.4",
            "-1E-400",
            "0",
            "1E-400",
            "1.0001",
            "1.1",
            "9E+50",
            "Infinity",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare_ordered(&num(a), &num(b)), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [("1.000", "1"), ("0E+5", "-0.00"), ("1E+3", "1000"), ("1E+60", "1000E+57")] {
            assert_eq!(compare_ordered(&num(a), &num(b)), Equal);
        }
        assert_eq!(compare_numbers(&num("NaN"), &num("1")), None);
    }

    #[test]
    fn total_order() {
        let sorted = [
            "-NaN",
            "-sNaN",
            "-Infinity",
            "-1",
            "-1.0",
            "-0",
            "0.00",
            "0",
            "1.0",
            "1",
            "Infinity",
            "sNaN",
            "sNaN5",
            "NaN",
            "NaN7",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare_total(&num(a), &num(b)), of_order(i.cmp(&j)), "{a} {b}");
            }
        }
        assert_eq!(compare_total_mag(&num("-2"), &num("1")), Num::one());
    }

    #[test]
    fn the_greater_and_the_lesser() {
        let mut status = 0;
        let e = env(9, 99);
        let mut run = |f: fn(&Num, &Num, &Env, &mut Status) -> Num, a, b| show(&f(&num(a), &num(b), &e, &mut status));
        assert_eq!(run(max, "1.0", "1"), "1");
        assert_eq!(run(min, "1.0", "1"), "1.0");
        assert_eq!(run(max, "-1.0", "-1"), "-1.0");
        assert_eq!(run(max, "-0", "0"), "0");
        assert_eq!(run(max, "NaN", "3"), "3");
        assert_eq!(run(max_mag, "-3", "2"), "-3");
        assert_eq!(run(min_mag, "-3", "2"), "2");
        assert_eq!(run(min, "NaN3", "NaN4"), "NaN3");
        assert_eq!(status, 0);
    }
}
