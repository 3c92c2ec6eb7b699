//! Exception classes of native modules, such as `struct.error`: made once an interpreter, found by their full name.

use ferropy_vm::{Builtin, Exc, R, Raised, Thread, Value};

/// The class named `module.Name`, derived from a built-in exception.
pub fn exception(cx: &mut Thread, full_name: &'static str, base: Exc) -> R {
    if let Some(c) = cx.registry(full_name) {
        return Ok(c);
    }
    let base = cx.exc_class(base).value();
    derived(cx, full_name, base)
}

/// The same, derived from any class.
pub fn derived(cx: &mut Thread, full_name: &'static str, base: Value) -> R {
    derived_from(cx, full_name, &[base])
}

/// The same, derived from several classes.
pub fn derived_from(cx: &mut Thread, full_name: &'static str, bases: &[Value]) -> R {
    if let Some(c) = cx.registry(full_name) {
        return Ok(c);
    }
    let (module, name) = full_name.rsplit_once('.').unwrap_or(("builtins", full_name));
    let (module, name) = (cx.intern(module)?, cx.intern(name)?);
    let bases = cx.new_tuple(bases)?.value();
    let dict = cx.new_dict()?;
    let key = cx.intern("__module__")?;
    cx.dict_set_str(dict, key, module)?;
    let meta = cx.builtin(Builtin::Type).value();
    let class = cx.call(meta, &[name, bases, dict.value()])?;
    cx.set_registry(full_name, class);
    Ok(class)
}

/// Raises it with a message.
pub fn raise(cx: &mut Thread, full_name: &'static str, base: Exc, message: impl AsRef<str>) -> Raised {
    match cx.new_str(message.as_ref()) {
        Ok(text) => raise_with(cx, full_name, base, &[text.value()]),
        Err(r) => r,
    }
}

/// The same with given `args`.
pub fn raise_with(cx: &mut Thread, full_name: &'static str, base: Exc, args: &[Value]) -> Raised {
    match exception(cx, full_name, base).and_then(|class| cx.call(class, args)) {
        Ok(e) => cx.raise_value(e),
        Err(r) => r,
    }
}
