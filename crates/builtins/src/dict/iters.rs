//! Iterators over dicts and sets.

use crate::list::fill;
use ferropy_vm::ops::iter::register_next;
use ferropy_vm::types::{Dict, DictIter, Set};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, Value};

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [
        B::DictKeyIterator,
        B::DictValueIterator,
        B::DictItemIterator,
        B::DictReverseKeyIterator,
        B::DictReverseValueIterator,
        B::DictReverseItemIterator,
        B::SetIterator,
    ] {
        fill(cx, class, METHODS, "")?;
    }
    // SAFETY: called for this kind only.
    register_next::<DictIter>(|cx, it| step(cx, unsafe { it.cast_unchecked() }));
    Ok(())
}

static METHODS: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", iter_self, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", iter_next, "Implement next(self)."),
    NativeDef::method(
        "__length_hint__(self, /)",
        length_hint,
        "Private method returning an estimate of len(list(it)).",
    ),
    NativeDef::method("__reduce__(self, /)", reduce, "Return state information for pickling."),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<DictIter>> {
    match v.cast() {
        Some(it) => Ok(it),
        None => Err(crate::list::wrong_receiver(cx, "dict iterator", v)),
    }
}

fn iter_self(_cx: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn iter_next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let v = step(cx, it)?;
    if v.is_null() { Err(cx.stop_iteration(Value::NULL)) } else { Ok(v) }
}

/// The next item; unbound at the end.
fn step(cx: &mut Thread, it: Gc<DictIter>) -> R {
    if it.what & 4 != 0 { cx.dict_next(it) } else { Ok(cx.quick_next(it.value())?.unwrap_or(Value::NULL)) }
}

fn length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let len = match (it.dict.cast::<Dict>(), it.dict.cast::<Set>()) {
        (Some(d), _) => d.len.get(),
        (_, Some(s)) => s.len.get(),
        _ => return Ok(Value::small_int(0)),
    };
    // After a change there is nothing more to come.
    let n = if len == it.len.get() { it.left.get() } else { 0 };
    cx.uint(n.into())
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let iter = crate::iterators::builtin(cx, "iter")?;
    let list = cx.new_list(&[])?;
    let (dict, at, len, left) = (it.dict.get(), it.at.get(), it.len.get(), it.left.get());
    loop {
        let v = step(cx, it)?;
        if v.is_null() {
            break;
        }
        cx.list_append(list, v)?;
    }
    it.dict.set(cx, it, dict);
    it.at.set(at);
    it.len.set(len);
    it.left.set(left);
    let args = cx.new_tuple(&[list.value()])?.value();
    Ok(cx.new_tuple(&[iter, args])?.value())
}
