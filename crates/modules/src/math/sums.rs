//! Sums without loss: `fsum`, `sumprod`, `hypot`, `dist`.
//!
//! Terms: a *double length* number is a pair (high, low) of floats whose exact sum it is; adding and multiplying floats
//! exactly gives such pairs. *Partials* are floats of increasing magnitude that do not overlap.

use super::{scaled, split};
use dashu_int::IBig;
use ferropy_vm::types::Tuple;
use ferropy_vm::{Args, BinOp, Builtin, NativeDef, R, Thread, Value};

/// The exact sum of two floats.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let x = a + b;
    let z = x - a;
    (x, (a - (x - z)) + (b - z))
}

/// The same when |a| >= |b|.
fn fast_sum(a: f64, b: f64) -> (f64, f64) {
    let x = a + b;
    (x, (a - x) + b)
}

/// The exact product of two floats.
fn two_product(x: f64, y: f64) -> (f64, f64) {
    let z = x * y;
    (z, x.mul_add(y, -z))
}

/// Adds x to the partials.
fn add_partial(partials: &mut Vec<f64>, mut x: f64) {
    let mut kept = 0;
    for j in 0..partials.len() {
        let mut y = partials[j];
        if x.abs() < y.abs() {
            (x, y) = (y, x);
        }
        let (high, low) = fast_sum(x, y);
        if low != 0.0 {
            partials[kept] = low;
            kept += 1;
        }
        x = high;
    }
    partials.truncate(kept);
    partials.push(x);
}

/// The partials' sum, rounded once.
fn total(partials: &[f64]) -> f64 {
    let Some((&last, rest)) = partials.split_last() else { return 0.0 };
    let (mut high, mut low, mut n) = (last, 0.0, rest.len());
    while n > 0 {
        n -= 1;
        (high, low) = fast_sum(high, rest[n]);
        if low != 0.0 {
            break;
        }
    }
    // Half-way cases need the sign of what is left.
    if n > 0 && ((low < 0.0 && rest[n - 1] < 0.0) || (low > 0.0 && rest[n - 1] > 0.0)) {
        let twice = low * 2.0;
        let x = high + twice;
        if twice == x - high {
            high = x;
        }
    }
    high
}

fn m_fsum(cx: &mut Thread, a: Args<'_>) -> R {
    let mut partials: Vec<f64> = Vec::new();
    let (mut special, mut infinities) = (0.0, 0.0);
    let it = cx.iter(a[0])?;
    while let Some(v) = cx.next(it)? {
        let x = cx.to_f64(v)?;
        if !x.is_finite() {
            if x.is_infinite() {
                infinities += x;
            }
            special += x;
            continue;
        }
        add_partial(&mut partials, x);
        if partials.last().is_some_and(|p| !p.is_finite()) {
            return Err(cx.overflow_error("intermediate overflow in fsum"));
        }
    }
    if special != 0.0 {
        if f64::is_nan(infinities) {
            return Err(cx.value_error("-inf + inf in fsum"));
        }
        return cx.float(special);
    }
    cx.float(total(&partials))
}

/// The root of the sum of squares; the numbers are not negative.
fn norm(numbers: &mut [f64]) -> f64 {
    if numbers.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    if numbers.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    let max = numbers.iter().copied().fold(0.0, f64::max);
    if max == 0.0 || numbers.len() == 1 {
        return max;
    }
    let (_, e) = split(max);
    if e < -1023 {
        // Subnormal: the scale itself would overflow.
        numbers.iter_mut().for_each(|x| *x /= f64::MIN_POSITIVE);
        return f64::MIN_POSITIVE * norm(numbers);
    }
    let scale = scaled(1.0, -e);
    let (mut sum, mut low1, mut low2) = (1.0, 0.0, 0.0);
    for x in numbers.iter() {
        let x = x * scale;
        let p = two_product(x, x);
        let s = fast_sum(sum, p.0);
        sum = s.0;
        low1 += p.1;
        low2 += s.1;
    }
    let mut h = (sum - 1.0 + (low1 + low2)).sqrt();
    // One step of Newton's method with the exact square of h.
    let p = two_product(-h, h);
    let s = fast_sum(sum, p.0);
    low1 += p.1;
    low2 += s.1;
    h += (s.0 - 1.0 + (low1 + low2)) / (2.0 * h);
    h / scale
}

fn m_hypot(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[0].cast_unchecked::<Tuple>() };
    let mut numbers = Vec::with_capacity(args.len);
    for i in 0..args.len {
        numbers.push(cx.to_f64(args.at(i))?.abs());
    }
    cx.float(norm(&mut numbers))
}

fn m_dist(cx: &mut Thread, a: Args<'_>) -> R {
    let p = cx.tuple_from(a[0])?;
    let q = cx.tuple_from(a[1])?;
    if p.len != q.len {
        return Err(cx.value_error("both points must have the same number of dimensions"));
    }
    let mut numbers = Vec::with_capacity(p.len);
    for i in 0..p.len {
        let x = cx.to_f64(p.at(i))?;
        let y = cx.to_f64(q.at(i))?;
        numbers.push((x - y).abs());
    }
    cx.float(norm(&mut numbers))
}

