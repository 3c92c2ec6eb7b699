//! `complex`.
//!
//! Terms: an *operand* is complex or real; a real one takes part without being made complex, as C99's Annex G says, which
//! keeps signed zeros and infinities right.

use crate::int::{bad_format_spec, class_for_new, formatted};
use ferropy_text::{float as tfloat, format_spec, unicode};
use ferropy_vm::ops::compare::number_compare;
use ferropy_vm::types::{Class, Complex, Str};
use ferropy_vm::{Args, Builtin, CmpOp, Exc, Gc, N, NativeDef, R, Thread, Value};

/// A complex number: real and imaginary part.
pub type C = (f64, f64);

#[derive(Clone, Copy)]
enum Operand {
    Real(f64),
    Complex(C),
}

impl Operand {
    fn complex(self) -> C {
        match self {
            Operand::Real(x) => (x, 0.0),
            Operand::Complex(c) => c,
        }
    }
}

fn this(cx: &mut Thread, v: Value) -> R<C> {
    match v.cast::<Complex>() {
        Some(c) => Ok((c.re, c.im)),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("descriptor requires a 'complex' object but received a '{class}'")))
        }
    }
}

fn operand(cx: &mut Thread, v: Value) -> R<Option<Operand>> {
    if let Some(c) = v.cast::<Complex>() {
        return Ok(Some(Operand::Complex((c.re, c.im))));
    }
    if v.as_float().is_some() || v.is_any_int() {
        return Ok(Some(Operand::Real(cx.number_to_f64(v)?)));
    }
    Ok(None)
}

/// `a + b` of complex numbers.
fn add(a: Operand, b: Operand) -> C {
    match (a, b) {
        (Operand::Complex(x), Operand::Complex(y)) => (x.0 + y.0, x.1 + y.1),
        (Operand::Complex(x), Operand::Real(r)) | (Operand::Real(r), Operand::Complex(x)) => (x.0 + r, x.1),
        (Operand::Real(x), Operand::Real(y)) => (x + y, 0.0),
    }
}

fn subtract(a: Operand, b: Operand) -> C {
    match (a, b) {
        (Operand::Complex(x), Operand::Complex(y)) => (x.0 - y.0, x.1 - y.1),
        (Operand::Complex(x), Operand::Real(r)) => (x.0 - r, x.1),
        (Operand::Real(r), Operand::Complex(x)) => (r - x.0, -x.1),
        (Operand::Real(x), Operand::Real(y)) => (x - y, 0.0),
    }
}

fn multiply(a: Operand, b: Operand) -> C {
    match (a, b) {
        (Operand::Complex(x), Operand::Complex(y)) => product(x, y),
        (Operand::Complex(x), Operand::Real(r)) | (Operand::Real(r), Operand::Complex(x)) => (x.0 * r, x.1 * r),
        (Operand::Real(x), Operand::Real(y)) => (x * y, 0.0),
    }
}

/// None: division by zero.
fn divide(a: Operand, b: Operand) -> Option<C> {
    match (a, b) {
        (Operand::Complex(x), Operand::Real(r)) => (r != 0.0).then(|| (x.0 / r, x.1 / r)),
        (Operand::Real(r), Operand::Complex(y)) => real_quotient(r, y),
        (a, b) => quotient(a.complex(), b.complex()),
    }
}

/// 1 or 0 with the sign of x, as x is infinite or not.
fn boxed(x: f64) -> f64 {
    (if x.is_infinite() { 1.0f64 } else { 0.0 }).copysign(x)
}

fn zero_if_nan(x: f64) -> f64 {
    if x.is_nan() { 0.0f64.copysign(x) } else { x }
}

fn infinite(c: C) -> bool {
    c.0.is_infinite() || c.1.is_infinite()
}

fn finite(c: C) -> bool {
    c.0.is_finite() && c.1.is_finite()
}

