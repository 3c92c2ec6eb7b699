//! The class `type`: making classes, calling them, their attributes.

use ferropy_vm::ops::attr::{object_getattribute, type_delattr, type_setattr};
use ferropy_vm::ops::construct::type_call;
use ferropy_vm::types::{Class, Dict, List, Str};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Thread, Value};

mod annotations;
mod attrs;
mod bases;
pub mod build;
pub mod layout;
mod slots;

pub use attrs::get_dict;
pub use build::type_new;

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        build::type_new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__init__(self, /, *args, **kwargs)",
        type_init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method("__call__(self, /, *args, **kwargs)", type_call, "Call self as a function."),
    NativeDef::method("__getattribute__(self, name, /)", object_getattribute, "Return getattr(self, name)."),
    NativeDef::method("__setattr__(self, name, value, /)", type_setattr, "Implement setattr(self, name, value)."),
    NativeDef::method("__delattr__(self, name, /)", type_delattr, "Implement delattr(self, name)."),
    NativeDef::method("__repr__(self, /)", type_repr, "Return repr(self)."),
    NativeDef::method("__or__(self, value, /)", crate::generic::union::type_or, "Return self|value."),
    NativeDef::method("__ror__(self, value, /)", crate::generic::union::type_ror, "Return value|self."),
    NativeDef::class_method(
        "__prepare__(cls, /, *args, **kwargs)",
        type_prepare,
        "Create the namespace for the class statement",
    ),
    NativeDef::method("mro(self, /)", type_mro, "Return a type's method resolution order."),
    NativeDef::method("__subclasses__(self, /)", type_subclasses, "Return a list of immediate subclasses."),
    NativeDef::method("__instancecheck__(self, instance, /)", type_instancecheck, "Check if an object is an instance."),
    NativeDef::method("__subclasscheck__(self, subclass, /)", type_subclasscheck, "Check if a class is a subclass."),
    NativeDef::method("__dir__(self, /)", type_dir, "Specialized __dir__ implementation for types."),
    NativeDef::method("__sizeof__(self, /)", type_sizeof, "Return memory consumption of the type object."),
];

const DOC: &str = "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type";

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Type);
    cx.add_methods(class, METHODS)?;
    cx.add_methods(class, attrs::GETSETS)?;
    cx.add_methods(class, annotations::GETSETS)?;
    let doc = cx.new_str(DOC)?.value();
    cx.set_registry("type.__doc__", doc);
    crate::generic::install(cx)
}

/// Sets the `__doc__` of a built-in class.
pub fn set_doc(cx: &mut Thread, class: Gc<Class>, doc: &str) -> R<()> {
    let doc = cx.new_str(doc)?.value();
    let key = cx.name(N::__doc__);
    cx.dict_set_str(class.dict(), key, doc)
}

/// The class in a receiver that was checked to be one.
fn this(cx: &mut Thread, v: Value) -> R<Gc<Class>> {
    match v.cast::<Class>() {
        Some(c) => Ok(c),
        None => Err(cx.type_error("type expected")),
    }
}

fn type_init(cx: &mut Thread, a: Args<'_>) -> R {
    let n = a[1].cast::<ferropy_vm::types::Tuple>().map_or(0, |t| t.len);
    let kw = a[2].cast::<Dict>().map_or(0, |d| d.len());
    if n == 1 && kw != 0 {
        return Err(cx.type_error("type.__init__() takes no keyword arguments"));
    }
    if n != 1 && n != 3 {
        return Err(cx.type_error("type.__init__() takes 1 or 3 arguments"));
    }
    Ok(Value::NONE)
}

fn type_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let name = cx.class_path(c, &["builtins"]);
    Ok(cx.new_str(&format!("<class '{name}'>"))?.value())
}

fn type_prepare(cx: &mut Thread, _: Args<'_>) -> R {
    Ok(cx.new_dict()?.value())
}

fn type_mro(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let t = cx.compute_mro(c)?;
    Ok(cx.new_list(t.items())?.value())
}

fn type_subclasses(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let list = cx.new_list(&[])?;
    let Some(weak) = c.subclasses.cast::<List>() else { return Ok(list.value()) };
    for i in 0..weak.len() {
        let sub = weak.get(i).and_then(|w| w.cast::<ferropy_vm::types::WeakRef>()).map(|w| w.target.get());
        if let Some(sub) = sub
            && sub.cast::<Class>().is_some()
        {
            cx.list_append(list, sub)?;
        }
    }
    Ok(list.value())
}

fn type_instancecheck(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(Value::bool(cx.isinstance_default(a[1], c)?))
}

fn type_subclasscheck(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.issubclass_default(a[1], a[0])?))
}

fn type_dir(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let names = cx.new_dict()?;
    crate::object::merge_class_names(cx, c, names)?;
    crate::object::keys_list(cx, names)
}

fn type_sizeof(cx: &mut Thread, _: Args<'_>) -> R {
    cx.int(size_of::<Class>() as i64 + 8)
}

/// The text of a str value.
fn text(v: Value) -> String {
    v.cast::<Str>().map_or_else(String::new, |s| s.to_lossy())
}
