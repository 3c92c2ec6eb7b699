//! Arithmetic: the numbers' own meaning, and the dispatch to special methods.

use crate::class::Builtin as B;
use crate::frame::Cont;
use crate::object::HeapObject;
use crate::types::{BigInt, ByteArray, Bytes, Complex, List, NativeFn, Str, Tuple};
use crate::{Exc, N, R, Thread, Value};
use dashu_int::IBig;
use ferropy_text::int as tint;

/// A binary operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    TrueDiv,
    FloorDiv,
    Mod,
    Pow,
    Shl,
    Shr,
    And,
    Or,
    Xor,
    MatMul,
    DivMod,
}

/// Names of an operator: method, reflected method, in-place method, symbol.
pub struct OpNames {
    pub method: N,
    pub reflected: N,
    pub inplace: Option<N>,
    pub symbol: &'static str,
}

impl BinOp {
    pub fn names(self) -> &'static OpNames {
        macro_rules! row {
            ($m:ident $r:ident $i:ident $s:literal) => {
                OpNames { method: N::$m, reflected: N::$r, inplace: Some(N::$i), symbol: $s }
            };
        }
        static ROWS: &[OpNames] = &[
            row!(__add__ __radd__ __iadd__ "+"),
            row!(__sub__ __rsub__ __isub__ "-"),
            row!(__mul__ __rmul__ __imul__ "*"),
            row!(__truediv__ __rtruediv__ __itruediv__ "/"),
            row!(__floordiv__ __rfloordiv__ __ifloordiv__ "//"),
            row!(__mod__ __rmod__ __imod__ "%"),
            row!(__pow__ __rpow__ __ipow__ "** or pow()"),
            row!(__lshift__ __rlshift__ __ilshift__ "<<"),
            row!(__rshift__ __rrshift__ __irshift__ ">>"),
            row!(__and__ __rand__ __iand__ "&"),
            row!(__or__ __ror__ __ior__ "|"),
            row!(__xor__ __rxor__ __ixor__ "^"),
            row!(__matmul__ __rmatmul__ __imatmul__ "@"),
            OpNames { method: N::__divmod__, reflected: N::__rdivmod__, inplace: None, symbol: "divmod()" },
        ];
        &ROWS[self as usize]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum UnaryOp {
    Neg,
    Pos,
    Invert,
}

/// Stages of a binary operation, in the order in which methods are tried.
const IN_PLACE: u8 = 0;
const FIRST: u8 = 1;
const LAST: u8 = 3;

impl Thread {
    /// `a op b`.
    pub fn binary(&mut self, op: BinOp, a: Value, b: Value) -> R {
        if let Some(v) = self.quick_binary(op, a, b)? {
            return Ok(v);
        }
        self.binary_methods(op, a, b, FIRST)
    }

    /// `a op= b`.
    pub fn inplace(&mut self, op: BinOp, a: Value, b: Value) -> R {
        if a.shape() != B::List as u32
            && let Some(v) = self.quick_binary(op, a, b)?
        {
            return Ok(v);
        }
        self.binary_methods(op, a, b, IN_PLACE)
    }

    fn binary_methods(&mut self, op: BinOp, a: Value, b: Value, first: u8) -> R {
        for stage in first..=LAST {
            let Some((func, this, arg)) = self.binary_stage(op, a, b, stage) else { continue };
            let v = self.call_unbound(func, this, &[arg])?;
            if v != Value::NOT_IMPLEMENTED {
                return Ok(v);
            }
        }
        Err(self.binary_type_error(op, a, b, first == IN_PLACE))
    }

