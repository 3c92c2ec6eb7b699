//! Products of 256 bits, for which nothing is allocated: with the usual precision of 28 digits most operations on
//! coefficients of full length stay within them.

use super::coef::{Coef, POW10, Tail, digits_of};
use super::number::{Env, Num, Status};
use dashu_int::UBig;

/// `hi * 2^128 + lo`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Wide {
    pub hi: u128,
    pub lo: u128,
}

/// 10^39 to 10^77, all that fit.
static WIDE_POW10: [Wide; 39] = {
    let mut t = [Wide { hi: 0, lo: 0 }; 39];
    let mut i = 0;
    while i < 39 {
        let before = if i == 0 { Wide { hi: 0, lo: POW10[38] } } else { t[i - 1] };
        t[i] = before.times_ten();
        i += 1;
    }
    t
};

impl Wide {
    const fn times_ten(self) -> Wide {
        let low = (self.lo as u64 as u128) * 10;
        let high = (self.lo >> 64) * 10 + (low >> 64);
        Wide { hi: self.hi * 10 + (high >> 64), lo: high << 64 | low as u64 as u128 }
    }

    pub fn product(a: u128, b: u128) -> Wide {
        const LOW: u128 = u64::MAX as u128;
        let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
        let (low, cross, other, high) = (a0 * b0, a1 * b0, a0 * b1, a1 * b1);
        let middle = (low >> 64) + (cross & LOW) + (other & LOW);
        Wide { hi: high + (cross >> 64) + (other >> 64) + (middle >> 64), lo: middle << 64 | low & LOW }
    }

    pub fn plus(self, n: u128) -> Wide {
        let (lo, carry) = self.lo.overflowing_add(n);
        Wide { hi: self.hi + u128::from(carry), lo }
    }
    /// `n` must not be greater.
    pub fn minus(self, n: u128) -> Wide {
        let (lo, borrow) = self.lo.overflowing_sub(n);
        Wide { hi: self.hi - u128::from(borrow), lo }
    }

    /// Quotient and remainder; the quotient must fit, which it does if `hi < d`.
    pub fn div_rem(self, d: u128) -> (u128, u128) {
        debug_assert!(self.hi < d);
        if self.hi == 0 {
            return (self.lo / d, self.lo % d);
        }
        let s = d.leading_zeros();
        let d = d << s;
        let (hi, lo) = match s {
            0 => (self.hi, self.lo),
            _ => (self.hi << s | self.lo >> (128 - s), self.lo << s),
        };
        let (q1, r) = digit(hi, (lo >> 64) as u64, d);
        let (q0, r) = digit(r, lo as u64, d);
        (u128::from(q1) << 64 | u128::from(q0), r >> s)
    }

    fn digits(self) -> i64 {
        if self.hi == 0 {
            return digits_of(self.lo);
        }
        let bits = 256 - self.hi.leading_zeros() as i64;
        let guess = (bits * 1233) >> 12;
        match usize::try_from(guess - 39) {
            Ok(i) if i < 39 => guess + (self >= WIDE_POW10[i]) as i64,
            _ => 39,
        }
    }

    pub fn into_coef(self) -> Coef {
        if self.hi == 0 {
            return Coef::Small(self.lo);
        }
        Coef::Big((UBig::from(self.hi) << 128) + UBig::from(self.lo))
    }

    /// The number with this coefficient, fitted into the limits.
    pub fn finish(self, neg: bool, exp: i64, env: &Env, status: &mut Status) -> Num {
        if self.hi == 0 {
            return Num::small(neg, self.lo, exp).fit(env, status);
        }
        let digits = self.digits();
        let drop = digits - env.prec;
        let adjusted = exp + digits - 1;
        if env.prec > 38 || !(1..=38).contains(&drop) || adjusted > env.emax || adjusted < env.emin {
            return Num::finite(neg, self.into_coef(), exp).fit(env, status);
        }
        let p = POW10[drop as usize];
        let (q, r) = self.div_rem(p);
        Num::small(neg, q, exp + drop).rounded(Tail::of(&r, &(p / 2), r == 0), env, status)
    }
}

/// One 64-bit digit of a quotient: `(hi * 2^64 + next) / d` for `hi < d` and d with its highest bit set.
fn digit(hi: u128, next: u64, d: u128) -> (u64, u128) {
    let (d1, d0) = (d >> 64, d & u128::from(u64::MAX));
    let mut q = (hi / d1).min(u128::from(u64::MAX));
    let mut r = hi - q * d1;
    while r >> 64 == 0 && q * d0 > (r << 64 | u128::from(next)) {
        q -= 1;
        r += d1;
    }
    let rest = (hi << 64 | u128::from(next)).wrapping_sub(q.wrapping_mul(d));
    (q as u64, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dashu_int::ops::DivRem;

    fn samples() -> Vec<u128> {
        let mut out = vec![1, 2, 9, 10, u64::MAX.into(), 1 << 64, (1 << 64) + 1, u128::MAX, u128::MAX - 1, 1 << 127];
        let mut x = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835u128;
        for i in 0..40 {
            x = x.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(i);
            out.push(x >> (i * 3));
        }
        out
    }

    fn big(w: Wide) -> UBig {
        w.into_coef().into_big()
    }

    #[test]
    fn products_and_quotients() {
        for a in samples() {
            for b in samples() {
                let w = Wide::product(a, b);
                assert_eq!(big(w), UBig::from(a) * UBig::from(b));
                assert_eq!(big(w.plus(a)), UBig::from(a) * UBig::from(b) + UBig::from(a));
                assert_eq!(w.plus(b).minus(b), w);
                for d in samples() {
                    if w.hi < d {
                        let (q, r) = big(w).div_rem(UBig::from(d));
                        assert_eq!(w.div_rem(d), (u128::try_from(q).unwrap(), u128::try_from(r).unwrap()));
                    }
                }
            }
        }
    }

    #[test]
    fn digits_of_wide_numbers() {
        for (k, a) in POW10.iter().enumerate().take(39) {
            for (j, b) in POW10.iter().enumerate().take(39) {
                let w = Wide::product(*a, *b);
                assert_eq!(w.digits(), (k + j + 1) as i64);
                if k + j > 0 {
                    assert_eq!(w.minus(1).digits(), (k + j) as i64);
                }
            }
        }
        assert_eq!(Wide { hi: u128::MAX, lo: u128::MAX }.digits(), 78);
    }
}
