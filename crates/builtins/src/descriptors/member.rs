//! Descriptors of members: those of `__slots__`, and native ones, which `function::native` knows.

use crate::function::native;
use ferropy_vm::types::{Class, Member, NativeFn, Str};
use ferropy_vm::{Args, Builtin as B, Gc, HeapObject, NativeDef, R, Thread, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__set__(self, instance, value, /)", set, "Set an attribute of instance to value."),
    NativeDef::method("__delete__(self, instance, /)", delete, "Delete an attribute of instance."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__reduce__(self, /)", reduce, ""),
    NativeDef::getter("__name__", get_name, ""),
    NativeDef::getter("__qualname__", get_qualname, ""),
    NativeDef::getter("__objclass__", get_objclass, ""),
    NativeDef::getter("__doc__", get_doc, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::MemberDescriptor);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Member>> {
    v.cast::<Member>().ok_or_else(|| cx.type_error("member descriptor expected"))
}

fn name(m: Gc<Member>) -> String {
    m.name.cast::<Str>().map_or_else(String::new, |s| s.to_lossy())
}

fn check(cx: &mut Thread, m: Gc<Member>, v: Value) -> R<()> {
    let Some(owner) = m.owner.cast::<Class>() else { return Ok(()) };
    if cx.class_of(v).is_subclass(owner) {
        return Ok(());
    }
    let (name, of, got) = (name(m), cx.type_name(owner), cx.class_name(v));
    Err(cx.type_error(format!("descriptor '{name}' for '{of}' objects doesn't apply to a '{got}' object")))
}

fn missing(cx: &mut Thread, m: Gc<Member>, v: Value) -> ferropy_vm::Raised {
    cx.empty_member(v, m.name.get())
}

fn get(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::get(cx, a);
    }
    let m = this(cx, a[0])?;
    if a[1].is_none() {
        if a.some(2).is_none() {
            return Err(cx.type_error("__get__(None, None) is invalid"));
        }
        return Ok(a[0]);
    }
    check(cx, m, a[1])?;
    match cx.read_slot(a[1], m.slot) {
        Some(v) => Ok(v),
        None => Err(missing(cx, m, a[1])),
    }
}

fn set(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::set(cx, a);
    }
    let m = this(cx, a[0])?;
    check(cx, m, a[1])?;
    cx.write_slot(a[1], m.slot, a[2])?;
    Ok(Value::NONE)
}

fn delete(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::delete(cx, a);
    }
    let m = this(cx, a[0])?;
    check(cx, m, a[1])?;
    if cx.read_slot(a[1], m.slot).is_none() {
        return Err(missing(cx, m, a[1]));
    }
    cx.write_slot(a[1], m.slot, Value::NULL)?;
    Ok(Value::NONE)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::repr(cx, a);
    }
    let m = this(cx, a[0])?;
    let of = m.owner.cast::<Class>().map_or_else(|| "?".into(), |c| c.name());
    Ok(cx.new_str(&format!("<member '{}' of '{of}' objects>", name(m)))?.value())
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::reduce(cx, a);
    }
    let m = this(cx, a[0])?;
    crate::function::reduce_getattr(cx, m.owner.get(), m.name.get())
}

fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::get_name(cx, a);
    }
    Ok(this(cx, a[0])?.name.get())
}

fn get_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::get_qualname(cx, a);
    }
    let m = this(cx, a[0])?;
    let of = m.owner.cast::<Class>().map_or_else(String::new, crate::function::class_qualname);
    Ok(cx.new_str(&format!("{of}.{}", name(m)))?.value())
}

fn get_objclass(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::get_objclass(cx, a);
    }
    Ok(this(cx, a[0])?.owner.get())
}

/// `__slots__` may be a dict of docs, but only `inspect` looks there.
fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    if a[0].kind() == NativeFn::kind() {
        return native::get_doc(cx, a);
    }
    this(cx, a[0])?;
    Ok(Value::NONE)
}
