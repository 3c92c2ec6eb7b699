//! `__annotate__` and `__annotations__` of classes (PEP 649, 749): computed when first asked for, then cached.

use super::this;
use ferropy_vm::class::flags;
use ferropy_vm::types::Class;
use ferropy_vm::{Args, Exc, Gc, N, NativeDef, R, Raised, Thread, Value};

pub static GETSETS: &[NativeDef] = &[
    NativeDef::getset("__annotate__", get_annotate, set_annotate, ""),
    NativeDef::getset("__annotations__", get_annotations, set_annotations, ""),
];

fn none_such(cx: &mut Thread, c: Gc<Class>, name: &str) -> Raised {
    let class = c.name();
    cx.error(Exc::AttributeError, format!("type object '{class}' has no attribute '{name}'"))
}

fn immutable(cx: &mut Thread, c: Gc<Class>, name: &str) -> R<()> {
    if c.has(flags::IMMUTABLE) {
        let class = cx.type_name(c);
        return Err(cx.type_error(format!("cannot set '{name}' attribute of immutable type '{class}'")));
    }
    Ok(())
}

/// The first of the names that the class's dict has, bound to the class.
fn own(cx: &mut Thread, c: Gc<Class>, names: &[N]) -> R<Option<Value>> {
    for n in names {
        let key = cx.name(*n);
        let Some(v) = cx.dict_get_str(c.dict(), key) else { continue };
        return match cx.lookup_special(v, N::__get__) {
            Some(_) => cx.bind(v, Value::NONE, c.value()).map(Some),
            None => Ok(Some(v)),
        };
    }
    Ok(None)
}

fn remove(cx: &mut Thread, c: Gc<Class>, n: N) -> R<bool> {
    let key = cx.name(n);
    Ok(cx.dict_remove(c.dict(), key)?.is_some())
}

fn get_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    if !c.has(flags::HEAP) {
        return Err(none_such(cx, c, "__annotate__"));
    }
    if let Some(f) = own(cx, c, &[N::__annotate__, N::__annotate_func__])? {
        return Ok(f);
    }
    super::attrs::write(cx, c, N::__annotate_func__, Value::NONE)?;
    Ok(Value::NONE)
}

fn set_annotate(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    let Some(f) = a[1].bound() else { return Err(cx.type_error("cannot delete __annotate__ attribute")) };
    immutable(cx, c, "__annotate__")?;
    if !f.is_none() && !crate::functions_support::is_callable(cx, f) {
        return Err(cx.type_error("__annotate__ must be callable or None"));
    }
    super::attrs::write(cx, c, N::__annotate_func__, f)?;
    if !f.is_none() {
        remove(cx, c, N::__annotations_cache__)?;
    }
    Ok(Value::NONE)
}

fn get_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    if !c.has(flags::HEAP) {
        return Err(none_such(cx, c, "__annotations__"));
    }
    if let Some(d) = own(cx, c, &[N::__annotations__, N::__annotations_cache__])? {
        return Ok(d);
    }
    let f = get_annotate(cx, a)?;
    let d = crate::functions_support::annotations_from(cx, f)?;
    super::attrs::write(cx, c, N::__annotations_cache__, d)?;
    Ok(d)
}

fn set_annotations(cx: &mut Thread, a: Args<'_>) -> R {
    let c = this(cx, a[0])?;
    immutable(cx, c, "__annotations__")?;
    match a[1].bound() {
        Some(v) => {
            let key = cx.name(N::__annotations__);
            let direct = cx.dict_get_str(c.dict(), key).is_some();
            let to = if direct { N::__annotations__ } else { N::__annotations_cache__ };
            super::attrs::write(cx, c, to, v)?;
        }
        None => {
            let had = remove(cx, c, N::__annotations__)?;
            let cached = remove(cx, c, N::__annotations_cache__)?;
            if !had && !cached {
                return Err(cx.error(Exc::AttributeError, "__annotations__"));
            }
        }
    }
    remove(cx, c, N::__annotate_func__)?;
    remove(cx, c, N::__annotate__)?;
    cx.type_modified(c);
    Ok(Value::NONE)
}
