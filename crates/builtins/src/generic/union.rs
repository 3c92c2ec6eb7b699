//! `typing.Union`, which is also `types.UnionType`: `int | str`.
//!
//! Arguments are flattened and without duplicates; their order shows in the repr only.

use super::{is_class, params, repr};
use ferropy_vm::types::{Str, Tuple};
use ferropy_vm::{
    Args, Builtin as B, Exc, Field, Gc, NativeDef, R, RootedVec, Thread, TypeDef, Value, class::flags, field,
    heap_kind, null_field,
};

#[repr(C)]
pub struct Union {
    /// Tuple.
    args: Field,
    /// Tuple, computed when first asked for.
    parameters: Field,
}
heap_kind!(Union, "union", 2);

static METHODS: &[NativeDef] = &[
    NativeDef::class_method("__class_getitem__(cls, params, /)", class_getitem, "Return typing.Union[params]."),
    NativeDef::method("__repr__(self, /)", union_repr, "Return repr(self)."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__or__(self, value, /)", type_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", type_ror, "Return value|self."),
    NativeDef::method("__getitem__(self, key, /)", getitem, "Return self[key]."),
    NativeDef::method("__instancecheck__(self, instance, /)", instancecheck, ""),
    NativeDef::method("__subclasscheck__(self, cls, /)", subclasscheck, ""),
    NativeDef::method("__mro_entries__(self, bases, /)", mro_entries, ""),
    NativeDef::getter("__args__", |cx, a| Ok(args_of(cx, a[0])?.value()), ""),
    NativeDef::getter("__parameters__", get_parameters, "Type variables in the types.UnionType."),
    NativeDef::getter("__origin__", |cx, _| Ok(cx.native_class(&TYPE)?.value()), "Always returns the type"),
    NativeDef::getter("__name__", |cx, _| cx.intern("Union"), "Name of the type"),
    NativeDef::getter("__qualname__", |cx, _| cx.intern("Union"), "Qualified name of the type"),
];

pub static TYPE: TypeDef =
    TypeDef::new::<Union>("typing.Union", METHODS, "Represent a union type\n\nE.g. for int | str")
        .flags(flags::IMMUTABLE | flags::NO_NEW | flags::WEAKREF);

fn args_of(cx: &mut Thread, v: Value) -> R<Gc<Tuple>> {
    let args = v.cast::<Union>().and_then(|u| u.args.cast::<Tuple>());
    args.ok_or_else(|| cx.type_error("Union expected"))
}

/// What `|` makes unions of.
fn is_unionable(cx: &mut Thread, v: Value) -> bool {
    if v.is_none() || is_class(v) || v.cast::<Union>().is_some() || super::alias::parts(v).is_some() {
        return true;
    }
    let class = cx.class_of(v).value();
    cx.registry("TypeAliasType") == Some(class)
}

pub fn type_or(cx: &mut Thread, a: Args<'_>) -> R {
    or(cx, a[0], a[1])
}

pub fn type_ror(cx: &mut Thread, a: Args<'_>) -> R {
    or(cx, a[1], a[0])
}

fn or(cx: &mut Thread, first: Value, second: Value) -> R {
    if !is_unionable(cx, first) || !is_unionable(cx, second) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let mut out = RootedVec::new(cx);
    add(cx, &mut out, first)?;
    add(cx, &mut out, second)?;
    finish(cx, out)
}

/// Adds an argument (or a union's arguments) unless it is there.
fn add(cx: &mut Thread, out: &mut RootedVec, v: Value) -> R<()> {
    if let Some(u) = v.cast::<Union>() {
        let inner = args_of(cx, u.value())?;
        for i in 0..inner.len {
            add(cx, out, inner.at(i))?;
        }
        return Ok(());
    }
    let v = if v.is_none() { cx.builtin(B::NoneType).value() } else { v };
    for i in 0..out.len() {
        if same(cx, out[i], v)? {
            return Ok(());
        }
    }
    out.push(v);
    Ok(())
}

/// Identity for classes, else equality.
fn same(cx: &mut Thread, a: Value, b: Value) -> R<bool> {
    if a == b {
        return Ok(true);
    }
    if is_class(a) && is_class(b) && cx.class_of(a) == cx.builtin(B::Type) && cx.class_of(b) == cx.builtin(B::Type) {
        return Ok(false);
    }
    cx.eq(a, b)
}

