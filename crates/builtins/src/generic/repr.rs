//! How types are written inside of `[...]` and between `|`.

use super::{attribute, is_class};
use ferropy_vm::types::{List, Str, Tuple};
use ferropy_vm::{N, R, Thread, Value};

/// Appends a type: its qualified name, or its repr if it is no plain class.
pub fn push_type(cx: &mut Thread, out: &mut Vec<u8>, v: Value) -> R<()> {
    if v == Value::ELLIPSIS {
        out.extend(b"...");
        return Ok(());
    }
    if v == cx.builtin(ferropy_vm::Builtin::NoneType).value() {
        out.extend(b"None");
        return Ok(());
    }
    let is_alias = attribute(cx, v, N::__origin__)?.is_some() && super::attribute_str(cx, v, "__args__")?.is_some();
    if !is_alias && let Some(q) = attribute(cx, v, N::__qualname__)? {
        let module = attribute(cx, v, N::__module__)?.filter(|m| !m.is_none());
        if let Some(m) = module {
            let q = cx.str(q)?;
            let m = cx.str(m)?;
            if m.bytes() != b"builtins" {
                out.extend(m.bytes());
                out.push(b'.');
            }
            out.extend(q.bytes());
            return Ok(());
        }
    }
    let s = cx.repr(v)?;
    out.extend(s.bytes());
    Ok(())
}

/// An argument of a generic alias: lists of types (of ParamSpecs) are written with brackets.
pub fn push_argument(cx: &mut Thread, out: &mut Vec<u8>, v: Value) -> R<()> {
    let Some(l) = v.cast::<List>().filter(|_| !is_class(v)) else {
        // Unlike in a union, `NoneType` stays what it is called.
        if v == cx.builtin(ferropy_vm::Builtin::NoneType).value() {
            out.extend(b"NoneType");
            return Ok(());
        }
        return push_type(cx, out, v);
    };
    out.push(b'[');
    for i in 0..l.len() {
        if i > 0 {
            out.extend(b", ");
        }
        let Some(x) = l.get(i) else { break };
        push_argument(cx, out, x)?;
    }
    out.push(b']');
    Ok(())
}

/// `origin[args]`.
pub fn alias(cx: &mut Thread, origin: Value, args: ferropy_vm::Gc<Tuple>, starred: bool) -> R {
    cx.check_recursion(" while getting the repr of an object")?;
    let mut out = Vec::new();
    if starred {
        out.push(b'*');
    }
    push_argument(cx, &mut out, origin)?;
    out.push(b'[');
    for i in 0..args.len {
        if i > 0 {
            out.extend(b", ");
        }
        push_argument(cx, &mut out, args.at(i))?;
    }
    if args.len == 0 {
        out.extend(b"()");
    }
    out.push(b']');
    Ok(cx.new_wtf8(&out)?.value())
}

/// The text of an attribute name.
pub fn name_text(v: Value) -> String {
    v.cast::<Str>().map_or_else(String::new, |s| s.to_lossy())
}
