//! Comparisons.

use super::call::{Argv, is_plain_method};
use crate::class::{Builtin as B, facts};
use crate::frame::Cont;
use crate::types::{Str, Tuple};
use crate::{Gc, N, R, Thread, Value};

/// A comparison operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CmpOp {
    Lt,
    Le,
    Eq,
    Ne,
    Gt,
    Ge,
}

impl CmpOp {
    pub fn method(self) -> N {
        [N::__lt__, N::__le__, N::__eq__, N::__ne__, N::__gt__, N::__ge__][self as usize]
    }
    pub fn swapped(self) -> CmpOp {
        [CmpOp::Gt, CmpOp::Ge, CmpOp::Eq, CmpOp::Ne, CmpOp::Lt, CmpOp::Le][self as usize]
    }
    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }
    pub fn from_u8(n: u8) -> CmpOp {
        [CmpOp::Lt, CmpOp::Le, CmpOp::Eq, CmpOp::Ne, CmpOp::Gt, CmpOp::Ge][(n as usize).min(5)]
    }
    /// What the operator says of an ordering.
    #[inline(always)]
    pub fn of(self, o: std::cmp::Ordering) -> bool {
        match self {
            CmpOp::Lt => o.is_lt(),
            CmpOp::Le => o.is_le(),
            CmpOp::Eq => o.is_eq(),
            CmpOp::Ne => o.is_ne(),
            CmpOp::Gt => o.is_gt(),
            CmpOp::Ge => o.is_ge(),
        }
    }
    /// What it says of two floats (NaN: only != holds).
    #[inline(always)]
    pub fn of_floats(self, x: f64, y: f64) -> bool {
        match self {
            CmpOp::Lt => x < y,
            CmpOp::Le => x <= y,
            CmpOp::Eq => x == y,
            CmpOp::Ne => x != y,
            CmpOp::Gt => x > y,
            CmpOp::Ge => x >= y,
        }
    }
}

const LAST: u8 = 2;

/// Families of exact built-in types: `__eq__` of a member knows its own family alone, so that members of different ones
/// are never equal. Any other type's `__eq__` may say anything.
const OPEN: u8 = 0;
const TUPLE: u8 = 1;

#[inline(always)]
fn family(v: Value) -> u8 {
    const NUMBERS: u8 = 2;
    match v.shape() {
        s if s == B::Str as u32 => 3,
        s if s == B::Tuple as u32 => TUPLE,
        s if s == B::List as u32 => 4,
        s if s == B::Dict as u32 => 5,
        s if s == B::NoneType as u32 => 6,
        _ if v.is_int() || v.is_flonum() || v.is_bool() => NUMBERS,
        _ => OPEN,
    }
}

impl Thread {
    /// `a op b`, any result.
    pub fn compare(&mut self, op: CmpOp, a: Value, b: Value) -> R {
        if let Some(r) = self.quick_compare(op, a, b) {
            return Ok(Value::bool(r));
        }
        if let Some(r) = self.compare_known(op, a, b)? {
            return Ok(r);
        }
        self.check_recursion(" in comparison")?;
        for stage in 1..=LAST {
            let Some((func, this, arg)) = self.compare_stage(op, a, b, stage) else { continue };
            if this.is_some_and(|this| self.compares_by_identity(op, this)) {
                continue;
            }
            let v = match this {
                Some(this) => self.call_unbound(func, this, &[arg])?,
                None => self.call(func, &[arg])?,
            };
            if v != Value::NOT_IMPLEMENTED {
                return Ok(v);
            }
        }
        self.compare_default(op, a, b)
    }

