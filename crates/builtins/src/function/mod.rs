//! Python functions, bound methods and native functions as objects.

use ferropy_vm::ops::call::function_meta;
use ferropy_vm::types::{CellObject, Class, CodeObject, Dict, Function, Str, Tuple};
use ferropy_vm::{Args, Builtin as B, Gc, NativeDef, R, Thread, Value};

pub mod method;
pub mod native;

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)",
        new,
        "Create a function object.",
    ),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__call__(self, /, *args, **kwargs)", native::call, "Call self as a function."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::getset("__code__", get_code, set_code, ""),
    NativeDef::getset("__defaults__", get_defaults, set_defaults, ""),
    NativeDef::getset("__kwdefaults__", get_kwdefaults, set_kwdefaults, ""),
    NativeDef::getter("__closure__", get_closure, "").as_member(),
    NativeDef::getter("__globals__", get_globals, "").as_member(),
    NativeDef::getter("__builtins__", get_builtins, "").as_member(),
    NativeDef::getset("__name__", get_name, set_name, ""),
    NativeDef::getset("__qualname__", get_qualname, set_qualname, ""),
    NativeDef::getset("__doc__", get_doc, set_doc, ""),
    NativeDef::getset("__module__", get_module, set_module, ""),
    NativeDef::getset("__dict__", crate::object::layout::get_dict, crate::object::layout::set_dict, ""),
    NativeDef::getset("__annotations__", get_annotations, set_annotations, ""),
    NativeDef::getset("__annotate__", get_annotate, set_annotate, ""),
    NativeDef::getset("__type_params__", get_type_params, set_type_params, ""),
];

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Function);
    cx.add_methods(class, METHODS)?;
    method::install(cx)?;
    native::install(cx)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Function>> {
    v.cast::<Function>().ok_or_else(|| cx.type_error("function expected"))
}

fn argument_error(cx: &mut Thread, name: &str, what: &str, got: Value) -> ferropy_vm::Raised {
    let got = cx.class_name(got);
    cx.type_error(format!("function() argument '{name}' must be {what}, not {got}"))
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(code) = a[1].cast::<CodeObject>() else { return Err(argument_error(cx, "code", "code", a[1])) };
    let Some(globals) = a[2].cast::<Dict>() else { return Err(argument_error(cx, "globals", "dict", a[2])) };
    if a.some(3).is_some_and(|n| n.cast::<Str>().is_none()) {
        return Err(cx.type_error("arg 3 (name) must be None or string"));
    }
    if a.some(4).is_some_and(|n| n.cast::<Tuple>().is_none()) {
        return Err(cx.type_error("arg 4 (defaults) must be None or tuple"));
    }
    if a.some(6).is_some_and(|n| n.cast::<Dict>().is_none()) {
        return Err(cx.type_error("arg 6 (kwdefaults) must be None or dict"));
    }
    check_closure(cx, code, a.or(5, Value::NONE))?;
    let f = cx.new_function(code, globals)?;
    if let Some(n) = a.some(3) {
        f.name.set(cx, f, n);
    }
    if let Some(d) = a.some(4) {
        f.defaults.set(cx, f, d);
    }
    if let Some(c) = a.some(5) {
        f.closure.set(cx, f, c);
    }
    if let Some(d) = a.some(6) {
        f.kwdefaults.set(cx, f, d);
    }
    Ok(f.value())
}

fn check_closure(cx: &mut Thread, code: Gc<CodeObject>, closure: Value) -> R<()> {
    let need = code.rust().nfree as usize;
    let cells = closure.cast::<Tuple>();
    if cells.is_none() && need > 0 {
        return Err(cx.type_error("arg 5 (closure) must be tuple"));
    }
    if cells.is_none() && !closure.is_none() {
        return Err(cx.type_error("arg 5 (closure) must be None or tuple"));
    }
    let got = cells.map_or(0, |c| c.len);
    if got != need {
        let name = code.name.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
        return Err(cx.value_error(format!("{name} requires closure of length {need}, not {got}")));
    }
    for i in 0..got {
        let c = cells.map_or(Value::NONE, |c| c.at(i));
        if c.cast::<CellObject>().is_none() {
            let got = cx.class_name(c);
            return Err(cx.type_error(format!("arg 5 (closure) expected cell, found {got}")));
        }
    }
    Ok(())
}

fn get(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_none() {
        if a.some(2).is_none() {
            return Err(cx.type_error("__get__(None, None) is invalid"));
        }
        return Ok(a[0]);
    }
    cx.new_bound_method(a[0], a[1])
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let name = cx.function_name(f);
    let text = format!("<function {name} at {:#x}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

fn or_none(v: Value) -> R {
    Ok(v.bound().unwrap_or(Value::NONE))
}

fn get_code(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.code.get())
}

fn set_code(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let Some(code) = a[1].cast::<CodeObject>() else {
        return Err(cx.type_error("__code__ must be set to a code object"));
    };
    let (need, have) = (code.rust().nfree as usize, f.closure.cast::<Tuple>().map_or(0, |c| c.len));
    if need != have {
        let name = f.name.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
        return Err(cx.value_error(format!("{name}() requires a code object with {have} free vars, not {need}")));
    }
    f.code.set(cx, f, code);
    Ok(Value::NONE)
}

fn get_defaults(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.defaults.get())
}

