//! dict_keys, dict_values and dict_items.

use super::reversed;
use crate::list::{fill, guarded_repr, repr_items, wrong_receiver};
use ferropy_vm::types::{Dict, DictView, MappingProxy, Set, Tuple};
use ferropy_vm::{Args, Builtin as B, CmpOp, Gc, HeapObject, NativeDef, R, Thread, Value, field};

pub fn install(cx: &mut Thread) -> R<()> {
    for class in [B::DictKeys, B::DictValues, B::DictItems] {
        fill(cx, class, COMMON, "")?;
    }
    fill(cx, B::DictKeys, SET_LIKE, "")?;
    fill(cx, B::DictItems, SET_LIKE, "")
}

static COMMON: &[NativeDef] = &[
    NativeDef::method("__repr__(self, /)", view_repr, "Return repr(self)."),
    NativeDef::method("__len__(self, /)", view_len, "Return len(self)."),
    NativeDef::method("__iter__(self, /)", view_iter, "Implement iter(self)."),
    NativeDef::method("__reversed__(self, /)", view_reversed, "Return a reverse iterator over the dict view."),
    NativeDef::getter("mapping", view_mapping, "dictionary that this view refers to"),
];

static SET_LIKE: &[NativeDef] = &[
    NativeDef::method("__contains__(self, key, /)", view_contains, "Return bool(key in self)."),
    NativeDef::method("__lt__(self, value, /)", compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", compare::<5>, "Return self>=value."),
    NativeDef::method("__and__(self, value, /)", view_and, "Return self&value."),
    NativeDef::method("__rand__(self, value, /)", view_and, "Return value&self."),
    NativeDef::method("__or__(self, value, /)", view_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", view_ror, "Return value|self."),
    NativeDef::method("__sub__(self, value, /)", view_sub, "Return self-value."),
    NativeDef::method("__rsub__(self, value, /)", view_rsub, "Return value-self."),
    NativeDef::method("__xor__(self, value, /)", view_xor, "Return self^value."),
    NativeDef::method("__rxor__(self, value, /)", view_rxor, "Return value^self."),
    NativeDef::method(
        "isdisjoint(self, other, /)",
        view_isdisjoint,
        "Return True if the view and the given iterable have a null intersection.",
    ),
];

fn this(cx: &mut Thread, v: Value) -> R<(Gc<DictView>, Gc<Dict>)> {
    match v.cast::<DictView>() {
        Some(view) => match view.dict.cast() {
            Some(d) => Ok((view, d)),
            None => Err(cx.type_error("view of nothing")),
        },
        None => Err(wrong_receiver(cx, "dict view", v)),
    }
}

fn view_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, _) = this(cx, a[0])?;
    let name = cx.class_of(a[0]).name();
    guarded_repr(cx, a[0], "...", |cx| {
        let items = cx.collect(a[0])?;
        repr_items(cx, &format!("{name}(["), "])", |_, i| items.get(i).copied())
    })
}

fn view_len(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    cx.uint(d.len() as u64)
}

fn view_iter(cx: &mut Thread, a: Args<'_>) -> R {
    let (view, d) = this(cx, a[0])?;
    let class = [B::DictKeyIterator, B::DictValueIterator, B::DictItemIterator][view.what as usize];
    cx.dict_iter(d.value(), d.value(), view.what, class)
}

fn view_reversed(cx: &mut Thread, a: Args<'_>) -> R {
    let (view, d) = this(cx, a[0])?;
    reversed(cx, d, view.what)
}

fn view_mapping(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    Ok(cx.alloc(B::MappingProxy, MappingProxy { mapping: field(d) })?.value())
}

fn contains(cx: &mut Thread, view: Value, x: Value) -> R<bool> {
    let (view, d) = this(cx, view)?;
    if view.what == 0 {
        return Ok(cx.dict_get(d, x)?.is_some());
    }
    let Some(t) = x.cast::<Tuple>().filter(|t| t.len == 2) else { return Ok(false) };
    match cx.dict_get(d, t.at(0))? {
        Some(v) => cx.eq(v, t.at(1)),
        None => Ok(false),
    }
}