fn finish(cx: &mut Thread, out: RootedVec) -> R {
    if out.len() == 1 {
        return Ok(out[0]);
    }
    let args = cx.new_tuple(&out)?;
    let class = cx.native_class(&TYPE)?;
    Ok(cx.alloc_of(class, Union { args: field(args), parameters: null_field() })?.value())
}

/// `typing.Union[...]`: anything that `typing` accepts as a type.
fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let given = match a[1].cast::<Tuple>() {
        Some(t) => t,
        None => cx.new_tuple(&[a[1]])?,
    };
    from_tuple(cx, given)
}

pub fn from_tuple(cx: &mut Thread, given: Gc<Tuple>) -> R {
    if given.len == 0 {
        return Err(cx.type_error("Cannot take a Union of no types."));
    }
    let mut out = RootedVec::new(cx);
    for i in 0..given.len {
        let v = given.at(i);
        let v = if is_unionable(cx, v) { v } else { checked(cx, v)? };
        add(cx, &mut out, v)?;
    }
    finish(cx, out)
}

/// What `typing._type_check` makes of an argument: strings become forward references.
fn checked(cx: &mut Thread, v: Value) -> R {
    let typing = cx.import("typing")?;
    let message = cx.new_str("Union[arg, ...]: each arg must be a type.")?;
    cx.call_method(typing, "_type_check", &[v, message.value()])
}

fn union_repr(cx: &mut Thread, a: Args<'_>) -> R {
    cx.check_recursion(" while getting the repr of an object")?;
    let args = args_of(cx, a[0])?;
    let mut out = Vec::new();
    for i in 0..args.len {
        if i > 0 {
            out.extend(b" | ");
        }
        repr::push_type(cx, &mut out, args.at(i))?;
    }
    Ok(cx.new_wtf8(&out)?.value())
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let args = args_of(cx, a[0])?;
    let (mut h, mut unhashable) = (0x5bd1_e995_u64, 0);
    for i in 0..args.len {
        let one = cx.hash(args.at(i));
        match cx.catch(Exc::TypeError, one)? {
            // Without regard to order.
            Some(x) => h = h.wrapping_add(x.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            None => unhashable += 1,
        }
    }
    if unhashable > 0 {
        let s = if unhashable == 1 { "" } else { "s" };
        return Err(cx.type_error(format!("union contains {unhashable} unhashable element{s}")));
    }
    cx.int(h as i64)
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<Union>().is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (args_of(cx, a[0])?, args_of(cx, a[1])?);
    if x.len != y.len {
        return Ok(Value::FALSE);
    }
    for i in 0..x.len {
        let mut found = false;
        for j in 0..y.len {
            found = found || same(cx, x.at(i), y.at(j))?;
        }
        if !found {
            return Ok(Value::FALSE);
        }
    }
    Ok(Value::TRUE)
}

fn get_parameters(cx: &mut Thread, a: Args<'_>) -> R {
    let args = args_of(cx, a[0])?;
    let Some(u) = a[0].cast::<Union>() else { return Ok(Value::NONE) };
    if let Some(p) = u.parameters.get().bound() {
        return Ok(p);
    }
    let p = params::collect(cx, args.items())?;
    u.parameters.set(cx, u, p);
    Ok(p.value())
}

fn getitem(cx: &mut Thread, a: Args<'_>) -> R {
    let parameters = get_parameters(cx, a)?;
    let args = args_of(cx, a[0])?;
    let Some(parameters) = parameters.cast::<Tuple>() else { return Err(cx.type_error("Union expected")) };
    let new = params::substitute(cx, a[0], args.items(), parameters, a[1])?;
    from_tuple(cx, new)
}

fn instancecheck(cx: &mut Thread, a: Args<'_>) -> R {
    let args = args_of(cx, a[0])?;
    for i in 0..args.len {
        if cx.isinstance(a[1], args.at(i))? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn subclasscheck(cx: &mut Thread, a: Args<'_>) -> R {
    let args = args_of(cx, a[0])?;
    for i in 0..args.len {
        if cx.issubclass(a[1], args.at(i))? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}

fn mro_entries(cx: &mut Thread, a: Args<'_>) -> R {
    let shown: Gc<Str> = cx.repr(a[0])?;
    let shown = shown.to_lossy();
    Err(cx.type_error(format!("Cannot subclass {shown}")))
}
