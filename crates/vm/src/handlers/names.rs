//! Globals, names, cells.

use super::*;
use crate::class::Builtin as B;
use crate::types::{CellObject, Dict, Str, Tuple};
use crate::{Exc, Gc};

fn load_global(cx: &mut Thread, _: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let f = func(cx);
    global_value(cx, f, n, ext, true)
}
slow!(LOAD_GLOBAL, load_global);

/// Looks a global up and fills the cache: shape field = version of globals, epoch = version of builtins (0: found in
/// globals), what = place of the value in the table.
fn global_value(cx: &mut Thread, f: Gc<crate::types::Function>, n: Value, ext: u32, fill: bool) -> R {
    let (globals, builtins) = (f.globals.cast::<Dict>(), f.builtins.get());
    if let Some(g) = globals {
        if g.shape() != B::Dict as u32 {
            // A subclass of dict may define `__getitem__` or `__missing__` (annotationlib's fake globals do).
            let r = cx.getitem(g.value(), n);
            if let Some(v) = cx.catch(Exc::KeyError, r)? {
                return Ok(v);
            }
        }
        if let Some(v) = cx.dict_get_str(g, n) {
            if fill
                && g.shape() == B::Dict as u32
                && let Some(at) = cx.dict_index_str(g, n).and_then(|i| g.value_offset(i))
            {
                let version = cx.dict_version(g);
                let (_, c) = cache(cx, ext);
                c.shape.set(version);
                c.epoch.set(0);
                c.what.set(at);
            }
            return Ok(v);
        }
        if let Some(b) = builtins.cast::<Dict>().filter(|_| builtins.shape() == B::Dict as u32) {
            if let Some(v) = cx.dict_get_str(b, n) {
                if fill
                    && g.shape() == B::Dict as u32
                    && let Some(at) = cx.dict_index_str(b, n).and_then(|i| b.value_offset(i))
                {
                    let (gv, bv) = (cx.dict_version(g), cx.dict_version(b));
                    let (_, c) = cache(cx, ext);
                    c.shape.set(gv);
                    c.epoch.set(bv);
                    c.what.set(at);
                }
                return Ok(v);
            }
        } else if !builtins.is_null() {
            let r = cx.getitem(builtins, n);
            if let Some(v) = cx.catch(Exc::KeyError, r)? {
                return Ok(v);
            }
        }
        // Before giving up: a key of another class may be equal to the name.
        for d in [globals, builtins.cast::<Dict>()].into_iter().flatten() {
            if let Some(v) = cx.dict_get(d, n)? {
                return Ok(v);
            }
        }
    }
    Err(name_error(cx, n))
}

#[cold]
fn name_error(cx: &mut Thread, n: Value) -> crate::Raised {
    let text = n.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
    let r = cx.error(Exc::NameError, format!("name '{text}' is not defined"));
    cx.set_exc_fields(&[n]);
    r
}

#[inline(always)]
pub fn LoadGlobal<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    if let Some(v) = m.global_hit(ext) {
        m.set_reg(i.a(), v);
        return Flow::Next;
    }
    let none = m.constant(Value::NULL);
    m.residual(&LOAD_GLOBAL, [none, none, none], i, ext, i.a())
}

fn load_name(cx: &mut Thread, _: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let (locals, f) = (cx.top().aux, func(cx));
    if locals == f.globals.get() {
        return global_value(cx, f, n, ext, true);
    }
    if let Some(v) = mapping_get(cx, locals, n)? {
        return Ok(v);
    }
    global_value(cx, f, n, ext, false)
}
slow!(LOAD_NAME, load_name);

pub(super) fn mapping_get(cx: &mut Thread, mapping: Value, n: Value) -> R<Option<Value>> {
    if mapping.shape() == B::Dict as u32 {
        // SAFETY: the shape tells the exact class.
        return Ok(cx.dict_get_str(unsafe { mapping.cast_unchecked() }, n));
    }
    if mapping.is_null() || mapping.is_none() {
        return Ok(None);
    }
    let r = cx.getitem(mapping, n);
    cx.catch(Exc::KeyError, r)
}

#[inline(always)]
pub fn LoadName<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    // Filled only where the locals are the globals, which is so for a code object's module for good, or re-checked.
    let none = m.constant(Value::NULL);
    m.residual(&LOAD_NAME, [none, none, none], i, ext, i.a())
}

