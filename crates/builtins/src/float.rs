//! `float`.
//!
//! Invariant: binary methods take floats and integers (exact and of subclasses) and return `NotImplemented` for others;
//! comparisons with integers are exact.

use crate::int::{bad_format_spec, class_for_new, formatted};
use ferropy_text::{float as tfloat, format_spec, int as tint};
use ferropy_vm::ops::compare::number_compare;
use ferropy_vm::types::{Class, Float, Str};
use ferropy_vm::{Args, BinOp, Builtin, CmpOp, Exc, Gc, N, NativeDef, R, Thread, Value};

/// The receiver's value.
fn this(cx: &mut Thread, v: Value) -> R<f64> {
    match v.as_float() {
        Some(f) => Ok(f),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 'float' object but received a '{class}'")))
        }
    }
}

/// Is it a float of the very class `float`?
fn is_exact(v: Value) -> bool {
    v.is_flonum() || v.shape() == Builtin::Float as u32
}

fn float_op(cx: &mut Thread, op: BinOp, a: Value, b: Value) -> R {
    let number = |v: Value| v.as_float().is_some() || v.is_any_int();
    if !number(a) || !number(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (cx.number_to_f64(a)?, cx.number_to_f64(b)?);
    Ok(cx.float_binary(op, x, y)?.unwrap_or(Value::NOT_IMPLEMENTED))
}

macro_rules! binary_methods {
    ($($name:ident $reflected:ident $op:ident)*) => {
        $(
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                float_op(cx, BinOp::$op, a[0], a[1])
            }
            fn $reflected(cx: &mut Thread, a: Args<'_>) -> R {
                float_op(cx, BinOp::$op, a[1], a[0])
            }
        )*
    };
}

binary_methods! {
    float_add float_radd Add
    float_sub float_rsub Sub
    float_mul float_rmul Mul
    float_truediv float_rtruediv TrueDiv
    float_floordiv float_rfloordiv FloorDiv
    float_mod float_rmod Mod
    float_divmod float_rdivmod DivMod
}

fn float_pow(cx: &mut Thread, a: Args<'_>) -> R {
    check_no_modulus(cx, a.some(2))?;
    float_op(cx, BinOp::Pow, a[0], a[1])
}

fn float_rpow(cx: &mut Thread, a: Args<'_>) -> R {
    check_no_modulus(cx, a.some(2))?;
    float_op(cx, BinOp::Pow, a[1], a[0])
}

fn check_no_modulus(cx: &mut Thread, modulus: Option<Value>) -> R<()> {
    match modulus {
        Some(_) => Err(cx.type_error("pow() 3rd argument not allowed unless all arguments are integers")),
        None => Ok(()),
    }
}

macro_rules! comparisons {
    ($($name:ident $op:ident)*) => {
        $(
            fn $name(_cx: &mut Thread, a: Args<'_>) -> R {
                Ok(number_compare(CmpOp::$op, a[0], a[1]).map_or(Value::NOT_IMPLEMENTED, Value::bool))
            }
        )*
    };
}

comparisons! { float_lt Lt float_le Le float_eq Eq float_ne Ne float_gt Gt float_ge Ge }

fn float_neg(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    cx.float(-f)
}

fn float_pos(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if is_exact(a[0]) { Ok(a[0]) } else { cx.float(f) }
}

fn float_abs(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    cx.float(f.abs())
}

fn float_bool(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(this(cx, a[0])? != 0.0))
}

fn float_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    match tfloat::hash(f) {
        Some(h) => cx.int(h),
        None => {
            let h = cx.identity_hash(a[0]);
            cx.int(h as i64)
        }
    }
}

fn float_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(cx.new_str(&tfloat::repr(f))?.value())
}

fn float_format(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(spec) = a[1].cast::<Str>() else { return Err(bad_format_spec(cx, a[1])) };
    if spec.is_empty() {
        return Ok(cx.str(a[0])?.value());
    }
    let f = this(cx, a[0])?;
    if a[0].is_flonum() {
        let text = format_spec::Spec::parse(spec.bytes(), format_spec::FLOAT);
        return formatted(cx, text.and_then(|s| format_spec::format_float(f, &s)));
    }
    let name = cx.class_name(a[0]);
    let target = format_spec::Target { type_name: &name, ..format_spec::FLOAT };
    let text = format_spec::Spec::parse(spec.bytes(), target).and_then(|s| format_spec::format_float(f, &s));
    formatted(cx, text)
}