fn set_defaults(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let v = a.some(1);
    if v.is_some_and(|v| v.cast::<Tuple>().is_none()) {
        return Err(cx.type_error("__defaults__ must be set to a tuple object"));
    }
    f.defaults.set(cx, f, v.unwrap_or(Value::NULL));
    Ok(Value::NONE)
}

fn get_kwdefaults(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.kwdefaults.get())
}

fn set_kwdefaults(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let v = a.some(1);
    if v.is_some_and(|v| v.cast::<Dict>().is_none()) {
        return Err(cx.type_error("__kwdefaults__ must be set to a dict object"));
    }
    f.kwdefaults.set(cx, f, v.unwrap_or(Value::NULL));
    Ok(Value::NONE)
}

fn get_closure(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.closure.get())
}
fn get_globals(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.globals.get())
}
fn get_builtins(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.builtins.get())
}
fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.name.get())
}
fn get_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.qualname.get())
}

fn set_name(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if a[1].cast::<Str>().is_none() {
        return Err(cx.type_error("__name__ must be set to a string object"));
    }
    f.name.set(cx, f, a[1]);
    Ok(Value::NONE)
}

fn set_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if a[1].cast::<Str>().is_none() {
        return Err(cx.type_error("__qualname__ must be set to a string object"));
    }
    f.qualname.set(cx, f, a[1]);
    Ok(Value::NONE)
}

/// Item of the function's list of rarely used attributes.
fn meta(cx: &mut Thread, v: Value, i: usize) -> R<Value> {
    let f = this(cx, v)?;
    Ok(cx.function_meta(f)?.get(i).unwrap_or(Value::NULL))
}

fn set_meta(cx: &mut Thread, v: Value, i: usize, x: Value) -> R {
    let f = this(cx, v)?;
    cx.function_meta(f)?.set(cx, i, x);
    Ok(Value::NONE)
}

fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(meta(cx, a[0], function_meta::DOC)?)
}
fn set_doc(cx: &mut Thread, a: Args<'_>) -> R {
    set_meta(cx, a[0], function_meta::DOC, a.or(1, Value::NONE))
}
fn get_module(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.module.get())
}
fn set_module(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    f.module.set(cx, f, a.or(1, Value::NONE));
    Ok(Value::NONE)
}

fn get_type_params(cx: &mut Thread, a: Args<'_>) -> R {
    let empty = cx.vm().empty_tuple;
    Ok(meta(cx, a[0], function_meta::TYPE_PARAMS)?.bound().unwrap_or(empty))
}

fn set_type_params(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].cast::<Tuple>().is_none() {
        return Err(cx.type_error("__type_params__ must be set to a tuple"));
    }
    set_meta(cx, a[0], function_meta::TYPE_PARAMS, a[1])
}

fn get_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    if let Some(d) = f.annotations.get().bound() {
        return Ok(d);
    }
    let d = crate::functions_support::annotations_from(cx, f.annotate.get())?;
    f.annotations.set(cx, f, d);
    Ok(d)
}

fn set_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let v = a.some(1);
    if v.is_some_and(|v| v.cast::<Dict>().is_none()) {
        return Err(cx.type_error("__annotations__ must be set to a dict object"));
    }
    f.annotations.set(cx, f, v.unwrap_or(Value::NULL));
    f.annotate.set(cx, f, Value::NULL);
    Ok(Value::NONE)
}

fn get_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    or_none(this(cx, a[0])?.annotate.get())
}

fn set_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let Some(v) = a[1].bound() else { return Err(cx.type_error("__annotate__ cannot be deleted")) };
    if v.is_none() {
        f.annotate.set(cx, f, v);
        return Ok(Value::NONE);
    }
    if !crate::functions_support::is_callable(cx, v) {
        return Err(cx.type_error("__annotate__ must be callable or None"));
    }
    f.annotate.set(cx, f, v);
    f.annotations.set(cx, f, Value::NULL);
    Ok(Value::NONE)
}

/// `__qualname__` of a class, for the names of its methods.
pub fn class_qualname(c: Gc<Class>) -> String {
    c.qualname.cast::<Str>().map_or_else(|| c.name(), |q| q.to_lossy())
}

/// `(getattr, (object, name))`: how methods are pickled.
pub fn reduce_getattr(cx: &mut Thread, of: Value, name: Value) -> R {
    let builtins = cx.import("builtins")?;
    let getattr = cx.getattr_str(builtins, "getattr")?;
    let args = cx.new_tuple(&[of, name])?;
    Ok(cx.new_tuple(&[getattr, args.value()])?.value())
}
