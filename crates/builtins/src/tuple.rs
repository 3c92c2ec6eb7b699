//! The type tuple.

use crate::list::{class_getitem, fill, guarded_repr, repeat_count, repr_items, search_bounds, wrong_receiver};
use ferropy_vm::types::{Class, Slice, Tuple};
use ferropy_vm::{Args, Builtin as B, CmpOp, Exc, Gc, NativeDef, R, RootedVec, Thread, Value};

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    fill(
        cx,
        B::Tuple,
        METHODS,
        "Built-in immutable sequence.\n\nIf no argument is given, the constructor returns an empty tuple.\nIf iterable is \
         specified the tuple is initialized from iterable's items.\n\nIf the argument is a tuple, the return value is the \
         same object.",
    )
}

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, iterable=(), /)", tuple_new, "Create and return a new object."),
    NativeDef::method("__repr__(self, /)", tuple_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", tuple_hash, "Return hash(self)."),
    NativeDef::method("__len__(self, /)", tuple_len, "Return len(self)."),
    NativeDef::method("__getitem__(self, key, /)", tuple_getitem, "Return self[key]."),
    NativeDef::method("__contains__(self, key, /)", tuple_contains, "Return bool(key in self)."),
    NativeDef::method("__iter__(self, /)", tuple_iter, "Implement iter(self)."),
    NativeDef::method("__add__(self, value, /)", tuple_add, "Return self+value."),
    NativeDef::method("__mul__(self, value, /)", tuple_mul, "Return self*value."),
    NativeDef::method("__rmul__(self, value, /)", tuple_mul, "Return value*self."),
    NativeDef::method("__lt__(self, value, /)", tuple_compare::<0>, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", tuple_compare::<1>, "Return self<=value."),
    NativeDef::method("__eq__(self, value, /)", tuple_compare::<2>, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", tuple_compare::<3>, "Return self!=value."),
    NativeDef::method("__gt__(self, value, /)", tuple_compare::<4>, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", tuple_compare::<5>, "Return self>=value."),
    NativeDef::method("__getnewargs__(self, /)", tuple_getnewargs, ""),
    NativeDef::method("__sizeof__(self, /)", tuple_sizeof, "Size of object in memory, in bytes."),
    NativeDef::method(
        "index(self, value, start=0, stop=9223372036854775807, /)",
        tuple_index,
        "Return first index of value.\n\nRaises ValueError if the value is not present.",
    ),
    NativeDef::method("count(self, value, /)", tuple_count, "Return number of occurrences of value."),
    NativeDef::class_method("__class_getitem__(cls, item, /)", class_getitem, "See PEP 585"),
];

fn this(cx: &mut Thread, v: Value) -> R<Gc<Tuple>> {
    match v.cast() {
        Some(t) => Ok(t),
        None => Err(wrong_receiver(cx, "tuple", v)),
    }
}

fn tuple_new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(class) = a[0].cast::<Class>() else {
        return Err(cx.type_error("tuple.__new__(X): X is not a type object"));
    };
    if class == cx.builtin(B::Tuple) {
        return match a.opt(1) {
            Some(v) => Ok(cx.tuple_from(v)?.value()),
            None => Ok(cx.vm().empty_tuple),
        };
    }
    if !class.is_subclass(cx.builtin(B::Tuple)) {
        let name = class.name();
        return Err(cx.type_error(format!("tuple.__new__({name}): {name} is not a subtype of tuple")));
    }
    let items = match a.opt(1) {
        Some(v) => cx.collect(v)?,
        None => RootedVec::new(cx),
    };
    cx.new_tuple_of(class, &items)
}

fn tuple_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    if t.len == 0 {
        return Ok(cx.new_str("()")?.value());
    }
    let close = if t.len == 1 { ",)" } else { ")" };
    guarded_repr(cx, a[0], "(...)", |cx| repr_items(cx, "(", close, |_, i| t.items().get(i).copied()))
}

fn tuple_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let h = cx.tuple_hash(t)?;
    cx.int(h as i64)
}

fn tuple_len(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.uint(t.len as u64)
}