    /// The step form: tries stages from `stage` on (255: numbers first); the frame's `aux` remembers the stage.
    pub fn binary_step(&mut self, op: BinOp, a: Value, b: Value, inplace: bool, stage: Option<u8>, dst: u8) -> R {
        let first = match stage {
            Some(s) => s,
            None => {
                // A list that is changed in place is the only such object here.
                if !(inplace && a.shape() == B::List as u32)
                    && let Some(v) = self.quick_binary(op, a, b)?
                {
                    return Ok(v);
                }
                if inplace { IN_PLACE } else { FIRST }
            }
        };
        for stage in first..=LAST {
            let Some((func, this, arg)) = self.binary_stage(op, a, b, stage) else { continue };
            let v = self.call_unbound_step(func, this, &[arg], Cont::Binary, dst)?;
            if v == Value::PUSHED {
                self.top().aux = Value::small_int(stage as i64 + 1);
                return Ok(v);
            }
            if v != Value::NOT_IMPLEMENTED {
                return Ok(v);
            }
        }
        Err(self.binary_type_error(op, a, b, inplace))
    }

    /// What to call at a stage: (function, receiver, argument). In-place; then left, right with a right operand of a
    /// subclass first; a built-in sequence's own `+` and `*` come last, as CPython tries number slots before.
    fn binary_stage(&mut self, op: BinOp, a: Value, b: Value, stage: u8) -> Option<(Value, Value, Value)> {
        let names = op.names();
        if stage == IN_PLACE {
            let f = self.lookup_special(a, names.inplace?)?;
            return Some((f, a, b));
        }
        let (ca, cb) = (self.class_of(a), self.class_of(b));
        let left = self.lookup_special(a, names.method);
        if ca == cb {
            return left.filter(|_| stage == 1).map(|f| (f, a, b));
        }
        let right = self.lookup_special(b, names.reflected);
        let left_is_sequence = left.is_some_and(|f| is_sequence_method(f, a));
        let right_first =
            right.is_some() && (left_is_sequence || (cb.is_subclass(ca) && self.overrides_reflected(op, a, b, right)));
        match (stage, right_first) {
            (1, false) | (2, true) => left.map(|f| (f, a, b)),
            (1, true) | (2, false) => right.map(|f| (f, b, a)),
            // str * int etc. with the sequence on the right: CPython's sq_repeat of the right operand.
            (3, _) if op == BinOp::Mul && right.is_none() && is_sequence(b) => None,
            _ => None,
        }
    }

    fn overrides_reflected(&mut self, op: BinOp, a: Value, _b: Value, right: Option<Value>) -> bool {
        let inherited = self.lookup_special(a, op.names().reflected);
        inherited != right
    }

    #[cold]
    fn binary_type_error(&mut self, op: BinOp, a: Value, b: Value, inplace: bool) -> crate::Raised {
        let (ta, tb) = (self.class_name(a), self.class_name(b));
        let symbol = op.names().symbol;
        if op == BinOp::Shr && a.cast::<NativeFn>().is_some_and(|f| f.def.name() == "print") {
            return self.type_error(format!(
                "unsupported operand type(s) for >>: '{ta}' and '{tb}'. Did you mean \"print(<message>, file=<output_stream>)\"?"
            ));
        }
        let symbol = match (inplace, op) {
            (true, BinOp::Pow) => "**=".to_owned(),
            (true, _) => format!("{symbol}="),
            _ => symbol.to_owned(),
        };
        if matches!(op, BinOp::Add | BinOp::Mul) && (is_sequence(a) || is_sequence(b)) && !inplace_number(a, b) {
            return self.sequence_type_error(op, a, b, &symbol, &ta, &tb);
        }
        self.type_error(format!("unsupported operand type(s) for {symbol}: '{ta}' and '{tb}'"))
    }

