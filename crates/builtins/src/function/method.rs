//! Bound methods.

use ferropy_vm::types::{BoundMethod, Str};
use ferropy_vm::{Args, Builtin as B, Gc, N, NativeDef, R, Thread, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::static_method("__new__(cls, function, instance, /)", new, "Create a bound instance method object."),
    NativeDef::method("__getattribute__(self, name, /)", getattribute, "Return getattr(self, name)."),
    NativeDef::method(
        "__get__(self, instance, owner=None, /)",
        get,
        "Return an attribute of instance, which is of type owner.",
    ),
    NativeDef::method("__call__(self, /, *args, **kwargs)", super::native::call, "Call self as a function."),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
    NativeDef::method("__reduce__(self, /)", reduce, ""),
    NativeDef::getter("__func__", get_func, "the function (or other callable) implementing a method").as_member(),
    NativeDef::getter("__self__", get_self, "the instance to which a method is bound").as_member(),
    NativeDef::getter("__doc__", get_doc, ""),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let class = cx.builtin(B::Method);
    cx.add_methods(class, METHODS)?;
    cx.compute_hooks(class);
    Ok(())
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<BoundMethod>> {
    v.cast::<BoundMethod>().ok_or_else(|| cx.type_error("method expected"))
}

fn new(cx: &mut Thread, a: Args<'_>) -> R {
    if !crate::functions_support::is_callable(cx, a[1]) {
        return Err(cx.type_error("first argument must be callable"));
    }
    if a[2].is_none() {
        return Err(cx.type_error("instance must not be None"));
    }
    cx.new_bound_method(a[1], a[2])
}

/// What the class `method` does not have comes from the function.
fn getattribute(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let Some(name) = a[1].cast::<Str>() else {
        let got = cx.class_name(a[1]);
        return Err(cx.type_error(format!("attribute name must be string, not '{got}'")));
    };
    let name = cx.intern_str(name)?;
    let class = cx.class_of(a[0]);
    match cx.lookup(class, name) {
        Some(v) if cx.lookup_special(v, N::__get__).is_some() => cx.bind(v, a[0], class.value()),
        Some(v) => Ok(v),
        None => cx.getattr(m.func.get(), name),
    }
}

fn get(_: &mut Thread, a: Args<'_>) -> R {
    Ok(a[0])
}

fn get_func(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.func.get())
}
fn get_self(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.this.get())
}
fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?.func.get();
    let key = cx.name(N::__doc__);
    Ok(cx.getattr_opt(f, key)?.unwrap_or(Value::NONE))
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let (q, n) = (cx.name(N::__qualname__), cx.name(N::__name__));
    let name = match cx.getattr_opt(m.func.get(), q)? {
        Some(q) => Some(q),
        None => cx.getattr_opt(m.func.get(), n)?,
    };
    let name = name.and_then(|n| n.cast::<Str>()).map_or_else(|| "?".into(), |s| s.to_lossy());
    let of = cx.repr(m.this.get())?;
    let head = cx.new_str(&format!("<bound method {name} of "))?;
    let text = cx.concat(head, of)?;
    let tail = cx.new_str(">")?;
    Ok(cx.concat(text, tail)?.value())
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let Some(o) = a[1].cast::<BoundMethod>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if m.this.get() != o.this.get() {
        return Ok(Value::FALSE);
    }
    Ok(Value::bool(cx.eq(m.func.get(), o.func.get())?))
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let h = cx.identity_hash(m.this.get()) ^ cx.hash(m.func.get())?;
    cx.int(h as i64)
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let m = this(cx, a[0])?;
    let key = cx.name(N::__name__);
    let name = cx.getattr(m.func.get(), key)?;
    super::reduce_getattr(cx, m.this.get(), name)
}
