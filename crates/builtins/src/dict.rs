//! The type dict. Views and iterators are in the sub-modules.

mod iters;
mod update;
mod views;

use crate::list::{class_getitem, fill, guarded_repr, push_repr, wrong_receiver};
use ferropy_vm::types::{Class, Dict, DictIter, DictView};
use ferropy_vm::{Args, Builtin as B, Gc, HeapObject, N, NativeDef, R, Thread, Value, field};

pub use update::update_from;

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    fill(
        cx,
        B::Dict,
        METHODS,
        "dict() -> new empty dictionary\ndict(mapping) -> new dictionary initialized from a mapping object's\n    (key, \
         value) pairs\ndict(iterable) -> new dictionary initialized as if via:\n    d = {}\n    for k, v in \
         iterable:\n        d[k] = v\ndict(**kwargs) -> new dictionary initialized with the name=value pairs\n    in the \
         keyword argument list.  For example:  dict(one=1, two=2)",
    )?;
    views::install(cx)?;
    iters::install(cx)
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        ferropy_vm::ops::construct::dict_new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method("__init__(self, /, *args, **kwargs)", dict_init, "Initialize self.").spare_kwargs(),
    NativeDef::method("__repr__(self, /)", dict_repr, "Return repr(self)."),
    NativeDef::method("__len__(self, /)", dict_len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", dict_getitem, "Return self[key]."),
    NativeDef::method("__setitem__(self, key, value, /)", dict_setitem, "Set self[key] to value."),
    NativeDef::method("__delitem__(self, key, /)", dict_delitem, "Delete self[key]."),
    NativeDef::method(
        "__contains__(self, key, /)",
        dict_contains,
        "True if the dictionary has the specified key, else False.",
    ),
    NativeDef::method("__iter__(self, /)", dict_iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", dict_reversed, "Return a reverse iterator over the dict keys."),
    NativeDef::method("__eq__(self, value, /)", dict_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", dict_ne, "Return self!=value."),
    NativeDef::method("__lt__(self, value, /)", no_order, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", no_order, "Return self<=value."),
    NativeDef::method("__gt__(self, value, /)", no_order, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", no_order, "Return self>=value."),
    NativeDef::method("__or__(self, value, /)", dict_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", dict_ror, "Return value|self."),
    NativeDef::method("__ior__(self, value, /)", dict_ior, "Return self|=value."),
    NativeDef::method("__sizeof__(self, /)", dict_sizeof, "Return the size of the dict in memory."),
    NativeDef::method(
        "get(self, key, default=None, /)",
        dict_get,
        "Return the value for key if key is in the dictionary, else default.",
    ),
    NativeDef::method(
        "setdefault(self, key, default=None, /)",
        dict_setdefault,
        "Insert key with a value of default if key is not in the dictionary.\n\nReturn the value for key if key is in the \
         dictionary, else default.",
    ),
    NativeDef::method(
        "pop(self, key, default=<unrepresentable>, /)",
        dict_pop,
        "D.pop(k[,d]) -> v, remove specified key and return the corresponding value.\n\nIf the key is not found, return the \
         default if given; otherwise,\nraise a KeyError.",
    ),
    NativeDef::method(
        "popitem(self, /)",
        dict_popitem,
        "Remove and return a (key, value) pair as a 2-tuple.\n\nPairs are returned in LIFO (last-in, first-out) \
         order.\nRaises KeyError if the dict is empty.",
    ),
    NativeDef::method("keys(self, /)", dict_view::<0>, "Return a set-like object providing a view on the dict's keys."),
    NativeDef::method("values(self, /)", dict_view::<1>, "Return an object providing a view on the dict's values."),
    NativeDef::method(
        "items(self, /)",
        dict_view::<2>,
        "Return a set-like object providing a view on the dict's items.",
    ),
    NativeDef::method(
        "update(self, /, *args, **kwargs)",
        dict_update,
        "D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.\nIf E is present and has a .keys() method, \
         then does:  for k in E.keys(): D[k] = E[k]\nIf E is present and lacks a .keys() method, then does:  for k, v in \
         E: D[k] = v\nIn either case, this is followed by: for k in F:  D[k] = F[k]",
    )
    .spare_kwargs(),
    NativeDef::class_method(
        "fromkeys(cls, iterable, value=None, /)",
        dict_fromkeys,
        "Create a new dictionary with keys from iterable and values set to value.",
    ),
    NativeDef::method("clear(self, /)", dict_clear, "Remove all items from the dict."),
    NativeDef::method("copy(self, /)", dict_copy, "Return a shallow copy of the dict."),
    NativeDef::class_method("__class_getitem__(cls, item, /)", class_getitem, "See PEP 585"),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<Dict>> {
    match v.cast() {
        Some(d) => Ok(d),
        None => Err(wrong_receiver(cx, "dict", v)),
    }
}

fn dict_init(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    update::update_args(cx, d, a, "dict")?;
    Ok(Value::NONE)
}

fn dict_update(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    update::update_args(cx, d, a, "update")?;
    Ok(Value::NONE)
}

fn dict_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    if d.is_empty() {
        return Ok(cx.new_str("{}")?.value());
    }
    guarded_repr(cx, a[0], "{...}", |cx| {
        let mut out = vec![b'{'];
        let mut i = 0;
        while let Some((next, _, k, v)) = d.next_entry(i) {
            if out.len() > 1 {
                out.extend_from_slice(b", ");
            }
            push_repr(cx, &mut out, k)?;
            out.extend_from_slice(b": ");
            push_repr(cx, &mut out, v)?;
            i = next;
        }
        out.push(b'}');
        Ok(out)
    })
}

fn dict_len(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    cx.uint(d.len() as u64)
}

fn dict_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    if let Some(v) = cx.dict_get(d, a[1])? {
        return Ok(v);
    }
    if a[0].shape() != B::Dict as u32
        && let Some(v) = cx.call_special(a[0], N::__missing__, &[a[1]])?
    {
        return Ok(v);
    }
    Err(cx.key_error(a[1]))
}

fn dict_setitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    cx.dict_set(d, a[1], a[2])?;
    Ok(Value::NONE)
}

fn dict_delitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    match cx.dict_remove(d, a[1])? {
        Some(_) => Ok(Value::NONE),
        None => Err(cx.key_error(a[1])),
    }
}

fn dict_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    Ok(Value::bool(cx.dict_get(d, a[1])?.is_some()))
}

fn dict_iter(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    cx.dict_iter(a[0], a[0], 0, B::DictKeyIterator)
}

/// A reversed iterator over keys, values or items.
fn reversed(cx: &mut Thread, d: Gc<Dict>, what: u8) -> R {
    let class = [B::DictReverseKeyIterator, B::DictReverseValueIterator, B::DictReverseItemIterator][what as usize];
    let it = DictIter::new(d.value(), d.len.get(), what | 4);
    it.at.set(d.entries() as u32);
    Ok(cx.alloc(class, it)?.value())
}

fn dict_reversed(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    reversed(cx, d, 0)
}

/// Equality of the items.
fn equal(cx: &mut Thread, a: Gc<Dict>, b: Gc<Dict>) -> R<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    cx.check_recursion(" in comparison")?;
    let mut i = 0;
    while let Some((next, hash, k, v)) = a.next_entry(i) {
        match cx.dict_get_hashed(b, k, hash)? {
            Some(w) if cx.eq(v, w)? => {}
            _ => return Ok(false),
        }
        i = next;
    }
    Ok(true)
}

