//! Iteration: `iter`, `next`, `all`, `any`, `min`, `max`, `sum`, `sorted`, `aiter`, `anext`.

use super::attributes::is_callable;
use crate::iterators::stop_at_end;
use ferropy_vm::types::{AsyncGenOp, CallIter, Complex, Tuple};
use ferropy_vm::{Args, BinOp, Builtin as B, CmpOp, N, NativeDef, R, Thread, Value, field, null_field};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "iter(object, sentinel=<unrepresentable>, /)",
        iter,
        "iter(iterable) -> iterator\niter(callable, sentinel) -> iterator\n\nGet an iterator from an object.\n\nIn the \
         first form, the argument must supply its own iterator, or be a sequence.\nIn the second form, the callable is \
         called until it returns the sentinel.",
    ),
    NativeDef::function(
        "next(iterator, default=<unrepresentable>, /)",
        next,
        "next(iterator[, default])\n\nReturn the next item from the iterator. If default is given and the iterator\n\
         is exhausted, it is returned instead of raising StopIteration.",
    ),
    NativeDef::function("aiter(async_iterable, /)", aiter, "Return an AsyncIterator for an AsyncIterable object."),
    NativeDef::function(
        "anext(aiterator, default=<unrepresentable>, /)",
        anext,
        "Return the next item from the async iterator.\n\nIf default is given and the async iterator is exhausted,\n\
         it is returned instead of raising StopAsyncIteration.",
    ),
    NativeDef::function(
        "all(iterable, /)",
        all,
        "Return True if bool(x) is True for all values x in the iterable.\n\nIf the iterable is empty, return True.",
    ),
    NativeDef::function(
        "any(iterable, /)",
        any,
        "Return True if bool(x) is True for any x in the iterable.\n\nIf the iterable is empty, return False.",
    ),
    NativeDef::function(
        "min(*args, key=None, default=<unrepresentable>)",
        min,
        "min(iterable, *[, default=obj, key=func]) -> value\nmin(arg1, arg2, *args, *[, key=func]) -> value\n\nWith a \
         single iterable argument, return its smallest item. The\ndefault keyword-only argument specifies an object to \
         return if\nthe provided iterable is empty.\nWith two or more positional arguments, return the smallest \
         argument.",
    ),
    NativeDef::function(
        "max(*args, key=None, default=<unrepresentable>)",
        max,
        "max(iterable, *[, default=obj, key=func]) -> value\nmax(arg1, arg2, *args, *[, key=func]) -> value\n\nWith a \
         single iterable argument, return its biggest item. The\ndefault keyword-only argument specifies an object to \
         return if\nthe provided iterable is empty.\nWith two or more positional arguments, return the largest \
         argument.",
    ),
    NativeDef::function(
        "sum(iterable, /, start=0)",
        sum,
        "Return the sum of a 'start' value (default: 0) plus an iterable of numbers\n\nWhen the iterable is empty, \
         return the start value.\nThis function is intended specifically for use with numeric values and may\nreject \
         non-numeric types.",
    ),
    NativeDef::function(
        "sorted(iterable, /, *, key=None, reverse=False)",
        sorted,
        "Return a new list containing all items from the iterable in ascending order.\n\nA custom key function can be \
         supplied to customize the sort order, and the\nreverse flag can be set to request the result in descending \
         order.",
    ),
];

fn iter(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(sentinel) = a.opt(1) else { return cx.iter(a[0]) };
    if !is_callable(cx, a[0]) {
        return Err(cx.type_error("iter(v, w): v must be callable"));
    }
    Ok(cx.alloc(B::CallableIterator, CallIter { func: field(a[0]), sentinel: field(sentinel) })?.value())
}

fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let (it, default) = (a[0], a.opt(1));
    let v = match cx.core_next(it)? {
        Some(v) => v,
        None => {
            // Without a default the exception passes as it is, with its value.
            if default.is_none() {
                return next_or_stop(cx, it);
            }
            cx.next(it)?.unwrap_or(Value::NULL)
        }
    };
    match v.bound().or(default) {
        Some(v) => Ok(v),
        None => Err(cx.stop_iteration(Value::NULL)),
    }
}