fn tuple_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    if let Some(s) = a[1].cast::<Slice>() {
        if let Some((from, to)) = crate::list::quick_range(s, t.len).filter(|r| r.1 - r.0 < t.len) {
            return Ok(cx.new_tuple(&t.items()[from..to])?.value());
        }
        let ix = cx.slice_indices(s, t.len)?;
        if ix.len == t.len && ix.step == 1 && a[0].shape() == B::Tuple as u32 {
            return Ok(a[0]);
        }
        if ix.len == 0 {
            return Ok(cx.vm().empty_tuple);
        }
        let part = cx.tuple_with(ix.len, |to| {
            for (to, i) in to.iter_mut().zip(ix.iter()) {
                *to = t.at(i);
            }
        })?;
        return Ok(part.value());
    }
    if !cx.has_index(a[1]) {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("tuple indices must be integers or slices, not {class}")));
    }
    let i = cx.index_or(a[1], Exc::IndexError)?;
    let at = if i < 0 { i.saturating_add(t.len as i64) } else { i };
    match t.items().get(at as usize) {
        Some(v) => Ok(*v),
        None => Err(cx.index_error("tuple index out of range")),
    }
}

fn tuple_contains(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    for i in 0..t.len {
        if cx.eq(t.at(i), a[1])? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn tuple_iter(cx: &mut Thread, a: Args<'_>) -> R {
    cx.seq_iter(B::TupleIterator, a[0])
}

fn tuple_add(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let Some(other) = a[1].cast::<Tuple>() else {
        let class = cx.class_name(a[1]);
        return Err(cx.type_error(format!("can only concatenate tuple (not \"{class}\") to tuple")));
    };
    let tuple = B::Tuple as u32;
    if t.len == 0 && a[1].shape() == tuple {
        return Ok(a[1]);
    }
    if other.len == 0 && a[0].shape() == tuple {
        return Ok(a[0]);
    }
    if t.len + other.len == 0 {
        return Ok(cx.vm().empty_tuple);
    }
    let both = cx.tuple_with(t.len + other.len, |to| {
        let (head, tail) = to.split_at_mut(t.len);
        head.copy_from_slice(t.items());
        tail.copy_from_slice(other.items());
    })?;
    Ok(both.value())
}

fn tuple_mul(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let n = repeat_count(cx, a[1], t.len)?;
    if n == 1 && a[0].shape() == B::Tuple as u32 {
        return Ok(a[0]);
    }
    if t.len * n == 0 {
        return Ok(cx.vm().empty_tuple);
    }
    Ok(cx.tuple_with(t.len * n, |to| crate::list::repeat(to, t.items()))?.value())
}

fn tuple_compare<const OP: u8>(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let Some(other) = a[1].cast::<Tuple>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let op = CmpOp::from_u8(OP);
    if matches!(op, CmpOp::Eq | CmpOp::Ne) {
        return Ok(Value::bool(cx.tuples_equal(t, other)? == (op == CmpOp::Eq)));
    }
    cx.check_recursion(" in comparison")?;
    for i in 0..t.len.min(other.len) {
        let (x, y) = (t.at(i), other.at(i));
        if !cx.eq(x, y)? {
            return cx.compare(op, x, y);
        }
    }
    Ok(Value::bool(op.of(t.len.cmp(&other.len))))
}

fn tuple_getnewargs(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let plain = cx.new_tuple(t.items())?.value();
    Ok(cx.new_tuple(&[plain])?.value())
}

fn tuple_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    cx.uint(24 + 8 * t.len as u64)
}

fn tuple_index(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let (start, stop) = search_bounds(cx, a, t.len)?;
    for i in start..stop.min(t.len) {
        if cx.eq(t.at(i), a[1])? {
            return cx.uint(i as u64);
        }
    }
    Err(cx.value_error("tuple.index(x): x not in tuple"))
}

fn tuple_count(cx: &mut Thread, a: Args<'_>) -> R {
    let t = this(cx, a[0])?;
    let mut n = 0;
    for i in 0..t.len {
        n += cx.eq(t.at(i), a[1])? as u64;
    }
    cx.uint(n)
}
