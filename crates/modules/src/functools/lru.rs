//! The wrapper that `lru_cache` puts around a function.
//!
//! Without a limit the cache is a dict from keys to results. With one it holds [`Link`]s, which are also chained in order
//! of use behind a root: `root.next` was used longest ago. A hit changes the chain alone, so that a key's `__eq__` that
//! calls the function again does not disturb the look-up that called it.

use ferropy_builtins::list::wrong_receiver;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Tuple};
use ferropy_vm::{
    Args, Builtin as B, Field, Gc, N, NativeDef, R, RootedVec, Thread, TypeDef, Value, field, heap_kind, null_field,
};
use std::cell::Cell;

#[repr(C)]
pub struct Lru {
    func: Field,
    cache: Field,
    info: Field,
    /// The root of the chain, of a limited cache.
    root: Field,
    /// -1: no limit.
    maxsize: Cell<i64>,
    typed: Cell<bool>,
    hits: Cell<i64>,
    misses: Cell<i64>,
}
heap_kind!(Lru, "lru_cache wrapper", 4);

/// An entry of a limited cache.
#[repr(C)]
pub struct Link {
    prev: Field,
    next: Field,
    key: Field,
    result: Field,
    hash: Cell<u64>,
}
heap_kind!(Link, "lru_cache link", 4);

static LINK: TypeDef =
    TypeDef::new::<Link>("functools._lru_list_elem", &[], "").flags(flags::IMMUTABLE | flags::NO_NEW);

impl Link {
    fn neighbour(field: &Field) -> Gc<Link> {
        // SAFETY: links are chained to links only, from the moment that they can be seen.
        unsafe { field.as_gc::<Link>() }
    }
}

pub static WRAPPER: TypeDef = TypeDef::new::<Lru>(
    "functools._lru_cache_wrapper",
    &[
        NativeDef::static_method(
            "__new__(cls, user_function, maxsize, typed, cache_info_type)",
            lru_new,
            "Create and return a new object.",
        ),
        NativeDef::method("__call__(self, /, *args, **kwargs)", lru_call, "Call self as a function.").spare_kwargs(),
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
    let root = if maxsize > 0 { new_root(cx)?.value() } else { Value::NULL };
    let l = Lru {
        func: field(a[1]),
        cache: field(cache),
        info: field(a[4]),
        root: field(root),
        maxsize: maxsize.into(),
        typed: typed.into(),
        hits: 0.into(),
        misses: 0.into(),
    };
    Ok(cx.alloc_of(class, l)?.value())
}

/// The key of a call: a single int or str stands for itself.
fn make_key(cx: &mut Thread, l: Gc<Lru>, args: Gc<Tuple>, kw: Option<Gc<Dict>>) -> R {
    if kw.is_none() && !l.typed.get() {
        return Ok(match args.items() {
            [v] if v.is_int() || v.shape() == B::Str as u32 || v.shape() == B::Int as u32 => *v,
            _ => args.value(),
        });
    }
    let mut parts = RootedVec::new(cx);
    parts.as_mut_vec().extend_from_slice(args.items());
    if let Some(kw) = kw {
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
        while let Some((next, _, _, v)) = kw.and_then(|kw| kw.next_entry(i)) {
            let class = cx.class_of(v);
            parts.push(class);
            i = next;
        }
    }
    Ok(cx.new_tuple(&parts)?.value())
}

fn lru_call(cx: &mut Thread, a: Args<'_>) -> R {
    let l = this(cx, a[0])?;
    let Some(args) = a[1].cast::<Tuple>() else { return Ok(Value::NONE) };
    let kwargs = a[2];
    let limit = l.maxsize.get();
    if limit == 0 {
        l.misses.set(l.misses.get() + 1);
        return cx.call_ex(l.func.get(), args, kwargs);
    }
    let key = make_key(cx, l, args, kwargs.cast())?;
    let hash = cx.hash(key)?;
    let Some(cache) = l.cache.cast::<Dict>() else { return Ok(Value::NONE) };
    if let Some(found) = cx.dict_get_hashed(cache, key, hash)? {
        l.hits.set(l.hits.get() + 1);
        let Some(link) = found.cast::<Link>() else { return Ok(found) };
        let result = link.result.get();
        // A key's `__eq__` may have emptied the cache.
        if !link.next.get().is_null() {
            unchain(cx, link);
            chain(cx, l, link);
        }
        return Ok(result);
    }
    l.misses.set(l.misses.get() + 1);
    let result = cx.call_ex(l.func.get(), args, kwargs)?;
    // The call may have filled the cache, or replaced it.
    let Some(cache) = l.cache.cast::<Dict>() else { return Ok(result) };
    if cx.dict_get_hashed(cache, key, hash)?.is_some() {
        return Ok(result);
    }
    if limit < 0 {
        cx.dict_set_hashed(cache, key, hash, result)?;
    } else {
        remember(cx, l, cache, (key, hash), result)?;
    }
    Ok(result)
}

fn new_link(cx: &mut Thread, key: Value, hash: u64, result: Value) -> R<Gc<Link>> {
    let class = cx.native_class(&LINK)?;
    let (prev, next) = (null_field(), null_field());
    cx.alloc_of(class, Link { prev, next, key: field(key), result: field(result), hash: hash.into() })
}

fn new_root(cx: &mut Thread) -> R<Gc<Link>> {
    let root = new_link(cx, Value::NULL, 0, Value::NULL)?;
    root.prev.set(cx, root, root);
    root.next.set(cx, root, root);
    Ok(root)
}

fn unchain(cx: &mut Thread, link: Gc<Link>) {
    let (prev, next) = (Link::neighbour(&link.prev), Link::neighbour(&link.next));
    prev.next.set(cx, prev, next);
    next.prev.set(cx, next, prev);
    link.prev.set(cx, link, Value::NULL);
    link.next.set(cx, link, Value::NULL);
}

/// Puts a link at the end of the chain: it was used just now.
fn chain(cx: &mut Thread, l: Gc<Lru>, link: Gc<Link>) {
    let root = Link::neighbour(&l.root);
    let last = Link::neighbour(&root.prev);
    last.next.set(cx, last, link);
    root.prev.set(cx, root, link);
    link.prev.set(cx, link, last);
    link.next.set(cx, link, root);
}

/// Adds a result to a limited cache; the one that was used longest ago makes room.
fn remember(cx: &mut Thread, l: Gc<Lru>, cache: Gc<Dict>, (key, hash): (Value, u64), result: Value) -> R<()> {
    let root = Link::neighbour(&l.root);
    let oldest = Link::neighbour(&root.next);
    if cache.len() as i64 >= l.maxsize.get() && oldest != root {
        unchain(cx, oldest);
        match cx.dict_remove_hashed(cache, oldest.key.get(), oldest.hash.get()) {
            Ok(Some(_)) => {}
            // Something else has removed it meanwhile.
            Ok(None) => return Ok(()),
            Err(r) => {
                chain(cx, l, oldest);
                return Err(r);
            }
        }
    }
    let link = new_link(cx, key, hash, result)?;
    cx.dict_set_hashed(cache, key, hash, link.value())?;
    chain(cx, l, link);
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
    if l.maxsize.get() > 0 {
        // Link by link: a look-up that is under way may come back to one of the old ones.
        let root = Link::neighbour(&l.root);
        let mut oldest = Link::neighbour(&root.next);
        while oldest != root {
            unchain(cx, oldest);
            oldest = Link::neighbour(&root.next);
        }
    }
    l.hits.set(0);
    l.misses.set(0);
    Ok(Value::NONE)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let name = cx.name(N::__qualname__);
    cx.getattr(a[0], name)
}