    fn sequence_type_error(
        &mut self,
        op: BinOp,
        a: Value,
        b: Value,
        symbol: &str,
        ta: &str,
        tb: &str,
    ) -> crate::Raised {
        if op == BinOp::Add && is_sequence(a) {
            let base = if a.kind() == Str::kind() { "str" } else { ta };
            return match a.kind() {
                k if k == Bytes::kind() || k == ByteArray::kind() => {
                    self.type_error(format!("can't concat {tb} to {ta}"))
                }
                _ => self.type_error(format!("can only concatenate {base} (not \"{tb}\") to {base}")),
            };
        }
        if op == BinOp::Mul {
            let other = if is_sequence(a) { tb } else { ta };
            let _ = b;
            return self.type_error(format!("can't multiply sequence by non-int of type '{other}'"));
        }
        self.type_error(format!("unsupported operand type(s) for {symbol}: '{ta}' and '{tb}'"))
    }

    /// The meaning for int, bool, float, and str + str; None if the operands are others.
    #[inline]
    pub fn quick_binary(&mut self, op: BinOp, a: Value, b: Value) -> R<Option<Value>> {
        if op == BinOp::MatMul {
            return Ok(None);
        }
        if a.shape() == b.shape() && a.is_ref() && !is_exact_number(a) {
            return if op == BinOp::Add { self.join_sequences(a, b) } else { Ok(None) };
        }
        self.exact_numbers(op, a, b)
    }

    fn exact_numbers(&mut self, op: BinOp, a: Value, b: Value) -> R<Option<Value>> {
        if let (Some(x), Some(y)) = (exact_int(a), exact_int(b)) {
            return self.int_binary(op, x, y).map(Some);
        }
        let big = B::Int as u32;
        if a.shape() == big && (b.shape() == big || b.is_int()) || a.is_int() && b.shape() == big {
            return self.big_binary(op, a, b);
        }
        if let (Some(x), Some(y)) = (float_operand(a), float_operand(b)) {
            return self.float_binary(op, x, y);
        }
        if is_exact_number(a) && is_exact_number(b) {
            return self.big_binary(op, a, b);
        }
        Ok(None)
    }

    /// `a + b` of two objects of one shape, if they are strings, lists or tuples.
    fn join_sequences(&mut self, a: Value, b: Value) -> R<Option<Value>> {
        // SAFETY: the shape tells the exact class of both; the items lie in objects that the arguments hold.
        unsafe {
            Ok(Some(match a.shape() {
                s if s == B::Str as u32 => self.concat(a.cast_unchecked(), b.cast_unchecked())?.value(),
                s if s == B::List as u32 => self.list_joined(a.cast_unchecked(), b.cast_unchecked())?.value(),
                s if s == B::Tuple as u32 => {
                    let (x, y) = (a.cast_unchecked::<Tuple>(), b.cast_unchecked::<Tuple>());
                    if x.len == 0 || y.len == 0 {
                        return Ok(Some(if x.len == 0 { b } else { a }));
                    }
                    let fill = |to: &mut [Value]| {
                        let (left, right) = to.split_at_mut(x.len);
                        left.copy_from_slice(x.items());
                        right.copy_from_slice(y.items());
                    };
                    self.tuple_with(x.len + y.len, fill)?.value()
                }
                _ => return Ok(None),
            }))
        }
    }

    /// Small integers. Overflow goes to big ones.
    pub fn int_binary(&mut self, op: BinOp, x: i64, y: i64) -> R {
        let small = match op {
            BinOp::Add => x.checked_add(y),
            BinOp::Sub => x.checked_sub(y),
            BinOp::Mul => x.checked_mul(y),
            BinOp::FloorDiv if y != 0 => tint::floor_div_i64(x, y),
            BinOp::Mod if y != 0 => tint::modulo_i64(x, y),
            BinOp::And => Some(x & y),
            BinOp::Or => Some(x | y),
            BinOp::Xor => Some(x ^ y),
            BinOp::Shl if (0..62).contains(&y) && x.unsigned_abs().leading_zeros() as i64 > y + 1 => Some(x << y),
            BinOp::Shr if y >= 0 => Some(x >> y.min(63)),
            BinOp::TrueDiv if y != 0 && x.unsigned_abs() < 1 << 53 && y.unsigned_abs() < 1 << 53 => {
                return self.float(x as f64 / y as f64);
            }
            BinOp::Pow if y >= 0 => small_pow(x, y),
            _ => None,
        };
        match small {
            Some(n) => self.int(n),
            None => self.ibig_binary(op, &IBig::from(x), &IBig::from(y)),
        }
    }