/// The product, with infinities recovered where the plain formula gives NaN.
pub fn product(a: C, b: C) -> C {
    let (ac, bd, ad, bc) = (a.0 * b.0, a.1 * b.1, a.0 * b.1, a.1 * b.0);
    let r = (ac - bd, ad + bc);
    if !r.0.is_nan() || !r.1.is_nan() {
        return r;
    }
    let (mut a, mut b) = (a, b);
    let mut again = false;
    if infinite(a) {
        (a, b) = ((boxed(a.0), boxed(a.1)), (zero_if_nan(b.0), zero_if_nan(b.1)));
        again = true;
    }
    if infinite(b) {
        (a, b) = ((zero_if_nan(a.0), zero_if_nan(a.1)), (boxed(b.0), boxed(b.1)));
        again = true;
    }
    if !again && [ac, bd, ad, bc].iter().any(|x| x.is_infinite()) {
        a = (zero_if_nan(a.0), zero_if_nan(a.1));
        b = (zero_if_nan(b.0), zero_if_nan(b.1));
        again = true;
    }
    if again { (f64::INFINITY * (a.0 * b.0 - a.1 * b.1), f64::INFINITY * (a.0 * b.1 + a.1 * b.0)) } else { r }
}

/// The quotient, scaled against overflow; None if b is zero.
pub fn quotient(a: C, b: C) -> Option<C> {
    let r = if b.0.abs() >= b.1.abs() {
        if b.0 == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let d = b.0 + b.1 * ratio;
        ((a.0 + a.1 * ratio) / d, (a.1 - a.0 * ratio) / d)
    } else if b.1.abs() >= b.0.abs() {
        let ratio = b.0 / b.1;
        let d = b.0 * ratio + b.1;
        ((a.0 * ratio + a.1) / d, (a.1 * ratio - a.0) / d)
    } else {
        (f64::NAN, f64::NAN)
    };
    if !r.0.is_nan() || !r.1.is_nan() {
        return Some(r);
    }
    if infinite(a) && finite(b) {
        let (x, y) = (boxed(a.0), boxed(a.1));
        return Some((f64::INFINITY * (x * b.0 + y * b.1), f64::INFINITY * (y * b.0 - x * b.1)));
    }
    if infinite(b) && finite(a) {
        let (x, y) = (boxed(b.0), boxed(b.1));
        return Some((0.0 * (a.0 * x + a.1 * y), 0.0 * (a.1 * x - a.0 * y)));
    }
    Some(r)
}

/// The same of a real number divided by a complex one.
fn real_quotient(a: f64, b: C) -> Option<C> {
    let r = if b.0.abs() >= b.1.abs() {
        if b.0 == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let d = b.0 + b.1 * ratio;
        (a / d, -a * ratio / d)
    } else if b.1.abs() >= b.0.abs() {
        let ratio = b.0 / b.1;
        let d = b.0 * ratio + b.1;
        (a * ratio / d, -a / d)
    } else {
        (f64::NAN, f64::NAN)
    };
    if r.0.is_nan() && r.1.is_nan() && a.is_finite() && infinite(b) {
        let (x, y) = (boxed(b.0), boxed(b.1));
        return Some((0.0 * (a * x), 0.0 * (-a * y)));
    }
    Some(r)
}

/// `x ** n` by squaring, n > 0.
fn whole_power(x: C, n: u32) -> C {
    let (mut p, mut r, mut n) = (x, x, n - 1);
    while n > 0 {
        if n & 1 == 1 {
            r = product(r, p);
        }
        n >>= 1;
        if n > 0 {
            p = product(p, p);
        }
    }
    r
}

/// None: zero to a negative or complex power.
fn power(a: C, b: C) -> Option<C> {
    if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= 100.0 {
        let n = b.0.abs() as u32;
        return match b.0 {
            0.0 => Some((1.0, 0.0)),
            e if e > 0.0 => Some(whole_power(a, n)),
            _ => quotient((1.0, 0.0), whole_power(a, n)),
        };
    }
    if a == (0.0, 0.0) {
        return (b.1 == 0.0 && b.0 >= 0.0).then_some((0.0, 0.0));
    }
    let size = a.0.hypot(a.1);
    let angle = a.1.atan2(a.0);
    let (mut len, mut phase) = (size.powf(b.0), angle * b.0);
    if b.1 != 0.0 {
        len *= (-angle * b.1).exp();
        phase += b.1 * size.ln();
    }
    Some((len * phase.cos(), len * phase.sin()))
}

fn made(cx: &mut Thread, c: C) -> R {
    cx.complex(c.0, c.1)
}

fn division_by_zero(cx: &mut Thread) -> ferropy_vm::Raised {
    cx.error(Exc::ZeroDivisionError, "division by zero")
}

