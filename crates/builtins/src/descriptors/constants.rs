//! The classes of `None`, `...` and `NotImplemented`.

use ferropy_vm::types::{Dict, Tuple};
use ferropy_vm::{Args, Builtin as B, NativeDef, R, Thread, Value};

static NONE: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new_none, "The type of the None singleton."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__bool__(self, /)", is_false, "True if self else False"),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
];

static ELLIPSIS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, /, *args, **kwargs)", new_ellipsis, "The type of the Ellipsis singleton."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__reduce__(self, /)", repr, ""),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
];

static NOT_IMPLEMENTED: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new_not_implemented,
        "The type of the NotImplemented singleton.",
    ),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__reduce__(self, /)", repr, ""),
    NativeDef::method("__bool__(self, /)", no_bool, "True if self else False"),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    for (b, defs, doc) in [
        (B::NoneType, NONE, "The type of the None singleton."),
        (B::Ellipsis, ELLIPSIS, "The type of the Ellipsis singleton."),
        (B::NotImplementedType, NOT_IMPLEMENTED, "The type of the NotImplemented singleton."),
    ] {
        let class = cx.builtin(b);
        cx.add_methods(class, defs)?;
        crate::type_::set_doc(cx, class, doc)?;
    }
    Ok(())
}

fn only(cx: &mut Thread, a: Args<'_>, v: Value, class: &str) -> R {
    let given = a[1].cast::<Tuple>().map_or(0, |t| t.len) + a[2].cast::<Dict>().map_or(0, |d| d.len());
    if given > 0 {
        return Err(cx.type_error(format!("{class} takes no arguments")));
    }
    Ok(v)
}

fn new_none(cx: &mut Thread, a: Args<'_>) -> R {
    only(cx, a, Value::NONE, "NoneType")
}
fn new_ellipsis(cx: &mut Thread, a: Args<'_>) -> R {
    only(cx, a, Value::ELLIPSIS, "EllipsisType")
}
fn new_not_implemented(cx: &mut Thread, a: Args<'_>) -> R {
    only(cx, a, Value::NOT_IMPLEMENTED, "NotImplementedType")
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    cx.intern(match a[0] {
        Value::NONE => "None",
        Value::ELLIPSIS => "Ellipsis",
        _ => "NotImplemented",
    })
}

fn is_false(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::FALSE)
}

fn no_bool(cx: &mut Thread, _: Args<'_>) -> R {
    Err(cx.type_error("NotImplemented should not be used in a boolean context"))
}

/// The constants have no address: fixed numbers.
fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    cx.int(match a[0] {
        Value::NONE => 0xfca8_6420,
        Value::ELLIPSIS => 0xfca8_6421,
        _ => 0xfca8_6422,
    })
}
