//! `math`.
//!
//! Rules of errors: a NaN that no argument explains is a domain error (ValueError); an infinity out of finite arguments is a
//! range error (OverflowError) where the function can overflow, else a domain error. Terms: *C* functions are those of
//! the platform's library, which Rust's standard library does not offer.

mod integers;
mod sums;

use dashu_int::IBig;
use ferropy_text::{float as tfloat, int as tint};
use ferropy_vm::{Args, BinOp, Builtin, N, NativeDef, R, Thread, Value};

unsafe extern "C" {
    safe fn erf(x: f64) -> f64;
    safe fn erfc(x: f64) -> f64;
    safe fn tgamma(x: f64) -> f64;
    fn lgamma_r(x: f64, sign: *mut i32) -> f64;
    safe fn ldexp(x: f64, e: i32) -> f64;
    fn frexp(x: f64, e: *mut i32) -> f64;
    safe fn remainder(x: f64, y: f64) -> f64;
    safe fn nextafter(x: f64, y: f64) -> f64;
    safe fn exp2(x: f64) -> f64;
}

/// Mantissa in [0.5, 1) and exponent.
pub(crate) fn split(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let mut e = 0;
    // SAFETY: writes one int.
    let m = unsafe { frexp(x, &mut e) };
    (m, e)
}

/// `x * 2**e`.
pub(crate) fn scaled(x: f64, e: i32) -> f64 {
    ldexp(x, e)
}

pub(crate) fn domain_error(cx: &mut Thread) -> ferropy_vm::Raised {
    cx.value_error("math domain error")
}

pub(crate) fn range_error(cx: &mut Thread) -> ferropy_vm::Raised {
    cx.overflow_error("math range error")
}

/// A function of one float. `wanted` tells what the domain is; without it infinities are range errors.
fn unary(cx: &mut Thread, v: Value, f: fn(f64) -> f64, wanted: Option<&str>) -> R {
    let x = cx.to_f64(v)?;
    let r = f(x);
    let outside = r.is_nan() && !x.is_nan();
    let infinite = r.is_infinite() && x.is_finite();
    match wanted {
        Some(wanted) if outside || infinite => Err(outside_domain(cx, wanted, x)),
        None if outside => Err(domain_error(cx)),
        None if infinite => Err(range_error(cx)),
        _ => cx.float(r),
    }
}

fn outside_domain(cx: &mut Thread, wanted: &str, x: f64) -> ferropy_vm::Raised {
    cx.value_error(format!("expected {wanted}, got {}", tfloat::repr(x)))
}

macro_rules! unary_functions {
    ($($name:ident $f:expr, $wanted:expr;)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            unary(cx, a[0], $f, $wanted)
        })*
    };
}

const FINITE: Option<&str> = Some("a finite input");
const UNIT: Option<&str> = Some("a number in range from -1 up to 1");

unary_functions! {
    m_acos f64::acos, UNIT;
    m_acosh |x| if x < 1.0 { f64::NAN } else { acosh(x) }, Some("argument value not less than 1");
    m_asin f64::asin, UNIT;
    m_asinh |x| asinh(x), None;
    m_atan f64::atan, None;
    m_atanh |x| atanh(x), Some("a number between -1 and 1");
    m_cbrt f64::cbrt, None;
    m_cos f64::cos, FINITE;
    m_cosh f64::cosh, None;
    m_erf |x| erf(x), None;
    m_erfc |x| erfc(x), None;
    m_exp f64::exp, None;
    m_exp2 |x| exp2(x), None;
    m_expm1 f64::exp_m1, None;
    m_fabs f64::abs, None;
    m_log1p f64::ln_1p, Some("argument value > -1");
    m_sin f64::sin, FINITE;
    m_sinh f64::sinh, None;
    m_sqrt f64::sqrt, Some("a nonnegative input");
    m_tan f64::tan, FINITE;
    m_tanh f64::tanh, None;
    m_degrees |x| x * (180.0 / std::f64::consts::PI), None;
    m_radians |x| x * (std::f64::consts::PI / 180.0), None;
}

unsafe extern "C" {
    safe fn acosh(x: f64) -> f64;
    safe fn asinh(x: f64) -> f64;
    safe fn atanh(x: f64) -> f64;
}

