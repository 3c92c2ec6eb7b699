//! Operations that are methods both of `Decimal` and of `Context`, in pairs.
//!
//! A method of `Decimal` takes the context as an optional last argument, a method of `Context` takes numbers only.

use super::context::{self, ContextObject};
use super::convert::{operand, operand_or_error};
use super::current::{context_or_current, current};
use super::number::*;
use super::object::{as_decimal, new_decimal};
use super::text::{Style, write};
use super::{arith, compare, elementary, integral, logical, power};
use ferropy_vm::{Args, Gc, R, Thread, Value};

pub type Unary = fn(&Num, &Env, &mut Status) -> Num;

/// The number that a method of Decimal is called on.
#[inline(always)]
pub fn this(cx: &mut Thread, v: Value) -> R<Num> {
    match as_decimal(v) {
        Some(n) => Ok(n),
        None => Err(cx.type_error("a Decimal is required")),
    }
}

/// The result of an operation as an object, its conditions reported.
#[inline(always)]
pub fn finish(cx: &mut Thread, c: Gc<ContextObject>, n: &Num, status: Status) -> R {
    c.report(cx, status)?;
    new_decimal(cx, n)
}

#[inline(always)]
pub fn run1(cx: &mut Thread, c: Gc<ContextObject>, a: &Num, f: impl Fn(&Num, &Env, &mut Status) -> Num) -> R {
    let mut status = 0;
    let n = f(a, &c.env.get(), &mut status);
    finish(cx, c, &n, status)
}

#[inline(always)]
pub fn run2(
    cx: &mut Thread,
    c: Gc<ContextObject>,
    a: &Num,
    b: &Num,
    f: impl Fn(&Num, &Num, &Env, &mut Status) -> Num,
) -> R {
    let mut status = 0;
    let n = f(a, b, &c.env.get(), &mut status);
    finish(cx, c, &n, status)
}

/// An operator: NotImplemented for operands that are neither Decimals nor ints.
#[inline(always)]
pub fn operator(cx: &mut Thread, a: Value, b: Value, f: impl Fn(&Num, &Num, &Env, &mut Status) -> Num) -> R {
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(Value::NOT_IMPLEMENTED) };
    let c = current(cx)?;
    run2(cx, c, &x, &y, f)
}

/// A unary operator.
pub fn unary_operator(cx: &mut Thread, a: Args<'_>, f: Unary) -> R {
    let x = this(cx, a[0])?;
    let c = current(cx)?;
    run1(cx, c, &x, f)
}

macro_rules! unary_pairs {
    ($($of_decimal:ident $of_context:ident $f:path;)*) => {
        $(
            pub fn $of_decimal(cx: &mut Thread, a: Args<'_>) -> R {
                let c = context_or_current(cx, a.some(1))?;
                let x = this(cx, a[0])?;
                run1(cx, c, &x, $f)
            }
            pub fn $of_context(cx: &mut Thread, a: Args<'_>) -> R {
                context_unary(cx, a, $f)
            }
        )*
    };
}

macro_rules! binary_pairs {
    ($($of_decimal:ident $of_context:ident $f:path;)*) => {
        $(
            pub fn $of_decimal(cx: &mut Thread, a: Args<'_>) -> R {
                let c = context_or_current(cx, a.some(2))?;
                let x = this(cx, a[0])?;
                let y = operand_or_error(cx, a[1])?;
                run2(cx, c, &x, &y, $f)
            }
            pub fn $of_context(cx: &mut Thread, a: Args<'_>) -> R {
                context_binary(cx, a, $f)
            }
        )*
    };
}

/// A method of Context with one operand.
pub fn context_unary(cx: &mut Thread, a: Args<'_>, f: impl Fn(&Num, &Env, &mut Status) -> Num) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    run1(cx, c, &x, f)
}

/// A method of Context with two operands.
#[inline(always)]
pub fn context_binary(cx: &mut Thread, a: Args<'_>, f: impl Fn(&Num, &Num, &Env, &mut Status) -> Num) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    let y = operand_or_error(cx, a[2])?;
    run2(cx, c, &x, &y, f)
}

unary_pairs! {
    exp context_exp elementary::exp;
    ln context_ln elementary::ln;
    log10 context_log10 elementary::log10;
    sqrt context_sqrt elementary::sqrt;
    next_minus context_next_minus integral::next_minus;
    next_plus context_next_plus integral::next_plus;
    normalize context_normalize integral::reduce;
    logb context_logb integral::logb;
    logical_invert context_logical_invert logical::invert;
}

