//! The class `object`: identity, default representations and comparisons, `__class__`.

use ferropy_vm::class::flags;
use ferropy_vm::ops::attr::{object_delattr, object_getattribute, object_setattr};
use ferropy_vm::ops::construct::{object_init, object_new};
use ferropy_vm::types::{Class, Dict, Module, Str};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Thread, Value};

pub mod layout;
mod reduce;

pub static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        object_new,
        "Create and return a new object.  See help(type) for accurate signature.",
    )
    .spare_kwargs(),
    NativeDef::method(
        "__init__(self, /, *args, **kwargs)",
        object_init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    )
    .spare_kwargs(),
    NativeDef::method("__getattribute__(self, name, /)", object_getattribute, "Return getattr(self, name)."),
    NativeDef::method("__setattr__(self, name, value, /)", object_setattr, "Implement setattr(self, name, value)."),
    NativeDef::method("__delattr__(self, name, /)", object_delattr, "Implement delattr(self, name)."),
    NativeDef::method("__repr__(self, /)", object_repr, "Return repr(self)."),
    NativeDef::method("__str__(self, /)", object_str, "Return str(self)."),
    NativeDef::method(
        "__format__(self, format_spec, /)",
        object_format,
        "Default object formatter.\n\nReturn str(self) if format_spec is empty. Raise TypeError otherwise.",
    ),
    NativeDef::method("__hash__(self, /)", object_hash, "Return hash(self)."),
    NativeDef::method("__eq__(self, value, /)", object_eq, "Return self==value."),
    NativeDef::method("__ne__(self, value, /)", object_ne, "Return self!=value."),
    NativeDef::method("__lt__(self, value, /)", object_order, "Return self<value."),
    NativeDef::method("__le__(self, value, /)", object_order, "Return self<=value."),
    NativeDef::method("__gt__(self, value, /)", object_order, "Return self>value."),
    NativeDef::method("__ge__(self, value, /)", object_order, "Return self>=value."),
    NativeDef::method("__dir__(self, /)", object_dir, "Default dir() implementation."),
    NativeDef::method("__sizeof__(self, /)", object_sizeof, "Size of object in memory, in bytes."),
    NativeDef::class_method(
        "__init_subclass__(cls)",
        object_init_subclass,
        "This method is called when a class is subclassed.\n\nThe default implementation does nothing. It may be\n\
         overridden to extend subclasses.",
    ),
    NativeDef::class_method(
        "__subclasshook__(cls, subclass, /)",
        object_subclasshook,
        "Abstract classes can override this to customize issubclass().\n\nThis is invoked early on by \
         abc.ABCMeta.__subclasscheck__().\nIt should return True, False or NotImplemented.  If it returns\n\
         NotImplemented, the normal algorithm is used.  Otherwise, it\noverrides the normal algorithm (and the outcome \
         is cached).",
    ),
    NativeDef::getset("__class__", get_class, layout::set_class, "the object's class"),
    NativeDef::method("__reduce__(self, /)", reduce::object_reduce, "Helper for pickle."),
    NativeDef::method("__reduce_ex__(self, protocol, /)", reduce::object_reduce_ex, "Helper for pickle."),
    NativeDef::method("__getstate__(self, /)", reduce::object_getstate, "Helper for pickle."),
];

const DOC: &str = "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new \
                   featureless\ninstance that has no instance attributes and cannot be given any.\n";

/// Adds this part to a new interpreter.
pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Object);
    cx.add_methods(class, METHODS)?;
    crate::type_::set_doc(cx, class, DOC)
}

/// `__module__` and `__qualname__` of a class as texts; None for the module of a builtin.
pub fn class_path(cx: &mut Thread, c: Gc<Class>) -> (Option<String>, String) {
    let key = cx.name(N::__module__);
    let module = match cx.dict_get_str(c.dict(), key).and_then(|m| m.cast::<Str>()) {
        Some(m) if m.bytes() != b"builtins" => Some(m.to_lossy()),
        _ => None,
    };
    let qualname = c.qualname.cast::<Str>().map_or_else(|| c.name(), |q| q.to_lossy());
    (module, qualname)
}

