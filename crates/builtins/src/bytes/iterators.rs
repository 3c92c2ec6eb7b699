//! Iterators over bytes and bytearrays.

use ferropy_vm::types::SeqIter;
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Thread, Value};

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [B::BytesIterator, B::ByteArrayIterator] {
        let class = cx.builtin(class);
        cx.add_methods(class, METHODS)?;
    }
    Ok(())
}

fn this(cx: &mut Thread, a: Args<'_>) -> R<Gc<SeqIter>> {
    match a[0].cast::<SeqIter>() {
        Some(it) => Ok(it),
        None => Err(cx.type_error("a bytes iterator is required")),
    }
}

fn iter(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn next(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a)?;
    let Some(data) = super::data_of(it.seq.get()) else { return Err(cx.stop_iteration(Value::NULL)) };
    let at = it.at.get();
    match data.get(at) {
        Some(b) => {
            it.at.set(at + 1);
            Ok(Value::small_int(*b as i64))
        }
        None => {
            it.seq.set(cx, it, Value::NULL);
            Err(cx.stop_iteration(Value::NULL))
        }
    }
}

fn length_hint(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a)?;
    let len = super::data_of(it.seq.get()).map_or(0, <[u8]>::len);
    cx.int(len.saturating_sub(it.at.get()) as i64)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a)?;
    let module = cx.vm().builtins;
    let name = cx.name(N::iter);
    let iter = match module.cast().and_then(|d| cx.dict_get_str(d, name)) {
        Some(f) => f,
        None => Value::NONE,
    };
    match it.seq.get().bound() {
        Some(seq) => {
            let args = cx.new_tuple(&[seq])?.value();
            let at = cx.int(it.at.get() as i64)?;
            Ok(cx.new_tuple(&[iter, args, at])?.value())
        }
        None => {
            let empty = cx.vm().empty_tuple;
            let args = cx.new_tuple(&[empty])?.value();
            Ok(cx.new_tuple(&[iter, args])?.value())
        }
    }
}

fn setstate(cx: &mut Thread, a: Args<'_>) -> R {
    let it = this(cx, a)?;
    let n = cx.index(a[1])?.max(0) as usize;
    if let Some(data) = super::data_of(it.seq.get()) {
        it.at.set(n.min(data.len()));
    }
    Ok(Value::NONE)
}

static METHODS: &[NativeDef] = &[
    NativeDef::method("__iter__(self, /)", iter, "Implement iter(self)."),
    NativeDef::method("__next__(self, /)", next, "Implement next(self)."),
    NativeDef::method(
        "__length_hint__(self, /)",
        length_hint,
        "Private method returning an estimate of len(list(it)).",
    ),
    NativeDef::method("__reduce__(self, /)", reduce, "Return state information for pickling."),
    NativeDef::method("__setstate__(self, state, /)", setstate, "Set state information for unpickling."),
];