binary_pairs! {
    compare context_compare compare::compare;
    compare_signal context_compare_signal compare::compare_signal;
    compare_total context_compare_total without_context::compare_total;
    compare_total_mag context_compare_total_mag without_context::compare_total_mag;
    copy_sign context_copy_sign without_context::copy_sign;
    max context_max compare::max;
    max_mag context_max_mag compare::max_mag;
    min context_min compare::min;
    min_mag context_min_mag compare::min_mag;
    next_toward context_next_toward integral::next_toward;
    remainder_near context_remainder_near arith::rem_near;
    logical_and context_logical_and logical::and;
    logical_or context_logical_or logical::or;
    logical_xor context_logical_xor logical::xor;
    rotate context_rotate logical::rotate;
    scaleb context_scaleb integral::scaleb;
    shift context_shift logical::shift;
}

/// Operations that depend on no context, in the form of those that do.
mod without_context {
    use super::*;

    pub fn compare_total(a: &Num, b: &Num, _: &Env, _: &mut Status) -> Num {
        compare::compare_total(a, b)
    }
    pub fn compare_total_mag(a: &Num, b: &Num, _: &Env, _: &mut Status) -> Num {
        compare::compare_total_mag(a, b)
    }
    pub fn copy_sign(a: &Num, b: &Num, _: &Env, _: &mut Status) -> Num {
        a.clone().with_sign(b.neg)
    }
}

// ---- those that do not fit the scheme

/// A context's settings with another rounding mode, if one is given.
fn with_rounding(cx: &mut Thread, c: Gc<ContextObject>, round: Option<Value>) -> R<Env> {
    let env = c.env.get();
    Ok(match round {
        Some(v) => env.rounding(context::rounding(cx, v)?),
        None => env,
    })
}

#[inline]
pub fn quantize(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context_or_current(cx, a.some(3))?;
    let env = with_rounding(cx, c, a.some(2))?;
    let x = this(cx, a[0])?;
    let y = operand_or_error(cx, a[1])?;
    let mut status = 0;
    let n = integral::quantize(&x, &y, &env, &mut status);
    finish(cx, c, &n, status)
}
pub fn context_quantize(cx: &mut Thread, a: Args<'_>) -> R {
    context_binary(cx, a, integral::quantize)
}

fn integral_of(cx: &mut Thread, a: Args<'_>, f: Unary) -> R {
    let c = context_or_current(cx, a.some(2))?;
    let env = with_rounding(cx, c, a.some(1))?;
    let x = this(cx, a[0])?;
    run1(cx, c, &x, |x, _, status| f(x, &env, status))
}
pub fn to_integral_value(cx: &mut Thread, a: Args<'_>) -> R {
    integral_of(cx, a, integral::to_integral)
}
pub fn to_integral_exact(cx: &mut Thread, a: Args<'_>) -> R {
    integral_of(cx, a, integral::to_integral_exact)
}
pub fn context_to_integral_value(cx: &mut Thread, a: Args<'_>) -> R {
    context_unary(cx, a, integral::to_integral)
}
pub fn context_to_integral_exact(cx: &mut Thread, a: Args<'_>) -> R {
    context_unary(cx, a, integral::to_integral_exact)
}

fn fused(cx: &mut Thread, c: Gc<ContextObject>, args: [Value; 3]) -> R {
    let x = operand_or_error(cx, args[0])?;
    let y = operand_or_error(cx, args[1])?;
    let z = operand_or_error(cx, args[2])?;
    let mut status = 0;
    let n = arith::fma(&x, &y, &z, &c.env.get(), &mut status);
    finish(cx, c, &n, status)
}
pub fn fma(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context_or_current(cx, a.some(3))?;
    fused(cx, c, [a[0], a[1], a[2]])
}
pub fn context_fma(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    fused(cx, c, [a[1], a[2], a[3]])
}

/// A power, modulo a number if there is one.
pub fn power_of(cx: &mut Thread, c: Gc<ContextObject>, x: &Num, y: &Num, m: Option<&Num>) -> R {
    let mut status = 0;
    let env = c.env.get();
    let n = match m {
        Some(m) => power::pow_mod(x, y, m, &env, &mut status),
        None => power::pow(x, y, &env, &mut status),
    };
    finish(cx, c, &n, status)
}
pub fn context_power(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    let y = operand_or_error(cx, a[2])?;
    let m = match a.some(3) {
        Some(m) => Some(operand_or_error(cx, m)?),
        None => None,
    };
    power_of(cx, c, &x, &y, m.as_ref())
}

/// Quotient and remainder as a tuple.
pub fn div_mod(cx: &mut Thread, c: Gc<ContextObject>, x: &Num, y: &Num) -> R {
    let mut status = 0;
    let (q, r) = arith::div_mod(x, y, &c.env.get(), &mut status);
    c.report(cx, status)?;
    let (q, r) = (new_decimal(cx, &q)?, new_decimal(cx, &r)?);
    Ok(cx.new_tuple(&[q, r])?.value())
}
pub fn context_divmod(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    let y = operand_or_error(cx, a[2])?;
    div_mod(cx, c, &x, &y)
}

