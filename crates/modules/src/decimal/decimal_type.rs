//! The class `Decimal`.

use super::context::machine_int;
use super::convert::{self, from_float_argument, from_object, to_float, to_int};
use super::current::{context_or_current, current};
use super::integral::quantize_to;
use super::methods::{self, *};
use super::number::*;
use super::object::{DecimalObject, new_decimal, new_decimal_of};
use super::text::{Style, scientific};
use super::{arith, compare, spec};
use ferropy_vm::class::flags;
use ferropy_vm::types::Class;
use ferropy_vm::{Args, CmpOp, HeapObject, NativeDef, R, Thread, TypeDef, Value};
use std::cmp::Ordering;

pub static DECIMAL: TypeDef =
    TypeDef::new::<DecimalObject>("decimal.Decimal", METHODS, DOC).flags(flags::IMMUTABLE | flags::BASE);

const DOC: &str = "A decimal number, made from a str, an int, a float, a (sign, digits, exponent) tuple or another Decimal.\n\
The conversion is exact. A context only tells whether what is no number raises InvalidOperation or gives NaN.";

macro_rules! method {
    ($sig:literal $f:path, $doc:literal) => {
        NativeDef::method($sig, $f, $doc)
    };
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, value=\"0\", context=None)", decimal_new, "Create and return a new object."),
    method!("__repr__(self, /)" repr, "Return repr(self)."),
    method!("__hash__(self, /)" hash, "Return hash(self)."),
    method!("__str__(self, /)" str, "Return str(self)."),
    method!("__lt__(self, value, /)" lt, "Return self<value."),
    method!("__le__(self, value, /)" le, "Return self<=value."),
    method!("__eq__(self, value, /)" eq, "Return self==value."),
    method!("__ne__(self, value, /)" ne, "Return self!=value."),
    method!("__gt__(self, value, /)" gt, "Return self>value."),
    method!("__ge__(self, value, /)" ge, "Return self>=value."),
    method!("__add__(self, value, /)" add, "Return self+value."),
    method!("__radd__(self, value, /)" radd, "Return value+self."),
    method!("__sub__(self, value, /)" sub, "Return self-value."),
    method!("__rsub__(self, value, /)" rsub, "Return value-self."),
    method!("__mul__(self, value, /)" mul, "Return self*value."),
    method!("__rmul__(self, value, /)" rmul, "Return value*self."),
    method!("__mod__(self, value, /)" rem, "Return self%value."),
    method!("__rmod__(self, value, /)" rrem, "Return value%self."),
    method!("__divmod__(self, value, /)" divmod, "Return divmod(self, value)."),
    method!("__rdivmod__(self, value, /)" rdivmod, "Return divmod(value, self)."),
    method!("__pow__(self, value, mod=None, /)" pow, "Return pow(self, value, mod)."),
    method!("__rpow__(self, value, mod=None, /)" rpow, "Return pow(value, self, mod)."),
    method!("__neg__(self, /)" neg, "-self"),
    method!("__pos__(self, /)" pos, "+self"),
    method!("__abs__(self, /)" abs, "abs(self)"),
    method!("__bool__(self, /)" bool_, "True if self else False"),
    method!("__int__(self, /)" trunc, "int(self)"),
    method!("__float__(self, /)" float, "float(self)"),
    method!("__floordiv__(self, value, /)" floordiv, "Return self//value."),
    method!("__rfloordiv__(self, value, /)" rfloordiv, "Return value//self."),
    method!("__truediv__(self, value, /)" truediv, "Return self/value."),
    method!("__rtruediv__(self, value, /)" rtruediv, "Return value/self."),
    method!("exp(self, /, context=None)" exp, "e to the power of self, correctly rounded half to even."),
    method!("ln(self, /, context=None)" ln, "The natural logarithm, correctly rounded half to even."),
    method!("log10(self, /, context=None)" log10, "The decimal logarithm, correctly rounded half to even."),
    method!("next_minus(self, /, context=None)" next_minus, "The greatest number of the context that is less than self."),
    method!("next_plus(self, /, context=None)" next_plus, "The least number of the context that is greater than self."),
    method!("normalize(self, /, context=None)" normalize, "Round to the context and strip trailing zeros; zero becomes 0E+0."),
    method!("to_integral(self, /, rounding=None, context=None)" to_integral_value, "The same as to_integral_value."),
    method!(
        "to_integral_exact(self, /, rounding=None, context=None)" to_integral_exact,
        "Round to an integer, and signal Inexact or Rounded where that applies."
    ),
    method!(
        "to_integral_value(self, /, rounding=None, context=None)" to_integral_value,
        "Round to an integer without signaling Inexact or Rounded."
    ),
    method!("sqrt(self, /, context=None)" sqrt, "The square root, correctly rounded half to even."),
    method!("compare(self, /, other, context=None)" methods::compare, "-1, 0 or 1 for less, equal or greater; NaN if an operand is."),
    method!("compare_signal(self, /, other, context=None)" compare_signal, "Like compare, but every NaN signals."),
    method!("max(self, /, other, context=None)" max, "The greater of two numbers; a single quiet NaN is ignored."),
    method!("max_mag(self, /, other, context=None)" max_mag, "Like max, by absolute value."),
    method!("min(self, /, other, context=None)" min, "The lesser of two numbers; a single quiet NaN is ignored."),
    method!("min_mag(self, /, other, context=None)" min_mag, "Like min, by absolute value."),
    method!("next_toward(self, /, other, context=None)" next_toward, "The neighbour of self in the direction of other."),
    method!(
        "quantize(self, /, exp, rounding=None, context=None)" quantize,
        "The number with the exponent of exp that is nearest to self. It is invalid if it has more digits than the precision."
    ),
    method!(
        "remainder_near(self, /, other, context=None)" remainder_near,
        "self - n * other for the integer n nearest to the exact quotient, the even one of two."
    ),
    method!("fma(self, /, other, third, context=None)" fma, "self * other + third, rounded once."),
    method!("is_canonical(self, /)" is_canonical, "True: every Decimal is canonical."),
    method!("is_finite(self, /)" is_finite, "Is it neither infinite nor NaN?"),
    method!("is_infinite(self, /)" is_infinite, "Is it positive or negative infinity?"),
    method!("is_nan(self, /)" is_nan, "Is it a quiet or signaling NaN?"),
    method!("is_qnan(self, /)" is_qnan, "Is it a quiet NaN?"),
    method!("is_snan(self, /)" is_snan, "Is it a signaling NaN?"),
    method!("is_signed(self, /)" is_signed, "Has it a negative sign? Zeros and NaNs have signs too."),
    method!("is_zero(self, /)" is_zero, "Is it a zero?"),
    method!("is_normal(self, /, context=None)" is_normal, "Is it finite, not zero, and not subnormal?"),
    method!("is_subnormal(self, /, context=None)" is_subnormal, "Is it not zero and its adjusted exponent below Emin?"),
    method!("adjusted(self, /)" adjusted, "The exponent of the first digit; 0 for special numbers."),
    method!("canonical(self, /)" itself, "Return self."),
    method!("conjugate(self, /)" itself, "Return self."),
    method!("radix(self, /)" radix, "Decimal(10), the base of all this."),
    method!("copy_abs(self, /)" copy_abs, "The absolute value, without rounding or signals."),
    method!("copy_negate(self, /)" copy_negate, "The number with the other sign, without rounding or signals."),
    method!("logb(self, /, context=None)" logb, "The adjusted exponent as a Decimal."),
    method!("logical_invert(self, /, context=None)" logical_invert, "Invert the digits, zeros and ones, of the whole precision."),
    method!("number_class(self, /, context=None)" number_class, "The name of the number's class, such as '+Normal' or 'sNaN'."),
    method!("to_eng_string(self, /, context=None)" to_eng_string, "Text in engineering notation."),
    method!("compare_total(self, /, other, context=None)" compare_total, "-1, 0 or 1 by the total order of representations."),
    method!("compare_total_mag(self, /, other, context=None)" compare_total_mag, "Like compare_total, without the signs."),
    method!("copy_sign(self, /, other, context=None)" copy_sign, "The number with the sign of other."),
    method!("same_quantum(self, /, other, context=None)" same_quantum, "Have both the same exponent, or are both NaN or infinite?"),
    method!("logical_and(self, /, other, context=None)" logical_and, "Digit-wise 'and' of numbers made of zeros and ones."),
    method!("logical_or(self, /, other, context=None)" logical_or, "Digit-wise 'or' of numbers made of zeros and ones."),
    method!("logical_xor(self, /, other, context=None)" logical_xor, "Digit-wise 'exclusive or' of numbers made of zeros and ones."),
    method!("rotate(self, /, other, context=None)" rotate, "Rotate the digits by other places, to the left if that is positive."),
    method!("scaleb(self, /, other, context=None)" scaleb, "Add other to the exponent."),
    method!("shift(self, /, other, context=None)" shift, "Shift the digits by other places, to the left if that is positive."),
    NativeDef::class_method("from_float(cls, f, /)", decimal_from_float, "The exact value of a float or int."),
    NativeDef::class_method(
        "from_number(cls, number, /)",
        decimal_from_number,
        "The exact value of an int, float or Decimal.",
    ),
    method!("as_tuple(self, /)" as_tuple, "Sign, digits and exponent as a DecimalTuple."),
    method!("as_integer_ratio(self, /)" as_integer_ratio, "Numerator and positive denominator, ints in lowest terms."),
    method!("__copy__(self, /)" itself, ""),
    method!("__deepcopy__(self, memo, /)" itself, ""),
    method!("__format__(self, fmtspec, override=<unrepresentable>, /)" format, "Formats the Decimal according to fmtspec."),
    method!("__reduce__(self, /)" reduce, "Return state information for pickling."),
    method!("__round__(self, ndigits=<unrepresentable>, /)" round, "Return the Integral closest to self, or round to ndigits digits."),
    method!("__ceil__(self, /)" ceil, "Return the ceiling as an Integral."),
    method!("__floor__(self, /)" floor, "Return the floor as an Integral."),
    method!("__trunc__(self, /)" trunc, "Return the Integral closest to self between 0 and self."),
    method!("__complex__(self, /)" complex, "Convert this value to exact type complex."),
    method!("__sizeof__(self, /)" sizeof, "Returns size in memory, in bytes"),
    NativeDef::getter("real", itself, ""),
    NativeDef::getter("imag", imag, ""),
];