/// A float as an int, towards zero.
fn to_int(cx: &mut Thread, f: f64) -> R {
    if f.abs() < 4e18 {
        return cx.int(f as i64);
    }
    match tint::from_f64(f) {
        Ok(n) => cx.bigint(&n),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn float_int(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    to_int(cx, f)
}

fn float_floor(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    to_int(cx, f.floor())
}

fn float_ceil(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    to_int(cx, f.ceil())
}

fn float_round(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let Some(digits) = a.some(1) else { return to_int(cx, f.round_ties_even()) };
    let digits = cx.index_clamped(digits)?;
    match tfloat::round(f, digits) {
        Ok(f) => cx.float(f),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn float_is_integer(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(Value::bool(f.is_finite() && f.fract() == 0.0))
}

fn float_as_integer_ratio(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let (n, d) = tfloat::as_integer_ratio(f).map_err(|e| cx.text_error(e))?;
    let n = cx.bigint(&n)?;
    let d = cx.bigint(&d)?;
    Ok(cx.new_tuple(&[n, d])?.value())
}

fn float_hex(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(cx.new_str(&tfloat::hex(f))?.value())
}

fn float_fromhex(cx: &mut Thread, a: Args<'_>) -> R {
    let text = match a[1].cast::<Str>() {
        Some(s) => s.to_lossy(),
        None => {
            let class = cx.class_name(a[1]);
            return Err(cx.type_error(format!("fromhex() argument must be str, not {class}")));
        }
    };
    let f = tfloat::from_hex(&text).map_err(|e| cx.text_error(e))?;
    of_class(cx, a[0], f)
}

/// The result of a class method: a plain float, or what the subclass makes of it.
fn of_class(cx: &mut Thread, class: Value, f: f64) -> R {
    let f = cx.float(f)?;
    if class == cx.builtin(Builtin::Float).value() { Ok(f) } else { cx.call(class, &[f]) }
}

fn float_getformat(cx: &mut Thread, a: Args<'_>) -> R {
    let known = a[1].cast::<Str>().is_some_and(|s| matches!(s.bytes(), b"double" | b"float"));
    if !known {
        if a[1].cast::<Str>().is_none() {
            let class = cx.class_name(a[1]);
            return Err(cx.type_error(format!("__getformat__() argument must be str, not {class}")));
        }
        return Err(cx.value_error("__getformat__() argument 1 must be 'double' or 'float'"));
    }
    let text = if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" };
    Ok(cx.new_str(text)?.value())
}

fn float_getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let f = cx.float(f)?;
    Ok(cx.new_tuple(&[f])?.value())
}

fn get_zero(cx: &mut Thread, _a: Args<'_>) -> R {
    cx.float(0.0)
}

/// `float(v)` where v is no text; None if v is no number.
pub(crate) fn number(cx: &mut Thread, v: Value) -> R<Option<f64>> {
    let is_plain_int = v.is_any_int() && (v.as_ref().is_none() || v.shape() == Builtin::Int as u32);
    if is_exact(v) || is_plain_int {
        return cx.number_to_f64(v).map(Some);
    }
    if let Some(f) = cx.lookup_special(v, N::__float__) {
        let r = cx.call_unbound(f, v, &[])?;
        return float_result(cx, v, r).map(Some);
    }
    if cx.lookup_special(v, N::__index__).is_some() {
        let n = cx.index_value(v)?;
        return cx.number_to_f64(n).map(Some);
    }
    Ok(None)
}

/// Checks what `__float__` returned.
fn float_result(cx: &mut Thread, v: Value, r: Value) -> R<f64> {
    let (class, got) = (cx.class_name(v), cx.class_name(r));
    let Some(f) = r.as_float() else {
        return Err(cx.type_error(format!("{class}.__float__ returned non-float (type {got})")));
    };
    if !is_exact(r) {
        let text = format!(
            "{class}.__float__ returned non-float (type {got}).  The ability to return an instance of a strict subclass \
             of float is deprecated, and may be removed in a future version of Python."
        );
        cx.warn(Exc::DeprecationWarning, &text)?;
    }
    Ok(f)
}

fn parse(cx: &mut Thread, v: Value) -> R<f64> {
    let parsed = match v.cast::<Str>() {
        Some(s) => tfloat::parse_wtf8(s.bytes()),
        None => {
            let Some(b) = cx.buffer_opt(v)? else {
                let class = cx.class_name(v);
                return Err(cx.type_error(format!("float() argument must be a string or a real number, not '{class}'")));
            };
            std::str::from_utf8(b.bytes()).ok().and_then(tfloat::parse)
        }
    };
    match parsed {
        Some(f) => Ok(f),
        None => {
            let shown = cx.repr(v)?.to_lossy();
            Err(cx.value_error(format!("could not convert string to float: {shown}")))
        }
    }
}

/// A float object of a class.
fn make(cx: &mut Thread, class: Gc<Class>, value: f64) -> R {
    if class == cx.builtin(Builtin::Float) {
        return cx.float(value);
    }
    Ok(cx.alloc_of(class, Float { value })?.value())
}

fn float_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_for_new(cx, a[0], Builtin::Float)?;
    let Some(v) = a.opt(1) else { return make(cx, class, 0.0) };
    if class == cx.builtin(Builtin::Float) {
        if is_exact(v) {
            return Ok(v);
        }
        if let Some(n) = v.as_int() {
            return cx.float(n as f64);
        }
    }
    let f = if v.shape() == Builtin::Str as u32 { None } else { number(cx, v)? };
    let f = match f {
        Some(f) => f,
        None => parse(cx, v)?,
    };
    make(cx, class, f)
}

fn float_from_number(cx: &mut Thread, a: Args<'_>) -> R {
    if is_exact(a[1]) && a[0] == cx.builtin(Builtin::Float).value() {
        return Ok(a[1]);
    }
    match number(cx, a[1])? {
        Some(f) => of_class(cx, a[0], f),
        None => {
            let class = cx.class_name(a[1]);
            Err(cx.type_error(format!("must be real number, not {class}")))
        }
    }
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, x=0, /)", float_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", float_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", float_hash, "Return hash(self)."),
    NativeDef::method("__lt__(self, value, /)", float_lt, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", float_le, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", float_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", float_ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", float_gt, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", float_ge, "Return self>=value."),
    NativeDef::method("__add__(self, value, /)", float_add, "Return self+value."),
    NativeDef::method("__radd__(self, value, /)", float_radd, "Return value+self."),
    NativeDef::method("__sub__(self, value, /)", float_sub, "Return self-value."),
    NativeDef::method("__rsub__(self, value, /)", float_rsub, "Return value-self."),
    NativeDef::method("__mul__(self, value, /)", float_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", float_rmul, "Return value*self."),
    NativeDef::method("__mod__(self, value, /)", float_mod, "Return self%value."),
    NativeDef::method("__rmod__(self, value, /)", float_rmod, "Return value%self."),
    NativeDef::method("__divmod__(self, value, /)", float_divmod, "Return divmod(self, value)."),
    NativeDef::method("__rdivmod__(self, value, /)", float_rdivmod, "Return divmod(value, self)."),
    NativeDef::method("__pow__(self, value, mod=None, /)", float_pow, "Return pow(self, value, mod)."),
    NativeDef::method("__rpow__(self, value, mod=None, /)", float_rpow, "Return pow(value, self, mod)."),
    NativeDef::method("__neg__(self, /)", float_neg, "-self"),
    NativeDef::method("__pos__(self, /)", float_pos, "+self"),
    NativeDef::method("__abs__(self, /)", float_abs, "abs(self)"),
    NativeDef::method("__bool__(self, /)", float_bool, "True if self else False"),
    NativeDef::method("__int__(self, /)", float_int, "int(self)"),
    NativeDef::method("__float__(self, /)", float_pos, "float(self)"),
    NativeDef::method("__floordiv__(self, value, /)", float_floordiv, "Return self//value."),
    NativeDef::method("__rfloordiv__(self, value, /)", float_rfloordiv, "Return value//self."),
    NativeDef::method("__truediv__(self, value, /)", float_truediv, "Return self/value."),
    NativeDef::method("__rtruediv__(self, value, /)", float_rtruediv, "Return value/self."),
    NativeDef::class_method(
        "from_number(cls, number, /)",
        float_from_number,
        "Convert real number to a floating-point number.",
    ),
    NativeDef::method("conjugate(self, /)", float_pos, "Return self, the complex conjugate of any float."),
    NativeDef::method("__trunc__(self, /)", float_int, "Return the Integral closest to x between 0 and x."),
    NativeDef::method("__floor__(self, /)", float_floor, "Return the floor as an Integral."),
    NativeDef::method("__ceil__(self, /)", float_ceil, "Return the ceiling as an Integral."),
    NativeDef::method(
        "__round__(self, ndigits=None, /)",
        float_round,
        "Return the Integral closest to x, rounding half toward even.\n\nWhen an argument is passed, work like built-in round(x, ndigits).",
    ),
    NativeDef::method(
        "as_integer_ratio(self, /)",
        float_as_integer_ratio,
        "Return a pair of integers, whose ratio is exactly equal to the original float.\n\nThe ratio is in lowest terms and has a positive denominator.  Raise\nOverflowError on infinities and a ValueError on NaNs.",
    ),
    NativeDef::class_method(
        "fromhex(cls, string, /)",
        float_fromhex,
        "Create a floating-point number from a hexadecimal string.",
    ),
    NativeDef::method("hex(self, /)", float_hex, "Return a hexadecimal representation of a floating-point number."),
    NativeDef::method("is_integer(self, /)", float_is_integer, "Return True if the float is an integer."),
    NativeDef::method("__getnewargs__(self, /)", float_getnewargs, ""),
    NativeDef::class_method(
        "__getformat__(cls, typestr, /)",
        float_getformat,
        "You probably don't want to use this function.",
    ),
    NativeDef::method("__format__(self, format_spec, /)", float_format, "Formats the float according to format_spec."),
    NativeDef::getter("real", float_pos, "the real part of a complex number"),
    NativeDef::getter("imag", get_zero, "the imaginary part of a complex number"),
];

/// Adds the methods of `float`.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(Builtin::Float);
    cx.add_methods(class, METHODS)
}
