//! Fitting results into precision and exponent range, which every operation ends with; NaNs that operands pass on.

use super::coef::{Coef, Tail, pow10};
use super::number::*;

impl Num {
    /// Rounds to the precision and brings the exponent into its range.
    #[inline]
    pub fn fit(self, env: &Env, status: &mut Status) -> Num {
        if self.is_special() {
            return self.fit_payload(env);
        }
        let digits = self.coef.digits();
        let adjusted = self.exp + digits - 1;
        let in_range = adjusted <= env.emax && adjusted >= env.emin && !(env.clamp && self.exp > env.etop());
        if in_range && digits <= env.prec {
            return self;
        }
        let fitted = if in_range { self } else { self.fit_exponent(adjusted, env, status) };
        if fitted.is_special() {
            return fitted;
        }
        let drop = fitted.coef.digits() - env.prec;
        if drop <= 0 {
            return fitted;
        }
        let (coef, tail) = fitted.coef.div_pow10(drop);
        Num::finite(fitted.neg, coef, fitted.exp + drop).rounded(tail, env, status)
    }

    /// Of a number whose coefficient was cut to the precision: counts what was cut off.
    #[inline]
    pub fn rounded(mut self, tail: Tail, env: &Env, status: &mut Status) -> Num {
        *status |= ROUNDED;
        if tail != Tail::Zero {
            *status |= INEXACT;
        }
        if !env.round.grows(self.neg, &self.coef, tail) {
            return self;
        }
        self.coef = self.coef.add_one();
        if self.coef.digits() <= env.prec {
            return self;
        }
        let (coef, _) = self.coef.div_pow10(1);
        let n = Num::finite(self.neg, coef, self.exp + 1);
        let adjusted = n.adjusted();
        if adjusted > env.emax || env.clamp && n.exp > env.etop() {
            return n.fit_exponent(adjusted, env, status);
        }
        n
    }

    /// The exponent is out of range, or beyond Etop while that matters.
    #[cold]
    fn fit_exponent(mut self, adjusted: i64, env: &Env, status: &mut Status) -> Num {
        if adjusted > env.emax {
            if self.coef.is_zero() {
                *status |= CLAMPED;
                self.exp = if env.clamp { env.etop() } else { env.emax };
                return self;
            }
            *status |= OVERFLOW | INEXACT | ROUNDED;
            return overflowed(self.neg, env, status);
        }
        if env.clamp && self.exp > env.etop() {
            *status |= CLAMPED;
            let Some(coef) = self.coef.mul_pow10(self.exp - env.etop()) else {
                return Num::failed(NO_MEMORY, status);
            };
            if !coef.is_zero() && adjusted < env.emin {
                *status |= SUBNORMAL;
            }
            return Num::finite(self.neg, coef, env.etop());
        }
        self.fit_small(env, status)
    }

    /// The adjusted exponent is below Emin.
    fn fit_small(mut self, env: &Env, status: &mut Status) -> Num {
        let etiny = env.etiny();
        if self.coef.is_zero() {
            if self.exp < etiny {
                *status |= CLAMPED;
                self.exp = etiny;
            }
            return self;
        }
        *status |= SUBNORMAL;
        if self.exp >= etiny {
            return self;
        }
        let (mut coef, tail) = self.coef.div_pow10(etiny - self.exp);
        if env.round.grows(self.neg, &coef, tail) {
            coef = coef.add_one();
        }
        *status |= ROUNDED;
        if tail != Tail::Zero {
            *status |= INEXACT | UNDERFLOW;
            if coef.is_zero() {
                *status |= CLAMPED;
            }
        }
        Num::finite(self.neg, coef, etiny)
    }

    /// A payload keeps as many of its last digits as fit.
    fn fit_payload(mut self, env: &Env) -> Num {
        let room = env.prec - env.clamp as i64;
        if self.is_nan() && !self.coef.is_zero() && self.coef.digits() > room {
            self.coef = self.coef.low_digits(room);
        }
        self
    }

    /// The NaN that an operation on this one returns.
    fn passed_on(&self, env: &Env, status: &mut Status) -> Num {
        if self.is_snan() {
            *status |= INVALID_OPERATION;
        }
        Num { kind: Kind::QuietNan, ..self.clone() }.fit_payload(env)
    }
}

impl Coef {
    /// The last `n` digits.
    pub fn low_digits(&self, n: i64) -> Coef {
        match n {
            ..=0 => Coef::ZERO,
            n if n >= self.digits() => self.clone(),
            n => self.div_rem(&Coef::from(pow10(n as usize))).1,
        }
    }
}

/// What stands for a number beyond the range.
fn overflowed(neg: bool, env: &Env, status: &mut Status) -> Num {
    let infinite = match env.round {
        Round::Down | Round::ZeroFiveUp => false,
        Round::Ceiling => !neg,
        Round::Floor => neg,
        _ => true,
    };
    if infinite { Num::infinity(neg) } else { largest(neg, env, status) }
}