// ---- making

fn decimal_new(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context_or_current(cx, a.some(2))?;
    let Some(class) = a[0].cast::<Class>().filter(|c| c.kind.get() == DecimalObject::kind()) else {
        return Err(cx.type_error("Decimal.__new__(X): X is not a subtype of decimal.Decimal"));
    };
    let Some(v) = a.opt(1) else { return new_decimal_of(cx, class, &Num::small(false, 0, 0)) };
    if v.cast::<DecimalObject>().is_some() && is_exact(cx, v)? && class == cx.native_class(&DECIMAL)? {
        return Ok(v);
    }
    let n = from_object(cx, v, true, &c)?;
    new_decimal_of(cx, class, &n)
}

/// Is it a Decimal, and of no subclass?
fn is_exact(cx: &mut Thread, v: Value) -> R<bool> {
    Ok(cx.class_of(v) == cx.native_class(&DECIMAL)?)
}

/// An instance of the class: of a subclass by calling that.
fn instance(cx: &mut Thread, class: Value, v: Value) -> R {
    if cx.native_class(&DECIMAL)?.value() == class { Ok(v) } else { cx.call(class, &[v]) }
}

fn decimal_from_float(cx: &mut Thread, a: Args<'_>) -> R {
    let n = from_float_argument(cx, a[1])?;
    let v = new_decimal(cx, &n)?;
    instance(cx, a[0], v)
}

