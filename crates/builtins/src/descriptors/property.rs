//! `property`.

use super::wrappers::is_abstract;
use ferropy_vm::types::{Class, Property};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Raised, Thread, Value, null_field};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method(
        "__new__(cls, /, *args, **kwargs)",
        new,
        "Create and return a new object.  See help(type) for accurate signature.",
    ),
    NativeDef::method(
        "__init__(self, /, fget=None, fset=None, fdel=None, doc=None)",
        init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__set__(self, instance, value, /)", set, "Set an attribute of instance to value."),
    NativeDef::method("__delete__(self, instance, /)", delete, "Delete an attribute of instance."),
    NativeDef::method(
        "getter(self, object, /)",
        getter,
        "Descriptor to obtain a copy of the property with a different getter.",
    ),
    NativeDef::method(
        "setter(self, object, /)",
        setter,
        "Descriptor to obtain a copy of the property with a different setter.",
    ),
    NativeDef::method(
        "deleter(self, object, /)",
        deleter,
        "Descriptor to obtain a copy of the property with a different deleter.",
    ),
    NativeDef::method("__set_name__(self, /, *args)", set_name, "Method to set name of a property."),
    NativeDef::getter("fget", get_fget, "").as_member(),
    NativeDef::getter("fset", get_fset, "").as_member(),
    NativeDef::getter("fdel", get_fdel, "").as_member(),
    NativeDef::getset("__doc__", get_doc, set_doc, "").as_member(),
    NativeDef::getset("__name__", get_name, set_own_name, ""),
    NativeDef::getter("__isabstractmethod__", get_abstract, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Property);
    cx.add_methods(class, METHODS)
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<Property>> {
    v.cast::<Property>().ok_or_else(|| cx.type_error("property expected"))
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(c) = a[0].cast::<Class>() else { return Err(cx.type_error("type expected")) };
    let p = Property {
        get: null_field(),
        set: null_field(),
        del: null_field(),
        doc: null_field(),
        name: null_field(),
        extra: null_field(),
        getter_doc: false.into(),
    };
    Ok(cx.alloc_of(c, p)?.value())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    let (get, set, del) = (a.some(1), a.some(2), a.some(3));
    p.get.set(cx, p, get.unwrap_or(Value::NULL));
    p.set.set(cx, p, set.unwrap_or(Value::NULL));
    p.del.set(cx, p, del.unwrap_or(Value::NULL));
    p.doc.set(cx, p, Value::NULL);
    p.name.set(cx, p, Value::NULL);
    p.getter_doc.set(false);
    let mut doc = a.some(4);
    if doc.is_none()
        && let Some(get) = get
    {
        let key = cx.name(N::__doc__);
        doc = cx.getattr_opt(get, key)?.filter(|d| !d.is_none());
        p.getter_doc.set(doc.is_some());
    }
    if cx.class_of(a[0]) == cx.builtin(B::Property) {
        p.doc.set(cx, p, doc.unwrap_or(Value::NONE));
        return Ok(Value::NONE);
    }
    // A subclass has its own `__doc__` (None at least), so the instance's must be an attribute.
    let key = cx.name(N::__doc__);
    let r = cx.setattr(a[0], key, doc.unwrap_or(Value::NONE));
    if p.getter_doc.get() {
        r?;
    } else {
        cx.catch(ferropy_vm::Exc::AttributeError, r)?;
    }
    Ok(Value::NONE)
}

/// The name it was given, or its getter's.
fn name(cx: &mut Thread, p: Gc<Property>) -> R<Option<Value>> {
    if let Some(n) = p.name.get().bound() {
        return Ok(Some(n));
    }
    let Some(get) = p.get.get().bound() else { return Ok(None) };
    let key = cx.name(N::__name__);
    cx.getattr_opt(get, key)
}

#[cold]
fn lacks(cx: &mut Thread, p: Gc<Property>, of: Value, what: &str) -> Raised {
    let class = cx.class_of(of);
    let shown = (|| {
        let q = class.qualname.get();
        let q = cx.repr(q)?.to_lossy();
        let n = match name(cx, p)? {
            Some(n) => format!(" {}", cx.repr(n)?.to_lossy()),
            None => String::new(),
        };
        Ok::<_, Raised>(format!("property{n} of {q} object has no {what}"))
    })();
    match shown {
        Ok(text) => cx.error(ferropy_vm::Exc::AttributeError, text),
        Err(r) => r,
    }
}

fn get(cx: &mut Thread, a: Args<'_>) -> R {
    if a[1].is_none() {
        return Ok(a[0]);
    }
    let p = this(cx, a[0])?;
    match p.get.get().bound() {
        Some(f) => cx.call(f, &[a[1]]),
        None => Err(lacks(cx, p, a[1], "getter")),
    }
}

fn set(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    match p.set.get().bound() {
        Some(f) => cx.call(f, &[a[1], a[2]])?,
        None => return Err(lacks(cx, p, a[1], "setter")),
    };
    Ok(Value::NONE)
}

fn delete(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    match p.del.get().bound() {
        Some(f) => cx.call(f, &[a[1]])?,
        None => return Err(lacks(cx, p, a[1], "deleter")),
    };
    Ok(Value::NONE)
}

/// A copy with some of the functions replaced.
fn copy(cx: &mut Thread, v: Value, get: Option<Value>, set: Option<Value>, del: Option<Value>) -> R {
    let p = this(cx, v)?;
    let keep = |new: Option<Value>, old: Value| new.filter(|n| !n.is_none()).or(old.bound()).unwrap_or(Value::NONE);
    let get = keep(get, p.get.get());
    let (set, del) = (keep(set, p.set.get()), keep(del, p.del.get()));
    let key = cx.name(N::__doc__);
    let doc = if p.getter_doc.get() && !get.is_none() {
        Value::NONE
    } else if cx.class_of(v) == cx.builtin(B::Property) {
        p.doc.get().bound().unwrap_or(Value::NONE)
    } else {
        cx.getattr_opt(v, key)?.unwrap_or(Value::NONE)
    };
    let class = cx.class_of(v);
    let new = cx.call(class.value(), &[get, set, del, doc])?;
    if let Some(q) = new.cast::<Property>() {
        q.name.set(cx, q, p.name.get());
    }
    Ok(new)
}

fn getter(cx: &mut Thread, a: Args<'_>) -> R {
    copy(cx, a[0], Some(a[1]), None, None)
}
fn setter(cx: &mut Thread, a: Args<'_>) -> R {
    copy(cx, a[0], None, Some(a[1]), None)
}
fn deleter(cx: &mut Thread, a: Args<'_>) -> R {
    copy(cx, a[0], None, None, Some(a[1]))
}

fn set_name(cx: &mut Thread, a: Args<'_>) -> R {
    let args = a[1].cast::<ferropy_vm::types::Tuple>();
    let n = args.map_or(0, |t| t.len);
    let (Some(args), 2) = (args, n) else {
        return Err(cx.type_error(format!("__set_name__() takes 2 positional arguments but {n} were given")));
    };
    let p = this(cx, a[0])?;
    p.name.set(cx, p, args.at(1));
    Ok(Value::NONE)
}

fn get_fget(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.get.get().bound().unwrap_or(Value::NONE))
}
fn get_fset(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.set.get().bound().unwrap_or(Value::NONE))
}
fn get_fdel(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.del.get().bound().unwrap_or(Value::NONE))
}
fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.doc.get().bound().unwrap_or(Value::NONE))
}

fn set_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    p.doc.set(cx, p, a[1]);
    Ok(Value::NONE)
}

fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    match name(cx, p)? {
        Some(n) => Ok(n),
        None => {
            let key = cx.name(N::__name__);
            Err(cx.attribute_error("'property' object has no attribute '__name__'", a[0], key))
        }
    }
}

fn set_own_name(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    p.name.set(cx, p, a[1]);
    Ok(Value::NONE)
}

fn get_abstract(cx: &mut Thread, a: Args<'_>) -> R {
    let p = this(cx, a[0])?;
    for f in [p.get.get(), p.set.get(), p.del.get()] {
        if is_abstract(cx, f)? {
            return Ok(Value::TRUE);
        }
    }
    Ok(Value::FALSE)
}
