//! `_heapq`: binary heaps in lists, smallest or largest item first.

use ferropy_vm::types::List;
use ferropy_vm::{Args, CmpOp, Gc, NativeDef, R, Thread, Value};

/// Registers the modules of this file.
pub fn register(cx: &mut Thread) {
    cx.register_module("_heapq", init);
}

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_heapq", "Heap queue algorithm (a.k.a. priority queue).", FUNCTIONS)?;
    let about = cx.new_str("Heap queues\n\n[explanation by François Pinard]")?;
    cx.module_set(m, "__about__", about.value())?;
    Ok(m.value())
}

static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "heappush(heap, item, /)",
        heappush::<false>,
        "Push item onto heap, maintaining the heap invariant.",
    ),
    NativeDef::function(
        "heappop(heap, /)",
        heappop::<false>,
        "Pop the smallest item off the heap, maintaining the heap invariant.",
    ),
    NativeDef::function(
        "heapreplace(heap, item, /)",
        heapreplace::<false>,
        "Pop and return the current smallest value, and add the new item.",
    ),
    NativeDef::function(
        "heappushpop(heap, item, /)",
        heappushpop::<false>,
        "Push item on the heap, then pop and return the smallest item from the heap.",
    ),
    NativeDef::function(
        "heapify(heap, /)",
        heapify::<false>,
        "Transform list into a heap, in-place, in O(len(heap)) time.",
    ),
    NativeDef::function(
        "heappush_max(heap, item, /)",
        heappush::<true>,
        "Push item onto max heap, maintaining the heap invariant.",
    ),
    NativeDef::function("heappop_max(heap, /)", heappop::<true>, "Maxheap variant of heappop."),
    NativeDef::function("heapreplace_max(heap, item, /)", heapreplace::<true>, "Maxheap variant of heapreplace."),
    NativeDef::function("heappushpop_max(heap, item, /)", heappushpop::<true>, "Maxheap variant of heappushpop."),
    NativeDef::function("heapify_max(heap, /)", heapify::<true>, "Maxheap variant of heapify."),
];

fn heap(cx: &mut Thread, v: Value, name: &str) -> R<Gc<List>> {
    match v.cast() {
        Some(l) => Ok(l),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("{name}() argument must be list, not {class}")))
        }
    }
}

/// Does `a` belong above `b`?
fn above<const MAX: bool>(cx: &mut Thread, l: Gc<List>, a: Value, b: Value) -> R<bool> {
    let n = l.len();
    let r = if MAX { cx.compare_bool(CmpOp::Lt, b, a)? } else { cx.compare_bool(CmpOp::Lt, a, b)? };
    if l.len() != n {
        return Err(cx.runtime_error("list changed size during iteration"));
    }
    Ok(r)
}

fn at(l: Gc<List>, i: usize) -> Value {
    l.get(i).unwrap_or(Value::NONE)
}

fn swap(cx: &mut Thread, l: Gc<List>, i: usize, k: usize) {
    let (x, y) = (at(l, i), at(l, k));
    l.set(cx, i, y);
    l.set(cx, k, x);
}

/// Moves the item at `i` up to its place, not above `top`.
fn rise<const MAX: bool>(cx: &mut Thread, l: Gc<List>, top: usize, mut i: usize) -> R<()> {
    while i > top {
        let parent = (i - 1) / 2;
        if !above::<MAX>(cx, l, at(l, i), at(l, parent))? {
            break;
        }
        swap(cx, l, i, parent);
        i = parent;
    }
    Ok(())
}

/// Moves the item at `i` down along the better children to a leaf, then up to its place.
fn sink<const MAX: bool>(cx: &mut Thread, l: Gc<List>, mut i: usize) -> R<()> {
    let (top, n) = (i, l.len());
    while 2 * i + 1 < n {
        let mut child = 2 * i + 1;
        if child + 1 < n && !above::<MAX>(cx, l, at(l, child), at(l, child + 1))? {
            child += 1;
        }
        swap(cx, l, i, child);
        i = child;
    }
    rise::<MAX>(cx, l, top, i)
}

fn heappush<const MAX: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = heap(cx, a[0], "heappush")?;
    cx.list_append(l, a[1])?;
    rise::<MAX>(cx, l, 0, l.len() - 1)?;
    Ok(Value::NONE)
}

fn heappop<const MAX: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = heap(cx, a[0], "heappop")?;
    let Some(last) = l.len().checked_sub(1) else { return Err(cx.index_error("index out of range")) };
    let v = at(l, last);
    l.set(cx, last, Value::NONE);
    l.len.set(last);
    if last == 0 {
        return Ok(v);
    }
    let first = at(l, 0);
    l.set(cx, 0, v);
    sink::<MAX>(cx, l, 0)?;
    Ok(first)
}

fn heapreplace<const MAX: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = heap(cx, a[0], "heapreplace")?;
    let Some(first) = l.get(0) else { return Err(cx.index_error("index out of range")) };
    l.set(cx, 0, a[1]);
    sink::<MAX>(cx, l, 0)?;
    Ok(first)
}

fn heappushpop<const MAX: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = heap(cx, a[0], "heappushpop")?;
    let Some(first) = l.get(0) else { return Ok(a[1]) };
    if !above::<MAX>(cx, l, first, a[1])? {
        return Ok(a[1]);
    }
    let first = at(l, 0);
    l.set(cx, 0, a[1]);
    sink::<MAX>(cx, l, 0)?;
    Ok(first)
}

fn heapify<const MAX: bool>(cx: &mut Thread, a: Args<'_>) -> R {
    let l = heap(cx, a[0], "heapify")?;
    for i in (0..l.len() / 2).rev() {
        sink::<MAX>(cx, l, i)?;
    }
    Ok(Value::NONE)
}
