//! The `Value`: one tagged 64-bit word.
//!
//! `...1` is a 63-bit integer, `..10` a float whose exponent fits (the others lie on the heap), `.000` a heap reference
//! (zero: unbound), `.100` one of a few constants. Floats are rotated so that the three high exponent bits, which are 011
//! or 100 for all common magnitudes, make room for the tag; the scheme is CRuby's "flonum".

use crate::object::{Gc, HeapObject};
use ferropy_gc::{Header, Ref};
use std::sync::atomic::Ordering::Relaxed;

/// A Python value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Value(pub u64);

const FLO_ZERO: u64 = 0x8000_0000_0000_0002;

/// Largest and smallest integers that need no heap object.
pub const INT_MAX: i64 = i64::MAX >> 1;
pub const INT_MIN: i64 = i64::MIN >> 1;

impl Value {
    /// Not a Python value: an empty register, slot, cell or missing argument.
    pub const NULL: Value = Value(0);
    pub const NONE: Value = Value(4);
    pub const FALSE: Value = Value(12);
    pub const TRUE: Value = Value(20);
    pub const ELLIPSIS: Value = Value(28);
    pub const NOT_IMPLEMENTED: Value = Value(36);
    /// Not a Python value: outcome of an operation that pushed a frame whose continuation will deliver the result.
    pub const PUSHED: Value = Value(44);

    #[inline(always)]
    pub fn is_null(self) -> bool {
        self.0 == 0
    }
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self == Value::NONE
    }
    /// None for unbound.
    #[inline(always)]
    pub fn bound(self) -> Option<Value> {
        (self.0 != 0).then_some(self)
    }
    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }
    #[inline(always)]
    pub fn is_bool(self) -> bool {
        self == Value::TRUE || self == Value::FALSE
    }
    #[inline(always)]
    pub fn is_int(self) -> bool {
        self.0 & 1 != 0
    }
    /// The integer, if it is a small one (bool is not).
    #[inline(always)]
    pub fn as_int(self) -> Option<i64> {
        self.is_int().then_some((self.0 as i64) >> 1)
    }
    /// `n` must lie in INT_MIN..=INT_MAX; [`crate::Thread::int`] takes any.
    #[inline(always)]
    pub fn small_int(n: i64) -> Value {
        debug_assert!((INT_MIN..=INT_MAX).contains(&n));
        Value((n as u64) << 1 | 1)
    }
    /// The integer as a value, unless it needs the heap.
    #[inline(always)]
    pub fn try_int(n: i64) -> Option<Value> {
        let v = Value((n as u64) << 1 | 1);
        ((v.0 as i64) >> 1 == n).then_some(v)
    }
    #[inline(always)]
    pub fn is_flonum(self) -> bool {
        self.0 & 3 == 2
    }
    /// The float, unless it needs the heap.
    #[inline(always)]
    pub fn try_float(f: f64) -> Option<Value> {
        let bits = f.to_bits();
        let high = (bits >> 60) & 7;
        if (high == 3 || high == 4) && bits != 0x3000_0000_0000_0000 {
            Some(Value(bits.rotate_left(3) & !3 | 2))
        } else if bits == 0 {
            Some(Value(FLO_ZERO))
        } else {
            None
        }
    }
    /// The float of a value that `is_flonum`.
    #[inline(always)]
    pub fn flonum(self) -> f64 {
        if self.0 == FLO_ZERO {
            return 0.0;
        }
        let b63 = self.0 >> 63;
        f64::from_bits(((2 - b63) | (self.0 & !3)).rotate_right(3))
    }
    /// The float, in either form (of exactly this layout: subclasses included, integers not).
    #[inline(always)]
    pub fn as_float(self) -> Option<f64> {
        if self.is_flonum() {
            return Some(self.flonum());
        }
        self.cast::<crate::types::Float>().map(|f| f.value)
    }
    /// Does it point at a heap object?
    #[inline(always)]
    pub fn is_ref(self) -> bool {
        self.0 & 7 == 0 && self.0 != 0
    }
    #[inline(always)]
    pub fn as_ref(self) -> Option<Ref> {
        // SAFETY: a value with this tag is made from live references only.
        self.is_ref().then(|| unsafe { Ref::new(self.0 as *mut u8) })
    }
    #[inline(always)]
    pub fn header(self) -> Option<&'static Header> {
        self.as_ref().map(|r| r.header())
    }
    /// Shape number of a heap object, 0 for others.
    #[inline(always)]
    pub fn shape(self) -> u32 {
        self.header().map_or(0, |h| h.shape.load(Relaxed))
    }
    /// Kind number of a heap object, 0 for others.
    #[inline(always)]
    pub fn kind(self) -> u8 {
        self.header().map_or(0, |h| h.kind.load(Relaxed))
    }
    /// The payload, if the object is of T's kind (instances of subclasses included).
    #[inline(always)]
    pub fn cast<T: HeapObject>(self) -> Option<Gc<T>> {
        // SAFETY: the kind says that the payload is a T.
        (self.kind() == T::kind()).then(|| unsafe { self.cast_unchecked() })
    }
    /// # Safety
    /// The value refers to an object of T's kind.
    #[inline(always)]
    pub unsafe fn cast_unchecked<T: HeapObject>(self) -> Gc<T> {
        Gc::from_raw(self.0 as *mut T)
    }
    /// True for `True` and `False` and nothing else: quick truth of the constants.
    #[inline(always)]
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Value::TRUE => Some(true),
            Value::FALSE => Some(false),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Value::NULL => write!(f, "NULL"),
            Value::NONE => write!(f, "None"),
            Value::TRUE => write!(f, "True"),
            Value::FALSE => write!(f, "False"),
            v if v.is_int() => write!(f, "{}", (v.0 as i64) >> 1),
            v if v.is_flonum() => write!(f, "{:?}", v.flonum()),
            v => write!(f, "<{:#x}>", v.0),
        }
    }
}

impl<T> From<Gc<T>> for Value {
    #[inline(always)]
    fn from(g: Gc<T>) -> Value {
        Value(g.addr() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_round_trip() {
        for f in [0.0, 1.0, -1.0, 0.5, 1e10, -1e-10, 2.75, 1e70, 1e-70, 123456.789] {
            let v = Value::try_float(f).unwrap();
            assert!(v.is_flonum());
            assert_eq!(v.flonum().to_bits(), f64::to_bits(f));
        }
        for f in [-0.0, f64::INFINITY, f64::NAN, 1e300, 1e-300] {
            assert!(Value::try_float(f).is_none());
        }
    }

    #[test]
    fn ints_have_63_bits() {
        assert_eq!(Value::try_int(INT_MAX).and_then(Value::as_int), Some(INT_MAX));
        assert_eq!(Value::try_int(INT_MIN).and_then(Value::as_int), Some(INT_MIN));
        assert!(Value::try_int(INT_MAX + 1).is_none());
        assert!(Value::try_int(i64::MIN).is_none());
    }
}
