//! `Generic`, `NoDefault`, evaluators of constants.

use super::*;

// ---- Generic

pub static GENERIC: TypeDef = TypeDef::new::<Instance>(
    "typing.Generic",
    &[
        NativeDef::class_method("__class_getitem__(cls, /, *args, **kwargs)", class_getitem, ""),
        NativeDef::class_method(
            "__init_subclass__(cls, /, *args, **kwargs)",
            init_subclass,
            "Function to initialize subclasses.",
        ),
    ],
    "Abstract base class for generic types\n\nOn Python 3.12 and newer, generic classes implicitly inherit from\nGeneric \
     when they declare a parameter list after the class's name::\n\n    class Mapping[KT, VT]:\n        def \
     __getitem__(self, key: KT) -> VT:\n            ...\n            # Etc.\n\nOn older versions of Python, however, \
     generic classes have to\nexplicitly inherit from Generic.\n\nAfter a class has been declared to be generic, it can \
     then be used as\nfollows::\n\n    def lookup_name[KT, VT](mapping: Mapping[KT, VT], key: KT, default: VT) -> VT:\n  \
           try:\n            return mapping[key]\n        except KeyError:\n            return default\n",
)
.flags(flags::BASE);

/// Calls `typing.NAME(cls, *args, **kwargs)`.
fn forward(cx: &mut Thread, name: &str, a: Args<'_>) -> R {
    let typing = cx.import("typing")?;
    let f = cx.getattr_str(typing, name)?;
    let mut all = ferropy_vm::RootedVec::new(cx);
    all.push(a[0]);
    if let Some(t) = a[1].cast::<Tuple>() {
        all.as_mut_vec().extend_from_slice(t.items());
    }
    let args = cx.new_tuple(&all)?;
    cx.call_ex(f, args, a[2])
}

fn class_getitem(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, "_generic_class_getitem", a)
}
fn init_subclass(cx: &mut Thread, a: Args<'_>) -> R {
    forward(cx, "_generic_init_subclass", a)
}

/// `Generic[params]`, the implicit base of `class C[params]`.
pub fn subscript_generic(cx: &mut Thread, a: Args<'_>) -> R {
    let params = cx.tuple_from(a[0])?;
    let params = unpacked(cx, params)?;
    let generic = cx.native_class(&GENERIC)?.value();
    typing_call(cx, "_GenericAlias", &[generic, params])
}

/// The parameters with `*Ts` for every TypeVarTuple.
pub fn unpacked(cx: &mut Thread, params: Gc<Tuple>) -> R {
    let class = cx.native_class(&params::TYPEVARTUPLE)?;
    if !params.items().iter().any(|p| cx.class_of(*p) == class) {
        return Ok(params.value());
    }
    let mut out = ferropy_vm::RootedVec::new(cx);
    for i in 0..params.len {
        let p = params.at(i);
        let v = if cx.class_of(p) == class { unpack(cx, p)? } else { p };
        out.push(v);
    }
    Ok(cx.new_tuple(&out)?.value())
}

pub fn idfunc(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

/// The class of `int | str`.
pub fn union_class(cx: &mut Thread) -> R {
    if let Some(c) = cx.registry("typing.Union") {
        return Ok(c);
    }
    let (a, b) = (cx.builtin(B::Int).value(), cx.builtin(B::Str).value());
    let v = cx.binary(BinOp::Or, a, b)?;
    let class = cx.class_of(v).value();
    cx.set_registry("typing.Union", class);
    Ok(class)
}

// ---- NoDefault

static NO_DEFAULT: TypeDef = TypeDef::new::<Instance>(
    "NoDefaultType",
    &[
        NativeDef::static_method("__new__(cls, /, *args, **kwargs)", no_default_new, ""),
        NativeDef::method("__repr__(self, /)", no_default_repr, "Return repr(self)."),
        NativeDef::method("__reduce__(self, /)", no_default_reduce, "Helper for pickle."),
    ],
    "The type of the NoDefault singleton.",
)
.flags(flags::IMMUTABLE);

/// The singleton `typing.NoDefault`.
pub fn no_default(cx: &mut Thread) -> R {
    if let Some(v) = cx.registry("NoDefault") {
        return Ok(v);
    }
    let class = cx.native_class(&NO_DEFAULT)?;
    let v = cx.alloc_instance(class)?;
    cx.set_registry("NoDefault", v);
    Ok(v)
}

fn no_default_new(cx: &mut Thread, a: Args<'_>) -> R {
    let given = a[1].cast::<Tuple>().map_or(0, |t| t.len) + a[2].cast::<Dict>().map_or(0, |d| d.len());
    if given > 0 {
        return Err(cx.type_error("NoDefaultType takes no arguments"));
    }
    no_default(cx)
}
fn no_default_repr(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_str("typing.NoDefault")?.value())
}
fn no_default_reduce(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_str("NoDefault")?.value())
}

// ---- evaluators of values that are known

#[repr(C)]
pub struct Const {
    value: Field,
}
heap_kind!(Const, "const evaluator", 1);

static CONST: TypeDef = TypeDef::new::<Const>(
    "_typing._ConstEvaluator",
    &[
        NativeDef::method("__call__(self, format, /)", const_call, "Call self as a function."),
        NativeDef::method("__repr__(self, /)", const_repr, "Return repr(self)."),
    ],
    "",
)
.flags(flags::IMMUTABLE | flags::NO_NEW);

/// A function of a format that returns the value.
pub fn const_evaluator(cx: &mut Thread, v: Value) -> R {
    let class = cx.native_class(&CONST)?;
    Ok(cx.alloc_of(class, Const { value: field(v) })?.value())
}

fn const_value(v: Value) -> Value {
    v.cast::<Const>().map_or(Value::NONE, |c| c.value.get())
}

fn const_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let mut out = b"<constevaluator ".to_vec();
    out.extend_from_slice(cx.repr(const_value(a[0]))?.bytes());
    out.push(b'>');
    Ok(cx.new_wtf8(&out)?.value())
}

/// Format STRING (4) gives source text, all others the value itself.
fn const_call(cx: &mut Thread, a: Args<'_>) -> R {
    let value = const_value(a[0]);
    if cx.index(a[1])? != 4 {
        return Ok(value);
    }
    let Some(t) = value.cast::<Tuple>() else { return Ok(type_repr(cx, value)?.value()) };
    let mut out = b"(".to_vec();
    for i in 0..t.len {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(type_repr(cx, t.at(i))?.bytes());
    }
    out.extend_from_slice(if t.len == 1 { b",)" } else { b")" });
    Ok(cx.new_wtf8(&out)?.value())
}

fn type_repr(cx: &mut Thread, v: Value) -> R<Gc<Str>> {
    let module = cx.import("annotationlib")?;
    let text = cx.call_method(module, "type_repr", &[v])?;
    cx.expect_text(text, "type_repr()")
}