/// The number of greatest magnitude.
pub fn largest(neg: bool, env: &Env, status: &mut Status) -> Num {
    match Coef::ONE.mul_pow10(env.prec) {
        Some(c) => Num::finite(neg, c.sub(&Coef::ONE), env.etop()),
        None => Num::failed(NO_MEMORY, status),
    }
}

/// The NaN that an operation on these must return, if there is one among them: the first signaling one, else the first.
pub fn nan_of(operands: &[&Num], env: &Env, status: &mut Status) -> Option<Num> {
    let signaling = operands.iter().find(|n| n.is_snan());
    let nan = signaling.or_else(|| operands.iter().find(|n| n.is_nan()))?;
    Some(nan.passed_on(env, status))
}

#[cfg(test)]
mod tests {
    use super::super::text::tests_support::{env, num, show};
    use super::*;

    fn fit(s: &str, e: &Env) -> (String, Status) {
        let mut status = 0;
        let n = num(s).fit(e, &mut status);
        (show(&n), status)
    }

    #[test]
    fn rounding_modes() {
        let cases = [
            (Round::Up, ["1.3E+2", "1.3E+2", "-1.3E+2", "1.0E+3"]),
            (Round::Down, ["1.2E+2", "1.2E+2", "-1.2E+2", "9.9E+2"]),
            (Round::Ceiling, ["1.3E+2", "1.3E+2", "-1.2E+2", "1.0E+3"]),
            (Round::Floor, ["1.2E+2", "1.2E+2", "-1.3E+2", "9.9E+2"]),
            (Round::HalfUp, ["1.3E+2", "1.2E+2", "-1.3E+2", "1.0E+3"]),
            (Round::HalfDown, ["1.2E+2", "1.2E+2", "-1.2E+2", "1.0E+3"]),
            (Round::HalfEven, ["1.2E+2", "1.2E+2", "-1.2E+2", "1.0E+3"]),
            (Round::ZeroFiveUp, ["1.2E+2", "1.2E+2", "-1.2E+2", "9.9E+2"]),
        ];
        for (round, wanted) in cases {
            let e = Env { round, ..env(2, 99) };
            for (s, want) in ["125", "124", "-125", "999"].iter().zip(wanted) {
                assert_eq!(fit(s, &e), (want.to_string(), INEXACT | ROUNDED), "{round:?} {s}");
            }
        }
        assert_eq!(fit("101", &Env { round: Round::ZeroFiveUp, ..env(2, 99) }).0, "1.1E+2");
        assert_eq!(fit("151", &Env { round: Round::ZeroFiveUp, ..env(2, 99) }).0, "1.6E+2");
    }

    #[test]
    fn exponents_are_brought_into_range() {
        let e = env(3, 9);
        assert_eq!(fit("1E+10", &e), ("Infinity".into(), OVERFLOW | INEXACT | ROUNDED));
        assert_eq!(fit("9995E+6", &e), ("Infinity".into(), OVERFLOW | INEXACT | ROUNDED));
        assert_eq!(fit("0E+20", &e), ("0E+9".into(), CLAMPED));
        assert_eq!(fit("1E-10", &e), ("1E-10".into(), SUBNORMAL));
        assert_eq!(fit("1E-11", &e), ("1E-11".into(), SUBNORMAL));
        assert_eq!(fit("15E-12", &e), ("2E-11".into(), SUBNORMAL | ROUNDED | INEXACT | UNDERFLOW));
        assert_eq!(fit("10E-12", &e), ("1E-11".into(), SUBNORMAL | ROUNDED));
        assert_eq!(fit("1E-12", &e), ("0E-11".into(), SUBNORMAL | ROUNDED | INEXACT | UNDERFLOW | CLAMPED));
        assert_eq!(fit("0E-20", &e), ("0E-11".into(), CLAMPED));
        assert_eq!(fit("1E+9", &Env { clamp: true, ..e }), ("1.00E+9".into(), CLAMPED));
        assert_eq!(fit("-1E+10", &e.rounding(Round::Down)).0, "-9.99E+9");
        assert_eq!(fit("-1E+10", &e.rounding(Round::Ceiling)).0, "-9.99E+9");
        assert_eq!(fit("1E+10", &e.rounding(Round::Floor)).0, "9.99E+9");
    }

    #[test]
    fn payloads_keep_their_last_digits() {
        assert_eq!(fit("NaN12345", &env(3, 9)).0, "NaN345");
        assert_eq!(fit("sNaN12345", &Env { clamp: true, ..env(3, 9) }).0, "sNaN45");
        assert_eq!(fit("NaN", &env(3, 9)).0, "NaN");
    }
}
