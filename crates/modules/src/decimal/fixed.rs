//! Exponential and logarithm in binary fixed point.
//!
//! Terms: a number at *scale* w is an integer that stands for that many units of 2^-w. Errors are bounded in units; the
//! bounds are generous, as callers work with some twenty bits more than they need.

use dashu_int::ops::BitTest;
use dashu_int::{IBig, UBig};
use std::cell::RefCell;

thread_local! {
    /// The natural logarithm of ten at the greatest scale wanted so far.
    static LN10: RefCell<(usize, UBig)> = const { RefCell::new((0, UBig::ZERO)) };
}

/// ln 10 at scale w, less than two units off.
pub fn ln10(w: usize) -> IBig {
    LN10.with(|known| {
        let mut known = known.borrow_mut();
        if known.0 < w {
            let scale = w + w / 4 + 64;
            *known = (scale, compute_ln10(scale));
        }
        IBig::from(&known.1 >> (known.0 - w))
    })
}

/// By Machin's method: a sum of inverse hyperbolic tangents of small fractions.
fn compute_ln10(w: usize) -> UBig {
    let fine = w + 16;
    let sum = atanh_inverse(31, fine) * 46u8 + atanh_inverse(49, fine) * 34u8 + atanh_inverse(161, fine) * 20u8;
    sum >> 16usize
}

/// atanh(1 / q) at scale w: the sum of 1 / ((2k + 1) q^(2k + 1)).
fn atanh_inverse(q: u64, w: usize) -> UBig {
    let terms = w / (2 * q.ilog2() as usize) + 2;
    let s = sum_range(q * q, 0, terms as u64);
    ((s.sum * q) << w) / (s.odds * s.powers)
}

/// A stretch of the series: its sum is `sum / (odds * powers)`.
struct Stretch {
    sum: UBig,
    odds: UBig,
    powers: UBig,
}

fn sum_range(square: u64, from: u64, to: u64) -> Stretch {
    if to - from == 1 {
        return Stretch { sum: UBig::ONE, odds: UBig::from(2 * from + 1), powers: UBig::from(square) };
    }
    let middle = from + (to - from) / 2;
    let (a, b) = (sum_range(square, from, middle), sum_range(square, middle, to));
    Stretch { sum: &b.odds * &b.powers * a.sum + &a.odds * b.sum, odds: a.odds * b.odds, powers: a.powers * b.powers }
}

/// e^x for x at scale w, |x| < 2; less than four units off.
pub fn exp(x: &IBig, w: usize) -> IBig {
    // x is halved so often that the series is short, and the result squared as often.
    let halvings = (w as f64).sqrt() as usize / 2 + 3;
    let fine = w + halvings + 40;
    let r = (x << (fine - w)) >> halvings;
    let mut term = IBig::ONE << fine;
    let mut sum = term.clone();
    for k in 1u64.. {
        term = ((term * &r) >> fine) / IBig::from(k);
        // The floor of a negative term never becomes zero.
        if term == IBig::ZERO || term == IBig::NEG_ONE {
            break;
        }
        sum += &term;
    }
    for _ in 0..halvings {
        sum = (&sum * &sum) >> fine;
    }
    sum >> (fine - w)
}

/// ln m for m at scale w, 1/4 < m < 4; less than 40 units off.
pub fn ln(m: &IBig, w: usize) -> IBig {
    // Scales that triple, up to w; the first is that of a machine float.
    let mut scales = vec![w];
    while let Some(&s) = scales.last()
        && s > 46
    {
        scales.push(s / 3 + 4);
    }
    let first = scales.pop().unwrap_or(w);
    let mut y = ln_float(m, w, first);
    let mut scale = first;
    for s in scales.into_iter().rev() {
        y = if s > scale { y << (s - scale) } else { y >> (scale - s) };
        scale = s;
        let m = m >> (w - s);
        let e = exp(&y, s);
        // Halley's step triples the number of right digits.
        let step = ((&m - &e) << (s + 1)) / (m + e);
        y += step;
    }
    y
}

/// A first approximation at scale `to`, which is at most 52.
fn ln_float(m: &IBig, w: usize, to: usize) -> IBig {
    let bits = m.bit_len();
    let drop = bits.saturating_sub(60);
    let top = i64::try_from(m >> drop).unwrap_or(1);
    let value = top as f64 * 2f64.powi(drop as i32 - w as i32);
    IBig::from((value.ln() * 2f64.powi(to as i32)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(x: f64, w: usize) -> IBig {
        IBig::from((x * 2f64.powi(50)) as i64) << (w - 50)
    }
    fn float(x: &IBig, w: usize) -> f64 {
        i64::try_from(x >> (w - 50)).unwrap() as f64 / 2f64.powi(50)
    }

    #[test]
    fn ln10_at_several_scales() {
        assert!((float(&ln10(60), 60) - std::f64::consts::LN_10).abs() < 1e-14);
        let (fine, coarse) = (compute_ln10(4000), compute_ln10(500));
        let difference = IBig::from(fine >> 3500usize) - IBig::from(coarse);
        assert!(difference >= IBig::from(-2) && difference <= IBig::from(2));
    }

    #[test]
    fn exp_and_ln_agree_with_floats() {
        for w in [60, 100, 333, 1000] {
            for x in [-1.99, -1.1, -0.5, -1e-9, 0.0, 1e-9, 0.25, 1.0, 1.15, 1.9] {
                assert!((float(&exp(&fixed(x, w), w), w) - f64::exp(x)).abs() < 2e-14, "{w} {x}");
            }
            for m in [0.26, 0.4, 0.999, 1.0, 1.001, 1.7, 3.3, 3.9] {
                assert!((float(&ln(&fixed(m, w), w), w) - f64::ln(m)).abs() < 2e-14, "{w} {m}");
            }
        }
    }

    #[test]
    fn errors_stay_within_bounds() {
        for w in [48, 55, 150, 400, 1111] {
            let fine = w + 200;
            for n in 1..60i64 {
                let x = (IBig::from(n * 60 - 1801) << fine) / IBig::from(907);
                let error: IBig = exp(&(&x >> (fine - w)), w) - (exp(&x, fine) >> (fine - w));
                assert!(error >= IBig::from(-10) && error <= IBig::from(10), "exp {w} {n}: {error}");
                let m = (IBig::from(n * 6 + 24) << fine) / IBig::from(91);
                let error: IBig = ln(&(&m >> (fine - w)), w) - (ln(&m, fine) >> (fine - w));
                assert!(error >= IBig::from(-40) && error <= IBig::from(40), "ln {w} {n}: {error}");
            }
        }
    }
}
