//! `types.SimpleNamespace`.

use ferropy_vm::class::flags;
use ferropy_vm::types::{Class, Dict, Instance, Tuple};
use ferropy_vm::{Args, Gc, HeapObject, N, NativeDef, R, Thread, TypeDef, Value};

static METHODS: &[NativeDef] = &[
    NativeDef::method(
        "__init__(self, /, *args, **kwargs)",
        init,
        "Initialize self.  See help(type(self)) for accurate signature.",
    ),
    NativeDef::method("__repr__(self, /)", repr, "Return repr(self)."),
    NativeDef::method("__eq__(self, value, /)", eq, "Return self==value."),
    NativeDef::method("__reduce__(self, /)", reduce, "Return state information for pickling"),
    NativeDef::method(
        "__replace__(self, /, **changes)",
        replace,
        "Return a copy of the namespace object with new values for the specified attributes.",
    ),
];

/// The class.
pub static SIMPLE_NAMESPACE: TypeDef =
    TypeDef::new::<Instance>("types.SimpleNamespace", METHODS, "A simple attribute-based namespace.")
        .flags(flags::BASE | flags::IMMUTABLE | flags::HAS_DICT);

/// A namespace with attributes.
pub fn make(cx: &mut Thread, attrs: &[(&str, Value)]) -> R {
    let class = cx.native_class(&SIMPLE_NAMESPACE)?;
    let v = cx.call(class.value(), &[])?;
    for (name, x) in attrs {
        let name = cx.intern(name)?;
        cx.setattr(v, name, *x)?;
    }
    Ok(v)
}

fn set_all(cx: &mut Thread, this: Value, from: Gc<Dict>) -> R<()> {
    let mut i = 0;
    while let Some((next, _, k, v)) = from.next_entry(i) {
        i = next;
        let Some(name) = k.as_str() else { return Err(cx.type_error("keywords must be strings")) };
        let name = cx.intern_str(name)?;
        cx.generic_setattr(this, name, v)?;
    }
    Ok(())
}

fn init(cx: &mut Thread, a: Args<'_>) -> R {
    // SAFETY: `*args` is a tuple, `**kwargs` a dict.
    let (args, kwargs) = unsafe { (a[1].cast_unchecked::<Tuple>(), a[2].cast_unchecked::<Dict>()) };
    if args.len > 1 {
        let (n, class) = (args.len, cx.class_of(a[0]).name());
        return Err(cx.type_error(format!("{class} expected at most 1 argument, got {n}")));
    }
    if args.len == 1 {
        let d = match args.at(0).cast::<Dict>() {
            Some(d) => d,
            None => {
                let class = cx.builtin(ferropy_vm::Builtin::Dict).value();
                let d = cx.call(class, &[args.at(0)])?;
                // SAFETY: dict() makes dicts.
                unsafe { d.cast_unchecked::<Dict>() }
            }
        };
        set_all(cx, a[0], d)?;
    }
    set_all(cx, a[0], kwargs)?;
    Ok(Value::NONE)
}

fn dict_of(cx: &mut Thread, v: Value) -> R {
    let key = cx.name(N::__dict__);
    cx.getattr(v, key)
}

fn repr(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.class_of(a[0]);
    let own = cx.native_class(&SIMPLE_NAMESPACE)?;
    let name = if class == own { "namespace".to_owned() } else { class.name() };
    crate::list::guarded_repr(cx, a[0], &format!("{name}(...)"), |cx| repr_items(cx, a[0], &name))
}

fn repr_items(cx: &mut Thread, v: Value, name: &str) -> R<Vec<u8>> {
    let d = dict_of(cx, v)?;
    let mut out = format!("{name}(").into_bytes();
    let (mut i, mut first) = (0, true);
    while let Some((next, _, k, v)) = d.cast::<Dict>().and_then(|d| d.next_entry(i)) {
        i = next;
        let Some(key) = k.as_str().filter(|k| !k.is_empty()) else { continue };
        if !std::mem::take(&mut first) {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(key.bytes());
        out.push(b'=');
        let text = cx.repr(v)?;
        out.extend_from_slice(text.bytes());
    }
    out.push(b')');
    Ok(out)
}

fn eq(cx: &mut Thread, a: Args<'_>) -> R {
    let class = cx.native_class(&SIMPLE_NAMESPACE)?;
    if !cx.is_instance(a[0], class) || !cx.is_instance(a[1], class) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (dict_of(cx, a[0])?, dict_of(cx, a[1])?);
    Ok(Value::bool(cx.eq(x, y)?))
}

fn reduce(cx: &mut Thread, a: Args<'_>) -> R {
    let (class, d) = (cx.class_of(a[0]).value(), dict_of(cx, a[0])?);
    let empty = cx.vm().empty_tuple;
    Ok(cx.new_tuple(&[class, empty, d])?.value())
}

fn replace(cx: &mut Thread, a: Args<'_>) -> R {
    let class: Gc<Class> = cx.class_of(a[0]);
    let copy = cx.call(class.value(), &[])?;
    let d = dict_of(cx, a[0])?;
    debug_assert!(d.kind() == Dict::kind());
    if let Some(d) = d.cast::<Dict>() {
        set_all(cx, copy, d)?;
    }
    // SAFETY: `**changes` is a dict.
    set_all(cx, copy, unsafe { a[1].cast_unchecked() })?;
    Ok(copy)
}
