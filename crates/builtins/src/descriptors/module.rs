//! The class of modules.

use ferropy_vm::ops::attr::{object_delattr, object_getattribute, object_setattr};
use ferropy_vm::types::{Class, Dict, Module, Str};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, NativeDef, R, Thread, Value, field, null_field};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__init__(self, /, name, doc=None)",
        init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method("__getattribute__(self, name, /)", object_getattribute, "Return getattr(self, name)."),
    NativeDef::method("__setattr__(self, name, value, /)", object_setattr, "Implement setattr(self, name, value)."),
    NativeDef::method("__delattr__(self, name, /)", object_delattr, "Implement delattr(self, name)."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__dir__(self, /)", dir, "__dir__() -> list\nspecialized dir() implementation"),
    NativeDef::getter("__dict__", get_dict, ""),
    NativeDef::getset("__annotations__", get_annotations, set_annotations, ""),
    NativeDef::getset("__annotate__", get_annotate, set_annotate, ""),
];

const DOC: &str = "Create a module object.\n\nThe name must be a string; the optional docstring can have any type.";

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Module);
    cx.add_methods(class, METHODS)?;
    crate::type_::set_doc(cx, class, DOC)
}

fn this(cx: &mut Thread, v: Value) -> R<(Gc<Module>, Gc<Dict>)> {
    let Some(m) = v.cast::<Module>() else { return Err(cx.type_error("module expected")) };
    match m.dict.cast::<Dict>() {
        Some(d) => Ok((m, d)),
        None => Err(cx.type_error("module has no dict")),
    }
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else { return Err(cx.type_error("type expected")) };
    let dict = cx.new_dict()?;
    Ok(cx.alloc_of(c, Module { dict: field(dict), name: null_field() })?.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let (m, d) = this(cx, a[0])?;
    if a[1].cast::<Str>().is_none() {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("module() argument 'name' must be str, not {got}")));
    }
    m.name.set(cx, m, a[1]);
    let values = [
        (N::__name__, a[1]),
        (N::__doc__, a.or(2, Value::NONE)),
        (N::__package__, Value::NONE),
        (N::__loader__, Value::NONE),
        (N::__spec__, Value::NONE),
    ];
    for (n, v) in values {
        let key = cx.name(n);
        cx.dict_set_str(d, key, v)?;
    }
    Ok(Value::NONE)
}

/// As `importlib` writes it; before that is there, the name must do.
fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let modules = cx.vm().modules;
    for name in ["importlib._bootstrap", "_frozen_importlib"] {
        let key = cx.intern(name)?;
        if let Some(m) = modules.cast::<Dict>().and_then(|d| cx.dict_get_str(d, key)) {
            return cx.call_method(m, "_module_repr", &[a[0]]);
        }
    }
    let (_, d) = this(cx, a[0])?;
    let key = cx.name(N::__name__);
    let name = cx.dict_get_str(d, key).unwrap_or(Value::NONE);
    let name = cx.repr(name)?.to_lossy();
    Ok(cx.new_str(&format!("<module {name}>"))?.value())
}

fn dir(cx: &mut Thread, a: Args<'_>) -> R {
    let key = cx.name(N::__dict__);
    let d = cx.getattr(a[0], key)?;
    let Some(d) = d.cast::<Dict>() else { return Err(cx.type_error("<module>.__dict__ is not a dictionary")) };
    let key = cx.name(N::__dir__);
    if let Some(f) = cx.dict_get_str(d, key) {
        return cx.call(f, &[]);
    }
    crate::object::keys_list(cx, d)
}

fn get_dict(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.1.value())
}

fn get_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    let key = cx.name(N::__annotate__);
    if let Some(f) = cx.dict_get_str(d, key) {
        return Ok(f);
    }
    cx.dict_set_str(d, key, Value::NONE)?;
    Ok(Value::NONE)
}

fn set_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    let Some(f) = a[1].bound() else { return Err(cx.type_error("cannot delete __annotate__ attribute")) };
    if !f.is_none() && !crate::functions_support::is_callable(cx, f) {
        return Err(cx.type_error("__annotate__ must be callable or None"));
    }
    let key = cx.name(N::__annotate__);
    cx.dict_set_str(d, key, f)?;
    if !f.is_none() {
        let key = cx.name(N::__annotations__);
        cx.dict_remove(d, key)?;
    }
    Ok(Value::NONE)
}

/// Is the module's body still running?
fn is_initializing(cx: &mut Thread, d: Gc<Dict>) -> R<bool> {
    let key = cx.name(N::__spec__);
    let Some(spec) = cx.dict_get_str(d, key).filter(|s| !s.is_none()) else { return Ok(false) };
    let key = cx.name(N::_initializing);
    match cx.getattr_opt(spec, key)? {
        Some(v) => cx.truth(v),
        None => Ok(false),
    }
}

fn get_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    let key = cx.name(N::__annotations__);
    if let Some(x) = cx.dict_get_str(d, key) {
        return Ok(x);
    }
    let keep = !is_initializing(cx, d)?;
    let annotate = cx.name(N::__annotate__);
    let annotate = cx.dict_get_str(d, annotate).unwrap_or(Value::NULL);
    let x = crate::functions_support::annotations_from(cx, annotate)?;
    if keep {
        cx.dict_set_str(d, key, x)?;
    }
    Ok(x)
}

fn set_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let (_, d) = this(cx, a[0])?;
    let key = cx.name(N::__annotations__);
    match a[1].bound() {
        Some(v) => cx.dict_set_str(d, key, v)?,
        None => {
            if cx.dict_remove(d, key)?.is_none() {
                return Err(cx.error_with(Exc::AttributeError, &[key]));
            }
        }
    }
    let key = cx.name(N::__annotate__);
    cx.dict_remove(d, key)?;
    Ok(Value::NONE)
}