/// Calls `__next__`.
fn next_or_stop(cx: &mut Thread, it: Value) -> R {
    if let Some(f) = cx.next_fn(it) {
        let r = f(cx, it);
        return stop_at_end(cx, r);
    }
    match cx.lookup_special(it, N::__next__) {
        Some(f) => cx.call_unbound(f, it, &[]),
        None => {
            let class = cx.class_name(it);
            Err(cx.type_error(format!("'{class}' object is not an iterator")))
        }
    }
}

fn aiter(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    let Some(it) = cx.call_special(a[0], N::__aiter__, &[])? else {
        return Err(cx.type_error(format!("'{class}' object is not an async iterable")));
    };
    if cx.lookup_special(it, N::__anext__).is_none() {
        let class = cx.class_name(it);
        return Err(cx.type_error(format!("aiter() returned not an async iterator of type '{class}'")));
    }
    Ok(it)
}

fn anext(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_name(a[0]);
    let Some(awaitable) = cx.call_special(a[0], N::__anext__, &[])? else {
        return Err(cx.type_error(format!("'{class}' object is not an async iterator")));
    };
    let Some(default) = a.opt(1) else { return Ok(awaitable) };
    let op =
        AsyncGenOp { generator: field(awaitable), arg: field(default), extra: null_field(), state: 0.into(), what: 0 };
    Ok(cx.alloc(B::AnextAwaitable, op)?.value())
}