fn decimal_from_number(cx: &mut Thread, a: Args<'_>) -> R {
    let v = a[1];
    let is_number = v.cast::<DecimalObject>().is_some() || v.is_any_int() || v.as_float().is_some();
    if !is_number {
        return Err(convert::unsupported(cx, v));
    }
    let c = current(cx)?;
    // Unlike the constructor it takes floats without a signal.
    let n = match v.as_float() {
        Some(x) => convert::from_float(x),
        None => from_object(cx, v, true, &c)?,
    };
    let v = if v.cast::<DecimalObject>().is_some() && is_exact(cx, v)? { v } else { new_decimal(cx, &n)? };
    instance(cx, a[0], v)
}

// ---- operators

macro_rules! operators {
    ($($name:ident $reflected:ident $f:path;)*) => {
        $(
            fn $name(cx: &mut Thread, a: Args<'_>) -> R {
                operator(cx, a[0], a[1], $f)
            }
            fn $reflected(cx: &mut Thread, a: Args<'_>) -> R {
                operator(cx, a[1], a[0], $f)
            }
        )*
    };
}

operators! {
    add radd arith::add;
    sub rsub arith::sub;
    mul rmul arith::mul;
    truediv rtruediv arith::div;
    floordiv rfloordiv arith::div_int;
    rem rrem arith::rem;
}