fn combine(cx: &mut Thread, a: Value, b: Value, f: fn(&mut Thread, Operand, Operand) -> R<C>) -> R {
    let Some(x) = operand(cx, a)? else { return Ok(Value::NOT_IMPLEMENTED) };
    let Some(y) = operand(cx, b)? else { return Ok(Value::NOT_IMPLEMENTED) };
    let c = f(cx, x, y)?;
    made(cx, c)
}

fn op_add(_cx: &mut Thread, a: Operand, b: Operand) -> R<C> {
    Ok(add(a, b))
}
fn op_sub(_cx: &mut Thread, a: Operand, b: Operand) -> R<C> {
    Ok(subtract(a, b))
}
fn op_mul(_cx: &mut Thread, a: Operand, b: Operand) -> R<C> {
    Ok(multiply(a, b))
}
fn op_div(cx: &mut Thread, a: Operand, b: Operand) -> R<C> {
    divide(a, b).ok_or_else(|| division_by_zero(cx))
}
fn op_pow(cx: &mut Thread, a: Operand, b: Operand) -> R<C> {
    let Some(c) = power(a.complex(), b.complex()) else {
        return Err(cx.error(Exc::ZeroDivisionError, "zero to a negative or complex power"));
    };
    if infinite(c) {
        return Err(cx.overflow_error("complex exponentiation"));
    }
    Ok(c)
}

macro_rules! binary_methods {
    ($($name:ident $reflected:ident $op:ident)*) => {
        $(
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                combine(cx, a[0], a[1], $op)
            }
            fn $reflected(cx: &mut Thread, a: Args<'_>) -> R {
                combine(cx, a[1], a[0], $op)
            }
        )*
    };
}

binary_methods! {
    complex_add complex_radd op_add
    complex_sub complex_rsub op_sub
    complex_mul complex_rmul op_mul
    complex_div complex_rdiv op_div
}

fn check_no_modulus(cx: &mut Thread, modulus: Option<Value>) -> R<()> {
    match modulus {
        Some(_) => Err(cx.value_error("complex modulo")),
        None => Ok(()),
    }
}

fn complex_pow(cx: &mut Thread, a: Args<'_>) -> R {
    check_no_modulus(cx, a.some(2))?;
    combine(cx, a[0], a[1], op_pow)
}

fn complex_rpow(cx: &mut Thread, a: Args<'_>) -> R {
    check_no_modulus(cx, a.some(2))?;
    combine(cx, a[1], a[0], op_pow)
}

fn equal(a: C, b: Value) -> Option<bool> {
    if let Some(c) = b.cast::<Complex>() {
        return Some(a.0 == c.re && a.1 == c.im);
    }
    if b.as_float().is_none() && !b.is_any_int() {
        return None;
    }
    if a.1 != 0.0 {
        return Some(false);
    }
    match b.as_float() {
        Some(f) => Some(a.0 == f),
        None => int_equal(a.0, b),
    }
}

fn int_equal(x: f64, n: Value) -> Option<bool> {
    match Value::try_float(x) {
        Some(v) => number_compare(CmpOp::Eq, v, n),
        // Not in the tagged range: zero's negative twin, tiny, huge or special.
        None if x == 0.0 => Some(n.to_i64() == Some(0)),
        None => Some(x.is_finite() && x.fract() == 0.0 && ferropy_text::int::from_f64(x).ok() == n.to_ibig()),
    }
}

fn complex_eq(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(equal(c, a[1]).map_or(Value::NOT_IMPLEMENTED, Value::bool))
}

fn complex_ne(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(equal(c, a[1]).map_or(Value::NOT_IMPLEMENTED, |e| Value::bool(!e)))
}

fn not_ordered(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NOT_IMPLEMENTED)
}

fn complex_neg(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    made(cx, (-c.0, -c.1))
}

fn complex_pos(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    if a[0].shape() == Builtin::Complex as u32 { Ok(a[0]) } else { made(cx, c) }
}

fn complex_abs(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let size = c.0.hypot(c.1);
    if size.is_infinite() && finite(c) {
        return Err(cx.overflow_error("absolute value too large"));
    }
    cx.float(size)
}

fn complex_bool(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(Value::bool(c != (0.0, 0.0)))
}

fn complex_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let part = |cx: &mut Thread, x: f64| match tfloat::hash(x) {
        Some(h) => h,
        None => cx.identity_hash(a[0]) as i64,
    };
    let (re, im) = (part(cx, c.0), part(cx, c.1));
    let h = re.wrapping_add(im.wrapping_mul(1_000_003));
    cx.int(if h == -1 { -2 } else { h })
}

