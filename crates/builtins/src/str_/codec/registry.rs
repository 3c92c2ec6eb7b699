//! The registries behind `codecs.register`, `codecs.lookup` and `codecs.register_error`.
//!
//! They are Python objects in the interpreter's registry: a list of search functions, a dict from normalised names to
//! codec tuples, a dict from names to error handlers.

use ferropy_vm::types::{Dict, List, Tuple};
use ferropy_vm::{Exc, Gc, R, Thread, Value};

const SEARCH: &str = "codecs.search";
const CACHE: &str = "codecs.cache";
const ERRORS: &str = "codecs.errors";

fn dict_of(cx: &mut Thread, key: &'static str) -> R<Gc<Dict>> {
    if let Some(d) = cx.registry(key).and_then(|v| v.cast::<Dict>()) {
        return Ok(d);
    }
    let d = cx.new_dict()?;
    cx.set_registry(key, d.value());
    Ok(d)
}

fn search_list(cx: &mut Thread) -> R<Gc<List>> {
    if let Some(l) = cx.registry(SEARCH).and_then(|v| v.cast::<List>()) {
        return Ok(l);
    }
    let l = cx.new_list(&[])?;
    cx.set_registry(SEARCH, l.value());
    Ok(l)
}

/// `codecs.register`.
pub fn register(cx: &mut Thread, f: Value) -> R<()> {
    if cx.lookup_special(f, ferropy_vm::N::__call__).is_none() && !is_callable(cx, f) {
        return Err(cx.type_error("argument must be callable"));
    }
    let l = search_list(cx)?;
    cx.list_append(l, f)
}

/// Functions and classes are called without a `__call__` that a look-up would find.
fn is_callable(cx: &mut Thread, f: Value) -> bool {
    use ferropy_vm::types::{BoundMethod, Class, Function, NativeFn};
    let _ = cx;
    f.cast::<Function>().is_some()
        || f.cast::<NativeFn>().is_some()
        || f.cast::<BoundMethod>().is_some()
        || f.cast::<Class>().is_some()
}

/// `codecs.unregister`.
pub fn unregister(cx: &mut Thread, f: Value) -> R<()> {
    let l = search_list(cx)?;
    let kept: Vec<usize> = (0..l.len()).filter(|&i| l.get(i) != Some(f)).collect();
    if kept.len() == l.len() {
        return Ok(());
    }
    let new = cx.new_list(&[])?;
    for i in kept {
        if let Some(v) = l.get(i) {
            cx.list_append(new, v)?;
        }
    }
    cx.set_registry(SEARCH, new.value());
    let cache = dict_of(cx, CACHE)?;
    cx.dict_clear(cache);
    Ok(())
}

/// `_codecs._forget_codec`.
pub fn forget(cx: &mut Thread, name: &str) -> R<()> {
    let cache = dict_of(cx, CACHE)?;
    let key = cx.new_str(name)?.value();
    cx.dict_remove(cache, key)?;
    Ok(())
}

/// Lower case, spaces as underscores... as CPython's `normalizestring`.
fn normalize(name: &str) -> String {
    name.chars().map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The codec tuple for a name; LookupError if there is none.
pub fn lookup(cx: &mut Thread, name: &str) -> R<Gc<Tuple>> {
    let cache = dict_of(cx, CACHE)?;
    let key = cx.new_str(&normalize(name))?.value();
    if let Some(t) = cx.dict_get(cache, key)?.and_then(|v| v.cast::<Tuple>()) {
        return Ok(t);
    }
    if search_list(cx)?.is_empty() {
        cx.import("encodings")?;
    }
    let list = search_list(cx)?;
    let mut i = 0;
    while let Some(f) = list.get(i) {
        i += 1;
        let r = cx.call(f, &[key])?;
        if r.is_none() {
            continue;
        }
        return match r.cast::<Tuple>() {
            Some(t) if t.len == 4 => {
                cx.dict_set(cache, key, r)?;
                Ok(t)
            }
            _ => Err(cx.type_error("codec search functions must return 4-tuples")),
        };
    }
    Err(cx.error(Exc::LookupError, format!("unknown encoding: {name}")))
}

/// The codec for a text encoding (not one like `hex`, from bytes to bytes).
pub fn text_codec(cx: &mut Thread, name: &str, what: &str) -> R<Gc<Tuple>> {
    let t = lookup(cx, name)?;
    if t.shape() != ferropy_vm::Builtin::Tuple as u32 {
        let attr = cx.intern("_is_text_encoding")?;
        if let Some(v) = cx.getattr_opt(t.value(), attr)?
            && !cx.truth(v)?
        {
            let text = format!("'{name}' is not a text encoding; use codecs.{what}() to handle arbitrary codecs");
            return Err(cx.error(Exc::LookupError, text));
        }
    }
    Ok(t)
}

/// `codecs.register_error`.
pub fn register_error(cx: &mut Thread, name: Value, f: Value) -> R<()> {
    if cx.lookup_special(f, ferropy_vm::N::__call__).is_none() && !is_callable(cx, f) {
        return Err(cx.type_error("handler must be callable"));
    }
    let d = dict_of(cx, ERRORS)?;
    cx.dict_set(d, name, f)
}

/// `codecs._unregister_error`.
pub fn unregister_error(cx: &mut Thread, name: Value) -> R<bool> {
    let d = dict_of(cx, ERRORS)?;
    Ok(cx.dict_remove(d, name)?.is_some())
}

/// The handler registered under a name, None if there is none.
pub fn lookup_error(cx: &mut Thread, name: &str) -> R<Option<Value>> {
    let d = dict_of(cx, ERRORS)?;
    let key = cx.new_str(name)?.value();
    cx.dict_get(d, key)
}