fn view_contains(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(contains(cx, a[0], a[1])?))
}

/// A set, or a view that is like one.
fn is_set_like(v: Value) -> bool {
    v.kind() == Set::kind() || v.shape() == B::DictKeys as u32 || v.shape() == B::DictItems as u32
}

/// Is each item of `a` in `b`?
fn all_contained(cx: &mut Thread, a: Value, b: Value) -> R<bool> {
    let it = cx.iter(a)?;
    while let Some(x) = cx.next(it)? {
        if !cx.contains(b, x)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    if !is_set_like(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (n, m) = (cx.len(a[0])?, cx.len(a[1])?);
    let r = match CmpOp::from_u8(OP) {
        CmpOp::Eq => n == m && all_contained(cx, a[0], a[1])?,
        CmpOp::Ne => !(n == m && all_contained(cx, a[0], a[1])?),
        CmpOp::Lt => n < m && all_contained(cx, a[0], a[1])?,
        CmpOp::Le => n <= m && all_contained(cx, a[0], a[1])?,
        CmpOp::Gt => n > m && all_contained(cx, a[1], a[0])?,
        CmpOp::Ge => n >= m && all_contained(cx, a[1], a[0])?,
    };
    Ok(Value::bool(r))
}

fn set_from(cx: &mut Thread, v: Value) -> R<Gc<Set>> {
    let s = cx.new_set()?;
    cx.set_update(s, v)?;
    Ok(s)
}

fn view_and(cx: &mut Thread, a: Args<'_>) -> R {
    let out = cx.new_set()?;
    let (mut view, mut other) = (a[0], a[1]);
    if is_set_like(other) && cx.len(other)? > cx.len(view)? {
        (view, other) = (other, view);
    }
    let it = cx.iter(other)?;
    while let Some(x) = cx.next(it)? {
        if cx.contains(view, x)? {
            cx.set_add(out, x)?;
        }
    }
    Ok(out.value())
}

fn union(cx: &mut Thread, a: Value, b: Value) -> R {
    let out = set_from(cx, a)?;
    cx.set_update(out, b)?;
    Ok(out.value())
}

fn view_or(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[0], a[1])
}

fn view_ror(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[1], a[0])
}

fn difference(cx: &mut Thread, a: Value, b: Value) -> R {
    let out = set_from(cx, a)?;
    let it = cx.iter(b)?;
    while let Some(x) = cx.next(it)? {
        cx.set_remove(out, x)?;
    }
    Ok(out.value())
}

fn view_sub(cx: &mut Thread, a: Args<'_>) -> R {
    difference(cx, a[0], a[1])
}

fn view_rsub(cx: &mut Thread, a: Args<'_>) -> R {
    difference(cx, a[1], a[0])
}

fn symmetric(cx: &mut Thread, a: Value, b: Value) -> R {
    let out = set_from(cx, a)?;
    let other = set_from(cx, b)?;
    let mut i = 0;
    while let Some((next, hash, x)) = other.next_entry(i) {
        if !cx.set_remove_hashed(out, x, hash)? {
            cx.set_add_hashed(out, x, hash)?;
        }
        i = next;
    }
    Ok(out.value())
}

fn view_xor(cx: &mut Thread, a: Args<'_>) -> R {
    symmetric(cx, a[0], a[1])
}

fn view_rxor(cx: &mut Thread, a: Args<'_>) -> R {
    symmetric(cx, a[1], a[0])
}

fn view_isdisjoint(cx: &mut Thread, a: Args<'_>) -> R {
    let (mut view, mut other) = (a[0], a[1]);
    if view == other {
        return Ok(Value::bool(cx.len(view)? == 0));
    }
    if is_set_like(other) && cx.len(other)? > cx.len(view)? {
        (view, other) = (other, view);
    }
    let it = cx.iter(other)?;
    while let Some(x) = cx.next(it)? {
        if cx.contains(view, x)? {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}
