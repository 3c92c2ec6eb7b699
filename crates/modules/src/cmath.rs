//! `cmath`: functions of complex numbers, by the platform's C99 library, whose special values are Python's.
//!
//! Rules of errors: out of finite arguments, an infinity or NaN is a range error, or a domain error where the function has a
//! pole; out of infinite ones, a NaN is a domain error.

use crate::math::{domain_error, range_error, tolerances};
use ferropy_builtins::complex_::{self, C, quotient};
use ferropy_vm::{Args, NativeDef, R, Thread, Value};

#[derive(Clone, Copy)]
#[repr(C)]
struct Parts {
    re: f64,
    im: f64,
}

// A C complex is passed like a struct of two doubles on the platforms that we support.
unsafe extern "C" {
    safe fn csqrt(z: Parts) -> Parts;
    safe fn cexp(z: Parts) -> Parts;
    safe fn clog(z: Parts) -> Parts;
    safe fn csin(z: Parts) -> Parts;
    safe fn ccos(z: Parts) -> Parts;
    safe fn ctan(z: Parts) -> Parts;
    safe fn csinh(z: Parts) -> Parts;
    safe fn ccosh(z: Parts) -> Parts;
    safe fn ctanh(z: Parts) -> Parts;
    safe fn casin(z: Parts) -> Parts;
    safe fn cacos(z: Parts) -> Parts;
    safe fn catan(z: Parts) -> Parts;
    safe fn casinh(z: Parts) -> Parts;
    safe fn cacosh(z: Parts) -> Parts;
    safe fn catanh(z: Parts) -> Parts;
}

fn argument(cx: &mut Thread, v: Value) -> R<C> {
    match complex_::number(cx, v)? {
        Some(n) => Ok(n.value),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("must be real number, not {class}")))
        }
    }
}

fn finite(z: C) -> bool {
    z.0.is_finite() && z.1.is_finite()
}

/// Applies the rules of errors.
fn checked(cx: &mut Thread, z: C, r: C, pole: bool) -> R<C> {
    if finite(r) {
        return Ok(r);
    }
    if finite(z) {
        return Err(if pole { domain_error(cx) } else { range_error(cx) });
    }
    let unexplained = (r.0.is_nan() || r.1.is_nan()) && !z.0.is_nan() && !z.1.is_nan();
    if unexplained { Err(domain_error(cx)) } else { Ok(r) }
}

fn apply(f: impl Fn(Parts) -> Parts, z: C) -> C {
    let r = f(Parts { re: z.0, im: z.1 });
    (r.re, r.im)
}

macro_rules! functions {
    ($($name:ident $f:ident $pole:literal;)*) => {
        $(fn $name(cx: &mut Thread, a: Args<'_>) -> R {
            let z = argument(cx, a[0])?;
            let r = checked(cx, z, apply(|z| $f(z), z), $pole)?;
            cx.complex(r.0, r.1)
        })*
    };
}

functions! {
    c_sqrt csqrt false;
    c_exp cexp false;
    c_sin csin false;
    c_cos ccos false;
    c_tan ctan false;
    c_sinh csinh false;
    c_cosh ccosh false;
    c_tanh ctanh false;
    c_asin casin false;
    c_acos cacos false;
    c_atan catan true;
    c_asinh casinh false;
    c_acosh cacosh false;
    c_atanh catanh true;
}

fn logarithm(cx: &mut Thread, v: Value) -> R<C> {
    let z = argument(cx, v)?;
    checked(cx, z, apply(|z| clog(z), z), true)
}

fn c_log(cx: &mut Thread, a: Args<'_>) -> R {
    let mut r = logarithm(cx, a[0])?;
    if let Some(base) = a.opt(1) {
        let base = logarithm(cx, base)?;
        r = match quotient(r, base) {
            Some(q) => q,
            None => return Err(domain_error(cx)),
        };
    }
    cx.complex(r.0, r.1)
}

fn c_log10(cx: &mut Thread, a: Args<'_>) -> R {
    let r = logarithm(cx, a[0])?;
    cx.complex(r.0 / std::f64::consts::LN_10, r.1 / std::f64::consts::LN_10)
}

fn c_phase(cx: &mut Thread, a: Args<'_>) -> R {
    let z = argument(cx, a[0])?;
    cx.float(z.1.atan2(z.0))
}

fn c_polar(cx: &mut Thread, a: Args<'_>) -> R {
    let z = argument(cx, a[0])?;
    let r = z.0.hypot(z.1);
    if r.is_infinite() && finite(z) {
        return Err(range_error(cx));
    }
    let (r, phi) = (cx.float(r)?, cx.float(z.1.atan2(z.0))?);
    Ok(cx.new_tuple(&[r, phi])?.value())
}