/// Is it zero or a negative whole number, where the gamma function has a pole?
fn is_pole(x: f64) -> bool {
    x.is_finite() && x <= 0.0 && x == x.floor()
}

const NO_POLE: &str = "a noninteger or positive integer";

fn m_gamma(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?;
    if is_pole(x) || x == f64::NEG_INFINITY {
        return Err(outside_domain(cx, NO_POLE, x));
    }
    let r = tgamma(x);
    if r.is_infinite() && x.is_finite() {
        return Err(range_error(cx));
    }
    cx.float(r)
}

fn m_lgamma(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?;
    if is_pole(x) {
        return Err(outside_domain(cx, NO_POLE, x));
    }
    let mut sign = 0;
    // SAFETY: writes one int.
    let r = unsafe { lgamma_r(x, &mut sign) };
    if r.is_infinite() && x.is_finite() {
        return Err(range_error(cx));
    }
    cx.float(r)
}

/// A function of two floats.
fn binary(cx: &mut Thread, a: Args<'_>, f: fn(f64, f64) -> f64) -> R {
    let (x, y) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?);
    let r = f(x, y);
    if r.is_nan() && !x.is_nan() && !y.is_nan() {
        return Err(domain_error(cx));
    }
    if r.is_infinite() && x.is_finite() && y.is_finite() {
        return Err(range_error(cx));
    }
    cx.float(r)
}

fn m_atan2(cx: &mut Thread, a: Args<'_>) -> R {
    binary(cx, a, f64::atan2)
}
fn m_copysign(cx: &mut Thread, a: Args<'_>) -> R {
    binary(cx, a, f64::copysign)
}
fn m_fmod(cx: &mut Thread, a: Args<'_>) -> R {
    binary(cx, a, |x, y| if y.is_infinite() && x.is_finite() { x } else { x % y })
}
fn m_remainder(cx: &mut Thread, a: Args<'_>) -> R {
    binary(cx, a, |x, y| remainder(x, y))
}

fn m_pow(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?);
    let r = x.powf(y);
    if x.is_finite() && y.is_finite() {
        if r.is_nan() || (r.is_infinite() && x == 0.0) {
            return Err(domain_error(cx));
        }
        if r.is_infinite() {
            return Err(range_error(cx));
        }
    }
    cx.float(r)
}

/// The logarithm of any number by a function of floats; `two` is that of 2.
fn log_of(cx: &mut Thread, v: Value, f: fn(f64) -> f64, two: f64) -> R<f64> {
    if let Some(n) = v.to_ibig() {
        if n <= IBig::ZERO {
            return Err(cx.value_error("expected a positive input"));
        }
        if let Ok(x) = tint::to_f64(&n) {
            return Ok(f(x));
        }
        let down = tint::bit_length(&n) - 64;
        let top = tint::to_f64(&tint::shift_right(&n, down)).unwrap_or(1.0);
        let (m, e) = split(top);
        return Ok(f(m) + two * (down as f64 + e as f64));
    }
    let x = cx.to_f64(v)?;
    if x <= 0.0 {
        return Err(outside_domain(cx, "a positive input", x));
    }
    Ok(f(x))
}

fn natural(cx: &mut Thread, v: Value) -> R<f64> {
    log_of(cx, v, f64::ln, std::f64::consts::LN_2)
}

fn m_log(cx: &mut Thread, a: Args<'_>) -> R {
    let x = natural(cx, a[0])?;
    let Some(base) = a.opt(1) else { return cx.float(x) };
    let base = natural(cx, base)?;
    let (x, base) = (cx.float(x)?, cx.float(base)?);
    cx.binary(BinOp::TrueDiv, x, base)
}
fn m_log2(cx: &mut Thread, a: Args<'_>) -> R {
    let x = log_of(cx, a[0], f64::log2, 1.0)?;
    cx.float(x)
}
fn m_log10(cx: &mut Thread, a: Args<'_>) -> R {
    let x = log_of(cx, a[0], f64::log10, std::f64::consts::LOG10_2)?;
    cx.float(x)
}

fn is_exact_float(v: Value) -> bool {
    v.is_flonum() || v.shape() == Builtin::Float as u32
}

