//! Native functions: of modules, bound, method descriptors, wrappers, class methods, attributes.

use super::{class_qualname, reduce_getattr};
use ferropy_vm::types::{Class, ClassMethodDescr, Dict, Module, NativeFn, Tuple};
use ferropy_vm::{Args, Builtin as B, Exc, Flavour, Gc, NativeDef, R, Thread, Value};

/// Every kind of native function.
static COMMON: &[NativeDef] = &[
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::getter("__name__", get_name, ""),
    NativeDef::getter("__qualname__", get_qualname, ""),
    NativeDef::getter("__doc__", get_doc, ""),
];

static CALLABLE: &[NativeDef] = &[
    NativeDef::method("__call__(self, /, *args, **kwargs)", call, "Call self as a function."),
    NativeDef::getter("__text_signature__", get_text_signature, ""),
    NativeDef::method("__reduce__(self, /)", reduce, ""),
];

static BOUND: &[NativeDef] = &[
    NativeDef::getter("__self__", get_self, ""),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__hash__(self, /)", hash, "Return hash(self)."),
];

static OF_CLASS: &[NativeDef] = &[NativeDef::getter("__objclass__", get_objclass, "")];

static GET: &[NativeDef] = &[NativeDef::method(
    "__get__(self, instance, owner=None, /)",
    get,
    "Return an attribute of instance, which is of type owner.",
)];

static MODULE: &[NativeDef] = &[NativeDef::getter("__module__", get_module, "")];

static SET: &[NativeDef] = &[
    NativeDef::method("__set__(self, instance, value, /)", set, "Set an attribute of instance to value."),
    NativeDef::method("__delete__(self, instance, /)", delete, "Delete an attribute of instance."),
];

pub fn install(cx: &mut Thread) -> R<()> {
    let table: [(B, &[&'static [NativeDef]]); 6] = [
        (B::BuiltinFunction, &[COMMON, CALLABLE, BOUND, MODULE]),
        (B::MethodWrapper, &[COMMON, CALLABLE, BOUND, OF_CLASS]),
        (B::MethodDescriptor, &[COMMON, CALLABLE, OF_CLASS, GET]),
        (B::WrapperDescriptor, &[COMMON, CALLABLE, OF_CLASS, GET]),
        (B::ClassMethodDescriptor, &[COMMON, CALLABLE, OF_CLASS, GET]),
        (B::GetSetDescriptor, &[COMMON, OF_CLASS, GET, SET]),
    ];
    for (b, parts) in table {
        let class = cx.builtin(b);
        for p in parts {
            cx.add_methods(class, p)?;
        }
    }
    Ok(())
}

/// `__call__` of anything that the VM calls by itself.
pub fn call(cx: &mut Thread, a: Args<'_>) -> R {
    cx.check_recursion(" in __call__")?;
    // SAFETY: the binder made a tuple.
    let args = unsafe { a[1].cast_unchecked::<Tuple>() };
    if let Some(d) = a[0].cast::<ClassMethodDescr>() {
        return call_class_method(cx, d, args, a[2]);
    }
    cx.call_ex(a[0], args, a[2])
}

fn call_class_method(cx: &mut Thread, d: Gc<ClassMethodDescr>, args: Gc<Tuple>, kwargs: Value) -> R {
    let f = this(cx, d.value())?;
    let name = f.def.name();
    let owner = f.owner.cast::<Class>();
    let class = match args.items().first() {
        Some(c) => *c,
        None => {
            let of = owner.map_or_else(String::new, |c| c.name());
            return Err(cx.type_error(format!("descriptor '{name}' of '{of}' object needs an argument")));
        }
    };
    check_type_argument(cx, f, class)?;
    let bound = cx.bind_first(f.value(), class)?;
    let rest = cx.new_tuple(&args.items()[1..])?;
    cx.call_ex(bound, rest, kwargs)
}

fn check_type_argument(cx: &mut Thread, f: Gc<NativeFn>, class: Value) -> R<()> {
    let (name, owner) = (f.def.name(), f.owner.cast::<Class>());
    let of = owner.map_or_else(String::new, |c| c.name());
    let Some(c) = class.cast::<Class>() else {
        let got = cx.class_name(class);
        return Err(cx.type_error(format!("descriptor '{name}' for type '{of}' needs a type, not a '{got}' as arg 2")));
    };
    if owner.is_some_and(|o| !c.is_subclass(o)) {
        let got = c.name();
        return Err(cx.type_error(format!("descriptor '{name}' requires a subtype of '{of}' but received '{got}'")));
    }
    Ok(())
}

fn this(cx: &mut Thread, v: Value) -> R<Gc<NativeFn>> {
    let v = v.cast::<ClassMethodDescr>().map_or(v, |d| d.func.get());
    v.cast::<NativeFn>().ok_or_else(|| cx.type_error("native function expected"))
}

/// The receiver: bound, the class of a static method, or the module.
fn receiver(cx: &mut Thread, f: Gc<NativeFn>) -> Value {
    if let Some(this) = f.this.get().bound() {
        return this;
    }
    if f.def.flavour == Flavour::StaticMethod
        && let Some(c) = f.owner.get().bound()
    {
        return c;
    }
    let (module, modules) = (f.module.get(), cx.vm().modules);
    match (module.cast::<ferropy_vm::types::Str>(), modules.cast::<Dict>()) {
        (Some(_), Some(d)) => cx.dict_get_str(d, module).unwrap_or(Value::NONE),
        _ => Value::NONE,
    }
}

fn get_self(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(receiver(cx, f))
}

pub fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    let name = this(cx, a[0])?.def.name();
    cx.intern(name)
}

pub fn get_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let name = f.def.name();
    let class = cx.class_of(a[0]);
    let of = if class == cx.builtin(B::BuiltinFunction) {
        match receiver(cx, f) {
            v if v.is_none() || v.cast::<Module>().is_some() => None,
            v => Some(v.cast::<Class>().unwrap_or_else(|| cx.class_of(v))),
        }
    } else {
        f.owner.cast::<Class>()
    };
    let text = match of {
        Some(c) => format!("{}.{name}", class_qualname(c)),
        None => name.to_owned(),
    };
    Ok(cx.new_str(&text)?.value())
}