    /// Integers of any size.
    pub fn ibig_binary(&mut self, op: BinOp, x: &IBig, y: &IBig) -> R {
        let n = match op {
            BinOp::Add => x + y,
            BinOp::Sub => x - y,
            BinOp::Mul => x * y,
            BinOp::And => x & y,
            BinOp::Or => x | y,
            BinOp::Xor => x ^ y,
            BinOp::FloorDiv | BinOp::Mod | BinOp::DivMod | BinOp::TrueDiv => return self.ibig_division(op, x, y),
            BinOp::Shl | BinOp::Shr => self.ibig_shift(op, x, y)?,
            BinOp::Pow if tint::is_negative(y) => {
                let (a, b) = (self.ibig_to_f64(x)?, self.ibig_to_f64(y)?);
                return self.float_binary(BinOp::Pow, a, b).map(|v| v.unwrap_or(Value::NOT_IMPLEMENTED));
            }
            BinOp::Pow => match usize::try_from(y) {
                Ok(n) if n as f64 * tint::bit_length(x) as f64 <= 8e9 => tint::pow(x, n),
                _ => return Err(self.memory_error()),
            },
            BinOp::MatMul => return Ok(Value::NOT_IMPLEMENTED),
        };
        self.bigint(&n)
    }

    fn ibig_shift(&mut self, op: BinOp, x: &IBig, y: &IBig) -> R<IBig> {
        if tint::is_negative(y) {
            return Err(self.value_error("negative shift count"));
        }
        match (usize::try_from(y), op) {
            (Ok(n), BinOp::Shr) => Ok(tint::shift_right(x, n)),
            (Err(_), BinOp::Shr) => Ok(if tint::is_negative(x) { IBig::from(-1) } else { IBig::ZERO }),
            (_, _) if *x == IBig::ZERO => Ok(IBig::ZERO),
            (Ok(n), _) if n <= 1 << 38 => Ok(tint::shift_left(x, n)),
            _ => Err(self.overflow_error("too many digits in integer")),
        }
    }

    fn ibig_division(&mut self, op: BinOp, x: &IBig, y: &IBig) -> R {
        if *y == IBig::ZERO {
            return Err(self.error(Exc::ZeroDivisionError, "division by zero"));
        }
        if op == BinOp::TrueDiv {
            return match tint::true_divide(x, y) {
                Ok(f) => self.float(f),
                Err(e) => Err(self.text_error(e)),
            };
        }
        let (q, r) = match tint::div_mod(x, y) {
            Ok(qr) => qr,
            Err(e) => return Err(self.text_error(e)),
        };
        match op {
            BinOp::FloorDiv => self.bigint(&q),
            BinOp::Mod => self.bigint(&r),
            _ => {
                let q = self.bigint(&q)?;
                let r = self.bigint(&r)?;
                Ok(self.new_tuple(&[q, r])?.value())
            }
        }
    }

    pub fn ibig_to_f64(&mut self, x: &IBig) -> R<f64> {
        match tint::to_f64(x) {
            Ok(f) => Ok(f),
            Err(e) => Err(self.text_error(e)),
        }
    }