/// `floor` and `ceil`: the special method, or the float's.
fn rounded(cx: &mut Thread, v: Value, special: N, f: fn(f64) -> f64) -> R {
    if v.is_int() {
        return Ok(v);
    }
    if !is_exact_float(v)
        && let Some(m) = cx.lookup_special(v, special)
    {
        return cx.call_unbound(m, v, &[]);
    }
    let x = cx.to_f64(v)?;
    match tint::from_f64(f(x)) {
        Ok(n) => cx.bigint(&n),
        Err(e) => Err(cx.text_error(e)),
    }
}

fn m_floor(cx: &mut Thread, a: Args<'_>) -> R {
    rounded(cx, a[0], N::__floor__, f64::floor)
}
fn m_ceil(cx: &mut Thread, a: Args<'_>) -> R {
    rounded(cx, a[0], N::__ceil__, f64::ceil)
}
fn m_trunc(cx: &mut Thread, a: Args<'_>) -> R {
    if is_exact_float(a[0]) {
        return rounded(cx, a[0], N::__trunc__, f64::trunc);
    }
    match cx.lookup_special(a[0], N::__trunc__) {
        Some(f) => cx.call_unbound(f, a[0], &[]),
        None => {
            let class = cx.class_name(a[0]);
            Err(cx.type_error(format!("type {class} doesn't define __trunc__ method")))
        }
    }
}

fn pair(cx: &mut Thread, a: Value, b: Value) -> R {
    Ok(cx.new_tuple(&[a, b])?.value())
}

fn m_frexp(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?;
    let (m, e) = split(x);
    let m = cx.float(m)?;
    pair(cx, m, Value::small_int(e as i64))
}

fn m_ldexp(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?;
    let Some(e) = a[1].to_ibig() else {
        return Err(cx.type_error("Expected an int as second argument to ldexp."));
    };
    if x == 0.0 || !x.is_finite() {
        return cx.float(x);
    }
    let e = match i32::try_from(&e) {
        Ok(e) => e,
        Err(_) if tint::is_negative(&e) => return cx.float(0.0f64.copysign(x)),
        Err(_) => return Err(range_error(cx)),
    };
    let r = ldexp(x, e);
    if r.is_infinite() { Err(range_error(cx)) } else { cx.float(r) }
}

fn m_modf(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?;
    let (fraction, whole) =
        if x.is_infinite() { (0.0f64.copysign(x), x) } else { ((x - x.trunc()).copysign(x), x.trunc()) };
    let (fraction, whole) = (cx.float(fraction)?, cx.float(whole)?);
    pair(cx, fraction, whole)
}

fn m_fma(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y, z) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?, cx.to_f64(a[2])?);
    let r = x.mul_add(y, z);
    if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
        return Err(cx.value_error("invalid operation in fma"));
    }
    if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
        return Err(cx.overflow_error("overflow in fma"));
    }
    cx.float(r)
}

fn m_isfinite(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.to_f64(a[0])?.is_finite()))
}
fn m_isinf(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.to_f64(a[0])?.is_infinite()))
}
fn m_isnan(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.to_f64(a[0])?.is_nan()))
}

/// The tolerances among keyword arguments `i` and `i + 1`.
pub(crate) fn tolerances(cx: &mut Thread, a: Args<'_>, i: usize) -> R<(f64, f64)> {
    let relative = match a.opt(i) {
        Some(v) => cx.to_f64(v)?,
        None => 1e-9,
    };
    let absolute = match a.opt(i + 1) {
        Some(v) => cx.to_f64(v)?,
        None => 0.0,
    };
    if relative < 0.0 || absolute < 0.0 {
        return Err(cx.value_error("tolerances must be non-negative"));
    }
    Ok((relative, absolute))
}

fn m_isclose(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?);
    let (relative, absolute) = tolerances(cx, a, 2)?;
    if x == y {
        return Ok(Value::TRUE);
    }
    if x.is_infinite() || y.is_infinite() {
        return Ok(Value::FALSE);
    }
    let diff = (y - x).abs();
    Ok(Value::bool(diff <= (relative * y).abs() || diff <= (relative * x).abs() || diff <= absolute))
}

