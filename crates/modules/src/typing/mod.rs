//! `_typing`: type parameters, type aliases, `Generic`.
//!
//! Bounds, constraints, defaults and alias values written in Python source are *evaluators*, functions of a format; they
//! run when somebody asks (format 1, VALUE) and the result is kept. What needs no speed is left to `typing.py`.

mod alias;
mod params;
mod support;

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Instance, Str, Tuple};
use ferropy_vm::{Args, BinOp, Builtin as B, Field, Gc, N, NativeDef, R, Thread, TypeDef, Value, field, heap_kind};

/// Registers the module, and the constructors that instructions call.
pub fn register(cx: &mut Thread) {
    cx.register_module("_typing", init);
    static CONSTRUCTORS: &[NativeDef] = &[
        NativeDef::function("make_typevar(name, /)", params::make_typevar, ""),
        NativeDef::function("make_typevar_bound(name, evaluate, /)", params::make_typevar_bound, ""),
        NativeDef::function("make_typevar_constraints(name, evaluate, /)", params::make_typevar_constraints, ""),
        NativeDef::function("make_paramspec(name, /)", params::make_paramspec, ""),
        NativeDef::function("make_typevartuple(name, /)", params::make_typevartuple, ""),
        NativeDef::function("set_typeparam_default(param, evaluate, /)", params::set_default, ""),
        NativeDef::function("subscript_generic(params, /)", support::subscript_generic, ""),
        NativeDef::function("make_type_alias(parts, /)", alias::make_type_alias, ""),
    ];
    for def in CONSTRUCTORS {
        if let Ok(f) = cx.native_function(Value::NULL, def) {
            cx.set_registry(def.name(), f);
        }
    }
}

static FUNCTIONS: &[NativeDef] = &[NativeDef::function("_idfunc(x, /)", support::idfunc, "")];

fn init(cx: &mut Thread) -> R {
    let m = cx.module_with("_typing", "Primitives and accelerators for the typing module.\n", FUNCTIONS)?;
    for def in [
        &params::TYPEVAR,
        &params::PARAMSPEC,
        &params::TYPEVARTUPLE,
        &params::PARAMSPEC_ARGS,
        &params::PARAMSPEC_KWARGS,
        &alias::ALIAS,
        &support::GENERIC,
    ] {
        cx.module_class(m, def)?;
    }
    let v = support::no_default(cx)?;
    cx.module_set(m, "NoDefault", v)?;
    let v = support::union_class(cx)?;
    cx.module_set(m, "Union", v)?;
    Ok(m.value())
}

/// Calls a function of `typing.py`.
fn typing_call(cx: &mut Thread, name: &str, args: &[Value]) -> R {
    let typing = cx.import("typing")?;
    cx.call_method(typing, name, args)
}

/// `typing.Unpack[v]`.
fn unpack(cx: &mut Thread, v: Value) -> R {
    let typing = cx.import("typing")?;
    let unpack = cx.getattr_str(typing, "Unpack")?;
    cx.getitem(unpack, v)
}

/// The module of the calling function, or None.
fn caller_module(cx: &mut Thread) -> Value {
    let key = cx.name(N::__name__);
    let Some(frame) = cx.current_frame() else { return Value::NONE };
    // SAFETY: a live record.
    let func = unsafe { (*frame).func };
    let globals = func.cast::<ferropy_vm::types::Function>().and_then(|f| f.globals.cast::<Dict>());
    globals.and_then(|g| cx.dict_get_str(g, key)).unwrap_or(Value::NONE)
}

/// Sets the `__module__` of an instance.
fn set_module(cx: &mut Thread, v: Value, module: Value) -> R<()> {
    if module.is_none() {
        return Ok(());
    }
    let key = cx.name(N::__module__);
    cx.setattr(v, key, module)
}

/// A value that may still have to be computed: `value`, or else what `evaluate` returns for format VALUE.
fn forced(cx: &mut Thread, owner: Value, value: &Field, evaluate: &Field) -> R<Option<Value>> {
    if let Some(v) = value.get().bound() {
        return Ok(Some(v));
    }
    let Some(f) = evaluate.get().bound() else { return Ok(None) };
    let v = cx.call(f, &[Value::small_int(1)])?;
    value.set(cx, owner, v);
    Ok(Some(v))
}

/// `a | b` for type parameters.
fn union(cx: &mut Thread, a: Value, b: Value) -> R {
    let class = support::union_class(cx)?;
    let pair = cx.new_tuple(&[a, b])?.value();
    cx.getitem(class, pair)
}

fn or(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[0], a[1])
}
fn ror(cx: &mut Thread, a: Args<'_>) -> R {
    union(cx, a[1], a[0])
}
