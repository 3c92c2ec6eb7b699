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
    if it.what < 4 {
        return Ok(cx.quick_next(it.value())?.unwrap_or(Value::NULL));
    }
    let Some(d) = it.dict.cast::<Dict>() else { return Ok(Value::NULL) };
    if d.len.get() != it.len.get() {
        it.len.set(u32::MAX);
        return Err(cx.runtime_error("dictionary changed size during iteration"));
    }
    let Some((at, _, k, v)) = d.prev_entry(it.at.get()) else {
        it.dict.set(cx, it, Value::NULL);
        return Ok(Value::NULL);
    };
    it.at.set(at);
    match it.what & 3 {
        0 => Ok(k),
        1 => Ok(v),
        _ => Ok(cx.new_tuple(&[k, v])?.value()),
    }
}

fn length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let (mut n, mut at) = (0, it.at.get());
    if let Some(d) = it.dict.cast::<Dict>()
        && d.len.get() == it.len.get()
    {
        if it.what < 4 {
            while let Some((next, ..)) = d.next_entry(at) {
                (n, at) = (n + 1, next);
            }
        } else {
            while let Some((before, ..)) = d.prev_entry(at) {
                (n, at) = (n + 1, before);
            }
        }
    }
    if let Some(s) = it.dict.cast::<Set>()
        && s.len.get() == it.len.get()
    {
        while let Some((next, ..)) = s.next_entry(at) {
            (n, at) = (n + 1, next);
        }
    }
    cx.uint(n)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a[0])?;
    let list = cx.new_list(&[])?;
    let (dict, at, len) = (it.dict.get(), it.at.get(), it.len.get());
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
    let iter = crate::iterators::builtin(cx, "iter")?;
    let args = cx.new_tuple(&[list.value()])?.value();
    Ok(cx.new_tuple(&[iter, args])?.value())
}
