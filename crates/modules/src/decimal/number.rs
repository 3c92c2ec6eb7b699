//! Numbers, the limits that arithmetic works within, and the conditions that it reports.
//!
//! Terms are those of the General Decimal Arithmetic Specification. A finite number is sign, *coefficient* and *exponent*;
//! its *adjusted* exponent is that of its first digit. *Etiny* is the exponent of the last digit of the smallest
//! subnormal, *Etop* the greatest exponent of a coefficient of full length. A NaN's coefficient is its *payload*.
//!
//! Invariant: exponents of numbers that operations return lie within those of [`Env::MAX`], so that sums of a few of them
//! fit an i64.

use super::coef::{Coef, Tail};

/// Conditions, one bit each. The bits' order is that in which `Context` shows them.
pub type Status = u32;

pub const CLAMPED: Status = 1;
pub const CONVERSION_SYNTAX: Status = 1 << 1;
pub const DIVISION_BY_ZERO: Status = 1 << 2;
pub const DIVISION_IMPOSSIBLE: Status = 1 << 3;
pub const DIVISION_UNDEFINED: Status = 1 << 4;
pub const INEXACT: Status = 1 << 6;
pub const INVALID_CONTEXT: Status = 1 << 7;
pub const INVALID_OPERATION: Status = 1 << 8;
/// The result has more digits than memory.
pub const NO_MEMORY: Status = 1 << 9;
pub const FLOAT_OPERATION: Status = 1 << 10;
pub const OVERFLOW: Status = 1 << 11;
pub const ROUNDED: Status = 1 << 12;
pub const SUBNORMAL: Status = 1 << 13;
pub const UNDERFLOW: Status = 1 << 14;

/// All that the signal InvalidOperation stands for.
pub const ANY_INVALID: Status = CONVERSION_SYNTAX
    | DIVISION_IMPOSSIBLE
    | DIVISION_UNDEFINED
    | 1 << 5
    | INVALID_CONTEXT
    | INVALID_OPERATION
    | NO_MEMORY;
/// Conditions whose result is a NaN or an infinity in place of a number.
pub const ERRORS: Status = ANY_INVALID | DIVISION_BY_ZERO;

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

/// How a digit that stays depends on those that do not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Round {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

impl Round {
    pub const ALL: [Round; 8] = [
        Round::Up,
        Round::Down,
        Round::Ceiling,
        Round::Floor,
        Round::HalfUp,
        Round::HalfDown,
        Round::HalfEven,
        Round::ZeroFiveUp,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Round::Up => "ROUND_UP",
            Round::Down => "ROUND_DOWN",
            Round::Ceiling => "ROUND_CEILING",
            Round::Floor => "ROUND_FLOOR",
            Round::HalfUp => "ROUND_HALF_UP",
            Round::HalfDown => "ROUND_HALF_DOWN",
            Round::HalfEven => "ROUND_HALF_EVEN",
            Round::ZeroFiveUp => "ROUND_05UP",
        }
    }

    /// Does the coefficient `kept` of a number of this sign grow by one when `tail` is dropped?
    #[inline]
    pub fn grows(self, neg: bool, kept: &Coef, tail: Tail) -> bool {
        match self {
            Round::Down => false,
            Round::Up => tail != Tail::Zero,
            Round::Ceiling => !neg && tail != Tail::Zero,
            Round::Floor => neg && tail != Tail::Zero,
            Round::HalfUp => tail >= Tail::Half,
            Round::HalfDown => tail > Tail::Half,
            Round::HalfEven => tail > Tail::Half || tail == Tail::Half && kept.is_odd(),
            Round::ZeroFiveUp => tail != Tail::Zero && kept.last_digit().is_multiple_of(5),
        }
    }
}

/// Precision, exponent range and rounding.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Env {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub round: Round,
    /// Exponents are held down to Etop.
    pub clamp: bool,
}

impl Env {
    /// Within which conversions are exact or fail.
    pub const MAX: Env = Env { prec: MAX_PREC, emax: MAX_EMAX, emin: MIN_EMIN, round: Round::HalfEven, clamp: false };

    #[inline(always)]
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }
    #[inline(always)]
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }
    pub fn rounding(self, round: Round) -> Env {
        Env { round, ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    Finite,
    Infinite,
    QuietNan,
    SignalingNan,
}

/// A decimal number, finite or special.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Num {
    pub coef: Coef,
    /// 0 for special numbers.
    pub exp: i64,
    pub kind: Kind,
    pub neg: bool,
}

impl Num {
    #[inline(always)]
    pub fn finite(neg: bool, coef: Coef, exp: i64) -> Num {
        Num { coef, exp, kind: Kind::Finite, neg }
    }
    #[inline(always)]
    pub fn small(neg: bool, n: u128, exp: i64) -> Num {
        Num::finite(neg, Coef::Small(n), exp)
    }
    pub fn from_i64(n: i64) -> Num {
        Num::small(n < 0, n.unsigned_abs().into(), 0)
    }
    pub fn one() -> Num {
        Num::small(false, 1, 0)
    }
    pub fn infinity(neg: bool) -> Num {
        Num { coef: Coef::ZERO, exp: 0, kind: Kind::Infinite, neg }
    }
    pub fn nan() -> Num {
        Num { coef: Coef::ZERO, exp: 0, kind: Kind::QuietNan, neg: false }
    }
    /// The result of an operation that failed in this way.
    #[cold]
    pub fn failed(condition: Status, status: &mut Status) -> Num {
        *status |= condition;
        Num::nan()
    }

    #[inline(always)]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }
    #[inline(always)]
    pub fn is_special(&self) -> bool {
        self.kind != Kind::Finite
    }
    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinite
    }
    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::QuietNan | Kind::SignalingNan)
    }
    pub fn is_qnan(&self) -> bool {
        self.kind == Kind::QuietNan
    }
    pub fn is_snan(&self) -> bool {
        self.kind == Kind::SignalingNan
    }
    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coef.is_zero()
    }
    pub fn is_normal(&self, env: &Env) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() >= env.emin
    }
    pub fn is_subnormal(&self, env: &Env) -> bool {
        self.is_finite() && !self.coef.is_zero() && self.adjusted() < env.emin
    }

    /// The exponent of the first digit.
    #[inline]
    pub fn adjusted(&self) -> i64 {
        self.exp + self.coef.digits() - 1
    }
    /// A finite number without a fraction.
    pub fn is_integer(&self) -> bool {
        self.is_finite() && (self.exp >= 0 || self.coef.is_zero() || self.coef.trailing_zeros(-self.exp) == -self.exp)
    }
    /// The last digit before the point of an integer is odd.
    pub fn is_odd(&self) -> bool {
        match self.exp {
            0 => self.coef.is_odd(),
            1.. => false,
            e => self.coef.div_pow10(-e).0.is_odd(),
        }
    }
    /// Is it 1, whatever the exponent?
    pub fn abs_is_one(&self) -> bool {
        self.is_finite() && self.coef.is_one_times_pow10(-self.exp)
    }

    pub fn with_sign(mut self, neg: bool) -> Num {
        self.neg = neg;
        self
    }
    /// 1 or -1.
    pub fn sign(&self) -> i32 {
        if self.neg { -1 } else { 1 }
    }
}