    /// Floats.
    pub fn float_binary(&mut self, op: BinOp, x: f64, y: f64) -> R<Option<Value>> {
        let f = match op {
            BinOp::Add => x + y,
            BinOp::Sub => x - y,
            BinOp::Mul => x * y,
            BinOp::TrueDiv | BinOp::FloorDiv | BinOp::Mod | BinOp::DivMod if y == 0.0 => {
                return Err(self.error(Exc::ZeroDivisionError, "division by zero"));
            }
            BinOp::TrueDiv => x / y,
            BinOp::FloorDiv => float_div_mod(x, y).0,
            BinOp::Mod => float_div_mod(x, y).1,
            BinOp::DivMod => {
                let (q, r) = float_div_mod(x, y);
                let (q, r) = (self.float(q)?, self.float(r)?);
                return Ok(Some(self.new_tuple(&[q, r])?.value()));
            }
            BinOp::Pow => return self.float_pow(x, y).map(Some),
            _ => return Ok(None),
        };
        self.float(f).map(Some)
    }

    fn float_pow(&mut self, x: f64, y: f64) -> R {
        if x == 0.0 && y < 0.0 && y.is_finite() {
            return Err(self.error(Exc::ZeroDivisionError, "zero to a negative power"));
        }
        if x < 0.0 && x.is_finite() && y.is_finite() && y.fract() != 0.0 {
            let (a, b) = (self.complex(x, 0.0)?, self.complex(y, 0.0)?);
            return self.binary(BinOp::Pow, a, b);
        }
        let f = x.powf(y);
        if f.is_infinite() && x.is_finite() && y.is_finite() {
            return Err(self.error_with_errno_text());
        }
        self.float(f)
    }

    fn error_with_errno_text(&mut self) -> crate::Raised {
        let text = match self.new_str("Numerical result out of range") {
            Ok(t) => t.value(),
            Err(r) => return r,
        };
        self.error_with(Exc::OverflowError, &[Value::small_int(34), text])
    }

    /// Pairs of numbers of which one is big or a float beside an int.
    fn big_binary(&mut self, op: BinOp, a: Value, b: Value) -> R<Option<Value>> {
        if a.as_float().is_some() || b.as_float().is_some() {
            let (x, y) = (self.number_to_f64(a)?, self.number_to_f64(b)?);
            return self.float_binary(op, x, y);
        }
        let (Some(x), Some(y)) = (a.to_ibig(), b.to_ibig()) else { return Ok(None) };
        if a.is_bool() && b.is_bool() && matches!(op, BinOp::And | BinOp::Or | BinOp::Xor) {
            let (p, q) = (a == Value::TRUE, b == Value::TRUE);
            return Ok(Some(Value::bool(match op {
                BinOp::And => p & q,
                BinOp::Or => p | q,
                _ => p ^ q,
            })));
        }
        self.ibig_binary(op, &x, &y).map(Some)
    }

    /// The float of an int or float (subclasses included).
    pub fn number_to_f64(&mut self, v: Value) -> R<f64> {
        if let Some(f) = v.as_float() {
            return Ok(f);
        }
        match v.to_ibig() {
            Some(n) => self.ibig_to_f64(&n),
            None => Err(self.type_error(format!("must be real number, not {}", self.class_name(v)))),
        }
    }

    /// Unary minus, plus, invert. None: special methods decide.
    pub fn number_unary(&mut self, op: UnaryOp, v: Value) -> R<Option<Value>> {
        if let Some(n) = exact_int(v) {
            return match op {
                UnaryOp::Neg => self.int(-n).map(Some),
                UnaryOp::Pos => Ok(Some(v)),
                UnaryOp::Invert => self.int(!n).map(Some),
            };
        }
        if let (Some(f), true) = (v.as_float(), is_exact_number(v)) {
            return match op {
                UnaryOp::Neg => self.float(-f).map(Some),
                UnaryOp::Pos => Ok(Some(v)),
                UnaryOp::Invert => Ok(None),
            };
        }
        if v.shape() == B::Int as u32
            && let Some(n) = v.to_ibig()
        {
            return match op {
                UnaryOp::Neg => self.bigint(&-n).map(Some),
                UnaryOp::Pos => Ok(Some(v)),
                UnaryOp::Invert => self.bigint(&!n).map(Some),
            };
        }
        Ok(None)
    }

