//! `_bisect`.

use ferropy_vm::types::List;
use ferropy_vm::{Args, Builtin as B, CmpOp, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_bisect", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_bisect", "Bisection algorithms.", FUNCTIONS)?;
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "bisect_right(a, x, lo=0, hi=None, *, key=None)",
        bisect::<true>,
        "Return the index where to insert item x in list a, assuming a is sorted.",
    ),
    NativeDef::function(
        "bisect_left(a, x, lo=0, hi=None, *, key=None)",
        bisect::<false>,
        "Return the index where to insert item x in list a, assuming a is sorted.",
    ),
    NativeDef::function(
        "insort_right(a, x, lo=0, hi=None, *, key=None)",
        insort::<true>,
        "Insert item x in list a, and keep it sorted assuming a is sorted.",
    ),
    NativeDef::function(
        "insort_left(a, x, lo=0, hi=None, *, key=None)",
        insort::<false>,
        "Insert item x in list a, and keep it sorted assuming a is sorted.",
    ),
];

/// Position for `x`; `RIGHT`: behind equal items.
fn find<const RIGHT: bool>(cx: &mut Thread, a: Args<'_>, x: Value) -> R<i64> {
    let mut low = match a.opt(2) {
        Some(v) => cx.index(v)?,
        None => 0,
    };
    if low < 0 {
        return Err(cx.value_error("lo must be non-negative"));
    }
    let mut high = match a.some(3) {
        Some(v) => cx.index(v)?,
        None => cx.len(a[0])? as i64,
    };
    let key = a.some(4);
    while low < high {
        let mid = low + (high - low) / 2;
        let mut v =
            match a[0].cast::<List>().filter(|_| a[0].shape() == B::List as u32).and_then(|l| l.get(mid as usize)) {
                Some(v) => v,
                None => {
                    let index = cx.int(mid)?;
                    cx.getitem(a[0], index)?
                }
            };
        if let Some(f) = key {
            v = cx.call(f, &[v])?;
        }
        let left = if RIGHT { cx.compare_bool(CmpOp::Lt, x, v)? } else { !cx.compare_bool(CmpOp::Lt, v, x)? };
        if left {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    Ok(low)
}

fn bisect<const RIGHT: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let i = find::<RIGHT>(cx, a, a[1])?;
    cx.int(i)
}

fn insort<const RIGHT: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let x = match a.some(4) {
        Some(f) => cx.call(f, &[a[1]])?,
        None => a[1],
    };
    let i = find::<RIGHT>(cx, a, x)?;
    let at = cx.int(i)?;
    cx.call_method(a[0], "insert", &[at, a[1]])?;
    Ok(Value::NONE)
}