fn m_nextafter(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?);
    let Some(steps) = a.some(2) else { return cx.float(nextafter(x, y)) };
    let steps = cx.index_value(steps)?;
    let n = steps.to_ibig().unwrap_or_default();
    if tint::is_negative(&n) {
        return Err(cx.value_error("steps must be a non-negative integer"));
    }
    let steps = u64::try_from(&n).unwrap_or(u64::MAX);
    cx.float(walk(x, y, steps))
}

/// The float so many steps from x towards y.
fn walk(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 || x.is_nan() {
        return x;
    }
    if y.is_nan() || x == y {
        return y;
    }
    const SIGN: u64 = 1 << 63;
    // Places on a line of all floats: zero at 0, positive above.
    let place = |f: f64| {
        let m = (f.to_bits() & !SIGN) as i128;
        if f.is_sign_negative() { -m } else { m }
    };
    let (from, to) = (place(x), place(y));
    let distance = from.abs_diff(to);
    if distance <= steps as u128 {
        return y;
    }
    let at = if to > from { from + steps as i128 } else { from - steps as i128 };
    let magnitude = f64::from_bits(at.unsigned_abs() as u64);
    // Zero keeps the side that the walk came from.
    if at < 0 || (at == 0 && x.is_sign_negative()) { -magnitude } else { magnitude }
}