    /// Are the items of two tuples equal, one by one?
    pub fn tuples_equal(&mut self, x: Gc<Tuple>, y: Gc<Tuple>) -> R<bool> {
        if x.len != y.len {
            return Ok(false);
        }
        self.check_recursion(" in comparison")?;
        for i in 0..x.len {
            if !self.eq(x.at(i), y.at(i))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// `==` and `!=` where the types settle which meaning they have: of two exact tuples, of exact built-in types that
    /// are never equal, of objects that are compared by identity.
    #[inline]
    fn compare_known(&mut self, op: CmpOp, a: Value, b: Value) -> R<Option<Value>> {
        if !matches!(op, CmpOp::Eq | CmpOp::Ne) {
            return Ok(None);
        }
        let (x, y) = (family(a), family(b));
        if x != y && x != OPEN && y != OPEN {
            return Ok(Some(Value::bool(op == CmpOp::Ne)));
        }
        if x == TUPLE && y == TUPLE {
            // SAFETY: both are tuples.
            let same = unsafe { self.tuples_equal(a.cast_unchecked(), b.cast_unchecked()) }?;
            return Ok(Some(Value::bool(same == (op == CmpOp::Eq))));
        }
        if x == OPEN && self.compares_by_identity(op, a) && self.compares_by_identity(op, b) {
            return self.compare_default(op, a, b).map(Some);
        }
        Ok(None)
    }

    /// `bool(a op b)`.
    pub fn compare_bool(&mut self, op: CmpOp, a: Value, b: Value) -> R<bool> {
        let v = self.compare(op, a, b)?;
        self.truth(v)
    }

    /// The step form.
    pub fn compare_step(&mut self, op: CmpOp, a: Value, b: Value, stage: Option<u8>, dst: u8) -> R {
        if stage.is_none()
            && let Some(r) = self.quick_compare(op, a, b)
        {
            return Ok(Value::bool(r));
        }
        if let Some(r) = self.compare_known(op, a, b)? {
            return Ok(r);
        }
        for stage in stage.unwrap_or(1)..=LAST {
            let Some((func, this, arg)) = self.compare_stage(op, a, b, stage) else { continue };
            if this.is_some_and(|this| self.compares_by_identity(op, this)) {
                continue;
            }
            let v = match this {
                Some(this) => self.call_unbound_step(func, this, &[arg], Cont::Binary, dst)?,
                None => self.call_step(func, Argv::slice(&[arg]), Cont::Binary, dst)?,
            };
            if v == Value::PUSHED {
                self.top().aux = Value::small_int(stage as i64 + 1);
                return Ok(v);
            }
            if v != Value::NOT_IMPLEMENTED {
                return Ok(v);
            }
        }
        self.compare_default(op, a, b)
    }

    /// The method to ask: what to call, the receiver unless it is bound already, and the argument.
    fn compare_stage(&mut self, op: CmpOp, a: Value, b: Value, stage: u8) -> Option<(Value, Option<Value>, Value)> {
        let (ca, cb) = (self.class_of(a), self.class_of(b));
        let right_first = ca != cb && cb.is_subclass(ca);
        let (this, arg, method) =
            if (stage == 1) != right_first { (a, b, op.method()) } else { (b, a, op.swapped().method()) };
        let f = self.lookup_special(this, method)?;
        if is_plain_method(f) {
            return Some((f, Some(this), arg));
        }
        // A descriptor that raises is as good as none.
        let class = self.class_of(this).value();
        match self.bind(f, this, class) {
            Ok(bound) => Some((bound, None, arg)),
            Err(_) => {
                self.take_pending();
                None
            }
        }
    }

    /// Are the methods of `==` and `!=` those of `object`? They say no more than the default does.
    #[inline]
    fn compares_by_identity(&mut self, op: CmpOp, v: Value) -> bool {
        matches!(op, CmpOp::Eq | CmpOp::Ne) && self.class_fact(self.class_of(v), facts::IDENTITY_EQ)
    }

    /// What remains when no method knows.
    pub fn compare_default(&mut self, op: CmpOp, a: Value, b: Value) -> R {
        match op {
            CmpOp::Eq => Ok(Value::bool(a == b)),
            CmpOp::Ne => Ok(Value::bool(a != b)),
            _ => {
                let (ta, tb) = (self.class_name(a), self.class_name(b));
                Err(self.type_error(format!("'{}' not supported between instances of '{ta}' and '{tb}'", op.symbol())))
            }
        }
    }

    /// Numbers and strings of exact built-in types.
    #[inline]
    pub fn quick_compare(&mut self, op: CmpOp, a: Value, b: Value) -> Option<bool> {
        if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
            return Some(op.of(x.cmp(&y)));
        }
        let s = B::Str as u32;
        if a.shape() == s && b.shape() == s {
            // SAFETY: both are strings. WTF-8 sorts bytewise like code points.
            let (x, y) = unsafe { (a.cast_unchecked::<Str>(), b.cast_unchecked::<Str>()) };
            return Some(match op {
                CmpOp::Eq => x.bytes() == y.bytes(),
                CmpOp::Ne => x.bytes() != y.bytes(),
                _ => op.of(x.bytes().cmp(y.bytes())),
            });
        }
        quick_number_compare(op, a, b)
    }

    /// `x in container`.
    pub fn contains(&mut self, container: Value, x: Value) -> R<bool> {
        match self.contains_step(container, x, None)? {
            Ok(b) => Ok(b),
            Err((f, c)) => {
                let r = self.call_unbound(f, c, &[x])?;
                self.truth(r)
            }
        }
    }

    /// The step form: the answer, or the method to call with x: (function, receiver).
    #[allow(clippy::type_complexity)]
    pub fn contains_step(&mut self, c: Value, x: Value, _dst: Option<u8>) -> R<Result<bool, (Value, Value)>> {
        let s = c.shape();
        // SAFETY: the shape tells the exact class.
        unsafe {
            if s == B::Dict as u32 {
                let d = c.cast_unchecked::<crate::types::Dict>();
                return Ok(Ok(self.dict_get(d, x)?.is_some()));
            }
            if s == B::Set as u32 || s == B::FrozenSet as u32 {
                let set = c.cast_unchecked::<crate::types::Set>();
                if x.kind() != <crate::types::Set as crate::HeapObject>::kind() {
                    return Ok(Ok(self.set_contains(set, x)?));
                }
            }
            if s == B::Tuple as u32 {
                let t = c.cast_unchecked::<Tuple>();
                for i in 0..t.len {
                    if self.eq(t.at(i), x)? {
                        return Ok(Ok(true));
                    }
                }
                return Ok(Ok(false));
            }
            if s == B::List as u32 {
                let l = c.cast_unchecked::<crate::types::List>();
                let mut i = 0;
                while let Some(v) = l.get(i) {
                    if self.eq(v, x)? {
                        return Ok(Ok(true));
                    }
                    i += 1;
                }
                return Ok(Ok(false));
            }
            if s == B::Str as u32 && x.shape() == s {
                let (h, n) = (c.cast_unchecked::<Str>(), x.cast_unchecked::<Str>());
                return Ok(Ok(ferropy_text::search::contains(h.bytes(), n.bytes())));
            }
        }
        match self.lookup_special(c, N::__contains__) {
            Some(f) if f.is_none() => {
                let class = self.class_name(c);
                Err(self.type_error(format!("'{class}' object is not a container")))
            }
            Some(f) => Ok(Err((f, c))),
            None => self.contains_by_iteration(c, x).map(Ok),
        }
    }

    fn contains_by_iteration(&mut self, c: Value, x: Value) -> R<bool> {
        if self.lookup_special(c, N::__iter__).is_none() && self.lookup_special(c, N::__getitem__).is_none() {
            let class = self.class_name(c);
            return Err(self.type_error(format!("argument of type '{class}' is not a container or iterable")));
        }
        let it = self.iter(c)?;
        while let Some(v) = self.next(it)? {
            if self.eq(v, x)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Numbers of exact types: int, bool, float.
#[inline]
pub fn quick_number_compare(op: CmpOp, a: Value, b: Value) -> Option<bool> {
    if a.is_flonum() && b.is_flonum() {
        return Some(op.of_floats(a.flonum(), b.flonum()));
    }
    if !super::arith::is_exact_number(a) || !super::arith::is_exact_number(b) {
        return None;
    }
    number_compare(op, a, b)
}

/// Numbers of int and float types, subclasses included; None if an operand is neither.
pub fn number_compare(op: CmpOp, a: Value, b: Value) -> Option<bool> {
    match (a.as_float(), b.as_float()) {
        (Some(x), Some(y)) => Some(op.of_floats(x, y)),
        (Some(x), None) => b.is_any_int().then(|| compare_float_int(op, x, b)),
        (None, Some(y)) => a.is_any_int().then(|| compare_float_int(op.swapped(), y, a)),
        (None, None) => Some(op.of(a.to_ibig()?.cmp(&b.to_ibig()?))),
    }
}

/// Exact comparison of a float with an integer of any size.
fn compare_float_int(op: CmpOp, x: f64, n: Value) -> bool {
    if x.is_nan() {
        return op == CmpOp::Ne;
    }
    if x.is_infinite() {
        return op.of(if x > 0.0 { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less });
    }
    if let Some(i) = n.to_i64()
        && i.unsigned_abs() <= 1 << 53
    {
        return op.of_floats(x, i as f64);
    }
    let Some(n) = n.to_ibig() else { return op == CmpOp::Ne };
    let floor = ferropy_text::int::from_f64(x.floor()).unwrap_or_default();
    match floor.cmp(&n) {
        std::cmp::Ordering::Equal if x.fract() != 0.0 => op.of(std::cmp::Ordering::Greater),
        o => op.of(o),
    }
}