fn store_global(cx: &mut Thread, [v, _, _]: [Value; 3], _i: Instr, ext: u32) -> R {
    let (n, f) = (name(cx, ext), func(cx));
    if let Some(g) = f.globals.cast::<Dict>() {
        cx.dict_set_str(g, n, v)?;
    }
    Ok(Value::NONE)
}
slow!(STORE_GLOBAL, store_global);

#[inline(always)]
pub fn StoreGlobal<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let (v, none) = (m.reg(i.a()), m.constant(Value::NULL));
    m.effect(&STORE_GLOBAL, [v, none, none], i, ext)
}

fn store_name(cx: &mut Thread, [v, _, _]: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let locals = cx.top().aux;
    if locals.shape() == B::Dict as u32 {
        // SAFETY: the shape tells the exact class.
        cx.dict_set_str(unsafe { locals.cast_unchecked() }, n, v)?;
    } else {
        cx.setitem(locals, n, v)?;
    }
    Ok(Value::NONE)
}
slow!(STORE_NAME, store_name);

#[inline(always)]
pub fn StoreName<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let (v, none) = (m.reg(i.a()), m.constant(Value::NULL));
    m.effect(&STORE_NAME, [v, none, none], i, ext)
}

fn del_global(cx: &mut Thread, _: [Value; 3], _i: Instr, ext: u32) -> R {
    let (n, f) = (name(cx, ext), func(cx));
    let gone = match f.globals.cast::<Dict>() {
        Some(g) => cx.dict_remove(g, n)?,
        None => None,
    };
    gone.ok_or_else(|| name_error(cx, n))
}

fn del_name(cx: &mut Thread, _: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let locals = cx.top().aux;
    if let Some(d) = locals.cast::<Dict>()
        && locals.shape() == B::Dict as u32
    {
        return cx.dict_remove(d, n)?.ok_or_else(|| name_error(cx, n));
    }
    let r = cx.delitem(locals, n);
    match cx.catch(Exc::KeyError, r)? {
        Some(()) => Ok(Value::NONE),
        None => Err(name_error(cx, n)),
    }
}

