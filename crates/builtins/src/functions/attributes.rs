//! Attributes, identity and classes: `getattr`, `hasattr`, `isinstance`, `callable`, `hash`, `id`, ...

use ferropy_vm::types::{BoundMethod, Class, Function, NativeFn};
use ferropy_vm::{Args, Exc, HeapObject, N, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "getattr(object, name, default=<unrepresentable>, /)",
        getattr,
        "getattr(object, name[, default]) -> value\n\nGet a named attribute from an object; getattr(x, 'y') is \
         equivalent to x.y.\nWhen a default argument is given, it is returned when the attribute doesn't\nexist; without \
         it, an exception is raised in that case.",
    ),
    NativeDef::function(
        "setattr(obj, name, value, /)",
        setattr,
        "Sets the named attribute on the given object to the specified value.\n\nsetattr(x, 'y', v) is equivalent to \
         ``x.y = v``",
    ),
    NativeDef::function(
        "hasattr(obj, name, /)",
        hasattr,
        "Return whether the object has an attribute with the given name.\n\nThis is done by calling getattr(obj, name) \
         and catching AttributeError.",
    ),
    NativeDef::function(
        "delattr(obj, name, /)",
        delattr,
        "Deletes the named attribute from the given object.\n\ndelattr(x, 'y') is equivalent to ``del x.y``",
    ),
    NativeDef::function(
        "isinstance(obj, class_or_tuple, /)",
        isinstance,
        "Return whether an object is an instance of a class or of a subclass thereof.\n\nA tuple, as in \
         ``isinstance(x, (A, B, ...))``, may be given as the target to\ncheck against. This is equivalent to \
         ``isinstance(x, A) or isinstance(x, B)\nor ...`` etc.",
    ),
    NativeDef::function(
        "issubclass(cls, class_or_tuple, /)",
        issubclass,
        "Return whether 'cls' is derived from another class or is the same class.\n\nA tuple, as in \
         ``issubclass(x, (A, B, ...))``, may be given as the target to\ncheck against. This is equivalent to \
         ``issubclass(x, A) or issubclass(x, B)\nor ...``.",
    ),
    NativeDef::function(
        "callable(obj, /)",
        callable,
        "Return whether the object is callable (i.e., some kind of function).\n\nNote that classes are callable, as \
         are instances of classes with a\n__call__() method.",
    ),
    NativeDef::function(
        "hash(obj, /)",
        hash,
        "Return the hash value for the given object.\n\nTwo objects that compare equal must also have the same hash \
         value, but the\nreverse is not necessarily true.",
    ),
    NativeDef::function(
        "id(obj, /)",
        id,
        "Return the identity of an object.\n\nThis is guaranteed to be unique among simultaneously existing objects.\n\
         (CPython uses the object's memory address.)",
    ),
    NativeDef::function("len(obj, /)", len, "Return the number of items in a container."),
];

/// The name argument of the attribute functions, interned.
fn attr_name(cx: &mut Thread, v: Value) -> R {
    match v.as_str() {
        Some(s) => cx.intern_str(s),
        None => {
            let class = cx.class_name(v);
            Err(cx.type_error(format!("attribute name must be string, not '{class}'")))
        }
    }
}

fn getattr(cx: &mut Thread, a: Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    match a.opt(2) {
        None => cx.getattr(a[0], name),
        Some(default) => Ok(cx.getattr_opt(a[0], name)?.unwrap_or(default)),
    }
}

fn setattr(cx: &mut Thread, a: Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    cx.setattr(a[0], name, a[2])?;
    Ok(Value::NONE)
}

fn hasattr(cx: &mut Thread, a: Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    Ok(Value::bool(cx.getattr_opt(a[0], name)?.is_some()))
}

fn delattr(cx: &mut Thread, a: Args<'_>) -> R {
    let name = attr_name(cx, a[1])?;
    cx.delattr(a[0], name)?;
    Ok(Value::NONE)
}

fn isinstance(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.isinstance(a[0], a[1])?))
}

fn issubclass(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(cx.issubclass(a[0], a[1])?))
}

/// Can the object be called?
pub fn is_callable(cx: &mut Thread, v: Value) -> bool {
    let k = v.kind();
    k == Function::kind()
        || k == NativeFn::kind()
        || k == BoundMethod::kind()
        || k == Class::kind()
        || cx.lookup_special(v, N::__call__).is_some()
}

fn callable(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(Value::bool(is_callable(cx, a[0])))
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let h = cx.hash(a[0])?;
    cx.int(h as i64)
}

fn id(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.id(a[0]);
    cx.uint(n as u64)
}

fn len(cx: &mut Thread, a: Args<'_>) -> R {
    let n = cx.len(a[0])?;
    match i64::try_from(n) {
        Ok(n) => cx.int(n),
        Err(_) => Err(cx.error(Exc::OverflowError, "cannot fit 'int' into an index-sized integer")),
    }
}