/// The number of a length and angle; None: a domain error.
fn from_polar(r: f64, phi: f64) -> Option<C> {
    if r.is_finite() && phi.is_finite() {
        // A zero angle keeps its sign even where the product would lose it.
        return Some(if phi == 0.0 { (r, r * phi) } else { (r * phi.cos(), r * phi.sin()) });
    }
    if phi.is_infinite() && r != 0.0 && !r.is_nan() {
        return None;
    }
    if r.is_infinite() && phi.is_finite() {
        if phi == 0.0 {
            return Some((r, if r > 0.0 { phi } else { -phi }));
        }
        let sign = 1.0f64.copysign(r);
        return Some((f64::INFINITY.copysign(sign * phi.cos()), f64::INFINITY.copysign(sign * phi.sin())));
    }
    Some(match (r, phi) {
        (0.0, _) => (0.0, 0.0),
        (r, _) if r.is_infinite() => (f64::INFINITY, f64::NAN),
        (_, 0.0) => (f64::NAN, 0.0),
        _ => (f64::NAN, f64::NAN),
    })
}

fn c_rect(cx: &mut Thread, a: Args<'_>) -> R {
    let (r, phi) = (cx.to_f64(a[0])?, cx.to_f64(a[1])?);
    match from_polar(r, phi) {
        Some(z) => cx.complex(z.0, z.1),
        None => Err(domain_error(cx)),
    }
}

fn c_isfinite(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(finite(argument(cx, a[0])?)))
}
fn c_isnan(cx: &mut Thread, a: Args<'_>) -> R {
    let z = argument(cx, a[0])?;
    Ok(Value::bool(z.0.is_nan() || z.1.is_nan()))
}
fn c_isinf(cx: &mut Thread, a: Args<'_>) -> R {
    let z = argument(cx, a[0])?;
    Ok(Value::bool(z.0.is_infinite() || z.1.is_infinite()))
}

fn c_isclose(cx: &mut Thread, a: Args<'_>) -> R {
    let (x, y) = (argument(cx, a[0])?, argument(cx, a[1])?);
    let (relative, absolute) = tolerances(cx, a, 2)?;
    if x == y {
        return Ok(Value::TRUE);
    }
    if [x.0, x.1, y.0, y.1].iter().any(|p| p.is_infinite()) {
        return Ok(Value::FALSE);
    }
    let size = |z: C| z.0.hypot(z.1);
    let diff = size((x.0 - y.0, x.1 - y.1));
    Ok(Value::bool(diff <= relative * size(y) || diff <= relative * size(x) || diff <= absolute))
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function("acos(z, /)", c_acos, "Return the arc cosine of z."),
    NativeDef::function("acosh(z, /)", c_acosh, "Return the inverse hyperbolic cosine of z."),
    NativeDef::function("asin(z, /)", c_asin, "Return the arc sine of z."),
    NativeDef::function("asinh(z, /)", c_asinh, "Return the inverse hyperbolic sine of z."),
    NativeDef::function("atan(z, /)", c_atan, "Return the arc tangent of z."),
    NativeDef::function("atanh(z, /)", c_atanh, "Return the inverse hyperbolic tangent of z."),
    NativeDef::function("cos(z, /)", c_cos, "Return the cosine of z."),
    NativeDef::function("cosh(z, /)", c_cosh, "Return the hyperbolic cosine of z."),
    NativeDef::function("exp(z, /)", c_exp, "Return the exponential value e**z."),
    NativeDef::function(
        "isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
        c_isclose,
        "Determine whether two complex numbers are close in value.",
    ),
    NativeDef::function(
        "isfinite(z, /)",
        c_isfinite,
        "Return True if both the real and imaginary parts of z are finite, else False.",
    ),
    NativeDef::function("isinf(z, /)", c_isinf, "Checks if the real or imaginary part of z is infinite."),
    NativeDef::function("isnan(z, /)", c_isnan, "Checks if the real or imaginary part of z not a number (NaN)."),
    NativeDef::function(
        "log(z, base=<unrepresentable>, /)",
        c_log,
        "log(z[, base]) -> the logarithm of z to the given base.\n\nIf the base is not specified, returns the natural logarithm (base e) of z.",
    ),
    NativeDef::function("log10(z, /)", c_log10, "Return the base-10 logarithm of z."),
    NativeDef::function("phase(z, /)", c_phase, "Return argument, also known as the phase angle, of a complex."),
    NativeDef::function(
        "polar(z, /)",
        c_polar,
        "Convert a complex from rectangular coordinates to polar coordinates.\n\nr is the distance from 0 and phi the phase angle.",
    ),
    NativeDef::function("rect(r, phi, /)", c_rect, "Convert from polar coordinates to rectangular coordinates."),
    NativeDef::function("sin(z, /)", c_sin, "Return the sine of z."),
    NativeDef::function("sinh(z, /)", c_sinh, "Return the hyperbolic sine of z."),
    NativeDef::function("sqrt(z, /)", c_sqrt, "Return the square root of z."),
    NativeDef::function("tan(z, /)", c_tan, "Return the tangent of z."),
    NativeDef::function("tanh(z, /)", c_tanh, "Return the hyperbolic tangent of z."),
];

fn init(cx: &mut Thread) -> R {
    let doc = "This module provides access to mathematical functions for complex\nnumbers.";
    let m = cx.module_with("cmath", doc, FUNCTIONS)?;
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
    for (name, x) in [("infj", f64::INFINITY), ("nanj", f64::NAN)] {
        let v = cx.complex(0.0, x)?;
        cx.module_set(m, name, v)?;
    }
    Ok(m.value())
}

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("cmath", init);
}
