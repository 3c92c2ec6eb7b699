//! Coefficients: natural numbers that decimal digits are asked of.
//!
//! Those below 2^128 (any of 38 digits) are machine words and cost no allocation; the others are big integers.
//! Invariant: a [`Coef::Big`] is not less than 2^128, so equal numbers are equal values.

use dashu_int::UBig;
use dashu_int::ops::{BitTest, DivRem};
use std::cell::RefCell;
use std::cmp::Ordering;

/// Results of more digits are refused as if memory were exhausted.
pub const MAX_DIGITS: i64 = 1_000_000_000;

/// 10^0 to 10^38, all that fit.
pub static POW10: [u128; 39] = {
    let mut t = [1u128; 39];
    let mut i = 1;
    while i < 39 {
        t[i] = t[i - 1] * 10;
        i += 1;
    }
    t
};

/// The number of decimal digits; 1 for 0.
#[inline(always)]
pub fn digits_of(n: u128) -> i64 {
    let n = n | 1;
    // 1233 / 4096 is a little above log10(2): the guess is the number of digits or one less.
    let guess = (((128 - n.leading_zeros()) * 1233) >> 12) as usize;
    guess as i64 + (n >= POW10[guess]) as i64
}

/// What dropped digits amount to, against half a unit of the last digit that stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tail {
    Zero,
    Low,
    Half,
    High,
}

impl Tail {
    /// That of remainder `r` for a divisor whose half is `half`.
    #[inline(always)]
    pub fn of<T: Ord>(r: &T, half: &T, zero: bool) -> Tail {
        if zero {
            return Tail::Zero;
        }
        match r.cmp(half) {
            Ordering::Less => Tail::Low,
            Ordering::Equal => Tail::Half,
            Ordering::Greater => Tail::High,
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Coef {
    Small(u128),
    Big(UBig),
}

impl From<UBig> for Coef {
    fn from(n: UBig) -> Coef {
        match u128::try_from(&n) {
            Ok(n) => Coef::Small(n),
            Err(_) => Coef::Big(n),
        }
    }
}

impl Ord for Coef {
    #[inline]
    fn cmp(&self, other: &Coef) -> Ordering {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => a.cmp(b),
            (Coef::Small(_), Coef::Big(_)) => Ordering::Less,
            (Coef::Big(_), Coef::Small(_)) => Ordering::Greater,
            (Coef::Big(a), Coef::Big(b)) => a.cmp(b),
        }
    }
}
impl PartialOrd for Coef {
    fn partial_cmp(&self, other: &Coef) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Coef {
    pub const ZERO: Coef = Coef::Small(0);
    pub const ONE: Coef = Coef::Small(1);

    pub fn big(&self) -> UBig {
        match self {
            Coef::Small(n) => UBig::from(*n),
            Coef::Big(n) => n.clone(),
        }
    }
    pub fn into_big(self) -> UBig {
        match self {
            Coef::Small(n) => UBig::from(n),
            Coef::Big(n) => n,
        }
    }
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        matches!(self, Coef::Small(0))
    }
    pub fn is_odd(&self) -> bool {
        match self {
            Coef::Small(n) => n & 1 != 0,
            Coef::Big(n) => n.bit(0),
        }
    }
    pub fn last_digit(&self) -> u64 {
        match self {
            Coef::Small(n) => (n % 10) as u64,
            Coef::Big(n) => n % 10u64,
        }
    }
    /// The number of decimal digits; 1 for 0.
    #[inline(always)]
    pub fn digits(&self) -> i64 {
        match self {
            Coef::Small(n) => digits_of(*n),
            Coef::Big(n) => big_digits(n),
        }
    }
    /// Is it 10^k (false for negative k)?
    pub fn is_one_times_pow10(&self, k: i64) -> bool {
        if k < 0 {
            return false;
        }
        self.digits() == k + 1 && self.is_pow10()
    }
    /// Is it a power of ten?
    pub fn is_pow10(&self) -> bool {
        if self.is_zero() {
            return false;
        }
        self.strip_zeros(i64::MAX).0 == Coef::ONE
    }

    pub fn add(&self, other: &Coef) -> Coef {
        if let (Coef::Small(a), Coef::Small(b)) = (self, other)
            && let Some(n) = a.checked_add(*b)
        {
            return Coef::Small(n);
        }
        Coef::from(self.big() + other.big())
    }
    /// `self - other`, which must not be greater.
    pub fn sub(&self, other: &Coef) -> Coef {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => Coef::Small(a - b),
            _ => Coef::from(self.big() - other.big()),
        }
    }
    pub fn add_one(self) -> Coef {
        match self {
            Coef::Small(n) if n < u128::MAX => Coef::Small(n + 1),
            n => Coef::from(n.into_big() + 1u8),
        }
    }
    pub fn mul(&self, other: &Coef) -> Coef {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => match a.checked_mul(*b) {
                Some(n) => Coef::Small(n),
                None => Coef::Big(UBig::from(*a) * UBig::from(*b)),
            },
            (Coef::Big(a), Coef::Big(b)) => Coef::from(a * b),
            (Coef::Big(a), Coef::Small(b)) | (Coef::Small(b), Coef::Big(a)) => Coef::from(a * UBig::from(*b)),
        }
    }
    /// Quotient and remainder; the divisor is not zero.
    pub fn div_rem(&self, other: &Coef) -> (Coef, Coef) {
        match (self, other) {
            (Coef::Small(a), Coef::Small(b)) => match (u64::try_from(*a), u64::try_from(*b)) {
                (Ok(a), Ok(b)) => (Coef::Small((a / b).into()), Coef::Small((a % b).into())),
                _ => (Coef::Small(a / b), Coef::Small(a % b)),
            },
            (Coef::Small(a), Coef::Big(_)) => (Coef::ZERO, Coef::Small(*a)),
            (Coef::Big(a), _) => {
                let (q, r) = a.div_rem(&other.big());
                (q.into(), r.into())
            }
        }
    }