fn load_from_dict_or_globals(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let (n, mapping) = (name(cx, ext), reg(cx, i.a()));
    let v = match mapping_get(cx, mapping, n)? {
        Some(v) => v,
        None => {
            let f = func(cx);
            global_value(cx, f, n, ext, false)?
        }
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn load_from_dict_or_free(cx: &mut Thread, args: [Value; 3], i: Instr, ext: u32) -> R {
    let (n, mapping) = (name(cx, ext), reg(cx, i.a()));
    let v = match mapping_get(cx, mapping, n)? {
        Some(v) => v,
        None => load_free_slow(cx, args, i, ext)?,
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn load_from_dict_or_cell(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let (n, mapping, cell) = (name(cx, ext), reg(cx, i.a()), reg(cx, i.b()));
    let v = match mapping_get(cx, mapping, n)? {
        Some(v) => v,
        None => match cell.cast::<CellObject>().and_then(|c| c.content.get().bound()) {
            Some(v) => v,
            None => return Err(unbound(cx, n, false)),
        },
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn load_locals(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let v = if cx.top().flags & crate::frame::flags::LOCALS != 0 { cx.top().aux } else { Value::NONE };
    set(cx, i.a(), v);
    Ok(v)
}

fn load_build_class(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let (f, key) = (func(cx), cx.name(crate::N::__build_class__));
    let found = match f.builtins.cast::<Dict>() {
        Some(b) => cx.dict_get_str(b, key),
        None => None,
    };
    match found {
        Some(v) => {
            set(cx, i.a(), v);
            Ok(v)
        }
        None => Err(cx.error(Exc::NameError, "__build_class__ not found")),
    }
}

fn load_common(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let builtin = |cx: &mut Thread, n: &str| -> R {
        let key = cx.intern(n)?;
        // SAFETY: always a dict.
        let b = unsafe { cx.vm().builtins.cast_unchecked::<Dict>() };
        match cx.dict_get_str(b, key) {
            Some(v) => Ok(v),
            None => Err(cx.error(Exc::NameError, format!("name '{n}' is not defined"))),
        }
    };
    let v = match i.b() {
        0 => cx.exc_class(Exc::AssertionError).value(),
        1 => cx.exc_class(Exc::NotImplementedError).value(),
        2 => cx.builtin(B::Tuple).value(),
        3 => builtin(cx, "all")?,
        4 => builtin(cx, "any")?,
        5 => cx.builtin(B::List).value(),
        6 => cx.builtin(B::Set).value(),
        _ => cx.new_dict()?.value(),
    };
    set(cx, i.a(), v);
    Ok(v)
}

fn make_cell(cx: &mut Thread, _: [Value; 3], i: Instr, _: u32) -> R {
    let content = reg(cx, i.a());
    let c = cx.new_cell(content)?.value();
    set(cx, i.a(), c);
    Ok(c)
}

fn del_cell(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let cell = reg(cx, i.a());
    empty_cell(cx, cell, n, false)
}

fn del_free(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let cell = free_cell(cx, i.a());
    empty_cell(cx, cell, n, true)
}

fn empty_cell(cx: &mut Thread, cell: Value, n: Value, free: bool) -> R {
    match cell.cast::<CellObject>() {
        Some(c) if !c.content.get().is_null() => {
            c.content.set(cx, c, Value::NULL);
            Ok(Value::NONE)
        }
        _ => Err(unbound(cx, n, free)),
    }
}

fn free_cell(cx: &mut Thread, n: usize) -> Value {
    func(cx).closure.cast::<Tuple>().map_or(Value::NULL, |t| t.items().get(n).copied().unwrap_or(Value::NULL))
}

frame_ops! {
    DelGlobal = del_global, true;
    DelName = del_name, true;
    LoadFromDictOrGlobals = load_from_dict_or_globals, true;
    LoadFromDictOrFree = load_from_dict_or_free, true;
    LoadFromDictOrCell = load_from_dict_or_cell, true;
    LoadLocals = load_locals, false;
    LoadBuildClass = load_build_class, false;
    LoadCommon = load_common, false;
    MakeCell = make_cell, false;
    DelCell = del_cell, true;
    DelFree = del_free, true;
}

#[cold]
fn unbound(cx: &mut Thread, n: Value, free: bool) -> crate::Raised {
    let text = n.cast::<Str>().map_or_else(String::new, |s| s.to_lossy());
    // The cells of a class body are not its local variables.
    let r = if free || code(cx).flags & ferropy_bytecode::flags::OPTIMIZED == 0 {
        cx.error(
            Exc::NameError,
            format!("cannot access free variable '{text}' where it is not associated with a value in enclosing scope"),
        )
    } else {
        cx.error(
            Exc::UnboundLocalError,
            format!("cannot access local variable '{text}' where it is not associated with a value"),
        )
    };
    cx.set_exc_fields(&[n]);
    r
}

fn unbound_local(cx: &mut Thread, _: [Value; 3], _i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    Err(unbound(cx, n, false))
}
slow!(UNBOUND_LOCAL, unbound_local);

fn load_free_slow(cx: &mut Thread, _: [Value; 3], i: Instr, ext: u32) -> R {
    let n = name(cx, ext);
    let cell = free_cell(cx, i.b());
    match cell.cast::<CellObject>().and_then(|c| c.content.get().bound()) {
        Some(v) => Ok(v),
        None => Err(unbound(cx, n, true)),
    }
}
slow!(UNBOUND_FREE, load_free_slow);

#[inline(always)]
pub fn CheckLocal<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let v = m.reg(i.a());
    if m.is_unbound(v) {
        return m.raise(&UNBOUND_LOCAL, i, i.bx() as u32);
    }
    Flow::Next
}

#[inline(always)]
pub fn LoadCell<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let cell = m.reg(i.b());
    let v = m.cell_content(cell);
    if m.is_unbound(v) {
        return m.raise(&UNBOUND_LOCAL, i, ext);
    }
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn StoreCell<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let (cell, v) = (m.reg(i.a()), m.reg(i.b()));
    m.set_cell_content(cell, v);
    Flow::Next
}

#[inline(always)]
pub fn LoadFree<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let ext = m.ext();
    let cell = m.closure_cell(i.b());
    let v = m.cell_content(cell);
    if m.is_unbound(v) {
        return m.raise(&UNBOUND_FREE, i, ext);
    }
    m.set_reg(i.a(), v);
    Flow::Next
}

#[inline(always)]
pub fn StoreFree<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let cell = m.closure_cell(i.a());
    let v = m.reg(i.b());
    m.set_cell_content(cell, v);
    Flow::Next
}

#[inline(always)]
pub fn LoadClosure<M: Machine>(m: &mut M, i: Instr) -> Flow {
    let cell = m.closure_cell(i.b());
    m.set_reg(i.a(), cell);
    Flow::Next
}