pub fn object_repr(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let name = match class_path(cx, class) {
        (Some(m), q) => format!("{m}.{q}"),
        (None, _) => class.name(),
    };
    let text = format!("<{name} object at {:#x}>", cx.id(a[0]));
    Ok(cx.new_str(&text)?.value())
}

fn object_str(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.repr(a[0])?.value())
}

fn object_format(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(spec) = a[1].cast::<Str>() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("__format__() argument must be str, not {got}")));
    };
    if !spec.is_empty() {
        let class = cx.class_name(a[0]);
        return Err(cx.type_error(format!("unsupported format string passed to {class}.__format__")));
    }
    Ok(cx.str(a[0])?.value())
}

pub fn object_hash(cx: &mut Thread, a: Args<'_>) -> R {
    let h = cx.identity_hash(a[0]) as i64;
    cx.int(h)
}

fn object_eq(_: &mut Thread, a: Args<'_>) -> R {
    Ok(if a[0] == a[1] { Value::TRUE } else { Value::NOT_IMPLEMENTED })
}

fn object_ne(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(r) = cx.call_special(a[0], N::__eq__, &[a[1]])? else { return Ok(Value::NOT_IMPLEMENTED) };
    if r == Value::NOT_IMPLEMENTED {
        return Ok(r);
    }
    Ok(Value::bool(!cx.truth(r)?))
}

fn object_order(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NOT_IMPLEMENTED)
}

fn object_sizeof(cx: &mut Thread, a: Args<'_>) -> R {
    let size = a[0].as_ref().map_or(8, |r| r.base_size() + 8);
    cx.int(size as i64)
}

fn object_init_subclass(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NONE)
}

fn object_subclasshook(_: &mut Thread, _: Args<'_>) -> R {
    Ok(Value::NOT_IMPLEMENTED)
}

fn get_class(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(cx.class_of(a[0]).value())
}

/// Names in the dicts of a class and its superclasses, into `to`.
pub fn merge_class_names(cx: &mut Thread, c: Gc<Class>, to: Gc<Dict>) -> R<()> {
    let mro = c.mro();
    for i in (0..mro.len).rev() {
        if let Some(k) = mro.at(i).cast::<Class>() {
            cx.dict_merge(to, k.dict())?;
        }
    }
    Ok(())
}

fn object_dir(cx: &mut Thread, a: Args<'_>) -> R {
    let names = cx.new_dict()?;
    let key = cx.name(N::__dict__);
    if let Some(own) = cx.getattr_opt(a[0], key)?.and_then(|d| d.cast::<Dict>()) {
        cx.dict_merge(names, own)?;
    }
    let key = cx.name(N::__class__);
    if let Some(c) = cx.getattr_opt(a[0], key)?.and_then(|c| c.cast::<Class>()) {
        merge_class_names(cx, c, names)?;
    }
    keys_list(cx, names)
}

/// A list of a dict's keys.
pub fn keys_list(cx: &mut Thread, d: Gc<Dict>) -> R {
    let list = cx.new_list(&[])?;
    let mut i = 0;
    while let Some((next, _, k, _)) = d.next_entry(i) {
        cx.list_append(list, k)?;
        i = next;
    }
    Ok(list.value())
}

/// May an object of the first class become one of the second by assignment to `__class__`?
fn is_mutable_class(cx: &Thread, c: Gc<Class>) -> bool {
    c.has(flags::HEAP) || c == cx.builtin(B::Module) || !c.has(flags::IMMUTABLE)
}

/// Is it a module (or an instance of a subclass of the module type)?
pub fn is_module(v: Value) -> bool {
    v.cast::<Module>().is_some()
}
