//! Namespaces of the calling frame: `globals`, `locals`, `vars`, `dir`.
//!
//! Native functions have no frame: the running frame is the caller's.

use ferropy_bytecode::code::VarKind;
use ferropy_vm::frame::{Frame, flags};
use ferropy_vm::types::{CellObject, CodeObject, Dict, Function, Tuple};
use ferropy_vm::{Args, Gc, N, NativeDef, R, Thread, Value};

pub static FUNCTIONS: &[NativeDef] = &[
    NativeDef::function(
        "globals()",
        globals,
        "Return the dictionary containing the current scope's global variables.\n\nNOTE: Updates to this dictionary \
         *will* affect name lookups in the current\nglobal scope and vice-versa.",
    ),
    NativeDef::function(
        "locals()",
        locals,
        "Return a dictionary containing the current scope's local variables.\n\nNOTE: Whether or not updates to this \
         dictionary will affect name lookups in\nthe local scope and vice-versa is *implementation dependent* and not\n\
         covered by any backwards compatibility guarantees.",
    ),
    NativeDef::function(
        "vars(object=<unrepresentable>, /)",
        vars,
        "vars([object]) -> dictionary\n\nWithout arguments, equivalent to locals().\nWith an argument, equivalent to \
         object.__dict__.",
    ),
    NativeDef::function(
        "dir(object=<unrepresentable>, /)",
        dir,
        "dir([object]) -> list of strings\n\nIf called without an argument, return the names in the current scope.\n\
         Else, return an alphabetized list of names comprising (some of) the attributes\nof the given object, and of \
         attributes reachable from it.",
    ),
];

/// Globals of the calling frame.
pub fn caller_globals(cx: &mut Thread) -> Option<Gc<Dict>> {
    let frame = cx.current_frame()?;
    // SAFETY: the running frame's record.
    let func = unsafe { (*frame).func };
    func.cast::<Function>()?.globals.cast::<Dict>()
}

/// What `locals()` says of a live frame: the mapping of a module or class, or a fresh dict of a function's variables.
pub fn frame_locals(cx: &mut Thread, frame: *mut Frame) -> R {
    // SAFETY: a live record.
    let (code, func, bits, aux) = unsafe { ((*frame).code, (*frame).func, (*frame).flags, (*frame).aux) };
    if bits & flags::LOCALS != 0 {
        return Ok(aux);
    }
    let d = cx.new_dict()?;
    let (Some(code), Some(func)) = (code.cast::<CodeObject>(), func.cast::<Function>()) else { return Ok(d.value()) };
    for var in &code.rust().vars {
        // SAFETY: verified code names existing registers.
        let reg = |i: u32| unsafe { *(*frame).regs.add(i as usize) };
        let cell = |v: Value| v.cast::<CellObject>().map_or(v, |c| c.content.get());
        let v = match var.kind {
            VarKind::Local => reg(var.index),
            VarKind::Cell => cell(reg(var.index)),
            VarKind::Free => {
                let t = func.closure.cast::<Tuple>();
                cell(t.and_then(|t| t.items().get(var.index as usize).copied()).unwrap_or(Value::NULL))
            }
            VarKind::Hidden => continue,
        };
        if v.is_null() || var.name.starts_with('.') {
            continue;
        }
        let key = cx.intern(&var.name)?;
        cx.dict_set_str(d, key, v)?;
    }
    Ok(d.value())
}

/// `locals()` of the calling frame.
pub fn caller_locals(cx: &mut Thread) -> R {
    match cx.current_frame() {
        Some(f) => frame_locals(cx, f),
        None => Ok(cx.new_dict()?.value()),
    }
}

fn globals(cx: &mut Thread, _: Args<'_>) -> R {
    match caller_globals(cx) {
        Some(d) => Ok(d.value()),
        None => Ok(cx.new_dict()?.value()),
    }
}

fn locals(cx: &mut Thread, _: Args<'_>) -> R {
    caller_locals(cx)
}

fn vars(cx: &mut Thread, a: Args<'_>) -> R {
    let Some(v) = a.opt(0) else { return caller_locals(cx) };
    let name = cx.name(N::__dict__);
    match cx.getattr_opt(v, name)? {
        Some(d) => Ok(d),
        None => Err(cx.type_error("vars() argument must have __dict__ attribute")),
    }
}

fn dir(cx: &mut Thread, a: Args<'_>) -> R {
    let names = match a.opt(0) {
        None => {
            let locals = caller_locals(cx)?;
            cx.call_method(locals, "keys", &[])?
        }
        Some(v) => match cx.call_special(v, N::__dir__, &[])? {
            Some(names) => names,
            None => return Err(cx.type_error("object does not provide __dir__")),
        },
    };
    let list = cx.list_from(names)?.value();
    cx.call_method(list, "sort", &[])?;
    Ok(list)
}