fn dict_eq(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    match a[1].cast::<Dict>() {
        Some(other) => Ok(Value::bool(equal(cx, d, other)?)),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn dict_ne(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    match a[1].cast::<Dict>() {
        Some(other) => Ok(Value::bool(!equal(cx, d, other)?)),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// Dicts have no order; the methods exist nevertheless.
fn no_order(_cx: &mut Thread, _a: Args<'_>) -> R {
    Ok(Value::NOT_IMPLEMENTED)
}

fn merged(cx: &mut Thread, a: Value, b: Value) -> R {
    let (Some(x), Some(_)) = (a.cast::<Dict>(), b.cast::<Dict>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    let out = cx.dict_copy(x)?;
    update_from(cx, out, b)?;
    Ok(out.value())
}

fn dict_or(cx: &mut Thread, a: Args<'_>) -> R {
    merged(cx, a[0], a[1])
}

fn dict_ror(cx: &mut Thread, a: Args<'_>) -> R {
    merged(cx, a[1], a[0])
}

fn dict_ior(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    update_from(cx, d, a[1])?;
    Ok(a[0])
}

fn dict_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    let table = d.table.get().as_ref().map_or(0, |r| r.cell_size());
    cx.uint(48 + table as u64)
}

fn dict_get(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    Ok(cx.dict_get(d, a[1])?.unwrap_or(a.or(2, Value::NONE)))
}

fn dict_setdefault(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    cx.dict_set_default(d, a[1], a.or(2, Value::NONE))
}

fn dict_pop(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    if d.is_empty() {
        return match a.opt(2) {
            Some(v) => Ok(v),
            None => Err(cx.key_error(a[1])),
        };
    }
    match (cx.dict_remove(d, a[1])?, a.opt(2)) {
        (Some(v), _) | (None, Some(v)) => Ok(v),
        (None, None) => Err(cx.key_error(a[1])),
    }
}

fn dict_popitem(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    match cx.dict_pop_last(d)? {
        Some((k, v)) => Ok(cx.new_tuple(&[k, v])?.value()),
        None => {
            let text = cx.new_str("popitem(): dictionary is empty")?;
            Err(cx.key_error(text.value()))
        }
    }
}

fn dict_view<const WHAT: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    this(cx, a[0])?;
    let class = [B::DictKeys, B::DictValues, B::DictItems][WHAT as usize];
    Ok(cx.alloc(class, DictView { dict: field(a[0]), what: WHAT })?.value())
}

fn dict_fromkeys(cx: &mut Thread, a: Args<'_>) -> R {
    let value = a.or(2, Value::NONE);
    let made = match a[0].cast::<Class>() {
        Some(c) if c == cx.builtin(B::Dict) => cx.new_dict()?.value(),
        _ => cx.call(a[0], &[])?,
    };
    if let Some(d) = made.cast::<Dict>()
        && made.shape() == B::Dict as u32
        && d.is_empty()
        && [B::Dict, B::Set, B::FrozenSet].map(|b| b as u32).contains(&a[1].shape())
    {
        // Their hashes are known.
        crate::set::each(cx, a[1], &mut |cx, k, hash| {
            cx.dict_set_hashed(d, k, hash, value)?;
            Ok(true)
        })?;
        return Ok(made);
    }
    let it = cx.iter(a[1])?;
    if made.shape() == B::Dict as u32
        && let Some(d) = made.cast::<Dict>()
    {
        while let Some(k) = cx.next_inline(it)? {
            cx.dict_set(d, k, value)?;
        }
        return Ok(made);
    }
    while let Some(k) = cx.next_inline(it)? {
        cx.setitem(made, k, value)?;
    }
    Ok(made)
}

fn dict_clear(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    cx.dict_clear(d);
    Ok(Value::NONE)
}

fn dict_copy(cx: &mut Thread, a: Args<'_>) -> R {
    let d = this(cx, a[0])?;
    Ok(cx.dict_copy(d)?.value())
}

/// Is it a dict or an instance of a subclass?
pub fn is_dict(v: Value) -> bool {
    v.kind() == Dict::kind()
}
