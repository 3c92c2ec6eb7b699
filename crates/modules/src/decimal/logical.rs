//! Digit-wise operations: logical ones on coefficients of zeros and ones, shift and rotate.

use super::coef::Coef;
use super::fit::nan_of;
use super::integral::count;
use super::number::*;

/// The digits of a logical operand; None if it is none.
fn logical_digits(a: &Num) -> Option<Vec<u8>> {
    if a.is_special() || a.neg || a.exp != 0 {
        return None;
    }
    let mut digits = Vec::new();
    a.coef.push_digits(&mut digits);
    digits.iter().all(|d| matches!(d, b'0' | b'1')).then_some(digits)
}

/// Combines digits from the last one on, up to the precision.
fn combined(a: &[u8], b: &[u8], env: &Env, f: fn(bool, bool) -> bool) -> Num {
    let at = |digits: &[u8], i: usize| digits.len() > i && digits[digits.len() - 1 - i] == b'1';
    let len = a.len().max(b.len()).min(usize::try_from(env.prec).unwrap_or(usize::MAX));
    let digits: Vec<u8> = (0..len).rev().map(|i| b'0' + f(at(a, i), at(b, i)) as u8).collect();
    Num::finite(false, Coef::from_digits(&digits), 0)
}

fn logical(a: &Num, b: &Num, env: &Env, status: &mut Status, f: fn(bool, bool) -> bool) -> Num {
    match (logical_digits(a), logical_digits(b)) {
        (Some(x), Some(y)) => combined(&x, &y, env, f),
        _ => Num::failed(INVALID_OPERATION, status),
    }
}

pub fn and(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    logical(a, b, env, status, |x, y| x & y)
}
pub fn or(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    logical(a, b, env, status, |x, y| x | y)
}
pub fn xor(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    logical(a, b, env, status, |x, y| x ^ y)
}

/// All digits of the precision inverted.
pub fn invert(a: &Num, env: &Env, status: &mut Status) -> Num {
    let Some(digits) = logical_digits(a) else { return Num::failed(INVALID_OPERATION, status) };
    if env.prec > super::coef::MAX_DIGITS {
        return Num::failed(NO_MEMORY, status);
    }
    let ones = vec![b'1'; env.prec as usize];
    combined(&digits, &ones, env, |x, y| x ^ y)
}

/// Both operands of shift and rotate: the number and how far, or else the result.
fn moved<'a>(a: &'a Num, b: &Num, env: &Env, status: &mut Status) -> Result<(&'a Num, i64), Num> {
    if let Some(n) = nan_of(&[a, b], env, status) {
        return Err(n);
    }
    match count(b).filter(|n| n.abs() <= env.prec) {
        None => Err(Num::failed(INVALID_OPERATION, status)),
        Some(_) if a.is_infinite() => Err(a.clone()),
        Some(n) => Ok((a, n)),
    }
}

/// The last `prec` digits of `c * 10^n`.
fn shifted_left(c: &Coef, n: i64, env: &Env) -> Option<Coef> {
    c.low_digits(env.prec - n).mul_pow10(n)
}

/// The coefficient shifted by b digits, to the right if that is negative.
pub fn shift(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    let (a, n) = match moved(a, b, env, status) {
        Ok(x) => x,
        Err(n) => return n,
    };
    let coef = if n >= 0 { shifted_left(&a.coef, n, env) } else { Some(a.coef.low_digits(env.prec).div_pow10(-n).0) };
    match coef {
        Some(coef) => Num::finite(a.neg, coef, a.exp),
        None => Num::failed(NO_MEMORY, status),
    }
}

/// The coefficient, of as many digits as the precision, rotated by b digits.
pub fn rotate(a: &Num, b: &Num, env: &Env, status: &mut Status) -> Num {
    let (a, n) = match moved(a, b, env, status) {
        Ok(x) => x,
        Err(n) => return n,
    };
    let left = if n < 0 { n + env.prec } else { n };
    let high = shifted_left(&a.coef, left, env);
    let low = a.coef.low_digits(env.prec).div_pow10(env.prec - left).0;
    match high {
        Some(high) => Num::finite(a.neg, high.add(&low), a.exp),
        None => Num::failed(NO_MEMORY, status),
    }
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    fn run(f: fn(&Num, &Num, &Env, &mut Status) -> Num, a: &str, b: &str) -> String {
        let mut status = 0;
        let n = f(&num(a), &num(b), &env(9, 99), &mut status);
        if status == 0 { show(&n) } else { format!("{status}") }
    }

    #[test]
    fn digits_are_combined() {
        assert_eq!(run(and, "1100", "1010"), "1000");
        assert_eq!(run(or, "1100", "1010"), "1110");
        assert_eq!(run(xor, "1100", "1010"), "110");
        assert_eq!(run(xor, "11111111111", "1"), "111111110");
        assert_eq!(run(and, "12", "1"), INVALID_OPERATION.to_string());
        let mut status = 0;
        assert_eq!(show(&invert(&num("101"), &env(9, 99), &mut status)), "111111010");
    }

    #[test]
    fn digits_are_moved() {
        assert_eq!(run(shift, "34", "8"), "400000000");
        assert_eq!(run(shift, "123456789", "-2"), "1234567");
        assert_eq!(run(shift, "123456789", "+2"), "345678900");
        assert_eq!(run(rotate, "34", "8"), "400000003");
        assert_eq!(run(rotate, "12", "9"), "12");
        assert_eq!(run(rotate, "123456789", "-2"), "891234567");
        assert_eq!(run(rotate, "123456789", "+2"), "345678912");
        assert_eq!(run(shift, "1", "10"), INVALID_OPERATION.to_string());
    }
}