fn divided(cx: &mut Thread, a: Value, b: Value) -> R {
    let (Some(x), Some(y)) = (convert::operand(a), convert::operand(b)) else { return Ok(Value::NOT_IMPLEMENTED) };
    let c = current(cx)?;
    div_mod(cx, c, &x, &y)
}
fn divmod(cx: &mut Thread, a: Args<'_>) -> R {
    divided(cx, a[0], a[1])
}
fn rdivmod(cx: &mut Thread, a: Args<'_>) -> R {
    divided(cx, a[1], a[0])
}

fn raised(cx: &mut Thread, base: Value, exponent: Value, modulus: Option<Value>) -> R {
    let (Some(x), Some(y)) = (convert::operand(base), convert::operand(exponent)) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let m = modulus.map(convert::operand);
    if matches!(m, Some(None)) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let c = current(cx)?;
    power_of(cx, c, &x, &y, m.flatten().as_ref())
}
fn pow(cx: &mut Thread, a: Args<'_>) -> R {
    raised(cx, a[0], a[1], a.some(2))
}
fn rpow(cx: &mut Thread, a: Args<'_>) -> R {
    raised(cx, a[1], a[0], a.some(2))
}

fn neg(cx: &mut Thread, a: Args<'_>) -> R {
    unary_operator(cx, a, arith::minus)
}
fn pos(cx: &mut Thread, a: Args<'_>) -> R {
    unary_operator(cx, a, arith::plus)
}
fn abs(cx: &mut Thread, a: Args<'_>) -> R {
    unary_operator(cx, a, arith::abs)
}
fn bool_(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(!this(cx, a[0])?.is_zero()))
}

// ---- comparison

