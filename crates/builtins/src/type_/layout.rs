//! Which base decides the layout of a new class.

use ferropy_vm::class::flags;
use ferropy_vm::types::{BigInt, Bytes, Class, Tuple};
use ferropy_vm::{Gc, HeapObject, N, R, Thread, Value};

/// The nearest class along the layout bases that adds something to the layout.
pub fn solid_base(cx: &Thread, c: Gc<Class>) -> Gc<Class> {
    let mut c = c;
    while let Some(b) = c.base.cast::<Class>() {
        if b.kind.get() != c.kind.get() || cx.member_count(b) != cx.member_count(c) {
            break;
        }
        c = b;
    }
    c
}

/// The base whose layout the class extends.
pub fn best_base(cx: &mut Thread, bases: Gc<Tuple>) -> R<Gc<Class>> {
    let mut best: Option<(Gc<Class>, Gc<Class>)> = None;
    for i in 0..bases.len {
        let Some(b) = bases.at(i).cast::<Class>() else { return Err(cx.type_error("bases must be types")) };
        if !b.has(flags::BASE) {
            let name = cx.type_name(b);
            return Err(cx.type_error(format!("type '{name}' is not an acceptable base type")));
        }
        let solid = solid_base(cx, b);
        best = match best {
            None => Some((b, solid)),
            Some((_, s)) if s.is_subclass(solid) => best,
            Some((_, s)) if solid.is_subclass(s) => Some((b, solid)),
            Some(_) => return Err(cx.type_error("multiple bases have instance lay-out conflict")),
        };
    }
    match best {
        Some((b, _)) => Ok(b),
        None => Err(cx.type_error("a new-style class can't have only classic bases")),
    }
}

/// Do instances have a variable number of items behind a fixed part (CPython's `tp_itemsize`)?
pub fn is_variable(c: Gc<Class>) -> bool {
    [BigInt::kind(), Tuple::kind(), Bytes::kind(), Class::kind()].contains(&c.kind.get())
}

/// The most derived metaclass of `meta` and the bases' classes.
pub fn winner(cx: &mut Thread, meta: Gc<Class>, bases: Gc<Tuple>) -> R<Gc<Class>> {
    let mut win = meta;
    for i in 0..bases.len {
        let c = cx.class_of(bases.at(i));
        if win.is_subclass(c) {
            continue;
        }
        if c.is_subclass(win) {
            win = c;
            continue;
        }
        return Err(cx.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses \
             of all its bases",
        ));
    }
    Ok(win)
}

/// Refuses bases that `__build_class__` should have resolved.
pub fn check_mro_entries(cx: &mut Thread, bases: Gc<Tuple>) -> R<()> {
    let name = cx.name(N::__mro_entries__);
    for i in 0..bases.len {
        let b: Value = bases.at(i);
        if b.cast::<Class>().is_none() && cx.getattr_opt(b, name)?.is_some() {
            return Err(cx.type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
        }
    }
    Ok(())
}
