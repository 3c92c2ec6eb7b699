//! The class `Context`.

use super::context::{self, *};
use super::convert::{from_float_argument, from_object, operand_or_error};
use super::methods::*;
use super::number::Num;
use super::object::{DecimalObject, new_decimal};
use super::{arith, methods};
use ferropy_vm::class::flags;
use ferropy_vm::{Args, NativeDef, R, Thread, TypeDef, Value};

pub static CONTEXT: TypeDef =
    TypeDef::new::<ContextObject>("decimal.Context", METHODS, DOC).flags(flags::IMMUTABLE | flags::BASE);

const DOC: &str = "Precision, rounding, limits of exponents, and which signals are traps. What is not given is taken from\n\
DefaultContext; flags and traps are lists of signals, or dicts from every signal to its state.";

macro_rules! method {
    ($sig:literal $f:path, $doc:literal) => {
        NativeDef::method($sig, $f, $doc)
    };
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", context_new, "Create and return a new object."),
    method!(
        "__init__(self, /, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)"
        context_init, "Initialize self."
    ),
    method!("__repr__(self, /)" context_repr, "Return repr(self)."),
    method!("abs(self, x, /)" abs, "The absolute value, rounded."),
    method!("exp(self, x, /)" context_exp, "e to the power of x."),
    method!("ln(self, x, /)" context_ln, "The natural logarithm."),
    method!("log10(self, x, /)" context_log10, "The decimal logarithm."),
    method!("minus(self, x, /)" minus, "-x, rounded."),
    method!("next_minus(self, x, /)" context_next_minus, "The greatest number that is less."),
    method!("next_plus(self, x, /)" context_next_plus, "The least number that is greater."),
    method!("normalize(self, x, /)" context_normalize, "Round and strip trailing zeros."),
    method!("plus(self, x, /)" plus, "+x, rounded."),
    method!("to_integral(self, x, /)" context_to_integral_value, "The same as to_integral_value."),
    method!("to_integral_exact(self, x, /)" context_to_integral_exact, "Round to an integer, with signals."),
    method!("to_integral_value(self, x, /)" context_to_integral_value, "Round to an integer, without signals."),
    method!("sqrt(self, x, /)" context_sqrt, "The square root."),
    method!("add(self, x, y, /)" add, "x + y"),
    method!("compare(self, x, y, /)" context_compare, "-1, 0 or 1 for less, equal or greater; NaN if an operand is."),
    method!("compare_signal(self, x, y, /)" context_compare_signal, "Like compare, but every NaN signals."),
    method!("divide(self, x, y, /)" divide, "x / y"),
    method!("divide_int(self, x, y, /)" divide_int, "The integer part of x / y."),
    method!("divmod(self, x, y, /)" context_divmod, "The integer part of the quotient, and the remainder."),
    method!("max(self, x, y, /)" context_max, "The greater number."),
    method!("max_mag(self, x, y, /)" context_max_mag, "The number of greater absolute value."),
    method!("min(self, x, y, /)" context_min, "The lesser number."),
    method!("min_mag(self, x, y, /)" context_min_mag, "The number of lesser absolute value."),
    method!("multiply(self, x, y, /)" multiply, "x * y"),
    method!("next_toward(self, x, y, /)" context_next_toward, "The neighbour of x in the direction of y."),
    method!("quantize(self, x, y, /)" context_quantize, "x with the exponent of y."),
    method!("remainder(self, x, y, /)" remainder, "The remainder of x / y, with the sign of x."),
    method!("remainder_near(self, x, y, /)" context_remainder_near, "The remainder for the nearest integer quotient."),
    method!("subtract(self, x, y, /)" subtract, "x - y"),
    method!("power(self, /, a, b, modulo=None)" context_power, "a ** b, modulo an integer if there is one."),
    method!("fma(self, x, y, z, /)" context_fma, "x * y + z, rounded once."),
    method!("Etiny(self, /)" etiny, "The exponent of the smallest subnormal."),
    method!("Etop(self, /)" etop, "The greatest exponent of a number with all digits of the precision."),
    method!("radix(self, /)" methods::radix, "Decimal(10)"),
    method!("is_canonical(self, x, /)" is_canonical, "True: every Decimal is canonical."),
    method!("is_finite(self, x, /)" context_is_finite, "Is x neither infinite nor NaN?"),
    method!("is_infinite(self, x, /)" context_is_infinite, "Is x infinite?"),
    method!("is_nan(self, x, /)" context_is_nan, "Is x a NaN?"),
    method!("is_normal(self, x, /)" context_is_normal, "Is x finite, not zero, and not subnormal?"),
    method!("is_qnan(self, x, /)" context_is_qnan, "Is x a quiet NaN?"),
    method!("is_signed(self, x, /)" context_is_signed, "Has x a negative sign?"),
    method!("is_snan(self, x, /)" context_is_snan, "Is x a signaling NaN?"),
    method!("is_subnormal(self, x, /)" context_is_subnormal, "Is x subnormal?"),
    method!("is_zero(self, x, /)" context_is_zero, "Is x a zero?"),
    method!("_apply(self, object, /)" apply, ""),
    method!("canonical(self, x, /)" canonical, "Return x."),
    method!("copy_abs(self, x, /)" context_copy_abs, "The absolute value, not rounded."),
    method!("copy_decimal(self, x, /)" copy_decimal, "x as a Decimal, not rounded."),
    method!("copy_negate(self, x, /)" context_copy_negate, "x with the other sign, not rounded."),
    method!("logb(self, x, /)" context_logb, "The adjusted exponent as a Decimal."),
    method!("logical_invert(self, x, /)" context_logical_invert, "Invert all digits."),
    method!("number_class(self, x, /)" context_number_class, "The name of the number's class."),
    method!("to_sci_string(self, x, /)" context_to_sci_string, "Text in scientific notation."),
    method!("to_eng_string(self, x, /)" context_to_eng_string, "Text in engineering notation."),
    method!("compare_total(self, x, y, /)" context_compare_total, "Order by representation."),
    method!("compare_total_mag(self, x, y, /)" context_compare_total_mag, "Order by representation, without the signs."),
    method!("copy_sign(self, x, y, /)" context_copy_sign, "x with the sign of y."),
    method!("logical_and(self, x, y, /)" context_logical_and, "Digit-wise 'and'."),
    method!("logical_or(self, x, y, /)" context_logical_or, "Digit-wise 'or'."),
    method!("logical_xor(self, x, y, /)" context_logical_xor, "Digit-wise 'exclusive or'."),
    method!("rotate(self, x, y, /)" context_rotate, "Rotate the digits of x by y places."),
    method!("same_quantum(self, x, y, /)" context_same_quantum, "Have both the same exponent?"),
    method!("scaleb(self, x, y, /)" context_scaleb, "Add y to the exponent of x."),
    method!("shift(self, x, y, /)" context_shift, "Shift the digits of x by y places."),
    method!("clear_flags(self, /)" clear_flags, "Reset all flags."),
    method!("clear_traps(self, /)" clear_traps, "Reset all traps."),
    method!("__copy__(self, /)" copy, ""),
    method!("__reduce__(self, /)" context_reduce, ""),
    method!("copy(self, /)" copy, "A context with the same settings, flags and traps."),
    method!(
        "create_decimal(self, num=\"0\", /)" create_decimal,
        "A Decimal from what the constructor takes, rounded to this context. Blanks and underscores are not allowed in a str."
    ),
    method!("create_decimal_from_float(self, f, /)" create_decimal_from_float, "A Decimal from a float or int, rounded to this context."),
    attributes::PREC,
    attributes::EMAX,
    attributes::EMIN,
    attributes::ROUNDING,
    attributes::CAPITALS,
    attributes::CLAMP,
    attributes::FLAGS,
    attributes::TRAPS,
];