pub fn same_quantum(cx: &mut Thread, a: Args<'_>) -> R {
    context_or_current(cx, a.some(2))?;
    let x = this(cx, a[0])?;
    let y = operand_or_error(cx, a[1])?;
    Ok(Value::bool(compare::same_quantum(&x, &y)))
}
pub fn context_same_quantum(cx: &mut Thread, a: Args<'_>) -> R {
    let x = operand_or_error(cx, a[1])?;
    let y = operand_or_error(cx, a[2])?;
    Ok(Value::bool(compare::same_quantum(&x, &y)))
}

pub fn number_class(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context_or_current(cx, a.some(1))?;
    let x = this(cx, a[0])?;
    Ok(cx.new_str(compare::number_class(&x, &c.env.get()))?.value())
}
pub fn context_number_class(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    Ok(cx.new_str(compare::number_class(&x, &c.env.get()))?.value())
}

/// The text in a style, which always has a moderate length.
pub fn text(cx: &mut Thread, n: &Num, style: Style, c: Gc<ContextObject>) -> R {
    let text = write(n, style, c.capitals.get(), None).unwrap_or_default();
    Ok(cx.new_str_counted(&text, text.len())?.value())
}
pub fn to_eng_string(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context_or_current(cx, a.some(1))?;
    let x = this(cx, a[0])?;
    text(cx, &x, Style::Engineering, c)
}
pub fn context_to_eng_string(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    text(cx, &x, Style::Engineering, c)
}
pub fn context_to_sci_string(cx: &mut Thread, a: Args<'_>) -> R {
    let c = context::this(cx, a[0])?;
    let x = operand_or_error(cx, a[1])?;
    text(cx, &x, Style::Scientific, c)
}

macro_rules! tests {
    ($($of_decimal:ident $of_context:ident $f:expr;)*) => {
        $(
            pub fn $of_decimal(cx: &mut Thread, a: Args<'_>) -> R {
                let x = this(cx, a[0])?;
                Ok(Value::bool($f(&x)))
            }
            pub fn $of_context(cx: &mut Thread, a: Args<'_>) -> R {
                let x = operand_or_error(cx, a[1])?;
                Ok(Value::bool($f(&x)))
            }
        )*
    };
}

tests! {
    is_finite context_is_finite Num::is_finite;
    is_infinite context_is_infinite Num::is_infinite;
    is_nan context_is_nan Num::is_nan;
    is_qnan context_is_qnan Num::is_qnan;
    is_snan context_is_snan Num::is_snan;
    is_zero context_is_zero Num::is_zero;
    is_signed context_is_signed |n: &Num| n.neg;
}

macro_rules! tests_in_context {
    ($($of_decimal:ident $of_context:ident $f:path;)*) => {
        $(
            pub fn $of_decimal(cx: &mut Thread, a: Args<'_>) -> R {
                let c = context_or_current(cx, a.some(1))?;
                let x = this(cx, a[0])?;
                Ok(Value::bool($f(&x, &c.env.get())))
            }
            pub fn $of_context(cx: &mut Thread, a: Args<'_>) -> R {
                let c = context::this(cx, a[0])?;
                let x = operand_or_error(cx, a[1])?;
                Ok(Value::bool($f(&x, &c.env.get())))
            }
        )*
    };
}

tests_in_context! {
    is_normal context_is_normal Num::is_normal;
    is_subnormal context_is_subnormal Num::is_subnormal;
}

/// Without its sign, or with the other one; never rounded.
fn with_sign(cx: &mut Thread, n: Num, neg: bool) -> R {
    new_decimal(cx, &n.with_sign(neg))
}
pub fn copy_abs(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    with_sign(cx, n, false)
}
pub fn copy_negate(cx: &mut Thread, a: Args<'_>) -> R {
    let n = this(cx, a[0])?;
    let neg = !n.neg;
    with_sign(cx, n, neg)
}
pub fn context_copy_abs(cx: &mut Thread, a: Args<'_>) -> R {
    let n = operand_or_error(cx, a[1])?;
    with_sign(cx, n, false)
}
pub fn context_copy_negate(cx: &mut Thread, a: Args<'_>) -> R {
    let n = operand_or_error(cx, a[1])?;
    let neg = !n.neg;
    with_sign(cx, n, neg)
}

pub fn radix(cx: &mut Thread, _: Args<'_>) -> R {
    new_decimal(cx, &Num::from_i64(10))
}