/// A NaN is unequal to everything, and has no order: that is invalid, as any comparison of a signaling one.
fn compared(cx: &mut Thread, a: Args<'_>, op: CmpOp) -> R {
    let x = this(cx, a[0])?;
    let c = current(cx)?;
    let equality = matches!(op, CmpOp::Eq | CmpOp::Ne);
    let (x, y) = match convert::operand(a[1]) {
        Some(y) => (x, y),
        None => match convert::comparable(cx, x, a[1], equality, &c)? {
            Some(pair) => pair,
            None => return Ok(Value::NOT_IMPLEMENTED),
        },
    };
    let Some(order) = compare::compare_numbers(&x, &y) else {
        if !equality || x.is_snan() || y.is_snan() {
            c.report(cx, INVALID_OPERATION)?;
        }
        return Ok(Value::bool(op == CmpOp::Ne));
    };
    Ok(Value::bool(match op {
        CmpOp::Eq => order == Ordering::Equal,
        CmpOp::Ne => order != Ordering::Equal,
        CmpOp::Lt => order == Ordering::Less,
        CmpOp::Le => order != Ordering::Greater,
        CmpOp::Gt => order == Ordering::Greater,
        CmpOp::Ge => order != Ordering::Less,
    }))
}

fn lt(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Lt)
}
fn le(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Le)
}
fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Eq)
}
fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Ne)
}
fn gt(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Gt)
}
fn ge(cx: &mut Thread, a: Args<'_>) -> R {
    compared(cx, a, CmpOp::Ge)
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    match convert::hash(cx, &n)? {
        Some(h) => cx.int(h),
        None => {
            let h = cx.identity_hash(a[0]);
            cx.int(h as i64)
        }
    }
}

// ---- text

fn str(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let c = current(cx)?;
    text(cx, &n, Style::Scientific, c)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let c = current(cx)?;
    let mut out = b"Decimal('".to_vec();
    out.extend(scientific(&n, c.capitals.get()));
    out.extend_from_slice(b"')");
    Ok(cx.new_str_counted(&out, out.len())?.value())
}

fn format(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let c = current(cx)?;
    spec::format(cx, &n, a[1], a.opt(2), &c)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let text = str(cx, a)?;
    let args = cx.new_tuple(&[text])?.value();
    let class = cx.class_of(a[0]).value();
    Ok(cx.new_tuple(&[class, args])?.value())
}

// ---- conversions

fn to_rounded_int(cx: &mut Thread, a: Args<'_>, round: Round) -> R {
    let n = this(cx, a[0])?;
    to_int(cx, &n, round)
}
fn trunc(cx: &mut Thread, a: Args<'_>) -> R {
    to_rounded_int(cx, a, Round::Down)
}
fn floor(cx: &mut Thread, a: Args<'_>) -> R {
    to_rounded_int(cx, a, Round::Floor)
}
fn ceil(cx: &mut Thread, a: Args<'_>) -> R {
    to_rounded_int(cx, a, Round::Ceiling)
}

fn round(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(v) = a.opt(1) else { return to_rounded_int(cx, a, Round::HalfEven) };
    let x = this(cx, a[0])?;
    if !v.is_any_int() {
        return Err(cx.type_error("optional arg must be an integer"));
    }
    let digits = machine_int(cx, v)?;
    let c = current(cx)?;
    run1(cx, c, &x, |x, env, status| match x.kind {
        Kind::Finite => quantize_to(x, digits.checked_neg().unwrap_or(i64::MAX), env, status),
        Kind::Infinite => Num::failed(INVALID_OPERATION, status),
        _ => super::fit::nan_of(&[x], env, status).unwrap_or_else(Num::nan),
    })
}

fn float(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let x = to_float(cx, &n)?;
    cx.float(x)
}

fn complex(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let x = to_float(cx, &n)?;
    cx.complex(x, 0.0)
}

fn as_tuple(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    convert::to_decimal_tuple(cx, &n)
}

fn as_integer_ratio(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    convert::to_ratio(cx, &n)
}

fn adjusted(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    cx.int(if n.is_special() { 0 } else { n.adjusted() })
}

fn itself(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn imag(cx: &mut Thread, _: Args<'_>) -> R {
    new_decimal(cx, &Num::small(false, 0, 0))
}

fn is_canonical(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::TRUE)
}

fn sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let bytes = a[0].as_ref().map_or(0, |r| r.cell_size());
    cx.int(bytes as i64)
}
