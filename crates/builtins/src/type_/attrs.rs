//! Attributes of classes.

use super::this;
use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, MappingProxy, NativeFn, Str};
use ferropy_vm::{Args, Builtin as B, Exc, Gc, N, NativeDef, R, Thread, Value, field};

pub static GETSETS: &[NativeDef] = &[
    NativeDef::getset("__name__", get_name, set_name, ""),
    NativeDef::getset("__qualname__", get_qualname, set_qualname, ""),
    NativeDef::getset("__module__", get_module, set_module, ""),
    NativeDef::getset("__bases__", get_bases, super::bases::set_bases, ""),
    NativeDef::getter("__mro__", get_mro, ""),
    NativeDef::getter("__base__", get_base, "").as_member(),
    NativeDef::getter("__dict__", get_dict, ""),
    NativeDef::getset("__doc__", get_doc, set_doc, ""),
    NativeDef::getset("__abstractmethods__", get_abstract, set_abstract, ""),
    NativeDef::getset("__type_params__", get_type_params, set_type_params, ""),
    NativeDef::getter("__text_signature__", get_text_signature, ""),
    NativeDef::getter("__flags__", get_flags, "").as_member(),
    NativeDef::getter("__basicsize__", get_basicsize, "").as_member(),
    NativeDef::getter("__itemsize__", get_itemsize, "").as_member(),
    NativeDef::getter("__dictoffset__", get_dictoffset, "").as_member(),
    NativeDef::getter("__weakrefoffset__", get_weakrefoffset, "").as_member(),
];

/// Refuses to set or delete an attribute that every class must have.
pub fn check_set(cx: &mut Thread, c: Gc<Class>, value: Value, name: &str) -> R<()> {
    let class = cx.type_name(c);
    if c.has(flags::IMMUTABLE) {
        return Err(cx.type_error(format!("cannot set '{name}' attribute of immutable type '{class}'")));
    }
    if value.is_null() {
        return Err(cx.type_error(format!("cannot delete '{name}' attribute of immutable type '{class}'")));
    }
    Ok(())
}

fn get_name(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.name.get())
}

fn set_name(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    check_set(cx, c, a[1], "__name__")?;
    let Some(s) = a[1].cast::<Str>() else {
        let (class, got) = (c.name(), cx.class_name(a[1]));
        return Err(cx.type_error(format!("can only assign string to {class}.__name__, not '{got}'")));
    };
    if s.bytes().contains(&0) {
        return Err(cx.value_error("type name must not contain null characters"));
    }
    check_utf8(cx, a[1])?;
    c.name.set(cx, c, a[1]);
    Ok(Value::NONE)
}

/// Refuses a str that UTF-8 cannot encode.
pub(super) fn check_utf8(cx: &mut Thread, v: Value) -> R<()> {
    match v.cast::<Str>() {
        Some(s) if s.as_str().is_none() => cx.call_method(v, "encode", &[]).map(|_| ()),
        _ => Ok(()),
    }
}

fn get_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.qualname.get())
}

fn set_qualname(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    check_set(cx, c, a[1], "__qualname__")?;
    if a[1].cast::<Str>().is_none() {
        let (class, got) = (c.name(), cx.class_name(a[1]));
        return Err(cx.type_error(format!("can only assign string to {class}.__qualname__, not '{got}'")));
    }
    c.qualname.set(cx, c, a[1]);
    Ok(Value::NONE)
}

fn get_module(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let key = cx.name(N::__module__);
    let own = cx.dict_get_str(c.dict(), key);
    if c.has(flags::HEAP) {
        return match own {
            Some(m) => Ok(m),
            None => Err(cx.error(Exc::AttributeError, "__module__")),
        };
    }
    match own.filter(|m| m.cast::<Str>().is_some()) {
        Some(m) => Ok(m),
        None => cx.intern("builtins"),
    }
}

fn set_module(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    check_set(cx, c, a[1], "__module__")?;
    write(cx, c, N::__module__, a[1])?;
    let key = cx.name(N::__firstlineno__);
    cx.dict_remove(c.dict(), key)?;
    Ok(Value::NONE)
}

/// Writes to the class's own dict.
pub fn write(cx: &mut Thread, c: Gc<Class>, n: N, v: Value) -> R<()> {
    let key = cx.name(n);
    cx.dict_set_str(c.dict(), key, v)?;
    cx.type_modified(c);
    Ok(())
}

fn get_bases(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.bases.get())
}

fn get_mro(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(if c.is_ready() { c.mro.get() } else { Value::NONE })
}

fn get_base(cx: &mut Thread, a: Args<'_>) -> R {
    Ok(this(cx, a[0])?.base.get().bound().unwrap_or(Value::NONE))
}

pub fn get_dict(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    Ok(cx.alloc(B::MappingProxy, MappingProxy { mapping: field(c.dict()) })?.value())
}

fn get_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    if c == cx.builtin(B::Type) {
        return Ok(cx.registry("type.__doc__").unwrap_or(Value::NONE));
    }
    let key = cx.name(N::__doc__);
    let Some(doc) = cx.dict_get_str(c.dict(), key) else { return Ok(Value::NONE) };
    if !c.has(flags::HEAP) && doc.cast::<Str>().is_none() {
        return Ok(Value::NONE);
    }
    match cx.lookup_special(doc, N::__get__) {
        Some(_) => cx.bind(doc, Value::NONE, c.value()),
        None => Ok(doc),
    }
}