fn complex_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(cx.new_str(&tfloat::complex_repr(c.0, c.1))?.value())
}

fn complex_format(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(spec) = a[1].cast::<Str>() else { return Err(bad_format_spec(cx, a[1])) };
    if spec.is_empty() {
        return Ok(cx.str(a[0])?.value());
    }
    let c = this(cx, a[0])?;
    let name = cx.class_name(a[0]);
    let target = format_spec::Target { type_name: &name, ..format_spec::COMPLEX };
    let text = format_spec::Spec::parse(spec.bytes(), target).and_then(|s| format_spec::format_complex(c.0, c.1, &s));
    formatted(cx, text)
}

fn complex_conjugate(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    made(cx, (c.0, -c.1))
}

fn complex_getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let re = cx.float(c.0)?;
    let im = cx.float(c.1)?;
    Ok(cx.new_tuple(&[re, im])?.value())
}

fn get_real(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    cx.float(c.0)
}

fn get_imag(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    cx.float(c.1)
}

/// What `v.__complex__()` gives; None if there is no such method.
pub fn by_method(cx: &mut Thread, v: Value) -> R<Option<C>> {
    let Some(f) = cx.lookup_special(v, N::__complex__) else { return Ok(None) };
    let r = cx.call_unbound(f, v, &[])?;
    let got = cx.class_name(r);
    let Some(c) = r.cast::<Complex>() else {
        return Err(cx.type_error(format!("__complex__ returned non-complex (type {got})")));
    };
    if r.shape() != Builtin::Complex as u32 {
        let text = format!(
            "__complex__ returned non-complex (type {got}).  The ability to return an instance of a strict subclass of \
             complex is deprecated, and may be removed in a future version of Python."
        );
        cx.warn(Exc::DeprecationWarning, &text)?;
    }
    Ok(Some((c.re, c.im)))
}

/// A number as a complex one: `__complex__`, then what `float` would take. None: no number.
pub fn number(cx: &mut Thread, v: Value) -> R<Option<Number>> {
    if v.shape() != Builtin::Complex as u32
        && let Some(c) = by_method(cx, v)?
    {
        return Ok(Some(Number { value: c, complex: true }));
    }
    if let Some(c) = v.cast::<Complex>() {
        return Ok(Some(Number { value: (c.re, c.im), complex: true }));
    }
    Ok(crate::float::number(cx, v)?.map(|f| Number { value: (f, 0.0), complex: false }))
}

/// A converted number, and whether it came as a complex one.
pub struct Number {
    pub value: C,
    pub complex: bool,
}

fn make(cx: &mut Thread, class: Gc<Class>, c: C) -> R {
    if class == cx.builtin(Builtin::Complex) {
        return made(cx, c);
    }
    Ok(cx.alloc_of(class, Complex { re: c.0, im: c.1 })?.value())
}

fn parse(cx: &mut Thread, s: Gc<Str>) -> R<C> {
    let parsed = if s.is_ascii() {
        s.as_str().and_then(tfloat::parse_complex)
    } else {
        tfloat::parse_complex(&unicode::decimals_to_ascii(s.bytes()))
    };
    parsed.ok_or_else(|| cx.value_error("complex() arg is a malformed string"))
}

fn wrong_part(cx: &mut Thread, part: &str, v: Value) -> ferropy_vm::Raised {
    let class = cx.class_name(v);
    cx.type_error(format!("complex() argument '{part}' must be a real number, not {class}"))
}

fn complex_new(cx: &mut Thread, a: Args<'_>) -> R {
    let class = class_for_new(cx, a[0], Builtin::Complex)?;
    let (real, imag) = (a.opt(1), a.opt(2));
    let Some(imag) = imag else {
        let Some(real) = real else { return make(cx, class, (0.0, 0.0)) };
        if let Some(s) = real.cast::<Str>() {
            let c = parse(cx, s)?;
            return make(cx, class, c);
        }
        if real.shape() == Builtin::Complex as u32 && class == cx.builtin(Builtin::Complex) {
            return Ok(real);
        }
        return match number(cx, real)? {
            Some(n) => make(cx, class, n.value),
            None => {
                let got = cx.class_name(real);
                Err(cx.type_error(format!("complex() argument must be a string or a number, not {got}")))
            }
        };
    };
    let re = match real {
        Some(real) => part(cx, "real", real)?,
        None => Number { value: (0.0, 0.0), complex: false },
    };
    let im = imaginary_part(cx, imag)?;
    let mut c = (re.value.0, im.value.0);
    if im.complex {
        c.0 -= im.value.1;
    }
    if re.complex {
        c.1 += re.value.1;
    }
    make(cx, class, c)
}