fn m_ulp(cx: &mut Thread, a: Args<'_>) -> R {
    let x = cx.to_f64(a[0])?.abs();
    if x.is_nan() || x.is_infinite() {
        return cx.float(x);
    }
    let next = nextafter(x, f64::INFINITY);
    cx.float(if next.is_infinite() { x - nextafter(x, 0.0) } else { next - x })
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "acos(x, /)",
        m_acos,
        "Return the arc cosine (measured in radians) of x.\n\nThe result is between 0 and pi.",
    ),
    NativeDef::function("acosh(x, /)", m_acosh, "Return the inverse hyperbolic cosine of x."),
    NativeDef::function(
        "asin(x, /)",
        m_asin,
        "Return the arc sine (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2.",
    ),
    NativeDef::function("asinh(x, /)", m_asinh, "Return the inverse hyperbolic sine of x."),
    NativeDef::function(
        "atan(x, /)",
        m_atan,
        "Return the arc tangent (measured in radians) of x.\n\nThe result is between -pi/2 and pi/2.",
    ),
    NativeDef::function(
        "atan2(y, x, /)",
        m_atan2,
        "Return the arc tangent (measured in radians) of y/x.\n\nUnlike atan(y/x), the signs of both x and y are considered.",
    ),
    NativeDef::function("atanh(x, /)", m_atanh, "Return the inverse hyperbolic tangent of x."),
    NativeDef::function("cbrt(x, /)", m_cbrt, "Return the cube root of x."),
    NativeDef::function(
        "ceil(x, /)",
        m_ceil,
        "Return the ceiling of x as an Integral.\n\nThis is the smallest integer >= x.",
    ),
    NativeDef::function(
        "copysign(x, y, /)",
        m_copysign,
        "Return a float with the magnitude (absolute value) of x but the sign of y.",
    ),
    NativeDef::function("cos(x, /)", m_cos, "Return the cosine of x (measured in radians)."),
    NativeDef::function("cosh(x, /)", m_cosh, "Return the hyperbolic cosine of x."),
    NativeDef::function("degrees(x, /)", m_degrees, "Convert angle x from radians to degrees."),
    NativeDef::function("erf(x, /)", m_erf, "Error function at x."),
    NativeDef::function("erfc(x, /)", m_erfc, "Complementary error function at x."),
    NativeDef::function("exp(x, /)", m_exp, "Return e raised to the power of x."),
    NativeDef::function("exp2(x, /)", m_exp2, "Return 2 raised to the power of x."),
    NativeDef::function(
        "expm1(x, /)",
        m_expm1,
        "Return exp(x)-1.\n\nThis function avoids the loss of precision involved in the direct evaluation of exp(x)-1 for small x.",
    ),
    NativeDef::function("fabs(x, /)", m_fabs, "Return the absolute value of the float x."),
    NativeDef::function(
        "floor(x, /)",
        m_floor,
        "Return the floor of x as an Integral.\n\nThis is the largest integer <= x.",
    ),
    NativeDef::function(
        "fma(x, y, z, /)",
        m_fma,
        "Fused multiply-add operation.\n\nCompute (x * y) + z with a single round.",
    ),
    NativeDef::function("fmod(x, y, /)", m_fmod, "Return fmod(x, y), according to platform C.\n\nx % y may differ."),
    NativeDef::function(
        "frexp(x, /)",
        m_frexp,
        "Return the mantissa and exponent of x, as pair (m, e).\n\nm is a float and e is an int, such that x = m * 2.**e.\nIf x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.",
    ),
    NativeDef::function("gamma(x, /)", m_gamma, "Gamma function at x."),
    NativeDef::function(
        "isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
        m_isclose,
        "Determine whether two floating-point numbers are close in value.",
    ),
    NativeDef::function(
        "isfinite(x, /)",
        m_isfinite,
        "Return True if x is neither an infinity nor a NaN, and False otherwise.",
    ),
    NativeDef::function(
        "isinf(x, /)",
        m_isinf,
        "Return True if x is a positive or negative infinity, and False otherwise.",
    ),
    NativeDef::function("isnan(x, /)", m_isnan, "Return True if x is a NaN (not a number), and False otherwise."),
    NativeDef::function("ldexp(x, i, /)", m_ldexp, "Return x * (2**i).\n\nThis is essentially the inverse of frexp()."),
    NativeDef::function("lgamma(x, /)", m_lgamma, "Natural logarithm of absolute value of Gamma function at x."),
    NativeDef::function(
        "log(x, base=<unrepresentable>, /)",
        m_log,
        "log(x, [base=math.e])\nReturn the logarithm of x to the given base.\n\nIf the base is not specified, returns the natural logarithm (base e) of x.",
    ),
    NativeDef::function("log10(x, /)", m_log10, "Return the base 10 logarithm of x."),
    NativeDef::function(
        "log1p(x, /)",
        m_log1p,
        "Return the natural logarithm of 1+x (base e).\n\nThe result is computed in a way which is accurate for x near zero.",
    ),
    NativeDef::function("log2(x, /)", m_log2, "Return the base 2 logarithm of x."),
    NativeDef::function(
        "modf(x, /)",
        m_modf,
        "Return the fractional and integer parts of x.\n\nBoth results carry the sign of x and are floats.",
    ),
    NativeDef::function(
        "nextafter(x, y, /, *, steps=None)",
        m_nextafter,
        "Return the floating-point value the given number of steps after x towards y.",
    ),
    NativeDef::function("pow(x, y, /)", m_pow, "Return x**y (x to the power of y)."),
    NativeDef::function("radians(x, /)", m_radians, "Convert angle x from degrees to radians."),
    NativeDef::function(
        "remainder(x, y, /)",
        m_remainder,
        "Difference between x and the closest integer multiple of y.\n\nReturn x - n*y where n*y is the closest integer multiple of y.\nIn the case where x is exactly halfway between two multiples of\ny, the nearest even value of n is used. The result is always exact.",
    ),
    NativeDef::function("sin(x, /)", m_sin, "Return the sine of x (measured in radians)."),
    NativeDef::function("sinh(x, /)", m_sinh, "Return the hyperbolic sine of x."),
    NativeDef::function("sqrt(x, /)", m_sqrt, "Return the square root of x."),
    NativeDef::function("tan(x, /)", m_tan, "Return the tangent of x (measured in radians)."),
    NativeDef::function("tanh(x, /)", m_tanh, "Return the hyperbolic tangent of x."),
    NativeDef::function(
        "trunc(x, /)",
        m_trunc,
        "Truncates the Real x to the nearest Integral toward 0.\n\nUses the __trunc__ magic method.",
    ),
    NativeDef::function("ulp(x, /)", m_ulp, "Return the value of the least significant bit of the float x."),
];

fn init(cx: &mut Thread) -> R {
    let doc = "This module provides access to the mathematical functions\ndefined by the C standard.";
    let m = cx.module_with("math", doc, FUNCTIONS)?;
    cx.add_functions(m, integers::FUNCTIONS)?;
    cx.add_functions(m, sums::FUNCTIONS)?;
    for (name, x) in [
        ("pi", std::f64::consts::PI),
        ("e", std::f64::consts::E),
        ("tau", std::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ] {
        let v = cx.float(x)?;
        cx.module_set(m, name, v)?;
    }
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("math", init);
}