fn all(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[0])?;
    while let Some(v) = cx.next_inline(it)? {
        if !cx.truth(v)? {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}

fn any(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[0])?;
    while let Some(v) = cx.next_inline(it)? {
        if cx.truth(v)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn min(cx: &mut Thread, a: Args<'_>) -> R {
    extreme(cx, a, CmpOp::Lt, "min")
}

fn max(cx: &mut Thread, a: Args<'_>) -> R {
    extreme(cx, a, CmpOp::Gt, "max")
}

fn extreme(cx: &mut Thread, a: Args<'_>, op: CmpOp, name: &str) -> R {
    // SAFETY: `*args` is a tuple.
    let values = unsafe { a[0].cast_unchecked::<Tuple>() };
    let (key, default) = (a.some(1), a.opt(2));
    let source = match values.len {
        0 => return Err(cx.type_error(format!("{name} expected at least 1 argument, got 0"))),
        1 => values.at(0),
        _ if default.is_some() => {
            return Err(
                cx.type_error(format!("Cannot specify a default for {name}() with multiple positional arguments"))
            );
        }
        _ => a[0],
    };
    if key.is_none()
        && values.len == 2
        && let (Some(x), Some(y)) = (values.at(0).as_int(), values.at(1).as_int())
    {
        return Ok(values.at(op.of(y.cmp(&x)) as usize));
    }
    let it = cx.iter(source)?;
    let (mut best, mut best_key) = (Value::NULL, Value::NULL);
    while let Some(v) = cx.next_inline(it)? {
        let k = match key {
            Some(f) => cx.call(f, &[v])?,
            None => v,
        };
        if best.is_null() || cx.compare_bool(op, k, best_key)? {
            (best, best_key) = (v, k);
        }
    }
    match (best.bound(), default) {
        (Some(v), _) | (None, Some(v)) => Ok(v),
        (None, None) => Err(cx.value_error(format!("{name}() iterable argument is empty"))),
    }
}

fn sum(cx: &mut Thread, a: Args<'_>) -> R {
    let it = cx.iter(a[0])?;
    let mut total = a.or(1, Value::small_int(0));
    for (class, what, join) in
        [(B::Str, "strings", "''"), (B::Bytes, "bytes", "b''"), (B::ByteArray, "bytearray", "b''")]
    {
        if cx.is_instance(total, cx.builtin(class)) {
            return Err(cx.type_error(format!("sum() can't sum {what} [use {join}.join(seq) instead]")));
        }
    }
    loop {
        if total.as_float().is_some() && total.shape_is_float() {
            match sum_floats(cx, it, total)? {
                (t, None) => return Ok(t),
                (t, Some(v)) => total = cx.binary(BinOp::Add, t, v)?,
            }
            if total.shape_is_float() {
                // The item was of a type that adds to a float: go on without compensation for it.
                continue;
            }
        }
        if let Some(n) = total.as_int() {
            total = match sum_ints(cx, it, n)? {
                (t, None) => return Ok(t),
                (t, Some(v)) => cx.binary(BinOp::Add, t, v)?,
            };
            continue;
        }
        if total.shape() == B::Complex as u32 {
            match sum_complexes(cx, it, total)? {
                (t, None) => return Ok(t),
                (t, Some(v)) => total = cx.binary(BinOp::Add, t, v)?,
            }
            continue;
        }
        match cx.next_inline(it)? {
            Some(v) => total = cx.binary(BinOp::Add, total, v)?,
            None => return Ok(total),
        }
    }
}

trait ExactFloat {
    fn shape_is_float(self) -> bool;
}
impl ExactFloat for Value {
    fn shape_is_float(self) -> bool {
        self.is_flonum() || self.shape() == B::Float as u32
    }
}

/// Adds small integers until something else comes, or the sum is none any more: (sum, that item).
fn sum_ints(cx: &mut Thread, it: Value, start: i64) -> R<(Value, Option<Value>)> {
    let mut s = start;
    loop {
        let Some(v) = cx.next_inline(it)? else { return Ok((cx.int(s)?, None)) };
        // Both lie in 63 bits, so the sum fits.
        match v.as_int().and_then(|n| Value::try_int(s + n)).and_then(Value::as_int) {
            Some(sum) => s = sum,
            None => return Ok((cx.int(s)?, Some(v))),
        }
    }
}

/// A sum with Neumaier's compensation.
struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    fn new(start: f64) -> Compensated {
        Compensated { high: start, low: 0.0 }
    }
    fn add(&mut self, x: f64) {
        let t = self.high + x;
        self.low += if self.high.abs() >= x.abs() { (self.high - t) + x } else { (x - t) + self.high };
        self.high = t;
    }
    fn total(&self) -> f64 {
        // A compensation that is not finite would spoil an infinite sum.
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}

/// An item that can be added without calling anything: a plain float or a small int.
fn plain_real(v: Value) -> Option<f64> {
    if v.shape_is_float() { v.as_float() } else { v.as_int().map(|n| n as f64) }
}

/// Adds floats and ints until something else comes: (sum, that item).
fn sum_floats(cx: &mut Thread, it: Value, start: Value) -> R<(Value, Option<Value>)> {
    let mut sum = Compensated::new(start.as_float().unwrap_or(0.0));
    let rest = loop {
        let Some(v) = cx.next_inline(it)? else { break None };
        let Some(x) = plain_real(v) else { break Some(v) };
        sum.add(x);
    };
    Ok((cx.float(sum.total())?, rest))
}

/// The same of complex numbers, floats and ints.
fn sum_complexes(cx: &mut Thread, it: Value, start: Value) -> R<(Value, Option<Value>)> {
    let parts = |v: Value| v.cast::<Complex>().map(|c| (c.re, c.im));
    let (re, im) = parts(start).unwrap_or_default();
    let (mut re, mut im) = (Compensated::new(re), Compensated::new(im));
    let rest = loop {
        let Some(v) = cx.next_inline(it)? else { break None };
        if v.shape() == B::Complex as u32
            && let Some((x, y)) = parts(v)
        {
            re.add(x);
            im.add(y);
        } else if let Some(x) = plain_real(v) {
            re.add(x);
        } else {
            break Some(v);
        }
    };
    Ok((cx.complex(re.total(), im.total())?, rest))
}

fn sorted(cx: &mut Thread, a: Args<'_>) -> R {
    let list = cx.list_from(a[0])?;
    let reverse = match a.opt(2) {
        Some(v) => cx.truth(v)?,
        None => false,
    };
    crate::list::sort_list(cx, list, a.some(1), reverse)?;
    Ok(list.value())
}
