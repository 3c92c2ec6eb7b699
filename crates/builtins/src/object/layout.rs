//! Assignment to `__class__`: which classes have the same layout, and giving an instance another shape.

use ferropy_vm::types::{Class, Dict, Module, Tuple, attr_area};
use ferropy_vm::{Args, Exc, Gc, HeapObject, R, Thread, Value, class::flags};

pub fn set_class(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(new) = a[1].bound() else { return Err(cx.type_error("can't delete __class__ attribute")) };
    let Some(new) = new.cast::<Class>() else {
        let got = cx.class_name(new);
        return Err(cx.type_error(format!("__class__ must be set to a class, not '{got}' object")));
    };
    let old = cx.class_of(a[0]);
    let modules = a[0].cast::<Module>().is_some() && new.kind.get() == Module::kind();
    if !modules && (!super::is_mutable_class(cx, new) || !super::is_mutable_class(cx, old)) {
        return Err(cx.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    if old == new {
        return Ok(Value::NONE);
    }
    if !same_layout(cx, old, new) {
        let (new, old) = (new.name(), old.name());
        return Err(cx.type_error(format!("__class__ assignment: '{new}' object layout differs from '{old}'")));
    }
    reshape(cx, a[0], new)?;
    Ok(Value::NONE)
}

/// Same payload, and the same members, dict and weak references added to the same base.
pub fn same_layout(cx: &Thread, a: Gc<Class>, b: Gc<Class>) -> bool {
    if a.kind.get() != b.kind.get() {
        return false;
    }
    if a.kind.get() == Module::kind() {
        return same_members(a, b);
    }
    let (a, b) = (nearest_addition(cx, a), nearest_addition(cx, b));
    a == b || a.base.get() == b.base.get() && same_members(a, b) && extras(a) == extras(b)
}

/// The nearest class along the layout bases that adds something to its base's instances.
fn nearest_addition(cx: &Thread, c: Gc<Class>) -> Gc<Class> {
    let mut at = c;
    while let Some(base) = at.base.cast::<Class>()
        && base.kind.get() == at.kind.get()
        && cx.member_count(base) == cx.member_count(at)
        && extras(base) == extras(at)
    {
        at = base;
    }
    at
}

/// Have instances a dict, and can they be referred to weakly?
fn extras(c: Gc<Class>) -> u32 {
    c.flags.get() & (flags::HAS_DICT | flags::WEAKREF)
}

/// Have both the same members in the same slots?
fn same_members(a: Gc<Class>, b: Gc<Class>) -> bool {
    let names = |c: Gc<Class>| c.slot_names.cast::<Tuple>();
    match (names(a), names(b)) {
        (Some(a), Some(b)) => a.items() == b.items(),
        (None, None) => true,
        _ => false,
    }
}

/// Makes `v` an instance of `new`, whose layout is the same. The attribute area's size stays: the shape that the instance
/// gets is made for the number of inline slots that it has.
fn reshape(cx: &mut Thread, v: Value, new: Gc<Class>) -> R<()> {
    let has_dict = new.has(flags::HAS_DICT);
    let Some(h) = v.header() else { return Ok(()) };
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    if attr_area(v).is_none() || !has_dict || v.cast::<Class>().is_some() {
        h.shape.store(new.root_shape.get(), relaxed);
    } else if cx.process().shapes.get(v.shape()).dict_mode {
        let root = root_for(cx, v, new);
        let shape = cx.process_mut().shapes.dict_mode(root);
        h.shape.store(shape, relaxed);
    } else {
        let mut shape = root_for(cx, v, new);
        let names = cx.process().shapes.names(v.shape());
        for (i, (name, _)) in names.iter().enumerate() {
            match cx.process_mut().shapes.with(shape, *name) {
                Some(s) => shape = s,
                None => return dict_reshape(cx, v, new, i),
            }
        }
        h.shape.store(shape, relaxed);
    }
    if new.has(flags::HAS_DEL)
        && let Some(r) = v.as_ref()
    {
        cx.mutator.register_finalizable(r);
    }
    Ok(())
}

/// The new class cannot have a shape with that many attributes: they go to a dict first.
fn dict_reshape(cx: &mut Thread, v: Value, new: Gc<Class>, _at: usize) -> R<()> {
    cx.to_dict_mode(v)?;
    let root = root_for(cx, v, new);
    let shape = cx.process_mut().shapes.dict_mode(root);
    if let Some(h) = v.header() {
        h.shape.store(shape, std::sync::atomic::Ordering::Relaxed);
    }
    Ok(())
}

/// A root shape of `new` with as many inline slots as `v` has.
fn root_for(cx: &mut Thread, v: Value, new: Gc<Class>) -> u32 {
    let inline = cx.process().shapes.get(v.shape()).inline;
    let own = cx.process().shapes.get(new.root_shape.get());
    if own.inline == inline {
        return new.root_shape.get();
    }
    let (count, has_dict) = (own.count, own.has_dict);
    cx.process_mut().shapes.root_with(new, count, inline, has_dict)
}

/// `__dict__` of an instance. A class that inherits this descriptor has its own kind of `__dict__`.
pub fn get_dict(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<Class>().is_some() {
        return crate::type_::get_dict(cx, a);
    }
    match cx.instance_dict(a[0])?.bound() {
        Some(d) => Ok(d),
        None => {
            let r = cx.error(Exc::AttributeError, "This object has no __dict__");
            Err(r)
        }
    }
}

pub fn set_dict(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].cast::<Class>().is_some() {
        return Err(cx.error(Exc::AttributeError, "attribute '__dict__' of 'type' objects is not writable"));
    }
    if a[0].cast::<Module>().is_some() {
        return Err(cx.error(Exc::AttributeError, "readonly attribute"));
    }
    if cx.instance_dict(a[0])?.is_null() {
        return Err(cx.error(Exc::AttributeError, "This object has no __dict__"));
    }
    let d = match a[1].bound() {
        None => cx.new_dict()?,
        Some(v) => match v.cast::<Dict>() {
            Some(d) => d,
            None => {
                let got = cx.class_name(v);
                return Err(cx.type_error(format!("__dict__ must be set to a dictionary, not a '{got}'")));
            }
        },
    };
    cx.set_instance_dict(a[0], d)?;
    Ok(Value::NONE)
}