    /// The step form of a unary operation.
    pub fn unary_step(&mut self, op: UnaryOp, v: Value, dst: u8) -> R {
        if let Some(r) = self.number_unary(op, v)? {
            return Ok(r);
        }
        let (n, symbol) = match op {
            UnaryOp::Neg => (N::__neg__, "-"),
            UnaryOp::Pos => (N::__pos__, "+"),
            UnaryOp::Invert => (N::__invert__, "~"),
        };
        match self.lookup_special(v, n) {
            Some(f) => self.call_unbound_step(f, v, &[], Cont::Store, dst),
            None => {
                let class = self.class_name(v);
                Err(self.type_error(format!("bad operand type for unary {symbol}: '{class}'")))
            }
        }
    }

    pub fn unary(&mut self, op: UnaryOp, v: Value) -> R {
        let r = self.unary_step_exit(op, v)?;
        self.finish(r)
    }

    fn unary_step_exit(&mut self, op: UnaryOp, v: Value) -> R {
        let r = self.unary_step(op, v, 0)?;
        if r == Value::PUSHED {
            self.top().cont = Cont::Exit;
        }
        Ok(r)
    }

    /// An error of the crate `text` as a Python exception.
    pub fn text_error(&mut self, e: ferropy_text::error::Error) -> crate::Raised {
        use ferropy_text::error::Kind;
        let class = match e.kind {
            Kind::Value => Exc::ValueError,
            Kind::Type => Exc::TypeError,
            Kind::Overflow => Exc::OverflowError,
            Kind::ZeroDivision => Exc::ZeroDivisionError,
            Kind::Memory => Exc::MemoryError,
        };
        self.error(class, &*e.message)
    }
}

/// An int of either form or a bool, if small; not of a subclass.
#[inline(always)]
fn exact_int(v: Value) -> Option<i64> {
    v.as_int()
}

#[inline(always)]
fn float_operand(v: Value) -> Option<f64> {
    if v.is_flonum() {
        return Some(v.flonum());
    }
    if let Some(n) = v.as_int() {
        // Exactly representable integers only; others must round or overflow as Python says.
        return (n.unsigned_abs() <= 1 << 53).then_some(n as f64);
    }
    if v.shape() == B::Float as u32 { v.as_float() } else { None }
}

/// int, bool or float; not of a subclass.
#[inline(always)]
pub fn is_exact_number(v: Value) -> bool {
    v.is_int() || v.is_flonum() || v.is_bool() || matches!(v.shape(), s if s == B::Int as u32 || s == B::Float as u32)
}

fn is_sequence(v: Value) -> bool {
    let k = v.kind();
    k == Str::kind() || k == List::kind() || k == Tuple::kind() || k == Bytes::kind() || k == ByteArray::kind()
}

fn inplace_number(a: Value, b: Value) -> bool {
    let number = |v: Value| v.is_any_int() || v.as_float().is_some() || v.kind() == Complex::kind();
    let _ = BigInt::kind();
    number(a) && number(b)
}

fn is_sequence_method(f: Value, receiver: Value) -> bool {
    is_sequence(receiver) && f.kind() == NativeFn::kind()
}

fn small_pow(x: i64, y: i64) -> Option<i64> {
    u32::try_from(y).ok().and_then(|y| tint::pow_i64(x, y))
}

/// Python's floor division and modulo of floats.
pub fn float_div_mod(x: f64, y: f64) -> (f64, f64) {
    let mut m = x % y;
    let mut d = (x - m) / y;
    if m != 0.0 {
        if (y < 0.0) != (m < 0.0) {
            m += y;
            d -= 1.0;
        }
    } else {
        m = 0.0f64.copysign(y);
    }
    let q = if d != 0.0 {
        let f = d.floor();
        if d - f > 0.5 { f + 1.0 } else { f }
    } else {
        0.0f64.copysign(x / y)
    };
    (q, m)
}