fn set_doc(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    check_set(cx, c, a[1], "__doc__")?;
    write(cx, c, N::__doc__, a[1])?;
    Ok(Value::NONE)
}

fn get_abstract(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let key = cx.intern("__abstractmethods__")?;
    let own = if c == cx.builtin(B::Type) { None } else { cx.dict_get_str(c.dict(), key) };
    own.ok_or_else(|| cx.attribute_error("__abstractmethods__", a[0], key))
}

fn set_abstract(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let key = cx.intern("__abstractmethods__")?;
    let f = c.flags.get();
    match a[1].bound() {
        Some(v) => {
            let abstract_ = cx.truth(v)?;
            cx.dict_set_str(c.dict(), key, v)?;
            c.flags.set(if abstract_ { f | flags::ABSTRACT } else { f & !flags::ABSTRACT });
        }
        None => {
            if cx.dict_remove(c.dict(), key)?.is_none() {
                return Err(cx.attribute_error("__abstractmethods__", a[0], key));
            }
            c.flags.set(f & !flags::ABSTRACT);
        }
    }
    cx.type_modified(c);
    Ok(Value::NONE)
}

fn get_type_params(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let key = cx.name(N::__type_params__);
    let own = if c == cx.builtin(B::Type) { None } else { cx.dict_get_str(c.dict(), key) };
    Ok(own.unwrap_or(cx.vm().empty_tuple))
}

fn set_type_params(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    check_set(cx, c, a[1], "__type_params__")?;
    write(cx, c, N::__type_params__, a[1])?;
    Ok(Value::NONE)
}

/// Of a native class: the parameters of its `__new__` or `__init__`, whichever names some.
fn get_text_signature(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    if c.has(flags::HEAP) {
        return Ok(Value::NONE);
    }
    let mut found = None;
    for n in [N::__new__, N::__init__] {
        let key = cx.name(n);
        let Some(f) = cx.dict_get_str(c.dict(), key).and_then(|f| f.cast::<NativeFn>()) else { continue };
        let Some(sig) = f.def.text_signature() else { continue };
        let inside = sig.trim_start_matches('(').split_once(',').map_or(")", |p| p.1.trim_start());
        let inside = inside.strip_prefix("/, ").unwrap_or(inside);
        let inside = if inside == "/)" { ")" } else { inside };
        if found.is_none() || inside != "*args, **kwargs)" {
            found = Some(format!("({inside}"));
        }
        if inside != "*args, **kwargs)" {
            break;
        }
    }
    match found {
        Some(text) => Ok(cx.new_str(&text)?.value()),
        None => Ok(Value::NONE),
    }
}

fn get_flags(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    // CPython's Py_TPFLAGS_... for those of our flags that have one; READY, VALID_VERSION_TAG, HAVE_GC always.
    let table = [
        (flags::SEQUENCE, 5),
        (flags::MAPPING, 6),
        (flags::NO_NEW, 7),
        (flags::IMMUTABLE, 8),
        (flags::HEAP, 9),
        (flags::BASE, 10),
        (flags::ABSTRACT, 20),
        (flags::MATCH_SELF, 22),
    ];
    let mut f: u64 = 1 << 12 | 1 << 14 | 1 << 19;
    for (flag, bit) in table {
        if c.has(flag) {
            f |= 1 << bit;
        }
    }
    if c.has(flags::HEAP) {
        f |= if c.has(flags::WEAKREF) { 1 << 3 } else { 0 };
        f |= if c.has(flags::HAS_DICT) { 1 << 4 } else { 0 };
    }
    let fast = [
        (B::Int, 24),
        (B::List, 25),
        (B::Tuple, 26),
        (B::Bytes, 27),
        (B::Str, 28),
        (B::Dict, 29),
        (B::BaseException, 30),
        (B::Type, 31),
    ];
    for (b, bit) in fast {
        if c.is_subclass(cx.builtin(b)) {
            f |= 1 << bit;
        }
    }
    cx.uint(f)
}

fn get_basicsize(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    // As CPython counts: a header of two words, the payload, members; dict and weak references lie in front.
    let size = 16 + ferropy_vm::object_size(c.kind.get()) + 8 * cx.member_count(c) as usize;
    cx.int(size as i64)
}

fn get_itemsize(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let n = match () {
        () if c.is_subclass(cx.builtin(B::Type)) => 40,
        () if c.is_subclass(cx.builtin(B::Int)) => 4,
        () if c.is_subclass(cx.builtin(B::Tuple)) => 8,
        () if c.is_subclass(cx.builtin(B::Bytes)) => 1,
        () => 0,
    };
    Ok(Value::small_int(n))
}

fn get_dictoffset(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let n = match (c.has(flags::HAS_DICT), c.has(flags::HEAP)) {
        (false, _) => 0,
        (true, true) => -1,
        (true, false) => 16 + ferropy_vm::object_size(c.kind.get()) as i64,
    };
    Ok(Value::small_int(n))
}

fn get_weakrefoffset(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let n = match (c.has(flags::WEAKREF), c.has(flags::HEAP)) {
        (false, _) => 0,
        (true, true) => -32,
        (true, false) => 24 + ferropy_vm::object_size(c.kind.get()) as i64,
    };
    Ok(Value::small_int(n))
}