    /// Times 10^k; None if that is too big.
    #[inline]
    pub fn mul_pow10(&self, k: i64) -> Option<Coef> {
        if let Coef::Small(n) = self {
            if k <= 38
                && let Some(n) = n.checked_mul(POW10[k as usize])
            {
                return Some(Coef::Small(n));
            }
            if *n == 0 {
                return Some(Coef::ZERO);
            }
        }
        if k > MAX_DIGITS || self.digits() + k > MAX_DIGITS {
            return None;
        }
        Some(Coef::from(self.big() * pow10(k as usize)))
    }

    /// The quotient by 10^k, and what the remainder amounts to.
    #[inline]
    pub fn div_pow10(&self, k: i64) -> (Coef, Tail) {
        match self {
            Coef::Small(n) => small_div_pow10(*n, k),
            Coef::Big(n) => big_div_pow10(n, k),
        }
    }

    /// The number of trailing zeros, up to a limit. Not for 0.
    pub fn trailing_zeros(&self, limit: i64) -> i64 {
        self.strip_zeros(limit).1
    }

    /// Without trailing zeros, of which at most `limit` are taken away, and how many were. Not for 0.
    pub fn strip_zeros(&self, limit: i64) -> (Coef, i64) {
        match self {
            Coef::Small(n) => {
                let (n, count) = small_strip(*n, limit);
                (Coef::Small(n), count)
            }
            Coef::Big(n) => big_strip(n, limit),
        }
    }

    /// Appends the digits; at least one.
    pub fn push_digits(&self, out: &mut Vec<u8>) {
        match self {
            Coef::Small(n) => push_small(*n, out),
            Coef::Big(n) => out.extend_from_slice(n.to_string().as_bytes()),
        }
    }
    /// From ASCII digits; no digits are 0.
    pub fn from_digits(digits: &[u8]) -> Coef {
        if digits.len() <= 38 {
            return Coef::Small(digits.iter().fold(0u128, |n, d| n * 10 + u128::from(d - b'0')));
        }
        let text: String = digits.iter().map(|d| *d as char).collect();
        UBig::from_str_radix(&text, 10).map_or(Coef::ZERO, Coef::from)
    }
}

#[inline(always)]
fn small_div_pow10(n: u128, k: i64) -> (Coef, Tail) {
    if k == 0 {
        return (Coef::Small(n), Tail::Zero);
    }
    if k > 38 {
        // Half of 10^39 is beyond 128 bits.
        return (Coef::ZERO, if n == 0 { Tail::Zero } else { Tail::Low });
    }
    let p = POW10[k as usize];
    if let (Ok(n), Ok(p)) = (u64::try_from(n), u64::try_from(p)) {
        let (q, r) = (n / p, n % p);
        return (Coef::Small(q.into()), Tail::of(&r, &(p / 2), r == 0));
    }
    let q = n / p;
    let r = n - q * p;
    (Coef::Small(q), Tail::of(&r, &(p / 2), r == 0))
}

