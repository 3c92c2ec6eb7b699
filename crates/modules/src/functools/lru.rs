//! The wrapper that `lru_cache` puts around a function.
//!
//! The cache is a dict whose order is that of use: a hit moves its entry to the end, the first entry is the oldest.

use ferropy_builtins::list::wrong_receiver;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Tuple};
use ferropy_vm::{Args, Builtin as B, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind};
use std::cell::Cell;

#[repr(C)]
pub struct Lru {
    func: Field,
    cache: Field,
    info: Field,
    /// -1: no limit.
    maxsize: Cell<i64>,
    typed: Cell<bool>,
    hits: Cell<i64>,
    misses: Cell<i64>,
}
heap_kind!(Lru, "lru_cache wrapper", 3);

pub static WRAPPER: TypeDef = TypeDef::new::<Lru>(
    "functools._lru_cache_wrapper",
    &[
        NativeDef::static_method(
            "__new__(cls, user_function, maxsize, typed, cache_info_type)",
            lru_new,
            "Create and return a new object.",
        ),
        NativeDef::method("__call__(self, /, *args, **kwargs)", lru_call, "Call self as a function."),
        NativeDef::method(
            "__get__(self, instance, owner=None, /)",
            lru_get,
            "Return an attribute of instance, which is of type owner.",
        ),
        NativeDef::method("cache_info(self, /)", cache_info, "Report cache statistics"),
        NativeDef::method("cache_clear(self, /)", cache_clear, "Clear the cache and cache statistics"),
        NativeDef::method("__copy__(self, /)", |_, a| Ok(a[0]), ""),
        NativeDef::method("__deepcopy__(self, memo, /)", |_, a| Ok(a[0]), ""),
        NativeDef::method("__reduce__(self, /)", reduce, ""),
    ],
    "Create a cached callable that wraps another function.",
)
.flags(flags::BASE | flags::IMMUTABLE | flags::HAS_DICT | flags::WEAKREF);

fn this(cx: &mut Thread, v: Value) -> R<Gc<Lru>> {
    match v.cast() {
        Some(l) => Ok(l),
        None => Err(wrong_receiver(cx, "functools._lru_cache_wrapper", v)),
    }
}

fn lru_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else { return Err(wrong_receiver(cx, "type", a[0])) };
    if !crate::collections::is_callable(cx, a[1]) {
        return Err(cx.type_error("the first argument must be callable"));
    }
    let maxsize = match a[2] {
        Value::NONE => -1,
        v if v.is_any_int() => cx.index(v)?.max(0),
        _ => return Err(cx.type_error("maxsize should be integer or None")),
    };
    let typed = cx.truth(a[3])?;
    let cache = cx.new_dict()?;
    let l = Lru {
        func: field(a[1]),
        cache: field(cache),
        info: field(a[4]),
        maxsize: maxsize.into(),
        typed: typed.into(),
        hits: 0.into(),
        misses: 0.into(),
    };
    Ok(cx.alloc_of(class, l)?.value())
}

/// The key of a call: a single int or str stands for itself.
fn make_key(cx: &mut Thread, l: Gc<Lru>, args: Gc<Tuple>, kw: Gc<Dict>) -> R {
    if kw.is_empty() && !l.typed.get() {
        return Ok(match args.items() {
            [v] if v.is_int() || v.shape() == B::Str as u32 || v.shape() == B::Int as u32 => *v,
            _ => args.value(),
        });
    }
    let mut parts = RootedVec::new(cx);
    parts.as_mut_vec().extend_from_slice(args.items());
    if !kw.is_empty() {
        // A mark that no argument can be: the class itself, which only native code passes here.
        let mark = cx.native_class(&WRAPPER)?.value();
        parts.push(mark);
        let mut i = 0;
        while let Some((next, _, k, v)) = kw.next_entry(i) {
            parts.push(k);
            parts.push(v);
            i = next;
        }
    }
    if l.typed.get() {
        for v in args.items() {
            let class = cx.class_of(*v);
            parts.push(class);
        }
        let mut i = 0;
        while let Some((next, _, _, v)) = kw.next_entry(i) {
            let class = cx.class_of(v);
            parts.push(class);
            i = next;
        }
    }
    Ok(cx.new_tuple(&parts)?.value())
}

fn lru_call(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let (Some(args), Some(kw)) = (a[1].cast::<Tuple>(), a[2].cast::<Dict>()) else { return Ok(Value::NONE) };
    let kwargs = if kw.is_empty() { Value::NULL } else { a[2] };
    let limit = l.maxsize.get();
    if limit == 0 {
        l.misses.set(l.misses.get() + 1);
        return cx.call_ex(l.func.get(), args, kwargs);
    }
    let key = make_key(cx, l, args, kw)?;
    let hash = cx.hash(key)?;
    let Some(cache) = l.cache.cast::<Dict>() else { return Ok(Value::NONE) };
    if let Some(v) = cx.dict_get_hashed(cache, key, hash)? {
        l.hits.set(l.hits.get() + 1);
        if limit > 0 {
            used(cx, cache, key, hash, v)?;
        }
        return Ok(v);
    }
    l.misses.set(l.misses.get() + 1);
    let v = cx.call_ex(l.func.get(), args, kwargs)?;
    // The call may have filled the cache, or replaced it.
    let Some(cache) = l.cache.cast::<Dict>() else { return Ok(v) };
    if cx.dict_get_hashed(cache, key, hash)?.is_some() {
        return Ok(v);
    }
    if limit > 0 && cache.len() as i64 >= limit {
        let oldest = cache.next_entry(0);
        if let Some((_, h, k, _)) = oldest {
            cx.dict_remove_hashed(cache, k, h)?;
        }
    }
    cx.dict_set_hashed(cache, key, hash, v)?;
    Ok(v)
}

/// Moves an entry to the end.
fn used(cx: &mut Thread, cache: Gc<Dict>, key: Value, hash: u64, v: Value) -> R<()> {
    if let Some((_, _, last, _)) = cache.prev_entry(usize::MAX)
        && last == key
    {
        return Ok(());
    }
    if cx.dict_remove_hashed(cache, key, hash)?.is_some() {
        cx.dict_set_hashed(cache, key, hash, v)?;
    }
    Ok(())
}

fn lru_get(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_none() { Ok(a[0]) } else { cx.new_bound_method(a[0], a[1]) }
}

fn cache_info(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let (hits, misses) = (cx.int(l.hits.get())?, cx.int(l.misses.get())?);
    let maxsize = match l.maxsize.get() {
        -1 => Value::NONE,
        n => cx.int(n)?,
    };
    let size = l.cache.cast::<Dict>().map_or(0, |d| d.len());
    let size = cx.uint(size as u64)?;
    cx.call(l.info.get(), &[hits, misses, maxsize, size])
}

fn cache_clear(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let fresh = cx.new_dict()?;
    l.cache.set(cx, l, fresh);
    l.hits.set(0);
    l.misses.set(0);
    Ok(Value::NONE)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.name(N::__qualname__);
    cx.getattr(a[0], name)
}