pub fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let doc = this(cx, a[0])?.def.doc;
    if doc.is_empty() {
        return Ok(Value::NONE);
    }
    Ok(cx.new_str(doc)?.value())
}

fn get_text_signature(cx: &mut Thread, a: Args<'_>) -> R {
    match this(cx, a[0])?.def.text_signature() {
        Some(s) => Ok(cx.new_str(&s)?.value()),
        None => Ok(Value::NONE),
    }
}

fn get_module(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(f.module.get().bound().unwrap_or(Value::NONE))
}

pub fn get_objclass(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    Ok(f.owner.get().bound().unwrap_or(Value::NONE))
}

pub fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let (name, class) = (f.def.name(), cx.class_of(a[0]));
    let of = f.owner.cast::<Class>().map_or_else(|| "?".into(), |c| cx.type_name(c));
    let text = if class == cx.builtin(B::BuiltinFunction) {
        match receiver(cx, f) {
            v if v.is_none() || v.cast::<Module>().is_some() => format!("<built-in function {name}>"),
            v => format!("<built-in method {name} of {} object at {:#x}>", cx.class_name(v), cx.id(v)),
        }
    } else if class == cx.builtin(B::MethodWrapper) {
        let v = f.this.get();
        format!("<method-wrapper '{name}' of {} object at {:#x}>", cx.class_name(v), cx.id(v))
    } else if class == cx.builtin(B::WrapperDescriptor) {
        format!("<slot wrapper '{name}' of '{of}' objects>")
    } else if class == cx.builtin(B::GetSetDescriptor) {
        format!("<attribute '{name}' of '{of}' objects>")
    } else if class == cx.builtin(B::MemberDescriptor) {
        format!("<member '{name}' of '{of}' objects>")
    } else {
        format!("<method '{name}' of '{of}' objects>")
    };
    Ok(cx.new_str(&text)?.value())
}

pub fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let name = cx.intern(f.def.name())?;
    let class = cx.class_of(a[0]);
    if class == cx.builtin(B::BuiltinFunction) || class == cx.builtin(B::MethodWrapper) {
        let v = receiver(cx, f);
        if v.is_none() || v.cast::<Module>().is_some() {
            return Ok(name);
        }
        return reduce_getattr(cx, v, name);
    }
    reduce_getattr(cx, f.owner.get(), name)
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let Some(g) = a[1].cast::<NativeFn>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if cx.class_of(a[0]) != cx.class_of(a[1]) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    Ok(Value::bool(std::ptr::eq(f.def, g.def) && f.this.get() == g.this.get() && f.owner.get() == g.owner.get()))
}

fn hash(cx: &mut Thread, a: Args<'_>) -> R {
    let f = this(cx, a[0])?;
    let of = match f.this.get().bound() {
        Some(v) => cx.identity_hash(v),
        None => 0,
    };
    // Not by address: the name is as good.
    let h = cx.hash_bytes(f.def.name().as_bytes()) ^ of;
    cx.int(h as i64)
}

pub fn get(cx: &mut Thread, a: Args<'_>) -> R {
    let owner = a.some(2);
    if a[1].is_none() && owner.is_none() {
        return Err(cx.type_error("__get__(None, None) is invalid"));
    }
    if let Some(d) = a[0].cast::<ClassMethodDescr>() {
        let f = this(cx, d.value())?;
        let class = match owner {
            Some(c) => c,
            None => cx.class_of(a[1]).value(),
        };
        check_type_argument(cx, f, class)?;
        return cx.bind_first(f.value(), class);
    }
    if a[1].is_none() && owner != Some(cx.builtin(B::NoneType).value()) {
        return Ok(a[0]);
    }
    let class = cx.class_of(a[1]).value();
    cx.bind(a[0], a[1], class)
}

pub fn set(cx: &mut Thread, a: Args<'_>) -> R {
    write(cx, a[0], a[1], a[2])
}

pub fn delete(cx: &mut Thread, a: Args<'_>) -> R {
    write(cx, a[0], a[1], Value::NULL)
}

fn write(cx: &mut Thread, descriptor: Value, v: Value, x: Value) -> R {
    let f = this(cx, descriptor)?;
    let name = f.def.name();
    if let Some(owner) = f.owner.cast::<Class>()
        && !cx.class_of(v).is_subclass(owner)
    {
        let (of, got) = (cx.type_name(owner), cx.class_name(v));
        return Err(cx.type_error(format!("descriptor '{name}' for '{of}' objects doesn't apply to a '{got}' object")));
    }
    match f.def.set {
        Some(set) => set(cx, Args::new(&[v, x])),
        None => {
            let text = f.read_only(cx);
            Err(cx.error(Exc::AttributeError, text))
        }
    }
}
