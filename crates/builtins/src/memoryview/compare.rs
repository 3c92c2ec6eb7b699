//! Comparing, hashing and searching views.

use super::{MemoryView, View, access, item, make, this, view_arg};
use ferropy_vm::{Args, R, Thread, Value};

/// Are two exporters' items equal? None: the other is no exporter, or a format is unknown.
fn equal(cx: &mut Thread, a: Args<'_>) -> R<Option<bool>> {
    let released = |v: Value| v.cast::<MemoryView>().is_some_and(|m| m.released.get());
    if a[0] == a[1] {
        return Ok(Some(true));
    }
    if released(a[0]) || released(a[1]) {
        return Ok(Some(false));
    }
    let x = view_arg(cx, a)?;
    let other = make::from_object(cx, a[1]);
    let Some(other) = cx.catch(ferropy_vm::Exc::TypeError, other)? else { return Ok(None) };
    let m = this(cx, other)?;
    let y = View::of(cx, m)?;
    let r = same_items(cx, &x, &y);
    super::release(cx, other)?;
    r.map(Some)
}

fn same_items(cx: &mut Thread, x: &View, y: &View) -> R<bool> {
    if x.shape != y.shape {
        return Ok(false);
    }
    let (Some(f), Some(g)) = (item::code(&x.format), item::code(&y.format)) else { return Ok(false) };
    let (p, q) = (x.gather(cx)?, y.gather(cx)?);
    if f == g && !matches!(f, b'e' | b'f' | b'd' | b'?') {
        return Ok(p == q);
    }
    for (i, j) in p.chunks_exact(x.itemsize).zip(q.chunks_exact(y.itemsize)) {
        let (i, j) = (item::read(cx, &x.format, i)?, item::read(cx, &y.format, j)?);
        // Identity does not count: NaN differs from itself.
        if !cx.compare_bool(ferropy_vm::CmpOp::Eq, i, j)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, Value::bool))
}
pub fn ne(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(equal(cx, a)?.map_or(Value::NOT_IMPLEMENTED, |b| Value::bool(!b)))
}

pub fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    if !view.readonly {
        return Err(cx.value_error("cannot hash writable memoryview object"));
    }
    if !matches!(item::code(&view.format), Some(b'B' | b'b' | b'c')) {
        return Err(cx.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    cx.hash(view.held)?;
    let data = view.gather(cx)?;
    let h = cx.hash_bytes(&data);
    cx.int(h as i64)
}

pub fn count(cx: &mut Thread, a: Args<'_>) -> R {
    let list = access::tolist(cx, a)?;
    cx.call_method(list, "count", &[a[1]])
}

pub fn index(cx: &mut Thread, a: Args<'_>) -> R {
    let view = view_arg(cx, a)?;
    if view.shape.is_empty() {
        return Err(cx.type_error("invalid lookup on 0-dim memory"));
    }
    if view.shape.len() > 1 {
        return Err(cx.error(ferropy_vm::Exc::NotImplementedError, "multi-dimensional lookup is not implemented"));
    }
    let n = view.shape[0] as i64;
    let clip = |i: i64| (if i < 0 { i.saturating_add(n).max(0) } else { i }).min(n) as usize;
    let start = match a.opt(2) {
        Some(v) => clip(cx.index_clamped(v)?),
        None => 0,
    };
    let stop = match a.opt(3) {
        Some(v) => clip(cx.index_clamped(v)?),
        None => n as usize,
    };
    let data = view.gather(cx)?;
    for i in start..stop {
        let v = item::read(cx, &view.format, &data[i * view.itemsize..(i + 1) * view.itemsize])?;
        if cx.eq(v, a[1])? {
            return cx.int(i as i64);
        }
    }
    Err(cx.value_error("memoryview.index(x): x not found"))
}