fn warn_complex(cx: &mut Thread, part: &str, v: Value) -> R<()> {
    let class = cx.class_name(v);
    cx.warn(Exc::DeprecationWarning, &format!("complex() argument '{part}' must be a real number, not {class}"))
}

fn part(cx: &mut Thread, name: &str, v: Value) -> R<Number> {
    if v.cast::<Str>().is_some() {
        return Err(wrong_part(cx, name, v));
    }
    match number(cx, v)? {
        Some(n) => {
            if n.complex {
                warn_complex(cx, name, v)?;
            }
            Ok(n)
        }
        None => Err(wrong_part(cx, name, v)),
    }
}

/// The second argument: a complex object itself, but nothing with `__complex__`.
fn imaginary_part(cx: &mut Thread, v: Value) -> R<Number> {
    if let Some(c) = v.cast::<Complex>() {
        warn_complex(cx, "imag", v)?;
        return Ok(Number { value: (c.re, c.im), complex: true });
    }
    match crate::float::number(cx, v)? {
        Some(f) => Ok(Number { value: (f, 0.0), complex: false }),
        None => Err(wrong_part(cx, "imag", v)),
    }
}

fn complex_from_number(cx: &mut Thread, a: Args<'_>) -> R {
    let plain = a[0] == cx.builtin(Builtin::Complex).value();
    if plain && a[1].shape() == Builtin::Complex as u32 {
        return Ok(a[1]);
    }
    let Some(n) = number(cx, a[1])? else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("must be real number, not {class}")));
    };
    let c = made(cx, n.value)?;
    if plain { Ok(c) } else { cx.call(a[0], &[c]) }
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, real=0, imag=0)", complex_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", complex_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", complex_hash, "Return hash(self)."),
    NativeDef::method("__lt__(self, value, /)", not_ordered, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", not_ordered, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", complex_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", complex_ne, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", not_ordered, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", not_ordered, "Return self>=value."),
    NativeDef::method("__add__(self, value, /)", complex_add, "Return self+value."),
    NativeDef::method("__radd__(self, value, /)", complex_radd, "Return value+self."),
    NativeDef::method("__sub__(self, value, /)", complex_sub, "Return self-value."),
    NativeDef::method("__rsub__(self, value, /)", complex_rsub, "Return value-self."),
    NativeDef::method("__mul__(self, value, /)", complex_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", complex_rmul, "Return value*self."),
    NativeDef::method("__truediv__(self, value, /)", complex_div, "Return self/value."),
    NativeDef::method("__rtruediv__(self, value, /)", complex_rdiv, "Return value/self."),
    NativeDef::method("__pow__(self, value, mod=None, /)", complex_pow, "Return pow(self, value, mod)."),
    NativeDef::method("__rpow__(self, value, mod=None, /)", complex_rpow, "Return pow(value, self, mod)."),
    NativeDef::method("__neg__(self, /)", complex_neg, "-self"),
    NativeDef::method("__pos__(self, /)", complex_pos, "+self"),
    NativeDef::method("__abs__(self, /)", complex_abs, "abs(self)"),
    NativeDef::method("__bool__(self, /)", complex_bool, "True if self else False"),
    NativeDef::class_method(
        "from_number(cls, number, /)",
        complex_from_number,
        "Convert number to a complex floating-point number.",
    ),
    NativeDef::method(
        "conjugate(self, /)",
        complex_conjugate,
        "Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.",
    ),
    NativeDef::method("__complex__(self, /)", complex_pos, "Convert this value to exact type complex."),
    NativeDef::method("__getnewargs__(self, /)", complex_getnewargs, ""),
    NativeDef::method(
        "__format__(self, format_spec, /)",
        complex_format,
        "Convert to a string according to format_spec.",
    ),
    NativeDef::getter("real", get_real, "the real part of a complex number").as_member(),
    NativeDef::getter("imag", get_imag, "the imaginary part of a complex number").as_member(),
];

/// Adds the methods of `complex`.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(Builtin::Complex);
    cx.add_methods(class, METHODS)
}