fn big_div_pow10(n: &UBig, k: i64) -> (Coef, Tail) {
    if k == 0 {
        return (Coef::Big(n.clone()), Tail::Zero);
    }
    if k > big_digits(n) {
        return (Coef::ZERO, Tail::Low);
    }
    let p = pow10(k as usize);
    let (q, r) = n.div_rem(&p);
    let zero = r.is_zero();
    (q.into(), Tail::of(&r, &(p >> 1), zero))
}

fn small_strip(mut n: u128, limit: i64) -> (u128, i64) {
    // A factor 10^k has a factor 2^k.
    let limit = limit.min(n.trailing_zeros() as i64);
    let mut count = 0;
    for step in [32, 16, 8, 4, 2, 1] {
        if count + step > limit {
            continue;
        }
        let p = POW10[step as usize];
        let q = n / p;
        if q * p == n {
            n = q;
            count += step;
        }
    }
    (n, count)
}

fn big_strip(n: &UBig, limit: i64) -> (Coef, i64) {
    let limit = limit.min(n.trailing_zeros().unwrap_or(0) as i64);
    let (mut n, mut count) = (n.clone(), 0);
    if limit <= 0 {
        return (Coef::Big(n), 0);
    }
    let mut step = 1i64 << (63 - limit.leading_zeros());
    while step > 0 {
        if count + step <= limit {
            let (q, r) = (&n).div_rem(&pow10(step as usize));
            if r.is_zero() {
                n = q;
                count += step;
            }
        }
        step /= 2;
    }
    (n.into(), count)
}

/// Digits of a number past 128 bits: from its logarithm, and by comparing where that is too near a whole number.
fn big_digits(n: &UBig) -> i64 {
    let words = n.as_words();
    let len = words.len();
    let (top, next) = (words[len - 1], words[len - 2]);
    let leading = top as f64 * 2f64.powi(64) + next as f64;
    let log = (leading.log2() + 64.0 * (len - 2) as f64) * std::f64::consts::LOG10_2;
    let near = log.round();
    if (log - near).abs() > 1e-12 + log * 1e-15 {
        return log.floor() as i64 + 1;
    }
    near as i64 + (*n >= pow10(near as usize)) as i64
}

fn push_small(mut n: u128, out: &mut Vec<u8>) {
    const CHUNK: u128 = 10_000_000_000_000_000_000;
    let mut buf = [b'0'; 40];
    let mut at = 40;
    loop {
        let (mut low, rest) = if n >> 64 == 0 { (n as u64, 0) } else { ((n % CHUNK) as u64, n / CHUNK) };
        let end = at;
        while low > 0 {
            at -= 1;
            buf[at] = b'0' + (low % 10) as u8;
            low /= 10;
        }
        n = rest;
        if n == 0 {
            break;
        }
        // Inner chunks have 19 digits.
        at = end - 19;
    }
    at = at.min(39);
    out.extend_from_slice(&buf[at..]);
}

/// Powers of ten that were wanted lately.
const REMEMBERED: usize = 8;
const REMEMBERED_EXPONENT: usize = 200_000;
thread_local! {
    static POWERS: RefCell<Vec<(usize, UBig)>> = const { RefCell::new(Vec::new()) };
}

/// 10^k.
pub fn pow10(k: usize) -> UBig {
    if k <= 38 {
        return UBig::from(POW10[k]);
    }
    let known = POWERS.with(|p| p.borrow().iter().find(|e| e.0 == k).map(|e| e.1.clone()));
    if let Some(n) = known {
        return n;
    }
    let n = UBig::from(5u8).pow(k) << k;
    if k <= REMEMBERED_EXPONENT {
        POWERS.with(|p| {
            let mut p = p.borrow_mut();
            p.truncate(REMEMBERED - 1);
            p.insert(0, (k, n.clone()));
        });
    }
    n
}

#[cfg(test)]
#[path = "coef_tests.rs"]
mod tests;