macro_rules! unary {
    ($($name:ident $f:path;)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            context_unary(cx, a, $f)
        })*
    };
}
macro_rules! binary {
    ($($name:ident $f:path;)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            context_binary(cx, a, $f)
        })*
    };
}
unary! {
    abs arith::abs;
    minus arith::minus;
    plus arith::plus;
}
binary! {
    add arith::add;
    subtract arith::sub;
    multiply arith::mul;
    divide arith::div;
    divide_int arith::div_int;
    remainder arith::rem;
}

fn etiny(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    cx.int(c.env.get().etiny())
}
fn etop(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    cx.int(c.env.get().etop())
}

fn expect_decimal(cx: &mut Thread, v: Value) -> R {
    match v.cast::<DecimalObject>() {
        Some(_) => Ok(v),
        None => Err(cx.type_error("argument must be a Decimal")),
    }
}
fn is_canonical(cx: &mut Thread, a: Args<'_>) -> R {
    expect_decimal(cx, a[1])?;
    Ok(Value::TRUE)
}
fn canonical(cx: &mut Thread, a: Args<'_>) -> R {
    expect_decimal(cx, a[1])
}
fn copy_decimal(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<DecimalObject>().is_some() {
        return Ok(a[1]);
    }
    let n = operand_or_error(cx, a[1])?;
    new_decimal(cx, &n)
}
fn apply(cx: &mut Thread, a: Args<'_>) -> R {
    context_unary(cx, a, |x, env, status| x.clone().fit(env, status))
}

fn create_decimal(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let n = match a.opt(1) {
        Some(v) => from_object(cx, v, false, &c)?,
        None => Num::small(false, 0, 0),
    };
    new_decimal(cx, &n)
}
fn create_decimal_from_float(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let n = from_float_argument(cx, a[1])?;
    run1(cx, c, &n, |x, env, status| x.clone().fit(env, status))
}

fn clear_flags(cx: &mut Thread, a: Args<'_>) -> R {
    context::this(cx, a[0])?.status.set(0);
    Ok(Value::NONE)
}
fn clear_traps(cx: &mut Thread, a: Args<'_>) -> R {
    context::this(cx, a[0])?.traps.set(0);
    Ok(Value::NONE)
}
fn copy(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    Ok(copied(cx, c)?.value())
}