/// A sum of products in about three times the precision of a float.
#[derive(Default)]
struct Triple {
    high: f64,
    low: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(&mut self, x: f64, y: f64) {
        let p = two_product(x, y);
        let s = two_sum(self.high, p.0);
        let r1 = two_sum(self.low, p.1);
        let r2 = two_sum(r1.0, s.1);
        (self.high, self.low, self.tiny) = (s.0, r2.0, self.tiny + r1.1 + r2.1);
    }
    fn value(&self) -> f64 {
        let last = two_sum(self.low, self.tiny);
        let first = two_sum(self.high, last.0);
        first.0 + (first.1 + last.1)
    }
}

/// How `sumprod` goes: products of ints in `whole`, then floats in `floats`, then anything in the total.
struct Sum {
    ints: bool,
    floats: bool,
    whole: IBig,
    whole_used: bool,
    triple: Triple,
    triple_used: bool,
}

fn is_exact_float(v: Value) -> bool {
    v.is_flonum() || v.shape() == Builtin::Float as u32
}

fn is_exact_int(v: Value) -> bool {
    v.is_int() || v.shape() == Builtin::Int as u32 || v.is_bool()
}

/// Both as floats, if one is a float and the other a float or int that fits.
fn float_pair(p: Value, q: Value) -> Option<(f64, f64)> {
    if !is_exact_float(p) && !is_exact_float(q) {
        return None;
    }
    let number = |v: Value| match v.as_float() {
        Some(f) if is_exact_float(v) => Some(f),
        _ if is_exact_int(v) => ferropy_text::int::to_f64(&v.to_ibig()?).ok(),
        _ => None,
    };
    Some((number(p)?, number(q)?))
}

impl Sum {
    fn add(&mut self, cx: &mut Thread, total: Value, p: Value, q: Value) -> R {
        let mut total = total;
        if self.ints {
            if is_exact_int(p)
                && is_exact_int(q)
                && let (Some(x), Some(y)) = (p.to_ibig(), q.to_ibig())
            {
                self.whole += x * y;
                self.whole_used = true;
                return Ok(total);
            }
            total = self.flush_ints(cx, total)?;
        }
        if self.floats {
            if let Some((x, y)) = float_pair(p, q) {
                self.triple.add_product(x, y);
                self.triple_used = true;
                return Ok(total);
            }
            total = self.flush_floats(cx, total)?;
        }
        let product = cx.binary(BinOp::Mul, p, q)?;
        cx.binary(BinOp::Add, total, product)
    }
    fn flush_ints(&mut self, cx: &mut Thread, total: Value) -> R {
        self.ints = false;
        if !self.whole_used {
            return Ok(total);
        }
        let n = cx.bigint(&self.whole)?;
        cx.binary(BinOp::Add, total, n)
    }
    fn flush_floats(&mut self, cx: &mut Thread, total: Value) -> R {
        self.floats = false;
        if !self.triple_used {
            return Ok(total);
        }
        let mut f = self.triple.value();
        if f.is_nan() {
            // Infinities and NaNs: only the leading part says which.
            f = self.triple.high;
        }
        let f = cx.float(f)?;
        cx.binary(BinOp::Add, total, f)
    }
}

fn m_sumprod(cx: &mut Thread, a: Args<'_>) -> R {
    let p = cx.iter(a[0])?;
    let q = cx.iter(a[1])?;
    let mut sum = Sum {
        ints: true,
        floats: true,
        whole: IBig::ZERO,
        whole_used: false,
        triple: Triple::default(),
        triple_used: false,
    };
    let mut total = Value::small_int(0);
    loop {
        let x = cx.next(p)?;
        let y = cx.next(q)?;
        match (x, y) {
            (Some(x), Some(y)) => total = sum.add(cx, total, x, y)?,
            (None, None) => break,
            _ => return Err(cx.value_error("Inputs are not the same length")),
        }
    }
    if sum.ints {
        total = sum.flush_ints(cx, total)?;
    }
    if sum.floats {
        total = sum.flush_floats(cx, total)?;
    }
    Ok(total)
}

pub(super) static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "dist(p, q, /)",
        m_dist,
        "Return the Euclidean distance between two points p and q.\n\nThe points should be specified as sequences (or iterables) of\ncoordinates.  Both inputs must have the same dimension.",
    ),
    NativeDef::function(
        "fsum(seq, /)",
        m_fsum,
        "Return an accurate floating-point sum of values in the iterable seq.\n\nAssumes IEEE-754 floating-point arithmetic.",
    ),
    NativeDef::function(
        "hypot(*coordinates)",
        m_hypot,
        "Multidimensional Euclidean distance from the origin to a point.",
    ),
    NativeDef::function(
        "sumprod(p, q, /)",
        m_sumprod,
        "Return the sum of products of values from two iterables p and q.",
    ),
];
